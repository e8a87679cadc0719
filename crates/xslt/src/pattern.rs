//! Patterns: what `match`, `count` and `from` say.

use smol_str::SmolStr;

use crate::tree::Kind;
use crate::xpath::{Axis, Context, Expr, Host, NodeTest, Place, Prefixes, Value, parse};
use crate::{Result, fail};

/// One alternative of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    start: Start,
    /// From the first to the last; the last is the node itself.
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Start {
    Anywhere,
    Root,
    /// `key(…)`
    Nodes(Expr),
}

#[derive(Clone, Debug)]
struct Step {
    attribute: bool,
    test: NodeTest,
    predicates: Vec<Expr>,
    /// May anything stand between it and the step before?
    deep: bool,
}

impl Pattern {
    /// Every alternative of a pattern.
    pub(crate) fn read(text: &str, prefixes: &Prefixes) -> Result<Vec<Self>> {
        let parts = match parse(text, prefixes)? {
            Expr::Union(parts) => parts,
            one => vec![one],
        };
        parts.into_iter().map(|part| Self::of(part, text)).collect()
    }

    fn of(expr: Expr, text: &str) -> Result<Self> {
        let wrong = || fail(format!("`{text}` is no pattern"));
        let (start, steps) = match expr {
            Expr::Path(crate::xpath::Start::Context, steps) => (Start::Anywhere, steps),
            Expr::Path(crate::xpath::Start::Root, steps) => (Start::Root, steps),
            Expr::Path(crate::xpath::Start::Expr(of), steps) if matches!(*of, Expr::Call(..)) => {
                (Start::Nodes(*of), steps)
            }
            call @ Expr::Call(..) => (Start::Nodes(call), Vec::new()),
            _ => return wrong(),
        };
        let mut all = Vec::with_capacity(steps.len());
        let mut deep = false;
        for step in steps {
            match step.axis {
                Axis::DescendantOrSelf if step.test == NodeTest::Node && step.predicates.is_empty() => deep = true,
                Axis::Child | Axis::Attribute => {
                    let attribute = step.axis == Axis::Attribute;
                    all.push(Step { attribute, test: step.test, predicates: step.predicates, deep });
                    deep = false;
                }
                _ => return wrong(),
            }
        }
        if deep {
            return wrong();
        }
        Ok(Self { start, steps: all })
    }

    /// The priority of a rule that does not say.
    pub(crate) fn priority(&self) -> f64 {
        match (&self.start, self.steps.as_slice()) {
            (Start::Anywhere, [step]) if step.predicates.is_empty() => match &step.test {
                NodeTest::Name(..) | NodeTest::Instruction(Some(_)) => 0.0,
                NodeTest::Namespace(_) => -0.25,
                _ => -0.5,
            },
            (Start::Root, []) => -0.5,
            _ => 0.5,
        }
    }

    /// Does a node fit?
    pub(crate) fn fits(&self, node: Place, host: &mut dyn Host) -> Result<bool> {
        host.step(1)?;
        match self.steps.len() {
            // No pattern speaks of namespaces.
            _ if node.is_namespace() => Ok(false),
            0 => self.starts_at(node, host),
            count => self.step_fits(count - 1, node, host),
        }
    }

    fn starts_at(&self, node: Place, host: &mut dyn Host) -> Result<bool> {
        Ok(match &self.start {
            Start::Anywhere => true,
            Start::Root => node.id == 0,
            Start::Nodes(of) => of.nodes(Context::of(node), host)?.contains(&node),
        })
    }

    fn step_fits(&self, index: usize, node: Place, host: &mut dyn Host) -> Result<bool> {
        let Some(step) = self.steps.get(index) else { return Ok(false) };
        let tree = host.tree(node.tree);
        if node.id == 0 || tree.is_attribute(node.id) != step.attribute {
            return Ok(false);
        }
        let axis = if step.attribute { Axis::Attribute } else { Axis::Child };
        if !crate::xpath::matches(&tree, node.id, &step.test, axis) {
            return Ok(false);
        }
        let Some(parent) = tree.parent(node.id) else { return Ok(false) };
        if !step.predicates.is_empty() {
            let beside: Vec<u32> =
                if step.attribute { tree.attributes(parent).collect() } else { tree.children(parent).collect() };
            host.step(beside.len() as u64)?;
            let fitting = beside.into_iter().filter(|id| crate::xpath::matches(&tree, *id, &step.test, axis));
            let mut nodes: Vec<Place> = fitting.map(|id| Place::new(node.tree, id)).collect();
            for predicate in &step.predicates {
                let size = nodes.len();
                let mut kept = Vec::new();
                for (index, one) in nodes.into_iter().enumerate() {
                    let context = Context { node: one, position: index + 1, size, current: node };
                    let holds = match predicate.value(context, host)? {
                        Value::Number(number) => number == (index + 1) as f64,
                        other => other.boolean(),
                    };
                    if holds {
                        kept.push(one);
                    }
                }
                nodes = kept;
            }
            if !nodes.contains(&node) {
                return Ok(false);
            }
        }
        let mut above = Some(parent);
        while let Some(id) = above {
            let place = Place::new(node.tree, id);
            let fits = match (index, &self.start) {
                (0, Start::Anywhere) => true,
                (0, _) => self.starts_at(place, host)?,
                _ => self.step_fits(index - 1, place, host)?,
            };
            if fits || !step.deep {
                return Ok(fits);
            }
            host.step(1)?;
            above = tree.parent(id);
        }
        Ok(false)
    }
}

/// Do two nodes look alike: the same kind, and the same name?
pub(crate) fn alike(host: &dyn Host, a: Place, b: Place) -> bool {
    if a.is_namespace() || b.is_namespace() {
        return a == b;
    }
    let (of_a, of_b) = (host.tree(a.tree), host.tree(b.tree));
    let name = |kind: &Kind| match kind {
        Kind::Element(name, _) | Kind::Attribute(name, _) => (name.namespace.clone(), name.local.clone()),
        Kind::Instruction(target, _) => (SmolStr::default(), target.clone()),
        _ => Default::default(),
    };
    let (a, b) = (of_a.kind(a.id), of_b.kind(b.id));
    std::mem::discriminant(a) == std::mem::discriminant(b) && name(a) == name(b)
}
