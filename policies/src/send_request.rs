//! `send-request` and `send-one-way-request`: calls another server and keeps its response in a variable, or forgets about it.
//!
//! Statuses of 400 and above are no errors. Redirects are not followed.
//!
//! Source: send-request and send-one-way-request policy references.

use std::sync::Arc;
use std::time::Duration;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::{BoolArg, IntArg, SecondsArg, TextArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::context::ResponseObject;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, PolicyDef, Refused, Section};
use apimite_policy::env::{Call, CallOptions, CallTls, Env};
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, EXPRESSION_FAILED, Fault, TIMEOUT};
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use apimite_policy::url::Url;
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method};

use crate::authentication_certificate::{self, AuthenticationCertificate};
use crate::authentication_managed_identity::{self, ManagedIdentity};
use crate::authentication_token::{self, AuthenticationToken};
use crate::forward_request::fault_of;
use crate::message::body_replaced;
use crate::proxy::{self, Proxy};
use crate::set_body::{self, SetBody};
use crate::set_header::{self, SetHeader};
use crate::set_method::{self, SetMethod};

const CHILDREN: Content = Content::Elements {
    children: &[
        Child::policy("set-url"),
        Child::policy("set-method"),
        Child::policies("set-header"),
        Child::policy("set-body"),
        Child::policy("authentication-certificate"),
        Child::policy("authentication-token"),
        Child::policy("authentication-token-store"),
        Child::policy("authentication-managed-identity"),
        Child::policy("proxy"),
    ],
    ordered: true,
};

const MODE: Attr = Attr::new("mode", Kind::OneOf(&["new", "copy"])).default("new");

/// `send-request`
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        MODE,
        Attr::new("response-variable-name", Kind::Text),
        Attr::new("timeout", Kind::Seconds).default("60"),
        Attr::new("timeout-ms", Kind::Int(0, i64::MAX)),
        Attr::new("ignore-error", Kind::Bool).default("false"),
        Attr::new("buffer-response", Kind::Bool)
            .default("true")
            .not_applicable("responses kept in variables are always read into memory"),
        Attr::new("fail-on-error-status-code", Kind::Bool).default("false"),
    ],
    content: CHILDREN,
    raises: &["BackendConnectionFailure", "Timeout"],
    ..PolicyDef::new("send-request", "Calls another server and keeps its response in a variable.", compile)
};

/// `send-one-way-request`
pub static ONE_WAY: PolicyDef = PolicyDef {
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    attributes: &[
        MODE,
        Attr::new("timeout", Kind::Seconds).default("60"),
        Attr::new("timeout-ms", Kind::Int(0, i64::MAX)),
    ],
    content: CHILDREN,
    ..PolicyDef::new("send-one-way-request", "Calls another server and does not wait for it.", compile_one_way)
};

/// A request that a policy sends.
struct Outgoing {
    mode: TextArg,
    url: Option<TextArg>,
    method: Option<SetMethod>,
    headers: Vec<SetHeader>,
    body: Option<SetBody>,
    certificate: Option<AuthenticationCertificate>,
    identity: Option<ManagedIdentity>,
    token: Option<AuthenticationToken>,
    proxy: Option<Proxy>,
    timeout: SecondsArg,
    millis: Option<IntArg>,
}

fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Outgoing, Refused> {
    let mode = cx.text(element, "mode")?;
    let is_new = mode.as_literal().is_some_and(|text| text.trim().eq_ignore_ascii_case("new"));
    if !is_new {
        cx.needs(Needs { request_body: true, ..Needs::default() });
    }
    let mut outgoing = Outgoing {
        mode,
        url: None,
        method: None,
        headers: Vec::new(),
        body: None,
        certificate: None,
        identity: None,
        token: None,
        proxy: None,
        timeout: cx.seconds(element, "timeout")?,
        millis: cx.optional_int(element, "timeout-ms")?,
    };
    let mut outcome = Ok(());
    for child in element.elements() {
        let read = cx.child_policy(child, |child, cx| {
            match &*child.name {
                "set-url" => outgoing.url = Some(cx.content(child)?),
                "set-method" => outgoing.method = Some(set_method::read(child, cx)?),
                "set-header" => outgoing.headers.push(set_header::read(child, cx)?),
                "set-body" => outgoing.body = Some(set_body::read(child, cx)?),
                "authentication-certificate" => {
                    outgoing.certificate = Some(authentication_certificate::read(child, cx)?);
                }
                "authentication-managed-identity" => {
                    outgoing.identity = Some(authentication_managed_identity::read(child, cx)?);
                }
                "authentication-token" | "authentication-token-store" => {
                    outgoing.token = Some(authentication_token::read(child, cx)?);
                }
                _ => outgoing.proxy = Some(proxy::read(child, cx)?),
            }
            Ok(())
        });
        outcome = outcome.and(read);
    }
    outcome?;
    if is_new && outgoing.url.is_none() {
        return Err(cx.refuse(
            element.name_span,
            "send_request::url",
            "`set-url` is required when `mode` is `new`",
            "add `<set-url>`, or set `mode=\"copy\"`",
        ));
    }
    Ok(outgoing)
}

impl Outgoing {
    fn timeout(&self, exchange: &Exchange) -> Result<Duration, Fault> {
        match &self.millis {
            Some(millis) => Ok(Duration::from_millis(u64::try_from(millis.get(exchange)?).unwrap_or(0))),
            None => self.timeout.get(exchange),
        }
    }

    /// The request as it goes out.
    fn call(&self, exchange: &Exchange, env: &Env) -> Result<Call, Fault> {
        let mode = self.mode.get(exchange)?;
        let copy = match mode.trim() {
            mode if mode.eq_ignore_ascii_case("copy") => true,
            mode if mode.eq_ignore_ascii_case("new") => false,
            mode => return Err(bad(format!("`{mode}` is no value of mode."))),
        };
        let request = &exchange.request;
        let url = match &self.url {
            Some(arg) => {
                let text = arg.get(exchange)?;
                Url::parse(text.trim())
                    .map_err(|error| Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string()))?
            }
            None if copy => request.url().clone(),
            None => return Err(bad("There is no URL to send the request to.".to_owned())),
        };
        let method = match &self.method {
            Some(method) => method.get(exchange)?,
            None if copy => request.method.clone(),
            None => Method::GET,
        };
        let mut headers = if copy { request.headers.clone() } else { HeaderMap::new() };
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        for header in &self.headers {
            header.apply(exchange, &mut headers)?;
        }
        let outbound = matches!(exchange.section, Section::Outbound | Section::OnError);
        let body = match &self.body {
            Some(body) => {
                body_replaced(&mut headers);
                body.get(exchange)?
            }
            None if copy && !outbound => request.body.bytes(),
            None => None,
        };
        if let Some(value) =
            self.identity.as_ref().map(|identity| identity.header(exchange, env)).transpose()?.flatten()
        {
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(value) = self.token.as_ref().map(|token| token.header(env)).transpose()?.flatten() {
            headers.insert(AUTHORIZATION, value);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, url.host_header());
        }
        match &body {
            Some(body) => drop(headers.insert(CONTENT_LENGTH, body.len().into())),
            None if [Method::POST, Method::PUT, Method::PATCH].contains(&method) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            None => {}
        }
        let mut options = CallOptions { timeout: self.timeout(exchange)?, ..CallOptions::default() };
        options.proxy = self.proxy.as_ref().map(|proxy| proxy.get(exchange)).transpose()?;
        if let Some(certificate) = &self.certificate {
            options.tls = Arc::new(CallTls { client: Some(certificate.get(exchange)?), ..CallTls::default() });
        }
        Ok(Call { method, url, headers, body: body.map_or(Body::None, Body::Bytes), options })
    }
}

fn bad(text: String) -> Fault {
    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. {text}"))
}

/// Sends and reads the whole response.
pub(crate) async fn send(call: Call, env: &Env) -> Result<Response, Fault> {
    let timeout = call.options.timeout;
    let response = env.client.send(call).await.map_err(fault_of)?;
    if response.body.is_stream() {
        match env.clock.timeout(timeout, response.body.buffer(env.buffer_limit)).await {
            None => return Err(Fault::internal(TIMEOUT, "Request to the backend service timed out")),
            Some(Err(error)) => return Err(Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string())),
            Some(Ok(())) => {}
        }
    }
    Ok(response)
}

struct SendRequest {
    outgoing: Outgoing,
    variable: Option<TextArg>,
    ignore_error: BoolArg,
    fail_on_status: BoolArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let outgoing = read(element, cx);
    Ok(StepKind::io(SendRequest {
        variable: cx.optional_text(element, "response-variable-name")?,
        ignore_error: cx.boolean(element, "ignore-error")?,
        fail_on_status: cx.boolean(element, "fail-on-error-status-code")?,
        outgoing: outgoing?,
    }))
}

impl SendRequest {
    async fn response(&self, exchange: &Exchange, env: &Env) -> Result<Response, Fault> {
        let response = send(self.outgoing.call(exchange, env)?, env).await?;
        if response.status.as_u16() >= 400 && self.fail_on_status.get(exchange)? {
            let text = format!("The backend service responded with status {}.", response.status.as_u16());
            return Err(Fault::internal("BackendErrorStatusCode", text));
        }
        Ok(response)
    }
}

impl Io for SendRequest {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let ignore = self.ignore_error.get(exchange)?;
            let value = match self.response(exchange, env).await {
                Ok(response) => Value::object(ResponseObject::new(response)),
                // An expression that throws is a mistake of the policy, not of the call.
                Err(fault) if ignore && fault.reason != EXPRESSION_FAILED => Value::Null,
                Err(fault) => return Err(fault),
            };
            if let Some(name) = &self.variable {
                let name: Arc<str> = name.get(exchange)?.trim().into();
                exchange.variables.set(&name, value);
            }
            Ok(Flow::Next)
        })
    }
}

struct SendOneWay(Outgoing);

fn compile_one_way(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::io(SendOneWay(read(element, cx)?)))
}

impl Io for SendOneWay {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            match self.0.call(exchange, env) {
                Ok(call) => {
                    let own = env.clone();
                    (env.spawn)(Box::pin(async move { drop(send(call, &own).await) }));
                }
                Err(fault) if fault.reason == EXPRESSION_FAILED => return Err(fault),
                // What goes wrong with the call itself never fails the request.
                Err(_) => {}
            }
            Ok(Flow::Next)
        })
    }
}
