//! Literal result elements and attribute value templates.

use super::{Compiler, XSL};
use crate::Result;
use crate::sheet::{Avt, Instruction, Part};
use crate::tree::Name;
use smol_str::SmolStr;

impl Compiler<'_> {
    pub(super) fn avt(&self, id: u32, text: &str) -> Result<Avt> {
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

    pub(super) fn optional_avt(&self, id: u32, name: &str) -> Result<Option<Avt>> {
        self.attribute(id, name).map(|text| self.avt(id, &text)).transpose()
    }

    pub(super) fn alias(&self, mut name: Name) -> Name {
        if let Some((_, (namespace, prefix))) = self.aliases.iter().find(|(from, _)| *from == name.namespace) {
            name.namespace = namespace.clone();
            name.prefix = prefix.clone();
        }
        name
    }

    pub(super) fn literal(&mut self, id: u32, name: Name) -> Result<Instruction> {
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
    pub(super) fn excluded(&self, id: u32) -> Vec<SmolStr> {
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
}
