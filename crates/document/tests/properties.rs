//! Laws of the reader and the writer.

use apimite_diag::Source;
use apimite_document::{
    Document, Element, Limits, Node, Style, inner_markup, pretty, read, read_bytes, substitute, write, write_styled,
};
use proptest::prelude::*;

fn snippet(text: &str) -> Document {
    read(Source::new("p.xml", text), Limits::CLASSIC.snippet())
}

/// Pieces that documents are made of, sound or not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "<a>", "</a>", "<b ", "</b>", "<b/>", " x=\"", " y='", "\"", "'", "/>", ">", "<", "&", "&amp;", "&quot;", "&#x41;", "&lt;", "=", " ",
            "\n", "\r\n", "@(", "@{", ")", "}", "(", "{", "@\"", "$\"", "\\\"", "//", "/*", "*/", "<!--", "-->", "<![CDATA[", "]]>", "<?xml", "?>",
            "<!DOCTYPE", "{{name}}", "{{", "}}", "@rhai(", "`", "${", "\u{feff}", "é", "\u{1f600}", "text",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,8}".prop_map(|s| s),
    ]
}

/// Nodes tile their parent: in order, without overlap, inside.
fn check_tiling(nodes: &[Node], start: u32, end: u32) {
    let mut at = start;
    for node in nodes {
        let span = node.span();
        assert!(at <= span.start && span.start <= span.end && span.end <= end, "{span:?} in {at}..{end}");
        at = span.end;
        if let Node::Element(element) = node {
            assert!(element.open_span.end <= element.span.end.max(element.open_span.end));
            let inner = element.inner_span();
            check_tiling(&element.children, inner.start, inner.end);
        }
    }
}

/// Names, values and texts, for comparing trees.
fn shape(element: &Element, out: &mut Vec<String>) {
    out.push(format!("<{}", element.name));
    out.extend(element.attributes.iter().map(|a| format!("{}={}", a.name, a.value.value())));
    let mut text = String::new();
    for child in &element.children {
        match child {
            Node::Element(child) => {
                out.push(std::mem::take(&mut text));
                shape(child, out);
            }
            Node::Text(t) => text.push_str(t.value()),
            Node::CData(data) => text.push_str(data.text.value()),
            Node::Comment(comment) => out.push(comment.text.to_string()),
            Node::Instruction(_) => {}
        }
    }
    out.push(text);
    out.push("/".into());
}

fn shapes(document: &Document) -> Vec<String> {
    let mut out = Vec::new();
    document.elements().for_each(|element| shape(element, &mut out));
    out
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "plain",
        "",
        "a &amp; b",
        "x &lt; y",
        "@(a[\"k\"] &lt; 1 &amp;&amp; b)",
        "@(a[\"k\"] < 1 && b)",
        "@{ return $\"{x(\"}\")}\"; }",
        "a > b",
        "@(new[] { 'a', '\\'' })",
        "{{name}}",
        "@(\"{{name}}\")",
        "@rhai(a < 1)",
    ])
    .prop_map(str::to_owned)
}

fn sound_element() -> impl Strategy<Value = String> {
    let leaf = (value(), value()).prop_map(|(a, t)| format!("<e v=\"{a}\">{t}</e>"));
    leaf.prop_recursive(4, 32, 4, |inner| {
        (value(), prop::collection::vec(inner, 0..4), any::<bool>()).prop_map(|(a, children, spaced)| {
            let gap = if spaced { "\n  <!-- c -->" } else { "" };
            format!("<p v=\"{a}\" w='1'>{gap}{}</p>", children.concat())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let document = read_bytes("p.xml", &bytes, Limits::CLASSIC);
        prop_assert_eq!(write(&document), document.source.text());
    }

    #[test]
    fn reading_then_writing_gives_the_same_text(pieces in prop::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        let mut document = snippet(&text);
        prop_assert_eq!(write(&document), text.as_str());
        check_tiling(&document.nodes, 0, u32::try_from(text.len()).unwrap());
        for element in document.elements() {
            inner_markup(&document.source, element);
            pretty(element, Style::Xml);
            element.text().expression();
        }
        for diagnostic in &document.diagnostics {
            diagnostic.render();
        }
        substitute(&mut document, &|_| Some("@(\"<".to_owned()), &|_| false);
        write(&document);
        write_styled(&document, Style::Raw);
    }

    #[test]
    fn every_place_of_a_value_lies_in_its_text(pieces in prop::collection::vec(piece(), 0..40)) {
        let document = snippet(&pieces.concat());
        for element in document.elements() {
            for attribute in &element.attributes {
                let text = &attribute.value;
                for (at, _) in text.value().char_indices() {
                    let span = text.source_span(at..at + 1);
                    prop_assert!(text.span().start <= span.start && span.end <= text.span().end);
                }
            }
        }
    }

    #[test]
    fn sound_documents_have_no_mistakes_and_both_forms_read_back(text in sound_element()) {
        let document = read(Source::new("p.xml", text.as_str()), Limits::CLASSIC);
        prop_assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
        for style in [Style::Raw, Style::Xml] {
            let again = snippet(&write_styled(&document, style));
            prop_assert!(again.diagnostics.is_empty(), "{:?}", again.diagnostics);
            prop_assert_eq!(shapes(&again), shapes(&document));
        }
        let xml = write_styled(&document, Style::Xml);
        prop_assert!(xml.replace("<!--", "").matches("\" <").count() == 0);
    }
}
