//! Expressions and what they give.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test may")]

use apimite_arm_template::{Names, Result, evaluate, inside};
use serde_json::{Value, json};

/// A template with one parameter and one variable.
struct Template;

impl Names for Template {
    fn parameter(&self, name: &str, _: usize) -> Result<Value> {
        if name == "api" { Ok("orders".into()) } else { Err(format!("there is no `{name}`").into()) }
    }

    fn variable(&self, _: &str, depth: usize) -> Result<Value> {
        // A variable that names itself.
        evaluate("variables('self')", self, depth + 1)
    }

    fn copy_index(&self, _: &[Value]) -> Result<i64> {
        Ok(3)
    }

    fn resource_id(&self, function: &str, arguments: &[Value]) -> Result<String> {
        Ok(format!("{function}{}", arguments.len()))
    }

    fn reference(&self, _: &str, _: bool) -> Result<Value> {
        Err("nothing is deployed".into())
    }

    fn list(&self, _: &str, _: &str) -> Result<Value> {
        Err("nothing is deployed".into())
    }

    fn surroundings(&self, function: &str) -> Value {
        json!({ "name": function })
    }

    fn now(&self) -> Result<String> {
        Err("there is no time".into())
    }

    fn uuid(&self, words: &str) -> String {
        words.to_owned()
    }
}

fn value(text: &str) -> Value {
    evaluate(text, &Template, 0).unwrap_or_else(|failed| Value::String(format!("failed: {}", failed.text())))
}

#[test]
fn functions_give_what_azure_documents() {
    for (text, wanted) in [
        ("concat(parameters('api'), '-', 'it''s')", json!("orders-it's")),
        ("format('{0}/{1} {{}}', 'a', 2)", json!("a/2 {}")),
        ("if(equals(1, 1), 'yes', parameters('none'))", json!("yes")),
        ("coalesce(reference('x'), null(), 'else')", json!("else")),
        ("tryGet(reference('x'), 'a')", Value::Null),
        ("union(createObject('a', 1), createObject('b', 2)).b", json!(2)),
        ("createArray('x', 'y')[1]", json!("y")),
        ("length(split('a,b;c', createArray(',', ';')))", json!(3)),
        ("add(copyIndex(), 4)", json!(7)),
        ("resourceGroup().name", json!("resourcegroup")),
        ("resourceId('a/b', 'c')", json!("resourceid2")),
        ("or(false(), equals('A', 'a'))", json!(false)),
        ("base64ToString(base64('é'))", json!("é")),
        ("substring('héllo', 1, 2)", json!("él")),
        ("take(range(2, 5), 2)", json!([2, 3])),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
}

#[test]
fn what_is_wrong_or_without_end_fails() {
    for (text, wanted) in [
        ("parameters('none')", "there is no `none`"),
        ("concat('a'", "`)` of `concat` is missing"),
        ("'a", "text without a closing quote"),
        ("nothing()", "is not valid"),
        ("div(1, 0)", "a division by zero"),
        ("range(0, 999999)", "grows too long"),
        ("variables('self')", "nests too deep"),
    ] {
        let found = value(text).to_string();
        assert!(found.starts_with("\"failed: ") && found.contains(wanted), "{text}: {found}");
    }
    let deep = format!("{}1{}", "add(1, ".repeat(100), ")".repeat(100));
    assert!(value(&deep).to_string().contains("nests too deep"));
    assert_eq!((inside("[a]"), inside("[[a]"), inside("a")), (Some("a"), None, None));
}
