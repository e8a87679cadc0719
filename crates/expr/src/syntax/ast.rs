//! The tree of an expression body.
//!
//! Every node has its span. Names are text as written (`@` of a verbatim identifier removed); what they mean is the
//! binder's business. Where the grammar alone cannot tell (a type or a constant after `is`), the node says so.

mod expression;
mod literal;
mod operator;
mod pattern;
mod statement;
mod types;

pub use expression::{
    AnonymousMember, ArgModifier, Argument, CollectionElement, Designation, DesignationKind, Expr, ExprKind,
    InitTarget, InitValue, Initializer, Lambda, LambdaBody, Parameter, Query, QueryClause, QueryEnd, SwitchArm,
    TupleElement,
};
pub use literal::{IntSuffix, InterpolatedPart, InterpolatedString, Literal, RealSuffix, StringForm};
pub use operator::{AssignOp, BinaryOp, UnaryOp};
pub use pattern::{Pattern, PatternKind, PropertyPattern, RelationalOp};
pub use statement::{
    Block, Catch, Declarator, ForEachTarget, ForInit, GotoTarget, LocalDeclaration, LocalFunction, Stmt, StmtKind,
    SwitchLabel, SwitchSection, UsingResource,
};
pub use types::{Ident, Name, Predefined, SimpleName, TupleTypeElement, Type, TypeKind};
