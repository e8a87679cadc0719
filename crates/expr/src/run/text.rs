//! Text on its way through an expression: borrowed from the host where possible.

use crate::value::{Str, Value};

/// A `string` value (or `null`) that may be borrowed from the host, so that comparing allocates nothing.
#[derive(Clone, Debug)]
pub enum Text<'h> {
    /// `null`
    Null,
    /// The embedder's own text.
    Host(&'h str),
    /// A text of ours.
    Own(Str),
}

impl Text<'_> {
    /// The text; `None` for `null`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Text::Null => None,
            Text::Host(text) => Some(text),
            Text::Own(text) => Some(text),
        }
    }

    /// The value, copied out of the host.
    pub fn into_value(self) -> Value {
        match self {
            Text::Null => Value::Null,
            Text::Host(text) => Value::Str(Str::new(text)),
            Text::Own(text) => Value::Str(text),
        }
    }
}

impl From<Str> for Text<'_> {
    fn from(text: Str) -> Self {
        Text::Own(text)
    }
}

impl<'h> From<&'h str> for Text<'h> {
    fn from(text: &'h str) -> Self {
        Text::Host(text)
    }
}

impl<'h> From<Option<&'h str>> for Text<'h> {
    fn from(text: Option<&'h str>) -> Self {
        text.map_or(Text::Null, Text::Host)
    }
}
