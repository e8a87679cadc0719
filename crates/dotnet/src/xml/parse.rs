//! `XElement.Parse` and `XDocument.Parse`.

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::doc::{Data, Doc, Element, NONE, Node};
use super::name::{XML_NAMESPACE, XMLNS, XName};
use super::object::XObject;
use super::scan::{Attribute, Event, Scanner};
use crate::Thrown;

/// `LoadOptions`, the part that changes the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadOptions {
    /// White space between elements is dropped.
    #[default]
    None,
    /// White space is kept.
    PreserveWhitespace,
}

/// `XElement.Parse`.
///
/// # Errors
/// `XmlException`.
pub fn parse_element(text: &str, options: LoadOptions) -> Result<XObject, Thrown> {
    let (nodes, root) = build(text, options)?;
    let mut nodes = nodes;
    nodes[root as usize].parent = NONE;
    Ok(XObject::at(Doc::new(nodes), root))
}

/// `XDocument.Parse`.
///
/// # Errors
/// `XmlException`.
pub fn parse_document(text: &str, options: LoadOptions) -> Result<XObject, Thrown> {
    let (nodes, _) = build(text, options)?;
    Ok(XObject::at(Doc::new(nodes), 0))
}

struct Open {
    id: u32,
    /// The tag as written, and its offset.
    tag: SmolStr,
    at: usize,
    bindings: usize,
    preserve: bool,
}

struct Builder {
    nodes: SmallVec<[Node; 1]>,
    open: Vec<Open>,
    bindings: Vec<(SmolStr, SmolStr)>,
    keep_white: bool,
    /// Adjacent text that becomes one node, and whether all of it is white space written plainly.
    text: String,
    white: bool,
}

impl Builder {
    fn add(&mut self, data: Data) -> u32 {
        let id = self.nodes.len() as u32;
        let parent = self.open.last().map_or(0, |open| open.id);
        self.nodes.push(Node { parent, data });
        match &mut self.nodes[parent as usize].data {
            Data::Document(_, kids) => kids.push(id),
            Data::Element(element) => element.kids.push(id),
            _ => {}
        }
        id
    }

    fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let keep = self.keep_white || self.open.last().is_some_and(|open| open.preserve);
        if !self.white || keep {
            self.add(Data::Text(SmolStr::from(text)));
        }
        self.white = true;
    }

    fn namespace(&self, prefix: &str) -> Option<SmolStr> {
        match prefix {
            "xml" => return Some(SmolStr::new_static(XML_NAMESPACE)),
            "xmlns" => return Some(SmolStr::new_static(XMLNS)),
            _ => {}
        }
        let found = self.bindings.iter().rev().find(|(bound, _)| bound == prefix);
        found.map(|(_, namespace)| namespace.clone()).or_else(|| prefix.is_empty().then(SmolStr::default))
    }

    fn start(
        &mut self,
        scanner: &Scanner<'_>,
        tag: &str,
        attributes: &[Attribute<'_>],
        at: usize,
    ) -> Result<(), Thrown> {
        let before = self.bindings.len();
        for attribute in attributes {
            let prefix = match attribute.name.split_once(':') {
                None if attribute.name == "xmlns" => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            let name = if prefix.is_empty() { XName::new("", "xmlns") } else { XName::new(XMLNS, prefix) };
            if let Err(refused) = super::object::check_declaration(&name, &attribute.value) {
                return Err(scanner.error(&refused.message, attribute.at));
            }
            self.bindings.push((SmolStr::new(prefix), attribute.value.clone()));
        }
        let resolve = |builder: &Self, name: &str, place: usize, element: bool| {
            let (prefix, local) = name.split_once(':').unwrap_or(("", name));
            if prefix.is_empty() && !element {
                return Ok(XName::new("", local));
            }
            match builder.namespace(prefix) {
                Some(namespace) => Ok(XName::new(namespace, local)),
                None => Err(scanner.error(&format!("'{prefix}' is an undeclared prefix."), place)),
            }
        };
        let name = resolve(self, tag, at + 1, true)?;
        let element = self.add(Data::Element(Box::new(Element::new(name))));
        let mut names: Vec<XName> = Vec::with_capacity(attributes.len());
        let mut preserve = self.open.last().is_some_and(|open| open.preserve);
        for attribute in attributes {
            let name = resolve(self, attribute.name, attribute.at, false)?;
            if names.contains(&name) {
                let local = &name.local;
                return Err(scanner.error(&format!("'{local}' is a duplicate attribute name."), attribute.at));
            }
            if name.namespace == XML_NAMESPACE && name.local == "space" {
                preserve = attribute.value == "preserve";
            }
            names.push(name.clone());
            let id = self.nodes.len() as u32;
            self.nodes.push(Node { parent: element, data: Data::Attribute(name, attribute.value.clone()) });
            if let Data::Element(parts) = &mut self.nodes[element as usize].data {
                parts.attributes.push(id);
            }
        }
        self.open.push(Open { id: element, tag: SmolStr::new(tag), at: at + 1, bindings: before, preserve });
        Ok(())
    }

    fn end(&mut self, scanner: &Scanner<'_>, tag: &str, at: usize) -> Result<(), Thrown> {
        let Some(open) = self.open.pop() else {
            return Err(scanner.error("Unexpected end tag.", at));
        };
        if open.tag != tag {
            let (line, column) = scanner.place(open.at);
            return Err(scanner.error(
                &format!(
                    "The '{}' start tag on line {line} position {column} does not match the end tag of '{tag}'.",
                    open.tag
                ),
                at + 2,
            ));
        }
        self.bindings.truncate(open.bindings);
        if let Data::Element(element) = &mut self.nodes[open.id as usize].data {
            element.blank = element.kids.is_empty();
        }
        Ok(())
    }
}

fn build(text: &str, options: LoadOptions) -> Result<(SmallVec<[Node; 1]>, u32), Thrown> {
    let mut scanner = Scanner::new(text)?;
    let declaration = scanner.declaration()?.map(Arc::new);
    let mut nodes = SmallVec::with_capacity(text.len() / 16 + 2);
    nodes.push(Node { parent: NONE, data: Data::Document(declaration, Vec::new()) });
    let mut builder = Builder {
        nodes,
        open: Vec::new(),
        bindings: Vec::new(),
        keep_white: options == LoadOptions::PreserveWhitespace,
        text: String::new(),
        white: true,
    };
    let mut root = None;
    loop {
        let at = scanner.position();
        let inside = !builder.open.is_empty();
        let event = scanner.next(inside, root.is_some())?;
        match event {
            Event::Text(part, plain_white) => {
                builder.text.push_str(&part);
                builder.white &= plain_white;
                continue;
            }
            _ => builder.flush(),
        }
        match event {
            Event::Start(tag, attributes, empty) => {
                if !inside && root.is_some() {
                    return Err(scanner.error("There are multiple root elements.", at + 1));
                }
                let id = builder.nodes.len() as u32;
                builder.start(&scanner, tag, &attributes, at)?;
                root.get_or_insert(id);
                if empty && let Some(open) = builder.open.pop() {
                    builder.bindings.truncate(open.bindings);
                }
            }
            Event::End(tag) => builder.end(&scanner, tag, at)?,
            Event::CData(part) => drop(builder.add(Data::Literal(part))),
            Event::Comment(part) => drop(builder.add(Data::Comment(part))),
            Event::Instruction(target, data) => drop(builder.add(Data::Instruction(target, data))),
            Event::DocumentType(parts) => drop(builder.add(Data::DocumentType(Arc::new(parts)))),
            Event::Text(..) => {}
            Event::Finished => {
                if !builder.open.is_empty() {
                    let tags: Vec<&str> = builder.open.iter().rev().map(|open| open.tag.as_str()).collect();
                    let message = format!(
                        "Unexpected end of file has occurred. The following elements are not closed: {}.",
                        tags.join(", ")
                    );
                    return Err(scanner.error(&message, at));
                }
                let Some(root) = root else { return Err(super::errors::xml("Root element is missing.")) };
                return Ok((builder.nodes, root));
            }
        }
    }
}
