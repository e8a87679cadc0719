//! Sequences of tokens: children as they are being read, and lists of tokens that were found.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::json::{JToken, JTokenType};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::object::token_value;
use crate::library::core::tuples::pair;
use crate::library::rows::p;
use crate::library::typedef::{TypeDef, interface, structure};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// The children of a token, one after the other; a change of their number is noticed.
struct Walk {
    of: JToken,
    at: usize,
    count: usize,
    /// As `KeyValuePair<string, JToken>`.
    pairs: bool,
}

/// Reads the children of a token, of an object as pairs if asked for.
pub(super) fn children_of(of: JToken, pairs: bool) -> Each {
    let count = of.count();
    Box::new(Walk { of, at: 0, count, pairs })
}

/// `KeyValuePair<string, JToken>`
pub(super) fn entry(name: &str, value: Value) -> Value {
    pair(&[Type::string(), Type::of(&super::token::JTOKEN)], Value::from(name.to_owned()), value)
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        if self.of.count() != self.count && self.of.kind() != JTokenType::Property {
            return Err(Exception::new(
                ExceptionKind::InvalidOperation,
                "Collection was modified; enumeration operation may not execute.",
            ));
        }
        let Some(child) = self.of.child(self.at) else { return Ok(None) };
        self.at += 1;
        Ok(Some(if self.pairs {
            entry(&child.name(), child.property_value().map_or(Value::Null, token_value))
        } else {
            token_value(child)
        }))
    }
}

/// Everything below a token, each container before what it holds; a change of a container that is being read is noticed.
struct Down {
    first: Option<JToken>,
    open: Vec<Walk>,
}

impl Enumerator for Down {
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        if let Some(first) = self.first.take() {
            return Ok(Some(token_value(first)));
        }
        while let Some(walk) = self.open.last_mut() {
            cx.step()?;
            let Some(found) = walk.next(cx)? else {
                self.open.pop();
                continue;
            };
            if let Some(token) = found.downcast::<super::object::Token>().filter(|token| token.0.is_container()) {
                let of = token.0.clone();
                // What it holds is counted when reading it begins: at the next step.
                self.open.push(Walk { count: of.count(), of, at: 0, pairs: false });
            }
            return Ok(Some(found));
        }
        Ok(None)
    }
}

/// `Descendants()` and `DescendantsAndSelf()`.
pub(super) fn descendants(of: &JToken, with_self: bool) -> Value {
    let of = of.clone();
    crate::library::core::linq::lazy(Type::of(&super::token::JTOKEN), move |_| {
        let walk = Walk { count: of.count(), of: of.clone(), at: 0, pairs: false };
        Ok(Box::new(Down { first: with_self.then(|| of.clone()), open: vec![walk] }))
    })
}

enum Source {
    Children(JToken),
    Found(Vec<Value>),
}

/// A sequence that a member gave.
pub struct Tokens {
    ty: Type,
    internal: bool,
    source: Source,
}

/// An `IEnumerable<element>` of values.
pub(super) fn found(element: Type, items: Vec<Value>) -> Value {
    Value::object(Tokens { ty: Type::enumerable(element), internal: true, source: Source::Found(items) })
}

/// An `IEnumerable<element>` of tokens.
pub(super) fn tokens(def: &'static TypeDef, items: Vec<JToken>) -> Value {
    found(Type::of(def), items.into_iter().map(token_value).collect())
}

/// An `IEnumerable<element>` of the children.
pub(super) fn lazy(def: &'static TypeDef, of: JToken) -> Value {
    Value::object(Tokens { ty: Type::enumerable(Type::of(def)), internal: true, source: Source::Children(of) })
}

/// `JEnumerable<JToken>` of the children.
pub(super) fn jenumerable(of: JToken) -> Value {
    let ty = Type::generic(&JENUMERABLE, &[Type::of(&super::token::JTOKEN)]);
    Value::object(Tokens { ty, internal: false, source: Source::Children(of) })
}

/// `IJEnumerable<JToken>` of tokens.
pub(super) fn found_tokens(items: Vec<JToken>) -> Value {
    let ty = Type::generic(&IJENUMERABLE, &[Type::of(&super::token::JTOKEN)]);
    let items = items.into_iter().map(token_value).collect();
    Value::object(Tokens { ty, internal: true, source: Source::Found(items) })
}

impl Object for Tokens {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_internal(&self) -> bool {
        self.internal
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(match &self.source {
            Source::Children(of) => children_of(of.clone(), false),
            Source::Found(items) => Box::new(Items { items: items.clone().into_iter() }),
        }))
    }
}

struct Items {
    items: std::vec::IntoIter<Value>,
}

impl Enumerator for Items {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        Ok(self.items.next())
    }
}

/// `Newtonsoft.Json.Linq.IJEnumerable<T>`
pub static IJENUMERABLE: TypeDef = interface("Newtonsoft.Json.Linq.IJEnumerable<out T>")
    .implements("IEnumerable<T>")
    .rows(&[&[p("IJEnumerable<JToken> this[object key]", |cx, a| {
        super::extensions::values_by_key(cx, a.get(0), a.get(1))
    })]])
    .def();

/// `Newtonsoft.Json.Linq.JEnumerable<T>`
pub static JENUMERABLE: TypeDef = structure("Newtonsoft.Json.Linq.JEnumerable<T>").implements("IJEnumerable<T>").def();
