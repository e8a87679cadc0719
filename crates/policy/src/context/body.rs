//! `IMessageBody`: reading bodies.
//!
//! Bodies are in memory when an expression runs: the compiler sees that it reads one and the executor buffers it first.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use apimite_expr::library::core::collections::bytes_value;
use apimite_expr::library::{Needs, TypeDef, interface, m};
use apimite_expr::{Cx, Str, Type, Value};
use bytes::Bytes;

use super::library_call::call_static;
use super::message::{OF_REQUEST, OF_RESPONSE};
use super::stored::StoredBody;
use crate::body::BodyCell;
use crate::exchange::Exchange;

const BOTH: Needs = Needs { request_body: true, response_body: true };

/// `IMessageBody`
pub(super) static BODY: TypeDef = interface("IMessageBody")
    .host()
    .rows(&[&[
        m("T As<T>(bool preserveContent = false)", |cx, a| {
            let bytes = read(cx, a.get(0), a.bool(1))?;
            convert(cx, a.ty(0), bytes)
        })
        .reads(BOTH)
        .impure(),
        m("IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", |cx, a| {
            let bytes = read(cx, a.get(0), a.bool(1))?;
            super::form::read(cx, &String::from_utf8_lossy(&bytes))
        })
        .reads(BOTH)
        .impure(),
    ]])
    .def();

/// The bytes of a body; without `preserve` it is gone afterwards.
fn read(cx: &Cx<'_>, body: &Value, preserve: bool) -> Result<Bytes, Thrown> {
    match body {
        Value::Host(_, OF_REQUEST) => take(&cx.host::<Exchange>()?.request.body, preserve),
        Value::Host(_, OF_RESPONSE) => match &cx.host::<Exchange>()?.response {
            Some(response) => take(&response.body, preserve),
            None => Ok(Bytes::new()),
        },
        other => match other.downcast::<StoredBody>() {
            Some(stored) => take(stored.cell(), preserve),
            None => Ok(Bytes::new()),
        },
    }
}

fn take(cell: &BodyCell, preserve: bool) -> Result<Bytes, Thrown> {
    if cell.is_consumed() {
        return Err(Exception::new(
            ExceptionKind::InvalidOperation,
            "The message body has already been read. Use As<T>(preserveContent: true) to read it more than once.",
        ));
    }
    let bytes = if preserve { cell.bytes() } else { cell.consume() };
    Ok(bytes.unwrap_or_default())
}

fn convert(cx: &mut Cx<'_>, ty: Type, bytes: Bytes) -> Result<Value, Thrown> {
    cx.charge(bytes.len())?;
    if ty == Type::array(Type::byte()) {
        return Ok(bytes_value(&bytes));
    }
    let text = text(&bytes);
    let name = ty.clr();
    let parse = |cx: &mut Cx<'_>, of: &str, text: String| call_static(cx, of, "Parse", &mut [Value::from(text)]);
    let json = |result: Result<Value, Thrown>| {
        result.map_err(|thrown| {
            let message = format!("The message body is not a valid JSON. {}", thrown.message);
            Exception::new(thrown.kind, message)
        })
    };
    match &*name {
        "System.String" | "System.Object" => Ok(Value::Str(Str::from(text))),
        "Newtonsoft.Json.Linq.JObject" | "Newtonsoft.Json.Linq.JArray" | "Newtonsoft.Json.Linq.JToken" => {
            json(parse(cx, &name, text))
        }
        "System.Xml.Linq.XDocument" => parse(cx, &name, text),
        "System.Xml.Linq.XElement" | "System.Xml.Linq.XNode" => parse(cx, "System.Xml.Linq.XElement", text),
        other => Err(Exception::new(
            ExceptionKind::NotSupported,
            format!(
                "A message body cannot be read as {other}. Use string, byte[], JObject, JArray, JToken, XNode, XElement or XDocument."
            ),
        )),
    }
}

/// A body as text: UTF-8 unless a byte order mark says UTF-16; the mark is dropped.
pub fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| unit([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]))
        .collect();
    String::from_utf16_lossy(&units)
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&BODY];
