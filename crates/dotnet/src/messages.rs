//! The exceptions that many members throw, in .NET's words.

use crate::{Exception, ExceptionKind, Thrown};

/// `ArgumentNullException` for the named parameter.
pub fn argument_null(parameter: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentNull, format!("Value cannot be null. (Parameter '{parameter}')"))
}

/// `ArgumentException` with a message and the parameter's name behind it.
pub fn argument(message: &str, parameter: &str) -> Thrown {
    Exception::new(ExceptionKind::Argument, format!("{message} (Parameter '{parameter}')"))
}

/// `ArgumentOutOfRangeException` with a message and the parameter's name behind it.
pub fn out_of_range(message: &str, parameter: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentOutOfRange, format!("{message} (Parameter '{parameter}')"))
}

/// The wording of an index outside a collection.
pub const INDEX_OUT_OF_RANGE: &str =
    "Index was out of range. Must be non-negative and less than the size of the collection.";

/// The wording of a count outside a string.
pub const COUNT_OUT_OF_RANGE: &str = "Count must be positive and count must refer to a location within the \
                                      string/array/collection.";

/// The wording of a negative number where none may stand.
pub const NEGATIVE: &str = "Non-negative number required.";

/// `FormatException` of a number, pattern or composite format that cannot be read.
pub fn bad_format() -> Thrown {
    Exception::new(ExceptionKind::Format, "Input string was not in a correct format.")
}

/// `FormatException` with the given message.
pub fn format_error(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Format, message)
}

/// `OverflowException` with the given message.
pub fn overflow(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Overflow, message)
}

/// `DivideByZeroException`.
pub fn divide_by_zero() -> Thrown {
    Exception::new(ExceptionKind::DivideByZero, "Attempted to divide by zero.")
}

/// `IndexOutOfRangeException` of an array or a string.
pub fn index_out_of_range() -> Thrown {
    Exception::new(ExceptionKind::IndexOutOfRange, "Index was outside the bounds of the array.")
}

/// `InvalidCastException` between two types, by full name.
pub fn invalid_cast(from: &str, to: &str) -> Thrown {
    Exception::new(ExceptionKind::InvalidCast, format!("Invalid cast from '{from}' to '{to}'."))
}
