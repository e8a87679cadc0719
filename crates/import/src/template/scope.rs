//! Parameters, variables and the copy index that template expressions see.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use apimite_arm_template::{Failed, MAX_TEXT, Names, evaluate, inside};
use apimite_diag::Span;
use serde_json::{Value as Json, json};

use crate::tree::{Member, Node, Value};

/// A value without a place.
type Result<T> = std::result::Result<T, String>;

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
                    Some("array") => Ok(node(Value::List(Vec::new()))),
                    Some("object" | "secureobject") => Ok(node(Value::Map(Vec::new()))),
                    Some("bool") => Ok(node(Value::Bool(false))),
                    Some("int") => Ok(node(Value::Number(Cow::Borrowed("0")))),
                    _ => Ok(node(Value::Text(Cow::Owned(name.to_owned())))),
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
            return Node { span: Span::default(), value: Value::Null };
        }
        let value = match &node.value {
            Value::Text(written) => match inside(written) {
                Some(expression) => match evaluate(expression, self, depth) {
                    Ok(value) => of_json(value).value,
                    Err(error) => {
                        report(error.text().to_owned(), node.span);
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

/// A node that stands nowhere.
pub(super) fn node(value: Value<'static>) -> Node<'static> {
    Node { span: Span::default(), value }
}

/// A value as text: text itself, everything else as JSON.
pub(super) fn plain(value: &Node<'_>) -> String {
    match &value.value {
        Value::Text(text) | Value::Number(text) => text.to_string(),
        other => apimite_arm_template::plain(&json_of(other)),
    }
}

/// Is it true?
pub(super) fn truth(value: &Node<'_>) -> Result<bool> {
    apimite_arm_template::truth(&json_of(&value.value)).map_err(|failed| failed.text().to_owned())
}

fn json_of(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_string())),
        Value::Text(text) => Json::String(text.to_string()),
        Value::List(items) => items.iter().map(|item| json_of(&item.value)).collect(),
        Value::Map(members) => {
            Json::Object(members.iter().map(|member| (member.key.to_string(), json_of(&member.node.value))).collect())
        }
    }
}

fn of_json(value: Json) -> Node<'static> {
    node(match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(Cow::Owned(number.to_string())),
        Json::String(text) => Value::Text(Cow::Owned(text)),
        Json::Array(items) => Value::List(items.into_iter().map(of_json).collect()),
        Json::Object(members) => Value::Map(
            members
                .into_iter()
                .map(|(key, value)| Member { key: Cow::Owned(key), key_span: Span::default(), node: of_json(value) })
                .collect(),
        ),
    })
}

/// What stands for the subscription, the tenant and the group that nobody deploys to.
const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";

impl Names for Scope<'_> {
    fn parameter(&self, name: &str, depth: usize) -> apimite_arm_template::Result<Json> {
        Ok(json_of(&Self::parameter(self, name, depth)?.value))
    }

    fn variable(&self, name: &str, depth: usize) -> apimite_arm_template::Result<Json> {
        Ok(json_of(&Self::variable(self, name, depth)?.value))
    }

    fn copy_index(&self, arguments: &[Json]) -> apimite_arm_template::Result<i64> {
        let Some((_, index)) = &self.copy else { return Err("`copyIndex` stands outside of a copy loop".into()) };
        let offset = arguments.iter().find_map(|argument| apimite_arm_template::whole(argument).ok()).unwrap_or(0);
        Ok(index.saturating_add(offset))
    }

    fn resource_id(&self, _: &str, arguments: &[Json]) -> apimite_arm_template::Result<String> {
        Ok(resource_id(arguments))
    }

    fn reference(&self, _: &str, _: bool) -> apimite_arm_template::Result<Json> {
        Err(Failed::NotYet("`reference` asks a deployed resource, which does not exist here".to_owned()))
    }

    fn list(&self, _: &str, function: &str) -> apimite_arm_template::Result<Json> {
        Err(Failed::NotYet(format!("`{function}` asks a deployed resource, which does not exist here")))
    }

    fn surroundings(&self, function: &str) -> Json {
        let subscription = format!("/subscriptions/{NOWHERE}");
        match function {
            "resourcegroup" => {
                json!({ "id": format!("{subscription}/resourceGroups/apimite"), "name": "apimite", "location": "westeurope" })
            }
            "subscription" => json!({ "id": subscription, "subscriptionId": NOWHERE, "tenantId": NOWHERE }),
            "tenant" => json!({ "tenantId": NOWHERE }),
            "deployment" => json!({ "name": "apimite" }),
            _ => json!({ "name": "AzureCloud", "resourceManager": "https://management.azure.com/" }),
        }
    }

    fn now(&self) -> apimite_arm_template::Result<String> {
        Err("`utcNow` has no value here: every reading would give another one".into())
    }

    fn uuid(&self, words: &str) -> String {
        let mut hash = DefaultHasher::new();
        words.hash(&mut hash);
        let first = hash.finish();
        "again".hash(&mut hash);
        let all = format!("{first:016x}{:016x}", hash.finish());
        let part = |range: std::ops::Range<usize>| all.get(range).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
    }
}

/// `resourceId('Microsoft.ApiManagement/service/apis', 'name', 'orders')`: only its tail matters here.
fn resource_id(values: &[Json]) -> String {
    let texts: Vec<String> = values.iter().map(apimite_arm_template::plain).collect();
    let Some(at) = texts.iter().position(|text| text.contains('/') && !text.starts_with('/')) else {
        return texts.join("/");
    };
    let mut segments = texts[at].split('/');
    let mut id = format!(
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/apimite/providers/{}",
        segments.next().unwrap_or_default()
    );
    for (kind, name) in segments.zip(&texts[at + 1..]) {
        id.push_str(&format!("/{kind}/{name}"));
    }
    id
}
