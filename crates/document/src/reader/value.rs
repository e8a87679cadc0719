//! Values of attributes and text of elements: islands cut out, entities resolved.

use apimite_diag::{Diagnostic, Span};

use super::tag::{is_space, starts_name};
use super::{Reader, VAIN_SCANS};
use crate::island::{self, Language, Opening, Unclosed, Unterminated, View};
use crate::text::Piece;
use crate::{Element, Form, Node, Text};

/// How line breaks and references in a range are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Literal attribute value: line breaks become spaces.
    Literal,
    /// Text, or an expression in an attribute: line breaks become `\n`.
    Text,
    /// An expression with strings in raw quotes and with `&quot;`, which inside such a string is part of it.
    RawStrings,
    /// An expression in which references are no references, or CDATA.
    Verbatim,
}

impl Reader<'_> {
    /// The value of an attribute; the reader stands behind the opening quote.
    pub(super) fn attribute_value(&mut self, element: &Element, name: &str, quote: u8) -> Text {
        let start = self.at;
        let lead = self.rest().len() - self.rest().trim_start().len();
        let opening = island::opening(self.text, start + lead);
        if let Some(opening) = opening.filter(|_| self.vain_scans < VAIN_SCANS) {
            let mut failure = None;
            for view in [View::Decoded, View::Raw] {
                match island::close(self.text, opening, view) {
                    Ok(end) => {
                        if let Some(quote_at) = self.quote_behind(end, quote) {
                            self.at = quote_at + 1;
                            let kind = self.island_kind(opening, end, view);
                            return self.value(start, quote_at, kind, element);
                        }
                    }
                    Err(unclosed) => failure = failure.or(Some(unclosed)),
                }
            }
            self.vain_scans += 1;
            return self.broken_island(element, name, opening, failure, quote);
        }
        let end = self.closing_quote(start, quote);
        self.finish_attribute(element, name, start, end)
    }

    /// The closing quote that may follow an island: white space before it, and a tag that goes on behind it.
    fn quote_behind(&self, end: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = end;
        while bytes.get(at).is_some_and(|&b| is_space(b)) {
            at += 1;
        }
        let is_quote = bytes.get(at) == Some(&quote);
        let next = bytes.get(at + 1).copied();
        (is_quote && next.is_none_or(|b| is_space(b) || matches!(b, b'/' | b'>' | b'?'))).then_some(at)
    }

    /// How the references in an island that ends at `end` in this view are read.
    fn island_kind(&self, opening: Opening, end: usize, view: View) -> Kind {
        let code = self.slice(opening.bracket, end);
        let has_both = code.contains("&quot;") && code.contains('"');
        match view {
            View::Raw => Kind::Verbatim,
            View::Decoded if has_both && island::close(self.text, opening, View::Raw) == Ok(end) => Kind::RawStrings,
            View::Decoded => Kind::Text,
        }
    }

    /// The quote that ends a literal value; an expression in the middle that holds such quotes is passed over.
    fn closing_quote(&mut self, start: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            if byte == quote {
                return Some(at);
            }
            at = self.behind_island(at, byte).unwrap_or(at + 1);
        }
        None
    }

    /// The end of an island that starts in the middle of a text, when it has one.
    fn behind_island(&mut self, at: usize, byte: u8) -> Option<usize> {
        if byte != b'@' || self.vain_scans >= VAIN_SCANS {
            return None;
        }
        let opening = island::opening(self.text, at)?;
        let end = island::close(self.text, opening, View::Decoded).ok();
        if end.is_none() {
            self.vain_scans += 1;
        }
        end
    }

    fn finish_attribute(&mut self, element: &Element, name: &str, start: usize, end: Option<usize>) -> Text {
        let Some(end) = end else {
            self.at = self.text.len();
            let message = format!("the value of the attribute `{name}` has no closing quote");
            self.tag_mistake(element, "document::unclosed", message, Span::from_usize(start.saturating_sub(1), start));
            return Text::plain(self.slice(start, self.text.len()), self.span_from(start));
        };
        self.at = end + 1;
        if let Some(offset) = self.slice(start, end).find('<') {
            let at = start + offset;
            let in_expression = self.slice(start, at).contains("@(") || self.slice(start, at).contains("@{");
            if !in_expression {
                let message = "'<', hexadecimal value 0x3C, is an invalid attribute character.".to_owned();
                self.tag_mistake(element, "document::attribute", message, Span::from_usize(at, at + 1));
            }
        }
        self.value(start, end, Kind::Literal, element)
    }

    /// An expression that does not end where the value does: says so and goes on at the quote that seems to end the value.
    fn broken_island(
        &mut self,
        element: &Element,
        name: &str,
        opening: Opening,
        failure: Option<Unclosed>,
        quote: u8,
    ) -> Text {
        let start = self.at;
        let end = self.likely_quote(start, quote);
        let unclosed = failure.filter(|failure| end.is_none_or(|end| failure.at <= end));
        let (diagnostic, place) = match unclosed {
            Some(unclosed) => (unclosed_island(opening, unclosed), unclosed.at),
            None => match island::close(self.text, opening, View::Decoded) {
                Ok(close) if end.is_none_or(|end| close <= end) => (text_behind_expression(), close),
                _ => {
                    let at = opening.bracket;
                    (unclosed_island(opening, Unclosed { what: Unterminated::Island, at }), at)
                }
            },
        };
        let diagnostic = diagnostic.element(element.name.clone());
        self.report(diagnostic, Span::from_usize(place, place + 1));
        let before = self.diagnostics.len();
        let text = self.finish_attribute(element, name, start, end);
        // What else seems wrong in the value follows from that.
        self.diagnostics.truncate(before);
        Text { value: self.slice(start, end.unwrap_or(self.text.len())).to_owned(), pieces: Vec::new(), ..text }
    }

    /// The first quote that a tag could go on behind.
    fn likely_quote(&self, start: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut first = None;
        for (offset, &byte) in bytes.get(start..)?.iter().enumerate().take(64 * 1024) {
            if byte != quote {
                continue;
            }
            let at = start + offset;
            first = first.or(Some(at));
            let rest = self.text.get(at + 1..)?;
            let trimmed = rest.trim_start();
            let goes_on = trimmed.starts_with("/>")
                || trimmed.starts_with('>')
                || (trimmed.len() < rest.len()
                    && trimmed.starts_with(starts_name)
                    && trimmed.find(['=', '"', '<', '>']).is_some_and(|i| trimmed.as_bytes().get(i) == Some(&b'=')));
            if goes_on {
                return Some(at);
            }
        }
        first
    }

    /// Text up to the next tag.
    pub(super) fn text_node(&mut self) {
        let start = self.at;
        let lead = self.rest().len() - self.rest().trim_start().len();
        let opening = island::opening(self.text, start + lead).filter(|_| self.vain_scans < VAIN_SCANS);
        if let Some(opening) = opening {
            if let Some((end, kind)) = self.text_island(opening) {
                self.at = end;
                return self.push_text(start, kind);
            }
            if self.open.last().is_some() {
                return self.broken_text_island(start, opening);
            }
        }
        // The first character may be a `<` that starts no tag.
        let mut at = start + self.rest().chars().next().map_or(1, char::len_utf8);
        if self.byte(0) == b'@' {
            at = self.behind_island(start, b'@').unwrap_or(at);
        }
        while let Some(&byte) = self.text.as_bytes().get(at) {
            if byte == b'<' {
                break;
            }
            at = self.behind_island(at, byte).unwrap_or(at + 1);
        }
        self.at = at;
        self.push_text(start, Kind::Text);
    }

    /// The end of the text that is one island, with the white space behind it.
    fn text_island(&mut self, opening: Opening) -> Option<(usize, Kind)> {
        for view in [View::Decoded, View::Raw] {
            let Ok(end) = island::close(self.text, opening, view) else { continue };
            let rest = self.text.get(end..).unwrap_or("");
            let trimmed = rest.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('<') {
                let kind = self.island_kind(opening, end, view);
                return Some((self.text.len() - trimmed.len(), kind));
            }
        }
        None
    }

    /// An expression without end, or with text behind it: says so and goes on at the end tag.
    fn broken_text_island(&mut self, start: usize, opening: Opening) {
        self.vain_scans += 1;
        let name = self.open.last().map_or_else(String::new, |element| element.name.to_string());
        let end_tag = format!("</{name}");
        let end = self.text.get(opening.bracket..).and_then(|rest| rest.find(&end_tag)).map(|i| opening.bracket + i);
        let end = end.unwrap_or_else(|| {
            self.text
                .get(opening.bracket..)
                .and_then(|rest| rest.find('<'))
                .map_or(self.text.len(), |i| opening.bracket + i)
        });
        match island::close(self.text, opening, View::Decoded) {
            Ok(close) if close <= end => self.report(text_behind_expression(), Span::from_usize(close, close + 1)),
            Err(unclosed) if unclosed.at < end => {
                self.report(unclosed_island(opening, unclosed), Span::from_usize(unclosed.at, unclosed.at + 1));
            }
            _ => {
                let at = opening.bracket;
                let diagnostic = unclosed_island(opening, Unclosed { what: Unterminated::Island, at });
                self.report(diagnostic, Span::from_usize(at, at + 1));
            }
        }
        self.at = end;
        let text = Text::plain(self.slice(start, end), self.span_from(start));
        self.push(Node::Text(text));
    }

    fn push_text(&mut self, start: usize, kind: Kind) {
        let end = self.at;
        let text = match self.open.pop() {
            Some(element) => {
                let text = self.value(start, end, kind, &element);
                self.open.push(element);
                text
            }
            None => self.build(start, end, kind).0,
        };
        self.push(Node::Text(text));
    }

    /// CDATA: no references, line breaks made one.
    pub(super) fn verbatim_text(&mut self, start: usize, end: usize) -> Text {
        self.build(start, end, Kind::Verbatim).0
    }

    /// The value of a range of the source; references that mean nothing are reported outside expressions.
    fn value(&mut self, start: usize, end: usize, kind: Kind, element: &Element) -> Text {
        let (text, unknown) = self.build(start, end, kind);
        if !text.starts_like_expression() && !self.slice(start, end).contains("@(") {
            for (at, name) in unknown.into_iter().take(8) {
                let (diagnostic, length) = match name {
                    Some(name) => {
                        let message = format!("Reference to undeclared entity '{name}'.");
                        (Diagnostic::new("document::entity", message), name.len() + 2)
                    }
                    None => (
                        Diagnostic::new("document::ampersand", "a bare `&` stands in the text")
                            .warning()
                            .help("write `&amp;`"),
                        1,
                    ),
                };
                self.report(diagnostic.element(element.name.clone()), Span::from_usize(at, at + length));
            }
        }
        text
    }

    /// Resolves references and line breaks; also gives the references that mean nothing, with their name.
    fn build(&self, start: usize, end: usize, kind: Kind) -> (Text, Vec<(usize, Option<String>)>) {
        let raw = self.slice(start, end);
        let span = Span::from_usize(start, end);
        let is_special = |byte: u8| match byte {
            b'&' => kind != Kind::Verbatim,
            b'\r' => true,
            b'\n' | b'\t' => kind == Kind::Literal,
            _ => false,
        };
        if !raw.bytes().any(is_special) {
            return (Text::plain(raw, span), Vec::new());
        }
        let mut value = String::with_capacity(raw.len());
        let mut pieces: Vec<Piece> = Vec::new();
        let mut unknown = Vec::new();
        let mut at = 0;
        // Raw quotes so far, escaped ones aside: an odd number is the inside of a string.
        let mut in_string = false;
        while at < raw.len() {
            let rest = raw.get(at..).unwrap_or("");
            let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
            if plain > 0 {
                if kind == Kind::RawStrings {
                    let run = rest.get(..plain).unwrap_or("");
                    let quotes = run.matches('"').count() - run.matches("\\\"").count();
                    in_string ^= quotes % 2 == 1;
                }
                value.push_str(rest.get(..plain).unwrap_or(""));
                add_piece(&mut pieces, value.len(), start + at, plain, true);
                at += plain;
                continue;
            }
            let (replacement, length) = match rest.as_bytes().first() {
                Some(b'&') => match reference(rest) {
                    Reference::Char('"', _) if kind == Kind::RawStrings && in_string => ('&', 1),
                    Reference::Char(c, length) => (c, length),
                    Reference::Unknown(name) => {
                        unknown.push((start + at, name));
                        ('&', 1)
                    }
                },
                Some(b'\r') => {
                    let length = if rest.as_bytes().get(1) == Some(&b'\n') { 2 } else { 1 };
                    (if kind == Kind::Literal { ' ' } else { '\n' }, length)
                }
                _ => (' ', 1),
            };
            value.push(replacement);
            add_piece(&mut pieces, value.len(), start + at, length, length == replacement.len_utf8());
            at += length;
        }
        (Text { value, span, pieces, is_substituted: false }, unknown)
    }
}

/// Adds a run to the pieces, or makes the last one longer.
fn add_piece(pieces: &mut Vec<Piece>, value_end: usize, source: usize, length: usize, is_same: bool) {
    let value_end = Span::from_usize(value_end, 0).start;
    let source = Span::from_usize(source, source + length);
    match pieces.last_mut() {
        Some(last) if is_same && last.is_same && last.source.end == source.start => {
            last.value_end = value_end;
            last.source.end = source.end;
        }
        _ => pieces.push(Piece { value_end, source, is_same }),
    }
}

enum Reference {
    /// The character and the length of the reference in bytes.
    Char(char, usize),
    /// Not one that is known; its name, if it has the form of a reference.
    Unknown(Option<String>),
}

/// The reference a text starts with.
fn reference(text: &str) -> Reference {
    let body = text.get(1..).unwrap_or("");
    let length = body.bytes().take(12).position(|b| b == b';');
    let Some(name) = length.and_then(|length| body.get(..length)) else { return Reference::Unknown(None) };
    let found = match name {
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        _ => name
            .strip_prefix('#')
            .and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            })
            .and_then(char::from_u32)
            .filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r')),
    };
    match found {
        Some(c) => Reference::Char(c, name.len() + 2),
        None => {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '#');
            Reference::Unknown(is_name.then(|| name.to_owned()))
        }
    }
}

fn text_behind_expression() -> Diagnostic {
    Diagnostic::new(
        "document::text_behind_expression",
        "text stands behind the expression, so the value is no expression",
    )
    .warning()
    .help("an expression is the whole value: put the text into it, as in `@(a + \"text\")`")
}

/// The refusal of an island without end, in the words of the scanner Azure uses.
///
/// Source: messages quoted in reports of refused policies, for example devops-resource-kit issue 350.
fn unclosed_island(opening: Opening, unclosed: Unclosed) -> Diagnostic {
    let message = match unclosed.what {
        Unterminated::String => {
            "Unterminated string literal.  Strings that start with a quotation mark (\") must be terminated before the end of \
             the line.  However, strings that start with @ and a quotation mark (@\") can span multiple lines."
                .to_owned()
        }
        Unterminated::LongString => "Unterminated string literal.".to_owned(),
        Unterminated::Character => "Unterminated character literal.".to_owned(),
        Unterminated::Comment => "End of file was reached before the end of the block comment.  All comments started with \
                                  \"/*\" sequence must be terminated with a matching \"*/\" sequence."
            .to_owned(),
        Unterminated::Island => {
            let (what, open, close) = match opening.form {
                Form::Expression => ("explicit expression", '(', ')'),
                Form::Block => ("code", '{', '}'),
            };
            format!(
                "The {what} block is missing a closing \"{close}\" character.  Make sure you have a matching \"{close}\" \
                 character for all the \"{open}\" characters within this block, and that none of the \"{close}\" characters \
                 are being interpreted as markup."
            )
        }
    };
    let language = match opening.language {
        Language::CSharp => "csharp",
        Language::Rhai => "rhai",
    };
    Diagnostic::new(format!("document::unclosed_{language}"), message)
        .help("look for a missing quote or bracket between here and the start of the expression")
}
