//! Writes a result as XML, HTML or text.

use smol_str::SmolStr;

use crate::sheet::Key;
use crate::tree::{Kind, Name, Tree};
use crate::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Xml,
    Html,
    Text,
}

/// `xsl:output`
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) method: Option<Method>,
    pub(crate) indent: Option<bool>,
    pub(crate) omit_declaration: Option<bool>,
    pub(crate) standalone: Option<bool>,
    pub(crate) doctype_public: Option<String>,
    pub(crate) doctype_system: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) cdata: Vec<Key>,
}

/// The method of a result when the style sheet does not say: HTML for `<html>` in no namespace.
pub(crate) fn method(settings: &Settings, result: &Tree) -> Method {
    if let Some(method) = settings.method {
        return method;
    }
    for child in result.children(0) {
        match result.kind(child) {
            Kind::Element(name, _) if name.namespace.is_empty() && name.local.eq_ignore_ascii_case("html") => {
                return Method::Html;
            }
            Kind::Element(..) => return Method::Xml,
            Kind::Text(text, _) if !text.trim().is_empty() => return Method::Xml,
            _ => {}
        }
    }
    Method::Xml
}

/// Elements of HTML that hold nothing.
const VOID: [&str; 13] =
    ["area", "base", "basefont", "br", "col", "frame", "hr", "img", "input", "isindex", "link", "meta", "param"];

/// Writes a result.
pub(crate) fn write(settings: &Settings, method: Method, result: &Tree, most: usize) -> Result<String> {
    let mut writer = Writer {
        settings,
        result,
        html: method == Method::Html,
        indent: settings.indent.unwrap_or(method == Method::Html) && method != Method::Text,
        out: String::new(),
        most,
        scope: vec![(SmolStr::default(), SmolStr::default())],
    };
    if method == Method::Text {
        for id in 0..u32::try_from(result.nodes.len()).unwrap_or(0) {
            if let Kind::Text(text, _) = result.kind(id) {
                writer.out.push_str(text);
                writer.check()?;
            }
        }
        return Ok(writer.out);
    }
    if method == Method::Xml && settings.omit_declaration != Some(true) {
        writer.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"");
        if let Some(standalone) = settings.standalone {
            writer.out.push_str(if standalone { " standalone=\"yes\"" } else { " standalone=\"no\"" });
        }
        writer.out.push_str("?>");
        if writer.indent {
            writer.out.push('\n');
        }
    }
    let mut first = true;
    let mut text_before = false;
    for child in result.children(0) {
        let is_text = matches!(result.kind(child), Kind::Text(..));
        if let Kind::Element(name, _) = result.kind(child)
            && first
        {
            writer.doctype(name);
            first = false;
        }
        if writer.indent && !is_text && !text_before && !writer.out.is_empty() && !writer.out.ends_with('\n') {
            writer.out.push('\n');
        }
        text_before = is_text;
        writer.node(child, 0, writer.indent)?;
    }
    Ok(writer.out)
}

struct Writer<'a> {
    settings: &'a Settings,
    result: &'a Tree,
    html: bool,
    indent: bool,
    out: String,
    most: usize,
    /// Namespaces in scope, innermost last.
    scope: Vec<(SmolStr, SmolStr)>,
}

impl Writer<'_> {
    fn check(&self) -> Result<()> {
        if self.out.len() > self.most { Err(Error("the result is too long".into())) } else { Ok(()) }
    }

    fn doctype(&mut self, root: &Name) {
        let (public, system) = (&self.settings.doctype_public, &self.settings.doctype_system);
        let text = match (public, system) {
            (Some(public), Some(system)) => format!(" PUBLIC \"{public}\" \"{system}\""),
            (Some(public), None) if self.html => format!(" PUBLIC \"{public}\""),
            (None, Some(system)) => format!(" SYSTEM \"{system}\""),
            _ => return,
        };
        self.out.push_str(&format!("<!DOCTYPE {}{text}>\n", root.written()));
    }

    fn of(&self, prefix: &str) -> &str {
        self.scope.iter().rev().find(|(known, _)| known == prefix).map_or("", |(_, name)| name)
    }

    fn declare(&mut self, prefix: &str, namespace: &str) {
        if prefix == "xml" || self.of(prefix) == namespace {
            return;
        }
        let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        self.out.push_str(&format!(" {name}=\""));
        self.escape(namespace, true);
        self.out.push('"');
        self.scope.push((prefix.into(), namespace.into()));
    }

    fn escape(&mut self, text: &str, attribute: bool) {
        for c in text.chars() {
            match c {
                '<' if !(attribute && self.html) => self.out.push_str("&lt;"),
                '>' if !attribute || !self.html => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                '"' if attribute => self.out.push_str("&quot;"),
                '\n' if attribute && !self.html => self.out.push_str("&#xA;"),
                '\r' if !self.html => self.out.push_str("&#xD;"),
                '\t' if attribute && !self.html => self.out.push_str("&#x9;"),
                '\u{a0}' if self.html => self.out.push_str("&nbsp;"),
                c => self.out.push(c),
            }
        }
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', depth * 2));
    }

    fn node(&mut self, id: u32, depth: usize, indent: bool) -> Result<()> {
        self.check()?;
        match self.result.kind(id).clone() {
            Kind::Root | Kind::Attribute(..) => {}
            Kind::Element(name, declared) => self.element(id, &name, &declared, depth, indent)?,
            Kind::Text(text, true) => self.out.push_str(&text),
            Kind::Text(text, false) => {
                let parent = self.result.parent(id).and_then(|parent| self.result.name(parent)).cloned();
                let cdata = parent
                    .as_ref()
                    .is_some_and(|name| self.settings.cdata.iter().any(|(namespace, local)| name.is(namespace, local)));
                let script = self.html
                    && parent.is_some_and(|name| {
                        name.namespace.is_empty()
                            && ["script", "style"].iter().any(|n| name.local.eq_ignore_ascii_case(n))
                    });
                if script {
                    self.out.push_str(&text);
                } else if cdata && !self.html {
                    self.out.push_str("<![CDATA[");
                    self.out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
                    self.out.push_str("]]>");
                } else {
                    self.escape(&text, false);
                }
            }
            Kind::Comment(text) => self.out.push_str(&format!("<!--{}-->", text.replace("--", "- -"))),
            Kind::Instruction(target, data) => {
                let end = if self.html { ">" } else { "?>" };
                let blank = if data.is_empty() { "" } else { " " };
                self.out.push_str(&format!("<?{target}{blank}{data}{end}"));
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        id: u32,
        name: &Name,
        declared: &[(SmolStr, SmolStr)],
        depth: usize,
        indent: bool,
    ) -> Result<()> {
        let outer = self.scope.len();
        let is_html = self.html && name.namespace.is_empty();
        self.out.push('<');
        self.out.push_str(&name.written());
        // Attributes may need prefixes of their own.
        let mut attributes = Vec::new();
        let mut start = self.out.split_off(self.out.len());
        std::mem::swap(&mut start, &mut self.out);
        self.declare(&name.prefix, &name.namespace);
        for (prefix, namespace) in declared {
            if self.scope.get(outer..).is_some_and(|own| own.iter().any(|(known, _)| known == prefix)) {
                continue;
            }
            let undeclares = prefix.is_empty() && name.prefix.is_empty() && *namespace != name.namespace;
            if !(undeclares || is_html && prefix.is_empty()) {
                self.declare(prefix, namespace);
            }
        }
        for attribute in self.result.attributes(id).collect::<Vec<_>>() {
            let Kind::Attribute(name, value) = self.result.kind(attribute).clone() else { continue };
            let mut prefix = name.prefix.clone();
            if !name.namespace.is_empty() && prefix != "xml" {
                let taken = self.scope.get(outer..).is_some_and(|own| own.iter().any(|(known, _)| *known == prefix));
                if prefix.is_empty() || (taken && self.of(&prefix) != name.namespace) {
                    let known = self.scope.iter().rev().find(|(p, n)| !p.is_empty() && *n == name.namespace);
                    prefix = known.map_or_else(|| format!("ns{}", self.scope.len()).into(), |(p, _)| p.clone());
                }
                self.declare(&prefix, &name.namespace);
            }
            attributes.push((Name { prefix, ..name }, value));
        }
        for (attribute, value) in attributes {
            self.out.push(' ');
            let written = attribute.written();
            self.out.push_str(&written);
            if is_html && attribute.namespace.is_empty() && attribute.local.eq_ignore_ascii_case(&value) {
                continue;
            }
            self.out.push_str("=\"");
            self.escape(&value, true);
            self.out.push('"');
        }
        let tail = std::mem::replace(&mut self.out, start);
        self.out.push_str(&tail);
        let children: Vec<u32> = self.result.children(id).collect();
        let lower = name.local.to_ascii_lowercase();
        if children.is_empty() && !is_html {
            self.out.push_str(" />");
            self.scope.truncate(outer);
            return Ok(());
        }
        self.out.push('>');
        if is_html && VOID.contains(&lower.as_str()) {
            self.scope.truncate(outer);
            return Ok(());
        }
        let mixed = children.iter().any(|child| matches!(self.result.kind(*child), Kind::Text(..)));
        let indented = indent && self.indent && !mixed;
        if is_html && lower == "head" {
            if indented {
                self.line(depth + 1);
            }
            self.out.push_str("<META http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">");
        }
        for child in &children {
            if indented {
                self.line(depth + 1);
            }
            self.node(*child, depth + 1, indented)?;
        }
        if indented && (!children.is_empty() || lower == "head" && is_html) {
            self.line(depth);
        }
        self.out.push_str(&format!("</{}>", name.written()));
        self.scope.truncate(outer);
        self.check()
    }
}
