use std::fmt;

/// Why an operation is refused. Nothing was changed.
///
/// Displays as its message; [`code`](Self::code), [`status`](Self::status) and message are what ARM puts in its error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Code of ARM's error body.
    pub code: &'static str,
    /// HTTP status of the answer.
    pub status: u16,
    /// One sentence, as the cloud's management would say it.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl Refusal {
    /// A refusal with status 400.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, status: 400, message: message.into(), help: help.into() }
    }

    /// The same with status 409: what is asked for is right, the state of things is not.
    #[must_use]
    pub fn conflict(self) -> Self {
        Self { status: 409, ..self }
    }

    /// Something that is named does not exist: status 404.
    pub fn not_found(what: &str, name: impl fmt::Display) -> Self {
        Self {
            code: "ResourceNotFound",
            status: 404,
            message: format!("The {what} '{name}' was not found."),
            help: format!("create the {what} first, or correct its name"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
