//! `new`: objects with initialisers, arrays, anonymous objects, delegates.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, K};
use super::overload::Given;
use crate::library::Shape;
use crate::syntax::ast::{self, ExprKind as E, InitTarget, InitValue, Initializer};
use crate::types::{Kind, Type};
use crate::value::Value;

impl<'a> Binder<'a> {
    pub(crate) fn new_object(
        &mut self,
        e: &'a ast::Expr,
        ty: Option<&'a ast::Type>,
        args: Option<&'a [ast::Argument]>,
        initializer: Option<&'a Initializer>,
    ) -> B<'a> {
        let span = e.span;
        let Some(written) = ty else { return B::new(K::UnboundNew(e), Type::void(), span) };
        let ty = self.ty(written);
        let given = self.given(args.unwrap_or(&[]));
        if ty.is_error() {
            return B::error(span);
        }
        let created = self.construct(ty, given, written.span, span);
        match initializer {
            Some(initializer) if !created.is_error() => self.initialize(created, initializer, span),
            _ => created,
        }
    }

    pub(crate) fn construct(&mut self, ty: Type, given: Vec<Given<'a>>, ty_span: Span, span: Span) -> B<'a> {
        if given.iter().any(|g| g.value.is_error()) {
            return B::error(span);
        }
        if ty.is_delegate() {
            let mut given = given;
            if given.len() != 1 {
                return self.fail("CS0149", span, "Method name expected");
            }
            let argument = given.remove(0).value;
            return self.convert(argument, ty);
        }
        let Some(def) = ty.def() else {
            return self.fail("CS0144", span, format!("Cannot create an instance of '{ty}'"));
        };
        if def.is_abstract() {
            return match def.shape() {
                Shape::Static => {
                    self.fail("CS0712", span, format!("Cannot create an instance of the static class '{ty}'"))
                }
                _ => self.fail(
                    "CS0144",
                    span,
                    format!("Cannot create an instance of the abstract class or interface '{ty}'"),
                ),
            };
        }
        if ty.is_value_type() && given.is_empty() {
            return B { ty, ..self.default_of(ty, span) };
        }
        let mut fits = Vec::new();
        let mut misfits = Vec::new();
        for member in self.registry.declared(def, ".ctor") {
            match self.fit(&member, ty.args(), &[], &given) {
                Ok(fit) => fits.push(fit),
                Err(misfit) => misfits.push((member, misfit)),
            }
        }
        if fits.is_empty() {
            let name = ty.csharp();
            return self.misfit(&name, span, ty_span, &misfits, &given, ty, true);
        }
        match self.best(fits, &given) {
            Ok(fit) => {
                let mut call = self.build_call(&fit, None, given, span, ty_span);
                call.ty = ty;
                call
            }
            Err(fits) => {
                let [a, b, ..] = fits.as_slice() else { return B::error(span) };
                let (a, b) = (super::overload::describe(&a.member), super::overload::describe(&b.member));
                self.fail(
                    "CS0121",
                    span,
                    format!("The call is ambiguous between the following methods or properties: '{a}' and '{b}'"),
                )
            }
        }
    }

    /// `created { … }`.
    pub(crate) fn initialize(&mut self, created: B<'a>, initializer: &'a Initializer, span: Span) -> B<'a> {
        let ty = created.ty;
        let temp = self.temp(ty, span);
        let object = self.local_value(temp, span);
        let mut effects =
            vec![B::new(K::Assign { target: Box::new(object.clone()), value: Box::new(created) }, ty, span)];
        self.initializer_effects(&object, initializer, &mut effects, span);
        if effects.iter().any(B::is_error) {
            return B::error(span);
        }
        B::new(K::Sequence { effects, value: Box::new(object) }, ty, span)
    }

    fn initializer_effects(
        &mut self,
        object: &B<'a>,
        initializer: &'a Initializer,
        effects: &mut Vec<B<'a>>,
        span: Span,
    ) {
        match initializer {
            Initializer::Object(members) => {
                for (target, value) in members {
                    let place = match target {
                        InitTarget::Member(ident) => {
                            let place = self.member_by_name(object.clone(), &ident.name, ident.span);
                            B { span: ident.span, ..place }
                        }
                        InitTarget::Index(args, at) => self.index(object.clone(), args, *at),
                    };
                    match value {
                        InitValue::Expr(value) => {
                            let Some(place) = self.place(place) else {
                                let _ = self.value(value);
                                effects.push(B::error(span));
                                continue;
                            };
                            let value = self.value(value);
                            let value = self.convert(value, place.ty);
                            let assigned = self.assign(place, value, span);
                            effects.push(assigned);
                        }
                        InitValue::Nested(nested) => {
                            let held = self.temp(place.ty, span);
                            let local = self.local_value(held, span);
                            let ty = place.ty;
                            effects.push(B::new(
                                K::Assign { target: Box::new(local.clone()), value: Box::new(place) },
                                ty,
                                span,
                            ));
                            self.initializer_effects(&local, nested, effects, span);
                        }
                    }
                }
            }
            Initializer::Collection(elements) => {
                let enumerable = Type::of(&crate::library::core::names::IENUMERABLE);
                if self.standard(object.ty, enumerable).is_none() {
                    let ty = object.ty;
                    effects.push(self.fail(
                        "CS1922",
                        span,
                        format!("Cannot initialize type '{ty}' with a collection initializer because it does not implement 'System.Collections.IEnumerable'"),
                    ));
                    return;
                }
                for element in elements {
                    let at = element.first().map_or(span, |e| e.span);
                    let given: Vec<Given<'a>> = element.iter().map(|e| Given::plain(self.value(e))).collect();
                    if given.iter().any(|g| g.value.is_error()) {
                        effects.push(B::error(at));
                        continue;
                    }
                    let group = self.group("Add", at, Some(object.clone()), object.ty, Vec::new(), at);
                    let call = self.call_bound(group, given, at);
                    effects.push(call);
                }
            }
        }
    }

    pub(crate) fn anonymous(&mut self, members: &'a [ast::AnonymousMember], span: Span) -> B<'a> {
        let mut names: Vec<Box<str>> = Vec::new();
        let mut types = Vec::new();
        let mut parts = Vec::new();
        let mut bad = false;
        for member in members {
            let value = self.value(&member.value);
            let name = match &member.name {
                Some(name) => Some(Box::from(name.name.as_str())),
                None => super::expr::inferred_name(&member.value),
            };
            let Some(name) = name else {
                self.report(
                    "CS0746",
                    member.value.span,
                    "Invalid anonymous type member declarator. Anonymous type members must be declared with a member assignment, simple name or member access.",
                );
                bad = true;
                continue;
            };
            if value.is_error() {
                bad = true;
                continue;
            }
            if value.is_typeless() || value.ty.is_void() {
                let shown = match &value.kind {
                    K::UnboundLambda(_) => "lambda expression".to_owned(),
                    K::Methods(_) => "method group".to_owned(),
                    _ => value.ty.csharp(),
                };
                self.report("CS0828", member.value.span, format!("Cannot assign {shown} to anonymous type property"));
                bad = true;
                continue;
            }
            if names.contains(&name) {
                self.report(
                    "CS0833",
                    member.value.span,
                    "An anonymous type cannot have multiple properties with the same name",
                );
                bad = true;
                continue;
            }
            names.push(name);
            types.push(value.ty);
            parts.push(value);
        }
        if bad {
            return B::error(span);
        }
        let ty = Type::intern(Kind::Anonymous { names: names.into(), types: types.into() });
        B::new(K::Record(parts), ty, span)
    }

    pub(crate) fn new_array(
        &mut self,
        ty: &'a ast::Type,
        sizes: &'a [ast::Expr],
        initializer: Option<&'a ast::Expr>,
        span: Span,
    ) -> B<'a> {
        let array = self.ty(ty);
        let sizes: Vec<B<'a>> = sizes
            .iter()
            .map(|s| {
                let size = self.value(s);
                self.array_index(size)
            })
            .collect();
        let Kind::Array { element, rank } = array.kind() else { return B::error(span) };
        if sizes.iter().any(B::is_error) {
            return B::error(span);
        }
        for size in &sizes {
            if size.constant.as_ref().and_then(Value::integer).is_some_and(|n| n < 0) {
                return self.fail("CS0248", size.span, "Cannot create an array with a negative size");
            }
        }
        if let Some(initializer) = initializer {
            let out = self.array_of(*element, usize::from(*rank), initializer, span);
            if let K::ArrayOf { lengths, .. } = &out.kind {
                for (size, length) in sizes.iter().zip(lengths) {
                    match size.constant.as_ref().and_then(Value::integer) {
                        Some(n) if usize::try_from(n).ok() == Some(*length) => {}
                        Some(n) => {
                            let at = initializer.span;
                            return self.fail(
                                "CS0847",
                                at,
                                format!("An array initializer of length '{n}' is expected"),
                            );
                        }
                        None => return self.fail("CS0150", size.span, "A constant value is expected"),
                    }
                }
            }
            return out;
        }
        if sizes.is_empty() {
            return self.fail("CS1586", span, "Array creation must have array size or array initializer");
        }
        B::new(K::NewArray { element: *element, sizes }, array, span)
    }

    /// `{ … }` as an array of a known element type.
    pub(crate) fn array_of(&mut self, element: Type, rank: usize, initializer: &'a ast::Expr, span: Span) -> B<'a> {
        let mut lengths = vec![None; rank];
        let mut items = Vec::new();
        if !self.array_items(element, initializer, 0, &mut lengths, &mut items) {
            return B::error(span);
        }
        let ty = Type::array_of_rank(element, u8::try_from(rank).unwrap_or(1));
        let lengths = lengths.into_iter().map(|l| l.unwrap_or(0)).collect();
        B::new(K::ArrayOf { element, lengths, items }, ty, span)
    }

    fn array_items(
        &mut self,
        element: Type,
        initializer: &'a ast::Expr,
        depth: usize,
        lengths: &mut Vec<Option<usize>>,
        items: &mut Vec<B<'a>>,
    ) -> bool {
        let E::ArrayInitializer(elements) = &initializer.kind else {
            self.report("CS0846", initializer.span, "A nested array initializer is expected");
            return false;
        };
        match lengths[depth] {
            None => lengths[depth] = Some(elements.len()),
            Some(n) if n != elements.len() => {
                self.report("CS0847", initializer.span, format!("An array initializer of length '{n}' is expected"));
                return false;
            }
            Some(_) => {}
        }
        let mut good = true;
        for item in elements {
            if depth + 1 < lengths.len() {
                good &= self.array_items(element, item, depth + 1, lengths, items);
            } else {
                let value = if matches!(item.kind, E::ArrayInitializer(_)) {
                    self.fail("CS0623", item.span, "Array initializers can only be used in a variable or field initializer. Try using a new expression instead.")
                } else {
                    self.value(item)
                };
                let value = self.convert(value, element);
                good &= !value.is_error();
                items.push(value);
            }
        }
        good
    }

    pub(crate) fn implicit_array(&mut self, rank: usize, initializer: &'a ast::Expr, span: Span) -> B<'a> {
        let mut lengths = vec![None; rank];
        let mut flat = Vec::new();
        if !self.flatten(initializer, 0, &mut lengths, &mut flat) {
            return B::error(span);
        }
        if flat.iter().any(B::is_error) {
            return B::error(span);
        }
        let Some(element) = self.best_common(&flat) else {
            return self.fail("CS0826", span, "No best type found for implicitly-typed array");
        };
        let items = flat.into_iter().map(|item| self.convert(item, element)).collect();
        let ty = Type::array_of_rank(element, u8::try_from(rank).unwrap_or(1));
        let lengths = lengths.into_iter().map(|l| l.unwrap_or(0)).collect();
        B::new(K::ArrayOf { element, lengths, items }, ty, span)
    }

    fn flatten(
        &mut self,
        initializer: &'a ast::Expr,
        depth: usize,
        lengths: &mut Vec<Option<usize>>,
        out: &mut Vec<B<'a>>,
    ) -> bool {
        let E::ArrayInitializer(elements) = &initializer.kind else {
            self.report("CS0846", initializer.span, "A nested array initializer is expected");
            return false;
        };
        match lengths[depth] {
            None => lengths[depth] = Some(elements.len()),
            Some(n) if n != elements.len() => {
                self.report("CS0847", initializer.span, format!("An array initializer of length '{n}' is expected"));
                return false;
            }
            Some(_) => {}
        }
        for item in elements {
            if depth + 1 < lengths.len() {
                if !self.flatten(item, depth + 1, lengths, out) {
                    return false;
                }
            } else {
                let value = self.value(item);
                out.push(value);
            }
        }
        true
    }
}
