//! Expressions: literals, ranges, and names with members.

use std::rc::Rc;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::value::Val;

/// An expression as it is written between filters, commas and operators.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// A literal.
    Literal(Literal),
    /// `(1..n)`
    Range(Box<(Self, Self)>),
    /// `a.b["c"]`
    Path(Arc<[Part]>),
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Nil,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(Arc<str>),
    /// Equal to everything without items.
    Empty,
    /// Equal to everything that shows nothing.
    Blank,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// `.name`, or the name at the beginning.
    Name(Arc<str>),
    /// `[expression]`
    Index(Expr),
}

impl Literal {
    pub(crate) fn value(&self) -> Val {
        match self {
            Self::Nil => Val::Nil,
            Self::Bool(flag) => Val::Bool(*flag),
            Self::Int(number) => Val::Int(*number),
            Self::Decimal(number) => Val::Decimal(*number),
            Self::Text(text) => Val::Text(Rc::from(&**text)),
            Self::Empty => Val::Empty,
            Self::Blank => Val::Blank,
        }
    }
}

/// Deepest nesting of `[…]` and `(…)`.
const MAX_DEPTH: usize = 32;

impl Expr {
    /// Reads an expression; what cannot be read is nil, as it is in DotLiquid.
    pub(crate) fn read(text: &str) -> Self {
        read(text, 0)
    }

    /// The name at the beginning of a path.
    pub(crate) fn root(&self) -> Option<&str> {
        match self {
            Self::Path(parts) => match parts.first() {
                Some(Part::Name(name)) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Every name at the beginning of a path in this expression.
    pub(crate) fn roots(&self, found: &mut impl FnMut(&str)) {
        match self {
            Self::Literal(_) => {}
            Self::Range(ends) => {
                ends.0.roots(found);
                ends.1.roots(found);
            }
            Self::Path(parts) => {
                if let Some(name) = self.root() {
                    found(name);
                }
                for part in parts.iter() {
                    if let Part::Index(inner) = part {
                        inner.roots(found);
                    }
                }
            }
        }
    }
}

fn read(text: &str, depth: usize) -> Expr {
    let text = text.trim();
    let nil = Expr::Literal(Literal::Nil);
    if depth > MAX_DEPTH {
        return nil;
    }
    match text {
        "" | "nil" | "null" => return nil,
        "true" => return Expr::Literal(Literal::Bool(true)),
        "false" => return Expr::Literal(Literal::Bool(false)),
        "empty" => return Expr::Literal(Literal::Empty),
        "blank" => return Expr::Literal(Literal::Blank),
        _ => {}
    }
    for quote in ['\'', '"'] {
        if let Some(rest) = text.strip_prefix(quote) {
            return match rest.strip_suffix(quote) {
                Some(inner) => Expr::Literal(Literal::Text(inner.into())),
                None => nil,
            };
        }
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return match inner.split_once("..") {
            Some((from, to)) => Expr::Range(Box::new((read(from, depth + 1), read(to, depth + 1)))),
            None => nil,
        };
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-')) {
        if let Ok(number) = text.parse() {
            return Expr::Literal(Literal::Int(number));
        }
        if let Ok(number) = text.parse() {
            return Expr::Literal(Literal::Decimal(number));
        }
    }
    path(text, depth).map_or(nil, |parts| Expr::Path(parts.into()))
}

/// The end of a `[…]` that begins the text, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut open, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(mark), c) if mark == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => open += 1,
            (None, ']') => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn path(text: &str, depth: usize) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with('[') {
            let end = closing(rest)?;
            parts.push(Part::Index(read(rest.get(1..end)?, depth + 1)));
            rest = rest.get(end + 1..)?;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let name = rest.get(..end)?;
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '?')) {
                return None;
            }
            parts.push(Part::Name(name.into()));
            rest = rest.get(end..)?;
        }
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
        }
    }
    Some(parts)
}
