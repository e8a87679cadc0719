//! The exceptions that several members of the family throw.

use crate::{Exception, ExceptionKind, Thrown};

pub(super) fn argument(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Argument, message)
}

pub(super) fn invalid(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, message)
}

pub(super) fn json(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Json, message)
}

pub(super) fn range(message: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentOutOfRange, format!("{message} (Parameter 'index')"))
}

pub(super) fn index() -> Thrown {
    range("Index was out of range. Must be non-negative and less than the size of the collection.")
}

pub(super) fn no_parent() -> Thrown {
    invalid("The parent is missing.")
}

pub(super) fn fixed_property() -> Thrown {
    json("Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.")
}
