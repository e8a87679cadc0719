//! `redirect-content-urls`: exchanges the URLs of backend and gateway in the body of the present message.
//!
//! In outbound the base URL of the backend becomes the one the client called; in inbound the other way round. Headers stay as
//! they are.
//!
//! Source: redirect-content-urls policy reference.

use apimite_document::Element;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::header::CONTENT_LENGTH;

use crate::message::body_text;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND),
    occurs: Occurs::OncePerSection,
    differences: &["`Location` and other headers stay as they are; the documentation speaks of content only"],
    ..PolicyDef::new("redirect-content-urls", "Exchanges URLs of backend and gateway in the body.", compile)
};

struct RedirectContentUrls;

fn compile(_element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs_body();
    Ok(StepKind::now(RedirectContentUrls))
}

/// The API's base URL as the client sees it: scheme, host and the path before what the operation matched.
fn gateway_base(exchange: &Exchange) -> String {
    let original = &exchange.request.original_url;
    let path = exchange.api.as_ref().map_or("", |api| api.path.trim_matches('/'));
    let slash = if path.is_empty() { "" } else { "/" };
    format!("{}://{}{slash}{path}", original.scheme.as_str(), original.authority)
}

/// The base URL of the backend in use, without a slash at its end.
fn backend_base(exchange: &Exchange) -> String {
    let base = exchange.request.target().base();
    format!("{}://{}{}", base.scheme.as_str(), base.authority, base.path().trim_end_matches('/'))
}

/// Replaces a base URL where it stands as a whole: `http://a/b` is not found in `http://a/bc`. Host names have no case.
fn replace(text: &str, from: &str, to: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let wanted = from.to_ascii_lowercase();
    let mut out = String::new();
    let mut done = 0;
    for (at, found) in lower.match_indices(&wanted) {
        let end = at + found.len();
        let goes_on = text.get(end..).and_then(|rest| rest.chars().next());
        if at < done || goes_on.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | ':')) {
            continue;
        }
        out.push_str(text.get(done..at)?);
        out.push_str(to);
        done = end;
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

impl Now for RedirectContentUrls {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let (gateway, backend) = (gateway_base(exchange), backend_base(exchange));
        let (from, to) = if exchange.edits_request() { (gateway, backend) } else { (backend, gateway) };
        let Some(text) = body_text(exchange) else { return Ok(Flow::Next) };
        if let Some(new) = replace(&text, &from, &to) {
            exchange.body().set(Body::text(new));
            exchange.headers_mut().remove(CONTENT_LENGTH);
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_urls_are_exchanged() {
        let new = |text| replace(text, "http://a.example/b", "https://g/api");
        assert_eq!(
            new("x http://A.example/b/1, http://a.example/b.").as_deref(),
            Some("x https://g/api/1, http://a.example/b.")
        );
        assert_eq!(new("http://a.example/bc http://a.example"), None);
        assert_eq!(new("[\"http://a.example/b\"]").as_deref(), Some("[\"https://g/api\"]"));
    }
}
