//! JSON web tokens as `AsJwt` shows them. Signatures are not looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// `Jwt`.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwt {
    /// `Algorithm`: `alg` of the header.
    pub algorithm: Option<String>,
    /// `Type`: `typ` of the header.
    pub token_type: Option<String>,
    /// `Id`: `jti`.
    pub id: Option<String>,
    /// `Issuer`: `iss`.
    pub issuer: Option<String>,
    /// `Subject`: `sub`.
    pub subject: Option<String>,
    /// `Audiences`: `aud`.
    pub audiences: Vec<String>,
    /// `ExpirationTime`: `exp`, in seconds since 1970 UTC.
    pub expiration_time: Option<i64>,
    /// `NotBefore`: `nbf`, in seconds since 1970 UTC.
    pub not_before: Option<i64>,
    /// `IssuedAt`: `iat`, in seconds since 1970 UTC.
    pub issued_at: Option<i64>,
    /// `Claims`: every claim of the payload as texts, in order. Names keep their case.
    pub claims: Vec<(String, Vec<String>)>,
    /// The token itself, without `Bearer`.
    pub text: String,
}

impl Jwt {
    /// Reads a token, with or without `Bearer ` before it; `None` unless it has three parts and JSON objects in two.
    pub fn parse(header: &str) -> Option<Self> {
        let trimmed = header.trim();
        let token = match trimmed.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim(),
            Some(_) => return None,
            None => trimmed,
        };
        let mut parts = token.split('.');
        let (head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let head = object(head)?;
        let payload = object(payload)?;
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| payload.get(name).and_then(seconds);
        Some(Self {
            algorithm: head.get("alg").and_then(Value::as_str).map(str::to_owned),
            token_type: head.get("typ").and_then(Value::as_str).map(str::to_owned),
            id: text("jti"),
            issuer: text("iss"),
            subject: text("sub"),
            audiences: payload.get("aud").map(texts).unwrap_or_default(),
            expiration_time: time("exp"),
            not_before: time("nbf"),
            issued_at: time("iat"),
            claims: payload.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
            text: token.to_owned(),
        })
    }

    /// The values of a claim.
    pub fn claim(&self, name: &str) -> Option<&[String]> {
        self.claims.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice())
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn seconds(value: &Value) -> Option<i64> {
    // A fraction is cut off; what no date can hold is left out.
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    (-62_135_596_800..=253_402_300_799).contains(&seconds).then_some(seconds)
}

/// A claim as texts: the members of an array each, nothing for `null`.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(one).collect(),
        other => vec![one(other)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(head: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_become_texts() {
        let token = token(
            r#"{"alg":"RS256","typ":"JWT"}"#,
            r#"{"sub":"u","aud":["a","b"],"exp":1893456000,"n":1.5,"t":true,"z":null,"o":{"k":1}}"#,
        );
        let jwt = Jwt::parse(&format!("bearer {token}")).unwrap();
        assert_eq!(Jwt::parse(&token).unwrap(), jwt);
        assert_eq!((jwt.algorithm.as_deref(), jwt.subject.as_deref(), jwt.id), (Some("RS256"), Some("u"), None));
        assert_eq!((jwt.audiences.join(","), jwt.expiration_time), ("a,b".to_owned(), Some(1_893_456_000)));
        let values: Vec<_> = jwt.claims.iter().map(|(name, values)| format!("{name}={}", values.join("+"))).collect();
        assert_eq!(values, ["sub=u", "aud=a+b", "exp=1893456000", "n=1.5", "t=true", "z=", "o={\"k\":1}"]);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = token("{}", "{}");
        for text in
            ["", "a", "a.b.c", "Basic a.b.c", &format!("{good}.x"), &good.replace(".c2ln", ""), &token("[]", "{}")]
        {
            assert_eq!(Jwt::parse(text), None, "{text}");
        }
    }
}
