//! System.Xml.Linq: elements, attributes, names, documents.

mod content;
mod element;
mod extensions;
mod name;
mod node;
mod object;
mod sequence;

use crate::library::typedef::{TypeDef, enumeration};

pub use object::{Node, node_value};

/// `System.Xml.XmlNodeType`
pub static NODE_TYPE: TypeDef = enumeration(
    "System.Xml.XmlNodeType",
    &[
        ("None", 0),
        ("Element", 1),
        ("Attribute", 2),
        ("Text", 3),
        ("CDATA", 4),
        ("EntityReference", 5),
        ("Entity", 6),
        ("ProcessingInstruction", 7),
        ("Comment", 8),
        ("Document", 9),
        ("DocumentType", 10),
        ("DocumentFragment", 11),
        ("Notation", 12),
        ("Whitespace", 13),
        ("SignificantWhitespace", 14),
        ("EndElement", 15),
        ("EndEntity", 16),
        ("XmlDeclaration", 17),
    ],
)
.def();

/// `System.Xml.Linq.SaveOptions`
static SAVE_OPTIONS: TypeDef = enumeration(
    "System.Xml.Linq.SaveOptions",
    &[("None", 0), ("DisableFormatting", 1), ("OmitDuplicateNamespaces", 2)],
)
.flags()
.unlisted()
.def();

/// `System.Xml.Linq.LoadOptions`
static LOAD_OPTIONS: TypeDef = enumeration(
    "System.Xml.Linq.LoadOptions",
    &[("None", 0), ("PreserveWhitespace", 1), ("SetBaseUri", 2), ("SetLineInfo", 4)],
)
.flags()
.unlisted()
.def();

pub(crate) static TYPES: &[&TypeDef] = &[
    &NODE_TYPE,
    &SAVE_OPTIONS,
    &LOAD_OPTIONS,
    &name::XNAME,
    &name::XNAMESPACE,
    &node::XOBJECT,
    &node::XNODE,
    &node::XTEXT,
    &node::XCDATA,
    &node::XCOMMENT,
    &node::XPROCESSING_INSTRUCTION,
    &node::XDOCUMENT_TYPE,
    &node::XDECLARATION,
    &node::XATTRIBUTE,
    &node::ORDER_COMPARER,
    &node::EQUALITY_COMPARER,
    &element::XCONTAINER,
    &element::XELEMENT,
    &element::XDOCUMENT,
    &extensions::EXTENSIONS,
];
