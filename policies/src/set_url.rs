//! `set-url`: the URL of `send-request`, `send-one-way-request` and of the requests of resolvers; it stands nowhere else.
//!
//! Source: send-request and http-data-source policy references.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    content: Content::Text(Kind::Text, Expressions::Allowed),
    ..PolicyDef::new("set-url", "The URL of a request that a policy sends.", compile)
};

/// The URL that the request of a resolver goes to.
#[derive(Debug)]
pub(crate) struct Wanted(pub(crate) String);

struct SetUrl(TextArg);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    // Policies that send requests read the element themselves.
    if cx.path().contains("http-request/") || cx.path().starts_with("graphql-data-source[") {
        return Ok(StepKind::now(SetUrl(cx.content(element)?)));
    }
    Err(cx.refuse(
        element.name_span,
        "set_url::place",
        "`set-url` may only stand inside `send-request`, `send-one-way-request` and `http-request`",
        "use `rewrite-uri` or `set-backend-service` for the request to the backend",
    ))
}

impl Now for SetUrl {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let url = self.0.get(exchange)?.into_owned();
        exchange.notes.put(Wanted(url));
        Ok(Flow::Next)
    }
}
