//! The members of C#'s `context`, as rows for the expression engine.
//!
//! Every singleton (`context`, `context.Request`, its headers…) is a host value without data; its rows read the
//! [`Exchange`](crate::exchange::Exchange). Stored responses, tokens and model objects are objects with data.

mod authorization;
mod body;
mod form;
mod headers;
mod library_call;
mod message;
mod model;
mod root;
mod stored;
mod url;

use std::sync::LazyLock;

use apimite_expr::library::core::collections::ArrayObject;
use apimite_expr::library::sys::CertificateTrust;
use apimite_expr::library::{Registry, TypeDef, standard};
use apimite_expr::{Budget, Cx, Host, NoHost, Object, Type, Value};
use apimite_model::Decisions;

use crate::exchange::Exchange;
use crate::fault::Fault;

pub use authorization::AuthorizationObject;
pub use body::text as bytes_to_text;
pub use headers::display_name;
pub use root::CONTEXT;
pub use stored::ResponseObject;

/// The types of the context that no decision changes.
static TYPES: &[&[&TypeDef]] = &[
    root::TYPES,
    message::TYPES,
    headers::TYPES,
    url::TYPES,
    body::TYPES,
    model::TYPES,
    stored::TYPES,
    form::TYPES,
    authorization::TYPES,
];

/// Every type of the context under these decisions.
pub fn types(decisions: &Decisions) -> Vec<&'static [&'static TypeDef]> {
    let mut groups = TYPES.to_vec();
    groups.push(headers::array_defaults(decisions.array_defaults));
    groups
}

/// The standard library and the types of the context.
pub fn library() -> Vec<&'static [&'static TypeDef]> {
    let mut groups = standard();
    groups.extend(types(&Decisions::default()));
    groups
}

impl Host for Exchange {
    fn part(&self, id: std::any::TypeId) -> Option<&dyn std::any::Any> {
        if id == std::any::TypeId::of::<CertificateTrust>() {
            return Some(self.trust());
        }
        (id == std::any::TypeId::of::<Self>()).then_some(self as &dyn std::any::Any)
    }

    fn utc_now_ticks(&self) -> i64 {
        ticks(self.clock.now())
    }

    fn random(&self) -> u64 {
        crate::random::next()
    }
}

/// Ticks of 100 ns since 0001-01-01 of an instant.
pub(crate) fn ticks(at: apimite_clock::Timestamp) -> i64 {
    const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
    UNIX_EPOCH_TICKS + at.0.div_euclid(100)
}

/// A `DateTime` of kind UTC.
pub(crate) fn date_time(at: apimite_clock::Timestamp) -> Value {
    const UTC: u64 = 1 << 62;
    Value::DateTime(u64::try_from(ticks(at)).unwrap_or(0) | UTC)
}

static PLAIN: LazyLock<Registry> = LazyLock::new(|| Registry::new(&library()));

/// `Convert.ToString(value, InvariantCulture)`: how a value is written into an attribute, a header or a body.
///
/// # Errors
/// A fault when the value's `ToString()` throws.
pub fn to_text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Str(text) => Ok(text.as_str().to_owned()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Long(number) => Ok(number.to_string()),
        other => {
            let mut cx = Cx::new(&NoHost, &PLAIN, Budget::default(), false);
            cx.to_text(other).map(|text| text.as_str().to_owned()).map_err(|thrown| Fault::expression(&thrown))
        }
    }
}

/// `JsonConvert.SerializeObject(value)`.
///
/// # Errors
/// A fault when the value cannot be written as JSON.
pub fn to_json(value: &Value) -> Result<String, Fault> {
    let mut cx = Cx::new(&NoHost, &PLAIN, Budget::default(), false);
    let json =
        library_call::call_static(&mut cx, "Newtonsoft.Json.JsonConvert", "SerializeObject", &mut [value.clone()]);
    match json {
        Ok(Value::Str(text)) => Ok(text.as_str().to_owned()),
        Ok(_) => Ok("null".to_owned()),
        Err(thrown) => Err(Fault::expression(&thrown)),
    }
}

/// A value as the bytes of a body: `byte[]` as it is, anything else as UTF-8 text.
///
/// # Errors
/// A fault when the value's `ToString()` throws.
pub fn to_bytes(value: &Value) -> Result<bytes::Bytes, Fault> {
    if let Some(array) = value.downcast::<ArrayObject>()
        && array.type_of().element() == Some(Type::byte())
    {
        return Ok(array.bytes().into());
    }
    to_text(value).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_as_default_is_a_decision() {
        let refusals = |array_defaults, lenient_expressions, code: &str| {
            let decisions = Decisions { array_defaults, lenient_expressions, ..Decisions::default() };
            let csharp = crate::csharp::CSharp::new(&decisions, Budget::default());
            match csharp.engine().compile(code, apimite_expr::Form::Expression, apimite_expr::Want::Any) {
                Ok(_) => Vec::new(),
                Err(errors) => errors.into_iter().map(|error| error.message).collect::<Vec<_>>(),
            }
        };
        let array = "context.Request.Headers.GetValueOrDefault(\"a\", new string[0]).Length";
        assert_eq!(refusals(false, false, array).len(), 1);
        assert!(refusals(true, false, array).is_empty());
        assert_eq!(refusals(false, true, array).len(), 1);
        assert!(refusals(true, true, array).is_empty());
        for accepted in [false, true] {
            let text = "context.Request.Headers.GetValueOrDefault(\"a\", null).ToUpper()";
            assert!(refusals(accepted, false, text).is_empty(), "{accepted}");
        }
    }

    #[test]
    fn every_row_of_the_context_can_be_read() {
        assert_eq!(Registry::new(&library()).mistakes(), Vec::<String>::new());
    }
}
