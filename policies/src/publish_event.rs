//! `publish-event`: publishes the result of a resolver to subscriptions of the GraphQL schema.
//!
//! A subscription that connected clients have asked for is answered from what is published; it needs no resolver of its own.
//!
//! Source: publish-event policy reference.

use apimite_document::Element;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Now, StepKind};
use serde_json::{Map, Value};

use crate::graphql::hub::{Hub, field_of};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    gateways: Gateways::ALL.without(Gateways::SELF_HOSTED).without(Gateways::WORKSPACE),
    content: Content::Elements {
        children: &[Child::one(
            "targets",
            &[],
            Content::Elements {
                children: &[Child::at_least_one(
                    "graphql-subscription",
                    &[Attr::new("id", Kind::Text).literal().required()],
                    Content::Empty,
                )],
                ordered: true,
            },
        )],
        ordered: true,
    },
    differences: &[
        "every subscription to the field gets the event, whatever its arguments; Azure does not say what it does with them",
        "events go to the local sink `graphql` besides",
    ],
    ..PolicyDef::new("publish-event", "Publishes the result of a resolver to GraphQL subscriptions.", compile)
};

struct PublishEvent(Vec<Box<str>>);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    if !cx.path().contains("response/") {
        let text = "`publish-event` may only stand in the response of a resolver";
        return Err(cx.refuse(
            element.name_span,
            "publish_event::place",
            text,
            "move it into `http-response` or `response`",
        ));
    }
    cx.needs_body();
    let targets = Compile::child(element, "targets").into_iter().flat_map(Element::elements);
    let ids = targets.filter_map(|target| target.attr("id").map(|text| text.value().trim().into())).collect();
    Ok(StepKind::now(PublishEvent(ids)))
}

impl Now for PublishEvent {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let bytes = exchange.body().bytes().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let data: Value = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()));
        let hub = env.shared.get_or_make(Hub::default);
        for subscription in &self.0 {
            hub.publish(&field_of(exchange, subscription), &data);
            let mut item = Map::new();
            item.insert("data".into(), data.clone());
            sinks::deliver(env, sinks::Kind::GraphQl, subscription, item);
        }
        Ok(Flow::Next)
    }
}
