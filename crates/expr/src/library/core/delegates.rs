//! `Func`, `Action`, `Predicate`, `Comparison`, `Converter`.

use crate::library::typedef::{TypeDef, delegate};

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
