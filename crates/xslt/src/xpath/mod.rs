//! XPath 1.0.

mod eval;
mod functions;
mod lex;
mod namespaces;
mod parse;
mod value;

pub(crate) use eval::{Context, Host, Place, matches, text_of};
pub(crate) use namespaces::namespace_of;
pub(crate) use parse::{Axis, Expr, NodeTest, Prefixes, Start, parse};
pub(crate) use value::{Value, number_text};
