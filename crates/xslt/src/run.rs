//! Runs a style sheet.

mod instruction;
mod number;

use std::collections::HashMap;
use std::rc::Rc;

use apimite_dotnet::text::compare::culture;
use smol_str::SmolStr;

use crate::compile::resolve;
use crate::output::{self, Method};
use crate::sheet::{Avt, Binding, Instruction, Key, Part, Sheet, Sort};
use crate::tree::{Builder, Kind, Tree};
use crate::xpath::{Context, Host, Place, Value, text_of};
use crate::{Budget, Result, fail};

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
    let root = Place::new(0, 0);
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
        let value = self.binding(&global.value, Context::of(Place::new(0, 0)));
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
            let node = Place::new(tree, id);
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

    fn check_bytes(&mut self) -> Result<()> {
        let compared = self.out.take_compared();
        self.step(compared)?;
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
                Ok(Value::Nodes(vec![Place::new(number, 0)]))
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
        // Nothing is written of a namespace.
        if node.is_namespace() {
            return Ok(());
        }
        let tree = self.tree(node.tree);
        match tree.kind(node.id) {
            Kind::Root | Kind::Element(..) => {
                self.deeper()?;
                let children: Vec<Place> = tree.children(node.id).map(|id| Place::new(node.tree, id)).collect();
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
}
