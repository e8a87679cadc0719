//! Operators that choose: `&&`, `||`, `?:`, `??`, `as`, and equality of enums and references.

use super::super::Binder;
use super::super::bound::{B, K};
use crate::run::arith::Op;
use crate::syntax::ast::{self, BinaryOp};
use crate::types::{Type, is_integer};
use crate::value::Value;
use apimite_diag::Span;

impl<'a> Binder<'a> {
    pub(super) fn enum_operator(
        &mut self,
        op: BinaryOp,
        symbol: Op,
        left: &B<'a>,
        right: &B<'a>,
        lifted: bool,
        span: Span,
    ) -> Option<B<'a>> {
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let ty = if l.is_enum() { l } else { r };
        let both = l == r;
        let zero =
            |binder: &mut Self, e: &B<'a>| binder.implicit(&B { ty: e.ty.underlying(), ..e.clone() }, ty).is_some();
        let int = |binder: &mut Self, e: B<'a>, lifted: bool| {
            let target = if lifted { Type::int().nullable() } else { Type::int() };
            let e = if e.ty.underlying() == ty || is_integer(e.ty.underlying()) || e.ty.underlying() == Type::char() {
                e
            } else {
                binder.convert(e, ty)
            };
            let span = e.span;
            binder.cast(e, target, span)
        };
        let symbol_result = |binder: &mut Self, a: B<'a>, b: B<'a>, result: Type| {
            let base = if symbol.is_relation() {
                Type::bool()
            } else if lifted {
                Type::int().nullable()
            } else {
                Type::int()
            };
            let value = binder.arith(symbol, a, b, base, lifted, span);
            if value.is_error() || symbol.is_relation() {
                return value;
            }
            let result = if lifted { result.nullable() } else { result };
            binder.cast(value, result, span)
        };
        if symbol.is_relation() || matches!(symbol, Op::And | Op::Or | Op::Xor) {
            if !(both || zero(self, left) && zero(self, right)) {
                return None;
            }
            let (a, b) = (self.enum_operand(left.clone(), ty), self.enum_operand(right.clone(), ty));
            let (a, b) = (int(self, a, lifted), int(self, b, lifted));
            return Some(symbol_result(self, a, b, ty));
        }
        match op {
            BinaryOp::Subtract if both => {
                let (a, b) = (int(self, left.clone(), lifted), int(self, right.clone(), lifted));
                Some(symbol_result(self, a, b, Type::int()))
            }
            BinaryOp::Add | BinaryOp::Subtract => {
                let other = if l.is_enum() { right } else { left };
                if both || !l.is_enum() && op == BinaryOp::Subtract {
                    return None;
                }
                if !self.operand_fits(other, Type::int()) {
                    return None;
                }
                let (a, b) = (int(self, left.clone(), lifted), int(self, right.clone(), lifted));
                Some(symbol_result(self, a, b, ty))
            }
            _ => None,
        }
    }

    pub(super) fn enum_operand(&mut self, e: B<'a>, ty: Type) -> B<'a> {
        if e.ty.underlying() == ty { e } else { self.convert(e, ty) }
    }

    pub(super) fn reference_equality(
        &mut self,
        left: &B<'a>,
        right: &B<'a>,
        negate: bool,
        span: Span,
    ) -> Option<B<'a>> {
        if matches!(left.kind, K::UnboundLambda(_) | K::Methods(_))
            || matches!(right.kind, K::UnboundLambda(_) | K::Methods(_))
        {
            return None;
        }
        let null = |e: &B<'a>| e.is_null() || matches!(e.kind, K::UnboundDefault);
        if null(left) || null(right) {
            let other = if null(left) { right } else { left };
            if !other.ty.is_reference() {
                return None;
            }
            return Some(B::new(K::IsNull { value: Box::new(other.clone()), negate }, Type::bool(), span));
        }
        if !(left.ty.is_reference() && right.ty.is_reference()) {
            return None;
        }
        let related =
            self.standard_explicit(left.ty, right.ty).is_some() || self.standard_explicit(right.ty, left.ty).is_some();
        if !related {
            return None;
        }
        // Delegates and types have operators of their own; delegates compare as references here.
        Some(B::new(
            K::RefEq { left: Box::new(left.clone()), right: Box::new(right.clone()), negate },
            Type::bool(),
            span,
        ))
    }

    pub(super) fn logical(&mut self, op: BinaryOp, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> B<'a> {
        let mut chain = vec![right];
        let mut first = left;
        while let ast::ExprKind::Binary { op: inner, left, right, .. } = &first.kind {
            if *inner != op {
                break;
            }
            chain.push(right);
            first = left;
        }
        let mut e = self.value(first);
        while let Some(right) = chain.pop() {
            let right = self.value(right);
            if e.is_error() || right.is_error() {
                e = B::error(span);
                continue;
            }
            let fits = [&e, &right].iter().all(|x| x.ty == Type::bool() || self.clone_fits_bool(x));
            if !fits {
                e = self.bad_binary(op, &e, &right, span);
                continue;
            }
            let a = self.convert(e, Type::bool());
            let b = self.convert(right, Type::bool());
            let and = op == BinaryOp::AndAlso;
            if let (Some(Value::Bool(x)), Some(Value::Bool(y))) = (&a.constant, &b.constant) {
                let value = if and { *x && *y } else { *x || *y };
                e = B::constant(Value::Bool(value), Type::bool(), span);
                continue;
            }
            let kind = if and { K::AndAlso(Box::new(a), Box::new(b)) } else { K::OrElse(Box::new(a), Box::new(b)) };
            e = B::new(kind, Type::bool(), span);
        }
        e
    }

    pub(super) fn clone_fits_bool(&self, e: &B<'a>) -> bool {
        !e.is_typeless() && self.user(e.ty, Type::bool(), false).is_some()
    }

    /// A condition.
    pub(crate) fn condition(&mut self, e: &'a ast::Expr) -> B<'a> {
        let value = self.value(e);
        if value.is_error() {
            return value;
        }
        self.convert(value, Type::bool())
    }

    pub(crate) fn conditional(
        &mut self,
        condition: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        span: Span,
    ) -> B<'a> {
        let condition = self.condition(condition);
        if let (ast::ExprKind::Ref(then), ast::ExprKind::Ref(otherwise)) = (&then.kind, &otherwise.kind) {
            return self.either_place(condition, then, otherwise, span);
        }
        let (a, b) = (self.value(then), self.value(otherwise));
        self.either(condition, a, b, span)
    }

    /// `condition ? a : b` of what is bound already.
    pub(crate) fn either(&mut self, condition: B<'a>, a: B<'a>, b: B<'a>, span: Span) -> B<'a> {
        if condition.is_error() || a.is_error() || b.is_error() {
            return B::error(span);
        }
        let throw = |e: &B<'a>| matches!(e.kind, K::Throw(_));
        let ty = if throw(&a) && throw(&b) {
            None
        } else if throw(&a) {
            Some(b.ty)
        } else if throw(&b) || !a.is_typeless() && !b.is_typeless() && a.ty.same(b.ty) {
            Some(a.ty)
        } else {
            let to_b = !b.is_typeless() && !b.ty.is_void() && self.implicit(&a, b.ty).is_some();
            let to_a = !a.is_typeless() && !a.ty.is_void() && self.implicit(&b, a.ty).is_some();
            match (to_a, to_b) {
                (true, false) => Some(a.ty),
                (false, true) => Some(b.ty),
                // Both ways by constants: the type that the other converts to as a type.
                (true, true) => Some(if self.standard(a.ty, b.ty).is_some() { b.ty } else { a.ty }),
                _ => None,
            }
        };
        let Some(ty) = ty.filter(|t| !t.is_null()) else {
            if self.settings.csharp >= crate::syntax::LanguageVersion::CSharp9 {
                let (condition, then, otherwise) = (Box::new(condition), Box::new(a), Box::new(b));
                return B::new(K::UnboundChoice { condition, then, otherwise }, Type::void(), span);
            }
            return self.no_common_type(a.ty, b.ty, span);
        };
        let (a, b) = (self.convert(a, ty), self.convert(b, ty));
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        if let (Some(Value::Bool(c)), Some(x), Some(y)) = (&condition.constant, &a.constant, &b.constant) {
            let value = if *c { x.clone() } else { y.clone() };
            return B { kind: K::Const, ty, span, constant: Some(value) };
        }
        B::new(K::Conditional { condition: Box::new(condition), then: Box::new(a), otherwise: Box::new(b) }, ty, span)
    }

    pub(crate) fn no_common_type(&mut self, x: Type, y: Type, span: Span) -> B<'a> {
        let message = format!(
            "Type of conditional expression cannot be determined because there is no implicit conversion between '{x}' and '{y}'"
        );
        self.fail("CS0173", span, message)
    }

    pub(crate) fn coalesce(&mut self, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> B<'a> {
        let a = self.value(left);
        let b = self.value(right);
        self.coalesce_bound(a, b, span)
    }

    /// `a ?? b` of what is bound already.
    pub(crate) fn coalesce_bound(&mut self, a: B<'a>, b: B<'a>, span: Span) -> B<'a> {
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        let bad = |binder: &mut Self, a: &B<'a>, b: &B<'a>| binder.bad_binary(BinaryOp::Coalesce, a, b, span);
        if a.is_typeless() && !a.is_null() || a.ty.is_void() {
            return bad(self, &a, &b);
        }
        if a.is_null() {
            if b.is_typeless() {
                return bad(self, &a, &b);
            }
            return b;
        }
        if !a.ty.takes_null() {
            return bad(self, &a, &b);
        }
        if matches!(b.kind, K::Throw(_)) {
            let ty = a.ty.underlying();
            let b = self.convert(b, ty);
            return self.coalesce_node(a, ty, b, span);
        }
        // To the value inside, to the left type, to the right type.
        if let Some(inner) = a.ty.nullable_of()
            && self.implicit(&b, inner).is_some()
        {
            let b = self.convert(b, inner);
            return self.coalesce_node(a, inner, b, span);
        }
        if self.implicit(&b, a.ty).is_some() {
            let ty = a.ty;
            let b = self.convert(b, ty);
            return self.coalesce_node(a, ty, b, span);
        }
        if !b.is_typeless() {
            let inner = B { ty: a.ty.underlying(), constant: None, ..a.clone() };
            if self.implicit(&inner, b.ty).is_some() {
                let ty = b.ty;
                return self.coalesce_node(a, ty, b, span);
            }
        }
        bad(self, &a, &b)
    }

    pub(super) fn coalesce_node(&mut self, left: B<'a>, ty: Type, right: B<'a>, span: Span) -> B<'a> {
        let from = left.ty.underlying();
        let convert = if from.same(ty) || left.ty.same(ty) {
            None
        } else {
            let temp = self.temp(from, span);
            let held = self.local_value(temp, span);
            Some((temp, Box::new(self.convert(held, ty))))
        };
        B::new(K::Coalesce { left: Box::new(left), convert, right: Box::new(right) }, ty, span)
    }

    pub(crate) fn as_type(&mut self, value: &'a ast::Expr, ty: &'a ast::Type, span: Span) -> B<'a> {
        let e = self.value(value);
        let ty = self.ty(ty);
        if e.is_error() || ty.is_error() {
            return B::error(span);
        }
        if matches!(e.kind, K::UnboundLambda(_) | K::Methods(_)) {
            return self.fail("CS0837", span, "The first operand of an 'is' or 'as' operator may not be a lambda expression, anonymous method, or method group.");
        }
        if !ty.takes_null() {
            return self.fail(
                "CS0077",
                span,
                format!("The as operator must be used with a reference type or nullable type ('{ty}' is a non-nullable value type)"),
            );
        }
        if e.is_null() {
            return B { kind: K::Const, ty, span, constant: Some(Value::Null) };
        }
        if self.standard_explicit(e.ty, ty).is_none()
            || (e.ty.is_value_type() && ty.is_value_type() && !e.ty.underlying().same(ty.underlying()))
        {
            let from = e.ty;
            return self.fail(
                "CS0039",
                span,
                format!("Cannot convert type '{from}' to '{ty}' via a reference conversion, boxing conversion, unboxing conversion, wrapping conversion, or null type conversion"),
            );
        }
        B::new(K::As { value: Box::new(e), ty }, ty, span)
    }
}
