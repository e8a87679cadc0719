//! What an evaluation carries with it.

pub(crate) mod arith;
mod cx;
mod host;
mod objects;
pub(crate) mod stack;
mod text;

pub use cx::{Budget, Cx};
pub use host::{Host, NoHost};
pub use text::Text;

pub(crate) use cx::null_reference;
pub(crate) use objects::{constant_value, default_value, integer_of};
