//! Rhai: the second language of expressions, `@rhai(…)` and `@rhai{…}`, and stand-in backends with `fn handle(request)`.
//!
//! An expression sees the same `context` as C# does, over the same library rows, in snake case:
//! `context.request.headers.get_value_or_default("X-Tier", "free")`. Scripts have no files, no network, no clock, no modules
//! and no `eval`, and everything they use is bounded by a [`Budget`].

mod bridge;
mod budget;
mod convert;
mod engine;
mod error;
mod members;
mod names;
mod stand_in;

pub use budget::Budget;
pub use engine::{Form, Script, Scripts};
pub use error::{ScriptError, ScriptFault};
pub use stand_in::{StandIn, StandInFault, StandInRequest, StandInResponse};
