//! `Headers["X"][0]`: one text of an array that is never made.

use std::sync::{Arc, OnceLock};

use apimite_diag::Span;

use super::call::{Values, implementation, is_plain, needs_receiver};
use super::value::at;
use super::{Emitter, TextFn, text_fn};
use crate::bind::bound::{B, K};
use crate::library::core::collections::{ArrayObject, out_of_bounds};
use crate::library::{Args, Member, Passed};
use crate::run::{Text, null_reference};
use crate::types::Type;
use crate::value::Value;

/// The member that carries out a call, with its type arguments, and the type it was found for.
type Found = (Type, Arc<Member>, Arc<[Type]>);

impl<'a> Emitter<'_, 'a> {
    /// An element at a constant place of what a member gives, where that member has a short way or may have one at run time.
    pub(crate) fn element_text(&mut self, array: &B<'a>, indexes: &[B<'a>], whole: Span) -> Option<TextFn> {
        let K::Call { member, types, args, lifted: false } = &array.kind else { return None };
        let [index] = indexes else { return None };
        let Some(Value::Int(index)) = index.constant else { return None };
        let index = usize::try_from(index).ok()?;
        if array.ty != Type::array(Type::string()) || !is_plain(args) {
            return None;
        }
        let (member, types) = self.resolve(member, types, args);
        if member.row.item.is_none() && !member.is_virtual() {
            return None;
        }
        let check = needs_receiver(&member, args);
        let inner = array.span;
        let (computed, fixed) = self.split(args);
        if let Some(item) = member.row.item {
            return Some(text_fn(move |cx| {
                let mut values = Values::new();
                for f in &computed {
                    values.push(f(cx)?);
                }
                if check && values.first().is_some_and(Value::is_null) {
                    return at(cx, inner, Err(null_reference()));
                }
                let result =
                    item(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }), index);
                let text = at(cx, inner, result)?;
                at(cx, whole, text.ok_or_else(out_of_bounds))
            }));
        }
        let found: OnceLock<Found> = OnceLock::new();
        Some(text_fn(move |cx| {
            let mut values = Values::new();
            for f in &computed {
                values.push(f(cx)?);
            }
            if check && values.first().is_some_and(Value::is_null) {
                return at(cx, inner, Err(null_reference()));
            }
            let runtime = values.first().and_then(Value::type_of);
            if found.get().is_none()
                && let Some(runtime) = runtime
                && let Some((member, types)) = implementation(cx.registry(), runtime, &member, &types)
            {
                let _ = found.set((runtime, member, types));
            }
            let (member, types) = match found.get() {
                Some((seen, member, types)) if runtime == Some(*seen) => (member, types),
                _ => (&member, &types),
            };
            if let Some(item) = member.row.item {
                let result = item(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types }), index);
                let text = at(cx, inner, result)?;
                return at(cx, whole, text.ok_or_else(out_of_bounds));
            }
            values.extend(fixed.iter().cloned());
            let result = cx.call_member(member, types, &mut values);
            let given = at(cx, inner, result)?;
            let result = match given.downcast::<ArrayObject>() {
                None => Err(null_reference()),
                Some(array) => match array.items().get(index) {
                    Some(Value::Str(text)) => Ok(Text::Own(text.clone())),
                    Some(_) => Ok(Text::Null),
                    None => Err(out_of_bounds()),
                },
            };
            at(cx, whole, result)
        }))
    }
}
