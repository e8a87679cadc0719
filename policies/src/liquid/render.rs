//! Writes a template over its values, within a budget.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use apimite_dotnet::time::DateTime;
use apimite_policy::exchange::Exchange;

use super::conditions::{compare, equal};
use super::filters::Input;
use super::parse::{Comparison, Node, Output, Template, Test};
use super::path::{Expr, Part};
use super::value::{Host, Val, XmlRules};

/// What a template sees as `body`.
pub(crate) enum Bound {
    /// Nothing: there is no body, or its type is neither JSON nor XML.
    Nothing,
    /// JSON.
    Json(apimite_dotnet::json::JToken),
    /// XML: the root element is a member.
    Xml(apimite_dotnet::xml::XObject),
}

/// The attributes of `set-body` that change how values are read.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) nil_is_null: bool,
    pub(crate) dates: bool,
}

/// What one rendering may use up.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Nodes and items.
    pub(crate) steps: u64,
    /// Bytes of output, captured texts included.
    pub(crate) bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 2_000_000, bytes: 16 << 20 }
    }
}

/// A rendering used up its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// Renders a template.
///
/// # Errors
/// [`Exceeded`]; anything else that goes wrong is written into the text as DotLiquid does it.
pub(crate) fn render(
    template: &Template,
    body: &Bound,
    options: Options,
    exchange: &Exchange,
    budget: Budget,
) -> Result<String, Exceeded> {
    let rules = XmlRules { nil_is_null: options.nil_is_null, dates: options.dates };
    let body = match body {
        Bound::Nothing => Val::Nil,
        Bound::Json(token) => Val::json(token),
        Bound::Xml(root) => {
            // The root is found by its name, whatever the case; an element around it makes it a member.
            let around = apimite_dotnet::xml::XObject::element(apimite_dotnet::xml::XName::new("", "body"));
            let content = apimite_dotnet::xml::Content::Object(root.clone());
            if around.add(&content).is_ok() { Val::Xml(around, rules) } else { Val::Nil }
        }
    };
    let now = DateTime::from_unix_nanos(exchange.clock.now().0);
    let scope = HashMap::from([(Rc::from("body"), body), (Rc::from("context"), Val::Host(Host::Context))]);
    let mut run = Run {
        exchange,
        rules,
        now,
        scopes: vec![HashMap::new()],
        roots: scope,
        counts: HashMap::new(),
        cycles: HashMap::new(),
        continued: HashMap::new(),
        changed: HashMap::new(),
        budget,
        out: String::new(),
    };
    run.nodes(&template.nodes)?;
    Ok(run.out)
}

/// Where a rendering goes on.
pub(super) enum Stop {
    Go,
    Break,
    Continue,
}

/// A rendering.
pub(super) struct Run<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) rules: XmlRules,
    now: DateTime,
    pub(super) scopes: Vec<HashMap<Rc<str>, Val>>,
    roots: HashMap<Rc<str>, Val>,
    counts: HashMap<Arc<str>, i64>,
    cycles: HashMap<Arc<str>, usize>,
    pub(super) continued: HashMap<Arc<str>, usize>,
    changed: HashMap<usize, String>,
    pub(super) budget: Budget,
    out: String,
}

impl Run<'_> {
    fn step(&mut self) -> Result<(), Exceeded> {
        self.budget.steps = self.budget.steps.checked_sub(1).ok_or(Exceeded)?;
        Ok(())
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Exceeded> {
        self.budget.bytes = self.budget.bytes.checked_sub(text.len()).ok_or(Exceeded)?;
        self.out.push_str(text);
        Ok(())
    }

    pub(super) fn nodes(&mut self, nodes: &[Node]) -> Result<Stop, Exceeded> {
        for node in nodes {
            self.step()?;
            let stop = self.node(node)?;
            if !matches!(stop, Stop::Go) {
                return Ok(stop);
            }
        }
        Ok(Stop::Go)
    }

    /// What `nodes` write, as a text of its own.
    pub(super) fn aside(&mut self, nodes: &[Node]) -> Result<(String, Stop), Exceeded> {
        let outer = std::mem::take(&mut self.out);
        let stop = self.nodes(nodes);
        let text = std::mem::replace(&mut self.out, outer);
        Ok((text, stop?))
    }

    fn node(&mut self, node: &Node) -> Result<Stop, Exceeded> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Output(output) => {
                let text = match self.output(output)? {
                    Ok(value) => value.text(),
                    Err(error) => format!("Liquid error: {error}"),
                };
                self.write(&text)?;
            }
            Node::Assign(name, output) => match self.output(output)? {
                Ok(value) => self.assign(name, value),
                Err(error) => self.write(&format!("Liquid error: {error}"))?,
            },
            Node::Capture(name, nodes) => {
                let (text, stop) = self.aside(nodes)?;
                self.assign(name, Val::from(text.as_str()));
                return Ok(stop);
            }
            Node::If(branches) => {
                for (test, nodes) in branches {
                    match self.test(test)? {
                        Ok(true) => return self.nodes(nodes),
                        Ok(false) => {}
                        Err(error) => {
                            self.write(&format!("Liquid error: {error}"))?;
                            break;
                        }
                    }
                }
            }
            Node::Case(of, whens, otherwise) => {
                let of = self.value(of)?;
                for (values, nodes) in whens {
                    for value in values {
                        if equal(&of, &self.value(value)?) {
                            return self.nodes(nodes);
                        }
                    }
                }
                return self.nodes(otherwise);
            }
            Node::For(each) => return self.each(each),
            Node::Cycle(group, values) => {
                let at = self.cycles.entry(group.clone()).or_default();
                let chosen = values.get(*at % values.len().max(1));
                *at += 1;
                if let Some(value) = chosen {
                    let text = self.value(value)?.text();
                    self.write(&text)?;
                }
            }
            Node::IfChanged(number, nodes) => {
                let (text, stop) = self.aside(nodes)?;
                if self.changed.get(number) != Some(&text) {
                    self.write(&text)?;
                    self.changed.insert(*number, text);
                }
                return Ok(stop);
            }
            Node::Count(name, by) => {
                let count = self.counts.entry(name.clone()).or_default();
                let shown = if *by > 0 { *count } else { *count - 1 };
                *count += by;
                self.write(&shown.to_string())?;
            }
            Node::Break => return Ok(Stop::Break),
            Node::Continue => return Ok(Stop::Continue),
        }
        Ok(Stop::Go)
    }

    fn assign(&mut self, name: &str, value: Val) {
        // DotLiquid assigns to the outermost scope.
        if let Some(scope) = self.scopes.first_mut() {
            scope.insert(Rc::from(name), value);
        }
    }

    fn output(&mut self, output: &Output) -> Result<Result<Val, String>, Exceeded> {
        let mut of = self.value(&output.of)?;
        if !output.filters.is_empty() {
            of = self.settled(of);
        }
        for filter in &output.filters {
            self.step()?;
            let Some(run) = filter.run else {
                let (name, markup) = (&filter.name, &output.markup);
                return Ok(Err(format!("Error - Filter '{name}' in '{markup}' could not be found.")));
            };
            let mut arguments = Vec::with_capacity(filter.arguments.len());
            for argument in &filter.arguments {
                arguments.push(self.value(argument)?);
            }
            // Walking through items and making texts costs what they are long.
            let cost = of.size().unsigned_abs();
            self.budget.steps = self.budget.steps.checked_sub(cost / 16).ok_or(Exceeded)?;
            of = match run(&Input { of, arguments: &arguments, now: self.now }) {
                Ok(value) => value,
                Err(error) => return Ok(Err(error)),
            };
            if let Val::Text(text) = &of {
                self.budget.bytes.checked_sub(text.len()).ok_or(Exceeded)?;
            }
        }
        Ok(Ok(of))
    }

    /// Comparisons are read from the right: `a and b or c` is `a and (b or c)`.
    fn test(&mut self, test: &Test) -> Result<Result<bool, String>, Exceeded> {
        let Some(first) = &test.first else { return Ok(Ok(true)) };
        let all: Vec<&Comparison> = std::iter::once(first).chain(test.more.iter().map(|(_, next)| next)).collect();
        let mut holds = true;
        for (at, comparison) in all.iter().enumerate().rev() {
            let own = match self.comparison(comparison)? {
                Ok(own) => own,
                Err(error) => return Ok(Err(error)),
            };
            holds = match test.more.get(at) {
                Some((true, _)) => own && holds,
                Some((false, _)) => own || holds,
                None => own,
            };
        }
        Ok(Ok(holds != test.negated))
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Result<bool, String>, Exceeded> {
        let left = self.value(&comparison.left)?;
        match &comparison.right {
            None => Ok(Ok(left.is_true())),
            Some((operator, right)) => {
                let right = self.value(right)?;
                Ok(compare(&left, operator, &right))
            }
        }
    }

    pub(super) fn value(&mut self, expr: &Expr) -> Result<Val, Exceeded> {
        self.step()?;
        match expr {
            Expr::Literal(literal) => Ok(literal.value()),
            Expr::Range(ends) => {
                let end = |value: Val| value.text().trim().parse::<i64>().unwrap_or(0);
                let (from, to) = (end(self.value(&ends.0)?), end(self.value(&ends.1)?));
                let count = u64::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0);
                self.budget.steps = self.budget.steps.checked_sub(count).ok_or(Exceeded)?;
                Ok(Val::List((from..=to).map(Val::Int).collect()))
            }
            Expr::Path(parts) => {
                let mut parts = parts.iter();
                let mut value = match parts.next() {
                    Some(Part::Name(name)) => self.root(name),
                    Some(Part::Index(expr)) => {
                        let name = self.value(expr)?.text();
                        self.root(&name)
                    }
                    None => Val::Nil,
                };
                for part in parts {
                    self.step()?;
                    let next = match part {
                        Part::Name(name) => self.named(&value, name),
                        Part::Index(expr) => match self.value(expr)? {
                            Val::Int(index) => value.at(index),
                            other => self.member(&value, &other.text()),
                        },
                    };
                    match next {
                        Some(next) => value = next,
                        None => return Ok(Val::Nil),
                    }
                }
                Ok(value)
            }
        }
    }

    fn root(&self, name: &str) -> Val {
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name)).or_else(|| self.roots.get(name));
        found.cloned().unwrap_or_else(|| self.counts.get(name).map_or(Val::Nil, |count| Val::Int(*count)))
    }

    /// A member, or what `size`, `first` and `last` say of a list.
    fn named(&self, value: &Val, name: &str) -> Option<Val> {
        if let Some(found) = self.member(value, name) {
            return Some(found);
        }
        match name {
            "Size" | "size" if value.items().is_some() => Some(Val::Int(value.size())),
            "First" | "first" => value.items()?.first().cloned(),
            "Last" | "last" => value.items()?.last().cloned(),
            _ => None,
        }
    }
}
