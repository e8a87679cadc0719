//! `set-header`: sets, adds or removes a header of the request (inbound, backend) or the response (outbound, on-error).
//!
//! Source: set-header policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("name", Kind::Text).required(),
        Attr::new("exists-action", Kind::OneOf(&["override", "skip", "append", "delete"])).default("override"),
    ],
    content: Content::Elements {
        children: &[Child::many("value", &[], Content::Text(Kind::Text, Expressions::Allowed))],
        ordered: false,
    },
    ..PolicyDef::new("set-header", "Sets, adds or removes a header of the request or the response.", compile)
};

/// What happens when the header is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExistsAction {
    Override,
    Skip,
    Append,
    Delete,
}

impl ExistsAction {
    /// From its literal.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "override" | "" => Self::Override,
            "skip" => Self::Skip,
            "append" => Self::Append,
            "delete" => Self::Delete,
            _ => return None,
        })
    }
}

/// Headers whose values are sent one by one; all others are joined with a comma.
///
/// Source: set-header policy reference, usage notes.
const SEPARATE: &[&str] = &[
    "user-agent",
    "www-authenticate",
    "proxy-authenticate",
    "cookie",
    "set-cookie",
    "warning",
    "date",
    "expires",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "retry-after",
];

/// Headers that no policy changes.
const FIXED: &[&str] = &["connection", "content-length", "keep-alive", "transfer-encoding"];

/// A compiled `set-header`; `send-request` and `return-response` apply it to headers of their own.
pub(crate) struct SetHeader {
    name: Name,
    action: Action,
    values: Vec<Part>,
}

enum Name {
    Known(HeaderName),
    Fixed,
    Text(TextArg),
}

enum Action {
    Known(ExistsAction),
    Text(TextArg),
}

/// A value: a literal is a header value once and for all.
enum Part {
    Known(HeaderValue),
    Text(TextArg),
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<SetHeader, Refused> {
    let name = match cx.text(element, "name")? {
        TextArg::Literal(text) => match HeaderName::try_from(text.trim()) {
            Ok(name) if FIXED.contains(&name.as_str()) => Name::Fixed,
            Ok(name) => Name::Known(name),
            Err(_) => {
                let at = element.attr("name").map_or(element.name_span, apimite_document::Text::span);
                return Err(cx.refuse(
                    at,
                    "set_header::name",
                    format!("`{text}` is no header name"),
                    "use letters, digits and `-`",
                ));
            }
        },
        code => Name::Text(code),
    };
    let action = match cx.text(element, "exists-action")? {
        TextArg::Literal(text) => Action::Known(ExistsAction::parse(&text).unwrap_or(ExistsAction::Override)),
        code => Action::Text(code),
    };
    let mut values = Vec::new();
    for child in Compile::children(element, "value") {
        values.push(match cx.content(child)? {
            TextArg::Literal(text) => match HeaderValue::from_str(text.trim()) {
                Ok(value) => Part::Known(value),
                Err(_) => {
                    return Err(cx.refuse(
                        child.span,
                        "set_header::value",
                        "the value holds characters that a header cannot carry",
                        "remove line breaks and control characters",
                    ));
                }
            },
            code => Part::Text(code),
        });
    }
    Ok(SetHeader { name, action, values })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text.trim()).map_err(|_| bad())
}

impl SetHeader {
    fn name(&self, exchange: &Exchange) -> Result<Option<HeaderName>, Fault> {
        match &self.name {
            Name::Known(name) => Ok(Some(name.clone())),
            Name::Fixed => Ok(None),
            Name::Text(arg) => {
                let text = arg.get(exchange)?;
                let name = HeaderName::try_from(text.trim()).map_err(|_| {
                    Fault::internal(
                        EXPRESSION_FAILED,
                        format!("Expression evaluation failed. `{text}` is no header name."),
                    )
                })?;
                Ok((!FIXED.contains(&name.as_str())).then_some(name))
            }
        }
    }

    fn action(&self, exchange: &Exchange) -> Result<ExistsAction, Fault> {
        match &self.action {
            Action::Known(action) => Ok(*action),
            Action::Text(arg) => {
                let text = arg.get(exchange)?;
                ExistsAction::parse(&text).ok_or_else(|| {
                    Fault::internal(
                        EXPRESSION_FAILED,
                        format!("Expression evaluation failed. `{text}` is no value of exists-action."),
                    )
                })
            }
        }
    }

    fn values(&self, exchange: &Exchange) -> Result<Vec<HeaderValue>, Fault> {
        self.values
            .iter()
            .map(|part| match part {
                Part::Known(known) => Ok(known.clone()),
                Part::Text(arg) => value(&arg.get(exchange)?),
            })
            .collect()
    }

    /// The change for this exchange: evaluated before any header map is borrowed.
    fn change(&self, exchange: &Exchange) -> Result<Option<(HeaderName, ExistsAction, Vec<HeaderValue>)>, Fault> {
        let Some(name) = self.name(exchange)? else { return Ok(None) };
        let action = self.action(exchange)?;
        let values = if action == ExistsAction::Delete { Vec::new() } else { self.values(exchange)? };
        Ok(Some((name, action, values)))
    }

    /// Applies it to headers that are not the exchange's own.
    pub(crate) fn apply(&self, exchange: &Exchange, headers: &mut HeaderMap) -> Result<(), Fault> {
        if let Some((name, action, values)) = self.change(exchange)? {
            edit(headers, name, action, values)?;
        }
        Ok(())
    }
}

fn edit(
    headers: &mut HeaderMap,
    name: HeaderName,
    action: ExistsAction,
    mut values: Vec<HeaderValue>,
) -> Result<(), Fault> {
    match action {
        ExistsAction::Delete => {
            headers.remove(&name);
            return Ok(());
        }
        ExistsAction::Skip if headers.contains_key(&name) => return Ok(()),
        _ => {}
    }
    if values.len() == 1 && action != ExistsAction::Append {
        if let Some(only) = values.pop() {
            headers.insert(name, only);
        }
        return Ok(());
    }
    if SEPARATE.contains(&name.as_str()) {
        if action == ExistsAction::Override {
            headers.remove(&name);
        }
        for value in values {
            headers.append(name.clone(), value);
        }
        return Ok(());
    }
    let mut all: Vec<HeaderValue> = Vec::new();
    if action == ExistsAction::Append {
        all.extend(headers.get_all(&name).iter().cloned());
    }
    all.append(&mut values);
    if all.is_empty() {
        headers.remove(&name);
        return Ok(());
    }
    let mut joined: Vec<u8> = Vec::new();
    for (index, part) in all.iter().enumerate() {
        if index > 0 {
            joined.push(b',');
        }
        joined.extend_from_slice(part.as_bytes());
    }
    headers.insert(name, HeaderValue::from_bytes(&joined).map_err(|_| bad())?);
    Ok(())
}

fn bad() -> Fault {
    Fault::internal(EXPRESSION_FAILED, "Expression evaluation failed. Specified value has invalid Control characters.")
}

impl Now for SetHeader {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        // The commonest shape needs no list of values.
        if let (Name::Known(name), Action::Known(ExistsAction::Override), [part]) =
            (&self.name, &self.action, self.values.as_slice())
        {
            let value = match part {
                Part::Known(known) => known.clone(),
                Part::Text(arg) => value(&arg.get(exchange)?)?,
            };
            exchange.headers_mut().insert(name.clone(), value);
            return Ok(Flow::Next);
        }
        if let Some((name, action, values)) = self.change(exchange)? {
            edit(exchange.headers_mut(), name, action, values)?;
        }
        Ok(Flow::Next)
    }
}
