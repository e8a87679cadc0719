//! The functions of template expressions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::Names;
use crate::expression::{Failed, Result};

/// How many characters a value may grow to.
pub const MAX_TEXT: usize = 8 * 1024 * 1024;
/// How many elements a list may grow to.
const MAX_ITEMS: usize = 10_000;

/// Calls a function; an argument that failed fails the call only when it is needed.
pub(crate) fn call(name: &str, arguments: Vec<Result<Value>>, scope: &dyn Names, depth: usize) -> Result<Value> {
    let function = name.to_ascii_lowercase();
    match (function.as_str(), arguments.as_slice()) {
        ("if", [condition, yes, no]) => return if truth(&condition.clone()?)? { yes.clone() } else { no.clone() },
        ("coalesce", all) => {
            let found = all.iter().find_map(|one| one.as_ref().ok().filter(|value| !value.is_null()));
            return Ok(found.cloned().unwrap_or(Value::Null));
        }
        ("and", all) => {
            for one in all {
                if !truth(&one.clone()?)? {
                    return Ok(false.into());
                }
            }
            return Ok(true.into());
        }
        ("or", all) => {
            for one in all {
                if truth(&one.clone()?)? {
                    return Ok(true.into());
                }
            }
            return Ok(false.into());
        }
        // What cannot be asked is not there.
        ("tryget" | "trygetvalue", [Err(_), ..]) => return Ok(Value::Null),
        _ => {}
    }
    let values: Vec<Value> = arguments.into_iter().collect::<Result<_>>()?;
    let at =
        |index: usize| values.get(index).ok_or_else(|| Failed::from(format!("`{name}` needs {} arguments", index + 1)));
    let text = |index: usize| at(index).map(plain);
    let number = |index: usize| at(index).and_then(whole);
    let answer: Value = match function.as_str() {
        "parameters" => scope.parameter(&text(0)?, depth + 1)?,
        "variables" => scope.variable(&text(0)?, depth + 1)?,
        "copyindex" => scope.copy_index(&values)?.into(),
        "resourceid" | "extensionresourceid" | "subscriptionresourceid" | "tenantresourceid" => {
            scope.resource_id(&function, &values)?.into()
        }
        "reference" => {
            scope.reference(&text(0)?, values.get(2).is_some_and(|full| plain(full).eq_ignore_ascii_case("full")))?
        }
        "resourcegroup" | "subscription" | "tenant" | "deployment" | "environment" => scope.surroundings(&function),
        "utcnow" => scope.now()?.into(),
        "newguid" => scope.uuid("new").into(),
        "guid" => scope.uuid(&joined(&values)).into(),
        "uniquestring" => unique(&scope.uuid(&joined(&values))).into(),
        "concat" if values.first().is_some_and(Value::is_array) => lists(&values)?,
        "concat" => bounded(values.iter().map(plain).collect())?,
        "format" => bounded(format_text(&text(0)?, values.get(1..).unwrap_or_default()))?,
        "tolower" => text(0)?.to_lowercase().into(),
        "toupper" => text(0)?.to_uppercase().into(),
        "trim" => text(0)?.trim().into(),
        "string" => text(0)?.into(),
        "int" => number(0)?.into(),
        "bool" => truth(at(0)?)?.into(),
        "json" => serde_json::from_str(&text(0)?).map_err(|error| format!("this is not JSON: {error}"))?,
        "replace" => bounded(text(0)?.replace(&text(1)?, &text(2)?))?,
        "split" => {
            let separators: Vec<String> = match at(1)? {
                Value::Array(all) => all.iter().map(plain).collect(),
                one => vec![plain(one)],
            };
            let mut parts = vec![text(0)?];
            for separator in separators.iter().filter(|s| !s.is_empty()) {
                parts = parts.iter().flat_map(|part| part.split(separator.as_str()).map(str::to_owned)).collect();
            }
            parts.into()
        }
        "join" => {
            let parts: Vec<String> = at(0)?.as_array().map(|all| all.iter().map(plain).collect()).unwrap_or_default();
            bounded(parts.join(&text(1)?))?
        }
        "substring" => {
            let rest = text(0)?.chars().skip(usize_of(number(1)?)).collect::<Vec<_>>();
            let length = if values.len() > 2 { usize_of(number(2)?) } else { usize::MAX };
            rest.into_iter().take(length).collect::<String>().into()
        }
        "padleft" => {
            let (own, width) = (text(0)?, usize_of(number(1)?).min(MAX_TEXT));
            let with = values.get(2).map(plain).and_then(|text| text.chars().next()).unwrap_or(' ');
            let missing = width.saturating_sub(own.chars().count());
            format!("{}{own}", with.to_string().repeat(missing)).into()
        }
        "startswith" => text(0)?.to_lowercase().starts_with(&text(1)?.to_lowercase()).into(),
        "endswith" => text(0)?.to_lowercase().ends_with(&text(1)?.to_lowercase()).into(),
        "indexof" | "lastindexof" => {
            let (own, wanted) = (text(0)?.to_lowercase(), text(1)?.to_lowercase());
            let found = if function == "indexof" { own.find(&wanted) } else { own.rfind(&wanted) };
            found.map_or(-1, |at| i64::try_from(own[..at].chars().count()).unwrap_or(-1)).into()
        }
        "contains" => contains(at(0)?, at(1)?).into(),
        "empty" => is_empty(at(0)?).into(),
        "equals" => equal(at(0)?, at(1)?).into(),
        "not" => (!truth(at(0)?)?).into(),
        "greater" => ordered(at(0)?, at(1)?)?.is_gt().into(),
        "greaterorequals" => ordered(at(0)?, at(1)?)?.is_ge().into(),
        "less" => ordered(at(0)?, at(1)?)?.is_lt().into(),
        "lessorequals" => ordered(at(0)?, at(1)?)?.is_le().into(),
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        "length" => length(at(0)?).into(),
        "first" => ends(at(0)?, true),
        "last" => ends(at(0)?, false),
        "take" | "skip" => part(at(0)?, usize_of(number(1)?), function == "take"),
        "range" => {
            let (start, count) = (number(0)?, number(1)?);
            if !(0..=MAX_ITEMS as i64).contains(&count) {
                return Err("the list grows too long".into());
            }
            (start..start.saturating_add(count)).collect::<Vec<i64>>().into()
        }
        "min" | "max" => {
            let all = match values.first() {
                Some(Value::Array(all)) => all.clone(),
                _ => values.clone(),
            };
            let all: Vec<i64> = all.iter().map(whole).collect::<Result<_>>()?;
            let found = if function == "min" { all.into_iter().min() } else { all.into_iter().max() };
            found.ok_or_else(|| Failed::from(format!("`{name}` needs numbers")))?.into()
        }
        "add" => number(0)?.saturating_add(number(1)?).into(),
        "sub" => number(0)?.saturating_sub(number(1)?).into(),
        "mul" => number(0)?.saturating_mul(number(1)?).into(),
        "div" => number(0)?.checked_div(number(1)?).ok_or("a division by zero")?.into(),
        "mod" => number(0)?.checked_rem(number(1)?).ok_or("a division by zero")?.into(),
        "array" => match at(0)? {
            Value::Array(all) => all.clone().into(),
            one => vec![one.clone()].into(),
        },
        "createarray" => values.into(),
        "createobject" => {
            let mut members = Map::new();
            for pair in values.chunks_exact(2) {
                members.insert(plain(&pair[0]), pair[1].clone());
            }
            Value::Object(members)
        }
        "union" => union(&values)?,
        "intersection" => intersection(&values),
        "items" => {
            let members = at(0)?.as_object().cloned().unwrap_or_default();
            members.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>().into()
        }
        "flatten" => lists(at(0)?.as_array().map_or(&[][..], Vec::as_slice))?,
        "tryget" | "trygetvalue" if values.len() == 1 => at(0)?.clone(),
        "tryget" | "trygetvalue" => member(at(0)?, &text(1)?).unwrap_or(Value::Null),
        "base64" => STANDARD.encode(text(0)?).into(),
        "base64tostring" => decoded(&text(0)?)?.into(),
        "base64tojson" => {
            serde_json::from_str(&decoded(&text(0)?)?).map_err(|error| format!("this is not JSON: {error}"))?
        }
        "uri" => format!("{}/{}", text(0)?.trim_end_matches('/'), text(1)?.trim_start_matches('/')).into(),
        "uricomponent" => percent_encoding::utf8_percent_encode(&text(0)?, UNRESERVED).to_string().into(),
        "uricomponenttostring" => {
            percent_encoding::percent_decode_str(&text(0)?).decode_utf8_lossy().into_owned().into()
        }
        "pickzones" => Value::Array(Vec::new()),
        other if other.starts_with("list") => scope.list(&text(0)?, name)?,
        _ => return Err(format!("the template function '{name}' is not valid: this stand-in does not have it").into()),
    };
    Ok(answer)
}

const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A member of an object; case does not count.
///
/// # Errors
/// It is not there.
pub fn member(value: &Value, name: &str) -> Result<Value> {
    let members = value.as_object();
    let found = members.and_then(|all| all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let known: Vec<&str> = members.into_iter().flatten().map(|(key, _)| key.as_str()).take(12).collect();
        format!(
            "the language expression property '{name}' doesn't exist, available properties are '{}'",
            known.join(", ")
        )
        .into()
    })
}

/// A value as text: text itself, everything else as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn joined(values: &[Value]) -> String {
    values.iter().map(plain).collect::<Vec<_>>().join("-")
}

fn usize_of(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// A value as a whole number.
///
/// # Errors
/// It is none.
pub fn whole(value: &Value) -> Result<i64> {
    value
        .as_i64()
        .or_else(|| plain(value).parse().ok())
        .ok_or_else(|| format!("`{}` is no whole number", plain(value)).into())
}

/// Is it true?
///
/// # Errors
/// It is neither true nor false.
pub fn truth(value: &Value) -> Result<bool> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        other => match plain(other).to_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            text => Err(format!("`{text}` is neither true nor false").into()),
        },
    }
}

fn bounded(text: String) -> Result<Value> {
    if text.len() > MAX_TEXT { Err("the text grows too long".into()) } else { Ok(text.into()) }
}

fn lists(values: &[Value]) -> Result<Value> {
    let all: Vec<Value> = values.iter().filter_map(Value::as_array).flatten().cloned().collect();
    if all.len() > MAX_ITEMS { Err("the list grows too long".into()) } else { Ok(all.into()) }
}

fn decoded(text: &str) -> Result<String> {
    let bytes = STANDARD.decode(text).map_err(|_| "this is not Base64")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Thirteen letters and digits; Azure's own hash is not public.
fn unique(uuid: &str) -> String {
    let digits = uuid
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .fold(0_u64, |all, digit| all.wrapping_mul(31).wrapping_add(u64::from(digit)).rotate_left(7));
    let mut rest = digits;
    let letter = |_| {
        let index = u8::try_from(rest % 32).unwrap_or(0);
        rest /= 31;
        char::from(if index < 26 { b'a' + index } else { b'2' + index - 26 })
    };
    (0..13).map(letter).collect()
}

/// `{0}`, `{1}`…, `{{` and `}}` as .NET formats them.
fn format_text(pattern: &str, values: &[Value]) -> String {
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

fn contains(whole: &Value, part: &Value) -> bool {
    match whole {
        Value::Array(all) => all.iter().any(|one| equal(one, part)),
        Value::Object(all) => all.keys().any(|key| key.eq_ignore_ascii_case(&plain(part))),
        other => plain(other).to_lowercase().contains(&plain(part).to_lowercase()),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn ordered(a: &Value, b: &Value) -> Result<std::cmp::Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        _ => Ok(whole(a)?.cmp(&whole(b)?)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.len(),
        Value::Object(all) => all.len(),
        other => plain(other).chars().count(),
    }
}

fn ends(value: &Value, first: bool) -> Value {
    if let Value::Array(all) = value {
        let item = if first { all.first() } else { all.last() };
        return item.cloned().unwrap_or(Value::Null);
    }
    let text = plain(value);
    let item = if first { text.chars().next() } else { text.chars().next_back() };
    item.map(String::from).unwrap_or_default().into()
}

fn part(value: &Value, count: usize, take: bool) -> Value {
    if let Value::Array(all) = value {
        let kept: Vec<Value> =
            if take { all.iter().take(count).cloned().collect() } else { all.iter().skip(count).cloned().collect() };
        return kept.into();
    }
    let text = plain(value);
    let kept: String = if take { text.chars().take(count).collect() } else { text.chars().skip(count).collect() };
    kept.into()
}

fn union(values: &[Value]) -> Result<Value> {
    if values.iter().all(Value::is_array) {
        let mut all: Vec<Value> = Vec::new();
        for one in values.iter().filter_map(Value::as_array).flatten() {
            if all.len() > MAX_ITEMS {
                return Err("the list grows too long".into());
            }
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
        return Ok(all.into());
    }
    let mut all = json!({});
    for one in values {
        merge(&mut all, one);
    }
    Ok(all)
}

fn intersection(values: &[Value]) -> Value {
    let Some((first, rest)) = values.split_first() else { return Value::Null };
    match first {
        Value::Array(all) => {
            let kept = all
                .iter()
                .filter(|one| rest.iter().all(|other| other.as_array().is_some_and(|other| other.contains(one))));
            kept.cloned().collect::<Vec<_>>().into()
        }
        Value::Object(all) => {
            let kept = all.iter().filter(|(key, value)| rest.iter().all(|other| other.get(key) == Some(value)));
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// Puts the members of one object over those of another; null takes one away.
fn merge(into: &mut Value, over: &Value) {
    let (Some(target), Some(members)) = (into.as_object_mut(), over.as_object()) else {
        into.clone_from(over);
        return;
    };
    for (name, value) in members {
        if value.is_null() {
            target.remove(name);
        } else if value.is_object() && target.get(name).is_some_and(Value::is_object) {
            merge(&mut target[name], value);
        } else {
            target.insert(name.clone(), value.clone());
        }
    }
}
