//! `Uri` and `UriBuilder`.

use std::any::Any;

use apimite_dotnet::web::uri::{
    HostNameType, Uri, UriBuilder, UriFormat, UriKind, UriPartial, check_host_name, check_scheme_name,
    escape_data_string, escape_uri_string, unescape_data_string,
};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::RwLock;

use super::texts_value;
use crate::library::rows::{Args, Row, ctor, m, op, p, set};
use crate::library::typedef::{TypeDef, class, enumeration};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A `Uri`.
pub struct UriObject(pub Uri);

impl Object for UriObject {
    fn type_of(&self) -> Type {
        Type::of(&URI)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.to_string())))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        if let Some(text) = other.as_str() {
            return Some(Ok(Uri::new(text, UriKind::RelativeOrAbsolute).is_ok_and(|other| other == self.0)));
        }
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(super::hash_of(&self.0)))
    }
}

/// A `Uri` value.
pub fn uri_value(uri: Uri) -> Value {
    Value::object(UriObject(uri))
}

fn this<'a>(a: &'a Args<'_>) -> Result<&'a Uri, Thrown> {
    Ok(&a.obj::<UriObject>(0)?.0)
}

fn other<'a>(a: &'a Args<'_>, index: usize, name: &str) -> Result<&'a Uri, Thrown> {
    a.need(index, name)?;
    Ok(&a.obj::<UriObject>(index)?.0)
}

fn kind(a: &Args<'_>, index: usize) -> Result<UriKind, Thrown> {
    Ok(match a.number(index) {
        0 => UriKind::RelativeOrAbsolute,
        1 => UriKind::Absolute,
        2 => UriKind::Relative,
        other => {
            return Err(apimite_dotnet::messages::argument(
                &format!("The value '{other}' passed for the UriKind parameter is invalid."),
                "uriKind",
            ));
        }
    })
}

fn left_part(a: &Args<'_>) -> Result<UriPartial, Thrown> {
    Ok(match a.number(1) {
        0 => UriPartial::Scheme,
        1 => UriPartial::Authority,
        2 => UriPartial::Path,
        3 => UriPartial::Query,
        other => {
            return Err(apimite_dotnet::messages::argument(
                &format!("The value '{other}' passed for the UriPartial parameter is invalid."),
                "part",
            ));
        }
    })
}

fn host_type(kind: HostNameType) -> Value {
    Value::Enum(Type::of(&URI_HOST_NAME_TYPE), kind as i64)
}

fn escaped(cx: &mut Cx<'_>, a: &Args<'_>, name: &str, map: fn(&str) -> String) -> Result<Value, Thrown> {
    let text = a.need_str(0, name)?;
    cx.charge(text.len() * 3)?;
    Ok(Value::from(map(text)))
}

fn text(result: Result<String, Thrown>) -> Result<Value, Thrown> {
    result.map(Value::from)
}

fn borrowed(result: Result<&str, Thrown>) -> Result<Value, Thrown> {
    result.map(|text| Value::Str(Str::new(text)))
}

fn combined(base: &Uri, relative: &Uri) -> Result<Value, Thrown> {
    if !base.is_absolute() {
        return Err(Exception::new(
            ExceptionKind::ArgumentOutOfRange,
            "Specified argument was out of the range of valid values. (Parameter 'baseUri')",
        ));
    }
    base.resolve(relative).map(uri_value)
}

fn is_equal(a: &Args<'_>) -> bool {
    match (a.get(0).downcast::<UriObject>(), a.get(1).downcast::<UriObject>()) {
        (Some(one), Some(other)) => one.0 == other.0,
        _ => a.get(0).is_null() && a.get(1).is_null(),
    }
}

fn is_hex(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_hexdigit())
}

static URI_ROWS: &[Row] = &[
    ctor("(string uriString)", |_, a| Ok(uri_value(Uri::absolute(a.need_str(0, "uriString")?)?))),
    ctor("(string uriString, UriKind uriKind)", |_, a| {
        let text = a.need_str(0, "uriString")?;
        Ok(uri_value(Uri::new(text, kind(&a, 1)?)?))
    }),
    ctor("(string uriString, bool dontEscape)", |_, a| Ok(uri_value(Uri::absolute(a.need_str(0, "uriString")?)?))),
    ctor("(Uri baseUri, string relativeUri)", |_, a| {
        let base = other(&a, 0, "baseUri")?;
        Ok(uri_value(Uri::combine(base, a.str(1).map_or("", |text| text.as_str()))?))
    }),
    ctor("(Uri baseUri, Uri relativeUri)", |_, a| combined(other(&a, 0, "baseUri")?, other(&a, 1, "relativeUri")?)),
    p("string AbsolutePath", |_, a| text(this(&a)?.absolute_path())),
    p("string AbsoluteUri", |_, a| text(this(&a)?.absolute_uri())),
    p("string Authority", |_, a| text(this(&a)?.authority())),
    p("string DnsSafeHost", |_, a| borrowed(this(&a)?.dns_safe_host())),
    p("string Fragment", |_, a| text(this(&a)?.fragment())),
    p("string Host", |_, a| borrowed(this(&a)?.host())),
    p("UriHostNameType HostNameType", |_, a| Ok(host_type(this(&a)?.host_name_type()?))),
    p("string IdnHost", |_, a| text(this(&a)?.idn_host())),
    p("bool IsAbsoluteUri", |_, a| Ok(Value::Bool(this(&a)?.is_absolute()))),
    p("bool IsDefaultPort", |_, a| Ok(Value::Bool(this(&a)?.is_default_port()?))),
    p("bool IsFile", |_, a| Ok(Value::Bool(this(&a)?.scheme()? == "file"))),
    p("bool IsLoopback", |_, a| Ok(Value::Bool(this(&a)?.is_loopback()?))),
    p("bool IsUnc", |_, a| {
        let uri = this(&a)?;
        Ok(Value::Bool(uri.scheme()? == "file" && !uri.host()?.is_empty()))
    }),
    p("string LocalPath", |_, a| text(this(&a)?.local_path())),
    p("string OriginalString", |_, a| Ok(Value::Str(Str::new(this(&a)?.original_string())))),
    p("string PathAndQuery", |_, a| text(this(&a)?.path_and_query())),
    p("int Port", |_, a| Ok(Value::Int(this(&a)?.port()?))),
    p("string Query", |_, a| text(this(&a)?.query())),
    p("string Scheme", |_, a| borrowed(this(&a)?.scheme())),
    p("string[] Segments", |_, a| Ok(texts_value(this(&a)?.segments()?))),
    p("bool UserEscaped", |_, a| {
        this(&a)?;
        Ok(Value::Bool(false))
    }),
    p("string UserInfo", |_, a| text(this(&a)?.user_info())),
    m("string GetLeftPart(UriPartial part)", |_, a| text(this(&a)?.left_part(left_part(&a)?))),
    m("string GetComponents(UriComponents components, UriFormat format)", |_, a| {
        let format = match a.number(2) {
            1 => UriFormat::UriEscaped,
            2 => UriFormat::Unescaped,
            3 => UriFormat::SafeUnescaped,
            _ => {
                return Err(Exception::new(
                    ExceptionKind::ArgumentOutOfRange,
                    "Specified argument was out of the range of valid values. (Parameter 'format')",
                ));
            }
        };
        text(this(&a)?.components(a.number(1) as i32, format))
    }),
    m("bool IsBaseOf(Uri uri)", |_, a| Ok(Value::Bool(this(&a)?.is_base_of(other(&a, 1, "uri")?)?))),
    m("bool IsWellFormedOriginalString()", |_, a| Ok(Value::Bool(this(&a)?.is_well_formed()))),
    m("Uri MakeRelativeUri(Uri uri)", |_, a| Ok(uri_value(this(&a)?.make_relative(other(&a, 1, "uri")?)?))),
    m("static UriHostNameType CheckHostName(string name)", |_, a| {
        Ok(host_type(a.str(0).map_or(HostNameType::Unknown, |name| check_host_name(name))))
    }),
    m("static bool CheckSchemeName(string schemeName)", |_, a| {
        Ok(Value::Bool(a.str(0).is_some_and(|name| check_scheme_name(name))))
    }),
    m(
        "static int Compare(Uri uri1, Uri uri2, UriComponents partsToCompare, UriFormat compareFormat, StringComparison comparisonType)",
        |_, a| {
            let part = |index: usize| -> Result<Option<String>, Thrown> {
                if a.get(index).is_null() {
                    return Ok(None);
                }
                let format = if a.number(3) == 2 { UriFormat::Unescaped } else { UriFormat::UriEscaped };
                let text = a.obj::<UriObject>(index)?.0.components(a.number(2) as i32, format)?;
                Ok(Some(if a.number(4) % 2 == 1 { text.to_lowercase() } else { text }))
            };
            Ok(Value::Int(part(0)?.cmp(&part(1)?) as i32))
        },
    ),
    m("static string EscapeDataString(string stringToEscape)", |cx, a| {
        escaped(cx, &a, "stringToEscape", escape_data_string)
    }),
    m("static string EscapeUriString(string stringToEscape)", |cx, a| {
        escaped(cx, &a, "stringToEscape", escape_uri_string)
    }),
    m("static string UnescapeDataString(string stringToUnescape)", |cx, a| {
        escaped(cx, &a, "stringToUnescape", unescape_data_string)
    }),
    m("static bool IsWellFormedUriString(string uriString, UriKind uriKind)", |_, a| {
        let kind = kind(&a, 1)?;
        let uri = a.str(0).and_then(|text| Uri::new(text, kind).ok());
        Ok(Value::Bool(uri.is_some_and(|uri| uri.is_well_formed())))
    }),
    m("static bool TryCreate(string uriString, UriKind uriKind, out Uri result)", |_, mut a| {
        let kind = kind(&a, 1)?;
        let uri = a.str(0).and_then(|text| Uri::new(text, kind).ok());
        Ok(put_created(&mut a, uri))
    }),
    m("static bool TryCreate(Uri baseUri, string relativeUri, out Uri result)", |_, mut a| {
        let base = a.get(0).downcast::<UriObject>();
        let uri = base.and_then(|base| Uri::combine(&base.0, a.str(1)?).ok());
        Ok(put_created(&mut a, uri))
    }),
    m("static bool TryCreate(Uri baseUri, Uri relativeUri, out Uri result)", |_, mut a| {
        let base = a.get(0).downcast::<UriObject>().filter(|base| base.0.is_absolute());
        let relative = a.get(1).downcast::<UriObject>();
        let uri = base.zip(relative).and_then(|(base, relative)| base.0.resolve(&relative.0).ok());
        Ok(put_created(&mut a, uri))
    }),
    m("static string HexEscape(char character)", |_, a| match u8::try_from(a.char(0)) {
        Ok(byte) => Ok(Value::from(format!("%{byte:02X}"))),
        Err(_) => Err(Exception::new(
            ExceptionKind::ArgumentOutOfRange,
            "Specified argument was out of the range of valid values. (Parameter 'character')",
        )),
    }),
    m("static char HexUnescape(string pattern, ref int index)", |_, mut a| {
        let index = a.int(1);
        let pattern = a.need_str(0, "pattern")?.clone();
        let at = usize::try_from(index).ok().filter(|at| *at < pattern.len16());
        let Some(at) = at else {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'index')",
            ));
        };
        let digit = |ahead: usize| pattern.unit(at + ahead).and_then(|unit| char::from_u32(unit.into())?.to_digit(16));
        if pattern.unit(at) == Some(u16::from(b'%'))
            && let (Some(high), Some(low)) = (digit(1), digit(2))
        {
            a.put(1, index + 3);
            return Ok(Value::Char((high << 4 | low) as u16));
        }
        a.put(1, index + 1);
        Ok(Value::Char(pattern.unit(at).unwrap_or(0)))
    }),
    m("static bool IsHexDigit(char character)", |_, a| Ok(Value::Bool(is_hex(a.char(0))))),
    m("static bool IsHexEncoding(string pattern, int index)", |_, a| {
        let pattern = a.need_str(0, "pattern")?;
        let at = usize::try_from(a.int(1)).unwrap_or(usize::MAX - 3);
        let hex = |ahead: usize| pattern.unit(at + ahead).is_some_and(is_hex);
        Ok(Value::Bool(pattern.unit(at) == Some(u16::from(b'%')) && hex(1) && hex(2)))
    }),
    m("static int FromHex(char digit)", |_, a| {
        let digit = char::from_u32(a.char(0).into()).and_then(|digit| digit.to_digit(16));
        match digit.and_then(|digit| i32::try_from(digit).ok()) {
            Some(digit) => Ok(Value::Int(digit)),
            None => Err(apimite_dotnet::messages::argument("Value does not fall within the expected range.", "digit")),
        }
    }),
    p("static string SchemeDelimiter", |_, _| Ok(Value::from("://"))),
    p("static string UriSchemeFile", |_, _| Ok(Value::from("file"))),
    p("static string UriSchemeFtp", |_, _| Ok(Value::from("ftp"))),
    p("static string UriSchemeGopher", |_, _| Ok(Value::from("gopher"))),
    p("static string UriSchemeHttp", |_, _| Ok(Value::from("http"))),
    p("static string UriSchemeHttps", |_, _| Ok(Value::from("https"))),
    p("static string UriSchemeMailto", |_, _| Ok(Value::from("mailto"))),
    p("static string UriSchemeNetPipe", |_, _| Ok(Value::from("net.pipe"))),
    p("static string UriSchemeNetTcp", |_, _| Ok(Value::from("net.tcp"))),
    p("static string UriSchemeNews", |_, _| Ok(Value::from("news"))),
    p("static string UriSchemeNntp", |_, _| Ok(Value::from("nntp"))),
    op("bool operator ==(Uri uri1, Uri uri2)", |_, a| Ok(Value::Bool(is_equal(&a)))),
    op("bool operator !=(Uri uri1, Uri uri2)", |_, a| Ok(Value::Bool(!is_equal(&a)))),
];

fn put_created(a: &mut Args<'_>, uri: Option<Uri>) -> Value {
    let created = uri.is_some();
    a.put(2, uri.map_or(Value::Null, uri_value));
    Value::Bool(created)
}

static URI: TypeDef = class("System.Uri").rows(&[URI_ROWS]).def();

static URI_KIND: TypeDef =
    enumeration("System.UriKind", &[("RelativeOrAbsolute", 0), ("Absolute", 1), ("Relative", 2)]).unlisted().def();
static URI_PARTIAL: TypeDef =
    enumeration("System.UriPartial", &[("Scheme", 0), ("Authority", 1), ("Path", 2), ("Query", 3)]).def();
static URI_FORMAT: TypeDef =
    enumeration("System.UriFormat", &[("UriEscaped", 1), ("Unescaped", 2), ("SafeUnescaped", 3)]).unlisted().def();
static URI_HOST_NAME_TYPE: TypeDef =
    enumeration("System.UriHostNameType", &[("Unknown", 0), ("Basic", 1), ("Dns", 2), ("IPv4", 3), ("IPv6", 4)])
        .unlisted()
        .def();
static URI_COMPONENTS: TypeDef = enumeration(
    "System.UriComponents",
    &[
        ("Scheme", 1),
        ("UserInfo", 2),
        ("Host", 4),
        ("Port", 8),
        ("SchemeAndServer", 13),
        ("Path", 16),
        ("Query", 32),
        ("PathAndQuery", 48),
        ("HttpRequestUrl", 61),
        ("Fragment", 64),
        ("AbsoluteUri", 127),
        ("StrongPort", 128),
        ("HostAndPort", 132),
        ("StrongAuthority", 134),
        ("NormalizedHost", 256),
        ("KeepDelimiter", 0x4000_0000),
        ("SerializationInfoString", -2_147_483_648),
    ],
)
.flags()
.unlisted()
.def();

/// A `UriBuilder`.
struct BuilderObject(RwLock<UriBuilder>);

impl Object for BuilderObject {
    fn type_of(&self) -> Type {
        Type::of(&URI_BUILDER)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(self.0.read().text().map(Str::from))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        let Some(other) = other.downcast::<Self>() else { return Some(Ok(false)) };
        let (one, other) = (self.0.read().uri(), other.0.read().uri());
        Some(one.and_then(|one| Ok(one == other?)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(self.0.read().uri().map(|uri| super::hash_of(&uri)))
    }
}

fn builder_value(builder: UriBuilder) -> Value {
    Value::object(BuilderObject(RwLock::new(builder)))
}

fn read<R>(a: &Args<'_>, read: impl FnOnce(&UriBuilder) -> R) -> Result<R, Thrown> {
    Ok(read(&a.obj::<BuilderObject>(0)?.0.read()))
}

fn write(a: &Args<'_>, write: impl FnOnce(&mut UriBuilder, &str) -> Result<(), Thrown>) -> Result<Value, Thrown> {
    let value = a.str(1).map_or("", |text| text.as_str());
    write(&mut a.obj::<BuilderObject>(0)?.0.write(), value)?;
    Ok(Value::Null)
}

/// A builder from scheme, host, port, path and what follows, as far as they are given.
fn built(a: &Args<'_>) -> Result<Value, Thrown> {
    let text = |index: usize| a.str(index).map_or("", |text| text.as_str());
    let mut builder = UriBuilder::default();
    builder.set_scheme(text(0))?;
    builder.set_host(text(1));
    if !a.get(2).is_null() {
        builder.set_port(a.int(2))?;
    }
    if a.count() > 3 {
        builder.set_path(text(3));
    }
    if a.count() > 4 {
        let extra = text(4);
        let (query, fragment) = extra.find('#').map_or((extra, ""), |at| extra.split_at(at));
        if !extra.is_empty() && !extra.starts_with(['?', '#']) {
            return Err(apimite_dotnet::messages::argument("Extra portion of URI not valid.", "extraValue"));
        }
        builder.set_query(query);
        builder.set_fragment(fragment);
    }
    Ok(builder_value(builder))
}

static BUILDER_ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(builder_value(UriBuilder::default()))),
    ctor("(string uri)", |_, a| Ok(builder_value(UriBuilder::from_text(a.need_str(0, "uriString")?)?))),
    ctor("(Uri uri)", |_, a| Ok(builder_value(UriBuilder::from_uri(other(&a, 0, "uri")?)?))),
    ctor("(string schemeName, string hostName)", |_, a| built(&a)),
    ctor("(string scheme, string host, int portNumber)", |_, a| built(&a)),
    ctor("(string scheme, string host, int port, string pathValue)", |_, a| built(&a)),
    ctor("(string scheme, string host, int port, string path, string extraValue)", |_, a| built(&a)),
    p("string Scheme", |_, a| read(&a, |builder| Value::Str(Str::new(builder.scheme())))),
    set("string Scheme", |_, a| write(&a, UriBuilder::set_scheme)),
    p("string Host", |_, a| read(&a, |builder| Value::Str(Str::new(builder.host())))),
    set("string Host", |_, a| {
        write(&a, |builder, text| {
            builder.set_host(text);
            Ok(())
        })
    }),
    p("int Port", |_, a| read(&a, |builder| Value::Int(builder.port()))),
    set("int Port", |_, a| {
        a.obj::<BuilderObject>(0)?.0.write().set_port(a.int(1))?;
        Ok(Value::Null)
    }),
    p("string Path", |_, a| read(&a, |builder| Value::Str(Str::new(builder.path())))),
    set("string Path", |_, a| {
        write(&a, |builder, text| {
            builder.set_path(text);
            Ok(())
        })
    }),
    p("string Query", |_, a| read(&a, |builder| Value::Str(Str::new(builder.query())))),
    set("string Query", |_, a| {
        write(&a, |builder, text| {
            builder.set_query(text);
            Ok(())
        })
    }),
    p("string Fragment", |_, a| read(&a, |builder| Value::Str(Str::new(builder.fragment())))),
    set("string Fragment", |_, a| {
        write(&a, |builder, text| {
            builder.set_fragment(text);
            Ok(())
        })
    }),
    p("string UserName", |_, a| read(&a, |builder| Value::Str(Str::new(builder.user_name())))),
    set("string UserName", |_, a| {
        write(&a, |builder, text| {
            builder.set_user_name(text);
            Ok(())
        })
    }),
    p("string Password", |_, a| read(&a, |builder| Value::Str(Str::new(builder.password())))),
    set("string Password", |_, a| {
        write(&a, |builder, text| {
            builder.set_password(text);
            Ok(())
        })
    }),
    p("Uri Uri", |_, a| read(&a, UriBuilder::uri)?.map(uri_value)),
];

static URI_BUILDER: TypeDef = class("System.UriBuilder").unlisted().rows(&[BUILDER_ROWS]).def();

pub(crate) static TYPES: &[&TypeDef] =
    &[&URI, &URI_KIND, &URI_PARTIAL, &URI_FORMAT, &URI_HOST_NAME_TYPE, &URI_COMPONENTS, &URI_BUILDER];
