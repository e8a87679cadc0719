//! Literals and interpolated strings.

use std::sync::Arc;

use apimite_diag::Span;

use super::{Expr, Name};

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number; the binder picks `int`, `uint`, `long` or `ulong` by value and suffix.
    Int {
        /// Its value.
        value: u64,
        /// Its suffix.
        suffix: IntSuffix,
        /// The text as written, for messages and for printing.
        text: Name,
    },
    /// A number with a fraction, an exponent, or one of the suffixes `f`, `d`, `m`.
    Real {
        /// Digits, point and exponent, without `_` and suffix: `1.50e3`.
        digits: Name,
        /// Which type it has.
        suffix: RealSuffix,
        /// The text as written.
        text: Name,
    },
    /// A character: one UTF-16 code unit.
    Char(u16),
    /// A string; half a surrogate pair is given as U+FFFD.
    String {
        /// Its value, escapes resolved.
        value: Arc<str>,
        /// How it is written.
        form: StringForm,
    },
    /// `"…"u8`.
    Utf8String(Arc<str>),
}

/// How a string is written; the value is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringForm {
    /// `"…"`.
    Regular,
    /// `@"…"`.
    Verbatim,
    /// `"""…"""`.
    Raw,
}

/// Suffix of a whole number, in any case and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSuffix {
    /// None.
    None,
    /// `u`.
    U,
    /// `l`.
    L,
    /// `ul`.
    UL,
}

/// Type of a real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealSuffix {
    /// None, or `d`.
    Double,
    /// `f`.
    Float,
    /// `m`.
    Decimal,
}

/// `$"…"`, `$@"…"`, `$"""…"""`.
#[derive(Clone, Debug, PartialEq)]
pub struct InterpolatedString {
    /// Texts and holes in order; texts are not empty and no two stand side by side.
    pub parts: Vec<InterpolatedPart>,
    /// How it is written.
    pub form: StringForm,
}

/// A piece of an interpolated string.
#[derive(Clone, Debug, PartialEq)]
pub enum InterpolatedPart {
    /// Text, escapes and doubled braces resolved.
    Text(Arc<str>),
    /// `{value,alignment:format}`.
    Hole {
        /// The expression.
        value: Expr,
        /// What stands after `,`: a constant whole number.
        alignment: Option<Expr>,
        /// What stands after `:`, escapes resolved.
        format: Option<Arc<str>>,
        /// Braces included.
        span: Span,
    },
}
