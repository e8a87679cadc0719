//! Deconstruction: `(a, b) = x`, `var (a, b) = x`, `foreach (var (a, b) in x)`.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, K};
use crate::syntax::ast::{self, ExprKind as E};
use crate::types::Type;

/// What a part of the value goes to; the places are found before the value is.
enum Aim<'a> {
    Parts(Vec<Aim<'a>>),
    Place(B<'a>),
    Declared(&'a ast::Designation, Option<Type>),
    Nothing,
}

impl<'a> Binder<'a> {
    pub(crate) fn deconstruct(&mut self, target: &'a ast::Expr, value: &'a ast::Expr, span: Span) -> B<'a> {
        let mut effects = Vec::new();
        let aim = self.aim(target, &mut effects);
        let value = self.value(value);
        if value.is_error() {
            // Declare what is declared, so that later uses are not told too.
            self.declare_aim(&aim);
            return B::error(span);
        }
        let value = self.tuple_for(target, value);
        if value.is_error() {
            self.declare_aim(&aim);
            return value;
        }
        let temp = self.temp(value.ty, span);
        let source = self.local_value(temp, span);
        let ty = value.ty;
        effects.push(B::new(K::Assign { target: Box::new(source.clone()), value: Box::new(value) }, ty, span));
        self.hit(aim, source.clone(), &mut effects, span);
        B::new(K::Sequence { effects, value: Box::new(source) }, ty, span)
    }

    /// A deconstruction target given its value.
    pub(crate) fn deconstruct_target(
        &mut self,
        target: &'a ast::Expr,
        source: B<'a>,
        effects: &mut Vec<B<'a>>,
        span: Span,
    ) {
        let aim = self.aim(target, effects);
        self.hit(aim, source, effects, span);
    }

    fn aim(&mut self, target: &'a ast::Expr, effects: &mut Vec<B<'a>>) -> Aim<'a> {
        match &target.kind {
            E::Tuple(elements) => Aim::Parts(elements.iter().map(|e| self.aim(&e.value, effects)).collect()),
            E::Declaration { ty, designation } => {
                let declared = if matches!(ty.kind, ast::TypeKind::Var) { None } else { Some(self.ty(ty)) };
                Aim::Declared(designation, declared)
            }
            E::Paren(inner) => self.aim(inner, effects),
            _ => {
                let place = self.expr(target);
                if matches!(place.kind, K::Discard) {
                    return Aim::Nothing;
                }
                match self.place(place) {
                    Some(place) => {
                        let (first, place) = self.stable(place);
                        effects.extend(first);
                        Aim::Place(place)
                    }
                    None => Aim::Nothing,
                }
            }
        }
    }

    fn declare_aim(&mut self, aim: &Aim<'a>) {
        match aim {
            Aim::Parts(parts) => parts.iter().for_each(|part| self.declare_aim(part)),
            Aim::Declared(designation, declared) => {
                self.declare_designation(designation, declared.unwrap_or_else(Type::error));
            }
            _ => {}
        }
    }

    fn hit(&mut self, aim: Aim<'a>, source: B<'a>, effects: &mut Vec<B<'a>>, span: Span) {
        match aim {
            Aim::Parts(aims) => {
                let Some(parts) = self.parts_of(&source, aims.len(), span) else {
                    aims.iter().for_each(|aim| self.declare_aim(aim));
                    return;
                };
                for (aim, part) in aims.into_iter().zip(parts) {
                    self.hit(aim, part, effects, span);
                }
            }
            Aim::Declared(designation, declared) => self.designate(designation, declared, source, effects, span),
            Aim::Place(place) => {
                let value = self.convert(source, place.ty);
                let assigned = self.assign(place, value, span);
                effects.push(assigned);
            }
            Aim::Nothing => {}
        }
    }

    /// A tuple literal takes the types of the targets where it has none.
    fn tuple_for(&mut self, target: &'a ast::Expr, value: B<'a>) -> B<'a> {
        if let (K::UnboundTuple(parts), E::Tuple(targets)) = (&value.kind, &target.kind)
            && parts.len() == targets.len()
        {
            let mut types = Vec::new();
            for ((_, part), target) in parts.clone().iter().zip(targets) {
                let ty = match &target.value.kind {
                    E::Declaration { ty, .. } if !matches!(ty.kind, ast::TypeKind::Var) => self.ty(ty),
                    E::Declaration { .. } => part.ty,
                    _ => self.quietly(|b| b.expr(&target.value)).0.ty,
                };
                types.push(if part.is_typeless() { ty } else { part.ty });
            }
            let ty = self.registry.tuple(&types, None);
            return self.convert(value, ty);
        }
        value
    }

    fn declare_designation(&mut self, designation: &'a ast::Designation, ty: Type) {
        match &designation.kind {
            ast::DesignationKind::Single(ident) => {
                self.declare(ident, ty);
            }
            ast::DesignationKind::Discard => {}
            ast::DesignationKind::Tuple(parts) => {
                for part in parts {
                    self.declare_designation(part, ty);
                }
            }
        }
    }

    /// Parts of a value: of a tuple, a key-value pair, or by a `Deconstruct` member.
    pub(crate) fn parts_of(&mut self, source: &B<'a>, count: usize, span: Span) -> Option<Vec<B<'a>>> {
        if source.ty.is_tuple() {
            let types = super::convert::tuple_parts(source.ty);
            if types.len() != count {
                self.report(
                    "CS8132",
                    span,
                    format!("Cannot deconstruct a tuple of '{}' elements into '{count}' variables.", types.len()),
                );
                return None;
            }
            return Some((0..count).map(|i| self.tuple_item(source.clone(), i, span)).collect());
        }
        if source.ty.is(&crate::library::core::tuples::PAIR) && count == 2 && !self.settings.framework {
            let key = B::new(K::Field(Box::new(source.clone()), 0), source.ty.args()[0], span);
            let value = B::new(K::Field(Box::new(source.clone()), 1), source.ty.args()[1], span);
            return Some(vec![key, value]);
        }
        if !source.ty.is_error() {
            let ty = source.ty;
            self.report(
                "CS8129",
                span,
                format!("No suitable 'Deconstruct' instance or extension method was found for type '{ty}', with {count} out parameters and a void return type."),
            );
        }
        None
    }

    pub(crate) fn designate(
        &mut self,
        designation: &'a ast::Designation,
        declared: Option<Type>,
        source: B<'a>,
        effects: &mut Vec<B<'a>>,
        span: Span,
    ) {
        match &designation.kind {
            ast::DesignationKind::Single(ident) => {
                let ty = declared.unwrap_or(source.ty);
                let id = self.declare(ident, ty);
                let value = self.convert(source, ty);
                let place = self.local_value(id, ident.span);
                effects.push(B::new(K::Assign { target: Box::new(place), value: Box::new(value) }, ty, span));
            }
            ast::DesignationKind::Discard => {}
            ast::DesignationKind::Tuple(parts) => {
                let Some(values) = self.parts_of(&source, parts.len(), span) else {
                    self.declare_designation(designation, Type::error());
                    return;
                };
                for (part, value) in parts.iter().zip(values) {
                    self.designate(part, declared, value, effects, span);
                }
            }
        }
    }
}
