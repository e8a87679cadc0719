//! Tree to text.

use apimite_diag::Source;

use crate::{Document, Element, Node, Text};

/// How expressions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Expressions stand raw, as in `format=rawxml`.
    Raw,
    /// Everything is escaped, so that the text is XML, as in `format=xml`.
    Xml,
}

/// The document as it was read, byte for byte, with named values where they have been put in.
pub fn write(document: &Document) -> String {
    let mut patch = Patch { source: &document.source, out: String::new(), at: 0 };
    patch.nodes(&document.nodes);
    patch.copy_to(document.source.text().len());
    patch.out
}

/// What stands between the tags of an element, as written in the document, with named values where they have been put in.
pub fn inner_markup(source: &Source, element: &Element) -> String {
    let inner = element.inner_span().range();
    let mut patch = Patch { source, out: String::new(), at: inner.start };
    patch.nodes(&element.children);
    patch.copy_to(inner.end);
    patch.out
}

/// Copies the source, except where a text has changed.
struct Patch<'a> {
    source: &'a Source,
    out: String,
    at: usize,
}

impl Patch<'_> {
    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.source.text().get(self.at..end).unwrap_or(""));
        self.at = end;
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Element(element) => {
                    for attribute in &element.attributes {
                        self.text(&attribute.value, |value| escape(value, Style::Raw, Some(attribute.quote)));
                    }
                    self.nodes(&element.children);
                }
                Node::Text(text) => self.text(text, |value| escape(value, Style::Raw, None)),
                Node::CData(data) => self.text(&data.text, str::to_owned),
                Node::Comment(_) | Node::Instruction(_) => {}
            }
        }
    }

    fn text(&mut self, text: &Text, escape: impl Fn(&str) -> String) {
        if text.is_substituted() {
            self.copy_to(text.span().range().start);
            // An expression stands raw: it would be read as one again.
            let value = if text.starts_like_expression() { text.value().to_owned() } else { escape(text.value()) };
            self.out.push_str(&value);
            self.at = text.span().range().end;
        }
    }
}

/// The document in one of the two forms, white space and comments kept. Reading it gives the same tree.
pub fn write_styled(document: &Document, style: Style) -> String {
    let mut out = String::new();
    for node in &document.nodes {
        write_node(node, style, &mut out);
    }
    out
}

fn write_node(node: &Node, style: Style, out: &mut String) {
    match node {
        Node::Element(element) => {
            start_tag(element, style, out);
            if element.self_closing {
                return;
            }
            for child in &element.children {
                write_node(child, style, out);
            }
            end_tag(element, out);
        }
        Node::Text(text) => out.push_str(&text_value(text, style)),
        Node::CData(data) => {
            out.push_str("<![CDATA[");
            out.push_str(&data.text.value().replace("]]>", "]]]]><![CDATA[>"));
            out.push_str("]]>");
        }
        Node::Comment(comment) => {
            out.push_str("<!--");
            out.push_str(&comment.text);
            out.push_str("-->");
        }
        Node::Instruction(instruction) => {
            out.push_str("<?");
            out.push_str(&instruction.target);
            if !instruction.data.is_empty() {
                out.push(' ');
                out.push_str(&instruction.data);
            }
            out.push_str("?>");
        }
    }
}

/// An element with one line to an element, four spaces to a level; comments kept, white space between elements made anew.
pub fn pretty(element: &Element, style: Style) -> String {
    let mut out = String::new();
    pretty_element(element, style, 0, &mut out);
    out.push('\n');
    out
}

fn pretty_element(element: &Element, style: Style, depth: usize, out: &mut String) {
    start_tag(element, style, out);
    if element.self_closing {
        return;
    }
    if element.has_text() || is_empty(element) {
        element.children.iter().for_each(|child| write_node(child, style, out));
    } else {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str("    "));
        };
        for child in &element.children {
            match child {
                Node::Text(_) => {}
                Node::Element(child) => {
                    line(out, depth + 1);
                    pretty_element(child, style, depth + 1, out);
                }
                other => {
                    line(out, depth + 1);
                    write_node(other, style, out);
                }
            }
        }
        line(out, depth);
    }
    end_tag(element, out);
}

fn is_empty(element: &Element) -> bool {
    element.children.iter().all(|child| matches!(child, Node::Text(_)))
}

fn start_tag(element: &Element, style: Style, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for attribute in &element.attributes {
        out.push(' ');
        out.push_str(&attribute.name);
        out.push('=');
        out.push('"');
        let value = attribute.value.value();
        if style == Style::Raw && attribute.value.expression().is_some() {
            out.push_str(value);
        } else {
            out.push_str(&escape(value, style, Some('"')));
        }
        out.push('"');
    }
    out.push_str(if element.self_closing { " />" } else { ">" });
}

fn end_tag(element: &Element, out: &mut String) {
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

fn text_value(text: &Text, style: Style) -> String {
    if style == Style::Raw && text.expression().is_some() {
        return text.value().to_owned();
    }
    escape(text.value(), style, None)
}

/// Escapes a literal; `quote`: it stands in an attribute between these.
fn escape(value: &str, style: Style, quote: Option<char>) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if style == Style::Xml || quote.is_none() => out.push_str("&gt;"),
            '"' if quote == Some('"') => out.push_str("&quot;"),
            '\'' if quote == Some('\'') => out.push_str("&apos;"),
            '\n' if quote.is_some() => out.push_str("&#xA;"),
            '\t' if quote.is_some() => out.push_str("&#x9;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, read};

    fn document(text: &str) -> Document {
        let document = read(Source::new("p.xml", text), Limits::CLASSIC.snippet());
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        document
    }

    #[test]
    fn the_two_forms_say_the_same() {
        let raw = "<a c=\"@(x[\"k\"] < 1 && y)\" d=\"p &amp; q\"><!-- c --><b>@{ return \"<\"; }</b><e /></a>";
        let xml = "<a c=\"@(x[&quot;k&quot;] &lt; 1 &amp;&amp; y)\" d=\"p &amp; q\"><!-- c --><b>@{ return \"&lt;\"; }</b><e /></a>";
        assert_eq!(write_styled(&document(raw), Style::Xml), xml);
        assert_eq!(write_styled(&document(xml), Style::Raw), raw);
        assert_eq!(write_styled(&document(raw), Style::Raw), raw);
        assert_eq!(write_styled(&document(xml), Style::Xml), xml);
    }

    #[test]
    fn pretty_gives_each_element_its_line() {
        let read = document("<a><b x='1'/><c>t</c><d></d><!--e--></a>");
        assert_eq!(
            pretty(read.root().unwrap(), Style::Raw),
            "<a>\n    <b x=\"1\" />\n    <c>t</c>\n    <d></d>\n    <!--e-->\n</a>\n"
        );
    }

    #[test]
    fn named_values_are_written_where_they_stand() {
        let mut read = document("<a n='{{v}}'  m = \"x\" >\r\n{{v}}<![CDATA[{{v}}]]></a>");
        crate::substitute(&mut read, &|_| Some("a<'b".into()), &|_| true);
        assert_eq!(write(&read), "<a n='a&lt;&apos;b'  m = \"x\" >\na&lt;'b<![CDATA[a<'b]]></a>");
        assert_eq!(inner_markup(&read.source, read.root().unwrap()), "\na&lt;'b<![CDATA[a<'b]]>");
    }
}
