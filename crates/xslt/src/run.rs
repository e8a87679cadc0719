//! Runs a style sheet.

use std::collections::HashMap;
use std::rc::Rc;

use apimite_dotnet::text::compare::culture;
use smol_str::SmolStr;

use crate::compile::{XSL, resolve};
use crate::numbers::write_numbers;
use crate::output::{self, Method};
use crate::pattern::{Pattern, alike};
use crate::sheet::{Avt, Binding, Instruction, Key, Level, Numbering, Part, Sheet, Sort};
use crate::tree::{Builder, Kind, Name, Tree};
use crate::xpath::{Context, Host, Place, Value, text_of};
use crate::{Budget, Error, Result, fail};

/// Transforms a tree.
pub(crate) fn transform(
    sheet: &Sheet,
    source: Tree,
    parameters: &[(String, String)],
    budget: Budget,
) -> Result<(Tree, Method)> {
    let mut run = Run {
        sheet,
        trees: vec![Rc::new(source)],
        given: parameters,
        globals: HashMap::new(),
        variables: Vec::new(),
        base: 0,
        passed: Vec::new(),
        out: Builder::default(),
        aside_bytes: 0,
        keys: HashMap::new(),
        budget,
        depth: 0,
    };
    let root = Place { tree: 0, id: 0 };
    // Every global is read, also those that nothing uses: their mistakes are mistakes.
    for global in &sheet.globals {
        run.variable(&global.name.0, &global.name.1)?;
    }
    run.apply(&[root], None, &[])?;
    let result = std::mem::take(&mut run.out).finish();
    let method = output::method(&sheet.output, &result);
    Ok((result, method))
}

struct Run<'s> {
    sheet: &'s Sheet,
    trees: Vec<Rc<Tree>>,
    given: &'s [(String, String)],
    /// `None` while it is worked out.
    globals: HashMap<Key, Option<Value>>,
    variables: Vec<(Key, Value)>,
    /// Where the variables of the present template begin.
    base: usize,
    passed: Vec<(Key, Value)>,
    out: Builder,
    /// Bytes of fragments and of results that were put aside.
    aside_bytes: usize,
    keys: HashMap<(u32, Key), Rc<HashMap<SmolStr, Vec<Place>>>>,
    budget: Budget,
    depth: usize,
}

impl Host for Run<'_> {
    fn tree(&self, number: u32) -> Rc<Tree> {
        self.trees.get(number as usize).cloned().unwrap_or_default()
    }

    fn variable(&mut self, namespace: &str, local: &str) -> Result<Value> {
        let own = self.variables.get(self.base..).unwrap_or_default();
        if let Some((_, value)) = own.iter().rev().find(|((n, l), _)| n == namespace && l == local) {
            return Ok(value.clone());
        }
        let key: Key = (namespace.into(), local.into());
        match self.globals.get(&key) {
            Some(Some(value)) => return Ok(value.clone()),
            Some(None) => return fail(format!("the variable `{local}` needs itself")),
            None => {}
        }
        let sheet = self.sheet;
        let Some(global) = sheet.globals.iter().find(|global| global.name == key) else {
            return fail(format!("there is no variable `{local}`"));
        };
        let given = self.given.iter().find(|(name, _)| global.is_parameter && namespace.is_empty() && name == local);
        if let Some((_, text)) = given {
            let value = Value::Text(text.as_str().into());
            self.globals.insert(key, Some(value.clone()));
            return Ok(value);
        }
        self.globals.insert(key.clone(), None);
        let base = std::mem::replace(&mut self.base, self.variables.len());
        let value = self.binding(&global.value, Context::of(Place { tree: 0, id: 0 }));
        self.base = base;
        let value = value?;
        self.globals.insert(key, Some(value.clone()));
        Ok(value)
    }

    fn step(&mut self, count: u64) -> Result<()> {
        match self.budget.steps.checked_sub(count) {
            Some(left) => {
                self.budget.steps = left;
                Ok(())
            }
            None => fail("the transformation takes too many steps"),
        }
    }

    fn key(&mut self, namespace: &str, local: &str, value: &str, of: Place) -> Result<Vec<Place>> {
        let name: Key = (namespace.into(), local.into());
        let index = match self.keys.get(&(of.tree, name.clone())) {
            Some(index) => index.clone(),
            None => {
                let index = Rc::new(self.index(&name, of.tree)?);
                self.keys.insert((of.tree, name), index.clone());
                index
            }
        };
        Ok(index.get(value).cloned().unwrap_or_default())
    }

    fn format_number(&mut self, number: f64, pattern: &str, format: Option<&str>) -> Result<SmolStr> {
        let key = match format {
            Some(name) => self.expand(name)?,
            None => Key::default(),
        };
        match self.sheet.formats.get(&key) {
            Some(format) => format.write(number, pattern),
            None => fail(format!("there is no decimal format `{}`", key.1)),
        }
    }

    fn expand(&self, name: &str) -> Result<(SmolStr, SmolStr)> {
        let name = resolve(name, &self.sheet.prefixes, false)?;
        Ok((name.namespace, name.local))
    }
}

impl<'s> Run<'s> {
    /// Every node of a tree that a key has, by value.
    fn index(&mut self, name: &Key, tree: u32) -> Result<HashMap<SmolStr, Vec<Place>>> {
        let sheet = self.sheet;
        let defs: Vec<_> = sheet.keys.iter().filter(|def| def.name == *name).collect();
        if defs.is_empty() {
            return fail(format!("there is no key `{}`", name.1));
        }
        let count = u32::try_from(self.tree(tree).nodes.len()).unwrap_or(0);
        let mut index: HashMap<SmolStr, Vec<Place>> = HashMap::new();
        for id in 0..count {
            let node = Place { tree, id };
            for def in &defs {
                let mut fits = false;
                for pattern in &def.matches {
                    fits = fits || pattern.fits(node, self)?;
                }
                if !fits {
                    continue;
                }
                let texts = match def.uses.value(Context::of(node), self)? {
                    Value::Nodes(nodes) => nodes.iter().map(|node| text_of(self, *node)).collect(),
                    other => vec![other.text(self)],
                };
                for text in texts {
                    let list = index.entry(text).or_default();
                    if list.last() != Some(&node) {
                        list.push(node);
                    }
                }
            }
        }
        Ok(index)
    }

    fn check_bytes(&self) -> Result<()> {
        if self.out.bytes + self.aside_bytes > self.budget.bytes { fail("the result is too long") } else { Ok(()) }
    }

    fn binding(&mut self, binding: &'s Binding, context: Context) -> Result<Value> {
        match binding {
            Binding::Select(expr) => expr.value(context, self),
            Binding::Body(body) if body.is_empty() => Ok(Value::Text(SmolStr::default())),
            Binding::Body(body) => {
                let tree = self.aside(body, context)?;
                let number = u32::try_from(self.trees.len()).unwrap_or(u32::MAX);
                self.trees.push(Rc::new(tree));
                Ok(Value::Nodes(vec![Place { tree: number, id: 0 }]))
            }
        }
    }

    /// What instructions write, as a tree of its own.
    fn aside(&mut self, body: &'s [Instruction], context: Context) -> Result<Tree> {
        let outer = std::mem::take(&mut self.out);
        self.aside_bytes += outer.bytes;
        let outcome = self.body(body, context);
        let own = std::mem::replace(&mut self.out, outer);
        self.aside_bytes -= self.out.bytes;
        // Fragments live until the end.
        self.aside_bytes += own.bytes;
        outcome?;
        Ok(own.finish())
    }

    fn text_aside(&mut self, body: &'s [Instruction], context: Context) -> Result<SmolStr> {
        if let [Instruction::Text(text, _)] = body {
            return Ok(text.clone());
        }
        Ok(self.aside(body, context)?.text(0))
    }

    fn avt(&mut self, avt: &'s Avt, context: Context) -> Result<SmolStr> {
        match avt.0.as_slice() {
            [] => Ok(SmolStr::default()),
            [Part::Text(text)] => Ok(text.clone()),
            parts => {
                let mut all = String::new();
                for part in parts {
                    match part {
                        Part::Text(text) => all.push_str(text),
                        Part::Expr(expr) => {
                            let value = expr.value(context, self)?;
                            all.push_str(&value.text(self));
                        }
                    }
                }
                Ok(all.into())
            }
        }
    }

    /// The best template for a node.
    fn rule(&mut self, node: Place, mode: Option<&Key>) -> Result<Option<usize>> {
        let sheet = self.sheet;
        for rule in sheet.rules.iter().filter(|rule| rule.mode.as_ref() == mode) {
            if rule.pattern.fits(node, self)? {
                return Ok(Some(rule.template));
            }
        }
        Ok(None)
    }

    fn apply(&mut self, nodes: &[Place], mode: Option<&'s Key>, parameters: &[(Key, Value)]) -> Result<()> {
        for (index, node) in nodes.iter().enumerate() {
            let context = Context { node: *node, position: index + 1, size: nodes.len(), current: *node };
            match self.rule(*node, mode)? {
                Some(template) => self.template(template, context, parameters.to_vec())?,
                None => self.built_in(*node, mode)?,
            }
        }
        Ok(())
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > self.budget.depth { fail("templates call one another too deeply") } else { Ok(()) }
    }

    fn built_in(&mut self, node: Place, mode: Option<&'s Key>) -> Result<()> {
        self.step(1)?;
        let tree = self.tree(node.tree);
        match tree.kind(node.id) {
            Kind::Root | Kind::Element(..) => {
                self.deeper()?;
                let children: Vec<Place> = tree.children(node.id).map(|id| Place { tree: node.tree, id }).collect();
                self.apply(&children, mode, &[])?;
                self.depth -= 1;
            }
            Kind::Text(text, _) | Kind::Attribute(_, text) => self.out.text(text, false),
            Kind::Comment(_) | Kind::Instruction(..) => {}
        }
        self.check_bytes()
    }

    fn template(&mut self, index: usize, context: Context, parameters: Vec<(Key, Value)>) -> Result<()> {
        let sheet = self.sheet;
        let Some(template) = sheet.templates.get(index) else { return Ok(()) };
        self.deeper()?;
        let passed = std::mem::replace(&mut self.passed, parameters);
        let base = std::mem::replace(&mut self.base, self.variables.len());
        self.body(&template.body, context)?;
        self.base = base;
        self.passed = passed;
        self.depth -= 1;
        Ok(())
    }

    fn body(&mut self, body: &'s [Instruction], context: Context) -> Result<()> {
        let variables = self.variables.len();
        for instruction in body {
            self.step(1)?;
            self.instruction(instruction, context)?;
            self.check_bytes()?;
        }
        self.variables.truncate(variables);
        Ok(())
    }

    fn parameters(&mut self, list: &'s [(Key, Binding)], context: Context) -> Result<Vec<(Key, Value)>> {
        let mut all = Vec::with_capacity(list.len());
        for (name, binding) in list {
            all.push((name.clone(), self.binding(binding, context)?));
        }
        Ok(all)
    }

    fn sets(&mut self, names: &'s [Key], context: Context, depth: usize) -> Result<()> {
        if depth > 32 {
            return fail("attribute sets use one another without end");
        }
        let sheet = self.sheet;
        for name in names {
            let Some(sets) = sheet.attribute_sets.get(name) else {
                return fail(format!("there is no attribute set `{}`", name.1));
            };
            for set in sets {
                self.sets(&set.uses, context, depth + 1)?;
                // Only global variables are seen there.
                let base = std::mem::replace(&mut self.base, self.variables.len());
                let outcome = self.body(&set.body, context);
                self.base = base;
                outcome?;
            }
        }
        Ok(())
    }

    fn sorted(&mut self, nodes: Vec<Place>, sorts: &'s [Sort], context: Context) -> Result<Vec<Place>> {
        if sorts.is_empty() {
            return Ok(nodes);
        }
        let size = nodes.len();
        let mut rules = Vec::new();
        for sort in sorts {
            let number = self.avt(&sort.number, context)? == "number";
            let descending = self.avt(&sort.descending, context)? == "descending";
            let upper = self.avt(&sort.upper_first, context)? == "upper-first";
            rules.push((number, descending, upper));
        }
        let mut keyed = Vec::with_capacity(size);
        for (index, node) in nodes.into_iter().enumerate() {
            let own = Context { node, position: index + 1, size, current: node };
            let mut keys = Vec::with_capacity(sorts.len());
            for (sort, (number, _, _)) in sorts.iter().zip(&rules) {
                let value = sort.select.value(own, self)?;
                keys.push(if *number { (SmolStr::default(), value.number(self)) } else { (value.text(self), 0.0) });
            }
            keyed.push((keys, node));
        }
        let rounds = u64::from(usize::BITS - size.leading_zeros());
        self.step((size as u64).saturating_mul(rounds))?;
        keyed.sort_by(|(a, _), (b, _)| {
            for (((text_a, a), (text_b, b)), (number, descending, upper)) in a.iter().zip(b).zip(&rules) {
                let order = if *number {
                    // What is no number comes first.
                    a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
                } else {
                    let order = culture(text_a, text_b, true);
                    let case = culture(text_a, text_b, false);
                    order.then(if *upper { case.reverse() } else { case })
                };
                let order = if *descending { order.reverse() } else { order };
                if order.is_ne() {
                    return order;
                }
            }
            std::cmp::Ordering::Equal
        });
        Ok(keyed.into_iter().map(|(_, node)| node).collect())
    }

    fn instruction(&mut self, instruction: &'s Instruction, context: Context) -> Result<()> {
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
                        tree.children(context.node.id).map(|id| Place { id, ..context.node }).collect()
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

    fn may_take(&self, name: &Name) -> Result<()> {
        if self.out.takes_attributes() {
            return Ok(());
        }
        fail(format!("the attribute `{}` comes behind the content of its element", name.written()))
    }

    fn name(
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

    fn number(&mut self, numbering: &'s Numbering, context: Context) -> Result<String> {
        let numbers = match &numbering.value {
            Some(value) => {
                let number = value.value(context, self)?.number(self);
                let rounded = (number + 0.5).floor();
                if !(0.0..1e15).contains(&rounded) {
                    return Ok(crate::xpath::number_text(number).to_string());
                }
                vec![rounded as u64]
            }
            None => self.places(numbering, context.node)?,
        };
        let format = self.avt(&numbering.format, context)?;
        let separator = self.avt(&numbering.separator, context)?;
        let size = self.avt(&numbering.size, context)?.trim().parse().unwrap_or(0);
        Ok(write_numbers(&numbers, &format, &separator, size))
    }

    fn fits(&mut self, patterns: Option<&'s Vec<Pattern>>, like: Place, node: Place) -> Result<bool> {
        let Some(patterns) = patterns else { return Ok(alike(self, like, node)) };
        for pattern in patterns {
            if pattern.fits(node, self)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The numbers of a node by its place in the tree.
    fn places(&mut self, numbering: &'s Numbering, node: Place) -> Result<Vec<u64>> {
        let tree = self.tree(node.tree);
        let count = numbering.count.as_ref();
        let from = numbering.from.as_ref();
        if numbering.level == Level::Any {
            let mut number = 0;
            for id in (0..=node.id).rev() {
                let at = Place { tree: node.tree, id };
                // Attributes count only where the node is one.
                if tree.is_attribute(id) && id != node.id {
                    continue;
                }
                if self.fits(count, node, at)? {
                    number += 1;
                }
                if from.is_some() && self.fits(from, node, at)? {
                    break;
                }
            }
            return Ok(if number == 0 { Vec::new() } else { vec![number] });
        }
        let mut numbers = Vec::new();
        let mut at = Some(node.id);
        while let Some(id) = at {
            let here = Place { tree: node.tree, id };
            if from.is_some() && self.fits(from, node, here)? {
                break;
            }
            if self.fits(count, node, here)? {
                let mut number = 1;
                let siblings: Vec<u32> = tree
                    .parent(id)
                    .map(|up| tree.children(up).take_while(|other| *other < id).collect())
                    .unwrap_or_default();
                for sibling in siblings {
                    if self.fits(count, node, Place { tree: node.tree, id: sibling })? {
                        number += 1;
                    }
                }
                numbers.push(number);
                if numbering.level == Level::Single {
                    break;
                }
            }
            at = tree.parent(id);
        }
        numbers.reverse();
        Ok(numbers)
    }
}
