//! `rate-limit`: at most so many calls per period for each subscription; children limit single APIs and operations.
//!
//! Counts are per subscription and per scope: product, API and operation limits are separate counters and each must pass. A call
//! without a subscription key is not limited.
//!
//! Source: rate-limit policy reference; 429 text and `Retry-After` as captured.

use std::time::Duration;

use apimite_counters::{CounterKey, Kind as CounterKind, LazyMeter, RateLimit};
use apimite_document::Element;
use apimite_model::Scope;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Occurs, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::limit::{Report, Target, exceeded, owner, rate_limit};

const CALLS: Attr = Attr::new("calls", Kind::Int(1, i64::MAX)).required().literal();
const PERIOD: Attr = Attr::new("renewal-period", Kind::Int(1, i64::MAX)).required().literal();
const NAME: Attr = Attr::new("name", Kind::Text).literal();
const ID: Attr = Attr::new("id", Kind::Text).literal();
const RETRY_HEADER: Attr = Attr::new("retry-after-header-name", Kind::Text).default("Retry-After").literal();
const RETRY_VARIABLE: Attr = Attr::new("retry-after-variable-name", Kind::Text).literal();
const REMAINING_HEADER: Attr = Attr::new("remaining-calls-header-name", Kind::Text).literal();
const REMAINING_VARIABLE: Attr = Attr::new("remaining-calls-variable-name", Kind::Text).literal();
const TOTAL_HEADER: Attr = Attr::new("total-calls-header-name", Kind::Text).literal();
const CHILD: &[Attr] =
    &[NAME, ID, CALLS, PERIOD, RETRY_HEADER, RETRY_VARIABLE, REMAINING_HEADER, REMAINING_VARIABLE, TOTAL_HEADER];
const OPERATION: Child = Child::many("operation", CHILD, Content::Empty);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: Scopes::PRODUCT.and(Scopes::API).and(Scopes::OPERATION),
    occurs: Occurs::OncePerDocument,
    attributes: &[CALLS, PERIOD, RETRY_HEADER, RETRY_VARIABLE, REMAINING_HEADER, REMAINING_VARIABLE, TOTAL_HEADER],
    content: Content::Elements {
        children: &[Child::many("api", CHILD, Content::Elements { children: &[OPERATION], ordered: false }), OPERATION],
        ordered: false,
    },
    raises: &["RateLimitExceeded"],
    differences: &["a `renewal-period` above the documented 300 seconds is accepted, because real documents use one"],
    ..PolicyDef::new("rate-limit", "Admits so many calls per period for each subscription.", compile)
};

struct Rate {
    scope: Scope,
    limits: Vec<Limit>,
}

struct Limit {
    target: Target,
    calls: u32,
    period: Duration,
    report: Report,
    meter: LazyMeter,
}

fn read(element: &Element, target: Target, cx: &mut Compile<'_>) -> Result<Limit, Refused> {
    let number = |name: &str| cx.literal(element, name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let calls = u32::try_from(number("calls")).unwrap_or(u32::MAX);
    let period = Duration::from_secs(number("renewal-period"));
    let meter = LazyMeter::new(CounterKind::RateLimit, &cx.place(element));
    Ok(Limit { target, calls, period, report: Report::read(element, cx)?, meter })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut limits = vec![read(element, Target::Everything, cx)?];
    for child in element.elements() {
        let target = Target::read(child, None, cx)?;
        if &*child.name == "api" {
            for inner in Compile::children(child, "operation") {
                let inner_target = Target::read(inner, Some(&target), cx)?;
                limits.push(read(inner, inner_target, cx)?);
            }
        }
        limits.push(read(child, target, cx)?);
    }
    Ok(StepKind::io(Rate { scope: cx.scope(), limits }))
}

impl Io for Rate {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let Some((subscription, _)) = exchange.caller.subscription.clone() else { return Ok(Flow::Next) };
            let now = env.clock.now();
            for limit in &self.limits {
                if !limit.target.fits(exchange) {
                    continue;
                }
                let owner = format!("{}/{}", owner(self.scope, exchange), limit.target.label());
                let key = CounterKey::new(CounterKind::RateLimit, &owner, &subscription.id);
                let rate: RateLimit = rate_limit(&exchange.service, limit.calls, limit.period);
                let decision = env.counters.check_rate(&key, rate, 1, now).await;
                limit.meter.of(&env.counters).note_rate(&decision, now);
                limit.report.write(exchange, &decision, u64::from(limit.calls));
                if !decision.admitted {
                    return Err(exceeded(&limit.report, &decision));
                }
            }
            Ok(Flow::Next)
        })
    }
}
