//! Overload resolution.

mod misfit;

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, K};
use crate::library::{Member, Param, ParamMode};
use crate::syntax::ast::{self, ArgModifier};
use crate::types::{Type, is_integer};

/// An argument as given.
#[derive(Clone)]
pub(crate) struct Given<'a> {
    pub(crate) value: B<'a>,
    pub(crate) name: Option<ast::Ident>,
    pub(crate) modifier: ArgModifier,
}

impl<'a> Given<'a> {
    pub(crate) fn plain(value: B<'a>) -> Self {
        Self { value, name: None, modifier: ArgModifier::None }
    }
}

/// Where a parameter's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Given(usize),
    Default,
    Params(Vec<usize>),
}

impl Slot {
    /// The argument it comes from; defaults come last.
    pub(crate) fn source(&self) -> usize {
        match self {
            Self::Given(index) => *index,
            Self::Params(indexes) => indexes.first().copied().unwrap_or(usize::MAX),
            Self::Default => usize::MAX,
        }
    }
}

/// A candidate that fits.
#[derive(Clone)]
pub(crate) struct Fit {
    pub(crate) member: Arc<Member>,
    pub(crate) types: Vec<Type>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) expanded: bool,
    /// Parameter type for each given argument.
    wants: Vec<Type>,
    defaults: usize,
}

/// Why a candidate does not fit.
pub(crate) enum Misfit {
    Count,
    Missing(String),
    Name(ast::Ident),
    Inference,
    Argument { index: usize, want: Type, mode: ParamMode },
}

impl<'a> Binder<'a> {
    /// Tries one candidate in its normal and then its expanded form.
    /// `types` are the type arguments of the declaring type; `skip` is 1 when the receiver is not among `given`.
    pub(crate) fn fit(
        &mut self,
        member: &Arc<Member>,
        class: &[Type],
        type_args: &[Type],
        given: &[Given<'a>],
    ) -> Result<Fit, Misfit> {
        if !type_args.is_empty() && type_args.len() != member.type_params.len() {
            return Err(Misfit::Count);
        }
        match self.fit_form(member, class, type_args, given, false) {
            Ok(fit) => Ok(fit),
            Err(error) if member.params.last().is_some_and(|p| p.mode == ParamMode::Params) => {
                match self.fit_form(member, class, type_args, given, true) {
                    Ok(fit) => Ok(fit),
                    Err(expanded) => {
                        Err(if matches!(error, Misfit::Count | Misfit::Missing(_)) { expanded } else { error })
                    }
                }
            }
            Err(error) => Err(error),
        }
    }

    fn fit_form(
        &mut self,
        member: &Arc<Member>,
        class: &[Type],
        type_args: &[Type],
        given: &[Given<'a>],
        expanded: bool,
    ) -> Result<Fit, Misfit> {
        let params = &member.params;
        let slots = assign(params, given, expanded)?;
        let mut pairs: Vec<(Type, ParamMode, usize)> = Vec::new();
        for (param, slot) in params.iter().zip(&slots) {
            match slot {
                Slot::Given(index) => pairs.push((param.ty, param.mode, *index)),
                Slot::Params(indexes) => {
                    let element = param.ty.element().unwrap_or(param.ty);
                    pairs.extend(indexes.iter().map(|i| (element, ParamMode::Value, *i)));
                }
                Slot::Default => {}
            }
        }
        // Passing modes first: they are cheap and decide most overloads with `out`.
        for (_, mode, index) in &pairs {
            let want = match mode {
                ParamMode::Ref => ArgModifier::Ref,
                ParamMode::Out => ArgModifier::Out,
                _ => ArgModifier::None,
            };
            let have = given[*index].modifier;
            if have != want && !(have == ArgModifier::In && want == ArgModifier::None) {
                let ty = pairs.iter().find(|p| p.2 == *index).map_or_else(Type::error, |p| p.0);
                return Err(Misfit::Argument { index: *index, want: ty, mode: *mode });
            }
        }
        let mut types = class.to_vec();
        types.resize(member.def.arity(), Type::object());
        if !member.type_params.is_empty() {
            if type_args.is_empty() {
                let open: Vec<(Type, ParamMode, &Given<'a>)> = pairs
                    .iter()
                    .map(|(ty, mode, index)| (substitute_class(*ty, &types), *mode, &given[*index]))
                    .collect();
                let inferred = self.infer(member, class, &open).ok_or(Misfit::Inference)?;
                types.extend(inferred);
            } else {
                types.extend_from_slice(type_args);
            }
        }
        let mut wants = vec![Type::error(); given.len()];
        for (ty, mode, index) in &pairs {
            let want = ty.substitute(&types);
            wants[*index] = want;
            let argument = &given[*index];
            let fits = match mode {
                ParamMode::Ref | ParamMode::Out => {
                    matches!(argument.value.kind, K::OutVar { .. } | K::Discard | K::Error)
                        && self.out_fits(&argument.value, want)
                        || argument.value.ty.same(want)
                }
                _ => self.implicit(&argument.value, want).is_some(),
            };
            if !fits {
                return Err(Misfit::Argument { index: *index, want, mode: *mode });
            }
        }
        let defaults = slots.iter().filter(|s| matches!(s, Slot::Default)).count();
        Ok(Fit { member: Arc::clone(member), types, slots, expanded, wants, defaults })
    }

    fn out_fits(&mut self, value: &B<'a>, want: Type) -> bool {
        match &value.kind {
            // `out int x`: the written type must be the parameter's.
            K::OutVar { .. } => value.ty.is_void() || value.ty.same(want),
            _ => true,
        }
    }

    /// The best of the candidates that fit.
    pub(crate) fn best(&mut self, fits: Vec<Fit>, given: &[Given<'a>]) -> Result<Fit, Vec<Fit>> {
        if fits.len() == 1 {
            return fits.into_iter().next().ok_or_else(Vec::new);
        }
        for (index, fit) in fits.iter().enumerate() {
            let wins = fits.iter().enumerate().all(|(other, rival)| other == index || self.better(fit, rival, given));
            if wins {
                return Ok(fit.clone());
            }
        }
        Err(fits)
    }

    fn better(&mut self, a: &Fit, b: &Fit, given: &[Given<'a>]) -> bool {
        let (mut better, mut worse) = (false, false);
        for (index, argument) in given.iter().enumerate() {
            let (x, y) = (a.wants[index], b.wants[index]);
            match self.better_conversion(&argument.value, x, y) {
                std::cmp::Ordering::Greater => better = true,
                std::cmp::Ordering::Less => worse = true,
                std::cmp::Ordering::Equal => {}
            }
        }
        if better != worse {
            return better;
        }
        if better && worse {
            return false;
        }
        let same = a.wants.iter().zip(&b.wants).all(|(x, y)| x.same(*y));
        if !same {
            // `"a b".Split(null)`: the compiler prefers the candidate that needs no default argument here too.
            return a.defaults == 0 && b.defaults > 0;
        }
        let generic = |f: &Fit| !f.member.type_params.is_empty();
        if generic(a) != generic(b) {
            return !generic(a);
        }
        if a.expanded != b.expanded {
            return !a.expanded;
        }
        if a.expanded && a.member.params.len() != b.member.params.len() {
            return a.member.params.len() > b.member.params.len();
        }
        if (a.defaults == 0) != (b.defaults == 0) {
            return a.defaults == 0;
        }
        // More specific declared parameter types.
        let declared = |f: &Fit| -> Vec<Type> { f.member.params.iter().map(|p| p.ty).collect() };
        let (x, y) = (declared(a), declared(b));
        let (mut more, mut less) = (false, false);
        for (s, t) in x.iter().zip(&y) {
            match specific(*s, *t) {
                1 => more = true,
                -1 => less = true,
                _ => {}
            }
        }
        if more != less {
            return more;
        }
        // A host row, or a row declared first, settles what rows repeat.
        a.member.def.is_host() && !b.member.def.is_host()
    }

    /// `Greater`: the conversion to `x` is better.
    fn better_conversion(&mut self, e: &B<'a>, x: Type, y: Type) -> std::cmp::Ordering {
        use std::cmp::Ordering::{Equal, Greater, Less};
        if x.same(y) {
            return Equal;
        }
        if let K::UnboundLambda(_) | K::Methods(_) = &e.kind {
            let (Some((px, rx)), Some((py, ry))) = (self.registry.delegate(x), self.registry.delegate(y)) else {
                return self.better_target(x, y);
            };
            let same = px.len() == py.len() && px.iter().zip(&py).all(|((a, _), (b, _))| a.same(*b));
            if same {
                if rx.same(ry) {
                    return self.better_target(x, y);
                }
                if ry.is_void() {
                    return Greater;
                }
                if rx.is_void() {
                    return Less;
                }
                let inputs: Vec<Type> = px.iter().map(|(t, _)| *t).collect();
                let result = match &e.kind {
                    K::UnboundLambda(_) => self.lambda_result(e, &inputs),
                    _ => self.group_result(e, &inputs),
                };
                if let Some(result) = result {
                    if result.same(rx) {
                        return Greater;
                    }
                    if result.same(ry) {
                        return Less;
                    }
                }
                return self.better_target(rx, ry);
            }
            return self.better_target(x, y);
        }
        let exact = |t: Type| !e.is_typeless() && e.ty.same(t);
        match (exact(x), exact(y)) {
            (true, false) => return Greater,
            (false, true) => return Less,
            _ => {}
        }
        self.better_target(x, y)
    }

    fn better_target(&self, x: Type, y: Type) -> std::cmp::Ordering {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let (to_y, to_x) = (self.implicit_type(x, y), self.implicit_type(y, x));
        if to_y != to_x {
            return if to_y { Greater } else { Less };
        }
        let signed = |t: Type| {
            let t = t.underlying();
            t == Type::sbyte() || t == Type::short() || t == Type::int() || t == Type::long()
        };
        let unsigned = |t: Type| {
            let t = t.underlying();
            is_integer(t) && !(t == Type::sbyte() || t == Type::short() || t == Type::int() || t == Type::long())
        };
        if signed(x) && unsigned(y) {
            return Greater;
        }
        if unsigned(x) && signed(y) {
            return Less;
        }
        Equal
    }

    /// The arguments of a call, converted, in the order of the parameters.
    pub(crate) fn arguments(&mut self, fit: &Fit, given: Vec<Given<'a>>, span: Span) -> Vec<Arg<'a>> {
        let mut given: Vec<Option<Given<'a>>> = given.into_iter().map(Some).collect();
        let mut args = Vec::with_capacity(fit.slots.len());
        for (param, slot) in fit.member.params.iter().zip(&fit.slots) {
            let ty = param.ty.substitute(&fit.types);
            let value = match slot {
                Slot::Given(index) => {
                    let Some(argument) = given.get_mut(*index).and_then(Option::take) else { continue };
                    match param.mode {
                        ParamMode::Ref | ParamMode::Out => self.by_reference(argument.value, ty, param.mode),
                        _ => self.convert(argument.value, ty),
                    }
                }
                Slot::Params(indexes) => {
                    let element = ty.element().unwrap_or_else(Type::object);
                    let items: Vec<B<'a>> = indexes
                        .iter()
                        .filter_map(|i| given.get_mut(*i).and_then(Option::take))
                        .map(|g| self.convert(g.value, element))
                        .collect();
                    let lengths = vec![items.len()];
                    B::new(K::ArrayOf { element, lengths, items }, ty, span)
                }
                Slot::Default => self.default_argument(param, ty, span),
            };
            args.push(Arg { value, mode: param.mode });
        }
        args
    }

    fn default_argument(&mut self, param: &Param, ty: Type, span: Span) -> B<'a> {
        match param.default {
            Some(crate::library::Default::Null) | None => self.default_of(ty, span),
            Some(default) => B { kind: K::Const, ty, span, constant: Some(crate::run::constant_value(default, ty)) },
        }
    }

    /// An `out` or `ref` argument: a place.
    pub(crate) fn by_reference(&mut self, value: B<'a>, ty: Type, mode: ParamMode) -> B<'a> {
        let span = value.span;
        match value.kind {
            K::OutVar { designation } => self.declare_out(designation, ty, span),
            K::Discard => {
                let temp = self.temp(ty, span);
                self.local_value(temp, span)
            }
            K::Local(id) => {
                if let Some(why) = self.locals[id.0].readonly {
                    let name = self.locals[id.0].name.clone();
                    return self.fail(
                        "CS1657",
                        span,
                        format!("Cannot use '{name}' as a ref or out value because it is a '{why}'"),
                    );
                }
                value
            }
            K::Element { .. } | K::Error | K::Deref { readonly: false, .. } => value,
            K::Field(..) => self.place(value).unwrap_or_else(|| B::error(span)),
            _ => {
                let word = if mode == ParamMode::Out { "out" } else { "ref" };
                let _ = word;
                self.fail("CS1510", span, "A ref or out value must be an assignable variable")
            }
        }
    }
}

/// A member as messages show it: `string.Substring(int, int)`.
pub(crate) fn describe(member: &Member) -> String {
    let params: Vec<String> = member.params.iter().map(|p| p.ty.csharp()).collect();
    let owner = crate::types::names_keyword(member.def.full_name()).unwrap_or(member.def.simple_name());
    let generics =
        if member.type_params.is_empty() { String::new() } else { format!("<{}>", member.type_params.join(", ")) };
    format!("{owner}.{}{generics}({})", member.name, params.join(", "))
}

/// The declaring type as messages show it.
pub(crate) fn describe_owner(member: &Member) -> &'static str {
    crate::types::names_keyword(member.def.full_name()).unwrap_or(member.def.simple_name())
}

fn substitute_class(ty: Type, class: &[Type]) -> Type {
    ty.substitute(class)
}

/// Which given argument goes where.
fn assign(params: &[Param], given: &[Given<'_>], expanded: bool) -> Result<Vec<Slot>, Misfit> {
    let mut slots: Vec<Option<Slot>> = vec![None; params.len()];
    let fixed = if expanded { params.len() - 1 } else { params.len() };
    let mut rest = Vec::new();
    for (index, argument) in given.iter().enumerate() {
        if let Some(name) = &argument.name {
            let Some(place) = params.iter().position(|p| p.name == name.name.as_str()) else {
                return Err(Misfit::Name(name.clone()));
            };
            if slots[place].is_some() {
                return Err(Misfit::Count);
            }
            slots[place] =
                Some(if expanded && place == fixed { Slot::Params(vec![index]) } else { Slot::Given(index) });
        } else if index < fixed {
            slots[index] = Some(Slot::Given(index));
        } else if expanded {
            rest.push(index);
        } else {
            return Err(Misfit::Count);
        }
    }
    if expanded && slots[fixed].is_none() {
        slots[fixed] = Some(Slot::Params(rest));
    }
    let mut out = Vec::with_capacity(params.len());
    for (slot, param) in slots.into_iter().zip(params) {
        out.push(match slot {
            Some(slot) => slot,
            None if param.default.is_some() => Slot::Default,
            None => return Err(Misfit::Missing(param.name.to_owned())),
        });
    }
    Ok(out)
}

/// `1` when `a` is more specific than `b`, `-1` the other way round.
fn specific(a: Type, b: Type) -> i32 {
    use crate::types::Kind;
    match (a.kind(), b.kind()) {
        (Kind::Param { .. }, Kind::Param { .. }) => 0,
        (Kind::Param { .. }, _) => -1,
        (_, Kind::Param { .. }) => 1,
        (Kind::Array { element: x, .. }, Kind::Array { element: y, .. }) => specific(*x, *y),
        (Kind::Named { args: x, .. }, Kind::Named { args: y, .. }) if x.len() == y.len() => {
            let mut sign = 0;
            for (s, t) in x.iter().zip(y) {
                match (specific(*s, *t), sign) {
                    (0, _) => {}
                    (n, 0) => sign = n,
                    (n, m) if n == m => {}
                    _ => return 0,
                }
            }
            sign
        }
        _ => 0,
    }
}
