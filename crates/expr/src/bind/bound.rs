//! The bound tree: what the binder makes of the syntax, with every name resolved and every conversion written out.

mod statement;

use std::sync::Arc;

use apimite_diag::Span;

pub(crate) use self::statement::{Body, Catch, S, SK, Section};
use crate::library::{Member, ParamMode};
use crate::run::arith::Op;
use crate::syntax::ast;
use crate::types::Type;
use crate::value::{Str, Value};

/// A local variable, parameter or temporary of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LocalId(pub usize);

/// A function of the program: 0 is the program itself, then lambdas and local functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FnId(pub usize);

/// A place that `goto` jumps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LabelId(pub usize);

/// A bound expression.
#[derive(Clone)]
pub(crate) struct B<'a> {
    pub(crate) kind: K<'a>,
    pub(crate) ty: Type,
    pub(crate) span: Span,
    /// Its value, if it is a constant expression.
    pub(crate) constant: Option<Value>,
}

/// How a conversion acts at run time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum How {
    /// Not at all.
    Same,
    /// Between numbers, `char` and enums.
    Number { checked: bool },
    /// Type test of an object.
    Cast,
    /// `(T)nullable`: throws on null.
    Unwrap,
    /// Null stays null, a value is converted.
    Lifted(Box<How>),
}

/// An argument with its passing mode.
#[derive(Clone)]
pub(crate) struct Arg<'a> {
    pub(crate) value: B<'a>,
    pub(crate) mode: ParamMode,
}

/// What a bound expression is.
#[derive(Clone)]
pub(crate) enum K<'a> {
    /// Refused; told already.
    Error,
    /// The constant in `constant`.
    Const,
    /// `default(T)`.
    Default,
    /// A local.
    Local(LocalId),
    /// `context`.
    Context,
    /// A conversion to the node's type.
    Convert(Box<B<'a>>, How),
    /// A library member; the receiver of an instance member is the first argument.
    Call {
        member: Arc<Member>,
        types: Arc<[Type]>,
        args: Vec<Arg<'a>>,
        lifted: bool,
    },
    /// A delegate.
    Invoke {
        target: Box<B<'a>>,
        args: Vec<Arg<'a>>,
    },
    /// A local function.
    CallLocal {
        function: FnId,
        args: Vec<Arg<'a>>,
    },
    /// Arithmetic and comparison of numbers of one type.
    Arith {
        op: Op,
        left: Box<B<'a>>,
        right: Box<B<'a>>,
        checked: bool,
        lifted: bool,
    },
    /// `-x`.
    Negate {
        value: Box<B<'a>>,
        checked: bool,
    },
    /// `~x`.
    Complement {
        value: Box<B<'a>>,
    },
    /// `!x`.
    Not {
        value: Box<B<'a>>,
        lifted: bool,
    },
    /// `&`, `|`, `^`, `==`, `!=` of `bool`.
    BoolOp {
        op: Op,
        left: Box<B<'a>>,
        right: Box<B<'a>>,
        lifted: bool,
    },
    /// `==` and `!=` of `string`.
    StrEq {
        left: Box<B<'a>>,
        right: Box<B<'a>>,
        negate: bool,
    },
    /// `==` and `!=` of references.
    RefEq {
        left: Box<B<'a>>,
        right: Box<B<'a>>,
        negate: bool,
    },
    /// `x == null` of anything.
    IsNull {
        value: Box<B<'a>>,
        negate: bool,
    },
    AndAlso(Box<B<'a>>, Box<B<'a>>),
    OrElse(Box<B<'a>>, Box<B<'a>>),
    /// Concatenation of texts.
    Concat(Vec<B<'a>>),
    Conditional {
        condition: Box<B<'a>>,
        then: Box<B<'a>>,
        otherwise: Box<B<'a>>,
    },
    /// `a ?? b`.
    Coalesce {
        left: Box<B<'a>>,
        convert: Option<(LocalId, Box<B<'a>>)>,
        right: Box<B<'a>>,
    },
    /// `target?.access`: the temporary holds the target's value.
    Access {
        target: Box<B<'a>>,
        temp: LocalId,
        access: Box<B<'a>>,
    },
    /// `x is p`.
    Is {
        value: Box<B<'a>>,
        temp: LocalId,
        test: Box<Test<'a>>,
    },
    /// `x as T`.
    As {
        value: Box<B<'a>>,
        ty: Type,
    },
    /// `a = b`; the target is a local, an element, or the getter of a property or indexer.
    Assign {
        target: Box<B<'a>>,
        value: Box<B<'a>>,
    },
    /// First the effects, then the value.
    Sequence {
        effects: Vec<B<'a>>,
        value: Box<B<'a>>,
    },
    /// A lambda as a delegate.
    Lambda(FnId),
    /// A method group as a delegate.
    Group {
        target: Option<Box<B<'a>>>,
        callee: Callee,
    },
    /// `new T[n, m]`.
    NewArray {
        element: Type,
        sizes: Vec<B<'a>>,
    },
    /// `new[] { … }`; `lengths` has more than one for more dimensions.
    ArrayOf {
        element: Type,
        lengths: Vec<usize>,
        items: Vec<B<'a>>,
    },
    /// `array[i]`.
    Element {
        array: Box<B<'a>>,
        indexes: Vec<B<'a>>,
    },
    /// A reference to a local or an element.
    MakeRef(Box<B<'a>>),
    /// The place that a reference means.
    Deref {
        reference: Box<B<'a>>,
        readonly: bool,
    },
    /// Part of an array, copied.
    SubArray {
        array: Box<B<'a>>,
        start: Box<B<'a>>,
        end: Box<B<'a>>,
    },
    /// Part of a tuple or an anonymous object.
    Field(Box<B<'a>>, usize),
    /// A tuple or an anonymous object.
    Record(Vec<B<'a>>),
    /// `throw x` as an expression.
    Throw(Box<B<'a>>),
    /// `typeof(T)`.
    TypeOf(Type),
    /// `$"…"`.
    Interpolated(Vec<Part<'a>>),
    // Kinds without a type of their own; they never reach the emitter.
    /// A lambda not yet given a delegate type.
    UnboundLambda(&'a ast::Expr),
    /// A method group.
    Methods(Box<Methods<'a>>),
    /// A tuple with parts that have no type yet.
    UnboundTuple(Vec<(Option<ast::Ident>, B<'a>)>),
    /// `default`.
    UnboundDefault,
    /// `new(…)`.
    UnboundNew(&'a ast::Expr),
    /// `[a, ..b]`; true before a spread.
    UnboundCollection(Vec<(bool, B<'a>)>),
    /// `c ? a : b` whose parts have no type in common.
    UnboundChoice {
        condition: Box<B<'a>>,
        then: Box<B<'a>>,
        otherwise: Box<B<'a>>,
    },
    /// A namespace or part of one.
    Namespace(String),
    /// A type name.
    TypeName(Type),
    /// `out var x` before its type is known.
    OutVar {
        designation: &'a ast::Designation,
    },
    /// `_` as an `out` argument or an assignment target.
    Discard,
}

/// What a method group delegate calls.
#[derive(Clone)]
pub(crate) enum Callee {
    Member { member: Arc<Member>, types: Arc<[Type]>, convert: Vec<Type> },
    Local(FnId),
}

/// A method group: candidates of a name on a target.
#[derive(Clone)]
pub(crate) struct Methods<'a> {
    pub(crate) name: Str,
    pub(crate) name_span: Span,
    /// The instance, or `None` for a static call.
    pub(crate) target: Option<B<'a>>,
    /// The type they were looked up on.
    pub(crate) on: Type,
    pub(crate) type_args: Vec<Type>,
    pub(crate) local: Option<FnId>,
}

/// A piece of an interpolated string.
#[derive(Clone)]
pub(crate) enum Part<'a> {
    Text(Str),
    Hole { value: B<'a>, width: i32, format: Option<Str> },
}

/// A bound pattern, tested on a temporary.
#[derive(Clone)]
pub(crate) enum Test<'a> {
    /// Always.
    Any,
    /// Equal to a constant.
    Constant(B<'a>),
    Null,
    /// Of a type; the value goes into the local.
    Type {
        ty: Type,
        local: Option<LocalId>,
    },
    /// `var x`.
    Bind(LocalId),
    Not(Box<Test<'a>>),
    And(Box<(Test<'a>, Test<'a>)>),
    Or(Box<(Test<'a>, Test<'a>)>),
    /// `< 5`.
    Relation(Op, B<'a>),
    /// Of a value computed for it.
    Within {
        value: Box<B<'a>>,
        temp: LocalId,
        test: Box<Test<'a>>,
    },
}

/// A local variable.
#[derive(Clone)]
pub(crate) struct Local<'a> {
    pub(crate) name: Str,
    pub(crate) ty: Type,
    pub(crate) function: FnId,
    pub(crate) captured: bool,
    pub(crate) readonly: Option<&'static str>,
    pub(crate) constant: Option<Value>,
    pub(crate) alias: Option<Box<B<'a>>>,
    /// Parameters, `foreach` variables, temporaries: assigned from the start.
    pub(crate) assigned: bool,
}

/// A function of the program.
#[derive(Clone)]
pub(crate) struct Function<'a> {
    pub(crate) name: Str,
    pub(crate) parent: Option<FnId>,
    pub(crate) params: Vec<LocalId>,
    pub(crate) signature: Vec<Signature>,
    pub(crate) ret: Type,
    pub(crate) ret_known: bool,
    pub(crate) delegate: Type,
    pub(crate) body: Option<Body<'a>>,
    pub(crate) body_locals: Vec<LocalId>,
    pub(crate) captures: Vec<LocalId>,
    pub(crate) calls: Vec<FnId>,
    pub(crate) locals: Vec<LocalId>,
    pub(crate) type_params: Vec<Str>,
    /// What the type parameters stand for in this instance of a generic local function.
    pub(crate) type_args: Vec<Type>,
    /// What it yields, if it has a `yield`.
    pub(crate) iterator: Option<Iterates>,
    /// It returns a reference to a place.
    pub(crate) by_ref: bool,
    /// It may not capture.
    pub(crate) is_static: bool,
}

/// What an iterator gives.
#[derive(Clone, Copy)]
pub(crate) struct Iterates {
    pub(crate) element: Type,
    /// An enumerator, not a sequence.
    pub(crate) once: bool,
}

/// A parameter of a local function.
#[derive(Clone)]
pub(crate) struct Signature {
    pub(crate) name: Str,
    pub(crate) ty: Type,
    pub(crate) mode: ParamMode,
    pub(crate) default: Option<Value>,
}

impl<'a> B<'a> {
    pub(crate) fn new(kind: K<'a>, ty: Type, span: Span) -> Self {
        Self { kind, ty, span, constant: None }
    }

    pub(crate) fn error(span: Span) -> Self {
        Self::new(K::Error, Type::error(), span)
    }

    pub(crate) fn constant(value: Value, ty: Type, span: Span) -> Self {
        Self { kind: K::Const, ty, span, constant: Some(value) }
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self.kind, K::Error) || self.ty.is_error()
    }

    pub(crate) fn is_null(&self) -> bool {
        self.ty.is_null() && !matches!(self.kind, K::Throw(_))
    }

    /// Without a type of its own?
    pub(crate) fn is_typeless(&self) -> bool {
        matches!(
            self.kind,
            K::UnboundLambda(_)
                | K::Methods(_)
                | K::UnboundTuple(_)
                | K::UnboundDefault
                | K::UnboundNew(_)
                | K::UnboundCollection(_)
                | K::UnboundChoice { .. }
                | K::OutVar { .. }
                | K::Discard
        ) || (self.ty.is_null())
    }
}
