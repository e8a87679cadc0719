//! Arithmetic of the built-in number types, as C# does it: also what folds constants.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::types::Type;
use crate::value::Value;

/// The types that arithmetic is defined on; smaller ones are promoted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Num {
    Int,
    UInt,
    Long,
    ULong,
    Float,
    Double,
    Decimal,
}

impl Num {
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Int => Type::int(),
            Self::UInt => Type::uint(),
            Self::Long => Type::long(),
            Self::ULong => Type::ulong(),
            Self::Float => Type::float(),
            Self::Double => Type::double(),
            Self::Decimal => Type::decimal(),
        }
    }
}

/// Operators on two numbers of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Mul,
    Div,
    Rem,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Equal,
    NotEqual,
}

impl Op {
    pub(crate) fn is_relation(self) -> bool {
        matches!(self, Self::Less | Self::Greater | Self::LessEqual | Self::GreaterEqual | Self::Equal | Self::NotEqual)
    }
}

pub(crate) fn overflow() -> Thrown {
    Exception::new(ExceptionKind::Overflow, "Arithmetic operation resulted in an overflow.")
}

pub(crate) fn divide_by_zero() -> Thrown {
    Exception::new(ExceptionKind::DivideByZero, "Attempted to divide by zero.")
}

fn decimal_overflow() -> Thrown {
    Exception::new(ExceptionKind::Overflow, "Value was either too large or too small for a Decimal.")
}

macro_rules! integers {
    ($op:expr, $a:expr, $b:expr, $checked:expr, $variant:ident) => {{
        let (a, b) = ($a, $b);
        match $op {
            Op::Add => {
                Value::$variant(if $checked { a.checked_add(b).ok_or_else(overflow)? } else { a.wrapping_add(b) })
            }
            Op::Sub => {
                Value::$variant(if $checked { a.checked_sub(b).ok_or_else(overflow)? } else { a.wrapping_sub(b) })
            }
            Op::Mul => {
                Value::$variant(if $checked { a.checked_mul(b).ok_or_else(overflow)? } else { a.wrapping_mul(b) })
            }
            Op::Div => {
                if b == 0 {
                    return Err(divide_by_zero());
                }
                Value::$variant(a.checked_div(b).ok_or_else(overflow)?)
            }
            Op::Rem => {
                if b == 0 {
                    return Err(divide_by_zero());
                }
                Value::$variant(a.checked_rem(b).ok_or_else(overflow)?)
            }
            Op::And => Value::$variant(a & b),
            Op::Or => Value::$variant(a | b),
            Op::Xor => Value::$variant(a ^ b),
            Op::Less => Value::Bool(a < b),
            Op::Greater => Value::Bool(a > b),
            Op::LessEqual => Value::Bool(a <= b),
            Op::GreaterEqual => Value::Bool(a >= b),
            Op::Equal => Value::Bool(a == b),
            Op::NotEqual => Value::Bool(a != b),
            Op::Shl | Op::Shr => return Ok(Value::Null),
        }
    }};
}

macro_rules! floats {
    ($op:expr, $a:expr, $b:expr, $variant:ident) => {{
        let (a, b) = ($a, $b);
        #[expect(clippy::float_cmp, reason = "C# compares exactly")]
        match $op {
            Op::Add => Value::$variant(a + b),
            Op::Sub => Value::$variant(a - b),
            Op::Mul => Value::$variant(a * b),
            Op::Div => Value::$variant(a / b),
            Op::Rem => Value::$variant(a % b),
            Op::Less => Value::Bool(a < b),
            Op::Greater => Value::Bool(a > b),
            Op::LessEqual => Value::Bool(a <= b),
            Op::GreaterEqual => Value::Bool(a >= b),
            Op::Equal => Value::Bool(a == b),
            Op::NotEqual => Value::Bool(a != b),
            _ => Value::Null,
        }
    }};
}

/// `a op b`; both are of the same type. For shifts `b` is an `int`.
pub(crate) fn binary(op: Op, a: &Value, b: &Value, checked: bool) -> Result<Value, Thrown> {
    if matches!(op, Op::Shl | Op::Shr) {
        let count = b.as_int().cast_unsigned();
        let left = op == Op::Shl;
        return Ok(match a {
            Value::Int(n) => Value::Int(if left { n << (count & 31) } else { n >> (count & 31) }),
            Value::UInt(n) => Value::UInt(if left { n << (count & 31) } else { n >> (count & 31) }),
            Value::Long(n) => Value::Long(if left { n << (count & 63) } else { n >> (count & 63) }),
            Value::ULong(n) => Value::ULong(if left { n << (count & 63) } else { n >> (count & 63) }),
            _ => Value::Null,
        });
    }
    Ok(match (a, b) {
        (Value::Int(x), Value::Int(y)) => integers!(op, *x, *y, checked, Int),
        (Value::UInt(x), Value::UInt(y)) => integers!(op, *x, *y, checked, UInt),
        (Value::Long(x), Value::Long(y)) => integers!(op, *x, *y, checked, Long),
        (Value::ULong(x), Value::ULong(y)) => integers!(op, *x, *y, checked, ULong),
        (Value::Float(x), Value::Float(y)) => floats!(op, *x, *y, Float),
        (Value::Double(x), Value::Double(y)) => floats!(op, *x, *y, Double),
        (Value::Decimal(x), Value::Decimal(y)) => decimals(op, *x, *y)?,
        _ => Value::Null,
    })
}

fn decimals(op: Op, a: Decimal, b: Decimal) -> Result<Value, Thrown> {
    Ok(match op {
        Op::Add => Value::Decimal(crate::library::text::decimal::add(a, b).ok_or_else(decimal_overflow)?),
        Op::Sub => Value::Decimal(crate::library::text::decimal::subtract(a, b).ok_or_else(decimal_overflow)?),
        Op::Mul => Value::Decimal(crate::library::text::decimal::multiply(a, b).ok_or_else(decimal_overflow)?),
        Op::Div => {
            if b.is_zero() {
                return Err(divide_by_zero());
            }
            Value::Decimal(crate::library::text::decimal::divide(a, b).ok_or_else(decimal_overflow)?)
        }
        Op::Rem => {
            if b.is_zero() {
                return Err(divide_by_zero());
            }
            Value::Decimal(crate::library::text::decimal::remainder(a, b).ok_or_else(decimal_overflow)?)
        }
        Op::Less => Value::Bool(a < b),
        Op::Greater => Value::Bool(a > b),
        Op::LessEqual => Value::Bool(a <= b),
        Op::GreaterEqual => Value::Bool(a >= b),
        Op::Equal => Value::Bool(a == b),
        Op::NotEqual => Value::Bool(a != b),
        _ => Value::Null,
    })
}

/// `-a`.
pub(crate) fn negate(a: &Value, checked: bool) -> Result<Value, Thrown> {
    Ok(match a {
        Value::Int(n) => Value::Int(if checked { n.checked_neg().ok_or_else(overflow)? } else { n.wrapping_neg() }),
        Value::Long(n) => Value::Long(if checked { n.checked_neg().ok_or_else(overflow)? } else { n.wrapping_neg() }),
        Value::Float(n) => Value::Float(-n),
        Value::Double(n) => Value::Double(-n),
        Value::Decimal(n) => Value::Decimal(-n),
        _ => Value::Null,
    })
}

/// `~a`.
pub(crate) fn complement(a: &Value) -> Value {
    match a {
        Value::Int(n) => Value::Int(!n),
        Value::UInt(n) => Value::UInt(!n),
        Value::Long(n) => Value::Long(!n),
        Value::ULong(n) => Value::ULong(!n),
        Value::Enum(ty, n) => Value::Enum(*ty, i64::from(!i32::try_from(*n).unwrap_or_default())),
        _ => Value::Null,
    }
}

/// Converts a number, `char` or enum value to a number, `char` or enum type.
#[expect(clippy::cast_possible_truncation, reason = "C# conversions truncate this way")]
pub(crate) fn convert(value: &Value, to: Type, checked: bool) -> Result<Value, Thrown> {
    if let Some(n) = value.integer() {
        return integer_to(n, to, checked);
    }
    match value {
        Value::Float(n) => float_to(f64::from(*n), Some(*n), to, checked),
        Value::Double(n) => float_to(*n, None, to, checked),
        Value::Decimal(n) => {
            if to == Type::double() {
                return Ok(Value::Double(crate::library::text::decimal::to_double(*n)));
            }
            if to == Type::float() {
                return Ok(Value::Float(crate::library::text::decimal::to_double(*n) as f32));
            }
            if to == Type::decimal() {
                return Ok(value.clone());
            }
            let whole = n.trunc().to_i128().ok_or_else(overflow)?;
            integer_to(whole, to, true).map_err(|_| {
                let name = to.underlying().short_name();
                let name = if to.is_enum() { "Int32".to_owned() } else { name };
                let article = if name.starts_with(['I', 'U']) && !name.starts_with("UI") { "an" } else { "a" };
                Exception::new(
                    ExceptionKind::Overflow,
                    format!("Value was either too large or too small for {article} {name}."),
                )
            })
        }
        other => Ok(other.clone()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "C# conversions wrap and round this way"
)]
fn integer_to(n: i128, to: Type, checked: bool) -> Result<Value, Thrown> {
    macro_rules! to {
        ($ty:ty, $variant:ident) => {{
            if checked && <$ty>::try_from(n).is_err() {
                return Err(overflow());
            }
            Value::$variant(n as $ty)
        }};
    }
    Ok(if to == Type::int() {
        to!(i32, Int)
    } else if to == Type::long() {
        to!(i64, Long)
    } else if to == Type::double() {
        Value::Double(n as f64)
    } else if to == Type::decimal() {
        Value::Decimal(Decimal::from_i128(n).unwrap_or_default())
    } else if to == Type::byte() {
        to!(u8, Byte)
    } else if to == Type::sbyte() {
        to!(i8, SByte)
    } else if to == Type::short() {
        to!(i16, Short)
    } else if to == Type::ushort() {
        to!(u16, UShort)
    } else if to == Type::uint() {
        to!(u32, UInt)
    } else if to == Type::ulong() {
        to!(u64, ULong)
    } else if to == Type::float() {
        Value::Float(n as f32)
    } else if to == Type::char() {
        to!(u16, Char)
    } else if to.is_enum() {
        if checked && i32::try_from(n).is_err() {
            return Err(overflow());
        }
        Value::Enum(to, i64::from(n as i32))
    } else {
        Value::Null
    })
}

#[expect(clippy::cast_possible_truncation, reason = "C# conversions wrap and round this way")]
fn float_to(n: f64, single: Option<f32>, to: Type, checked: bool) -> Result<Value, Thrown> {
    if to == Type::double() {
        return Ok(Value::Double(n));
    }
    if to == Type::float() {
        return Ok(Value::Float(single.unwrap_or(n as f32)));
    }
    if to == Type::decimal() {
        let out = match single {
            Some(f) => crate::library::text::decimal::from_float(f),
            None => crate::library::text::decimal::from_double(n),
        };
        return out.map(Value::Decimal).ok_or_else(decimal_overflow);
    }
    if n.is_nan() || n.is_infinite() || n.abs() >= 2e19 {
        if checked {
            return Err(overflow());
        }
        // What .NET on x64 gives: the "integer indefinite" value, cut to the type.
        let indefinite: i128 = if to == Type::int() || to.is_enum() {
            i128::from(i32::MIN)
        } else if to == Type::uint() || to == Type::long() || to == Type::ulong() {
            if to == Type::uint() { 0 } else { i128::from(i64::MIN) }
        } else {
            0
        };
        return integer_to(indefinite, to, false);
    }
    let whole = n.trunc() as i128;
    if !checked && (to == Type::int() || to.is_enum()) && i32::try_from(whole).is_err() {
        return integer_to(i128::from(i32::MIN), to, false);
    }
    if !checked && to == Type::long() && i64::try_from(whole).is_err() {
        return Ok(Value::Long(i64::MIN));
    }
    integer_to(whole, to, checked)
}
