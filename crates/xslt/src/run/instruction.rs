//! What each instruction does.

use super::Run;
use crate::compile::{XSL, resolve};
use crate::sheet::{Avt, Instruction};
use crate::tree::{Kind, Name};
use crate::xpath::{Context, Host, Place, Value, namespace_of};
use crate::{Error, Result, fail};
use smol_str::SmolStr;

impl<'s> Run<'s> {
    pub(super) fn instruction(&mut self, instruction: &'s Instruction, context: Context) -> Result<()> {
        match instruction {
            Instruction::Text(text, raw) => self.out.text(text, *raw),
            Instruction::ValueOf(expr, raw) => {
                let value = expr.value(context, self)?;
                let text = value.text(self);
                self.out.text(&text, *raw);
            }
            Instruction::CopyOf(expr) => match expr.value(context, self)? {
                Value::Nodes(nodes) => {
                    for node in nodes {
                        if self.declares(node)? {
                            continue;
                        }
                        let tree = self.tree(node.tree);
                        self.step(u64::from(tree.end(node.id) - node.id))?;
                        if let Kind::Attribute(name, _) = tree.kind(node.id) {
                            self.may_take(name)?;
                        }
                        self.out.copy(&tree, node.id);
                        self.check_bytes()?;
                    }
                }
                other => {
                    let text = other.text(self);
                    self.out.text(&text, false);
                }
            },
            Instruction::Copy(sets, body) => {
                if self.declares(context.node)? {
                    return Ok(());
                }
                let tree = self.tree(context.node.tree);
                match tree.kind(context.node.id) {
                    Kind::Root => self.body(body, context)?,
                    Kind::Element(name, _) => {
                        let declared = self.out.missing(tree.namespaces(context.node.id));
                        self.out.open(name.clone(), declared);
                        self.sets(sets, context, 0)?;
                        self.body(body, context)?;
                        self.out.close();
                    }
                    Kind::Attribute(name, value) => {
                        self.may_take(name)?;
                        self.out.attribute(name.clone(), value.clone());
                    }
                    Kind::Text(text, raw) => self.out.text(text, *raw),
                    Kind::Comment(text) => self.out.comment(text),
                    Kind::Instruction(target, data) => self.out.instruction(target, data),
                }
            }
            Instruction::Literal { name, declared, attributes, sets, body } => {
                let declared = self.out.missing(declared.clone());
                self.out.open(name.clone(), declared);
                self.sets(sets, context, 0)?;
                for (name, value) in attributes {
                    let value = self.avt(value, context)?;
                    self.out.attribute(name.clone(), value);
                }
                self.body(body, context)?;
                self.out.close();
            }
            Instruction::Element { name, namespace, prefixes, sets, body } => {
                let name = self.name(name, namespace.as_ref(), prefixes, true, context)?;
                self.out.open(name, Vec::new());
                self.sets(sets, context, 0)?;
                self.body(body, context)?;
                self.out.close();
            }
            Instruction::Attribute { name, namespace, prefixes, body } => {
                let name = self.name(name, namespace.as_ref(), prefixes, false, context)?;
                if name.local == "xmlns" && name.namespace.is_empty() {
                    return fail("`xsl:attribute` cannot make `xmlns`");
                }
                self.may_take(&name)?;
                let value = self.text_aside(body, context)?;
                self.out.attribute(name, value);
            }
            Instruction::Comment(body) => {
                let text = self.text_aside(body, context)?;
                self.out.comment(&text);
            }
            Instruction::Processing(name, body) => {
                let name = self.avt(name, context)?;
                let text = self.text_aside(body, context)?;
                if name.eq_ignore_ascii_case("xml") || resolve(&name, &[], false).is_err() {
                    return fail(format!("`{name}` cannot be the name of a processing instruction"));
                }
                self.out.instruction(&name, &text.replace("?>", "? >"));
            }
            Instruction::ApplyTemplates { select, mode, sorts, parameters } => {
                let nodes = match select {
                    Some(select) => select.nodes(context, self)?,
                    None => {
                        let tree = self.tree(context.node.tree);
                        let is_namespace = context.node.is_namespace();
                        let children = tree.children(context.node.id).filter(|_| !is_namespace);
                        children.map(|id| Place { id, ..context.node }).collect()
                    }
                };
                let nodes = self.sorted(nodes, sorts, context)?;
                let parameters = self.parameters(parameters, context)?;
                self.apply(&nodes, mode.as_ref(), &parameters)?;
            }
            Instruction::CallTemplate(index, parameters) => {
                let parameters = self.parameters(parameters, context)?;
                self.template(*index, context, parameters)?;
            }
            Instruction::ForEach(select, sorts, body) => {
                let nodes = select.nodes(context, self)?;
                let nodes = self.sorted(nodes, sorts, context)?;
                let size = nodes.len();
                for (index, node) in nodes.into_iter().enumerate() {
                    self.body(body, Context { node, position: index + 1, size, current: node })?;
                }
            }
            Instruction::Choose(branches) => {
                for (test, body) in branches {
                    let holds = match test {
                        Some(test) => test.value(context, self)?.boolean(),
                        None => true,
                    };
                    if holds {
                        return self.body(body, context);
                    }
                }
            }
            Instruction::Variable(name, binding) => {
                let value = self.binding(binding, context)?;
                self.variables.push((name.clone(), value));
            }
            Instruction::Parameter(name, binding) => {
                let passed = self.passed.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                let value = match passed {
                    Some(value) => value,
                    None => self.binding(binding, context)?,
                };
                self.variables.push((name.clone(), value));
            }
            Instruction::Number(numbering) => {
                let text = self.number(numbering, context)?;
                self.out.text(&text, false);
            }
            Instruction::Message(body, terminate) => {
                let text = self.text_aside(body, context)?;
                if *terminate {
                    return Err(Error(format!("the style sheet ended the transformation: {text}")));
                }
            }
        }
        Ok(())
    }

    /// Copies a node when it is a namespace; `false` when it is none.
    ///
    /// # Errors
    /// When no element is open for it, or the prefix stands for something else there.
    fn declares(&mut self, node: Place) -> Result<bool> {
        let Some((prefix, name)) = namespace_of(self, node) else { return Ok(false) };
        self.step(1)?;
        if !self.out.takes_attributes() {
            return fail(format!("the namespace `{name}` comes behind the content of its element"));
        }
        if prefix == "xml" || self.out.declare(&prefix, &name) {
            return Ok(true);
        }
        fail(format!("the prefix `{prefix}` cannot stand for `{name}`: it stands for another namespace in its element"))
    }

    pub(super) fn may_take(&self, name: &Name) -> Result<()> {
        if self.out.takes_attributes() {
            return Ok(());
        }
        fail(format!("the attribute `{}` comes behind the content of its element", name.written()))
    }

    pub(super) fn name(
        &mut self,
        name: &'s Avt,
        namespace: Option<&'s Avt>,
        prefixes: &[(SmolStr, SmolStr)],
        default: bool,
        context: Context,
    ) -> Result<Name> {
        let text = self.avt(name, context)?;
        match namespace {
            Some(namespace) => {
                let namespace = self.avt(namespace, context)?;
                let (prefix, local) = text.split_once(':').unwrap_or(("", &text));
                let checked = resolve(local, &[], false)?;
                // What is declared for it is a good prefix for an attribute that has none.
                let known = prefixes.iter().find(|(p, n)| *n == namespace && !p.is_empty() && *n != XSL);
                let prefix = match (prefix, known) {
                    ("" | "xmlns", Some((known, _))) if !default => known.as_str(),
                    ("xmlns", _) => "",
                    (prefix, _) => prefix,
                };
                Ok(Name::new(&namespace, &checked.local, if namespace.is_empty() { "" } else { prefix }))
            }
            None => resolve(&text, prefixes, default),
        }
    }
}
