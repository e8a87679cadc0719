//! XML nodes and what can be done to them inside their document.

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::name::XName;
use crate::arena::{self, Shift};
pub(super) use crate::arena::{NONE, enter, join, locate, with_two};

/// A document of XML nodes.
pub(super) type Doc = arena::Doc<Node>;
/// What stands in it.
pub(super) type State = arena::State<Node>;

/// `System.Xml.XmlNodeType`, the members that occur in a tree; numbered as in .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are .NET's and say it all")]
pub enum NodeKind {
    Element = 1,
    Attribute = 2,
    Text = 3,
    CData = 4,
    ProcessingInstruction = 7,
    Comment = 8,
    Document = 9,
    DocumentType = 10,
}

impl NodeKind {
    /// Name of the `XmlNodeType` member.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Element => "Element",
            Self::Attribute => "Attribute",
            Self::Text => "Text",
            Self::CData => "CDATA",
            Self::ProcessingInstruction => "ProcessingInstruction",
            Self::Comment => "Comment",
            Self::Document => "Document",
            Self::DocumentType => "DocumentType",
        }
    }

    /// Simple name of the class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Element => "XElement",
            Self::Attribute => "XAttribute",
            Self::Text => "XText",
            Self::CData => "XCData",
            Self::ProcessingInstruction => "XProcessingInstruction",
            Self::Comment => "XComment",
            Self::Document => "XDocument",
            Self::DocumentType => "XDocumentType",
        }
    }
}

/// `XDeclaration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// `Version`
    pub version: Option<SmolStr>,
    /// `Encoding`
    pub encoding: Option<SmolStr>,
    /// `Standalone`
    pub standalone: Option<SmolStr>,
}

impl std::fmt::Display for Declaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<?xml")?;
        for (name, value) in
            [("version", &self.version), ("encoding", &self.encoding), ("standalone", &self.standalone)]
        {
            if let Some(value) = value {
                write!(f, " {name}=\"{value}\"")?;
            }
        }
        f.write_str("?>")
    }
}

/// `XDocumentType`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentType {
    /// `Name`
    pub name: SmolStr,
    /// `PublicId`
    pub public: Option<SmolStr>,
    /// `SystemId`
    pub system: Option<SmolStr>,
    /// `InternalSubset`
    pub subset: Option<SmolStr>,
}

pub(super) struct Node {
    pub(super) parent: u32,
    pub(super) data: Data,
}

pub(super) enum Data {
    Document(Option<Arc<Declaration>>, Vec<u32>),
    Element(Box<Element>),
    Attribute(XName, SmolStr),
    Text(SmolStr),
    /// CDATA.
    Literal(SmolStr),
    Comment(SmolStr),
    Instruction(SmolStr, SmolStr),
    DocumentType(Arc<DocumentType>),
}

pub(super) struct Element {
    pub(super) name: XName,
    pub(super) attributes: Vec<u32>,
    pub(super) kids: Vec<u32>,
    /// Empty, but written with an end tag.
    pub(super) blank: bool,
}

impl Element {
    pub(super) fn new(name: XName) -> Self {
        Self { name, attributes: Vec::new(), kids: Vec::new(), blank: false }
    }
}

/// A document of one node.
pub(super) fn single(data: Data) -> Arc<Doc> {
    Doc::single(Node { parent: NONE, data })
}

impl State {
    pub(super) fn data(&self, id: u32) -> &Data {
        &self.node(id).data
    }

    pub(super) fn parent(&self, id: u32) -> Option<u32> {
        let parent = self.node(id).parent;
        (parent != NONE).then_some(parent)
    }

    pub(super) fn root(&self, mut id: u32) -> u32 {
        while let Some(parent) = self.parent(id) {
            id = parent;
        }
        id
    }

    pub(super) fn kind(&self, id: u32) -> NodeKind {
        match self.data(id) {
            Data::Document(..) => NodeKind::Document,
            Data::Element(_) => NodeKind::Element,
            Data::Attribute(..) => NodeKind::Attribute,
            Data::Text(_) => NodeKind::Text,
            Data::Literal(_) => NodeKind::CData,
            Data::Comment(_) => NodeKind::Comment,
            Data::Instruction(..) => NodeKind::ProcessingInstruction,
            Data::DocumentType(_) => NodeKind::DocumentType,
        }
    }

    /// Child nodes in order.
    pub(super) fn kids(&self, id: u32) -> &[u32] {
        match self.data(id) {
            Data::Document(_, kids) => kids,
            Data::Element(element) => &element.kids,
            _ => &[],
        }
    }

    pub(super) fn attributes(&self, id: u32) -> &[u32] {
        if let Data::Element(element) = self.data(id) { &element.attributes } else { &[] }
    }

    pub(super) fn element(&self, id: u32) -> Option<&Element> {
        if let Data::Element(element) = self.data(id) { Some(element) } else { None }
    }

    pub(super) fn element_mut(&mut self, id: u32) -> Option<&mut Element> {
        if let Data::Element(element) = &mut self.node_mut(id).data { Some(element) } else { None }
    }

    /// Name of an element or attribute.
    pub(super) fn name(&self, id: u32) -> Option<&XName> {
        match self.data(id) {
            Data::Element(element) => Some(&element.name),
            Data::Attribute(name, _) => Some(name),
            _ => None,
        }
    }

    pub(super) fn attribute(&self, id: u32, name: &XName) -> Option<u32> {
        self.attributes(id).iter().copied().find(|at| self.name(*at) == Some(name))
    }

    pub(super) fn position(&self, parent: u32, child: u32) -> Option<usize> {
        let list =
            if matches!(self.data(child), Data::Attribute(..)) { self.attributes(parent) } else { self.kids(parent) };
        list.iter().position(|id| *id == child)
    }

    pub(super) fn push(&mut self, data: Data) -> u32 {
        self.nodes.push(Node { parent: NONE, data });
        (self.nodes.len() - 1) as u32
    }

    /// Puts a parentless node among the child nodes.
    pub(super) fn link(&mut self, parent: u32, at: usize, child: u32) {
        match &mut self.node_mut(parent).data {
            Data::Document(_, kids) => kids.insert(at, child),
            Data::Element(element) => {
                element.blank = false;
                element.kids.insert(at, child);
            }
            _ => return,
        }
        self.node_mut(child).parent = parent;
    }

    /// Takes a node or attribute out of its parent.
    pub(super) fn unlink(&mut self, child: u32) {
        let Some(parent) = self.parent(child) else { return };
        let attribute = matches!(self.data(child), Data::Attribute(..));
        match &mut self.node_mut(parent).data {
            Data::Document(_, kids) => kids.retain(|id| *id != child),
            Data::Element(element) => {
                let list = if attribute { &mut element.attributes } else { &mut element.kids };
                list.retain(|id| *id != child);
            }
            _ => {}
        }
        self.node_mut(child).parent = NONE;
    }

    /// Takes all child nodes out.
    pub(super) fn unlink_kids(&mut self, parent: u32) {
        let kids = match &mut self.node_mut(parent).data {
            Data::Document(_, kids) => std::mem::take(kids),
            Data::Element(element) => {
                element.blank = false;
                std::mem::take(&mut element.kids)
            }
            _ => return,
        };
        for kid in kids {
            self.node_mut(kid).parent = NONE;
        }
    }

    /// Everything below a node in document order, without attributes.
    pub(super) fn below(&self, id: u32, with_self: bool) -> Vec<u32> {
        let mut found = Vec::new();
        let mut work = vec![id];
        while let Some(id) = work.pop() {
            found.push(id);
            work.extend(self.kids(id).iter().rev());
        }
        if !with_self {
            found.remove(0);
        }
        found
    }

    /// The text below an element or document, or the value of any other node.
    pub(super) fn value(&self, id: u32) -> SmolStr {
        match self.data(id) {
            Data::Attribute(_, text) | Data::Text(text) | Data::Literal(text) | Data::Comment(text) => text.clone(),
            Data::Instruction(_, data) => data.clone(),
            Data::DocumentType(_) => SmolStr::default(),
            Data::Document(..) | Data::Element(_) => {
                if let [only] = self.kids(id)
                    && let Data::Text(text) | Data::Literal(text) = self.data(*only)
                {
                    return text.clone();
                }
                let mut all = String::new();
                for node in self.below(id, false) {
                    if let Data::Text(text) | Data::Literal(text) = self.data(node) {
                        all.push_str(text);
                    }
                }
                all.into()
            }
        }
    }

    pub(super) fn copy_into(&self, id: u32, target: &mut SmallVec<[Node; 1]>) -> u32 {
        let root = target.len() as u32;
        target.push(Node { parent: NONE, data: self.hollow(id) });
        let mut work = vec![(id, root)];
        while let Some((from, to)) = work.pop() {
            let mut place = |list: &[u32]| {
                let start = target.len() as u32;
                for (offset, kid) in list.iter().enumerate() {
                    target.push(Node { parent: to, data: self.hollow(*kid) });
                    work.push((*kid, start + offset as u32));
                }
                (start..start + list.len() as u32).collect::<Vec<_>>()
            };
            let attributes = place(self.attributes(from));
            let kids = place(self.kids(from));
            match &mut target[to as usize].data {
                Data::Document(_, list) => *list = kids,
                Data::Element(element) => {
                    element.attributes = attributes;
                    element.kids = kids;
                }
                _ => {}
            }
        }
        root
    }

    pub(super) fn copy(&mut self, id: u32) -> u32 {
        let mut copies = SmallVec::new();
        self.copy_into(id, &mut copies);
        self.append(copies)
    }

    fn hollow(&self, id: u32) -> Data {
        match self.data(id) {
            Data::Document(declaration, _) => Data::Document(declaration.clone(), Vec::new()),
            Data::Element(element) => {
                Data::Element(Box::new(Element { blank: element.blank, ..Element::new(element.name.clone()) }))
            }
            Data::Attribute(name, value) => Data::Attribute(name.clone(), value.clone()),
            Data::Text(text) => Data::Text(text.clone()),
            Data::Literal(text) => Data::Literal(text.clone()),
            Data::Comment(text) => Data::Comment(text.clone()),
            Data::Instruction(target, data) => Data::Instruction(target.clone(), data.clone()),
            Data::DocumentType(parts) => Data::DocumentType(parts.clone()),
        }
    }
}

impl Shift for Node {
    fn shift(&mut self, add: u32) {
        if self.parent != NONE {
            self.parent += add;
        }
        match &mut self.data {
            Data::Document(_, kids) => kids.iter_mut().for_each(|id| *id += add),
            Data::Element(element) => {
                element.kids.iter_mut().for_each(|id| *id += add);
                element.attributes.iter_mut().for_each(|id| *id += add);
            }
            _ => {}
        }
    }
}
