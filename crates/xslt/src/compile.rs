//! From the text of a style sheet to a [`Sheet`].

use smol_str::SmolStr;

use crate::numbers::DecimalFormat;
use crate::output::Method;
use crate::pattern::Pattern;
use crate::sheet::{
    AttributeSet, Avt, Binding, Global, Instruction, Key, KeyDef, Level, Numbering, Part, Rule, Sheet, Sort, Template,
};
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

    fn avt(&self, id: u32, text: &str) -> Result<Avt> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push(c);
                rest = after;
                continue;
            }
            if c == '}' {
                return self.wrong(id, format!("a `}}` in `{text}` has no `{{`"));
            }
            let after = rest.get(c.len_utf8()..).unwrap_or("");
            if c != '{' {
                plain.push(c);
                rest = after;
                continue;
            }
            // Braces inside of texts belong to the expression.
            let mut quote = None;
            let end = after.char_indices().find(|(_, c)| match quote {
                Some(mark) if mark == *c => {
                    quote = None;
                    false
                }
                Some(_) => false,
                None if matches!(c, '\'' | '"') => {
                    quote = Some(*c);
                    false
                }
                None => *c == '}',
            });
            let Some((end, _)) = end else { return self.wrong(id, format!("a `{{` in `{text}` is not closed")) };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain).into()));
            }
            parts.push(Part::Expr(self.expr(id, after.get(..end).unwrap_or(""))?));
            rest = after.get(end + 1..).unwrap_or("");
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain.into()));
        }
        Ok(Avt(parts))
    }

    fn optional_avt(&self, id: u32, name: &str) -> Result<Option<Avt>> {
        self.attribute(id, name).map(|text| self.avt(id, &text)).transpose()
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

    fn alias(&self, mut name: Name) -> Name {
        if let Some((_, (namespace, prefix))) = self.aliases.iter().find(|(from, _)| *from == name.namespace) {
            name.namespace = namespace.clone();
            name.prefix = prefix.clone();
        }
        name
    }

    fn literal(&mut self, id: u32, name: Name) -> Result<Instruction> {
        let mut attributes = Vec::new();
        let mut sets = Vec::new();
        for at in self.tree.attributes(id).collect::<Vec<_>>() {
            let Some(attribute) = self.tree.name(at).cloned() else { continue };
            let value = self.tree.text(at);
            if attribute.namespace == XSL {
                if attribute.local == "use-attribute-sets" {
                    sets = self.keys(id, Some(value))?;
                }
                continue;
            }
            let attribute = if attribute.namespace.is_empty() { attribute } else { self.alias(attribute) };
            attributes.push((attribute, self.avt(id, &value)?));
        }
        let excluded = self.excluded(id);
        let mut declared = self.prefixes(id);
        declared.retain(|(_, namespace)| {
            namespace != XSL && !excluded.contains(namespace) && !self.aliases.iter().any(|(from, _)| from == namespace)
        });
        let body = self.body(id)?;
        Ok(Instruction::Literal { name: self.alias(name), declared, attributes, sets, body })
    }

    /// Namespaces that the result does not show unless it needs them.
    fn excluded(&self, id: u32) -> Vec<SmolStr> {
        let mut all = Vec::new();
        let mut at = Some(id);
        while let Some(here) = at {
            let of_xsl = self.xsl(here).is_some();
            for attribute in self.tree.attributes(here) {
                let fits = self.tree.name(attribute).is_some_and(|name| {
                    matches!(name.local.as_str(), "exclude-result-prefixes" | "extension-element-prefixes")
                        && name.namespace == if of_xsl { "" } else { XSL }
                });
                if fits {
                    let known = self.prefixes(here);
                    for word in self.tree.text(attribute).split_whitespace() {
                        let prefix = if word == "#default" { "" } else { word };
                        all.extend(known.iter().filter(|(p, _)| p == prefix).map(|(_, name)| name.clone()));
                    }
                }
            }
            at = self.tree.parent(here);
        }
        all
    }

    fn sorts(&self, id: u32) -> Result<Vec<Sort>> {
        let mut all = Vec::new();
        for child in self.tree.children(id).filter(|child| self.xsl(*child).as_deref() == Some("sort")) {
            let select = self.attribute(child, "select").unwrap_or_else(|| ".".into());
            all.push(Sort {
                select: self.expr(child, &select)?,
                number: self.optional_avt(child, "data-type")?.unwrap_or_default(),
                descending: self.optional_avt(child, "order")?.unwrap_or_default(),
                upper_first: self.optional_avt(child, "case-order")?.unwrap_or_default(),
            });
        }
        Ok(all)
    }

    fn with_parameters(&mut self, id: u32) -> Result<Vec<(Key, Binding)>> {
        let mut all = Vec::new();
        for child in self.tree.children(id).collect::<Vec<_>>() {
            if self.xsl(child).as_deref() == Some("with-param") {
                let name = self.key(child, &self.need(child, "name")?)?;
                all.push((name, self.binding(child)?));
            }
        }
        Ok(all)
    }

    fn instruction(&mut self, id: u32, local: &str) -> Result<Option<Instruction>> {
        let select = self.attribute(id, "select");
        let needed = |this: &Self| match &select {
            Some(text) => this.expr(id, text),
            None => this.wrong(id, "`select` is missing"),
        };
        Ok(Some(match local {
            "apply-templates" => Instruction::ApplyTemplates {
                select: select.as_ref().map(|text| self.expr(id, text)).transpose()?,
                mode: self.attribute(id, "mode").map(|mode| self.key(id, &mode)).transpose()?,
                sorts: self.sorts(id)?,
                parameters: self.with_parameters(id)?,
            },
            "call-template" => {
                let name = self.need(id, "name")?;
                let key = self.key(id, &name)?;
                let Some(index) = self.sheet.named.get(&key).copied() else {
                    return self.wrong(id, format!("there is no template `{name}`"));
                };
                Instruction::CallTemplate(index, self.with_parameters(id)?)
            }
            "value-of" => Instruction::ValueOf(needed(self)?, self.yes(id, "disable-output-escaping")?),
            "copy-of" => Instruction::CopyOf(needed(self)?),
            "text" => {
                let raw = self.yes(id, "disable-output-escaping")?;
                Instruction::Text(self.tree.text(id), raw)
            }
            "for-each" => Instruction::ForEach(needed(self)?, self.sorts(id)?, self.body(id)?),
            "if" => {
                let test = self.expr(id, &self.need(id, "test")?)?;
                Instruction::Choose(vec![(Some(test), self.body(id)?)])
            }
            "choose" => {
                let mut branches = Vec::new();
                for child in self.elements(id)? {
                    match self.xsl(child).as_deref() {
                        Some("when") => {
                            let test = self.expr(child, &self.need(child, "test")?)?;
                            branches.push((Some(test), self.body(child)?));
                        }
                        Some("otherwise") => branches.push((None, self.body(child)?)),
                        _ => return self.wrong(id, "only `xsl:when` and `xsl:otherwise` may stand in it"),
                    }
                }
                if branches.is_empty() {
                    return self.wrong(id, "`xsl:when` is missing");
                }
                Instruction::Choose(branches)
            }
            "variable" | "param" => {
                let name = self.key(id, &self.need(id, "name")?)?;
                let value = self.binding(id)?;
                if local == "param" { Instruction::Parameter(name, value) } else { Instruction::Variable(name, value) }
            }
            "copy" => {
                let sets = self.keys(id, self.attribute(id, "use-attribute-sets"))?;
                Instruction::Copy(sets, self.body(id)?)
            }
            "element" => Instruction::Element {
                name: self.avt(id, &self.need(id, "name")?)?,
                namespace: self.optional_avt(id, "namespace")?,
                prefixes: self.prefixes(id),
                sets: self.keys(id, self.attribute(id, "use-attribute-sets"))?,
                body: self.body(id)?,
            },
            "attribute" => Instruction::Attribute {
                name: self.avt(id, &self.need(id, "name")?)?,
                namespace: self.optional_avt(id, "namespace")?,
                prefixes: self.prefixes(id),
                body: self.body(id)?,
            },
            "comment" => Instruction::Comment(self.body(id)?),
            "processing-instruction" => {
                let name = self.avt(id, &self.need(id, "name")?)?;
                Instruction::Processing(name, self.body(id)?)
            }
            "number" => Instruction::Number(Box::new(self.numbering(id)?)),
            "message" => Instruction::Message(self.body(id)?, self.yes(id, "terminate")?),
            "fallback" => return Ok(None),
            "apply-imports" => return self.wrong(id, "no other style sheet is read, so there is nothing to apply"),
            other => {
                // What a later version brings may say what to do instead.
                let fallback: Vec<u32> =
                    self.tree.children(id).filter(|child| self.xsl(*child).as_deref() == Some("fallback")).collect();
                if fallback.is_empty() {
                    return fail(format!("`xsl:{other}` is no instruction of XSLT 1.0"));
                }
                let mut body = Vec::new();
                for one in fallback {
                    body.extend(self.body(one)?);
                }
                Instruction::Choose(vec![(None, body)])
            }
        }))
    }

    fn numbering(&self, id: u32) -> Result<Numbering> {
        let patterns = |name: &str| self.attribute(id, name).map(|text| self.patterns(id, &text)).transpose();
        let level = match self.attribute(id, "level").as_deref() {
            None | Some("single") => Level::Single,
            Some("multiple") => Level::Multiple,
            Some("any") => Level::Any,
            Some(other) => return self.wrong(id, format!("`level` cannot be `{other}`")),
        };
        let format = self.attribute(id, "format").unwrap_or_else(|| "1".into());
        Ok(Numbering {
            value: self.attribute(id, "value").map(|text| self.expr(id, &text)).transpose()?,
            level,
            count: patterns("count")?,
            from: patterns("from")?,
            format: self.avt(id, &format)?,
            separator: self.optional_avt(id, "grouping-separator")?.unwrap_or_default(),
            size: self.optional_avt(id, "grouping-size")?.unwrap_or_default(),
        })
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
