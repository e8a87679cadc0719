//! Names and types.

use apimite_diag::Span;

/// Text of a name; cheap to clone.
pub type Name = smol_str::SmolStr;

/// An identifier where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// The name, without the `@` of a verbatim identifier; empty where one is missing.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// A name with its type arguments: `As<JObject>`.
#[derive(Clone, Debug, PartialEq)]
pub struct SimpleName {
    /// The name.
    pub ident: Ident,
    /// What stands in `<…>`; [`TypeKind::Omitted`] for each gap of `List<>`; `None` without brackets.
    pub type_args: Option<Vec<Type>>,
    /// Name and brackets.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Which.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// What a [`Type`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// A keyword: `int`, `string`, `void`.
    Predefined(Predefined),
    /// `var`, in a place that may declare.
    Var,
    /// `A.B<C>.D`, with `alias` for `global::A`.
    Named {
        /// What stands before `::`.
        alias: Option<Ident>,
        /// The dotted names; at least one.
        parts: Vec<SimpleName>,
    },
    /// `T?`.
    Nullable(Box<Type>),
    /// `T[]`, `T[,]`; `int[][,]` is an array of rank 1 of `int[,]`.
    Array {
        /// The type of the elements.
        element: Box<Type>,
        /// Number of dimensions, from 1.
        rank: usize,
    },
    /// `T*`.
    Pointer(Box<Type>),
    /// `(int a, string b)`.
    Tuple(Vec<TupleTypeElement>),
    /// `ref T` or `ref readonly T`, of a local or of what a local function returns.
    Ref {
        /// With `readonly`.
        readonly: bool,
        /// The type behind it.
        target: Box<Type>,
    },
    /// The gap in `List<>`.
    Omitted,
    /// Nothing stands where a type must.
    Missing,
}

/// One element of a tuple type.
#[derive(Clone, Debug, PartialEq)]
pub struct TupleTypeElement {
    /// Its type.
    pub ty: Type,
    /// Its name, if any.
    pub name: Option<Ident>,
}

/// The types that are keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Predefined {
    /// `bool`.
    Bool,
    /// `byte`.
    Byte,
    /// `sbyte`.
    SByte,
    /// `short`.
    Short,
    /// `ushort`.
    UShort,
    /// `int`.
    Int,
    /// `uint`.
    UInt,
    /// `long`.
    Long,
    /// `ulong`.
    ULong,
    /// `char`.
    Char,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `decimal`.
    Decimal,
    /// `string`.
    String,
    /// `object`.
    Object,
    /// `void`.
    Void,
}

impl Predefined {
    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Byte => "byte",
            Self::SByte => "sbyte",
            Self::Short => "short",
            Self::UShort => "ushort",
            Self::Int => "int",
            Self::UInt => "uint",
            Self::Long => "long",
            Self::ULong => "ulong",
            Self::Char => "char",
            Self::Float => "float",
            Self::Double => "double",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::Object => "object",
            Self::Void => "void",
        }
    }

    /// The type a keyword names.
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "bool" => Self::Bool,
            "byte" => Self::Byte,
            "sbyte" => Self::SByte,
            "short" => Self::Short,
            "ushort" => Self::UShort,
            "int" => Self::Int,
            "uint" => Self::UInt,
            "long" => Self::Long,
            "ulong" => Self::ULong,
            "char" => Self::Char,
            "float" => Self::Float,
            "double" => Self::Double,
            "decimal" => Self::Decimal,
            "string" => Self::String,
            "object" => Self::Object,
            "void" => Self::Void,
            _ => return None,
        })
    }
}
