//! Messages as they are written in pages.

use http::{HeaderMap, HeaderName, HeaderValue};

/// First line, headers, body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// `GET /path`, or `200 OK`.
    pub(crate) first: String,
    /// Headers as written.
    pub(crate) headers: Vec<(String, String)>,
    /// The body; `None` when there is no empty line.
    pub(crate) body: Option<String>,
}

impl Message {
    /// Reads a message.
    pub(crate) fn read(text: &str) -> Self {
        let (head, body) = match text.split_once("\n\n") {
            Some((head, body)) => (head, Some(body.to_owned())),
            None => (text, None),
        };
        let mut lines = head.lines();
        let first = lines.next().unwrap_or("").trim().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Self { first, headers, body }
    }

    /// The headers as a map.
    pub(crate) fn map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
                map.append(name, value);
            }
        }
        map
    }

    /// What of this message is not met by a first line, headers and a body.
    pub(crate) fn unmet(&self, first: &str, headers: &HeaderMap, body: &str) -> Vec<String> {
        let mut unmet = Vec::new();
        if !self.first.is_empty() && self.first != first && !first.starts_with(&format!("{} ", self.first)) {
            unmet.push(format!("expected `{}`, got `{first}`", self.first));
        }
        for (name, wanted) in &self.headers {
            let found: Vec<String> = headers
                .get_all(name.as_str())
                .iter()
                .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
                .collect();
            let met = match wanted.as_str() {
                "-" => found.is_empty(),
                "*" => !found.is_empty(),
                wanted => found.iter().any(|value| value == wanted) || found.join(", ") == *wanted,
            };
            if !met {
                unmet.push(format!("expected header `{name}: {wanted}`, got {found:?}"));
            }
        }
        if let Some(wanted) = &self.body {
            let wanted = wanted.trim_end_matches('\n');
            if wanted != body.trim_end_matches('\n') {
                unmet.push(format!("expected the body\n{wanted}\ngot\n{body}"));
            }
        }
        unmet
    }
}
