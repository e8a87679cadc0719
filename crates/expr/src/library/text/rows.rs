//! Rows of the primitives and of `String`, `DateTime`, `TimeSpan`, `Guid`, `Decimal`: one group for each type.

use crate::library::rows::Row;

macro_rules! empty {
    ($($name:ident),* $(,)?) => { $(pub(crate) static $name: &[Row] = &[];)* };
}

empty! {
    SBYTE, BYTE, INT16, UINT16, INT32, UINT32, INT64, UINT64, SINGLE, DOUBLE, DECIMAL, BOOLEAN, CHAR, STRING, DATE_TIME,
    DATE_TIME_OFFSET, TIME_SPAN, GUID,
}
