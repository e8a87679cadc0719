//! `set-query-parameter`: sets, adds or removes a query parameter of the request.
//!
//! Source: set-query-parameter policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use apimite_policy::url;

use crate::message::encode_query;
use crate::set_header::ExistsAction;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::BACKEND),
    attributes: &[
        Attr::new("name", Kind::Text).required(),
        Attr::new("exists-action", Kind::OneOf(&["override", "skip", "append", "delete"])).default("override"),
    ],
    content: Content::Elements {
        children: &[Child::many("value", &[], Content::Text(Kind::Text, Expressions::Allowed))],
        ordered: false,
    },
    ..PolicyDef::new("set-query-parameter", "Sets, adds or removes a query parameter of the request.", compile)
};

struct SetQueryParameter {
    name: TextArg,
    action: TextArg,
    values: Vec<TextArg>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let name = cx.text(element, "name")?;
    let action = cx.text(element, "exists-action")?;
    let mut values = Vec::new();
    for child in Compile::children(element, "value") {
        values.push(cx.content(child)?);
    }
    Ok(StepKind::now(SetQueryParameter { name, action, values }))
}

impl Now for SetQueryParameter {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let name = self.name.get(exchange)?.into_owned();
        let action = ExistsAction::parse(&self.action.get(exchange)?).unwrap_or(ExistsAction::Override);
        let mut values = Vec::new();
        if action != ExistsAction::Delete {
            for value in &self.values {
                values.push(value.get(exchange)?.into_owned());
            }
        }
        let relative = exchange.request.relative();
        let query = edit(relative.query().unwrap_or(""), &name, action, &values);
        let text = if query.is_empty() { relative.path().to_owned() } else { format!("{}?{query}", relative.path()) };
        if let Some(path) = url::path(&text) {
            exchange.request.set_relative(path);
        }
        Ok(Flow::Next)
    }
}

/// The query after the change; parameters that are not concerned keep their bytes.
fn edit(query: &str, name: &str, action: ExistsAction, values: &[String]) -> String {
    let encoded = encode_query(name);
    let is_it = |part: &str| {
        let key = part.split('=').next().unwrap_or("");
        key.eq_ignore_ascii_case(&encoded) || key.eq_ignore_ascii_case(name)
    };
    let mut parts: Vec<String> = query.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let exists = parts.iter().any(|part| is_it(part));
    match action {
        ExistsAction::Skip if exists => return query.to_owned(),
        ExistsAction::Delete | ExistsAction::Override => parts.retain(|part| !is_it(part)),
        ExistsAction::Skip | ExistsAction::Append => {}
    }
    parts.extend(values.iter().map(|value| format!("{encoded}={}", encode_query(value))));
    parts.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn override_replaces_every_value_and_keeps_the_others_as_they_are() {
        let values = ["x y".to_owned()];
        assert_eq!(edit("a=1&b=%7e&A=2", "a", ExistsAction::Override, &values), "b=%7e&a=x%20y");
        assert_eq!(edit("a=1", "a", ExistsAction::Skip, &values), "a=1");
        assert_eq!(edit("a=1", "a", ExistsAction::Append, &values), "a=1&a=x%20y");
        assert_eq!(edit("a=1&c", "a", ExistsAction::Delete, &[]), "c");
    }
}
