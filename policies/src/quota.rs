//! `quota`: calls or kilobytes per fixed period for each subscription; children limit single APIs and operations.
//!
//! Periods are anchored at the subscription's start. A call without a subscription key is not counted. Bandwidth counts the bytes
//! of both bodies, after the response was sent.
//!
//! Source: quota policy reference; 403 texts as captured.

use apimite_counters::{CounterKey, Kind as CounterKind, LazyMeter, QuotaLimit, QuotaPeriod, Usage};
use apimite_document::Element;
use apimite_model::Subscription;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Occurs, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::limit::{Target, owner, quota_exceeded};

const CALLS: Attr = Attr::new("calls", Kind::Int(1, i64::MAX)).literal();
const BANDWIDTH: Attr = Attr::new("bandwidth", Kind::Int(1, i64::MAX)).literal();
const PERIOD: Attr = Attr::new("renewal-period", Kind::Int(0, i64::MAX)).literal();
const NAME: Attr = Attr::new("name", Kind::Text).literal();
const ID: Attr = Attr::new("id", Kind::Text).literal();
const CHILD: &[Attr] = &[NAME, ID, CALLS, BANDWIDTH, PERIOD];
const OPERATION: Child = Child::many("operation", CHILD, Content::Empty);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: Scopes::PRODUCT,
    occurs: Occurs::OncePerDocument,
    attributes: &[CALLS, BANDWIDTH, Attr::new("renewal-period", Kind::Int(0, i64::MAX)).required().literal()],
    content: Content::Elements {
        children: &[Child::many("api", CHILD, Content::Elements { children: &[OPERATION], ordered: false }), OPERATION],
        ordered: false,
    },
    raises: &["QuotaExceeded"],
    ..PolicyDef::new("quota", "Admits so many calls or kilobytes per fixed period for each subscription.", compile)
};

struct Quota {
    limits: Vec<Limit>,
}

struct Limit {
    target: Target,
    calls: Option<u64>,
    bytes: Option<u64>,
    seconds: u32,
    meter: LazyMeter,
}

fn read(element: &Element, target: Target, outer: u32, cx: &mut Compile<'_>) -> Result<Limit, Refused> {
    let number = |name: &str| cx.literal(element, name).and_then(|text| text.parse::<u64>().ok());
    let (calls, bandwidth) = (number("calls"), number("bandwidth"));
    let seconds = number("renewal-period").map_or(outer, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    if calls.is_none() && bandwidth.is_none() {
        return Err(cx.refuse(
            element.name_span,
            "quota::nothing",
            format!("'{}' needs `calls` or `bandwidth`", element.name),
            "add one of them, or both",
        ));
    }
    let meter = LazyMeter::new(CounterKind::Quota, &cx.place(element));
    Ok(Limit { target, calls, bytes: bandwidth.map(|kilobytes| kilobytes.saturating_mul(1024)), seconds, meter })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let first = read(element, Target::Everything, 0, cx)?;
    let outer = first.seconds;
    let mut limits = vec![first];
    for child in element.elements() {
        let target = Target::read(child, None, cx)?;
        for inner in Compile::children(child, "operation") {
            let inner_target = Target::read(inner, Some(&target), cx)?;
            limits.push(read(inner, inner_target, outer, cx)?);
        }
        if child.attr("calls").is_some() || child.attr("bandwidth").is_some() {
            limits.push(read(child, target, outer, cx)?);
        }
    }
    Ok(StepKind::io(Quota { limits }))
}

/// Periods start with the subscription.
fn period(seconds: u32, subscription: &Subscription) -> QuotaPeriod {
    let start = subscription.start.unwrap_or(subscription.created);
    if seconds == 0 {
        QuotaPeriod::Never
    } else {
        QuotaPeriod::Every { seconds, start_unix_seconds: start.unix_seconds() }
    }
}

impl Io for Quota {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let Some((subscription, _)) = exchange.caller.subscription.clone() else { return Ok(Flow::Next) };
            let now = env.clock.now();
            for limit in &self.limits {
                if !limit.target.fits(exchange) {
                    continue;
                }
                let owner = format!("{}/{}", owner(apimite_model::Scope::Product, exchange), limit.target.label());
                let key = CounterKey::new(CounterKind::Quota, &owner, &subscription.id);
                let quota =
                    QuotaLimit { calls: limit.calls, bytes: limit.bytes, period: period(limit.seconds, &subscription) };
                let decision = env.counters.check_quota(&key, &quota, Usage::ONE_CALL, now).await;
                limit.meter.of(&env.counters).note_quota(&decision, now);
                if !decision.admitted {
                    return Err(quota_exceeded(&decision, decision.remaining_calls.is_none_or(|calls| calls > 0)));
                }
                if limit.bytes.is_some() {
                    exchange.on_transfer(move |bytes, env| {
                        crate::limit::add_bytes(env, &key, &quota, bytes);
                    });
                }
            }
            Ok(Flow::Next)
        })
    }
}
