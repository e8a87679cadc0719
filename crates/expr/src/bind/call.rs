//! Calls: of methods, delegates, local functions.

mod group;
mod local;

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, K, Methods};
use super::overload::{Fit, Given, Misfit};
use crate::library::{Member, MemberKind, ParamMode};
use crate::syntax::ast::{self, ArgModifier};
use crate::types::{Kind, Type};

impl<'a> Binder<'a> {
    /// The arguments as written, each bound once.
    pub(crate) fn given(&mut self, args: &'a [ast::Argument]) -> Vec<Given<'a>> {
        args.iter()
            .map(|arg| {
                let value = if let (ast::ArgModifier::Out, ast::ExprKind::Declaration { ty, designation }) =
                    (arg.modifier, &arg.value.kind)
                {
                    let written = if matches!(ty.kind, ast::TypeKind::Var) { Type::void() } else { self.ty(ty) };
                    B::new(K::OutVar { designation }, written, arg.value.span)
                } else {
                    let value = self.expr(&arg.value);
                    if matches!(value.kind, K::TypeName(_) | K::Namespace(_)) { self.rvalue(value) } else { value }
                };
                Given { value, name: arg.name.clone(), modifier: arg.modifier }
            })
            .collect()
    }

    pub(crate) fn call(&mut self, target: &'a ast::Expr, args: &'a [ast::Argument], span: Span) -> B<'a> {
        // `nameof` is a keyword to the parser; everything else is an expression.
        self.invoked = true;
        let callee = self.expr(target);
        self.invoked = false;
        let given = self.given(args);
        self.call_bound(callee, given, span)
    }

    pub(crate) fn call_bound(&mut self, callee: B<'a>, given: Vec<Given<'a>>, span: Span) -> B<'a> {
        match callee.kind {
            K::Error => B::error(span),
            K::Methods(methods) => self.call_group(*methods, given, span),
            K::TypeName(ty) => {
                self.fail("CS1955", span, format!("Non-invocable member '{ty}' cannot be used like a method."))
            }
            _ if callee.ty.is_delegate() => self.call_delegate(callee, given, span),
            _ => {
                let name = match &callee.kind {
                    K::Call { member, .. } => format!("{}.{}", super::overload::describe_owner(member), member.name),
                    _ => {
                        return self.fail("CS0149", span, "Method name expected");
                    }
                };
                self.fail("CS1955", callee.span, format!("Non-invocable member '{name}' cannot be used like a method."))
            }
        }
    }

    fn call_delegate(&mut self, target: B<'a>, given: Vec<Given<'a>>, span: Span) -> B<'a> {
        let Some((params, ret)) = self.registry.delegate(target.ty) else { return B::error(span) };
        if params.len() != given.len() {
            return self.fail(
                "CS1593",
                span,
                format!("Delegate '{}' does not take {} arguments", target.ty, given.len()),
            );
        }
        let mut args = Vec::new();
        for (argument, (ty, mode)) in given.into_iter().zip(params) {
            if let Some(refused) = self.wrong_modifier(&argument, mode, args.len() + 1) {
                return refused;
            }
            let value = match mode {
                ParamMode::Ref | ParamMode::Out => self.by_reference(argument.value, ty, mode),
                _ => self.argument(argument.value, ty, args.len() + 1),
            };
            args.push(Arg { value, mode });
        }
        B::new(K::Invoke { target: Box::new(target), args }, ret, span)
    }

    /// `out` and `ref` stand where they are declared and nowhere else.
    fn wrong_modifier(&mut self, argument: &Given<'a>, mode: ParamMode, number: usize) -> Option<B<'a>> {
        let wanted = match mode {
            ParamMode::Ref => ArgModifier::Ref,
            ParamMode::Out => ArgModifier::Out,
            ParamMode::Value | ParamMode::Params => ArgModifier::None,
        };
        let word = |modifier| if modifier == ArgModifier::Out { "out" } else { "ref" };
        let span = argument.value.span;
        let (code, message) = match (wanted, argument.modifier) {
            (ArgModifier::Ref | ArgModifier::Out, given) if given != wanted => {
                ("CS1620", format!("Argument {number} must be passed with the '{}' keyword", word(wanted)))
            }
            (ArgModifier::None, given @ (ArgModifier::Ref | ArgModifier::Out)) => {
                ("CS1615", format!("Argument {number} may not be passed with the '{}' keyword", word(given)))
            }
            _ => return None,
        };
        Some(self.fail(code, span, message))
    }

    fn argument(&mut self, value: B<'a>, ty: Type, number: usize) -> B<'a> {
        if value.is_error() || self.implicit(&value, ty).is_some() || value.is_typeless() {
            return self.convert(value, ty);
        }
        let from = value.ty;
        self.fail("CS1503", value.span, format!("Argument {number}: cannot convert from '{from}' to '{ty}'"))
    }

    /// Candidates of a name on a type, level by level: a type hides what its bases declare.
    pub(crate) fn levels(&self, on: Type, name: &str, statics: Option<bool>) -> Vec<Vec<(Arc<Member>, Type)>> {
        let mut levels = Vec::new();
        let mut types = vec![on];
        types.extend_from_slice(self.registry.supers(on));
        if on.is_interface() && !types.contains(&Type::object()) {
            types.push(Type::object());
        }
        let mut interfaces = Vec::new();
        for ty in types {
            let Some(def) = ty.def() else { continue };
            let found: Vec<(Arc<Member>, Type)> = self
                .registry
                .declared(def, name)
                .into_iter()
                .filter(|m| m.kind == MemberKind::Method && !m.row.hidden)
                .filter(|m| statics.is_none_or(|s| m.is_static == s))
                .filter(|m| !m.row.core_only || !self.settings.framework)
                .map(|m| (m, ty))
                .collect();
            if found.is_empty() {
                continue;
            }
            if ty.is_interface() && !on.is_interface() {
                // A class has its own members; those of interfaces count only where no class of it declares any.
                interfaces.push(found);
            } else {
                levels.push(found);
            }
        }
        if levels.is_empty() || levels.iter().all(|l| l.iter().all(|(m, _)| m.def.full_name() == "System.Object")) {
            // Library types may leave plain interface members (CompareTo, Equals) to the interface's rows.
            levels.splice(
                0..0,
                interfaces.into_iter().filter(|l| {
                    l.iter().any(|(m, _)| {
                        matches!(m.name, "CompareTo" | "Equals" | "Dispose" | "GetEnumerator" | "ToString")
                    })
                }),
            );
        } else {
            levels.extend(
                interfaces
                    .into_iter()
                    .filter(|l| l.iter().any(|(m, _)| matches!(m.name, "CompareTo" | "Equals" | "GetEnumerator"))),
            );
        }
        levels
    }

    fn call_group(&mut self, methods: Methods<'a>, given: Vec<Given<'a>>, span: Span) -> B<'a> {
        if let Some(function) = methods.local {
            return self.call_local(function, &methods.type_args, given, span);
        }
        let is_static = methods.target.is_none();
        let name = methods.name.clone();
        let mut misfits: Vec<(Arc<Member>, Misfit)> = Vec::new();
        let mut other_kind = false;
        for level in self.levels(methods.on, &name, None) {
            let mut fits = Vec::new();
            for (member, ty) in level {
                if member.is_static != is_static {
                    other_kind = true;
                    // `Equals(a, b)` through an instance name: C# finds both and refuses; skip quietly.
                    continue;
                }
                match self.fit(&member, ty.args(), &methods.type_args, &given) {
                    Ok(fit) => fits.push(fit),
                    Err(misfit) => misfits.push((member, misfit)),
                }
            }
            if !fits.is_empty() {
                return self.choose(fits, methods, given, span, false);
            }
        }
        // Extension methods.
        if let Some(target) = methods.target.clone() {
            let mut all = vec![Given::plain(target)];
            all.extend(given.iter().cloned());
            let mut fits = Vec::new();
            let mut extension_misfits = Vec::new();
            for member in self.registry.extensions(&name) {
                if member.row.core_only && self.settings.framework {
                    continue;
                }
                match self.fit(&member, &[], &methods.type_args, &all) {
                    Ok(fit) => fits.push(fit),
                    Err(misfit) => extension_misfits.push((member, misfit)),
                }
            }
            if !fits.is_empty() {
                return self.choose(fits, methods, all, span, true);
            }
            if misfits.is_empty() {
                // Those whose receiver fits explain the failure.
                extension_misfits.retain(|(member, misfit)| {
                    !matches!(misfit, Misfit::Argument { index: 0, .. }) && self.receiver_fits(member, methods.on)
                });
                if !extension_misfits.is_empty() {
                    return self.misfit(&name, span, methods.name_span, &extension_misfits, &all, methods.on, false);
                }
            }
        }
        if misfits.is_empty() {
            if given.iter().any(|g| g.value.is_error()) {
                return B::error(span);
            }
            if other_kind {
                return if is_static {
                    self.fail(
                        "CS0120",
                        span,
                        format!(
                            "An object reference is required for the non-static field, method, or property '{}.{name}'",
                            methods.on
                        ),
                    )
                } else {
                    self.fail(
                        "CS0176",
                        span,
                        format!(
                            "Member '{}.{name}' cannot be accessed with an instance reference; qualify it with a type name instead",
                            methods.on
                        ),
                    )
                };
            }
            return self.no_member(methods.on, &name, methods.name_span, is_static);
        }
        self.misfit(&name, span, methods.name_span, &misfits, &given, methods.on, false)
    }

    fn receiver_fits(&self, member: &Member, on: Type) -> bool {
        let Some(first) = member.params.first() else { return false };
        if !first.ty.is_open() {
            return self.standard(on, first.ty).is_some();
        }
        match first.ty.kind() {
            Kind::Param { .. } => true,
            _ => first.ty.def().is_some_and(|def| self.registry.as_instance(on, def).is_some()),
        }
    }

    fn choose(
        &mut self,
        fits: Vec<Fit>,
        methods: Methods<'a>,
        given: Vec<Given<'a>>,
        span: Span,
        extension: bool,
    ) -> B<'a> {
        match self.best(fits, &given) {
            Ok(fit) => {
                let receiver = if extension { None } else { methods.target };
                self.build_call(&fit, receiver, given, span, methods.name_span)
            }
            Err(fits) => {
                if given.iter().any(|g| g.value.is_error()) {
                    return B::error(span);
                }
                let [a, b, ..] = fits.as_slice() else { return B::error(span) };
                let (a, b) = (super::overload::describe(&a.member), super::overload::describe(&b.member));
                self.fail(
                    "CS0121",
                    methods.name_span,
                    format!("The call is ambiguous between the following methods or properties: '{a}' and '{b}'"),
                )
            }
        }
    }

    pub(crate) fn build_call(
        &mut self,
        fit: &Fit,
        receiver: Option<B<'a>>,
        given: Vec<Given<'a>>,
        span: Span,
        name_span: Span,
    ) -> B<'a> {
        self.use_member(&fit.member, name_span);
        let mut args = Vec::new();
        if let Some(receiver) = receiver
            && !fit.member.is_static
        {
            args.push(Arg { value: receiver, mode: ParamMode::Value });
        }
        let named = given.iter().any(|g| g.name.is_some());
        args.extend(self.arguments(fit, given, span));
        self.warnings.extend(super::warn::bad_pattern(&fit.member, &args));
        let ret = fit.member.ret.substitute(&fit.types);
        let effects = if named {
            let first = args.len() - fit.slots.len().min(args.len());
            let order: Vec<usize> = fit.slots.iter().map(super::overload::Slot::source).collect();
            self.in_order(&mut args[first..], &order)
        } else {
            Vec::new()
        };
        let call = K::Call { member: Arc::clone(&fit.member), types: fit.types.as_slice().into(), args, lifted: false };
        let call = B::new(call, ret, span);
        if effects.is_empty() {
            return call;
        }
        B::new(K::Sequence { effects, value: Box::new(call) }, ret, span)
    }

    /// Notes what a member reads, and refuses what the allow-list does not name.
    pub(crate) fn use_member(&mut self, member: &Arc<Member>, span: Span) {
        self.needs = self.needs.and(member.row.needs);
        self.impure |= !member.row.pure;
        if self.settings.lenient || member.is_listed() || member.def.is_host() {
            return;
        }
        let owner = member.def.full_name();
        let name = if member.name == ".ctor" { "constructor" } else { member.name };
        self.report_help(
            "APIM002",
            span,
            format!("Member '{owner}.{name}' is not allowed"),
            Some("it is not in the list of .NET members that policy expressions may use".to_owned()),
        );
    }
}
