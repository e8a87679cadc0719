//! Assignment, compound assignment, `++`/`--`, deconstruction.

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, K, LocalId};
use crate::library::{MemberKind, ParamMode};
use crate::syntax::ast::{self, AssignOp, BinaryOp, ExprKind as E};
use crate::types::Type;

impl<'a> Binder<'a> {
    pub(crate) fn assignment(
        &mut self,
        op: AssignOp,
        target: &'a ast::Expr,
        value: &'a ast::Expr,
        span: Span,
    ) -> B<'a> {
        if op == AssignOp::Assign {
            if matches!(target.kind, E::Tuple(_) | E::Declaration { .. }) {
                return self.deconstruct(target, value, span);
            }
            let place = self.expr(target);
            if matches!(place.kind, K::Discard) {
                let value = self.typed(value);
                let temp = self.temp(value.ty, span);
                let place = self.local_value(temp, span);
                let ty = value.ty;
                return B::new(K::Assign { target: Box::new(place), value: Box::new(value) }, ty, span);
            }
            if let E::Ref(to) = &value.kind {
                return self.refer_anew(&place, to, span);
            }
            let Some(place) = self.place(place) else {
                let _ = self.value(value);
                return B::error(span);
            };
            let value = self.value(value);
            let value = self.convert(value, place.ty);
            return self.assign(place, value, span);
        }
        let AssignOp::Compound(op) = op else { return B::error(span) };
        let place = self.expr(target);
        if op == BinaryOp::Coalesce {
            return self.coalesce_assign(place, value, span);
        }
        let Some(place) = self.place(place) else {
            let _ = self.value(value);
            return B::error(span);
        };
        let right = self.value(value);
        if place.is_error() || right.is_error() {
            return B::error(span);
        }
        let (mut effects, place) = self.stable(place);
        let ty = place.ty;
        let result = self.binary_bound(op, place.clone(), right.clone(), target.span.to(value.span), span);
        if result.is_error() {
            return B::error(span);
        }
        let result = self.compound_result(result, ty, &right, op);
        let assigned = self.assign(place, result, span);
        if effects.is_empty() {
            return assigned;
        }
        let ty = assigned.ty;
        B::new(K::Sequence { effects: std::mem::take(&mut effects), value: Box::new(assigned) }, ty, span)
    }

    /// `x op= y`: the result goes back into the type of `x` by a cast, if `y` fits it.
    fn compound_result(&mut self, result: B<'a>, ty: Type, right: &B<'a>, op: BinaryOp) -> B<'a> {
        if self.implicit(&result, ty).is_some() {
            return self.convert(result, ty);
        }
        let shift = matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
        let fits = shift || self.implicit(right, ty).is_some();
        if fits && self.standard_explicit(result.ty, ty).is_some() {
            let span = result.span;
            let result = B { constant: None, ..result };
            return self.cast(result, ty, span);
        }
        self.no_conversion(&result, ty)
    }

    /// Something that can be assigned to, or an error.
    pub(crate) fn place(&mut self, e: B<'a>) -> Option<B<'a>> {
        if e.is_error() {
            return None;
        }
        let span = e.span;
        match &e.kind {
            K::Local(id) => {
                if let Some(why) = self.locals[id.0].readonly {
                    let name = self.locals[id.0].name.clone();
                    if why == "in" {
                        let message = format!(
                            "Cannot assign to variable '{name}' or use it as the right hand side of a ref assignment because it is a readonly variable"
                        );
                        self.report("CS8331", span, message);
                        return None;
                    }
                    self.report("CS1656", span, format!("Cannot assign to '{name}' because it is a '{why}'"));
                    return None;
                }
                Some(e)
            }
            K::Element { .. } | K::Deref { readonly: false, .. } => Some(e),
            K::Field(inner, _) => {
                if matches!(inner.ty.kind(), crate::types::Kind::Anonymous { .. }) {
                    self.report("CS0200", span, "Property or indexer cannot be assigned to -- it is read only");
                    return None;
                }
                if matches!(inner.kind, K::Local(_) | K::Element { .. } | K::Field(..) | K::Deref { .. }) {
                    let inner = (**inner).clone();
                    self.place(inner)?;
                    return Some(e);
                }
                self.report("CS1612", span, "Cannot modify the return value because it is not a variable");
                None
            }
            K::Call { member, args, .. } => {
                let kind = match member.kind {
                    MemberKind::Get => MemberKind::Set,
                    MemberKind::IndexGet => MemberKind::IndexSet,
                    _ => {
                        self.report(
                            "CS0131",
                            span,
                            "The left-hand side of an assignment must be a variable, property or indexer",
                        );
                        return None;
                    }
                };
                let on = args.first().map_or_else(Type::error, |a| a.value.ty);
                if self.setter(&e, kind).is_none() {
                    let name = member.name;
                    if member.is_static {
                        let on = member.def.full_name();
                        self.report(
                            "CS0200",
                            span,
                            format!("Property or indexer '{on}.{name}' cannot be assigned to -- it is read only"),
                        );
                        return None;
                    }
                    let shown = if name == "this" { format!("{on}.this[]") } else { format!("{on}.{name}") };
                    self.report(
                        "CS0200",
                        span,
                        format!("Property or indexer '{shown}' cannot be assigned to -- it is read only"),
                    );
                    return None;
                }
                Some(e)
            }
            K::Const => {
                self.report(
                    "CS0131",
                    span,
                    "The left-hand side of an assignment must be a variable, property or indexer",
                );
                None
            }
            K::Methods(m) => {
                let name = m.name.clone();
                self.report("CS1656", span, format!("Cannot assign to '{name}' because it is a 'method group'"));
                None
            }
            K::TypeName(ty) => {
                let ty = *ty;
                self.report("CS0118", span, format!("'{ty}' is a type but is used like a variable"));
                None
            }
            K::Context => {
                self.report("CS1656", span, "Cannot assign to 'context' because it is a 'parameter'");
                None
            }
            _ => {
                self.report(
                    "CS0131",
                    span,
                    "The left-hand side of an assignment must be a variable, property or indexer",
                );
                None
            }
        }
    }

    /// The setter that belongs to a bound getter.
    fn setter(&self, e: &B<'a>, kind: MemberKind) -> Option<(Arc<crate::library::Member>, Type)> {
        let K::Call { member, args, .. } = &e.kind else { return None };
        let on = match args.first() {
            Some(first) if !member.is_static => first.value.ty,
            _ => Type::of(member.def),
        };
        for ty in std::iter::once(&on).chain(self.registry.supers(on)) {
            let Some(def) = ty.def() else { continue };
            for candidate in self.registry.declared(def, member.name) {
                if candidate.kind != kind || candidate.row.hidden {
                    continue;
                }
                let same =
                    kind == MemberKind::Set
                        || (candidate.params.len() == member.params.len()
                            && candidate.params.iter().zip(&member.params).zip(args.iter().skip(1)).all(
                                |((a, _), given)| a.ty.substitute(ty.args()).same(given.value.ty) || a.ty.is_open(),
                            ));
                if same {
                    return Some((candidate, *ty));
                }
            }
            // The nearest type that declares the getter decides.
            if std::ptr::eq(def, member.def) {
                return None;
            }
        }
        None
    }

    /// `place = value`, where the value is converted already.
    pub(crate) fn assign(&mut self, place: B<'a>, value: B<'a>, span: Span) -> B<'a> {
        if place.is_error() || value.is_error() {
            return B::error(span);
        }
        let ty = place.ty;
        match &place.kind {
            K::Call { member, .. } => {
                let kind = if member.kind == MemberKind::Get { MemberKind::Set } else { MemberKind::IndexSet };
                let Some((setter, on)) = self.setter(&place, kind) else { return B::error(span) };
                self.use_member(&setter, place.span);
                let K::Call { args, .. } = place.kind else { return B::error(span) };
                // The value of the assignment is the value assigned.
                let temp = self.temp(ty, span);
                let first = self.local_value(temp, span);
                let store = B::new(K::Assign { target: Box::new(first.clone()), value: Box::new(value) }, ty, span);
                // Receiver and indexes come first, then the value.
                let mut stable = Vec::new();
                let mut all: Vec<Arg<'a>> = Vec::new();
                for arg in args {
                    if is_simple(&arg.value) {
                        all.push(arg);
                    } else {
                        let id = self.temp(arg.value.ty, span);
                        let local = self.local_value(id, span);
                        let ty = arg.value.ty;
                        stable.push(B::new(
                            K::Assign { target: Box::new(local.clone()), value: Box::new(arg.value) },
                            ty,
                            span,
                        ));
                        all.push(Arg { value: local, mode: ParamMode::Value });
                    }
                }
                stable.push(store);
                all.push(Arg { value: first.clone(), mode: ParamMode::Value });
                let call = B::new(
                    K::Call { member: setter, types: on.args().into(), args: all, lifted: false },
                    Type::void(),
                    span,
                );
                stable.push(call);
                B::new(K::Sequence { effects: stable, value: Box::new(first) }, ty, span)
            }
            _ => B::new(K::Assign { target: Box::new(place), value: Box::new(value) }, ty, span),
        }
    }

    /// A place whose receiver and indexes are evaluated once: effects, and the place in terms of temporaries.
    pub(crate) fn stable(&mut self, place: B<'a>) -> (Vec<B<'a>>, B<'a>) {
        let span = place.span;
        let mut effects = Vec::new();
        let mut hold = |binder: &mut Self, e: B<'a>| {
            if is_simple(&e) {
                return e;
            }
            let temp = binder.temp(e.ty, span);
            let local = binder.local_value(temp, span);
            let ty = e.ty;
            effects.push(B::new(K::Assign { target: Box::new(local.clone()), value: Box::new(e) }, ty, span));
            local
        };
        let kind = match place.kind {
            K::Element { array, indexes } => {
                let array = hold(self, *array);
                let indexes = indexes.into_iter().map(|i| hold(self, i)).collect();
                K::Element { array: Box::new(array), indexes }
            }
            K::Call { member, types, args, lifted } => {
                let args = args.into_iter().map(|a| Arg { value: hold(self, a.value), mode: a.mode }).collect();
                K::Call { member, types, args, lifted }
            }
            K::Deref { reference, readonly } => {
                let reference = hold(self, *reference);
                K::Deref { reference: Box::new(reference), readonly }
            }
            other => other,
        };
        (effects, B { kind, ..place })
    }

    /// `++x`, `x++`, `--x`, `x--`.
    pub(crate) fn increment(&mut self, operand: &'a ast::Expr, up: bool, postfix: bool, span: Span) -> B<'a> {
        let e = self.expr(operand);
        let Some(place) = (match &e.kind {
            K::Const | K::Invoke { .. } | K::CallLocal { .. } => {
                return self.fail(
                    "CS1059",
                    span,
                    "The operand of an increment or decrement operator must be a variable, property or indexer",
                );
            }
            _ => self.place(e),
        }) else {
            return B::error(span);
        };
        let ty = place.ty;
        let base = ty.underlying();
        if !(crate::types::is_number(base) || base == Type::char() || base.is_enum()) {
            let sign = if up { "++" } else { "--" };
            return self.fail("CS0023", span, format!("Operator '{sign}' cannot be applied to operand of type '{ty}'"));
        }
        let (mut effects, place) = self.stable(place);
        let old = if postfix {
            let temp = self.temp(ty, span);
            let local = self.local_value(temp, span);
            effects.push(B::new(
                K::Assign { target: Box::new(local.clone()), value: Box::new(place.clone()) },
                ty,
                span,
            ));
            Some(local)
        } else {
            None
        };
        let one = B::constant(crate::value::Value::Int(1), Type::int(), span);
        let from = old.clone().unwrap_or_else(|| place.clone());
        let op = if up { BinaryOp::Add } else { BinaryOp::Subtract };
        let sum = self.binary_bound(op, from, one, span, span);
        if sum.is_error() {
            return sum;
        }
        let sum = if self.implicit(&sum, ty).is_some() { self.convert(sum, ty) } else { self.cast(sum, ty, span) };
        let assigned = self.assign(place, sum, span);
        match old {
            Some(old) => {
                effects.push(assigned);
                B::new(K::Sequence { effects, value: Box::new(old) }, ty, span)
            }
            None if effects.is_empty() => assigned,
            None => B::new(K::Sequence { effects, value: Box::new(assigned) }, ty, span),
        }
    }

    /// `out var x` and `out int x`: declares in the enclosing scope.
    pub(crate) fn declare_out(&mut self, designation: &'a ast::Designation, ty: Type, span: Span) -> B<'a> {
        match &designation.kind {
            ast::DesignationKind::Single(ident) => {
                let id: LocalId = self.declare(ident, ty);
                self.local_value(id, span)
            }
            _ => {
                let temp = self.temp(ty, span);
                self.local_value(temp, span)
            }
        }
    }
}

/// Without effects, and cheap to evaluate twice.
fn is_simple(e: &B<'_>) -> bool {
    match &e.kind {
        K::Const | K::Context => true,
        K::Local(_) => true,
        K::Convert(inner, super::bound::How::Same) => is_simple(inner),
        _ => e.constant.is_some(),
    }
}
