//! `cache-lookup-value`, `cache-store-value`, `cache-remove-value`: values kept between requests.
//!
//! The internal cache keeps any .NET value as it is; an external cache keeps its text. A stored value can be read at once.
//!
//! Source: the three policy references.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::{SecondsArg, TextArg, ValueArg};
use apimite_policy::compile::Compile;
use apimite_policy::context;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, StepKind};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

/// The attribute that says which cache is meant.
pub(crate) const CACHING_TYPE: Attr =
    Attr::new("caching-type", Kind::OneOf(&["internal", "external", "prefer-external"]))
        .default("prefer-external")
        .literal();

/// `cache-lookup-value`
pub static LOOKUP: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("key", Kind::Text).required(),
        Attr::new("variable-name", Kind::Text).required().literal(),
        Attr::new("default-value", Kind::Text),
        CACHING_TYPE,
    ],
    ..PolicyDef::new("cache-lookup-value", "Puts a kept value into a variable.", compile_lookup)
};

/// `cache-store-value`
pub static STORE: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("key", Kind::Text).required(),
        Attr::new("value", Kind::Text).required(),
        Attr::new("duration", Kind::Seconds).required(),
        CACHING_TYPE,
    ],
    ..PolicyDef::new("cache-store-value", "Keeps a value for a while.", compile_store)
};

/// `cache-remove-value`
pub static REMOVE: PolicyDef = PolicyDef {
    attributes: &[Attr::new("key", Kind::Text).required(), CACHING_TYPE],
    ..PolicyDef::new("cache-remove-value", "Forgets a kept value.", compile_remove)
};

/// Which cache a policy means.
#[derive(Clone, Copy)]
pub(crate) enum Where {
    Internal,
    External,
    Prefer,
}

impl Where {
    /// From `caching-type`.
    pub(crate) fn read(element: &Element, cx: &Compile<'_>) -> Self {
        match cx.literal(element, "caching-type").as_deref() {
            Some("internal") => Self::Internal,
            Some("external") => Self::External,
            _ => Self::Prefer,
        }
    }

    /// The external cache, when this policy uses it; a missing one is a fault only where it is demanded.
    pub(crate) fn external(self, env: &Env) -> Result<Option<Arc<dyn apimite_cache::External>>, Fault> {
        match (self, env.cache.external()) {
            (Self::Internal, _) | (Self::Prefer, None) => Ok(None),
            (_, Some(external)) => Ok(Some(Arc::clone(external))),
            (Self::External, None) => Err(Fault::internal("CacheNotFound", "External cache is not configured.")),
        }
    }
}

/// Keys of values live apart from keys of responses.
fn full(key: &str) -> String {
    format!("value:{key}")
}

struct Lookup {
    key: TextArg,
    variable: Arc<str>,
    default: Option<ValueArg>,
    place: Where,
}

fn compile_lookup(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "key")?;
    let default = element.attr("default-value").map(|text| cx.value_arg(text)).transpose()?;
    let variable = cx.literal(element, "variable-name").unwrap_or_default().into();
    Ok(StepKind::io(Lookup { key, variable, default, place: Where::read(element, cx) }))
}

impl Io for Lookup {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = full(&self.key.get(exchange)?);
            let found = match self.place.external(env)? {
                // A cache that does not answer is a miss: the policy never fails a request.
                Some(external) => match external.get(&key).await {
                    Ok(bytes) => bytes.map(|bytes| Value::from(String::from_utf8_lossy(&bytes).into_owned())),
                    Err(_) => None,
                },
                None => env.cache.get::<Value>(&key).map(|value| (*value).clone()),
            };
            let value = match (found, &self.default) {
                (Some(value), _) => Some(value),
                (None, Some(default)) => Some(default.get(exchange)?),
                (None, None) => None,
            };
            if let Some(value) = value {
                exchange.variables.set(&self.variable, value);
            }
            Ok(Flow::Next)
        })
    }
}

struct Store {
    key: TextArg,
    value: ValueArg,
    keep: SecondsArg,
    place: Where,
}

fn compile_store(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "key")?;
    let Some(value) = element.attr("value") else { return Err(Refused) };
    let value = cx.value_arg(value)?;
    let keep = cx.seconds(element, "duration")?;
    Ok(StepKind::io(Store { key, value, keep, place: Where::read(element, cx) }))
}

impl Io for Store {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = full(&self.key.get(exchange)?);
            let value = self.value.get(exchange)?;
            let keep = self.keep.get(exchange)?;
            if value.is_null() {
                return Err(Fault::internal(
                    EXPRESSION_FAILED,
                    "Expression evaluation failed. The value to store is null.",
                ));
            }
            let text = context::to_text(&value)?;
            match self.place.external(env)? {
                Some(external) => drop(external.put(&key, Bytes::from(text), keep).await),
                None => env.cache.put(&key, Arc::new(value), text.len(), keep),
            }
            Ok(Flow::Next)
        })
    }
}

struct Remove {
    key: TextArg,
    place: Where,
}

fn compile_remove(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "key")?;
    Ok(StepKind::io(Remove { key, place: Where::read(element, cx) }))
}

impl Io for Remove {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = full(&self.key.get(exchange)?);
            match self.place.external(env)? {
                Some(external) => drop(external.remove(&key).await),
                None => env.cache.remove(&key),
            }
            Ok(Flow::Next)
        })
    }
}
