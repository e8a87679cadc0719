//! `http-data-source`: the policy of a GraphQL resolver that asks an HTTP server.
//!
//! Source: http-data-source policy reference.

use apimite_document::Element;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Child, Content, Gateways, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::data_source::{Answer, retarget};
use crate::forward_request;
use crate::set_url::Wanted;

/// What may stand in `http-request`.
const REQUEST: Content = Content::Elements {
    children: &[
        Child::policy("get-authorization-context"),
        Child::policy("set-backend-service"),
        Child::policy("set-method"),
        Child::policy("set-url"),
        Child::policies("include-fragment"),
        Child::policies("set-header"),
        Child::policy("set-body"),
        Child::policy("authentication-certificate"),
    ],
    ordered: true,
};
/// What may stand in `http-response`.
const RESPONSE: Content = Content::Elements {
    children: &[
        Child::policy("set-body"),
        Child::policy("json-to-xml"),
        Child::policy("xml-to-json"),
        Child::policy("find-and-replace"),
        Child::policy("publish-event"),
        Child::policies("include-fragment"),
    ],
    ordered: true,
};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    resolver: true,
    gateways: Gateways::ALL.without(Gateways::SELF_HOSTED).without(Gateways::WORKSPACE),
    content: Content::Elements {
        children: &[
            Child::one("http-request", &[], REQUEST),
            Child::optional("backend", &[], Content::SomePolicies(&["forward-request"])),
            Child::optional("http-response", &[], RESPONSE),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure", "Timeout"],
    differences: &["the texts of errors of fields are our own"],
    ..PolicyDef::new("http-data-source", "Resolves a field of a GraphQL schema by an HTTP request.", compile)
};

struct HttpDataSource {
    request: Block,
    backend: Option<Block>,
    response: Answer,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let Some(request) = Compile::child(element, "http-request") else { return Err(Refused) };
    for needed in ["set-method", "set-url"] {
        let in_fragment = Compile::child(request, "include-fragment").is_some();
        if Compile::child(request, needed).is_none() && !in_fragment {
            let text = format!("'http-request' needs a '{needed}' element");
            return Err(cx.refuse(request.name_span, "policy::missing_child", text, "add it"));
        }
    }
    let blocks = HttpDataSource {
        request: cx.branch_in(request, "http-request", Section::Inbound),
        backend: Compile::child(element, "backend").map(|child| cx.branch_in(child, "backend", Section::Backend)),
        response: Answer::compile(element, "http-response", cx),
    };
    Ok(StepKind::io(blocks))
}

/// Sends the request that the policies of a resolver made; afterwards the exchange holds the answer.
async fn ask(exchange: &mut Exchange, backend: Option<&Block>, env: &Env) -> Result<(), Fault> {
    if let Some(wanted) = exchange.notes.take::<Wanted>() {
        retarget(exchange, &wanted.0)?;
    }
    exchange.section = Section::Backend;
    match backend {
        Some(block) => {
            run_block(block, exchange, env).await?;
        }
        None => {
            forward_request::plain().run(exchange, env).await?;
        }
    }
    exchange.section = Section::Outbound;
    Ok(())
}

impl Io for HttpDataSource {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            exchange.section = Section::Inbound;
            // The body so far holds arguments and parent, for templates; it is sent only when a policy replaced it.
            let given = exchange.request.body.bytes();
            run_block(&self.request, exchange, env).await?;
            if exchange.request.body.bytes().map(|bytes| bytes.as_ptr()) == given.map(|bytes| bytes.as_ptr()) {
                exchange.request.body.set(Body::None);
            }
            ask(exchange, self.backend.as_ref(), env).await?;
            self.response.run(exchange, env).await?;
            Ok(Flow::Next)
        })
    }
}
