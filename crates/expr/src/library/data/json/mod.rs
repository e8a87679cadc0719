//! Newtonsoft.Json: `JToken` and its family, `JsonConvert`.

mod container;
mod content;
mod convert;
mod deserialize;
mod entries;
mod extensions;
mod object;
mod sequence;
mod serialize;
mod settings;
mod token;
mod value;

use apimite_dotnet::Thrown;
use apimite_dotnet::json::Formatting;

use crate::library::rows::{Args, Row, m};
use crate::library::typedef::{TypeDef, enumeration, static_class};
use crate::value::Value;

pub(crate) use content::value_of as scalar_value;
pub use object::{Token, token_value};
pub use sequence::Tokens;

/// `Newtonsoft.Json.Formatting`
pub static FORMATTING: TypeDef = enumeration("Newtonsoft.Json.Formatting", &[("None", 0), ("Indented", 1)]).def();

/// `Newtonsoft.Json.Linq.JTokenType`
pub static TOKEN_TYPE: TypeDef = enumeration(
    "Newtonsoft.Json.Linq.JTokenType",
    &[
        ("None", 0),
        ("Object", 1),
        ("Array", 2),
        ("Constructor", 3),
        ("Property", 4),
        ("Comment", 5),
        ("Integer", 6),
        ("Float", 7),
        ("String", 8),
        ("Boolean", 9),
        ("Null", 10),
        ("Undefined", 11),
        ("Date", 12),
        ("Raw", 13),
        ("Bytes", 14),
        ("Guid", 15),
        ("Uri", 16),
        ("TimeSpan", 17),
    ],
)
.def();

fn xml_text(a: &Args<'_>, indented: bool, omit_root: bool) -> Result<Value, Thrown> {
    let Some(node) = a.get(0).downcast::<crate::library::data::xml::Node>() else { return Ok(Value::from("null")) };
    let json = apimite_dotnet::xml::node_to_json(&node.0, omit_root)?;
    Ok(Value::from(json.to_json(if indented { Formatting::Indented } else { Formatting::None })))
}

fn xml_document(a: &Args<'_>, root: Option<&str>) -> Result<Value, Thrown> {
    let token = apimite_dotnet::json::parse(a.need_str(0, "value")?.as_str())?;
    Ok(crate::library::data::xml::node_value(apimite_dotnet::xml::json_to_document(&token, root)?))
}

static CONVERT_ROWS: &[Row] = &[
    m("string SerializeObject(object value)", |cx, a| serialize::to_text(cx, a.get(0), false).map(Value::from)),
    m("string SerializeObject(object value, Formatting formatting)", |cx, a| {
        serialize::to_text(cx, a.get(0), a.number(1) != 0).map(Value::from)
    }),
    m("string SerializeXNode(XObject node)", |_, a| xml_text(&a, false, false)).unlisted(),
    m("string SerializeXNode(XObject node, Formatting formatting)", |_, a| xml_text(&a, a.number(1) != 0, false))
        .unlisted(),
    m("string SerializeXNode(XObject node, Formatting formatting, bool omitRootObject)", |_, a| {
        xml_text(&a, a.number(1) != 0, a.bool(2))
    })
    .unlisted(),
    m("XDocument DeserializeXNode(string value)", |_, a| xml_document(&a, None)).unlisted(),
    m("XDocument DeserializeXNode(string value, string deserializeRootElementName)", |_, a| {
        xml_document(&a, a.str(1).map(|name| name.as_str()))
    })
    .unlisted(),
    m("object DeserializeObject(string value)", |cx, a| {
        let text = a.need_str(0, "value")?.clone();
        deserialize::from_text(cx, &text, crate::types::Type::object())
    }),
    m("T DeserializeObject<T>(string value)", |cx, a| {
        let text = a.need_str(0, "value")?.clone();
        deserialize::from_text(cx, &text, a.ty(0))
    }),
];

/// `Newtonsoft.Json.JsonConvert`
pub static JSON_CONVERT: TypeDef = static_class("Newtonsoft.Json.JsonConvert").rows(&[CONVERT_ROWS]).def();

pub(crate) static TYPES: &[&TypeDef] = &[
    &FORMATTING,
    &TOKEN_TYPE,
    &JSON_CONVERT,
    &token::JTOKEN,
    &container::JCONTAINER,
    &container::JOBJECT,
    &container::JARRAY,
    &container::JPROPERTY,
    &container::JCONSTRUCTOR,
    &value::JVALUE,
    &value::JRAW,
    &extensions::EXTENSIONS,
    &sequence::JENUMERABLE,
    &sequence::IJENUMERABLE,
    &entries::ENTRIES,
    &settings::MERGE_SETTINGS,
    &settings::ARRAY_HANDLING,
    &settings::NULL_HANDLING,
];
