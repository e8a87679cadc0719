//! The local stand-in for Microsoft Entra ID: signs tokens for managed identities with a key of its own.
//!
//! The claims are those of a version 1.0 token for a system-assigned identity; the key is made once for each process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_policy::env::Shared;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;

/// The tenant of local tokens.
pub const TENANT: &str = "00000000-0000-0000-0000-00000000a911";
/// The application id of the system-assigned identity in local tokens.
pub const SYSTEM_IDENTITY: &str = "00000000-0000-0000-0000-00000000a912";
/// How long a token is valid.
///
/// Source: tokens of managed identities are valid for 24 hours.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// A kept token is given out again while it is valid for longer than this.
const MARGIN: Duration = Duration::from_secs(300);
/// Most tokens that are kept.
const MOST: usize = 256;

/// Signs tokens for managed identities.
pub struct TokenIssuer {
    key: KeyPair,
    kid: String,
    kept: Mutex<HashMap<(String, String), (Timestamp, String)>>,
}

impl std::fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenIssuer")
    }
}

/// The issuer that all workers share; its key is made when the first token is wanted.
#[derive(Debug)]
pub struct SharedIssuer(Result<TokenIssuer, CannotSign>);

impl SharedIssuer {
    /// The issuer among the services of a gateway.
    pub fn of(shared: &Shared) -> Arc<Self> {
        shared.get_or_make(|| Self(TokenIssuer::new()))
    }

    /// The issuer itself.
    ///
    /// # Errors
    /// [`CannotSign`] when it could not make its key.
    pub fn get(&self) -> Result<&TokenIssuer, CannotSign> {
        self.0.as_ref().map_err(|error| *error)
    }
}

/// Gives a token for a resource and a client, `None` when it is not asked for any, or says why it cannot.
pub type GiveToken = Box<dyn Fn(&str, &str) -> Option<Result<String, String>> + Send + Sync>;

/// Where tokens come from instead of the local issuer, such as a stand-in.
pub struct TokenSource(GiveToken);

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSource")
    }
}

impl TokenSource {
    /// A source.
    pub fn new(give: GiveToken) -> Self {
        Self(give)
    }

    /// Asks for a token.
    pub(crate) fn token(&self, resource: &str, client: &str) -> Option<Result<String, String>> {
        (self.0)(resource, client)
    }
}

/// The issuer could not make its key or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotSign;

impl TokenIssuer {
    /// An issuer with a new key.
    ///
    /// # Errors
    /// [`CannotSign`] when no key can be made.
    pub fn new() -> Result<Self, CannotSign> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| CannotSign)?;
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, key.public_key().as_ref()));
        Ok(Self { key, kid, kept: Mutex::default() })
    }

    /// The public key, DER of PKCS#1, and its `kid`.
    pub fn public_key(&self) -> (&[u8], &str) {
        (self.key.public_key().as_ref(), &self.kid)
    }

    /// The key set that tokens can be verified with.
    pub fn key_set(&self) -> serde_json::Value {
        let numbers = integers(self.key.public_key().as_ref());
        let (n, e) = numbers.unwrap_or_default();
        serde_json::json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "x5t": self.kid,
            "n": URL_SAFE_NO_PAD.encode(n),
            "e": URL_SAFE_NO_PAD.encode(e),
        }] })
    }

    /// The discovery document that names the key set at `keys_url`.
    pub fn configuration(keys_url: &str) -> serde_json::Value {
        serde_json::json!({
            "issuer": format!("https://sts.windows.net/{TENANT}/"),
            "jwks_uri": keys_url,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// A token of an identity for a resource; a kept one while it is valid for some minutes more.
    ///
    /// # Errors
    /// [`CannotSign`]
    pub fn token(&self, resource: &str, client: &str, now: Timestamp) -> Result<String, CannotSign> {
        let mut kept = self.kept.lock();
        let name = (resource.to_owned(), client.to_owned());
        if let Some((expires, token)) = kept.get(&name)
            && *expires > now + MARGIN
        {
            return Ok(token.clone());
        }
        let expires = now + LIFE;
        let token = self.sign(resource, client, now, expires)?;
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(name, (expires, token.clone()));
        Ok(token)
    }

    fn sign(&self, resource: &str, client: &str, now: Timestamp, expires: Timestamp) -> Result<String, CannotSign> {
        let head = serde_json::json!({ "typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid });
        let claims = serde_json::json!({
            "aud": resource,
            "iss": format!("https://sts.windows.net/{TENANT}/"),
            "iat": now.unix_seconds(),
            "nbf": now.unix_seconds(),
            "exp": expires.unix_seconds(),
            "appid": client,
            "appidacr": "2",
            "idp": format!("https://sts.windows.net/{TENANT}/"),
            "idtyp": "app",
            "oid": client,
            "sub": client,
            "tid": TENANT,
            "ver": "1.0",
        });
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(head), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| CannotSign)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Modulus and exponent of a PKCS#1 public key, without leading zeros.
fn integers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (inside, _) = element(der, 0x30)?;
    let (modulus, rest) = element(inside, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    let plain = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
    Some((plain(modulus), plain(exponent)))
}

/// The content of a DER element with this tag, and what is behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (bytes.iter().try_fold(0_usize, |all, byte| all.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
        }
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    #[test]
    fn the_key_set_verifies_what_was_signed() {
        let issuer = TokenIssuer::new().unwrap();
        let token = issuer.token("r", SYSTEM_IDENTITY, Timestamp::from_unix_seconds(1_709_208_000)).unwrap();
        let set = issuer.key_set();
        let number = |name: &str| URL_SAFE_NO_PAD.decode(set["keys"][0][name].as_str().unwrap()).unwrap();
        let key = aws_lc_rs::rsa::PublicKeyComponents { n: number("n"), e: number("e") };
        let (text, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature).is_ok());
        assert_eq!(number("e"), [1, 0, 1]);
    }

    #[test]
    fn a_token_is_signed_with_the_key_and_kept_until_shortly_before_it_expires() {
        let issuer = TokenIssuer::new().unwrap();
        let start = Timestamp::from_unix_seconds(1_709_208_000);
        let first = issuer.token("https://vault.azure.net", SYSTEM_IDENTITY, start).unwrap();
        let (text, signature) = first.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, issuer.public_key().0);
        assert!(key.verify(text.as_bytes(), &signature).is_ok());
        assert!(key.verify(b"other", &signature).is_err());
        let later = start + Duration::from_secs(23 * 3600);
        assert_eq!(issuer.token("https://vault.azure.net", SYSTEM_IDENTITY, later).unwrap(), first);
        assert_ne!(issuer.token("https://other", SYSTEM_IDENTITY, later).unwrap(), first);
        let end = start + Duration::from_secs(24 * 3600);
        assert_ne!(issuer.token("https://vault.azure.net", SYSTEM_IDENTITY, end).unwrap(), first);
    }
}
