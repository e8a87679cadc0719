//! `set-body`: replaces the body of the request (inbound, backend) or the response (outbound, on-error).
//!
//! Known difference: Liquid templates are refused until the transformation group lands.
//!
//! Source: set-body policy reference.

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::ValueArg;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use bytes::Bytes;

use crate::message::body_replaced;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("template", Kind::OneOf(&["liquid", "none"])).literal(),
        Attr::new("xsi-nil", Kind::OneOf(&["blank", "null"])).default("blank").literal(),
        Attr::new("parse-date", Kind::Bool).default("true").literal(),
        Attr::new("html-decode-expression", Kind::Bool)
            .not_applicable("published in the schema only; expressions are always decoded as the document needs"),
    ],
    content: Content::Raw,
    differences: &["`template=\"liquid\"` is not available yet and refused"],
    ..PolicyDef::new("set-body", "Replaces the body of the request or the response.", compile)
};

/// A compiled `set-body`, also a child of `return-response` and `send-request`.
pub(crate) struct SetBody {
    value: ValueArg,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<SetBody, Refused> {
    if cx.literal(element, "template").is_some_and(|template| template.eq_ignore_ascii_case("liquid")) {
        let at = element.attr("template").map_or(element.span, apimite_document::Text::span);
        return Err(cx.refuse(at, "set_body::liquid", "Liquid templates are not available yet", "write an expression"));
    }
    let inner = Compile::child(element, "value").unwrap_or(element);
    Ok(SetBody { value: cx.content_value(inner)? })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl SetBody {
    /// The new body for this exchange; `None` for a null result.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Option<Bytes>, Fault> {
        Ok(match self.value.get(exchange)? {
            Value::Null => None,
            value => Some(apimite_policy::context::to_bytes(&value)?),
        })
    }
}

impl Now for SetBody {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let body = self.get(exchange)?;
        exchange.body().set(body.map_or(Body::None, Body::Bytes));
        body_replaced(exchange.headers_mut());
        Ok(Flow::Next)
    }
}
