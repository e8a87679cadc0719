//! Base URLs of backends.

/// The built-in echo backend: the executable starts it and puts its address in place of this.
pub const ECHO: &str = "apimite://echo";

/// The way out for a URL that cannot be used.
pub(crate) const HELP: &str = "write `http://host:port/path`, `https://…`, `ws://…`, `wss://…`, or `apimite://echo` for the built-in echo backend";

/// Can requests be sent to this base URL? Named values and expressions (of policies and of templates) are not judged.
pub(crate) fn is_base_url(text: &str) -> bool {
    if text.contains("{{") || text.starts_with("@(") || text.starts_with("@{") || text.starts_with('[') {
        return true;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let known = ["http", "https", "ws", "wss", "apimite"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    known && !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_with_scheme_and_host_are_base_urls() {
        for good in ["http://a", "https://a.example:8443/x/y", "WSS://a/x", ECHO, "{{backend}}/v1"] {
            assert!(is_base_url(good), "{good}");
        }
        for bad in ["", "a.example", "localhost:80", "http://", "ftp://a", "http://a b"] {
            assert!(!is_base_url(bad), "{bad}");
        }
    }
}
