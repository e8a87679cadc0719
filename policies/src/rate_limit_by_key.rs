//! `rate-limit-by-key`: at most so many calls per period for each value of a key.
//!
//! One counter per key value for the whole service. Sliding window on classic tiers, token bucket on v2 tiers. With an expression
//! in `increment-condition` or `increment-count` the count is taken after the response and the test happens at the next call.
//!
//! Source: rate-limit-by-key policy reference; 429 text and `Retry-After` as captured.

use std::time::Duration;

use apimite_counters::{CounterKey, Kind as CounterKind, LazyMeter, RateLimit};
use apimite_document::Element;
use apimite_policy::arg::{IntArg, SecondsArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Gateways, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::limit::{Increment, Report, exceeded, rate_limit};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    gateways: Gateways::ALL.without(Gateways::CONSUMPTION),
    attributes: &[
        Attr::new("calls", Kind::Int(1, i64::MAX)).required(),
        Attr::new("renewal-period", Kind::Int(1, i64::MAX)).required(),
        Attr::new("counter-key", Kind::Text).required(),
        Attr::new("increment-condition", Kind::Bool),
        Attr::new("increment-count", Kind::Int(0, i64::MAX)).default("1"),
        Attr::new("increment-after-response", Kind::Bool).literal(),
        Attr::new("flexible-retry-window", Kind::Bool)
            .not_applicable("published in the schema only, without a description"),
        Attr::new("retry-after-header-name", Kind::Text).default("Retry-After").literal(),
        Attr::new("retry-after-variable-name", Kind::Text).literal(),
        Attr::new("remaining-calls-header-name", Kind::Text).literal(),
        Attr::new("remaining-calls-variable-name", Kind::Text).literal(),
        Attr::new("total-calls-header-name", Kind::Text).literal(),
    ],
    raises: &["RateLimitExceeded"],
    differences: &["a `renewal-period` above the documented 300 seconds is accepted, because real documents use one"],
    ..PolicyDef::new("rate-limit-by-key", "Admits so many calls per period for each value of a key.", compile)
};

struct RateLimitByKey {
    calls: IntArg,
    period: SecondsArg,
    key: TextArg,
    increment: Increment,
    report: Report,
    meter: LazyMeter,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let calls = cx.int(element, "calls");
    let period = cx.seconds(element, "renewal-period");
    let key = cx.text(element, "counter-key");
    let after = cx.boolean(element, "increment-after-response")?.as_literal() == Some(true);
    let increment = Increment::read(element, after, cx);
    Ok(StepKind::io(RateLimitByKey {
        calls: calls?,
        period: period?,
        key: key?,
        increment: increment?,
        report: Report::read(element, cx)?,
        meter: LazyMeter::new(CounterKind::RateLimitByKey, &cx.place(element)),
    }))
}

impl RateLimitByKey {
    fn limit(&self, exchange: &Exchange) -> Result<RateLimit, Fault> {
        let calls = u32::try_from(self.calls.get(exchange)?).unwrap_or(if self.calls.get(exchange)? < 0 {
            0
        } else {
            u32::MAX
        });
        let period: Duration = self.period.get(exchange)?;
        Ok(rate_limit(&exchange.service, calls, period))
    }
}

impl Io for RateLimitByKey {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let limit = self.limit(exchange)?;
            let key = CounterKey::new(CounterKind::RateLimitByKey, "", &self.key.get(exchange)?);
            let now = env.clock.now();
            let decision = match self.increment.now(exchange)? {
                0 => env.counters.peek_rate(&key, limit, now).await,
                count => env.counters.check_rate(&key, limit, count, now).await,
            };
            self.meter.of(&env.counters).note_rate(&decision, now);
            self.report.write(exchange, &decision, u64::from(limit.calls));
            if !decision.admitted {
                return Err(exceeded(&self.report, &decision));
            }
            self.increment
                .afterwards(exchange, move |env, count| env.counters.add_rate(&key, limit, count, env.clock.now()));
            Ok(Flow::Next)
        })
    }
}
