//! .NET exceptions as values.

/// A thrown exception; boxed, so that a `Result` stays small.
pub type Thrown = Box<Exception>;

/// A .NET exception: its type, its message, its inner exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The run-time type.
    pub kind: ExceptionKind,
    /// `Message`, in .NET's words.
    pub message: String,
    /// `InnerException`.
    pub inner: Option<Thrown>,
}

impl Exception {
    /// An exception ready to be returned as an error.
    pub fn new(kind: ExceptionKind, message: impl Into<String>) -> Thrown {
        Box::new(Self { kind, message: message.into(), inner: None })
    }
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.full_name(), self.message)
    }
}

impl std::error::Error for Exception {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $full:literal : $base:ident;)*) => {
        /// The exception types that library members and expressions throw.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ExceptionKind { $($(#[$doc])* #[doc = concat!("`", $full, "`")] $name,)* }

        impl ExceptionKind {
            /// Every kind, base types before derived ones.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The full CLR name, such as `System.FormatException`.
            pub const fn full_name(self) -> &'static str {
                match self { $(Self::$name => $full,)* }
            }

            /// The type it derives from; `Exception` is its own base.
            pub const fn base(self) -> Self {
                match self { $(Self::$name => Self::$base,)* }
            }
        }
    };
}

kinds! {
    Exception = "System.Exception" : Exception;
    System = "System.SystemException" : Exception;
    Application = "System.ApplicationException" : Exception;
    Argument = "System.ArgumentException" : System;
    ArgumentNull = "System.ArgumentNullException" : Argument;
    ArgumentOutOfRange = "System.ArgumentOutOfRangeException" : Argument;
    Arithmetic = "System.ArithmeticException" : System;
    DivideByZero = "System.DivideByZeroException" : Arithmetic;
    Overflow = "System.OverflowException" : Arithmetic;
    ArrayTypeMismatch = "System.ArrayTypeMismatchException" : System;
    Format = "System.FormatException" : System;
    UriFormat = "System.UriFormatException" : Format;
    IndexOutOfRange = "System.IndexOutOfRangeException" : System;
    InvalidCast = "System.InvalidCastException" : System;
    InvalidOperation = "System.InvalidOperationException" : System;
    ObjectDisposed = "System.ObjectDisposedException" : InvalidOperation;
    KeyNotFound = "System.Collections.Generic.KeyNotFoundException" : System;
    NotImplemented = "System.NotImplementedException" : System;
    NotSupported = "System.NotSupportedException" : System;
    NullReference = "System.NullReferenceException" : System;
    Rank = "System.RankException" : System;
    Timeout = "System.TimeoutException" : System;
    TimeZoneNotFound = "System.TimeZoneNotFoundException" : Exception;
    InvalidTimeZone = "System.InvalidTimeZoneException" : Exception;
    OutOfMemory = "System.OutOfMemoryException" : System;
    StackOverflow = "System.StackOverflowException" : System;
    Io = "System.IO.IOException" : System;
    Cryptographic = "System.Security.Cryptography.CryptographicException" : System;
    Xml = "System.Xml.XmlException" : System;
    XPath = "System.Xml.XPath.XPathException" : System;
    RegexMatchTimeout = "System.Text.RegularExpressions.RegexMatchTimeoutException" : Timeout;
    DecoderFallback = "System.Text.DecoderFallbackException" : Argument;
    Json = "Newtonsoft.Json.JsonException" : Exception;
    JsonReader = "Newtonsoft.Json.JsonReaderException" : Json;
    JsonSerialization = "Newtonsoft.Json.JsonSerializationException" : Json;
    JsonWriter = "Newtonsoft.Json.JsonWriterException" : Json;
    Budget = "Apimite.BudgetExceededException" : Exception;
}

impl ExceptionKind {
    /// Is this type `other`, or derived from it? What `catch (Other)` asks.
    pub fn is_a(self, other: Self) -> bool {
        let mut kind = self;
        loop {
            if kind == other {
                return true;
            }
            if kind == kind.base() {
                return false;
            }
            kind = kind.base();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_exception_is_its_base() {
        assert!(ExceptionKind::ArgumentNull.is_a(ExceptionKind::Exception));
        assert!(!ExceptionKind::Argument.is_a(ExceptionKind::ArgumentNull));
    }
}
