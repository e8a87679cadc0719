//! `Sum`, `Average`, `Min`, `Max`.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::source;
use crate::library::rows::{Args, Row, m};
use crate::run::Cx;
use crate::run::arith::{self, Op};
use crate::types::Type;
use crate::value::Value;

fn none() -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, "Sequence contains no elements")
}

/// The elements, selected where there is a selector; `null` is left out.
fn items(cx: &mut Cx<'_>, a: &Args<'_>, selector: bool) -> Result<Vec<Value>, Thrown> {
    let all = source(a, 0, "source")?;
    let select = if selector { Some(source(a, 1, "selector")?) } else { None };
    let mut each = cx.iterate(&all)?;
    let mut out = Vec::new();
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        let value = match &select {
            Some(select) => cx.call1(select, item)?,
            None => item,
        };
        if !value.is_null() {
            out.push(value);
        }
    }
    Ok(out)
}

fn sum(cx: &mut Cx<'_>, a: &Args<'_>, ty: Type, selector: bool) -> Result<Value, Thrown> {
    let all = a.need(0, "source")?;
    let select = if selector { Some(a.need(1, "selector")?) } else { None };
    // float adds up as double.
    let wide = if ty == Type::float() { Type::double() } else { ty };
    let mut total = crate::run::integer_of(wide, 0);
    let mut each = cx.iterate(all)?;
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        let value = match select {
            Some(select) => cx.call1(select, item)?,
            None => item,
        };
        total = match (&total, &value) {
            (_, Value::Null) => continue,
            (Value::Int(so_far), Value::Int(more)) => {
                Value::Int(so_far.checked_add(*more).ok_or_else(arith::overflow)?)
            }
            _ => {
                let value = arith::convert(&value, wide, false)?;
                arith::binary(Op::Add, &total, &value, true)?
            }
        };
    }
    if wide == ty { Ok(total) } else { arith::convert(&total, ty, false) }
}

fn average(cx: &mut Cx<'_>, a: &Args<'_>, ty: Type, selector: bool, nullable: bool) -> Result<Value, Thrown> {
    let values = items(cx, a, selector)?;
    if values.is_empty() {
        return if nullable { Ok(Value::Null) } else { Err(none()) };
    }
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    if ty == Type::decimal() {
        let mut total = Value::Decimal(0.into());
        for value in values {
            total = arith::binary(Op::Add, &total, &value, true)?;
        }
        return arith::binary(Op::Div, &total, &Value::Decimal(count.into()), true);
    }
    if ty == Type::int() || ty == Type::long() {
        let mut total: i64 = 0;
        for value in values {
            let n = value.integer().and_then(|n| i64::try_from(n).ok()).unwrap_or(0);
            total = total.checked_add(n).ok_or_else(arith::overflow)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "as .NET divides")]
        return Ok(Value::Double(total as f64 / count as f64));
    }
    let mut total = 0.0;
    for value in values {
        total += arith::convert(&value, Type::double(), false)?.as_double();
    }
    #[expect(clippy::cast_precision_loss, reason = "as .NET divides")]
    let mean = Value::Double(total / count as f64);
    arith::convert(&mean, ty, false)
}

fn extreme(cx: &mut Cx<'_>, a: &Args<'_>, selector: bool, largest: bool) -> Result<Value, Thrown> {
    let ty = if selector { a.ty(1) } else { a.ty(0) };
    let mut best: Option<Value> = None;
    for value in items(cx, a, selector)? {
        best = Some(match best {
            None => value,
            Some(held) => {
                let order = cx.compare(&value, &held)?;
                let wins = if largest { order.is_gt() } else { order.is_lt() };
                if wins { value } else { held }
            }
        });
    }
    match best {
        Some(value) => Ok(value),
        None if ty.takes_null() => Ok(Value::Null),
        None => Err(none()),
    }
}

macro_rules! totals {
    ($($ty:ident $text:literal $mean:literal),* $(,)?) => {
        &[
            m("TSource Min<TSource>(this IEnumerable<TSource> source)", |cx, a| extreme(cx, &a, false, false)),
            m("TSource Max<TSource>(this IEnumerable<TSource> source)", |cx, a| extreme(cx, &a, false, true)),
            m("TResult Min<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", |cx, a| extreme(cx, &a, true, false)),
            m("TResult Max<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", |cx, a| extreme(cx, &a, true, true)),
            $(
                m(concat!($text, " Sum(this IEnumerable<", $text, "> source)"), |cx, a| sum(cx, &a, Type::$ty(), false)),
                m(concat!($text, "? Sum(this IEnumerable<", $text, "?> source)"), |cx, a| sum(cx, &a, Type::$ty(), false)),
                m(concat!($text, " Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $text, "> selector)"), |cx, a| sum(cx, &a, Type::$ty(), true)),
                m(concat!($text, "? Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $text, "?> selector)"), |cx, a| sum(cx, &a, Type::$ty(), true)),
                m(concat!($mean, " Average(this IEnumerable<", $text, "> source)"), |cx, a| average(cx, &a, Type::$ty(), false, false)),
                m(concat!($mean, "? Average(this IEnumerable<", $text, "?> source)"), |cx, a| average(cx, &a, Type::$ty(), false, true)),
                m(concat!($mean, " Average<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $text, "> selector)"), |cx, a| average(cx, &a, Type::$ty(), true, false)),
                m(concat!($mean, "? Average<TSource>(this IEnumerable<TSource> source, Func<TSource, ", $text, "?> selector)"), |cx, a| average(cx, &a, Type::$ty(), true, true)),
            )*
        ]
    };
}

pub(super) static ROWS: &[Row] = totals! {
    int "int" "double",
    long "long" "double",
    float "float" "float",
    double "double" "double",
    decimal "decimal" "decimal",
};
