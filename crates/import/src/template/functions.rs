//! The functions of template expressions.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use apimite_diag::Span;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::expression::{MAX_TEXT, Result, node, text};
use super::scope::Scope;
use crate::tree::{Member, Node, Value};

/// How many elements a list may grow to.
const MAX_ITEMS: usize = 10_000;

type Argument = Result<Node<'static>>;

/// Calls a function by name.
pub(super) fn call(name: &str, mut arguments: Vec<Argument>, scope: &Scope<'_>, depth: usize) -> Result<Node<'static>> {
    let function = name.to_ascii_lowercase();
    // Functions that may ignore a failing argument.
    match function.as_str() {
        "if" if arguments.len() == 3 => {
            let chosen = if truth(&arguments[0].clone()?)? { 1 } else { 2 };
            return arguments.swap_remove(chosen);
        }
        "coalesce" => {
            let found = arguments.into_iter().filter_map(Result::ok).find(|value| !matches!(value.value, Value::Null));
            return Ok(found.unwrap_or_else(|| node(Value::Null)));
        }
        "trygetvalue" | "tryget" => {
            return Ok(arguments.into_iter().next().and_then(Result::ok).unwrap_or_else(|| node(Value::Null)));
        }
        _ => {}
    }
    let values: Vec<Node<'static>> = arguments.into_iter().collect::<Result<_>>()?;
    let one = || values.first().ok_or_else(|| format!("`{name}` needs an argument"));
    let two = || values.get(1).ok_or_else(|| format!("`{name}` needs two arguments"));
    Ok(match function.as_str() {
        "parameters" => scope.parameter(&plain(one()?), depth)?,
        "variables" => scope.variable(&plain(one()?), depth)?,
        "copyindex" => node(Value::Number(Cow::Owned(scope.copy_index(&values)?.to_string()))),
        "concat" if values.first().is_some_and(|first| matches!(first.value, Value::List(_))) => list(&values)?,
        "concat" => text(bounded(values.iter().map(plain).collect::<String>())?),
        "format" => text(bounded(format_text(&plain(one()?), values.get(1..).unwrap_or_default()))?),
        "tolower" => text(plain(one()?).to_lowercase()),
        "toupper" => text(plain(one()?).to_uppercase()),
        "trim" => text(plain(one()?).trim()),
        "string" => text(plain(one()?)),
        "int" => node(Value::Number(Cow::Owned(plain(one()?)))),
        "bool" => node(Value::Bool(plain(one()?).eq_ignore_ascii_case("true"))),
        "json" => parse_json(&plain(one()?))?,
        "replace" => {
            let with = values.get(2).ok_or("`replace` needs three arguments")?;
            text(bounded(plain(one()?).replace(&plain(two()?), &plain(with)))?)
        }
        "split" => {
            let separator = plain(two()?);
            node(Value::List(plain(one()?).split(separator.as_str()).map(text).collect()))
        }
        "join" => text(one()?.items().iter().map(plain).collect::<Vec<_>>().join(&plain(two()?))),
        "substring" => {
            let (start, length) = (whole(two()?)?, values.get(2).map(whole).transpose()?);
            let all = plain(one()?);
            let rest = all.chars().skip(usize::try_from(start).unwrap_or(0));
            text(rest.take(length.and_then(|l| usize::try_from(l).ok()).unwrap_or(usize::MAX)).collect::<String>())
        }
        "startswith" => node(Value::Bool(plain(one()?).to_lowercase().starts_with(&plain(two()?).to_lowercase()))),
        "endswith" => node(Value::Bool(plain(one()?).to_lowercase().ends_with(&plain(two()?).to_lowercase()))),
        "contains" => node(Value::Bool(contains(one()?, &plain(two()?)))),
        "empty" => node(Value::Bool(is_empty(one()?))),
        "equals" => node(Value::Bool(equal(one()?, two()?))),
        "not" => node(Value::Bool(!truth(one()?)?)),
        "and" => {
            node(Value::Bool(values.iter().map(truth).collect::<Result<Vec<_>>>()?.into_iter().all(|value| value)))
        }
        "or" => node(Value::Bool(values.iter().map(truth).collect::<Result<Vec<_>>>()?.into_iter().any(|value| value))),
        "true" => node(Value::Bool(true)),
        "false" => node(Value::Bool(false)),
        "null" => node(Value::Null),
        "length" => node(Value::Number(Cow::Owned(length(one()?).to_string()))),
        "first" => end_of(one()?, true),
        "last" => end_of(one()?, false),
        "add" => number(whole(one()?)?.saturating_add(whole(two()?)?)),
        "sub" => number(whole(one()?)?.saturating_sub(whole(two()?)?)),
        "mul" => number(whole(one()?)?.saturating_mul(whole(two()?)?)),
        "createarray" => node(Value::List(values)),
        "createobject" => node(Value::Map(pairs(values))),
        "union" => union(&values)?,
        "base64" => text(STANDARD.encode(plain(one()?))),
        "base64tostring" => {
            let bytes = STANDARD.decode(plain(one()?)).map_err(|_| "this is not Base64".to_owned())?;
            text(String::from_utf8_lossy(&bytes).into_owned())
        }
        "uricomponent" => text(plain(one()?)),
        "uri" => text(format!("{}/{}", plain(one()?).trim_end_matches('/'), plain(two()?).trim_start_matches('/'))),
        "uniquestring" | "guid" => text(unique(&values)),
        "resourceid" | "subscriptionresourceid" | "extensionresourceid" | "tenantresourceid" => {
            text(resource_id(&values))
        }
        "subscription" => node(Value::Map(vec![
            entry("id", text("/subscriptions/00000000-0000-0000-0000-000000000000")),
            entry("subscriptionId", text("00000000-0000-0000-0000-000000000000")),
            entry("tenantId", text("00000000-0000-0000-0000-000000000000")),
        ])),
        "resourcegroup" => node(Value::Map(vec![
            entry("id", text("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/apimite")),
            entry("name", text("apimite")),
            entry("location", text("westeurope")),
        ])),
        "environment" => node(Value::Map(vec![
            entry("name", text("AzureCloud")),
            entry("resourceManager", text("https://management.azure.com/")),
        ])),
        "deployment" => node(Value::Map(vec![entry("name", text("apimite"))])),
        "reference" | "listkeys" | "listsecrets" | "list" => {
            return Err(format!("`{name}` asks a deployed resource, which does not exist here"));
        }
        _ => return Err(format!("the template function `{name}` is not known")),
    })
}

fn bounded(text: String) -> Result<String> {
    if text.len() > MAX_TEXT { Err("the text grows too long".to_owned()) } else { Ok(text) }
}

fn entry(key: &'static str, node: Node<'static>) -> Member<'static> {
    Member { key: Cow::Borrowed(key), key_span: Span::default(), node }
}

fn number(value: i64) -> Node<'static> {
    node(Value::Number(Cow::Owned(value.to_string())))
}

/// A value as text: text itself, everything else as JSON.
pub(super) fn plain(value: &Node<'_>) -> String {
    match &value.value {
        Value::Text(text) | Value::Number(text) => text.to_string(),
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        Value::Null => String::new(),
        Value::List(_) | Value::Map(_) => value.json(),
    }
}

/// A value as a whole number.
pub(super) fn whole(value: &Node<'_>) -> Result<i64> {
    plain(value).parse().map_err(|_| format!("`{}` is no whole number", plain(value)))
}

pub(super) fn truth(value: &Node<'_>) -> Result<bool> {
    match &value.value {
        Value::Bool(flag) => Ok(*flag),
        _ => plain(value).to_lowercase().parse().map_err(|_| format!("`{}` is neither true nor false", plain(value))),
    }
}

fn is_empty(value: &Node<'_>) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn length(value: &Node<'_>) -> usize {
    match &value.value {
        Value::List(items) => items.len(),
        Value::Map(members) => members.len(),
        _ => plain(value).chars().count(),
    }
}

fn end_of(value: &Node<'static>, first: bool) -> Node<'static> {
    if let Value::List(items) = &value.value {
        let item = if first { items.first() } else { items.last() };
        return item.cloned().unwrap_or_else(|| node(Value::Null));
    }
    let all = plain(value);
    let c = if first { all.chars().next() } else { all.chars().last() };
    text(c.map(String::from).unwrap_or_default())
}

fn contains(value: &Node<'_>, wanted: &str) -> bool {
    match &value.value {
        Value::List(items) => items.iter().any(|item| plain(item) == wanted),
        Value::Map(members) => members.iter().any(|member| member.key.eq_ignore_ascii_case(wanted)),
        _ => plain(value).contains(wanted),
    }
}

fn equal(a: &Node<'_>, b: &Node<'_>) -> bool {
    a.json() == b.json()
}

fn pairs(values: Vec<Node<'static>>) -> Vec<Member<'static>> {
    let mut members = Vec::new();
    let mut values = values.into_iter();
    while let (Some(key), Some(node)) = (values.next(), values.next()) {
        members.push(Member { key: Cow::Owned(plain(&key)), key_span: Span::default(), node });
    }
    members
}

/// Lists one after another.
fn list(values: &[Node<'static>]) -> Result<Node<'static>> {
    if values.iter().map(|value| value.items().len()).sum::<usize>() > MAX_ITEMS {
        return Err("the list grows too long".to_owned());
    }
    Ok(node(Value::List(values.iter().flat_map(|list| list.items().to_vec()).collect())))
}

fn union(values: &[Node<'static>]) -> Result<Node<'static>> {
    if values.iter().all(|value| matches!(value.value, Value::List(_))) {
        return list(values);
    }
    let mut members: Vec<Member<'static>> = Vec::new();
    for member in values.iter().flat_map(|value| value.members()) {
        members.retain(|other| other.key != member.key);
        members.push(member.clone());
    }
    Ok(node(Value::Map(members)))
}

fn parse_json(text: &str) -> Result<Node<'static>> {
    let mut found = Vec::new();
    let parsed = crate::tree::json::read(text, &mut found).map(|parsed| super::scope::owned(&parsed));
    parsed.ok_or_else(|| found.first().map_or_else(String::new, |first| first.message.clone()))
}

/// `{0}`, `{1}`…, `{{` and `}}` as .NET formats them.
fn format_text(pattern: &str, values: &[Node<'static>]) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if let Some((index, after)) = rest.split_once('}').filter(|_| brace == "{") {
            let index = index.split([',', ':']).next().and_then(|index| index.parse::<usize>().ok());
            out.push_str(&index.and_then(|index| values.get(index)).map(plain).unwrap_or_default());
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Text that is always the same for the same arguments; Azure's own hash is not public.
fn unique(values: &[Node<'static>]) -> String {
    let mut hasher = DefaultHasher::new();
    for value in values {
        plain(value).hash(&mut hasher);
    }
    let mut hash = hasher.finish();
    (0..13)
        .map(|_| {
            let digit = u8::try_from(hash % 26).unwrap_or(0);
            hash /= 26;
            char::from(b'a' + digit)
        })
        .collect()
}

/// `resourceId('Microsoft.ApiManagement/service/apis', 'name', 'orders')`: only its tail matters here.
fn resource_id(values: &[Node<'static>]) -> String {
    let texts: Vec<String> = values.iter().map(plain).collect();
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
