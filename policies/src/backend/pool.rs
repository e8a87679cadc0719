//! Chooses where one call goes: the backend itself, or a member of its pool.

use std::sync::Arc;

use apimite_model::{Backend, BackendKind};
use apimite_policy::env::Env;
use apimite_policy::exchange::{BackendInUse, Exchange};
use apimite_policy::fault::Fault;
use apimite_policy::target::{Member, Target};
use aws_lc_rs::digest::{SHA256, digest};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use parking_lot::Mutex;

use super::health::Health;

/// The `Set-Cookie` that the answer will carry: kept apart, because a retry may choose another member.
struct Session(Arc<Mutex<HeaderValue>>);

/// The target of the next call.
///
/// # Errors
/// 503 when the breaker of the backend, or of every member, has tripped.
pub(crate) fn choose(exchange: &mut Exchange, env: &Env, health: &Health) -> Result<Arc<Target>, Fault> {
    let target = Arc::clone(exchange.request.target());
    let Some(backend) = target.backend.as_deref() else { return Ok(target) };
    let now = env.clock.now();
    let BackendKind::Pool { affinity, .. } = &backend.kind else {
        return if health.is_open(backend, now) { Err(unavailable("Backend", backend)) } else { Ok(target) };
    };
    let members = target.members();
    let bound = affinity.as_ref().and_then(|affinity| {
        let value = cookie(&exchange.request.headers, &affinity.cookie)?;
        members.iter().find(|member| {
            let open = member.target.backend.as_ref().is_some_and(|backend| health.is_open(backend, now));
            !open && id(member).is_some_and(|id| session(&backend.id, id) == value)
        })
    });
    let is_bound = bound.is_some();
    let member = match bound {
        Some(member) => member,
        None => health
            .choose(backend, members, now)
            .and_then(|index| members.get(index))
            .ok_or_else(|| unavailable("Backend pool", backend))?,
    };
    if let (Some(affinity), Some(id), false) = (affinity, id(member), is_bound) {
        bind(exchange, &affinity.cookie, &session(&backend.id, id));
    }
    if let Some(entity) = &member.target.backend {
        exchange.backend =
            Some(BackendInUse { id: entity.id.clone(), pool: false, azure_region: entity.azure_region.clone() });
        note(exchange, &format!("Backend '{}' of the pool '{}' was chosen.", entity.id, backend.id));
    }
    Ok(Arc::clone(&member.target))
}

/// Says something in the trace, when there is one.
pub(crate) fn note(exchange: &mut Exchange, text: &str) {
    let (section, now) = (exchange.section.name(), exchange.clock.now());
    if let Some(trace) = &mut exchange.trace {
        trace.text(section, "forward-request", now, text);
    }
}

fn id(member: &Member) -> Option<&str> {
    member.target.backend.as_deref().map(|backend| &*backend.id)
}

/// Source: published sample policies test the reason phrase for `Backend pool` and `is temporarily unavailable`.
fn unavailable(what: &str, backend: &Backend) -> Fault {
    let text = format!("{what} '{}' is temporarily unavailable", backend.id);
    Fault::refused(StatusCode::SERVICE_UNAVAILABLE, "BackendUnavailable", text.clone())
        .public("Service unavailable")
        .phrase(text)
}

/// What the cookie says for a member: it names no backend to the client.
fn session(pool: &str, member: &str) -> String {
    let hash = digest(&SHA256, format!("{pool}/{member}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a cookie of the request.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Lets the answer carry the cookie; a later choice of the same request replaces an earlier one.
fn bind(exchange: &mut Exchange, name: &str, value: &str) {
    let Ok(value) = HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly")) else { return };
    if let Some(Session(slot)) = exchange.notes.get() {
        *slot.lock() = value;
        return;
    }
    let slot = Arc::new(Mutex::new(value));
    exchange.notes.put(Session(Arc::clone(&slot)));
    exchange.on_answer(move |response| {
        response.headers.append(SET_COOKIE, slot.lock().clone());
    });
}
