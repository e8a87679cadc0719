//! `a[^1]` and `a[1..^1]`: of arrays, texts, and whatever counts its elements and is indexed by `int`.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, K};
use super::super::overload::Given;
use crate::library::MemberKind;
use crate::run::arith::Op;
use crate::syntax::ast::{self, ExprKind as E, UnaryOp};
use crate::types::{Kind, Type};
use crate::value::Value;

/// A place in a sequence: from its start, or from its end.
pub(super) enum At<'a> {
    Start(B<'a>),
    End(B<'a>),
}

fn bare(e: &ast::Expr) -> &ast::Expr {
    match &e.kind {
        E::Paren(inner) => bare(inner),
        _ => e,
    }
}

/// Is the only index `^n` or a range?
pub(crate) fn is_from_end_or_range(args: &[ast::Argument]) -> bool {
    let [arg] = args else { return false };
    matches!(bare(&arg.value).kind, E::Range { .. } | E::Unary { op: UnaryOp::IndexFromEnd, .. })
}

impl<'a> Binder<'a> {
    fn int(&self, value: i32, span: Span) -> B<'a> {
        B::constant(Value::Int(value), Type::int(), span)
    }

    /// `left - right` of two `int`s.
    pub(super) fn minus(&self, left: B<'a>, right: B<'a>, span: Span) -> B<'a> {
        let (left, right) = (Box::new(left), Box::new(right));
        B::new(K::Arith { op: Op::Sub, left, right, checked: false, lifted: false }, Type::int(), span)
    }

    /// The local's value as an expression that first puts `value` there.
    pub(super) fn held(&mut self, value: B<'a>) -> (B<'a>, B<'a>) {
        let (ty, span) = (value.ty, value.span);
        let temp = self.temp(ty, span);
        let local = self.local_value(temp, span);
        let stored = B::new(K::Assign { target: Box::new(local.clone()), value: Box::new(value) }, ty, span);
        (stored, local)
    }

    /// How many elements it has: `Length` or `Count`.
    pub(super) fn count_of(&mut self, target: &B<'a>, span: Span) -> Option<B<'a>> {
        ["Length", "Count"].into_iter().find_map(|name| {
            let (member, on) = self.find_get(target.ty, name)?;
            let counts = !member.is_static && member.ret == Type::int();
            counts.then(|| self.get(&member, on, Some(target.clone()), span, span))
        })
    }

    fn place_of(&mut self, e: &'a ast::Expr) -> At<'a> {
        match &bare(e).kind {
            E::Unary { op: UnaryOp::IndexFromEnd, operand } => {
                let value = self.value(operand);
                At::End(self.convert(value, Type::int()))
            }
            _ => {
                let value = self.value(e);
                At::Start(self.convert(value, Type::int()))
            }
        }
    }

    fn placed(&mut self, at: At<'a>, count: &B<'a>, span: Span) -> B<'a> {
        match at {
            At::Start(value) => value,
            At::End(value) => self.minus(count.clone(), value, span),
        }
    }

    /// `target[^n]` or `target[a..b]`.
    pub(crate) fn index_from_end_or_range(&mut self, target: B<'a>, args: &'a [ast::Argument], span: Span) -> B<'a> {
        let Some(arg) = args.first() else { return B::error(span) };
        let bounds = match &bare(&arg.value).kind {
            E::Range { start, end } => {
                let start = start.as_ref().map(|e| self.place_of(e));
                let end = end.as_ref().map(|e| self.place_of(e));
                Some((start, end))
            }
            _ => None,
        };
        let at = if bounds.is_none() { Some(self.place_of(&arg.value)) } else { None };
        if target.is_error() {
            return B::error(span);
        }
        let (stored, local) = self.held(target);
        let Some(count) = self.count_of(&local, span) else {
            return self.no_index(&local, if at.is_some() { "Index" } else { "Range" }, arg.value.span);
        };
        if !self.is_indexed_by_int(local.ty) {
            return self.no_index(&local, if at.is_some() { "Index" } else { "Range" }, arg.value.span);
        }
        if let Some(at) = at {
            let index = self.placed(at, &count, arg.value.span);
            if index.is_error() {
                return index;
            }
            return self.index_bound(stored, vec![Given::plain(index)], span);
        }
        let (start, end) = bounds.unwrap_or((None, None));
        let zero = self.int(0, span);
        let start = start.map_or(zero, |at| self.placed(at, &count, span));
        let end = end.map_or_else(|| count.clone(), |at| self.placed(at, &count, span));
        self.slice(stored, start, end, span)
    }

    fn is_indexed_by_int(&self, ty: Type) -> bool {
        matches!(ty.kind(), Kind::Array { rank: 1, .. })
            || std::iter::once(&ty).chain(self.registry.supers(ty)).filter_map(|ty| ty.def()).any(|def| {
                let mut indexers = self.registry.declared(def, "this").into_iter();
                indexers.any(|m| m.kind == MemberKind::IndexGet && matches!(&m.params[..], [p] if p.ty == Type::int()))
            })
    }

    /// From one place up to another; `target` is evaluated first.
    pub(super) fn slice(&mut self, target: B<'a>, start: B<'a>, end: B<'a>, span: Span) -> B<'a> {
        if start.is_error() || end.is_error() {
            return B::error(span);
        }
        let ty = target.ty;
        if matches!(ty.kind(), Kind::Array { rank: 1, .. }) {
            let (array, start, end) = (Box::new(target), Box::new(start), Box::new(end));
            return B::new(K::SubArray { array, start, end }, ty, span);
        }
        let name = if ty == Type::string() {
            "Substring"
        } else if ty.is(&crate::library::core::collections::LIST) {
            // `Slice` of newer .NET is `GetRange` of all.
            "GetRange"
        } else {
            return self.no_index(&target, "Range", span);
        };
        let (first, start) = self.held(start);
        let length = self.minus(end, start, span);
        let group = self.group(name, span, Some(target), ty, Vec::new(), span);
        self.call_bound(group, vec![Given::plain(first), Given::plain(length)], span)
    }

    fn no_index(&mut self, target: &B<'a>, what: &str, span: Span) -> B<'a> {
        if !self.registry.supers(target.ty).is_empty()
            && self.find_property(target.ty, "this", MemberKind::IndexGet).is_some()
        {
            let message = format!("Argument 1: cannot convert from 'System.{what}' to 'int'");
            return self.fail("CS1503", span, message);
        }
        let message = format!("Cannot apply indexing with [] to an expression of type '{}'", target.ty);
        self.fail("CS0021", span, message)
    }
}
