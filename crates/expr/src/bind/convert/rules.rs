//! Rules of conversions that need no binder: parts of tuples, constants that fit, numbers.

use super::super::Binder;
use crate::run::arith;
use crate::types::{Kind, Type, is_integer};
use crate::value::Value;

/// Element types of a tuple type, also of one with more than seven.
pub(crate) fn tuple_parts(ty: Type) -> Vec<Type> {
    if !ty.is_tuple() {
        return Vec::new();
    }
    let args = ty.args();
    if args.len() == 8 {
        let mut out = args[..7].to_vec();
        out.extend(tuple_parts(args[7]));
        return out;
    }
    args.to_vec()
}

/// A constant as messages show it.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Char(c) => String::from_utf16_lossy(&[*c]),
        Value::Str(s) => s.to_string(),
        Value::Double(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Decimal(n) => n.to_string(),
        Value::Bool(b) => if *b { "true" } else { "false" }.to_owned(),
        other => other.integer().map_or_else(String::new, |n| n.to_string()),
    }
}

pub(super) fn sealed(ty: Type) -> bool {
    ty == Type::string()
        || ty.is_delegate()
        || ty.is_value_type()
        || matches!(ty.kind(), Kind::Array { .. } | Kind::Anonymous { .. })
        || ty.def().is_some_and(|d| {
            matches!(
                d.full_name(),
                "System.Text.StringBuilder" | "System.Uri" | "System.Version" | "Newtonsoft.Json.Linq.JRaw"
            )
        })
}

pub(super) fn array_downcast(binder: &Binder<'_>, from: Type, to: Type) -> bool {
    match (from.kind(), to.kind()) {
        (Kind::Array { element: a, rank: x }, Kind::Array { element: b, rank: y }) => {
            x == y && a.is_reference() && b.is_reference() && binder.standard_explicit(*a, *b).is_some()
        }
        // IList<object> to object[] and the like
        (Kind::Named { args, .. }, Kind::Array { element, rank: 1 }) if from.is_interface() && args.len() == 1 => {
            element.is_reference()
                && binder.standard_explicit(args[0], *element).is_some()
                && binder.registry.supers(to).iter().any(|t| from.def().is_some_and(|d| t.is(d)))
        }
        _ => false,
    }
}

/// A constant `int` or `long` that fits a smaller or unsigned type; `0` fits every enum.
pub(super) fn constant_fits(from: Type, value: &Value, to: Type) -> Option<Value> {
    if to.is_enum() {
        return (is_integer(from) && value.integer() == Some(0)).then_some(Value::Enum(to, 0));
    }
    let narrow = from == Type::int()
        && (to == Type::sbyte()
            || to == Type::byte()
            || to == Type::short()
            || to == Type::ushort()
            || to == Type::uint()
            || to == Type::ulong());
    let long = from == Type::long() && to == Type::ulong();
    if narrow || long { arith::convert(value, to, true).ok() } else { None }
}

/// C#'s implicit numeric conversions.
pub(crate) fn implicit_number(from: Type, to: Type) -> bool {
    const ORDER: [&str; 12] = [
        "System.SByte",
        "System.Byte",
        "System.Int16",
        "System.UInt16",
        "System.Int32",
        "System.UInt32",
        "System.Int64",
        "System.UInt64",
        "System.Char",
        "System.Single",
        "System.Double",
        "System.Decimal",
    ];
    let (Some(a), Some(b)) = (from.def(), to.def()) else { return false };
    let index = |name: &str| ORDER.iter().position(|n| *n == name);
    let (Some(a), Some(b)) = (index(a.full_name()), index(b.full_name())) else { return false };
    // Targets by source, as bits in the order above.
    const TARGETS: [u16; 12] = [
        0b1110_0101_0100,
        0b1110_1111_1100,
        0b1110_0101_0000,
        0b1110_1111_0000,
        0b1110_0100_0000,
        0b1110_1100_0000,
        0b1110_0000_0000,
        0b1110_0000_0000,
        0b1110_1111_1000,
        0b0100_0000_0000,
        0,
        0,
    ];
    TARGETS[a] & (1 << b) != 0
}
