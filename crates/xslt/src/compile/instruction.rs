//! Instructions, sort keys and parameters.

use super::Compiler;
use crate::sheet::{Binding, Instruction, Key, Level, Numbering, Sort};
use crate::{Result, fail};

impl Compiler<'_> {
    pub(super) fn sorts(&self, id: u32) -> Result<Vec<Sort>> {
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

    pub(super) fn with_parameters(&mut self, id: u32) -> Result<Vec<(Key, Binding)>> {
        let mut all = Vec::new();
        for child in self.tree.children(id).collect::<Vec<_>>() {
            if self.xsl(child).as_deref() == Some("with-param") {
                let name = self.key(child, &self.need(child, "name")?)?;
                all.push((name, self.binding(child)?));
            }
        }
        Ok(all)
    }

    pub(super) fn instruction(&mut self, id: u32, local: &str) -> Result<Option<Instruction>> {
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

    pub(super) fn numbering(&self, id: u32) -> Result<Numbering> {
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
