//! Expressions.

use apimite_diag::Span;

use super::{
    AssignOp, BinaryOp, Block, Ident, InterpolatedString, Literal, Pattern, Predefined, SimpleName, Type, UnaryOp,
};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// What an [`Expr`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Nothing stands where an expression must; an error has been reported.
    Missing,
    /// A literal.
    Literal(Literal),
    /// `$"…"`.
    Interpolated(InterpolatedString),
    /// A name, maybe with type arguments.
    Name(SimpleName),
    /// `global::X`.
    AliasQualified {
        /// Before `::`.
        alias: Ident,
        /// After `::`.
        name: SimpleName,
    },
    /// A type keyword before a dot: `int.Parse`.
    Predefined(Predefined),
    /// `this`.
    This,
    /// `base`.
    Base,
    /// `(x)`.
    Paren(Box<Expr>),
    /// `(a, n: b)`; two elements or more.
    Tuple(Vec<TupleElement>),
    /// `x.name`.
    Member {
        /// Before the dot.
        target: Box<Expr>,
        /// After the dot.
        name: SimpleName,
    },
    /// `f(…)`.
    Call {
        /// What is called.
        target: Box<Expr>,
        /// The arguments.
        args: Vec<Argument>,
    },
    /// `x[…]`.
    Index {
        /// What is indexed.
        target: Box<Expr>,
        /// The arguments.
        args: Vec<Argument>,
    },
    /// `x?.y` or `x?[y]`: when `target` is null all of `access` is null. The innermost target of `access` is a
    /// [`ExprKind::MemberBinding`] or [`ExprKind::IndexBinding`] that stands for `target`'s value. `a?.b?.c` nests to the
    /// right.
    ConditionalAccess {
        /// Before `?`.
        target: Box<Expr>,
        /// All of the chain after `?`.
        access: Box<Expr>,
    },
    /// `.name` at the start of the access of a [`ExprKind::ConditionalAccess`].
    MemberBinding(SimpleName),
    /// `[…]` at the start of the access of a [`ExprKind::ConditionalAccess`].
    IndexBinding(Vec<Argument>),
    /// An operator before or after one operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// An operator between two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
        /// The operator itself.
        op_span: Span,
    },
    /// `a = b`, `a += b`; the target may be a tuple or a declaration (deconstruction).
    Assign {
        /// The operator.
        op: AssignOp,
        /// Left of it.
        target: Box<Expr>,
        /// Right of it.
        value: Box<Expr>,
    },
    /// `c ? a : b`.
    Conditional {
        /// Before `?`.
        condition: Box<Expr>,
        /// When true.
        then: Box<Expr>,
        /// When false.
        otherwise: Box<Expr>,
    },
    /// `(T)x`.
    Cast {
        /// In the parentheses.
        ty: Type,
        /// What is cast.
        value: Box<Expr>,
    },
    /// `x is p`.
    Is {
        /// What is tested.
        value: Box<Expr>,
        /// A type or a pattern.
        pattern: Box<Pattern>,
    },
    /// `x as T`.
    As {
        /// What is converted.
        value: Box<Expr>,
        /// The type.
        ty: Type,
    },
    /// `new T(…) { … }`, or `new(…)` without a type.
    New {
        /// The type.
        ty: Option<Type>,
        /// In parentheses; `None` when there are none, as in `new T { … }`.
        args: Option<Vec<Argument>>,
        /// In braces.
        initializer: Option<Initializer>,
    },
    /// `new { A = 1, x.B }`.
    AnonymousObject(Vec<AnonymousMember>),
    /// `new int[2, 3][]`, `new int[] { 1 }`.
    NewArray {
        /// The whole array type.
        ty: Type,
        /// The sizes of the outermost dimensions; empty when an initialiser gives them.
        sizes: Vec<Expr>,
        /// In braces: an [`ExprKind::ArrayInitializer`].
        initializer: Option<Box<Expr>>,
    },
    /// `new[] { 1, 2 }`, `new[,] { { 1 } }`.
    ImplicitArray {
        /// Number of dimensions, from 1.
        rank: usize,
        /// In braces: an [`ExprKind::ArrayInitializer`].
        initializer: Box<Expr>,
    },
    /// `{ 1, 2 }` of an array creation, a declaration, or nested in another one.
    ArrayInitializer(Vec<Expr>),
    /// `stackalloc …`, for the binder to refuse.
    StackAlloc {
        /// The array type, if written.
        ty: Option<Type>,
        /// The size, if written.
        size: Option<Box<Expr>>,
        /// In braces.
        initializer: Option<Box<Expr>>,
    },
    /// `x => …`, `(a, b) => { … }`.
    Lambda(Box<Lambda>),
    /// `delegate (int x) { … }`.
    AnonymousMethod {
        /// `async`.
        is_async: bool,
        /// `static`.
        is_static: bool,
        /// The parameters; `None` when left out.
        params: Option<Vec<Parameter>>,
        /// The body.
        body: Block,
    },
    /// `from x in y select z`.
    Query(Box<Query>),
    /// `throw x` as an expression.
    Throw(Box<Expr>),
    /// `await x`, for the binder to refuse.
    Await(Box<Expr>),
    /// `default(T)`, or `default` alone.
    Default(Option<Type>),
    /// `typeof(T)`.
    TypeOf(Type),
    /// `sizeof(T)`.
    SizeOf(Type),
    /// `nameof(x)`.
    NameOf(Box<Expr>),
    /// `checked(x)` or `unchecked(x)`.
    Checked {
        /// `checked`.
        is_checked: bool,
        /// The operand.
        value: Box<Expr>,
    },
    /// `int x`, `var x`, `var (a, b)` as an `out` argument or in a deconstruction.
    Declaration {
        /// The type or `var`.
        ty: Type,
        /// What is declared.
        designation: Designation,
    },
    /// `ref x`.
    Ref(Box<Expr>),
    /// `a..b`, with either side optional.
    Range {
        /// Before `..`.
        start: Option<Box<Expr>>,
        /// After `..`.
        end: Option<Box<Expr>>,
    },
    /// `x switch { p => a, _ => b }`.
    Switch {
        /// What is switched on.
        value: Box<Expr>,
        /// The arms.
        arms: Vec<SwitchArm>,
    },
    /// `x with { A = 1 }`.
    With {
        /// What is copied.
        value: Box<Expr>,
        /// In braces.
        initializer: Initializer,
    },
    /// `[a, ..b]`.
    Collection(Vec<CollectionElement>),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// `name:`.
    pub name: Option<Ident>,
    /// `ref`, `out`, `in`.
    pub modifier: ArgModifier,
    /// The value; after `out` it may be an [`ExprKind::Declaration`]. `out _` is the name `_`.
    pub value: Expr,
}

/// How an argument or a parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgModifier {
    /// By value.
    None,
    /// `ref`.
    Ref,
    /// `out`.
    Out,
    /// `in`.
    In,
    /// `params`, of parameters only.
    Params,
    /// `this`, of parameters only.
    This,
}

/// One element of a tuple.
#[derive(Clone, Debug, PartialEq)]
pub struct TupleElement {
    /// `name:`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// One element of a collection expression.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionElement {
    /// With `..` before it.
    pub is_spread: bool,
    /// The value.
    pub value: Expr,
}

/// One member of an anonymous object.
#[derive(Clone, Debug, PartialEq)]
pub struct AnonymousMember {
    /// `Name =`; without it the name comes from the value.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// What stands in braces after `new T(…)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Initializer {
    /// `{ A = 1, ["k"] = 2, B = { 3 } }`; also the empty `{ }`.
    Object(Vec<(InitTarget, InitValue)>),
    /// `{ 1, 2 }` and `{ { "k", 1 } }`: each element is the argument list of one `Add`.
    Collection(Vec<Vec<Expr>>),
}

/// What a member is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum InitValue {
    /// A value.
    Expr(Expr),
    /// A nested initialiser of what the member already holds.
    Nested(Initializer),
}

/// Left of `=` in an object initialiser.
#[derive(Clone, Debug, PartialEq)]
pub enum InitTarget {
    /// A member.
    Member(Ident),
    /// An index.
    Index(Vec<Argument>, Span),
}

/// A lambda.
#[derive(Clone, Debug, PartialEq)]
pub struct Lambda {
    /// `async`, for the binder to refuse.
    pub is_async: bool,
    /// `static`.
    pub is_static: bool,
    /// The written return type, of newer C#.
    pub returns: Option<Type>,
    /// The parameters.
    pub params: Vec<Parameter>,
    /// The body.
    pub body: LambdaBody,
}

/// Body of a lambda or local function.
#[derive(Clone, Debug, PartialEq)]
pub enum LambdaBody {
    /// `=> x`.
    Expr(Expr),
    /// `{ … }`.
    Block(Block),
}

/// A parameter of a lambda, an anonymous method or a local function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `ref`, `out`, `in`, `params`.
    pub modifier: ArgModifier,
    /// Its type; a lambda may leave it out.
    pub ty: Option<Type>,
    /// Its name.
    pub name: Ident,
    /// `= value`.
    pub default: Option<Expr>,
}

/// `from … select …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// All clauses before the end; the first is [`QueryClause::From`].
    pub clauses: Vec<QueryClause>,
    /// `select` or `group`.
    pub end: QueryEnd,
    /// `into x …`: the query goes on over the result; the clauses of this one do not start with `from`.
    pub continuation: Option<(Ident, Box<Query>)>,
}

/// A clause of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryClause {
    /// `from T x in y`.
    From {
        /// The type, if written.
        ty: Option<Type>,
        /// The name.
        name: Ident,
        /// The sequence.
        sequence: Expr,
        /// Where.
        span: Span,
    },
    /// `let x = y`.
    Let {
        /// The name.
        name: Ident,
        /// The value.
        value: Expr,
        /// Where.
        span: Span,
    },
    /// `where c`.
    Where(Expr),
    /// `join T x in y on a equals b into g`.
    Join {
        /// The type, if written.
        ty: Option<Type>,
        /// The name.
        name: Ident,
        /// The other sequence.
        sequence: Expr,
        /// Key on the left.
        left: Expr,
        /// Key on the right.
        right: Expr,
        /// `into`.
        into: Option<Ident>,
        /// Where.
        span: Span,
    },
    /// `orderby a, b descending`; true = descending.
    OrderBy(Vec<(Expr, bool)>),
}

/// How a query ends.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryEnd {
    /// `select x`.
    Select(Expr),
    /// `group x by y`.
    Group {
        /// What is grouped.
        value: Expr,
        /// The key.
        key: Expr,
    },
}

/// `p when c => x`.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchArm {
    /// The pattern.
    pub pattern: Pattern,
    /// After `when`.
    pub guard: Option<Expr>,
    /// The value.
    pub value: Expr,
    /// Where.
    pub span: Span,
}

/// What a declaration names.
#[derive(Clone, Debug, PartialEq)]
pub struct Designation {
    /// Which.
    pub kind: DesignationKind,
    /// Where.
    pub span: Span,
}

/// What a [`Designation`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum DesignationKind {
    /// A name.
    Single(Ident),
    /// `_`.
    Discard,
    /// `(a, b)`.
    Tuple(Vec<Designation>),
}
