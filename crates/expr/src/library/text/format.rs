//! Text of primitive values: `ToString()` and `ToString(format)` in the invariant culture.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::value::{Str, Value};

/// `ToString()`. `framework`: as .NET Framework writes floating point numbers.
pub(crate) fn text_of(value: &Value, _framework: bool) -> Result<Str, Thrown> {
    Ok(match value {
        Value::Bool(true) => Str::fixed("True"),
        Value::Bool(false) => Str::fixed("False"),
        Value::Char(unit) => Str::from_units(&[*unit]),
        Value::Float(n) => Str::from(n.to_string()),
        Value::Double(n) => Str::from(n.to_string()),
        Value::Decimal(n) => Str::from(n.to_string()),
        other => other.integer().map_or(Str::EMPTY, |n| Str::from(n.to_string())),
    })
}

/// `ToString(format, CultureInfo.InvariantCulture)` of a number, date, time span or Guid.
pub(crate) fn format(value: &Value, format: &str, framework: bool) -> Result<Str, Thrown> {
    if format.is_empty() {
        return text_of(value, framework);
    }
    Err(Exception::new(ExceptionKind::Format, "Format specifier was invalid."))
}
