//! Template expressions (`[concat(parameters('name'), '/orders')]`) of Azure Resource Manager.
//!
//! Source: "Template functions" of the Azure Resource Manager documentation. Functions that ask a deployed resource
//! (`reference`, `listKeys`) have no answer here.

use std::borrow::Cow;

use apimite_diag::Span;

use super::functions;
use super::scope::Scope;
use crate::tree::{Node, Value};

/// How deep calls may nest.
const MAX_DEPTH: usize = 64;

/// How many characters a value may grow to.
pub(super) const MAX_TEXT: usize = 8 * 1024 * 1024;

/// A value without a place.
pub(super) type Result<T> = std::result::Result<T, String>;

/// A node of a value made by an expression.
pub(super) fn node(value: Value<'static>) -> Node<'static> {
    Node { span: Span::default(), value }
}

/// A text node.
pub(super) fn text(text: impl Into<String>) -> Node<'static> {
    node(Value::Text(Cow::Owned(text.into())))
}

/// The expression inside a text, if it is one: `[…]`, but not `[[…`.
pub(super) fn inside(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then_some(inner)
}

/// Evaluates the text between the brackets.
pub(super) fn evaluate(source: &str, scope: &Scope<'_>, depth: usize) -> Result<Node<'static>> {
    let mut parser = Parser { text: source, at: 0, scope, depth };
    let value = parser.expression(0)?;
    parser.blank();
    if parser.at < source.len() {
        return Err(format!("`{}` is not understood", &source[parser.at..]));
    }
    Ok(value)
}

struct Parser<'t, 's, 'a> {
    text: &'t str,
    at: usize,
    scope: &'s Scope<'a>,
    /// How deep evaluation is already: a parameter may refer to a variable, and so on.
    depth: usize,
}

impl Parser<'_, '_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blank();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expression(&mut self, nested: usize) -> Result<Node<'static>> {
        if nested + self.depth > MAX_DEPTH {
            return Err("the expression nests too deep".to_owned());
        }
        self.blank();
        let mut value = match self.peek() {
            Some(b'\'') => text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.call(nested)?,
            _ => return Err(format!("`{}` is not understood", &self.text[self.at..])),
        };
        loop {
            if self.take(b'.') {
                let name = self.name();
                value = member(&value, &name)?;
            } else if self.take(b'[') {
                let index = self.expression(nested + 1)?;
                if !self.take(b']') {
                    return Err("`]` is missing".to_owned());
                }
                value = match index.text() {
                    Some(name) => member(&value, name)?,
                    None => {
                        let index = functions::whole(&index)?;
                        let item = usize::try_from(index).ok().and_then(|index| value.items().get(index).cloned());
                        item.ok_or_else(|| format!("the list has no element {index}"))?
                    }
                };
            } else {
                return Ok(value);
            }
        }
    }

    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#')).count();
        self.at += length;
        rest[..length].to_owned()
    }

    fn number(&mut self) -> Node<'static> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'.')).count();
        self.at += length;
        node(Value::Number(Cow::Owned(rest[..length].to_owned())))
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(quote) = rest.find('\'') else { return Err("text without a closing quote".to_owned()) };
            out.push_str(&rest[..quote]);
            self.at += quote + 1;
            if self.peek() != Some(b'\'') {
                return Ok(out);
            }
            out.push('\'');
            self.at += 1;
        }
    }

    fn call(&mut self, nested: usize) -> Result<Node<'static>> {
        let name = self.name();
        if !self.take(b'(') {
            return Err(format!("`{name}` is not understood"));
        }
        let mut arguments = Vec::new();
        if !self.take(b')') {
            loop {
                // `if`, `coalesce` and the like are evaluated whole; a branch that fails fails them only when chosen.
                arguments.push(self.argument(nested + 1)?);
                if self.take(b',') {
                    continue;
                }
                if self.take(b')') {
                    break;
                }
                return Err(format!("`)` of `{name}` is missing"));
            }
        }
        functions::call(&name, arguments, self.scope, self.depth + nested)
    }

    /// An argument; one that cannot be evaluated is kept as a failure until somebody needs it.
    fn argument(&mut self, nested: usize) -> Result<Result<Node<'static>>> {
        let start = self.at;
        match self.expression(nested) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => {
                self.at = start;
                self.skip_argument()?;
                Ok(Err(error))
            }
        }
    }

    fn skip_argument(&mut self) -> Result<()> {
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
        Err("`)` is missing".to_owned())
    }
}

fn member(value: &Node<'static>, name: &str) -> Result<Node<'static>> {
    let found = value.members().iter().find(|member| member.key.eq_ignore_ascii_case(name));
    found.map(|member| member.node.clone()).ok_or_else(|| format!("there is no member `{name}`"))
}
