//! Conversion operators of types.

use std::sync::Arc;

use super::super::Binder;
use super::Conversion;
use crate::library::Member;
use crate::types::{Type, is_number};

impl Binder<'_> {
    /// A conversion operator.
    pub(crate) fn user(&self, from: Type, to: Type, explicit: bool) -> Option<Conversion> {
        if from.is_null() || from.is_void() || to.is_void() {
            return None;
        }
        let (s0, t0) = (from.underlying(), to.underlying());
        let mut owners: Vec<Type> = Vec::new();
        for start in [s0, t0] {
            let mut at = Some(start);
            while let Some(ty) = at {
                if ty == Type::object() || ty.is_interface() {
                    break;
                }
                if !owners.contains(&ty) {
                    owners.push(ty);
                }
                at = self.registry.base(ty);
            }
        }
        let mut candidates: Vec<(Arc<Member>, Type, Type, Type)> = Vec::new();
        for owner in owners {
            let Some(def) = owner.def() else { continue };
            for name in if explicit { &["implicit", "explicit"][..] } else { &["implicit"][..] } {
                for member in self.registry.declared(def, name) {
                    let [param] = member.params.as_slice() else { continue };
                    let source = param.ty.substitute(owner.args());
                    let target = member.ret.substitute(owner.args());
                    let fits = if explicit {
                        (self.standard(from, source).is_some()
                            || self.standard(source, from).is_some()
                            || self.standard(s0, source).is_some()
                            || self.standard_explicit_value(s0, source))
                            && (self.standard(target, to).is_some()
                                || self.standard(to, target).is_some()
                                || self.standard(target, t0).is_some()
                                || self.standard_explicit_value(target, t0))
                    } else {
                        (self.standard(from, source).is_some() || self.standard(s0, source).is_some())
                            && (self.standard(target, to).is_some())
                    };
                    if fits {
                        candidates.push((member, owner, source, target));
                    }
                }
            }
        }
        if candidates.is_empty() {
            return None;
        }
        let sources: Vec<Type> = candidates.iter().map(|c| c.2).collect();
        let source = if let Some(exact) = sources.iter().find(|t| t.same(from)) {
            *exact
        } else if let Some(exact) = sources.iter().find(|t| t.same(s0)) {
            *exact
        } else {
            let wider: Vec<Type> = sources.iter().copied().filter(|t| self.standard(from, *t).is_some()).collect();
            if wider.is_empty() { self.most_encompassing(&sources)? } else { self.most_encompassed(&wider)? }
        };
        let targets: Vec<Type> = candidates.iter().filter(|c| c.2 == source).map(|c| c.3).collect();
        let target = if let Some(exact) = targets.iter().find(|t| t.same(to)) {
            *exact
        } else if let Some(exact) = targets.iter().find(|t| t.same(t0)) {
            *exact
        } else {
            let narrower: Vec<Type> = targets.iter().copied().filter(|t| self.standard(*t, to).is_some()).collect();
            if narrower.is_empty() { self.most_encompassed(&targets)? } else { self.most_encompassing(&narrower)? }
        };
        let mut best = candidates.into_iter().filter(|c| c.2 == source && c.3 == target);
        let (member, on, ..) = best.next()?;
        let lifted = from.nullable_of().is_some() && !source.takes_null();
        let from_type = if lifted { s0 } else { from };
        let before = self.standard_explicit(from_type, source)?;
        let after = if lifted && to.nullable_of().is_some() && target.nullable_of().is_none() {
            self.standard_explicit(target, t0)?
        } else {
            self.standard_explicit(target, to)?
        };
        Some(Conversion::User { member, on, before, after, lifted })
    }

    fn standard_explicit_value(&self, from: Type, to: Type) -> bool {
        let numeric = |t: Type| is_number(t) || t == Type::char();
        if numeric(from) && numeric(to) {
            return false;
        }
        (from.is_enum() && numeric(to)) || (to.is_enum() && numeric(from))
    }

    fn most_encompassed(&self, types: &[Type]) -> Option<Type> {
        types.iter().copied().find(|t| types.iter().all(|o| o == t || self.standard(*t, *o).is_some()))
    }

    fn most_encompassing(&self, types: &[Type]) -> Option<Type> {
        types.iter().copied().find(|t| types.iter().all(|o| o == t || self.standard(*o, *t).is_some()))
    }
}
