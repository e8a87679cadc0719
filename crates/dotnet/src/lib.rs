//! .NET values and library behaviour in Rust: no expressions, no I/O.
//!
//! Every public function behaves as the .NET member it is named after, down to the text of the exception.

mod arena;

pub mod convert;
pub mod crypto;
pub mod encoding;
pub mod exception;
pub mod guid;
pub mod json;
pub mod made;
pub mod messages;
pub mod numeric;
pub mod regex;
pub mod text;
pub mod time;
pub mod web;
pub mod xml;

pub use exception::{Exception, ExceptionKind, Thrown};
pub use numeric::{Decimal, Generation, IntegerKind, NumberStyles};
