//! `authentication-token` and `authentication-token-store`: older ways to a token, known from the published schemas only.
//!
//! Source: published schemas of both elements; no documentation page has them.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::authentication_managed_identity::{bearer, issue};
use crate::token_issuer::SYSTEM_IDENTITY;

/// `authentication-token`
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("token-type", Kind::OneOf(&["managed-service-identity", "token-service"]))
            .default("managed-service-identity")
            .literal()
            .differs("`token-service` is refused: nothing says what such a service is asked"),
        Attr::new("token-service-url", Kind::Text).literal().not_applicable("belongs to `token-service`"),
        Attr::new("resource-url", Kind::Text).literal(),
        Attr::new("ignore-error", Kind::Bool).literal().default("false"),
    ],
    differences: &["the token is signed by a local issuer, so that no cloud service accepts it"],
    schema_only: true,
    ..PolicyDef::new("authentication-token", "Sends a token of the service's identity.", compile)
};

/// `authentication-token-store`
pub static STORE: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("token-id", Kind::Text).literal(),
        Attr::new("client-id", Kind::Text).literal(),
        Attr::new("output-token-variable-name", Kind::Text).literal(),
        Attr::new("ignore-error", Kind::Bool).literal().default("false"),
    ],
    differences: &["nothing says what the store holds: the token is one of the local issuer, for `token-id`"],
    schema_only: true,
    ..PolicyDef::new(
        "authentication-token-store",
        "Sends a token of a store, or keeps it in a variable.",
        compile_store,
    )
};

/// A compiled element, also a child of `send-request`.
pub(crate) struct AuthenticationToken {
    resource: String,
    client: String,
    variable: Option<Arc<str>>,
    ignore_error: bool,
}

/// Compiles `authentication-token` or `authentication-token-store`.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<AuthenticationToken, Refused> {
    if cx.literal(element, "token-type").is_some_and(|kind| kind.eq_ignore_ascii_case("token-service")) {
        let at = element.attr("token-type").map_or(element.span, apimite_document::Text::span);
        return Err(cx.refuse(
            at,
            "authentication_token::type",
            "token services are not available",
            "call the service with `send-request`, or use `authentication-managed-identity`",
        ));
    }
    let text = |name: &str| cx.literal(element, name).filter(|text| !text.is_empty());
    Ok(AuthenticationToken {
        resource: text("resource-url").or_else(|| text("token-id")).unwrap_or_default(),
        client: text("client-id").unwrap_or_else(|| SYSTEM_IDENTITY.to_owned()),
        variable: text("output-token-variable-name").map(Into::into),
        ignore_error: text("ignore-error").is_some_and(|flag| flag.eq_ignore_ascii_case("true") || flag == "1"),
    })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

fn compile_store(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl AuthenticationToken {
    fn token(&self, env: &Env) -> Result<Option<String>, Fault> {
        match issue(env, &self.resource, &self.client) {
            Ok(token) => Ok(Some(token)),
            Err(_) if self.ignore_error => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The value of `Authorization` for a request of `send-request`.
    pub(crate) fn header(&self, env: &Env) -> Result<Option<HeaderValue>, Fault> {
        Ok(self.token(env)?.as_deref().and_then(bearer))
    }
}

impl Now for AuthenticationToken {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        match (self.token(env)?, &self.variable) {
            (Some(token), Some(name)) => exchange.variables.set(name, Value::from(token)),
            (Some(token), None) => {
                if let Some(value) = bearer(&token) {
                    exchange.request.headers.insert(AUTHORIZATION, value);
                }
            }
            (None, _) => {}
        }
        Ok(Flow::Next)
    }
}
