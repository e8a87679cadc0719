//! Arrays.

mod statics;

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown, made};
use parking_lot::RwLock;

use crate::library::core::objects::TypeObject;
use crate::library::rows::{Args, Row, hidden, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::{Cx, default_value};
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// An array of any rank; the elements in row-major order.
pub struct ArrayObject {
    ty: Type,
    lengths: Box<[usize]>,
    items: RwLock<Vec<Value>>,
}

impl ArrayObject {
    /// A one-dimensional array of an element type.
    pub fn new(element: Type, items: Vec<Value>) -> Self {
        made::note(items.len() * size_of::<Value>());
        Self { ty: Type::array(element.erased()), lengths: Box::from([items.len()]), items: RwLock::new(items) }
    }

    /// An array of several dimensions.
    pub fn with_lengths(element: Type, lengths: &[usize], items: Vec<Value>) -> Self {
        made::note(items.len() * size_of::<Value>());
        let rank = u8::try_from(lengths.len()).unwrap_or(1);
        Self { ty: Type::array_of_rank(element.erased(), rank), lengths: lengths.into(), items: RwLock::new(items) }
    }

    /// Element type.
    pub fn element(&self) -> Type {
        match self.ty.kind() {
            crate::types::Kind::Array { element, .. } => *element,
            _ => Type::object(),
        }
    }

    /// The elements, locked for reading.
    pub fn items(&self) -> parking_lot::RwLockReadGuard<'_, Vec<Value>> {
        self.items.read()
    }

    /// The elements, locked for writing; the number of them must stay.
    pub fn items_mut(&self) -> parking_lot::RwLockWriteGuard<'_, Vec<Value>> {
        self.items.write()
    }

    /// Lengths of the dimensions.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The bytes of a `byte[]`.
    pub fn bytes(&self) -> Vec<u8> {
        self.items.read().iter().map(|v| if let Value::Byte(b) = v { *b } else { 0 }).collect()
    }

    /// The place of an element.
    ///
    /// # Errors
    /// `IndexOutOfRangeException`.
    pub(crate) fn place(&self, indexes: &[Value]) -> Result<usize, Thrown> {
        let mut place = 0;
        for (index, length) in indexes.iter().zip(&self.lengths) {
            let index = index.integer().and_then(|n| usize::try_from(n).ok()).filter(|i| i < length);
            place = place * length + index.ok_or_else(out_of_bounds)?;
        }
        Ok(place)
    }
}

/// `IndexOutOfRangeException` in .NET's words.
pub(crate) fn out_of_bounds() -> Thrown {
    Exception::new(ExceptionKind::IndexOutOfRange, "Index was outside the bounds of the array.")
}

/// A one-dimensional array.
pub fn array_value(element: Type, items: Vec<Value>) -> Value {
    Value::object(ArrayObject::new(element, items))
}

/// A `byte[]`.
pub fn bytes_value(bytes: &[u8]) -> Value {
    array_value(Type::byte(), bytes.iter().map(|b| Value::Byte(*b)).collect())
}

impl Drop for ArrayObject {
    fn drop(&mut self) {
        if self.element().is_reference() {
            crate::value::release::values(std::mem::take(self.items.get_mut()));
        }
    }
}

impl Object for ArrayObject {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(Box::new(Walk { array: self, at: 0 })))
    }
}

struct Walk {
    array: Arc<ArrayObject>,
    at: usize,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        let item = self.array.items.read().get(self.at).cloned();
        self.at += 1;
        Ok(item)
    }
}

fn fixed_size() -> Thrown {
    Exception::new(ExceptionKind::NotSupported, "Collection was of a fixed size.")
}

fn length(a: &Args<'_>) -> Result<i32, Thrown> {
    Ok(i32::try_from(a.obj::<ArrayObject>(0)?.items.read().len()).unwrap_or(i32::MAX))
}

static ROWS: &[Row] = &[
    p("int Length", |_, a| Ok(Value::Int(length(&a)?))),
    p("long LongLength", |_, a| Ok(Value::Long(i64::from(length(&a)?)))),
    p("int Rank", |_, a| Ok(Value::Int(i32::try_from(a.obj::<ArrayObject>(0)?.lengths.len()).unwrap_or(1)))),
    hidden(p("int Count", |_, a| Ok(Value::Int(length(&a)?)))),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(true)))),
    hidden(p("object this[int index]", |_, a| {
        let array = a.obj::<ArrayObject>(0)?;
        let place = usize::try_from(a.int(1)).ok();
        let item = place.and_then(|i| array.items.read().get(i).cloned());
        item.ok_or_else(out_of_bounds)
    })),
    hidden(set("object this[int index]", |_, mut a| {
        let value = a.take(2);
        let place = usize::try_from(a.int(1)).ok();
        let array = a.obj::<ArrayObject>(0)?;
        let mut items = array.items.write();
        let item = place.and_then(|i| items.get_mut(i)).ok_or_else(out_of_bounds)?;
        *item = value;
        Ok(Value::Null)
    })),
    hidden(m("void Add(object item)", |_, _| Err(fixed_size()))),
    hidden(m("void Clear()", |_, _| Err(Exception::new(ExceptionKind::NotSupported, "Collection is read-only.")))),
    hidden(m("bool Remove(object item)", |_, _| Err(fixed_size()))),
    hidden(m("void Insert(int index, object item)", |_, _| Err(fixed_size()))),
    hidden(m("void RemoveAt(int index)", |_, _| Err(fixed_size()))),
    hidden(m("bool Contains(object item)", |cx, a| Ok(Value::Bool(index_of(cx, a.get(0), a.get(1))?.is_some())))),
    hidden(m("int IndexOf(object item)", |cx, a| {
        let found = index_of(cx, a.get(0), a.get(1))?;
        Ok(Value::Int(found.and_then(|i| i32::try_from(i).ok()).unwrap_or(-1)))
    })),
];

/// `CopyTo`: the elements of the receiver into an array.
pub(crate) fn copy_into(cx: &mut Cx<'_>, a: &Args<'_>, array: usize, at: i32) -> Result<Value, Thrown> {
    let items = cx.collect(a.get(0))?;
    let target = a.need(array, "array")?.downcast::<ArrayObject>().ok_or_else(out_of_bounds)?;
    let start = usize::try_from(at).map_err(|_| {
        Exception::new(ExceptionKind::ArgumentOutOfRange, "Non-negative number required. (Parameter 'arrayIndex')")
    })?;
    let mut own = target.items.write();
    if start + items.len() > own.len() {
        return Err(too_short());
    }
    for (offset, item) in items.into_iter().enumerate() {
        own[start + offset] = item;
    }
    Ok(Value::Null)
}

fn too_short() -> Thrown {
    Exception::new(
        ExceptionKind::Argument,
        "Destination array was not long enough. Check the destination index, length, and the array's lower bounds. (Parameter 'destinationArray')",
    )
}

/// The first place of an item, by `Equals`.
pub(crate) fn index_of(cx: &mut Cx<'_>, sequence: &Value, item: &Value) -> Result<Option<usize>, Thrown> {
    for (index, candidate) in cx.collect(sequence)?.iter().enumerate() {
        if cx.equals(candidate, item)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// `System.Array`
pub static ARRAY: TypeDef = class("System.Array")
    .implements("System.Collections.IList, ICloneable")
    .abstract_()
    .rows(&[ROWS, statics::STATIC_ROWS])
    .def();
