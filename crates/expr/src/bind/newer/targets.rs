//! Expressions that take their type from where they stand: `new()`, `[a, ..b]`, `c ? 1 : null`; and lambdas that have one of their
//! own; `x with { … }`.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, K};
use super::super::overload::Given;
use crate::library::core::collections::LIST;
use crate::library::core::names;
use crate::syntax::LanguageVersion;
use crate::syntax::ast::{self, ExprKind as E, InitTarget, InitValue, Initializer};
use crate::types::{Kind, Type};

impl<'a> Binder<'a> {
    /// Can `new()` make one of these?
    pub(crate) fn is_new_target(&self, to: Type) -> bool {
        let to = to.underlying();
        to.def().is_some() && !to.is_interface() && !to.is_error() && !to.is_enum()
    }

    /// `new(…) { … }` of a type.
    pub(crate) fn new_of(&mut self, e: &'a ast::Expr, to: Type) -> B<'a> {
        let E::New { args, initializer, .. } = &e.kind else { return B::error(e.span) };
        let given = self.given(args.as_deref().unwrap_or(&[]));
        let created = self.construct(to.underlying(), given, e.span, e.span);
        let created = match initializer {
            Some(initializer) if !created.is_error() => self.initialize(created, initializer, e.span),
            _ => created,
        };
        self.convert(created, to)
    }

    /// The element type of what a collection expression makes.
    pub(crate) fn collection_element(&self, to: Type) -> Option<Type> {
        if let Kind::Array { element, rank: 1 } = to.kind() {
            return Some(*element);
        }
        let def = to.def()?;
        if to.is_interface() {
            let fits = matches!(
                def.simple_name(),
                "IEnumerable" | "IReadOnlyCollection" | "IReadOnlyList" | "ICollection" | "IList"
            );
            return (fits && to.args().len() == 1).then(|| to.args()[0]);
        }
        let adds = !self.registry.declared(def, "Add").is_empty() && to != Type::string();
        let of = self.registry.as_instance(to, &names::IENUMERABLE_OF)?;
        (adds && self.registry.declared(def, ".ctor").iter().any(|m| m.params.is_empty()))
            .then(|| of.args().first().copied())
            .flatten()
    }

    /// Do all elements become elements of this collection?
    pub(crate) fn collection_converts(&mut self, elements: &[(bool, B<'a>)], to: Type) -> bool {
        let Some(element) = self.collection_element(to) else { return false };
        elements.iter().all(|(spread, value)| {
            if *spread {
                self.element_of(value.ty).is_some_and(|of| self.standard(of, element).is_some())
            } else {
                self.implicit(value, element).is_some()
            }
        })
    }

    /// `[a, ..b]` as a collection.
    pub(crate) fn collection_of(&mut self, elements: Vec<(bool, B<'a>)>, to: Type, span: Span) -> B<'a> {
        let Some(element) = self.collection_element(to) else { return B::error(span) };
        let is_array = matches!(to.kind(), Kind::Array { .. });
        let readonly = to.is_interface() && !matches!(to.def().map(|d| d.simple_name()), Some("ICollection" | "IList"));
        if (is_array || readonly) && elements.iter().all(|(spread, _)| !spread) {
            let items: Vec<B<'a>> = elements.into_iter().map(|(_, item)| self.convert(item, element)).collect();
            let ty = Type::array_of_rank(element, 1);
            let array = B::new(K::ArrayOf { element, lengths: vec![items.len()], items }, ty, span);
            return self.convert(array, to);
        }
        let class = if is_array || to.is_interface() { Type::generic(&LIST, &[element]) } else { to };
        let created = self.construct(class, Vec::new(), span, span);
        let temp = self.temp(class, span);
        let list = self.local_value(temp, span);
        let mut effects =
            vec![B::new(K::Assign { target: Box::new(list.clone()), value: Box::new(created) }, class, span)];
        for (spread, value) in elements {
            if !spread {
                let value = self.convert(value, element);
                effects.push(self.add(&list, "Add", value, span));
                continue;
            }
            if class.is(&LIST) && self.element_of(value.ty).is_some_and(|of| of.same(element) || of.is_reference()) {
                let sequence = Type::enumerable(element);
                let value = self.convert(value, sequence);
                effects.push(self.add(&list, "AddRange", value, span));
                continue;
            }
            let message = "A spread of elements that have to be converted or added one by one is not carried out here; add them in a loop";
            return self.fail("CS8652", value.span, message);
        }
        if effects.iter().any(B::is_error) {
            return B::error(span);
        }
        let value = if is_array || readonly {
            let group = self.group("ToArray", span, Some(list), class, Vec::new(), span);
            let array = self.call_bound(group, Vec::new(), span);
            self.convert(array, to)
        } else {
            self.convert(list, to)
        };
        B::new(K::Sequence { effects, value: Box::new(value) }, to, span)
    }

    fn add(&mut self, list: &B<'a>, name: &str, value: B<'a>, span: Span) -> B<'a> {
        if value.is_error() {
            return value;
        }
        let group = self.group(name, span, Some(list.clone()), list.ty, Vec::new(), span);
        self.call_bound(group, vec![Given::plain(value)], span)
    }

    /// `x with { A = 1 }` of anonymous objects and tuples.
    pub(crate) fn with(&mut self, value: &'a ast::Expr, initializer: &'a Initializer, span: Span) -> B<'a> {
        let value = self.typed(value);
        if value.is_error() {
            return value;
        }
        let ty = value.ty;
        let (names, types): (Vec<Option<Box<str>>>, Vec<Type>) = match ty.kind() {
            Kind::Anonymous { names, types } => (names.iter().cloned().map(Some).collect(), types.to_vec()),
            Kind::Named { names, .. } if ty.is_tuple() && ty.args().len() < 8 => {
                let types = super::super::convert::tuple_parts(ty);
                (names.as_ref().map_or_else(|| vec![None; types.len()], |names| names.to_vec()), types)
            }
            _ => {
                let message = format!("The receiver type '{ty}' is not a valid record type and is not a struct type.");
                return self.fail("CS8858", value.span, message);
            }
        };
        let (stored, source) = self.held(value);
        let mut effects = vec![stored];
        let mut parts: Vec<B<'a>> =
            (0..types.len()).map(|i| B::new(K::Field(Box::new(source.clone()), i), types[i], span)).collect();
        let members: &[(InitTarget, InitValue)] = match initializer {
            Initializer::Object(members) => members,
            Initializer::Collection(_) => &[],
        };
        for (target, value) in members {
            let (InitTarget::Member(name), InitValue::Expr(value)) = (target, value) else {
                return self.fail("CS0747", span, "Invalid initializer member declarator");
            };
            let item = |i: usize| format!("Item{}", i + 1);
            let place = names
                .iter()
                .position(|n| n.as_deref() == Some(name.name.as_str()))
                .or_else(|| (0..types.len()).find(|i| ty.is_tuple() && item(*i) == name.name.as_str()));
            let Some(place) = place else { return self.no_member(ty, &name.name, name.span, false) };
            let value = self.value(value);
            let value = self.convert(value, types[place]);
            if value.is_error() {
                return value;
            }
            let (stored, local) = self.held(value);
            effects.push(stored);
            parts[place] = local;
        }
        let record = Box::new(B::new(K::Record(parts), ty, span));
        B::new(K::Sequence { effects, value: record }, ty, span)
    }

    /// The delegate type that a lambda or a local function has of its own.
    pub(crate) fn natural_delegate(&mut self, e: B<'a>) -> B<'a> {
        if self.settings.csharp < LanguageVersion::CSharp10 {
            return e;
        }
        let (inputs, result) = match &e.kind {
            K::UnboundLambda(syntax) => {
                let Some(inputs) = self.all_parameters(syntax) else { return e };
                let Some(result) = self.natural_result(&e, &inputs) else { return e };
                (inputs, result)
            }
            K::Methods(methods) => {
                let Some(function) = methods.local else { return e };
                let function = &self.functions[function.0];
                let plain = function.signature.iter().all(|s| s.mode == crate::library::ParamMode::Value);
                if !plain || function.type_params.len() != function.type_args.len() {
                    return e;
                }
                (function.signature.iter().map(|s| s.ty).collect::<Vec<_>>(), function.ret)
            }
            _ => return e,
        };
        let mut args = inputs;
        let name = if result.is_void() {
            "System.Action"
        } else {
            args.push(result);
            "System.Func"
        };
        let Some(def) = self.registry.find(name, args.len()).first().copied() else { return e };
        let ty = Type::generic(def, &args);
        self.convert(e, ty)
    }
}
