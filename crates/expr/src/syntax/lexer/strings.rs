//! Strings of all kinds, and characters.

use std::sync::Arc;

use apimite_diag::Span;

use super::{Feature, Hole, Lexer, T, Value, is_newline};
use crate::syntax::ast::StringForm;

/// An interpolated string that is being read.
#[derive(Clone, Copy)]
pub(super) struct Interpolation {
    /// Where it starts.
    pub(super) start: usize,
    pub(super) kind: Kind,
    /// Index of its first token behind the start.
    pub(super) first: usize,
}

impl Interpolation {
    pub(super) fn is_single_line(&self) -> bool {
        matches!(self.kind, Kind::Regular)
    }
}

/// How an interpolated string is written.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Regular,
    Verbatim,
    Raw { quotes: usize, dollars: usize },
}

impl Kind {
    pub(super) fn form(self) -> StringForm {
        match self {
            Self::Regular => StringForm::Regular,
            Self::Verbatim => StringForm::Verbatim,
            Self::Raw { .. } => StringForm::Raw,
        }
    }
}

/// Gathers UTF-16 units into a Rust string; half a pair becomes U+FFFD.
#[derive(Default)]
struct Units {
    out: String,
    high: Option<u16>,
}

impl Units {
    fn unit(&mut self, unit: u16) {
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                self.out.extend(char::decode_utf16([high, unit]).map(|c| c.unwrap_or('\u{fffd}')));
            }
            (high, _) => {
                if high.is_some() {
                    self.out.push('\u{fffd}');
                }
                match unit {
                    0xd800..=0xdbff => self.high = Some(unit),
                    _ => self.out.push(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
                }
            }
        }
    }

    fn push(&mut self, c: char) {
        if self.high.take().is_some() {
            self.out.push('\u{fffd}');
        }
        self.out.push(c);
    }

    fn finish(mut self) -> Arc<str> {
        if self.high.is_some() {
            self.out.push('\u{fffd}');
        }
        self.out.into()
    }
}

impl Lexer<'_> {
    pub(super) fn string(&mut self, start: usize) {
        let quotes = self.run(b'"');
        if quotes >= 3 {
            return self.raw(start, quotes);
        }
        self.at += 1;
        let mut text = Units::default();
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => {
                    self.escape(&mut text);
                }
                Some(c) if !is_newline(c) => {
                    text.push(c);
                    self.bump();
                }
                _ => {
                    let span = Span::from_usize(start, start + 1);
                    self.error("CS1010", "Newline in constant", span);
                    break;
                }
            }
        }
        self.finish_string(start, text.finish(), StringForm::Regular);
    }

    fn finish_string(&mut self, start: usize, text: Arc<str>, form: StringForm) {
        if matches!(self.byte(0), b'u' | b'U') && self.byte(1) == b'8' {
            self.at += 2;
            let span = self.span_from(start);
            self.feature(Feature::Utf8String, span);
            return self.push_value(T::Utf8Str, start, Value::Text(text, form));
        }
        self.push_value(T::Str, start, Value::Text(text, form));
    }

    pub(super) fn verbatim(&mut self, start: usize) {
        self.at += 2;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(quote) = rest.find('"') else {
                text.push_str(rest);
                self.at = self.code.len();
                self.error("CS1039", "Unterminated string literal", Span::from_usize(start, start + 2));
                break;
            };
            text.push_str(rest.get(..quote).unwrap_or(""));
            self.at += quote + 1;
            if self.byte(0) != b'"' {
                break;
            }
            text.push('"');
            self.at += 1;
        }
        self.finish_string(start, text.into(), StringForm::Verbatim);
    }

    fn raw(&mut self, start: usize, quotes: usize) {
        self.at += quotes;
        let content = self.at;
        let end = loop {
            match self.rest().find('"') {
                None => {
                    self.at = self.code.len();
                    self.error("CS8997", "Unterminated raw string literal.", Span::from_usize(start, content));
                    break self.at;
                }
                Some(quote) => {
                    self.at += quote;
                    let run = self.run(b'"');
                    self.at += run;
                    if run >= quotes {
                        break self.at - quotes;
                    }
                }
            }
        };
        let span = self.span_from(start);
        self.feature(Feature::RawString, span);
        let text = self.code.get(content..end).unwrap_or("");
        let mut parts = [String::from(text)];
        self.one_line(&parts, Span::from_usize(start, content));
        dedent(&mut parts);
        let [text] = parts;
        self.finish_string(start, text.into(), StringForm::Raw);
    }

    /// A raw string that does not begin with a line break holds none.
    fn one_line(&mut self, parts: &[String], span: Span) {
        let of_several =
            parts.first().is_some_and(|first| first.trim_start_matches([' ', '\t', '\r']).starts_with('\n'));
        if !of_several && parts.iter().any(|part| part.contains(is_newline)) {
            self.error("CS8997", "Unterminated raw string literal.", span);
        }
    }

    pub(super) fn character(&mut self, start: usize) {
        self.at += 1;
        let mut text = Units::default();
        let mut unit = None;
        let mut count = 0;
        loop {
            match self.peek() {
                Some('\'') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => {
                    unit = self.escape(&mut text).or(unit);
                    count += 1;
                }
                Some(c) if !is_newline(c) => {
                    let mut units = [0; 2];
                    let encoded = c.encode_utf16(&mut units);
                    count += encoded.len();
                    unit = encoded.first().copied();
                    self.bump();
                }
                _ => {
                    self.error("CS1010", "Newline in constant", Span::from_usize(start, start + 1));
                    count = 1;
                    break;
                }
            }
        }
        let span = self.span_from(start);
        match count {
            0 => self.error("CS1011", "Empty character literal", span),
            1 => {}
            _ => self.error("CS1012", "Too many characters in character literal", span),
        }
        self.push_value(T::Char, start, Value::Char(unit.unwrap_or(0)));
    }

    /// An escape after its backslash; gives the last unit.
    fn escape(&mut self, text: &mut Units) -> Option<u16> {
        let start = self.at;
        self.at += 1;
        let simple = match self.bump() {
            Some('\'') => '\'',
            Some('"') => '"',
            Some('\\') => '\\',
            Some('0') => '\0',
            Some('a') => '\x07',
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\x0b',
            Some('x') => return self.hex_escape(text, start, 1, 4),
            Some('u') => return self.hex_escape(text, start, 4, 4),
            Some('U') => return self.hex_escape(text, start, 8, 8),
            other => {
                // A line break is not part of the escape: it ends the string.
                if let Some(c) = other.filter(|&c| is_newline(c)) {
                    self.at -= c.len_utf8();
                }
                let span = self.span_from(start);
                self.error("CS1009", "Unrecognized escape sequence", span);
                if let Some(c) = other.filter(|&c| !is_newline(c)) {
                    text.push(c);
                }
                return None;
            }
        };
        text.push(simple);
        u16::try_from(u32::from(simple)).ok()
    }

    fn hex_escape(&mut self, text: &mut Units, start: usize, least: usize, most: usize) -> Option<u16> {
        let digits = (0..most).take_while(|&ahead| self.byte(ahead).is_ascii_hexdigit()).count();
        let value = self.rest().get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        self.at += digits;
        let valid = value.filter(|&value| digits >= least && value <= 0x10_ffff);
        let Some(value) = valid else {
            let span = self.span_from(start);
            self.error("CS1009", "Unrecognized escape sequence", span);
            return None;
        };
        match u16::try_from(value) {
            Ok(unit) => {
                text.unit(unit);
                Some(unit)
            }
            Err(_) => {
                text.push(char::from_u32(value).unwrap_or('\u{fffd}'));
                None
            }
        }
    }

    /// Text of an interpolated string, up to a hole or its end.
    pub(super) fn interpolated_text(&mut self, string: Interpolation) {
        let start = self.at;
        let mut text = Units::default();
        let opens_hole = loop {
            let Some(c) = self.peek() else {
                self.unterminated(string);
                break None;
            };
            match (string.kind, c) {
                (Kind::Raw { quotes, .. }, '"') => {
                    let run = self.run(b'"');
                    let inner = if run >= quotes { run - quotes } else { run };
                    (0..inner).for_each(|_| text.push('"'));
                    self.at += inner;
                    if run >= quotes {
                        break Some(false);
                    }
                }
                (Kind::Raw { dollars, .. }, '{') => {
                    let run = self.run(b'{');
                    if run >= dollars {
                        (0..run - dollars).for_each(|_| text.push('{'));
                        self.at += run - dollars;
                        break Some(true);
                    }
                    (0..run).for_each(|_| text.push('{'));
                    self.at += run;
                }
                (Kind::Raw { .. }, _) => {
                    text.push(c);
                    self.bump();
                }
                (Kind::Verbatim, '"') if self.byte(1) == b'"' => {
                    text.push('"');
                    self.at += 2;
                }
                (_, '"') => break Some(false),
                (_, '{') if self.byte(1) == b'{' => {
                    text.push('{');
                    self.at += 2;
                }
                (_, '{') => break Some(true),
                (_, '}') => {
                    if self.byte(1) != b'}' {
                        let span = Span::from_usize(self.at, self.at + 1);
                        let message = "A '}' character must be escaped (by doubling) in an interpolated string.";
                        self.error("CS8086", message, span);
                        self.at += 1;
                    } else {
                        self.at += 2;
                    }
                    text.push('}');
                }
                (Kind::Regular, '\\') => {
                    self.escape(&mut text);
                }
                (Kind::Regular, _) if is_newline(c) => {
                    self.unterminated(string);
                    break None;
                }
                _ => {
                    text.push(c);
                    self.bump();
                }
            }
        };
        let text = text.finish();
        if !text.is_empty() {
            self.push_value(T::InterpolatedText, start, Value::Text(text, string.kind.form()));
        }
        let end = self.at;
        match opens_hole {
            Some(true) => {
                self.at += if let Kind::Raw { dollars, .. } = string.kind { dollars } else { 1 };
                self.push(T::HoleOpen, end);
                self.holes.push(Hole { braces: 0, others: 0, string });
            }
            Some(false) => {
                self.at += if let Kind::Raw { quotes, .. } = string.kind { quotes } else { 1 };
                self.end_interpolation(string, end);
            }
            None => self.end_interpolation(string, end),
        }
    }

    fn end_interpolation(&mut self, string: Interpolation, end: usize) {
        self.push(T::InterpolatedEnd, end);
        if !matches!(string.kind, Kind::Raw { .. }) {
            return;
        }
        // The texts that belong to this very string, not to one in its holes.
        let mut depth = 0_usize;
        let mut places = Vec::new();
        for token in self.list.get(string.first..).unwrap_or_default() {
            match token.kind {
                T::HoleOpen => depth += 1,
                T::HoleClose => depth = depth.saturating_sub(1),
                T::InterpolatedText if depth == 0 => places.push(token.value as usize),
                _ => {}
            }
        }
        let read = |value: Option<&Value>| match value {
            Some(Value::Text(text, _)) => String::from(&**text),
            _ => String::new(),
        };
        let mut texts: Vec<String> = places.iter().map(|&place| read(self.values.get(place))).collect();
        self.one_line(&texts, Span::from_usize(end.saturating_sub(1), end));
        dedent(&mut texts);
        for (place, text) in places.into_iter().zip(texts) {
            if let Some(value) = self.values.get_mut(place) {
                *value = Value::Text(text.into(), StringForm::Raw);
            }
        }
    }

    fn unterminated(&mut self, string: Interpolation) {
        let span = Span::from_usize(string.start, string.start + 1);
        match string.kind {
            Kind::Regular => self.error("CS1010", "Newline in constant", span),
            Kind::Verbatim => self.error("CS1039", "Unterminated string literal", span),
            Kind::Raw { .. } => self.error("CS8997", "Unterminated raw string literal.", span),
        }
    }

    /// `:format` of the innermost hole.
    pub(super) fn format_clause(&mut self) {
        let start = self.at;
        let Some(string) = self.holes.last().map(|hole| hole.string) else { return };
        self.at += 1;
        let mut text = Units::default();
        while let Some(c) = self.peek() {
            match c {
                '}' | '"' => break,
                '{' => {
                    let span = Span::from_usize(self.at, self.at + 1);
                    self.error(
                        "CS8087",
                        "A '{' character may only be escaped by doubling '{{' in an interpolated string.",
                        span,
                    );
                    text.push(c);
                    self.at += 1;
                }
                '\\' if matches!(string.kind, Kind::Regular) => {
                    self.escape(&mut text);
                }
                _ if is_newline(c) && matches!(string.kind, Kind::Regular) => break,
                _ => {
                    text.push(c);
                    self.bump();
                }
            }
        }
        self.push_value(T::HoleFormat, start, Value::Text(text.finish(), string.kind.form()));
        if self.byte(0) != b'}' {
            // No closing brace: the string is over, and so is the hole.
            self.error(
                "CS8076",
                "Missing close delimiter '}' for interpolated expression started with '{'.",
                Span::from_usize(start, start + 1),
            );
            let end = self.at;
            self.holes.pop();
            self.push(T::HoleClose, end);
            self.interpolated_text(string);
        }
    }

    pub(super) fn close_hole(&mut self) {
        let Some(hole) = self.holes.pop() else { return };
        let start = self.at;
        self.at += match hole.string.kind {
            Kind::Raw { dollars, .. } => dollars.min(self.run(b'}')),
            _ => 1,
        };
        self.push(T::HoleClose, start);
        self.interpolated_text(hole.string);
    }
}

/// Takes the first and the last line break and the indentation of the last line out of a raw string of several lines, given as
/// the texts between its holes.
fn dedent(parts: &mut [String]) {
    let Some(first) = parts.first() else { return };
    let Some((head, _)) = first.split_once('\n') else { return };
    if !head.trim().is_empty() {
        return;
    }
    let indent: String = match parts.last().and_then(|last| last.rsplit_once('\n')) {
        Some((_, tail)) if tail.trim().is_empty() => tail.to_owned(),
        _ => return,
    };
    let last = parts.len() - 1;
    for (index, part) in parts.iter_mut().enumerate() {
        let mut text = std::mem::take(part);
        if index == last
            && let Some(cut) = text.rfind('\n')
        {
            // A lone line break that is first and last at once is handled by the cut of the first line below.
            let keep = if index == 0 && text.matches('\n').count() == 1 { cut + 1 } else { cut };
            text.truncate(keep);
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if index == 0 {
            text = text.split_once('\n').map_or_else(String::new, |(_, rest)| format!("\n{rest}"));
            text = text.replace(&format!("\n{indent}"), "\n");
            text = text.strip_prefix('\n').map(String::from).unwrap_or_default();
        } else {
            text = text.replace(&format!("\n{indent}"), "\n");
        }
        *part = text;
    }
}
