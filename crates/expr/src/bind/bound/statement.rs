//! Bound statements.

use apimite_diag::Span;

use super::{B, LabelId, LocalId, Test};
use crate::types::Type;

/// A bound statement.
#[derive(Clone)]
pub(crate) struct S<'a> {
    pub(crate) kind: SK<'a>,
    pub(crate) span: Span,
}

/// What a bound statement is.
#[derive(Clone)]
pub(crate) enum SK<'a> {
    Block {
        locals: Vec<LocalId>,
        body: Vec<S<'a>>,
    },
    Empty,
    Expr(B<'a>),
    /// A local with its initial value.
    Declare {
        local: LocalId,
        value: Option<B<'a>>,
    },
    If {
        condition: B<'a>,
        then: Box<S<'a>>,
        otherwise: Option<Box<S<'a>>>,
    },
    While {
        locals: Vec<LocalId>,
        condition: B<'a>,
        body: Box<S<'a>>,
    },
    DoWhile {
        body: Box<S<'a>>,
        condition: B<'a>,
    },
    For {
        locals: Vec<LocalId>,
        init: Vec<S<'a>>,
        condition: Option<B<'a>>,
        steps: Vec<B<'a>>,
        body: Box<S<'a>>,
    },
    ForEach {
        locals: Vec<LocalId>,
        item: LocalId,
        convert: B<'a>,
        target: Option<B<'a>>,
        sequence: B<'a>,
        body: Box<S<'a>>,
    },
    Switch {
        locals: Vec<LocalId>,
        value: B<'a>,
        temp: LocalId,
        sections: Vec<Section<'a>>,
        default: Option<usize>,
    },
    Break,
    Continue,
    /// `yield return`.
    Yield(B<'a>),
    YieldBreak,
    Return(Option<B<'a>>),
    Throw(Option<B<'a>>),
    Goto(LabelId),
    /// `goto case` by section.
    GotoCase(usize),
    Label(LabelId),
    Try {
        block: Box<S<'a>>,
        catches: Vec<Catch<'a>>,
        finally: Option<Box<S<'a>>>,
    },
    Using {
        locals: Vec<LocalId>,
        declare: Vec<S<'a>>,
        resources: Vec<LocalId>,
        body: Box<S<'a>>,
    },
}

/// A section of a `switch`.
#[derive(Clone)]
pub(crate) struct Section<'a> {
    pub(crate) tests: Vec<(Test<'a>, Option<B<'a>>)>,
    pub(crate) body: Vec<S<'a>>,
    pub(crate) locals: Vec<LocalId>,
}

/// A `catch`.
#[derive(Clone)]
pub(crate) struct Catch<'a> {
    pub(crate) ty: Type,
    pub(crate) local: Option<LocalId>,
    pub(crate) guard: Option<B<'a>>,
    pub(crate) block: S<'a>,
    pub(crate) locals: Vec<LocalId>,
}

/// A function's body.
#[derive(Clone)]
pub(crate) enum Body<'a> {
    Expr(Box<B<'a>>),
    Block(Box<S<'a>>),
}
