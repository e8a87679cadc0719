//! Type inference of generic methods: both phases, with lambdas and method groups.

use super::Binder;
use super::bound::{B, K};
use super::overload::Given;
use crate::library::{Member, ParamMode};
use crate::types::{Kind, Type};

#[derive(Clone, Default)]
struct Bounds {
    exact: Vec<Type>,
    lower: Vec<Type>,
    upper: Vec<Type>,
    fixed: Option<Type>,
}

struct Inference {
    base: usize,
    bounds: Vec<Bounds>,
    class: Vec<Type>,
}

impl Inference {
    fn index(&self, ty: Type) -> Option<usize> {
        match ty.kind() {
            Kind::Param { index, .. } => (*index as usize).checked_sub(self.base).filter(|i| *i < self.bounds.len()),
            _ => None,
        }
    }

    fn unfixed(&self, ty: Type) -> bool {
        match ty.kind() {
            Kind::Param { .. } => self.index(ty).is_some_and(|i| self.bounds[i].fixed.is_none()),
            Kind::Named { args, .. } => args.iter().any(|t| self.unfixed(*t)),
            Kind::Array { element, .. } => self.unfixed(*element),
            Kind::Anonymous { types, .. } => types.iter().any(|t| self.unfixed(*t)),
            _ => false,
        }
    }

    fn substitute(&self, ty: Type) -> Type {
        let mut all = self.class.clone();
        all.truncate(self.base);
        while all.len() < self.base {
            all.push(Type::object());
        }
        for (offset, bounds) in self.bounds.iter().enumerate() {
            all.push(
                bounds.fixed.unwrap_or_else(|| Type::param(u16::try_from(self.base + offset).unwrap_or(u16::MAX), "?")),
            );
        }
        ty.substitute(&all)
    }
}

fn add(list: &mut Vec<Type>, ty: Type) {
    if !list.contains(&ty) {
        list.push(ty);
    }
}

impl<'a> Binder<'a> {
    /// The type arguments of a generic member for these arguments; `class` are those of its type.
    /// `pairs` are (parameter type, argument) of the form being tried.
    pub(crate) fn infer(
        &mut self,
        member: &Member,
        class: &[Type],
        pairs: &[(Type, ParamMode, &Given<'a>)],
    ) -> Option<Vec<Type>> {
        let found = self.infer_parameters(member.def.arity(), member.type_params.len(), class, pairs)?;
        for (fixed, only) in found.iter().zip(&member.struct_only) {
            if *only && (!fixed.is_value_type() || fixed.nullable_of().is_some()) {
                return None;
            }
        }
        Some(found)
    }

    /// As [`Self::infer`], for type parameters `base..base + count`.
    pub(crate) fn infer_parameters(
        &mut self,
        base: usize,
        count: usize,
        class: &[Type],
        pairs: &[(Type, ParamMode, &Given<'a>)],
    ) -> Option<Vec<Type>> {
        let mut inference = Inference { base, bounds: vec![Bounds::default(); count], class: class.to_vec() };
        // Phase one.
        for (ty, mode, given) in pairs {
            self.phase_one(&mut inference, &given.value, *ty, *mode);
        }
        // Phase two.
        let mut done = vec![false; pairs.len()];
        for _ in 0..=inference.bounds.len() + pairs.len() {
            if inference.bounds.iter().all(|b| b.fixed.is_some()) {
                break;
            }
            // Parameters that no lambda still to come will say something about, or that have bounds and nothing depends on.
            let mut progress = false;
            let waiting: Vec<usize> = (0..inference.bounds.len())
                .filter(|i| {
                    inference.bounds[*i].fixed.is_none()
                        && !pairs
                            .iter()
                            .enumerate()
                            .any(|(p, (ty, _, given))| !done[p] && self.output_mentions(&inference, *ty, given, *i))
                })
                .collect();
            for index in waiting {
                if has_bounds(&inference.bounds[index]) {
                    self.fix(&mut inference, index)?;
                    progress = true;
                }
            }
            if !progress {
                // Those that input types of lambdas depend on.
                let inputs: Vec<usize> = (0..inference.bounds.len())
                    .filter(|i| {
                        inference.bounds[*i].fixed.is_none()
                            && has_bounds(&inference.bounds[*i])
                            && pairs
                                .iter()
                                .enumerate()
                                .any(|(p, (ty, _, given))| !done[p] && self.input_mentions(&inference, *ty, given, *i))
                    })
                    .collect();
                for index in inputs {
                    self.fix(&mut inference, index)?;
                    progress = true;
                }
            }
            for (p, (ty, _, given)) in pairs.iter().enumerate() {
                if done[p] || !matches!(given.value.kind, K::UnboundLambda(_) | K::Methods(_)) {
                    continue;
                }
                let Some((inputs, output)) = self.registry.delegate(*ty) else { continue };
                if inputs.iter().any(|(t, _)| inference.unfixed(*t)) || !inference.unfixed(output) {
                    continue;
                }
                let inputs: Vec<Type> = inputs.iter().map(|(t, _)| inference.substitute(*t)).collect();
                done[p] = true;
                progress = true;
                let result = match &given.value.kind {
                    K::UnboundLambda(_) => self.lambda_result(&given.value, &inputs),
                    _ => self.group_result(&given.value, &inputs),
                };
                if let Some(result) = result {
                    self.lower(&mut inference, result, output, 0);
                }
            }
            if !progress {
                break;
            }
        }
        for index in 0..inference.bounds.len() {
            if inference.bounds[index].fixed.is_none() {
                if !has_bounds(&inference.bounds[index]) {
                    return None;
                }
                self.fix(&mut inference, index)?;
            }
        }
        inference.bounds.into_iter().map(|b| b.fixed).collect()
    }

    fn output_mentions(&self, inference: &Inference, ty: Type, given: &Given<'a>, index: usize) -> bool {
        if !matches!(given.value.kind, K::UnboundLambda(_) | K::Methods(_)) {
            return false;
        }
        self.registry.delegate(ty).is_some_and(|(_, output)| mentions(inference, output, index))
    }

    fn input_mentions(&self, inference: &Inference, ty: Type, given: &Given<'a>, index: usize) -> bool {
        if !matches!(given.value.kind, K::UnboundLambda(_) | K::Methods(_)) {
            return false;
        }
        self.registry.delegate(ty).is_some_and(|(inputs, _)| inputs.iter().any(|(t, _)| mentions(inference, *t, index)))
    }

    fn phase_one(&mut self, inference: &mut Inference, e: &B<'a>, ty: Type, mode: ParamMode) {
        match &e.kind {
            K::UnboundLambda(_) => {
                if let Some(types) = self.explicit_parameters(e)
                    && let Some((inputs, _)) = self.registry.delegate(ty)
                {
                    for (given, (declared, _)) in types.into_iter().zip(inputs) {
                        exact(self, inference, given, declared);
                    }
                }
            }
            K::UnboundTuple(parts) if ty.is_tuple() => {
                let types = super::convert::tuple_parts(ty);
                for ((_, part), ty) in parts.clone().iter().zip(types) {
                    self.phase_one(inference, part, ty, mode);
                }
            }
            // `out DayOfWeek day`: the written type is what is passed.
            K::OutVar { .. } if !e.ty.is_void() && !e.ty.is_error() => exact(self, inference, e.ty, ty),
            K::Methods(_)
            | K::UnboundDefault
            | K::UnboundNew(_)
            | K::OutVar { .. }
            | K::Discard
            | K::Error
            | K::Throw(_) => {}
            K::UnboundCollection(elements) => {
                let Some(element) = self.collection_element(ty) else { return };
                for (spread, value) in elements {
                    if !spread {
                        self.phase_one(inference, value, element, ParamMode::Value);
                    } else if let Some(of) = self.element_of(value.ty) {
                        self.lower(inference, of, element, 0);
                    }
                }
            }
            K::UnboundChoice { then, otherwise, .. } => {
                self.phase_one(inference, then, ty, mode);
                self.phase_one(inference, otherwise, ty, mode);
            }
            _ if e.ty.is_null() || e.ty.is_error() || e.ty.is_void() => {}
            _ => {
                if matches!(mode, ParamMode::Ref | ParamMode::Out) {
                    exact(self, inference, e.ty, ty);
                } else {
                    self.lower(inference, e.ty, ty, 0);
                }
            }
        }
    }

    fn lower(&self, inference: &mut Inference, from: Type, to: Type, depth: usize) {
        if depth > 16 {
            return;
        }
        if let Some(index) = inference.index(to) {
            if inference.bounds[index].fixed.is_none() {
                add(&mut inference.bounds[index].lower, from);
            }
            return;
        }
        if !inference.unfixed(to) {
            return;
        }
        if let (Kind::Array { element: a, rank: x }, Kind::Array { element: b, rank: y }) = (from.kind(), to.kind()) {
            if x == y {
                if a.is_reference() {
                    self.lower(inference, *a, *b, depth + 1);
                } else {
                    exact(self, inference, *a, *b);
                }
            }
            return;
        }
        if let (Some(a), Some(b)) = (from.nullable_of(), to.nullable_of()) {
            self.lower(inference, a, b, depth + 1);
            return;
        }
        if let Some(b) = to.nullable_of() {
            if from.is_value_type() {
                self.lower(inference, from, b, depth + 1);
            }
            return;
        }
        let Some(def) = to.def() else { return };
        let mut found: Vec<Type> = Vec::new();
        if from.is(def) {
            found.push(from);
        } else {
            for ty in self.registry.supers(from) {
                if ty.is(def) && !found.contains(ty) {
                    found.push(*ty);
                }
            }
        }
        let [found] = found.as_slice() else { return };
        for ((_, variance), (a, b)) in def.variance().iter().zip(found.args().iter().zip(to.args())) {
            if a.is_reference() && *variance == 1 {
                self.lower(inference, *a, *b, depth + 1);
            } else if a.is_reference() && *variance == -1 {
                self.upper(inference, *a, *b, depth + 1);
            } else {
                exact(self, inference, *a, *b);
            }
        }
    }

    fn upper(&self, inference: &mut Inference, from: Type, to: Type, depth: usize) {
        if depth > 16 {
            return;
        }
        if let Some(index) = inference.index(to) {
            if inference.bounds[index].fixed.is_none() {
                add(&mut inference.bounds[index].upper, from);
            }
            return;
        }
        if !inference.unfixed(to) {
            return;
        }
        if let (Some(a), Some(b)) = (from.def(), to.def())
            && std::ptr::eq(a, b)
        {
            for ((_, variance), (x, y)) in b.variance().iter().zip(from.args().iter().zip(to.args())) {
                if x.is_reference() && *variance == 1 {
                    self.upper(inference, *x, *y, depth + 1);
                } else if x.is_reference() && *variance == -1 {
                    self.lower(inference, *x, *y, depth + 1);
                } else {
                    exact(self, inference, *x, *y);
                }
            }
        }
    }

    fn fix(&mut self, inference: &mut Inference, index: usize) -> Option<()> {
        let bounds = inference.bounds[index].clone();
        let mut candidates: Vec<Type> = Vec::new();
        for ty in bounds.exact.iter().chain(&bounds.lower).chain(&bounds.upper) {
            if !candidates.iter().any(|c| c.same(*ty)) {
                candidates.push(*ty);
            }
        }
        for exact in &bounds.exact {
            candidates.retain(|c| c.same(*exact));
        }
        for lower in &bounds.lower {
            candidates.retain(|c| self.standard(*lower, *c).is_some());
        }
        for upper in &bounds.upper {
            candidates.retain(|c| self.standard(*c, *upper).is_some());
        }
        let best = candidates
            .iter()
            .copied()
            .find(|c| candidates.iter().all(|o| o == c || self.standard(*o, *c).is_some()))
            .or_else(|| (candidates.len() == 1).then(|| candidates[0]))?;
        inference.bounds[index].fixed = Some(best);
        Some(())
    }

    /// The best common type of expressions: of `new[] { … }`, `?:` and lambda results.
    pub(crate) fn best_common(&mut self, items: &[B<'a>]) -> Option<Type> {
        let mut types: Vec<Type> = Vec::new();
        for item in items {
            if item.is_typeless() || item.is_error() || item.ty.is_void() || matches!(item.kind, K::Throw(_)) {
                continue;
            }
            if !types.iter().any(|t| t.same(item.ty)) {
                types.push(item.ty);
            }
        }
        let mut best = None;
        for candidate in &types {
            let fits = items.iter().all(|item| item.is_error() || self.implicit(item, *candidate).is_some());
            if fits {
                match best {
                    None => best = Some(*candidate),
                    // Two of them convert to each other by constants: the first that all types convert to.
                    Some(other) if self.standard(other, *candidate).is_some() => best = Some(*candidate),
                    Some(_) => {}
                }
            }
        }
        best
    }
}

fn mentions(inference: &Inference, ty: Type, index: usize) -> bool {
    match ty.kind() {
        Kind::Param { .. } => inference.index(ty) == Some(index),
        Kind::Named { args, .. } => args.iter().any(|t| mentions(inference, *t, index)),
        Kind::Array { element, .. } => mentions(inference, *element, index),
        _ => false,
    }
}

fn has_bounds(bounds: &Bounds) -> bool {
    !(bounds.exact.is_empty() && bounds.lower.is_empty() && bounds.upper.is_empty())
}

fn exact(binder: &Binder<'_>, inference: &mut Inference, from: Type, to: Type) {
    let _ = binder;
    if let Some(index) = inference.index(to) {
        if inference.bounds[index].fixed.is_none() {
            add(&mut inference.bounds[index].exact, from);
        }
        return;
    }
    match (from.kind(), to.kind()) {
        (Kind::Array { element: a, rank: x }, Kind::Array { element: b, rank: y }) if x == y => {
            exact(binder, inference, *a, *b);
        }
        (Kind::Named { def: a, args: x, .. }, Kind::Named { def: b, args: y, .. }) if a == b => {
            for (s, t) in x.iter().zip(y) {
                exact(binder, inference, *s, *t);
            }
        }
        _ => {}
    }
}
