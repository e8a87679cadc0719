//! `cors`: answers preflight requests and adds CORS headers to responses.
//!
//! Known difference: none known; the default of `terminate-unmatched-request` is a named decision.
//!
//! Source: cors policy reference.

use apimite_document::Element;
use apimite_policy::answer;
use apimite_policy::arg::{BoolArg, IntArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};

const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("allow-credentials", Kind::Bool).default("false"),
        Attr::new("terminate-unmatched-request", Kind::Bool),
    ],
    content: Content::Elements {
        children: &[
            Child::one(
                "allowed-origins",
                &[],
                Content::Elements { children: &[Child::at_least_one("origin", &[], TEXT)], ordered: false },
            ),
            Child::optional(
                "allowed-methods",
                &[Attr::new("preflight-result-max-age", Kind::Int(0, i64::MAX)).default("0")],
                Content::Elements { children: &[Child::at_least_one("method", &[], TEXT)], ordered: false },
            ),
            Child::optional(
                "allowed-headers",
                &[],
                Content::Elements { children: &[Child::at_least_one("header", &[], TEXT)], ordered: false },
            ),
            Child::optional(
                "expose-headers",
                &[],
                Content::Elements { children: &[Child::at_least_one("header", &[], TEXT)], ordered: false },
            ),
        ],
        ordered: false,
    },
    ..PolicyDef::new("cors", "Answers preflight requests and adds CORS headers to responses.", compile)
};

struct Cors {
    credentials: BoolArg,
    terminate: BoolArg,
    origins: Vec<TextArg>,
    methods: Vec<TextArg>,
    max_age: Option<IntArg>,
    headers: Vec<TextArg>,
    expose: Vec<TextArg>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let list = |outer: &str, inner: &str, cx: &mut Compile<'_>| -> Result<Vec<TextArg>, Refused> {
        let Some(parent) = Compile::child(element, outer) else { return Ok(Vec::new()) };
        Compile::children(parent, inner).map(|child| cx.content(child)).collect()
    };
    let origins = list("allowed-origins", "origin", cx)?;
    let methods = list("allowed-methods", "method", cx)?;
    let headers = list("allowed-headers", "header", cx)?;
    let expose = list("expose-headers", "header", cx)?;
    let is_any = |arg: &TextArg| arg.as_literal().is_some_and(|text| text.trim() == "*");
    if origins.len() > 1 && origins.iter().any(is_any) {
        cx.warn(element.name_span, "cors::origins", "`*` makes the other origins superfluous");
    }
    let max_age = match Compile::child(element, "allowed-methods") {
        Some(child) => cx.optional_int(child, "preflight-result-max-age")?,
        None => None,
    };
    let terminate = if element.attr("terminate-unmatched-request").is_some() {
        cx.boolean(element, "terminate-unmatched-request")?
    } else {
        BoolArg::Literal(cx.service().decisions.cors_terminates_unmatched)
    };
    let credentials = cx.boolean(element, "allow-credentials")?;
    Ok(StepKind::now(Cors { credentials, terminate, origins, methods, max_age, headers, expose }))
}

/// Scheme, host and port of an origin, with the default port left out and without a slash at the end.
fn normal(origin: &str) -> String {
    let text = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    match text.split_once("://") {
        Some(("http", host)) => format!("http://{}", host.strip_suffix(":80").unwrap_or(host)),
        Some(("https", host)) => format!("https://{}", host.strip_suffix(":443").unwrap_or(host)),
        _ => text,
    }
}

impl Cors {
    /// Is the origin allowed, and by `*`?
    fn allows(&self, origin: &str, exchange: &Exchange) -> Result<Option<bool>, Fault> {
        let wanted = normal(origin);
        for arg in &self.origins {
            let text = arg.get(exchange)?;
            if text.trim() == "*" {
                return Ok(Some(true));
            }
            if normal(&text) == wanted {
                return Ok(Some(false));
            }
        }
        Ok(None)
    }

    fn texts(args: &[TextArg], exchange: &Exchange) -> Result<Vec<String>, Fault> {
        args.iter().map(|arg| Ok(arg.get(exchange)?.trim().to_owned())).collect()
    }

    fn preflight(&self, origin: &str, exchange: &Exchange) -> Result<Option<Response>, Fault> {
        let Some(any) = self.allows(origin, exchange)? else { return Ok(None) };
        let headers = &exchange.request.headers;
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|v| v.to_str().ok()).unwrap_or("");
        let mut methods = Self::texts(&self.methods, exchange)?;
        if methods.is_empty() {
            methods = vec!["GET".to_owned(), "POST".to_owned()];
        }
        if !methods.iter().any(|method| method == "*" || method.eq_ignore_ascii_case(wanted)) {
            return Ok(None);
        }
        let allowed = Self::texts(&self.headers, exchange)?;
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|v| v.to_str().ok()).unwrap_or("");
        let any_header = allowed.iter().any(|header| header == "*");
        let ok = |name: &str| any_header || allowed.iter().any(|header| header.eq_ignore_ascii_case(name));
        if !asked.split(',').map(str::trim).filter(|name| !name.is_empty()).all(ok) {
            return Ok(None);
        }
        let mut response = answer::empty(StatusCode::OK);
        self.allow_origin(&mut response, origin, any, exchange)?;
        let shown = if methods.iter().any(|method| method == "*") { wanted.to_owned() } else { methods.join(",") };
        put(&mut response, ACCESS_CONTROL_ALLOW_METHODS, &shown);
        if !asked.is_empty() {
            put(&mut response, ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        if let Some(age) = &self.max_age {
            let age = age.get(exchange)?;
            if age > 0 {
                put(&mut response, ACCESS_CONTROL_MAX_AGE, &age.to_string());
            }
        }
        Ok(Some(response))
    }

    fn allow_origin(&self, response: &mut Response, origin: &str, any: bool, exchange: &Exchange) -> Result<(), Fault> {
        let credentials = self.credentials.get(exchange)?;
        if any && !credentials {
            put(response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            put(response, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if credentials {
            put(response, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        Ok(())
    }
}

fn put(response: &mut Response, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers.insert(name, value);
    }
}

/// Headers that the answer will carry, whoever makes it.
struct Granted {
    origin: String,
    any: bool,
    credentials: bool,
    expose: Vec<String>,
}

impl Now for Cors {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let Some(origin) = exchange.request.headers.get(ORIGIN).and_then(|v| v.to_str().ok()).map(str::to_owned) else {
            let now = exchange.clock.now();
            if let Some(trace) = &mut exchange.trace {
                let text = "Origin header was missing or empty and the request was classified as not cross-domain. CORS policy was not applied.";
                trace.text("inbound", "cors", now, text);
            }
            return Ok(Flow::Next);
        };
        let is_preflight = exchange.request.method == Method::OPTIONS
            && exchange.request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            && exchange.operation.is_none();
        if is_preflight {
            return match self.preflight(&origin, exchange)? {
                Some(response) => {
                    exchange.response = Some(response);
                    Ok(Flow::Respond)
                }
                None if self.terminate.get(exchange)? => {
                    exchange.response = Some(answer::empty(StatusCode::OK));
                    Ok(Flow::Respond)
                }
                None => Ok(Flow::Next),
            };
        }
        match self.allows(&origin, exchange)? {
            Some(any) => {
                let granted = Granted {
                    any,
                    credentials: self.credentials.get(exchange)?,
                    expose: Self::texts(&self.expose, exchange)?,
                    origin,
                };
                exchange.on_answer(move |response| granted.apply(response));
                Ok(Flow::Next)
            }
            None => {
                let simple = matches!(exchange.request.method, Method::GET | Method::HEAD);
                if simple && self.terminate.get(exchange)? {
                    exchange.response = Some(answer::empty(StatusCode::OK));
                    return Ok(Flow::Respond);
                }
                Ok(Flow::Next)
            }
        }
    }
}

impl Granted {
    fn apply(&self, response: &mut Response) {
        if self.any && !self.credentials {
            put(response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            put(response, ACCESS_CONTROL_ALLOW_ORIGIN, &self.origin);
            response.headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if self.credentials {
            put(response, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        if !self.expose.is_empty() {
            put(response, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose.join(","));
        }
    }
}
