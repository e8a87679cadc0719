//! Start and end tags.

use std::collections::HashSet;

use apimite_diag::{Diagnostic, Span};

use super::Reader;
use crate::{Attribute, Element, Node, Text};

/// May a name start with it?
pub(super) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == ':'
}

fn goes_on_name(c: char) -> bool {
    starts_name(c) || c.is_alphanumeric() || matches!(c, '-' | '.' | '\u{b7}')
}

/// White space as XML knows it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while is_space(self.byte(0)) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Span {
        let start = self.at;
        let length: usize = self.rest().chars().take_while(|&c| goes_on_name(c)).map(char::len_utf8).sum();
        self.at += length;
        self.span_from(start)
    }

    pub(super) fn start_tag(&mut self) {
        let start = self.at;
        self.at += 1;
        let name_span = self.name();
        let name: Box<str> = self.slice(start + 1, self.at).into();
        let mut element = Element {
            name,
            name_span,
            attributes: Vec::new(),
            children: Vec::new(),
            span: name_span,
            open_span: name_span,
            close_span: None,
            self_closing: false,
        };
        loop {
            self.skip_space();
            match self.byte(0) {
                b'>' => {
                    self.at += 1;
                    break;
                }
                b'/' if self.byte(1) == b'>' => {
                    self.at += 2;
                    element.self_closing = true;
                    break;
                }
                0 if self.at >= self.text.len() => {
                    let message =
                        format!("Unexpected end of file has occurred in the start tag of '{}'.", element.name);
                    self.tag_mistake(&element, "document::unclosed", message, Span::from_usize(start, start + 1));
                    break;
                }
                b'<' => {
                    // A tag that was not closed; the next one starts here.
                    let message = "'<' is an unexpected token. The expected token is '>'.".to_owned();
                    self.tag_mistake(&element, "document::tag", message, Span::from_usize(self.at, self.at + 1));
                    break;
                }
                _ => self.attribute(&mut element),
            }
        }
        element.open_span = self.span_from(start);
        element.span = element.open_span;
        self.check_duplicates(&element);
        if element.self_closing {
            self.push(Node::Element(element));
        } else if self.open.len() >= self.limits.depth {
            let message = format!("elements are nested deeper than {}", self.limits.depth);
            self.tag_mistake(&element, "document::depth", message, name_span);
            self.push(Node::Element(element));
            self.at = self.text.len();
        } else {
            self.open.push(element);
        }
    }

    pub(super) fn tag_mistake(&mut self, element: &Element, code: &'static str, message: String, span: Span) {
        self.report(Diagnostic::new(code, message).element(element.name.clone()), span);
    }

    fn attribute(&mut self, element: &mut Element) {
        let start = self.at;
        if !self.rest().chars().next().is_some_and(starts_name) {
            let c = self.rest().chars().next().unwrap_or(' ');
            let message =
                format!("Name cannot begin with the '{c}' character, hexadecimal value 0x{:02X}.", u32::from(c));
            self.at += c.len_utf8();
            // One report for a run of them.
            while self.at < self.text.len()
                && !is_space(self.byte(0))
                && !matches!(self.byte(0), b'>' | b'/' | b'<')
                && !self.rest().chars().next().is_some_and(starts_name)
            {
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
            let span = self.span_from(start);
            self.tag_mistake(element, "document::name", message, span);
            return;
        }
        let name_span = self.name();
        let name: Box<str> = self.slice(start, self.at).into();
        let after_name = self.at;
        self.skip_space();
        if self.byte(0) != b'=' {
            let found = self.rest().chars().next().unwrap_or(' ');
            let message = format!("'{found}' is an unexpected token. The expected token is '='.");
            self.at = after_name;
            self.tag_mistake(element, "document::attribute", message, name_span);
            let value = Text::plain("", Span::from_usize(after_name, after_name));
            let span = self.span_from(start);
            element.attributes.push(Attribute { name, name_span, value, span, quote: '"' });
            return;
        }
        self.at += 1;
        self.skip_space();
        let quote = self.byte(0);
        let value = if matches!(quote, b'"' | b'\'') {
            self.at += 1;
            self.attribute_value(element, &name, quote)
        } else {
            self.unquoted_value(element)
        };
        let span = self.span_from(start);
        let quote = if quote == b'\'' { '\'' } else { '"' };
        element.attributes.push(Attribute { name, name_span, value, span, quote });
    }

    fn unquoted_value(&mut self, element: &Element) -> Text {
        let start = self.at;
        let length = self.rest().find(|c: char| c.is_whitespace() || c == '>' || c == '<').unwrap_or(self.rest().len());
        self.at += length;
        if self.slice(start, self.at).ends_with('/') && self.byte(0) == b'>' {
            self.at -= 1;
        }
        let span = self.span_from(start);
        let found = self.slice(start, self.at).chars().next().unwrap_or(' ');
        let message = format!("'{found}' is an unexpected token. The expected token is '\"' or '''.");
        self.tag_mistake(element, "document::attribute", message, span);
        Text::plain(self.slice(start, self.at), span)
    }

    fn check_duplicates(&mut self, element: &Element) {
        let mut seen = HashSet::new();
        for attribute in &element.attributes {
            if !seen.insert(&*attribute.name) {
                let message = format!("'{}' is a duplicate attribute name.", attribute.name);
                self.tag_mistake(element, "document::duplicate_attribute", message, attribute.name_span);
            }
        }
    }

    pub(super) fn end_tag(&mut self) {
        let start = self.at;
        self.at += 2;
        let name_span = self.name();
        let name: Box<str> = self.slice(start + 2, self.at).into();
        self.skip_space();
        if self.byte(0) == b'>' {
            self.at += 1;
        } else {
            let message = format!("the end tag of '{name}' has no '>'");
            let span = self.span_from(start);
            self.report(Diagnostic::new("document::tag", message), span);
            let next = self.rest().find(['<', '>']).unwrap_or(self.rest().len());
            self.at += next;
            if self.byte(0) == b'>' {
                self.at += 1;
            }
        }
        let span = self.span_from(start);
        let Some(depth) = self.open.iter().rposition(|element| element.name == name) else {
            return self.stray_end_tag(&name, name_span, span);
        };
        while self.open.len() > depth + 1 {
            self.mismatch(&name, name_span);
            let Some(unclosed) = self.open.pop() else { break };
            self.close(unclosed, None);
        }
        if let Some(element) = self.open.pop() {
            self.close(element, Some(span));
        }
    }

    fn stray_end_tag(&mut self, name: &str, name_span: Span, span: Span) {
        if self.open.is_empty() {
            let message = format!("Unexpected end tag '{name}'.");
            self.report(Diagnostic::new("document::end_tag", message), name_span);
        } else {
            self.mismatch(name, name_span);
        }
        // Kept as text, so that nothing is lost in writing.
        let text = Text::plain(self.slice(span.range().start, span.range().end), span);
        self.push(Node::Text(Text { value: String::new(), ..text }));
    }

    /// The innermost open element is not the one that ends here.
    fn mismatch(&mut self, end: &str, at: Span) {
        let Some(start) = self.open.last() else { return };
        let place = self.source.position(start.name_span.start);
        let message = format!(
            "The '{}' start tag on line {} position {} does not match the end tag of '{end}'.",
            start.name, place.line, place.column
        );
        self.report(Diagnostic::new("document::end_tag", message), at);
    }
}
