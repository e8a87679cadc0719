//! Swagger 2.0.

use std::sync::Arc;

use apimite_model::{Operation, Parameter, ParameterPlace, Representation, ResponseShape, SchemaText};

use super::ids::Namer;
use super::openapi::{METHODS, pick, unique, with_slash};
use super::parameters::{self, describe, resolve};
use super::shapes::{DEFINITIONS, is_range, representation, status};
use super::{Definition, Manner};
use crate::problems::Sheet;
use crate::resources::example;
use crate::tree::Node;

pub(super) fn read(root: &Node<'_>, manner: Manner<'_>, sheet: &mut Sheet<'_>) -> Definition {
    let text = |keys: &[&str]| root.at(keys).and_then(|node| node.scalar()).unwrap_or_default().into();
    let mut definition = Definition {
        title: text(&["info", "title"]),
        description: text(&["info", "description"]),
        service_url: server(root).into(),
        ..Definition::default()
    };
    let mut namer = Namer::new(manner.ids);
    for paths in ["paths", "x-ms-paths"] {
        for item in root.get(paths).map_or(&[][..], |paths| paths.members()) {
            if item.key.starts_with("x-") {
                continue;
            }
            let path = with_slash(&item.key);
            let Some(path_item) = resolve(root, &item.node, sheet) else { continue };
            for member in path_item.members() {
                let method = member.key.to_ascii_lowercase();
                if METHODS.contains(&method.as_str()) {
                    let found = operation(root, &path, path_item, &method, &member.node, &mut namer, manner, sheet);
                    unique(&mut definition.operations, found, member.key_span, sheet);
                }
            }
        }
    }
    if root.get("paths").is_none() && root.get("x-ms-paths").is_none() {
        sheet.error(
            "openapi::paths",
            root.span,
            "the document has no `paths`",
            "write `paths:` with at least one operation",
        );
    }
    if let Some(schemas) = root.get("definitions") {
        definition.schemas.push(SchemaText {
            id: DEFINITIONS.into(),
            content_type: "application/vnd.ms-azure-apim.swagger.definitions+json".into(),
            text: Arc::from(format!("{{\"definitions\":{}}}", schemas.json())),
        });
    }
    definition
}

fn server(root: &Node<'_>) -> String {
    let servers = root.get("x-servers").map_or(&[][..], |servers| servers.items());
    let urls: Vec<String> = servers.iter().filter_map(|server| Some(server.get("url")?.text()?.to_owned())).collect();
    if !urls.is_empty() {
        return pick(&urls);
    }
    let Some(host) = root.get("host").and_then(|host| host.text()) else { return String::new() };
    let base = root.get("basePath").and_then(|base| base.text()).unwrap_or_default().trim_end_matches('/');
    let schemes = root.get("schemes").map_or(&[][..], |schemes| schemes.items());
    let mut urls: Vec<String> =
        schemes.iter().filter_map(|scheme| Some(format!("{}://{host}{base}", scheme.text()?))).collect();
    if urls.is_empty() {
        urls.push(format!("https://{host}{base}"));
    }
    pick(&urls)
}

fn media_types<'n>(root: &'n Node<'_>, operation: &'n Node<'_>, key: &str) -> Vec<&'n str> {
    let list = operation.get(key).or_else(|| root.get(key)).map_or(&[][..], |list| list.items());
    list.iter().filter_map(|item| item.text()).collect()
}

fn operation<'n, 'a>(
    root: &'n Node<'a>,
    path: &str,
    path_item: &'n Node<'a>,
    method: &str,
    node: &'n Node<'a>,
    namer: &mut Namer,
    manner: Manner<'_>,
    sheet: &mut Sheet<'_>,
) -> Operation {
    let lists = [path_item.get("parameters"), node.get("parameters")];
    let parameters = parameters::read(root, path, lists, manner.required_query, sheet, |node, target| {
        describe_inline(root, node, target);
    });
    let id = namer.name(node.get("operationId").and_then(|n| n.text()), method, &parameters.template);
    let text = |key| node.get(key).and_then(|n| n.text()).filter(|text| !text.is_empty());
    let mut operation = Operation::new(&id, &method.to_ascii_uppercase(), &parameters.template);
    operation.name = text("summary").or_else(|| text("operationId")).unwrap_or(&id).into();
    operation.description = text("description").unwrap_or_default().into();
    operation.parameters = parameters.list;
    if !matches!(method, "get" | "head" | "options") {
        operation.request_bodies = bodies(root, path_item, node, sheet);
    }
    let produces = media_types(root, node, "produces");
    for member in node.get("responses").map_or(&[][..], |responses| responses.members()) {
        if member.key.starts_with("x-") {
            continue;
        }
        let Some(response) = resolve(root, &member.node, sheet) else { continue };
        operation.responses.push(ResponseShape {
            status: status(&member.key),
            range: is_range(&member.key),
            description: response.get("description").and_then(|n| n.text()).unwrap_or_default().into(),
            headers: headers(root, response),
            representations: representations(response, &produces),
        });
    }
    operation
}

/// Swagger 2 parameters carry type, default and values themselves.
fn describe_inline(root: &Node<'_>, node: &Node<'_>, target: &mut Parameter) {
    if let Some(schema) = node.get("schema") {
        describe(root, schema, target);
        return;
    }
    let kept = ["type", "format", "items", "enum", "minimum", "maximum", "pattern", "minLength", "maxLength"];
    let mut schema = String::from("{");
    for member in node.members().iter().filter(|member| kept.contains(&&*member.key)) {
        if schema.len() > 1 {
            schema.push(',');
        }
        crate::tree::write_json_text(&member.key, &mut schema);
        schema.push(':');
        schema.push_str(&member.node.json());
    }
    schema.push('}');
    target.schema = (schema.len() > 2).then(|| schema.into());
    target.default = node.get("default").and_then(|n| n.scalar()).map(Into::into);
    let values = node.get("enum").map_or(&[][..], |n| n.items());
    target.values = values.iter().filter_map(|n| n.scalar()).map(Into::into).collect();
}

fn bodies(root: &Node<'_>, path_item: &Node<'_>, node: &Node<'_>, sheet: &mut Sheet<'_>) -> Vec<Representation> {
    let consumes = media_types(root, node, "consumes");
    let consumes = if consumes.is_empty() { vec!["application/json"] } else { consumes };
    for list in [node.get("parameters"), path_item.get("parameters")].into_iter().flatten() {
        for parameter in list.items() {
            let Some(parameter) = resolve(root, parameter, sheet) else { continue };
            if parameter.get("in").and_then(|n| n.text()) == Some("body") {
                let schema = parameter.get("schema");
                return consumes.iter().map(|media| representation(media, schema, DEFINITIONS)).collect();
            }
        }
    }
    Vec::new()
}

fn representations(response: &Node<'_>, produces: &[&str]) -> Vec<Representation> {
    let examples = response.get("examples").map_or(&[][..], |n| n.members());
    let schema = response.get("schema");
    let mut media: Vec<&str> = examples.iter().map(|member| &*member.key).collect();
    if schema.is_some() {
        let usual = if produces.is_empty() { &["application/json"][..] } else { produces };
        media.extend(usual.iter().filter(|one| !examples.iter().any(|member| member.key == **one)));
    }
    media
        .into_iter()
        .map(|media| {
            let mut shape = representation(media, schema, DEFINITIONS);
            let own = examples.iter().filter(|member| member.key == media);
            shape.examples = own.map(|member| example("default", &member.node, media)).collect();
            shape
        })
        .collect()
}

fn headers(root: &Node<'_>, response: &Node<'_>) -> Vec<Parameter> {
    let members = response.get("headers").map_or(&[][..], |n| n.members());
    let read = |member: &crate::tree::Member<'_>| {
        let mut header = Parameter {
            name: (&*member.key).into(),
            place: ParameterPlace::Header,
            required: false,
            schema: None,
            default: None,
            values: Vec::new(),
            style: apimite_model::ParameterStyle::default(),
        };
        describe_inline(root, &member.node, &mut header);
        header
    };
    members.iter().map(read).collect()
}
