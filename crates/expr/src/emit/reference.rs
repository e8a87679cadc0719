//! References to places: `ref` locals and what is returned by `ref`.

use std::any::Any;

use apimite_diag::Span;
use apimite_dotnet::Thrown;

use super::function::{Cell, read_cell, write_cell};
use super::value::{at, set_element};
use super::{Emitter, ValueFn, value_fn};
use crate::bind::bound::{B, K};
use crate::library::core::collections::ArrayObject;
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::{Object, Value};

/// A reference to an element of an array. One to a local is the local's cell.
struct ElementRef {
    array: Value,
    indexes: Vec<Value>,
}

impl Object for ElementRef {
    fn type_of(&self) -> Type {
        Type::object()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<'a> Emitter<'_, 'a> {
    pub(super) fn make_reference(&mut self, place: &B<'a>, span: Span) -> ValueFn {
        match &place.kind {
            K::Local(id) => {
                let slot = self.place(*id).slot;
                value_fn(move |cx| Ok(cx.stack[cx.base + slot].clone()))
            }
            K::Deref { reference, .. } => self.value(reference),
            K::Element { array, indexes } => {
                let (array, indexes) = (self.value(array), self.values(indexes));
                value_fn(move |cx| {
                    let array = array(cx)?;
                    let indexes: Vec<Value> = indexes.iter().map(|index| index(cx)).collect::<Result<_, _>>()?;
                    let Some(object) = array.downcast::<ArrayObject>() else {
                        return at(cx, span, Err(null_reference()));
                    };
                    let inside = object.place(&indexes);
                    at(cx, span, inside)?;
                    Ok(Value::object(ElementRef { array, indexes }))
                })
            }
            _ => value_fn(|_| Err(null_reference())),
        }
    }

    pub(super) fn dereference(&mut self, reference: &B<'a>, span: Span) -> ValueFn {
        let reference = self.value(reference);
        value_fn(move |cx| {
            let to = reference(cx)?;
            let result = read(&to);
            at(cx, span, result)
        })
    }
}

fn read(to: &Value) -> Result<Value, Thrown> {
    if to.downcast::<Cell>().is_some() {
        return Ok(read_cell(to));
    }
    let Some(element) = to.downcast::<ElementRef>() else { return Err(null_reference()) };
    let Some(object) = element.array.downcast::<ArrayObject>() else { return Err(null_reference()) };
    let place = object.place(&element.indexes)?;
    object.items().get(place).cloned().ok_or_else(null_reference)
}

pub(super) fn write(cx: &mut Cx<'_>, to: &Value, value: Value) -> Result<(), Thrown> {
    if to.downcast::<Cell>().is_some() {
        write_cell(to, value);
        return Ok(());
    }
    let Some(element) = to.downcast::<ElementRef>() else { return Err(null_reference()) };
    set_element(cx, &element.array, &element.indexes, value).map(|_| ())
}
