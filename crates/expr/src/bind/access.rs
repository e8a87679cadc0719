//! Member access, indexing, `?.`.

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, K};
use super::overload::Given;
use crate::library::{Imp, Member, MemberKind, ParamMode};
use crate::syntax::ast;
use crate::types::{Kind, Type};
use crate::value::Value;

/// Enums of which the allow-list names some values alone.
const PARTLY: [(&str, &[&str]); 1] = [("System.DateTimeKind", &["Utc"])];

impl<'a> Binder<'a> {
    pub(crate) fn member_access(&mut self, target: &'a ast::Expr, name: &'a ast::SimpleName, span: Span) -> B<'a> {
        let invoked = std::mem::take(&mut self.invoked);
        let bound = self.expr(target);
        self.invoked = invoked;
        // `Color Color`: a local named as its type; static members are reached all the same.
        if let (K::Local(_), ast::ExprKind::Name(simple)) = (&bound.kind, &target.kind)
            && bound.ty.def().is_some_and(|d| d.simple_name() == simple.ident.name.as_str())
            && self.find_get(bound.ty, &name.ident.name).is_none_or(|(m, _)| m.is_static)
            && self.levels(bound.ty, &name.ident.name, Some(false)).is_empty()
        {
            let ty = bound.ty;
            return self.member_of(B::new(K::TypeName(ty), ty, target.span), name, span);
        }
        self.member_of(bound, name, span)
    }

    pub(crate) fn member_of(&mut self, target: B<'a>, name: &'a ast::SimpleName, span: Span) -> B<'a> {
        let text = name.ident.name.as_str();
        let invoked = std::mem::take(&mut self.invoked);
        if text.is_empty() {
            return B::error(span);
        }
        match &target.kind {
            K::Error => return B::error(span),
            K::Namespace(path) => {
                let full = format!("{path}.{text}");
                let mut args = Vec::new();
                for arg in name.type_args.iter().flatten() {
                    args.push(self.ty(arg));
                }
                if let Some(def) = self.find_type(&full, args.len(), span, true) {
                    let ty = Type::generic(def, &args);
                    return B::new(K::TypeName(ty), ty, span);
                }
                if self.registry.is_namespace(&full) {
                    return B::new(K::Namespace(full), Type::void(), span);
                }
                self.type_not_found(&full, args.len(), span);
                return B::error(span);
            }
            K::TypeName(ty) => {
                let ty = *ty;
                return self.static_member(ty, name, span);
            }
            K::Methods(methods) => {
                let method = methods.name.clone();
                return self.fail(
                    "CS0119",
                    target.span,
                    format!("'{method}' is a method, which is not valid in the given context"),
                );
            }
            K::UnboundLambda(_) => {
                return self.fail(
                    "CS0023",
                    span,
                    "Operator '.' cannot be applied to operand of type 'lambda expression'",
                );
            }
            K::UnboundTuple(_)
            | K::UnboundDefault
            | K::UnboundNew(_)
            | K::UnboundCollection(_)
            | K::UnboundChoice { .. }
            | K::Throw(_)
            | K::Discard
            | K::OutVar { .. } => {
                let target = self.rvalue(target);
                let target = self.need_type(target);
                if target.is_error() {
                    return target;
                }
                return self.fail("CS0023", span, "Operator '.' cannot be applied to this operand");
            }
            _ => {}
        }
        if target.is_error() {
            return B::error(span);
        }
        if target.is_null() {
            return self.fail("CS0023", span, "Operator '.' cannot be applied to operand of type '<null>'");
        }
        if target.ty.is_void() {
            return self.fail("CS0023", span, "Operator '.' cannot be applied to operand of type 'void'");
        }
        let mut type_args = Vec::new();
        for arg in name.type_args.iter().flatten() {
            type_args.push(self.ty(arg));
        }
        if type_args.is_empty()
            && let Some(part) = self.part(&target, text, span)
        {
            return part;
        }
        if type_args.is_empty()
            && let Some((member, ty)) = self.find_get(target.ty, text)
            && !(invoked
                && !member.ret.is_delegate()
                && (!self.levels(target.ty, text, None).is_empty() || !self.registry.extensions(text).is_empty()))
        {
            if member.is_static {
                return self.fail(
                    "CS0176",
                    span,
                    format!("Member '{}.{text}' cannot be accessed with an instance reference; qualify it with a type name instead", target.ty),
                );
            }
            return self.get(&member, ty, Some(target), name.ident.span, span);
        }
        let on = target.ty;
        let exists = !self.levels(on, text, None).is_empty() || !self.registry.extensions(text).is_empty();
        if exists {
            return self.group(text, name.ident.span, Some(target), on, type_args, span);
        }
        if target.ty.is_delegate() && text == "Invoke" {
            return target;
        }
        self.no_member(on, text, name.ident.span, false)
    }

    /// A part of a tuple or an anonymous object.
    fn part(&mut self, target: &B<'a>, name: &str, span: Span) -> Option<B<'a>> {
        match target.ty.kind() {
            Kind::Anonymous { names, types } => {
                let index = names.iter().position(|n| &**n == name)?;
                Some(B::new(K::Field(Box::new(target.clone()), index), types[index], span))
            }
            Kind::Named { names, .. } if target.ty.is_tuple() => {
                let count = super::convert::tuple_parts(target.ty).len();
                let index = names
                    .as_ref()
                    .and_then(|names| names.iter().position(|n| n.as_deref() == Some(name)))
                    .or_else(|| {
                        name.strip_prefix("Item").and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1))
                    })
                    .filter(|i| *i < count)?;
                Some(self.tuple_item(target.clone(), index, span))
            }
            _ => None,
        }
    }

    pub(crate) fn tuple_item(&mut self, tuple: B<'a>, index: usize, span: Span) -> B<'a> {
        let ty = tuple.ty.underlying();
        if index >= 7 && ty.args().len() == 8 {
            let rest = B::new(K::Field(Box::new(tuple), 7), ty.args()[7], span);
            return self.tuple_item(rest, index - 7, span);
        }
        let part = ty.args().get(index).copied().unwrap_or_else(Type::error);
        B::new(K::Field(Box::new(tuple), index), part, span)
    }

    /// A property by name, for places that have no syntax for it.
    pub(crate) fn member_by_name(&mut self, target: B<'a>, name: &str, span: Span) -> B<'a> {
        if target.is_error() {
            return target;
        }
        if let Some(part) = self.part(&target, name, span) {
            return part;
        }
        match self.find_get(target.ty, name) {
            Some((member, ty)) if !member.is_static => self.get(&member, ty, Some(target), span, span),
            _ => self.no_member(target.ty, name, span, false),
        }
    }

    /// The readable property or field of a name, nearest declaration first.
    pub(crate) fn find_get(&self, on: Type, name: &str) -> Option<(Arc<Member>, Type)> {
        self.find_property(on, name, MemberKind::Get)
    }

    pub(crate) fn find_property(&self, on: Type, name: &str, kind: MemberKind) -> Option<(Arc<Member>, Type)> {
        for ty in std::iter::once(&on).chain(self.registry.supers(on)) {
            let Some(def) = ty.def() else { continue };
            let found = self
                .registry
                .declared(def, name)
                .into_iter()
                .find(|m| m.kind == kind && !m.row.hidden && !(m.row.core_only && self.settings.framework));
            if let Some(member) = found {
                return Some((member, *ty));
            }
        }
        None
    }

    /// Reads a property.
    pub(crate) fn get(
        &mut self,
        member: &Arc<Member>,
        on: Type,
        target: Option<B<'a>>,
        name_span: Span,
        span: Span,
    ) -> B<'a> {
        self.use_member(member, name_span);
        let ty = member.ret.substitute(on.args());
        if let Imp::Constant(constant) = member.row.imp {
            return B::constant(crate::run::constant_value(constant, ty), ty, span);
        }
        let args = target.into_iter().map(|value| Arg { value, mode: ParamMode::Value }).collect();
        let call = K::Call { member: Arc::clone(member), types: on.args().into(), args, lifted: false };
        B::new(call, ty, span)
    }

    fn static_member(&mut self, ty: Type, name: &'a ast::SimpleName, span: Span) -> B<'a> {
        let text = name.ident.name.as_str();
        if ty.is_error() {
            return B::error(span);
        }
        let mut type_args = Vec::new();
        for arg in name.type_args.iter().flatten() {
            type_args.push(self.ty(arg));
        }
        if ty.is_enum()
            && let Some(def) = ty.def()
            && let Some((_, value)) = def.values().iter().find(|(n, _)| *n == text)
        {
            let listed = def.is_listed() || def.is_host() || self.settings.lenient;
            if !listed {
                self.check_type_allowed(def, span);
            } else if !self.settings.lenient
                && PARTLY.iter().any(|(name, all)| *name == def.full_name() && !all.contains(&text))
            {
                let help = Some("it is not in the list of .NET members that policy expressions may use".to_owned());
                self.report_help("APIM002", span, format!("Member '{}.{text}' is not allowed", def.full_name()), help);
            }
            return B::constant(Value::Enum(ty, *value), ty, span);
        }
        if type_args.is_empty()
            && let Some((member, on)) = self.find_get(ty, text)
        {
            if !member.is_static {
                return self.fail(
                    "CS0120",
                    span,
                    format!(
                        "An object reference is required for the non-static field, method, or property '{ty}.{text}'"
                    ),
                );
            }
            return self.get(&member, on, None, name.ident.span, span);
        }
        if !self.levels(ty, text, None).is_empty() {
            return self.group(text, name.ident.span, None, ty, type_args, span);
        }
        // A nested type.
        if let Some(def) = ty.def() {
            let nested = format!("{}+{text}", def.full_name());
            if let Some(found) = self.registry.find(&nested, type_args.len()).first() {
                let found = *found;
                self.check_type_allowed(found, span);
                let ty = Type::generic(found, &type_args);
                return B::new(K::TypeName(ty), ty, span);
            }
        }
        self.no_member(ty, text, name.ident.span, true)
    }

    /// CS1061 and CS0117, with what was probably meant.
    pub(crate) fn no_member(&mut self, on: Type, name: &str, span: Span, is_static: bool) -> B<'a> {
        let mut names: Vec<&'static str> = Vec::new();
        for ty in std::iter::once(&on).chain(self.registry.supers(on)) {
            if let Some(def) = ty.def() {
                names.extend(
                    self.registry
                        .all_declared(def)
                        .iter()
                        .filter(|m| m.is_static == is_static && !m.row.hidden && m.name != ".ctor" && m.name != "this")
                        .filter(|m| matches!(m.kind, MemberKind::Get | MemberKind::Method))
                        .map(|m| m.name),
                );
                if is_static {
                    names.extend(def.values().iter().map(|(n, _)| *n));
                }
            }
        }
        if !is_static {
            names.extend(self.registry.extension_names());
        }
        if let Kind::Anonymous { names: parts, .. } = on.kind() {
            names.extend(parts.iter().map(|n| &**n));
        }
        let help = Self::suggestion(name, names);
        if is_static {
            self.report_help("CS0117", span, format!("'{on}' does not contain a definition for '{name}'"), help);
        } else {
            self.report_help(
                "CS1061",
                span,
                format!(
                    "'{on}' does not contain a definition for '{name}' and no accessible extension method '{name}' accepting a first argument of type '{on}' could be found (are you missing a using directive or an assembly reference?)"
                ),
                help,
            );
        }
        B::error(span)
    }

    /// `target[args]`.
    pub(crate) fn index(&mut self, target: B<'a>, args: &'a [ast::Argument], span: Span) -> B<'a> {
        if super::newer::ranges::is_from_end_or_range(args) {
            return self.index_from_end_or_range(target, args, span);
        }
        let given = self.given(args);
        if target.is_error() || given.iter().any(|g| g.value.is_error()) {
            return B::error(span);
        }
        self.index_bound(target, given, span)
    }

    pub(crate) fn index_bound(&mut self, target: B<'a>, given: Vec<Given<'a>>, span: Span) -> B<'a> {
        if let Kind::Array { element, rank } = target.ty.kind() {
            if given.len() != usize::from(*rank) {
                return self.fail("CS0022", span, format!("Wrong number of indices inside []; expected {rank}"));
            }
            let indexes = given.into_iter().map(|g| self.array_index(g.value)).collect();
            return B::new(K::Element { array: Box::new(target), indexes }, *element, span);
        }
        if target.is_null() || target.ty.is_void() {
            return self.fail(
                "CS0021",
                span,
                format!("Cannot apply indexing with [] to an expression of type '{}'", target.ty),
            );
        }
        self.indexer(target, given, MemberKind::IndexGet, span)
    }

    /// An array index or size: `int`, `uint`, `long` or `ulong`.
    pub(crate) fn array_index(&mut self, e: B<'a>) -> B<'a> {
        for ty in [Type::int(), Type::uint(), Type::long(), Type::ulong()] {
            if self.implicit(&e, ty).is_some() {
                return self.convert(e, ty);
            }
        }
        self.convert(e, Type::int())
    }

    pub(crate) fn indexer(&mut self, target: B<'a>, given: Vec<Given<'a>>, kind: MemberKind, span: Span) -> B<'a> {
        let on = target.ty;
        let mut misfits = Vec::new();
        let mut types = vec![on];
        types.extend_from_slice(self.registry.supers(on));
        for ty in types {
            let Some(def) = ty.def() else { continue };
            let mut fits = Vec::new();
            for member in self.registry.declared(def, "this") {
                if member.kind != kind || member.row.hidden {
                    continue;
                }
                match self.fit(&member, ty.args(), &[], &given) {
                    Ok(fit) => fits.push(fit),
                    Err(misfit) => misfits.push((member, misfit)),
                }
            }
            if !fits.is_empty() {
                return match self.best(fits, &given) {
                    Ok(fit) => self.build_call(&fit, Some(target), given, span, span),
                    Err(_) => self.fail("CS0121", span, "The call is ambiguous between indexers"),
                };
            }
        }
        if misfits.is_empty() {
            return self.fail("CS0021", span, format!("Cannot apply indexing with [] to an expression of type '{on}'"));
        }
        self.misfit("this", span, span, &misfits, &given, on, false)
    }

    /// `target?.access`.
    pub(crate) fn conditional_access(&mut self, target: &'a ast::Expr, access: &'a ast::Expr, span: Span) -> B<'a> {
        let target = self.typed(target);
        if target.is_error() {
            return B::error(span);
        }
        if !target.ty.takes_null() || target.is_null() {
            return self.fail(
                "CS0023",
                span,
                format!("Operator '?' cannot be applied to operand of type '{}'", target.ty),
            );
        }
        let temp = self.temp(target.ty.underlying(), target.span);
        let receiver = self.local_value(temp, target.span);
        self.receivers.push(receiver);
        let bound = self.expr(access);
        self.receivers.pop();
        let access = self.rvalue(bound);
        if access.is_error() {
            return B::error(span);
        }
        if matches!(access.kind, K::Methods(_)) {
            return self.fail("CS8977", access.span, "method group cannot be made nullable.");
        }
        let ty = if access.ty.is_value_type() { access.ty.nullable() } else { access.ty };
        B::new(K::Access { target: Box::new(target), temp, access: Box::new(access) }, ty, span)
    }
}
