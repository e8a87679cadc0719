//! Calls of members, delegates and local functions.

use std::sync::Arc;

use apimite_diag::Span;
use apimite_dotnet::Thrown;
use smallvec::SmallVec;

use super::function::run;
use super::value::{at, store};
use super::{Emitter, Place, ValueFn, value_fn};
use crate::bind::bound::{Arg, B, K};
use crate::library::{Args, Imp, Member, ParamMode};
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::Value;

/// The arguments of a call on their way.
pub(crate) type Values = SmallVec<[Value; 4]>;

type Writer = Box<dyn for<'h> Fn(&mut Cx<'h>, Value) -> Result<(), Thrown> + Send + Sync>;

/// Compiled arguments, with the places that `ref` and `out` write back to.
pub(crate) struct CallArgs {
    values: Vec<ValueFn>,
    writers: Vec<(usize, Writer)>,
    outs: Vec<bool>,
}

impl CallArgs {
    #[inline]
    pub(crate) fn eval(&self, cx: &mut Cx<'_>) -> Result<Values, Thrown> {
        let mut values = Values::new();
        for f in &self.values {
            values.push(f(cx)?);
        }
        Ok(values)
    }

    #[inline]
    pub(crate) fn write_back(&self, cx: &mut Cx<'_>, values: &mut Values) -> Result<(), Thrown> {
        for (index, write) in &self.writers {
            if let Some(value) = values.get_mut(*index) {
                write(cx, std::mem::take(value))?;
            }
        }
        Ok(())
    }
}

impl<'a> Emitter<'_, 'a> {
    pub(crate) fn args(&mut self, args: &[Arg<'a>]) -> CallArgs {
        let mut out = CallArgs { values: Vec::new(), writers: Vec::new(), outs: Vec::new() };
        for (index, arg) in args.iter().enumerate() {
            let is_out = arg.mode == ParamMode::Out;
            out.outs.push(is_out);
            if is_out {
                out.values.push(value_fn(|_| Ok(Value::Null)));
            } else {
                out.values.push(self.value(&arg.value));
            }
            if matches!(arg.mode, ParamMode::Ref | ParamMode::Out) {
                let writer = self.place_writer(&arg.value);
                out.writers.push((index, writer));
            }
        }
        out
    }

    fn place_writer(&mut self, e: &B<'a>) -> Writer {
        match &e.kind {
            K::Local(id) => {
                let place: Place = self.place(*id);
                Box::new(move |cx, v| {
                    store(cx, place, v);
                    Ok(())
                })
            }
            K::Element { .. } => {
                // Index expressions of `ref a[i]` are evaluated again on the way back; they have no effects in practice.
                self.element_writer(e)
            }
            _ => Box::new(|_, _| Ok(())),
        }
    }

    fn element_writer(&mut self, e: &B<'a>) -> Writer {
        let K::Element { array, indexes } = &e.kind else { return Box::new(|_, _| Ok(())) };
        let (array, indexes) = (self.value(array), self.values(indexes));
        Box::new(move |cx, v| {
            let a = array(cx)?;
            let mut places: Values = Values::new();
            for index in &indexes {
                places.push(index(cx)?);
            }
            if let Some(object) = a.downcast::<crate::library::core::collections::ArrayObject>() {
                let place = object.place(&places)?;
                if let Some(item) = object.items_mut().get_mut(place) {
                    *item = v;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn call(&mut self, e: &B<'a>) -> ValueFn {
        let span = e.span;
        match &e.kind {
            K::Call { member, types, args, lifted } => self.member_call(member, types, args, *lifted, span),
            K::CallLocal { function, args } => {
                self.need(*function);
                let index = function.0;
                let slots = self.capture_slots(*function);
                let args = self.args(args);
                value_fn(move |cx| {
                    let mut values = args.eval(cx)?;
                    let captures: Values = slots.iter().map(|s| cx.stack[cx.base + s].clone()).collect();
                    let Some(functions) = cx.functions.clone() else { return Err(null_reference()) };
                    let result = run(cx, &functions, index, &captures, &mut values);
                    let result = at(cx, span, result)?;
                    args.write_back(cx, &mut values)?;
                    Ok(result)
                })
            }
            K::Invoke { target, args } => {
                let (target, args) = (self.value(target), self.args(args));
                value_fn(move |cx| {
                    let delegate = target(cx)?;
                    let mut values = args.eval(cx)?;
                    let result = cx.invoke(&delegate, &mut values);
                    let result = at(cx, span, result)?;
                    args.write_back(cx, &mut values)?;
                    Ok(result)
                })
            }
            _ => value_fn(|_| Ok(Value::Null)),
        }
    }

    fn member_call(
        &mut self,
        member: &Arc<Member>,
        types: &Arc<[Type]>,
        args: &[Arg<'a>],
        lifted: bool,
        span: Span,
    ) -> ValueFn {
        let check = needs_receiver(member, args);
        let plain = args.iter().all(|a| matches!(a.mode, ParamMode::Value | ParamMode::Params));
        let compiled = self.args(args);
        let types = Arc::clone(types);
        if lifted {
            let member = Arc::clone(member);
            let relation = member.ret == Type::bool();
            let name = member.name;
            return value_fn(move |cx| {
                let mut values = compiled.eval(cx)?;
                if values.iter().any(Value::is_null) {
                    let both = values.iter().all(Value::is_null);
                    return Ok(match name {
                        "==" => Value::Bool(both),
                        "!=" => Value::Bool(!both),
                        _ if relation => Value::Bool(false),
                        _ => Value::Null,
                    });
                }
                let result = cx.call_member(&member, &types, &mut values);
                at(cx, span, result)
            });
        }
        if let (Imp::Call(call), true) = (member.row.imp, plain) {
            // The common shapes without an intermediate list.
            let mut fns = compiled.values;
            if fns.len() == 1
                && let Some(first) = fns.pop()
            {
                return value_fn(move |cx| {
                    let this = first(cx)?;
                    if check && this.is_null() {
                        return at(cx, span, Err(null_reference()));
                    }
                    let result = call(cx, Args { values: &mut [this], types: &types });
                    at(cx, span, result)
                });
            }
            return value_fn(move |cx| {
                let mut values = Values::new();
                for f in &fns {
                    values.push(f(cx)?);
                }
                if check && values.first().is_some_and(Value::is_null) {
                    return at(cx, span, Err(null_reference()));
                }
                let result = call(cx, Args { values: &mut values, types: &types });
                at(cx, span, result)
            });
        }
        let member = Arc::clone(member);
        value_fn(move |cx| {
            let mut values = compiled.eval(cx)?;
            if check && values.first().is_some_and(Value::is_null) {
                return at(cx, span, Err(null_reference()));
            }
            let result = cx.call_member(&member, &types, &mut values);
            let result = at(cx, span, result)?;
            compiled.write_back(cx, &mut values)?;
            Ok(result)
        })
    }
}

/// Must the receiver be tested for `null`?
pub(crate) fn needs_receiver(member: &Member, args: &[Arg<'_>]) -> bool {
    if member.is_static || member.is_extension || member.kind == crate::library::MemberKind::Constructor {
        return false;
    }
    let Some(receiver) = args.first() else { return false };
    if receiver.value.ty.nullable_of().is_some() {
        // `((int?)null).ToString()` is the empty text; only `GetType` throws.
        return member.name == "GetType";
    }
    !receiver.value.ty.is_value_type()
}
