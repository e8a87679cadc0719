//! Declarations of variables.

use super::super::Binder;
use super::super::bound::{K, S, SK};
use super::stmt;
use crate::syntax::ast::{self, ExprKind as E, TypeKind};
use crate::types::Type;
use apimite_diag::Span;

impl<'a> Binder<'a> {
    pub(super) fn local(&mut self, declaration: &'a ast::LocalDeclaration, span: Span, out: &mut Vec<S<'a>>) {
        if let TypeKind::Ref { .. } = &declaration.ty.kind {
            self.ref_local(declaration, out);
            return;
        }
        let is_var = matches!(declaration.ty.kind, TypeKind::Var);
        let declared = if is_var { None } else { Some(self.ty(&declaration.ty)) };
        if declared.is_some_and(Type::is_void) {
            self.report("CS1547", declaration.ty.span, "Keyword 'void' cannot be used in this context");
            return;
        }
        if is_var && declaration.declarators.len() > 1 {
            self.report("CS0819", span, "Implicitly-typed variables cannot have multiple declarators");
        }
        for declarator in &declaration.declarators {
            if matches!(
                declared.and_then(crate::types::Type::def).map(crate::library::TypeDef::shape),
                Some(crate::library::Shape::Static)
            ) {
                let ty = declared.unwrap_or_else(Type::error);
                self.report("CS0723", declaration.ty.span, format!("Cannot declare a variable of static type '{ty}'"));
            }
            // A lambda may name the variable it is assigned to only when the type is written.
            let name = &declarator.name;
            let Some(ty) = declared else {
                let value = match &declarator.value {
                    None => {
                        self.report("CS0818", name.span, "Implicitly-typed variables must be initialized");
                        self.declare(name, Type::error());
                        continue;
                    }
                    Some(value) if matches!(value.kind, E::ArrayInitializer(_)) => self.fail(
                        "CS0820",
                        value.span,
                        "Cannot initialize an implicitly-typed variable with an array initializer",
                    ),
                    Some(value) => {
                        let value = self.value(value);
                        self.natural_delegate(value)
                    }
                };
                let refused = match &value.kind {
                    K::UnboundLambda(_) => Some("lambda expression".to_owned()),
                    K::Methods(_) => Some("method group".to_owned()),
                    K::UnboundTuple(parts) => {
                        let parts: Vec<String> = parts.iter().map(|(_, part)| part.ty.to_string()).collect();
                        Some(format!("({})", parts.join(", ")))
                    }
                    K::Throw(_) => Some("throw expression".to_owned()),
                    _ if value.is_null() => Some("<null>".to_owned()),
                    _ if value.ty.is_void() && !value.is_error() => Some("void".to_owned()),
                    _ => None,
                };
                let value = match refused {
                    _ if matches!(
                        value.kind,
                        K::UnboundDefault | K::UnboundNew(_) | K::UnboundCollection(_) | K::UnboundChoice { .. }
                    ) =>
                    {
                        self.need_type(value)
                    }
                    Some(what) => self.fail(
                        "CS0815",
                        declarator.span,
                        format!("Cannot assign {what} to an implicitly-typed variable"),
                    ),
                    None => value,
                };
                let id = self.declare(name, value.ty);
                if declaration.is_const {
                    self.report("CS0822", name.span, "Implicitly-typed variables cannot be constant");
                }
                out.push(stmt(SK::Declare { local: id, value: Some(value) }, declarator.span));
                continue;
            };
            let id = self.declare(name, ty);
            let value = declarator.value.as_ref().map(|value| {
                if let (E::ArrayInitializer(_), crate::types::Kind::Array { element, rank }) = (&value.kind, ty.kind())
                {
                    return self.array_of(*element, usize::from(*rank), value, value.span);
                }
                let bound = self.value(value);
                self.convert(bound, ty)
            });
            if declaration.is_const {
                match value.as_ref().and_then(|v| v.constant.clone()) {
                    Some(constant) => {
                        self.locals[id.0].constant = Some(constant);
                        continue;
                    }
                    None => {
                        if let Some(value) = &value {
                            if !value.is_error() {
                                let at = value.span;
                                self.report(
                                    "CS0133",
                                    at,
                                    format!("The expression being assigned to '{}' must be constant", name.name),
                                );
                            }
                        } else {
                            self.report("CS0145", name.span, "A const field requires a value to be provided");
                        }
                    }
                }
            }
            out.push(stmt(SK::Declare { local: id, value }, declarator.span));
        }
    }

    /// `ref int r = ref a;`: another name for a place.
    pub(super) fn ref_local(&mut self, declaration: &'a ast::LocalDeclaration, out: &mut Vec<S<'a>>) {
        let TypeKind::Ref { target, readonly } = &declaration.ty.kind else { return };
        let readonly = *readonly;
        if self.functions[self.current.0].iterator.is_some() {
            self.report("CS8176", declaration.ty.span, "Iterators cannot have by-reference locals");
        }
        let declared = if matches!(target.kind, TypeKind::Var) { None } else { Some(self.ty(target)) };
        for declarator in &declaration.declarators {
            let Some(value) = &declarator.value else {
                self.report(
                    "CS8174",
                    declarator.span,
                    "A declaration of a by-reference variable must have an initializer",
                );
                continue;
            };
            let E::Ref(inner) = &value.kind else {
                self.report("CS8172", value.span, "Cannot initialize a by-reference variable with a value");
                let _ = self.value(value);
                continue;
            };
            let place = self.expr(inner);
            let Some(place) = (if readonly { Some(place).filter(|p| !p.is_error()) } else { self.referable(place) })
            else {
                self.declare(&declarator.name, Type::error());
                continue;
            };
            if let Some(ty) = declared
                && !ty.same(place.ty)
            {
                self.report(
                    "CS8173",
                    value.span,
                    format!("The expression must be of type '{ty}' because it is being assigned by reference"),
                );
            }
            if matches!(place.kind, K::Local(_) | K::Element { .. } | K::Deref { .. }) {
                let (ty, span) = (place.ty, declarator.span);
                let reference = self.reference(place);
                let held = self.temp(Type::object(), span);
                out.push(stmt(SK::Declare { local: held, value: Some(reference) }, span));
                let id = self.declare(&declarator.name, ty);
                let place = self.dereference(held, ty, readonly, span);
                self.locals[id.0].alias = Some(Box::new(place));
                self.locals[id.0].assigned = true;
                continue;
            }
            let (effects, place) = self.stable(place);
            for effect in effects {
                let span = effect.span;
                out.push(stmt(SK::Expr(effect), span));
            }
            let id = self.declare(&declarator.name, place.ty);
            self.locals[id.0].alias = Some(Box::new(place));
            self.locals[id.0].assigned = true;
        }
    }
}
