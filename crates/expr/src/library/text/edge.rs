//! Between run-time values and the plain types of `apimite_dotnet`.

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::time::{DateTime, DateTimeOffset, TimeSpan};
use apimite_dotnet::{Decimal, IntegerKind, Thrown};

use crate::library::core::collections::{ArrayObject, array_value};
use crate::library::rows::Args;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// The integer type of a value.
pub(crate) fn kind_of(value: &Value) -> Option<IntegerKind> {
    Some(match value {
        Value::SByte(_) => IntegerKind::SByte,
        Value::Byte(_) => IntegerKind::Byte,
        Value::Short(_) => IntegerKind::Int16,
        Value::UShort(_) => IntegerKind::UInt16,
        Value::Int(_) => IntegerKind::Int32,
        Value::UInt(_) => IntegerKind::UInt32,
        Value::Long(_) => IntegerKind::Int64,
        Value::ULong(_) => IntegerKind::UInt64,
        _ => return None,
    })
}

/// An integer in range as a value of its type.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller checked the range")]
pub(crate) fn integer(kind: IntegerKind, n: i128) -> Value {
    match kind {
        IntegerKind::SByte => Value::SByte(n as i8),
        IntegerKind::Byte => Value::Byte(n as u8),
        IntegerKind::Int16 => Value::Short(n as i16),
        IntegerKind::UInt16 => Value::UShort(n as u16),
        IntegerKind::Int32 => Value::Int(n as i32),
        IntegerKind::UInt32 => Value::UInt(n as u32),
        IntegerKind::Int64 => Value::Long(n as i64),
        IntegerKind::UInt64 => Value::ULong(n as u64),
    }
}

/// `-1`, `0` or `1`.
pub(crate) fn order(ordering: std::cmp::Ordering) -> Value {
    Value::Int(ordering as i32)
}

impl Args<'_> {
    /// A `DateTime` argument.
    pub(crate) fn date(&self, index: usize) -> DateTime {
        if let Value::DateTime(data) = self.get(index) { DateTime(*data) } else { DateTime::MIN }
    }

    /// A `TimeSpan` argument.
    pub(crate) fn span(&self, index: usize) -> TimeSpan {
        if let Value::TimeSpan(ticks) = self.get(index) { TimeSpan(*ticks) } else { TimeSpan(0) }
    }

    /// A `DateTimeOffset` argument.
    pub(crate) fn offset(&self, index: usize) -> DateTimeOffset {
        match self.get(index) {
            Value::DateTimeOffset { ticks, offset } => DateTimeOffset { ticks: *ticks, minutes: *offset },
            _ => DateTimeOffset::MIN,
        }
    }

    /// A `Guid` argument.
    pub(crate) fn guid(&self, index: usize) -> u128 {
        if let Value::Guid(bits) = self.get(index) { *bits } else { 0 }
    }

    /// A `decimal` argument.
    pub(crate) fn decimal(&self, index: usize) -> Decimal {
        if let Value::Decimal(n) = self.get(index) { *n } else { Decimal::ZERO }
    }

    /// A `float` argument.
    pub(crate) fn float(&self, index: usize) -> f32 {
        if let Value::Float(n) = self.get(index) { *n } else { 0.0 }
    }

    /// Any integer argument, widened.
    pub(crate) fn whole(&self, index: usize) -> i128 {
        self.get(index).integer().unwrap_or(0)
    }

    /// The bytes of a `byte[]` argument.
    ///
    /// # Errors
    /// `ArgumentNullException` naming the parameter.
    pub(crate) fn bytes(&self, index: usize, name: &str) -> Result<Vec<u8>, Thrown> {
        if self.get(index).is_null() {
            return Err(argument_null(name));
        }
        Ok(self.obj::<ArrayObject>(index)?.bytes())
    }

    /// The units of a `char[]` argument, `None` for `null`.
    pub(crate) fn units(&self, index: usize) -> Option<Vec<u16>> {
        let array = self.get(index).downcast::<ArrayObject>()?;
        Some(array.items().iter().map(|v| if let Value::Char(unit) = v { *unit } else { 0 }).collect())
    }

    /// The elements of an array argument, `None` for `null`.
    pub(crate) fn elements(&self, index: usize) -> Option<Vec<Value>> {
        self.get(index).downcast::<ArrayObject>().map(|array| array.items().clone())
    }
}

impl From<DateTime> for Value {
    fn from(value: DateTime) -> Self {
        Self::DateTime(value.0)
    }
}

impl From<TimeSpan> for Value {
    fn from(value: TimeSpan) -> Self {
        Self::TimeSpan(value.0)
    }
}

impl From<DateTimeOffset> for Value {
    fn from(value: DateTimeOffset) -> Self {
        Self::DateTimeOffset { ticks: value.ticks, offset: value.minutes }
    }
}

/// A `string[]`.
pub(crate) fn texts<'a>(cx: &mut Cx<'_>, items: impl IntoIterator<Item = &'a str>) -> Result<Value, Thrown> {
    let items: Vec<Value> = items.into_iter().map(|item| Value::Str(Str::new(item))).collect();
    cx.charge(items.len() * size_of::<Value>())?;
    Ok(array_value(Type::string(), items))
}

/// A text that a member made; its size counts.
pub(crate) fn made(cx: &mut Cx<'_>, text: String) -> Result<Value, Thrown> {
    cx.charge(text.len())?;
    Ok(Value::Str(Str::from(text)))
}

/// Sets an `out` parameter from the result of a reader, and tells whether it could read.
pub(crate) fn tried(a: &mut Args<'_>, out: usize, result: Result<Value, Thrown>, otherwise: Value) -> Value {
    let ok = result.is_ok();
    a.put(out, result.unwrap_or(otherwise));
    Value::Bool(ok)
}

/// The present instant as UTC.
pub(crate) fn now(cx: &Cx<'_>) -> DateTime {
    let ticks = cx.embedder().utc_now_ticks();
    DateTime::from_ticks(ticks, apimite_dotnet::time::Kind::Utc).unwrap_or(DateTime::MIN)
}

/// `IConvertible` and formatting members ask for these texts.
pub(crate) fn formatted(cx: &mut Cx<'_>, this: &Value, format: Option<&Str>) -> Result<Value, Thrown> {
    let framework = cx.framework();
    super::format::format(this, format.map_or("", Str::as_str), framework).map(Value::Str)
}
