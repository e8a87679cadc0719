//! Method groups as values.

use std::sync::Arc;

use super::super::Binder;
use super::super::bound::{B, Callee, FnId, K};
use super::super::overload::{Fit, Given};
use crate::types::Type;

impl<'a> Binder<'a> {
    /// The member a method group means for these parameter types.
    fn group_member(&mut self, e: &B<'a>, inputs: &[Type]) -> Option<(Fit, Type)> {
        let K::Methods(methods) = &e.kind else { return None };
        let methods = methods.clone();
        if methods.local.is_some() {
            return None;
        }
        let given: Vec<Given<'a>> = inputs.iter().map(|ty| Given::plain(B::new(K::Default, *ty, e.span))).collect();
        let is_static = methods.target.is_none();
        for level in self.levels(methods.on, &methods.name, Some(is_static)) {
            let mut fits = Vec::new();
            for (member, ty) in level {
                if let Ok(fit) = self.fit(&member, ty.args(), &methods.type_args, &given)
                    && !fit.expanded
                    && fit.slots.len() == inputs.len()
                {
                    fits.push(fit);
                }
            }
            if !fits.is_empty() {
                let fit = self.best(fits, &given).ok()?;
                let ret = fit.member.ret.substitute(&fit.types);
                return Some((fit, ret));
            }
        }
        let target = methods.target?;
        let mut all = vec![Given::plain(target)];
        all.extend(given);
        let mut fits = Vec::new();
        for member in self.registry.extensions(&methods.name) {
            if let Ok(fit) = self.fit(&member, &[], &methods.type_args, &all)
                && !fit.expanded
                && fit.slots.len() == inputs.len() + 1
            {
                fits.push(fit);
            }
        }
        if fits.is_empty() {
            return None;
        }
        let fit = self.best(fits, &all).ok()?;
        let ret = fit.member.ret.substitute(&fit.types);
        Some((fit, ret))
    }

    /// What a method group returns for these parameter types.
    pub(crate) fn group_result(&mut self, e: &B<'a>, inputs: &[Type]) -> Option<Type> {
        if let K::Methods(methods) = &e.kind
            && let Some(function) = methods.local
        {
            let function = &self.functions[function.0];
            return (function.signature.len() == inputs.len()).then_some(function.ret);
        }
        self.group_member(e, inputs).map(|(_, ret)| ret).filter(|t| !t.is_void())
    }

    pub(crate) fn group_converts(&mut self, e: &B<'a>, to: Type) -> bool {
        let Some((params, ret)) = self.registry.delegate(to) else { return false };
        let inputs: Vec<Type> = params.iter().map(|(t, _)| *t).collect();
        if inputs.iter().any(|t| t.is_open()) {
            return false;
        }
        if let K::Methods(methods) = &e.kind
            && let Some(function) = methods.local
        {
            let function = self.functions[function.0].clone();
            return function.signature.len() == inputs.len()
                && function.signature.iter().zip(&inputs).all(|(s, t)| self.standard(*t, s.ty).is_some())
                && (ret.is_void() || function.ret.same(ret) || self.reference_fits(function.ret, ret));
        }
        match self.group_member(e, &inputs) {
            Some((_, found)) => ret.is_void() || found.same(ret) || self.reference_fits(found, ret),
            None => false,
        }
    }

    fn reference_fits(&self, from: Type, to: Type) -> bool {
        from.is_reference() && to.is_reference() && self.standard(from, to).is_some()
    }

    pub(crate) fn group_to(&mut self, e: B<'a>, to: Type) -> B<'a> {
        let span = e.span;
        let Some((params, _)) = self.registry.delegate(to) else { return B::error(span) };
        let inputs: Vec<Type> = params.iter().map(|(t, _)| *t).collect();
        if let K::Methods(methods) = &e.kind
            && let Some(function) = methods.local
        {
            let _ = self.call_local_edges(function);
            return B::new(K::Group { target: None, callee: Callee::Local(function) }, to, span);
        }
        let Some((fit, _)) = self.group_member(&e, &inputs) else { return self.group_error(&e, to) };
        self.use_member(&fit.member, span);
        let K::Methods(methods) = e.kind else { return B::error(span) };
        let target = if fit.member.is_static && !fit.member.is_extension { None } else { methods.target.map(Box::new) };
        let skip = usize::from(fit.member.is_extension);
        let convert = fit.member.params.iter().skip(skip).map(|p| p.ty.substitute(&fit.types)).collect();
        let callee = Callee::Member { member: Arc::clone(&fit.member), types: fit.types.as_slice().into(), convert };
        B::new(K::Group { target, callee }, to, span)
    }

    fn call_local_edges(&mut self, function: FnId) -> Option<()> {
        let home = self.functions[function.0].parent;
        let mut at = Some(self.current);
        while let Some(id) = at {
            if !self.functions[id.0].calls.contains(&function) {
                self.functions[id.0].calls.push(function);
            }
            if Some(id) == home {
                break;
            }
            at = self.functions[id.0].parent;
        }
        Some(())
    }

    pub(crate) fn group_error(&mut self, e: &B<'a>, to: Type) -> B<'a> {
        let K::Methods(methods) = &e.kind else { return B::error(e.span) };
        let name = methods.name.clone();
        self.fail("CS0123", e.span, format!("No overload for '{name}' matches delegate '{to}'"))
    }
}
