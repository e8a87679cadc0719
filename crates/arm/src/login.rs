//! Signing in: what `az cloud register` and `az login --service-principal` ask before anything else.
//!
//! Source: requests of azure-cli 2.91 and MSAL. An authority whose first path segment is `adfs` is one that MSAL does not
//! look up on the internet.

use apimite_clock::Timestamp;
use serde_json::json;

use crate::error::{ArmError, Result};
use crate::request::{Answer, Request};
use crate::token::{Authority, Refused, VALID_SECONDS};

/// The tenant of the stand-in.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// Who may sign in.
#[derive(Clone)]
pub struct Credentials {
    /// Client id of the service principal.
    pub client: String,
    /// Its secret.
    pub secret: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { client: "local".to_owned(), secret: "local".to_owned() }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, ***)", self.client)
    }
}

/// Answers requests that carry no token; `None` when this is none of them.
pub(crate) fn answer(
    request: &Request,
    authority: &Authority,
    credentials: &Credentials,
    now: Timestamp,
) -> Option<Answer> {
    let segments = request.path.folded();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let base = &request.base;
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["metadata", "endpoints"]) => Some(Answer::json(
            200,
            json!({
                "name": "apimite",
                "resourceManager": base,
                "portal": base,
                "authentication": {
                    "loginEndpoint": format!("{base}/adfs"), "audiences": [base], "tenant": TENANT, "identityProvider": "ADFS",
                },
                "suffixes": {},
            }),
        )),
        ("GET", [first, .., ".well-known", "openid-configuration"]) => {
            let authority = if *first == "adfs" { format!("{base}/adfs") } else { format!("{base}/{first}") };
            Some(Answer::json(
                200,
                json!({
                    "issuer": authority,
                    "authorization_endpoint": format!("{authority}/oauth2/authorize"),
                    "token_endpoint": format!("{authority}/oauth2/token"),
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                    "response_types_supported": ["token"],
                }),
            ))
        }
        ("POST", [_, "oauth2", "token"] | [_, "oauth2", "v2.0", "token"]) => {
            Some(token(request, authority, credentials, now))
        }
        _ => None,
    }
}

fn token(request: &Request, authority: &Authority, credentials: &Credentials, now: Timestamp) -> Answer {
    let refuse =
        |status, error: &str, text: &str| Answer::json(status, json!({ "error": error, "error_description": text }));
    let text = String::from_utf8_lossy(&request.body);
    let field = |name: &str| {
        text.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let value = value.replace('+', " ");
            let value = percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned();
            (key == name).then_some(value)
        })
    };
    if field("grant_type").as_deref() != Some("client_credentials") {
        let text =
            "only the client credentials of a service principal are accepted: use `az login --service-principal`";
        return refuse(400, "unsupported_grant_type", text);
    }
    let client = field("client_id").unwrap_or_default();
    let known = client == credentials.client && field("client_secret").as_deref() == Some(&*credentials.secret);
    if !known {
        let text = "the client id or its secret is not the one this stand-in was started with";
        return refuse(401, "invalid_client", text);
    }
    let audience = field("resource").or_else(|| field("scope")).unwrap_or_else(|| request.base.clone());
    let audience = audience.trim_end_matches(".default").trim_end_matches('/').to_owned();
    let issuer = format!("{}/adfs", request.base);
    let token = authority.issue(&issuer, TENANT, &client, &audience, now);
    Answer::json(
        200,
        json!({ "token_type": "Bearer", "expires_in": VALID_SECONDS, "ext_expires_in": VALID_SECONDS, "access_token": token }),
    )
    .with("cache-control", "no-store")
}

/// Checks the token of every other request.
pub(crate) fn check(request: &Request, authority: &Authority, now: Timestamp) -> Result<()> {
    let Some(header) = &request.authorization else {
        let text = "Authentication failed. The 'Authorization' header is missing.";
        return Err(ArmError::new(401, "AuthenticationFailed", text));
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        let text = "Authentication failed. The 'Authorization' header is provided in an invalid format: it is `Bearer` and a token.";
        return Err(ArmError::new(401, "AuthenticationFailedInvalidHeader", text));
    }
    authority.check(token.trim(), now).map_err(|refused| match refused {
        Refused::Invalid => ArmError::new(
            401,
            "InvalidAuthenticationToken",
            format!("The access token is invalid: it was not issued by {}/adfs. Run `az login` again.", request.base),
        ),
        Refused::Expired => ArmError::new(
            401,
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than the current one.",
        ),
    })
}
