//! Writing XML text as `XmlWriter` does under `XNode.ToString()`.

use std::fmt::Write as _;

use smol_str::SmolStr;

use super::doc::{Data, DocumentType, State};
use super::errors::{argument, xml};
use super::name::{XML_NAMESPACE, XMLNS, XName};
use crate::Thrown;

/// A prefix bound to a namespace, and the element depth where that was done.
struct Binding {
    prefix: SmolStr,
    namespace: SmolStr,
}

struct Writer<'a> {
    state: &'a State,
    out: String,
    indented: bool,
    /// Is text written in the innermost element?
    mixed: Vec<bool>,
    /// Bindings as the document declares them, innermost last.
    declared: Vec<Binding>,
    /// Bindings the writer knows, with those it made up.
    scope: Vec<Binding>,
    /// How many of both there were before each open element.
    marks: Vec<(usize, usize)>,
}

fn check_char(c: char) -> Result<(), Thrown> {
    if matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') {
        return Err(argument(format!("'{c}', hexadecimal value 0x{:02X}, is an invalid character.", u32::from(c))));
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), Thrown> {
    text.chars().try_for_each(check_char)
}

/// Text of an element.
fn escape_text(out: &mut String, text: &str) -> Result<(), Thrown> {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        check_char(c)?;
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            _ => out.push(c),
        }
    }
    Ok(())
}

/// Value of an attribute.
fn escape_attribute(out: &mut String, text: &str) -> Result<(), Thrown> {
    for c in text.chars() {
        check_char(c)?;
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            '\t' => out.push_str("&#x9;"),
            _ => out.push(c),
        }
    }
    Ok(())
}

/// Newlines as the writer normalises them outside text.
fn plain(out: &mut String, text: &str) -> Result<(), Thrown> {
    check_text(text)?;
    out.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
    Ok(())
}

fn write_document_type(out: &mut String, parts: &DocumentType) {
    let _ = write!(out, "<!DOCTYPE {}", parts.name);
    match (&parts.public, &parts.system) {
        (Some(public), system) => {
            let _ = write!(out, " PUBLIC \"{public}\" \"{}\"", system.as_deref().unwrap_or(""));
        }
        (None, Some(system)) => {
            let _ = write!(out, " SYSTEM \"{system}\"");
        }
        (None, None) => out.push(' '),
    }
    if let Some(subset) = &parts.subset {
        let _ = write!(out, "[{subset}]");
    }
    out.push('>');
}

/// The prefix that a declaration attribute binds.
fn bound_prefix(name: &XName) -> Option<SmolStr> {
    name.is_declaration().then(|| if name.namespace.is_empty() { SmolStr::default() } else { name.local.clone() })
}

fn declarations(state: &State, id: u32) -> Vec<Binding> {
    let mut found = Vec::new();
    for attribute in state.attributes(id) {
        if let Data::Attribute(name, value) = state.data(*attribute)
            && let Some(prefix) = bound_prefix(name)
        {
            found.push(Binding { prefix, namespace: value.clone() });
        }
    }
    found
}

impl Writer<'_> {
    fn is_mixed(&self) -> bool {
        self.mixed.last().copied().unwrap_or(false)
    }

    fn indent(&mut self, level: usize) {
        if self.indented && !self.is_mixed() && !self.out.is_empty() {
            self.out.push('\n');
            for _ in 0..level {
                self.out.push_str("  ");
            }
        }
    }

    /// The prefix the document's own declarations give a namespace.
    fn document_prefix(&self, namespace: &str, allow_default: bool) -> Option<SmolStr> {
        match namespace {
            "" => return Some(SmolStr::default()),
            XML_NAMESPACE => return Some(SmolStr::new_static("xml")),
            XMLNS => return Some(SmolStr::new_static("xmlns")),
            _ => {}
        }
        let hidden = |at: usize, prefix: &str| self.declared[at + 1..].iter().any(|later| later.prefix == prefix);
        self.declared.iter().enumerate().rev().find_map(|(at, binding)| {
            let fits = binding.namespace == namespace && (allow_default || !binding.prefix.is_empty());
            (fits && !hidden(at, &binding.prefix)).then(|| binding.prefix.clone())
        })
    }

    fn bound(&self, prefix: &str) -> &str {
        match prefix {
            "xml" => XML_NAMESPACE,
            "xmlns" => XMLNS,
            _ => self.scope.iter().rev().find(|b| b.prefix == prefix).map_or("", |b| b.namespace.as_str()),
        }
    }

    /// A prefix that nothing in scope uses.
    fn fresh_prefix(&self) -> SmolStr {
        let first = format!("p{}", self.marks.len() + self.scope.len());
        let used = |prefix: &str| self.scope.iter().any(|binding| binding.prefix == prefix);
        if !used(&first) {
            return first.into();
        }
        (0_usize..).map(|n| format!("{first}{n}")).find(|prefix| !used(prefix)).unwrap_or(first).into()
    }

    fn start(&mut self, id: u32) -> Result<(), Thrown> {
        let state = self.state;
        let Some(element) = state.element(id) else { return Ok(()) };
        self.marks.push((self.declared.len(), self.scope.len()));
        let own = declarations(state, id);
        self.declared.extend(own);
        let prefix = self.document_prefix(&element.name.namespace, true).unwrap_or_default();
        self.out.push('<');
        self.push_name(&prefix, &element.name.local);
        // What must still be declared, in order.
        let mut missing: Vec<Binding> = Vec::new();
        let explicit = declarations(state, id);
        let own = &element.name.namespace;
        if let Some(other) = explicit.iter().find(|binding| binding.prefix == prefix && binding.namespace != *own) {
            return Err(xml(format!(
                "The prefix '{prefix}' cannot be redefined from '{own}' to '{}' within the same start element tag.",
                other.namespace
            )));
        }
        if self.bound(&prefix) != element.name.namespace && !explicit.iter().any(|b| b.prefix == prefix) {
            missing.push(Binding { prefix: prefix.clone(), namespace: element.name.namespace.clone() });
            self.scope.push(Binding { prefix, namespace: element.name.namespace.clone() });
        }
        for attribute in &element.attributes {
            let Data::Attribute(name, value) = state.data(*attribute) else { continue };
            self.out.push(' ');
            if let Some(prefix) = bound_prefix(name) {
                self.scope.push(Binding { prefix, namespace: value.clone() });
                self.out.push_str(if name.namespace.is_empty() { "" } else { "xmlns:" });
                self.out.push_str(&name.local);
            } else if name.namespace.is_empty() {
                self.out.push_str(&name.local);
            } else {
                let known = self.document_prefix(&name.namespace, false).or_else(|| {
                    let made = self.scope.iter().rev();
                    made.filter(|b| !b.prefix.is_empty())
                        .find(|b| b.namespace == name.namespace)
                        .map(|b| b.prefix.clone())
                });
                let prefix = known.unwrap_or_else(|| {
                    let prefix = self.fresh_prefix();
                    missing.push(Binding { prefix: prefix.clone(), namespace: name.namespace.clone() });
                    self.scope.push(Binding { prefix: prefix.clone(), namespace: name.namespace.clone() });
                    prefix
                });
                self.push_name(&prefix, &name.local);
            }
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, value)?;
            self.out.push('"');
        }
        for binding in missing {
            self.out.push_str(" xmlns");
            if !binding.prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(&binding.prefix);
            }
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, &binding.namespace)?;
            self.out.push('"');
        }
        Ok(())
    }

    fn push_name(&mut self, prefix: &str, local: &str) {
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    fn tree(&mut self, id: u32) -> Result<(), Thrown> {
        enum Step {
            Visit(u32),
            End(SmolStr, bool),
        }
        let base = self.mixed.len();
        let mut work = vec![Step::Visit(id)];
        while let Some(step) = work.pop() {
            let level = self.mixed.len() - base;
            let id = match step {
                Step::Visit(id) => id,
                Step::End(name, had_kids) => {
                    if had_kids {
                        self.indent(level - 1);
                    }
                    self.mixed.pop();
                    let _ = write!(self.out, "</{name}>");
                    if let Some((declared, scope)) = self.marks.pop() {
                        self.declared.truncate(declared);
                        self.scope.truncate(scope);
                    }
                    continue;
                }
            };
            match self.state.data(id) {
                Data::Document(_, kids) => work.extend(kids.iter().rev().map(|kid| Step::Visit(*kid))),
                Data::Element(element) => {
                    self.indent(level);
                    let from = self.out.len();
                    self.start(id)?;
                    if element.kids.is_empty() && !element.blank {
                        self.out.push_str(" />");
                        if let Some((declared, scope)) = self.marks.pop() {
                            self.declared.truncate(declared);
                            self.scope.truncate(scope);
                        }
                        continue;
                    }
                    let tag = &self.out[from + 1..];
                    let name = SmolStr::new(&tag[..tag.find([' ', '>']).unwrap_or(tag.len())]);
                    self.out.push('>');
                    self.mixed.push(self.is_mixed());
                    work.push(Step::End(name, !element.kids.is_empty()));
                    work.extend(element.kids.iter().rev().map(|kid| Step::Visit(*kid)));
                }
                Data::Attribute(..) => {}
                Data::Text(text) => {
                    self.mark_mixed();
                    escape_text(&mut self.out, text)?;
                }
                Data::Literal(text) => {
                    self.mark_mixed();
                    self.out.push_str("<![CDATA[");
                    plain(&mut self.out, &text.replace("]]>", "]]]]><![CDATA[>"))?;
                    self.out.push_str("]]>");
                }
                Data::Comment(text) => {
                    self.indent(level);
                    self.out.push_str("<!--");
                    plain(&mut self.out, &safe_comment(text))?;
                    self.out.push_str("-->");
                }
                Data::Instruction(target, data) => {
                    self.indent(level);
                    let _ = write!(self.out, "<?{target}");
                    if !data.is_empty() {
                        self.out.push(' ');
                        plain(&mut self.out, &data.replace("?>", "? >"))?;
                    }
                    self.out.push_str("?>");
                }
                Data::DocumentType(parts) => {
                    self.indent(level);
                    write_document_type(&mut self.out, parts);
                }
            }
        }
        Ok(())
    }

    fn mark_mixed(&mut self) {
        match self.mixed.last_mut() {
            Some(mixed) => *mixed = true,
            None => self.mixed.push(true),
        }
    }
}

/// Two hyphens in a row, or one at the end, are set apart.
fn safe_comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '-' && out.ends_with('-') {
            out.push(' ');
        }
        out.push(c);
    }
    if out.ends_with('-') {
        out.push(' ');
    }
    out
}

fn writer(state: &State, id: u32, indented: bool) -> Writer<'_> {
    let mut above = Vec::new();
    let mut current = state.parent(id);
    while let Some(id) = current {
        above.push(id);
        current = state.parent(id);
    }
    let declared = above.iter().rev().flat_map(|id| declarations(state, *id)).collect();
    Writer { state, out: String::new(), indented, mixed: Vec::new(), declared, scope: Vec::new(), marks: Vec::new() }
}

/// A node as text. Declarations of ancestors that it uses are repeated on it.
pub(super) fn write_node(state: &State, id: u32, indented: bool) -> Result<String, Thrown> {
    let mut writer = writer(state, id, indented);
    writer.tree(id)?;
    Ok(writer.out)
}

/// An attribute as text: `name="value"`.
pub(super) fn write_attribute(state: &State, id: u32) -> Result<String, Thrown> {
    let Data::Attribute(name, value) = state.data(id) else { return Ok(String::new()) };
    let mut out = String::new();
    let mut made = None;
    if let Some(prefix) = bound_prefix(name) {
        out.push_str(if prefix.is_empty() { "" } else { "xmlns:" });
    } else if !name.namespace.is_empty() {
        let prefix = prefix_in_scope(state, id, &name.namespace).unwrap_or_else(|| {
            made = Some(SmolStr::new_static("p1"));
            SmolStr::new_static("p1")
        });
        out.push_str(&prefix);
        out.push(':');
    }
    out.push_str(&name.local);
    out.push_str("=\"");
    escape_attribute(&mut out, value)?;
    out.push('"');
    if let Some(prefix) = made {
        let _ = write!(out, " xmlns:{prefix}=\"");
        escape_attribute(&mut out, &name.namespace)?;
        out.push('"');
    }
    Ok(out)
}

/// The prefix bound to a namespace at a node, other than the empty one.
pub(super) fn prefix_in_scope(state: &State, id: u32, namespace: &str) -> Option<SmolStr> {
    match namespace {
        XML_NAMESPACE => return Some(SmolStr::new_static("xml")),
        XMLNS => return Some(SmolStr::new_static("xmlns")),
        _ => {}
    }
    let mut hidden: Vec<SmolStr> = Vec::new();
    let mut current = Some(id);
    while let Some(node) = current {
        for binding in declarations(state, node) {
            if !binding.prefix.is_empty() && binding.namespace == namespace && !hidden.contains(&binding.prefix) {
                return Some(binding.prefix);
            }
            hidden.push(binding.prefix);
        }
        current = state.parent(node);
    }
    None
}
