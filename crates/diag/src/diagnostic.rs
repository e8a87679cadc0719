use std::borrow::Cow;
use std::fmt::Write;

use crate::{Position, Source, Span};

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is accepted, but something about it deserves a look.
    Warning,
}

/// One refusal (or warning): what, where, and the way out.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable code, `area::subject`, or a C# compiler code such as `CS0103`.
    pub code: Cow<'static, str>,
    /// Error or warning.
    pub severity: Severity,
    /// The policy element it is about, if any.
    pub element: Option<Box<str>>,
    /// One sentence without a full stop; the user's text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The text it was found in, and where.
    pub place: Option<(Source, Span)>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            element: None,
            message: message.into(),
            help: None,
            place: None,
        }
    }

    /// Makes it a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Names the policy element.
    #[must_use]
    pub fn element(mut self, name: impl Into<Box<str>>) -> Self {
        self.element = Some(name.into());
        self
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Span) -> Self {
        self.place = Some((source.clone(), span));
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the place, if there is one.
    pub fn position(&self) -> Option<Position> {
        self.place.as_ref().map(|(source, span)| source.position(span.start))
    }

    /// The first line: `Error in element 'x' on line L, column C: message`, the form Azure uses when it refuses a policy.
    ///
    /// Source: Azure's validation errors, for example azure-docs issue 109802.
    pub fn headline(&self) -> String {
        let mut line = String::from(match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        });
        if let Some(element) = &self.element {
            let _ = write!(line, " in element '{element}'");
        }
        if let Some(position) = self.position() {
            let _ = write!(line, " on line {}, column {}", position.line, position.column);
        }
        let _ = write!(line, ": {}", self.message);
        line
    }

    /// The whole refusal for a terminal: headline, file, source line with a marker, code and help.
    pub fn render(&self) -> String {
        let mut out = self.headline();
        out.push('\n');
        if let Some((source, span)) = &self.place {
            let start = source.position(span.start);
            let _ = writeln!(out, "  --> {}:{}:{}", source.name(), start.line, start.column);
            let line = source.line(start.line);
            let number = start.line.to_string();
            let margin = " ".repeat(number.len());
            let shown: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).take(240).collect();
            let end = source.position(span.end.max(span.start + 1));
            let width = if end.line == start.line {
                (end.column.saturating_sub(start.column)).max(1) as usize
            } else {
                shown.chars().count().saturating_sub(start.column as usize - 1).max(1)
            };
            let _ = writeln!(out, "{margin} |\n{number} | {shown}");
            let _ = writeln!(out, "{margin} | {}{}", " ".repeat(start.column as usize - 1), "^".repeat(width.min(160)));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "  help: {help}");
        }
        let _ = writeln!(out, "  code: {}", self.code);
        out
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.headline())
    }
}

impl std::error::Error for Diagnostic {}

/// Refusals collected in one run; nothing stops at the first.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Is any of them an error?
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Sorts by file and place, for a stable listing.
    pub fn sort(&mut self) {
        self.0.sort_by_cached_key(|d| d.place.as_ref().map(|(source, span)| (source.name().to_owned(), *span)));
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.0.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_the_line_and_marks_the_place() {
        let source = Source::new("p.xml", "<a>\n  <rate-limit calls=\"x\"/>\n</a>");
        let at = u32::try_from(source.text().find('x').unwrap()).unwrap();
        let d = Diagnostic::new("rate_limit::calls", "`calls` cannot be `x`")
            .element("rate-limit")
            .at(&source, Span::new(at, at + 1))
            .help("use a whole number");
        assert_eq!(
            d.render(),
            "Error in element 'rate-limit' on line 2, column 22: `calls` cannot be `x`\n  --> p.xml:2:22\n  |\n2 |   <rate-limit calls=\"x\"/>\n  |                      ^\n  help: use a whole number\n  code: rate_limit::calls\n"
        );
    }
}
