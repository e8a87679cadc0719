//! `cross-domain`: serves the policy file of Adobe Flash and Silverlight clients at `/crossdomain.xml`.
//!
//! Source: cross-domain policy reference; the file's form is Adobe's.

use std::fmt::Write;

use apimite_document::Element;
use apimite_policy::answer;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, Occurs, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: Scopes::GLOBAL,
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    occurs: Occurs::OncePerSection,
    content: Content::Elements {
        children: &[Child::optional(
            "cross-domain-policy",
            &[],
            Content::Elements {
                children: &[
                    Child::optional("site-control", &[CONTROL], Content::Empty),
                    Child::many("allow-access-from", &[DOMAIN, SECURE], Content::Empty),
                    Child::many("allow-http-request-headers-from", &[DOMAIN, HEADERS, SECURE], Content::Empty),
                ],
                ordered: true,
            },
        )],
        ordered: true,
    },
    differences: &[
        "where Azure serves the file is not documented; here it is `/crossdomain.xml` of every host of the gateway",
    ],
    ..PolicyDef::new("cross-domain", "Serves the policy file of Flash and Silverlight clients.", compile)
};

const CONTROL: Attr =
    Attr::new("permitted-cross-domain-policies", Kind::OneOf(&["all", "by-content-type", "master-only", "none"]))
        .required()
        .literal();
const DOMAIN: Attr = Attr::new("domain", Kind::Text).required().literal();
const HEADERS: Attr = Attr::new("headers", Kind::Text).required().literal();
const SECURE: Attr = Attr::new("secure", Kind::Bool).default("true").literal();

struct CrossDomain {
    file: Bytes,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut file = "<?xml version=\"1.0\"?>\n<!DOCTYPE cross-domain-policy SYSTEM \
                    \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n<cross-domain-policy>\n"
        .to_owned();
    let mut outcome = Ok(());
    for child in Compile::child(element, "cross-domain-policy").into_iter().flat_map(Element::elements) {
        if let Some(domain) = child.attr("domain")
            && !is_domain(domain.value())
        {
            outcome = Err(cx.refuse(
                domain.span(),
                "cross_domain::domain",
                format!("`{}` is no domain", domain.value()),
                "write a host name, `*` or a name such as `*.contoso.com`",
            ));
        }
        let _ = write!(file, "  <{}", child.name);
        for attribute in &child.attributes {
            let value = attribute.value.value().replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            let _ = write!(file, " {}=\"{value}\"", attribute.name);
        }
        file.push_str(" />\n");
    }
    outcome?;
    file.push_str("</cross-domain-policy>\n");
    Ok(StepKind::now(CrossDomain { file: file.into() }))
}

/// Source: published schema, `domain-attribute`.
fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix('*').unwrap_or(text);
    text == "*" || (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')))
}

impl Now for CrossDomain {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        if !self.answers_unrouted(exchange) {
            return Ok(Flow::Next);
        }
        let mut response = answer::empty(StatusCode::OK);
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/x-cross-domain-policy"));
        response.body.set(Body::Bytes(self.file.clone()));
        exchange.response = Some(response);
        Ok(Flow::Respond)
    }

    fn answers_unrouted(&self, exchange: &Exchange) -> bool {
        exchange.request.method == Method::GET && exchange.request.original_url.path() == "/crossdomain.xml"
    }
}
