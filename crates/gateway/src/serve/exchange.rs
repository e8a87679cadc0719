//! The life of one request: checks, route, key, policies, answer.

use std::net::IpAddr;
use std::rc::Rc;
use std::task::Poll;

use apimite_model::{Api, PublicAccess, Service};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::fault::Fault;
use apimite_policy::url::{Scheme, Url};
use apimite_policy::{answer, run};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::checks;
use super::connection_state::{ConnectionState, Switched};
use super::inspector;
use super::reply::{self, Close, Details, ReplyBody};
use super::worker::Worker;
use crate::access::{Answered, Tracing};
use crate::config::{Role, Source};
use crate::keys::KeyRefusal;
use crate::router::{Query, Route};
use crate::seat::Seat;
use crate::snapshot::Snapshot;

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) parts: Parts,
    pub(crate) body: Body,
    /// Does its head tell its length in more than one way?
    pub(crate) ambiguous: bool,
}

/// Serves a request. The future may be finished after its client went away: on-error runs and the request is closed.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    connection: Rc<ConnectionState>,
    seat: Rc<Seat>,
    asked: Asked,
) -> http::Response<ReplyBody> {
    let mut close = Close::new(worker.clone(), connection.clone());
    let Asked { mut parts, body, ambiguous } = asked;
    let target = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let authority = match checks::check(&parts, ambiguous, &target, worker.limits(), &connection) {
        Ok(authority) => authority,
        Err(refusal) => return built_in(&worker, close, &parts.method, &target, *refusal),
    };
    if !connection.is_admitted(worker.classifier()) {
        return closed(&connection, &seat, close).await;
    }
    if connection.listener.role == Role::Probe || checks::is_health(target.path()) {
        let health = checks::health(worker.is_draining());
        return built_in(&worker, close, &parts.method, &target, health);
    }
    if *connection.source.borrow() == Source::Probe {
        return closed(&connection, &seat, close).await;
    }
    let snapshot = worker.snapshot();
    let service = &snapshot.compiled.service;
    let caller = connection.client.get().ip().to_canonical();
    if snapshot.public_access == PublicAccess::Disabled && *connection.source.borrow() == Source::Public {
        let refusal = public_access_disabled(service, caller);
        return built_in(&worker, close, &parts.method, &target, refusal);
    }
    let handshake = checks::is_handshake(&parts);
    seat.handshake.set(handshake);
    let route = snapshot.router.find(&Query {
        host: if snapshot.router.wants_host(authority.as_str()) { authority.host() } else { "" },
        tls: connection.tls.get(),
        websocket: handshake,
        method: parts.method.as_str(),
        path: target.path(),
        query: target.query().unwrap_or(""),
        headers: &parts.headers,
    });
    let headers = std::mem::take(&mut parts.headers);
    let url = Url { scheme: scheme(&connection, handshake), authority, path_and_query: target.clone() };
    let mut exchange = exchange(&worker, &connection, &snapshot, route.as_ref(), parts.method, url, headers, caller);
    exchange.request.body = BodyCell::new(body);
    let started = exchange.timestamp;
    let told = exchange.request.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let tracing = worker.observer().and_then(|observer| observer.trace(&exchange.request.headers, &exchange));
    let tracing = tracing.map(|mut tracing| {
        exchange.trace = tracing.trace.take().map(Box::new);
        // A credential for this gateway, not for the backend.
        exchange.request.headers.remove("apim-debug-authorization");
        inspector::request(&mut exchange, connection.source.borrow().label());
        Box::new(tracing)
    });
    seat.clone().scope(go(&worker, &snapshot, route, &mut exchange)).await;
    if let Some(tracing) = tracing {
        traced(*tracing, &mut exchange);
    }
    if !exchange.on_transfer.is_empty() {
        let sent = told.or_else(|| exchange.request.body.len()).unwrap_or(0);
        close.then(std::mem::take(&mut exchange.on_transfer), sent);
    }
    let backend = seat.switched.borrow_mut().take();
    let talk = exchange.talk.take().filter(|_| handshake);
    let reply = reply::of_exchange(&mut exchange, backend.is_some() || talk.is_some());
    if reply.status() == StatusCode::SWITCHING_PROTOCOLS {
        *connection.switched.borrow_mut() = Some(Switched { backend, talk });
    }
    if close.is_observed(exchange.trace.is_some()) {
        let answered = match &exchange.last_error {
            Some(error) => Answered::Fault { source: error.source.clone(), reason: error.reason.clone() },
            None if seat.called.get() => Answered::Backend,
            None => Answered::Policy,
        };
        close.describe(Details {
            method: exchange.request.method.clone(),
            target,
            started,
            status: reply.status(),
            answered,
            trace: exchange.trace.take(),
        });
    }
    reply.map(|body| ReplyBody::new(body, close))
}

/// Ends the connection without an answer.
async fn closed(connection: &ConnectionState, seat: &Seat, close: Close) -> http::Response<ReplyBody> {
    connection.close();
    // The connection's own task drops this future, which then goes on by itself and finds its client gone.
    std::future::poll_fn(|_| if seat.gone.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    let nobody = reply::of_response(answer::empty(StatusCode::FORBIDDEN), false);
    nobody.map(|body| ReplyBody::new(body, close))
}

/// Adds the headers of tracing to the answer; throws the trace away when the subscription does not allow it.
fn traced(tracing: Tracing, exchange: &mut Exchange) {
    let subscription = exchange.caller.subscription.as_ref();
    if tracing.if_allowed && !subscription.is_some_and(|(subscription, _)| subscription.allow_tracing) {
        exchange.trace = None;
        return;
    }
    exchange.response_mut().headers.extend(tracing.headers);
    inspector::answered(exchange);
}

/// Key check and policies; afterwards the exchange holds its answer.
async fn go(worker: &Worker, snapshot: &Snapshot, route: Option<Route>, exchange: &mut Exchange) {
    let compiled = &snapshot.compiled;
    let env = worker.env();
    let Some((route, api)) = route.and_then(|route| compiled.apis.get(route.api).map(|api| (route, api))) else {
        run::run_unrouted(&compiled.global, not_found(&compiled.service), exchange, env).await;
        return;
    };
    let Some((operation, matched)) = route.operation else {
        run::run_fault(api.pipeline(None, None), not_found(&compiled.service), exchange, env).await;
        return;
    };
    exchange.operation = api.api.operations.get(operation).cloned();
    exchange.request.matched = matched;
    let query = exchange.request.original_url.query().unwrap_or("");
    match snapshot.keys.check(route.api, &exchange.request.headers, query) {
        Ok(caller) => exchange.caller = caller,
        Err(refusal) => {
            let fault = no_key(refusal, &compiled.service, &api.api, &exchange.request.original_url);
            run::run_fault(api.pipeline(exchange.operation.as_deref(), None), fault, exchange, env).await;
            return;
        }
    }
    if exchange.trace.is_some() {
        inspector::configuration(exchange);
    }
    let product = exchange.caller.product.as_deref().map(|product| &*product.id);
    run::run(api.pipeline(exchange.operation.as_deref(), product), exchange, env).await;
}

#[expect(clippy::too_many_arguments, reason = "the parts of a request come from as many places")]
fn exchange(
    worker: &Worker,
    connection: &ConnectionState,
    snapshot: &Snapshot,
    route: Option<&Route>,
    method: Method,
    url: Url,
    headers: HeaderMap,
    caller: IpAddr,
) -> Exchange {
    let api = route.and_then(|route| snapshot.compiled.apis.get(route.api));
    let target = api.and_then(|api| api.target.as_ref()).unwrap_or(&snapshot.nowhere);
    let relative = relative(&url.path_and_query, route.map_or(0, |route| route.rest));
    let mut request = Request::new(method, url, target.clone(), relative, caller);
    request.headers = headers;
    request.ip_text = connection.address_text();
    request.certificate.clone_from(&connection.certificate.borrow());
    if let Source::PrivateEndpoint(endpoint) = &*connection.source.borrow() {
        request.private_endpoint = Some(endpoint.clone());
    }
    let service = snapshot.compiled.service.clone();
    let mut exchange = Exchange::new(service, request, worker.next_id(), worker.env().clock.clone());
    exchange.api = api.map(|api| api.api.clone());
    exchange.resolvers = api.and_then(|api| api.resolvers.clone());
    exchange
}

/// Path and query behind the API's own path.
fn relative(whole: &PathAndQuery, rest: usize) -> PathAndQuery {
    if rest == 0 {
        return whole.clone();
    }
    let text = whole.as_str().get(rest..).unwrap_or("");
    let slash = if text.starts_with('/') { "" } else { "/" };
    PathAndQuery::try_from(format!("{slash}{text}")).unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

fn scheme(connection: &ConnectionState, handshake: bool) -> Scheme {
    match (connection.tls.get(), handshake) {
        (true, true) => Scheme::Wss,
        (true, false) => Scheme::Https,
        (false, true) => Scheme::Ws,
        (false, false) => Scheme::Http,
    }
}

/// Source: error handling page (`OperationNotFound`); captured answer `404 Resource Not Found`.
fn not_found(service: &Service) -> Fault {
    let message = "Unable to match incoming request to an operation.";
    Fault::refused(StatusCode::NOT_FOUND, "OperationNotFound", message)
        .public("Resource not found")
        .source("configuration")
        .phrase(service.decisions.not_found_reason.to_string())
}

/// Source: error handling page; captured answers with their `WWW-Authenticate`.
fn no_key(refusal: KeyRefusal, service: &Service, api: &Api, url: &Url) -> Fault {
    let fault = match refusal {
        KeyRefusal::Missing => Fault::refused(
            StatusCode::UNAUTHORIZED,
            "SubscriptionKeyNotFound",
            "Access denied due to missing subscription key. \
             Make sure to include subscription key when making requests to this API.",
        )
        .public(
            "Access denied due to missing subscription key. \
             Make sure to include subscription key when making requests to an API.",
        ),
        KeyRefusal::Invalid => Fault::refused(
            StatusCode::UNAUTHORIZED,
            "SubscriptionKeyInvalid",
            "Access denied due to invalid subscription key. \
             Make sure to provide a valid key for an active subscription.",
        ),
    };
    let scheme = if url.scheme.is_tls() { "https" } else { "http" };
    let challenge = format!(
        "AzureApiManagementKey realm=\"{scheme}://{}/{}\",name=\"{}\",type=\"header\"",
        url.authority,
        api.path.trim_matches('/'),
        api.key_names.header
    );
    let fault = fault.source("authorization").phrase(service.decisions.unauthorized_reason.to_string());
    match HeaderValue::from_str(&challenge) {
        Ok(value) => fault.header(header::WWW_AUTHENTICATE, value),
        Err(_) => fault,
    }
}

/// Source: private endpoint page.
fn public_access_disabled(service: &Service, caller: IpAddr) -> Response {
    let id = format!("Microsoft.ApiManagement/service/{}", service.name);
    let first = format!(
        "Request originated from client public IP address {caller}, public network access on this '{id}' is disabled."
    );
    let second = format!("To connect to '{id}', please use the Private Endpoint from inside your virtual network.");
    if service.decisions.public_access_json {
        return *checks::refusal(StatusCode::FORBIDDEN, &format!("{first} {second}"));
    }
    let mut response = answer::empty(StatusCode::FORBIDDEN);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.body = BodyCell::new(Body::text(format!("{first}\n{second}")));
    response
}

/// An answer that no policy has a part in.
fn built_in(
    worker: &Worker,
    mut close: Close,
    method: &Method,
    target: &PathAndQuery,
    response: Response,
) -> http::Response<ReplyBody> {
    if close.is_observed(false) {
        close.describe(Details {
            method: method.clone(),
            target: target.clone(),
            started: worker.now(),
            status: response.status,
            answered: Answered::Gateway,
            trace: None,
        });
    }
    reply::of_response(response, false).map(|body| ReplyBody::new(body, close))
}
