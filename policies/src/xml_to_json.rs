//! `xml-to-json`: turns the body of the present message from XML into JSON.
//!
//! The shape is that of Newtonsoft's XML converter with `$` for the colon of a name. Entities of a document type are not
//! expanded and nothing is fetched; depth and size are bounded.
//!
//! Source: xml-to-json policy reference and its published samples.

use apimite_document::Element;
use apimite_dotnet::json::Formatting;
use apimite_dotnet::xml::{FromXml, LoadOptions, parse_document, xml_to_json};
use apimite_policy::arg::{BoolArg, TextArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Needs, Now, StepKind};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use smol_str::SmolStr;

use crate::message::{Media, accepts, body_replaced, body_text, media};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("kind", Kind::OneOf(&["javascript-friendly", "direct"])).required().differs(
            "no sample of `javascript-friendly` is published; here attributes lose their `@` and texts beside them are `text`",
        ),
        Attr::new("apply", Kind::OneOf(&["always", "content-type-xml"])).required(),
        Attr::new("consider-accept-header", Kind::Bool).default("true"),
        Attr::new("always-array-child-elements", Kind::Bool).default("false"),
        Attr::new("always-array-children", Kind::Bool),
        Attr::new("preserve-whitespace-nodes", Kind::Bool)
            .default("false")
            .differs("published in the schema only; white space between elements becomes `#text` members"),
        Attr::new("empty-values", Kind::OneOf(&["preserve", "as-null"])).default("preserve"),
        Attr::new("trim-values", Kind::Bool).default("false"),
    ],
    raises: &["XmlToJsonConversionFailure"],
    differences: &[
        "`Content-Type` becomes `application/json`, which the documentation does not say",
        "the reason of a failure is not documented by Azure",
    ],
    ..PolicyDef::new("xml-to-json", "Turns the body from XML into JSON.", compile)
};

struct XmlToJson {
    kind: TextArg,
    apply: TextArg,
    accept: BoolArg,
    arrays: BoolArg,
    white: BoolArg,
    empty: TextArg,
    trim: BoolArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let older = element.attr("always-array-children").filter(|_| element.attr("always-array-child-elements").is_none());
    let step = XmlToJson {
        kind: cx.text(element, "kind")?,
        apply: cx.text(element, "apply")?,
        accept: cx.boolean(element, "consider-accept-header")?,
        arrays: match older {
            Some(text) => cx.bool_arg(text, "always-array-children")?,
            None => cx.boolean(element, "always-array-child-elements")?,
        },
        white: cx.boolean(element, "preserve-whitespace-nodes")?,
        empty: cx.text(element, "empty-values")?,
        trim: cx.boolean(element, "trim-values")?,
    };
    cx.needs_body();
    // `Accept` is read behind forward-request.
    cx.needs(Needs { code: true, ..Needs::default() });
    Ok(StepKind::now(step))
}

/// What a policy argument that is one of two words says.
pub(crate) fn is_word(arg: &TextArg, word: &str, exchange: &Exchange) -> Result<bool, Fault> {
    Ok(arg.get(exchange)?.trim().eq_ignore_ascii_case(word))
}

impl Now for XmlToJson {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        if self.accept.get(exchange)? && !accepts(&exchange.request.headers, Media::Json) {
            return Ok(Flow::Next);
        }
        let always = is_word(&self.apply, "always", exchange)?;
        if !always && media(exchange.headers_mut()) != Some(Media::Xml) {
            return Ok(Flow::Next);
        }
        let friendly = is_word(&self.kind, "javascript-friendly", exchange)?;
        let options = FromXml {
            attribute_prefix: if friendly { SmolStr::default() } else { SmolStr::new_static("@") },
            text_name: SmolStr::new_static(if friendly { "text" } else { "#text" }),
            always_array_child_elements: self.arrays.get(exchange)?,
            empty_as_null: is_word(&self.empty, "as-null", exchange)?,
            trim_values: self.trim.get(exchange)?,
            ..FromXml::default()
        };
        let load = if self.white.get(exchange)? { LoadOptions::PreserveWhitespace } else { LoadOptions::None };
        let Some(text) = body_text(exchange).filter(|text| !text.trim().is_empty()) else { return Ok(Flow::Next) };
        let json = parse_document(&text, load)
            .and_then(|document| xml_to_json(&document, &options))
            .map_err(|thrown| Fault::internal("XmlToJsonConversionFailure", thrown.message))?
            .to_json(Formatting::None);
        exchange.body().set(Body::text(json));
        let headers = exchange.headers_mut();
        body_replaced(headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Flow::Next)
    }
}
