//! Expressions as `bool` and `int`: no boxing on the way.

use apimite_diag::Span;
use apimite_dotnet::Thrown;
use apimite_dotnet::regex::{Regex, RegexOptions};

use super::value::{at, store};
use super::{BoolFn, Emitter, IntFn, bool_fn, int_fn};
use crate::bind::bound::{Arg, B, How, K};
use crate::library::core::names;
use crate::library::{Imp, Member, sys};
use crate::run::arith::{self, Op, divide_by_zero, overflow};
use crate::run::null_reference;
use crate::run::{Cx, Text};
use crate::types::Type;
use crate::value::Value;

/// An `int` operand: constants and plain locals are read without a call.
pub(crate) enum IntArg {
    Const(i32),
    Slot(usize),
    Code(IntFn),
}

impl IntArg {
    #[inline]
    pub(crate) fn get(&self, cx: &mut Cx<'_>) -> Result<i32, Thrown> {
        match self {
            Self::Const(n) => Ok(*n),
            Self::Slot(slot) => Ok(cx.stack[cx.base + slot].as_int()),
            Self::Code(f) => f(cx),
        }
    }
}

/// Nodes whose own form is a `bool`.
pub(crate) fn is_bool_node(e: &B<'_>) -> bool {
    match &e.kind {
        K::AndAlso(..) | K::OrElse(..) | K::StrEq { .. } | K::RefEq { .. } | K::IsNull { .. } | K::Is { .. } => true,
        K::Not { lifted, .. } | K::BoolOp { lifted, .. } => !lifted,
        K::Arith { op, .. } => op.is_relation(),
        K::Call { member, args, lifted: false, .. } => {
            string_test(member, args).is_some() || is_pattern_test(member, args)
        }
        _ => false,
    }
}

/// Tests of a text that run on borrowed text.
#[derive(Clone, Copy)]
enum StringTest {
    StartsWith,
    EndsWith,
    Contains,
    Equals,
    NullOrEmpty,
}

fn string_test(member: &Member, args: &[Arg<'_>]) -> Option<StringTest> {
    if !std::ptr::eq(member.def, &raw const names::STRING) {
        return None;
    }
    let of_strings = member.params.iter().all(|p| p.ty == Type::string());
    if !of_strings {
        return None;
    }
    let constant = |i: usize| match args.get(i).and_then(|a| a.value.constant.as_ref()) {
        // A plain ASCII text without control characters compares the same in the invariant culture and by ordinal.
        Some(Value::Str(s)) => s.bytes().all(|b| (0x20..0x7F).contains(&b)) && !s.is_empty(),
        _ => false,
    };
    match (member.name, member.is_static, args.len()) {
        ("StartsWith", false, 2) if constant(1) => Some(StringTest::StartsWith),
        ("EndsWith", false, 2) if constant(1) => Some(StringTest::EndsWith),
        ("Contains", false, 2) if constant(1) => Some(StringTest::Contains),
        ("Equals", false, 2) => Some(StringTest::Equals),
        ("IsNullOrEmpty", true, 1) => Some(StringTest::NullOrEmpty),
        _ => None,
    }
}

/// `Regex.IsMatch(text, "…")`: its pattern is compiled with the program.
fn is_pattern_test(member: &Member, args: &[Arg<'_>]) -> bool {
    std::ptr::eq(member.def, &raw const sys::REGEX)
        && member.name == "IsMatch"
        && member.is_static
        && matches!(args.len(), 2 | 3)
        && args.iter().skip(1).all(|arg| arg.value.constant.is_some())
}

impl<'a> Emitter<'_, 'a> {
    fn pattern_test(&mut self, e: &B<'a>, args: &[Arg<'a>], span: Span) -> BoolFn {
        let constant = |at: usize| args.get(at).and_then(|arg| arg.value.constant.as_ref());
        let options = constant(2).and_then(Value::integer).and_then(|bits| i32::try_from(bits).ok()).unwrap_or(0);
        let regex =
            constant(1).and_then(Value::as_str).map(|pattern| Regex::new(pattern, RegexOptions::from_bits(options)));
        let Some(Ok(regex)) = regex else {
            // What is wrong with the pattern is told when the expression runs.
            let f = self.call(e);
            return bool_fn(move |cx| Ok(f(cx)?.as_bool()));
        };
        let text = self.text(&args[0].value);
        bool_fn(move |cx| {
            let text = text(cx)?;
            let result = match text.as_str() {
                Some(text) => regex.is_match(text),
                None => Err(crate::library::null_argument("input")),
            };
            at(cx, span, result)
        })
    }

    pub(crate) fn bool(&mut self, e: &B<'a>) -> BoolFn {
        let span = e.span;
        if self.is_too_deep() {
            return bool_fn(|_| Ok(false));
        }
        if let Some(Value::Bool(b)) = e.constant {
            return bool_fn(move |_| Ok(b));
        }
        match &e.kind {
            K::AndAlso(a, b) => {
                let (a, b) = (self.bool(a), self.bool(b));
                bool_fn(move |cx| Ok(a(cx)? && b(cx)?))
            }
            K::OrElse(a, b) => {
                let (a, b) = (self.bool(a), self.bool(b));
                bool_fn(move |cx| Ok(a(cx)? || b(cx)?))
            }
            K::Not { value, lifted: false } => {
                let f = self.bool(value);
                bool_fn(move |cx| Ok(!f(cx)?))
            }
            K::StrEq { left, right, negate } => self.string_equality(left, right, *negate),
            K::IsNull { value, negate } => {
                let negate = *negate;
                if value.ty == Type::string() {
                    let f = self.text(value);
                    return bool_fn(move |cx| Ok(matches!(f(cx)?, Text::Null) != negate));
                }
                let f = self.value(value);
                bool_fn(move |cx| Ok(f(cx)?.is_null() != negate))
            }
            K::RefEq { left, right, negate } => {
                let (a, b, negate) = (self.value(left), self.value(right), *negate);
                bool_fn(move |cx| {
                    let (x, y) = (a(cx)?, b(cx)?);
                    Ok(x.same_object(&y) != negate)
                })
            }
            K::BoolOp { op, left, right, lifted: false } => {
                let (a, b, op) = (self.bool(left), self.bool(right), *op);
                bool_fn(move |cx| {
                    let (x, y) = (a(cx)?, b(cx)?);
                    Ok(match op {
                        Op::And => x & y,
                        Op::Or => x | y,
                        Op::Equal => x == y,
                        _ => x ^ y,
                    })
                })
            }
            K::Arith { op, left, right, lifted: false, .. } if op.is_relation() => {
                let op = *op;
                if left.ty == Type::int() && right.ty == Type::int() {
                    let (a, b) = (self.int_arg(left), self.int_arg(right));
                    return bool_fn(move |cx| {
                        let (x, y) = (a.get(cx)?, b.get(cx)?);
                        Ok(match op {
                            Op::Less => x < y,
                            Op::Greater => x > y,
                            Op::LessEqual => x <= y,
                            Op::GreaterEqual => x >= y,
                            Op::Equal => x == y,
                            _ => x != y,
                        })
                    });
                }
                let (a, b) = (self.value(left), self.value(right));
                bool_fn(move |cx| {
                    let (x, y) = (a(cx)?, b(cx)?);
                    Ok(arith::binary(op, &x, &y, false)?.as_bool())
                })
            }
            K::Arith { op, left, right, lifted: true, .. } if op.is_relation() => {
                let (op, a, b) = (*op, self.value(left), self.value(right));
                bool_fn(move |cx| {
                    let (x, y) = (a(cx)?, b(cx)?);
                    if x.is_null() || y.is_null() {
                        return Ok(match op {
                            Op::Equal => x.is_null() && y.is_null(),
                            Op::NotEqual => x.is_null() != y.is_null(),
                            _ => false,
                        });
                    }
                    Ok(arith::binary(op, &x, &y, false)?.as_bool())
                })
            }
            K::Is { value, temp, test } => {
                let (f, place) = (self.value(value), self.place(*temp));
                let test = self.test(test, *temp);
                bool_fn(move |cx| {
                    let v = f(cx)?;
                    store(cx, place, v);
                    test(cx)
                })
            }
            K::Conditional { condition, then, otherwise } => {
                let (c, a, b) = (self.bool(condition), self.bool(then), self.bool(otherwise));
                bool_fn(move |cx| if c(cx)? { a(cx) } else { b(cx) })
            }
            K::Call { member, args, lifted: false, .. } if is_pattern_test(member, args) => {
                self.pattern_test(e, args, span)
            }
            K::Call { member, args, lifted: false, .. } if string_test(member, args).is_some() => {
                let Some(test) = string_test(member, args) else { return bool_fn(|_| Ok(false)) };
                let first = self.text(&args[0].value);
                if matches!(test, StringTest::NullOrEmpty) {
                    return bool_fn(move |cx| Ok(first(cx)?.as_str().is_none_or(str::is_empty)));
                }
                let second = self.text(&args[1].value);
                bool_fn(move |cx| {
                    let a = first(cx)?;
                    let b = second(cx)?;
                    let Some(a) = a.as_str() else { return at(cx, span, Err(null_reference())) };
                    let Some(b) = b.as_str() else { return Ok(false) };
                    Ok(match test {
                        StringTest::StartsWith => a.starts_with(b),
                        StringTest::EndsWith => a.ends_with(b),
                        StringTest::Contains => a.contains(b),
                        StringTest::Equals | StringTest::NullOrEmpty => a == b,
                    })
                })
            }
            K::Convert(inner, How::Same) if inner.ty == Type::bool() => self.bool(inner),
            _ => {
                let f = self.value_plain(e);
                bool_fn(move |cx| Ok(f(cx)?.as_bool()))
            }
        }
    }

    /// As a value, for nodes that `bool` does not know: never comes back to `bool`.
    fn value_plain(&mut self, e: &B<'a>) -> super::ValueFn {
        self.value(e)
    }

    fn string_equality(&mut self, left: &B<'a>, right: &B<'a>, negate: bool) -> BoolFn {
        if let Some(Value::Str(constant)) = &right.constant {
            let (f, constant) = (self.text(left), constant.clone());
            return bool_fn(move |cx| Ok((f(cx)?.as_str() == Some(constant.as_str())) != negate));
        }
        if let Some(Value::Str(constant)) = &left.constant {
            let (f, constant) = (self.text(right), constant.clone());
            return bool_fn(move |cx| Ok((f(cx)?.as_str() == Some(constant.as_str())) != negate));
        }
        let (a, b) = (self.text(left), self.text(right));
        bool_fn(move |cx| {
            let x = a(cx)?;
            let y = b(cx)?;
            Ok((x.as_str() == y.as_str()) != negate)
        })
    }

    pub(crate) fn int(&mut self, e: &B<'a>) -> IntFn {
        if self.is_too_deep() {
            return int_fn(|_| Ok(0));
        }
        if let Some(Value::Int(n)) = e.constant {
            return int_fn(move |_| Ok(n));
        }
        let span = e.span;
        match &e.kind {
            K::Local(id) => {
                let place = self.place(*id);
                let slot = place.slot;
                if place.cell {
                    int_fn(move |cx| Ok(super::function::read_cell(&cx.stack[cx.base + slot]).as_int()))
                } else {
                    int_fn(move |cx| Ok(cx.stack[cx.base + slot].as_int()))
                }
            }
            K::Arith { op, left, right, checked, lifted: false }
                if left.ty == Type::int() && right.ty == Type::int() =>
            {
                self.int_arith(*op, left, right, *checked, span)
            }
            K::Conditional { condition, then, otherwise } => {
                let (c, a, b) = (self.bool(condition), self.int(then), self.int(otherwise));
                int_fn(move |cx| if c(cx)? { a(cx) } else { b(cx) })
            }
            K::Call { member, args, .. }
                if member.name == "Length"
                    && std::ptr::eq(member.def, &raw const names::STRING)
                    && matches!(member.row.imp, Imp::Call(_)) =>
            {
                let f = self.text(&args[0].value);
                int_fn(move |cx| {
                    let length = match f(cx)? {
                        Text::Null => return at(cx, span, Err(null_reference())),
                        Text::Host(s) if s.is_ascii() => s.len(),
                        Text::Host(s) => s.chars().map(char::len_utf16).sum(),
                        Text::Own(s) => s.len16(),
                    };
                    Ok(i32::try_from(length).unwrap_or(i32::MAX))
                })
            }
            _ => {
                let f = self.value(e);
                int_fn(move |cx| Ok(f(cx)?.as_int()))
            }
        }
    }

    pub(crate) fn int_arith(&mut self, op: Op, left: &B<'a>, right: &B<'a>, checked: bool, span: Span) -> IntFn {
        let (a, b) = (self.int_arg(left), self.int_arg(right));
        match op {
            Op::Add if !checked => int_fn(move |cx| Ok(a.get(cx)?.wrapping_add(b.get(cx)?))),
            Op::Sub if !checked => int_fn(move |cx| Ok(a.get(cx)?.wrapping_sub(b.get(cx)?))),
            Op::Mul if !checked => int_fn(move |cx| Ok(a.get(cx)?.wrapping_mul(b.get(cx)?))),
            Op::Rem if matches!(b, IntArg::Const(n) if n > 0) => {
                let n = if let IntArg::Const(n) = b { n } else { 1 };
                int_fn(move |cx| Ok(a.get(cx)? % n))
            }
            _ => int_fn(move |cx| {
                let (x, y) = (a.get(cx)?, b.get(cx)?);
                let result = slow(op, x, y);
                at(cx, span, result)
            }),
        }
    }

    pub(crate) fn int_arg(&mut self, e: &B<'a>) -> IntArg {
        match (&e.constant, &e.kind) {
            (Some(Value::Int(n)), _) => IntArg::Const(*n),
            (None, K::Local(id)) if !self.place(*id).cell => IntArg::Slot(self.place(*id).slot),
            _ => IntArg::Code(self.int(e)),
        }
    }
}

fn slow(op: Op, x: i32, y: i32) -> Result<i32, Thrown> {
    Ok(match op {
        Op::Add => x.checked_add(y).ok_or_else(overflow)?,
        Op::Sub => x.checked_sub(y).ok_or_else(overflow)?,
        Op::Mul => x.checked_mul(y).ok_or_else(overflow)?,
        Op::Div if y == 0 => return Err(divide_by_zero()),
        Op::Rem if y == 0 => return Err(divide_by_zero()),
        Op::Div => x.checked_div(y).ok_or_else(overflow)?,
        Op::Rem => x.checked_rem(y).ok_or_else(overflow)?,
        Op::And => x & y,
        Op::Or => x | y,
        Op::Xor => x ^ y,
        Op::Shl => x << (y.cast_unsigned() & 31),
        Op::Shr => x >> (y.cast_unsigned() & 31),
        _ => 0,
    })
}
