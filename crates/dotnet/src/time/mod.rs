//! Points and spans of time: `DateTime`, `DateTimeOffset`, `TimeSpan`, `TimeZoneInfo`, their texts.
//!
//! The local zone is UTC, as on the gateway. The present instant is never read here; it comes in as an argument.

pub mod calendar;
pub mod datetime;
pub mod exact;
pub mod format;
pub mod offset;
pub mod parse;
pub mod span;
pub mod span_text;
pub mod windows;
pub mod zone;

pub use datetime::{DateTime, Kind};
pub use offset::DateTimeOffset;
pub use parse::DateTimeStyles;
pub use span::TimeSpan;
pub use zone::TimeZone;
