//! `validate-jwt`: refuses a request without a good JSON web token.
//!
//! Known differences: two elements that only the published schema has are without effect. Library texts in `LastError.Message`
//! are shortened.
//!
//! Source: validate-jwt policy reference.

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, SecondsArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, StepKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;

use crate::jwt::claims::{self, RequiredClaim};
use crate::jwt::encrypted;
use crate::jwt::keys::{Key, Material, certificate_material, rsa_material};
use crate::jwt::policy::{self, Around};
use crate::jwt::{Checks, validate};

const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        policy::HEADER,
        policy::QUERY,
        policy::TOKEN,
        policy::STATUS,
        policy::MESSAGE,
        policy::SCHEME,
        Attr::new("require-expiration-time", Kind::Bool).default("true"),
        Attr::new("require-signed-tokens", Kind::Bool).default("true"),
        Attr::new("clock-skew", Kind::Seconds).default("0"),
        policy::OUTPUT,
    ],
    content: Content::Elements {
        children: &[
            Child::many(
                "openid-config",
                &[
                    Attr::new("url", Kind::Text).required(),
                    Attr::new("validate-connectivity", Kind::Bool)
                        .not_applicable("the endpoint is called when the first token comes"),
                    Attr::new("host", Kind::Text).not_applicable("published in the schema only"),
                ],
                Content::Empty,
            ),
            Child::optional(
                "issuer-signing-keys",
                &[],
                Content::Elements {
                    children: &[
                        Child::many(
                            "key",
                            &[
                                Attr::new("id", Kind::Text),
                                Attr::new("certificate-id", Kind::Text),
                                Attr::new("n", Kind::Text),
                                Attr::new("e", Kind::Text),
                            ],
                            TEXT,
                        ),
                        Child::many("zumo-master-key", &[Attr::new("id", Kind::Text)], TEXT),
                    ],
                    ordered: false,
                },
            ),
            Child::optional("issuer-signing-tokens", &[], Content::Raw),
            encrypted::CHILD,
            Child::optional(
                "audiences",
                &[],
                Content::Elements { children: &[Child::many("audience", &[], TEXT)], ordered: false },
            ),
            Child::optional(
                "issuers",
                &[],
                Content::Elements { children: &[Child::many("issuer", &[], TEXT)], ordered: false },
            ),
            claims::CHILD,
        ],
        ordered: false,
    },
    raises: policy::RAISES,
    differences: &[
        "`zumo-master-key` and `issuer-signing-tokens` have no effect",
        "encrypted tokens that are compressed, or encrypted with RSA1_5, are refused",
        "library texts in `LastError.Message` are shortened",
    ],
    ..PolicyDef::new("validate-jwt", "Refuses a request without a good JSON web token.", compile)
};

enum KeyArg {
    Known(Key),
    Secret { id: Option<String>, base64: TextArg },
    Rsa { id: Option<String>, n: TextArg, e: TextArg },
    Certificate { id: Option<String>, certificate: TextArg },
}

struct ValidateJwt {
    around: Around,
    require_expiration: BoolArg,
    require_signature: BoolArg,
    skew: SecondsArg,
    configs: Vec<TextArg>,
    keys: Vec<KeyArg>,
    decryption: Vec<encrypted::KeyArg>,
    audiences: Option<Vec<TextArg>>,
    issuers: Vec<TextArg>,
    claims: Vec<RequiredClaim>,
}

/// The texts of a list such as `audiences`.
pub(crate) fn texts(
    element: &Element,
    list: &str,
    item: &str,
    cx: &mut Compile<'_>,
) -> Result<Option<Vec<TextArg>>, Refused> {
    let Some(outer) = Compile::child(element, list) else { return Ok(None) };
    Compile::children(outer, item).map(|child| cx.content(child)).collect::<Result<Vec<_>, _>>().map(Some)
}

/// The values of a list for this exchange; empty ones are left out, so that nothing matches them.
pub(crate) fn values(list: &[TextArg], exchange: &Exchange) -> Result<Vec<String>, Fault> {
    let mut all = Vec::with_capacity(list.len());
    for arg in list {
        let text = arg.get(exchange)?;
        if !text.trim().is_empty() {
            all.push(text.trim().to_owned());
        }
    }
    Ok(all)
}

fn secret(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

fn key(element: &Element, cx: &mut Compile<'_>) -> Result<KeyArg, Refused> {
    let id = cx.literal(element, "id").filter(|id| !id.is_empty());
    if let Some(certificate) = cx.optional_text(element, "certificate-id")? {
        return Ok(KeyArg::Certificate { id, certificate });
    }
    match (cx.optional_text(element, "n")?, cx.optional_text(element, "e")?) {
        (Some(n), Some(e)) => return Ok(KeyArg::Rsa { id, n, e }),
        (None, None) => {}
        _ => {
            let text = "`n` and `e` of an RSA key belong together";
            return Err(cx.refuse(element.name_span, "validate_jwt::key", text, "add the other one"));
        }
    }
    match cx.content(element)? {
        TextArg::Literal(text) => match secret(&text) {
            Some(bytes) => Ok(KeyArg::Known(Key { id, only: None, material: Material::Secret(bytes) })),
            None => Err(cx.refuse(
                element.span,
                "validate_jwt::key",
                "the key is not base64",
                "encode the secret with base64, padding included",
            )),
        },
        base64 => Ok(KeyArg::Secret { id, base64 }),
    }
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let around = Around::read(element, cx, None);
    let mut keys = Vec::new();
    if let Some(list) = Compile::child(element, "issuer-signing-keys") {
        for child in Compile::children(list, "key") {
            keys.push(key(child, cx)?);
        }
    }
    let mut configs = Vec::new();
    for child in Compile::children(element, "openid-config") {
        configs.push(cx.text(child, "url")?);
    }
    Ok(StepKind::io(ValidateJwt {
        require_expiration: cx.boolean(element, "require-expiration-time")?,
        require_signature: cx.boolean(element, "require-signed-tokens")?,
        skew: cx.seconds(element, "clock-skew")?,
        configs,
        keys,
        decryption: encrypted::read(element, cx)?,
        audiences: texts(element, "audiences", "audience", cx)?,
        issuers: texts(element, "issuers", "issuer", cx)?.unwrap_or_default(),
        claims: claims::read(element, cx)?,
        around: around?,
    }))
}

fn unusable(what: &str) -> Fault {
    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. {what}"))
}

impl KeyArg {
    fn get(&self, exchange: &Exchange) -> Result<Key, Fault> {
        let (id, material) = match self {
            Self::Known(key) => return Ok(key.clone()),
            Self::Secret { id, base64 } => {
                let bytes = secret(&base64.get(exchange)?);
                (id, Material::Secret(bytes.ok_or_else(|| unusable("The signing key is not base64."))?))
            }
            Self::Rsa { id, n, e } => {
                let material = rsa_material(&n.get(exchange)?, &e.get(exchange)?);
                (id, material.ok_or_else(|| unusable("`n` and `e` are not base64url."))?)
            }
            Self::Certificate { id, certificate } => {
                let wanted = certificate.get(exchange)?;
                let found =
                    exchange.service.certificates.values().find(|one| one.id.eq_ignore_ascii_case(wanted.trim()));
                let material = found.and_then(|one| certificate_material(&one.der));
                let missing = || {
                    let text = format!("The certificate `{wanted}` is not found in the service.");
                    Fault::internal("CertificateNotFound", text)
                };
                (id, material.ok_or_else(missing)?)
            }
        };
        Ok(Key { id: id.clone(), only: None, material })
    }
}

impl ValidateJwt {
    fn checks(&self, exchange: &Exchange) -> Result<Checks, Fault> {
        Ok(Checks {
            keys: self.keys.iter().map(|key| key.get(exchange)).collect::<Result<_, _>>()?,
            configs: values(&self.configs, exchange)?,
            decryption: encrypted::keys(&self.decryption, exchange)?,
            audiences: self.audiences.as_ref().map(|list| values(list, exchange)).transpose()?,
            issuers: values(&self.issuers, exchange)?,
            tenant_issuers: false,
            skew: i64::try_from(self.skew.get(exchange)?.as_secs()).unwrap_or(i64::MAX),
            require_expiration: self.require_expiration.get(exchange)?,
            require_signature: self.require_signature.get(exchange)?,
        })
    }
}

impl Io for ValidateJwt {
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
            if let Err(failure) = claims::check(&self.claims, &jwt, exchange)? {
                return Err(self.around.fault(exchange, failure)?);
            }
            self.around.keep(exchange, jwt);
            Ok(Flow::Next)
        })
    }
}
