use super::*;
use crate::json::{Formatting, Primitive, Scalar};

fn element(text: &str) -> XObject {
    parse_element(text, LoadOptions::None).unwrap()
}

fn indented(text: &str) -> String {
    element(text).to_xml(true).unwrap()
}

fn compact(node: &XObject) -> String {
    node.to_xml(false).unwrap()
}

fn fails(text: &str) -> String {
    parse_element(text, LoadOptions::None).unwrap_err().message
}

fn name(local: &str) -> XName {
    XName::new("", local)
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

#[test]
fn elements_are_indented_unless_they_hold_text() {
    assert_eq!(indented("<a> <b> x </b> </a>"), "<a>\n  <b> x </b>\n</a>");
    assert_eq!(indented("<a><b/>t<c><d/></c></a>"), "<a>\n  <b />t<c><d /></c></a>");
    assert_eq!(indented("<a></a>"), "<a></a>");
    assert_eq!(
        indented("<a><!-- c --><?p d?><b><c/></b></a>"),
        "<a>\n  <!-- c -->\n  <?p d?>\n  <b>\n    <c />\n  </b>\n</a>"
    );
}

#[test]
fn text_is_escaped_and_unescaped() {
    assert_eq!(indented("<a>&lt;&amp;&gt;&quot;&#65;</a>"), "<a>&lt;&amp;&gt;\"A</a>");
    assert_eq!(indented("<a b='&quot;&#10;&lt;'/>"), "<a b=\"&quot;&#xA;&lt;\" />");
    assert_eq!(indented("<a><![CDATA[<raw>]]></a>"), "<a><![CDATA[<raw>]]></a>");
    assert_eq!(element("<a>x<![CDATA[<y>]]>z</a>").value(), "x<y>z");
}

#[test]
fn namespaces_are_resolved_and_written_back() {
    let node = element("<p:a xmlns:p='urn:x' p:k='1'><p:b/></p:a>");
    assert_eq!(node.name().unwrap().to_string(), "{urn:x}a");
    assert_eq!(compact(&node), "<p:a xmlns:p=\"urn:x\" p:k=\"1\"><p:b /></p:a>");
    assert_eq!(compact(&node.first_element(None).unwrap()), "<p:b xmlns:p=\"urn:x\" />");
}

#[test]
fn missing_declarations_are_written() {
    let root = XObject::element(XName::new("urn:x", "a"));
    root.add(&Content::Object(XObject::element(name("b")))).unwrap();
    assert_eq!(compact(&root), "<a xmlns=\"urn:x\"><b xmlns=\"\" /></a>");
    let root = XObject::element(name("a"));
    root.add(&Content::Object(XObject::attribute(XName::new("urn:x", "k"), "1").unwrap())).unwrap();
    assert_eq!(compact(&root), "<a p1:k=\"1\" xmlns:p1=\"urn:x\" />");
}

#[test]
fn parse_errors_say_where() {
    assert_eq!(fails(""), "Root element is missing.");
    assert_eq!(fails("<a"), "Data at the root level is invalid. Line 1, position 1.");
    assert_eq!(
        fails("<a><b></a>"),
        "The 'b' start tag on line 1 position 5 does not match the end tag of 'a'. Line 1, position 9."
    );
    assert_eq!(
        fails("<a><b>"),
        "Unexpected end of file has occurred. The following elements are not closed: b, a. Line 1, position 7."
    );
    assert_eq!(fails("<p:a/>"), "'p' is an undeclared prefix. Line 1, position 2.");
    assert_eq!(fails("<a b='1' b='2'/>"), "'b' is a duplicate attribute name. Line 1, position 10.");
    assert_eq!(fails("<a/><b/>"), "There are multiple root elements. Line 1, position 6.");
    assert_eq!(fails("<a>&nbsp;</a>"), "Reference to undeclared entity 'nbsp'. Line 1, position 5.");
    assert_eq!(fails("hello"), "Data at the root level is invalid. Line 1, position 1.");
}

#[test]
fn a_name_that_is_none_is_refused() {
    assert_eq!(
        XName::expanded("bad name").unwrap_err().message,
        "The ' ' character, hexadecimal value 0x20, cannot be included in a name."
    );
    assert_eq!(XName::expanded("{urn:x}a").unwrap(), XName::new("urn:x", "a"));
}

#[test]
fn documents_keep_their_declaration_apart() {
    let document =
        parse_document("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- x --><a><b/></a>", LoadOptions::None).unwrap();
    assert_eq!(document.declaration().unwrap().to_string(), "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    assert_eq!(document.to_xml(true).unwrap(), "<!-- x -->\n<a>\n  <b />\n</a>");
    assert_eq!(document.owner().unwrap().identity(), document.identity());
}

#[test]
fn added_text_joins_the_text_before_it() {
    let root = XObject::element(name("a"));
    root.add(&Content::Many(vec![text("x"), text("y"), Content::Object(XObject::element(name("b"))), text("z")]))
        .unwrap();
    assert_eq!(compact(&root), "<a>xy<b />z</a>");
    assert_eq!(root.nodes().len(), 3);
    root.set_value("").unwrap();
    assert_eq!(compact(&root), "<a></a>");
}

#[test]
fn a_node_with_a_parent_is_copied_when_added_elsewhere() {
    let from = element("<a><b>1</b></a>");
    let to = XObject::element(name("c"));
    let moved = from.first_element(None).unwrap();
    to.add(&Content::Object(moved.clone())).unwrap();
    assert_eq!(compact(&from), "<a><b>1</b></a>");
    assert_eq!(compact(&to), "<c><b>1</b></c>");
    assert!(!to.first_element(None).unwrap().same(&moved));
}

#[test]
fn siblings_are_added_in_order() {
    let root = element("<a><b/><d/></a>");
    let b = root.first_element(None).unwrap();
    let two = || {
        Content::Many(vec![Content::Object(XObject::element(name("x"))), Content::Object(XObject::element(name("y")))])
    };
    b.add_after_self(&two()).unwrap();
    b.add_before_self(&two()).unwrap();
    assert_eq!(compact(&root), "<a><x /><y /><b /><x /><y /><d /></a>");
    b.replace_with(&text("t")).unwrap();
    assert_eq!(compact(&root), "<a><x /><y />t<x /><y /><d /></a>");
}

#[test]
fn a_document_takes_one_root_and_no_text() {
    let document = XObject::document(None);
    document.add(&Content::Object(XObject::element(name("a")))).unwrap();
    let again = document.add(&Content::Object(XObject::element(name("b"))));
    assert_eq!(again.unwrap_err().message, "This operation would create an incorrectly structured document.");
    assert_eq!(document.add(&text("x")).unwrap_err().message, "Non-whitespace characters cannot be added to content.");
}

#[test]
fn attributes_and_elements_are_set_by_name() {
    let root = element("<a k='1'/>");
    root.set_attribute_value(&name("k"), Some("2")).unwrap();
    root.set_attribute_value(&name("l"), Some("3")).unwrap();
    root.set_element_value(&name("e"), Some("v")).unwrap();
    assert_eq!(compact(&root), "<a k=\"2\" l=\"3\"><e>v</e></a>");
    root.set_attribute_value(&name("k"), None).unwrap();
    root.set_element_value(&name("e"), None).unwrap();
    assert_eq!(compact(&root), "<a l=\"3\" />");
}

#[test]
fn values_are_read_as_xml_convert_does() {
    let read = |text: &str, to| read_value(text, to).map(|value| value.to_text());
    assert_eq!(read(" TRUE ", Primitive::Boolean).unwrap(), "True");
    assert_eq!(read("x", Primitive::Boolean).unwrap_err().message, "The string 'x' is not a valid Boolean value.");
    assert_eq!(read("INF", Primitive::Double).unwrap(), "∞".replace('∞', &Scalar::Double(f64::INFINITY).to_text()));
    assert_eq!(read("PT1M30.5S", Primitive::TimeSpan).unwrap(), "00:01:30.5000000");
    assert_eq!(value_text(&Scalar::TimeSpan(905_000_000)), "PT1M30.5S");
    assert_eq!(value_text(&Scalar::Bool(true)), "true");
}

#[test]
fn deep_equality_and_document_order() {
    let (a, b) = (element("<a x='1'><b>t</b></a>"), element("<a x='1'><b>t</b></a>"));
    assert!(a.deep_equals(&b));
    assert!(!a.deep_equals(&element("<a x='2'><b>t</b></a>")));
    let first = a.first_element(None).unwrap();
    assert_eq!(a.compare_order(&first).unwrap(), std::cmp::Ordering::Less);
    assert!(a.compare_order(&b).is_err());
}

#[test]
fn any_depth_can_be_read_written_and_dropped() {
    let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
    assert_eq!(compact(&element(&deep)), deep);
}

#[test]
fn xml_becomes_json() {
    let document =
        parse_document("<?xml version='1.0'?><s:E xmlns:s='urn:s'><i k='1'>a</i><i>b</i><n/></s:E>", LoadOptions::None)
            .unwrap();
    let json = xml_to_json(&document, &FromXml::default()).unwrap();
    assert_eq!(
        json.to_json(Formatting::None),
        "{\"version\":\"1.0\",\"s$E\":{\"@xmlns$s\":\"urn:s\",\"i\":[{\"@k\":\"1\",\"#text\":\"a\"},\"b\"],\"n\":null}}"
    );
}

#[test]
fn json_becomes_xml() {
    let to =
        |text: &str, options: &IntoXml| compact(&json_to_xml(&crate::json::parse(text).unwrap(), options).unwrap());
    assert_eq!(
        to("{\"a\":{\"b\":[1,true],\"c\":[],\"d\":\"x\"}}", &IntoXml::default()),
        "<a><b>1</b><b>True</b><c /><d>x</d></a>"
    );
    assert_eq!(
        to("{\"a\":null,\"b\":1.5}", &IntoXml::default()),
        "<Document><a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\" /><b>1.5</b></Document>"
    );
    let options = IntoXml {
        namespace_separator: ":".into(),
        namespace_prefix: Some("xmlns".into()),
        attribute_block_name: Some("#attrs".into()),
        ..IntoXml::default()
    };
    assert_eq!(
        to("{\"s:a\":{\"xmlns:s\":\"urn:s\",\"#attrs\":{\"k\":1},\"s:b\":\"t\"}}", &options),
        "<s:a xmlns:s=\"urn:s\" k=\"1\"><s:b>t</s:b></s:a>"
    );
}
