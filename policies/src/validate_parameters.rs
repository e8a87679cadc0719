//! `validate-parameters`: checks headers, query and path parameters of the request against the definition of the operation.
//!
//! Source: validate-parameters policy reference; texts of the validation error reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_model::{ApiKind, Operation, Parameter, ParameterPlace, ParameterStyle};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::validation::names::Part;
use crate::validation::schemas::Schemas;
use crate::validation::{ACTIONS, Action, ActionArg, Problem, VARIABLE, report, values, variable};

const PARAMETER: Child = Child::many(
    "parameter",
    &[Attr::new("name", Kind::Text).literal().required(), Attr::new("action", ACTIONS).required()],
    Content::Empty,
);

const BOTH: &[Attr] = &[
    Attr::new("specified-parameter-action", ACTIONS).required(),
    Attr::new("unspecified-parameter-action", ACTIONS).required(),
];

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("specified-parameter-action", ACTIONS).required(),
        Attr::new("unspecified-parameter-action", ACTIONS).required(),
        Attr::new("errors-variable-name", Kind::Text).literal(),
    ],
    content: Content::Elements {
        children: &[
            Child::optional("headers", BOTH, Content::Elements { children: &[PARAMETER], ordered: true }),
            Child::optional("query", BOTH, Content::Elements { children: &[PARAMETER], ordered: true }),
            Child::optional(
                "path",
                &[Attr::new("specified-parameter-action", ACTIONS).required()],
                Content::Elements { children: &[PARAMETER], ordered: true },
            ),
        ],
        ordered: true,
    },
    raises: &["Bad request"],
    differences: &[
        VARIABLE,
        "the subscription key's own header and query parameter count as specified; Azure's behaviour is not documented",
        "the text for a required parameter that is absent is our own",
        "objects are read with the style `deepObject` alone",
    ],
    ..PolicyDef::new("validate-parameters", "Checks parameters of the request against the definition.", compile)
};

struct ValidateParameters {
    headers: Rules,
    query: Rules,
    path: Rules,
    variable: Option<Arc<str>>,
}

/// The actions for one kind of parameter.
struct Rules {
    specified: ActionArg,
    unspecified: ActionArg,
    own: Vec<(Box<str>, ActionArg)>,
}

impl Rules {
    fn own(&self, exchange: &Exchange, name: &str) -> Result<Option<Action>, Fault> {
        let found = self.own.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, action)| action.get(exchange)).transpose()
    }
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let specified = ActionArg::required(cx, element, "specified-parameter-action")?;
    let unspecified = ActionArg::required(cx, element, "unspecified-parameter-action")?;
    let mut rules = |name: &str| -> Result<Rules, Refused> {
        let mut rules = Rules { specified: specified.clone(), unspecified: unspecified.clone(), own: Vec::new() };
        let Some(child) = Compile::child(element, name) else { return Ok(rules) };
        if let Some(action) = ActionArg::read(cx, child, "specified-parameter-action")? {
            rules.specified = action;
        }
        if let Some(action) = ActionArg::read(cx, child, "unspecified-parameter-action")? {
            rules.unspecified = action;
        }
        for parameter in Compile::children(child, "parameter") {
            let name = parameter.attr("name").map(|text| text.value().trim().into()).unwrap_or_default();
            rules.own.push((name, ActionArg::required(cx, parameter, "action")?));
        }
        Ok(rules)
    };
    let (headers, query, path) = (rules("headers")?, rules("query")?, rules("path")?);
    let variable = variable(cx, element, "errors-variable-name");
    Ok(StepKind::now(ValidateParameters { headers, query, path, variable }))
}

/// The declared parameters of one kind. A template holds path and query parameters.
fn declared(operation: &Operation, part: Part) -> impl Iterator<Item = &Parameter> {
    let query = operation.url_template.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    operation.parameters.iter().filter(move |parameter| {
        let in_query = || query.contains(&format!("{{{}}}", parameter.name.to_ascii_lowercase()));
        match (parameter.place, part) {
            (ParameterPlace::Header, Part::RequestHeader) | (ParameterPlace::Query, Part::Query) => true,
            (ParameterPlace::Template, Part::Path) => !in_query(),
            (ParameterPlace::Template, Part::Query) => in_query(),
            _ => false,
        }
    })
}

impl ValidateParameters {
    fn check(
        &self,
        exchange: &Exchange,
        schemas: &Schemas,
        part: Part,
        given: &[(String, String)],
        found: &mut Vec<Problem>,
    ) -> Result<(), Fault> {
        let rules = match part {
            Part::Path => &self.path,
            Part::Query => &self.query,
            _ => &self.headers,
        };
        let Some(operation) = exchange.operation.as_deref() else { return Ok(()) };
        for parameter in declared(operation, part) {
            let action = match rules.own(exchange, &parameter.name)? {
                Some(action) => action,
                None => rules.specified.get(exchange)?,
            };
            if action == Action::Ignore {
                continue;
            }
            let same = given.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&parameter.name));
            let values: Vec<String> = same.map(|(_, value)| value.clone()).collect();
            let members = members(parameter, part, given);
            found.extend(values::check(exchange, schemas, parameter, part, &values, &members, action));
        }
        if part == Part::Path {
            return Ok(());
        }
        let keys = exchange.api.as_deref().map(|api| &api.key_names);
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in given {
            let is_key = keys.is_some_and(|keys| match part {
                Part::Query => keys.query.eq_ignore_ascii_case(name),
                _ => keys.header.eq_ignore_ascii_case(name),
            });
            let known = declared(operation, part).any(|parameter| {
                parameter.name.eq_ignore_ascii_case(name)
                    || parameter.style == ParameterStyle::Deep && member(&parameter.name, name).is_some()
            });
            if is_key || known || seen.iter().any(|one| one.eq_ignore_ascii_case(name)) {
                continue;
            }
            seen.push(name);
            let action = match rules.own(exchange, name)? {
                Some(action) => action,
                None => rules.unspecified.get(exchange)?,
            };
            if action != Action::Ignore {
                found.push(values::unspecified(name, part, action));
            }
        }
        Ok(())
    }
}

/// The member that `name[member]` names.
fn member<'n>(name: &str, given: &'n str) -> Option<&'n str> {
    let (start, rest) = given.split_once('[')?;
    start.eq_ignore_ascii_case(name).then(|| rest.strip_suffix(']')).flatten()
}

/// The members of an object that is written as `name[member]=value`.
fn members(parameter: &Parameter, part: Part, given: &[(String, String)]) -> Vec<(String, String)> {
    if parameter.style != ParameterStyle::Deep || part != Part::Query {
        return Vec::new();
    }
    let own = |(name, value): &(String, String)| Some((member(&parameter.name, name)?.to_owned(), value.clone()));
    given.iter().filter_map(own).collect()
}

/// Pairs of a query, decoded.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

impl Now for ValidateParameters {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        if exchange.api.as_ref().is_some_and(|api| api.kind == ApiKind::WebSocket) {
            return Ok(Flow::Next);
        }
        let schemas = env.shared.get_or_make(Schemas::default);
        let request = &exchange.request;
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| (shown(name.as_str()), text(value))).collect();
        let query = query(request.original_url.query().unwrap_or_default());
        let path: Vec<(String, String)> =
            request.matched.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut found = Vec::new();
        for (part, given) in [(Part::RequestHeader, &headers), (Part::Query, &query), (Part::Path, &path)] {
            self.check(exchange, &schemas, part, given, &mut found)?;
        }
        report(found, self.variable.as_ref(), exchange)
    }
}

/// A header name as people write it.
pub(crate) fn shown(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let out = if start { c.to_ascii_uppercase() } else { c };
            start = c == '-';
            out
        })
        .collect()
}
