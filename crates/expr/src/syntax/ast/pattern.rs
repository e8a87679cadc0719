//! Patterns after `is`, in `case` and in switch expressions.

use apimite_diag::Span;

use super::{Designation, Expr, Ident, Type};

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Which.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// What a [`Pattern`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternKind {
    /// A type alone, as in `x is string`. A dotted name may turn out to be a constant when bound (`x is Colors.Red`).
    Type(Type),
    /// `null`, `5`, `"a"`, `A + 1`; in `case`, a dotted name stands here too and may turn out to be a type.
    Constant(Expr),
    /// `string s`, `string _`.
    Declaration {
        /// The type tested for.
        ty: Type,
        /// What is declared; a single name or a discard.
        designation: Designation,
    },
    /// `var x`, `var (a, b)`.
    Var(Designation),
    /// `_`, in switch expressions and inside other patterns.
    Discard,
    /// `< 5`.
    Relational {
        /// The comparison.
        op: RelationalOp,
        /// The constant.
        value: Expr,
    },
    /// `not p`.
    Not(Box<Pattern>),
    /// `p and q`.
    And(Box<Pattern>, Box<Pattern>),
    /// `p or q`.
    Or(Box<Pattern>, Box<Pattern>),
    /// `(p)`.
    Paren(Box<Pattern>),
    /// `T (p, q) { A: r } name`; at least one of `positional` and `properties` is there.
    Recursive {
        /// The type tested for.
        ty: Option<Type>,
        /// What stands in parentheses; a path is a `name:`.
        positional: Option<Vec<PropertyPattern>>,
        /// What stands in braces.
        properties: Option<Vec<PropertyPattern>>,
        /// What is declared.
        designation: Option<Designation>,
    },
    /// `[p, .., q] name`.
    List {
        /// The elements.
        patterns: Vec<Pattern>,
        /// What is declared.
        designation: Option<Designation>,
    },
    /// `..` or `..p`, inside a list pattern.
    Slice(Option<Box<Pattern>>),
}

/// `A.B: p` or, in a positional pattern, `a: p` or `p`.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyPattern {
    /// The dotted path; empty when there is none.
    pub path: Vec<Ident>,
    /// What it must match.
    pub pattern: Pattern,
}

/// The comparison of a relational pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationalOp {
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}
