//! Trees in document order: a node's number is its place.

use std::collections::HashSet;

use apimite_dotnet::xml::{LoadOptions, NodeKind, XObject, parse_document};
use smol_str::SmolStr;

use crate::sheet::Sheet;
use crate::{Error, Result, fail};

/// An expanded name with the prefix it was written with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    pub(crate) namespace: SmolStr,
    pub(crate) local: SmolStr,
    pub(crate) prefix: SmolStr,
}

impl Name {
    pub(crate) fn new(namespace: &str, local: &str, prefix: &str) -> Self {
        Self { namespace: namespace.into(), local: local.into(), prefix: prefix.into() }
    }

    /// As it is written.
    pub(crate) fn written(&self) -> SmolStr {
        if self.prefix.is_empty() { self.local.clone() } else { format!("{}:{}", self.prefix, self.local).into() }
    }

    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.local == other.local
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Root,
    /// With the namespaces it declares: prefix and name.
    Element(Name, Vec<(SmolStr, SmolStr)>),
    Attribute(Name, SmolStr),
    /// A text; written as it is when the second is set.
    Text(SmolStr, bool),
    Comment(SmolStr),
    Instruction(SmolStr, SmolStr),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: u32,
    /// The first node behind everything in this one.
    pub(crate) end: u32,
}

/// Number of the node that is no node.
pub(crate) const NONE: u32 = u32::MAX;

/// A document or a fragment. Node 0 is its root; attributes stand right behind their element.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node { kind: Kind::Root, parent: NONE, end: 1 }] }
    }
}

impl Tree {
    pub(crate) fn kind(&self, id: u32) -> &Kind {
        static NOTHING: Kind = Kind::Root;
        self.nodes.get(id as usize).map_or(&NOTHING, |node| &node.kind)
    }

    pub(crate) fn parent(&self, id: u32) -> Option<u32> {
        self.nodes.get(id as usize).map(|node| node.parent).filter(|parent| *parent != NONE)
    }

    pub(crate) fn end(&self, id: u32) -> u32 {
        self.nodes.get(id as usize).map_or(id + 1, |node| node.end)
    }

    pub(crate) fn is_attribute(&self, id: u32) -> bool {
        matches!(self.kind(id), Kind::Attribute(..))
    }

    pub(crate) fn attributes(&self, id: u32) -> impl Iterator<Item = u32> + use<'_> {
        (id + 1..self.end(id)).take_while(move |at| self.is_attribute(*at) && self.parent(*at) == Some(id))
    }

    pub(crate) fn children(&self, id: u32) -> impl Iterator<Item = u32> + use<'_> {
        let end = self.end(id);
        let mut at = id + 1;
        while at < end && self.is_attribute(at) {
            at += 1;
        }
        std::iter::from_fn(move || {
            let here = (at < end).then_some(at)?;
            at = self.end(here);
            Some(here)
        })
    }

    pub(crate) fn name(&self, id: u32) -> Option<&Name> {
        match self.kind(id) {
            Kind::Element(name, _) | Kind::Attribute(name, _) => Some(name),
            _ => None,
        }
    }

    /// The string value.
    pub(crate) fn text(&self, id: u32) -> SmolStr {
        match self.kind(id) {
            Kind::Attribute(_, value) | Kind::Text(value, _) | Kind::Comment(value) | Kind::Instruction(_, value) => {
                value.clone()
            }
            Kind::Root | Kind::Element(..) => {
                let mut texts = (id + 1..self.end(id)).filter_map(|at| match self.kind(at) {
                    Kind::Text(text, _) => Some(text),
                    _ => None,
                });
                let (Some(first), second) = (texts.next(), texts.next()) else { return SmolStr::default() };
                let Some(second) = second else { return first.clone() };
                let mut all = String::from(first.as_str());
                all.push_str(second);
                texts.for_each(|text| all.push_str(text));
                all.into()
            }
        }
    }

    /// Namespaces in scope of an element, nearest first.
    pub(crate) fn namespaces(&self, id: u32) -> Vec<(SmolStr, SmolStr)> {
        let mut all: Vec<(SmolStr, SmolStr)> = Vec::new();
        let mut known = HashSet::new();
        let mut at = Some(id);
        while let Some(here) = at {
            if let Kind::Element(_, declared) = self.kind(here) {
                for (prefix, name) in declared {
                    if known.insert(prefix) {
                        all.push((prefix.clone(), name.clone()));
                    }
                }
            }
            at = self.parent(here);
        }
        all.retain(|(_, name)| !name.is_empty());
        all
    }
}

/// Builds a tree from beginning to end.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    pub(crate) tree: Tree,
    open: Vec<u32>,
    /// Text that becomes one node when something else comes.
    pending: Option<(String, bool)>,
    pub(crate) bytes: usize,
    /// Namespaces that were compared since somebody asked.
    compared: u64,
}

impl Builder {
    fn parent(&self) -> u32 {
        self.open.last().copied().unwrap_or(0)
    }

    fn flush(&mut self) {
        if let Some((text, raw)) = self.pending.take() {
            self.push(Kind::Text(text.into(), raw));
        }
    }

    fn push(&mut self, kind: Kind) -> u32 {
        self.flush();
        let id = u32::try_from(self.tree.nodes.len()).unwrap_or(NONE - 1);
        let parent = self.parent();
        self.bytes += 16;
        self.tree.nodes.push(Node { kind, parent, end: id + 1 });
        id
    }

    pub(crate) fn open(&mut self, name: Name, namespaces: Vec<(SmolStr, SmolStr)>) {
        self.bytes += name.local.len();
        let id = self.push(Kind::Element(name, namespaces));
        self.open.push(id);
    }

    /// Declares a namespace on the element that is open; `false` when its prefix stands for another one there.
    pub(crate) fn declare(&mut self, prefix: &str, namespace: &str) -> bool {
        let open = self.parent();
        let in_scope = self.tree.namespaces(open).iter().any(|(known, name)| known == prefix && name == namespace);
        let Some(Node { kind: Kind::Element(name, declared), .. }) = self.tree.nodes.get_mut(open as usize) else {
            return false;
        };
        let clashes = name.prefix == prefix && name.namespace != namespace
            || declared.iter().any(|(known, name)| known == prefix && name != namespace);
        if !clashes && !in_scope {
            self.bytes += prefix.len() + namespace.len();
            declared.push((prefix.into(), namespace.into()));
        }
        !clashes
    }

    pub(crate) fn close(&mut self) {
        self.flush();
        if let Some(id) = self.open.pop() {
            let end = u32::try_from(self.tree.nodes.len()).unwrap_or(NONE);
            if let Some(node) = self.tree.nodes.get_mut(id as usize) {
                node.end = end;
            }
        }
    }

    /// May an attribute still be added to the element that is open?
    pub(crate) fn takes_attributes(&self) -> bool {
        let last = self.tree.nodes.len().saturating_sub(1);
        self.pending.is_none()
            && self.open.last().is_some_and(|open| {
                *open as usize == last
                    || self
                        .tree
                        .nodes
                        .get(last)
                        .is_some_and(|node| matches!(node.kind, Kind::Attribute(..)) && node.parent == *open)
            })
    }

    /// Adds an attribute, or gives the one of that name another value.
    pub(crate) fn attribute(&mut self, name: Name, value: SmolStr) {
        self.bytes += name.local.len() + value.len();
        let open = self.parent();
        for id in open + 1..u32::try_from(self.tree.nodes.len()).unwrap_or(NONE) {
            if let Some(Node { kind: Kind::Attribute(known, old), .. }) = self.tree.nodes.get_mut(id as usize)
                && *known == name
            {
                *old = value;
                return;
            }
        }
        self.push(Kind::Attribute(name, value));
    }

    /// Adds text; texts beside each other are one.
    pub(crate) fn text(&mut self, text: &str, raw: bool) {
        if text.is_empty() {
            return;
        }
        self.bytes += text.len();
        match &mut self.pending {
            Some((pending, is_raw)) if *is_raw == raw => pending.push_str(text),
            _ => {
                self.flush();
                self.pending = Some((text.to_owned(), raw));
            }
        }
    }

    pub(crate) fn comment(&mut self, text: &str) {
        self.bytes += text.len();
        self.push(Kind::Comment(text.into()));
    }

    pub(crate) fn instruction(&mut self, target: &str, data: &str) {
        self.bytes += target.len() + data.len();
        self.push(Kind::Instruction(target.into(), data.into()));
    }

    /// The tree; what is still open is closed.
    pub(crate) fn finish(mut self) -> Tree {
        self.flush();
        while !self.open.is_empty() {
            self.close();
        }
        let end = u32::try_from(self.tree.nodes.len()).unwrap_or(NONE);
        if let Some(root) = self.tree.nodes.first_mut() {
            root.end = end;
        }
        self.tree
    }

    /// Copies a node with everything in it.
    pub(crate) fn copy(&mut self, from: &Tree, id: u32) {
        match from.kind(id) {
            Kind::Root => from.children(id).for_each(|child| self.copy(from, child)),
            Kind::Element(..) => self.copy_element(from, id, from.namespaces(id)),
            Kind::Attribute(name, value) => self.attribute(name.clone(), value.clone()),
            Kind::Text(text, raw) => self.text(text, *raw),
            Kind::Comment(text) => self.comment(text),
            Kind::Instruction(target, data) => self.instruction(target, data),
        }
    }

    /// Copies an element that brings these namespaces along.
    fn copy_element(&mut self, from: &Tree, id: u32, namespaces: Vec<(SmolStr, SmolStr)>) {
        let Kind::Element(name, _) = from.kind(id) else { return };
        let declared = self.missing(namespaces);
        self.open(name.clone(), declared);
        for attribute in from.attributes(id) {
            if let Kind::Attribute(name, value) = from.kind(attribute) {
                self.attribute(name.clone(), value.clone());
            }
        }
        for child in from.children(id) {
            match from.kind(child) {
                // What is in scope around it has been copied: its own declarations are enough.
                Kind::Element(_, own) => {
                    let own = own.iter().filter(|(_, name)| !name.is_empty()).cloned().collect();
                    self.copy_element(from, child, own);
                }
                _ => self.copy(from, child),
            }
        }
        self.close();
    }

    /// Those of the namespaces that are not in scope here already.
    pub(crate) fn missing(&mut self, namespaces: Vec<(SmolStr, SmolStr)>) -> Vec<(SmolStr, SmolStr)> {
        if namespaces.is_empty() {
            return namespaces;
        }
        let known: HashSet<(SmolStr, SmolStr)> = self.tree.namespaces(self.parent()).into_iter().collect();
        self.compared += (known.len() + namespaces.len()) as u64;
        namespaces.into_iter().filter(|pair| !known.contains(pair)).collect()
    }

    /// How many namespaces were compared since this was last asked.
    pub(crate) fn take_compared(&mut self) -> u64 {
        std::mem::take(&mut self.compared)
    }
}

/// Deepest nesting of a document.
const MAX_DEPTH: usize = 800;

/// Reads a document; white space between elements is kept or dropped as the style sheet says.
///
/// A document loaded by .NET has no white space between elements to begin with.
pub(crate) fn parse(text: &str, sheet: &Sheet) -> Result<Tree> {
    let document = load(text, LoadOptions::None)?;
    let mut builder = Builder::default();
    for node in document.nodes() {
        add(&mut builder, &node, 0, &|name| sheet.strips(name))?;
    }
    Ok(builder.finish())
}

/// Reads a style sheet, all white space kept.
pub(crate) fn parse_sheet(text: &str) -> Result<Tree> {
    let document = load(text, LoadOptions::PreserveWhitespace)?;
    let mut builder = Builder::default();
    for node in document.nodes() {
        add(&mut builder, &node, 0, &|_| false)?;
    }
    Ok(builder.finish())
}

fn load(text: &str, options: LoadOptions) -> Result<XObject> {
    parse_document(text, options).map_err(|thrown| Error(thrown.message))
}

fn add(builder: &mut Builder, node: &XObject, depth: usize, strips: &dyn Fn(&Name) -> bool) -> Result<()> {
    if depth > MAX_DEPTH {
        return fail("the document is nested too deeply");
    }
    match node.kind() {
        NodeKind::Element => {
            let name = name_of(node);
            let attributes = node.attributes();
            let is_declaration = |one: &&XObject| one.name().is_some_and(|name| name.is_declaration());
            let declared = attributes.iter().filter(is_declaration).map(|one| {
                let name = one.name().unwrap_or_default();
                let prefix = if name.namespace.is_empty() { SmolStr::default() } else { name.local };
                (prefix, one.value())
            });
            let strip = strips(&name);
            builder.open(name, declared.collect());
            for attribute in attributes.iter().filter(|one| !is_declaration(one)) {
                builder.attribute(name_of(attribute), attribute.value());
            }
            for child in node.nodes() {
                let is_text = matches!(child.kind(), NodeKind::Text | NodeKind::CData);
                if strip && is_text && child.value().trim().is_empty() {
                    continue;
                }
                add(builder, &child, depth + 1, strips)?;
            }
            builder.close();
        }
        NodeKind::Text | NodeKind::CData => builder.text(&node.value(), false),
        NodeKind::Comment => builder.comment(&node.value()),
        NodeKind::ProcessingInstruction => builder.instruction(&node.target(), &node.value()),
        _ => {}
    }
    Ok(())
}

fn name_of(node: &XObject) -> Name {
    let name = node.name().unwrap_or_default();
    let default = node.kind() == NodeKind::Element
        && (name.namespace.is_empty() || node.namespace_of("").as_ref() == Some(&name.namespace));
    let prefix = if default || name.namespace.is_empty() { None } else { node.prefix_of(&name.namespace) };
    Name { namespace: name.namespace, local: name.local, prefix: prefix.unwrap_or_default() }
}
