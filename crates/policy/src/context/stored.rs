//! Responses kept in variables (what `send-request` gives), and the rows that serve them and `context.Response` alike.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_expr::library::{TypeDef, class, m, p};
use apimite_expr::value::Each;
use apimite_expr::{Cx, Object, Str, Text, Type, Value};
use http::{HeaderMap, StatusCode};

use super::headers::{HEADERS, column, enumerate, missing, pairs, values};
use super::message::{OF_RESPONSE, RESPONSE};
use crate::body::{Body, BodyCell};
use crate::exchange::{Exchange, Response};

/// A response kept in a variable; its body is in memory.
#[derive(Clone, Debug)]
pub struct ResponseObject(Arc<Stored>);

#[derive(Debug)]
struct Stored {
    status: StatusCode,
    reason: Box<str>,
    headers: HeaderMap,
    body: BodyCell,
}

impl ResponseObject {
    /// Keeps a response.
    pub fn new(response: Response) -> Self {
        Self(Arc::new(Stored {
            reason: response.reason_phrase().into(),
            status: response.status,
            headers: response.headers,
            body: response.body,
        }))
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// A response like the kept one, its body copied.
    pub fn to_response(&self) -> Response {
        let body = self.0.body.bytes().map_or(Body::None, Body::Bytes);
        Response {
            status: self.0.status,
            reason: Some(self.0.reason.clone()),
            headers: self.0.headers.clone(),
            body: BodyCell::new(body),
        }
    }
}

impl Object for ResponseObject {
    fn type_of(&self) -> Type {
        Type::of(&RESPONSE)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The body of a kept response.
pub(super) struct StoredBody(Arc<Stored>);

impl StoredBody {
    /// The body itself.
    pub(super) fn cell(&self) -> &BodyCell {
        &self.0.body
    }
}

impl Object for StoredBody {
    fn type_of(&self) -> Type {
        Type::of(&super::body::BODY)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The headers of a kept response.
pub(super) struct HeadersObject(Arc<Stored>);

impl HeadersObject {
    /// The headers themselves.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }
}

impl Object for HeadersObject {
    fn type_of(&self) -> Type {
        Type::of(&STORED_HEADERS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(enumerate(Type::string(), Type::array(Type::string()), pairs(self.headers()))))
    }
}

static STORED_HEADERS: TypeDef = class("ResponseHeaders")
    .host()
    .implements("IReadOnlyDictionary<string, string[]>")
    .rows(&[&[
        p("string[] this[string key]", |_, a| {
            let name = a.need_str(1, "key")?;
            values(a.obj::<HeadersObject>(0)?.headers(), name).ok_or_else(|| missing(name))
        }),
        m("bool ContainsKey(string key)", |_, a| {
            Ok(Value::Bool(a.obj::<HeadersObject>(0)?.headers().contains_key(a.need_str(1, "key")?.as_str())))
        }),
        m("bool TryGetValue(string key, out string[] value)", |_, mut a| {
            let found = values(a.obj::<HeadersObject>(0)?.headers(), a.need_str(1, "key")?);
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |_, a| {
            Ok(Value::Int(i32::try_from(a.obj::<HeadersObject>(0)?.headers().keys_len()).unwrap_or(i32::MAX)))
        }),
        p("IEnumerable<string> Keys", |_, a| {
            Ok(column(Type::string(), pairs(a.obj::<HeadersObject>(0)?.headers()).into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<string[]> Values", |_, a| {
            let all = pairs(a.obj::<HeadersObject>(0)?.headers()).into_iter();
            Ok(column(Type::array(Type::string()), all.map(|(_, value)| value)))
        }),
    ]])
    .def();

fn of_exchange<'h>(cx: &Cx<'h>) -> Result<Option<&'h Response>, Thrown> {
    Ok(cx.host::<Exchange>()?.response.as_ref())
}

/// `IResponse.Body`
pub(super) fn body_of(cx: &Cx<'_>, response: &Value) -> Result<Value, Thrown> {
    if let Some(kept) = response.downcast::<ResponseObject>() {
        let none = kept.0.body.is_none();
        return Ok(if none { Value::Null } else { Value::object(StoredBody(Arc::clone(&kept.0))) });
    }
    let none = of_exchange(cx)?.is_none_or(|response| response.body.is_none());
    Ok(if none { Value::Null } else { Value::Host(Type::of(&super::body::BODY), OF_RESPONSE) })
}

/// `IResponse.Headers`
pub(super) fn headers_of(_cx: &Cx<'_>, response: &Value) -> Result<Value, Thrown> {
    Ok(match response.downcast::<ResponseObject>() {
        Some(kept) => Value::object(HeadersObject(Arc::clone(&kept.0))),
        None => Value::Host(Type::of(&HEADERS), OF_RESPONSE),
    })
}

/// `IResponse.StatusCode`
pub(super) fn status_of(cx: &Cx<'_>, response: &Value) -> Result<Value, Thrown> {
    let status = match response.downcast::<ResponseObject>() {
        Some(kept) => kept.0.status.as_u16(),
        None => of_exchange(cx)?.map_or(0, |response| response.status.as_u16()),
    };
    Ok(Value::Int(i32::from(status)))
}

/// `IResponse.StatusReason`
pub(super) fn reason_of<'h>(cx: &Cx<'h>, response: &Value) -> Result<Text<'h>, Thrown> {
    Ok(match response.downcast::<ResponseObject>() {
        Some(kept) => Text::Own(Str::new(&kept.0.reason)),
        None => of_exchange(cx)?.map(Response::reason_phrase).into(),
    })
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&STORED_HEADERS];
