//! A compiled style sheet.

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::numbers::DecimalFormat;
use crate::output::Settings;
use crate::pattern::Pattern;
use crate::tree::Name;
use crate::xpath::{Expr, NodeTest};

/// A name as a key of tables: namespace and local name.
pub(crate) type Key = (SmolStr, SmolStr);

#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) templates: Vec<Template>,
    pub(crate) named: HashMap<Key, usize>,
    /// Best first: by priority, then the later one.
    pub(crate) rules: Vec<Rule>,
    pub(crate) globals: Vec<Global>,
    pub(crate) keys: Vec<KeyDef>,
    pub(crate) formats: HashMap<Key, DecimalFormat>,
    pub(crate) output: Settings,
    /// Elements whose white space is dropped (true) or kept; the last that fits counts.
    pub(crate) white: Vec<(NodeTest, bool)>,
    pub(crate) attribute_sets: HashMap<Key, Vec<AttributeSet>>,
    /// Namespaces in scope of the outermost element.
    pub(crate) prefixes: Vec<(SmolStr, SmolStr)>,
}

impl Sheet {
    pub(crate) fn strips(&self, name: &Name) -> bool {
        let fits = |test: &NodeTest| match test {
            NodeTest::Any => true,
            NodeTest::Namespace(namespace) => name.namespace == *namespace,
            NodeTest::Name(namespace, local) => name.is(namespace, local),
            _ => false,
        };
        self.white.iter().rev().find(|(test, _)| fits(test)).is_some_and(|(_, strip)| *strip)
    }
}

#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) body: Vec<Instruction>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    pub(crate) template: usize,
    pub(crate) priority: f64,
    pub(crate) mode: Option<Key>,
}

#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) name: Key,
    pub(crate) is_parameter: bool,
    pub(crate) value: Binding,
}

#[derive(Debug)]
pub(crate) struct KeyDef {
    pub(crate) name: Key,
    pub(crate) matches: Vec<Pattern>,
    pub(crate) uses: Expr,
}

#[derive(Debug)]
pub(crate) struct AttributeSet {
    pub(crate) uses: Vec<Key>,
    pub(crate) body: Vec<Instruction>,
}

/// The value of a variable: an expression, or a fragment.
#[derive(Debug)]
pub(crate) enum Binding {
    Select(Expr),
    Body(Vec<Instruction>),
}

/// A text with expressions in braces.
#[derive(Debug, Default)]
pub(crate) struct Avt(pub(crate) Vec<Part>);

#[derive(Debug)]
pub(crate) enum Part {
    Text(SmolStr),
    Expr(Expr),
}

#[derive(Debug)]
pub(crate) struct Sort {
    pub(crate) select: Expr,
    pub(crate) number: Avt,
    pub(crate) descending: Avt,
    pub(crate) upper_first: Avt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Single,
    Multiple,
    Any,
}

#[derive(Debug)]
pub(crate) struct Numbering {
    pub(crate) value: Option<Expr>,
    pub(crate) level: Level,
    pub(crate) count: Option<Vec<Pattern>>,
    pub(crate) from: Option<Vec<Pattern>>,
    pub(crate) format: Avt,
    pub(crate) separator: Avt,
    pub(crate) size: Avt,
}

#[derive(Debug)]
pub(crate) enum Instruction {
    Text(SmolStr, bool),
    ValueOf(Expr, bool),
    CopyOf(Expr),
    Copy(Vec<Key>, Vec<Self>),
    Element {
        name: Avt,
        namespace: Option<Avt>,
        prefixes: Vec<(SmolStr, SmolStr)>,
        sets: Vec<Key>,
        body: Vec<Self>,
    },
    Attribute {
        name: Avt,
        namespace: Option<Avt>,
        prefixes: Vec<(SmolStr, SmolStr)>,
        body: Vec<Self>,
    },
    Literal {
        name: Name,
        declared: Vec<(SmolStr, SmolStr)>,
        attributes: Vec<(Name, Avt)>,
        sets: Vec<Key>,
        body: Vec<Self>,
    },
    Comment(Vec<Self>),
    Processing(Avt, Vec<Self>),
    ApplyTemplates {
        select: Option<Expr>,
        mode: Option<Key>,
        sorts: Vec<Sort>,
        parameters: Vec<(Key, Binding)>,
    },
    CallTemplate(usize, Vec<(Key, Binding)>),
    ForEach(Expr, Vec<Sort>, Vec<Self>),
    /// Conditions with what they lead to; without one it is `otherwise`.
    Choose(Vec<(Option<Expr>, Vec<Self>)>),
    Variable(Key, Binding),
    Parameter(Key, Binding),
    Number(Box<Numbering>),
    Message(Vec<Self>, bool),
}
