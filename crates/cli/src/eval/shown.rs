//! Values as people and goldens see them.

use apimite_expr::{Cx, Thrown, Type, Value};
use serde_json::{Value as Json, json};

/// Most elements of a sequence that are shown.
const MAX_ITEMS: usize = 64;
/// Deepest level of elements that is shown.
const MAX_LEVELS: u8 = 3;

/// The run-time type's CLR name; a sequence that .NET keeps internal is an `IEnumerable<T>`.
pub(super) fn type_name(value: &Value) -> String {
    value.type_of().map_or_else(|| "null".to_owned(), |ty| name(ty, value))
}

fn name(ty: Type, _value: &Value) -> String {
    ty.clr().to_string()
}

fn is_internal(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.is_internal())
}

/// One line for people.
pub(super) fn text(value: &Value, cx: &mut Cx<'_>) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    if let Some(Ok(items)) = elements(value, cx) {
        let shown: Vec<String> = items.iter().map(|item| text(item, cx)).collect();
        return format!("[{}]", shown.join(", "));
    }
    cx.to_text(value).map_or_else(|thrown| thrown.to_string(), |text| text.as_str().to_owned())
}

/// The elements of a sequence that is shown as one: not strings, JSON or XML.
fn elements(value: &Value, cx: &mut Cx<'_>) -> Option<Result<Vec<Value>, Thrown>> {
    let ty = value.type_of()?;
    let clr = ty.clr();
    let whole = clr.starts_with("System.String") && !clr.ends_with("[]")
        || clr.starts_with("Newtonsoft.Json.Linq.J")
        || clr.starts_with("System.Xml.Linq.X");
    if whole && !is_internal(value) && !clr.ends_with("[]") {
        return None;
    }
    let mut each = cx.iterate(value).ok()?;
    let mut items = Vec::new();
    while items.len() < MAX_ITEMS {
        match each.next(cx) {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(thrown) => return Some(Err(thrown)),
        }
    }
    Some(Ok(items))
}

/// The shape of the goldens.
///
/// # Errors
/// What a lazy sequence throws while it is read.
pub(super) fn golden(value: &Value, cx: &mut Cx<'_>, level: u8) -> Result<Json, Thrown> {
    if value.is_null() {
        return Ok(json!({ "type": "null", "value": null }));
    }
    let text =
        if is_internal(value) { Json::Null } else { cx.to_text(value).map_or(Json::Null, |text| text.as_str().into()) };
    let mut shape = json!({ "type": type_name(value), "value": text });
    if level < MAX_LEVELS
        && let Some(items) = elements(value, cx)
    {
        let items: Vec<Json> = items?.iter().map(|item| golden(item, cx, level + 1)).collect::<Result<_, _>>()?;
        shape["items"] = items.into();
    }
    Ok(shape)
}
