//! Names: what a simple name means, and types as written.

use apimite_diag::Span;

use super::bound::{B, K, Methods};
use super::{Binder, Symbol};
use crate::library::TypeDef;
use crate::syntax::ast;
use crate::types::{Kind, Type};
use crate::value::Str;

impl<'a> Binder<'a> {
    /// A type as written; told when there is none.
    pub(crate) fn ty(&mut self, ty: &ast::Type) -> Type {
        self.type_or(ty, true).unwrap_or_else(Type::error)
    }

    /// A type as written, if it is one; silent.
    pub(crate) fn type_or(&mut self, ty: &ast::Type, tell: bool) -> Option<Type> {
        use ast::TypeKind as T;
        match &ty.kind {
            T::Predefined(p) => {
                if *p == ast::Predefined::Void {
                    return Some(Type::void());
                }
                Some(self.registry.read_type(p.keyword()))
            }
            T::Var => {
                if tell {
                    self.report(
                        "CS0825",
                        ty.span,
                        "The contextual keyword 'var' may only appear within a local variable declaration",
                    );
                }
                None
            }
            T::Named { parts, .. } => self.named(parts, ty.span, tell),
            T::Nullable(inner) => {
                let of = self.type_or(inner, tell)?;
                if of.is_error() {
                    return Some(of);
                }
                if of.is_reference() {
                    let (feature, version) = (crate::syntax::Feature::NullForgiving, self.settings.csharp);
                    if tell && version < feature.since() {
                        let (code, message) = feature.refusal(version);
                        self.report(code, ty.span, message);
                    }
                    return Some(of);
                }
                if !of.is_value_type() || of.nullable_of().is_some() {
                    if matches!(of.kind(), Kind::Param { .. }) {
                        return Some(Type::generic(&crate::library::core::names::NULLABLE, &[of]));
                    }
                    if tell {
                        self.report(
                            "CS0453",
                            ty.span,
                            format!(
                                "The type '{of}' must be a non-nullable value type in order to use it as parameter 'T' in the generic type or method 'Nullable<T>'"
                            ),
                        );
                    }
                    return None;
                }
                Some(of.nullable())
            }
            T::Array { element, rank } => {
                let of = self.type_or(element, tell)?;
                Some(Type::array_of_rank(of, u8::try_from(*rank).unwrap_or(1)))
            }
            T::Tuple(elements) => {
                let mut types = Vec::new();
                let mut names = Vec::new();
                for element in elements {
                    types.push(self.type_or(&element.ty, tell)?);
                    names.push(element.name.as_ref().map(|n| Box::from(n.name.as_str())));
                }
                Some(self.registry.tuple(&types, Some(names)))
            }
            T::Ref { target, .. } => self.type_or(target, tell),
            T::Pointer(_) => {
                if tell {
                    self.report(
                        "CS0214",
                        ty.span,
                        "Pointers and fixed size buffers may only be used in an unsafe context",
                    );
                }
                None
            }
            T::Omitted | T::Missing => {
                if tell {
                    self.report("CS1031", ty.span, "Type expected");
                }
                None
            }
        }
    }

    fn named(&mut self, parts: &[ast::SimpleName], span: Span, tell: bool) -> Option<Type> {
        if let [one] = parts
            && one.type_args.is_none()
            && let Some(found) = self.type_parameter(&one.ident.name)
        {
            return Some(found);
        }
        let mut path = String::new();
        let mut args = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                path.push('.');
            }
            path.push_str(&part.ident.name);
            for arg in part.type_args.iter().flatten() {
                args.push(self.type_or(arg, tell)?);
            }
        }
        if path == "dynamic" {
            if tell {
                self.report_help(
                    "APIM001",
                    span,
                    "Type 'dynamic' is not allowed",
                    Some("policy expressions cannot use `dynamic`; name the type instead".to_owned()),
                );
            }
            return None;
        }
        match self.find_type(&path, args.len(), span, tell) {
            Some(def) => {
                if def.full_name() == "System.Nullable" && args.len() == 1 {
                    return Some(args[0].nullable());
                }
                Some(Type::generic(def, &args))
            }
            None => {
                if tell {
                    self.type_not_found(&path, args.len(), span);
                }
                None
            }
        }
    }

    fn type_parameter(&self, name: &str) -> Option<Type> {
        let mut at = Some(self.current);
        while let Some(id) = at {
            let function = &self.functions[id.0];
            if let Some(index) = function.type_params.iter().position(|p| p.as_str() == name) {
                let open = || Type::param(u16::try_from(index).unwrap_or(u16::MAX), name);
                return Some(function.type_args.get(index).copied().unwrap_or_else(open));
            }
            at = function.parent;
        }
        None
    }

    /// A library type by its source name, if it may be named here.
    pub(crate) fn find_type(&mut self, path: &str, arity: usize, span: Span, tell: bool) -> Option<&'static TypeDef> {
        let mut found = self.registry.find(path, arity);
        if found.len() > 1 {
            // A host type hides a library type; a type the allow-list names hides one that it does not.
            if let Some(host) = found.iter().copied().find(|d| d.is_host()) {
                found = vec![host];
            } else if found.iter().any(|d| d.is_listed()) && found.iter().any(|d| !d.is_listed()) {
                found.retain(|d| d.is_listed());
            }
        }
        match found.as_slice() {
            [] => None,
            [def] => {
                let def = *def;
                if tell {
                    self.check_type_allowed(def, span);
                }
                Some(def)
            }
            [a, b, ..] => {
                if tell {
                    self.report(
                        "CS0104",
                        span,
                        format!(
                            "'{path}' is an ambiguous reference between '{}' and '{}'",
                            a.full_name(),
                            b.full_name()
                        ),
                    );
                }
                Some(a)
            }
        }
    }

    /// The documented allow-list, in strict mode.
    pub(crate) fn check_type_allowed(&mut self, def: &'static TypeDef, span: Span) {
        if self.settings.lenient || def.is_listed() || def.is_host() {
            return;
        }
        // A type of which single members are listed may be named.
        if def.all_rows().any(|row| row.listed == Some(true)) {
            return;
        }
        self.report_help(
            "APIM001",
            span,
            format!("Type '{}' is not allowed", def.full_name().replace('+', ".")),
            Some("it is not in the list of .NET types that policy expressions may use".to_owned()),
        );
    }

    pub(crate) fn type_not_found(&mut self, path: &str, arity: usize, span: Span) {
        let arities = self.registry.arities(path);
        if let Some(other) = arities.iter().copied().find(|a| *a != arity) {
            if arity == 0 || other > 0 {
                self.report("CS0305", span, format!("Using the generic type '{path}' requires {other} type arguments"));
            } else {
                self.report(
                    "CS0308",
                    span,
                    format!("The non-generic type '{path}' cannot be used with type arguments"),
                );
            }
            return;
        }
        if let Some((namespace, name)) = path.rsplit_once('.')
            && self.registry.is_namespace(namespace)
        {
            let help = self.suggest_type(name);
            self.report_help(
                "CS0234",
                span,
                format!("The type or namespace name '{name}' does not exist in the namespace '{namespace}'"),
                help,
            );
            return;
        }
        let help = self.suggest_type(path);
        self.report_help("CS0246", span, format!("The type or namespace name '{path}' could not be found"), help);
    }

    fn suggest_type(&self, name: &str) -> Option<String> {
        Self::suggestion(name, self.registry.types().iter().map(|d| d.simple_name()))
    }

    /// A simple name in an expression: local, type, or namespace.
    pub(crate) fn simple_name(&mut self, name: &'a ast::SimpleName, span: Span) -> B<'a> {
        let text = &name.ident.name;
        if text.is_empty() {
            return B::error(span);
        }
        if name.type_args.is_none() {
            match self.lookup(text) {
                Some(Symbol::Local(id)) => {
                    if self.locals[id.0].constant.is_none() {
                        self.static_function(id, span);
                    }
                    self.capture(id);
                    let local = &self.locals[id.0];
                    if let Some(constant) = &local.constant {
                        return B::constant(constant.clone(), local.ty, span);
                    }
                    if let Some(alias) = &local.alias {
                        if matches!(alias.kind, K::Deref { .. }) && local.function != self.current {
                            let message = format!(
                                "Cannot use ref local '{}' inside an anonymous method, lambda expression, or query expression",
                                local.name
                            );
                            return self.fail("CS8175", span, message);
                        }
                        return (**alias).clone();
                    }
                    return self.local_value(id, span);
                }
                Some(Symbol::Range(id, path)) => {
                    self.capture(id);
                    let mut value = self.local_value(id, span);
                    for part in path {
                        value = self.member_by_name(value, &part, span);
                    }
                    return value;
                }
                Some(Symbol::Later) => {
                    return self.fail(
                        "CS0841",
                        span,
                        format!("Cannot use local variable '{text}' before it is declared"),
                    );
                }
                Some(Symbol::Function(id)) => return self.function_group(id, name, Vec::new(), span),
                None => {}
            }
            if &**text == "context"
                && let Some(def) = self.settings.context
            {
                return B::new(K::Context, Type::of(def), span);
            }
        } else if let Some(Symbol::Function(id)) = self.lookup(text) {
            let args = name.type_args.iter().flatten().map(|t| self.ty(t)).collect();
            return self.function_group(id, name, args, span);
        }
        if let Some(found) = self.type_parameter(text) {
            return B::new(K::TypeName(found), found, span);
        }
        let mut args = Vec::new();
        for arg in name.type_args.iter().flatten() {
            args.push(self.ty(arg));
        }
        if let Some(def) = self.find_type(text, args.len(), span, true) {
            let ty = Type::generic(def, &args);
            return B::new(K::TypeName(ty), ty, span);
        }
        if self.registry.is_namespace(text) {
            return B::new(K::Namespace(text.to_string()), Type::void(), span);
        }
        // Static members of `object` are in scope everywhere.
        if matches!(&**text, "ReferenceEquals" | "Equals") {
            return self.group(text, name.ident.span, None, Type::object(), args, span);
        }
        if &**text == "dynamic" {
            return self.fail("APIM001", span, "Type 'dynamic' is not allowed");
        }
        if &**text == "_" {
            return B::new(K::Discard, Type::void(), span);
        }
        let arities = self.registry.arities(text);
        if !arities.is_empty() {
            self.type_not_found(text, args.len(), span);
            return B::error(span);
        }
        let names = self.names_in_scope();
        let help = Self::suggestion(text, names.iter().map(String::as_str)).or_else(|| self.suggest_type(text));
        self.report_help("CS0103", span, format!("The name '{text}' does not exist in the current context"), help);
        B::error(span)
    }

    fn function_group(
        &mut self,
        id: super::bound::FnId,
        name: &ast::SimpleName,
        type_args: Vec<Type>,
        span: Span,
    ) -> B<'a> {
        let methods = Methods {
            name: Str::new(&name.ident.name),
            name_span: name.ident.span,
            target: None,
            on: Type::void(),
            type_args,
            local: Some(id),
        };
        B::new(K::Methods(Box::new(methods)), Type::void(), span)
    }

    /// A method group.
    pub(crate) fn group(
        &mut self,
        name: &str,
        name_span: Span,
        target: Option<B<'a>>,
        on: Type,
        type_args: Vec<Type>,
        span: Span,
    ) -> B<'a> {
        let methods = Methods { name: Str::new(name), name_span, target, on, type_args, local: None };
        B::new(K::Methods(Box::new(methods)), Type::void(), span)
    }
}
