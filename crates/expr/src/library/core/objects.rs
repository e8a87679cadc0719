//! Members that every value has, and the small interfaces behind them.

use std::any::Any;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::library::rows::{Args, Row, ctor, m, op, p};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// `new object()`.
struct Plain;

impl Object for Plain {
    fn type_of(&self) -> Type {
        Type::object()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A `System.Type` object.
pub struct TypeObject(pub Type);

impl Object for TypeObject {
    fn type_of(&self) -> Type {
        Type::type_object()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.reflected())))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|o| o.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(self.0.reflected().len() as u64))
    }
}

fn fold_hash(hash: u64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a hash is folded")]
    let folded = (hash ^ (hash >> 32)) as u32;
    folded.cast_signed()
}

/// `GetHashCode` where .NET states it: numbers, `bool`, `char`; the rest is ours.
fn hash_code(cx: &mut Cx<'_>, value: &Value) -> Result<i32, Thrown> {
    #[expect(clippy::cast_possible_truncation, reason = "as .NET folds them")]
    let folded = |n: i64| (n as i32) ^ ((n >> 32) as i32);
    Ok(match value {
        Value::Null => 0,
        Value::Bool(b) => i32::from(*b),
        Value::Int(n) => *n,
        Value::Byte(n) => i32::from(*n),
        Value::UInt(n) => n.cast_signed(),
        Value::Short(n) => i32::from(*n),
        Value::UShort(n) => i32::from(*n),
        Value::SByte(n) => i32::from(*n),
        Value::Char(c) => i32::from(*c) | (i32::from(*c) << 16),
        Value::Long(n) | Value::TimeSpan(n) => folded(*n),
        Value::ULong(n) => folded(n.cast_signed()),
        Value::Enum(_, n) => folded(*n),
        Value::Double(n) => folded(if *n == 0.0 { 0 } else { n.to_bits().cast_signed() }),
        Value::Float(n) => (if *n == 0.0 { 0 } else { n.to_bits() }).cast_signed(),
        other => fold_hash(cx.hash(other)?),
    })
}

fn equals(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let (x, y) = (a.get(0).clone(), a.get(1).clone());
    Ok(Value::Bool(cx.equals(&x, &y)?))
}

pub(crate) static OBJECT_ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(Value::object(Plain))),
    m("string ToString()", |cx, mut a| {
        let this = a.take(0);
        cx.to_text(&this).map(Value::Str)
    }),
    m("bool Equals(object obj)", |cx, a| equals(cx, &a)),
    m("int GetHashCode()", |cx, mut a| {
        let this = a.take(0);
        hash_code(cx, &this).map(Value::Int)
    }),
    m("Type GetType()", |_, a| Ok(a.get(0).type_of().map_or(Value::Null, |ty| Value::object(TypeObject(ty)))))
        .unlisted(),
    m("static bool Equals(object objA, object objB)", |cx, a| equals(cx, &a)),
    m("static bool ReferenceEquals(object objA, object objB)", |_, a| Ok(Value::Bool(a.get(0).same_object(a.get(1))))),
];

fn relation(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let (x, y) = (a.get(0).clone(), a.get(1).clone());
    let order = cx.compare(&x, &y)?;
    Ok(Value::Int(order as i32))
}

pub(crate) static ICOMPARABLE_ROWS: &[Row] = &[m("int CompareTo(object obj)", |cx, a| relation(cx, &a))];
pub(crate) static ICOMPARABLE_OF_ROWS: &[Row] = &[m("int CompareTo(T other)", |cx, a| relation(cx, &a))];
pub(crate) static IEQUATABLE_ROWS: &[Row] = &[m("bool Equals(T other)", |cx, a| equals(cx, &a))];
pub(crate) static IFORMATTABLE_ROWS: &[Row] =
    &[m("string ToString(string format, IFormatProvider formatProvider)", |cx, a| {
        let this = a.get(0).clone();
        let format = a.str(1).cloned().unwrap_or(Str::EMPTY);
        match cx.format(&this, &format)? {
            Some(text) => Ok(Value::Str(text)),
            None => cx.to_text(&this).map(Value::Str),
        }
    })];
pub(crate) static IDISPOSABLE_ROWS: &[Row] = &[m("void Dispose()", |_, a| {
    if let Value::Object(object) = a.get(0) {
        object.dispose();
    }
    Ok(Value::Null)
})
.listed()];

pub(crate) static DELEGATE_ROWS: &[Row] = &[
    m("static Delegate Combine(Delegate a, Delegate b)", |_, a| Ok(super::delegates::combine(a.get(0), a.get(1)))),
    m("static Delegate Remove(Delegate source, Delegate value)", |_, a| {
        Ok(super::delegates::remove(a.get(0), a.get(1)))
    }),
    m("object DynamicInvoke(params object[] args)", |cx, a| {
        let this = a.get(0).clone();
        let mut args = cx.collect(a.get(1))?;
        cx.invoke(&this, &mut args)
    }),
];

/// What the compiler needs of `string`; the rest stands in the text area.
pub(crate) static STRING_ROWS: &[Row] = &[
    p("static string Empty", |_, _| Ok(Value::Str(Str::EMPTY))),
    p("int Length", |_, a| Ok(Value::Int(i32::try_from(a.this_str().len16()).unwrap_or(i32::MAX)))),
    p("char this[int index]", |_, a| {
        let unit = usize::try_from(a.int(1)).ok().and_then(|i| a.this_str().unit(i));
        unit.map(Value::Char)
            .ok_or_else(|| Exception::new(ExceptionKind::IndexOutOfRange, "Index was outside the bounds of the array."))
    }),
    op("bool operator ==(string a, string b)", |_, a| Ok(Value::Bool(a.str(0) == a.str(1)))),
    op("bool operator !=(string a, string b)", |_, a| Ok(Value::Bool(a.str(0) != a.str(1)))),
];

pub(crate) static NULLABLE_ROWS: &[Row] = &[
    ctor("(T value)", |_, mut a| Ok(a.take(0))),
    p("bool HasValue", |_, a| Ok(Value::Bool(!a.get(0).is_null()))),
    p("T Value", |_, mut a| {
        if a.get(0).is_null() {
            return Err(Exception::new(ExceptionKind::InvalidOperation, "Nullable object must have a value."));
        }
        Ok(a.take(0))
    }),
    m("T GetValueOrDefault()", |_, mut a| {
        let ty = a.ty(0);
        Ok(if a.get(0).is_null() { crate::run::default_value(ty) } else { a.take(0) })
    }),
    m("T GetValueOrDefault(T defaultValue)", |_, mut a| Ok(if a.get(0).is_null() { a.take(1) } else { a.take(0) })),
];

pub(crate) static NULLABLE_STATIC_ROWS: &[Row] = &[
    m("static int Compare<T>(T? n1, T? n2)", |cx, a| relation(cx, &a)),
    m("static bool Equals<T>(T? n1, T? n2)", |cx, a| equals(cx, &a)),
    m("static Type GetUnderlyingType(Type nullableType)", |_, a| {
        a.need(0, "nullableType")?;
        let of = a.obj::<TypeObject>(0)?.0.nullable_of();
        Ok(of.map_or(Value::Null, |ty| Value::object(TypeObject(ty))))
    }),
];

/// The enum type in the first argument.
fn enum_type(a: &Args<'_>) -> Result<Type, Thrown> {
    a.need(0, "enumType")?;
    let ty = a.obj::<TypeObject>(0)?.0;
    if ty.is_enum() {
        return Ok(ty);
    }
    Err(Exception::new(ExceptionKind::Argument, "Type provided must be an Enum. (Parameter 'enumType')"))
}

pub(crate) static ENUM_ROWS: &[Row] = &[
    m("string ToString()", |cx, mut a| {
        let this = a.take(0);
        cx.to_text(&this).map(Value::Str)
    }),
    m("string ToString(string format)", |cx, a| {
        let this = a.get(0).clone();
        let format = a.str(1).cloned().unwrap_or(Str::EMPTY);
        Ok(cx.format(&this, &format)?.map_or(Value::Null, Value::Str))
    }),
    m("bool HasFlag(Enum flag)", |_, a| Ok(Value::Bool(a.number(0) & a.number(1) == a.number(1)))).unlisted(),
    m("int CompareTo(object target)", |cx, a| relation(cx, &a)).unlisted(),
    m("static object Parse(Type enumType, string value)", |_, a| parse_of_type(&a, false)),
    m("static object Parse(Type enumType, string value, bool ignoreCase)", |_, a| parse_of_type(&a, a.bool(2))),
    m("static TEnum Parse<TEnum>(string value) where TEnum : struct", |_, a| {
        parse_enum(a.ty(0), a.need_str(0, "value")?, false)
    })
    .core_only(),
    m("static TEnum Parse<TEnum>(string value, bool ignoreCase) where TEnum : struct", |_, a| {
        parse_enum(a.ty(0), a.need_str(0, "value")?, a.bool(1))
    })
    .core_only(),
    m("static bool TryParse<TEnum>(string value, out TEnum result) where TEnum : struct", |_, mut a| {
        Ok(try_parse(&mut a, false, 1))
    }),
    m(
        "static bool TryParse<TEnum>(string value, bool ignoreCase, out TEnum result) where TEnum : struct",
        |_, mut a| {
            let ignore_case = a.bool(1);
            Ok(try_parse(&mut a, ignore_case, 2))
        },
    ),
    m("static bool IsDefined(Type enumType, object value)", |_, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        let values = ty.def().map_or(&[][..], crate::library::TypeDef::values);
        Ok(Value::Bool(match a.get(1) {
            Value::Str(name) => values.iter().any(|(n, _)| *n == name.as_str()),
            other => other.integer().is_some_and(|n| values.iter().any(|(_, v)| i128::from(*v) == n)),
        }))
    })
    .unlisted(),
    m("static string GetName(Type enumType, object value)", |_, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        let values = ty.def().map_or(&[][..], crate::library::TypeDef::values);
        let number = a.get(1).integer();
        Ok(values.iter().find(|(_, v)| Some(i128::from(*v)) == number).map_or(Value::Null, |(n, _)| Value::from(*n)))
    })
    .unlisted(),
    m("static string[] GetNames(Type enumType)", |_, a| {
        let ty = enum_type(&a)?;
        let values = ty.def().map_or(&[][..], crate::library::TypeDef::values);
        let mut sorted: Vec<_> = values.iter().collect();
        sorted.sort_by_key(|(_, v)| v.cast_unsigned());
        let names = sorted.into_iter().map(|(n, _)| Value::from(*n)).collect();
        Ok(super::collections::array_value(Type::string(), names))
    })
    .unlisted(),
    m("static Array GetValues(Type enumType)", |_, a| {
        let ty = enum_type(&a)?;
        let values = ty.def().map_or(&[][..], crate::library::TypeDef::values);
        let mut sorted: Vec<_> = values.iter().collect();
        sorted.sort_by_key(|(_, v)| v.cast_unsigned());
        Ok(super::collections::array_value(ty, sorted.into_iter().map(|(_, v)| Value::Enum(ty, *v)).collect()))
    })
    .unlisted(),
    m("static object ToObject(Type enumType, object value)", |_, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        Ok(Value::Enum(ty, a.number(1)))
    })
    .unlisted(),
];

fn parse_of_type(a: &Args<'_>, ignore_case: bool) -> Result<Value, Thrown> {
    let ty = a.need(0, "enumType")?.downcast::<TypeObject>().map_or_else(Type::object, |t| t.0);
    if !ty.is_enum() {
        return Err(Exception::new(ExceptionKind::Argument, "Type provided must be an Enum. (Parameter 'enumType')"));
    }
    parse_enum(ty, a.need_str(1, "value")?, ignore_case)
}

/// `Enum.Parse`: names and numbers, comma separated.
fn parse_enum(ty: Type, text: &str, ignore_case: bool) -> Result<Value, Thrown> {
    let Some(def) = ty.def().filter(|_| ty.is_enum()) else {
        return Err(Exception::new(ExceptionKind::Argument, "Type provided must be an Enum. (Parameter 'enumType')"));
    };
    if text.trim().is_empty() {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Must specify valid information for parsing in the string. (Parameter 'value')",
        ));
    }
    if let Ok(number) = text.trim().parse::<i64>() {
        if i32::try_from(number).is_err() {
            return Err(Exception::new(
                ExceptionKind::Overflow,
                "Value was either too large or too small for an Int32.",
            ));
        }
        return Ok(Value::Enum(ty, number));
    }
    let mut sum = 0;
    for part in text.split(',') {
        let part = part.trim();
        let found = def.values().iter().find(
            |(name, _)| {
                if ignore_case { name.eq_ignore_ascii_case(part) } else { *name == part }
            },
        );
        match found {
            Some((_, value)) => sum |= value,
            None => {
                return Err(Exception::new(
                    ExceptionKind::Argument,
                    format!("Requested value '{text}' was not found."),
                ));
            }
        }
    }
    Ok(Value::Enum(ty, sum))
}

fn try_parse(a: &mut Args<'_>, ignore_case: bool, out: usize) -> Value {
    let ty = a.ty(0);
    let parsed = a.str(0).and_then(|text| parse_enum(ty, text, ignore_case).ok());
    let ok = parsed.is_some();
    a.put(out, parsed.unwrap_or(Value::Enum(ty, 0)));
    Value::Bool(ok)
}

pub(crate) static TYPE_ROWS: &[Row] = &[
    p("string Name", |_, a| Ok(Value::from(a.obj::<TypeObject>(0)?.0.short_name()))),
    p("string FullName", |_, a| Ok(Value::from(full_name(a.obj::<TypeObject>(0)?.0)))),
    p("string Namespace", |_, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        Ok(ty.def().map_or(Value::Null, |d| Value::from(d.namespace())))
    }),
    p("Type BaseType", |cx, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        Ok(cx.registry().base(ty).map_or(Value::Null, |t| Value::object(TypeObject(t))))
    }),
    p("bool IsArray", |_, a| {
        Ok(Value::Bool(matches!(a.obj::<TypeObject>(0)?.0.kind(), crate::types::Kind::Array { .. })))
    }),
    p("bool IsEnum", |_, a| Ok(Value::Bool(a.obj::<TypeObject>(0)?.0.is_enum()))),
    p("bool IsValueType", |_, a| Ok(Value::Bool(a.obj::<TypeObject>(0)?.0.is_value_type()))),
    p("bool IsInterface", |_, a| Ok(Value::Bool(a.obj::<TypeObject>(0)?.0.is_interface()))),
    p("bool IsClass", |_, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        Ok(Value::Bool(ty.is_reference() && !ty.is_interface()))
    }),
    p("bool IsGenericType", |_, a| Ok(Value::Bool(!a.obj::<TypeObject>(0)?.0.args().is_empty()))),
    m("bool IsAssignableFrom(Type c)", |cx, a| {
        let (to, from) = (a.obj::<TypeObject>(0)?.0, a.obj::<TypeObject>(1)?.0);
        Ok(Value::Bool(cx.registry().derives(from, to)))
    }),
    m("bool IsInstanceOfType(object o)", |cx, a| {
        let ty = a.obj::<TypeObject>(0)?.0;
        Ok(Value::Bool(cx.is_instance(a.get(1), ty)))
    }),
    op("bool operator ==(Type left, Type right)", |cx, a| equals(cx, &a)),
    op("bool operator !=(Type left, Type right)", |cx, a| Ok(Value::Bool(!equals(cx, &a)?.as_bool()))),
];

/// `Type.FullName`: as [`Type::reflected`], with the arguments' own full names in double brackets.
fn full_name(ty: Type) -> String {
    if ty.args().is_empty() {
        return ty.reflected();
    }
    let args: Vec<String> = ty.args().iter().map(|t| format!("[{}]", full_name(*t))).collect();
    format!("{}`{}[{}]", ty.def().map_or("", crate::library::TypeDef::full_name), ty.args().len(), args.join(","))
}
