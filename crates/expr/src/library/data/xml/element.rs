//! `XContainer`, `XElement`, `XDocument`.

use apimite_dotnet::Thrown;
use apimite_dotnet::json::Primitive;
use apimite_dotnet::xml::{Axis, Content, LoadOptions, NodeKind, XObject, parse_document, parse_element};
use apimite_dotnet::{Exception, ExceptionKind, IntegerKind};
use smol_str::SmolStr;

use super::content::{content_of, text_of};
use super::name::{name, name_value, namespace_value};
use super::node::{DeclarationObject, XATTRIBUTE, XNODE, cast, casts, declaration_value};
use super::object::{maybe, node, node_value, this};
use super::sequence::{axis, nodes};
use crate::library::rows::{Args, Row, conv, ctor, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::value::{Str, Value};

fn change(cx: &mut Cx<'_>, a: &Args<'_>, work: fn(&XObject, &Content) -> Result<(), Thrown>) -> Result<Value, Thrown> {
    let of = this(a)?;
    cx.charge(160)?;
    let content = content_of(cx, a.get(1))?;
    work(of, &content).map(|()| Value::Null)
}

fn replace_nodes(of: &XObject, content: &Content) -> Result<(), Thrown> {
    // Content may hold the nodes that are taken out.
    of.remove_nodes();
    of.add(content)
}

fn replace_all(of: &XObject, content: &Content) -> Result<(), Thrown> {
    of.remove_attributes();
    replace_nodes(of, content)
}

fn replace_attributes(of: &XObject, content: &Content) -> Result<(), Thrown> {
    of.remove_attributes();
    of.add(content)
}

/// An axis of the receiver.
fn all(a: &Args<'_>, def: &'static TypeDef, of: Axis) -> Result<Value, Thrown> {
    Ok(axis(def, this(a)?, of, None))
}

/// What has a name on an axis of the receiver; a null name finds nothing.
fn named(a: &Args<'_>, def: &'static TypeDef, of: Axis) -> Result<Value, Thrown> {
    let receiver = this(a)?;
    Ok(name(a, 1).map_or_else(|| nodes(def, Vec::new()), |name| axis(def, receiver, of, Some(name))))
}

static CONTAINER: &[Row] = &[
    p("XNode FirstNode", |_, a| Ok(maybe(this(&a)?.first_node()))),
    p("XNode LastNode", |_, a| Ok(maybe(this(&a)?.last_node()))),
    m("void Add(object content)", |cx, a| change(cx, &a, XObject::add)).impure(),
    m("void Add(params object[] content)", |cx, a| change(cx, &a, XObject::add)).impure(),
    m("void AddFirst(object content)", |cx, a| change(cx, &a, XObject::add_first)).impure(),
    m("void AddFirst(params object[] content)", |cx, a| change(cx, &a, XObject::add_first)).impure(),
    m("void ReplaceNodes(object content)", |cx, a| change(cx, &a, replace_nodes)).impure(),
    m("void ReplaceNodes(params object[] content)", |cx, a| change(cx, &a, replace_nodes)).impure(),
    m("void RemoveNodes()", |_, a| {
        this(&a)?.remove_nodes();
        Ok(Value::Null)
    })
    .impure(),
    m("XElement Element(XName name)", |_, a| {
        Ok(maybe(name(&a, 1).map_or(Ok(None), |name| this(&a).map(|of| of.first_element(Some(name))))?))
    }),
    m("IEnumerable<XElement> Elements()", |_, a| all(&a, &XELEMENT, Axis::Elements)),
    m("IEnumerable<XElement> Elements(XName name)", |_, a| named(&a, &XELEMENT, Axis::Elements)),
    m("IEnumerable<XElement> Descendants()", |_, a| all(&a, &XELEMENT, Axis::Descendants { with_self: false })),
    m("IEnumerable<XElement> Descendants(XName name)", |_, a| {
        named(&a, &XELEMENT, Axis::Descendants { with_self: false })
    }),
    m("IEnumerable<XNode> DescendantNodes()", |_, a| all(&a, &XNODE, Axis::DescendantNodes { with_self: false })),
    m("IEnumerable<XNode> Nodes()", |_, a| all(&a, &XNODE, Axis::Nodes)),
];

/// `System.Xml.Linq.XContainer`
pub(super) static XCONTAINER: TypeDef =
    class("System.Xml.Linq.XContainer").extends("XNode").abstract_().rows(&[CONTAINER]).def();

fn options(a: &Args<'_>, index: usize) -> LoadOptions {
    if a.number(index) & 1 == 1 { LoadOptions::PreserveWhitespace } else { LoadOptions::None }
}

fn parsed(
    cx: &mut Cx<'_>,
    a: &Args<'_>,
    parse: fn(&str, LoadOptions) -> Result<XObject, Thrown>,
    options: LoadOptions,
) -> Result<Value, Thrown> {
    let text = a.need_str(0, "s")?;
    cx.charge(text.as_str().len())?;
    parse(text.as_str(), options).map(node_value)
}

fn made(cx: &mut Cx<'_>, a: &Args<'_>, content: Option<usize>) -> Result<Value, Thrown> {
    a.need(0, "name")?;
    cx.charge(160)?;
    let element = XObject::element(name(a, 0).cloned().unwrap_or_default());
    if let Some(index) = content {
        let content = content_of(cx, a.get(index))?;
        element.add(&content)?;
    }
    Ok(node_value(element))
}

fn simple(cx: &mut Cx<'_>, a: &Args<'_>, index: usize) -> Result<Option<SmolStr>, Thrown> {
    if a.get(index).is_null() { Ok(None) } else { text_of(cx, a.get(index)).map(Some) }
}

static ELEMENT_CASTS: &[Row] = casts!("XElement", "element");

static ELEMENT: &[Row] = &[
    ctor("(XName name)", |cx, a| made(cx, &a, None)),
    ctor("(XName name, object content)", |cx, a| made(cx, &a, Some(1))),
    ctor("(XName name, params object[] content)", |cx, a| made(cx, &a, Some(1))),
    ctor("(XElement other)", |_, a| {
        a.need(0, "other")?;
        Ok(maybe(node(&a, 0).map(XObject::deep_clone)))
    }),
    m("static XElement Parse(string text)", |cx, a| parsed(cx, &a, parse_element, LoadOptions::None)),
    m("static XElement Parse(string text, LoadOptions options)", |cx, a| {
        let options = options(&a, 1);
        parsed(cx, &a, parse_element, options)
    }),
    p("XName Name", |_, a| Ok(this(&a)?.name().map_or(Value::Null, name_value))),
    set("XName Name", |_, a| {
        a.need(1, "value")?;
        this(&a)?.set_name(name(&a, 1).cloned().unwrap_or_default());
        Ok(Value::Null)
    }),
    p("string Value", |_, a| Ok(Value::Str(Str::new(&this(&a)?.value())))),
    set("string Value", |_, a| {
        let text = a.need_str(1, "value")?;
        this(&a)?.set_value(text.as_str()).map(|()| Value::Null)
    }),
    p("bool IsEmpty", |_, a| Ok(Value::Bool(this(&a)?.is_empty()))),
    p("bool HasElements", |_, a| Ok(Value::Bool(this(&a)?.first_element(None).is_some()))),
    p("bool HasAttributes", |_, a| Ok(Value::Bool(!this(&a)?.attributes().is_empty()))),
    p("XAttribute FirstAttribute", |_, a| Ok(maybe(this(&a)?.attributes().into_iter().next()))),
    p("XAttribute LastAttribute", |_, a| Ok(maybe(this(&a)?.attributes().into_iter().next_back()))),
    m("XAttribute Attribute(XName name)", |_, a| {
        Ok(maybe(name(&a, 1).map_or(Ok(None), |name| this(&a).map(|of| of.find_attribute(name)))?))
    }),
    m("IEnumerable<XAttribute> Attributes()", |_, a| all(&a, &XATTRIBUTE, Axis::Attributes)),
    m("IEnumerable<XAttribute> Attributes(XName name)", |_, a| named(&a, &XATTRIBUTE, Axis::Attributes)),
    m("IEnumerable<XElement> AncestorsAndSelf()", |_, a| all(&a, &XELEMENT, Axis::Ancestors { with_self: true })),
    m("IEnumerable<XElement> AncestorsAndSelf(XName name)", |_, a| {
        named(&a, &XELEMENT, Axis::Ancestors { with_self: true })
    }),
    m("IEnumerable<XElement> DescendantsAndSelf()", |_, a| all(&a, &XELEMENT, Axis::Descendants { with_self: true })),
    m("IEnumerable<XElement> DescendantsAndSelf(XName name)", |_, a| {
        named(&a, &XELEMENT, Axis::Descendants { with_self: true })
    }),
    m("IEnumerable<XNode> DescendantNodesAndSelf()", |_, a| all(&a, &XNODE, Axis::DescendantNodes { with_self: true })),
    m("void RemoveAttributes()", |_, a| {
        this(&a)?.remove_attributes();
        Ok(Value::Null)
    })
    .impure(),
    m("void RemoveAll()", |_, a| {
        let of = this(&a)?;
        of.remove_attributes();
        of.remove_nodes();
        Ok(Value::Null)
    })
    .impure(),
    m("void ReplaceAll(object content)", |cx, a| change(cx, &a, replace_all)).impure(),
    m("void ReplaceAll(params object[] content)", |cx, a| change(cx, &a, replace_all)).impure(),
    m("void ReplaceAttributes(object content)", |cx, a| change(cx, &a, replace_attributes)).impure(),
    m("void ReplaceAttributes(params object[] content)", |cx, a| change(cx, &a, replace_attributes)).impure(),
    m("void SetAttributeValue(XName name, object value)", |cx, a| {
        a.need(1, "name")?;
        let value = simple(cx, &a, 2)?;
        let name = name(&a, 1).cloned().unwrap_or_default();
        this(&a)?.set_attribute_value(&name, value.as_deref()).map(|()| Value::Null)
    })
    .impure(),
    m("void SetElementValue(XName name, object value)", |cx, a| {
        a.need(1, "name")?;
        let value = simple(cx, &a, 2)?;
        let name = name(&a, 1).cloned().unwrap_or_default();
        this(&a)?.set_element_value(&name, value.as_deref()).map(|()| Value::Null)
    })
    .impure(),
    m("void SetValue(object value)", |cx, a| {
        let value = text_of(cx, a.need(1, "value")?)?;
        this(&a)?.set_value(&value).map(|()| Value::Null)
    })
    .impure(),
    m("XNamespace GetDefaultNamespace()", |_, a| Ok(namespace_value(this(&a)?.namespace_of("").unwrap_or_default()))),
    m("XNamespace GetNamespaceOfPrefix(string prefix)", |_, a| {
        let prefix = a.need_str(1, "prefix")?;
        if prefix.as_str().is_empty() {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "The value cannot be an empty string. (Parameter 'prefix')",
            ));
        }
        Ok(this(&a)?.namespace_of(prefix.as_str()).map_or(Value::Null, namespace_value))
    }),
    m("string GetPrefixOfNamespace(XNamespace ns)", |cx, a| {
        let namespace = cx.to_text(a.need(1, "ns")?)?;
        let of = this(&a)?;
        Ok(of.prefix_of(namespace.as_str()).map_or(Value::Null, |prefix| Value::Str(Str::new(&prefix))))
    }),
];

/// `System.Xml.Linq.XElement`
pub(super) static XELEMENT: TypeDef =
    class("System.Xml.Linq.XElement").extends("XContainer").rows(&[ELEMENT, ELEMENT_CASTS]).def();

fn document(cx: &mut Cx<'_>, declaration: &Value, content: &Value) -> Result<Value, Thrown> {
    let declaration = declaration.downcast::<DeclarationObject>().map(|object| object.0.read().clone());
    let document = XObject::document(declaration);
    let content = content_of(cx, content)?;
    document.add(&content)?;
    Ok(node_value(document))
}

static DOCUMENT: &[Row] = &[
    ctor("()", |_, _| Ok(node_value(XObject::document(None)))),
    ctor("(XDocument other)", |_, a| {
        a.need(0, "other")?;
        Ok(maybe(node(&a, 0).map(XObject::deep_clone)))
    }),
    ctor("(params object[] content)", |cx, a| document(cx, &Value::Null, a.get(0))),
    ctor("(XDeclaration declaration, params object[] content)", |cx, a| document(cx, a.get(0), a.get(1))),
    m("static XDocument Parse(string text)", |cx, a| parsed(cx, &a, parse_document, LoadOptions::None)),
    m("static XDocument Parse(string text, LoadOptions options)", |cx, a| {
        let options = options(&a, 1);
        parsed(cx, &a, parse_document, options)
    }),
    p("XElement Root", |_, a| Ok(maybe(this(&a)?.first_element(None)))),
    p("XDeclaration Declaration", |_, a| {
        Ok(this(&a)?.declaration().map_or(Value::Null, |parts| declaration_value((*parts).clone())))
    }),
    set("XDeclaration Declaration", |_, a| {
        let declaration = a.get(1).downcast::<DeclarationObject>().map(|object| object.0.read().clone());
        this(&a)?.set_declaration(declaration);
        Ok(Value::Null)
    }),
    p("XDocumentType DocumentType", |_, a| {
        Ok(maybe(this(&a)?.nodes().into_iter().find(|node| node.kind() == NodeKind::DocumentType)))
    }),
];

/// `System.Xml.Linq.XDocument`
pub(super) static XDOCUMENT: TypeDef = class("System.Xml.Linq.XDocument").extends("XContainer").rows(&[DOCUMENT]).def();
