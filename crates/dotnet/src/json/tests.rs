use super::*;
use crate::ExceptionKind;

fn compact(text: &str) -> String {
    parse(text).unwrap().to_json(Formatting::None)
}

fn fails(text: &str) -> String {
    parse(text).unwrap_err().message
}

#[test]
fn plain_json_comes_back_as_it_was() {
    for text in ["{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{},\"e\":[]}", "[]", "\"x\"", "-1", "true", "null", "1.5"] {
        assert_eq!(compact(text), text);
    }
}

#[test]
fn numbers_keep_a_point() {
    assert_eq!(compact("[1.0,1e3,1.50,0.1,100,1e400]"), "[1.0,1000.0,1.5,0.1,100,\"Infinity\"]");
}

#[test]
fn the_reader_is_lenient() {
    assert_eq!(compact("{ 'a' : 'single' , b : 2, }"), "{\"a\":\"single\",\"b\":2}");
    assert_eq!(compact("/*x*/[1,/*y*/2,] // z"), "/*x*/");
    assert_eq!(compact("[1,/*y*/2,] // z"), "[1,2]");
    assert_eq!(compact("[1,,2]"), "[1,undefined,2]");
    assert_eq!(compact("[0x1F,010,-0,.5,1.]"), "[31,8,0,0.5,1.0]");
    assert_eq!(compact("[NaN,-Infinity,new Date(1,2)]"), "[\"NaN\",\"-Infinity\",new Date(1,2)]");
    assert_eq!(compact("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}");
    assert_eq!(compact("\"\\ud83d\\ude00\\u0041\\ud83d\""), "\"😀A\u{fffd}\"");
}

#[test]
fn reader_errors_name_path_line_and_position() {
    assert_eq!(
        fails("{\"a\":}"),
        "Unexpected character encountered while parsing value: }. Path 'a', line 1, position 5."
    );
    assert_eq!(fails(""), "Error reading JToken from JsonReader. Path '', line 0, position 0.");
    assert_eq!(
        parse_object("{} x").unwrap_err().message,
        "Additional text encountered after finished reading JSON content: x. Path '', line 1, position 3."
    );
    assert_eq!(
        parse_object("[1]").unwrap_err().message,
        "Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. Path '', line 1, position 1."
    );
    assert_eq!(fails("{\"a\":1"), "Unexpected end of content while loading JObject. Path 'a', line 1, position 6.");
    assert_eq!(
        fails("{\"a\":[1,\n x]}"),
        "Unexpected character encountered while parsing value: x. Path 'a[0]', line 2, position 1."
    );
    assert_eq!(
        fails("[1 2]"),
        "After parsing a value an unexpected character was encountered: 2. Path '[0]', line 1, position 3."
    );
    assert_eq!(
        fails("[1}"),
        "JsonToken EndObject is not valid for closing JsonType Array. Path '', line 1, position 3."
    );
    assert_eq!(fails("{,}"), "Invalid property identifier character: ,. Path '', line 1, position 1.");
    assert_eq!(fails("tru"), "Unexpected end when reading JSON. Path '', line 1, position 3.");
    assert_eq!(fails("\"abc"), "Unterminated string. Expected delimiter: \". Path '', line 1, position 4.");
    assert_eq!(parse("x").unwrap_err().kind, ExceptionKind::JsonReader);
}

#[test]
fn nesting_is_bounded_at_sixty_four() {
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(parse(&deep(64)).is_ok());
    assert!(parse(&deep(65)).unwrap_err().message.starts_with("The reader's MaxDepth of 64 has been exceeded."));
    assert!(parse(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn a_tree_of_any_depth_can_be_built_written_copied_and_dropped() {
    let mut token = JToken::null();
    for _ in 0..200_000 {
        let array = JToken::array();
        array.add(&token).unwrap();
        token = array;
    }
    assert_eq!(token.to_json(Formatting::None).len(), 400_004);
    assert!(token.deep_equals(&token.deep_clone()));
}

#[test]
fn indented_text_has_two_blanks_for_a_level() {
    let text = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}").unwrap().to_text();
    assert_eq!(text, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

#[test]
fn dates_are_found_and_written_back() {
    let token = parse("{\"a\":\"2024-02-29T10:00:00Z\",\"b\":\"2024-02-29\"}").unwrap();
    assert_eq!(token.get("a", NameMatch::Exact).unwrap().kind(), JTokenType::Date);
    assert_eq!(token.get("b", NameMatch::Exact).unwrap().kind(), JTokenType::String);
    assert_eq!(token.get("a", NameMatch::Exact).unwrap().to_text(), "02/29/2024 10:00:00");
    assert_eq!(token.to_json(Formatting::None), "{\"a\":\"2024-02-29T10:00:00Z\",\"b\":\"2024-02-29\"}");
}

#[test]
fn a_token_with_a_parent_is_copied_when_added_elsewhere() {
    let from = parse("{\"a\":{\"b\":1}}").unwrap();
    let to = JToken::object();
    let moved = from.get("a", NameMatch::Exact).unwrap();
    to.set_index(&Key::Name("moved"), Some(&moved)).unwrap();
    let there = to.get("moved", NameMatch::Exact).unwrap();
    there.set_index(&Key::Name("b"), Some(&JToken::value(Scalar::long(5)))).unwrap();
    assert_eq!(from.to_json(Formatting::None), "{\"a\":{\"b\":1}}");
    assert_eq!(to.to_json(Formatting::None), "{\"moved\":{\"b\":5}}");
}

#[test]
fn a_token_without_a_parent_stays_itself_when_added() {
    let object = JToken::object();
    let array = JToken::array();
    object.add_property("a", Some(&array)).unwrap();
    array.add(&JToken::text("x")).unwrap();
    assert_eq!(object.to_json(Formatting::None), "{\"a\":[\"x\"]}");
    assert!(array.root().same(&object));
    assert_eq!(array.child(0).unwrap().path(), "a[0]");
}

#[test]
fn handles_keep_their_tree_alive() {
    let inner = parse("{\"a\":{\"b\":1}}").unwrap().get("a", NameMatch::Exact).unwrap();
    assert_eq!(inner.root().to_json(Formatting::None), "{\"a\":{\"b\":1}}");
}

#[test]
fn removing_follows_newtonsoft() {
    let token = parse("{\"a\":{\"secret\":1,\"keep\":2}}").unwrap();
    let secret = token.get("a", NameMatch::Exact).unwrap().get("secret", NameMatch::Exact).unwrap();
    assert_eq!(secret.remove().unwrap_err().message, "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.");
    secret.parent().unwrap().remove().unwrap();
    assert_eq!(token.to_json(Formatting::None), "{\"a\":{\"keep\":2}}");
    assert_eq!(JToken::object().remove().unwrap_err().message, "The parent is missing.");
}

#[test]
fn indexers_say_what_they_expect() {
    let message = |text: &str, key: Key<'_>| parse(text).unwrap().index(&key).unwrap_err().message;
    assert_eq!(message("\"s\"", Key::Name("b")), "Cannot access child value on Newtonsoft.Json.Linq.JValue.");
    assert_eq!(
        message("[1]", Key::Name("b")),
        "Accessed JArray values with invalid key value: \"b\". Int32 array index expected."
    );
    assert_eq!(
        message("{}", Key::Index(1)),
        "Accessed JObject values with invalid key value: 1. Object property name expected."
    );
    assert_eq!(
        parse("1").unwrap().set_index(&Key::Name("b"), None).unwrap_err().message,
        "Cannot set child value on Newtonsoft.Json.Linq.JValue."
    );
}

#[test]
fn a_second_property_of_one_name_is_refused() {
    let object = parse("{\"a\":1}").unwrap();
    assert_eq!(
        object.add_property("a", None).unwrap_err().message,
        "Can not add property a to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object."
    );
}

#[test]
fn an_object_of_many_members_finds_them_by_index() {
    let object = JToken::object();
    for n in 0..500 {
        object.add_property(&format!("k{n}"), Some(&JToken::value(Scalar::long(n)))).unwrap();
    }
    assert!(object.remove_property("k3"));
    assert!(object.get("k3", NameMatch::Exact).is_none());
    assert_eq!(object.get("k499", NameMatch::Exact).unwrap().to_text(), "499");
    assert_eq!(object.get("K499", NameMatch::IgnoreCase).unwrap().to_text(), "499");
    assert_eq!(object.count(), 499);
}

#[test]
fn casts_convert_as_newtonsoft_does() {
    let cast = |text: &str, to| parse(text).unwrap().cast(to, false).map(|v| v.to_text());
    let int = Primitive::Integer(crate::IntegerKind::Int32);
    assert_eq!(cast("\"12\"", int).unwrap(), "12");
    assert_eq!(cast("2.5", int).unwrap(), "2");
    assert_eq!(cast("true", int).unwrap(), "1");
    assert_eq!(cast("1", Primitive::Boolean).unwrap(), "True");
    assert_eq!(cast("[1]", int).unwrap_err().message, "Can not convert Array to Int32.");
    assert_eq!(cast("{}", Primitive::String).unwrap_err().message, "Can not convert Object to String.");
    assert_eq!(cast("null", int).unwrap_err().message, "Can not convert Null to Int32.");
    assert_eq!(cast("9000000000", int).unwrap_err().kind, ExceptionKind::Overflow);
    assert_eq!(cast("\"x\"", int).unwrap_err().kind, ExceptionKind::Format);
    assert_eq!(cast("1.10", Primitive::Decimal).unwrap(), "1.1");
    assert!(parse("null").unwrap().cast(int, true).unwrap().is_null());
    assert_eq!(
        cast("\"0f8fad5b-d9cb-469f-a165-70867728950e\"", Primitive::Guid).unwrap(),
        "0f8fad5b-d9cb-469f-a165-70867728950e"
    );
}

#[test]
fn deep_equality_ignores_the_order_of_members() {
    let (a, b) = (parse("{\"a\":1,\"b\":[2]}").unwrap(), parse("{\"b\":[2],\"a\":1}").unwrap());
    assert!(a.deep_equals(&b));
    assert!(!a.deep_equals(&parse("{\"b\":[2],\"a\":1.5}").unwrap()));
}

#[test]
fn merging_goes_deep() {
    let a = parse("{\"a\":1,\"n\":{\"x\":1},\"l\":[1]}").unwrap();
    a.merge(&parse("{\"b\":2,\"n\":{\"y\":2},\"a\":9,\"l\":[2],\"x\":null}").unwrap(), MergeSettings::default())
        .unwrap();
    assert_eq!(a.to_json(Formatting::None), "{\"a\":9,\"n\":{\"x\":1,\"y\":2},\"l\":[1,2],\"b\":2,\"x\":null}");
}

fn select(text: &str, path: &str) -> Vec<String> {
    let found = parse(text).unwrap().select_tokens(&JPath::new(path).unwrap(), false).unwrap();
    found.iter().map(|token| token.to_json(Formatting::None)).collect()
}

#[test]
fn paths_select_what_they_name() {
    let text = "{\"a\":[{\"n\":1,\"s\":\"x\"},{\"n\":2,\"s\":\"y\"},{\"n\":3}],\"b.c\":{\"n\":9}}";
    assert_eq!(select(text, "a[*].n"), ["1", "2", "3"]);
    assert_eq!(select(text, "$..n"), ["1", "2", "3", "9"]);
    assert_eq!(select(text, "$.a[?(@.n > 1)].n"), ["2", "3"]);
    assert_eq!(select(text, "$.a[?(@.n > 1 && @.s == 'y')].n"), ["2"]);
    assert_eq!(select(text, "$.a[?(@.s)].n"), ["1", "2"]);
    assert_eq!(select(text, "a[-1:].n"), ["3"]);
    assert_eq!(select(text, "a[0,2].n"), ["1", "3"]);
    assert_eq!(select(text, "['b.c'].n"), ["9"]);
    assert_eq!(select(text, "$.a[?(@.s =~ /^X$/i)].n"), ["1"]);
    assert_eq!(select(text, "$.a[::2].n"), ["1", "3"]);
}

#[test]
fn a_path_that_must_match_says_what_is_missing() {
    let token = parse("{\"a\":{\"b\":{\"c\":7}}}").unwrap();
    let message = |path: &str| token.select_token(&JPath::new(path).unwrap(), true).unwrap_err().message;
    assert_eq!(message("a.x.c"), "Property 'x' does not exist on JObject.");
    assert_eq!(message("a[0]"), "Index 0 not valid on JObject.");
    assert_eq!(JPath::new("a[").unwrap_err().message, "Path ended with open indexer.");
    assert_eq!(JPath::new("a b").unwrap_err().message, "Unexpected character while parsing path:  ");
}

#[test]
fn typed_reading_has_the_readers_exceptions() {
    let read = |text: &str, to| Marked::of_text(parse_marked(text).unwrap()).unwrap().primitive(to, false);
    let int = Primitive::Integer(crate::IntegerKind::Int32);
    assert_eq!(read("\"5\"", int).unwrap().to_text(), "5");
    assert_eq!(
        read("\"x\"", int).unwrap_err().message,
        "Could not convert string to integer: x. Path '', line 1, position 3."
    );
    assert_eq!(
        read("null", int).unwrap_err().message,
        "Error converting value {null} to type 'System.Int32'. Path '', line 1, position 4."
    );
    assert_eq!(read("1.50", Primitive::String).unwrap().to_text(), "1.50");
    assert_eq!(read("1.50", Primitive::Decimal).unwrap().to_text(), "1.50");
    assert_eq!(read("1.5", int).unwrap_err().kind, ExceptionKind::JsonReader);
}
