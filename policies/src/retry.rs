//! `retry`: runs its policies, and again while a condition holds.
//!
//! Waits follow the documented example (10, 20, 40, 80), not the printed formula. An error raised inside is caught and the
//! condition tested, as a named decision says; the last error is raised when the retries are used up.
//!
//! Source: retry policy reference.

use std::time::Duration;

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, IntArg, SecondsArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("condition", Kind::Text).required(),
        Attr::new("count", Kind::Int(1, 50)).required(),
        Attr::new("interval", Kind::Seconds).required(),
        Attr::new("max-interval", Kind::Seconds),
        Attr::new("delta", Kind::Seconds),
        Attr::new("first-fast-retry", Kind::Bool).default("false"),
    ],
    content: Content::Policies,
    differences: &["the random factor of exponential waits is fixed at 1, so that a run can be repeated"],
    ..PolicyDef::new("retry", "Runs its policies, and again while a condition holds.", compile)
};

struct Retry {
    condition: BoolArg,
    count: IntArg,
    interval: SecondsArg,
    max_interval: Option<SecondsArg>,
    delta: Option<SecondsArg>,
    fast: BoolArg,
    block: Block,
    catches: bool,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let Some(condition) = element.attr("condition") else { return Err(Refused) };
    let condition = cx.bool_arg(condition, "condition");
    let count = cx.int(element, "count");
    let interval = cx.seconds(element, "interval");
    let max_interval = cx.optional_seconds(element, "max-interval");
    let delta = cx.optional_seconds(element, "delta");
    let fast = cx.boolean(element, "first-fast-retry");
    let catches = cx.service().decisions.retry_catches_errors;
    let block = cx.block(element);
    Ok(StepKind::io(Retry {
        condition: condition?,
        count: count?,
        interval: interval?,
        max_interval: max_interval?,
        delta: delta?,
        fast: fast?,
        block,
        catches,
    }))
}

/// The wait before retry `number`, counted from 1.
fn wait(number: u32, interval: Duration, delta: Option<Duration>, max: Option<Duration>, fast: bool) -> Duration {
    if fast && number == 1 {
        return Duration::ZERO;
    }
    match (delta, max) {
        (None, None) => interval,
        (None, Some(max)) => interval.min(max),
        (Some(delta), None) => interval.saturating_add(delta.saturating_mul(number - 1)),
        (Some(delta), Some(max)) => {
            let factor = 1_u32.checked_shl(number - 1).map_or(u32::MAX, |power| power - 1);
            interval.saturating_add(delta.saturating_mul(factor)).min(max)
        }
    }
}

impl Io for Retry {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let mut number = 0;
            loop {
                let outcome = run_block(&self.block, exchange, env).await;
                match &outcome {
                    Ok(Flow::Next) => {}
                    Ok(_) => return outcome,
                    Err(_) if !self.catches => return outcome,
                    Err(fault) => exchange.set_last_error(fault),
                }
                let again = match self.condition.get(exchange) {
                    Ok(again) => again,
                    // The error of the block matters more than a condition that cannot cope with it.
                    Err(second) => return outcome.and(Err(second)),
                };
                number += 1;
                if !again || i64::from(number) > self.count.get(exchange)? {
                    return outcome;
                }
                let get = |arg: &Option<SecondsArg>| arg.as_ref().map(|arg| arg.get(exchange)).transpose();
                let (delta, max) = (get(&self.delta)?, get(&self.max_interval)?);
                let pause = wait(number, self.interval.get(exchange)?, delta, max, self.fast.get(exchange)?);
                if !pause.is_zero() {
                    env.clock.sleep(pause).await;
                }
                exchange.last_error = None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_waits_follow_the_documented_example() {
        let s = Duration::from_secs;
        let waits: Vec<u64> = (1..=5).map(|n| wait(n, s(10), Some(s(10)), Some(s(100)), false).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 100]);
        assert_eq!(wait(3, s(1), Some(s(2)), None, false), s(5));
        assert_eq!(wait(1, s(1), None, None, true), s(0));
    }
}
