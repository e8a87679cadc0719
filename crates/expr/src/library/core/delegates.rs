//! `Func`, `Action`, `Predicate`, `Comparison`, `Converter`.

use std::any::Any;

use apimite_dotnet::Thrown;

use crate::library::typedef::{TypeDef, delegate};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Callable, Object, Value};

macro_rules! delegates {
    ($($name:ident = $full:literal, $invoke:literal;)*) => {
        $(static $name: TypeDef = delegate($full, $invoke).def();)*
        pub(crate) static TYPES: &[&TypeDef] = &[$(&$name),*];
    };
}

delegates! {
    FUNC1 = "System.Func<out TResult>", "TResult Invoke()";
    FUNC2 = "System.Func<in T,out TResult>", "TResult Invoke(T arg)";
    FUNC3 = "System.Func<in T1,in T2,out TResult>", "TResult Invoke(T1 arg1, T2 arg2)";
    FUNC4 = "System.Func<in T1,in T2,in T3,out TResult>", "TResult Invoke(T1 arg1, T2 arg2, T3 arg3)";
    FUNC5 = "System.Func<in T1,in T2,in T3,in T4,out TResult>", "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4)";
    FUNC6 = "System.Func<in T1,in T2,in T3,in T4,in T5,out TResult>", "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)";
    FUNC7 = "System.Func<in T1,in T2,in T3,in T4,in T5,in T6,out TResult>", "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)";
    FUNC8 = "System.Func<in T1,in T2,in T3,in T4,in T5,in T6,in T7,out TResult>", "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)";
    ACTION0 = "System.Action", "void Invoke()";
    ACTION1 = "System.Action<in T>", "void Invoke(T obj)";
    ACTION2 = "System.Action<in T1,in T2>", "void Invoke(T1 arg1, T2 arg2)";
    ACTION3 = "System.Action<in T1,in T2,in T3>", "void Invoke(T1 arg1, T2 arg2, T3 arg3)";
    ACTION4 = "System.Action<in T1,in T2,in T3,in T4>", "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4)";
    PREDICATE = "System.Predicate<in T>", "bool Invoke(T obj)";
    COMPARISON = "System.Comparison<in T>", "int Invoke(T x, T y)";
    CONVERTER = "System.Converter<in TInput,out TOutput>", "TOutput Invoke(TInput input)";
}

/// Several delegates one after the other: what `+` makes of two.
struct Several {
    ty: Type,
    list: Vec<Value>,
}

impl Object for Several {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn callable(&self) -> Option<&dyn Callable> {
        Some(self)
    }
}

impl Callable for Several {
    fn invoke(&self, cx: &mut Cx<'_>, args: &mut [Value]) -> Result<Value, Thrown> {
        let mut last = Value::Null;
        for one in &self.list {
            last = cx.invoke(one, &mut args.to_vec())?;
        }
        Ok(last)
    }
}

fn list(value: &Value) -> Vec<Value> {
    match value.downcast::<Several>() {
        Some(several) => several.list.clone(),
        None if value.is_null() => Vec::new(),
        None => vec![value.clone()],
    }
}

fn of(ty: Option<Type>, mut list: Vec<Value>) -> Value {
    match (ty, list.len()) {
        (Some(ty), 2..) => Value::object(Several { ty, list }),
        _ => list.pop().unwrap_or_default(),
    }
}

/// `Delegate.Combine`.
pub(super) fn combine(a: &Value, b: &Value) -> Value {
    let mut all = list(a);
    all.extend(list(b));
    of(a.type_of().or(b.type_of()), all)
}

/// `Delegate.Remove`: without the last run of delegates that are those of `value`.
pub(super) fn remove(source: &Value, value: &Value) -> Value {
    let (mut all, gone) = (list(source), list(value));
    let same = |run: &[Value]| run.iter().zip(&gone).all(|(x, y)| x.same_object(y));
    if !gone.is_empty()
        && let Some(at) = all.windows(gone.len()).rposition(same)
    {
        all.drain(at..at + gone.len());
    }
    of(source.type_of(), all)
}
