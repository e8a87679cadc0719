//! `XName` and `XNamespace`.

use std::any::Any;
use std::cmp::Ordering;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::{XML_NAMESPACE, XMLNS, XName};
use smol_str::SmolStr;

use crate::library::rows::{Args, Row, conv, m, op, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// An `XName`; equal names are one object.
pub(super) struct Name(pub(super) XName);

/// An `XNamespace`; equal namespaces are one object.
pub(super) struct Namespace(pub(super) SmolStr);

/// What stands for the one object that .NET keeps for equal names.
fn atom(parts: &impl Hash) -> usize {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(parts) as usize
}

pub(super) fn name_value(name: XName) -> Value {
    Value::object(Name(name))
}

pub(super) fn namespace_value(namespace: SmolStr) -> Value {
    Value::object(Namespace(namespace))
}

/// The name in argument `index`; null gives none.
pub(super) fn name<'v>(a: &'v Args<'_>, index: usize) -> Option<&'v XName> {
    a.get(index).downcast::<Name>().map(|name| &name.0)
}

impl Object for Name {
    fn type_of(&self) -> Type {
        Type::of(&XNAME)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn identity(&self) -> Option<(usize, u32)> {
        Some((atom(&(&self.0.namespace, &self.0.local)), 1))
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.to_string())))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| self.0 == other.0)))
    }

    fn hash(&self, cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(cx.hash(&Value::Str(Str::from(self.0.to_string()))))
    }

    fn compare(&self, _other: &Value, _cx: &mut Cx<'_>) -> Option<Result<Ordering, Thrown>> {
        None
    }
}

impl Object for Namespace {
    fn type_of(&self) -> Type {
        Type::of(&XNAMESPACE)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn identity(&self) -> Option<(usize, u32)> {
        Some((atom(&self.0), 2))
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::new(&self.0)))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| self.0 == other.0)))
    }

    fn hash(&self, cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(cx.hash(&Value::Str(Str::new(&self.0))))
    }
}

fn same_name(a: &Args<'_>) -> bool {
    name(a, 0) == name(a, 1)
}

fn space<'v>(a: &'v Args<'_>, index: usize) -> Option<&'v SmolStr> {
    a.get(index).downcast::<Namespace>().map(|namespace| &namespace.0)
}

static NAME: &[Row] = &[
    m("static XName Get(string expandedName)", |_, a| {
        XName::expanded(a.need_str(0, "expandedName")?.as_str()).map(name_value)
    }),
    m("static XName Get(string localName, string namespaceName)", |_, a| {
        let namespace = a.need_str(1, "namespaceName")?;
        let local = a.need_str(0, "localName")?;
        XName::get(namespace.as_str(), local.as_str()).map(name_value)
    }),
    p("string LocalName", |_, a| Ok(Value::Str(Str::new(&a.obj::<Name>(0)?.0.local)))),
    p("string NamespaceName", |_, a| Ok(Value::Str(Str::new(&a.obj::<Name>(0)?.0.namespace)))),
    p("XNamespace Namespace", |_, a| Ok(namespace_value(a.obj::<Name>(0)?.0.namespace.clone()))),
    conv("implicit operator XName(string expandedName)", |_, a| match a.str(0) {
        Some(text) => XName::expanded(text.as_str()).map(name_value),
        None => Ok(Value::Null),
    }),
    op("bool operator ==(XName left, XName right)", |_, a| Ok(Value::Bool(same_name(&a)))),
    op("bool operator !=(XName left, XName right)", |_, a| Ok(Value::Bool(!same_name(&a)))),
];

/// `System.Xml.Linq.XName`
pub(super) static XNAME: TypeDef =
    class("System.Xml.Linq.XName").implements("IEquatable<XName>").abstract_().rows(&[NAME]).def();

static NAMESPACE: &[Row] = &[
    m("static XNamespace Get(string namespaceName)", |_, a| {
        Ok(namespace_value(SmolStr::new(a.need_str(0, "namespaceName")?.as_str())))
    }),
    p("static XNamespace None", |_, _| Ok(namespace_value(SmolStr::default()))),
    p("static XNamespace Xml", |_, _| Ok(namespace_value(SmolStr::new_static(XML_NAMESPACE)))),
    p("static XNamespace Xmlns", |_, _| Ok(namespace_value(SmolStr::new_static(XMLNS)))),
    p("string NamespaceName", |_, a| Ok(Value::Str(Str::new(&a.obj::<Namespace>(0)?.0)))),
    m("XName GetName(string localName)", |_, a| {
        let namespace = a.obj::<Namespace>(0)?;
        XName::get(&namespace.0, a.need_str(1, "localName")?.as_str()).map(name_value)
    }),
    conv("implicit operator XNamespace(string namespaceName)", |_, a| {
        Ok(a.str(0).map_or(Value::Null, |text| namespace_value(SmolStr::new(text.as_str()))))
    }),
    op("XName operator +(XNamespace ns, string localName)", |_, a| {
        a.need(0, "ns")?;
        let namespace = a.obj::<Namespace>(0)?;
        XName::get(&namespace.0, a.need_str(1, "localName")?.as_str()).map(name_value)
    }),
    op("bool operator ==(XNamespace left, XNamespace right)", |_, a| Ok(Value::Bool(space(&a, 0) == space(&a, 1)))),
    op("bool operator !=(XNamespace left, XNamespace right)", |_, a| Ok(Value::Bool(space(&a, 0) != space(&a, 1)))),
];

/// `System.Xml.Linq.XNamespace`
pub(super) static XNAMESPACE: TypeDef = class("System.Xml.Linq.XNamespace").abstract_().rows(&[NAMESPACE]).def();
