//! [`XObject`]: the handle, and what can be read of a node.

use std::sync::Arc;

use smol_str::SmolStr;

use super::doc::{Data, Declaration, Doc, DocumentType, Element, NodeKind, State, enter, locate, single};
use super::errors::argument;
use super::name::{XML_NAMESPACE, XMLNS, XName, verify};
use super::write::{write_attribute, write_node};
use crate::Thrown;

/// A node or attribute. Cloning the handle gives the same object; [`XObject::deep_clone`] copies it.
#[derive(Clone)]
pub struct XObject {
    pub(super) doc: Arc<Doc>,
    pub(super) id: u32,
}

impl std::fmt::Debug for XObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_xml(false).unwrap_or_default())
    }
}

impl XObject {
    pub(super) fn at(doc: Arc<Doc>, id: u32) -> Self {
        Self { doc, id }
    }

    fn new(data: Data) -> Self {
        Self::at(single(data), 0)
    }

    pub(super) fn enter<R>(&self, work: impl FnOnce(&mut State, u32) -> R) -> R {
        enter(&self.doc, self.id, |_, state, id| work(state, id))
    }

    fn one(&self, work: impl FnOnce(&mut State, u32) -> Option<u32>) -> Option<Self> {
        enter(&self.doc, self.id, |doc, state, id| work(state, id).map(|id| Self::at(doc.clone(), id)))
    }

    fn many(&self, work: impl FnOnce(&mut State, u32) -> Vec<u32>) -> Vec<Self> {
        enter(&self.doc, self.id, |doc, state, id| {
            work(state, id).into_iter().map(|id| Self::at(doc.clone(), id)).collect()
        })
    }

    /// `new XDocument()`.
    pub fn document(declaration: Option<Declaration>) -> Self {
        Self::new(Data::Document(declaration.map(Arc::new), Vec::new()))
    }

    /// `new XElement(name)`.
    pub fn element(name: XName) -> Self {
        Self::new(Data::Element(Box::new(Element::new(name))))
    }

    /// `new XAttribute(name, value)`.
    ///
    /// # Errors
    /// `ArgumentException` for a namespace declaration that XML forbids.
    pub fn attribute(name: XName, value: &str) -> Result<Self, Thrown> {
        check_declaration(&name, value)?;
        Ok(Self::new(Data::Attribute(name, SmolStr::new(value))))
    }

    /// `new XText(value)`.
    pub fn text(value: &str) -> Self {
        Self::new(Data::Text(SmolStr::new(value)))
    }

    /// `new XCData(value)`.
    pub fn cdata(value: &str) -> Self {
        Self::new(Data::Literal(SmolStr::new(value)))
    }

    /// `new XComment(value)`.
    pub fn comment(value: &str) -> Self {
        Self::new(Data::Comment(SmolStr::new(value)))
    }

    /// `new XProcessingInstruction(target, data)`.
    ///
    /// # Errors
    /// `XmlException` for a target that is no name, `ArgumentException` for `xml`.
    pub fn instruction(target: &str, data: &str) -> Result<Self, Thrown> {
        verify(target)?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(argument(format!("'{target}' is an invalid name for a processing instruction.")));
        }
        Ok(Self::new(Data::Instruction(SmolStr::new(target), SmolStr::new(data))))
    }

    /// `new XDocumentType(…)`.
    pub fn document_type(parts: DocumentType) -> Self {
        Self::new(Data::DocumentType(Arc::new(parts)))
    }

    /// Are the two handles one object (`ReferenceEquals`)?
    pub fn same(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.doc, &other.doc) {
            return self.id == other.id;
        }
        let (a, b) = (locate(&self.doc, self.id), locate(&other.doc, other.id));
        Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1
    }

    /// A number that is the same for handles of one object, until trees are joined.
    pub fn identity(&self) -> (usize, u32) {
        let (doc, id) = locate(&self.doc, self.id);
        (Arc::as_ptr(&doc) as usize, id)
    }

    /// `NodeType`.
    pub fn kind(&self) -> NodeKind {
        self.enter(|state, id| state.kind(id))
    }

    /// `Name` of an element or attribute.
    pub fn name(&self) -> Option<XName> {
        self.enter(|state, id| state.name(id).cloned())
    }

    /// Sets the name of an element.
    pub fn set_name(&self, name: XName) {
        self.enter(|state, id| {
            if let Some(element) = state.element_mut(id) {
                element.name = name;
            }
        });
    }

    /// `Target` of a processing instruction.
    pub fn target(&self) -> SmolStr {
        self.enter(
            |state, id| {
                if let Data::Instruction(target, _) = state.data(id) { target.clone() } else { SmolStr::default() }
            },
        )
    }

    /// `Value` (`Data` of a processing instruction).
    pub fn value(&self) -> SmolStr {
        self.enter(|state, id| state.value(id))
    }

    /// `Declaration` of a document.
    pub fn declaration(&self) -> Option<Arc<Declaration>> {
        self.enter(
            |state, id| if let Data::Document(declaration, _) = state.data(id) { declaration.clone() } else { None },
        )
    }

    /// Sets the declaration of a document.
    pub fn set_declaration(&self, declaration: Option<Declaration>) {
        self.enter(|state, id| {
            if let Data::Document(place, _) = &mut state.node_mut(id).data {
                *place = declaration.map(Arc::new);
            }
        });
    }

    /// The parts of a document type.
    pub fn document_type_parts(&self) -> Option<Arc<DocumentType>> {
        self.enter(|state, id| if let Data::DocumentType(parts) = state.data(id) { Some(parts.clone()) } else { None })
    }

    /// `Parent`: the element it stands in; a document is none.
    pub fn parent(&self) -> Option<Self> {
        self.one(|state, id| state.parent(id).filter(|parent| state.element(*parent).is_some()))
    }

    /// The element or document it stands in.
    pub fn container(&self) -> Option<Self> {
        self.one(|state, id| state.parent(id))
    }

    /// `Document`.
    pub fn owner(&self) -> Option<Self> {
        self.one(|state, id| Some(state.root(id)).filter(|root| matches!(state.data(*root), Data::Document(..))))
    }

    /// `IsEmpty` of an element.
    pub fn is_empty(&self) -> bool {
        self.enter(|state, id| state.element(id).is_some_and(|element| element.kids.is_empty() && !element.blank))
    }

    /// `Nodes()`.
    pub fn nodes(&self) -> Vec<Self> {
        self.many(|state, id| state.kids(id).to_vec())
    }

    /// `FirstNode`.
    pub fn first_node(&self) -> Option<Self> {
        self.one(|state, id| state.kids(id).first().copied())
    }

    /// `LastNode`.
    pub fn last_node(&self) -> Option<Self> {
        self.one(|state, id| state.kids(id).last().copied())
    }

    /// `Elements()`, or `Elements(name)`.
    pub fn elements(&self, name: Option<&XName>) -> Vec<Self> {
        self.many(|state, id| state.kids(id).iter().copied().filter(|kid| is_element(state, *kid, name)).collect())
    }

    /// `Element(name)`, or with no name the first element.
    pub fn first_element(&self, name: Option<&XName>) -> Option<Self> {
        self.one(|state, id| state.kids(id).iter().copied().find(|kid| is_element(state, *kid, name)))
    }

    /// `Descendants`, or with the element itself `DescendantsAndSelf`.
    pub fn descendants(&self, name: Option<&XName>, with_self: bool) -> Vec<Self> {
        self.many(|state, id| {
            let mut all = state.below(id, with_self);
            all.retain(|node| is_element(state, *node, name));
            all
        })
    }

    /// `DescendantNodes`, or `DescendantNodesAndSelf`.
    pub fn descendant_nodes(&self, with_self: bool) -> Vec<Self> {
        self.many(|state, id| state.below(id, with_self))
    }

    /// `Ancestors`, or `AncestorsAndSelf`; the nearest comes first.
    pub fn ancestors(&self, name: Option<&XName>, with_self: bool) -> Vec<Self> {
        self.many(|state, id| {
            let mut found = Vec::new();
            let mut current = if with_self { Some(id) } else { state.parent(id) };
            while let Some(id) = current {
                if is_element(state, id, name) {
                    found.push(id);
                }
                current = state.parent(id);
            }
            found
        })
    }

    /// `Attributes()`.
    pub fn attributes(&self) -> Vec<Self> {
        self.many(|state, id| state.attributes(id).to_vec())
    }

    /// `Attribute(name)`.
    pub fn find_attribute(&self, name: &XName) -> Option<Self> {
        self.one(|state, id| state.attribute(id, name))
    }

    fn siblings<R: Default>(&self, pick: impl FnOnce(&State, &[u32], usize) -> R) -> R {
        self.enter(|state, id| {
            let Some(parent) = state.parent(id) else { return R::default() };
            let attribute = matches!(state.data(id), Data::Attribute(..));
            let list = if attribute { state.attributes(parent) } else { state.kids(parent) };
            match list.iter().position(|other| *other == id) {
                Some(at) => pick(state, list, at),
                None => R::default(),
            }
        })
    }

    /// The sibling that many places further on: `NextNode` is 1, `PreviousNode` is -1; likewise for attributes.
    pub fn sibling(&self, places: isize) -> Option<Self> {
        let id = self.siblings(|_, list, at| at.checked_add_signed(places).and_then(|at| list.get(at).copied()))?;
        self.one(|_, _| Some(id))
    }

    /// What it stands in, and the node or attribute that follows it there; `place` is where it was last seen.
    pub(super) fn beside(&self, place: &mut usize) -> Option<(Self, Option<Self>)> {
        enter(&self.doc, self.id, |doc, state, id| {
            let parent = state.parent(id)?;
            let attribute = matches!(state.data(id), Data::Attribute(..));
            let list = if attribute { state.attributes(parent) } else { state.kids(parent) };
            if list.get(*place) != Some(&id) {
                *place = list.iter().position(|other| *other == id)?;
            }
            let next = list.get(*place + 1).map(|next| Self::at(doc.clone(), *next));
            if next.is_some() {
                *place += 1;
            }
            Some((Self::at(doc.clone(), parent), next))
        })
    }

    /// Is it an element, of this name if one is given?
    pub(super) fn is_element(&self, name: Option<&XName>) -> bool {
        self.enter(|state, id| is_element(state, id, name))
    }

    /// `DeepClone`: a copy without parent.
    #[must_use]
    pub fn deep_clone(&self) -> Self {
        self.enter(|state, id| {
            let mut nodes = smallvec::SmallVec::new();
            let root = state.copy_into(id, &mut nodes);
            Self::at(Doc::new(nodes), root)
        })
    }

    /// `ToString()`, or with `indented` false `ToString(SaveOptions.DisableFormatting)`.
    ///
    /// # Errors
    /// `ArgumentException` for characters that XML cannot hold.
    pub fn to_xml(&self, indented: bool) -> Result<String, Thrown> {
        self.enter(|state, id| match state.data(id) {
            Data::Attribute(..) => write_attribute(state, id),
            _ => write_node(state, id, indented),
        })
    }

    /// `GetPrefixOfNamespace(namespace)`; the default namespace has none.
    pub fn prefix_of(&self, namespace: &str) -> Option<SmolStr> {
        self.enter(|state, id| super::write::prefix_in_scope(state, id, namespace))
    }

    /// `GetNamespaceOfPrefix(prefix)`; the empty prefix is the default namespace.
    pub fn namespace_of(&self, prefix: &str) -> Option<SmolStr> {
        match prefix {
            "xml" => return Some(SmolStr::new_static(XML_NAMESPACE)),
            "xmlns" => return Some(SmolStr::new_static(XMLNS)),
            _ => {}
        }
        let wanted = if prefix.is_empty() { XName::new("", "xmlns") } else { XName::new(XMLNS, prefix) };
        self.enter(|state, id| {
            let mut current = Some(id);
            while let Some(id) = current {
                if let Some(found) = state.attribute(id, &wanted) {
                    return Some(state.value(found)).filter(|value| prefix.is_empty() || !value.is_empty());
                }
                current = state.parent(id);
            }
            None
        })
    }
}

pub(super) fn is_element(state: &State, id: u32, name: Option<&XName>) -> bool {
    state.element(id).is_some_and(|element| name.is_none_or(|name| element.name == *name))
}

/// The declarations that XML forbids.
pub(super) fn check_declaration(name: &XName, value: &str) -> Result<(), Thrown> {
    const XML: &str = "The prefix 'xml' is bound to the namespace name 'http://www.w3.org/XML/1998/namespace'. Other prefixes must \
                       not be bound to this namespace name, and it must not be declared as the default namespace.";
    const NS: &str = "The prefix 'xmlns' is bound to the namespace name 'http://www.w3.org/2000/xmlns/'. It must not be declared. \
                      Other prefixes must not be bound to this namespace name, and it must not be declared as the default \
                      namespace.";
    if !name.is_declaration() {
        return Ok(());
    }
    let prefix = if name.namespace.is_empty() { "" } else { name.local.as_str() };
    if value.is_empty() {
        return if prefix.is_empty() {
            Ok(())
        } else {
            Err(argument(format!("The prefix '{prefix}' cannot be bound to the empty namespace name.")))
        };
    }
    if (value == XML_NAMESPACE) != (prefix == "xml") {
        return Err(argument(XML));
    }
    if value == XMLNS || prefix == "xmlns" {
        return Err(argument(NS));
    }
    Ok(())
}
