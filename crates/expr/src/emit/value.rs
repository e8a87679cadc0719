//! Expressions as values.

use std::sync::{Arc, OnceLock};

use apimite_diag::Span;
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::function::{Closure, MethodDelegate, read_cell, write_cell};
use super::{Emitter, ValueFn, value_fn};
use crate::bind::bound::{B, Callee, How, K};
use crate::library::core::collections::ArrayObject;
use crate::library::core::exceptions;
use crate::library::core::tuples::Record;
use crate::run::arith::{self, Op};
use crate::run::{Cx, default_value, null_reference};
use crate::types::{Kind, Type};
use crate::value::Value;

/// What runs an expression for its effect.
pub(crate) type Effect = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<(), Thrown> + Send + Sync>;

/// Notes where a fault came from: the innermost expression wins.
#[inline]
pub(crate) fn at<T>(cx: &mut Cx<'_>, span: Span, result: Result<T, Thrown>) -> Result<T, Thrown> {
    if result.is_err() && cx.fault.is_none() {
        cx.fault = Some(span);
    }
    result
}

impl<'a> Emitter<'_, 'a> {
    pub(crate) fn values(&mut self, list: &[B<'a>]) -> Vec<ValueFn> {
        list.iter().map(|e| self.value(e)).collect()
    }

    pub(crate) fn value(&mut self, e: &B<'a>) -> ValueFn {
        let span = e.span;
        if self.is_too_deep() {
            return value_fn(|_| Ok(Value::Null));
        }
        if let Some(constant) = &e.constant {
            let constant = constant.clone();
            return value_fn(move |_| Ok(constant.clone()));
        }
        if e.ty == Type::bool() && super::typed::is_bool_node(e) {
            let f = self.bool(e);
            return value_fn(move |cx| f(cx).map(Value::Bool));
        }
        if let Some(singleton) = self.constant(e) {
            return value_fn(move |_| Ok(singleton.clone()));
        }
        match &e.kind {
            K::Local(id) => {
                let place = self.place(*id);
                let slot = place.slot;
                if place.cell {
                    value_fn(move |cx| Ok(read_cell(&cx.stack[cx.base + slot])))
                } else {
                    value_fn(move |cx| Ok(cx.stack[cx.base + slot].clone()))
                }
            }
            K::SubArray { array, start, end } => self.sub_array(array, start, end, span),
            K::MakeRef(place) => self.make_reference(place, span),
            K::Deref { reference, .. } => self.dereference(reference, span),
            K::Context => {
                let ty = e.ty;
                value_fn(move |_| Ok(Value::Host(ty, 0)))
            }
            K::Default => {
                let ty = e.ty;
                value_fn(move |_| Ok(default_value(ty)))
            }
            K::Convert(inner, how) => self.conversion(inner, how, e.ty, span),
            K::Call { .. } | K::CallLocal { .. } | K::Invoke { .. } => self.call(e),
            K::Arith { op, left, right, checked, lifted } => {
                self.arith(*op, left, right, *checked, *lifted, e.ty, span)
            }
            K::Negate { value, checked, .. } => {
                let (f, checked) = (self.value(value), *checked);
                value_fn(move |cx| match f(cx)? {
                    Value::Null => Ok(Value::Null),
                    v => {
                        let result = arith::negate(&v, checked);
                        at(cx, span, result)
                    }
                })
            }
            K::Complement { value, .. } => {
                let f = self.value(value);
                value_fn(move |cx| {
                    let v = f(cx)?;
                    Ok(if v.is_null() { v } else { arith::complement(&v) })
                })
            }
            K::Not { value, .. } => {
                let f = self.value(value);
                value_fn(move |cx| {
                    Ok(match f(cx)? {
                        Value::Bool(b) => Value::Bool(!b),
                        other => other,
                    })
                })
            }
            K::BoolOp { op, left, right, .. } => {
                let (a, b, op) = (self.value(left), self.value(right), *op);
                value_fn(move |cx| {
                    let (x, y) = (a(cx)?, b(cx)?);
                    Ok(three_valued(op, &x, &y))
                })
            }
            K::Concat(_) | K::Interpolated(_) => {
                let f = self.text(e);
                value_fn(move |cx| Ok(f(cx)?.into_value()))
            }
            K::Conditional { condition, then, otherwise } => {
                let (c, a, b) = (self.bool(condition), self.value(then), self.value(otherwise));
                value_fn(move |cx| if c(cx)? { a(cx) } else { b(cx) })
            }
            K::Coalesce { left, convert, right } => {
                let (a, b) = (self.value(left), self.value(right));
                match convert {
                    None => value_fn(move |cx| {
                        let v = a(cx)?;
                        if v.is_null() { b(cx) } else { Ok(v) }
                    }),
                    Some((temp, conversion)) => {
                        let (place, convert) = (self.place(*temp), self.value(conversion));
                        value_fn(move |cx| {
                            let v = a(cx)?;
                            if v.is_null() {
                                return b(cx);
                            }
                            store(cx, place, v);
                            convert(cx)
                        })
                    }
                }
            }
            K::Access { target, temp, access } => {
                let (target, access) = (self.value(target), self.value(access));
                let place = self.place(*temp);
                value_fn(move |cx| {
                    let v = target(cx)?;
                    if v.is_null() {
                        return Ok(Value::Null);
                    }
                    store(cx, place, v);
                    access(cx)
                })
            }
            K::As { value, ty } => {
                let (f, ty) = (self.value(value), *ty);
                value_fn(move |cx| {
                    let v = f(cx)?;
                    Ok(if cx.is_instance(&v, ty) { v } else { Value::Null })
                })
            }
            K::Assign { target, value } => self.assign(target, value, span),
            K::Sequence { effects, value } => {
                let (effects, value) = (self.values(effects), self.value(value));
                value_fn(move |cx| {
                    for effect in &effects {
                        effect(cx)?;
                    }
                    value(cx)
                })
            }
            K::Lambda(id) => {
                self.need(*id);
                let (index, ty) = (id.0, e.ty.erased());
                let slots = self.capture_slots(*id);
                if slots.is_empty() && self.in_main {
                    // One object for all evaluations, as the C# compiler makes it.
                    let once = OnceLock::new();
                    return value_fn(move |cx| {
                        let Some(functions) = &cx.functions else { return Err(null_reference()) };
                        let make = || {
                            let functions = Arc::clone(functions);
                            Value::object(Closure { ty, index, functions, captures: Box::default() })
                        };
                        Ok(once.get_or_init(make).clone())
                    });
                }
                value_fn(move |cx| {
                    let Some(functions) = cx.functions.clone() else { return Err(null_reference()) };
                    let captures = slots.iter().map(|s| cx.stack[cx.base + s].clone()).collect();
                    Ok(Value::object(Closure { ty, index, functions, captures }))
                })
            }
            K::Group { target, callee } => self.group(target.as_deref(), callee, e.ty, span),
            K::NewArray { element, sizes } => {
                let (element, sizes) = (*element, self.values(sizes));
                value_fn(move |cx| {
                    let result = new_array(cx, element, &sizes);
                    at(cx, span, result)
                })
            }
            K::ArrayOf { element, lengths, items } => {
                let (element, lengths, items) = (*element, lengths.clone(), self.values(items));
                value_fn(move |cx| {
                    cx.charge(items.len() * size_of::<Value>())?;
                    let mut values = Vec::with_capacity(items.len());
                    for item in &items {
                        values.push(item(cx)?);
                    }
                    Ok(Value::object(ArrayObject::with_lengths(element, &lengths, values)))
                })
            }
            K::Element { array, indexes } => {
                if let Some(f) = self.element_text(array, indexes, span) {
                    return value_fn(move |cx| Ok(f(cx)?.into_value()));
                }
                let array = self.value(array);
                if let [index] = indexes.as_slice()
                    && index.ty == Type::int()
                {
                    let index = self.int(index);
                    return value_fn(move |cx| {
                        let a = array(cx)?;
                        let i = index(cx)?;
                        let result = match a.downcast::<ArrayObject>() {
                            None => Err(null_reference()),
                            Some(array) => usize::try_from(i)
                                .ok()
                                .and_then(|i| array.items().get(i).cloned())
                                .ok_or_else(crate::library::core::collections::out_of_bounds),
                        };
                        at(cx, span, result)
                    });
                }
                let indexes = self.values(indexes);
                value_fn(move |cx| {
                    let a = array(cx)?;
                    let mut places: smallvec::SmallVec<[Value; 3]> = smallvec::SmallVec::new();
                    for index in &indexes {
                        places.push(index(cx)?);
                    }
                    let result = match a.downcast::<ArrayObject>() {
                        None => Err(null_reference()),
                        Some(array) => array.place(&places).map(|i| array.items().get(i).cloned().unwrap_or_default()),
                    };
                    at(cx, span, result)
                })
            }
            K::Field(inner, index) => {
                let (f, index) = (self.value(inner), *index);
                value_fn(move |cx| {
                    let v = f(cx)?;
                    let result = match v.downcast::<Record>() {
                        Some(record) => Ok(record.parts.get(index).cloned().unwrap_or_default()),
                        None => Err(null_reference()),
                    };
                    at(cx, span, result)
                })
            }
            K::Record(parts) => {
                let (ty, parts) = (e.ty.underlying().erased(), self.values(parts));
                value_fn(move |cx| {
                    let mut values = Vec::with_capacity(parts.len());
                    for part in &parts {
                        values.push(part(cx)?);
                    }
                    Ok(record(ty, values))
                })
            }
            K::Throw(inner) => {
                let f = self.value(inner);
                value_fn(move |cx| {
                    let v = f(cx)?;
                    let error = exceptions::thrown_of(&v).unwrap_or_else(null_reference);
                    at(cx, span, Err(error))
                })
            }
            K::TypeOf(ty) => {
                let ty = *ty;
                value_fn(move |_| Ok(Value::object(crate::library::core::objects::TypeObject(ty.erased()))))
            }
            // Conditions that are not of type `bool` do not exist; what is left never reaches here.
            _ => {
                if super::typed::is_bool_node(e) {
                    let f = self.bool(e);
                    return value_fn(move |cx| f(cx).map(Value::Bool));
                }
                value_fn(move |_| {
                    Err(Exception::new(ExceptionKind::NotSupported, "This expression cannot be evaluated."))
                })
            }
        }
    }

    fn conversion(&mut self, inner: &B<'a>, how: &How, to: Type, span: Span) -> ValueFn {
        let f = self.value(inner);
        match how {
            How::Same => f,
            How::Number { checked } => {
                let (to, checked) = (to.underlying(), *checked);
                value_fn(move |cx| {
                    let v = f(cx)?;
                    let result = arith::convert(&v, to, checked);
                    at(cx, span, result)
                })
            }
            How::Cast => {
                let exact = to.underlying();
                value_fn(move |cx| {
                    // What is of the type already goes on as it came, in its place.
                    let given = f(cx);
                    match &given {
                        Ok(v) if v.type_of() == Some(exact) => given,
                        _ => {
                            let result = cx.cast(given?, to);
                            at(cx, span, result)
                        }
                    }
                })
            }
            How::Unwrap => value_fn(move |cx| {
                let v = f(cx)?;
                if v.is_null() {
                    let error = Exception::new(ExceptionKind::InvalidOperation, "Nullable object must have a value.");
                    return at(cx, span, Err(error));
                }
                Ok(v)
            }),
            How::Lifted(inner_how) => match &**inner_how {
                How::Number { checked } => {
                    let (to, checked) = (to.underlying(), *checked);
                    value_fn(move |cx| match f(cx)? {
                        Value::Null => Ok(Value::Null),
                        v => {
                            let result = arith::convert(&v, to, checked);
                            at(cx, span, result)
                        }
                    })
                }
                How::Cast => {
                    let to = to.underlying();
                    value_fn(move |cx| match f(cx)? {
                        Value::Null => Ok(Value::Null),
                        v => {
                            let result = cx.cast(v, to);
                            at(cx, span, result)
                        }
                    })
                }
                _ => f,
            },
        }
    }

    fn arith(
        &mut self,
        op: Op,
        left: &B<'a>,
        right: &B<'a>,
        checked: bool,
        lifted: bool,
        ty: Type,
        span: Span,
    ) -> ValueFn {
        if !lifted && ty == Type::int() && left.ty == Type::int() {
            let f = self.int_arith(op, left, right, checked, span);
            return value_fn(move |cx| f(cx).map(Value::Int));
        }
        let (a, b) = (self.value(left), self.value(right));
        if lifted {
            let relation = op.is_relation();
            return value_fn(move |cx| {
                let (x, y) = (a(cx)?, b(cx)?);
                if x.is_null() || y.is_null() {
                    return Ok(match op {
                        Op::Equal => Value::Bool(x.is_null() && y.is_null()),
                        Op::NotEqual => Value::Bool(x.is_null() != y.is_null()),
                        _ if relation => Value::Bool(false),
                        _ => Value::Null,
                    });
                }
                let result = arith::binary(op, &x, &y, checked);
                at(cx, span, result)
            });
        }
        value_fn(move |cx| {
            let (x, y) = (a(cx)?, b(cx)?);
            let result = arith::binary(op, &x, &y, checked);
            at(cx, span, result)
        })
    }

    /// An expression whose value nobody wants.
    pub(crate) fn effect(&mut self, e: &B<'a>) -> Effect {
        if let K::Assign { target, value } = &e.kind
            && let K::Local(id) = &target.kind
        {
            let place = self.place(*id);
            if value.ty == Type::int() && target.ty == Type::int() && !place.cell {
                let (f, slot) = (self.int_arg(value), place.slot);
                return Box::new(move |cx| {
                    let n = f.get(cx)?;
                    let index = cx.base + slot;
                    cx.stack[index] = Value::Int(n);
                    Ok(())
                });
            }
            let f = self.value(value);
            return Box::new(move |cx| {
                let v = f(cx)?;
                store(cx, place, v);
                Ok(())
            });
        }
        if let K::Sequence { effects, value } = &e.kind {
            let mut effects: Vec<Effect> = effects.iter().map(|e| self.effect(e)).collect();
            if !matches!(value.kind, K::Local(_)) {
                effects.push(self.effect(value));
            }
            if effects.len() == 1
                && let Some(only) = effects.pop()
            {
                return only;
            }
            return Box::new(move |cx| effects.iter().try_for_each(|effect| effect(cx)));
        }
        let f = self.value(e);
        Box::new(move |cx| f(cx).map(|_| ()))
    }

    fn assign(&mut self, target: &B<'a>, value: &B<'a>, span: Span) -> ValueFn {
        let f = self.value(value);
        match &target.kind {
            K::Local(id) => {
                let place = self.place(*id);
                let slot = place.slot;
                if place.cell {
                    value_fn(move |cx| {
                        let v = f(cx)?;
                        write_cell(&cx.stack[cx.base + slot], v.clone());
                        Ok(v)
                    })
                } else {
                    value_fn(move |cx| {
                        let v = f(cx)?;
                        let base = cx.base;
                        cx.stack[base + slot] = v.clone();
                        Ok(v)
                    })
                }
            }
            K::Element { array, indexes } => {
                let (array, indexes) = (self.value(array), self.values(indexes));
                value_fn(move |cx| {
                    let a = array(cx)?;
                    let mut places: smallvec::SmallVec<[Value; 3]> = smallvec::SmallVec::new();
                    for index in &indexes {
                        places.push(index(cx)?);
                    }
                    let v = f(cx)?;
                    let result = set_element(cx, &a, &places, v);
                    at(cx, span, result)
                })
            }
            K::Field(inner, index) => {
                // A part of a struct in a place: the place gets a changed copy.
                let index = *index;
                let read = self.value(inner);
                let write = self.writer(inner);
                value_fn(move |cx| {
                    let old = read(cx)?;
                    let v = f(cx)?;
                    let Some(record) = old.downcast::<Record>() else { return Err(null_reference()) };
                    let mut parts = record.parts.clone();
                    if let Some(part) = parts.get_mut(index) {
                        *part = v.clone();
                    }
                    write(cx, Record::value(record.ty, parts))?;
                    Ok(v)
                })
            }
            K::Deref { reference, .. } => {
                let reference = self.value(reference);
                value_fn(move |cx| {
                    let to = reference(cx)?;
                    let v = f(cx)?;
                    let result = super::reference::write(cx, &to, v.clone());
                    at(cx, span, result)?;
                    Ok(v)
                })
            }
            _ => value_fn(move |_| Err(null_reference())),
        }
    }

    /// Writes a value to a place that is a local or an element.
    pub(super) fn writer(
        &mut self,
        target: &B<'a>,
    ) -> Box<dyn for<'h> Fn(&mut Cx<'h>, Value) -> Result<(), Thrown> + Send + Sync> {
        match &target.kind {
            K::Local(id) => {
                let place = self.place(*id);
                Box::new(move |cx, v| {
                    store(cx, place, v);
                    Ok(())
                })
            }
            K::Element { array, indexes } => {
                let (array, indexes) = (self.value(array), self.values(indexes));
                Box::new(move |cx, v| {
                    let a = array(cx)?;
                    let mut places = Vec::new();
                    for index in &indexes {
                        places.push(index(cx)?);
                    }
                    set_element(cx, &a, &places, v).map(|_| ())
                })
            }
            K::Deref { reference, .. } => {
                let reference = self.value(reference);
                Box::new(move |cx, v| {
                    let to = reference(cx)?;
                    super::reference::write(cx, &to, v)
                })
            }
            K::Field(inner, index) => {
                let index = *index;
                let (read, write) = (self.value(inner), self.writer(inner));
                Box::new(move |cx, v| {
                    let old = read(cx)?;
                    let Some(record) = old.downcast::<Record>() else { return Err(null_reference()) };
                    let mut parts = record.parts.clone();
                    if let Some(part) = parts.get_mut(index) {
                        *part = v;
                    }
                    write(cx, Record::value(record.ty, parts))
                })
            }
            _ => Box::new(|_, _| Err(null_reference())),
        }
    }

    fn group(&mut self, target: Option<&B<'a>>, callee: &Callee, ty: Type, span: Span) -> ValueFn {
        match callee {
            Callee::Member { member, types, convert, .. } => {
                let target = target.map(|t| self.value(t));
                let (member, types, convert) = (Arc::clone(member), Arc::clone(types), convert.clone());
                let check = !member.is_static && !member.is_extension;
                value_fn(move |cx| {
                    let target = match &target {
                        Some(f) => {
                            let v = f(cx)?;
                            if v.is_null() && check {
                                return at(cx, span, Err(null_reference()));
                            }
                            Some(v)
                        }
                        None => None,
                    };
                    Ok(Value::object(MethodDelegate {
                        ty,
                        member: Arc::clone(&member),
                        types: Arc::clone(&types),
                        target,
                        convert: convert.clone(),
                    }))
                })
            }
            Callee::Local(id) => {
                self.need(*id);
                let (index, ty) = (id.0, ty.erased());
                let slots = self.capture_slots(*id);
                value_fn(move |cx| {
                    let Some(functions) = cx.functions.clone() else { return Err(null_reference()) };
                    let captures = slots.iter().map(|s| cx.stack[cx.base + s].clone()).collect();
                    Ok(Value::object(Closure { ty, index, functions, captures }))
                })
            }
        }
    }
}

/// Puts a value into a local.
pub(crate) fn store(cx: &mut Cx<'_>, place: super::Place, value: Value) {
    let index = cx.base + place.slot;
    if place.cell {
        write_cell(&cx.stack[index], value);
    } else {
        cx.stack[index] = value;
    }
}

/// A tuple (nested beyond seven) or an anonymous object.
fn record(ty: Type, mut values: Vec<Value>) -> Value {
    if matches!(ty.kind(), Kind::Anonymous { .. }) || values.len() < 8 || ty.args().len() != 8 {
        return Record::value(ty, values);
    }
    let rest = values.split_off(7);
    values.push(record(ty.args()[7], rest));
    Record::value(ty, values)
}

pub(super) fn set_element(cx: &mut Cx<'_>, array: &Value, indexes: &[Value], value: Value) -> Result<Value, Thrown> {
    let Some(object) = array.downcast::<ArrayObject>() else { return Err(null_reference()) };
    let place = object.place(indexes)?;
    if !value.is_null()
        && object.element().is_reference()
        && object.element() != Type::object()
        && !cx.is_instance(&value, object.element())
    {
        return Err(Exception::new(
            ExceptionKind::ArrayTypeMismatch,
            "Attempted to access an element as a type incompatible with the array.",
        ));
    }
    if let Some(item) = object.items_mut().get_mut(place) {
        *item = value.clone();
    }
    Ok(value)
}

fn new_array(cx: &mut Cx<'_>, element: Type, sizes: &[ValueFn]) -> Result<Value, Thrown> {
    let mut lengths = Vec::with_capacity(sizes.len());
    for size in sizes {
        let n = size(cx)?.integer().unwrap_or(0);
        let n = usize::try_from(n).map_err(|_| arith::overflow())?;
        lengths.push(n);
    }
    let total = lengths.iter().try_fold(1_usize, |a, n| a.checked_mul(*n)).ok_or_else(arith::overflow)?;
    cx.charge(total.saturating_mul(size_of::<Value>()))?;
    let items = vec![default_value(element); total];
    Ok(Value::object(ArrayObject::with_lengths(element, &lengths, items)))
}

/// `&`, `|`, `^`, `==`, `!=` of `bool?`.
fn three_valued(op: Op, a: &Value, b: &Value) -> Value {
    let of = |v: &Value| if let Value::Bool(b) = v { Some(*b) } else { None };
    let (a, b) = (of(a), of(b));
    let out = match op {
        Op::And => match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Op::Or => match (a, b) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Op::Equal => Some(a == b),
        Op::NotEqual => Some(a != b),
        _ => a.zip(b).map(|(a, b)| a ^ b),
    };
    out.map_or(Value::Null, Value::Bool)
}
