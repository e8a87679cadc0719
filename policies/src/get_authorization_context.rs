//! `get-authorization-context`: the token of a connection of the credential manager, in a variable.
//!
//! The connections are those of `apimite.toml`, by provider and id; no provider is called. A connection without a token of its
//! own gives out one of the local token issuer.
//!
//! Source: get-authorization-context policy reference; the beginning of the text about access policies is azure-docs issue 118507.

use std::sync::Arc;

use apimite_document::Element;
use apimite_dotnet::web::Jwt;
use apimite_expr::Value;
use apimite_model::{Connection, ConnectionUser};
use apimite_policy::arg::{BoolArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::context::AuthorizationObject;
use apimite_policy::def::{Attr, Gateways, Kind, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::authentication_managed_identity::issue;
use crate::token_issuer::SYSTEM_IDENTITY;

/// The audience that the token of `identity` must have.
const AUDIENCE: &str = "https://azure-api.net/authorization-manager";

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: Scopes::GLOBAL.and(Scopes::PRODUCT).and(Scopes::API).and(Scopes::OPERATION),
    gateways: Gateways::CLASSIC.and(Gateways::V2).and(Gateways::CONSUMPTION),
    attributes: &[
        Attr::new("provider-id", Kind::Text).required(),
        Attr::new("authorization-id", Kind::Text).required(),
        Attr::new("context-variable-name", Kind::Text).required(),
        Attr::new("identity-type", Kind::OneOf(&["managed", "jwt"])).default("managed"),
        Attr::new("identity", Kind::Text)
            .default("")
            .differs("audience, `oid` and expiry of the token are checked, its signature is not"),
        Attr::new("ignore-error", Kind::Bool).default("false"),
    ],
    raises: &["AuthorizationNotFound", "AuthorizationError", "AuthorizationPermissionDenied"],
    differences: &[
        "connections are those of `[connections.PROVIDER.ID]` in apimite.toml and of `authorizationProviders`; no provider is called",
        "reasons and texts of failures are not documented by Azure; they are Apimite's",
    ],
    ..PolicyDef::new("get-authorization-context", "Puts the token of a connection into a variable.", compile)
};

struct GetAuthorizationContext {
    provider: TextArg,
    connection: TextArg,
    variable: TextArg,
    identity_type: TextArg,
    identity: TextArg,
    ignore_error: BoolArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let step = GetAuthorizationContext {
        provider: cx.text(element, "provider-id")?,
        connection: cx.text(element, "authorization-id")?,
        variable: cx.text(element, "context-variable-name")?,
        identity_type: cx.text(element, "identity-type")?,
        identity: cx.text(element, "identity")?,
        ignore_error: cx.boolean(element, "ignore-error")?,
    };
    if let (Some(provider), Some(id)) = (step.provider.as_literal(), step.connection.as_literal())
        && !cx.is_open()
        && find(cx.service(), provider, id).is_none()
    {
        let at = element.attr("authorization-id").map_or(element.span, apimite_document::Text::span);
        let message = format!(
            "there is no connection `{id}` of `{provider}`: calls fail until apimite.toml has `[connections.{provider}.{id}]`"
        );
        cx.warn(at, "get_authorization_context::connection", message);
    }
    Ok(StepKind::now(step))
}

/// Ids are compared as resource names are: without regard to case.
fn find<'s>(service: &'s apimite_model::Service, provider: &str, id: &str) -> Option<&'s Connection> {
    let (provider, id) = (provider.trim(), id.trim());
    let same = |(a, b): &(Box<str>, Box<str>)| a.eq_ignore_ascii_case(provider) && b.eq_ignore_ascii_case(id);
    service.connections.iter().find(|(key, _)| same(key)).map(|(_, connection)| connection)
}

fn denied(why: &str) -> Fault {
    let text = format!("Permission denied. Double check that the access policy of the connection is set up. {why}");
    Fault::internal("AuthorizationPermissionDenied", text)
}

impl GetAuthorizationContext {
    fn authorization(&self, exchange: &Exchange, env: &Env) -> Result<AuthorizationObject, Fault> {
        let provider = self.provider.get(exchange)?;
        let id = self.connection.get(exchange)?;
        let Some(connection) = find(&exchange.service, &provider, &id) else {
            let text = format!("The authorization '{id}' of the provider '{provider}' is not found.");
            return Err(Fault::internal("AuthorizationNotFound", text));
        };
        self.permit(connection, exchange, env)?;
        if let Some(error) = &connection.error {
            let text = format!("The authorization '{id}' of the provider '{provider}' is in an error state: {error}");
            return Err(Fault::internal("AuthorizationError", text));
        }
        let token = match &connection.access_token {
            Some(token) => token.reveal().to_owned(),
            None => issue(env, &format!("{provider}/{id}"), SYSTEM_IDENTITY)?,
        };
        let claims = connection.claims.iter().map(|(name, value)| (name.to_string(), Value::from(value.to_string())));
        Ok(AuthorizationObject::new(&token, claims))
    }

    /// Does an access policy let the identity in?
    fn permit(&self, connection: &Connection, exchange: &Exchange, env: &Env) -> Result<(), Fault> {
        let user = match &*self.identity_type.get(exchange)? {
            kind if kind.trim().eq_ignore_ascii_case("managed") => ConnectionUser::Managed,
            kind if kind.trim().eq_ignore_ascii_case("jwt") => {
                let text = self.identity.get(exchange)?;
                let jwt = Jwt::parse(&text).ok_or_else(|| denied("`identity` is no JWT."))?;
                if !jwt.audiences.iter().any(|audience| audience.trim_end_matches('/') == AUDIENCE) {
                    return Err(denied(&format!("The audience of the JWT is not {AUDIENCE}.")));
                }
                let now = env.clock.now().unix_seconds();
                if jwt.expiration_time.is_some_and(|at| at <= now) || jwt.not_before.is_some_and(|at| at > now) {
                    return Err(denied("The JWT is expired or not valid yet."));
                }
                match jwt.claim("oid").and_then(|values| values.first()) {
                    Some(oid) => ConnectionUser::Object(oid.as_str().into()),
                    None => return Err(denied("The JWT has no claim oid.")),
                }
            }
            kind => return Err(denied(&format!("`{kind}` is no identity type."))),
        };
        let same = |allowed: &ConnectionUser| match (allowed, &user) {
            (ConnectionUser::Object(a), ConnectionUser::Object(b)) => a.eq_ignore_ascii_case(b),
            (allowed, user) => allowed == user,
        };
        if connection.allowed.is_empty() || connection.allowed.iter().any(same) {
            return Ok(());
        }
        Err(denied("The identity is not in it."))
    }
}

impl Now for GetAuthorizationContext {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let variable: Arc<str> = self.variable.get(exchange)?.trim().into();
        let ignore = self.ignore_error.get(exchange)?;
        let value = match self.authorization(exchange, env) {
            Ok(authorization) => authorization.value(),
            Err(fault) if ignore && fault.reason != apimite_policy::fault::EXPRESSION_FAILED => Value::Null,
            Err(fault) => return Err(fault),
        };
        exchange.variables.set(&variable, value);
        Ok(Flow::Next)
    }
}
