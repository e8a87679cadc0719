//! From the text of a style sheet to a [`Sheet`].

mod instruction;
mod literal;

use smol_str::SmolStr;

use crate::numbers::DecimalFormat;
use crate::output::Method;
use crate::pattern::Pattern;
use crate::sheet::{AttributeSet, Binding, Global, Instruction, Key, KeyDef, Rule, Sheet, Template};
use crate::tree::{Kind, Name, Tree, parse_sheet};
use crate::xpath::{Expr, NodeTest, parse};
use crate::{Error, Result, fail};

/// The namespace of XSLT.
pub(crate) const XSL: &str = "http://www.w3.org/1999/XSL/Transform";

const INSTRUCTIONS: [&str; 18] = [
    "apply-imports",
    "apply-templates",
    "attribute",
    "call-template",
    "choose",
    "comment",
    "copy",
    "copy-of",
    "element",
    "fallback",
    "for-each",
    "if",
    "message",
    "number",
    "processing-instruction",
    "text",
    "value-of",
    "variable",
];

/// Is there an instruction of that name?
pub(crate) fn is_instruction(local: &str) -> bool {
    INSTRUCTIONS.contains(&local)
}

/// Compiles a style sheet.
pub(crate) fn compile(text: &str) -> Result<Sheet> {
    let tree = parse_sheet(text)?;
    let Some(root) = tree.children(0).find(|id| matches!(tree.kind(*id), Kind::Element(..))) else {
        return fail("there is no style sheet");
    };
    let mut compiler = Compiler { tree: &tree, sheet: Sheet::default(), aliases: Vec::new() };
    compiler.sheet.prefixes = tree.namespaces(root);
    compiler.sheet.formats.insert(Key::default(), DecimalFormat::default());
    let name = tree.name(root).cloned().unwrap_or_default();
    if name.namespace == XSL && matches!(name.local.as_str(), "stylesheet" | "transform") {
        if compiler.attribute(root, "version").is_none() {
            return fail("`xsl:stylesheet` needs a `version`");
        }
        compiler.top(root)?;
    } else {
        // A literal element is a whole style sheet: one template for the root.
        let version = tree.attributes(root).any(|id| tree.name(id).is_some_and(|name| name.is(XSL, "version")));
        if !version {
            return fail(format!("`{}` is neither `xsl:stylesheet` nor an element with `xsl:version`", name.written()));
        }
        let body = compiler.node(root)?.into_iter().collect();
        compiler.sheet.templates.push(Template { body });
        let pattern = Pattern::read("/", &[])?.into_iter().next();
        if let Some(pattern) = pattern {
            compiler.sheet.rules.push(Rule { pattern, template: 0, priority: 0.0, mode: None });
        }
    }
    let mut sheet = compiler.sheet;
    sheet.rules.reverse();
    sheet.rules.sort_by(|a, b| b.priority.total_cmp(&a.priority));
    Ok(sheet)
}

struct Compiler<'t> {
    tree: &'t Tree,
    sheet: Sheet,
    /// Namespaces that stand for others in the result.
    aliases: Vec<(SmolStr, (SmolStr, SmolStr))>,
}

impl Compiler<'_> {
    fn attribute(&self, id: u32, name: &str) -> Option<SmolStr> {
        let found = self.tree.attributes(id).find(|at| self.tree.name(*at).is_some_and(|known| known.is("", name)))?;
        Some(self.tree.text(found))
    }

    fn xsl(&self, id: u32) -> Option<SmolStr> {
        self.tree.name(id).filter(|name| name.namespace == XSL).map(|name| name.local.clone())
    }

    fn prefixes(&self, id: u32) -> Vec<(SmolStr, SmolStr)> {
        self.tree.namespaces(id)
    }

    fn wrong<T>(&self, id: u32, message: impl std::fmt::Display) -> Result<T> {
        let name = self.tree.name(id).map_or_else(SmolStr::default, Name::written);
        fail(format!("`{name}`: {message}"))
    }

    fn need(&self, id: u32, name: &str) -> Result<SmolStr> {
        match self.attribute(id, name) {
            Some(value) => Ok(value),
            None => self.wrong(id, format!("`{name}` is missing")),
        }
    }

    fn expr(&self, id: u32, text: &str) -> Result<Expr> {
        parse(text, &self.prefixes(id)).or_else(|error| self.wrong(id, error))
    }

    fn patterns(&self, id: u32, text: &str) -> Result<Vec<Pattern>> {
        Pattern::read(text, &self.prefixes(id)).or_else(|error| self.wrong(id, error))
    }

    /// A name with its prefix resolved; without a prefix it is in no namespace.
    fn key(&self, id: u32, text: &str) -> Result<Key> {
        let text = text.trim();
        match text.split_once(':') {
            None => Ok((SmolStr::default(), text.into())),
            Some((prefix, local)) => match self.prefixes(id).into_iter().find(|(known, _)| known == prefix) {
                Some((_, namespace)) => Ok((namespace, local.into())),
                None => self.wrong(id, format!("the prefix `{prefix}` is not declared")),
            },
        }
    }

    fn keys(&self, id: u32, text: Option<SmolStr>) -> Result<Vec<Key>> {
        text.iter().flat_map(|text| text.split_whitespace()).map(|name| self.key(id, name)).collect()
    }

    fn yes(&self, id: u32, name: &str) -> Result<bool> {
        match self.attribute(id, name).as_deref().map(str::trim) {
            None | Some("no") => Ok(false),
            Some("yes") => Ok(true),
            Some(other) => self.wrong(id, format!("`{name}` is `yes` or `no`, not `{other}`")),
        }
    }

    /// Child elements; text between them is refused.
    fn elements(&self, id: u32) -> Result<Vec<u32>> {
        let mut all = Vec::new();
        for child in self.tree.children(id) {
            match self.tree.kind(child) {
                Kind::Element(..) => all.push(child),
                Kind::Text(text, _) if !text.trim().is_empty() => return self.wrong(id, "text may not stand here"),
                _ => {}
            }
        }
        Ok(all)
    }

    fn top(&mut self, root: u32) -> Result<()> {
        let elements = self.elements(root)?;
        for id in &elements {
            if self.xsl(*id).as_deref() == Some("namespace-alias") {
                let prefix = |text: SmolStr| if text == "#default" { SmolStr::default() } else { text };
                let find = |prefix: &SmolStr| {
                    let all = self.prefixes(*id);
                    all.into_iter().find(|(known, _)| known == prefix).map(|(_, name)| name).unwrap_or_default()
                };
                let from = prefix(self.need(*id, "stylesheet-prefix")?);
                let to = prefix(self.need(*id, "result-prefix")?);
                let (from, name) = (find(&from), find(&to));
                self.aliases.push((from, (name, to)));
            }
        }
        // Names of templates are known before any is called.
        let mut count = 0;
        for id in &elements {
            if self.xsl(*id).as_deref() == Some("template") {
                if let Some(name) = self.attribute(*id, "name") {
                    let key = self.key(*id, &name)?;
                    if self.sheet.named.insert(key, count).is_some() {
                        return self.wrong(*id, format!("there are two templates `{name}`"));
                    }
                }
                count += 1;
            }
        }
        for id in elements {
            let Some(local) = self.xsl(id) else {
                if self.tree.name(id).is_some_and(|name| name.namespace == "urn:schemas-microsoft-com:xslt") {
                    return self.wrong(id, "scripts are not available");
                }
                continue;
            };
            self.declaration(id, &local)?;
        }
        Ok(())
    }

    fn declaration(&mut self, id: u32, local: &str) -> Result<()> {
        match local {
            "template" => self.template(id)?,
            "param" | "variable" => {
                let name = self.key(id, &self.need(id, "name")?)?;
                if self.sheet.globals.iter().any(|known| known.name == name) {
                    return self.wrong(id, format!("`{}` is there twice", name.1));
                }
                let value = self.binding(id)?;
                self.sheet.globals.push(Global { name, is_parameter: local == "param", value });
            }
            "key" => {
                let name = self.key(id, &self.need(id, "name")?)?;
                let matches = self.patterns(id, &self.need(id, "match")?)?;
                let uses = self.expr(id, &self.need(id, "use")?)?;
                self.sheet.keys.push(KeyDef { name, matches, uses });
            }
            "output" => self.output(id)?,
            "strip-space" | "preserve-space" => {
                for name in self.need(id, "elements")?.split_whitespace() {
                    let test = match name {
                        "*" => NodeTest::Any,
                        name => match name.strip_suffix(":*") {
                            Some(prefix) => NodeTest::Namespace(self.key(id, &format!("{prefix}:x"))?.0),
                            None => {
                                let (namespace, local) = self.key(id, name)?;
                                NodeTest::Name(namespace, local)
                            }
                        },
                    };
                    self.sheet.white.push((test, local == "strip-space"));
                }
                // A name counts for more than a star.
                self.sheet.white.sort_by_key(|(test, _)| match test {
                    NodeTest::Any => 0,
                    NodeTest::Namespace(_) => 1,
                    _ => 2,
                });
            }
            "decimal-format" => {
                let name = match self.attribute(id, "name") {
                    Some(name) => self.key(id, &name)?,
                    None => Key::default(),
                };
                let format = DecimalFormat::read(|part| self.attribute(id, part));
                self.sheet.formats.insert(name, format);
            }
            "attribute-set" => {
                let name = self.key(id, &self.need(id, "name")?)?;
                let uses = self.keys(id, self.attribute(id, "use-attribute-sets"))?;
                let body = self.body(id)?;
                self.sheet.attribute_sets.entry(name).or_default().push(AttributeSet { uses, body });
            }
            "namespace-alias" => {}
            "import" | "include" => return self.wrong(id, "no other style sheet is read: write its templates here"),
            other => return fail(format!("`xsl:{other}` may not stand at the top of a style sheet")),
        }
        Ok(())
    }

    fn template(&mut self, id: u32) -> Result<()> {
        let index = self.sheet.templates.len();
        let patterns = self.attribute(id, "match");
        if patterns.is_none() && self.attribute(id, "name").is_none() {
            return self.wrong(id, "`match` or `name` is missing");
        }
        let mode = self.attribute(id, "mode").map(|mode| self.key(id, &mode)).transpose()?;
        let given = match self.attribute(id, "priority") {
            Some(text) => match text.trim().parse::<f64>() {
                Ok(number) => Some(number),
                Err(_) => return self.wrong(id, format!("`priority` is a number, not `{text}`")),
            },
            None => None,
        };
        if let Some(text) = patterns {
            for pattern in self.patterns(id, &text)? {
                let priority = given.unwrap_or_else(|| pattern.priority());
                self.sheet.rules.push(Rule { pattern, template: index, priority, mode: mode.clone() });
            }
        }
        let body = self.body(id)?;
        self.sheet.templates.push(Template { body });
        Ok(())
    }

    fn output(&mut self, id: u32) -> Result<()> {
        let mut output = std::mem::take(&mut self.sheet.output);
        if let Some(method) = self.attribute(id, "method") {
            output.method = match method.trim() {
                "xml" => Some(Method::Xml),
                "html" => Some(Method::Html),
                "text" => Some(Method::Text),
                other => return self.wrong(id, format!("the method `{other}` is not available")),
            };
        }
        for (name, slot) in [
            ("indent", &mut output.indent),
            ("omit-xml-declaration", &mut output.omit_declaration),
            ("standalone", &mut output.standalone),
        ] {
            if self.attribute(id, name).is_some() {
                *slot = Some(self.yes(id, name)?);
            }
        }
        let text = |name: &str, old: Option<String>| self.attribute(id, name).map(String::from).or(old);
        output.doctype_public = text("doctype-public", output.doctype_public.take());
        output.doctype_system = text("doctype-system", output.doctype_system.take());
        output.media_type = text("media-type", output.media_type.take());
        output.cdata.extend(self.keys(id, self.attribute(id, "cdata-section-elements"))?);
        self.sheet.output = output;
        Ok(())
    }

    fn binding(&mut self, id: u32) -> Result<Binding> {
        match self.attribute(id, "select") {
            Some(text) => Ok(Binding::Select(self.expr(id, &text)?)),
            None => Ok(Binding::Body(self.body(id)?)),
        }
    }

    /// What stands inside an element, as instructions.
    fn body(&mut self, id: u32) -> Result<Vec<Instruction>> {
        let mut all = Vec::new();
        for child in self.tree.children(id).collect::<Vec<_>>() {
            if matches!(self.xsl(child).as_deref(), Some("sort" | "with-param" | "fallback")) {
                continue;
            }
            all.extend(self.node(child)?);
        }
        Ok(all)
    }

    /// Is white space kept here?
    fn preserves(&self, id: u32) -> bool {
        let mut at = self.tree.parent(id);
        while let Some(here) = at {
            let space = self.tree.attributes(here).find(|attribute| {
                self.tree.name(*attribute).is_some_and(|name| name.is("http://www.w3.org/XML/1998/namespace", "space"))
            });
            if let Some(space) = space {
                return self.tree.text(space) == "preserve";
            }
            at = self.tree.parent(here);
        }
        false
    }

    fn node(&mut self, id: u32) -> Result<Option<Instruction>> {
        match self.tree.kind(id) {
            Kind::Text(text, _) => {
                let drop = text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) && !self.preserves(id);
                Ok((!drop).then(|| Instruction::Text(text.clone(), false)))
            }
            Kind::Element(name, _) if name.namespace == XSL => {
                let local = name.local.clone();
                self.instruction(id, &local)
            }
            Kind::Element(name, _) => {
                let name = name.clone();
                self.literal(id, name).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Resolves the prefix of a name by a list of namespaces.
pub(crate) fn resolve(text: &str, prefixes: &[(SmolStr, SmolStr)], default: bool) -> Result<Name> {
    let text = text.trim();
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    let valid = !local.is_empty()
        && local.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && local.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !valid {
        return fail(format!("`{text}` is no name"));
    }
    if prefix.is_empty() && !default {
        return Ok(Name::new("", local, ""));
    }
    if prefix == "xml" {
        return Ok(Name::new("http://www.w3.org/XML/1998/namespace", local, "xml"));
    }
    match prefixes.iter().find(|(known, _)| known == prefix) {
        Some((_, namespace)) => Ok(Name::new(namespace, local, prefix)),
        None if prefix.is_empty() => Ok(Name::new("", local, "")),
        None => Err(Error(format!("the prefix `{prefix}` is not declared"))),
    }
}
