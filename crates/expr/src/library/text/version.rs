//! `System.Version`.

use std::any::Any;
use std::cmp::Ordering;

use apimite_dotnet::messages::{argument_null, bad_format, out_of_range};
use apimite_dotnet::numeric::parse;
use apimite_dotnet::{Exception, ExceptionKind, IntegerKind, NumberStyles, Thrown};

use super::edge::{order, tried};
use crate::library::rows::{Args, Row, ctor, m, op, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// Major, minor, build, revision; -1 where not given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version([i32; 4]);

impl Version {
    fn text(self, count: usize) -> String {
        self.0.iter().take(count).map(i32::to_string).collect::<Vec<_>>().join(".")
    }

    fn given(self) -> usize {
        self.0.iter().take_while(|part| **part >= 0).count()
    }
}

impl Object for Version {
    fn type_of(&self) -> Type {
        Type::of(&VERSION)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.text(self.given()))))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>() == Some(self)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(self.0.iter().fold(0, |hash, part| hash * 31 + u64::from(part.cast_unsigned()))))
    }

    fn compare(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<Ordering, Thrown>> {
        other.downcast::<Self>().map(|other| Ok(self.cmp(other)))
    }
}

fn read(text: Option<&Str>, name: &str) -> Result<Value, Thrown> {
    let text = text.ok_or_else(|| argument_null(name))?;
    let parts: Vec<&str> = text.split('.').collect();
    if !(2..=4).contains(&parts.len()) {
        return Err(Exception::new(
            ExceptionKind::Argument,
            format!("Version string portion was too short or too long. (Parameter '{name}')"),
        ));
    }
    let mut version = Version([-1; 4]);
    for (place, part) in version.0.iter_mut().zip(parts) {
        let number = parse::parse_integer(part, IntegerKind::Int32, NumberStyles::INTEGER)?;
        if number < 0 {
            return Err(out_of_range("Version's parameters must be greater than or equal to zero.", name));
        }
        *place = i32::try_from(number).map_err(|_| bad_format())?;
    }
    Ok(Value::object(version))
}

fn of_parts(a: &Args<'_>) -> Result<Value, Thrown> {
    let mut version = Version([-1; 4]);
    for (index, name) in ["major", "minor", "build", "revision"].iter().enumerate().take(a.count()) {
        if a.int(index) < 0 {
            return Err(out_of_range("Version's parameters must be greater than or equal to zero.", name));
        }
        version.0[index] = a.int(index);
    }
    Ok(Value::object(version))
}

/// Order of two versions of which either may be `null`.
fn relation(a: &Args<'_>) -> Ordering {
    a.get(0).downcast::<Version>().cmp(&a.get(1).downcast::<Version>())
}

static ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(Value::object(Version([0, 0, -1, -1])))),
    ctor("(string version)", |_, a| read(a.str(0), "version")),
    ctor("(int major, int minor)", |_, a| of_parts(&a)),
    ctor("(int major, int minor, int build)", |_, a| of_parts(&a)),
    ctor("(int major, int minor, int build, int revision)", |_, a| of_parts(&a)),
    p("int Major", |_, a| Ok(Value::Int(a.obj::<Version>(0)?.0[0]))),
    p("int Minor", |_, a| Ok(Value::Int(a.obj::<Version>(0)?.0[1]))),
    p("int Build", |_, a| Ok(Value::Int(a.obj::<Version>(0)?.0[2]))),
    p("int Revision", |_, a| Ok(Value::Int(a.obj::<Version>(0)?.0[3]))),
    m("static Version Parse(string input)", |_, a| read(a.str(0), "input")),
    m("static bool TryParse(string input, out Version result)", |_, mut a| {
        let result = read(a.str(0), "input");
        Ok(tried(&mut a, 1, result, Value::Null))
    }),
    m("string ToString()", |cx, a| {
        let this = a.get(0).clone();
        cx.to_text(&this).map(Value::Str)
    }),
    m("string ToString(int fieldCount)", |_, a| {
        let version = *a.obj::<Version>(0)?;
        match usize::try_from(a.int(1)) {
            Ok(count) if count <= version.given() => Ok(Value::from(version.text(count))),
            _ => Err(Exception::new(
                ExceptionKind::Argument,
                format!("Argument must be between 0 and {}. (Parameter 'fieldCount')", version.given()),
            )),
        }
    }),
    m("int CompareTo(Version value)", |_, a| Ok(order(relation(&a)))),
    m("bool Equals(Version obj)", |_, a| Ok(Value::Bool(relation(&a).is_eq()))),
    op("bool operator ==(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_eq()))),
    op("bool operator !=(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_ne()))),
    op("bool operator <(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_lt()))),
    op("bool operator <=(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_le()))),
    op("bool operator >(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_gt()))),
    op("bool operator >=(Version v1, Version v2)", |_, a| Ok(Value::Bool(relation(&a).is_ge()))),
];

/// `System.Version`
pub static VERSION: TypeDef = class("System.Version")
    .implements("IComparable, ICloneable, IComparable<Version>, IEquatable<Version>")
    .unlisted()
    .rows(&[ROWS])
    .def();
