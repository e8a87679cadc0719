//! Where refusals are collected while a file is read.

use apimite_diag::{Diagnostic, Source, Span};

use crate::tree::Malformed;

/// The file being read, and what was found wrong with it so far.
pub(crate) struct Sheet<'s> {
    /// The file.
    pub(crate) source: &'s Source,
    /// Refusals and warnings, of this file and of others before it.
    pub(crate) found: &'s mut Vec<Diagnostic>,
}

impl<'s> Sheet<'s> {
    /// A sheet for one file.
    pub(crate) fn new(source: &'s Source, found: &'s mut Vec<Diagnostic>) -> Self {
        Self { source, found }
    }

    /// Refuses something at a place.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.found.push(Diagnostic::new(code, message).at(self.source, span).help(help));
    }

    /// Remarks upon something at a place.
    pub(crate) fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::new(code, message).at(self.source, span).help(help).warning());
    }

    /// Refuses mistakes of form.
    pub(crate) fn malformed(&mut self, code: &'static str, mistakes: Vec<Malformed>) {
        self.found.extend(mistakes.into_iter().map(|mistake| {
            let diagnostic = Diagnostic::new(code, mistake.message).at(self.source, mistake.span);
            match mistake.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        }));
    }
}
