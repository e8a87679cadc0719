//! What the validation policies share: actions, problems, and how these reach the client, the variable and `LastError`.
//!
//! Source: validation policies, error reference: 400 in inbound, 502 in outbound; details for the variable, a public text for the client.

pub(crate) mod inflate;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod odata;
mod place;
pub(crate) mod schemas;
pub(crate) mod values;
pub(crate) mod xml;

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::library::data::json::token_value;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Kind, Refused, Section};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::Flow;
use http::StatusCode;
use serde_json::{Value, json};

/// What the client gets for every problem that is not his.
pub(crate) const INTERNAL: &str = "The request could not be processed due to an internal error. Contact the API owner.";
/// Most problems that one policy reports.
pub(crate) const MOST: usize = 64;

/// The literal values of an action.
pub(crate) const ACTIONS: Kind = Kind::OneOf(&["ignore", "prevent", "detect"]);

/// How the policies differ from Azure in their reports.
pub(crate) const VARIABLE: &str = "the errors variable holds a JArray of objects with Name, Type, ValidationRule, Details and Action; \
     the type that Azure puts there is not documented";

/// What a problem leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is not looked for.
    Ignore,
    /// The request ends.
    Prevent,
    /// It is only reported.
    Detect,
}

impl Action {
    fn read(text: &str) -> Option<Self> {
        let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
        let words = [("ignore", Self::Ignore), ("prevent", Self::Prevent), ("detect", Self::Detect)];
        words.into_iter().find(|(word, _)| is(word)).map(|(_, action)| action)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Prevent => "prevent",
            Self::Detect => "detect",
        }
    }
}

/// An action, or an expression that gives one.
#[derive(Clone)]
pub(crate) enum ActionArg {
    Known(Action),
    Text(TextArg),
}

impl ActionArg {
    /// Reads an attribute that was checked to hold an action.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub(crate) fn read(cx: &mut Compile<'_>, element: &Element, name: &str) -> Result<Option<Self>, Refused> {
        let Some(text) = cx.optional_text(element, name)? else { return Ok(None) };
        let known = text.as_literal().and_then(|text| Action::read(text));
        Ok(Some(known.map_or(Self::Text(text), Self::Known)))
    }

    /// As [`ActionArg::read`]; an attribute that is required.
    ///
    /// # Errors
    /// Refused when it is absent or does not compile.
    pub(crate) fn required(cx: &mut Compile<'_>, element: &Element, name: &str) -> Result<Self, Refused> {
        match Self::read(cx, element, name)? {
            Some(action) => Ok(action),
            None => cx.text(element, name).map(Self::Text),
        }
    }

    /// The action for this exchange.
    ///
    /// # Errors
    /// A fault when the expression throws or gives another word.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Action, Fault> {
        match self {
            Self::Known(action) => Ok(*action),
            Self::Text(text) => {
                let text = text.get(exchange)?;
                Action::read(&text).ok_or_else(|| {
                    let message = format!("Expression evaluation failed. `{text}` is not ignore, prevent or detect.");
                    Fault::internal(EXPRESSION_FAILED, message)
                })
            }
        }
    }
}

/// The name of an errors variable.
pub(crate) fn variable(cx: &Compile<'_>, element: &Element, attribute: &str) -> Option<Arc<str>> {
    cx.literal(element, attribute).filter(|name| !name.is_empty()).map(Into::into)
}

/// One error of a validation.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// Content type, parameter, header or status code.
    pub(crate) name: String,
    /// `RequestBody`, `QueryParameter`, …
    pub(crate) kind: &'static str,
    /// `SizeLimit`, `Unspecified`, …; empty for problems of the schema.
    pub(crate) rule: &'static str,
    /// For the variable and the trace.
    pub(crate) details: String,
    /// For the client; `None` when it is not his business.
    pub(crate) public: Option<String>,
    /// What follows.
    pub(crate) action: Action,
}

impl Problem {
    fn item(&self) -> Value {
        json!({
            "Name": self.name,
            "Type": self.kind,
            "ValidationRule": self.rule,
            "Details": self.details,
            "Action": self.action.name(),
        })
    }
}

/// Puts problems into variable and trace; the first that prevents ends the section.
///
/// # Errors
/// 400 in inbound, 502 in outbound.
pub(crate) fn report(
    mut problems: Vec<Problem>,
    variable: Option<&Arc<str>>,
    exchange: &mut Exchange,
) -> Result<Flow, Fault> {
    problems.retain(|problem| problem.action != Action::Ignore);
    problems.truncate(MOST);
    if problems.is_empty() {
        return Ok(Flow::Next);
    }
    if let Some(name) = variable {
        let items = Value::Array(problems.iter().map(Problem::item).collect());
        let token =
            apimite_dotnet::json::parse_array(&items.to_string()).map_err(|thrown| Fault::expression(&thrown))?;
        exchange.variables.set(name, token_value(token));
    }
    let (section, now) = (exchange.section.name(), exchange.clock.now());
    if let Some(trace) = &mut exchange.trace {
        for problem in &problems {
            trace.text(section, "validation", now, &problem.details);
        }
    }
    let Some(first) = problems.into_iter().find(|problem| problem.action == Action::Prevent) else {
        return Ok(Flow::Next);
    };
    let public = first.public.unwrap_or_else(|| INTERNAL.to_owned());
    Err(if exchange.section == Section::Inbound {
        Fault::refused(StatusCode::BAD_REQUEST, "Bad request", first.details).public(public)
    } else {
        Fault::refused(StatusCode::BAD_GATEWAY, "Response not allowed", first.details)
            .public(INTERNAL)
            .phrase("Response Not Allowed")
    })
}
