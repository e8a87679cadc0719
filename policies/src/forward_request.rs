//! `forward-request`: sends the request to the backend and waits for the response headers; the body streams.
//!
//! Source: forward-request policy reference; headers towards backends as captured traces show them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_document::Element;
use apimite_model::Backend;
use apimite_policy::arg::{BoolArg, IntArg, SecondsArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::{Call, CallError, CallOptions, Env, HttpVersion};
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, CLIENT_CONNECTION_FAILURE, Fault, TIMEOUT};
use apimite_policy::run::buffer;
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use futures_util::future::LocalBoxFuture;
use http::header::{CONTENT_LENGTH, HOST, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::backend::{self, Health, Outcome};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::BACKEND,
    attributes: &[
        Attr::new("timeout", Kind::Seconds),
        Attr::new("timeout-ms", Kind::Int(0, i64::MAX)),
        Attr::new("continue-timeout", Kind::Seconds),
        Attr::new("http-version", Kind::OneOf(&["1", "2or1", "2"])).default("1").literal(),
        Attr::new("follow-redirects", Kind::Bool).default("false"),
        Attr::new("buffer-request-body", Kind::Bool).default("false"),
        Attr::new("buffer-response", Kind::Bool)
            .default("true")
            .literal()
            .differs("responses always stream as they come; Azure collects 8 KB unless this is false"),
        Attr::new("fail-on-error-status-code", Kind::Bool).default("false").literal(),
    ],
    raises: &["BackendConnectionFailure", "Timeout", "ClientConnectionFailure", "BackendUnavailable"],
    differences: &[
        "a breaker that rules by percentage has no least number of calls; Azure's is not documented",
        "the cookie of session affinity holds a hash of the member; what Azure writes into it is not documented",
    ],
    ..PolicyDef::new("forward-request", "Sends the request to the backend.", compile)
};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 50;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

struct ForwardRequest {
    timeout: Timeout,
    continue_timeout: Option<SecondsArg>,
    version: HttpVersion,
    follow: BoolArg,
    buffer: BoolArg,
    fail_on_error: bool,
}

enum Timeout {
    Default,
    Seconds(SecondsArg),
    Millis(IntArg),
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let seconds = cx.optional_seconds(element, "timeout")?;
    let millis = cx.optional_int(element, "timeout-ms")?;
    let timeout = match (seconds, millis) {
        (Some(_), Some(_)) => {
            let text = "`timeout` and `timeout-ms` exclude each other";
            return Err(cx.refuse(element.name_span, "forward_request::timeout", text, "keep one"));
        }
        (Some(seconds), None) => Timeout::Seconds(seconds),
        (None, Some(millis)) => Timeout::Millis(millis),
        (None, None) => Timeout::Default,
    };
    let version = match cx.literal(element, "http-version").as_deref() {
        Some("2or1") => HttpVersion::Http2Or1,
        Some("2") => HttpVersion::Http2,
        _ => HttpVersion::Http1,
    };
    let fail_on_error = cx.boolean(element, "fail-on-error-status-code")?.as_literal() == Some(true);
    Ok(StepKind::io(ForwardRequest {
        timeout,
        continue_timeout: cx.optional_seconds(element, "continue-timeout")?,
        version,
        follow: cx.boolean(element, "follow-redirects")?,
        buffer: cx.boolean(element, "buffer-request-body")?,
        fail_on_error,
    }))
}

/// Appends the caller's address; `text` is that address, where it was written before.
fn forwarded_for(headers: &mut HeaderMap, ip: IpAddr, text: Option<&HeaderValue>) {
    let value = match (headers.get(&X_FORWARDED_FOR).and_then(|value| value.to_str().ok()), text) {
        (Some(old), _) if !old.is_empty() => HeaderValue::from_str(&format!("{old},{}", ip.to_canonical())),
        (_, Some(text)) => Ok(text.clone()),
        _ => HeaderValue::from_str(&ip.to_canonical().to_string()),
    };
    if let Ok(value) = value {
        headers.insert(X_FORWARDED_FOR.clone(), value);
    }
}

/// The fault of a call that got no headers.
pub(crate) fn fault_of(error: CallError) -> Fault {
    let reason = match &error {
        CallError::Timeout => TIMEOUT,
        CallError::ClientGone => CLIENT_CONNECTION_FAILURE,
        _ => BACKEND_CONNECTION_FAILURE,
    };
    Fault::internal(reason, error.to_string())
}

impl ForwardRequest {
    fn timeout(&self, exchange: &Exchange) -> Result<Duration, Fault> {
        Ok(match &self.timeout {
            Timeout::Default => Duration::from_secs(300),
            Timeout::Seconds(arg) => arg.get(exchange)?,
            Timeout::Millis(arg) => Duration::from_millis(u64::try_from(arg.get(exchange)?).unwrap_or(0)),
        })
    }

    fn call(&self, exchange: &mut Exchange, env: &Env, target: &Target) -> Result<Call, Fault> {
        let options = CallOptions {
            timeout: self.timeout(exchange)?,
            continue_timeout: self.continue_timeout.as_ref().map(|arg| arg.get(exchange)).transpose()?,
            version: self.version,
            ..exchange.call_options_to(target)
        };
        let talks = crate::graphql::is_handshake(exchange);
        let request = &mut exchange.request;
        let mut headers =
            if exchange.keep_request_head { request.headers.clone() } else { std::mem::take(&mut request.headers) };
        headers.insert(HOST, target.host().clone());
        forwarded_for(&mut headers, request.ip, request.ip_text.as_ref());
        if exchange.service.decisions.send_forwarded_proto {
            let proto = HeaderValue::from_static(request.original_url.scheme.as_str());
            headers.insert(X_FORWARDED_PROTO.clone(), proto);
        }
        if talks {
            crate::graphql::plain(&mut headers);
        }
        let mut url = target.url(request.relative());
        if let Some(backend) = &target.backend {
            crate::backend::credentials(backend, env, &mut headers, &mut url)?;
        }
        let body = match request.body.take() {
            Body::Bytes(bytes) => {
                request.body.set(Body::Bytes(bytes.clone()));
                headers.insert(CONTENT_LENGTH, bytes.len().into());
                Body::Bytes(bytes)
            }
            Body::Stream(stream) => {
                request.body.set(Body::Consumed);
                Body::Stream(stream)
            }
            other @ (Body::None | Body::Consumed) => {
                let consumed = matches!(other, Body::Consumed);
                request.body.set(other);
                if consumed {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                } else {
                    headers.remove(CONTENT_LENGTH);
                }
                Body::None
            }
        };
        Ok(Call { method: request.method.clone(), url, headers, body, options })
    }
}

/// The policy without any attribute.
pub(crate) fn plain() -> &'static impl Io {
    static PLAIN: ForwardRequest = ForwardRequest {
        timeout: Timeout::Default,
        continue_timeout: None,
        version: HttpVersion::Http1,
        follow: BoolArg::Literal(false),
        buffer: BoolArg::Literal(false),
        fail_on_error: false,
    };
    &PLAIN
}

impl Io for ForwardRequest {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            // A synthetic GraphQL API has resolvers in place of a backend; what they send goes out as it is.
            if exchange.graphql.is_none()
                && let Some(resolvers) = exchange.resolvers.clone()
            {
                if crate::graphql::is_handshake(exchange) {
                    exchange.response = Some(crate::graphql::accept(exchange, &resolvers, env));
                    return Ok(Flow::Next);
                }
                buffer(Needs { request_body: true, ..Needs::default() }, exchange, env).await?;
                exchange.response = Some(crate::graphql::answer_of(exchange, &resolvers, env).await);
                return Ok(Flow::Next);
            }
            let follow = self.follow.get(exchange)?;
            if follow || self.buffer.get(exchange)? {
                Box::pin(buffer(Needs { request_body: true, ..Needs::default() }, exchange, env)).await?;
            }
            // Breakers and pools belong to backend entities; a bare URL has neither.
            let health = exchange.request.target().backend.is_some().then(|| env.shared.get_or_make(Health::default));
            let target = match &health {
                Some(health) => backend::choose(exchange, env, health)?,
                None => Arc::clone(exchange.request.target()),
            };
            let call = self.call(exchange, env, &target)?;
            let again = follow.then(|| Box::new(Again::of(&call)));
            let outcome = env.client.send(call).await.map_err(fault_of);
            if let (Some(health), Some(entity)) = (&health, &target.backend) {
                record(health, entity, &outcome, exchange, env);
            }
            let mut response = outcome?;
            if let Some(again) = again {
                // Apart, because it needs room that most calls do not.
                response = Box::pin(again.follow(response, exchange, env)).await?;
            }
            let status = response.status;
            exchange.response = Some(response);
            if status == StatusCode::SWITCHING_PROTOCOLS && crate::graphql::is_handshake(exchange) {
                crate::graphql::relayed(exchange, env);
            }
            if self.fail_on_error && (status.is_client_error() || status.is_server_error()) {
                let text = format!("The backend service responded with status {}.", status.as_u16());
                return Err(Fault::refused(status, "BackendErrorStatusCode", text).keeping_response());
            }
            Ok(Flow::Next)
        })
    }
}

/// What is sent again when the backend redirects.
struct Again {
    method: Method,
    url: Url,
    headers: HeaderMap,
    options: CallOptions,
}

impl Again {
    fn of(call: &Call) -> Self {
        Self {
            method: call.method.clone(),
            url: call.url.clone(),
            headers: call.headers.clone(),
            options: call.options.clone(),
        }
    }

    /// Goes where an answer leads.
    async fn follow(mut self, mut response: Response, exchange: &Exchange, env: &Env) -> Result<Response, Fault> {
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = redirect(response.status, &response.headers, &self.url) else { break };
            let keeps = matches!(response.status.as_u16(), 307 | 308);
            if !keeps && self.method != Method::HEAD {
                self.method = Method::GET;
            }
            self.url = next;
            let mut headers = self.headers.clone();
            headers.insert(HOST, self.url.host_header());
            let body = match exchange.request.body.bytes() {
                Some(bytes) if keeps => Body::Bytes(bytes),
                _ => {
                    headers.remove(CONTENT_LENGTH);
                    Body::None
                }
            };
            let call = Call {
                method: self.method.clone(),
                url: self.url.clone(),
                headers,
                body,
                options: self.options.clone(),
            };
            response = env.client.send(call).await.map_err(fault_of)?;
        }
        Ok(response)
    }
}

/// Counts a call for the circuit breaker of its backend.
fn record(health: &Health, entity: &Backend, outcome: &Result<Response, Fault>, exchange: &mut Exchange, env: &Env) {
    let now = env.clock.now();
    let tripped = match outcome {
        Ok(response) => {
            let pause = backend::retry_after(&response.headers, now);
            health.record(entity, Outcome::Status(response.status.as_u16()), pause, now)
        }
        Err(fault) => health.record(entity, Outcome::Reason(&fault.reason), None, now),
    };
    if tripped {
        backend::note(exchange, &format!("The circuit breaker of backend '{}' tripped.", entity.id));
    }
}

/// Where a redirect leads.
fn redirect(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    if location.contains("://") {
        return Url::parse(location).ok();
    }
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        let base = from.path().rsplit_once('/').map_or("", |(base, _)| base);
        format!("{base}/{location}")
    };
    Some(from.with_path_and_query(apimite_policy::url::path(&path)?))
}
