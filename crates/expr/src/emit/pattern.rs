//! Pattern tests.

use super::value::store;
use super::{BoolFn, Emitter, bool_fn};
use crate::bind::bound::{LocalId, Test};
use crate::emit::function::read_cell;
use crate::run::Cx;
use crate::run::arith::{self, Op};
use crate::value::Value;

fn load(cx: &Cx<'_>, place: super::Place) -> Value {
    let value = &cx.stack[cx.base + place.slot];
    if place.cell { read_cell(value) } else { value.clone() }
}

impl<'a> Emitter<'_, 'a> {
    /// A test of the value in `temp`.
    pub(crate) fn test(&mut self, test: &Test<'a>, temp: LocalId) -> BoolFn {
        let place = self.place(temp);
        match test {
            Test::Any => bool_fn(|_| Ok(true)),
            Test::Null => bool_fn(move |cx| Ok(load(cx, place).is_null())),
            Test::Constant(e) => {
                let constant = self.value(e);
                bool_fn(move |cx| {
                    let (value, constant) = (load(cx, place), constant(cx)?);
                    cx.equals(&value, &constant)
                })
            }
            Test::Type { ty, local } => {
                let (ty, local) = (*ty, local.map(|l| self.place(l)));
                bool_fn(move |cx| {
                    let value = load(cx, place);
                    let is = cx.is_instance(&value, ty);
                    if is && let Some(local) = local {
                        store(cx, local, value);
                    }
                    Ok(is)
                })
            }
            Test::Not(inner) => {
                let inner = self.test(inner, temp);
                bool_fn(move |cx| Ok(!inner(cx)?))
            }
            Test::And(both) => {
                let (a, b) = (self.test(&both.0, temp), self.test(&both.1, temp));
                bool_fn(move |cx| Ok(a(cx)? && b(cx)?))
            }
            Test::Or(both) => {
                let (a, b) = (self.test(&both.0, temp), self.test(&both.1, temp));
                bool_fn(move |cx| Ok(a(cx)? || b(cx)?))
            }
            Test::Relation(op, constant) => {
                let (op, constant) = (*op, self.value(constant));
                bool_fn(move |cx| {
                    let (value, constant) = (load(cx, place), constant(cx)?);
                    let comparable = value.type_of().is_some() && value.type_of() == constant.type_of();
                    Ok(comparable
                        && match (value.integer(), constant.integer()) {
                            (Some(a), Some(b)) => match op {
                                Op::Less => a < b,
                                Op::LessEqual => a <= b,
                                Op::Greater => a > b,
                                _ => a >= b,
                            },
                            _ => arith::binary(op, &value, &constant, false)?.as_bool(),
                        })
                })
            }
            Test::Within { value, temp, test } => {
                let (value, place) = (self.value(value), self.place(*temp));
                let test = self.test(test, *temp);
                bool_fn(move |cx| {
                    let v = value(cx)?;
                    store(cx, place, v);
                    test(cx)
                })
            }
            Test::Bind(local) => {
                let local = self.place(*local);
                bool_fn(move |cx| {
                    let value = load(cx, place);
                    store(cx, local, value);
                    Ok(true)
                })
            }
        }
    }
}
