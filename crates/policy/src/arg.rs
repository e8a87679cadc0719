//! Attribute values and element texts after compilation: a literal already read into its type, or an expression.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use apimite_expr::Value;

use crate::code::Code;
use crate::exchange::Exchange;
use crate::fault::{EXPRESSION_FAILED, Fault};

/// Text.
#[derive(Clone)]
pub enum TextArg {
    /// A literal.
    Literal(Arc<str>),
    /// An expression whose result is written as text.
    Code(Code),
}

impl TextArg {
    /// A literal.
    pub fn literal(text: impl Into<Arc<str>>) -> Self {
        Self::Literal(text.into())
    }

    /// The text for this exchange.
    ///
    /// # Errors
    /// A fault when the expression throws.
    pub fn get<'e>(&'e self, exchange: &'e Exchange) -> Result<Cow<'e, str>, Fault> {
        match self {
            Self::Literal(text) => Ok(Cow::Borrowed(text)),
            Self::Code(code) => code.text(exchange),
        }
    }

    /// The literal, when it is one.
    pub fn as_literal(&self) -> Option<&Arc<str>> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Code(_) => None,
        }
    }
}

/// A value that keeps its .NET type; a literal is a string.
#[derive(Clone)]
pub enum ValueArg {
    /// A literal.
    Literal(Value),
    /// An expression.
    Code(Code),
}

impl ValueArg {
    /// The value for this exchange.
    ///
    /// # Errors
    /// A fault when the expression throws.
    pub fn get(&self, exchange: &Exchange) -> Result<Value, Fault> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Code(code) => code.value(exchange),
        }
    }
}

macro_rules! typed {
    ($(#[$doc:meta])* $name:ident, $type:ty, $read:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub enum $name {
            /// A literal.
            Literal($type),
            /// An expression.
            Code(Code),
        }

        impl $name {
            /// The value for this exchange.
            ///
            /// # Errors
            /// A fault when the expression throws or its result is of another kind.
            pub fn get(&self, exchange: &Exchange) -> Result<$type, Fault> {
                match self {
                    Self::Literal(value) => Ok(*value),
                    Self::Code(code) => $read(code, exchange),
                }
            }

            /// The literal, when it is one.
            pub const fn as_literal(&self) -> Option<$type> {
                match self {
                    Self::Literal(value) => Some(*value),
                    Self::Code(_) => None,
                }
            }
        }
    };
}

typed!(
    /// True or false.
    BoolArg, bool, read_bool
);
typed!(
    /// A whole number.
    IntArg, i64, read_int
);
typed!(
    /// A number.
    NumberArg, f64, read_number
);
typed!(
    /// A length of time, written in seconds.
    SecondsArg, Duration, read_seconds
);

fn mismatch(wanted: &str, found: &str) -> Fault {
    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. The result `{found}` is not {wanted}."))
}

fn read_bool(code: &Code, exchange: &Exchange) -> Result<bool, Fault> {
    code.boolean(exchange)
}

fn read_int(code: &Code, exchange: &Exchange) -> Result<i64, Fault> {
    let text = code.text(exchange)?;
    text.trim().parse().map_err(|_| mismatch("a whole number", &text))
}

fn read_number(code: &Code, exchange: &Exchange) -> Result<f64, Fault> {
    let text = code.text(exchange)?;
    text.trim().parse().map_err(|_| mismatch("a number", &text))
}

fn read_seconds(code: &Code, exchange: &Exchange) -> Result<Duration, Fault> {
    let text = code.text(exchange)?;
    seconds(&text).ok_or_else(|| mismatch("a number of seconds", &text))
}

/// Seconds from text: whole or with a fraction, not negative, at most a hundred years.
pub fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && (0.0..=3.2e9).contains(&number)).then(|| Duration::from_secs_f64(number))
}
