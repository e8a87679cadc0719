//! Evaluates expressions over trees.

use std::cmp::Ordering;
use std::rc::Rc;

use smol_str::SmolStr;

use super::functions;
use super::namespaces::{self, namespace_of};
use super::parse::{Axis, Expr, NodeTest, Operator, Start, Step};
use super::value::{Value, number_of, number_text};
use crate::tree::{Kind, Tree};
use crate::{Result, fail};

/// A node: its tree, and its number there. Places are in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) tree: u32,
    pub(crate) id: u32,
    /// From 1 on: which of the namespaces in scope of that element it is; 0 for the node itself.
    pub(crate) namespace: u32,
}

impl Place {
    /// A node that stands in a tree.
    pub(crate) const fn new(tree: u32, id: u32) -> Self {
        Self { tree, id, namespace: 0 }
    }

    pub(crate) const fn is_namespace(self) -> bool {
        self.namespace > 0
    }
}

/// What an expression sees besides its context node.
pub(crate) trait Host {
    /// A tree by number.
    fn tree(&self, number: u32) -> Rc<Tree>;
    /// The value of a variable.
    fn variable(&mut self, namespace: &str, local: &str) -> Result<Value>;
    /// Counts work.
    fn step(&mut self, count: u64) -> Result<()>;
    /// `key(name, value)` in the tree of a node.
    fn key(&mut self, namespace: &str, local: &str, value: &str, of: Place) -> Result<Vec<Place>>;
    /// `format-number`.
    fn format_number(&mut self, number: f64, pattern: &str, format: Option<&str>) -> Result<SmolStr>;
    /// Resolves a prefix of a name in a text, such as the first argument of `key`.
    fn expand(&self, name: &str) -> Result<(SmolStr, SmolStr)>;
}

/// Node, position and size of an evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) node: Place,
    pub(crate) position: usize,
    pub(crate) size: usize,
    /// What `current()` gives.
    pub(crate) current: Place,
}

impl Context {
    pub(crate) fn of(node: Place) -> Self {
        Self { node, position: 1, size: 1, current: node }
    }
}

impl Value {
    pub(crate) fn text(&self, host: &dyn Host) -> SmolStr {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number_text(*number),
            Self::Bool(flag) => SmolStr::new_static(if *flag { "true" } else { "false" }),
            Self::Nodes(nodes) => nodes.first().map_or_else(SmolStr::default, |node| text_of(host, *node)),
        }
    }

    pub(crate) fn number(&self, host: &dyn Host) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Bool(flag) => f64::from(u8::from(*flag)),
            other => number_of(&other.text(host)),
        }
    }

    pub(crate) fn boolean(&self) -> bool {
        match self {
            Self::Bool(flag) => *flag,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Nodes(nodes) => !nodes.is_empty(),
        }
    }
}

/// The string value of a node.
pub(crate) fn text_of(host: &dyn Host, node: Place) -> SmolStr {
    match namespace_of(host, node) {
        Some((_, name)) => name,
        None => host.tree(node.tree).text(node.id),
    }
}

impl Expr {
    /// The value in a context.
    pub(crate) fn value(&self, context: Context, host: &mut dyn Host) -> Result<Value> {
        host.step(1)?;
        Ok(match self {
            Self::Number(number) => Value::Number(*number),
            Self::Literal(text) => Value::Text(text.clone()),
            Self::Variable(namespace, local) => host.variable(namespace, local)?,
            Self::Negative(of) => {
                let of = of.value(context, host)?;
                Value::Number(-of.number(host))
            }
            Self::Binary(operator, sides) => binary(*operator, &sides.0, &sides.1, context, host)?,
            Self::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(part.nodes(context, host)?);
                }
                sort(&mut all);
                Value::Nodes(all)
            }
            Self::Call(function, arguments) => functions::call(*function, arguments, context, host)?,
            Self::Filter(of, predicates) => {
                let mut nodes = of.nodes(context, host)?;
                for predicate in predicates {
                    nodes = filter(nodes, predicate, context.current, host)?;
                }
                Value::Nodes(nodes)
            }
            Self::Path(start, steps) => {
                let mut nodes = match start {
                    Start::Context => vec![context.node],
                    Start::Root => vec![Place::new(context.node.tree, 0)],
                    Start::Expr(of) => of.nodes(context, host)?,
                };
                for step in steps {
                    nodes = walk(&nodes, step, context.current, host)?;
                }
                Value::Nodes(nodes)
            }
        })
    }

    /// The nodes in a context.
    ///
    /// # Errors
    /// When the value is something else.
    pub(crate) fn nodes(&self, context: Context, host: &mut dyn Host) -> Result<Vec<Place>> {
        match self.value(context, host)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => fail("an expression has to give nodes, and gives something else"),
        }
    }
}

/// Document order, each node once.
fn sort(nodes: &mut Vec<Place>) {
    if !nodes.is_sorted_by(|a, b| a < b) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}

fn filter(nodes: Vec<Place>, predicate: &Expr, current: Place, host: &mut dyn Host) -> Result<Vec<Place>> {
    let size = nodes.len();
    let mut kept = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let context = Context { node, position: index + 1, size, current };
        let holds = match predicate.value(context, host)? {
            Value::Number(number) => number == (index + 1) as f64,
            other => other.boolean(),
        };
        if holds {
            kept.push(node);
        }
    }
    Ok(kept)
}

fn walk(from: &[Place], step: &Step, current: Place, host: &mut dyn Host) -> Result<Vec<Place>> {
    let mut all = Vec::new();
    for node in from {
        let tree = host.tree(node.tree);
        let (mut found, looked) = if node.is_namespace() {
            namespaces::from_namespace(&tree, *node, step.axis, &step.test)
        } else if step.axis == Axis::Namespace {
            namespaces::of_element(&tree, *node, &step.test)
        } else {
            let (mut found, mut looked) = (Vec::new(), 0);
            along(&tree, node.id, step.axis, &mut |id| {
                looked += 1;
                if matches(&tree, id, &step.test, step.axis) {
                    found.push(Place::new(node.tree, id));
                }
            });
            (found, looked)
        };
        host.step(looked)?;
        for predicate in &step.predicates {
            found = filter(found, predicate, current, host)?;
        }
        all.extend(found);
    }
    sort(&mut all);
    Ok(all)
}

/// Every node of an axis, nearest first.
pub(super) fn along(tree: &Tree, id: u32, axis: Axis, see: &mut dyn FnMut(u32)) {
    let ancestors = |start: Option<u32>, see: &mut dyn FnMut(u32)| {
        let mut at = start;
        while let Some(here) = at {
            see(here);
            at = tree.parent(here);
        }
    };
    match axis {
        Axis::Itself => see(id),
        Axis::Parent => tree.parent(id).into_iter().for_each(see),
        Axis::Ancestor => ancestors(tree.parent(id), see),
        Axis::AncestorOrSelf => ancestors(Some(id), see),
        Axis::Attribute => tree.attributes(id).for_each(see),
        Axis::Child => tree.children(id).for_each(see),
        Axis::Descendant | Axis::DescendantOrSelf => {
            if axis == Axis::DescendantOrSelf {
                see(id);
            }
            if !tree.is_attribute(id) {
                (id + 1..tree.end(id)).filter(|at| !tree.is_attribute(*at)).for_each(see);
            }
        }
        Axis::Following => {
            let all = u32::try_from(tree.nodes.len()).unwrap_or(u32::MAX);
            // What follows an attribute begins with the content of its element.
            (tree.end(id)..all).filter(|at| !tree.is_attribute(*at)).for_each(see);
        }
        Axis::Preceding => {
            (1..id).rev().filter(|at| !tree.is_attribute(*at) && tree.end(*at) <= id).for_each(see);
        }
        Axis::FollowingSibling | Axis::PrecedingSibling => {
            let Some(parent) = tree.parent(id).filter(|_| !tree.is_attribute(id)) else { return };
            if axis == Axis::FollowingSibling {
                tree.children(parent).filter(|at| *at > id).for_each(see);
            } else {
                let before: Vec<u32> = tree.children(parent).take_while(|at| *at < id).collect();
                before.into_iter().rev().for_each(see);
            }
        }
        // Namespaces stand in no tree.
        Axis::Namespace => {}
    }
}

/// Does a node pass a test on an axis?
pub(crate) fn matches(tree: &Tree, id: u32, test: &NodeTest, axis: Axis) -> bool {
    let kind = tree.kind(id);
    let principal =
        if axis == Axis::Attribute { matches!(kind, Kind::Attribute(..)) } else { matches!(kind, Kind::Element(..)) };
    match test {
        NodeTest::Node => true,
        NodeTest::Text => matches!(kind, Kind::Text(..)),
        NodeTest::Comment => matches!(kind, Kind::Comment(_)),
        NodeTest::Instruction(None) => matches!(kind, Kind::Instruction(..)),
        NodeTest::Instruction(Some(wanted)) => matches!(kind, Kind::Instruction(target, _) if target == wanted),
        NodeTest::Any => principal,
        NodeTest::Namespace(namespace) => principal && tree.name(id).is_some_and(|name| name.namespace == *namespace),
        NodeTest::Name(namespace, local) => principal && tree.name(id).is_some_and(|name| name.is(namespace, local)),
    }
}

fn binary(operator: Operator, left: &Expr, right: &Expr, context: Context, host: &mut dyn Host) -> Result<Value> {
    let a = left.value(context, host)?;
    match operator {
        Operator::Or => return Ok(Value::Bool(a.boolean() || right.value(context, host)?.boolean())),
        Operator::And => return Ok(Value::Bool(a.boolean() && right.value(context, host)?.boolean())),
        _ => {}
    }
    let b = right.value(context, host)?;
    let (x, y) = match operator {
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => return compare(operator, &a, &b, host).map(Value::Bool),
        _ => (a.number(host), b.number(host)),
    };
    Ok(Value::Number(match operator {
        Operator::Add => x + y,
        Operator::Subtract => x - y,
        Operator::Multiply => x * y,
        Operator::Divide => x / y,
        _ => x % y,
    }))
}

fn order(operator: Operator, a: f64, b: f64) -> bool {
    let order = a.partial_cmp(&b);
    match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Operator::Greater => order == Some(Ordering::Greater),
        _ => order.is_some_and(Ordering::is_ge),
    }
}

fn compare(operator: Operator, a: &Value, b: &Value, host: &mut dyn Host) -> Result<bool> {
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let same = |a: &str, b: &str| (a == b) == (operator == Operator::Equal);
    match (a, b) {
        (Value::Nodes(_), Value::Bool(flag)) => {
            Ok(order(operator, f64::from(u8::from(a.boolean())), f64::from(u8::from(*flag))))
        }
        (Value::Bool(flag), Value::Nodes(_)) => {
            Ok(order(operator, f64::from(u8::from(*flag)), f64::from(u8::from(b.boolean()))))
        }
        (Value::Nodes(left), Value::Nodes(right)) => {
            host.step((left.len() as u64).saturating_mul(right.len() as u64))?;
            let texts: Vec<SmolStr> = right.iter().map(|node| text_of(host, *node)).collect();
            Ok(left.iter().any(|node| {
                let text = text_of(host, *node);
                texts.iter().any(|other| match equality {
                    true => same(&text, other),
                    false => order(operator, number_of(&text), number_of(other)),
                })
            }))
        }
        (Value::Nodes(nodes), other) => Ok(nodes.iter().any(|node| {
            let text = text_of(host, *node);
            match other {
                Value::Text(other) if equality => same(&text, other),
                other => order(operator, number_of(&text), other.number(host)),
            }
        })),
        (other, Value::Nodes(nodes)) => Ok(nodes.iter().any(|node| {
            let text = text_of(host, *node);
            match other {
                Value::Text(other) if equality => same(other, &text),
                other => order(operator, other.number(host), number_of(&text)),
            }
        })),
        _ if !equality => Ok(order(operator, a.number(host), b.number(host))),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => Ok((a.boolean() == b.boolean()) == (operator == Operator::Equal)),
        (Value::Number(_), _) | (_, Value::Number(_)) => Ok(order(operator, a.number(host), b.number(host))),
        (Value::Text(a), Value::Text(b)) => Ok(same(a, b)),
    }
}
