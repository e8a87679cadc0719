//! Refusals as Azure Resource Manager words them.

use apimite_network::Refusal;
use serde_json::{Value, json};

/// A refusal: status, code and message of ARM's error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmError {
    /// HTTP status.
    pub status: u16,
    /// ARM's code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Single findings, when there are several.
    pub details: Vec<Detail>,
}

/// One finding of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// ARM's code.
    pub code: String,
    /// What it is about: a property, or `representation` for a policy document.
    pub target: String,
    /// One sentence.
    pub message: String,
}

/// What an operation gives.
pub type Result<T> = std::result::Result<T, ArmError>;

impl ArmError {
    /// A refusal.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// 400 with a code.
    pub fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// 400 `ValidationError`: a property of the body.
    pub fn invalid(property: &str, message: impl Into<String>) -> Self {
        let (code, target) = ("ValidationError".to_owned(), property.to_owned());
        Self {
            details: vec![Detail { code, target, message: message.into() }],
            ..Self::bad("ValidationError", "One or more fields contain incorrect values:")
        }
    }

    /// 404 of a resource that does not exist.
    pub fn not_found(kind: &str, name: &str, group: &str) -> Self {
        Self::new(
            404,
            "ResourceNotFound",
            format!("The Resource '{kind}/{name}' under resource group '{group}' was not found."),
        )
    }

    /// The body.
    pub fn body(&self) -> Value {
        let shown = |one: &Detail| json!({ "code": one.code, "target": one.target, "message": one.message });
        let details: Vec<Value> = self.details.iter().map(shown).collect();
        let details = if details.is_empty() { Value::Null } else { Value::Array(details) };
        json!({ "error": { "code": self.code, "message": self.message, "details": details } })
    }
}

impl From<Refusal> for ArmError {
    fn from(refusal: Refusal) -> Self {
        let mut message = refusal.message;
        if !refusal.help.is_empty() {
            message.push_str(&format!(" (help: {})", refusal.help));
        }
        Self::new(refusal.status, refusal.code, message)
    }
}

impl std::fmt::Display for ArmError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ArmError {}
