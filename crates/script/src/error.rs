//! What is wrong with a script, and what went wrong in one.

use apimite_diag::Span;
use apimite_expr::{Exception, ExceptionKind, Thrown};
use rhai::{EvalAltResult, ParseError, Position};

use crate::bridge::NetError;

/// A script that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// What is wrong, in Rhai's words.
    pub message: String,
    /// Line in the script, from 1; 0 when unknown.
    pub line: usize,
    /// Column in the line, in characters from 1; 0 when unknown.
    pub column: usize,
    /// Where, in bytes of the code.
    pub span: Span,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

impl std::error::Error for ScriptError {}

/// A script that threw or used up its budget.
#[derive(Clone, Debug)]
pub struct ScriptFault {
    /// The exception, as an expression in C# would have thrown it.
    pub thrown: Thrown,
    /// Where, in bytes of the code.
    pub span: Span,
}

impl std::fmt::Display for ScriptFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.thrown.message)
    }
}

impl std::error::Error for ScriptFault {}

/// The byte range of a position: one character.
pub(crate) fn span_of(code: &str, position: Position) -> Span {
    let (Some(line), column) = (position.line(), position.position().unwrap_or(1)) else { return Span::new(0, 0) };
    let start: usize = code.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = code.get(start..).unwrap_or("");
    let offset: usize = rest.chars().take(column - 1).map(char::len_utf8).sum();
    let length = rest.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span::from_usize(start + offset, start + offset + length)
}

pub(crate) fn refusal(code: &str, error: &ParseError) -> ScriptError {
    let position = error.position();
    ScriptError {
        message: error.err_type().to_string(),
        line: position.line().unwrap_or(0),
        column: position.position().unwrap_or(0),
        span: span_of(code, position),
    }
}

/// A fault of a run; the innermost cause counts, its place is that in the outermost script code.
pub(crate) fn fault(code: &str, error: EvalAltResult) -> ScriptFault {
    let mut position = error.position();
    let mut error = error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, inner, _) = error {
        if inner.position() != Position::NONE {
            position = inner.position();
        }
        error = *inner;
    }
    let span = span_of(code, position);
    if let EvalAltResult::ErrorRuntime(value, _) = &error
        && let Some(NetError(thrown)) = value.clone().try_cast::<NetError>()
    {
        return ScriptFault { thrown, span };
    }
    let place = match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        _ => String::new(),
    };
    let (kind, text) = match &error {
        EvalAltResult::ErrorTooManyOperations(_)
        | EvalAltResult::ErrorStackOverflow(_)
        | EvalAltResult::ErrorDataTooLarge(..)
        | EvalAltResult::ErrorTooManyVariables(_)
        | EvalAltResult::ErrorTooManyModules(_) => {
            (ExceptionKind::Budget, format!("The script ran out of its budget: {error}"))
        }
        EvalAltResult::ErrorRuntime(value, _) => (ExceptionKind::Exception, value.to_string()),
        _ => (ExceptionKind::InvalidOperation, error.to_string()),
    };
    // Rhai puts its own place behind the message; one is enough.
    let text = match text.find(" (line ") {
        Some(cut) => text.get(..cut).unwrap_or(&text).to_owned(),
        None => text,
    };
    ScriptFault { thrown: Exception::new(kind, format!("{text}{place}")), span }
}
