//! `cache-lookup` and `cache-store`: answers from kept responses.
//!
//! A hit skips the rest of inbound and the backend, and goes on behind `cache-store` in outbound. Conditional requests are
//! answered by entity tag and by an equal date. What has no source: `downstream-caching-type="none"` leaves the backend's
//! `Cache-Control` alone.
//!
//! Source: cache-lookup and cache-store policy references; the parts of the key as a gateway trace shows them.

use std::sync::Arc;
use std::time::Duration;

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, SecondsArg, TextArg};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::Fault;
use apimite_policy::run::buffer;
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::cache_values::{CACHING_TYPE, Where};

const NAMES: Content = Content::Text(Kind::Text, Expressions::Allowed);

/// `cache-lookup`
pub static LOOKUP: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    in_fragment: false,
    attributes: &[
        Attr::new("vary-by-developer", Kind::Bool).required(),
        Attr::new("vary-by-developer-groups", Kind::Bool).required(),
        CACHING_TYPE,
        Attr::new("downstream-caching-type", Kind::OneOf(&["none", "private", "public"])).default("none"),
        Attr::new("must-revalidate", Kind::Bool).default("true"),
        Attr::new("allow-private-response-caching", Kind::Bool).default("false"),
    ],
    content: Content::Elements {
        children: &[Child::many("vary-by-header", &[], NAMES), Child::many("vary-by-query-parameter", &[], NAMES)],
        ordered: false,
    },
    ..PolicyDef::new("cache-lookup", "Answers with a kept response, if there is one.", compile_lookup)
};

/// `cache-store`
pub static STORE: PolicyDef = PolicyDef {
    sections: Sections::OUTBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("duration", Kind::Seconds).required(),
        Attr::new("cache-response", Kind::Bool),
        Attr::new("caching-mode", Kind::Text).not_applicable("published in the schema only"),
    ],
    ..PolicyDef::new("cache-store", "Keeps the response for the next request like this one.", compile_store)
};

/// Largest response that is kept, in bytes.
///
/// Source: service limits: 2 MiB.
const LARGEST: u64 = 2 << 20;

/// A kept response.
struct Kept {
    status: StatusCode,
    reason: Option<Box<str>>,
    headers: HeaderMap,
    body: Bytes,
}

/// What `cache-lookup` tells `cache-store`.
struct Looked {
    key: String,
    place: Where,
    hit: bool,
    downstream: Option<String>,
}

struct Lookup {
    by_developer: BoolArg,
    by_groups: BoolArg,
    place: Where,
    downstream: TextArg,
    revalidate: BoolArg,
    allow_private: BoolArg,
    headers: Vec<TextArg>,
    parameters: Vec<TextArg>,
}

fn compile_lookup(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut names = |child: &str| -> Result<Vec<TextArg>, Refused> {
        Compile::children(element, child).map(|child| cx.content(child)).collect()
    };
    let (headers, parameters) = (names("vary-by-header")?, names("vary-by-query-parameter")?);
    Ok(StepKind::io(Lookup {
        by_developer: cx.boolean(element, "vary-by-developer")?,
        by_groups: cx.boolean(element, "vary-by-developer-groups")?,
        place: Where::read(element, cx),
        downstream: cx.text(element, "downstream-caching-type")?,
        revalidate: cx.boolean(element, "must-revalidate")?,
        allow_private: cx.boolean(element, "allow-private-response-caching")?,
        headers,
        parameters,
    }))
}

/// Several names in one element are separated by semicolons.
fn each_name(list: &[TextArg], exchange: &Exchange) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for arg in list {
        let text = arg.get(exchange)?;
        names.extend(text.split(';').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

impl Lookup {
    /// Parts are lines: none of them can hold a line break.
    fn key(&self, exchange: &Exchange) -> Result<String, Fault> {
        let request = &exchange.request;
        let mut key = format!("response:{}", exchange.service.name);
        let mut part = |text: &str| {
            key.push('\n');
            key.push_str(text);
        };
        if let Some(api) = &exchange.api {
            part(&format!("{};rev={}", api.id, api.revision));
        }
        if let Some(operation) = &exchange.operation {
            part(&operation.id);
        }
        let mut url = request.url().clone();
        let query = url.query().unwrap_or("").to_owned();
        if let Some(path) = apimite_policy::url::path(url.path()) {
            url = url.with_path_and_query(path);
        }
        part(&url.to_string());
        let parameters = each_name(&self.parameters, exchange)?;
        if parameters.is_empty() {
            part(&query);
        } else {
            for pair in query.split('&') {
                let name = pair.split('=').next().unwrap_or("").to_ascii_lowercase();
                if parameters.contains(&name) {
                    part(&format!("?{pair}"));
                }
            }
        }
        for name in each_name(&self.headers, exchange)? {
            for value in request.headers.get_all(&name) {
                part(&format!("::{name}={}", String::from_utf8_lossy(value.as_bytes())));
            }
        }
        if self.by_developer.get(exchange)? {
            let subscription = exchange.caller.subscription.as_ref().map_or("", |(subscription, _)| &*subscription.id);
            part(&format!("developer={subscription}"));
        }
        if self.by_groups.get(exchange)? {
            let groups = exchange.caller.user.as_ref().map_or(Vec::new(), |user| user.groups.clone());
            let mut names: Vec<&str> = groups.iter().map(|group| &*group.id).collect();
            names.sort_unstable();
            part(&format!("groups={}", names.join(";")));
        }
        Ok(key)
    }

    fn downstream(&self, exchange: &Exchange) -> Result<Option<String>, Fault> {
        let kind = self.downstream.get(exchange)?.trim().to_ascii_lowercase();
        if !matches!(kind.as_str(), "private" | "public") {
            return Ok(None);
        }
        Ok(Some(if self.revalidate.get(exchange)? { format!("{kind}, must-revalidate") } else { kind }))
    }
}

impl Io for Lookup {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let private = exchange.request.headers.contains_key(AUTHORIZATION);
            if exchange.request.method != Method::GET || private && !self.allow_private.get(exchange)? {
                return Ok(Flow::Next);
            }
            let key = self.key(exchange)?;
            let found = match self.place.external(env)? {
                Some(external) => {
                    external.get(&key).await.ok().flatten().and_then(|bytes| unpack(&bytes)).map(Arc::new)
                }
                None => env.cache.get::<Kept>(&key),
            };
            let hit = found.is_some();
            let downstream = self.downstream(exchange)?;
            exchange.notes.put(Looked { key, place: self.place, hit, downstream });
            let Some(kept) = found else { return Ok(Flow::Next) };
            let fresh = unchanged(&exchange.request.headers, &kept.headers);
            exchange.response = Some(Response {
                status: if fresh { StatusCode::NOT_MODIFIED } else { kept.status },
                reason: if fresh { None } else { kept.reason.clone() },
                headers: kept.headers.clone(),
                body: BodyCell::new(if fresh { Body::None } else { Body::Bytes(kept.body.clone()) }),
            });
            Ok(Flow::Outbound)
        })
    }
}

/// Does the client have this very response?
fn unchanged(request: &HeaderMap, kept: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or("").trim().to_owned();
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if let Some(wanted) = request.get(IF_NONE_MATCH).map(text) {
        let Some(tag) = kept.get(ETAG).map(text) else { return false };
        return wanted == "*" || wanted.split(',').any(|one| weak(one) == weak(&tag));
    }
    match (request.get(IF_MODIFIED_SINCE), kept.get(LAST_MODIFIED)) {
        (Some(since), Some(changed)) => since == changed,
        _ => false,
    }
}

/// What a store policy says: for how long, and whether at all.
pub(crate) struct Keep {
    duration: SecondsArg,
    wanted: Option<BoolArg>,
}

impl Keep {
    /// Reads `duration` and `cache-response`.
    pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let wanted = element.attr("cache-response").map(|text| cx.bool_arg(text, "cache-response")).transpose()?;
        Ok(Self { duration: cx.seconds(element, "duration")?, wanted })
    }

    /// How long the response is kept; `None` when it is not wanted. Unless the policy says otherwise a 200 is.
    pub(crate) fn time(&self, exchange: &Exchange) -> Result<Option<Duration>, Fault> {
        let duration = self.duration.get(exchange)?;
        let wanted = self.wanted.as_ref().map(|arg| arg.get(exchange)).transpose()?;
        let is_ok = exchange.response.as_ref().is_some_and(|response| response.status == StatusCode::OK);
        Ok(wanted.unwrap_or(is_ok).then_some(duration))
    }
}

struct Store(Keep);

fn compile_store(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::io(Store(Keep::read(element, cx)?)))
}

impl Io for Store {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            // Without a lookup there is no key.
            let Some(looked) = exchange.notes.take::<Looked>() else { return Ok(Flow::Next) };
            if looked.hit {
                return Ok(Flow::Next);
            }
            let Some(keep) = self.0.time(exchange)? else { return Ok(Flow::Next) };
            let Some(response) = &mut exchange.response else { return Ok(Flow::Next) };
            if let Some(kind) = &looked.downstream
                && let Ok(value) = HeaderValue::from_str(&format!("{kind}, max-age={}", keep.as_secs()))
            {
                response.headers.insert(CACHE_CONTROL, value);
            }
            if response.body.len().is_some_and(|length| length > LARGEST) {
                return Ok(Flow::Next);
            }
            buffer(Needs { response_body: true, ..Needs::default() }, exchange, env).await?;
            let Some(response) = &exchange.response else { return Ok(Flow::Next) };
            let body = response.body.bytes().unwrap_or_default();
            if body.len() as u64 > LARGEST || response.body.is_consumed() {
                return Ok(Flow::Next);
            }
            let kept = Kept {
                status: response.status,
                reason: response.reason.clone(),
                headers: response.headers.clone(),
                body,
            };
            match looked.place.external(env)? {
                Some(external) => drop(external.put(&looked.key, pack(&kept), keep).await),
                None => {
                    let weight = kept.body.len() + kept.headers.len() * 64;
                    env.cache.put(&looked.key, Arc::new(kept), weight, keep);
                }
            }
            Ok(Flow::Next)
        })
    }
}

/// A response as bytes: a line of JSON, then the body.
fn pack(kept: &Kept) -> Bytes {
    let text = |value: &HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>();
    let headers: Vec<_> = kept.headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let head = serde_json::json!({ "status": kept.status.as_u16(), "reason": kept.reason, "headers": headers });
    let mut bytes = head.to_string().into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(&kept.body);
    bytes.into()
}

/// `None` for bytes that [`pack`] did not write.
fn unpack(bytes: &Bytes) -> Option<Kept> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: serde_json::Value = serde_json::from_slice(bytes.get(..end)?).ok()?;
    let mut headers = HeaderMap::new();
    for pair in head.get("headers")?.as_array()? {
        let (name, value) = (pair.get(0)?.as_str()?, pair.get(1)?.as_str()?);
        let value: Vec<u8> = value.chars().map(|c| u8::try_from(c).ok()).collect::<Option<_>>()?;
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(&value).ok()?);
    }
    Some(Kept {
        status: StatusCode::from_u16(u16::try_from(head.get("status")?.as_u64()?).ok()?).ok()?,
        reason: head.get("reason").and_then(serde_json::Value::as_str).map(Into::into),
        headers,
        body: bytes.slice(end + 1..),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_response_is_unpacked_as_it_was() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_bytes(b"\xe9t\xe9").unwrap());
        headers.append("x-a", HeaderValue::from_static("b"));
        let kept = Kept { status: StatusCode::OK, reason: Some("Fine".into()), headers, body: Bytes::from("a\nb") };
        let again = unpack(&pack(&kept)).unwrap();
        assert_eq!((again.status, again.reason, again.headers), (kept.status, kept.reason, kept.headers));
        assert_eq!(again.body, kept.body);
        assert!(unpack(&Bytes::from("junk")).is_none());
        assert!(unpack(&Bytes::from("{}\njunk")).is_none());
    }
}
