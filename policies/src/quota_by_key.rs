//! `quota-by-key`: calls or kilobytes per fixed period for each value of a key.
//!
//! One counter per key value for the whole service; several policies with one key count a request once. With an expression in
//! `increment-condition` or `increment-count` the count is taken after the response.
//!
//! Source: quota-by-key policy reference.

use apimite_counters::{CounterKey, Kind as CounterKind, LazyMeter, QuotaLimit, QuotaPeriod, Usage};
use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Gateways, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::limit::{Increment, add_bytes, quota_exceeded};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    gateways: Gateways::ALL.without(Gateways::CONSUMPTION),
    attributes: &[
        Attr::new("calls", Kind::Int(1, i64::MAX)).literal(),
        Attr::new("bandwidth", Kind::Int(1, i64::MAX)).literal(),
        Attr::new("renewal-period", Kind::Int(0, i64::MAX)).required().literal(),
        Attr::new("counter-key", Kind::Text).required(),
        Attr::new("increment-condition", Kind::Bool),
        Attr::new("increment-count", Kind::Int(0, i64::MAX)).default("1"),
        Attr::new("first-period-start", Kind::Text).default("0001-01-01T00:00:00Z").literal(),
    ],
    raises: &["QuotaExceeded"],
    differences: &["a `renewal-period` below the documented 300 seconds is accepted, so that tests need not wait"],
    ..PolicyDef::new(
        "quota-by-key",
        "Admits so many calls or kilobytes per fixed period for each value of a key.",
        compile,
    )
};

struct QuotaByKey {
    quota: QuotaLimit,
    key: TextArg,
    increment: Increment,
    meter: LazyMeter,
}

/// Keys that a request was counted under, and how often.
#[derive(Default)]
struct Counted(Vec<(CounterKey, u64)>);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let key = cx.text(element, "counter-key");
    let increment = Increment::read(element, false, cx);
    let number = |name: &str| cx.literal(element, name).and_then(|text| text.parse::<u64>().ok());
    let (calls, bandwidth, seconds) = (number("calls"), number("bandwidth"), number("renewal-period"));
    if calls.is_none() && bandwidth.is_none() {
        let text = "'quota-by-key' needs `calls` or `bandwidth`";
        return Err(cx.refuse(element.name_span, "quota::nothing", text, "add one of them, or both"));
    }
    let start = cx.literal(element, "first-period-start").unwrap_or_default();
    let Some(start) = unix_seconds(&start) else {
        let at = element.attr("first-period-start").map_or(element.name_span, apimite_document::Text::span);
        let text = format!("`first-period-start` cannot be `{start}`");
        return Err(cx.refuse(at, "quota::start", text, "use the form yyyy-MM-ddTHH:mm:ssZ"));
    };
    let seconds = u32::try_from(seconds.unwrap_or(0)).unwrap_or(u32::MAX);
    let period = match seconds {
        0 => QuotaPeriod::Never,
        seconds => QuotaPeriod::Every { seconds, start_unix_seconds: start },
    };
    Ok(StepKind::io(QuotaByKey {
        quota: QuotaLimit { calls, bytes: bandwidth.map(|kilobytes| kilobytes.saturating_mul(1024)), period },
        key: key?,
        increment: increment?,
        meter: LazyMeter::new(CounterKind::QuotaByKey, &cx.place(element)),
    }))
}

/// Seconds since 1970 of `yyyy-MM-ddTHH:mm:ssZ`.
fn unix_seconds(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    // Days from civil date, proleptic Gregorian.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    valid.then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

impl Io for QuotaByKey {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let key = CounterKey::new(CounterKind::QuotaByKey, "", &self.key.get(exchange)?);
            let before = exchange.notes.get::<Counted>();
            let before =
                before.and_then(|counted| counted.0.iter().find(|(of, _)| *of == key)).map(|(_, count)| *count);
            let again = before.is_some();
            let now = env.clock.now();
            let count = if again { 0 } else { self.increment.now(exchange)? };
            let decision = if count == 0 {
                // What this very request was counted before must not refuse it now.
                let own = before.unwrap_or(0);
                let quota = QuotaLimit { calls: self.quota.calls.map(|calls| calls.saturating_add(own)), ..self.quota };
                env.counters.peek_quota(&key, &quota, now).await
            } else {
                env.counters.check_quota(&key, &self.quota, Usage::calls(count), now).await
            };
            self.meter.of(&env.counters).note_quota(&decision, now);
            if !decision.admitted {
                return Err(quota_exceeded(&decision, decision.remaining_calls.is_none_or(|calls| calls > 0)));
            }
            if again {
                return Ok(Flow::Next);
            }
            if exchange.notes.get::<Counted>().is_none() {
                exchange.notes.put(Counted::default());
            }
            if let Some(counted) = exchange.notes.get_mut::<Counted>() {
                counted.0.push((key, count));
            }
            let quota = self.quota;
            if quota.bytes.is_some() {
                exchange.on_transfer(move |bytes, env| add_bytes(env, &key, &quota, bytes));
            }
            self.increment.afterwards(exchange, move |env, count| {
                env.counters.add_quota(&key, &quota, Usage::calls(count), env.clock.now())
            });
            Ok(Flow::Next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_read_as_an_instant() {
        assert_eq!(unix_seconds("1970-01-02T00:00:01Z"), Some(86_401));
        assert_eq!(unix_seconds("0001-01-01T00:00:00Z"), Some(QuotaPeriod::YEAR_ONE));
        assert_eq!(unix_seconds("2024-13-01T00:00:00Z"), None);
    }
}
