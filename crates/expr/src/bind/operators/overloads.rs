//! Operators that types define, and the built-in ones with their promotions.

use super::super::Binder;
use super::super::bound::{Arg, B, How, K};
use super::super::overload::{Fit, Given};
use super::{arith_op, is_zero};
use crate::library::{MemberKind, ParamMode};
use crate::run::arith::{self, Num, Op};
use crate::syntax::ast::BinaryOp;
use crate::types::{Type, is_number};
use crate::value::Value;
use apimite_diag::Span;
use std::sync::Arc;

impl<'a> Binder<'a> {
    /// Operators declared by library types.
    pub(super) fn user_binary(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> Option<B<'a>> {
        let symbol = op.text();
        let mut owners: Vec<Type> = Vec::new();
        for e in [left, right] {
            let ty = e.ty.underlying();
            // Numbers, char, bool and string have their built-in operators.
            if is_number(ty)
                || ty == Type::char()
                || ty == Type::bool()
                || ty == Type::string()
                || ty.is_enum()
                || ty.is_error()
            {
                continue;
            }
            let mut at = ty.def().map(|_| ty);
            while let Some(owner) = at {
                if owner == Type::object() || owners.contains(&owner) {
                    break;
                }
                owners.push(owner);
                at = self.registry.base(owner);
            }
        }
        let given = [Given::plain(left.clone()), Given::plain(right.clone())];
        let mut fits: Vec<(Fit, bool)> = Vec::new();
        let mut deepest: Option<usize> = None;
        for owner in owners {
            let Some(def) = owner.def() else { continue };
            let before = fits.len();
            for member in self.registry.declared(def, symbol) {
                if member.kind != MemberKind::Operator || member.params.len() != 2 {
                    continue;
                }
                if let Ok(fit) = self.fit(&member, owner.args(), &[], &given) {
                    fits.push((fit, false));
                    continue;
                }
                // Lifted: both operands may be null.
                let value_types = member.params.iter().all(|p| p.ty.substitute(owner.args()).is_value_type());
                if value_types && (left.ty.takes_null() || right.ty.takes_null()) {
                    let lifted: Vec<Given<'a>> = given
                        .iter()
                        .map(|g| {
                            if g.value.is_null() {
                                let ty = member.params[0].ty.substitute(owner.args());
                                Given::plain(B::new(K::Default, ty, g.value.span))
                            } else {
                                Given::plain(B { ty: g.value.ty.underlying(), ..g.value.clone() })
                            }
                        })
                        .collect();
                    if let Ok(fit) = self.fit(&member, owner.args(), &[], &lifted) {
                        fits.push((fit, true));
                    }
                }
            }
            if fits.len() > before && deepest.is_none() {
                deepest = Some(before);
            }
        }
        if fits.is_empty() {
            return None;
        }
        let unlifted: Vec<Fit> = fits.iter().filter(|(_, l)| !l).map(|(f, _)| f.clone()).collect();
        let (chosen, lifted) = if unlifted.is_empty() {
            let all: Vec<Fit> = fits.into_iter().map(|(f, _)| f).collect();
            (self.best(all, &given).ok()?, true)
        } else {
            match self.best(unlifted, &given) {
                Ok(fit) => (fit, false),
                Err(fits) => {
                    let first = fits.first()?;
                    let (a, b) = (left.ty, right.ty);
                    let _ = first;
                    return Some(self.fail(
                        "CS0034",
                        span,
                        format!("Operator '{symbol}' is ambiguous on operands of type '{a}' and '{b}'"),
                    ));
                }
            }
        };
        self.use_member(&chosen.member, span);
        let ret = chosen.member.ret.substitute(&chosen.types);
        let args: Vec<Arg<'a>> = if lifted {
            [left, right]
                .into_iter()
                .zip(&chosen.member.params)
                .map(|(e, p)| {
                    let ty = p.ty.substitute(&chosen.types).nullable();
                    Arg { value: self.convert(e.clone(), ty), mode: ParamMode::Value }
                })
                .collect()
        } else {
            self.arguments(&chosen, given.to_vec(), span)
        };
        let ty = if lifted && ret != Type::bool() { ret.nullable() } else { ret };
        Some(B::new(
            K::Call { member: Arc::clone(&chosen.member), types: chosen.types.as_slice().into(), args, lifted },
            ty,
            span,
        ))
    }

    pub(super) fn user_unary(&mut self, symbol: &str, e: &B<'a>, span: Span) -> Option<B<'a>> {
        let ty = e.ty.underlying();
        if is_number(ty) || ty == Type::char() || ty == Type::bool() {
            return None;
        }
        let mut at = ty.def().map(|_| ty);
        while let Some(owner) = at {
            if owner == Type::object() {
                break;
            }
            if let Some(def) = owner.def() {
                for member in self.registry.declared(def, symbol) {
                    if member.kind == MemberKind::Operator && member.params.len() == 1 {
                        self.use_member(&member, span);
                        let want = member.params[0].ty.substitute(owner.args());
                        let lifted = e.ty.nullable_of().is_some();
                        let value = self.convert(e.clone(), if lifted { want.nullable() } else { want });
                        let ret = member.ret.substitute(owner.args());
                        return Some(B::new(
                            K::Call {
                                member,
                                types: owner.args().into(),
                                args: vec![Arg { value, mode: ParamMode::Value }],
                                lifted,
                            },
                            if lifted { ret.nullable() } else { ret },
                            span,
                        ));
                    }
                }
            }
            at = self.registry.base(owner);
        }
        None
    }

    /// Operators of numbers, enums, `bool` and `string`.
    pub(super) fn built_in(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> Option<B<'a>> {
        let symbol = arith_op(op)?;
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let negate = op == BinaryOp::NotEqual;
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let lifted = left.ty.nullable_of().is_some() || right.ty.nullable_of().is_some();
        // string == string, also with null
        if equality
            && (left.ty == Type::string() || right.ty == Type::string())
            && [left, right]
                .iter()
                .all(|e| e.ty == Type::string() || e.is_null() || matches!(e.kind, K::UnboundDefault))
        {
            let a = self.convert(left.clone(), Type::string());
            let b = self.convert(right.clone(), Type::string());
            if let (Some(x), Some(y)) = (&a.constant, &b.constant) {
                let same = x.as_str() == y.as_str();
                return Some(B::constant(Value::Bool(same != negate), Type::bool(), span));
            }
            return Some(B::new(K::StrEq { left: Box::new(a), right: Box::new(b), negate }, Type::bool(), span));
        }
        // x == null for nullable value types
        if equality && (left.is_null() || right.is_null()) {
            let other = if left.is_null() { right } else { left };
            let base = other.ty.underlying();
            let lifts = is_number(base) || base == Type::char() || base == Type::bool() || base.is_enum();
            if other.ty.nullable_of().is_some() {
                return Some(B::new(K::IsNull { value: Box::new(other.clone()), negate }, Type::bool(), span));
            }
            if lifts {
                // Lifted: never null, but evaluated.
                let boxed = B::new(K::Convert(Box::new(other.clone()), How::Same), other.ty.nullable(), span);
                return Some(B::new(K::IsNull { value: Box::new(boxed), negate }, Type::bool(), span));
            }
            return None;
        }
        if matches!(left.kind, K::UnboundDefault) || matches!(right.kind, K::UnboundDefault) {
            let other = if matches!(left.kind, K::UnboundDefault) { right.ty } else { left.ty };
            if other.is_void() {
                return None;
            }
            let a = self.convert(left.clone(), other);
            let b = self.convert(right.clone(), other);
            return self.built_in(op, &a, &b, span);
        }
        if left.is_typeless() && !left.is_null() || right.is_typeless() && !right.is_null() {
            return None;
        }
        // bool
        let null_or = |e: &B<'a>, ty: Type| e.ty.underlying() == ty || e.is_null();
        if (l == Type::bool() || r == Type::bool()) && null_or(left, Type::bool()) && null_or(right, Type::bool()) {
            if !matches!(symbol, Op::And | Op::Or | Op::Xor | Op::Equal | Op::NotEqual) {
                return None;
            }
            if let (Some(Value::Bool(a)), Some(Value::Bool(b))) = (&left.constant, &right.constant) {
                let (a, b) = (*a, *b);
                let value = match symbol {
                    Op::And => a & b,
                    Op::Or => a | b,
                    Op::Equal => a == b,
                    _ => a ^ b,
                };
                return Some(B::constant(Value::Bool(value), Type::bool(), span));
            }
            let lifted = lifted || left.is_null() || right.is_null();
            let ty = if lifted { Type::bool().nullable() } else { Type::bool() };
            let a = self.convert(left.clone(), ty);
            let b = self.convert(right.clone(), ty);
            let result = if equality { Type::bool() } else { ty };
            return Some(B::new(K::BoolOp { op: symbol, left: Box::new(a), right: Box::new(b), lifted }, result, span));
        }
        // enums
        if l.is_enum() || r.is_enum() {
            return self.enum_operator(op, symbol, left, right, lifted, span);
        }
        // shifts
        if matches!(symbol, Op::Shl | Op::Shr) {
            let base = [Num::Int, Num::UInt, Num::Long, Num::ULong]
                .iter()
                .map(|n| n.ty())
                .find(|t| self.operand_fits(left, *t))?;
            if !self.operand_fits(right, Type::int()) {
                return None;
            }
            let ty = if lifted { base.nullable() } else { base };
            let a = self.convert(left.clone(), if lifted { base.nullable() } else { base });
            let count = if lifted { Type::int().nullable() } else { Type::int() };
            let b = self.convert(right.clone(), count);
            return Some(self.arith(symbol, a, b, ty, lifted, span));
        }
        // numbers
        let num = self.promote(left, right, matches!(symbol, Op::And | Op::Or | Op::Xor))?;
        let lifted = lifted || left.is_null() || right.is_null();
        let base = num.ty();
        let operand = if lifted { base.nullable() } else { base };
        let a = self.convert(left.clone(), operand);
        let b = self.convert(right.clone(), operand);
        let ty = if symbol.is_relation() { Type::bool() } else { operand };
        Some(self.arith(symbol, a, b, ty, lifted, span))
    }

    pub(super) fn operand_fits(&mut self, e: &B<'a>, ty: Type) -> bool {
        if e.is_null() {
            return true;
        }
        let base = B { ty: e.ty.underlying(), ..e.clone() };
        self.implicit(&base, ty).is_some()
    }

    /// Binary numeric promotion: the first type both operands convert to, with C#'s refusals.
    pub(super) fn promote(&mut self, left: &B<'a>, right: &B<'a>, integral: bool) -> Option<Num> {
        if left.is_null() && right.is_null() {
            return None;
        }
        let kinds = if integral {
            &[Num::Int, Num::UInt, Num::Long, Num::ULong][..]
        } else {
            &[Num::Int, Num::UInt, Num::Long, Num::ULong, Num::Float, Num::Double, Num::Decimal][..]
        };
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let numeric = |t: Type| is_number(t) || t == Type::char();
        if numeric(l) && numeric(r) || left.is_null() || right.is_null() {
            for (a, b) in [(l, r), (r, l)] {
                // decimal with float or double; ulong with a signed operand
                if a == Type::decimal() && (b == Type::float() || b == Type::double()) {
                    return None;
                }
            }
        }
        kinds.iter().copied().find(|n| self.operand_fits(left, n.ty()) && self.operand_fits(right, n.ty())).filter(
            |n| {
                // ulong with a signed variable has no common integer type: C# calls it ambiguous.
                let mixed = |a: Type, b: &B<'a>| {
                    a == Type::ulong()
                        && b.constant.is_none()
                        && (b.ty == Type::int()
                            || b.ty == Type::long()
                            || b.ty == Type::short()
                            || b.ty == Type::sbyte())
                };
                !(matches!(n, Num::Float | Num::Double | Num::Decimal) && (mixed(l, right) || mixed(r, left)))
            },
        )
    }

    pub(super) fn arith(&mut self, op: Op, a: B<'a>, b: B<'a>, ty: Type, lifted: bool, span: Span) -> B<'a> {
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        if matches!(op, Op::Div | Op::Rem)
            && b.constant.as_ref().is_some_and(is_zero)
            && !(b.ty == Type::double() || b.ty == Type::float())
        {
            return self.fail("CS0020", span, "Division by constant zero");
        }
        if !lifted && let (Some(x), Some(y)) = (&a.constant, &b.constant) {
            return match arith::binary(op, x, y, !self.unchecked) {
                Ok(value) => B::constant(value, ty, span),
                Err(_) if b.ty == Type::decimal() => {
                    self.fail("CS0463", span, "Evaluation of the decimal constant expression failed")
                }
                Err(_) => self.fail("CS0220", span, "The operation overflows at compile time in checked mode"),
            };
        }
        let checked = self.checked;
        B::new(K::Arith { op, left: Box::new(a), right: Box::new(b), checked, lifted }, ty, span)
    }
}
