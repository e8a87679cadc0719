//! Literals and strings.

use super::Printer;
use crate::syntax::ast::{InterpolatedPart, InterpolatedString, Literal, StringForm};

impl Printer {
    pub(super) fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.put("null"),
            Literal::Bool(value) => self.put(if *value { "true" } else { "false" }),
            Literal::Int { text, .. } | Literal::Real { text, .. } => self.put(text),
            Literal::Char(unit) => {
                self.put("'");
                match char::from_u32(u32::from(*unit)) {
                    Some(c) => self.put(&escaped(c, '\'')),
                    None => self.put(&format!("\\u{unit:04X}")),
                }
                self.put("'");
            }
            Literal::String { value, form } => match form {
                StringForm::Regular => self.quoted(value),
                StringForm::Verbatim => {
                    self.put("@\"");
                    self.put(&value.replace('"', "\"\""));
                    self.put("\"");
                }
                StringForm::Raw => {
                    let quotes = "\"".repeat(longest_run(value, '"').max(2) + 1);
                    self.put(&format!("{quotes}\n{value}\n{quotes}"));
                }
            },
            Literal::Utf8String(value) => {
                self.quoted(value);
                self.put("u8");
            }
        }
    }

    fn quoted(&mut self, value: &str) {
        self.put("\"");
        for c in value.chars() {
            self.put(&escaped(c, '"'));
        }
        self.put("\"");
    }

    pub(super) fn interpolated(&mut self, string: &InterpolatedString) {
        let texts = || {
            string.parts.iter().filter_map(|part| match part {
                InterpolatedPart::Text(text) => Some(&**text),
                InterpolatedPart::Hole { .. } => None,
            })
        };
        let is_raw = string.form == StringForm::Raw;
        let braces = if is_raw {
            texts().map(|t| longest_run(t, '{').max(longest_run(t, '}'))).max().unwrap_or(0) + 1
        } else {
            1
        };
        let quotes =
            "\"".repeat(if is_raw { texts().map(|t| longest_run(t, '"')).max().unwrap_or(0).max(2) + 1 } else { 1 });
        self.put(&"$".repeat(braces));
        self.put(if string.form == StringForm::Verbatim { "@" } else { "" });
        self.put(&quotes);
        self.put(if is_raw { "\n" } else { "" });
        for part in &string.parts {
            match part {
                InterpolatedPart::Text(text) => self.interpolated_text(text, string.form),
                InterpolatedPart::Hole { value, alignment, format, .. } => {
                    self.put(&"{".repeat(braces));
                    self.expr(value);
                    if let Some(alignment) = alignment {
                        self.put(", ");
                        self.expr(alignment);
                    }
                    if let Some(format) = format {
                        self.put(":");
                        match string.form {
                            StringForm::Regular => format.chars().for_each(|c| self.put(&escaped(c, '"'))),
                            StringForm::Verbatim | StringForm::Raw => self.put(format),
                        }
                    }
                    self.put(&"}".repeat(braces));
                }
            }
        }
        self.put(if is_raw { "\n" } else { "" });
        self.put(&quotes);
    }

    fn interpolated_text(&mut self, text: &str, form: StringForm) {
        if form == StringForm::Raw {
            return self.put(text);
        }
        for c in text.chars() {
            match (c, form) {
                ('{', _) => self.put("{{"),
                ('}', _) => self.put("}}"),
                ('"', StringForm::Verbatim) => self.put("\"\""),
                (_, StringForm::Verbatim) => self.out.push(c),
                _ => self.put(&escaped(c, '"')),
            }
        }
    }
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0)
}

/// A character as it stands between quotes.
fn escaped(c: char, quote: char) -> String {
    match c {
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\0' => "\\0".into(),
        _ if c == quote => format!("\\{c}"),
        _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}') => format!("\\u{:04X}", u32::from(c)),
        _ => c.to_string(),
    }
}
