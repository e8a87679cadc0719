//! Parameters, variables and the copy index that template expressions see.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use super::expression::{MAX_TEXT, Result, evaluate, inside, text};
use super::functions::{plain, whole};
use crate::tree::{Member, Node, Value};

/// How deep parameters and variables may refer to one another.
const MAX_DEPTH: usize = 48;

/// What the expressions of one template can name.
pub(super) struct Scope<'a> {
    pub(super) template: &'a Node<'a>,
    /// Values given from outside: a parameter file, or the deployment that holds this template.
    pub(super) given: HashMap<String, Node<'static>>,
    /// Index of the copy loop, and its name.
    pub(super) copy: Option<(String, i64)>,
    /// Parameters that nobody gave a value.
    pub(super) missing: RefCell<BTreeSet<String>>,
    /// Look-ups so far: names that refer to one another twice and twice again would never end.
    pub(super) lookups: Cell<u32>,
}

/// How many parameters and variables one template may look up.
const MAX_LOOKUPS: u32 = 200_000;

impl Scope<'_> {
    fn count(&self) -> Result<()> {
        self.lookups.set(self.lookups.get().saturating_add(1));
        if self.lookups.get() > MAX_LOOKUPS {
            Err("parameters and variables refer to one another too often".to_owned())
        } else {
            Ok(())
        }
    }

    pub(super) fn parameter(&self, name: &str, depth: usize) -> Result<Node<'static>> {
        self.count()?;
        if let Some(value) = self.given.get(&name.to_lowercase()) {
            return Ok(value.clone());
        }
        let declared = self.template.get("parameters").map_or(&[][..], |node| node.members());
        let declared = declared.iter().find(|member| member.key.eq_ignore_ascii_case(name));
        let Some(declared) = declared else { return Err(format!("there is no parameter `{name}`")) };
        match declared.node.get("defaultValue") {
            Some(value) => self.value(value, depth + 1),
            None => {
                self.missing.borrow_mut().insert(name.to_owned());
                match declared.node.get("type").and_then(|kind| kind.text()).map(str::to_ascii_lowercase).as_deref() {
                    Some("array") => Ok(super::expression::node(Value::List(Vec::new()))),
                    Some("object" | "secureobject") => Ok(super::expression::node(Value::Map(Vec::new()))),
                    Some("bool") => Ok(super::expression::node(Value::Bool(false))),
                    Some("int") => Ok(super::expression::node(Value::Number(Cow::Borrowed("0")))),
                    _ => Ok(text(name)),
                }
            }
        }
    }

    pub(super) fn variable(&self, name: &str, depth: usize) -> Result<Node<'static>> {
        self.count()?;
        let variables = self.template.get("variables").map_or(&[][..], |node| node.members());
        let found = variables.iter().find(|member| member.key.eq_ignore_ascii_case(name));
        self.value(&found.ok_or_else(|| format!("there is no variable `{name}`"))?.node, depth + 1)
    }

    pub(super) fn copy_index(&self, arguments: &[Node<'static>]) -> Result<i64> {
        let Some((_, index)) = &self.copy else { return Err("`copyIndex` stands outside of a copy loop".to_owned()) };
        let offset = arguments.iter().find_map(|argument| whole(argument).ok()).unwrap_or(0);
        Ok(index.saturating_add(offset))
    }

    /// A node with every expression evaluated.
    pub(super) fn value(&self, node: &Node<'_>, depth: usize) -> Result<Node<'static>> {
        let mut failed = None;
        let value = self.resolve(node, depth, &mut |error, _| failed = failed.take().or(Some(error)));
        match failed {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }

    /// The same, where text that cannot be evaluated stays as it is and is reported.
    pub(super) fn resolve(
        &self,
        node: &Node<'_>,
        depth: usize,
        report: &mut dyn FnMut(String, apimite_diag::Span),
    ) -> Node<'static> {
        if depth > MAX_DEPTH {
            report("parameters and variables refer to one another in a circle".to_owned(), node.span);
            return super::expression::node(Value::Null);
        }
        let value = match &node.value {
            Value::Text(written) => match inside(written) {
                Some(expression) => match evaluate(expression, self, depth) {
                    Ok(value) => value.value,
                    Err(error) => {
                        report(error, node.span);
                        Value::Text(Cow::Owned(written.to_string()))
                    }
                },
                None => {
                    // `[[` is a bracket that is meant.
                    let plain = if written.starts_with("[[") { &written[1..] } else { written };
                    Value::Text(Cow::Owned(plain.chars().take(MAX_TEXT).collect()))
                }
            },
            Value::List(items) => Value::List(items.iter().map(|item| self.resolve(item, depth, report)).collect()),
            Value::Map(members) => Value::Map(
                members
                    .iter()
                    .map(|member| Member {
                        key: Cow::Owned(member.key.to_string()),
                        key_span: member.key_span,
                        node: self.resolve(&member.node, depth, report),
                    })
                    .collect(),
            ),
            other => owned_value(other),
        };
        Node { span: node.span, value }
    }

    /// A text member, evaluated.
    pub(super) fn text(&self, node: Option<&Node<'_>>) -> Option<String> {
        Some(plain(&self.value(node?, 0).ok()?))
    }
}

/// A node that borrows nothing.
pub(super) fn owned(node: &Node<'_>) -> Node<'static> {
    Node { span: node.span, value: owned_value(&node.value) }
}

fn owned_value(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Number(text) => Value::Number(Cow::Owned(text.to_string())),
        Value::Text(text) => Value::Text(Cow::Owned(text.to_string())),
        Value::List(items) => Value::List(items.iter().map(owned).collect()),
        Value::Map(members) => Value::Map(
            members
                .iter()
                .map(|member| Member {
                    key: Cow::Owned(member.key.to_string()),
                    key_span: member.key_span,
                    node: owned(&member.node),
                })
                .collect(),
        ),
    }
}
