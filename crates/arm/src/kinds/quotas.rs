//! The counters of `quota-by-key`, by counter key and period: to look at, and to set.
//!
//! Nothing of them is kept here: they are the running gateway's ([`Gateways::quotas`]).
//!
//! Source: QuotaByCounterKeys and QuotaByPeriodKeys of the management REST reference.
//!
//! [`Gateways::quotas`]: crate::effect::Gateways::quotas

use apimite_clock::Timestamp;
use serde_json::{Value, json};

use super::{Action, Run};
use crate::cx::View;
use crate::effect::{QuotaChange, QuotaCount};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::time::iso;

const SERVICE: &str = "Microsoft.ApiManagement/service";
const KEY: &str = "quotas/*";
const PERIOD: &str = "quotas/*/periods/*";

/// Reads and changes.
pub const ACTIONS: &[Action] = &[
    Action { method: "GET", on: SERVICE, name: KEY, run: Run::Look(list) },
    Action { method: "PATCH", on: SERVICE, name: KEY, run: Run::Look(set_all) },
    Action { method: "GET", on: SERVICE, name: PERIOD, run: Run::Look(get) },
    Action { method: "PATCH", on: SERVICE, name: PERIOD, run: Run::Look(set_one) },
];

/// Bytes in a kilobyte, as `bandwidth` counts them.
const KILOBYTE: f64 = 1024.0;

fn counter_key(below: &Below) -> &str {
    below.names.get(1).map_or("", String::as_str)
}

fn shown(counter_key: &str, count: &QuotaCount) -> Value {
    // A quota that is never replenished is one period from the first to the last instant that .NET knows.
    let start =
        count.start.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| iso(Timestamp::from_unix_seconds(at)));
    let end = count.end.map_or_else(|| "9999-12-31T23:59:59Z".to_owned(), |at| iso(Timestamp::from_unix_seconds(at)));
    json!({
        "counterKey": counter_key,
        "periodKey": count.period_key,
        "periodStartTime": start,
        "periodEndTime": end,
        "value": { "callsCount": count.calls, "kbTransferred": count.bytes as f64 / KILOBYTE },
    })
}

fn collection(counter_key: &str, counts: &[QuotaCount]) -> Answer {
    let values: Vec<Value> = counts.iter().map(|count| shown(counter_key, count)).collect();
    Answer::json(200, json!({ "count": values.len(), "value": values, "nextLink": null }))
}

fn one(below: &Below, counts: &[QuotaCount]) -> Result<Answer> {
    let [count] = counts else {
        let text = format!(
            "Quota counter '{}' has no period '{}'. `GET …/quotas/{}` lists the periods that run.",
            counter_key(below),
            below.name(),
            counter_key(below)
        );
        return Err(ArmError::new(404, "ResourceNotFound", text));
    };
    Ok(Answer::json(200, shown(counter_key(below), count)))
}

/// `properties.callsCount` and `properties.kbTransferred`; the older form has them without `properties`.
fn change(request: &Request) -> Result<QuotaChange> {
    let body = request.json()?;
    let values = body.get("properties").unwrap_or(&body);
    let number = |name: &str| match values.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if (0.0..=1e15).contains(&number) => Ok(Some(number)),
            _ => Err(ArmError::invalid(name, format!("`{value}` is no number from zero on"))),
        },
    };
    let (calls, kilobytes) = (number("callsCount")?, number("kbTransferred")?);
    if calls.is_none() && kilobytes.is_none() {
        return Err(ArmError::invalid("callsCount", "one of `callsCount` and `kbTransferred` is needed"));
    }
    let whole = |number: f64| number.round() as u64;
    Ok(QuotaChange { calls: calls.map(whole), bytes: kilobytes.map(|number| whole(number * KILOBYTE)) })
}

fn list(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let key = counter_key(below);
    Ok(collection(key, &view.world.gateways.quotas(key, None, QuotaChange::default())))
}

fn set_all(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let key = counter_key(below);
    Ok(collection(key, &view.world.gateways.quotas(key, None, change(request)?)))
}

fn get(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    one(below, &view.world.gateways.quotas(counter_key(below), Some(below.name()), QuotaChange::default()))
}

fn set_one(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    one(below, &view.world.gateways.quotas(counter_key(below), Some(below.name()), change(request)?))
}
