//! Expressions: the dispatcher and the small forms.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, K};
use crate::syntax::ast::{self, ExprKind as E};
use crate::types::Type;
use crate::value::{Str, Value};

impl<'a> Binder<'a> {
    /// An expression that must have a value: not a type, a namespace or nothing.
    pub(crate) fn value(&mut self, e: &'a ast::Expr) -> B<'a> {
        let bound = self.expr(e);
        self.rvalue(bound)
    }

    pub(crate) fn rvalue(&mut self, e: B<'a>) -> B<'a> {
        match &e.kind {
            K::TypeName(ty) => {
                let ty = *ty;
                self.fail("CS0119", e.span, format!("'{ty}' is a type, which is not valid in the given context"))
            }
            K::Namespace(name) => {
                let name = name.clone();
                self.fail("CS0118", e.span, format!("'{name}' is a namespace but is used like a variable"))
            }
            K::Discard => self.fail("CS0103", e.span, "The name '_' does not exist in the current context"),
            _ => e,
        }
    }

    /// A value with a type of its own.
    pub(crate) fn typed(&mut self, e: &'a ast::Expr) -> B<'a> {
        let bound = self.value(e);
        self.need_type(bound)
    }

    pub(crate) fn need_type(&mut self, e: B<'a>) -> B<'a> {
        let span = e.span;
        match &e.kind {
            K::UnboundLambda(_) => self.fail("CS0149", span, "Method name expected"),
            K::Methods(m) => {
                let name = m.name.clone();
                self.fail("CS0119", span, format!("'{name}' is a method, which is not valid in the given context"))
            }
            K::UnboundDefault => self.fail("CS8716", span, "There is no target type for the default literal."),
            K::UnboundNew(_) => self.fail("CS8754", span, "There is no target type for 'new()'"),
            K::UnboundCollection(_) => {
                self.fail("CS9176", span, "There is no target type for the collection expression.")
            }
            K::UnboundChoice { then, otherwise, .. } => {
                let (x, y) = (then.ty, otherwise.ty);
                self.no_common_type(x, y, span)
            }
            K::Throw(_) => self.fail("CS8115", span, "A throw expression is not allowed in this context."),
            _ => e,
        }
    }

    pub(crate) fn expr(&mut self, e: &'a ast::Expr) -> B<'a> {
        if !self.enter(e.span) {
            return B::error(e.span);
        }
        let bound = self.expr_inner(e);
        self.leave();
        bound
    }

    fn expr_inner(&mut self, e: &'a ast::Expr) -> B<'a> {
        let span = e.span;
        if !matches!(e.kind, E::Member { .. } | E::MemberBinding(_)) {
            self.invoked = false;
        }
        match &e.kind {
            E::Missing => B::error(span),
            E::Literal(literal) => self.literal(literal, span),
            E::Interpolated(string) => self.interpolated(string, span),
            E::Name(name) => self.simple_name(name, span),
            E::AliasQualified { name, .. } => {
                if self.registry.is_namespace(&name.ident.name) {
                    return B::new(K::Namespace(name.ident.name.to_string()), Type::void(), span);
                }
                self.simple_name(name, span)
            }
            E::Predefined(p) => {
                let ty = self.registry.read_type(p.keyword());
                B::new(K::TypeName(ty), ty, span)
            }
            E::This => self.fail("CS0026", span, "Keyword 'this' is not valid in a static property, static method, or static field initializer"),
            E::Base => self.fail("CS1511", span, "Keyword 'base' is not available in a static method"),
            E::Paren(inner) => {
                let mut bound = self.expr(inner);
                bound.span = span;
                bound
            }
            E::Tuple(elements) => self.tuple(elements, span),
            E::Member { target, name } => self.member_access(target, name, span),
            E::Call { target, args } => self.call(target, args, span),
            E::Index { target, args } => {
                let target = self.typed(target);
                self.index(target, args, span)
            }
            E::ConditionalAccess { target, access } => self.conditional_access(target, access, span),
            E::MemberBinding(name) => match self.receivers.last().cloned() {
                Some(receiver) => self.member_of(receiver, name, span),
                None => B::error(span),
            },
            E::IndexBinding(args) => match self.receivers.last().cloned() {
                Some(receiver) => self.index(receiver, args, span),
                None => B::error(span),
            },
            E::Unary { op, operand } => self.unary(*op, operand, span),
            E::Binary { op, left, right, op_span } => self.binary(*op, left, right, *op_span, span),
            E::Assign { op, target, value } => self.assignment(*op, target, value, span),
            E::Conditional { condition, then, otherwise } => self.conditional(condition, then, otherwise, span),
            E::Cast { ty, value } => {
                let target = self.ty(ty);
                let bound = self.value(value);
                self.cast(bound, target, span)
            }
            E::Is { value, pattern } => self.is(value, pattern, span),
            E::As { value, ty } => self.as_type(value, ty, span),
            E::New { ty, args, initializer } => self.new_object(e, ty.as_ref(), args.as_deref(), initializer.as_ref()),
            E::AnonymousObject(members) => self.anonymous(members, span),
            E::NewArray { ty, sizes, initializer } => self.new_array(ty, sizes, initializer.as_deref(), span),
            E::ImplicitArray { rank, initializer } => self.implicit_array(*rank, initializer, span),
            E::ArrayInitializer(_) => {
                self.fail("CS0623", span, "Array initializers can only be used in a variable or field initializer. Try using a new expression instead.")
            }
            E::StackAlloc { .. } => self.fail("CS0214", span, "Pointers and fixed size buffers may only be used in an unsafe context"),
            E::Lambda(lambda) => {
                if lambda.is_async {
                    return self.fail("CS4010", span, "Asynchronous lambda expressions are not supported in policy expressions");
                }
                B::new(K::UnboundLambda(e), Type::void(), span)
            }
            E::AnonymousMethod { is_async, .. } => {
                if *is_async {
                    return self.fail("CS4010", span, "Asynchronous lambda expressions are not supported in policy expressions");
                }
                B::new(K::UnboundLambda(e), Type::void(), span)
            }
            E::Query(query) => self.query(query, span),
            E::Throw(inner) => {
                let value = self.thrown_value(inner);
                B::new(K::Throw(Box::new(value)), Type::null(), span)
            }
            E::Await(_) => self.fail(
                "CS4033",
                span,
                "The 'await' operator can only be used within an async method. Consider marking this method with the 'async' modifier and changing its return type to 'Task'.",
            ),
            E::Default(Some(ty)) => {
                let ty = self.ty(ty);
                if ty.is_error() {
                    return B::error(span);
                }
                let mut value = self.default_of(ty, span);
                value.span = span;
                value
            }
            E::Default(None) => B::new(K::UnboundDefault, Type::void(), span),
            E::TypeOf(ty) => {
                let of = self.ty(ty);
                if of.is_error() {
                    return B::error(span);
                }
                if let Some(def) = Type::type_object().def() {
                    self.check_type_allowed(def, span);
                }
                B::new(K::TypeOf(of), Type::type_object(), span)
            }
            E::SizeOf(ty) => {
                let of = self.ty(ty);
                let size = match of.def().map_or("", crate::library::TypeDef::full_name) {
                    "System.SByte" | "System.Byte" | "System.Boolean" => 1,
                    "System.Int16" | "System.UInt16" | "System.Char" => 2,
                    "System.Int32" | "System.UInt32" | "System.Single" => 4,
                    "System.Int64" | "System.UInt64" | "System.Double" => 8,
                    "System.Decimal" => 16,
                    _ => {
                        return self.fail("CS0233", span, format!("'{of}' does not have a predefined size, therefore sizeof can only be used in an unsafe context"));
                    }
                };
                B::constant(Value::Int(size), Type::int(), span)
            }
            E::NameOf(inner) => self.name_of(inner, span),
            E::Checked { is_checked, value } => {
                let saved = (self.checked, self.unchecked);
                (self.checked, self.unchecked) = (*is_checked, !*is_checked);
                let bound = self.expr(value);
                (self.checked, self.unchecked) = saved;
                bound
            }
            E::Declaration { ty, designation } => {
                let _ = ty;
                self.fail("CS8185", designation.span, "A declaration is not allowed in this context.")
            }
            E::Ref(_) => self.fail("CS1525", span, "Invalid expression term 'ref'"),
            E::Range { .. } => self.only_inside("..", span),
            E::Switch { value, arms } => self.switch_expression(value, arms, span),
            E::With { value, initializer } => self.with(value, initializer, span),
            E::Collection(elements) => self.collection(elements, span),
        }
    }

    /// What stands behind `throw`.
    pub(crate) fn thrown_value(&mut self, e: &'a ast::Expr) -> B<'a> {
        let value = self.value(e);
        if matches!(value.kind, K::UnboundNew(_)) {
            return self.convert(value, Type::exception());
        }
        let value = self.need_type(value);
        self.thrown(value)
    }

    pub(crate) fn thrown(&mut self, value: B<'a>) -> B<'a> {
        if value.is_error() || value.is_null() {
            return value;
        }
        if self.standard(value.ty, Type::exception()).is_none() {
            return self.fail("CS0155", value.span, "The type caught or thrown must be derived from System.Exception");
        }
        value
    }

    fn name_of(&mut self, e: &'a ast::Expr, span: Span) -> B<'a> {
        // The operand is bound for its errors: `nameof(String.Length)` may name an instance member of a type.
        let name = match &e.kind {
            E::Name(name) => {
                let (bound, _) = self.quietly(|b| b.simple_name(name, span));
                if bound.is_error() {
                    let bound = self.simple_name(name, span);
                    if bound.is_error() {
                        return bound;
                    }
                }
                name.ident.name.clone()
            }
            E::Member { target, name } => {
                let (target_bound, errors) = self.quietly(|b| b.expr(target));
                if target_bound.is_error() {
                    self.errors.extend(errors);
                    return B::error(span);
                }
                let on = target_bound.ty;
                let known = match &target_bound.kind {
                    K::Namespace(path) => {
                        let full = format!("{path}.{}", name.ident.name);
                        self.registry.is_namespace(&full) || !self.registry.arities(&full).is_empty()
                    }
                    _ => {
                        self.find_get(on, &name.ident.name).is_some()
                            || !self.levels(on, &name.ident.name, None).is_empty()
                            || on.def().is_some_and(|d| d.values().iter().any(|(n, _)| *n == name.ident.name.as_str()))
                            || !self.member_of_quiet(target_bound.clone(), name, span).is_error()
                    }
                };
                if !known {
                    return self.no_member(on, &name.ident.name.clone(), name.ident.span, false);
                }
                name.ident.name.clone()
            }
            E::Predefined(_) => return self.fail("CS8081", span, "Expression does not have a name."),
            E::AliasQualified { name, .. } => name.ident.name.clone(),
            _ => return self.fail("CS8081", span, "Expression does not have a name."),
        };
        B::constant(Value::Str(Str::literal(&name)), Type::string(), span)
    }

    fn member_of_quiet(&mut self, target: B<'a>, name: &'a ast::SimpleName, span: Span) -> B<'a> {
        self.quietly(|b| b.member_of(target, name, span)).0
    }

    fn tuple(&mut self, elements: &'a [ast::TupleElement], span: Span) -> B<'a> {
        let mut parts = Vec::new();
        let mut names: Vec<Option<Box<str>>> = Vec::new();
        for element in elements {
            let value = self.value(&element.value);
            let name =
                element.name.as_ref().map(|n| Box::from(n.name.as_str())).or_else(|| inferred_name(&element.value));
            names.push(name);
            parts.push((element.name.clone(), value));
        }
        for (index, (name, _)) in parts.iter().enumerate() {
            if let Some(name) = name
                && parts[..index]
                    .iter()
                    .any(|(before, _)| before.as_ref().is_some_and(|before| before.name == name.name))
            {
                return self.fail("CS8127", name.span, "Tuple element names must be unique.");
            }
        }
        if parts.iter().any(|(_, p)| p.is_error()) {
            return B::error(span);
        }
        if parts.iter().any(|(_, p)| p.is_typeless()) {
            return B::new(K::UnboundTuple(parts), Type::void(), span);
        }
        if let Some((_, bad)) = parts.iter().find(|(_, p)| p.ty.is_void()) {
            let bad = bad.span;
            return self.fail("CS8210", bad, "A tuple may not contain a value of type 'void'.");
        }
        let types: Vec<Type> = parts.iter().map(|(_, p)| p.ty).collect();
        // A name used twice is no inferred name.
        for index in 0..names.len() {
            if elements[index].name.is_none()
                && names.iter().enumerate().any(|(other, n)| other != index && n.is_some() && *n == names[index])
            {
                names[index] = None;
            }
        }
        let ty = self.registry.tuple(&types, Some(names));
        B::new(K::Record(parts.into_iter().map(|(_, p)| p).collect()), ty, span)
    }
}

/// The name that a tuple element or anonymous member takes from its expression.
pub(crate) fn inferred_name(e: &ast::Expr) -> Option<Box<str>> {
    match &e.kind {
        E::Name(name) if name.type_args.is_none() => Some(Box::from(name.ident.name.as_str())),
        E::Member { name, .. } => Some(Box::from(name.ident.name.as_str())),
        E::MemberBinding(name) => Some(Box::from(name.ident.name.as_str())),
        E::ConditionalAccess { access, .. } => inferred_name(access),
        _ => None,
    }
}
