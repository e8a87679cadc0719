//! Run-time failures: a [`Fault`] becomes `context.LastError` and a built-in answer.

use std::borrow::Cow;

use apimite_model::Scope;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::def::Section;

/// `LastError.Reason` of an expression that threw.
pub const EXPRESSION_FAILED: &str = "ExpressionValueEvaluationFailure";
/// `LastError.Reason` of a backend that was not reached or broke off.
pub const BACKEND_CONNECTION_FAILURE: &str = "BackendConnectionFailure";
/// `LastError.Reason` of a client that went away.
pub const CLIENT_CONNECTION_FAILURE: &str = "ClientConnectionFailure";
/// `LastError.Reason` of headers that did not come in time.
pub const TIMEOUT: &str = "Timeout";

/// A failure while a request is processed.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `LastError.Source`; filled in by the executor with the element's name when empty.
    pub source: Cow<'static, str>,
    /// `LastError.Reason`.
    pub reason: Cow<'static, str>,
    /// `LastError.Message`.
    pub message: String,
    /// Status of the built-in answer.
    pub status: StatusCode,
    /// Reason phrase of the built-in answer, when it is not the usual one.
    pub phrase: Option<Cow<'static, str>>,
    /// Message in the built-in answer; `None` hides the reason behind `Internal server error` with an activity id.
    pub public: Option<String>,
    /// Headers of the built-in answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Where it happened; filled in by the executor.
    pub place: Option<Place>,
    /// The part of the expression that threw; shown in traces.
    pub code: Option<Box<str>>,
    /// Does the response that exists stay, instead of a built-in answer?
    pub keeps_response: bool,
}

/// The place of a fault in the effective policy.
#[derive(Clone, Debug)]
pub struct Place {
    /// Scope of the document.
    pub scope: Scope,
    /// Section.
    pub section: Section,
    /// Path inside the section, such as `choose[3]/when[2]`.
    pub path: Box<str>,
    /// `id` attribute of the element.
    pub policy_id: Option<Box<str>>,
}

impl Fault {
    /// An internal failure: 500 with an activity id, the message only in `LastError`.
    pub fn internal(reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            source: Cow::Borrowed(""),
            reason: reason.into(),
            message: message.into(),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            phrase: None,
            public: None,
            headers: Vec::new(),
            place: None,
            code: None,
            keeps_response: false,
        }
    }

    /// A refusal with a status; the client sees `message`.
    pub fn refused(status: StatusCode, reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, public: Some(message.clone()), ..Self::internal(reason, message) }
    }

    /// The client sees this text instead of the message.
    #[must_use]
    pub fn public(mut self, text: impl Into<String>) -> Self {
        self.public = Some(text.into());
        self
    }

    /// Names the source (`configuration`, `authorization`, `request-forwarder`).
    #[must_use]
    pub fn source(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets the reason phrase of the answer.
    #[must_use]
    pub fn phrase(mut self, phrase: impl Into<Cow<'static, str>>) -> Self {
        self.phrase = Some(phrase.into());
        self
    }

    /// The response that exists stays the answer.
    #[must_use]
    pub const fn keeping_response(mut self) -> Self {
        self.keeps_response = true;
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// An expression that threw.
    ///
    /// Source: captured wording `Expression evaluation failed. Object reference not set to an instance of an object.`
    pub fn expression(thrown: &apimite_dotnet::Exception) -> Self {
        Self::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. {}", thrown.message))
    }
}

/// `context.LastError`.
#[derive(Clone, Debug, Default)]
pub struct LastError {
    /// Policy or built-in step.
    pub source: Box<str>,
    /// Machine-readable reason.
    pub reason: Box<str>,
    /// Text.
    pub message: Box<str>,
    /// Scope name; empty for built-in steps.
    pub scope: Box<str>,
    /// Section name.
    pub section: Box<str>,
    /// Path inside the section.
    pub path: Box<str>,
    /// `id` of the policy element.
    pub policy_id: Box<str>,
    /// Status of the answer.
    pub status: u16,
}
