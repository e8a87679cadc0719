//! Calls of members, delegates and local functions.

use std::sync::{Arc, OnceLock};

use apimite_diag::Span;
use apimite_dotnet::Thrown;
use smallvec::SmallVec;

use super::function::run;
use super::value::{at, store};
use super::{Emitter, Place, ValueFn, value_fn};
use crate::bind::bound::{Arg, B, How, K};
use crate::library::Native;
use crate::library::{Args, Imp, Member, MemberKind, ParamMode, Passed, Registry};
use crate::run::{Budget, Cx, NoHost, null_reference};
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
            K::Deref { .. } | K::Field(..) => self.writer(e),
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
        let f = self.bare_call(e);
        if self.finalizers {
            return value_fn(move |cx| {
                let result = f(cx);
                cx.settle(result)
            });
        }
        f
    }

    fn bare_call(&mut self, e: &B<'a>) -> ValueFn {
        let span = e.span;
        match &e.kind {
            K::Call { member, args, lifted: false, .. } if matches!(member.row.imp, Imp::Text(_)) && is_plain(args) => {
                let f = self.text(e);
                value_fn(move |cx| Ok(f(cx)?.into_value()))
            }
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
        let (member, types) = self.resolve(member, types, args);
        let check = needs_receiver(&member, args);
        if lifted {
            let compiled = self.args(args);
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
        let plain = is_plain(args);
        if let (Imp::Call(call), true) = (member.row.imp, plain) {
            return self.plain_call(call, &types, args, check, span);
        }
        let compiled = self.args(args);
        if member.is_virtual() {
            // The member that carries it out is found once for the type seen first.
            let found: OnceLock<(Type, Arc<Member>, Arc<[Type]>)> = OnceLock::new();
            return value_fn(move |cx| {
                let mut values = compiled.eval(cx)?;
                if check && values.first().is_some_and(Value::is_null) {
                    return at(cx, span, Err(null_reference()));
                }
                let runtime = values.first().and_then(Value::type_of);
                if found.get().is_none()
                    && let Some(runtime) = runtime
                    && let Some((member, types)) = implementation(cx.registry(), runtime, &member, &types)
                {
                    let _ = found.set((runtime, member, types));
                }
                let result = match found.get() {
                    Some((seen, member, types)) if runtime == Some(*seen) => cx.call_member(member, types, &mut values),
                    _ => cx.call_member(&member, &types, &mut values),
                };
                let result = at(cx, span, result)?;
                compiled.write_back(cx, &mut values)?;
                Ok(result)
            });
        }
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

    /// A call without `ref` and `out`, in the shapes that occur most without an intermediate list.
    fn plain_call(&mut self, call: Native, types: &Arc<[Type]>, args: &[Arg<'a>], check: bool, span: Span) -> ValueFn {
        let (mut computed, fixed) = self.split(args);
        let types = Arc::clone(types);
        if computed.is_empty() {
            if check && fixed.first().is_some_and(Value::is_null) {
                return value_fn(move |cx| at(cx, span, Err(null_reference())));
            }
            return value_fn(move |cx| {
                let mut result = call(cx, Args::new(&mut Passed { values: &mut [], fixed: &fixed, types: &types }));
                cx.count_result(&mut result);
                at(cx, span, result)
            });
        }
        if computed.len() <= 2
            && let Some(last) = computed.pop()
        {
            let Some(first) = computed.pop() else {
                return value_fn(move |cx| {
                    let mut values = [last(cx)?];
                    if check && values[0].is_null() {
                        return at(cx, span, Err(null_reference()));
                    }
                    let mut result =
                        call(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }));
                    cx.count_result(&mut result);
                    at(cx, span, result)
                });
            };
            return value_fn(move |cx| {
                let mut values = [first(cx)?, last(cx)?];
                if check && values[0].is_null() {
                    return at(cx, span, Err(null_reference()));
                }
                let mut result = call(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }));
                cx.count_result(&mut result);
                at(cx, span, result)
            });
        }
        value_fn(move |cx| {
            let mut values = Values::new();
            for f in &computed {
                values.push(f(cx)?);
            }
            if check && values.first().is_some_and(Value::is_null) {
                return at(cx, span, Err(null_reference()));
            }
            let mut result = call(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }));
            cx.count_result(&mut result);
            at(cx, span, result)
        })
    }

    /// Arguments as those that are computed and the constant ones behind them.
    pub(crate) fn split(&mut self, args: &[Arg<'a>]) -> (Vec<ValueFn>, Box<[Value]>) {
        let mut fixed: Vec<Value> = args.iter().rev().map_while(|arg| self.constant(&arg.value)).collect();
        fixed.reverse();
        let computed = &args[..args.len() - fixed.len()];
        (computed.iter().map(|arg| self.value(&arg.value)).collect(), fixed.into())
    }

    /// The value of a constant, or of a host's singleton: `context.Request.Headers` is the same value in every evaluation.
    pub(crate) fn constant(&self, e: &B<'a>) -> Option<Value> {
        if let Some(constant) = &e.constant {
            return Some(constant.clone());
        }
        match &e.kind {
            K::Context => Some(Value::Host(e.ty, 0)),
            K::Convert(inner, How::Same) => self.constant(inner).filter(|value| matches!(value, Value::Host(..))),
            K::Call { member, types, args, lifted: false }
                if member.kind == MemberKind::Get && member.row.pure && args.len() == 1 =>
            {
                let receiver = self.constant(&args[0].value).filter(|value| matches!(value, Value::Host(..)))?;
                let Imp::Call(call) = member.row.imp else { return None };
                let mut cx = Cx::new(&NoHost, self.registry, Budget::default(), false);
                let result = call(&mut cx, Args::new(&mut Passed { values: &mut [], fixed: &[receiver], types }));
                result.ok().filter(|value| matches!(value, Value::Host(..)))
            }
            _ => None,
        }
    }

    /// The member that a call will reach, where the receiver's type at run time is known already.
    pub(crate) fn resolve(
        &self,
        member: &Arc<Member>,
        types: &Arc<[Type]>,
        args: &[Arg<'a>],
    ) -> (Arc<Member>, Arc<[Type]>) {
        if member.is_virtual()
            && let Some(Value::Host(runtime, _)) = args.first().and_then(|receiver| self.constant(&receiver.value))
            && let Some(found) = implementation(self.registry, runtime, member, types)
        {
            return found;
        }
        (Arc::clone(member), Arc::clone(types))
    }
}

/// What carries out an interface member on a type, with its type arguments.
pub(super) fn implementation(
    registry: &Registry,
    runtime: Type,
    member: &Member,
    types: &[Type],
) -> Option<(Arc<Member>, Arc<[Type]>)> {
    let (found, ty) = registry.implementation(runtime, member, types)?;
    let extra = types.get(member.def.arity()..).unwrap_or(&[]);
    Some((found, ty.args().iter().chain(extra).copied().collect()))
}

/// No argument is written back.
pub(crate) fn is_plain(args: &[Arg<'_>]) -> bool {
    args.iter().all(|arg| matches!(arg.mode, ParamMode::Value | ParamMode::Params))
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
