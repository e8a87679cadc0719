use apimite_model::{NamedValue, SchemaText, Secret};

use crate::draft::{Place, Placed};
use crate::problems::Sheet;
use crate::tree::table::Table;

/// Source: named value contract, value of 0 to 4096 characters.
const MAX_VALUE_CHARACTERS: usize = 4096;

/// Reads a named value contract.
pub(crate) fn named_value(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Placed<NamedValue> {
    let vault = table.get("keyVault").is_some();
    let name = table.text_at(sheet, "displayName");
    if let Some((name, span)) = &name
        && !is_display_name(name)
    {
        let help = "use 1 to 256 letters, digits, `-`, `.` and `_`";
        sheet.error("named-value::name", *span, format!("`{name}` cannot be the name of a named value"), help);
    }
    let value = table.text_at(sheet, "value");
    if let Some((text, span)) = &value
        && text.chars().count() > MAX_VALUE_CHARACTERS
    {
        let help = format!("a named value has at most {MAX_VALUE_CHARACTERS} characters");
        sheet.error("named-value::length", *span, format!("the value of `{id}` is too long"), help);
    }
    let named_value = NamedValue {
        id: id.into(),
        name: name.map_or_else(|| id.into(), |(name, _)| name.into()),
        value: value.map(|(text, _)| Secret::new(text.into_owned())),
        secret: table.flag(sheet, "secret").unwrap_or(false) || vault,
        source: Some(sheet.source.clone()),
    };
    Placed { value: named_value, at: Place::new(sheet.source, table.span()) }
}

/// Source: named value contract, `displayName` of 1 to 256 of `A-Za-z0-9-._`.
fn is_display_name(name: &str) -> bool {
    (1..=256).contains(&name.chars().count()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

/// Reads a schema contract, of an API or of the service.
pub(crate) fn schema(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<SchemaText> {
    let content_type = table.text(sheet, "contentType").or_else(|| table.text(sheet, "schemaType"));
    let content_type = content_type.unwrap_or_default().into();
    let text = if let Some(text) = table.text(sheet, "value") {
        text.into_owned()
    } else if let Some(document) = table.get("document") {
        match document.get("value").and_then(|value| value.text()) {
            Some(text) => text.to_owned(),
            None => document.json(),
        }
    } else {
        return None;
    };
    Some(SchemaText { id: id.into(), content_type, text: text.into() })
}
