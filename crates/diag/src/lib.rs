//! Places in source text, and refusals that show them.
//!
//! A [`Source`] is one named text (a policy file, `apimite.toml`, an expression). A [`Span`] is a byte range in it.
//! A [`Diagnostic`] is one refusal with its place, its reason and the way out; it is the only exchange form between the
//! readers and compilers that find mistakes and the renderers that show them (terminal, JSON, ARM error body).
//!
//! ```
//! use apimite_diag::{Diagnostic, Source, Span};
//! let source = Source::new("policy.xml", "<rate-limit calls=\"x\"/>");
//! let d = Diagnostic::new("rate_limit::calls", "`calls` cannot be `x`")
//!     .element("rate-limit").at(&source, Span::new(19, 20)).help("use a whole number");
//! assert_eq!(d.headline(), "Error in element 'rate-limit' on line 1, column 20: `calls` cannot be `x`");
//! ```

mod diagnostic;
mod source;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use source::{Position, Source, Span};
pub use suggest::nearest;
