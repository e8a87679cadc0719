use super::*;

fn uri(text: &str) -> Uri {
    Uri::absolute(text).unwrap_or_else(|thrown| panic!("{text}: {thrown}"))
}

#[test]
fn parts_are_those_of_net() {
    let full = uri("https://user:p@EXAMPLE.com:8443/a/b%2Fc d?x=1&y= 2#frag");
    assert_eq!(full.host().unwrap(), "example.com");
    assert_eq!((full.port().unwrap(), full.is_default_port().unwrap()), (8443, false));
    assert_eq!(full.user_info().unwrap(), "user:p");
    assert_eq!(full.authority().unwrap(), "example.com:8443");
    assert_eq!(full.absolute_path().unwrap(), "/a/b%2Fc%20d");
    assert_eq!(full.path_and_query().unwrap(), "/a/b%2Fc%20d?x=1&y=%202");
    assert_eq!(full.fragment().unwrap(), "#frag");
    assert_eq!(full.segments().unwrap(), ["/", "a/", "b%2Fc%20d"]);
    assert_eq!(full.to_string(), "https://user:p@example.com:8443/a/b%2Fc d?x=1&y= 2#frag");
    assert_eq!(full.absolute_uri().unwrap(), "https://user:p@example.com:8443/a/b%2Fc%20d?x=1&y=%202#frag");
    assert_eq!(full.left_part(UriPartial::Scheme).unwrap(), "https://");
    assert_eq!(full.left_part(UriPartial::Authority).unwrap(), "https://user:p@example.com:8443");
    assert_eq!(full.left_part(UriPartial::Query).unwrap(), "https://user:p@example.com:8443/a/b%2Fc%20d?x=1&y=%202");
}

#[test]
fn addresses_are_made_canonical() {
    for (input, output) in [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://example.com:443/x", "https://example.com/x"),
        ("http://example.com:/x", "http://example.com/x"),
        ("http://a/b/../c/./d/..", "http://a/c/"),
        ("http:\\\\a\\b?x\\y", "http://a/b?x%5Cy"),
        ("  http://a/b  ", "http://a/b"),
        ("http://[2001:DB8:0::1]:80/x", "http://[2001:db8::1]/x"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("https://example.com/é?ü=%41", "https://example.com/%C3%A9?%C3%BC=A"),
        ("https://example.com/%41%2f%zz", "https://example.com/A%2f%25zz"),
        ("http://a/<>\"{}|^`", "http://a/%3C%3E%22%7B%7D%7C%5E%60"),
        ("urn:isbn:123", "urn:isbn:123"),
        ("mailto:Bob@Example.com", "mailto:Bob@example.com"),
        ("custom://Host/p", "custom://host/p"),
        ("file:///c:/a b", "file:///c:/a%20b"),
        ("c:\\a\\b", "file:///c:/a/b"),
        ("\\\\server\\share", "file://server/share"),
    ] {
        assert_eq!(uri(input).absolute_uri().unwrap(), output, "{input}");
    }
}

#[test]
fn bad_addresses_throw_with_the_words_of_net() {
    for (input, message) in [
        ("not absolute", "Invalid URI: The format of the URI could not be determined."),
        ("/rel", "Invalid URI: The format of the URI could not be determined."),
        ("", "Invalid URI: The URI is empty."),
        ("1http://x", "Invalid URI: The URI scheme is not valid."),
        ("http://", "Invalid URI: The hostname could not be parsed."),
        ("http://a b/", "Invalid URI: The hostname could not be parsed."),
        ("http://a:99999/", "Invalid URI: Invalid port specified."),
        ("http://a:x/", "Invalid URI: Invalid port specified."),
        ("http://[::1/", "Invalid URI: The hostname could not be parsed."),
    ] {
        let thrown = Uri::absolute(input).unwrap_err();
        assert_eq!((thrown.kind, thrown.message.as_str()), (ExceptionKind::UriFormat, message), "{input}");
    }
    assert!(Uri::new("http://a/", UriKind::Relative).is_err());
    assert!(Uri::new("http://a b/", UriKind::RelativeOrAbsolute).is_err());
    let relative = Uri::new("/rel?x", UriKind::RelativeOrAbsolute).unwrap();
    assert!(!relative.is_absolute());
    assert_eq!(relative.to_string(), "/rel?x");
    assert_eq!(relative.host().unwrap_err().message, "This operation is not supported for a relative URI.");
    assert!(Uri::absolute(&format!("http://a/{}", "x".repeat(70_000))).is_err());
}

#[test]
fn relative_addresses_are_resolved() {
    let base = uri("https://example.com/a/b?q#f");
    for (relative, output) in [
        ("c", "https://example.com/a/c"),
        ("/root", "https://example.com/root"),
        ("../c?x=1", "https://example.com/c?x=1"),
        ("../../../c", "https://example.com/c"),
        ("./c/../d", "https://example.com/a/d"),
        ("?x", "https://example.com/a/b?x"),
        ("#y", "https://example.com/a/b?q#y"),
        ("//other/p", "https://other/p"),
        ("http://x/y", "http://x/y"),
        ("", "https://example.com/a/b?q"),
    ] {
        assert_eq!(Uri::combine(&base, relative).unwrap().to_string(), output, "{relative}");
    }
    assert_eq!(uri("http://a/b/c").make_relative(&uri("http://a/b/d?x")).unwrap().to_string(), "d?x");
    assert_eq!(uri("http://a/b/c").make_relative(&uri("http://a/d")).unwrap().to_string(), "../d");
    assert_eq!(uri("http://a/b/").make_relative(&uri("http://z/d")).unwrap().to_string(), "http://z/d");
    assert!(uri("http://a/b/").is_base_of(&uri("http://a/b/c")).unwrap());
    assert!(!uri("http://a/b/").is_base_of(&uri("http://a/c")).unwrap());
}

#[test]
fn equality_leaves_out_fragment_and_user() {
    assert_eq!(uri("http://EXAMPLE.com/a#x"), uri("http://u@example.com:80/a"));
    assert_ne!(uri("http://a/A"), uri("http://a/a"));
    assert_eq!(uri("http://a/%41"), uri("http://a/A"));
}

#[test]
fn components_are_picked() {
    use super::components::{HOST, PATH, PORT, QUERY, SCHEME};
    let full = uri("https://a:8443/p%20q?x=1#f");
    assert_eq!(full.components(SCHEME | HOST | PORT, UriFormat::UriEscaped).unwrap(), "https://a:8443");
    assert_eq!(full.components(PATH, UriFormat::Unescaped).unwrap(), "p q");
    assert_eq!(full.components(PATH | QUERY, UriFormat::UriEscaped).unwrap(), "/p%20q?x=1");
    assert_eq!(full.components(QUERY, UriFormat::UriEscaped).unwrap(), "x=1");
}

#[test]
fn a_builder_keeps_the_port_in_its_text() {
    let mut builder = UriBuilder::from_text("https://example.com/a").unwrap();
    assert_eq!(builder.text().unwrap(), "https://example.com:443/a");
    builder.set_query("x=1");
    builder.set_port(8443).unwrap();
    assert_eq!(builder.uri().unwrap().to_string(), "https://example.com:8443/a?x=1");
    builder.set_port(-1).unwrap();
    builder.set_fragment("f");
    builder.set_path("p q");
    assert_eq!(builder.text().unwrap(), "https://example.com/p%20q?x=1#f");
    assert_eq!(UriBuilder::default().uri().unwrap().to_string(), "http://localhost/");
    assert_eq!(UriBuilder::from_text("host.com/x").unwrap().host(), "host.com");
    assert!(builder.set_port(70_000).is_err());
}

#[test]
fn names_beyond_ascii_have_punycode() {
    assert_eq!(uri("http://bücher.example/").idn_host().unwrap(), "xn--bcher-kva.example");
    assert_eq!(uri("http://例え.jp/").idn_host().unwrap(), "xn--r8jz45g.jp");
    assert_eq!(uri("http://bücher.example/").host().unwrap(), "bücher.example");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn a_canonical_address_stays_as_it_is(
            // A percent sign that begins no escape is itself escaped; with what follows it that may read anew, in .NET too.
            text in "(https?|ws|ftp|urn|file|x):(//)?(%[0-9A-F]{2}|[a-z0-9.@:\\[\\]é-]){0,12}(%[0-9A-F]{2}|[/\\\\?#A-F0-9. éa&=+-]){0,20}"
        ) {
            if let Ok(uri) = Uri::absolute(&text) {
                let canonical = uri.absolute_uri().unwrap();
                let again = Uri::absolute(&canonical).unwrap();
                prop_assert_eq!(again.absolute_uri().unwrap(), canonical);
                let _ = (uri.to_string(), uri.segments(), uri.local_path(), uri.idn_host(), uri.is_well_formed());
                let _ = UriBuilder::from_uri(&uri).unwrap().text();
            }
        }

        #[test]
        fn nothing_panics(one in "\\PC{0,30}", other in "[a-z:/?#%.\\\\é]{0,20}") {
            let one = Uri::new(&one, UriKind::RelativeOrAbsolute);
            let other = Uri::new(&other, UriKind::RelativeOrAbsolute);
            if let (Ok(one), Ok(other)) = (one, other) {
                let _ = (one.resolve(&other), one.make_relative(&other), one.is_base_of(&other), one == other);
            }
        }

        #[test]
        fn escaping_data_is_undone(text in "\\PC{0,30}") {
            prop_assert_eq!(unescape_data_string(&escape_data_string(&text)), text.clone());
            prop_assert_eq!(crate::web::url_decode(&crate::web::url_encode(&text)), text.clone());
            prop_assert_eq!(crate::web::html_decode(&crate::web::html_encode(&text)), text);
        }
    }
}
