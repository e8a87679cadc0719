//! Request URLs: scheme, authority, and path with query, each cheap to clone.

use http::HeaderValue;
use http::uri::{Authority, PathAndQuery};

/// The schemes that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
    /// `ws`
    Ws,
    /// `wss`
    Wss,
}

impl Scheme {
    /// The text before `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// Is TLS below it?
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Wss)
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        if self.is_tls() { 443 } else { 80 }
    }

    /// The scheme with this text, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https, Self::Ws, Self::Wss].into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text))
    }
}

/// An absolute URL.
#[derive(Clone, Debug)]
pub struct Url {
    /// Scheme.
    pub scheme: Scheme,
    /// Host and optional port.
    pub authority: Authority,
    /// Path, starting with `/`, and query.
    pub path_and_query: PathAndQuery,
}

/// Why a text is no URL that can be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an absolute http or https URL")]
pub struct NotAUrl(pub String);

impl Url {
    /// Reads an absolute URL; characters that may not stand in a path or query are percent-encoded.
    ///
    /// # Errors
    /// [`NotAUrl`] when it has no scheme, no host, or a port out of range.
    pub fn parse(text: &str) -> Result<Self, NotAUrl> {
        let refuse = || NotAUrl(text.to_owned());
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(refuse)?;
        let scheme = Scheme::parse(scheme).ok_or_else(refuse)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let authority: Authority = authority.parse().map_err(|_| refuse())?;
        if authority.host().is_empty() {
            return Err(refuse());
        }
        let tail = tail.split('#').next().unwrap_or("");
        let path_and_query = if tail.starts_with('/') { path(tail) } else { path(&format!("/{tail}")) };
        Ok(Self { scheme, authority, path_and_query: path_and_query.ok_or_else(refuse)? })
    }

    /// Host without port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Port, the scheme's default when none is written.
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or_else(|| self.scheme.default_port())
    }

    /// Path, starting with `/`.
    pub fn path(&self) -> &str {
        self.path_and_query.path()
    }

    /// Query without `?`.
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.query()
    }

    /// The value of the `Host` header for this URL.
    pub fn host_header(&self) -> HeaderValue {
        let text = match self.authority.port_u16() {
            Some(port) if port == self.scheme.default_port() => self.authority.host(),
            _ => self.authority.as_str().rsplit('@').next().unwrap_or(""),
        };
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Replaces path and query.
    #[must_use]
    pub fn with_path_and_query(&self, path_and_query: PathAndQuery) -> Self {
        Self { path_and_query, ..self.clone() }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.path_and_query)
    }
}

/// A path with query from text; what may not stand in one is percent-encoded. `None` when it still is none.
pub fn path(text: &str) -> Option<PathAndQuery> {
    if let Ok(path) = text.parse() {
        return Some(path);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'#') => {
                clean.push(char::from(byte));
            }
            _ => {
                use std::fmt::Write;
                let _ = write!(clean, "%{byte:02X}");
            }
        }
    }
    clean.parse().ok()
}

/// Joins a base path and a relative path with query: one slash between them, the base's own query dropped.
///
/// ```
/// use apimite_policy::url::{join, path};
/// let rest = path("/orders?x=1").unwrap();
/// assert_eq!(join("/api/", &rest).as_str(), "/api/orders?x=1");
/// assert_eq!(join("/", &rest).as_str(), "/orders?x=1");
/// ```
pub fn join(base_path: &str, relative: &PathAndQuery) -> PathAndQuery {
    let base = base_path.trim_end_matches('/');
    if base.is_empty() {
        return relative.clone();
    }
    let rest = relative.as_str();
    let text = match rest.strip_prefix('/') {
        Some("") => base.to_owned(),
        Some(tail) if tail.starts_with('?') => format!("{base}{tail}"),
        _ => format!("{base}{rest}"),
    };
    path(&text).unwrap_or_else(|| relative.clone())
}
