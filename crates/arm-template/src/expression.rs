//! Reads an expression and evaluates it on the way.

use serde_json::Value;

use crate::{Names, functions};

/// How deep calls may nest, values within values included.
pub const MAX_DEPTH: usize = 64;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is wrong.
    Wrong(String),
    /// It asks a resource that is not there (yet).
    NotYet(String),
}

impl From<String> for Failed {
    fn from(text: String) -> Self {
        Self::Wrong(text)
    }
}

impl From<&str> for Failed {
    fn from(text: &str) -> Self {
        Self::Wrong(text.to_owned())
    }
}

impl Failed {
    /// In words.
    pub fn text(&self) -> &str {
        match self {
            Self::Wrong(text) | Self::NotYet(text) => text,
        }
    }
}

/// A value, or why there is none.
pub type Result<T> = std::result::Result<T, Failed>;

/// The expression inside a text, if it is one: `[…]`, but not `[[…`.
pub fn inside(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then_some(inner)
}

/// Evaluates the text between the brackets; `depth` is how deep evaluation is already.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn evaluate(source: &str, scope: &dyn Names, depth: usize) -> Result<Value> {
    let mut parser = Parser { text: source, at: 0, scope };
    let value = parser.expression(depth)?;
    parser.blank();
    if parser.at < source.len() {
        return Err(format!("`{}` is not understood", &source[parser.at..]).into());
    }
    Ok(value)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    scope: &'t dyn Names,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blank();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expression(&mut self, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err("the expression nests too deep".into());
        }
        self.blank();
        let mut value = match self.peek() {
            Some(b'\'') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.call(depth)?,
            _ => return Err(format!("`{}` is not understood", self.rest()).into()),
        };
        loop {
            if self.take(b'.') {
                self.take(b'?');
                let name = self.name();
                value = functions::member(&value, &name)?;
            } else if self.take(b'[') {
                let index = self.expression(depth + 1)?;
                if !self.take(b']') {
                    return Err("`]` is missing".into());
                }
                value = match &index {
                    Value::String(name) => functions::member(&value, name)?,
                    _ => {
                        let item = index.as_u64().and_then(|at| usize::try_from(at).ok()).and_then(|at| value.get(at));
                        item.cloned().ok_or_else(|| Failed::from(format!("the list has no element {index}")))?
                    }
                };
            } else {
                return Ok(value);
            }
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#')).count();
        let name = rest[..length].to_owned();
        self.at += length;
        name
    }

    fn number(&mut self) -> Result<Value> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'.')).count();
        let number =
            serde_json::from_str(&rest[..length]).map_err(|_| format!("`{}` is no number", &rest[..length]))?;
        self.at += length;
        Ok(number)
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(quote) = rest.find('\'') else { return Err("text without a closing quote".into()) };
            out.push_str(&rest[..quote]);
            self.at += quote + 1;
            if self.peek() != Some(b'\'') {
                return Ok(out);
            }
            out.push('\'');
            self.at += 1;
        }
    }

    fn call(&mut self, depth: usize) -> Result<Value> {
        let name = self.name();
        if !self.take(b'(') {
            return Err(format!("`{name}` is not understood").into());
        }
        let mut arguments = Vec::new();
        if !self.take(b')') {
            loop {
                // A branch of `if` that fails, fails it only when it is chosen.
                arguments.push(self.argument(depth + 1)?);
                if self.take(b',') {
                    continue;
                }
                if self.take(b')') {
                    break;
                }
                return Err(format!("`)` of `{name}` is missing").into());
            }
        }
        functions::call(&name, arguments, self.scope, depth)
    }

    fn argument(&mut self, depth: usize) -> Result<Result<Value>> {
        let start = self.at;
        match self.expression(depth) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => {
                self.at = start;
                self.skip()?;
                Ok(Err(error))
            }
        }
    }

    fn skip(&mut self) -> Result<()> {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' => {
                    self.string()?;
                    continue;
                }
                b'(' | b'[' => open += 1,
                b')' | b']' if open > 0 => open -= 1,
                b')' | b',' if open == 0 => return Ok(()),
                _ => {}
            }
            self.at += 1;
        }
        Err("`)` is missing".into())
    }
}
