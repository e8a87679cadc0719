//! Liquid templates of `set-body`, as DotLiquid 2.0 with C# names understands them.
//!
//! The crate `liquid` follows Shopify: other white space rules, other filters, no .NET dates and regular expressions. So this
//! is an engine of its own: [`parse`] reads a template into a tree, [`render`] writes it over the values of [`value`]. An
//! evaluation has budgets: steps, depth and bytes of output.
//!
//! Source: set-body policy reference; DotLiquid's behaviour.

mod conditions;
mod filters;
mod host;
mod loops;
mod maths;
mod parse;
mod path;
mod render;
mod tokens;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use parse::{Mistake, Template};
#[cfg(test)]
use render::Exceeded;
pub(crate) use render::{Bound, Budget, Options, render};
