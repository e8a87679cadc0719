//! Dimensions of metrics: those the policy gives a value, and those that have one of their own.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Refused};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;

/// The child element.
pub(crate) const DIMENSION: Child = Child {
    name: "dimension",
    min: 1,
    max: 10,
    attributes: &[Attr::new("name", Kind::Text).required(), Attr::new("value", Kind::Text)],
    content: Content::Empty,
};

/// Dimensions that have a value of their own.
const KNOWN: [&str; 7] =
    ["API ID", "Operation ID", "Product ID", "User ID", "Subscription ID", "Location", "Gateway ID"];
/// The one that metrics of language models have besides.
const BACKEND: &str = "Backend ID";

/// Names and values as they go to a sink.
pub(crate) type Values = Vec<(Box<str>, Box<str>)>;

/// The dimensions of a policy.
pub(crate) struct Dimensions(Vec<(TextArg, Option<TextArg>)>);

impl Dimensions {
    /// Reads the children; `backend` says whether `Backend ID` has a value of its own.
    pub(crate) fn read(element: &Element, backend: bool, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let mut dimensions = Vec::new();
        for child in Compile::children(element, "dimension") {
            let name = cx.text(child, "name")?;
            let value = cx.optional_text(child, "value")?;
            let has_own = |name: &str| KNOWN.contains(&name) || backend && name == BACKEND;
            if value.is_none() && name.as_literal().is_some_and(|name| !has_own(name.trim())) {
                let last = if backend { ", Gateway ID or Backend ID" } else { " or Gateway ID" };
                let help = format!(
                    "add `value`, or use API ID, Operation ID, Product ID, User ID, Subscription ID, Location{last}"
                );
                let text = "the dimension needs a `value`";
                return Err(cx.refuse(child.name_span, "emit_metric::dimension", text, &help));
            }
            dimensions.push((name, value));
        }
        Ok(Self(dimensions))
    }

    /// Their values for this exchange, in the order of the policy.
    pub(crate) fn values(&self, exchange: &Exchange) -> Result<Values, Fault> {
        let mut values = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            let name = name.get(exchange)?;
            let value: Box<str> = match value {
                Some(value) => value.get(exchange)?.as_ref().into(),
                None => known(name.trim(), exchange),
            };
            values.push((name.trim().into(), value));
        }
        Ok(values)
    }

    /// Fills in the backend, which is known only when it has been called.
    pub(crate) fn fill_backend(&self, values: &mut Values, exchange: &Exchange) {
        for ((_, given), (name, value)) in self.0.iter().zip(values) {
            if given.is_none() && &**name == BACKEND {
                *value = known(BACKEND, exchange);
            }
        }
    }
}

/// The value of a dimension that has one of its own.
fn known(name: &str, exchange: &Exchange) -> Box<str> {
    let caller = &exchange.caller;
    match name {
        "API ID" => exchange.api.as_ref().map(|api| api.id.clone()),
        "Operation ID" => exchange.operation.as_ref().map(|operation| operation.id.clone()),
        "Product ID" => caller.product.as_ref().map(|product| product.id.clone()),
        "User ID" => caller.user.as_ref().map(|user| user.id.clone()),
        "Subscription ID" => caller.subscription.as_ref().map(|(subscription, _)| subscription.id.clone()),
        "Location" => Some(exchange.service.region.clone()),
        "Gateway ID" => Some(exchange.service.gateway_id.clone()),
        BACKEND => {
            let entity = exchange.request.target().backend.as_ref().map(|backend| backend.id.clone());
            exchange.backend.as_ref().map(|backend| backend.id.clone()).or(entity)
        }
        _ => None,
    }
    .unwrap_or_default()
}
