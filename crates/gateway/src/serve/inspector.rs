//! The entries of a trace that the gateway itself writes: the request, what it met, and how its answer went out.
//!
//! Source: REST specification example `ApiManagementGatewayListTrace`.

use apimite_policy::exchange::Exchange;
use apimite_policy::traced;
use serde_json::{Value as Json, json};

const SOURCE: &str = "api-inspector";

/// The request as it came.
pub(super) fn request(exchange: &mut Exchange, source: &str) {
    if exchange.trace.is_none() {
        return;
    }
    let data = json!({ "request": {
        "method": exchange.request.method.as_str(),
        "url": exchange.request.original_url.to_string(),
        "headers": traced::list(&exchange.request.headers),
        "ipAddress": exchange.request.ip.to_string(),
        "from": source,
    } });
    push(exchange, "inbound", SOURCE, data);
}

/// API, operation, product and user that the request met.
pub(super) fn configuration(exchange: &mut Exchange) {
    if exchange.trace.is_none() {
        return;
    }
    let base = exchange.service_target.base();
    let to = json!({
        "scheme": base.scheme.as_str(),
        "host": base.host(),
        "port": base.port(),
        "path": base.path(),
        "queryString": base.query().unwrap_or(""),
        "query": {},
        "isDefaultPort": base.port() == base.scheme.default_port(),
    });
    let api = exchange.api.as_ref().map_or(
        Json::from("-"),
        |api| json!({ "from": format!("/{}", api.path), "to": to, "version": api.version, "revision": api.revision }),
    );
    let operation = exchange.operation.as_ref().map_or(
        Json::from("-"),
        |operation| json!({ "method": operation.method, "uriTemplate": operation.url_template }),
    );
    let user = exchange.caller.user.as_ref().map_or(
        Json::from("-"),
        |user| json!({ "id": user.id, "groups": user.groups.iter().map(|group| &*group.id).collect::<Vec<_>>() }),
    );
    let product = exchange.caller.product.as_ref().map_or(Json::from("-"), |product| json!({ "id": product.id }));
    let data = json!({ "configuration": { "api": api, "operation": operation, "user": user, "product": product } });
    push(exchange, "inbound", SOURCE, data);
}

/// The answer is on its way.
pub(super) fn answered(exchange: &mut Exchange) {
    if exchange.trace.is_none() {
        return;
    }
    let section = if exchange.last_error.is_some() { "on-error" } else { "outbound" };
    let Some(response) = &exchange.response else { return };
    let data = json!({
        "message": "Response headers have been sent to the caller. Starting to stream the response body.",
        "response": {
            "status": traced::status(response.status, response.reason.as_deref()),
            "headers": traced::list(&response.headers),
        },
    });
    push(exchange, section, "transfer-response", data);
}

fn push(exchange: &mut Exchange, section: &'static str, source: &str, data: Json) {
    let now = exchange.clock.now();
    if let Some(trace) = &mut exchange.trace {
        trace.push(section, source, now, data);
    }
}
