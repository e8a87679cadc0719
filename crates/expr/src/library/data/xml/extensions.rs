//! `System.Xml.Linq.Extensions`: members of sequences of nodes.

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::{Axis, XObject};

use super::element::XELEMENT;
use super::name::name;
use super::node::{XATTRIBUTE, XNODE};
use super::object::Node;
use super::sequence::{axes, nodes};
use crate::library::rows::{Args, Row, ext};
use crate::library::typedef::{TypeDef, static_class};
use crate::run::Cx;
use crate::value::Value;

fn source(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Vec<XObject>, Thrown> {
    let items = cx.collect(a.need(0, "source")?)?;
    Ok(items.iter().filter_map(|item| item.downcast::<Node>().map(|node| node.0.clone())).collect())
}

/// An axis of every node, one after the other; with a name argument only what has that name.
fn each(a: &Args<'_>, result: &'static TypeDef, axis: Axis) -> Result<Value, Thrown> {
    let source = a.need(0, "source")?.clone();
    if a.count() > 1 && a.get(1).is_null() {
        return Ok(nodes(result, Vec::new()));
    }
    Ok(axes(result, source, axis, if a.count() > 1 { name(a, 1) } else { None }))
}

static ROWS: &[Row] = &[
    ext("IEnumerable<XElement> Elements<T>(this IEnumerable<T> source)", |_, a| each(&a, &XELEMENT, Axis::Elements)),
    ext("IEnumerable<XElement> Elements<T>(this IEnumerable<T> source, XName name)", |_, a| {
        each(&a, &XELEMENT, Axis::Elements)
    }),
    ext("IEnumerable<XElement> Descendants<T>(this IEnumerable<T> source)", |_, a| {
        each(&a, &XELEMENT, Axis::Descendants { with_self: false })
    }),
    ext("IEnumerable<XElement> Descendants<T>(this IEnumerable<T> source, XName name)", |_, a| {
        each(&a, &XELEMENT, Axis::Descendants { with_self: false })
    }),
    ext("IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source)", |_, a| {
        each(&a, &XELEMENT, Axis::Descendants { with_self: true })
    }),
    ext("IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source, XName name)", |_, a| {
        each(&a, &XELEMENT, Axis::Descendants { with_self: true })
    }),
    ext("IEnumerable<XElement> Ancestors<T>(this IEnumerable<T> source)", |_, a| {
        each(&a, &XELEMENT, Axis::Ancestors { with_self: false })
    }),
    ext("IEnumerable<XElement> Ancestors<T>(this IEnumerable<T> source, XName name)", |_, a| {
        each(&a, &XELEMENT, Axis::Ancestors { with_self: false })
    }),
    ext("IEnumerable<XElement> AncestorsAndSelf(this IEnumerable<XElement> source)", |_, a| {
        each(&a, &XELEMENT, Axis::Ancestors { with_self: true })
    }),
    ext("IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source)", |_, a| {
        each(&a, &XATTRIBUTE, Axis::Attributes)
    }),
    ext("IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source, XName name)", |_, a| {
        each(&a, &XATTRIBUTE, Axis::Attributes)
    }),
    ext("IEnumerable<XNode> Nodes<T>(this IEnumerable<T> source)", |_, a| each(&a, &XNODE, Axis::Nodes)),
    ext("IEnumerable<XNode> DescendantNodes<T>(this IEnumerable<T> source)", |_, a| {
        each(&a, &XNODE, Axis::DescendantNodes { with_self: false })
    }),
    ext("IEnumerable<XNode> DescendantNodesAndSelf(this IEnumerable<XElement> source)", |_, a| {
        each(&a, &XNODE, Axis::DescendantNodes { with_self: true })
    }),
    ext("IEnumerable<T> InDocumentOrder<T>(this IEnumerable<T> source)", |cx, a| {
        let mut items = source(cx, &a)?;
        let mut failed = None;
        items.sort_by(|x, y| {
            x.compare_order(y).unwrap_or_else(|thrown| {
                failed.get_or_insert(thrown);
                std::cmp::Ordering::Equal
            })
        });
        failed.map_or_else(|| Ok(nodes(&XNODE, items)), Err)
    }),
    ext("void Remove<T>(this IEnumerable<T> source)", |cx, a| {
        for item in source(cx, &a)? {
            item.remove()?;
        }
        Ok(Value::Null)
    })
    .impure(),
];

/// `System.Xml.Linq.Extensions`
pub(super) static EXTENSIONS: TypeDef = static_class("System.Xml.Linq.Extensions").rows(&[ROWS]).def();
