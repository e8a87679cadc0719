//! Values made of named parts: tuples, key-value pairs, anonymous types.

use std::any::Any;
use std::cmp::Ordering;

use apimite_dotnet::Thrown;

use crate::library::rows::{Args, Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class, static_class, structure};
use crate::run::{Cx, default_value};
use crate::types::{Kind, Type};
use crate::value::{Object, Str, Value};

/// A value with parts in order. Structs among them are replaced, never changed.
pub struct Record {
    /// The run-time type.
    pub ty: Type,
    /// The parts.
    pub parts: Box<[Value]>,
}

impl Record {
    /// The value of a record.
    pub fn value(ty: Type, parts: impl Into<Box<[Value]>>) -> Value {
        Value::object(Self { ty, parts: parts.into() })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        crate::value::release::values(std::mem::take(&mut self.parts));
    }
}

impl Object for Record {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(self.text(cx))
    }

    fn equals(&self, other: &Value, cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        let Some(other) = other.downcast::<Self>().filter(|o| o.ty == self.ty) else { return Some(Ok(false)) };
        for (a, b) in self.parts.iter().zip(&other.parts) {
            match cx.equals(a, b) {
                Ok(true) => {}
                result => return Some(result),
            }
        }
        Some(Ok(true))
    }

    fn hash(&self, cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        let mut all = 17_u64;
        for part in &self.parts {
            match cx.hash(part) {
                Ok(hash) => all = all.wrapping_mul(0x0100_0000_01B3).wrapping_add(hash),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(all))
    }

    fn compare(&self, other: &Value, cx: &mut Cx<'_>) -> Option<Result<Ordering, Thrown>> {
        if matches!(self.ty.kind(), Kind::Anonymous { .. }) || self.ty.is(&PAIR) {
            return None;
        }
        let other = other.downcast::<Self>()?;
        for (a, b) in self.parts.iter().zip(&other.parts) {
            match cx.compare(a, b) {
                Ok(Ordering::Equal) => {}
                result => return Some(result),
            }
        }
        Some(Ok(Ordering::Equal))
    }
}

impl Record {
    fn text(&self, cx: &mut Cx<'_>) -> Result<Str, Thrown> {
        let mut out = String::new();
        if let Kind::Anonymous { names, .. } = self.ty.kind() {
            out.push('{');
            for (index, (name, part)) in names.iter().zip(&self.parts).enumerate() {
                out.push_str(if index > 0 { ", " } else { " " });
                out.push_str(name);
                out.push_str(" = ");
                out.push_str(&cx.to_text(part)?);
            }
            out.push_str(" }");
        } else if self.ty.is(&PAIR) {
            out.push('[');
            out.push_str(&cx.to_text(&self.parts[0])?);
            out.push_str(", ");
            out.push_str(&cx.to_text(&self.parts[1])?);
            out.push(']');
        } else {
            out.push('(');
            self.write_items(&mut out, cx)?;
            out.push(')');
        }
        Ok(Str::from(out))
    }

    fn write_items(&self, out: &mut String, cx: &mut Cx<'_>) -> Result<(), Thrown> {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            match part.downcast::<Self>().filter(|_| index == 7) {
                Some(rest) => rest.write_items(out, cx)?,
                None => out.push_str(&cx.to_text(part)?),
            }
        }
        Ok(())
    }
}

/// A struct of the library without a value of its own yet: what `default(T)` gives for it.
pub struct EmptyStruct(pub Type);

impl Object for EmptyStruct {
    fn type_of(&self) -> Type {
        self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `default(T)` of a tuple or key-value pair.
pub(crate) fn default_record(ty: Type) -> Option<Value> {
    if ty.is(&PAIR) || ty.is_tuple() {
        return Some(Record::value(ty.erased(), ty.args().iter().map(|t| default_value(*t)).collect::<Vec<_>>()));
    }
    None
}

/// A `KeyValuePair<K, V>`.
pub fn pair(types: &[Type], key: Value, value: Value) -> Value {
    Record::value(Type::generic(&PAIR, types), [key, value])
}

fn part(a: &Args<'_>, index: usize) -> Result<Value, Thrown> {
    Ok(a.obj::<Record>(0)?.parts.get(index).cloned().unwrap_or_default())
}

fn make(def: &'static TypeDef, a: &mut Args<'_>) -> Value {
    let parts: Vec<Value> = (0..a.count()).map(|index| a.take(index)).collect();
    Record::value(Type::generic(def, a.types()), parts)
}

/// `KeyValuePair<TKey, TValue>`
pub static PAIR: TypeDef = structure("System.Collections.Generic.KeyValuePair<TKey,TValue>")
    .rows(&[&[
        ctor("(TKey key, TValue value)", |_, mut a| Ok(make(&PAIR, &mut a))),
        p("TKey Key", |_, a| part(&a, 0)),
        p("TValue Value", |_, a| part(&a, 1)),
    ]])
    .def();

static COMPARE: &[Row] = &[m("int CompareTo(object obj)", |cx, a| {
    let (x, y) = (a.get(0).clone(), a.get(1).clone());
    Ok(Value::Int(cx.compare(&x, &y)? as i32))
})];

macro_rules! tuples {
    ($($tuple:ident $value:ident <$($t:ident),*> $create:literal $params:literal [$($item:ident = $index:literal),*];)*) => {
        $(
            static $tuple: TypeDef = class(concat!("System.Tuple<", tuples!(@list $($t),*), ">"))
                .implements("IComparable")
                .rows(&[
                    &[ctor($params, |_, mut a| Ok(make(&$tuple, &mut a)))],
                    &[$(p(concat!(stringify!($t), " ", stringify!($item)), |_, a| part(&a, $index))),*],
                    COMPARE,
                ])
                .def();
            static $value: TypeDef = structure(concat!("System.ValueTuple<", tuples!(@list $($t),*), ">"))
                .implements("IComparable")
                .rows(&[
                    &[ctor($params, |_, mut a| Ok(make(&$value, &mut a)))],
                    &[$(p(concat!(stringify!($t), " ", stringify!($item)), |_, a| part(&a, $index))),*],
                    COMPARE,
                ])
                .def();
        )*
        static CREATE: &[Row] = &[$(
            m(concat!("static Tuple<", tuples!(@list $($t),*), "> Create", $create), |_, mut a| Ok(make(&$tuple, &mut a))),
        )*];
        static CREATE_VALUE: &[Row] = &[$(
            m(concat!("static ValueTuple<", tuples!(@list $($t),*), "> Create", $create), |_, mut a| Ok(make(&$value, &mut a))),
        )*];
        pub(crate) static TYPES: &[&TypeDef] = &[&PAIR, &TUPLE, &VALUE_TUPLE, $(&$tuple, &$value),*];
    };
    (@list $a:ident) => { stringify!($a) };
    (@list $a:ident, $($b:ident),+) => { concat!(stringify!($a), ",", tuples!(@list $($b),+)) };
}

tuples! {
    TUPLE1 VALUE_TUPLE1 <T1> "<T1>(T1 item1)" "(T1 item1)" [Item1 = 0];
    TUPLE2 VALUE_TUPLE2 <T1, T2> "<T1,T2>(T1 item1, T2 item2)" "(T1 item1, T2 item2)" [Item1 = 0, Item2 = 1];
    TUPLE3 VALUE_TUPLE3 <T1, T2, T3> "<T1,T2,T3>(T1 item1, T2 item2, T3 item3)" "(T1 item1, T2 item2, T3 item3)" [Item1 = 0, Item2 = 1, Item3 = 2];
    TUPLE4 VALUE_TUPLE4 <T1, T2, T3, T4> "<T1,T2,T3,T4>(T1 item1, T2 item2, T3 item3, T4 item4)" "(T1 item1, T2 item2, T3 item3, T4 item4)" [Item1 = 0, Item2 = 1, Item3 = 2, Item4 = 3];
    TUPLE5 VALUE_TUPLE5 <T1, T2, T3, T4, T5> "<T1,T2,T3,T4,T5>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)" "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)" [Item1 = 0, Item2 = 1, Item3 = 2, Item4 = 3, Item5 = 4];
    TUPLE6 VALUE_TUPLE6 <T1, T2, T3, T4, T5, T6> "<T1,T2,T3,T4,T5,T6>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)" "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)" [Item1 = 0, Item2 = 1, Item3 = 2, Item4 = 3, Item5 = 4, Item6 = 5];
    TUPLE7 VALUE_TUPLE7 <T1, T2, T3, T4, T5, T6, T7> "<T1,T2,T3,T4,T5,T6,T7>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)" "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)" [Item1 = 0, Item2 = 1, Item3 = 2, Item4 = 3, Item5 = 4, Item6 = 5, Item7 = 6];
    TUPLE8 VALUE_TUPLE8 <T1, T2, T3, T4, T5, T6, T7, TRest> "<T1,T2,T3,T4,T5,T6,T7,TRest>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7, TRest item8)" "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7, TRest rest)" [Item1 = 0, Item2 = 1, Item3 = 2, Item4 = 3, Item5 = 4, Item6 = 5, Item7 = 6, Rest = 7];
}

static TUPLE: TypeDef = static_class("System.Tuple").rows(&[CREATE]).def();
static VALUE_TUPLE: TypeDef = static_class("System.ValueTuple").rows(&[CREATE_VALUE]).def();
