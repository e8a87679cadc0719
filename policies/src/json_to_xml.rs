//! `json-to-xml`: turns the body of the present message from JSON into XML.
//!
//! Source: json-to-xml policy reference and its published samples.

use apimite_document::Element;
use apimite_dotnet::Thrown;
use apimite_dotnet::json::{JToken, JTokenType, parse, parse_without_dates};
use apimite_dotnet::xml::{IntoXml, json_to_xml};
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
use crate::xml_to_json::is_word;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("apply", Kind::OneOf(&["always", "content-type-json"])).required(),
        Attr::new("consider-accept-header", Kind::Bool).default("true"),
        Attr::new("parse-date", Kind::Bool).default("true").literal(),
        Attr::new("namespace-separator", Kind::Text).default("_"),
        Attr::new("namespace-prefix", Kind::Text),
        Attr::new("attribute-block-name", Kind::Text),
        Attr::new("attribute-prefix", Kind::Text),
        Attr::new("namespace-block-name", Kind::Text)
            .not_applicable("published in the schema only, and what it does is not documented"),
        Attr::new("invalid-character-replacement", Kind::Text),
        Attr::new("null-values", Kind::Text)
            .not_applicable("published in the schema only, without its values; null becomes `xsi:nil`"),
        Attr::new("trim-values", Kind::Bool).default("false"),
        Attr::new("empty-values", Kind::OneOf(&["preserve", "as-null"])).default("preserve"),
    ],
    raises: &["JsonToXmlConversionFailure"],
    differences: &[
        "`Content-Type` becomes `text/xml`, which the documentation does not say",
        "the reason of a failure is not documented by Azure",
    ],
    ..PolicyDef::new("json-to-xml", "Turns the body from JSON into XML.", compile)
};

struct JsonToXml {
    apply: TextArg,
    accept: BoolArg,
    dates: BoolArg,
    separator: TextArg,
    namespace_prefix: Option<TextArg>,
    attribute_block: Option<TextArg>,
    attribute_prefix: Option<TextArg>,
    replacement: Option<TextArg>,
    trim: BoolArg,
    empty: TextArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let step = JsonToXml {
        apply: cx.text(element, "apply")?,
        accept: cx.boolean(element, "consider-accept-header")?,
        dates: cx.boolean(element, "parse-date")?,
        separator: cx.text(element, "namespace-separator")?,
        namespace_prefix: cx.optional_text(element, "namespace-prefix")?,
        attribute_block: cx.optional_text(element, "attribute-block-name")?,
        attribute_prefix: cx.optional_text(element, "attribute-prefix")?,
        replacement: cx.optional_text(element, "invalid-character-replacement")?,
        trim: cx.boolean(element, "trim-values")?,
        empty: cx.text(element, "empty-values")?,
    };
    cx.needs_body();
    // `Accept` is read behind forward-request.
    cx.needs(Needs { code: true, ..Needs::default() });
    Ok(StepKind::now(step))
}

/// A copy whose texts are trimmed and whose empty texts are null, as asked. The reader bounds the depth.
fn tidy(token: &JToken, trim: bool, empty_as_null: bool) -> Result<JToken, Thrown> {
    match token.kind() {
        JTokenType::Object => {
            let copy = JToken::object();
            for (name, value) in token.entries() {
                copy.add_property(&name, Some(&tidy(&value, trim, empty_as_null)?))?;
            }
            Ok(copy)
        }
        JTokenType::Array => {
            let copy = JToken::array();
            for item in token.children() {
                copy.add(&tidy(&item, trim, empty_as_null)?)?;
            }
            Ok(copy)
        }
        JTokenType::String => {
            let text = token.to_text();
            let text = if trim { SmolStr::new(text.trim()) } else { text };
            Ok(if empty_as_null && text.is_empty() { JToken::null() } else { JToken::text(text) })
        }
        _ => Ok(token.clone()),
    }
}

impl JsonToXml {
    fn options(&self, exchange: &Exchange) -> Result<IntoXml, Fault> {
        let get = |arg: &Option<TextArg>| -> Result<Option<SmolStr>, Fault> {
            let text = arg.as_ref().map(|arg| arg.get(exchange)).transpose()?;
            Ok(text.filter(|text| !text.is_empty()).map(|text| SmolStr::new(&*text)))
        };
        Ok(IntoXml {
            namespace_separator: SmolStr::new(&*self.separator.get(exchange)?),
            namespace_prefix: get(&self.namespace_prefix)?,
            attribute_block_name: get(&self.attribute_block)?,
            attribute_prefix: get(&self.attribute_prefix)?,
            invalid_character_replacement: get(&self.replacement)?,
        })
    }
}

impl Now for JsonToXml {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        if self.accept.get(exchange)? && !accepts(&exchange.request.headers, Media::Xml) {
            return Ok(Flow::Next);
        }
        let always = is_word(&self.apply, "always", exchange)?;
        if !always && media(exchange.headers_mut()) != Some(Media::Json) {
            return Ok(Flow::Next);
        }
        let options = self.options(exchange)?;
        let (trim, null) = (self.trim.get(exchange)?, is_word(&self.empty, "as-null", exchange)?);
        let dates = self.dates.get(exchange)?;
        let Some(text) = body_text(exchange).filter(|text| !text.trim().is_empty()) else { return Ok(Flow::Next) };
        let read = if dates { parse(&text) } else { parse_without_dates(&text) };
        let xml = read
            .and_then(|token| if trim || null { tidy(&token, trim, null) } else { Ok(token) })
            .and_then(|token| json_to_xml(&token, &options))
            .and_then(|document| document.to_xml(false))
            .map_err(|thrown| Fault::internal("JsonToXmlConversionFailure", thrown.message))?;
        exchange.body().set(Body::text(xml));
        let headers = exchange.headers_mut();
        body_replaced(headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        Ok(Flow::Next)
    }
}
