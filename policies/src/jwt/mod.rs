//! Validation of JSON web tokens: signature first, then lifetime, audience, issuer.
//!
//! Source: validate-jwt policy reference; order of checks and codes of messages as in the token library that Azure uses.

pub(crate) mod claims;
pub(crate) mod encrypted;
pub(crate) mod keys;
pub(crate) mod openid;
pub(crate) mod policy;

use apimite_clock::Timestamp;
use apimite_dotnet::web::Jwt;
use apimite_policy::env::Env;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use keys::{Algorithm, Key};
use openid::Metadata;

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 256 * 1024;

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `LastError.Reason`.
    pub(crate) reason: &'static str,
    /// `LastError.Message`.
    pub(crate) message: String,
}

impl Failure {
    /// The library's text, with the words that Azure adds for the reasons it knows.
    pub(crate) fn denied(reason: &'static str, text: &str) -> Self {
        Self { reason, message: format!("{text} Access denied.") }
    }

    /// Any other failure.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self { reason: "JwtInvalid", message: text.into() }
    }
}

/// What a token must meet, for one exchange.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// Keys written in the policy.
    pub(crate) keys: Vec<Key>,
    /// Keys that open encrypted tokens.
    pub(crate) decryption: Vec<encrypted::DecryptionKey>,
    /// OpenID configuration endpoints.
    pub(crate) configs: Vec<String>,
    /// Allowed audiences; `None` when any is.
    pub(crate) audiences: Option<Vec<String>>,
    /// Allowed issuers besides those of the endpoints.
    pub(crate) issuers: Vec<String>,
    /// Is the tenant's issuer in tokens of version 1.0 allowed as well?
    pub(crate) tenant_issuers: bool,
    /// Seconds that clocks may differ.
    pub(crate) skew: i64,
    /// Must there be `exp`?
    pub(crate) require_expiration: bool,
    /// Must there be a signature?
    pub(crate) require_signature: bool,
}

/// The token's parts that a signature is about.
struct Parts<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: String,
    kid: Option<String>,
}

fn parts(token: &str) -> Option<Parts<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, _) = signed.split_once('.')?;
    let head: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    // A header that demands what is not understood must be refused (RFC 7515, 4.1.11).
    if head.get("crit").is_some() {
        return None;
    }
    Some(Parts {
        signed,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        algorithm: head.get("alg")?.as_str()?.to_owned(),
        kid: head.get("kid").and_then(serde_json::Value::as_str).map(str::to_owned),
    })
}

/// Validates a token.
///
/// # Errors
/// The first check that it does not meet.
pub(crate) async fn validate(token: &str, checks: &Checks, env: &Env) -> Result<Jwt, Failure> {
    if token.len() > LONGEST {
        return Err(Failure::invalid("IDX10209: Token is too long."));
    }
    let opened;
    let token = if encrypted::is_encrypted(token) {
        opened = encrypted::decrypt(token, &checks.decryption)?;
        opened.as_str()
    } else {
        token
    };
    let malformed = || Failure::invalid("IDX12741: JWT must have three segments (JWS) or five segments (JWE).");
    let jwt = Jwt::parse(token).ok_or_else(malformed)?;
    let parts = parts(&jwt.text).ok_or_else(malformed)?;
    let mut metadata = openid::all(&checks.configs, env, false).await?;
    if parts.signature.is_empty() {
        if checks.require_signature {
            let text = "IDX10504: Unable to validate signature, token does not have a signature.";
            return Err(Failure::denied("TokenSignatureInvalid", text));
        }
    } else if let Err(failure) = signature(&parts, checks, &metadata) {
        if failure.reason != KEY_NOT_FOUND || checks.configs.is_empty() {
            return Err(failure);
        }
        // The keys may have been rolled over since they were fetched.
        metadata = openid::all(&checks.configs, env, true).await?;
        signature(&parts, checks, &metadata)?;
    }
    lifetime(&jwt, checks, env.clock.now())?;
    audience(&jwt, checks)?;
    issuer(&jwt, checks, &metadata)?;
    Ok(jwt)
}

const KEY_NOT_FOUND: &str = "TokenSignatureKeyNotFound";

fn signature(parts: &Parts<'_>, checks: &Checks, metadata: &[std::sync::Arc<Metadata>]) -> Result<(), Failure> {
    let Some(algorithm) = Algorithm::parse(&parts.algorithm) else {
        let text =
            format!("IDX10511: Signature validation failed. The algorithm '{}' is not supported.", parts.algorithm);
        return Err(Failure::denied("TokenSignatureInvalid", &text));
    };
    let all = || checks.keys.iter().chain(metadata.iter().flat_map(|one| &one.keys));
    let named = |key: &&Key| parts.kid.is_some() && key.id == parts.kid;
    let good = |key: &Key| keys::verify(algorithm, key, parts.signed.as_bytes(), &parts.signature);
    let known = all().any(|key| named(&key));
    // The key with the token's `kid`, if there is one; else every key.
    if all().filter(|key| !known || named(key)).any(good) {
        return Ok(());
    }
    if all().next().is_none() {
        let text = "IDX10500: Signature validation failed. No security keys were provided to validate the signature.";
        return Err(Failure::denied(KEY_NOT_FOUND, text));
    }
    match &parts.kid {
        Some(kid) if !known => {
            let text = format!("IDX10501: Signature validation failed. Unable to match key: kid: '{kid}'.");
            Err(Failure::denied(KEY_NOT_FOUND, &text))
        }
        _ => Err(Failure::denied("TokenSignatureInvalid", "IDX10511: Signature validation failed.")),
    }
}

fn lifetime(jwt: &Jwt, checks: &Checks, now: Timestamp) -> Result<(), Failure> {
    let now = now.unix_seconds();
    for (name, read) in [("exp", jwt.expiration_time), ("nbf", jwt.not_before)] {
        if jwt.claim(name).is_some() && read.is_none() {
            return Err(Failure::invalid(format!("IDX10224: Lifetime validation failed. `{name}` is no time.")));
        }
    }
    match jwt.expiration_time {
        None if checks.require_expiration => {
            return Err(Failure::invalid(
                "IDX10225: Lifetime validation failed. The token is missing an Expiration Time.",
            ));
        }
        Some(expires) if expires.saturating_add(checks.skew) <= now => {
            return Err(Failure::denied("TokenExpired", "IDX10223: Lifetime validation failed. The token is expired."));
        }
        _ => {}
    }
    if jwt.not_before.is_some_and(|from| from.saturating_sub(checks.skew) > now) {
        return Err(Failure::invalid("IDX10222: Lifetime validation failed. The token is not yet valid."));
    }
    Ok(())
}

/// The token library does not look at a slash at the end of an audience.
fn same_audience(a: &str, b: &str) -> bool {
    a == b || (!a.is_empty() && a.strip_suffix('/').unwrap_or(a) == b.strip_suffix('/').unwrap_or(b))
}

fn audience(jwt: &Jwt, checks: &Checks) -> Result<(), Failure> {
    let Some(allowed) = &checks.audiences else { return Ok(()) };
    if jwt.audiences.iter().any(|found| allowed.iter().any(|one| same_audience(found, one))) {
        return Ok(());
    }
    let text = format!("IDX10214: Audience validation failed. Audiences: '{}'.", jwt.audiences.join(", "));
    Err(Failure::denied("TokenAudienceNotAllowed", &text))
}

fn issuer(jwt: &Jwt, checks: &Checks, metadata: &[std::sync::Arc<Metadata>]) -> Result<(), Failure> {
    let mut allowed = checks.issuers.clone();
    let tenant = jwt.claim("tid").and_then(|values| values.first());
    for issuer in metadata.iter().filter_map(|one| one.issuer.as_deref()) {
        // Metadata for any tenant has a placeholder where the token's own tenant stands.
        let filled = match tenant {
            Some(tenant) if is_guid(tenant) => issuer.replace("{tenantid}", tenant),
            _ => issuer.to_owned(),
        };
        if checks.tenant_issuers
            && let Some(guid) = filled.split('/').find(|part| is_guid(part))
        {
            allowed.push(format!("https://sts.windows.net/{guid}/"));
        }
        allowed.push(filled);
    }
    let found = jwt.issuer.as_deref().unwrap_or("");
    if allowed.is_empty() || (!found.is_empty() && allowed.iter().any(|one| one == found)) {
        return Ok(());
    }
    Err(Failure::denied("TokenIssuerNotAllowed", &format!("IDX10205: Issuer validation failed. Issuer: '{found}'.")))
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
