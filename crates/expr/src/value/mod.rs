//! Run-time values. A boxed value and an unboxed one look the same; `Nullable<T>` is a value of `T` or [`Value::Null`].

mod object;
pub(crate) mod release;
mod text;

use std::sync::Arc;

use apimite_dotnet::made;
use rust_decimal::Decimal;

pub use object::{Callable, Each, Enumerator, IntoAny, Obj, Object};
pub use text::Str;

use crate::types::Type;

/// A .NET value: at most 32 bytes, `Send + Sync`, cheap to clone.
#[derive(Clone, Default)]
pub enum Value {
    /// `null`; also a `Nullable<T>` without a value.
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `char`: one UTF-16 unit
    Char(u16),
    /// `sbyte`
    SByte(i8),
    /// `byte`
    Byte(u8),
    /// `short`
    Short(i16),
    /// `ushort`
    UShort(u16),
    /// `int`
    Int(i32),
    /// `uint`
    UInt(u32),
    /// `long`
    Long(i64),
    /// `ulong`
    ULong(u64),
    /// `float`
    Float(f32),
    /// `double`
    Double(f64),
    /// `decimal`
    Decimal(Decimal),
    /// `string`
    Str(Str),
    /// `DateTime` as .NET holds it: ticks of 100 ns since 0001-01-01 in the low 62 bits, `DateTimeKind` in the high two.
    DateTime(u64),
    /// `DateTimeOffset`: clock time in ticks, and its offset from UTC in minutes.
    DateTimeOffset {
        /// Ticks of the clock time (not of UTC).
        ticks: i64,
        /// Offset from UTC in minutes.
        offset: i16,
    },
    /// `TimeSpan` in ticks of 100 ns.
    TimeSpan(i64),
    /// `Guid`: the 128 bits in the order of its text form.
    Guid(u128),
    /// A value of an enum type.
    Enum(Type, i64),
    /// An object the embedder gave; it carries nothing but its type and a number, the data is behind [`crate::Host`].
    Host(Type, u32),
    /// Anything else.
    Object(Obj),
}

const _: () = assert!(std::mem::size_of::<Value>() <= 32);

impl Value {
    /// A text.
    pub fn text(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// A new object.
    pub fn object<T: Object>(object: T) -> Self {
        made::note(size_of::<T>() + 16);
        Self::Object(Arc::new(object))
    }

    /// Is it `null`?
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The run-time type; `None` for `null`.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => Type::bool(),
            Self::Char(_) => Type::char(),
            Self::SByte(_) => Type::sbyte(),
            Self::Byte(_) => Type::byte(),
            Self::Short(_) => Type::short(),
            Self::UShort(_) => Type::ushort(),
            Self::Int(_) => Type::int(),
            Self::UInt(_) => Type::uint(),
            Self::Long(_) => Type::long(),
            Self::ULong(_) => Type::ulong(),
            Self::Float(_) => Type::float(),
            Self::Double(_) => Type::double(),
            Self::Decimal(_) => Type::decimal(),
            Self::Str(_) => Type::string(),
            Self::DateTime(_) => Type::date_time(),
            Self::DateTimeOffset { .. } => Type::date_time_offset(),
            Self::TimeSpan(_) => Type::time_span(),
            Self::Guid(_) => Type::guid(),
            Self::Enum(ty, _) | Self::Host(ty, _) => *ty,
            Self::Object(object) => object.type_of(),
        })
    }

    /// The `bool`, `false` for anything else.
    pub fn as_bool(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The `int`, 0 for anything else.
    pub fn as_int(&self) -> i32 {
        if let Self::Int(n) = self { *n } else { 0 }
    }

    /// The `long`, 0 for anything else.
    pub fn as_long(&self) -> i64 {
        if let Self::Long(n) = self { *n } else { 0 }
    }

    /// The `double`, 0 for anything else.
    pub fn as_double(&self) -> f64 {
        if let Self::Double(n) = self { *n } else { 0.0 }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&Str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The object as a Rust type.
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        if let Self::Object(object) = self { object.as_any().downcast_ref() } else { None }
    }

    /// Any integer or `char` or enum, widened.
    pub fn integer(&self) -> Option<i128> {
        Some(match self {
            Self::Char(n) | Self::UShort(n) => i128::from(*n),
            Self::SByte(n) => i128::from(*n),
            Self::Byte(n) => i128::from(*n),
            Self::Short(n) => i128::from(*n),
            Self::Int(n) => i128::from(*n),
            Self::UInt(n) => i128::from(*n),
            Self::Long(n) | Self::Enum(_, n) => i128::from(*n),
            Self::ULong(n) => i128::from(*n),
            _ => return None,
        })
    }

    /// `ReferenceEquals`; two boxes are never the same object.
    pub fn same_object(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Str(a), Self::Str(b)) => a.same_object(b),
            (Self::Object(a), Self::Object(b)) => {
                let same_box = std::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b));
                (same_box && !a.type_of().is_value_type())
                    || a.identity().is_some_and(|identity| b.identity() == Some(identity))
            }
            (Self::Host(a, x), Self::Host(b, y)) => a == b && x == y,
            _ => false,
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Str(v) => write!(f, "{v:?}"),
            Self::Float(v) => write!(f, "{v}f"),
            Self::Double(v) => write!(f, "{v}d"),
            Self::Decimal(v) => write!(f, "{v}m"),
            Self::DateTime(v) => write!(f, "DateTime({v})"),
            Self::DateTimeOffset { ticks, offset } => write!(f, "DateTimeOffset({ticks}, {offset})"),
            Self::TimeSpan(v) => write!(f, "TimeSpan({v})"),
            Self::Guid(v) => write!(f, "Guid({v:032x})"),
            Self::Enum(ty, v) => write!(f, "{ty}({v})"),
            Self::Host(ty, v) => write!(f, "{ty}#{v}"),
            Self::Object(object) => write!(f, "{{{}}}", object.type_of()),
            other => {
                write!(f, "{}:{}", other.type_of().map_or_else(String::new, Type::csharp), other.integer().unwrap_or(0))
            }
        }
    }
}

macro_rules! from {
    ($($ty:ty => $variant:ident),* $(,)?) => {
        $(impl From<$ty> for Value { fn from(value: $ty) -> Self { Self::$variant(value) } })*
    };
}

from! {
    bool => Bool, i8 => SByte, u8 => Byte, i16 => Short, i32 => Int, u32 => UInt, i64 => Long, u64 => ULong,
    f32 => Float, f64 => Double, Decimal => Decimal, Str => Str, Obj => Object,
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Str(value.into())
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Str(value.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
