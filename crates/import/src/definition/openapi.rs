//! OpenAPI 3.0 and 3.1.

use std::sync::Arc;

use apimite_model::{Operation, Parameter, ParameterPlace, ResponseShape, SchemaText};

use super::ids::Namer;
use super::parameters::{self, describe, resolve};
use super::shapes::{COMPONENTS, content, is_range, status};
use super::{Definition, Manner};
use crate::problems::Sheet;
use crate::tree::Node;

/// The methods of a path item that become operations.
pub(super) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

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
    if root.get("paths").is_none() && root.get("webhooks").is_none() && root.get("x-ms-paths").is_none() {
        sheet.error(
            "openapi::paths",
            root.span,
            "the document has no `paths`",
            "write `paths:` with at least one operation",
        );
    }
    if let Some(schemas) = root.at(&["components", "schemas"]) {
        definition.schemas.push(SchemaText {
            id: COMPONENTS.into(),
            content_type: "application/vnd.oai.openapi.components+json".into(),
            text: Arc::from(format!("{{\"components\":{{\"schemas\":{}}}}}", schemas.json())),
        });
    }
    definition
}

/// A path of the document, with the slash it has to begin with.
pub(super) fn with_slash(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Adds an operation unless another one has its method and template.
pub(super) fn unique(all: &mut Vec<Operation>, operation: Operation, span: apimite_diag::Span, sheet: &mut Sheet<'_>) {
    let same = |other: &&Operation| {
        other.method == operation.method && other.url_template.eq_ignore_ascii_case(&operation.url_template)
    };
    match all.iter().find(same) {
        Some(other) => {
            let message = format!(
                "{} {} is defined twice: `{}` and `{}`",
                operation.method, operation.url_template, other.id, operation.id
            );
            sheet.error("openapi::twice", span, message, "keep one of the two");
        }
        None => all.push(operation),
    }
}

/// Source: OpenAPI import, many servers: the first https URL, else the first http URL, else none.
fn server(root: &Node<'_>) -> String {
    let urls: Vec<String> =
        root.get("servers").map_or(&[][..], |servers| servers.items()).iter().filter_map(server_url).collect();
    pick(&urls)
}

/// The first https URL, else the first http URL, else nothing.
pub(super) fn pick(urls: &[String]) -> String {
    let with = |scheme: &str| {
        urls.iter().find(|url| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
    };
    with("https://").or_else(|| with("http://")).cloned().unwrap_or_default()
}

fn server_url(server: &Node<'_>) -> Option<String> {
    let mut url = server.get("url")?.text()?.to_owned();
    for variable in server.get("variables").map_or(&[][..], |variables| variables.members()) {
        if let Some(value) = variable.node.get("default").and_then(|node| node.scalar()) {
            url = url.replace(&format!("{{{}}}", variable.key), &value);
        }
    }
    Some(url)
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
        if let Some(schema) = node.get("schema") {
            describe(root, schema, target);
        }
    });
    let id = namer.name(node.get("operationId").and_then(|n| n.text()), method, &parameters.template);
    let text = |key| node.get(key).and_then(|n| n.text()).filter(|text| !text.is_empty());
    let mut operation = Operation::new(&id, &method.to_ascii_uppercase(), &parameters.template);
    operation.name = text("summary").or_else(|| text("operationId")).unwrap_or(&id).into();
    operation.description = text("description").unwrap_or_default().into();
    operation.parameters = parameters.list;
    // Source: OpenAPI import discards the request body of GET, HEAD and OPTIONS.
    if !matches!(method, "get" | "head" | "options")
        && let Some(body) = node.get("requestBody").and_then(|body| resolve(root, body, sheet))
    {
        operation.request_bodies = content(root, body.get("content"), sheet);
    }
    for member in node.get("responses").map_or(&[][..], |responses| responses.members()) {
        if member.key.starts_with("x-") {
            continue;
        }
        let Some(response) = resolve(root, &member.node, sheet) else { continue };
        operation.responses.push(ResponseShape {
            status: status(&member.key),
            range: is_range(&member.key),
            description: response.get("description").and_then(|n| n.text()).unwrap_or_default().into(),
            headers: headers(root, response.get("headers"), sheet),
            representations: content(root, response.get("content"), sheet),
        });
    }
    operation
}

fn headers<'n, 'a>(root: &'n Node<'a>, headers: Option<&'n Node<'a>>, sheet: &mut Sheet<'_>) -> Vec<Parameter> {
    let mut all = Vec::new();
    for member in headers.map_or(&[][..], |headers| headers.members()) {
        let Some(node) = resolve(root, &member.node, sheet) else { continue };
        let mut header = Parameter {
            name: (&*member.key).into(),
            place: ParameterPlace::Header,
            required: node.get("required").and_then(|n| n.flag()).unwrap_or(false),
            schema: None,
            default: None,
            values: Vec::new(),
            style: apimite_model::ParameterStyle::default(),
        };
        if let Some(schema) = node.get("schema") {
            describe(root, schema, &mut header);
        }
        all.push(header);
    }
    all
}
