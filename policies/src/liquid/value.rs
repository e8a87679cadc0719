//! Values of a template: what JSON, XML and `context` look like to it.

use std::rc::Rc;

use apimite_dotnet::Generation;
use apimite_dotnet::json::{JToken, JTokenType, NameMatch, Scalar, parse_date};
use apimite_dotnet::numeric::format::{decimal_text, double_text, format_decimal};
use apimite_dotnet::time::DateTime;
use apimite_dotnet::xml::{NodeKind, XName, XObject};
use rust_decimal::Decimal;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Text(Rc<str>),
    Date(DateTime),
    List(Rc<[Val]>),
    /// An item of a map: `Key` and `Value`.
    Pair(Rc<(Rc<str>, Val)>),
    Map(Rc<[(Rc<str>, Val)]>),
    /// A JSON object or array.
    Json(JToken),
    /// An XML element that has elements.
    Xml(XObject, XmlRules),
    /// A part of `context`, by its path.
    Host(Host),
    /// The word `empty`.
    Empty,
    /// The word `blank`.
    Blank,
}

/// Parts of `context` that are looked up when they are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Context,
    Request,
    Response,
    Url,
    OriginalUrl,
    RequestHeaders,
    ResponseHeaders,
    Matched,
    Variables,
}

/// How XML values are read: the attributes `xsi-nil` and `parse-date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct XmlRules {
    /// Is a nil element null, not blank?
    pub(crate) nil_is_null: bool,
    /// Do texts that are dates become dates?
    pub(crate) dates: bool,
}

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl From<&str> for Val {
    fn from(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }
}

impl Val {
    /// A JSON token.
    pub(crate) fn json(token: &JToken) -> Self {
        match token.scalar() {
            None => Self::Json(token.clone()),
            Some(scalar) => match scalar {
                Scalar::Null | Scalar::Undefined | Scalar::NullText => Self::Nil,
                Scalar::Bool(flag) => Self::Bool(flag),
                Scalar::Int(number, _) => Self::Int(number),
                Scalar::Double(number) => Self::Double(number),
                Scalar::Single(number) => Self::Double(number.into()),
                Scalar::Decimal(number) => Self::Decimal(number),
                Scalar::Date(raw) => date(raw),
                other => Self::from(other.to_text().as_str()),
            },
        }
    }

    /// An XML element (or document: its root becomes a member): a text unless elements stand in it.
    pub(crate) fn xml(element: &XObject, rules: XmlRules) -> Self {
        if element.first_element(None).is_some() {
            return Self::Xml(element.clone(), rules);
        }
        let nil = element.find_attribute(&XName::new(INSTANCE, "nil"));
        if nil.is_some_and(|nil| matches!(nil.value().trim(), "true" | "1")) {
            return if rules.nil_is_null { Self::Nil } else { Self::from("") };
        }
        let text = element.value();
        match if rules.dates { parse_date(&text) } else { None } {
            Some(raw) => date(raw),
            None => Self::from(text.as_str()),
        }
    }

    /// The items, when it is something that can be walked through.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        Some(match self {
            Self::List(list) => list.to_vec(),
            Self::Map(map) => map.iter().map(|(key, value)| pair(key, value.clone())).collect(),
            Self::Json(token) if token.kind() == JTokenType::Array => token.children().iter().map(Self::json).collect(),
            Self::Json(token) => token.entries().iter().map(|(key, value)| pair(key, Self::json(value))).collect(),
            Self::Xml(element, rules) => element.elements(None).iter().map(|one| Self::xml(one, *rules)).collect(),
            _ => return None,
        })
    }

    /// Number of items or UTF-16 units.
    pub(crate) fn size(&self) -> i64 {
        let size = match self {
            Self::Text(text) => text.encode_utf16().count(),
            Self::Json(token) => token.count(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            other => other.items().map_or(0, |items| items.len()),
        };
        i64::try_from(size).unwrap_or(i64::MAX)
    }

    /// A member; `None` where there is none.
    pub(crate) fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Map(map) => map.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone()),
            Self::Pair(pair) => match name {
                "Key" => Some(Self::Text(pair.0.clone())),
                "Value" => Some(pair.1.clone()),
                name if &*pair.0 == name => Some(pair.1.clone()),
                name => pair.1.member(name),
            },
            Self::Json(token) => token.get(name, NameMatch::Exact).as_ref().map(Self::json),
            Self::Xml(element, rules) => xml_member(element, name, *rules),
            _ => None,
        }
    }

    /// An item by number; negative ones count from the end.
    pub(crate) fn at(&self, index: i64) -> Option<Self> {
        if let Self::Pair(pair) = self {
            return match index {
                0 => Some(Self::Text(pair.0.clone())),
                1 => Some(pair.1.clone()),
                _ => None,
            };
        }
        let index = if index < 0 { index + self.size() } else { index };
        let index = usize::try_from(index).ok()?;
        match self {
            Self::List(list) => list.get(index).cloned(),
            Self::Json(token) if token.kind() == JTokenType::Array => token.child(index).as_ref().map(Self::json),
            Self::Xml(..) => self.items()?.get(index).cloned(),
            _ => None,
        }
    }

    /// As text, the way an output writes it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Nil | Self::Empty | Self::Blank | Self::Host(_) => String::new(),
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => double_text(*number, Generation::Modern),
            // No zeros at the end: 12.50 is 12.5.
            Self::Decimal(number) => {
                format_decimal(*number, "0.#############################").unwrap_or_else(|_| decimal_text(*number))
            }
            Self::Text(text) => text.to_string(),
            Self::Date(at) => apimite_dotnet::time::format::text(*at),
            Self::Pair(pair) => format!("[{}, {}]", pair.0, pair.1.text()),
            Self::Xml(element, _) => element.value().to_string(),
            list => list.items().unwrap_or_default().iter().map(Self::text).collect(),
        }
    }

    /// Does it count as true on its own?
    pub(crate) const fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }
}

fn date(raw: u64) -> Val {
    DateTime::from_binary(raw as i64).map_or(Val::Nil, Val::Date)
}

fn pair(key: &str, value: Val) -> Val {
    Val::Pair(Rc::new((Rc::from(key), value)))
}

/// Elements by local name without regard to case; several become a list. Else an attribute of that name.
fn xml_member(element: &XObject, name: &str, rules: XmlRules) -> Option<Val> {
    let same = |one: &XObject| one.name().is_some_and(|one| one.local.eq_ignore_ascii_case(name));
    let mut found = element.elements(None).into_iter().filter(same);
    let Some(first) = found.next() else {
        let plain = name.strip_prefix('@').unwrap_or(name);
        let attributes = element.attributes();
        let attribute = attributes.iter().find(|one| {
            one.kind() == NodeKind::Attribute
                && one.name().is_some_and(|one| !one.is_declaration() && one.local.eq_ignore_ascii_case(plain))
        })?;
        return Some(Val::from(attribute.value().as_str()));
    };
    let first = Val::xml(&first, rules);
    let rest: Vec<Val> = found.map(|one| Val::xml(&one, rules)).collect();
    if rest.is_empty() {
        return Some(first);
    }
    Some(Val::List(std::iter::once(first).chain(rest).collect()))
}
