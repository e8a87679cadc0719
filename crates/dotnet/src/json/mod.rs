//! JSON as Newtonsoft.Json 13 reads, holds and writes it.
//!
//! A [`JToken`] is a cheap handle on a node of a mutable tree. Handles keep the whole tree alive, so `Parent` and `Root` work as
//! they do under a garbage collector; a token that already has a parent is copied when it is added elsewhere.

mod compare;
mod convert;
mod dates;
mod doc;
mod edit;
mod errors;
mod merge;
mod number;
mod parse;
mod path;
mod query;
mod read;
mod scalar;
mod select;
mod token;
mod write;

#[cfg(test)]
mod tests;

pub use convert::Primitive;
pub use dates::{date_text, offset_text, parse_date};
pub use merge::{ArrayHandling, MergeSettings};
pub use parse::{Parsed, parse, parse_array, parse_marked, parse_object, parse_without_dates};
pub use read::{Marked, Reading};
pub use scalar::{EnumValue, JTokenType, Scalar};
pub use select::JPath;
pub use token::{JToken, Key, NameMatch};
pub use write::{Formatting, JsonWriter, escape, float_json};
