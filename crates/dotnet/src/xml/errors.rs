//! The exceptions that several members throw.

use crate::{Exception, ExceptionKind, Thrown};

pub(super) fn xml(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Xml, message)
}

pub(super) fn argument(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Argument, message)
}

pub(super) fn invalid(message: &str) -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, message)
}

pub(super) fn no_parent() -> Thrown {
    invalid("The parent is missing.")
}

pub(super) fn bad_structure() -> Thrown {
    invalid("This operation would create an incorrectly structured document.")
}
