//! Values of the engine as XML content.

use apimite_dotnet::json::Scalar;
use apimite_dotnet::xml::{Content, value_text};
use apimite_dotnet::{Exception, ExceptionKind, Thrown, made};
use smol_str::SmolStr;

use super::object::Node;
use crate::library::core::names::IENUMERABLE;
use crate::run::Cx;
use crate::types::Type;
use crate::value::Value;

/// A simple value as text.
///
/// # Errors
/// `ArgumentException` for a node.
pub(super) fn text_of(cx: &mut Cx<'_>, value: &Value) -> Result<SmolStr, Thrown> {
    let scalar = match value {
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Double(value) => Scalar::Double(*value),
        Value::Float(value) => Scalar::Single(*value),
        Value::DateTime(raw) => Scalar::Date(*raw),
        Value::DateTimeOffset { ticks, offset } => Scalar::DateOffset(*ticks, *offset),
        Value::TimeSpan(ticks) => Scalar::TimeSpan(*ticks),
        Value::Object(_) if value.downcast::<Node>().is_some() => {
            return Err(Exception::new(ExceptionKind::Argument, "An XObject cannot be used as a value."));
        }
        other => {
            let text = cx.to_text(other)?;
            made::note_text(&text);
            return Ok(SmolStr::new(text.as_str()));
        }
    };
    Ok(SmolStr::from(value_text(&scalar)))
}

/// About what one node takes.
const NODE_BYTES: usize = 160;

/// Counts the memory of a copy.
fn charge_copy(cx: &mut Cx<'_>, node: &Node) -> Result<(), Thrown> {
    cx.charge(NODE_BYTES.saturating_mul(1 + 2 * node.0.descendants(None, true).len()))
}

/// Anything that `Add` takes; null adds nothing.
///
/// # Errors
/// What a sequence or `ToString` throws.
pub(super) fn content_of(cx: &mut Cx<'_>, value: &Value) -> Result<Content, Thrown> {
    if value.is_null() {
        return Ok(Content::Many(Vec::new()));
    }
    if let Some(node) = value.downcast::<Node>() {
        // One that stands elsewhere already is copied when it is added.
        if node.0.parent().is_some() {
            charge_copy(cx, node)?;
        }
        cx.charge(NODE_BYTES)?;
        return Ok(Content::Object(node.0.clone()));
    }
    let ty = value.type_of().unwrap_or_else(Type::object);
    if ty != Type::string() && cx.registry().derives(ty, Type::of(&IENUMERABLE)) {
        let items = cx.collect(value)?;
        // So is one that is given twice.
        for (index, item) in items.iter().enumerate() {
            if let Some(node) = item.downcast::<Node>()
                && items[index.saturating_sub(64)..index].iter().any(|before| before.same_object(item))
            {
                charge_copy(cx, node)?;
            }
        }
        let items: Result<Vec<Content>, Thrown> = items.iter().map(|item| content_of(cx, item)).collect();
        return items.map(Content::Many);
    }
    text_of(cx, value).map(Content::Text)
}
