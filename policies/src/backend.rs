//! What a backend entity adds to a call: credentials, TLS switches, proxy.

use apimite_model::Backend;
use apimite_policy::url::{self, Url};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::message::encode_query;

/// Adds the credentials of a backend entity to a call.
pub(crate) fn credentials(backend: &Backend, headers: &mut HeaderMap, url: &mut Url) {
    for (name, values) in &backend.credentials.headers {
        let Ok(name) = HeaderName::try_from(&**name) else { continue };
        headers.remove(&name);
        for value in values {
            if let Some(value) = secret(value.reveal()) {
                headers.append(name.clone(), value);
            }
        }
    }
    if let Some((scheme, parameter)) = &backend.credentials.authorization
        && let Some(value) = secret(&format!("{scheme} {}", parameter.reveal()))
    {
        headers.insert(AUTHORIZATION, value);
    }
    if backend.credentials.query.is_empty() {
        return;
    }
    let mut text = url.path_and_query.as_str().to_owned();
    for (name, values) in &backend.credentials.query {
        for value in values {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str(&encode_query(name));
            text.push('=');
            text.push_str(&encode_query(value.reveal()));
        }
    }
    if let Some(path) = url::path(&text) {
        url.path_and_query = path;
    }
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
