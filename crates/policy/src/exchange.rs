//! One request with its response: exactly what APIM's `context` shows, nothing of ours.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use apimite_clock::{Clock, Timestamp};
use apimite_dotnet::crypto::Certificate;
use apimite_expr::Value;
use apimite_expr::library::sys::CertificateTrust;
use apimite_model::{Api, Backend, Operation, Product, Service, Subscription, User};
use apimite_trace::Trace;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use smallvec::SmallVec;

use crate::body::BodyCell;
use crate::def::Section;
use crate::env::{CallOptions, CallProxy, CallTls, ClientCertificate, Env};
use crate::fault::{Fault, LastError};
use crate::resolvers::Resolvers;
use crate::target::Target;
use crate::url::Url;

/// A response, built-in, from a backend, or kept in a variable.
#[derive(Debug)]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Reason phrase when it is not the usual one for the status.
    pub reason: Option<Box<str>>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: BodyCell,
}

impl Response {
    /// The reason phrase that goes on the wire.
    pub fn reason_phrase(&self) -> &str {
        self.reason.as_deref().or_else(|| self.status.canonical_reason()).unwrap_or("")
    }
}

/// The request as policies see it.
#[derive(Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// The URL as the client called it.
    pub original_url: Url,
    /// Where the request will go: backend base URL plus path. Changed by `set-backend-service`, `rewrite-uri` and
    /// `set-query-parameter` through [`Request::retarget`] and [`Request::set_relative`].
    url: Url,
    /// The part of the path behind the base, with query.
    relative: PathAndQuery,
    /// The backend that `url` begins with.
    target: Arc<Target>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: BodyCell,
    /// Address of the caller: the peer of the connection, or what PROXY v2 said.
    pub ip: IpAddr,
    /// That address as text, made once for a connection.
    pub ip_text: Option<HeaderValue>,
    /// Client certificate of the TLS connection, DER.
    pub certificate: Option<Arc<[u8]>>,
    /// The private endpoint connection the request came through.
    pub private_endpoint: Option<Arc<PrivateEndpoint>>,
    /// Parameters of the matched URL template.
    pub matched: Vec<(Box<str>, Box<str>)>,
}

/// `context.Request.PrivateEndpointConnection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateEndpoint {
    /// Resource name of the connection.
    pub name: Box<str>,
    /// `Gateway`
    pub group_id: Box<str>,
    /// `Gateway`
    pub member_name: Box<str>,
    /// Link identifier, as PROXY v2 carries it.
    pub link_id: u32,
}

impl Request {
    /// A request to a target with a path behind the target's base.
    pub fn new(method: Method, original_url: Url, target: Arc<Target>, relative: PathAndQuery, ip: IpAddr) -> Self {
        let url = target.url(&relative);
        Self {
            method,
            original_url,
            url,
            relative,
            target,
            headers: HeaderMap::new(),
            body: BodyCell::default(),
            ip,
            ip_text: None,
            certificate: None,
            private_endpoint: None,
            matched: Vec::new(),
        }
    }

    /// Where the request will go.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Path with query behind the backend's base path.
    pub const fn relative(&self) -> &PathAndQuery {
        &self.relative
    }

    /// The backend it will go to.
    pub const fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Chooses another backend; path and query stay.
    pub fn retarget(&mut self, target: Arc<Target>) {
        self.url = target.url(&self.relative);
        self.target = target;
    }

    /// Chooses another path with query behind the same base.
    pub fn set_relative(&mut self, relative: PathAndQuery) {
        self.url = self.target.url(&relative);
        self.relative = relative;
    }
}

/// `context.Variables`: few, so a list; names are case-sensitive.
#[derive(Clone, Debug, Default)]
pub struct Variables(SmallVec<[(Arc<str>, Value); 4]>);

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &Arc<str>, value: Value) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((Arc::clone(name), value)),
        }
    }

    /// Removes a variable.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| &**key != name);
    }

    /// All of them in the order they were first set.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

/// Which of a subscription's keys was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsed {
    /// The primary key.
    Primary,
    /// The secondary key.
    Secondary,
}

/// Who calls: what the subscription key said.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The subscription and the key of it that was used.
    pub subscription: Option<(Arc<Subscription>, KeyUsed)>,
    /// The product context.
    pub product: Option<Arc<Product>>,
    /// The owner of the subscription.
    pub user: Option<Arc<User>>,
}

/// `context.Backend`: the backend entity in use.
#[derive(Clone, Debug)]
pub struct BackendInUse {
    /// Resource name.
    pub id: Box<str>,
    /// Is it a pool?
    pub pool: bool,
    /// Region, if set.
    pub azure_region: Option<Box<str>>,
}

/// `context.GraphQL` inside a resolver.
#[derive(Clone, Debug, Default)]
pub struct GraphQl {
    /// Arguments of the field, a JObject.
    pub arguments: Value,
    /// The parent object, a JObject or null.
    pub parent: Value,
}

/// Increments and other work that waits for the response; what it returns is awaited before the response is sent.
pub type Deferred = Box<dyn FnOnce(&Exchange, &Env) -> Option<BoxFuture<'static, ()>> + Send>;

/// Work between the backend section and outbound, such as reading what a language model used. A fault ends the pipeline like
/// one of the backend section.
pub type AfterBackend =
    Box<dyn for<'a> FnOnce(&'a mut Exchange, &'a Env) -> LocalBoxFuture<'a, Result<(), Fault>> + Send>;

/// A change to the answer, whoever makes it.
pub type OnAnswer = Box<dyn FnOnce(&mut Response) + Send>;

/// Work that waits until the response body has been sent: its argument is the number of bytes of both bodies.
pub type OnTransfer = Box<dyn FnOnce(u64, &Env) + Send>;

/// One request with its response and everything `context` shows about it.
pub struct Exchange {
    /// The service in force when the request came.
    pub service: Arc<Service>,
    /// The request.
    pub request: Request,
    /// The response, once there is one.
    pub response: Option<Response>,
    /// `context.Variables`
    pub variables: Variables,
    /// Who calls.
    pub caller: Caller,
    /// The API that was matched.
    pub api: Option<Arc<Api>>,
    /// The operation that was matched.
    pub operation: Option<Arc<Operation>>,
    /// Where the request went before any policy: `context.Api.ServiceUrl`.
    pub service_target: Arc<Target>,
    /// The backend entity in use.
    pub backend: Option<BackendInUse>,
    /// `context.GraphQL`
    pub graphql: Option<Box<GraphQl>>,
    /// What resolves the fields of a synthetic GraphQL API.
    pub resolvers: Option<Arc<Resolvers>>,
    /// `context.LastError`
    pub last_error: Option<Box<LastError>>,
    /// `context.RequestId`
    pub request_id: uuid::Uuid,
    /// When the request came.
    pub timestamp: Timestamp,
    /// The clock that `context.Elapsed` and `DateTime.UtcNow` read.
    pub clock: Clock,
    /// The section that runs.
    pub section: Section,
    /// The trace of this exchange, when it is wanted. `context.Tracing` tells.
    pub trace: Option<Box<Trace>>,
    /// Messages of `context.Trace(…)` that wait for the executor.
    pub traced: parking_lot::Mutex<Vec<String>>,
    /// Work that runs when the backend section is done, in order.
    pub after_backend: Vec<AfterBackend>,
    /// Work that runs when the response is known, in order.
    pub deferred: Vec<Deferred>,
    /// Changes to the answer, whoever makes it.
    pub answer_changes: Vec<OnAnswer>,
    /// Work that runs when the response body has been sent.
    pub on_transfer: Vec<OnTransfer>,
    /// May anything behind `forward-request` look at the request's headers? Else they are moved, not copied.
    pub keep_request_head: bool,
    /// Client certificate towards the backend, set by `authentication-certificate`.
    pub client_certificate: Option<ClientCertificate>,
    /// Outgoing proxy, set by `proxy`.
    pub proxy: Option<Arc<CallProxy>>,
    /// The certificates that `Verify` trusts, read when something asks for them.
    pub(crate) trust: OnceLock<Box<CertificateTrust>>,
    /// Who talks to the client when the answer is 101; without one, bytes pass between client and backend.
    pub talk: Option<Box<dyn crate::socket::Talk>>,
    /// Private state of policies that spans steps (cache keys, token counts), by type.
    pub notes: Notes,
}

/// Private state of policies that spans sections of one exchange, by type.
#[derive(Default)]
pub struct Notes(Vec<Box<dyn std::any::Any + Send>>);

impl Notes {
    /// Puts a note down; a note of the same type is replaced.
    pub fn put<T: Send + 'static>(&mut self, note: T) {
        self.0.retain(|old| !old.is::<T>());
        self.0.push(Box::new(note));
    }

    /// The note of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|note| note.downcast_ref())
    }

    /// The note of this type, to change it.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.iter_mut().find_map(|note| note.downcast_mut())
    }

    /// Takes the note of this type away.
    pub fn take<T: 'static>(&mut self) -> Option<Box<T>> {
        let index = self.0.iter().position(|note| note.is::<T>())?;
        self.0.swap_remove(index).downcast().ok()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({} {})", self.request.method, self.request.original_url.path())
    }
}

impl Exchange {
    /// An exchange at its beginning.
    pub fn new(service: Arc<Service>, request: Request, request_id: uuid::Uuid, clock: Clock) -> Self {
        Self {
            service_target: Arc::clone(request.target()),
            service,
            request,
            response: None,
            variables: Variables::default(),
            caller: Caller::default(),
            api: None,
            operation: None,
            backend: None,
            graphql: None,
            resolvers: None,
            last_error: None,
            request_id,
            timestamp: clock.now(),
            clock,
            section: Section::Inbound,
            trace: None,
            traced: parking_lot::Mutex::new(Vec::new()),
            after_backend: Vec::new(),
            deferred: Vec::new(),
            answer_changes: Vec::new(),
            on_transfer: Vec::new(),
            keep_request_head: true,
            client_certificate: None,
            proxy: None,
            trust: OnceLock::new(),
            talk: None,
            notes: Notes::default(),
        }
    }

    /// The authorities of the service: those that end a chain, and those in between. What is no certificate is left out.
    pub fn trust(&self) -> &CertificateTrust {
        self.trust.get_or_init(|| {
            let read = |der: &Arc<[u8]>| Certificate::from_bytes(der, None).ok();
            let all = self.service.authorities.iter().filter_map(read);
            let (roots, intermediates) = all.partition(|one| one.subject_der() == one.issuer_der());
            Box::new(CertificateTrust { roots, intermediates })
        })
    }

    /// Does the client ask for a WebSocket?
    pub const fn is_handshake(&self) -> bool {
        matches!(self.request.original_url.scheme, crate::url::Scheme::Ws | crate::url::Scheme::Wss)
    }

    /// Remembers a change to the answer, whoever makes it.
    pub fn on_answer(&mut self, change: impl FnOnce(&mut Response) + Send + 'static) {
        self.answer_changes.push(Box::new(change));
    }

    /// Remembers work for when the response is known.
    pub fn defer(&mut self, work: impl FnOnce(&Self, &Env) -> Option<BoxFuture<'static, ()>> + Send + 'static) {
        self.deferred.push(Box::new(work));
    }

    /// Remembers work for when the backend section is done and outbound has not begun.
    pub fn after_backend(
        &mut self,
        work: impl for<'a> FnOnce(&'a mut Self, &'a Env) -> LocalBoxFuture<'a, Result<(), Fault>> + Send + 'static,
    ) {
        self.after_backend.push(Box::new(work));
    }

    /// Remembers work for when the response body has been sent.
    pub fn on_transfer(&mut self, work: impl FnOnce(u64, &Env) + Send + 'static) {
        self.on_transfer.push(Box::new(work));
    }

    /// Sets `context.LastError` from a fault.
    pub fn set_last_error(&mut self, fault: &Fault) {
        let place = fault.place.as_ref();
        self.last_error = Some(Box::new(LastError {
            source: fault.source.as_ref().into(),
            reason: fault.reason.as_ref().into(),
            message: fault.message.as_str().into(),
            scope: place.map_or("", |p| p.scope.name()).into(),
            section: place.map_or(self.section, |p| p.section).name().into(),
            path: place.map_or("", |p| &*p.path).into(),
            policy_id: place.and_then(|p| p.policy_id.as_deref()).unwrap_or("").into(),
            status: fault.status.as_u16(),
        }));
    }

    /// How a call to the present backend is made: certificate checks, client certificate, proxy.
    pub fn call_options(&self) -> CallOptions {
        self.call_options_to(self.request.target())
    }

    /// How a call to a backend is made for the client's request; the target may be a member of the present pool.
    pub fn call_options_to(&self, target: &Target) -> CallOptions {
        let backend = target.backend.as_deref();
        let client = self.client_certificate.clone().or_else(|| self.certificate_of(backend?));
        self.options(backend, client, self.proxy.clone())
    }

    /// How a policy's own call to a backend entity is made; the certificate and the proxy of the request are not meant for it.
    pub fn call_options_of(&self, backend: &Backend) -> CallOptions {
        self.options(Some(backend), self.certificate_of(backend), None)
    }

    fn options(
        &self,
        backend: Option<&Backend>,
        client: Option<ClientCertificate>,
        proxy: Option<Arc<CallProxy>>,
    ) -> CallOptions {
        let mut options = CallOptions { proxy, ..CallOptions::default() };
        if let Some(proxy) = backend.and_then(|backend| backend.proxy.as_ref()) {
            let user =
                proxy.username.as_deref().map(|user| (user.to_owned(), proxy.password.clone().unwrap_or_default()));
            options.proxy = Some(Arc::new(CallProxy { url: proxy.url.to_string(), credentials: user }));
        }
        if backend.is_some() || client.is_some() {
            // A backend entity checks the host name unless told otherwise; a bare URL does not.
            let tls = backend.map(|backend| &backend.tls);
            options.tls = Arc::new(CallTls {
                validate_chain: tls.is_none_or(|tls| tls.validate_chain),
                validate_name: tls.is_some_and(|tls| tls.validate_name),
                client,
            });
        }
        options
    }

    fn certificate_of(&self, backend: &Backend) -> Option<ClientCertificate> {
        let wanted = backend.credentials.certificates.first()?;
        let certificate = self.service.certificates.values().find(|certificate| {
            certificate.id.eq_ignore_ascii_case(wanted) || certificate.thumbprint.eq_ignore_ascii_case(wanted)
        })?;
        let chain = std::iter::once(&certificate.der).chain(&certificate.chain).cloned().collect();
        Some(ClientCertificate { chain, key: certificate.key.clone()? })
    }

    /// The headers that a policy of this section edits: the request's in inbound and backend, else the response's.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        if self.edits_request() { &mut self.request.headers } else { &mut self.response_mut().headers }
    }

    /// The body that a policy of this section edits.
    pub fn body(&mut self) -> &BodyCell {
        if self.edits_request() { &self.request.body } else { &self.response_mut().body }
    }

    /// Do policies of this section edit the request?
    pub const fn edits_request(&self) -> bool {
        matches!(self.section, Section::Inbound | Section::Backend)
    }

    /// The response; an empty 200 is made when there is none.
    pub fn response_mut(&mut self) -> &mut Response {
        self.response.get_or_insert_with(|| crate::answer::empty(StatusCode::OK))
    }
}
