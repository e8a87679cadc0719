//! Parts of arrays: `a[1..^1]`.

use apimite_diag::Span;
use apimite_dotnet::{Exception, ExceptionKind};

use super::value::at;
use super::{Emitter, ValueFn, value_fn};
use crate::bind::bound::B;
use crate::library::core::collections::{ArrayObject, array_value};
use crate::run::null_reference;
use crate::value::Value;

impl<'a> Emitter<'_, 'a> {
    pub(super) fn sub_array(&mut self, array: &B<'a>, start: &B<'a>, end: &B<'a>, span: Span) -> ValueFn {
        let (array, start, end) = (self.value(array), self.int(start), self.int(end));
        value_fn(move |cx| {
            let array = array(cx)?;
            let Some(object) = array.downcast::<ArrayObject>() else { return at(cx, span, Err(null_reference())) };
            let (from, to) = (start(cx)?, end(cx)?);
            let part = match (usize::try_from(from), usize::try_from(to)) {
                (Ok(from), Ok(to)) => object.items().get(from..to).map(<[Value]>::to_vec),
                _ => None,
            };
            let Some(part) = part else {
                let message = "Specified argument was out of the range of valid values. (Parameter 'length')";
                return at(cx, span, Err(Exception::new(ExceptionKind::ArgumentOutOfRange, message)));
            };
            cx.charge(part.len() * size_of::<Value>())?;
            Ok(array_value(object.element(), part))
        })
    }
}
