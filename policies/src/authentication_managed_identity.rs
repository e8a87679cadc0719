//! `authentication-managed-identity`: a token of the service's identity, as `Authorization` or in a variable.
//!
//! Known difference: the token comes from a local issuer with a key of its own; it has the shape of a real one, and no cloud
//! service accepts it.
//!
//! Source: authentication-managed-identity policy reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::{BoolArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Gateways, Kind, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::token_issuer::{CannotSign, SYSTEM_IDENTITY, SharedIssuer, TokenSource};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: Scopes::GLOBAL.and(Scopes::PRODUCT).and(Scopes::API).and(Scopes::OPERATION),
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    attributes: &[
        Attr::new("resource", Kind::Text).required(),
        Attr::new("client-id", Kind::Text),
        Attr::new("output-token-variable-name", Kind::Text).literal(),
        Attr::new("ignore-error", Kind::Bool).default("false"),
    ],
    differences: &["the token is signed by a local issuer, so that no cloud service accepts it"],
    ..PolicyDef::new("authentication-managed-identity", "Gets a token of the service's identity.", compile)
};

/// A compiled `authentication-managed-identity`, also a child of `send-request`.
pub(crate) struct ManagedIdentity {
    resource: TextArg,
    client: Option<TextArg>,
    variable: Option<Arc<str>>,
    ignore_error: BoolArg,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<ManagedIdentity, Refused> {
    Ok(ManagedIdentity {
        resource: cx.text(element, "resource")?,
        client: cx.optional_text(element, "client-id")?,
        variable: cx.literal(element, "output-token-variable-name").filter(|name| !name.is_empty()).map(Into::into),
        ignore_error: cx.boolean(element, "ignore-error")?,
    })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

/// A token of the local issuer for a resource and a client.
pub(crate) fn issue(env: &Env, resource: &str, client: &str) -> Result<String, Fault> {
    let failed = |text: String| Fault::internal("ManagedIdentityTokenFailure", text);
    if let Some(source) = env.shared.get::<TokenSource>()
        && let Some(answer) = source.token(resource, client)
    {
        return answer.map_err(failed);
    }
    let issuer = SharedIssuer::of(&env.shared);
    let outcome = issuer.get().and_then(|issuer| issuer.token(resource, client, env.clock.now()));
    outcome.map_err(|CannotSign| failed("The local token issuer could not sign a token.".to_owned()))
}

impl ManagedIdentity {
    /// The token for this exchange.
    fn token(&self, exchange: &Exchange, env: &Env) -> Result<String, Fault> {
        let resource = self.resource.get(exchange)?;
        let client = match &self.client {
            Some(arg) => arg.get(exchange)?.trim().to_owned(),
            None => SYSTEM_IDENTITY.to_owned(),
        };
        issue(env, &resource, &client)
    }

    /// The value of `Authorization` for a request of `send-request`.
    pub(crate) fn header(&self, exchange: &Exchange, env: &Env) -> Result<Option<HeaderValue>, Fault> {
        let ignore = self.ignore_error.get(exchange)?;
        match self.token(exchange, env) {
            Ok(token) => Ok(bearer(&token)),
            Err(_) if ignore => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Now for ManagedIdentity {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let ignore = self.ignore_error.get(exchange)?;
        let token = match self.token(exchange, env) {
            Ok(token) => token,
            Err(_) if ignore => return Ok(Flow::Next),
            Err(fault) => return Err(fault),
        };
        match &self.variable {
            Some(name) => exchange.variables.set(name, Value::from(token)),
            None => {
                if let Some(value) = bearer(&token) {
                    exchange.request.headers.insert(AUTHORIZATION, value);
                }
            }
        }
        Ok(Flow::Next)
    }
}
