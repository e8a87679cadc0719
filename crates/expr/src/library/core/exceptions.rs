//! Exceptions as objects: one definition for every [`ExceptionKind`].

use std::any::Any;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::library::rows::{Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A caught or created exception.
pub struct Caught(pub Thrown);

impl Object for Caught {
    fn type_of(&self) -> Type {
        Type::of(def_of(self.0.kind))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(describe(&self.0))))
    }
}

fn describe(exception: &Exception) -> String {
    let name = exception.kind.full_name();
    let mut out = if exception.message.is_empty() { name.to_owned() } else { format!("{name}: {}", exception.message) };
    if let Some(inner) = &exception.inner {
        out.push_str(" ---> ");
        out.push_str(&describe(inner));
        out.push_str("\n   --- End of inner exception stack trace ---");
    }
    out
}

/// The value of a thrown exception.
pub(crate) fn value_of(thrown: Thrown) -> Value {
    Value::object(Caught(thrown))
}

/// The exception in a value.
pub(crate) fn thrown_of(value: &Value) -> Option<Thrown> {
    value.downcast::<Caught>().map(|caught| caught.0.clone())
}

/// What `new X(…)` says when it is given no message.
fn default_message(kind: ExceptionKind) -> String {
    match kind {
        ExceptionKind::Argument => "Value does not fall within the expected range.".into(),
        ExceptionKind::ArgumentNull => "Value cannot be null.".into(),
        ExceptionKind::ArgumentOutOfRange => "Specified argument was out of the range of valid values.".into(),
        ExceptionKind::InvalidOperation => "Operation is not valid due to the current state of the object.".into(),
        ExceptionKind::NotSupported => "Specified method is not supported.".into(),
        ExceptionKind::NotImplemented => "The method or operation is not implemented.".into(),
        ExceptionKind::Format => "One of the identified items was in an invalid format.".into(),
        ExceptionKind::NullReference => "Object reference not set to an instance of an object.".into(),
        ExceptionKind::InvalidCast => "Specified cast is not valid.".into(),
        ExceptionKind::KeyNotFound => "The given key was not present in the dictionary.".into(),
        ExceptionKind::Overflow => "Arithmetic operation resulted in an overflow.".into(),
        ExceptionKind::DivideByZero => "Attempted to divide by zero.".into(),
        ExceptionKind::IndexOutOfRange => "Index was outside the bounds of the array.".into(),
        ExceptionKind::Timeout => "The operation has timed out.".into(),
        ExceptionKind::Arithmetic => "Overflow or underflow in the arithmetic operation.".into(),
        ExceptionKind::System => "System error.".into(),
        ExceptionKind::Application => "Error in the application.".into(),
        _ => format!("Exception of type '{}' was thrown.", kind.full_name()),
    }
}

fn make(kind: ExceptionKind, message: Option<&Str>, inner: &Value) -> Value {
    let message = message.map_or_else(|| default_message(kind), ToString::to_string);
    let mut thrown = Exception::new(kind, message);
    thrown.inner = thrown_of(inner);
    value_of(thrown)
}

static ROWS: &[Row] = &[
    p("string Message", |_, a| Ok(Value::from(a.obj::<Caught>(0)?.0.message.clone()))),
    p("Exception InnerException", |_, a| Ok(a.obj::<Caught>(0)?.0.inner.clone().map_or(Value::Null, value_of))),
    p("string StackTrace", |_, a| {
        a.obj::<Caught>(0)?;
        Ok(Value::Null)
    }),
    p("string Source", |_, a| {
        a.obj::<Caught>(0)?;
        Ok(Value::from("Apimite"))
    }),
    p("string HelpLink", |_, a| {
        a.obj::<Caught>(0)?;
        Ok(Value::Null)
    }),
    p("int HResult", |_, a| {
        a.obj::<Caught>(0)?;
        Ok(Value::Int(-2_146_233_088))
    }),
    m("Exception GetBaseException()", |_, a| {
        let mut at = &a.obj::<Caught>(0)?.0;
        while let Some(inner) = &at.inner {
            at = inner;
        }
        Ok(value_of(at.clone()))
    }),
];

static ARGUMENT_ROWS: &[Row] = &[p("string ParamName", |_, a| {
    let message = &a.obj::<Caught>(0)?.0.message;
    let name = message.rsplit_once("(Parameter '").map(|(_, rest)| rest.trim_end_matches("')"));
    Ok(name.map_or(Value::Null, |n| Value::from(n.to_owned())))
})];

macro_rules! exceptions {
    ($($name:ident = $kind:ident, $full:literal, $base:literal $(, $ctors:ident)?;)*) => {
        $(
            #[doc = concat!("`", $full, "`")]
            pub static $name: TypeDef = class($full).extends($base).rows(&[
                exceptions!(@ctors $kind $($ctors)?),
                exceptions!(@own $kind),
            ]).def();
        )*
        pub(crate) static TYPES: &[&TypeDef] = &[$(&$name),*];
        pub(crate) fn def_of(kind: ExceptionKind) -> &'static TypeDef {
            match kind { $(ExceptionKind::$kind => &$name,)* #[allow(unreachable_patterns, reason = "kinds may be added before their row")] _ => &EXCEPTION }
        }
    };
    (@ctors $kind:ident none) => { &[] };
    (@ctors $kind:ident argument) => { &[
        ctor("()", |_, _| Ok(make(ExceptionKind::$kind, None, &Value::Null))),
        ctor("(string message)", |_, a| Ok(make(ExceptionKind::$kind, a.str(0), &Value::Null))),
        ctor("(string message, Exception innerException)", |_, a| Ok(make(ExceptionKind::$kind, a.str(0), a.get(1)))),
        ctor("(string message, string paramName)", |_, a| {
            let text = a.str(0).map_or_else(|| default_message(ExceptionKind::$kind), ToString::to_string);
            Ok(value_of(Exception::new(ExceptionKind::$kind, with_parameter(&text, a.str(1)))))
        }),
    ] };
    (@ctors $kind:ident parameter) => { &[
        ctor("()", |_, _| Ok(make(ExceptionKind::$kind, None, &Value::Null))),
        ctor("(string paramName)", |_, a| {
            Ok(value_of(Exception::new(ExceptionKind::$kind, with_parameter(&default_message(ExceptionKind::$kind), a.str(0)))))
        }),
        ctor("(string message, Exception innerException)", |_, a| Ok(make(ExceptionKind::$kind, a.str(0), a.get(1)))),
        ctor("(string paramName, string message)", |_, a| {
            let text = a.str(1).map_or_else(|| default_message(ExceptionKind::$kind), ToString::to_string);
            Ok(value_of(Exception::new(ExceptionKind::$kind, with_parameter(&text, a.str(0)))))
        }),
    ] };
    (@ctors $kind:ident) => { &[
        ctor("()", |_, _| Ok(make(ExceptionKind::$kind, None, &Value::Null))),
        ctor("(string message)", |_, a| Ok(make(ExceptionKind::$kind, a.str(0), &Value::Null))),
        ctor("(string message, Exception innerException)", |_, a| Ok(make(ExceptionKind::$kind, a.str(0), a.get(1)))),
    ] };
    (@own Exception) => { ROWS };
    (@own Argument) => { ARGUMENT_ROWS };
    (@own $other:ident) => { &[] };
}

fn with_parameter(message: &str, name: Option<&Str>) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{message} (Parameter '{name}')"),
        _ => message.to_owned(),
    }
}

exceptions! {
    EXCEPTION = Exception, "System.Exception", "object";
    SYSTEM = System, "System.SystemException", "Exception";
    APPLICATION = Application, "System.ApplicationException", "Exception";
    ARGUMENT = Argument, "System.ArgumentException", "SystemException", argument;
    ARGUMENT_NULL = ArgumentNull, "System.ArgumentNullException", "ArgumentException", parameter;
    ARGUMENT_OUT_OF_RANGE = ArgumentOutOfRange, "System.ArgumentOutOfRangeException", "ArgumentException", parameter;
    ARITHMETIC = Arithmetic, "System.ArithmeticException", "SystemException";
    DIVIDE_BY_ZERO = DivideByZero, "System.DivideByZeroException", "ArithmeticException";
    OVERFLOW = Overflow, "System.OverflowException", "ArithmeticException";
    ARRAY_TYPE_MISMATCH = ArrayTypeMismatch, "System.ArrayTypeMismatchException", "SystemException";
    FORMAT = Format, "System.FormatException", "SystemException";
    URI_FORMAT = UriFormat, "System.UriFormatException", "FormatException";
    INDEX_OUT_OF_RANGE = IndexOutOfRange, "System.IndexOutOfRangeException", "SystemException";
    INVALID_CAST = InvalidCast, "System.InvalidCastException", "SystemException";
    INVALID_OPERATION = InvalidOperation, "System.InvalidOperationException", "SystemException";
    OBJECT_DISPOSED = ObjectDisposed, "System.ObjectDisposedException", "InvalidOperationException";
    KEY_NOT_FOUND = KeyNotFound, "System.Collections.Generic.KeyNotFoundException", "SystemException";
    NOT_IMPLEMENTED = NotImplemented, "System.NotImplementedException", "SystemException";
    NOT_SUPPORTED = NotSupported, "System.NotSupportedException", "SystemException";
    NULL_REFERENCE = NullReference, "System.NullReferenceException", "SystemException";
    RANK = Rank, "System.RankException", "SystemException";
    TIMEOUT = Timeout, "System.TimeoutException", "SystemException";
    TIME_ZONE_NOT_FOUND = TimeZoneNotFound, "System.TimeZoneNotFoundException", "Exception";
    INVALID_TIME_ZONE = InvalidTimeZone, "System.InvalidTimeZoneException", "Exception";
    OUT_OF_MEMORY = OutOfMemory, "System.OutOfMemoryException", "SystemException";
    STACK_OVERFLOW = StackOverflow, "System.StackOverflowException", "SystemException";
    IO = Io, "System.IO.IOException", "SystemException";
    CRYPTOGRAPHIC = Cryptographic, "System.Security.Cryptography.CryptographicException", "SystemException";
    XML = Xml, "System.Xml.XmlException", "SystemException";
    XPATH = XPath, "System.Xml.XPath.XPathException", "SystemException";
    REGEX_MATCH_TIMEOUT = RegexMatchTimeout, "System.Text.RegularExpressions.RegexMatchTimeoutException", "TimeoutException";
    DECODER_FALLBACK = DecoderFallback, "System.Text.DecoderFallbackException", "ArgumentException";
    JSON = Json, "Newtonsoft.Json.JsonException", "Exception";
    JSON_READER = JsonReader, "Newtonsoft.Json.JsonReaderException", "JsonException";
    JSON_SERIALIZATION = JsonSerialization, "Newtonsoft.Json.JsonSerializationException", "JsonException";
    JSON_WRITER = JsonWriter, "Newtonsoft.Json.JsonWriterException", "JsonException";
    BUDGET = Budget, "Apimite.BudgetExceededException", "Exception", none;
}
