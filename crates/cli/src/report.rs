//! Writes refusals.

use std::io::Write;

use apimite_diag::{Diagnostics, Severity};
use serde_json::json;

use crate::args::Format;

/// Writes all refusals and a closing line. Text goes to the error stream, JSON to the output.
pub(crate) fn write(diagnostics: &Diagnostics, format: Format) {
    // A reader that has seen enough and closed its end (`| head`) must not end the command in a panic.
    match format {
        Format::Text => {
            let mut out = std::io::stderr().lock();
            for diagnostic in &diagnostics.0 {
                let _ = writeln!(out, "{}", diagnostic.render());
            }
            let _ = writeln!(out, "{}", summary(diagnostics));
        }
        Format::Json => {
            let _ = writeln!(std::io::stdout().lock(), "{}", as_json(diagnostics));
        }
    }
}

/// `2 errors, 1 warning`
pub(crate) fn summary(diagnostics: &Diagnostics) -> String {
    let count = |severity| diagnostics.0.iter().filter(|d| d.severity == severity).count();
    let word = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    format!("{}, {}", word(count(Severity::Error), "error"), word(count(Severity::Warning), "warning"))
}

fn as_json(diagnostics: &Diagnostics) -> serde_json::Value {
    let list = diagnostics.0.iter().map(|d| {
        let position = d.position();
        json!({
            "severity": if d.severity == Severity::Error { "error" } else { "warning" },
            "code": d.code,
            "element": d.element,
            "message": d.message,
            "help": d.help,
            "file": d.place.as_ref().map(|(source, _)| source.name()),
            "line": position.map(|p| p.line),
            "column": position.map(|p| p.column),
        })
    });
    list.collect()
}
