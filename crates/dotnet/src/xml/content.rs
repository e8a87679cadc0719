//! What changes a tree: adding content by .NET's rules, removing, replacing.

use smol_str::SmolStr;

use super::doc::{Data, NodeKind, State, join};
use super::errors::{argument, bad_structure, invalid, no_parent};
use super::name::XName;
use super::object::{XObject, check_declaration};
use crate::Thrown;

/// Content as `Add` and its kin take it.
#[derive(Clone, Debug)]
pub enum Content {
    /// A node or attribute.
    Object(XObject),
    /// Text; other simple values have been turned into text.
    Text(SmolStr),
    /// A sequence.
    Many(Vec<Content>),
}

/// Where content goes.
#[derive(Clone, Copy)]
enum Spot {
    /// Behind the last node; attributes are taken.
    End,
    /// Before the first node.
    Start,
    /// Behind a node.
    Behind(u32),
}

fn flatten(content: &Content, out: &mut Vec<Content>) {
    match content {
        Content::Many(list) => list.iter().for_each(|item| flatten(item, out)),
        simple => out.push(simple.clone()),
    }
}

fn is_white(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
}

/// May this node stand in that container at that place?
fn check(state: &State, container: u32, at: usize, node: u32) -> Result<(), Thrown> {
    let kind = state.kind(node);
    let refuse = || argument(format!("A node of type {} cannot be added to content.", kind.name()));
    if state.element(container).is_some() {
        return if matches!(kind, NodeKind::Document | NodeKind::DocumentType) { Err(refuse()) } else { Ok(()) };
    }
    let kids = state.kids(container);
    let count = |kind: NodeKind, part: &[u32]| part.iter().any(|id| state.kind(*id) == kind);
    match kind {
        NodeKind::Text => check_white(&state.value(node)),
        NodeKind::Element if count(NodeKind::Element, kids) || count(NodeKind::DocumentType, &kids[at..]) => {
            Err(bad_structure())
        }
        NodeKind::DocumentType if count(NodeKind::DocumentType, kids) || count(NodeKind::Element, &kids[..at]) => {
            Err(bad_structure())
        }
        NodeKind::CData | NodeKind::Document => Err(refuse()),
        _ => Ok(()),
    }
}

fn check_white(text: &str) -> Result<(), Thrown> {
    if is_white(text) { Ok(()) } else { Err(argument("Non-whitespace characters cannot be added to content.")) }
}

/// Adds text: to a text node before the place, or as a new one.
fn add_text(state: &mut State, container: u32, at: usize, text: &str) -> Result<usize, Thrown> {
    let is_document = state.element(container).is_none();
    if is_document {
        check_white(text)?;
    }
    let kids = state.kids(container);
    if text.is_empty() {
        if kids.is_empty()
            && let Some(element) = state.element_mut(container)
        {
            element.blank = true;
        }
        return Ok(at);
    }
    if let Some(before) = at.checked_sub(1).map(|before| kids[before])
        && let Data::Text(old) = &mut state.node_mut(before).data
    {
        *old = SmolStr::from(format!("{old}{text}"));
        return Ok(at);
    }
    let node = state.push(Data::Text(SmolStr::new(text)));
    state.link(container, at, node);
    Ok(at + 1)
}

/// Adds a node; gives the place behind it.
fn add_node(state: &mut State, container: u32, at: usize, node: u32) -> Result<usize, Thrown> {
    check(state, container, at, node)?;
    let taken = state.parent(node).is_some() || state.root(container) == node;
    let node = if taken { state.copy(node) } else { node };
    state.link(container, at, node);
    Ok(at + 1)
}

fn add_attribute(state: &mut State, element: u32, attribute: u32) -> Result<(), Thrown> {
    if state.element(element).is_none() {
        return Err(argument("An attribute cannot be added to content."));
    }
    let name = state.name(attribute).cloned().unwrap_or_default();
    if state.attribute(element, &name).is_some() {
        return Err(invalid("Duplicate attribute."));
    }
    let attribute = if state.parent(attribute).is_some() { state.copy(attribute) } else { attribute };
    if let Some(parts) = state.element_mut(element) {
        parts.attributes.push(attribute);
    }
    state.node_mut(attribute).parent = element;
    Ok(())
}

impl XObject {
    fn with<R>(&self, other: &Self, work: impl FnOnce(&mut State, u32, u32) -> R) -> R {
        join((&self.doc, self.id), (&other.doc, other.id), |_, state, id, other| work(state, id, other))
    }

    fn put(&self, spot: Spot, content: &Content) -> Result<(), Thrown> {
        let mut items = Vec::new();
        flatten(content, &mut items);
        // The node that the next item goes behind, by handle: numbers change when trees are joined.
        let mut behind = match spot {
            Spot::Behind(id) => Some(self.enter(|state, me| state.position(me, id)).unwrap_or(0) + 1),
            Spot::Start => Some(0),
            Spot::End => None,
        };
        for item in items {
            match item {
                Content::Object(object) => {
                    let attribute = object.kind() == NodeKind::Attribute;
                    if attribute && behind.is_some() {
                        return Err(argument("An attribute cannot be added to content."));
                    }
                    let place = behind;
                    let next = self.with(&object, |state, id, other| {
                        if attribute {
                            return add_attribute(state, id, other).map(|()| None);
                        }
                        let at = place.unwrap_or_else(|| state.kids(id).len());
                        add_node(state, id, at, other).map(Some)
                    })?;
                    behind = behind.and(next);
                }
                Content::Text(text) => {
                    let place = behind;
                    let next = self.enter(|state, id| {
                        let at = place.unwrap_or_else(|| state.kids(id).len());
                        add_text(state, id, at, &text)
                    })?;
                    behind = behind.map(|_| next);
                }
                Content::Many(_) => {}
            }
        }
        Ok(())
    }

    /// `Add(content)`.
    ///
    /// # Errors
    /// `ArgumentException` and `InvalidOperationException` for content that may not stand here.
    pub fn add(&self, content: &Content) -> Result<(), Thrown> {
        self.put(Spot::End, content)
    }

    /// `AddFirst(content)`.
    ///
    /// # Errors
    /// As [`XObject::add`].
    pub fn add_first(&self, content: &Content) -> Result<(), Thrown> {
        self.put(Spot::Start, content)
    }

    /// `AddAfterSelf(content)`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`XObject::add`].
    pub fn add_after_self(&self, content: &Content) -> Result<(), Thrown> {
        let parent = self.container().ok_or_else(no_parent)?;
        let id = super::doc::locate(&self.doc, self.id).1;
        parent.put(Spot::Behind(id), content)
    }

    /// `AddBeforeSelf(content)`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`XObject::add`].
    pub fn add_before_self(&self, content: &Content) -> Result<(), Thrown> {
        let parent = self.container().ok_or_else(no_parent)?;
        match self.sibling(-1) {
            Some(before) => {
                let id = super::doc::locate(&before.doc, before.id).1;
                parent.put(Spot::Behind(id), content)
            }
            None => parent.put(Spot::Start, content),
        }
    }

    /// `Remove()`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent.
    pub fn remove(&self) -> Result<(), Thrown> {
        self.enter(|state, id| {
            state.parent(id).ok_or_else(no_parent)?;
            state.unlink(id);
            Ok(())
        })
    }

    /// `ReplaceWith(content)`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`XObject::add`].
    pub fn replace_with(&self, content: &Content) -> Result<(), Thrown> {
        let parent = self.container().ok_or_else(no_parent)?;
        let before = self.sibling(-1);
        self.remove()?;
        match before {
            Some(before) => {
                let id = super::doc::locate(&before.doc, before.id).1;
                parent.put(Spot::Behind(id), content)
            }
            None => parent.put(Spot::Start, content),
        }
    }

    /// `RemoveNodes()`.
    pub fn remove_nodes(&self) {
        self.enter(State::unlink_kids);
    }

    /// `RemoveAttributes()`.
    pub fn remove_attributes(&self) {
        self.enter(|state, id| {
            for attribute in state.attributes(id).to_vec() {
                state.unlink(attribute);
            }
        });
    }

    /// Sets `Value`.
    ///
    /// # Errors
    /// `ArgumentException` for a namespace declaration that XML forbids.
    pub fn set_value(&self, value: &str) -> Result<(), Thrown> {
        match self.kind() {
            NodeKind::Element | NodeKind::Document => {
                self.remove_nodes();
                return self.add(&Content::Text(SmolStr::new(value)));
            }
            NodeKind::Attribute => check_declaration(&self.name().unwrap_or_default(), value)?,
            _ => {}
        }
        self.enter(|state, id| match &mut state.node_mut(id).data {
            Data::Attribute(_, text)
            | Data::Text(text)
            | Data::Literal(text)
            | Data::Comment(text)
            | Data::Instruction(_, text) => *text = SmolStr::new(value),
            _ => {}
        });
        Ok(())
    }

    /// `SetAttributeValue(name, value)`; no value removes the attribute.
    ///
    /// # Errors
    /// `ArgumentException` for a namespace declaration that XML forbids.
    pub fn set_attribute_value(&self, name: &XName, value: Option<&str>) -> Result<(), Thrown> {
        match (self.find_attribute(name), value) {
            (Some(old), None) => old.remove(),
            (Some(old), Some(value)) => old.set_value(value),
            (None, Some(value)) => self.add(&Content::Object(Self::attribute(name.clone(), value)?)),
            (None, None) => Ok(()),
        }
    }

    /// `SetElementValue(name, value)`; no value removes the element.
    ///
    /// # Errors
    /// As [`XObject::add`].
    pub fn set_element_value(&self, name: &XName, value: Option<&str>) -> Result<(), Thrown> {
        match (self.first_element(Some(name)), value) {
            (Some(old), None) => old.remove(),
            (Some(old), Some(value)) => old.set_value(value),
            (None, Some(value)) => {
                let element = Self::element(name.clone());
                element.add(&Content::Text(SmolStr::new(value)))?;
                self.add(&Content::Object(element))
            }
            (None, None) => Ok(()),
        }
    }
}
