//! LINQ to XML: a mutable tree of elements, attributes and text, its parser and its writer.
//!
//! An [`XObject`] is a cheap handle on a node; handles keep the whole tree alive. A node that already has a parent is copied when
//! it is added elsewhere.

mod content;
mod converter;
mod doc;
mod errors;
mod json;
mod name;
mod object;
mod order;
mod parse;
mod scan;
mod values;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use content::Content;
pub use converter::{json_to_document, node_to_json};
pub use doc::{Declaration, DocumentType, NodeKind};
pub use json::{FromXml, IntoXml, json_to_xml, xml_to_json};
pub use name::{XML_NAMESPACE, XMLNS, XName};
pub use object::XObject;
pub use parse::{LoadOptions, parse_document, parse_element};
pub use values::{read_value, value_text};
pub use walk::{Axis, Walk};
