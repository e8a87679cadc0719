//! Rows of the primitives and of `String`, `DateTime`, `TimeSpan`, `Guid`, `Decimal`: one group for each type.

pub(crate) use super::characters::{BOOLEAN, CHAR};
pub(crate) use super::dates::DATE_TIME;
pub(crate) use super::decimals::DECIMAL;
pub(crate) use super::guids::GUID;
pub(crate) use super::numbers::{BYTE, DOUBLE, INT16, INT32, INT64, SBYTE, SINGLE, UINT16, UINT32, UINT64};
pub(crate) use super::offsets::DATE_TIME_OFFSET;
pub(crate) use super::spans::TIME_SPAN;
pub(crate) use super::strings::{CHANGE as STRING_CHANGE, FIND as STRING_FIND, STRING};
