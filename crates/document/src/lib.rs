//! Policy documents: a lossless reader and a writer.
//!
//! A policy document looks like XML and is not: C# stands raw in attributes and text, with quotes, `<` and `&&`. The reader
//! finds these islands first, with a scanner that knows strings, characters, comments and nesting, and reads XML around them.
//! It never fails: it gives what it could read and says what was wrong.

mod document;
mod encoding;
mod island;
mod named_value;
mod reader;
mod text;
mod write;

pub use document::{Attribute, CData, Comment, Document, Element, Instruction, Limits, Mode, Node};
pub use encoding::read_bytes;
pub use island::{Form, Island, Language};
pub use named_value::{Reference, in_liquid_template, substitute};
pub use reader::read;
pub use text::Text;
pub use write::{Style, inner_markup, pretty, write, write_styled};
