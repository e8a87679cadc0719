//! What the reader makes of the oddities of real documents.

use apimite_diag::Source;

use crate::{Document, Form, Language, Limits, Node, read, read_bytes, write};

fn snippet(text: &str) -> Document {
    let document = read(Source::new("p.xml", text), Limits::CLASSIC.snippet());
    assert_eq!(write(&document), text);
    document
}

fn clean(text: &str) -> Document {
    let document = snippet(text);
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    document
}

/// The code of attribute `v` of the root.
fn code(text: &str) -> String {
    let document = clean(text);
    let value = document.root().unwrap().attr("v").unwrap().clone();
    value.expression().unwrap_or_else(|| panic!("{value:?}")).code.to_owned()
}

fn mistakes(text: &str) -> Vec<String> {
    snippet(text).diagnostics.iter().map(|d| d.code.to_string()).collect()
}

#[test]
fn raw_quotes_less_than_and_ampersands_stand_in_an_attribute_expression() {
    assert_eq!(code(r#"<a v="@(x["k"] < 1 && y.As<T>("\"") > 2)" b="c"/>"#), r#"x["k"] < 1 && y.As<T>("\"") > 2"#);
    assert_eq!(code("<a v='@(f('\"', \"'\"))'/>"), "f('\"', \"'\")");
    assert_eq!(code("<a v=\" @( x ) \"/>"), " x ");
    assert_eq!(code("<a v=\"@{ // don't \"stop\n return 1; }\"/>"), " // don't \"stop\n return 1; ");
    assert_eq!(code("<a v=\"@{ /* \" */ return \"</a>\"; }\"/>"), " /* \" */ return \"</a>\"; ");
}

#[test]
fn escaped_expressions_are_unescaped() {
    assert_eq!(code(r#"<a v="@(x[&quot;k)&quot;] &lt; 1 &amp;&amp; y)"/>"#), r#"x["k)"] < 1 && y"#);
    assert_eq!(code(r#"<a v="@(x["k"] &lt; 1 &amp;&amp; y && z)"/>"#), r#"x["k"] < 1 && y && z"#);
    assert_eq!(code("<a v=\"@(f(&#34;&#x41;&#34;))\"/>"), "f(\"A\")");
}

#[test]
fn entities_in_a_raw_string_stay_when_resolving_them_breaks_it() {
    assert_eq!(code(r#"<a v="@("<p t=&quot;x&quot;>")"/>"#), r#""<p t=&quot;x&quot;>""#);
    assert_eq!(code(r#"<a v="@("B " + f(&quot;x&quot;))"/>"#), r#""B " + f("x")"#);
}

#[test]
fn text_may_be_an_expression() {
    let document = clean("<a>\r\n  @{ if (a < b) { return \"<x>\"; }\r\n return null; }\r\n</a>");
    let text = document.root().unwrap().text();
    let island = text.expression().unwrap();
    assert_eq!((island.language, island.form), (Language::CSharp, Form::Block));
    assert_eq!(island.code, " if (a < b) { return \"<x>\"; }\n return null; ");
    let start = island.code_offset + island.code.find("return null").unwrap();
    let span = text.source_span(start..start + 6);
    assert_eq!(document.source.slice(span), "return");
    assert_eq!(document.source.position(span.start).line, 3);
}

#[test]
fn rhai_islands_are_found() {
    let document = clean("<a v=\"@rhai(`\"${x}\"` < 1)\">@rhai{ let a = #{b: 1}; a.b }</a>");
    let root = document.root().unwrap();
    assert_eq!(root.attr("v").unwrap().expression().unwrap().language, Language::Rhai);
    assert_eq!(root.text().expression().unwrap().code, " let a = #{b: 1}; a.b ");
}

#[test]
fn an_expression_inside_a_longer_literal_is_literal_and_its_quotes_do_not_end_it() {
    let document = clean(r#"<a v="message: @(x["k"])" w="a@b.c"/>"#);
    let value = document.root().unwrap().attr("v").unwrap().clone();
    assert_eq!(value.value(), r#"message: @(x["k"])"#);
    assert!(value.expression().is_none());
}

#[test]
fn literal_values_are_normalised_as_xml_says() {
    let document = clean("<a v=\"x\r\n\ty &#10; &amp; &#x41;\" w='\"'>1\r\n2 &lt; 3</a>");
    let root = document.root().unwrap();
    assert_eq!(root.attr("v").unwrap().value(), "x  y \n & A");
    assert_eq!(root.attr("w").unwrap().value(), "\"");
    assert_eq!(root.text().value(), "1\n2 < 3");
}

#[test]
fn everything_that_may_surround_an_element_is_kept() {
    let document =
        clean("\u{feff}<?xml version=\"1.0\"?>\n<!-- a -->\n<a><![CDATA[<x>]]]]><![CDATA[>]]></a>\n<b x:y='1'/>");
    assert_eq!(document.elements().count(), 2);
    assert_eq!(document.root().unwrap().text().value(), "<x>]]>");
    assert!(matches!(document.nodes.first(), Some(Node::Instruction(i)) if &*i.target == "xml"));
    let second = document.elements().nth(1).unwrap();
    assert!(second.self_closing && second.attr("x:y").is_some());
}

#[test]
fn namespaced_payloads_are_elements() {
    let document =
        clean("<set-body><soap:Envelope xmlns:soap=\"u\"><soap:Body>{{x}}</soap:Body></soap:Envelope></set-body>");
    let envelope = document.root().unwrap().elements().next().unwrap();
    assert_eq!((envelope.prefix(), envelope.local_name()), (Some("soap"), "Envelope"));
}

#[test]
fn a_document_has_one_root_and_a_snippet_may_have_more() {
    let codes = |text: &str| -> Vec<String> {
        read(Source::new("p", text), Limits::CLASSIC).diagnostics.iter().map(|d| d.code.to_string()).collect()
    };
    assert_eq!(codes("<a/><b/>"), ["document::roots"]);
    assert_eq!(codes("x<a/>"), ["document::outside"]);
    assert_eq!(codes(""), ["document::empty"]);
    assert_eq!(codes(" <a/> "), [""; 0]);
    assert_eq!(mistakes("<a/> text <b/>"), [""; 0]);
}

#[test]
fn mistakes_are_reported_and_reading_goes_on() {
    assert_eq!(mistakes("<a><b></a>"), ["document::end_tag"]);
    assert_eq!(mistakes("<a></b></a>"), ["document::end_tag"]);
    assert_eq!(mistakes("<a><b>"), ["document::unclosed"]);
    assert_eq!(mistakes("<a x=\"1"), ["document::unclosed", "document::unclosed", "document::unclosed"]);
    assert_eq!(mistakes("<a x=\"1\" x=\"2\"/>"), ["document::duplicate_attribute"]);
    assert_eq!(mistakes("<a x=1/>"), ["document::attribute"]);
    assert_eq!(mistakes("<a x/>"), ["document::attribute"]);
    assert_eq!(mistakes("<a x=\"https://<id>\"/>"), ["document::attribute"]);
    assert_eq!(mistakes("<a>1 < 2</a>"), ["document::stray_less_than"]);
    assert_eq!(mistakes("<a>&nbsp;</a>"), ["document::entity"]);
    assert_eq!(mistakes("<a x=\"/p?a=1&b=2\"/>"), ["document::ampersand"]);
    assert_eq!(mistakes("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>"), ["document::doctype"]);
    assert_eq!(mistakes("<a><!-- x -- y --></a>"), ["document::comment"]);
    assert_eq!(mistakes("<a ,b=\"c\"/>"), ["document::name"]);
    assert_eq!(mistakes("<a <b/></a>"), ["document::tag"]);
    let document = snippet("<a><b x=\"@(f(\"k\")\" y=\"2\"/><c/></a>");
    assert_eq!(document.root().unwrap().elements().count(), 2, "the element behind a broken one is read");
}

#[test]
fn an_expression_without_end_says_what_is_open_and_where() {
    let document = snippet("<a>\n  <set-variable name=\"n\" value=\"@(f(\"k\")\" />\n</a>");
    let first = document.diagnostics.first().unwrap();
    assert!(
        first
            .headline()
            .starts_with("Error in element 'set-variable' on line 2, column 41: Unterminated string literal."),
        "{}",
        first.headline()
    );
    let missing = snippet("<a>@(f(1)</a>");
    assert!(missing.diagnostics.first().unwrap().message.contains("missing a closing \")\""));
    let behind = snippet("<a v=\"@(f) x\"/>");
    assert_eq!(behind.diagnostics.first().unwrap().code, "document::text_behind_expression");
    let in_text = snippet("<a><b>@{ if (x < y) { return 1; </b><c/></a>");
    assert!(in_text.diagnostics.first().unwrap().message.contains("code block is missing"));
    assert_eq!(in_text.root().unwrap().elements().count(), 2);
}

#[test]
fn bytes_of_other_encodings_are_read_or_refused() {
    let utf16: Vec<u8> = "\u{feff}<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let document = read_bytes("p", &utf16, Limits::CLASSIC);
    assert!(document.diagnostics.is_empty());
    assert_eq!(document.root().unwrap().text().value(), "é");
    let latin = read_bytes("p", b"<a>\xe9</a>", Limits::CLASSIC);
    let first = latin.diagnostics.first().unwrap();
    assert_eq!((first.code.as_ref(), first.message.as_str()), ("document::encoding", "byte 0xE9 is no UTF-8"));
    assert!(latin.root().is_some());
}

#[test]
fn limits_hold() {
    let long = format!("<a>{}</a>", "x".repeat(20_000));
    let document = read(Source::new("p", long.as_str()), Limits::CONSUMPTION);
    assert_eq!(document.diagnostics.first().unwrap().code, "document::size");
    assert!(document.root().is_none());
    assert!(read_bytes("p", &vec![b'<'; 1 << 20], Limits::CLASSIC).has_errors());
    let deep = format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
    let document = read(Source::new("p", deep.as_str()), Limits::CLASSIC);
    assert_eq!(document.diagnostics.first().unwrap().code, "document::depth");
}

#[test]
fn hostile_documents_are_read_in_proportion_to_their_length() {
    let limits = Limits { size_bytes: 1 << 20, ..Limits::CLASSIC }.snippet();
    for piece in ["<a v=\"@(", "@(", "<a>@{", "<a v='@(\"", "&", "<", "\"@(", "<a b=\"", "<!--", "</a>", "<a x='1' "] {
        let text = piece.repeat(200_000 / piece.len());
        let document = read(Source::new("p", text.as_str()), limits);
        assert_eq!(write(&document), text);
    }
}
