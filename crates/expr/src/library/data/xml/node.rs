//! `XObject`, `XNode`, the leaves, `XAttribute`, `XDeclaration`, the comparers.

use std::any::Any;
use std::cmp::Ordering;

use apimite_dotnet::json::Primitive;
use apimite_dotnet::xml::{Axis, Content, Declaration, DocumentType, XObject, read_value};
use apimite_dotnet::{Exception, ExceptionKind, IntegerKind, Thrown};
use parking_lot::RwLock;
use smol_str::SmolStr;

use super::NODE_TYPE;
use super::content::{content_of, text_of};
use super::element::XELEMENT;
use super::name::{name, name_value};
use super::object::{maybe, node, node_value, this};
use super::sequence::{axis, nodes};
use crate::library::data::json::scalar_value;
use crate::library::rows::{Args, Row, conv, ctor, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A required string argument.
fn text<'v>(a: &'v Args<'_>, index: usize, parameter: &str) -> Result<&'v str, Thrown> {
    a.need_str(index, parameter).map(|text| text.as_str())
}

pub(super) fn optional(a: &Args<'_>, index: usize) -> Option<SmolStr> {
    a.str(index).map(|text| SmolStr::new(text.as_str()))
}

static OBJECT: &[Row] = &[
    p("XmlNodeType NodeType", |_, a| Ok(Value::Enum(Type::of(&NODE_TYPE), this(&a)?.kind() as i64))),
    p("XElement Parent", |_, a| Ok(maybe(this(&a)?.parent()))),
    p("XDocument Document", |_, a| Ok(maybe(this(&a)?.owner()))),
    p("string BaseUri", |_, _| Ok(Value::Str(Str::EMPTY))),
];

/// `System.Xml.Linq.XObject`
pub(super) static XOBJECT: TypeDef = class("System.Xml.Linq.XObject").abstract_().rows(&[OBJECT]).def();

/// An axis of the receiver; what has the name in argument 1, where there is such an argument: a null name finds nothing.
fn walk(a: &Args<'_>, def: &'static TypeDef, of: Axis) -> Result<Value, Thrown> {
    let receiver = this(a)?;
    if a.count() > 1 && name(a, 1).is_none() {
        return Ok(nodes(def, Vec::new()));
    }
    Ok(axis(def, receiver, of, name(a, 1)))
}

fn change(cx: &mut Cx<'_>, a: &Args<'_>, work: fn(&XObject, &Content) -> Result<(), Thrown>) -> Result<Value, Thrown> {
    let of = this(a)?;
    let content = content_of(cx, a.get(1))?;
    work(of, &content).map(|()| Value::Null)
}

fn order(a: &Args<'_>) -> Result<Ordering, Thrown> {
    match (node(a, 0), node(a, 1)) {
        (Some(x), Some(y)) => x.compare_order(y),
        (None, None) => Ok(Ordering::Equal),
        (None, _) => Ok(Ordering::Less),
        _ => Ok(Ordering::Greater),
    }
}

fn deep_equals(a: &Args<'_>, at: usize) -> bool {
    match (node(a, at), node(a, at + 1)) {
        (Some(x), Some(y)) => x.deep_equals(y),
        (x, y) => x.is_none() && y.is_none(),
    }
}

static NODE: &[Row] = &[
    p("XNode NextNode", |_, a| Ok(maybe(this(&a)?.sibling(1)))),
    p("XNode PreviousNode", |_, a| Ok(maybe(this(&a)?.sibling(-1)))),
    m("void AddAfterSelf(object content)", |cx, a| change(cx, &a, XObject::add_after_self)).impure(),
    m("void AddAfterSelf(params object[] content)", |cx, a| change(cx, &a, XObject::add_after_self)).impure(),
    m("void AddBeforeSelf(object content)", |cx, a| change(cx, &a, XObject::add_before_self)).impure(),
    m("void AddBeforeSelf(params object[] content)", |cx, a| change(cx, &a, XObject::add_before_self)).impure(),
    m("void ReplaceWith(object content)", |cx, a| change(cx, &a, XObject::replace_with)).impure(),
    m("void ReplaceWith(params object[] content)", |cx, a| change(cx, &a, XObject::replace_with)).impure(),
    m("void Remove()", |_, a| this(&a)?.remove().map(|()| Value::Null)).impure(),
    m("IEnumerable<XElement> Ancestors()", |_, a| walk(&a, &XELEMENT, Axis::Ancestors { with_self: false })),
    m("IEnumerable<XElement> Ancestors(XName name)", |_, a| walk(&a, &XELEMENT, Axis::Ancestors { with_self: false })),
    m("IEnumerable<XNode> NodesAfterSelf()", |_, a| walk(&a, &XNODE, Axis::NodesBeside { before: false })),
    m("IEnumerable<XNode> NodesBeforeSelf()", |_, a| walk(&a, &XNODE, Axis::NodesBeside { before: true })),
    m("IEnumerable<XElement> ElementsAfterSelf()", |_, a| walk(&a, &XELEMENT, Axis::ElementsBeside { before: false })),
    m("IEnumerable<XElement> ElementsAfterSelf(XName name)", |_, a| {
        walk(&a, &XELEMENT, Axis::ElementsBeside { before: false })
    }),
    m("IEnumerable<XElement> ElementsBeforeSelf()", |_, a| walk(&a, &XELEMENT, Axis::ElementsBeside { before: true })),
    m("IEnumerable<XElement> ElementsBeforeSelf(XName name)", |_, a| {
        walk(&a, &XELEMENT, Axis::ElementsBeside { before: true })
    }),
    m("bool IsAfter(XNode node)", |_, a| Ok(Value::Bool(order(&a)? == Ordering::Greater))),
    m("bool IsBefore(XNode node)", |_, a| Ok(Value::Bool(order(&a)? == Ordering::Less))),
    m("static int CompareDocumentOrder(XNode n1, XNode n2)", |_, a| Ok(Value::Int(order(&a)? as i32))),
    m("static bool DeepEquals(XNode n1, XNode n2)", |_, a| Ok(Value::Bool(deep_equals(&a, 0)))),
    m("string ToString()", |_, a| this(&a)?.to_xml(true).map(Value::from)),
    m("string ToString(SaveOptions options)", |_, a| this(&a)?.to_xml(a.number(1) & 1 == 0).map(Value::from)),
    p("static XNodeDocumentOrderComparer DocumentOrderComparer", |_, _| Ok(Value::object(Comparer(&ORDER_COMPARER)))),
    p("static XNodeEqualityComparer EqualityComparer", |_, _| Ok(Value::object(Comparer(&EQUALITY_COMPARER)))),
];

/// `System.Xml.Linq.XNode`
pub(super) static XNODE: TypeDef = class("System.Xml.Linq.XNode").extends("XObject").abstract_().rows(&[NODE]).def();

fn get_value(_: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Str(Str::new(&this(&a)?.value())))
}

fn set_value(_: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    this(&a)?.set_value(text(&a, 1, "value")?).map(|()| Value::Null)
}

fn copy(a: &Args<'_>) -> Result<Value, Thrown> {
    a.need(0, "other")?;
    Ok(maybe(node(a, 0).map(XObject::deep_clone)))
}

/// `System.Xml.Linq.XText`
pub(super) static XTEXT: TypeDef = class("System.Xml.Linq.XText")
    .extends("XNode")
    .rows(&[&[
        ctor("(string value)", |_, a| Ok(node_value(XObject::text(text(&a, 0, "value")?)))),
        ctor("(XText other)", |_, a| copy(&a)),
        p("string Value", get_value),
        set("string Value", set_value),
    ]])
    .def();

/// `System.Xml.Linq.XCData`
pub(super) static XCDATA: TypeDef = class("System.Xml.Linq.XCData")
    .extends("XText")
    .rows(&[&[
        ctor("(string value)", |_, a| Ok(node_value(XObject::cdata(text(&a, 0, "value")?)))),
        ctor("(XCData other)", |_, a| copy(&a)),
    ]])
    .def();

/// `System.Xml.Linq.XComment`
pub(super) static XCOMMENT: TypeDef = class("System.Xml.Linq.XComment")
    .extends("XNode")
    .rows(&[&[
        ctor("(string value)", |_, a| Ok(node_value(XObject::comment(text(&a, 0, "value")?)))),
        ctor("(XComment other)", |_, a| copy(&a)),
        p("string Value", get_value),
        set("string Value", set_value),
    ]])
    .def();

/// `System.Xml.Linq.XProcessingInstruction`
pub(super) static XPROCESSING_INSTRUCTION: TypeDef = class("System.Xml.Linq.XProcessingInstruction")
    .extends("XNode")
    .rows(&[&[
        ctor("(string target, string data)", |_, a| {
            XObject::instruction(text(&a, 0, "target")?, text(&a, 1, "data")?).map(node_value)
        }),
        ctor("(XProcessingInstruction other)", |_, a| copy(&a)),
        p("string Target", |_, a| Ok(Value::Str(Str::new(&this(&a)?.target())))),
        p("string Data", get_value),
        set("string Data", set_value),
    ]])
    .def();

fn part(a: &Args<'_>, pick: fn(&DocumentType) -> Option<&SmolStr>) -> Result<Value, Thrown> {
    let parts = this(a)?.document_type_parts();
    Ok(parts.as_deref().and_then(pick).map_or(Value::Null, |text| Value::Str(Str::new(text))))
}

/// `System.Xml.Linq.XDocumentType`
pub(super) static XDOCUMENT_TYPE: TypeDef = class("System.Xml.Linq.XDocumentType")
    .extends("XNode")
    .rows(&[&[
        ctor("(string name, string publicId, string systemId, string internalSubset)", |_, a| {
            Ok(node_value(XObject::document_type(DocumentType {
                name: SmolStr::new(text(&a, 0, "name")?),
                public: optional(&a, 1),
                system: optional(&a, 2),
                subset: optional(&a, 3),
            })))
        }),
        p("string Name", |_, a| part(&a, |parts| Some(&parts.name))),
        p("string PublicId", |_, a| part(&a, |parts| parts.public.as_ref())),
        p("string SystemId", |_, a| part(&a, |parts| parts.system.as_ref())),
        p("string InternalSubset", |_, a| part(&a, |parts| parts.subset.as_ref())),
    ]])
    .def();

/// An `XDeclaration`.
pub(super) struct DeclarationObject(pub(super) RwLock<Declaration>);

impl Object for DeclarationObject {
    fn type_of(&self) -> Type {
        Type::of(&XDECLARATION)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.read().to_string())))
    }
}

pub(super) fn declaration_value(declaration: Declaration) -> Value {
    Value::object(DeclarationObject(RwLock::new(declaration)))
}

fn declared(a: &Args<'_>, pick: fn(&mut Declaration) -> &mut Option<SmolStr>) -> Result<Value, Thrown> {
    let mut declaration = a.obj::<DeclarationObject>(0)?.0.read().clone();
    Ok(pick(&mut declaration).as_ref().map_or(Value::Null, |text| Value::Str(Str::new(text))))
}

fn declare(a: &Args<'_>, pick: fn(&mut Declaration) -> &mut Option<SmolStr>) -> Result<Value, Thrown> {
    *pick(&mut a.obj::<DeclarationObject>(0)?.0.write()) = optional(a, 1);
    Ok(Value::Null)
}

/// `System.Xml.Linq.XDeclaration`
pub(super) static XDECLARATION: TypeDef = class("System.Xml.Linq.XDeclaration")
    .rows(&[&[
        ctor("(string version, string encoding, string standalone)", |_, a| {
            Ok(declaration_value(Declaration {
                version: optional(&a, 0),
                encoding: optional(&a, 1),
                standalone: optional(&a, 2),
            }))
        }),
        ctor("(XDeclaration other)", |_, a| {
            a.need(0, "other")?;
            Ok(declaration_value(a.obj::<DeclarationObject>(0)?.0.read().clone()))
        }),
        p("string Version", |_, a| declared(&a, |d| &mut d.version)),
        set("string Version", |_, a| declare(&a, |d| &mut d.version)),
        p("string Encoding", |_, a| declared(&a, |d| &mut d.encoding)),
        set("string Encoding", |_, a| declare(&a, |d| &mut d.encoding)),
        p("string Standalone", |_, a| declared(&a, |d| &mut d.standalone)),
        set("string Standalone", |_, a| declare(&a, |d| &mut d.standalone)),
    ]])
    .def();

/// An explicit cast of an element or attribute.
pub(super) fn cast(a: &Args<'_>, to: Primitive, nullable: bool, parameter: &str) -> Result<Value, Thrown> {
    match node(a, 0) {
        Some(node) => read_value(&node.value(), to).map(|scalar| scalar_value(&scalar)),
        None if nullable => Ok(Value::Null),
        None => {
            Err(Exception::new(ExceptionKind::ArgumentNull, format!("Value cannot be null. (Parameter '{parameter}')")))
        }
    }
}

macro_rules! casts {
    ($class:literal, $parameter:literal) => {
        crate::library::data::xml::node::casts!(@rows $class, $parameter,
            "bool" Primitive::Boolean, "int" Primitive::Integer(IntegerKind::Int32), "uint" Primitive::Integer(IntegerKind::UInt32),
            "long" Primitive::Integer(IntegerKind::Int64), "ulong" Primitive::Integer(IntegerKind::UInt64),
            "float" Primitive::Single, "double" Primitive::Double, "decimal" Primitive::Decimal,
            "DateTime" Primitive::DateTime, "DateTimeOffset" Primitive::DateTimeOffset,
            "TimeSpan" Primitive::TimeSpan, "Guid" Primitive::Guid)
    };
    (@rows $class:literal, $parameter:literal, $($ty:literal $to:expr),*) => {
        &[
            $(
                conv(concat!("explicit operator ", $ty, "(", $class, " ", $parameter, ")"), |_, a| cast(&a, $to, false, $parameter)),
                conv(concat!("explicit operator ", $ty, "?(", $class, " ", $parameter, ")"), |_, a| cast(&a, $to, true, $parameter)),
            )*
            conv(concat!("explicit operator string(", $class, " ", $parameter, ")"), |_, a| cast(&a, Primitive::String, true, $parameter)),
        ]
    };
}
pub(super) use casts;

static ATTRIBUTE_CASTS: &[Row] = casts!("XAttribute", "attribute");

static ATTRIBUTE: &[Row] = &[
    ctor("(XName name, object value)", |cx, a| {
        a.need(0, "name")?;
        let value = text_of(cx, a.need(1, "value")?)?;
        XObject::attribute(name(&a, 0).cloned().unwrap_or_default(), &value).map(node_value)
    }),
    ctor("(XAttribute other)", |_, a| copy(&a)),
    p("XName Name", |_, a| Ok(this(&a)?.name().map_or(Value::Null, name_value))),
    p("string Value", get_value),
    set("string Value", set_value),
    p("bool IsNamespaceDeclaration", |_, a| {
        Ok(Value::Bool(this(&a)?.name().is_some_and(|name| name.is_declaration())))
    }),
    p("XAttribute NextAttribute", |_, a| Ok(maybe(this(&a)?.sibling(1)))),
    p("XAttribute PreviousAttribute", |_, a| Ok(maybe(this(&a)?.sibling(-1)))),
    m("void Remove()", |_, a| this(&a)?.remove().map(|()| Value::Null)).impure(),
    m("void SetValue(object value)", |cx, a| {
        let value = text_of(cx, a.need(1, "value")?)?;
        this(&a)?.set_value(&value).map(|()| Value::Null)
    })
    .impure(),
    m("string ToString()", |_, a| this(&a)?.to_xml(true).map(Value::from)),
];

/// `System.Xml.Linq.XAttribute`
pub(super) static XATTRIBUTE: TypeDef =
    class("System.Xml.Linq.XAttribute").extends("XObject").rows(&[ATTRIBUTE, ATTRIBUTE_CASTS]).def();

/// A comparer of nodes: by its type.
struct Comparer(&'static TypeDef);

impl Object for Comparer {
    fn type_of(&self) -> Type {
        Type::of(self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn order_of(a: &Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Int(match (node(a, 1), node(a, 2)) {
        (Some(x), Some(y)) => x.compare_order(y)? as i32,
        (None, None) => 0,
        (None, _) => -1,
        _ => 1,
    }))
}

/// `System.Xml.Linq.XNodeDocumentOrderComparer`
pub(super) static ORDER_COMPARER: TypeDef = class("System.Xml.Linq.XNodeDocumentOrderComparer")
    .implements("IComparer<XNode>")
    .rows(&[&[
        ctor("()", |_, _| Ok(Value::object(Comparer(&ORDER_COMPARER)))),
        m("int Compare(XNode x, XNode y)", |_, a| order_of(&a)),
    ]])
    .def();

/// `System.Xml.Linq.XNodeEqualityComparer`
pub(super) static EQUALITY_COMPARER: TypeDef = class("System.Xml.Linq.XNodeEqualityComparer")
    .implements("IEqualityComparer<XNode>")
    .rows(&[&[
        ctor("()", |_, _| Ok(Value::object(Comparer(&EQUALITY_COMPARER)))),
        m("bool Equals(XNode x, XNode y)", |_, a| Ok(Value::Bool(deep_equals(&a, 1)))),
        m("int GetHashCode(XNode obj)", |_, a| {
            if a.get(1).is_null() {
                return Ok(Value::Int(0));
            }
            let text = node(&a, 1).map_or(Ok(String::new()), |node| node.to_xml(false))?;
            Ok(Value::Int(text.bytes().fold(17_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))))
        }),
    ]])
    .def();
