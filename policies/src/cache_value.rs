//! `cache-value`: a value from the cache, or made by the policies inside, with a guard against stampedes.
//!
//! A value that is missing is made by one caller while the others wait for it; one that has to be refreshed is refreshed by
//! one caller while the others get the old one.
//!
//! Source: the policy toolkit's documentation of the element; it has no page of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::{SecondsArg, TextArg, ValueArg};
use apimite_policy::compile::Compile;
use apimite_policy::context;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;
use futures_util::lock::{Mutex, OwnedMutexGuard};

use crate::cache_values::{CACHING_TYPE, Where};

/// How long a value lives when nothing is said.
///
/// Source: policy toolkit, 8 hours.
const LIFE: Duration = Duration::from_secs(28_800);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("key", Kind::Text).required(),
        Attr::new("variable-name", Kind::Text).required().literal(),
        Attr::new("expires-after", Kind::Seconds),
        Attr::new("refresh-after", Kind::Seconds),
        Attr::new("default-value", Kind::Text),
        CACHING_TYPE,
    ],
    content: Content::Elements { children: &[Child::one("value", &[], Content::Policies)], ordered: true },
    differences: &[
        "the guard holds inside one gateway; several gateways with one external cache each make the value once",
        "an external cache keeps the text of the value",
    ],
    schema_only: true,
    ..PolicyDef::new("cache-value", "A value from the cache, or made by the policies inside.", compile)
};

struct CacheValue {
    key: TextArg,
    variable: Arc<str>,
    expires: Option<SecondsArg>,
    refresh: Option<SecondsArg>,
    default: Option<ValueArg>,
    place: Where,
    block: Block,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "key");
    let expires = cx.optional_seconds(element, "expires-after");
    let refresh = cx.optional_seconds(element, "refresh-after");
    let default = element.attr("default-value").map(|text| cx.value_arg(text)).transpose();
    let block = Compile::child(element, "value").map(|child| cx.branch(child, "value")).unwrap_or_default();
    Ok(StepKind::io(CacheValue {
        key: key?,
        variable: cx.literal(element, "variable-name").unwrap_or_default().into(),
        expires: expires?,
        refresh: refresh?,
        default: default?,
        place: Where::read(element, cx),
        block,
    }))
}

/// A kept value, and since when.
#[derive(Clone)]
struct Kept {
    value: Value,
    since: Timestamp,
}

/// Who is making which value.
#[derive(Default)]
struct Makers(parking_lot::Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Makers {
    fn of(&self, key: &str) -> Arc<Mutex<()>> {
        let mut all = self.0.lock();
        // Nobody waits for a lock that is held here only.
        if all.len() > 1024 {
            all.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        all.entry(key.to_owned()).or_default().clone()
    }
}

impl CacheValue {
    async fn look_up(&self, key: &str, env: &Env) -> Result<Option<Kept>, Fault> {
        let Some(external) = self.place.external(env)? else {
            return Ok(env.cache.get::<Kept>(key).map(|kept| (*kept).clone()));
        };
        let Ok(Some(bytes)) = external.get(key).await else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        let kept = text.split_once('\n').and_then(|(since, value)| {
            Some(Kept { value: Value::from(value.to_owned()), since: Timestamp(since.parse().ok()?) })
        });
        Ok(kept)
    }

    async fn keep(&self, key: &str, kept: Kept, life: Duration, env: &Env) -> Result<(), Fault> {
        let text = context::to_text(&kept.value)?;
        match self.place.external(env)? {
            Some(external) => drop(external.put(key, format!("{}\n{text}", kept.since.0).into(), life).await),
            None => env.cache.put(key, Arc::new(kept), text.len(), life),
        }
        Ok(())
    }

    /// Runs the policies inside and keeps what they put into the variable.
    async fn make(&self, key: &str, old: Option<&Kept>, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let before = exchange.variables.get(&self.variable).cloned();
        exchange.variables.remove(&self.variable);
        let outcome = run_block(&self.block, exchange, env).await;
        match exchange.variables.get(&self.variable).filter(|value| !value.is_null()).cloned() {
            Some(value) if outcome.is_ok() => {
                // Read after the block, which may set variables for it.
                let life = self.expires.as_ref().map(|arg| arg.get(exchange)).transpose()?.unwrap_or(LIFE);
                self.keep(key, Kept { value, since: env.clock.now() }, life, env).await?;
                return outcome;
            }
            _ => {}
        }
        let fallback = match (old, &self.default) {
            (Some(kept), _) => Some(kept.value.clone()),
            (None, Some(default)) => Some(default.get(exchange)?),
            (None, None) => before,
        };
        match fallback {
            Some(value) => {
                exchange.variables.set(&self.variable, value);
                // An old value or a default stands in for what failed.
                Ok(outcome.unwrap_or(Flow::Next))
            }
            None => outcome,
        }
    }
}

impl Io for CacheValue {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = format!("cache-value:{}", self.key.get(exchange)?);
            let life = self.expires.as_ref().map(|arg| arg.get(exchange)).transpose()?.unwrap_or(LIFE);
            let refresh = self.refresh.as_ref().map(|arg| arg.get(exchange)).transpose()?.unwrap_or(life);
            let fresh = |kept: &Kept| !refresh.is_zero() && env.clock.now() < kept.since + refresh;
            let mut kept = self.look_up(&key, env).await?;
            let lock = env.shared.get_or_make(Makers::default).of(&key);
            let mut guard: Option<OwnedMutexGuard<()>> = None;
            if !kept.as_ref().is_some_and(fresh) {
                guard = lock.try_lock_owned();
                if guard.is_none() && kept.is_none() {
                    // Somebody makes it: wait, then look again.
                    let waited = env.shared.get_or_make(Makers::default).of(&key).lock_owned().await;
                    kept = self.look_up(&key, env).await?;
                    guard = kept.is_none().then_some(waited);
                }
            }
            let outcome = match (&guard, &kept) {
                (None, Some(kept)) => {
                    exchange.variables.set(&self.variable, kept.value.clone());
                    Ok(Flow::Next)
                }
                _ => self.make(&key, kept.as_ref(), exchange, env).await,
            };
            drop(guard);
            outcome
        })
    }
}
