//! `System.Xml.Linq.Extensions`: members of sequences of nodes.

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::{XName, XObject};

use super::element::XELEMENT;
use super::name::name;
use super::node::{XATTRIBUTE, XNODE};
use super::object::Node;
use super::sequence::nodes;
use crate::library::rows::{Args, Row, ext};
use crate::library::typedef::{TypeDef, static_class};
use crate::run::Cx;
use crate::value::Value;

fn source(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Vec<XObject>, Thrown> {
    let items = cx.collect(a.need(0, "source")?)?;
    Ok(items.iter().filter_map(|item| item.downcast::<Node>().map(|node| node.0.clone())).collect())
}

/// Something about every node, one after the other; with a name argument only what has that name.
fn each(
    cx: &mut Cx<'_>,
    a: &Args<'_>,
    result: &'static TypeDef,
    of: fn(&XObject, Option<&XName>) -> Vec<XObject>,
) -> Result<Value, Thrown> {
    let items = source(cx, a)?;
    if a.count() > 1 && a.get(1).is_null() {
        return Ok(nodes(result, Vec::new()));
    }
    let wanted = if a.count() > 1 { name(a, 1) } else { None };
    Ok(nodes(result, items.iter().flat_map(|item| of(item, wanted)).collect()))
}

fn attributes(of: &XObject, name: Option<&XName>) -> Vec<XObject> {
    match name {
        Some(name) => of.find_attribute(name).into_iter().collect(),
        None => of.attributes(),
    }
}

static ROWS: &[Row] = &[
    ext("IEnumerable<XElement> Elements<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, &XELEMENT, XObject::elements)
    }),
    ext("IEnumerable<XElement> Elements<T>(this IEnumerable<T> source, XName name)", |cx, a| {
        each(cx, &a, &XELEMENT, XObject::elements)
    }),
    ext("IEnumerable<XElement> Descendants<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.descendants(name, false))
    }),
    ext("IEnumerable<XElement> Descendants<T>(this IEnumerable<T> source, XName name)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.descendants(name, false))
    }),
    ext("IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.descendants(name, true))
    }),
    ext("IEnumerable<XElement> DescendantsAndSelf(this IEnumerable<XElement> source, XName name)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.descendants(name, true))
    }),
    ext("IEnumerable<XElement> Ancestors<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.ancestors(name, false))
    }),
    ext("IEnumerable<XElement> Ancestors<T>(this IEnumerable<T> source, XName name)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.ancestors(name, false))
    }),
    ext("IEnumerable<XElement> AncestorsAndSelf(this IEnumerable<XElement> source)", |cx, a| {
        each(cx, &a, &XELEMENT, |of, name| of.ancestors(name, true))
    }),
    ext("IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source)", |cx, a| {
        each(cx, &a, &XATTRIBUTE, attributes)
    }),
    ext("IEnumerable<XAttribute> Attributes(this IEnumerable<XElement> source, XName name)", |cx, a| {
        each(cx, &a, &XATTRIBUTE, attributes)
    }),
    ext("IEnumerable<XNode> Nodes<T>(this IEnumerable<T> source)", |cx, a| each(cx, &a, &XNODE, |of, _| of.nodes())),
    ext("IEnumerable<XNode> DescendantNodes<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, &XNODE, |of, _| of.descendant_nodes(false))
    }),
    ext("IEnumerable<XNode> DescendantNodesAndSelf(this IEnumerable<XElement> source)", |cx, a| {
        each(cx, &a, &XNODE, |of, _| of.descendant_nodes(true))
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
