//! WSDL 1.1: SOAP passed through, or made into a REST API ([`rest`]).

mod choice;
mod rest;
mod shape;
mod template;

use std::sync::Arc;

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::{ApiKind, Operation, Representation, SchemaText};
use roxmltree::{Document, Node};

use choice::Choice;

use super::ids::{Namer, normalised};
use super::{Definition, Ids, Manner};
use crate::problems::Sheet;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP: [&str; 2] = ["http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"];

/// Parses well-formed XML; a refusal when it is not.
pub(super) fn parse<'s>(source: &'s Source, found: &mut Vec<Diagnostic>) -> Option<Document<'s>> {
    match Document::parse(source.text()) {
        Ok(document) => Some(document),
        Err(error) => {
            let place = error.pos();
            let line = source
                .text()
                .split_inclusive('\n')
                .take(place.row.saturating_sub(1) as usize)
                .map(str::len)
                .sum::<usize>();
            let rest = source.text().get(line..).unwrap_or_default();
            let column = rest.chars().take(place.col.saturating_sub(1) as usize).map(char::len_utf8).sum::<usize>();
            let at = line + column;
            let help = "correct the XML: definitions have to be well-formed";
            Sheet::new(source, found).error(
                "import::xml",
                Span::from_usize(at, at + 1),
                format!("no XML: {error}"),
                help,
            );
            None
        }
    }
}

/// Source: SOAP pass-through import: POST operations told apart by `soapAction` in the URL template; where a WSDL gives no action,
/// the name of the operation is the action, as in the policies that the import made of a service without actions.
pub(super) fn read(source: &Source, manner: Manner<'_>, found: &mut Vec<Diagnostic>) -> Option<Definition> {
    let document = parse(source, found)?;
    let root = document.root_element();
    if root.tag_name().name() != "definitions" {
        let help = "a WSDL 1.1 document has `definitions` as its root";
        let span = Span::from_usize(root.range().start, root.range().start + 1);
        Sheet::new(source, found).error("wsdl::root", span, "this is no WSDL 1.1 document", help);
        return None;
    }
    let choice = Choice::of(&root, manner.wsdl, &mut Sheet::new(source, found))?;
    if manner.soap_to_rest {
        return Some(rest::read(&root, &choice, &mut Sheet::new(source, found)));
    }
    let mut definition = Definition { kind: ApiKind::Soap, ids_made_up: true, ..Definition::default() };
    definition.title = root.attribute("name").unwrap_or_default().into();
    definition.service_url = choice.address().into();
    let mut namer = Namer::new(Ids::AsWritten);
    // SOAP 1.1 and 1.2 bindings repeat each other; HTTP bindings are no SOAP.
    let mut seen = std::collections::HashSet::new();
    for binding in &choice.bindings {
        for node in binding.children().filter(|node| node.has_tag_name((WSDL, "operation"))) {
            let Some(name) = node.attribute("name") else { continue };
            if !seen.insert(name) {
                continue;
            }
            let template = format!("/?soapAction={}", action(&node, name));
            let id = namer.name(Some(&normalised(name)), "POST", &template);
            let mut operation = Operation::new(&id, "POST", &template);
            operation.name = name.into();
            operation.request_bodies = ["text/xml", "application/soap+xml"]
                .map(|media| Representation { content_type: media.into(), ..Representation::default() })
                .into();
            definition.operations.push(operation);
        }
    }
    if definition.operations.is_empty() {
        let span = Span::from_usize(root.range().start, root.range().start + 1);
        let help = "a SOAP API needs a `binding` with `soap:binding` and its operations";
        Sheet::new(source, found).warn("wsdl::operations", span, "the WSDL has no SOAP operations", help);
    }
    definition.schemas.push(SchemaText {
        id: "wsdl".into(),
        content_type: "application/wsdl+xml".into(),
        text: Arc::from(source.text()),
    });
    Some(definition)
}

/// The action of an operation of a binding, or its name where that is empty.
fn action<'n>(operation: &Node<'n, '_>, name: &'n str) -> &'n str {
    let given =
        operation.children().find(|node| is_soap(node, "operation")).and_then(|node| node.attribute("soapAction"));
    given.filter(|action| !action.is_empty()).unwrap_or(name)
}

fn is_soap(node: &Node<'_, '_>, name: &str) -> bool {
    SOAP.iter().any(|namespace| node.has_tag_name((*namespace, name)))
}
