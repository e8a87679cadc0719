//! Static types: interned, so that a type is one pointer and identity is pointer equality.
//!
//! A type names its definition in the library (a [`TypeDef`]) and its type arguments, or it is an array, an anonymous type,
//! a type parameter of a generic member, or one of the three compiler-only types (`null`, `void`, error).

mod names;
mod parse;

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use hashbrown::HashSet;
use parking_lot::Mutex;

use crate::library::core::names as core;
use crate::library::{Shape, TypeDef};

pub(crate) use names::keyword as names_keyword;
pub(crate) use parse::TypeText;

/// A static (or run-time) type. `Copy`; equal when it is the same type with the same tuple element names.
#[derive(Clone, Copy)]
pub struct Type(&'static TypeInfo);

/// What an interned type knows about itself.
pub struct TypeInfo {
    kind: Kind,
    erased: OnceLock<Type>,
    pub(crate) supers: OnceLock<Box<[Type]>>,
    open: bool,
}

/// A library definition, compared by identity.
#[derive(Clone, Copy)]
pub struct Def(pub &'static TypeDef);

impl PartialEq for Def {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Def {}
impl Hash for Def {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

/// The forms a type takes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A library type with its type arguments; `names` are the element names of a tuple.
    Named {
        /// Its definition.
        def: Def,
        /// Its type arguments.
        args: Box<[Type]>,
        /// Tuple element names, if any was given.
        names: Option<Box<[Option<Box<str>>]>>,
    },
    /// `element[]`, or `element[,]` for rank 2.
    Array {
        /// Element type.
        element: Type,
        /// Number of dimensions.
        rank: u8,
    },
    /// Type parameter `index` of the surrounding generic type and member: those of the type come first.
    Param {
        /// Position.
        index: u16,
        /// Name as declared.
        name: Box<str>,
    },
    /// An anonymous type; equal when names and types are equal in order.
    Anonymous {
        /// Property names.
        names: Box<[Box<str>]>,
        /// Property types.
        types: Box<[Type]>,
    },
    /// The type of the literal `null`.
    Null,
    /// No value.
    Void,
    /// Something already refused; converts to and from everything, so that one mistake is told once.
    Error,
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Type {}
impl Hash for Type {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

struct Entry(&'static TypeInfo);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind == other.0.kind
    }
}
impl Eq for Entry {}
impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.kind.hash(state);
    }
}
impl hashbrown::Equivalent<Entry> for Kind {
    fn equivalent(&self, key: &Entry) -> bool {
        *self == key.0.kind
    }
}

/// Interned types live as long as the process: their number is bounded by the distinct types that policies name.
static INTERNED: OnceLock<Mutex<HashSet<Entry, ahash::RandomState>>> = OnceLock::new();

impl Type {
    /// The one type of this kind.
    pub fn intern(kind: Kind) -> Self {
        let table = INTERNED.get_or_init(Mutex::default);
        let mut table = table.lock();
        if let Some(entry) = table.get(&kind) {
            return Self(entry.0);
        }
        let open = match &kind {
            Kind::Named { args, .. } => args.iter().any(|t| t.0.open),
            Kind::Array { element, .. } => element.0.open,
            Kind::Anonymous { types, .. } => types.iter().any(|t| t.0.open),
            Kind::Param { .. } => true,
            Kind::Null | Kind::Void | Kind::Error => false,
        };
        let info: &'static TypeInfo =
            Box::leak(Box::new(TypeInfo { kind, erased: OnceLock::new(), supers: OnceLock::new(), open }));
        table.insert(Entry(info));
        Self(info)
    }

    /// A type without type arguments.
    pub fn of(def: &'static TypeDef) -> Self {
        *def.plain.get_or_init(|| Self::intern(Kind::Named { def: Def(def), args: Box::default(), names: None }))
    }

    /// A generic type with its arguments.
    pub fn generic(def: &'static TypeDef, args: &[Self]) -> Self {
        if args.is_empty() {
            return Self::of(def);
        }
        Self::intern(Kind::Named { def: Def(def), args: args.into(), names: None })
    }

    /// `element[]`.
    pub fn array(element: Self) -> Self {
        Self::intern(Kind::Array { element, rank: 1 })
    }

    /// `element[,…]`.
    pub fn array_of_rank(element: Self, rank: u8) -> Self {
        Self::intern(Kind::Array { element, rank })
    }

    /// A type parameter.
    pub fn param(index: u16, name: &str) -> Self {
        Self::intern(Kind::Param { index, name: name.into() })
    }

    /// `Nullable<T>`; a type that is already nullable, or no value type, stays as it is.
    pub fn nullable(self) -> Self {
        if self.nullable_of().is_some() || !self.is_value_type() {
            return self;
        }
        Self::generic(&core::NULLABLE, &[self])
    }

    /// The interned data.
    pub fn kind(self) -> &'static Kind {
        &self.0.kind
    }

    pub(crate) fn info(self) -> &'static TypeInfo {
        self.0
    }

    /// Does it mention a type parameter?
    pub fn is_open(self) -> bool {
        self.0.open
    }

    /// The library definition, if it has one.
    pub fn def(self) -> Option<&'static TypeDef> {
        match self.kind() {
            Kind::Named { def, .. } => Some(def.0),
            _ => None,
        }
    }

    /// The type arguments.
    pub fn args(self) -> &'static [Self] {
        match self.kind() {
            Kind::Named { args, .. } => args,
            _ => &[],
        }
    }

    /// Is it this definition, whatever its arguments?
    pub fn is(self, def: &'static TypeDef) -> bool {
        self.def().is_some_and(|d| std::ptr::eq(d, def))
    }

    /// The `T` of `Nullable<T>`.
    pub fn nullable_of(self) -> Option<Self> {
        if self.is(&core::NULLABLE) { self.args().first().copied() } else { None }
    }

    /// The `T` of `Nullable<T>`, or the type itself.
    pub fn underlying(self) -> Self {
        self.nullable_of().unwrap_or(self)
    }

    /// The element type of a one-dimensional array.
    pub fn element(self) -> Option<Self> {
        match self.kind() {
            Kind::Array { element, rank: 1 } => Some(*element),
            _ => None,
        }
    }

    /// The same type without tuple element names: what an identity conversion compares.
    pub fn erased(self) -> Self {
        *self.0.erased.get_or_init(|| match self.kind() {
            Kind::Named { def, args, .. } => {
                Self::intern(Kind::Named { def: *def, args: args.iter().map(|t| t.erased()).collect(), names: None })
            }
            Kind::Array { element, rank } => Self::intern(Kind::Array { element: element.erased(), rank: *rank }),
            Kind::Anonymous { names, types } => Self::intern(Kind::Anonymous {
                names: names.clone(),
                types: types.iter().map(|t| t.erased()).collect(),
            }),
            _ => self,
        })
    }

    /// Identity conversion: the same type up to tuple element names.
    pub fn same(self, other: Self) -> bool {
        self == other || self.erased() == other.erased()
    }

    /// Replaces type parameters by the arguments at their positions; those out of range stay.
    pub fn substitute(self, args: &[Self]) -> Self {
        if !self.0.open {
            return self;
        }
        match self.kind() {
            Kind::Param { index, .. } => args.get(*index as usize).copied().unwrap_or(self),
            Kind::Named { def, args: own, names } => Self::intern(Kind::Named {
                def: *def,
                args: own.iter().map(|t| t.substitute(args)).collect(),
                names: names.clone(),
            }),
            Kind::Array { element, rank } => {
                Self::intern(Kind::Array { element: element.substitute(args), rank: *rank })
            }
            Kind::Anonymous { names, types } => Self::intern(Kind::Anonymous {
                names: names.clone(),
                types: types.iter().map(|t| t.substitute(args)).collect(),
            }),
            Kind::Null | Kind::Void | Kind::Error => self,
        }
    }

    /// Struct, enum, or nullable.
    pub fn is_value_type(self) -> bool {
        self.def().is_some_and(|d| matches!(d.shape(), Shape::Struct | Shape::Enum))
    }

    /// Class, interface, delegate, array, anonymous type: `null` is a value of it.
    pub fn is_reference(self) -> bool {
        match self.kind() {
            Kind::Named { def, .. } => !matches!(def.0.shape(), Shape::Struct | Shape::Enum),
            Kind::Array { .. } | Kind::Anonymous { .. } | Kind::Null => true,
            Kind::Param { .. } | Kind::Void | Kind::Error => false,
        }
    }

    /// Can it be `null`?
    pub fn takes_null(self) -> bool {
        self.is_reference() || self.nullable_of().is_some()
    }

    /// An enum type.
    pub fn is_enum(self) -> bool {
        self.def().is_some_and(|d| d.shape() == Shape::Enum)
    }

    /// An interface type.
    pub fn is_interface(self) -> bool {
        self.def().is_some_and(|d| d.shape() == Shape::Interface)
    }

    /// A delegate type.
    pub fn is_delegate(self) -> bool {
        self.def().is_some_and(|d| d.shape() == Shape::Delegate)
    }

    /// A tuple type `(…)`.
    pub fn is_tuple(self) -> bool {
        self.def().is_some_and(|d| d.full_name().starts_with("System.ValueTuple") && !self.args().is_empty())
    }

    /// Already refused?
    pub fn is_error(self) -> bool {
        matches!(self.kind(), Kind::Error)
    }

    /// No value?
    pub fn is_void(self) -> bool {
        matches!(self.kind(), Kind::Void)
    }

    /// The type of the literal `null`?
    pub fn is_null(self) -> bool {
        matches!(self.kind(), Kind::Null)
    }
}

macro_rules! well_known {
    ($($name:ident = $def:ident, $text:literal;)*) => {
        impl Type {
            $(#[doc = concat!("`", $text, "`.")] pub fn $name() -> Self { Self::of(&core::$def) })*
        }
    };
}

well_known! {
    object = OBJECT, "object";
    string = STRING, "string";
    bool = BOOLEAN, "bool";
    char = CHAR, "char";
    sbyte = SBYTE, "sbyte";
    byte = BYTE, "byte";
    short = INT16, "short";
    ushort = UINT16, "ushort";
    int = INT32, "int";
    uint = UINT32, "uint";
    long = INT64, "long";
    ulong = UINT64, "ulong";
    float = SINGLE, "float";
    double = DOUBLE, "double";
    decimal = DECIMAL, "decimal";
    date_time = DATE_TIME, "System.DateTime";
    date_time_offset = DATE_TIME_OFFSET, "System.DateTimeOffset";
    time_span = TIME_SPAN, "System.TimeSpan";
    guid = GUID, "System.Guid";
    array_base = ARRAY, "System.Array";
    value_type = VALUE_TYPE, "System.ValueType";
    enum_base = ENUM, "System.Enum";
    delegate_base = DELEGATE, "System.Delegate";
    exception = EXCEPTION, "System.Exception";
    type_object = TYPE, "System.Type";
}

impl Type {
    /// The type of the literal `null`.
    pub fn null() -> Self {
        static CELL: OnceLock<Type> = OnceLock::new();
        *CELL.get_or_init(|| Self::intern(Kind::Null))
    }

    /// `void`.
    pub fn void() -> Self {
        static CELL: OnceLock<Type> = OnceLock::new();
        *CELL.get_or_init(|| Self::intern(Kind::Void))
    }

    /// The type of what was refused.
    pub fn error() -> Self {
        static CELL: OnceLock<Type> = OnceLock::new();
        *CELL.get_or_init(|| Self::intern(Kind::Error))
    }

    /// `IEnumerable<T>`.
    pub fn enumerable(of: Self) -> Self {
        Self::generic(&core::IENUMERABLE_OF, &[of])
    }
}

/// One of the eleven number types (not `char`).
pub(crate) fn is_number(ty: Type) -> bool {
    is_integer(ty) || ty == Type::double() || ty == Type::float() || ty == Type::decimal()
}

/// One of the eight integer types (not `char`).
pub(crate) fn is_integer(ty: Type) -> bool {
    ty == Type::int()
        || ty == Type::long()
        || ty == Type::uint()
        || ty == Type::ulong()
        || ty == Type::byte()
        || ty == Type::sbyte()
        || ty == Type::short()
        || ty == Type::ushort()
}
