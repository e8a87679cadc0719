//! `WebUtility`, `HttpUtility`, `IPAddress`.

use std::any::Any;

use apimite_dotnet::Thrown;
use apimite_dotnet::web::{self, IpAddress};
use parking_lot::RwLock;

use super::{byte_range, bytes, texts_value, walk};
use crate::library::core::collections::bytes_value;
use crate::library::rows::{Args, Row, ctor, each, m, op, p, set};
use crate::library::typedef::{TypeDef, class, enumeration, static_class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// A member from text to text that gives `null` for `null`.
fn mapped(cx: &mut Cx<'_>, a: &Args<'_>, map: fn(&str) -> String) -> Result<Value, Thrown> {
    let Some(text) = a.str(0) else { return Ok(Value::Null) };
    cx.charge(text.len() * 3)?;
    Ok(Value::from(map(text)))
}

fn mapped_bytes(cx: &mut Cx<'_>, a: &Args<'_>, map: fn(&[u8]) -> Vec<u8>) -> Result<Value, Thrown> {
    if a.get(0).is_null() && a.int(2) == 0 {
        return Ok(Value::Null);
    }
    let all = bytes(a, 0, "bytes")?;
    let part = byte_range(&all, a.int(1), a.int(2), "offset", "count")?;
    cx.charge(part.len() * 96)?;
    Ok(bytes_value(&map(part)))
}

static WEB_UTILITY: TypeDef = static_class("System.Net.WebUtility")
    .rows(&[&[
        m("static string UrlEncode(string value)", |cx, a| mapped(cx, &a, web::url_encode)),
        m("static string UrlDecode(string encodedValue)", |cx, a| mapped(cx, &a, web::url_decode)),
        m("static string HtmlEncode(string value)", |cx, a| mapped(cx, &a, web::html_encode)),
        m("static string HtmlDecode(string value)", |cx, a| mapped(cx, &a, web::html_decode)),
        m("static byte[] UrlEncodeToBytes(byte[] value, int offset, int count)", |cx, a| {
            mapped_bytes(cx, &a, web::url_encode_bytes)
        }),
        m("static byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)", |cx, a| {
            mapped_bytes(cx, &a, web::url_decode_bytes)
        }),
    ]])
    .def();

static HTTP_UTILITY: TypeDef = static_class("System.Web.HttpUtility")
    .unlisted()
    .rows(&[&[
        m("static string UrlEncode(string str)", |cx, a| mapped(cx, &a, web::http_url_encode)),
        m("static string UrlDecode(string str)", |cx, a| mapped(cx, &a, web::http_url_decode)),
        m("static string HtmlEncode(string s)", |cx, a| mapped(cx, &a, web::html_encode)),
        m("static string HtmlDecode(string s)", |cx, a| mapped(cx, &a, web::html_decode)),
        m("static string HtmlAttributeEncode(string s)", |cx, a| mapped(cx, &a, web::html_attribute_encode)),
        m("static string JavaScriptStringEncode(string value)", |cx, a| {
            let text = a.str(0).map_or("", |text| text.as_str());
            cx.charge(text.len() * 2)?;
            Ok(Value::from(web::javascript_string_encode(text, false)))
        }),
        m("static string JavaScriptStringEncode(string value, bool addDoubleQuotes)", |cx, a| {
            let quotes = a.bool(1);
            let text = a.str(0).map_or("", |text| text.as_str());
            cx.charge(text.len() * 2)?;
            Ok(Value::from(web::javascript_string_encode(text, quotes)))
        }),
        m("static System.Collections.Specialized.NameValueCollection ParseQueryString(string query)", |cx, a| {
            let query = a.need_str(0, "query")?;
            cx.charge(query.len() * 4)?;
            let names = NameValues::default();
            for (name, value) in web::parse_query(query) {
                names.add(name, value);
            }
            names.is_query.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok(Value::object(names))
        }),
    ]])
    .def();

/// A `NameValueCollection`; names match whatever their case.
#[derive(Default)]
struct NameValues {
    entries: RwLock<Vec<(Option<String>, Vec<String>)>>,
    /// Made by `ParseQueryString`: its text is a query.
    is_query: std::sync::atomic::AtomicBool,
}

impl NameValues {
    fn add(&self, name: Option<String>, value: String) {
        let mut entries = self.entries.write();
        match entries.iter_mut().find(|(known, _)| same(known.as_deref(), name.as_deref())) {
            Some((_, values)) => values.push(value),
            None => entries.push((name, vec![value])),
        }
    }

    fn values(&self, name: Option<&str>) -> Option<Vec<String>> {
        self.entries.read().iter().find(|(known, _)| same(known.as_deref(), name)).map(|(_, values)| values.clone())
    }
}

fn same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

impl Object for NameValues {
    fn type_of(&self) -> Type {
        Type::of(&NAME_VALUES)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        if !self.is_query.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        let mut pairs = Vec::new();
        for (name, values) in self.entries.read().iter() {
            for value in values {
                let value = web::http_url_encode(value);
                pairs.push(match name {
                    Some(name) => format!("{}={value}", web::http_url_encode(name)),
                    None => value,
                });
            }
        }
        Some(Ok(Str::from(pairs.join("&"))))
    }

    fn each(self: std::sync::Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(walk(self.entries.read().iter().map(|(name, _)| Value::from(name.clone())).collect())))
    }
}

fn name(a: &Args<'_>, index: usize) -> Option<String> {
    a.str(index).map(|name| name.to_string())
}

/// Counts the memory of a name with its value.
fn charge_entry(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<(), Thrown> {
    let bytes = |index| a.str(index).map_or(0, |text| text.len());
    cx.charge(size_of::<(Option<String>, Vec<String>)>() + bytes(1) + size_of::<String>() + bytes(2))
}

fn joined(values: Option<Vec<String>>) -> Value {
    values.map_or(Value::Null, |values| Value::from(values.join(",")))
}

static NAME_VALUE_ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(Value::object(NameValues::default()))),
    p("int Count", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<NameValues>(0)?.entries.read().len()).unwrap_or(i32::MAX)))
    }),
    p("string[] AllKeys", |_, a| {
        let keys = a.obj::<NameValues>(0)?.entries.read().iter().map(|(name, _)| Value::from(name.clone())).collect();
        Ok(crate::library::core::collections::array_value(Type::string(), keys))
    }),
    p("string this[string name]", |_, a| Ok(joined(a.obj::<NameValues>(0)?.values(name(&a, 1).as_deref())))),
    set("string this[string name]", |cx, a| {
        charge_entry(cx, &a)?;
        let (names, name) = (a.obj::<NameValues>(0)?, name(&a, 1));
        let value = a.str(2).map(|value| value.to_string()).unwrap_or_default();
        let mut entries = names.entries.write();
        match entries.iter_mut().find(|(known, _)| same(known.as_deref(), name.as_deref())) {
            Some((_, values)) => *values = vec![value],
            None => entries.push((name, vec![value])),
        }
        Ok(Value::Null)
    }),
    p("string this[int index]", |_, a| {
        let names = a.obj::<NameValues>(0)?.entries.read();
        let entry = usize::try_from(a.int(1)).ok().and_then(|at| names.get(at).cloned());
        entry.map(|(_, values)| joined(Some(values))).ok_or_else(|| super::index_out_of_range("index"))
    }),
    m("string Get(string name)", |_, a| Ok(joined(a.obj::<NameValues>(0)?.values(name(&a, 1).as_deref())))),
    m("string[] GetValues(string name)", |_, a| {
        Ok(a.obj::<NameValues>(0)?.values(name(&a, 1).as_deref()).map_or(Value::Null, texts_value))
    }),
    m("void Add(string name, string value)", |cx, a| {
        charge_entry(cx, &a)?;
        let value = a.str(2).map(|value| value.to_string()).unwrap_or_default();
        a.obj::<NameValues>(0)?.add(name(&a, 1), value);
        Ok(Value::Null)
    })
    .impure(),
    m("void Remove(string name)", |_, a| {
        let name = name(&a, 1);
        a.obj::<NameValues>(0)?.entries.write().retain(|(known, _)| !same(known.as_deref(), name.as_deref()));
        Ok(Value::Null)
    })
    .impure(),
    each("System.Collections.IEnumerator GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
];

static NAME_VALUES: TypeDef = class("System.Collections.Specialized.NameValueCollection")
    .unlisted()
    .implements("System.Collections.ICollection")
    .rows(&[NAME_VALUE_ROWS])
    .def();

/// An `IPAddress`.
pub struct IpObject(pub IpAddress);

impl Object for IpObject {
    fn type_of(&self) -> Type {
        Type::of(&IP_ADDRESS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.to_string())))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(super::hash_of(&self.0)))
    }
}

fn ip<'a>(a: &'a Args<'_>, index: usize) -> Result<&'a IpAddress, Thrown> {
    Ok(&a.obj::<IpObject>(index)?.0)
}

fn known_address(text: &str) -> Result<Value, Thrown> {
    Ok(Value::object(IpObject(IpAddress::parse(text)?)))
}

static IP_ADDRESS: TypeDef = class("System.Net.IPAddress")
    .unlisted()
    .rows(&[&[
        ctor("(byte[] address)", |_, a| {
            let bytes = bytes(&a, 0, "address")?;
            let address = if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
                Some(std::net::IpAddr::from(four))
            } else {
                <[u8; 16]>::try_from(bytes.as_slice()).ok().map(std::net::IpAddr::from)
            };
            match address {
                Some(address) => Ok(Value::object(IpObject(IpAddress { address, scope: 0 }))),
                None => Err(apimite_dotnet::messages::argument("An invalid IP address was specified.", "address")),
            }
        }),
        m("static IPAddress Parse(string ipString)", |_, a| known_address(a.need_str(0, "ipString")?)).listed(),
        m("static bool TryParse(string ipString, out IPAddress address)", |_, mut a| {
            let parsed = a.str(0).and_then(|text| IpAddress::try_parse(text));
            a.put(1, parsed.map_or(Value::Null, |address| Value::object(IpObject(address))));
            Ok(Value::Bool(parsed.is_some()))
        })
        .listed(),
        m("static bool IsLoopback(IPAddress address)", |_, a| {
            a.need(0, "address")?;
            Ok(Value::Bool(ip(&a, 0)?.is_loopback()))
        })
        .listed(),
        p("System.Net.Sockets.AddressFamily AddressFamily", |_, a| {
            Ok(Value::Enum(Type::of(&ADDRESS_FAMILY), i64::from(ip(&a, 0)?.family())))
        })
        .listed(),
        m("byte[] GetAddressBytes()", |_, a| Ok(bytes_value(&ip(&a, 0)?.bytes()))).listed(),
        m("IPAddress MapToIPv6()", |_, a| {
            let address = match ip(&a, 0)?.address {
                std::net::IpAddr::V4(address) => address.to_ipv6_mapped(),
                std::net::IpAddr::V6(address) => address,
            };
            Ok(Value::object(IpObject(IpAddress { address: address.into(), scope: 0 })))
        }),
        m("IPAddress MapToIPv4()", |_, a| {
            let address = match ip(&a, 0)?.address {
                std::net::IpAddr::V4(address) => address,
                std::net::IpAddr::V6(address) => std::net::Ipv4Addr::from_bits(address.to_bits() as u32),
            };
            Ok(Value::object(IpObject(IpAddress { address: address.into(), scope: 0 })))
        }),
        p("bool IsIPv4MappedToIPv6", |_, a| {
            Ok(Value::Bool(match ip(&a, 0)?.address {
                std::net::IpAddr::V4(_) => false,
                std::net::IpAddr::V6(address) => address.to_ipv4_mapped().is_some(),
            }))
        }),
        p("static IPAddress Loopback", |_, _| known_address("127.0.0.1")),
        p("static IPAddress Any", |_, _| known_address("0.0.0.0")),
        p("static IPAddress Broadcast", |_, _| known_address("255.255.255.255")),
        p("static IPAddress None", |_, _| known_address("255.255.255.255")),
        p("static IPAddress IPv6Loopback", |_, _| known_address("::1")),
        p("static IPAddress IPv6Any", |_, _| known_address("::")),
        op("bool operator ==(IPAddress a, IPAddress b)", |_, a| Ok(Value::Bool(a.get(0).same_object(a.get(1))))),
        op("bool operator !=(IPAddress a, IPAddress b)", |_, a| Ok(Value::Bool(!a.get(0).same_object(a.get(1))))),
    ]])
    .def();

static ADDRESS_FAMILY: TypeDef = enumeration(
    "System.Net.Sockets.AddressFamily",
    &[("Unspecified", 0), ("Unix", 1), ("InterNetwork", 2), ("InterNetworkV6", 23)],
)
.def();

pub(crate) static TYPES: &[&TypeDef] = &[&WEB_UTILITY, &HTTP_UTILITY, &NAME_VALUES, &IP_ADDRESS, &ADDRESS_FAMILY];
