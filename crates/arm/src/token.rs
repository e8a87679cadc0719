//! Bearer tokens of our own authority: signed, with an end.

use apimite_clock::Timestamp;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// How long a token is valid, seconds.
///
/// Source: `expires_in` of service principal tokens: one day less a second.
pub const VALID_SECONDS: i64 = 86_399;

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It was not issued here.
    Invalid,
    /// Its time is over.
    Expired,
}

/// Signs for one state file.
#[derive(Clone, Debug)]
pub struct Authority {
    key: hmac::Key,
}

impl Authority {
    /// An authority of this secret.
    pub fn new(seed: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, seed) }
    }

    /// A token for a client.
    pub fn issue(&self, issuer: &str, tenant: &str, client: &str, audience: &str, now: Timestamp) -> String {
        let seconds = now.unix_seconds();
        let claims = json!({
            "aud": audience, "iss": issuer, "iat": seconds, "nbf": seconds, "exp": seconds + VALID_SECONDS,
            "appid": client, "tid": tenant, "oid": client, "ver": "1.0",
        });
        let head = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = hmac::sign(&self.key, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Checks a token.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn check(&self, token: &str, now: Timestamp) -> Result<(), Refused> {
        let (text, signature) = token.rsplit_once('.').ok_or(Refused::Invalid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refused::Invalid)?;
        hmac::verify(&self.key, text.as_bytes(), &signature).map_err(|_| Refused::Invalid)?;
        let claims = text.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: Value = claims.and_then(|json| serde_json::from_slice(&json).ok()).ok_or(Refused::Invalid)?;
        let end = claims.get("exp").and_then(Value::as_i64).ok_or(Refused::Invalid)?;
        if now.unix_seconds() < end { Ok(()) } else { Err(Refused::Expired) }
    }

    /// A key of 32 hexadecimal digits that is always the same for the same words.
    pub fn derived(&self, words: &str) -> String {
        let tag = hmac::sign(&self.key, words.as_bytes());
        tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A UUID that is always the same for the same words.
    pub fn uuid(&self, words: &str) -> String {
        let hex = self.derived(words);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

    #[test]
    fn only_our_own_tokens_pass_and_only_for_a_day() {
        let authority = Authority::new(&[1; 32]);
        let token = authority.issue("https://x/adfs", "t", "local", "https://x", NOW);
        assert_eq!(authority.check(&token, NOW), Ok(()));
        assert_eq!(authority.check(&token, NOW + std::time::Duration::from_secs(90_000)), Err(Refused::Expired));
        assert_eq!(Authority::new(&[2; 32]).check(&token, NOW), Err(Refused::Invalid));
        let mut forged = token.clone();
        forged.insert(token.find('.').unwrap() + 3, 'x');
        for bad in ["", "a.b.c", "anything", &forged, &token[..token.len() - 2]] {
            assert_eq!(authority.check(bad, NOW), Err(Refused::Invalid), "{bad}");
        }
        assert_eq!(authority.uuid("a").len(), 36);
    }
}
