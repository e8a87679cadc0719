//! WADL: resources and methods.

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::{Operation, Parameter, ParameterPlace, ParameterStyle, Representation, ResponseShape};
use roxmltree::Node;

use super::ids::Namer;
use super::{Definition, Ids, parameters};
use crate::problems::Sheet;

pub(super) fn read(source: &Source, found: &mut Vec<Diagnostic>) -> Option<Definition> {
    let document = super::wsdl::parse(source, found)?;
    let root = document.root_element();
    if root.tag_name().name() != "application" {
        let span = Span::from_usize(root.range().start, root.range().start + 1);
        let help = "a WADL document has `application` as its root";
        Sheet::new(source, found).error("wadl::root", span, "this is no WADL document", help);
        return None;
    }
    let mut definition = Definition::default();
    let mut namer = Namer::new(Ids::AsWritten);
    for resources in children(root, "resources") {
        if definition.service_url.is_empty() {
            definition.service_url = resources.attribute("base").unwrap_or_default().trim_end_matches('/').into();
        }
        for resource in children(resources, "resource") {
            read_resource(resource, "", 0, &mut namer, &mut definition.operations);
        }
    }
    Some(definition)
}

fn children<'a, 'd: 'a>(node: Node<'a, 'd>, name: &'static str) -> impl Iterator<Item = Node<'a, 'd>> {
    node.children().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

fn read_resource(resource: Node<'_, '_>, above: &str, depth: usize, namer: &mut Namer, all: &mut Vec<Operation>) {
    if depth > 32 {
        return;
    }
    let path = format!("{above}/{}", resource.attribute("path").unwrap_or_default().trim_matches('/'));
    let path = if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path };
    for method in children(resource, "method") {
        let Some(name) = method.attribute("name") else { continue };
        let mut template = path.clone();
        let mut list: Vec<Parameter> =
            parameters::template_names(&path).map(|name| parameter(name, ParameterPlace::Template, true)).collect();
        let mut bodies = Vec::new();
        for request in children(method, "request") {
            for param in children(request, "param") {
                let Some(name) = param.attribute("name") else { continue };
                let required = param.attribute("required") == Some("true");
                match param.attribute("style") {
                    Some("query") if required => {
                        template.push(if template.contains('?') { '&' } else { '?' });
                        template.push_str(&format!("{name}={{{name}}}"));
                        list.push(parameter(name, ParameterPlace::Template, true));
                    }
                    Some("query") => list.push(parameter(name, ParameterPlace::Query, false)),
                    Some("header") => list.push(parameter(name, ParameterPlace::Header, required)),
                    _ => {}
                }
            }
            bodies.extend(representations(request));
        }
        let id = namer.name(method.attribute("id"), name, &template);
        let mut operation = Operation::new(&id, &name.to_ascii_uppercase(), &template);
        operation.parameters = list;
        operation.request_bodies = bodies;
        operation.responses = children(method, "response").map(response).collect();
        all.push(operation);
    }
    for inner in children(resource, "resource") {
        read_resource(inner, path.trim_end_matches('/'), depth + 1, namer, all);
    }
}

fn parameter(name: &str, place: ParameterPlace, required: bool) -> Parameter {
    Parameter {
        name: name.into(),
        place,
        required,
        schema: None,
        default: None,
        values: Vec::new(),
        style: ParameterStyle::default(),
    }
}

fn representations(node: Node<'_, '_>) -> Vec<Representation> {
    let media = children(node, "representation").filter_map(|node| node.attribute("mediaType"));
    media.map(|media| Representation { content_type: media.into(), ..Representation::default() }).collect()
}

fn response(node: Node<'_, '_>) -> ResponseShape {
    ResponseShape {
        range: false,
        status: node.attribute("status").and_then(|status| status.split_whitespace().next()?.parse().ok()),
        description: "".into(),
        headers: Vec::new(),
        representations: representations(node),
    }
}
