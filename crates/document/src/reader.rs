//! Text to tree. Iterative, so that no nesting can exhaust the stack; linear, because what was scanned in vain is bounded.

mod tag;
#[cfg(test)]
mod tests;
mod value;

use apimite_diag::{Diagnostic, Source, Span};

use crate::{CData, Comment, Document, Element, Instruction, Limits, Mode, Node, Text};

/// Islands without end that are looked for to the end of the document; after that many the rest is read as plain text.
const VAIN_SCANS: usize = 24;
/// Mistakes reported for one document.
const MOST_DIAGNOSTICS: usize = 200;

/// Reads a document; what is wrong stands in its diagnostics.
pub fn read(source: Source, limits: Limits) -> Document {
    let text = source.text().to_owned();
    let mut reader = Reader {
        source: &source,
        text: &text,
        at: 0,
        limits,
        diagnostics: Vec::new(),
        open: Vec::new(),
        top: Vec::new(),
        vain_scans: 0,
    };
    reader.document();
    let Reader { diagnostics, top, .. } = reader;
    Document { nodes: top, diagnostics, source }
}

struct Reader<'a> {
    source: &'a Source,
    text: &'a str,
    at: usize,
    limits: Limits,
    diagnostics: Vec<Diagnostic>,
    /// Elements whose end tag is still to come, outermost first.
    open: Vec<Element>,
    top: Vec<Node>,
    vain_scans: usize,
}

impl Reader<'_> {
    fn document(&mut self) {
        if self.text.len() > self.limits.size_bytes {
            let message =
                format!("the document has {} bytes, more than the {} allowed", self.text.len(), self.limits.size_bytes);
            let diagnostic = Diagnostic::new("document::size", message)
                .at(self.source, Span::new(0, 0))
                .help("move parts of it into policy fragments");
            self.diagnostics.push(diagnostic);
            return;
        }
        if self.rest().starts_with('\u{feff}') {
            self.at += '\u{feff}'.len_utf8();
        }
        while self.at < self.text.len() {
            self.node();
        }
        self.end();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn span_from(&self, start: usize) -> Span {
        Span::from_usize(start, self.at)
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or("")
    }

    fn report(&mut self, diagnostic: Diagnostic, span: Span) {
        if self.diagnostics.len() >= MOST_DIAGNOSTICS {
            return;
        }
        let mut diagnostic = diagnostic.at(self.source, span);
        if diagnostic.element.is_none() {
            diagnostic.element = self.open.last().map(|element| element.name.clone());
        }
        self.diagnostics.push(diagnostic);
    }

    fn push(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.top.push(node),
        }
    }

    fn node(&mut self) {
        let rest = self.rest();
        if !rest.starts_with('<') {
            return self.text_node();
        }
        if rest.starts_with("<!--") {
            self.comment();
        } else if rest.starts_with("<![CDATA[") {
            self.cdata();
        } else if rest.starts_with("<!") {
            self.doctype();
        } else if rest.starts_with("<?") {
            self.instruction();
        } else if rest.starts_with("</") {
            self.end_tag();
        } else if rest.chars().nth(1).is_some_and(tag::starts_name) {
            self.start_tag();
        } else {
            let span = Span::from_usize(self.at, self.at + 1);
            let diagnostic =
                Diagnostic::new("document::stray_less_than", "a `<` that starts no tag stands in the text")
                    .help("write `&lt;`, or put the text into an expression");
            self.report(diagnostic, span);
            self.text_node();
        }
    }

    /// The end of a construct that ends with `closer`; the end of the text, reported, when it does not.
    fn until(&mut self, skip: usize, closer: &str, what: &str) -> usize {
        let start = self.at;
        let found = self.text.get(start + skip..).and_then(|rest| rest.find(closer));
        match found {
            Some(offset) => {
                self.at = start + skip + offset + closer.len();
                start + skip + offset
            }
            None => {
                self.at = self.text.len();
                let message = format!("Unexpected end of file while parsing {what} has occurred.");
                let span = Span::from_usize(start, start + skip.min(self.text.len() - start));
                self.report(Diagnostic::new("document::unclosed", message), span);
                self.text.len()
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        let end = self.until(4, "-->", "Comment");
        let span = self.span_from(start);
        let text: Box<str> = self.slice((start + 4).min(end), end).into();
        if text.contains("--") || text.ends_with('-') {
            let message = "An XML comment cannot contain '--', and '-' cannot be the last character.";
            self.report(Diagnostic::new("document::comment", message).warning(), span);
        }
        self.push(Node::Comment(Comment { text, span }));
    }

    fn cdata(&mut self) {
        let start = self.at;
        let inner = start + 9;
        let end = self.until(9, "]]>", "CDATA");
        let span = self.span_from(start);
        let text = self.verbatim_text(inner.min(end), end);
        self.push(Node::CData(CData { text, span }));
    }

    fn instruction(&mut self) {
        let start = self.at;
        let end = self.until(2, "?>", "PI");
        let span = self.span_from(start);
        let body = self.slice((start + 2).min(end), end);
        let cut = body.find(char::is_whitespace).unwrap_or(body.len());
        let (target, data) = body.split_at_checked(cut).unwrap_or((body, ""));
        let (target, data) = (Box::from(target), Box::from(data.trim_start()));
        self.push(Node::Instruction(Instruction { target, data, span }));
    }

    fn doctype(&mut self) {
        let start = self.at;
        let mut brackets = 0_usize;
        let mut end = self.text.len();
        for (offset, byte) in self.rest().bytes().enumerate() {
            match byte {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b'>' if brackets == 0 => {
                    end = start + offset + 1;
                    break;
                }
                _ => {}
            }
        }
        self.at = end;
        let span = self.span_from(start);
        let diagnostic =
            Diagnostic::new("document::doctype", "For security reasons DTD is prohibited in this XML document.")
                .help("take the document type declaration out");
        self.report(diagnostic, span);
        // It stays in the tree as text, so that nothing is lost in writing.
        self.push(Node::Text(Text::plain("", span)));
    }

    /// The text is over: closes what is open and looks at the top level.
    fn end(&mut self) {
        if !self.open.is_empty() {
            let names: Vec<&str> = self.open.iter().rev().take(16).map(|element| &*element.name).collect();
            let message = format!(
                "Unexpected end of file has occurred. The following elements are not closed: {}.",
                names.join(", ")
            );
            let span = self.open.last().map_or(Span::default(), |element| element.open_span);
            self.report(Diagnostic::new("document::unclosed", message), span);
        }
        while let Some(element) = self.open.pop() {
            self.close(element, None);
        }
        if self.limits.mode == Mode::Document {
            self.check_top_level();
        }
    }

    /// Puts a finished element into its parent; `close_span`: its end tag.
    fn close(&mut self, mut element: Element, close_span: Option<Span>) {
        element.close_span = close_span;
        let end = match close_span {
            Some(span) => span.end,
            None => element.children.last().map_or(element.open_span.end, |child| child.span().end),
        };
        element.span = Span::new(element.open_span.start, end);
        self.push(Node::Element(element));
    }

    fn check_top_level(&mut self) {
        let mut roots = 0;
        let mut mistakes = Vec::new();
        for node in &self.top {
            match node {
                Node::Element(element) => {
                    roots += 1;
                    if roots == 2 {
                        mistakes.push(("document::roots", "There are multiple root elements.", element.open_span));
                    }
                }
                Node::Text(text) if !text.is_blank() && roots == 0 => {
                    mistakes.push(("document::outside", "Data at the root level is invalid.", text.span()));
                }
                Node::Text(text) if !text.is_blank() => {
                    mistakes.push(("document::outside", "Text stands behind the root element.", text.span()));
                }
                Node::CData(data) => {
                    mistakes.push(("document::outside", "Data at the root level is invalid.", data.span));
                }
                _ => {}
            }
        }
        if roots == 0 && self.diagnostics.is_empty() && mistakes.is_empty() {
            mistakes.push(("document::empty", "Root element is missing.", Span::new(0, 0)));
        }
        for (code, message, span) in mistakes.into_iter().take(16) {
            self.report(Diagnostic::new(code, message), span);
        }
    }
}
