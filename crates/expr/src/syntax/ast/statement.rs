//! Statements.

use apimite_diag::Span;

use super::{Designation, Expr, Ident, Parameter, Pattern, Type};

/// `{ … }`, or the statements of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Stmt>,
    /// Braces included; of a body: all of it.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// Which.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// What a [`Stmt`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `{ … }`.
    Block(Block),
    /// `;`.
    Empty,
    /// `int a = 1, b;`, `const`, `using var`, `ref`.
    Local(LocalDeclaration),
    /// A function in a function.
    LocalFunction(Box<LocalFunction>),
    /// `f();`, `a = b;`; that it may stand alone (CS0201) has been checked.
    Expr(Expr),
    /// `if (…) … else …`.
    If {
        /// The condition.
        condition: Expr,
        /// When true.
        then: Box<Stmt>,
        /// When false.
        otherwise: Option<Box<Stmt>>,
    },
    /// `while (…) …`.
    While {
        /// The condition.
        condition: Expr,
        /// The body.
        body: Box<Stmt>,
    },
    /// `do … while (…);`.
    DoWhile {
        /// The body.
        body: Box<Stmt>,
        /// The condition.
        condition: Expr,
    },
    /// `for (…; …; …) …`.
    For {
        /// What is declared or done first.
        init: ForInit,
        /// The condition, if any.
        condition: Option<Expr>,
        /// What is done after each round.
        steps: Vec<Expr>,
        /// The body.
        body: Box<Stmt>,
    },
    /// `foreach (… in …) …`.
    ForEach {
        /// `await foreach`.
        is_await: bool,
        /// What is declared for each element.
        target: ForEachTarget,
        /// The sequence.
        sequence: Expr,
        /// The body.
        body: Box<Stmt>,
    },
    /// `switch (…) { … }`.
    Switch {
        /// What is switched on.
        value: Expr,
        /// The sections.
        sections: Vec<SwitchSection>,
    },
    /// `break;`.
    Break,
    /// `continue;`.
    Continue,
    /// `return …;`.
    Return(Option<Expr>),
    /// `throw …;`.
    Throw(Option<Expr>),
    /// `goto …;`.
    Goto(GotoTarget),
    /// `label: …`.
    Labeled {
        /// The label.
        label: Ident,
        /// What it stands before.
        statement: Box<Stmt>,
    },
    /// `try … catch … finally …`.
    Try {
        /// What is tried.
        block: Block,
        /// The handlers.
        catches: Vec<Catch>,
        /// What is always done.
        finally: Option<Block>,
    },
    /// `using (…) …`.
    Using {
        /// `await using`.
        is_await: bool,
        /// What is disposed of.
        resource: UsingResource,
        /// The body.
        body: Box<Stmt>,
    },
    /// `lock (…) …`.
    Lock {
        /// The object.
        target: Expr,
        /// The body.
        body: Box<Stmt>,
    },
    /// `checked { … }` or `unchecked { … }`.
    Checked {
        /// `checked`.
        is_checked: bool,
        /// The body.
        block: Block,
    },
    /// `unsafe { … }`, to be refused by the binder (CS0227).
    Unsafe(Block),
    /// `yield return …;`, or `yield break;` without a value.
    Yield(Option<Expr>),
}

/// A declaration of locals of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalDeclaration {
    /// `const`.
    pub is_const: bool,
    /// `using` (a declaration without parentheses).
    pub is_using: bool,
    /// `await using`.
    pub is_await: bool,
    /// Type, `var`, or `ref T`.
    pub ty: Type,
    /// The names; at least one.
    pub declarators: Vec<Declarator>,
}

/// One name of a [`LocalDeclaration`].
#[derive(Clone, Debug, PartialEq)]
pub struct Declarator {
    /// The name.
    pub name: Ident,
    /// The value; [`super::ExprKind::ArrayInitializer`] for a bare `{ … }`, [`super::ExprKind::Ref`] for `ref x`.
    pub value: Option<Expr>,
    /// Name and value.
    pub span: Span,
}

/// First part of `for`.
#[derive(Clone, Debug, PartialEq)]
pub enum ForInit {
    /// A declaration.
    Declaration(LocalDeclaration),
    /// Expressions, maybe none.
    Expressions(Vec<Expr>),
}

/// What `foreach` declares.
#[derive(Clone, Debug, PartialEq)]
pub enum ForEachTarget {
    /// `foreach (var x in …)`.
    Variable {
        /// Type or `var`.
        ty: Type,
        /// The name.
        name: Ident,
    },
    /// `foreach (var (a, b) in …)`.
    Var(Designation),
    /// `foreach ((int a, var b) in …)`: a tuple of declaration expressions.
    Tuple(Expr),
}

/// What `using (…)` holds.
#[derive(Clone, Debug, PartialEq)]
pub enum UsingResource {
    /// `using (var x = …)`.
    Declaration(LocalDeclaration),
    /// `using (x)`.
    Expr(Expr),
}

/// Labels and statements of a `switch` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchSection {
    /// The labels; at least one.
    pub labels: Vec<SwitchLabel>,
    /// The statements.
    pub statements: Vec<Stmt>,
    /// Where.
    pub span: Span,
}

/// `case p when c:` or `default:`.
#[derive(Clone, Debug, PartialEq)]
pub enum SwitchLabel {
    /// `case`.
    Case {
        /// The pattern; a bare value is [`super::PatternKind::Constant`].
        pattern: Pattern,
        /// After `when`.
        guard: Option<Expr>,
        /// Where.
        span: Span,
    },
    /// `default`.
    Default(Span),
}

/// Where `goto` goes.
#[derive(Clone, Debug, PartialEq)]
pub enum GotoTarget {
    /// A label.
    Label(Ident),
    /// `case` of the enclosing switch.
    Case(Expr),
    /// `default` of the enclosing switch.
    Default,
}

/// `catch (T e) when (c) { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Catch {
    /// The type caught; none catches all.
    pub ty: Option<Type>,
    /// The name.
    pub name: Option<Ident>,
    /// After `when`.
    pub guard: Option<Expr>,
    /// The handler.
    pub block: Block,
    /// Where.
    pub span: Span,
}

/// A function in a function.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalFunction {
    /// `async`.
    pub is_async: bool,
    /// `static`.
    pub is_static: bool,
    /// What it returns.
    pub returns: Type,
    /// The name.
    pub name: Ident,
    /// `<T, U>`.
    pub type_params: Vec<Ident>,
    /// The parameters.
    pub params: Vec<Parameter>,
    /// Types of `where` clauses, by type parameter; `class`, `struct` and `new()` are left out.
    pub constraints: Vec<(Ident, Vec<Type>)>,
    /// The body.
    pub body: super::LambdaBody,
}
