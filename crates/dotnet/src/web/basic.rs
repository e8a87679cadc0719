//! Basic credentials: what `AsBasic` gives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `BasicAuthCredentials`.
#[derive(Clone, PartialEq, Eq)]
pub struct BasicCredentials {
    /// `UserId`.
    pub user_id: String,
    /// `Password`.
    pub password: String,
}

impl std::fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BasicCredentials({:?}, ***)", self.user_id)
    }
}

impl BasicCredentials {
    /// Reads the value of an `Authorization` header; `None` unless it is valid Basic credentials.
    ///
    /// The text is UTF-8 (else ISO 8859-1) and split at its first colon.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, parameter) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let bytes = STANDARD.decode(parameter.trim()).ok()?;
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect());
        let (user_id, password) = text.split_once(':')?;
        Some(Self { user_id: user_id.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_split_at_the_first_colon() {
        let parsed = BasicCredentials::parse("Basic YWxpY2U6czNjOnJldA==").unwrap();
        assert_eq!((parsed.user_id.as_str(), parsed.password.as_str()), ("alice", "s3c:ret"));
        assert!(!format!("{parsed:?}").contains("s3c"));
    }

    #[test]
    fn anything_else_is_none() {
        for header in ["", "Basic", "Basic ???", "Bearer YWxpY2U6czNj", "Basic YWxpY2U="] {
            assert_eq!(BasicCredentials::parse(header), None, "{header}");
        }
    }
}
