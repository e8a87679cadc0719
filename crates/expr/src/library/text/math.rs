//! Rows of `System.Math`.

use apimite_dotnet::numeric::decimal::{self, Midpoint};
use apimite_dotnet::numeric::math;
use apimite_dotnet::{IntegerKind, Thrown};

use super::decimals;
use super::edge::{integer, kind_of};
use crate::library::rows::{Args, Default, Row, constant, m};
use crate::library::typedef::{TypeDef, static_class};
use crate::value::Value;

macro_rules! each_type {
    ($name:ident = $sig:literal, $call:expr; $($ty:literal),*) => {
        static $name: &[Row] = &[$(m(concat!("static ", $ty, " ", $sig, "(", $ty, " val1, ", $ty, " val2)"), $call)),*];
    };
}

fn pick(a: &Args<'_>, larger: bool) -> Result<Value, Thrown> {
    Ok(match (a.get(0), a.get(1)) {
        (Value::Double(x), Value::Double(y)) => {
            Value::Double(if larger { math::max(*x, *y) } else { math::min(*x, *y) })
        }
        (Value::Float(x), Value::Float(y)) => {
            let (x, y) = (f64::from(*x), f64::from(*y));
            let picked = if larger { math::max(x, y) } else { math::min(x, y) };
            #[expect(clippy::cast_possible_truncation, reason = "it was a float")]
            Value::Float(picked as f32)
        }
        (Value::Decimal(x), Value::Decimal(y)) => Value::Decimal(if larger { *x.max(y) } else { *x.min(y) }),
        (x, y) => {
            let first = if larger { x.integer() >= y.integer() } else { x.integer() <= y.integer() };
            if first { x.clone() } else { y.clone() }
        }
    })
}

each_type!(MAX = "Max", |_, a| pick(&a, true);
    "byte", "sbyte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal");
each_type!(MIN = "Min", |_, a| pick(&a, false);
    "byte", "sbyte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal");

fn abs(a: &Args<'_>) -> Result<Value, Thrown> {
    Ok(match a.get(0) {
        Value::Double(n) => Value::Double(n.abs()),
        Value::Float(n) => Value::Float(n.abs()),
        Value::Decimal(n) => Value::Decimal(n.abs()),
        other => {
            let kind = kind_of(other).unwrap_or(IntegerKind::Int64);
            integer(kind, math::abs_integer(a.whole(0), kind)?)
        }
    })
}

fn sign(a: &Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Int(match a.get(0) {
        Value::Double(n) => math::sign(*n)?,
        Value::Float(n) => math::sign(f64::from(*n))?,
        Value::Decimal(n) => n.cmp(&decimal::from_integer(0)) as i32,
        other => other.integer().unwrap_or(0).cmp(&0) as i32,
    }))
}

fn clamp(cx: &mut crate::run::Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let (value, low, high) = (a.get(0).clone(), a.get(1).clone(), a.get(2).clone());
    let is_nan = |value: &Value| match value {
        Value::Double(number) => number.is_nan(),
        Value::Float(number) => number.is_nan(),
        _ => false,
    };
    // Every comparison with NaN is false.
    if is_nan(&value) {
        return Ok(value);
    }
    if is_nan(&low) || is_nan(&high) {
        let outside = if is_nan(&low) {
            (!is_nan(&high) && cx.compare(&value, &high)?.is_gt()).then_some(high)
        } else {
            cx.compare(&value, &low)?.is_lt().then_some(low)
        };
        return Ok(outside.unwrap_or(value));
    }
    if cx.compare(&low, &high)?.is_gt() {
        let (low, high) = (cx.to_text(&low)?, cx.to_text(&high)?);
        return Err(apimite_dotnet::Exception::new(
            apimite_dotnet::ExceptionKind::Argument,
            format!("'{low}' cannot be greater than {high}."),
        ));
    }
    Ok(if cx.compare(&value, &low)?.is_lt() {
        low
    } else if cx.compare(&value, &high)?.is_gt() {
        high
    } else {
        value
    })
}

macro_rules! unary {
    ($($name:ident = $sig:literal -> $ret:tt, $call:expr; [$($ty:literal),*];)*) => {
        $(static $name: &[Row] = &[$(m(concat!("static ", unary!(@ret $ret $ty), " ", $sig, "(", $ty, " value)"), $call)),*];)*
    };
    (@ret same $ty:literal) => { $ty };
    (@ret $ret:literal $ty:literal) => { $ret };
}

unary! {
    ABS = "Abs" -> same, |_, a| abs(&a); ["sbyte", "short", "int", "long", "float", "double", "decimal"];
    SIGN = "Sign" -> "int", |_, a| sign(&a); ["sbyte", "short", "int", "long", "float", "double", "decimal"];
}

macro_rules! clamps {
    ($($ty:literal),*) => {
        static CLAMP: &[Row] = &[$(
            m(concat!("static ", $ty, " Clamp(", $ty, " value, ", $ty, " min, ", $ty, " max)"), |cx, a| clamp(cx, &a)).core_only()
        ),*];
    };
}
clamps!("byte", "sbyte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal");

macro_rules! functions {
    ($($name:literal => $f:expr),* $(,)?) => {
        static FUNCTIONS: &[Row] = &[$(m(concat!("static double ", $name, "(double d)"), |_, a| {
            let f: fn(f64) -> f64 = $f;
            Ok(Value::Double(f(a.double(0))))
        })),*];
    };
}

functions! {
    "Sqrt" => f64::sqrt,
    "Exp" => f64::exp,
    "Log" => f64::ln,
    "Log10" => f64::log10,
    "Sin" => f64::sin,
    "Cos" => f64::cos,
    "Tan" => f64::tan,
    "Asin" => f64::asin,
    "Acos" => f64::acos,
    "Atan" => f64::atan,
    "Sinh" => f64::sinh,
    "Cosh" => f64::cosh,
    "Tanh" => f64::tanh,
    "Floor" => f64::floor,
    "Ceiling" => f64::ceil,
    "Truncate" => f64::trunc,
}

fn round(a: &Args<'_>, places: Option<usize>, mode: Option<usize>) -> Result<Value, Thrown> {
    let mode = mode.map_or(Ok(Midpoint::ToEven), |index| Midpoint::from_number(a.number(index)))?;
    math::round(a.double(0), places.map_or(0, |index| a.int(index)), mode).map(Value::Double)
}

fn div_rem(a: &mut Args<'_>, kind: IntegerKind) -> Result<Value, Thrown> {
    let (quotient, rest) = math::div_rem(a.whole(0), a.whole(1), kind)?;
    a.put(2, integer(kind, rest));
    Ok(integer(kind, quotient))
}

static OTHERS: &[Row] = &[
    constant("static double PI", Default::Float(std::f64::consts::PI)),
    constant("static double E", Default::Float(std::f64::consts::E)),
    constant("static double Tau", Default::Float(std::f64::consts::TAU)).core_only(),
    m("static decimal Floor(decimal d)", |_, a| Ok(Value::Decimal(decimal::floor(a.decimal(0))))),
    m("static decimal Ceiling(decimal d)", |_, a| Ok(Value::Decimal(decimal::ceiling(a.decimal(0))))),
    m("static decimal Truncate(decimal d)", |_, a| Ok(Value::Decimal(decimal::truncate(a.decimal(0))))),
    m("static double Round(double a)", |_, a| round(&a, None, None)),
    m("static double Round(double value, int digits)", |_, a| round(&a, Some(1), None)),
    m("static double Round(double value, MidpointRounding mode)", |_, a| round(&a, None, Some(1))),
    m("static double Round(double value, int digits, MidpointRounding mode)", |_, a| round(&a, Some(1), Some(2))),
    m("static decimal Round(decimal d)", |_, a| decimals::round(&a, None, None)),
    m("static decimal Round(decimal d, int decimals)", |_, a| decimals::round(&a, Some(1), None)),
    m("static decimal Round(decimal d, MidpointRounding mode)", |_, a| decimals::round(&a, None, Some(1))),
    m("static decimal Round(decimal d, int decimals, MidpointRounding mode)", |_, a| {
        decimals::round(&a, Some(1), Some(2))
    }),
    m("static double Pow(double x, double y)", |_, a| Ok(Value::Double(math::pow(a.double(0), a.double(1))))),
    m("static double Atan2(double y, double x)", |_, a| Ok(Value::Double(a.double(0).atan2(a.double(1))))),
    m("static double Log(double a, double newBase)", |_, a| {
        Ok(Value::Double(math::log_of_base(a.double(0), a.double(1))))
    }),
    m("static double IEEERemainder(double x, double y)", |_, a| {
        Ok(Value::Double(math::ieee_remainder(a.double(0), a.double(1))))
    }),
    m("static long BigMul(int a, int b)", |_, a| Ok(Value::Long(i64::from(a.int(0)) * i64::from(a.int(1))))),
    m("static int DivRem(int a, int b, out int result)", |_, mut a| div_rem(&mut a, IntegerKind::Int32)),
    m("static long DivRem(long a, long b, out long result)", |_, mut a| div_rem(&mut a, IntegerKind::Int64)),
    m("static double Cbrt(double d)", |_, a| Ok(Value::Double(a.double(0).cbrt()))).core_only(),
    m("static double Log2(double x)", |_, a| Ok(Value::Double(a.double(0).log2()))).core_only(),
    m("static double Asinh(double d)", |_, a| Ok(Value::Double(a.double(0).asinh()))).core_only(),
    m("static double Acosh(double d)", |_, a| Ok(Value::Double(a.double(0).acosh()))).core_only(),
    m("static double Atanh(double d)", |_, a| Ok(Value::Double(a.double(0).atanh()))).core_only(),
    m("static double CopySign(double x, double y)", |_, a| Ok(Value::Double(a.double(0).copysign(a.double(1)))))
        .core_only(),
    m("static double FusedMultiplyAdd(double x, double y, double z)", |_, a| {
        Ok(Value::Double(a.double(0).mul_add(a.double(1), a.double(2))))
    })
    .core_only(),
];

/// `System.Math`
pub static MATH: TypeDef = static_class("System.Math").rows(&[MAX, MIN, ABS, SIGN, CLAMP, FUNCTIONS, OTHERS]).def();
