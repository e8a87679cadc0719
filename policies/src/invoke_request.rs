//! `invoke-request`: calls a URL or a backend entity; the response goes into a variable, or becomes the answer.
//!
//! Source: the policy toolkit's documentation of the element. The schema of the editor has another shape (`value` children) that
//! nothing explains.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_model::BackendKind;
use apimite_policy::arg::{TextArg, ValueArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::context::{ResponseObject, to_bytes};
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused};
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, StepKind};
use apimite_policy::url::Url;
use futures_util::future::LocalBoxFuture;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::send_request::send;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("method", Kind::Text),
        Attr::new("url", Kind::Text),
        Attr::new("backend-id", Kind::Text),
        Attr::new("response-variable-name", Kind::Text),
    ],
    content: Content::Elements {
        children: &[
            Child::many(
                "header",
                &[Attr::new("name", Kind::Text).required()],
                Content::Elements {
                    children: &[Child::many("value", &[], Content::Text(Kind::Text, Expressions::Allowed))],
                    ordered: true,
                },
            ),
            Child::optional("body", &[], Content::Raw),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure", "Timeout"],
    differences: &[
        "only the shape that the policy toolkit writes is known; the one of the published schema is refused",
        "the response ends the pipeline as return-response does when no variable is named",
    ],
    schema_only: true,
    ..PolicyDef::new("invoke-request", "Calls a URL or a backend; the response is kept or becomes the answer.", compile)
};

struct InvokeRequest {
    method: Option<TextArg>,
    url: Option<TextArg>,
    backend: Option<TextArg>,
    variable: Option<TextArg>,
    headers: Vec<(TextArg, Vec<TextArg>)>,
    body: Option<ValueArg>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut step = InvokeRequest {
        method: cx.optional_text(element, "method")?,
        url: cx.optional_text(element, "url")?,
        backend: cx.optional_text(element, "backend-id")?,
        variable: cx.optional_text(element, "response-variable-name")?,
        headers: Vec::new(),
        body: None,
    };
    if step.url.is_none() && step.backend.is_none() {
        return Err(cx.refuse(
            element.name_span,
            "invoke_request::url",
            "`url` or `backend-id` is required",
            "say where the request goes",
        ));
    }
    for child in element.elements() {
        if &*child.name == "body" {
            step.body = Some(cx.content_value(child)?);
            continue;
        }
        let Some(name) = child.attr("name") else { return Err(Refused) };
        let name = cx.text_arg(name)?;
        let mut values = Vec::new();
        for value in Compile::children(child, "value") {
            values.push(cx.content(value)?);
        }
        step.headers.push((name, values));
    }
    Ok(StepKind::io(step))
}

fn failed(text: String) -> Fault {
    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. {text}"))
}

impl InvokeRequest {
    fn call(&self, exchange: &Exchange, env: &Env) -> Result<Call, Fault> {
        let bad_url =
            |error: apimite_policy::url::NotAUrl| Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string());
        let mut headers = HeaderMap::new();
        let given = self.url.as_ref().map(|arg| arg.get(exchange)).transpose()?;
        let mut url = match &self.backend {
            Some(id) => {
                let id = id.get(exchange)?;
                let backend = exchange.service.backends.get(id.trim());
                let Some(BackendKind::Single { url }) = backend.map(|backend| &backend.kind) else {
                    return Err(failed(format!("There is no single backend `{id}`.")));
                };
                let path = given.as_deref().map_or("", |path| path.trim_start_matches('/'));
                Url::parse(&format!("{}/{path}", url.trim_end_matches('/'))).map_err(bad_url)?
            }
            None => Url::parse(given.as_deref().unwrap_or("").trim()).map_err(bad_url)?,
        };
        for (name, values) in &self.headers {
            let name = name.get(exchange)?;
            let name: HeaderName = name.trim().parse().map_err(|_| failed(format!("`{name}` is no header name.")))?;
            for value in values {
                let text = value.get(exchange)?;
                let value =
                    HeaderValue::from_str(text.trim()).map_err(|_| failed("A header value has line ends.".into()))?;
                headers.append(name.clone(), value);
            }
        }
        let mut options = CallOptions::default();
        if let Some(id) = &self.backend
            && let Some(backend) = exchange.service.backends.get(id.get(exchange)?.trim())
        {
            crate::backend::credentials(backend, env, &mut headers, &mut url)?;
            let mut tls = (*options.tls).clone();
            (tls.validate_chain, tls.validate_name) = (backend.tls.validate_chain, backend.tls.validate_name);
            options.tls = Arc::new(tls);
        }
        headers.entry(HOST).or_insert_with(|| url.host_header());
        let method = match &self.method {
            Some(arg) => {
                let text = arg.get(exchange)?;
                Method::from_bytes(text.trim().as_bytes()).map_err(|_| failed(format!("`{text}` is no method.")))?
            }
            None => Method::GET,
        };
        let body = match &self.body {
            Some(arg) => Body::Bytes(to_bytes(&arg.get(exchange)?)?),
            None => Body::None,
        };
        if let Some(length) = body.len().filter(|length| *length > 0) {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        Ok(Call { method, url, headers, body, options })
    }
}

impl Io for InvokeRequest {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let response = send(self.call(exchange, env)?, env).await?;
            match &self.variable {
                Some(name) => {
                    let name: Arc<str> = name.get(exchange)?.trim().into();
                    exchange.variables.set(&name, Value::object(ResponseObject::new(response)));
                    Ok(Flow::Next)
                }
                None => {
                    exchange.response = Some(response);
                    Ok(Flow::Respond)
                }
            }
        })
    }
}
