//! Syntax newer than C# 7.3, for gateways whose compiler takes it: `??=`, `x switch { … }`, `not`/`and`/`or`/`<` in patterns.
//!
//! The compiler refuses it before binding unless [`crate::Settings::csharp`] allows it.

use apimite_diag::Span;
use apimite_dotnet::{Exception, ExceptionKind};

use super::Binder;
use super::bound::{B, K, LocalId, Test};
use crate::library::core::exceptions;
use crate::run::arith::Op;
use crate::syntax::ast::{self, PatternKind as P, RelationalOp};
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
