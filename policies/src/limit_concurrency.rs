//! `limit-concurrency`: lets at most so many requests into its policies at a time; the next is refused at once.
//!
//! Known difference: the body of Azure's 429 is not documented; ours says `Too many requests`.
//!
//! Source: limit-concurrency policy reference.

use apimite_counters::{CounterKey, Kind as CounterKind, LazyMeter};
use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;
use http::StatusCode;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("key", Kind::Text).required(),
        Attr::new("max-count", Kind::Int(1, i64::MAX)).required().literal(),
    ],
    content: Content::Policies,
    raises: &["ConcurrencyLimitExceeded"],
    differences: &["the text of the 429 is not documented by Azure; it is `Too many requests` here"],
    ..PolicyDef::new("limit-concurrency", "Lets at most so many requests into its policies at a time.", compile)
};

struct LimitConcurrency {
    key: TextArg,
    most: u32,
    block: Block,
    meter: LazyMeter,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "key");
    let most = cx.literal(element, "max-count").and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
    let block = cx.block(element);
    let meter = LazyMeter::new(CounterKind::Concurrency, &cx.place(element));
    Ok(StepKind::io(LimitConcurrency { key: key?, most, block, meter }))
}

impl Io for LimitConcurrency {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = CounterKey::new(CounterKind::Concurrency, "", &self.key.get(exchange)?);
            let slot = env.counters.acquire(&key, self.most);
            self.meter.of(&env.counters).note_slot(slot.is_some(), env.clock.now());
            let Some(_slot) = slot else {
                return Err(Fault::refused(
                    StatusCode::TOO_MANY_REQUESTS,
                    "ConcurrencyLimitExceeded",
                    "Too many requests",
                ));
            };
            run_block(&self.block, exchange, env).await
        })
    }
}
