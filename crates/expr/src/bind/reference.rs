//! `ref`: locals that are other names for places, functions that return places, `c ? ref a : ref b`.

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, K, LocalId};
use crate::library::ParamMode;
use crate::syntax::ast::{self, ExprKind as E};
use crate::types::Type;

impl<'a> Binder<'a> {
    /// The place that the reference in a local means.
    pub(crate) fn dereference(&self, held: LocalId, ty: Type, readonly: bool, span: Span) -> B<'a> {
        let reference = Box::new(self.local_value(held, span));
        B::new(K::Deref { reference, readonly }, ty, span)
    }

    /// A reference to a place; a local that is referred to lives in a cell.
    pub(crate) fn reference(&mut self, place: B<'a>) -> B<'a> {
        let span = place.span;
        match place.kind {
            K::Local(id) => self.locals[id.0].captured = true,
            K::Deref { reference, .. } => return *reference,
            _ => {}
        }
        B::new(K::MakeRef(Box::new(place)), Type::object(), span)
    }

    /// A place that `ref` may stand before.
    pub(crate) fn referable(&mut self, place: B<'a>) -> Option<B<'a>> {
        let value = matches!(
            place.kind,
            K::Const | K::Invoke { .. } | K::CallLocal { .. } | K::Call { .. } | K::Arith { .. } | K::Record(_)
        );
        if value {
            self.report("CS1510", place.span, "A ref or out value must be an assignable variable");
            return None;
        }
        self.place(place)
    }

    /// `r = ref place`.
    pub(crate) fn refer_anew(&mut self, target: &B<'a>, to: &'a ast::Expr, span: Span) -> B<'a> {
        let to = self.expr(to);
        let Some(to) = self.referable(to) else { return B::error(span) };
        let held = match &target.kind {
            K::Error => return B::error(span),
            K::Deref { reference, .. } if matches!(reference.kind, K::Local(_)) => (**reference).clone(),
            _ => {
                let message = "The left-hand side of a ref assignment must be a ref variable.";
                return self.fail("CS8373", target.span, message);
            }
        };
        let ty = target.ty;
        if !to.ty.same(ty) {
            return self.wrong_reference(ty, to.span);
        }
        let reference = self.reference(to);
        let place = Box::new(held);
        let assigned = B::new(K::Assign { target: place, value: Box::new(reference) }, Type::object(), span);
        B::new(K::Sequence { effects: vec![assigned], value: Box::new(target.clone()) }, ty, span)
    }

    fn wrong_reference(&mut self, ty: Type, span: Span) -> B<'a> {
        let message = format!("The expression must be of type '{ty}' because it is being assigned by reference");
        self.fail("CS8173", span, message)
    }

    /// `c ? ref a : ref b`.
    pub(crate) fn either_place(
        &mut self,
        condition: B<'a>,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        span: Span,
    ) -> B<'a> {
        let (a, b) = (self.expr(then), self.expr(otherwise));
        let (Some(a), Some(b)) = (self.referable(a), self.referable(b)) else { return B::error(span) };
        if condition.is_error() {
            return B::error(span);
        }
        let ty = a.ty;
        if !b.ty.same(ty) {
            let message = format!("The expression must be of type '{ty}' to match the alternative ref value");
            return self.fail("CS8156", b.span, message);
        }
        let (then, otherwise) = (Box::new(self.reference(a)), Box::new(self.reference(b)));
        let chosen = B::new(K::Conditional { condition: Box::new(condition), then, otherwise }, Type::object(), span);
        B::new(K::Deref { reference: Box::new(chosen), readonly: false }, ty, span)
    }

    /// What `return ref place;` gives; `e` is all that stands behind `return` or `=>`.
    pub(crate) fn returned_reference(&mut self, e: &'a ast::Expr, ret: Type) -> B<'a> {
        let by_ref = self.functions[self.current.0].by_ref;
        let E::Ref(inner) = &e.kind else {
            let message = "By-value returns may only be used in methods that return by value";
            return self.fail("CS8150", e.span, message);
        };
        if !by_ref {
            let message = "By-reference returns may only be used in methods that return by reference";
            return self.fail("CS8149", e.span, message);
        }
        let place = self.expr(inner);
        let Some(place) = self.referable(place) else { return B::error(e.span) };
        if let K::Local(id) = place.kind {
            let name = self.locals[id.0].name.clone();
            if self.functions[self.current.0].params.contains(&id) {
                let message =
                    format!("Cannot return a parameter by reference '{name}' because it is not a ref parameter");
                return self.fail("CS8166", inner.span, message);
            }
            let message = format!("Cannot return local '{name}' by reference because it is not a ref local");
            return self.fail("CS8168", inner.span, message);
        }
        if !place.ty.same(ret) && !ret.is_error() {
            let message =
                format!("The return expression must be of type '{ret}' because this method returns by reference");
            return self.fail("CS8151", inner.span, message);
        }
        self.reference(place)
    }

    /// Arguments given out of order are evaluated as they were written: into temporaries first.
    pub(crate) fn in_order(&mut self, args: &mut [Arg<'a>], order: &[usize]) -> Vec<B<'a>> {
        if order.is_sorted() {
            return Vec::new();
        }
        let mut written: Vec<usize> = (0..args.len().min(order.len())).collect();
        written.sort_by_key(|place| order[*place]);
        let mut effects = Vec::new();
        for place in written {
            let Some(arg) = args.get_mut(place) else { continue };
            if arg.mode != ParamMode::Value || arg.value.constant.is_some() || arg.value.is_error() {
                continue;
            }
            let (ty, span) = (arg.value.ty, arg.value.span);
            let temp = self.temp(ty, span);
            let local = self.local_value(temp, span);
            let value = std::mem::replace(&mut arg.value, local.clone());
            effects.push(B::new(K::Assign { target: Box::new(local), value: Box::new(value) }, ty, span));
        }
        effects
    }
}
