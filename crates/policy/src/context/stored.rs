//! A response kept in a variable: what `send-request` gives.

use std::any::Any;

use apimite_expr::library::{TypeDef, interface};
use apimite_expr::{Object, Type};
use http::{HeaderMap, StatusCode};

use crate::body::{Body, BodyCell};
use crate::exchange::Response;

/// A response kept in a variable; its body is in memory.
#[derive(Debug)]
pub struct ResponseObject {
    /// Status.
    pub status: StatusCode,
    /// Reason phrase.
    pub reason: Box<str>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: BodyCell,
}

impl ResponseObject {
    /// Keeps a response.
    pub fn new(response: Response) -> Self {
        Self {
            reason: response.reason_phrase().into(),
            status: response.status,
            headers: response.headers,
            body: response.body,
        }
    }

    /// A response like the kept one, its body copied.
    pub fn to_response(&self) -> Response {
        let body = self.body.bytes().map_or(Body::None, Body::Bytes);
        Response {
            status: self.status,
            reason: Some(self.reason.clone()),
            headers: self.headers.clone(),
            body: BodyCell::new(body),
        }
    }
}

/// `IResponse`
static RESPONSE: TypeDef = interface("IResponse").host().def();

impl Object for ResponseObject {
    fn type_of(&self) -> Type {
        Type::of(&RESPONSE)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&RESPONSE];
