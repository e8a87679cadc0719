//! Patterns after `is` and in `case`.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, K, LocalId, Test};
use crate::syntax::ast::{self, DesignationKind, PatternKind as P};
use crate::types::Type;
use crate::value::Value;

impl<'a> Binder<'a> {
    pub(crate) fn is(&mut self, value: &'a ast::Expr, pattern: &'a ast::Pattern, span: Span) -> B<'a> {
        let e = self.value(value);
        if matches!(e.kind, K::UnboundLambda(_) | K::Methods(_)) {
            return self.fail("CS0837", span, "The first operand of an 'is' or 'as' operator may not be a lambda expression, anonymous method, or method group.");
        }
        let e = self.need_type_or_null(e);
        let ty = if e.is_null() { Type::object() } else { e.ty };
        let temp = self.temp(ty, e.span);
        let Some(test) = self.pattern(pattern, ty, temp, true) else { return B::error(span) };
        if e.is_error() {
            return B::error(span);
        }
        B::new(K::Is { value: Box::new(e), temp, test: Box::new(test) }, Type::bool(), span)
    }

    /// A name after `is` that is nothing at all is a type that is not found.
    fn unknown_type(&mut self, told: usize) {
        if let Some(error) = self.errors.get_mut(told)
            && error.code == "CS0103"
        {
            error.code = "CS0246";
            error.message = error.message.replace("The name ", "The type or namespace name ");
            error.message = error.message.replace(" does not exist in the current context", " could not be found");
        }
    }

    fn need_type_or_null(&mut self, e: B<'a>) -> B<'a> {
        if e.is_null() { e } else { self.need_type(e) }
    }

    /// A pattern on a value of type `input`, held in `temp`. `is`: the form after `is` (a name may be a type).
    pub(crate) fn pattern(
        &mut self,
        pattern: &'a ast::Pattern,
        input: Type,
        temp: LocalId,
        is: bool,
    ) -> Option<Test<'a>> {
        let span = pattern.span;
        match &pattern.kind {
            P::Type(ty) => {
                // A dotted name may be a constant.
                if let ast::TypeKind::Named { parts, .. } = &ty.kind
                    && self.quietly(|b| b.type_or(ty, false)).0.is_none()
                {
                    let told = self.errors.len();
                    let parts: Vec<&ast::SimpleName> = parts.iter().collect();
                    let test = self.constant_path(&parts, input, span);
                    self.unknown_type(told);
                    return test;
                }
                let ty = self.ty(ty);
                self.type_test(ty, input, None, span)
            }
            P::Constant(e) => {
                let told = self.errors.len();
                let bound = self.expr(e);
                if is {
                    self.unknown_type(told);
                }
                if let K::TypeName(ty) = bound.kind {
                    return self.type_test(ty, input, None, span);
                }
                let bound = self.rvalue(bound);
                self.constant_test(bound, input, span)
            }
            P::Declaration { ty, designation } => {
                if matches!(ty.kind, ast::TypeKind::Var) {
                    return self.var_pattern(designation, input, temp, span);
                }
                let ty = self.ty(ty);
                match &designation.kind {
                    DesignationKind::Single(ident) => {
                        if ty.nullable_of().is_some() {
                            self.report("CS8116", span, format!("It is not legal to use nullable type '{ty}' in a pattern; use the underlying type '{}' instead.", ty.underlying()));
                            self.declare(ident, Type::error());
                            return None;
                        }
                        let local = self.declare(ident, ty);
                        self.type_test(ty, input, Some(local), span)
                    }
                    _ => self.type_test(ty, input, None, span),
                }
            }
            P::Var(designation) => self.var_pattern(designation, input, temp, span),
            P::Discard => Some(Test::Any),
            P::Paren(inner) => self.pattern(inner, input, temp, is),
            P::Relational { .. } | P::Not(_) | P::And(..) | P::Or(..) => {
                self.combined_pattern(pattern, input, temp, is)
            }
            P::Recursive { .. } => self.recursive_pattern(pattern, input, temp),
            P::List { patterns, designation } => self.list_pattern(patterns, designation.as_ref(), input, temp, span),
            P::Slice(_) => {
                let message = "Slice patterns may only be used once and directly inside a list pattern.";
                self.report("CS8980", span, message);
                None
            }
        }
    }

    fn var_pattern(
        &mut self,
        designation: &'a ast::Designation,
        input: Type,
        temp: LocalId,
        span: Span,
    ) -> Option<Test<'a>> {
        match &designation.kind {
            DesignationKind::Single(ident) => {
                let local = self.declare(ident, input);
                Some(Test::Bind(local))
            }
            DesignationKind::Discard => Some(Test::Any),
            DesignationKind::Tuple(_) => {
                let value = self.local_value(temp, span);
                self.designated(designation, value, span)
            }
        }
    }

    pub(crate) fn type_test(&mut self, ty: Type, input: Type, local: Option<LocalId>, span: Span) -> Option<Test<'a>> {
        if ty.is_error() || input.is_error() {
            return None;
        }
        let possible =
            self.standard_explicit(input, ty).is_some_and(|how| !matches!(how, super::bound::How::Number { .. }))
                || self.standard(ty, input).is_some();
        if !possible && input.is_value_type() && local.is_some() {
            self.report(
                "CS8121",
                span,
                format!("An expression of type '{input}' cannot be handled by a pattern of type '{ty}'."),
            );
            return None;
        }
        if !possible && local.is_some() {
            self.report(
                "CS8121",
                span,
                format!("An expression of type '{input}' cannot be handled by a pattern of type '{ty}'."),
            );
            return None;
        }
        Some(Test::Type { ty, local })
    }

    fn constant_path(&mut self, parts: &[&'a ast::SimpleName], input: Type, span: Span) -> Option<Test<'a>> {
        let (first, rest) = parts.split_first()?;
        let mut e = self.simple_name(first, first.span);
        for part in rest {
            e = self.member_of(e, part, span);
        }
        if let K::TypeName(ty) = e.kind {
            return self.type_test(ty, input, None, span);
        }
        let e = self.rvalue(e);
        self.constant_test(e, input, span)
    }

    /// `is 5`, `case "a"`.
    pub(crate) fn constant_test(&mut self, e: B<'a>, input: Type, span: Span) -> Option<Test<'a>> {
        if e.is_error() || input.is_error() {
            return None;
        }
        if e.is_null() {
            if !input.takes_null() {
                self.report(
                    "CS0037",
                    span,
                    format!("Cannot convert null to '{input}' because it is a non-nullable value type"),
                );
                return None;
            }
            return Some(Test::Null);
        }
        let target = input.underlying();
        if input == Type::object() || input.is_interface() || input == Type::value_type() || input == Type::enum_base()
        {
            if e.constant.is_none() {
                self.report("CS0150", span, "A constant value is expected");
                return None;
            }
            if self.standard(e.ty, input).is_none() {
                self.no_conversion(&e, input);
                return None;
            }
            return Some(Test::Constant(e));
        }
        let e = self.convert(e, target);
        if e.is_error() {
            return None;
        }
        match &e.constant {
            Some(Value::Null) => Some(Test::Null),
            Some(_) => Some(Test::Constant(e)),
            None => {
                self.report("CS0150", span, "A constant value is expected");
                None
            }
        }
    }
}
