//! Syntax newer than C# 7.3, for gateways whose compiler takes it: `??=`, `x switch { … }`, `not`/`and`/`or`/`<` in patterns.
//!
//! The compiler refuses it before binding unless [`crate::Settings::csharp`] allows it.

mod patterns;
pub(crate) mod ranges;
mod targets;

use apimite_diag::Span;
use apimite_dotnet::{Exception, ExceptionKind};

use super::Binder;
use super::bound::{B, K, LocalId, Test};
use crate::library::core::exceptions;
use crate::run::arith::Op;
use crate::syntax::ast::{self, BinaryOp, PatternKind as P, RelationalOp};
use crate::types::Type;

impl<'a> Binder<'a> {
    /// What is known of a newer C# and not carried out.
    pub(crate) fn newer(&mut self, span: Span, feature: &str, version: &str) -> B<'a> {
        self.fail(
            "CS8652",
            span,
            format!("The feature '{feature}' of C# {version} is not supported in policy expressions here"),
        )
    }

    /// `a >>> b`: shifted as a number without a sign.
    pub(crate) fn shift_unsigned(&mut self, left: B<'a>, right: B<'a>, span: Span) -> B<'a> {
        let base = left.ty.underlying();
        let pairs = [
            (Type::int(), Type::uint()),
            (Type::uint(), Type::uint()),
            (Type::long(), Type::ulong()),
            (Type::ulong(), Type::ulong()),
        ];
        let found = pairs.into_iter().find(|(ty, _)| self.standard(base, *ty).is_some());
        let (Some((ty, unsigned)), false) = (found, left.is_typeless()) else {
            return self.bad_binary(BinaryOp::UnsignedShiftRight, &left, &right, span);
        };
        let lifted = left.ty.nullable_of().is_some();
        let as_type = |ty: Type| if lifted { ty.nullable() } else { ty };
        let saved = std::mem::replace(&mut self.unchecked, true);
        let checked = std::mem::replace(&mut self.checked, false);
        let left = self.cast(left, as_type(unsigned), span);
        let shifted = self.binary_bound(BinaryOp::ShiftRight, left, right, span, span);
        let result = if shifted.is_error() { shifted } else { self.cast(shifted, as_type(ty), span) };
        (self.unchecked, self.checked) = (saved, checked);
        result
    }

    /// `^` and `..` are places in a sequence, and no values of their own here.
    pub(crate) fn only_inside(&mut self, what: &str, span: Span) -> B<'a> {
        self.fail(
            "CS8652",
            span,
            format!("'{what}' stands inside [] in policy expressions here; System.Index and System.Range are not there as values"),
        )
    }

    /// `[a, ..b]`: its type comes from where it stands.
    pub(crate) fn collection(&mut self, elements: &'a [ast::CollectionElement], span: Span) -> B<'a> {
        let mut bound = Vec::new();
        for element in elements {
            let value = if element.is_spread { self.typed(&element.value) } else { self.value(&element.value) };
            if element.is_spread && !value.is_error() && self.element_of(value.ty).is_none() {
                let ty = value.ty;
                let message = format!(
                    "foreach statement cannot operate on variables of type '{ty}' because '{ty}' does not contain a public instance definition for 'GetEnumerator'"
                );
                bound.push((true, self.fail("CS1579", value.span, message)));
                continue;
            }
            bound.push((element.is_spread, value));
        }
        if bound.iter().any(|(_, value)| value.is_error()) {
            return B::error(span);
        }
        B::new(K::UnboundCollection(bound), Type::void(), span)
    }

    /// `place ??= value`: the place if it holds something, else the value that is put there.
    pub(crate) fn coalesce_assign(&mut self, place: B<'a>, value: &'a ast::Expr, span: Span) -> B<'a> {
        let Some(place) = self.place(place) else {
            let _ = self.value(value);
            return B::error(span);
        };
        let right = self.value(value);
        if place.is_error() || right.is_error() {
            return B::error(span);
        }
        let (effects, place) = self.stable(place);
        let ty = place.ty;
        let right = self.convert(right, ty);
        let assigned = self.assign(place.clone(), right, span);
        let result = self.coalesce_bound(place, assigned, span);
        if result.is_error() {
            return result;
        }
        let ty = result.ty;
        B::new(K::Sequence { effects, value: Box::new(result) }, ty, span)
    }

    /// `x switch { … }`: one test after the other; the names of an arm are its own.
    pub(crate) fn switch_expression(&mut self, value: &'a ast::Expr, arms: &'a [ast::SwitchArm], span: Span) -> B<'a> {
        let value = self.typed(value);
        let ty = value.ty;
        let temp = self.temp(ty, span);
        let mut bound = Vec::new();
        for arm in arms {
            self.push_scope();
            let test = self.pattern(&arm.pattern, ty, temp, false);
            let guard = arm.guard.as_ref().map(|guard| self.condition(guard));
            let result = self.value(&arm.value);
            let own = self.pop_scope();
            self.keep(own);
            bound.push((test, guard, result, arm.span));
        }
        if value.is_error() {
            return B::error(span);
        }
        // One type for all arms, if there is one.
        let results: Vec<B<'a>> = bound.iter().map(|(_, _, result, _)| result.clone()).collect();
        if let Some(common) = self.best_common(&results) {
            for (_, _, result, _) in &mut bound {
                if !matches!(result.kind, K::Throw(_)) {
                    let taken = std::mem::replace(result, B::error(span));
                    *result = self.convert(taken, common);
                }
            }
        }
        let unmatched = Exception::new(
            ExceptionKind::InvalidOperation,
            "Non-exhaustive switch expression failed to match its input.",
        );
        let unmatched = B::constant(exceptions::value_of(unmatched), Type::exception(), span);
        let mut rest = B::new(K::Throw(Box::new(unmatched)), Type::null(), span);
        let count = bound.len();
        for (index, (test, guard, result, at)) in bound.into_iter().enumerate().rev() {
            let Some(test) = test else { return B::error(span) };
            // The last arm that takes everything needs no test.
            if index + 1 == count && guard.is_none() && matches!(test, Test::Any) {
                rest = result;
                continue;
            }
            let of = if index == 0 { value.clone() } else { self.local_value(temp, at) };
            let mut condition = B::new(K::Is { value: Box::new(of), temp, test: Box::new(test) }, Type::bool(), at);
            if let Some(guard) = guard {
                condition = B::new(K::AndAlso(Box::new(condition), Box::new(guard)), Type::bool(), at);
            }
            rest = self.either(condition, result, rest, span);
        }
        rest
    }

    /// `not p`, `p and q`, `p or q`, `< 5`.
    pub(crate) fn combined_pattern(
        &mut self,
        pattern: &'a ast::Pattern,
        input: Type,
        temp: LocalId,
        is: bool,
    ) -> Option<Test<'a>> {
        match &pattern.kind {
            P::Not(inner) => Some(Test::Not(Box::new(self.pattern(inner, input, temp, is)?))),
            P::And(a, b) => {
                let (a, b) = (self.pattern(a, input, temp, is), self.pattern(b, input, temp, is));
                Some(Test::And(Box::new((a?, b?))))
            }
            P::Or(a, b) => {
                let (a, b) = (self.pattern(a, input, temp, is), self.pattern(b, input, temp, is));
                Some(Test::Or(Box::new((a?, b?))))
            }
            P::Relational { op, value } => {
                let bound = self.value(value);
                let bound = if input == Type::object() { bound } else { self.convert(bound, input.underlying()) };
                if bound.is_error() {
                    return None;
                }
                if bound.constant.is_none() {
                    self.report("CS0150", value.span, "A constant value is expected");
                    return None;
                }
                let op = match op {
                    RelationalOp::Less => Op::Less,
                    RelationalOp::LessOrEqual => Op::LessEqual,
                    RelationalOp::Greater => Op::Greater,
                    RelationalOp::GreaterOrEqual => Op::GreaterEqual,
                };
                Some(Test::Relation(op, bound))
            }
            _ => None,
        }
    }
}
