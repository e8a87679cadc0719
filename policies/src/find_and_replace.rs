//! `find-and-replace`: replaces a text in the body of the present message, everywhere.
//!
//! Source: find-and-replace policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::header::CONTENT_LENGTH;

use crate::message::body_text;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("from", Kind::Text).required(), Attr::new("to", Kind::Text).required()],
    ..PolicyDef::new("find-and-replace", "Replaces a text in the body everywhere.", compile)
};

struct FindAndReplace {
    from: TextArg,
    to: TextArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let from = cx.text(element, "from");
    let to = cx.text(element, "to");
    cx.needs_body();
    Ok(StepKind::now(FindAndReplace { from: from?, to: to? }))
}

impl Now for FindAndReplace {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let from = self.from.get(exchange)?.into_owned();
        let to = self.to.get(exchange)?.into_owned();
        let Some(text) = body_text(exchange) else { return Ok(Flow::Next) };
        if from.is_empty() || !text.contains(&from) {
            return Ok(Flow::Next);
        }
        exchange.body().set(Body::text(text.replace(&from, &to)));
        exchange.headers_mut().remove(CONTENT_LENGTH);
        Ok(Flow::Next)
    }
}
