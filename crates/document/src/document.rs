//! The tree of a document.

use apimite_diag::{Diagnostic, Severity, Source, Span};

use crate::Text;

/// A document as read: everything that stands in it, in order, and what was wrong.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text it was read from.
    pub source: Source,
    /// Everything on the top level: usually one element, with comments and white space around it.
    pub nodes: Vec<Node>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// The first element.
    pub fn root(&self) -> Option<&Element> {
        self.elements().next()
    }

    /// The first element, to be changed.
    pub fn root_mut(&mut self) -> Option<&mut Element> {
        self.nodes.iter_mut().find_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// All elements of the top level; a snippet may have several.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(Node::as_element)
    }

    /// Was anything wrong enough to refuse the document?
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// What may stand in an element or on the top level.
#[derive(Clone, Debug)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, white space included.
    Text(Text),
    /// `<![CDATA[…]]>`.
    CData(CData),
    /// `<!--…-->`.
    Comment(Comment),
    /// `<?…?>`.
    Instruction(Instruction),
}

impl Node {
    /// The element, if it is one.
    pub fn as_element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            _ => None,
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Element(element) => element.span,
            Self::Text(text) => text.span(),
            Self::CData(data) => data.span,
            Self::Comment(comment) => comment.span,
            Self::Instruction(instruction) => instruction.span,
        }
    }
}

/// `<![CDATA[…]]>`.
#[derive(Clone, Debug)]
pub struct CData {
    /// What stands inside.
    pub text: Text,
    /// Brackets included.
    pub span: Span,
}

/// `<!--…-->`.
#[derive(Clone, Debug)]
pub struct Comment {
    /// What stands inside.
    pub text: Box<str>,
    /// Brackets included.
    pub span: Span,
}

/// `<?target data?>`, the XML declaration too.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Its name: `xml`.
    pub target: Box<str>,
    /// What follows the name.
    pub data: Box<str>,
    /// Brackets included.
    pub span: Span,
}

/// An element.
#[derive(Clone, Debug)]
pub struct Element {
    /// The name as written, prefix included: `set-body`, `xsl:template`.
    pub name: Box<str>,
    /// Where the name stands in the start tag.
    pub name_span: Span,
    /// The attributes in order, namespace declarations included.
    pub attributes: Vec<Attribute>,
    /// What stands inside.
    pub children: Vec<Node>,
    /// Start tag to end tag.
    pub span: Span,
    /// The start tag.
    pub open_span: Span,
    /// The end tag; `None` when self-closing, and when it is missing (which has been reported).
    pub close_span: Option<Span>,
    /// `<a/>`.
    pub self_closing: bool,
}

impl Element {
    /// What stands before the colon.
    pub fn prefix(&self) -> Option<&str> {
        self.name.split_once(':').map(|(prefix, _)| prefix)
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(_, local)| local)
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }

    /// The value of the attribute of that name.
    pub fn attr(&self, name: &str) -> Option<&Text> {
        self.attribute(name).map(|attribute| &attribute.value)
    }

    /// The child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::as_element)
    }

    /// The first child element of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| &*element.name == name)
    }

    /// All text directly inside, CDATA included and comments left out, as one text with its places.
    pub fn text(&self) -> Text {
        let mut parts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text),
            Node::CData(data) => Some(&data.text),
            _ => None,
        });
        let Some(first) = parts.next() else {
            let at = self.close_span.map_or(self.open_span.end, |close| close.start);
            return Text::plain("", Span::new(at, at));
        };
        let mut whole = first.clone();
        for part in parts {
            whole.append(part);
        }
        whole
    }

    /// Does it hold text other than white space?
    pub fn has_text(&self) -> bool {
        self.children.iter().any(|node| match node {
            Node::Text(text) => !text.is_blank(),
            Node::CData(_) => true,
            _ => false,
        })
    }

    /// From the end of the start tag to the start of the end tag.
    pub fn inner_span(&self) -> Span {
        let start = self.open_span.end;
        let end = self.close_span.map_or(if self.self_closing { start } else { self.span.end }, |close| close.start);
        Span::new(start, end)
    }
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name as written, prefix included.
    pub name: Box<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The value, entities resolved.
    pub value: Text,
    /// Name to closing quote.
    pub span: Span,
    /// The quote around the value: `"` or `'`.
    pub quote: char,
}

/// How much is read, and whether a document or a snippet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest document, in bytes.
    pub size_bytes: usize,
    /// Deepest nesting of elements.
    pub depth: usize,
    /// One root, or several.
    pub mode: Mode,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One root element.
    Document,
    /// Any number of elements on the top level, text too.
    Snippet,
}

impl Limits {
    /// A policy document of every tier but Consumption: 256 KiB.
    ///
    /// Source: service limits of API Management.
    pub const CLASSIC: Self = Self { size_bytes: 256 * 1024, depth: 128, mode: Mode::Document };
    /// A policy document of the Consumption tier: 16 KiB.
    ///
    /// Source: service limits of API Management.
    pub const CONSUMPTION: Self = Self { size_bytes: 16 * 1024, ..Self::CLASSIC };
    /// A policy fragment: 512 KiB.
    ///
    /// Source: policy fragments page of API Management.
    pub const FRAGMENT: Self = Self { size_bytes: 512 * 1024, ..Self::CLASSIC };

    /// The same limits for several elements without a root.
    #[must_use]
    pub const fn snippet(self) -> Self {
        Self { mode: Mode::Snippet, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::CLASSIC
    }
}
