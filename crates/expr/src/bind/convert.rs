//! Conversions: which exist, how they act, and what is said when there is none.

mod refusal;
mod rules;
mod user;

use std::sync::Arc;

use apimite_diag::Span;

use self::rules::{array_downcast, constant_fits, sealed};
pub(crate) use self::rules::{implicit_number, show, tuple_parts};
use super::Binder;
use super::bound::{Arg, B, How, K};
use crate::library::{Member, ParamMode};
use crate::run::arith;
use crate::types::{Type, is_number};
use crate::value::Value;

/// A conversion that exists.
#[derive(Clone)]
pub(crate) enum Conversion {
    /// Built in.
    Std(How),
    /// Of a constant that fits.
    Constant(Value),
    /// `null` or `default`.
    Null,
    /// A conversion operator, with the conversions before and behind it.
    User { member: Arc<Member>, on: Type, before: How, after: How, lifted: bool },
    /// A lambda to a delegate type.
    Lambda,
    /// A method group to a delegate type.
    Group,
    /// A tuple literal, part by part.
    Tuple,
    /// `new()` of the type.
    New,
    /// A collection expression, element by element.
    Collection,
    /// `c ? a : b`, each part.
    Choice,
    /// `throw`, `out var`, discards: whatever is wanted.
    Any,
}

impl<'a> Binder<'a> {
    /// Implicit conversion between types, without operators.
    pub(crate) fn standard(&self, from: Type, to: Type) -> Option<How> {
        if from.same(to) || from.is_error() || to.is_error() {
            return Some(How::Same);
        }
        if from.is_void() || to.is_void() {
            return None;
        }
        if from.is_null() {
            return to.takes_null().then_some(How::Same);
        }
        if implicit_number(from, to) {
            return Some(How::Number { checked: false });
        }
        if let Some(target) = to.nullable_of() {
            return match from.nullable_of() {
                Some(source) => match self.standard(source, target)? {
                    How::Same => Some(How::Same),
                    how => Some(How::Lifted(Box::new(how))),
                },
                None if from.is_value_type() => self.standard(from, target),
                None => None,
            };
        }
        if let (true, true) = (from.is_tuple(), to.is_tuple()) {
            return None;
        }
        let source = from.underlying();
        if to.is_reference() && self.registry.derives(source, to) {
            return Some(How::Same);
        }
        None
    }

    /// Explicit conversion between types, without operators.
    pub(crate) fn standard_explicit(&self, from: Type, to: Type) -> Option<How> {
        if let Some(how) = self.standard(from, to) {
            return Some(how);
        }
        let numeric = |t: Type| is_number(t) || t == Type::char() || t.is_enum();
        if numeric(from) && numeric(to) {
            return Some(How::Number { checked: self.checked });
        }
        match (from.nullable_of(), to.nullable_of()) {
            (Some(s), Some(t)) => {
                return self.standard_explicit(s, t).map(|how| match how {
                    How::Same => How::Same,
                    how => How::Lifted(Box::new(how)),
                });
            }
            (None, Some(t)) if from.is_value_type() => return self.standard_explicit(from, t),
            (Some(s), None) if to.is_value_type() => {
                if s.same(to) {
                    return Some(How::Unwrap);
                }
                return self.standard_explicit(s, to).map(|_| How::Unwrap);
            }
            _ => {}
        }
        // Unboxing and downcasts.
        if to.is_value_type() {
            return (from.is_reference() && self.registry.derives(to.underlying(), from)).then_some(How::Cast);
        }
        if from.is_value_type() {
            return None;
        }
        let possible = self.registry.derives(to, from)
            || (to.is_interface() && !sealed(from))
            || (from.is_interface() && !sealed(to))
            || (from.is_interface() && self.registry.derives(to, from))
            || array_downcast(self, from, to)
            || (from.is_delegate()
                && to.is_delegate()
                && from.def().map(std::ptr::from_ref) == to.def().map(std::ptr::from_ref));
        possible.then_some(How::Cast)
    }

    /// The implicit conversion of an expression.
    pub(crate) fn implicit(&mut self, e: &B<'a>, to: Type) -> Option<Conversion> {
        match &e.kind {
            K::Error | K::Discard | K::OutVar { .. } => return Some(Conversion::Any),
            K::Throw(_) => return Some(Conversion::Any),
            K::UnboundDefault => return Some(Conversion::Null),
            K::UnboundNew(_) => return self.is_new_target(to).then_some(Conversion::New),
            K::UnboundCollection(elements) => {
                let elements = elements.clone();
                return self.collection_converts(&elements, to).then_some(Conversion::Collection);
            }
            K::UnboundChoice { then, otherwise, .. } => {
                let (then, otherwise) = (then.clone(), otherwise.clone());
                let both = self.implicit(&then, to).is_some() && self.implicit(&otherwise, to).is_some();
                return both.then_some(Conversion::Choice);
            }
            K::UnboundLambda(_) => return self.lambda_converts(e, to).then_some(Conversion::Lambda),
            K::Methods(_) => return self.group_converts(e, to).then_some(Conversion::Group),
            K::UnboundTuple(parts) => {
                let target = to.underlying();
                let types = tuple_parts(target);
                if types.len() != parts.len() {
                    return None;
                }
                let parts = parts.clone();
                return parts
                    .iter()
                    .zip(types)
                    .all(|((_, part), ty)| self.implicit(part, ty).is_some())
                    .then_some(Conversion::Tuple);
            }
            K::Namespace(_) | K::TypeName(_) => return None,
            _ => {}
        }
        if let Some(how) = self.standard(e.ty, to) {
            return Some(if e.is_null() { Conversion::Null } else { Conversion::Std(how) });
        }
        if let Some(value) = &e.constant
            && let Some(constant) = constant_fits(e.ty, value, to.underlying())
        {
            return Some(Conversion::Constant(constant));
        }
        if e.ty.is_tuple() && to.underlying().is_tuple() {
            let (from, into) = (tuple_parts(e.ty), tuple_parts(to.underlying()));
            if from.len() == into.len() {
                if let K::Record(parts) = &e.kind {
                    let parts = parts.clone();
                    return parts
                        .iter()
                        .zip(into)
                        .all(|(part, ty)| self.implicit(part, ty).is_some())
                        .then_some(Conversion::Tuple);
                }
                return from.iter().zip(into).all(|(s, t)| self.standard(*s, t).is_some()).then_some(Conversion::Tuple);
            }
        }
        self.user(e.ty, to, false)
    }

    /// Is there an implicit conversion between types (with operators)?
    pub(crate) fn implicit_type(&self, from: Type, to: Type) -> bool {
        self.standard(from, to).is_some()
            || self.user(from, to, false).is_some()
            || (from.is_tuple() && to.is_tuple() && {
                let (from, into) = (tuple_parts(from), tuple_parts(to));
                from.len() == into.len() && from.iter().zip(into).all(|(s, t)| self.implicit_type(*s, t))
            })
    }

    /// Converts implicitly, or tells why not.
    pub(crate) fn convert(&mut self, e: B<'a>, to: Type) -> B<'a> {
        if e.is_error() || to.is_error() {
            return if e.is_error() { e } else { B::error(e.span) };
        }
        match self.implicit(&e, to) {
            Some(conversion) => self.apply(e, &conversion, to),
            None => self.no_conversion(&e, to),
        }
    }

    /// Carries out a conversion that exists.
    pub(crate) fn apply(&mut self, e: B<'a>, conversion: &Conversion, to: Type) -> B<'a> {
        let span = e.span;
        match conversion {
            Conversion::Std(how) => self.with_how(e, how, to),
            Conversion::Constant(value) => B::constant(value.clone(), to, span),
            Conversion::Null => {
                if to.takes_null() {
                    B { kind: K::Const, ty: to, span, constant: Some(Value::Null) }
                } else {
                    self.default_of(to, span)
                }
            }
            Conversion::User { member, on, before, after, lifted } => {
                let source = member.params[0].ty.substitute(on.args());
                let target = member.ret.substitute(on.args());
                let (arg, result) = if *lifted {
                    (
                        B::new(K::Convert(Box::new(e), How::Lifted(Box::new(before.clone()))), source.nullable(), span),
                        if target.takes_null() { target } else { target.nullable() },
                    )
                } else {
                    (self.with_how(e, before, source), target)
                };
                self.use_member(member, span);
                let call = K::Call {
                    member: Arc::clone(member),
                    types: on.args().into(),
                    args: vec![Arg { value: arg, mode: ParamMode::Value }],
                    lifted: *lifted,
                };
                let call = B::new(call, result, span);
                if *lifted && !to.takes_null() {
                    return B::new(K::Convert(Box::new(call), How::Unwrap), to, span);
                }
                let how = if *lifted && !matches!(after, How::Same) {
                    How::Lifted(Box::new(after.clone()))
                } else {
                    after.clone()
                };
                self.with_how(call, &how, to)
            }
            Conversion::Lambda => self.lambda_to(e, to),
            Conversion::Group => self.group_to(e, to),
            Conversion::Tuple => self.tuple_to(e, to),
            Conversion::New | Conversion::Collection | Conversion::Choice => match e.kind {
                K::UnboundNew(written) => self.new_of(written, to),
                K::UnboundCollection(elements) => self.collection_of(elements, to, span),
                K::UnboundChoice { condition, then, otherwise } => {
                    let (then, otherwise) = (self.convert(*then, to), self.convert(*otherwise, to));
                    if then.is_error() || otherwise.is_error() {
                        return B::error(span);
                    }
                    let (then, otherwise) = (Box::new(then), Box::new(otherwise));
                    B::new(K::Conditional { condition, then, otherwise }, to, span)
                }
                _ => e,
            },
            Conversion::Any => match e.kind {
                K::Throw(_) => B { ty: to, ..e },
                _ => e,
            },
        }
    }

    fn with_how(&mut self, e: B<'a>, how: &How, to: Type) -> B<'a> {
        let span = e.span;
        if e.ty == to && *how == How::Same {
            return e;
        }
        let constant = match (&e.constant, how) {
            (Some(value), How::Number { .. }) => arith::convert(value, to.underlying(), false).ok(),
            (Some(value), How::Same) if to.underlying() == e.ty && to == e.ty => Some(value.clone()),
            _ => None,
        };
        if let Some(value) = constant {
            let folded = B::constant(value, to.underlying(), span);
            if to.nullable_of().is_none() {
                return folded;
            }
            return B::new(K::Convert(Box::new(folded), How::Same), to, span);
        }
        let e = if e.constant.is_some() && !matches!(e.kind, K::Const) { B { kind: K::Const, ..e } } else { e };
        B::new(K::Convert(Box::new(e), how.clone()), to, span)
    }

    fn tuple_to(&mut self, e: B<'a>, to: Type) -> B<'a> {
        let target = to.underlying();
        let types = tuple_parts(target);
        let span = e.span;
        let parts: Vec<B<'a>> = match e.kind {
            K::UnboundTuple(parts) => parts.into_iter().map(|(_, part)| part).collect(),
            K::Record(parts) => parts,
            _ => {
                // By way of a temporary.
                let temp = self.temp(e.ty, span);
                let count = types.len();
                let names: Vec<B<'a>> = (0..count)
                    .map(|i| {
                        let tuple = self.local_value(temp, span);
                        self.tuple_item(tuple, i, span)
                    })
                    .collect();
                let converted: Vec<B<'a>> = names.into_iter().zip(types).map(|(p, t)| self.convert(p, t)).collect();
                let place = self.local_value(temp, span);
                let ty = e.ty;
                let assign = B::new(K::Assign { target: Box::new(place), value: Box::new(e) }, ty, span);
                let record = B::new(K::Record(converted), to, span);
                return B::new(K::Sequence { effects: vec![assign], value: Box::new(record) }, to, span);
            }
        };
        let parts = parts.into_iter().zip(types).map(|(part, ty)| self.convert(part, ty)).collect();
        B::new(K::Record(parts), to, span)
    }

    /// A cast.
    pub(crate) fn cast(&mut self, e: B<'a>, to: Type, span: Span) -> B<'a> {
        if e.is_error() || to.is_error() {
            return B::error(span);
        }
        if to.is_void() {
            return self.fail("CS1547", span, "Keyword 'void' cannot be used in this context");
        }
        if let Some(value) = &e.constant
            && !self.unchecked
            && (is_number(e.ty) || e.ty == Type::char() || e.ty.is_enum())
        {
            let target = to.underlying();
            if is_number(target) || target == Type::char() || target.is_enum() {
                return match arith::convert(value, target, true) {
                    Ok(folded) => {
                        let folded = B::constant(folded, target, span);
                        self.convert(folded, to)
                    }
                    Err(_) => self.fail(
                        "CS0221",
                        span,
                        format!(
                            "Constant value '{}' cannot be converted to a '{target}' (use 'unchecked' syntax to override)",
                            show(value)
                        ),
                    ),
                };
            }
        }
        let quiet = self.implicit(&e, to);
        if let Some(conversion) = quiet {
            // A cast to a reference type of a constant stays a conversion, so that its static type is the target.
            let mut out = self.apply(e, &conversion, to);
            out.span = span;
            return out;
        }
        if !e.is_typeless() {
            if let Some(how) = self.standard_explicit(e.ty, to) {
                let how = match how {
                    How::Unwrap => {
                        let inner = e.ty.underlying();
                        let unwrapped = B::new(K::Convert(Box::new(e), How::Unwrap), inner, span);
                        return self.cast(unwrapped, to, span);
                    }
                    how => how,
                };
                if self.unchecked
                    && let Some(value) = &e.constant
                    && let Ok(folded) = arith::convert(value, to.underlying(), false)
                    && matches!(how, How::Number { .. })
                {
                    return B::constant(folded, to, span);
                }
                return B::new(K::Convert(Box::new(e), how), to, span);
            }
            if let Some(conversion) = self.user(e.ty, to, true) {
                let mut out = self.apply(e, &conversion, to);
                out.span = span;
                return out;
            }
            let same_length = e.ty.is_tuple() && to.is_tuple() && tuple_parts(e.ty).len() == tuple_parts(to).len();
            if same_length && let K::Record(parts) = e.kind {
                let parts = parts.into_iter().zip(tuple_parts(to)).map(|(p, t)| self.cast(p, t, span)).collect();
                return B::new(K::Record(parts), to, span);
            }
        }
        match &e.kind {
            K::UnboundLambda(_) | K::Methods(_) => return self.no_conversion(&e, to),
            K::UnboundTuple(_) | K::UnboundNew(_) | K::UnboundCollection(_) | K::UnboundChoice { .. } => {
                return self.no_conversion(&e, to);
            }
            _ => {}
        }
        if e.is_null() {
            return self.fail(
                "CS0037",
                span,
                format!("Cannot convert null to '{to}' because it is a non-nullable value type"),
            );
        }
        self.fail("CS0030", span, format!("Cannot convert type '{}' to '{to}'", e.ty))
    }

    /// `default(T)`.
    pub(crate) fn default_of(&mut self, ty: Type, span: Span) -> B<'a> {
        if ty.takes_null() {
            return B { kind: K::Const, ty, span, constant: Some(Value::Null) };
        }
        if is_number(ty) || ty == Type::char() || ty == Type::bool() || ty.is_enum() {
            return B::constant(crate::run::default_value(ty), ty, span);
        }
        B::new(K::Default, ty, span)
    }
}
