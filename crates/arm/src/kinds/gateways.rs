//! Gateways of an instance: the managed one, which the listeners are, and self-hosted ones, which are only kept; debug tokens
//! and traces of the managed one.
//!
//! Source: Gateway operations of the management REST reference; API inspector: `listDebugCredentials`, then a call with
//! `Apim-Debug-Authorization`, then `listTrace` with the answer's `Apim-Trace-Id`.

use std::sync::Arc;
use std::time::Duration;

use apimite_network::ResourceId;
use serde_json::{Value, json};

use super::{Action, Kind, Run};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

const GATEWAYS: &str = "Microsoft.ApiManagement/service/gateways";
/// Name of the gateway that every instance has.
const MANAGED: &str = "managed";
/// Longest life of a debug token, and its default.
const LONGEST: Duration = Duration::from_secs(3600);

/// Types.
pub const KINDS: &[Kind] = &[
    Kind { put, find, delete, ..Kind::new(GATEWAYS) },
    Kind::new("Microsoft.ApiManagement/service/gateways/apis"),
    Kind::new("Microsoft.ApiManagement/service/gateways/certificateAuthorities"),
    Kind::new("Microsoft.ApiManagement/service/gateways/hostnameConfigurations"),
];

/// Actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "POST", on: GATEWAYS, name: "listDebugCredentials", run: Run::Look(list_debug_credentials) },
    Action {
        method: "POST",
        on: GATEWAYS,
        name: "invalidateDebugCredentials",
        run: Run::Look(forget_debug_credentials),
    },
    Action { method: "POST", on: GATEWAYS, name: "listTrace", run: Run::Look(list_trace) },
];

/// Source: the reference: a gateway of one's own must not be called `managed`.
fn put(_: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    if item.name().eq_ignore_ascii_case(MANAGED) {
        return Err(ArmError::invalid(
            "gatewayId",
            "`managed` is the gateway that every instance has; choose another name",
        ));
    }
    Ok(json!({ "properties": body.get("properties").cloned().unwrap_or_else(|| json!({})) }))
}

fn delete(_: &mut Cx<'_>, item: &Item) -> Result<()> {
    if item.name().eq_ignore_ascii_case(MANAGED) {
        return Err(ArmError::invalid(
            "gatewayId",
            "`managed` is the gateway that every instance has; it cannot be deleted",
        ));
    }
    Ok(())
}

/// The managed one is there without being listed.
fn find(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let managed = || {
        let service = view.state.network.service(&ResourceId::new(id).parent())?;
        let location = service.spec.sites.first().map(|site| super::region_name(&site.location));
        Some(Arc::new(Resource {
            id: id.to_owned(),
            kind: GATEWAYS.to_owned(),
            name: MANAGED.to_owned(),
            body: json!({ "properties": { "locationData": { "name": location } } }),
            serial: 0,
            created: 0,
            changed: 0,
        }))
    };
    if below.name().eq_ignore_ascii_case(MANAGED) { managed() } else { view.stored(id) }
}

/// Only the managed gateway runs here.
fn check_managed(below: &Below) -> Result<()> {
    let name = below.names.get(1).map_or("", String::as_str);
    if name.eq_ignore_ascii_case(MANAGED) {
        return Ok(());
    }
    let text = format!("the gateway `{name}` is only kept, no process runs it; traces are of `gateways/{MANAGED}`");
    Err(ArmError::invalid("gatewayId", text))
}

/// `PT1H`, `PT5M30S`; up to an hour.
fn life(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut seconds = 0_u64;
    for (unit, length) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = after;
        }
    }
    let life = Duration::from_secs(seconds);
    (rest.is_empty() && !life.is_zero() && life <= LONGEST).then_some(life)
}

fn list_debug_credentials(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    check_managed(below)?;
    let body = request.json()?;
    let purposes = body.get("purposes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if purposes.is_empty() || purposes.iter().any(|one| one != "tracing") {
        return Err(ArmError::invalid("purposes", "`purposes` is a list of one word: [\"tracing\"]"));
    }
    let life = match body.get("credentialsExpireAfter").and_then(Value::as_str) {
        None => LONGEST,
        Some(text) => life(text).ok_or_else(|| {
            let text = format!("`{text}` is no length of time up to an hour, such as `PT1H` or `PT15M`");
            ArmError::invalid("credentialsExpireAfter", text)
        })?,
    };
    let api = body.get("apiId").and_then(Value::as_str).unwrap_or_default();
    let name = api.rsplit_once("/apis/").map(|(_, name)| name).filter(|name| !name.is_empty() && !name.contains('/'));
    let name = name.ok_or_else(|| {
        ArmError::invalid("apiId", "`apiId` is required, the id of an API: `/subscriptions/…/service/NAME/apis/ID`")
    })?;
    let token = view.world.gateways.debug_token(name, life).map_err(|text| ArmError::invalid("apiId", text))?;
    Ok(Answer::json(200, json!({ "token": token })))
}

fn forget_debug_credentials(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    check_managed(below)?;
    view.world.gateways.forget_debug_tokens();
    Ok(Answer::empty(204))
}

fn list_trace(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    check_managed(below)?;
    let body = request.json()?;
    let id = body.get("traceId").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        return Err(ArmError::invalid("traceId", "`traceId` is required: the `Apim-Trace-Id` of an answer"));
    }
    let found = view.world.gateways.trace(id).ok_or_else(|| {
        ArmError::new(404, "ResourceNotFound", format!("There is no trace '{id}'; only the last ones are kept."))
    })?;
    Ok(Answer::json(200, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_duration_up_to_an_hour() {
        assert_eq!(life("PT1H"), Some(LONGEST));
        assert_eq!(life("PT5M30S"), Some(Duration::from_secs(330)));
        for wrong in ["", "PT", "1h", "PT2H", "PT0S", "PT1H1S", "PT-5M", "P1D", "PT5M5", "PT99999999999999999999S"] {
            assert_eq!(life(wrong), None, "{wrong}");
        }
    }
}
