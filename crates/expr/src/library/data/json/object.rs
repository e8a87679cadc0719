//! A token as a value of the engine.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_dotnet::json::{JToken, Scalar};

use super::content::{scalar_of, value_of};
use super::{container, sequence, value};
use crate::library::rows::Args;
use crate::library::typedef::TypeDef;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// A `JToken`.
pub struct Token(pub JToken);

/// A token as a value.
pub fn token_value(token: JToken) -> Value {
    Value::object(Token(token))
}

/// A token or null.
pub(super) fn maybe(token: Option<JToken>) -> Value {
    token.map_or(Value::Null, token_value)
}

/// The token in argument `index`; null gives none.
pub(super) fn token<'v>(a: &'v Args<'_>, index: usize) -> Option<&'v JToken> {
    a.get(index).downcast::<Token>().map(|token| &token.0)
}

/// The receiver.
pub(super) fn this<'v>(a: &'v Args<'_>) -> Result<&'v JToken, Thrown> {
    a.obj::<Token>(0).map(|token| &token.0)
}

fn def_of(token: &JToken) -> &'static TypeDef {
    match token.class() {
        "JObject" => &container::JOBJECT,
        "JArray" => &container::JARRAY,
        "JProperty" => &container::JPROPERTY,
        "JConstructor" => &container::JCONSTRUCTOR,
        "JRaw" => &value::JRAW,
        _ => &value::JVALUE,
    }
}

impl Object for Token {
    fn type_of(&self) -> Type {
        Type::of(def_of(&self.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn identity(&self) -> Option<(usize, u32)> {
        Some(self.0.identity())
    }

    fn to_text(&self, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(match self.0.scalar() {
            // The engine knows which .NET generation the text of a number follows.
            Some(scalar @ (Scalar::Double(_) | Scalar::Single(_))) => cx.to_text(&value_of(&scalar)),
            _ => Ok(Str::new(&self.0.to_text())),
        })
    }

    fn format(&self, format: &str, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        let scalar = self.0.scalar()?;
        let value = value_of(&scalar);
        match cx.format(&value, format) {
            Ok(Some(text)) => Some(Ok(text)),
            Ok(None) => Some(Ok(Str::new(&self.0.to_text()))),
            Err(thrown) => Some(Err(thrown)),
        }
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| self.0.equals(&other.0))))
    }

    fn hash(&self, cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(match self.0.scalar() {
            Some(scalar) if scalar.is_null() => Ok(0),
            // Equal values of one token type have one text, whatever they were boxed as.
            Some(scalar) => cx.hash(&Value::Str(Str::new(&scalar.to_text()))),
            None => {
                let (doc, node) = self.0.identity();
                Ok((doc as u64).wrapping_mul(31).wrapping_add(u64::from(node)))
            }
        })
    }

    fn compare(&self, other: &Value, cx: &mut Cx<'_>) -> Option<Result<Ordering, Thrown>> {
        self.0.scalar()?;
        let other = match other.downcast::<Self>() {
            Some(other) => other.0.scalar()?,
            None => match scalar_of(cx, other) {
                Ok(scalar) => scalar,
                Err(thrown) => return Some(Err(thrown)),
            },
        };
        Some(self.0.compare_to(&other))
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(sequence::children_of(self.0.clone(), false)))
    }
}
