//! Text of primitive values: `ToString()` and `ToString(format)` in the invariant culture.

use apimite_dotnet::Thrown;
use apimite_dotnet::numeric::{Generation, format as number};
use apimite_dotnet::time::{DateTime, DateTimeOffset, TimeSpan, format as date, span_text};
use apimite_dotnet::{IntegerKind, guid};

use super::edge::kind_of;
use crate::value::{Str, Value};

/// The generation to follow.
pub(crate) fn generation(framework: bool) -> Generation {
    if framework { Generation::Framework } else { Generation::Modern }
}

/// `ToString()`. `framework`: as .NET Framework writes floating point numbers.
pub(crate) fn text_of(value: &Value, framework: bool) -> Result<Str, Thrown> {
    Ok(match value {
        Value::Bool(true) => Str::fixed("True"),
        Value::Bool(false) => Str::fixed("False"),
        Value::Char(unit) => Str::from_units(&[*unit]),
        Value::Float(n) => Str::from(number::single_text(*n, generation(framework))),
        Value::Double(n) => Str::from(number::double_text(*n, generation(framework))),
        Value::Decimal(n) => Str::from(number::decimal_text(*n)),
        Value::DateTime(data) => Str::from(date::text(DateTime(*data))),
        Value::DateTimeOffset { ticks, offset } => {
            Str::from(date::offset_text(DateTimeOffset { ticks: *ticks, minutes: *offset }))
        }
        Value::TimeSpan(ticks) => Str::from(span_text::text(TimeSpan(*ticks))),
        Value::Guid(bits) => Str::from(guid::text(*bits)),
        other => other.integer().map_or(Str::EMPTY, |n| Str::from(n.to_string())),
    })
}

/// `ToString(format, CultureInfo.InvariantCulture)` of a number, date, time span or Guid.
pub(crate) fn format(value: &Value, format: &str, framework: bool) -> Result<Str, Thrown> {
    if format.is_empty() {
        return text_of(value, framework);
    }
    let generation = generation(framework);
    Ok(Str::from(match value {
        Value::Float(n) => number::format_single(*n, format, generation)?,
        Value::Double(n) => number::format_double(*n, format, generation)?,
        Value::Decimal(n) => number::format_decimal(*n, format)?,
        Value::DateTime(data) => date::format(DateTime(*data), format)?,
        Value::DateTimeOffset { ticks, offset } => {
            date::format_offset(DateTimeOffset { ticks: *ticks, minutes: *offset }, format)?
        }
        Value::TimeSpan(ticks) => span_text::format(TimeSpan(*ticks), format)?,
        Value::Guid(bits) => guid::format(*bits, format)?,
        other => match other.integer() {
            Some(n) => number::format_integer(n, kind_of(other).unwrap_or(IntegerKind::Int64), format)?,
            None => return text_of(value, framework),
        },
    }))
}
