//! `set-body`: replaces the body of the request (inbound, backend) or the response (outbound, on-error).
//!
//! The text is a literal, an expression, or a Liquid template over the present body and the context; [`crate::liquid`] is its
//! engine.
//!
//! Source: set-body policy reference.

use apimite_document::Element;
use apimite_dotnet::json::{parse, parse_without_dates};
use apimite_dotnet::xml::{LoadOptions, parse_element};
use apimite_expr::Value;
use apimite_policy::arg::ValueArg;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::context::bytes_to_text;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Needs, Now, StepKind};
use bytes::Bytes;
use http::HeaderMap;

use crate::liquid::{Bound, Budget, Mistake, Options, Template, render};
use crate::message::{Media, body_replaced, media};

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
    differences: &[
        "Liquid: the tags `include`, `extends` and `param` are refused",
        "Liquid: `Currency` knows the signs of English cultures only",
        "Liquid: a template has budgets (steps, bytes of output); reaching one is a fault",
    ],
    ..PolicyDef::new("set-body", "Replaces the body of the request or the response.", compile)
};

/// A compiled `set-body`, also a child of `return-response` and `send-request`.
pub(crate) enum SetBody {
    Value(ValueArg),
    Liquid(Box<Liquid>),
}

/// A template with its attributes.
pub(crate) struct Liquid {
    template: Template,
    options: Options,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<SetBody, Refused> {
    let inner = Compile::child(element, "value").filter(|_| element.elements().count() == 1).unwrap_or(element);
    if cx.literal(element, "template").is_none_or(|template| !template.eq_ignore_ascii_case("liquid")) {
        return Ok(SetBody::Value(cx.content_value(inner)?));
    }
    let flag = |name: &str, yes: &str| cx.literal(element, name).is_some_and(|text| text.eq_ignore_ascii_case(yes));
    let dates = element.attr("parse-date").is_none() || flag("parse-date", "true") || flag("parse-date", "1");
    let options = Options { nil_is_null: flag("xsi-nil", "null"), dates };
    let (text, start) = if inner.elements().next().is_some() {
        (apimite_document::inner_markup(cx.source(), inner), Some(inner.inner_span().range().start))
    } else {
        (inner.text().value().to_owned(), None)
    };
    let place = |mistake: &Mistake| match start {
        Some(start) if cx.source().text().get(start..).is_some_and(|rest| rest.starts_with(text.as_str())) => {
            apimite_diag::Span::from_usize(start + mistake.at.start, start + mistake.at.end)
        }
        Some(_) => inner.inner_span(),
        None => inner.text().source_span(mistake.at.clone()),
    };
    let template = match Template::read(&text) {
        Ok(template) => template,
        Err(mistake) => {
            let at = place(&mistake);
            return Err(cx.refuse(at, "set_body::liquid", mistake.message, &mistake.help));
        }
    };
    let warnings: Vec<_> = template.unknown_filters.iter().map(|one| (place(one), one)).collect();
    for (at, mistake) in warnings {
        cx.warn(at, "set_body::filter", format!("{}; {}", mistake.message, mistake.help));
    }
    if template.reads_body {
        cx.needs_body();
    }
    cx.needs(Needs { code: true, ..Needs::default() });
    Ok(SetBody::Liquid(Box::new(Liquid { template, options })))
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

fn failed(message: impl std::fmt::Display) -> Fault {
    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. {message}"))
}

impl Liquid {
    fn render(&self, exchange: &Exchange, message: Option<(&HeaderMap, &BodyCell)>) -> Result<Bytes, Fault> {
        let bound = match message {
            Some(message) if self.template.reads_body => self.bind(message)?,
            _ => Bound::Nothing,
        };
        match render(&self.template, &bound, self.options, exchange, Budget::default()) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(failed("The Liquid template takes too many steps or writes too much.")),
        }
    }

    /// What `body` is: JSON or XML, as `Content-Type` says.
    fn bind(&self, (headers, body): (&HeaderMap, &BodyCell)) -> Result<Bound, Fault> {
        let Some(bytes) = body.bytes().filter(|bytes| !bytes.is_empty()) else { return Ok(Bound::Nothing) };
        Ok(match media(headers) {
            Some(Media::Json) => {
                let text = bytes_to_text(&bytes);
                let token = if self.options.dates { parse(&text) } else { parse_without_dates(&text) };
                Bound::Json(token.map_err(|thrown| failed(thrown.message))?)
            }
            Some(Media::Xml) => {
                let root = parse_element(&bytes_to_text(&bytes), LoadOptions::None);
                Bound::Xml(root.map_err(|thrown| failed(thrown.message))?)
            }
            None => Bound::Nothing,
        })
    }
}

impl SetBody {
    /// The new body for this exchange; `None` for a null result. A template sees the body of the present message.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Option<Bytes>, Fault> {
        let message = if exchange.edits_request() {
            Some((&exchange.request.headers, &exchange.request.body))
        } else {
            exchange.response.as_ref().map(|response| (&response.headers, &response.body))
        };
        match self {
            Self::Value(_) => self.get_alone(exchange),
            Self::Liquid(liquid) => liquid.render(exchange, message).map(Some),
        }
    }

    /// The new body where a template sees none (`return-response`).
    ///
    /// Source: set-body policy reference, a template has no body there.
    pub(crate) fn get_alone(&self, exchange: &Exchange) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Value(value) => Ok(match value.get(exchange)? {
                Value::Null => None,
                value => Some(apimite_policy::context::to_bytes(&value)?),
            }),
            Self::Liquid(liquid) => liquid.render(exchange, None).map(Some),
        }
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
