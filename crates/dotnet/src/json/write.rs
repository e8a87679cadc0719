//! Writing JSON text as `JsonTextWriter` does.

use std::fmt::Write as _;

use super::dates::{date_text, offset_text};
use super::doc::{Data, State};
use super::number::{double_text, single_text};
use super::scalar::Scalar;

/// `Newtonsoft.Json.Formatting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formatting {
    /// Everything on one line, no blanks.
    None,
    /// Two blanks for a level, `\n` as newline.
    #[default]
    Indented,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Object,
    Array,
    Constructor,
}

struct Level {
    inside: Inside,
    used: bool,
}

/// Writes values one after the other; the caller keeps starts and ends in balance.
pub struct JsonWriter {
    out: String,
    indented: bool,
    levels: Vec<Level>,
    after_name: bool,
}

impl JsonWriter {
    /// A writer of nothing yet.
    pub fn new(formatting: Formatting) -> Self {
        Self { out: String::new(), indented: formatting == Formatting::Indented, levels: Vec::new(), after_name: false }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.out
    }

    /// Bytes written so far.
    pub fn size_bytes(&self) -> usize {
        self.out.len()
    }

    /// Levels that are open.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.levels.len() {
            self.out.push_str("  ");
        }
    }

    /// What stands before a value or a comment.
    fn lead(&mut self, comment: bool) {
        if self.after_name {
            self.after_name = comment;
            if self.indented {
                self.out.push(' ');
            }
            return;
        }
        let Some(level) = self.levels.last_mut() else { return };
        if level.used && !comment {
            self.out.push(',');
        }
        level.used |= !comment;
        if self.indented && level.inside != Inside::Object {
            self.new_line();
        }
    }

    fn start(&mut self, inside: Inside) {
        self.levels.push(Level { inside, used: false });
    }

    /// `{`
    pub fn start_object(&mut self) {
        self.lead(false);
        self.out.push('{');
        self.start(Inside::Object);
    }

    /// `[`
    pub fn start_array(&mut self) {
        self.lead(false);
        self.out.push('[');
        self.start(Inside::Array);
    }

    /// `new Name(`
    pub fn start_constructor(&mut self, name: &str) {
        self.lead(false);
        self.out.push_str("new ");
        self.out.push_str(name);
        self.out.push('(');
        self.start(Inside::Constructor);
    }

    /// Closes the innermost level.
    pub fn end(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        if level.used && self.indented {
            self.new_line();
        }
        self.out.push(match level.inside {
            Inside::Object => '}',
            Inside::Array => ']',
            Inside::Constructor => ')',
        });
    }

    /// The name of a member.
    pub fn name(&mut self, name: &str) {
        if let Some(level) = self.levels.last_mut() {
            if level.used {
                self.out.push(',');
            }
            level.used = true;
            if self.indented {
                self.new_line();
            }
        }
        self.out.push('"');
        escape(&mut self.out, name, '"');
        self.out.push_str("\":");
        self.after_name = true;
    }

    /// A value in its JSON form, which the caller vouches for.
    pub fn raw(&mut self, text: &str) {
        self.lead(false);
        self.out.push_str(text);
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.lead(false);
        self.out.push('"');
        escape(&mut self.out, text, '"');
        self.out.push('"');
    }

    /// Any value.
    pub fn scalar(&mut self, value: &Scalar) {
        match value {
            Scalar::Null | Scalar::NullText => self.raw("null"),
            Scalar::Undefined => self.raw("undefined"),
            Scalar::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Scalar::Int(value, _) => self.number(*value),
            Scalar::Enum(value) => self.number(value.number),
            Scalar::ULong(value) => self.raw(&value.to_string()),
            Scalar::Big(digits) => self.raw(digits),
            Scalar::Double(value) => self.raw(&float_json(*value)),
            Scalar::Single(value) => self.raw(&decorated(*value, value.is_finite(), &single_text(*value))),
            Scalar::Decimal(_) => self.raw(&with_point(&value.to_text())),
            Scalar::Text(text) => self.text(text),
            Scalar::Char(_) | Scalar::Uri(_) | Scalar::TimeSpan(_) => match value {
                Scalar::Uri(uri) => self.text(&uri.0),
                _ => self.text(&value.to_text()),
            },
            Scalar::Date(raw) => self.text(&date_text(*raw)),
            Scalar::DateOffset(ticks, offset) => self.text(&offset_text(*ticks, *offset)),
            Scalar::Guid(_) => self.text(&value.to_text()),
            Scalar::Bytes(bytes) => self.text(&crate::json::convert::base64(bytes)),
            Scalar::Raw(text) => self.raw(text),
            Scalar::Comment(text) => {
                self.lead(true);
                let _ = write!(self.out, "/*{text}*/");
            }
        }
    }

    fn number(&mut self, value: i64) {
        self.lead(false);
        let _ = write!(self.out, "{value}");
    }
}

/// A `double` as JSON: always with a point or an exponent; not-a-number and infinities as strings.
pub fn float_json(value: f64) -> String {
    decorated(value, value.is_finite(), &double_text(value))
}

fn decorated<T>(_: T, finite: bool, text: &str) -> String {
    if finite { with_point(text) } else { format!("\"{}\"", text.replace('∞', "Infinity")) }
}

fn with_point(text: &str) -> String {
    if text.contains(['.', 'E', 'e']) { text.to_owned() } else { format!("{text}.0") }
}

/// Appends a string with everything escaped that Newtonsoft escapes by default.
pub fn escape(out: &mut String, text: &str, quote: char) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let short = match c {
            '\u{20}'..='\u{21}' | '#'..='&' | '('..='[' | ']'..='\u{84}' => continue,
            '"' | '\'' if c != quote => continue,
            '"' => "\\\"",
            '\'' => "\\'",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        if short.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(short);
        }
        plain = at + c.len_utf8();
    }
    out.push_str(&text[plain..]);
}

/// Writes a subtree.
pub(super) fn write_tree(state: &State, id: u32, writer: &mut JsonWriter) {
    enum Step {
        Visit(u32),
        End,
    }
    let mut work = vec![Step::Visit(id)];
    while let Some(step) = work.pop() {
        let Step::Visit(id) = step else {
            writer.end();
            continue;
        };
        match state.data(id) {
            Data::Value(scalar) => {
                writer.scalar(scalar);
                continue;
            }
            Data::Property(name, _) => {
                writer.name(name);
                match state.value_of(id) {
                    Some(value) => work.push(Step::Visit(value)),
                    None => writer.raw("null"),
                }
                continue;
            }
            Data::Object(_) => writer.start_object(),
            Data::Array(_) => writer.start_array(),
            Data::Constructor(parts) => writer.start_constructor(&parts.0),
        }
        work.push(Step::End);
        work.extend(state.kids(id).iter().rev().map(|kid| Step::Visit(*kid)));
    }
}
