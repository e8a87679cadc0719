//! TOML with places; every mistake of the text in one run.

use std::borrow::Cow;

use apimite_diag::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Malformed, Member, Node, Value};

/// Reads a TOML text: the tree of what could be read, and every mistake of form.
pub(crate) fn read<'a>(text: &'a str, found: &mut Vec<Malformed>) -> Node<'a> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut broken = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        broken.push(span.start);
        found.push(Malformed::new(format!("no TOML: {}", error.message().trim_end_matches('.')), span.start, span.end));
    }
    let span = Span::from_usize(0, text.len());
    let mut value = map(table.into_inner());
    forget(&mut value, &broken);
    Node { span, value }
}

/// Takes out the scalars that were made up to go on behind a mistake.
fn forget(value: &mut Value<'_>, broken: &[usize]) {
    let Value::Map(members) = value else { return };
    members.retain_mut(|member| {
        forget(&mut member.node.value, broken);
        let span = member.node.span.range();
        let scalar = !matches!(member.node.value, Value::Map(_) | Value::List(_));
        !(scalar && broken.iter().any(|at| span.start <= *at && *at <= span.end))
    });
}

fn map(table: DeTable<'_>) -> Value<'_> {
    let mut members: Vec<Member<'_>> = table
        .into_iter()
        .map(|(key, value)| {
            let at = key.span();
            Member { key: key.into_inner(), key_span: Span::from_usize(at.start, at.end), node: node(value) }
        })
        .collect();
    members.sort_by_key(|member| member.key_span);
    Value::Map(members)
}

fn node(value: Spanned<DeValue<'_>>) -> Node<'_> {
    let at = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text),
        DeValue::Integer(number) => {
            let prefix = match number.radix() {
                16 => "0x",
                8 => "0o",
                2 => "0b",
                _ => "",
            };
            Value::Number(Cow::Owned(format!("{prefix}{}", number.as_str())))
        }
        DeValue::Float(number) => Value::Number(Cow::Owned(number.as_str().to_owned())),
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(time) => Value::Text(Cow::Owned(time.to_string())),
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(table) => map(table),
    };
    Node { span: Span::from_usize(at.start, at.end), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_becomes_the_same_tree_as_json() {
        let mut found = Vec::new();
        let node = read("b = 1_000\n[t]\nx = 'a'\n[[l]]\ny = 1.5\n[[l]]\ny = 0x10\n", &mut found);
        assert_eq!(node.json(), r#"{"b":1000,"t":{"x":"a"},"l":[{"y":1.5},{"y":16}]}"#);
        assert!(found.is_empty());
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let mut found = Vec::new();
        read("a = \nb = 'x\nc = 1\nc = 2\n", &mut found);
        assert!(found.len() >= 2, "{found:?}");
    }
}
