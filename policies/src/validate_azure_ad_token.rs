//! `validate-azure-ad-token`: refuses a request without a good token of Microsoft Entra ID.
//!
//! Tokens of versions 1.0 and 2.0 are allowed. Known difference: encrypted tokens are refused.
//!
//! Source: validate-azure-ad-token policy reference.

use apimite_document::Element;
use apimite_dotnet::web::Jwt;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::jwt::claims::{self, RequiredClaim};
use crate::jwt::encrypted;
use crate::jwt::policy::{self, Around};
use crate::jwt::{Checks, Failure, validate};
use crate::validate_jwt::{texts, values};

const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);
const APPLICATIONS: Content =
    Content::Elements { children: &[Child::at_least_one("application-id", &[], TEXT)], ordered: false };

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("tenant-id", Kind::Text).required(),
        policy::HEADER,
        policy::QUERY,
        policy::TOKEN,
        Attr::new("authentication-endpoint", Kind::Text).default("https://login.microsoftonline.com"),
        policy::STATUS,
        policy::MESSAGE,
        policy::OUTPUT,
        policy::SCHEME,
        Attr::new("allow-protected-forwarded-tokens", Kind::Bool).not_applicable("published in the schema only"),
        Attr::new("allow-proof-of-possession-tokens", Kind::Bool).not_applicable("published in the schema only"),
    ],
    content: Content::Elements {
        children: &[
            Child::optional("backend-application-ids", &[], APPLICATIONS),
            Child::optional("client-application-ids", &[], APPLICATIONS),
            Child::optional(
                "audiences",
                &[],
                Content::Elements { children: &[Child::at_least_one("audience", &[], TEXT)], ordered: false },
            ),
            claims::CHILD,
            encrypted::CERTIFICATES,
        ],
        ordered: false,
    },
    raises: policy::RAISES,
    differences: &["encrypted tokens that are compressed, or encrypted with RSA1_5, are refused"],
    ..PolicyDef::new(
        "validate-azure-ad-token",
        "Refuses a request without a good token of Microsoft Entra ID.",
        compile,
    )
};

struct ValidateAzureAdToken {
    around: Around,
    tenant: TextArg,
    endpoint: TextArg,
    clients: Option<Vec<TextArg>>,
    backends: Option<Vec<TextArg>>,
    audiences: Option<Vec<TextArg>>,
    claims: Vec<RequiredClaim>,
    decryption: Vec<encrypted::KeyArg>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::io(ValidateAzureAdToken {
        around: Around::read(element, cx, Some("Authorization"))?,
        tenant: cx.text(element, "tenant-id")?,
        endpoint: cx.text(element, "authentication-endpoint")?,
        clients: texts(element, "client-application-ids", "application-id", cx)?,
        backends: texts(element, "backend-application-ids", "application-id", cx)?,
        audiences: texts(element, "audiences", "audience", cx)?,
        claims: claims::read(element, cx)?,
        decryption: encrypted::read(element, cx)?,
    }))
}

impl ValidateAzureAdToken {
    fn checks(&self, exchange: &Exchange) -> Result<Checks, Fault> {
        let tenant = self.tenant.get(exchange)?;
        let tenant = tenant.trim().trim_end_matches('/');
        let base = if tenant.contains("://") {
            tenant.strip_suffix("/v2.0").unwrap_or(tenant).to_owned()
        } else {
            format!("{}/{tenant}", self.endpoint.get(exchange)?.trim().trim_end_matches('/'))
        };
        let audiences = match (&self.audiences, &self.backends) {
            (None, None) => None,
            (audiences, backends) => {
                let mut all = values(audiences.as_deref().unwrap_or_default(), exchange)?;
                all.extend(values(backends.as_deref().unwrap_or_default(), exchange)?);
                Some(all)
            }
        };
        Ok(Checks {
            configs: vec![format!("{base}/v2.0/.well-known/openid-configuration")],
            audiences,
            decryption: encrypted::keys(&self.decryption, exchange)?,
            tenant_issuers: true,
            require_expiration: true,
            require_signature: true,
            ..Checks::default()
        })
    }

    fn client(&self, jwt: &Jwt, exchange: &Exchange) -> Result<Result<(), Failure>, Fault> {
        let Some(allowed) = &self.clients else { return Ok(Ok(())) };
        let allowed = values(allowed, exchange)?;
        for name in ["appid", "azp"] {
            let Some(found) = jwt.claim(name).and_then(|values| values.first()) else { continue };
            let good = allowed.iter().any(|one| one.eq_ignore_ascii_case(found));
            return Ok(if good { Ok(()) } else { Err(claims::not_allowed(name, found)) });
        }
        Ok(Err(claims::not_found("appid")))
    }
}

impl Io for ValidateAzureAdToken {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let outcome = match self.around.token(exchange)? {
                Ok(token) => validate(&token, &self.checks(exchange)?, env).await,
                Err(failure) => Err(failure),
            };
            let jwt = match outcome {
                Ok(jwt) => jwt,
                Err(failure) => return Err(self.around.fault(exchange, failure)?),
            };
            let client = self.client(&jwt, exchange)?;
            let checked = match client {
                Ok(()) => claims::check(&self.claims, &jwt, exchange)?,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = checked {
                return Err(self.around.fault(exchange, failure)?);
            }
            self.around.keep(exchange, jwt);
            Ok(Flow::Next)
        })
    }
}
