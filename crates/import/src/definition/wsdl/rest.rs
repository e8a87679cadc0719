//! A WSDL as a REST API: one POST operation for each SOAP operation, JSON bodies, and a policy that speaks SOAP to the backend.
//!
//! Source: page on importing a SOAP API as REST; API import restrictions, WSDL; what such imports left in public repositories.

use std::sync::Arc;

use apimite_diag::Span;
use apimite_model::{ApiKind, Example, Operation, PolicyText, Representation, ResponseShape, SchemaText};
use roxmltree::Node;

use super::super::ids::{Namer, normalised};
use super::super::shapes::COMPONENTS;
use super::super::{Definition, Ids};
use super::choice::Choice;
use super::shape::{Content, Field, Schemas, Unreadable, resolve};
use super::template::{Call, Version, json_name, policy};
use super::{WSDL, action, is_soap};
use crate::problems::Sheet;

const SOAP_12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const PASS: &str = "import the WSDL as a SOAP API that is passed through";

/// Reads the first SOAP binding of what is chosen of a WSDL.
pub(super) fn read<'n>(root: &Node<'n, 'n>, choice: &Choice<'n>, sheet: &mut Sheet<'_>) -> Definition {
    let mut definition = Definition { kind: ApiKind::Http, ids_made_up: true, ..Definition::default() };
    definition.title = root.attribute("name").unwrap_or_default().into();
    let Some(&binding) = choice.bindings.first() else {
        sheet.error("wsdl::operations", at(root.range().start), "the WSDL has no SOAP binding", PASS);
        return definition;
    };
    let of_binding = binding.children().find(|child| is_soap(child, "binding"));
    let version = match of_binding.and_then(|node| node.tag_name().namespace()) {
        Some(SOAP_12) => Version::V12,
        _ => Version::V11,
    };
    let (server, path) = split(choice.address_of(&binding));
    definition.service_url = server.into();
    let maker = Maker {
        root: *root,
        schemas: Schemas::of(root),
        rpc: of_binding.and_then(|node| node.attribute("style")) == Some("rpc"),
        kind: binding.attribute("type").unwrap_or_default(),
        binding,
        version,
        path,
    };
    let mut namer = Namer::new(Ids::AsWritten);
    let mut types = Vec::new();
    for node in binding.children().filter(|node| node.has_tag_name((WSDL, "operation"))) {
        let Some(name) = node.attribute("name") else { continue };
        match maker.operation(&node, name, &mut namer, &mut types) {
            Ok((operation, unwrapped)) => {
                if let Some(name) = unwrapped {
                    // Source: API import restrictions, WSDL: only wrapped arrays.
                    let message = format!("the array `{name}` has no element of its own around it");
                    let help = "a message with one item of it is not read as an array: correct the template by hand";
                    sheet.warn("wsdl::array", at(node.range().start), message, help);
                }
                definition.operations.push(operation);
            }
            Err(Unreadable { start, message, help }) => {
                sheet.error(
                    "wsdl::rest",
                    at(start),
                    format!("the operation `{name}` cannot become REST: {message}"),
                    help,
                );
            }
        }
    }
    types.dedup_by(|a: &mut (String, String), b| a.0 == b.0);
    let types: Vec<String> = types.iter().map(|(name, schema)| format!("{}:{schema}", quoted(name))).collect();
    definition.schemas.push(SchemaText {
        id: COMPONENTS.into(),
        content_type: "application/vnd.oai.openapi.components+json".into(),
        text: Arc::from(format!("{{\"components\":{{\"schemas\":{{{}}}}}}}", types.join(","))),
    });
    definition
}

fn at(start: usize) -> Span {
    Span::from_usize(start, start + 1)
}

/// `http://host/a/b` is the server `http://host` and the path `/a/b`.
fn split(address: &str) -> (&str, &str) {
    let from = address.find("://").map_or(0, |at| at + 3);
    let slash = address.get(from..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| from + at);
    let (server, path) = address.split_at(slash);
    (server, if path.is_empty() { "/" } else { path })
}

struct Maker<'n> {
    root: Node<'n, 'n>,
    schemas: Schemas<'n>,
    rpc: bool,
    /// The port type, as the binding names it.
    kind: &'n str,
    binding: Node<'n, 'n>,
    version: Version,
    path: &'n str,
}

impl<'n> Maker<'n> {
    fn operation(
        &self,
        node: &Node<'n, 'n>,
        name: &'n str,
        namer: &mut Namer,
        types: &mut Vec<(String, String)>,
    ) -> Result<(Operation, Option<String>), Unreadable> {
        self.check_style(node)?;
        let (_, port) = resolve(&self.binding, self.kind);
        let same = |node: &Node<'_, '_>, tag: &str, name: &str| {
            node.has_tag_name((WSDL, tag)) && node.attribute("name") == Some(name)
        };
        let declared = self
            .root
            .children()
            .find(|node| same(node, "portType", port))
            .and_then(|port| port.children().find(|node| same(node, "operation", name)));
        let message = |tag: &str| -> Result<Option<Field>, Unreadable> {
            let message = declared.and_then(|node| node.children().find(|child| child.has_tag_name((WSDL, tag))));
            message
                .and_then(|node| node.attribute("message").map(|name| (node, name)))
                .map_or(Ok(None), |(at, name)| self.message(&at, name))
        };
        let (request, response) = (message("input")?, message("output")?);
        let template = format!("/{name}");
        let id = namer.name(Some(&normalised(name)), "POST", &template);
        let mut operation = Operation::new(&id, "POST", &template);
        operation.name = name.into();
        let told = declared.and_then(|node| node.children().find(|child| child.has_tag_name((WSDL, "documentation"))));
        operation.description = told.and_then(|node| node.text()).unwrap_or_default().trim().into();
        operation.request_bodies.extend(request.as_ref().map(|field| representation(field, types)));
        operation.responses.push(ResponseShape {
            status: Some(200),
            range: false,
            description: format!("{name}SoapResponse").into(),
            headers: Vec::new(),
            representations: response.iter().map(|field| representation(field, types)).collect(),
        });
        let call = Call {
            version: self.version,
            path: self.path,
            action: action(node, name),
            request: request.as_ref(),
            response: response.as_ref(),
        };
        operation.policy = Some(PolicyText::new(format!("policy of {name}, made from the WSDL"), policy(&call)));
        let unwrapped = request.iter().chain(&response).find_map(unwrapped_array);
        Ok((operation, unwrapped))
    }

    /// Source: API import restrictions, WSDL: only the style document with literal encoding.
    fn check_style(&self, operation: &Node<'n, 'n>) -> Result<(), Unreadable> {
        let own = operation.children().find(|node| is_soap(node, "operation")).and_then(|node| node.attribute("style"));
        let rpc = own.map_or(self.rpc, |style| style == "rpc");
        let encoded =
            operation.descendants().any(|node| is_soap(&node, "body") && node.attribute("use") == Some("encoded"));
        if rpc || encoded {
            let what = if rpc { "the style `rpc`" } else { "the encoding of SOAP" };
            return Err(Unreadable {
                start: operation.range().start,
                message: format!("{what} is not supported, only `document` and `literal`"),
                help: PASS,
            });
        }
        Ok(())
    }

    fn message(&self, at: &Node<'n, 'n>, name: &'n str) -> Result<Option<Field>, Unreadable> {
        let (_, local) = resolve(at, name);
        let message = self
            .root
            .children()
            .find(|node| node.has_tag_name((WSDL, "message")) && node.attribute("name") == Some(local));
        let Some(message) = message else {
            return Err(Unreadable {
                start: at.range().start,
                message: format!("the message `{name}` is not in the WSDL"),
                help: "add it, or correct the name",
            });
        };
        let mut parts = message.children().filter(|node| node.has_tag_name((WSDL, "part")));
        let (Some(part), second) = (parts.next(), parts.next()) else { return Ok(None) };
        if second.is_some() {
            // Source: API import restrictions, WSDL: messages with multiple parts.
            return Err(Unreadable {
                start: message.range().start,
                message: format!("the message `{name}` has several parts"),
                help: PASS,
            });
        }
        match part.attribute("element") {
            Some(element) => self.schemas.element(&part, element).map(Some),
            None => Err(Unreadable {
                start: part.range().start,
                message: format!("the part of the message `{name}` names a type, not an element"),
                help: PASS,
            }),
        }
    }
}

/// An array among other elements.
fn unwrapped_array(field: &Field) -> Option<String> {
    match &field.content {
        Content::Object(fields) => fields
            .iter()
            .find_map(|inner| if inner.repeated { Some(inner.name.clone()) } else { unwrapped_array(inner) }),
        Content::Array(inner) => unwrapped_array(inner),
        _ => None,
    }
}

/// The JSON of a message; its type is added to `types`.
fn representation(field: &Field, types: &mut Vec<(String, String)>) -> Representation {
    let name = json_name(&field.name);
    if !types.iter().any(|(known, _)| *known == field.name) {
        let schema = format!(
            "{{\"type\":\"object\",\"properties\":{{{}:{}}}}}",
            quoted(&name),
            schema(&Field { repeated: false, ..field.clone() })
        );
        types.push((field.name.clone(), schema));
    }
    let value = format!("{{{}:{}}}", quoted(&name), sample(&Field { repeated: false, ..field.clone() }));
    Representation {
        content_type: "application/json".into(),
        schema: Some(format!("{{\"$ref\":{}}}", quoted(&format!("#/components/schemas/{}", field.name))).into()),
        type_name: Some(field.name.as_str().into()),
        schema_id: Some(COMPONENTS.into()),
        examples: vec![Example { name: "default".into(), value: value.into() }],
    }
}

fn schema(field: &Field) -> String {
    if field.repeated {
        let one = schema(&Field { repeated: false, ..field.clone() });
        return format!("{{\"type\":\"array\",\"items\":{one}}}");
    }
    match &field.content {
        Content::Text => "{\"type\":\"string\"}".into(),
        Content::Integer => "{\"type\":\"integer\"}".into(),
        Content::Number => "{\"type\":\"number\"}".into(),
        Content::Bool => "{\"type\":\"boolean\"}".into(),
        Content::Array(inner) => schema(inner),
        Content::Object(fields) => {
            let members: Vec<String> =
                fields.iter().map(|inner| format!("{}:{}", quoted(&json_name(&inner.name)), schema(inner))).collect();
            let required: Vec<String> =
                fields.iter().filter(|inner| inner.required).map(|inner| quoted(&json_name(&inner.name))).collect();
            let required =
                if required.is_empty() { String::new() } else { format!(",\"required\":[{}]", required.join(",")) };
            format!("{{\"type\":\"object\",\"properties\":{{{}}}{required}}}", members.join(","))
        }
    }
}

fn sample(field: &Field) -> String {
    if field.repeated {
        return format!("[{}]", sample(&Field { repeated: false, ..field.clone() }));
    }
    match &field.content {
        Content::Text => "\"sample\"".into(),
        Content::Integer | Content::Number => "1".into(),
        Content::Bool => "true".into(),
        Content::Array(inner) => sample(inner),
        Content::Object(fields) => {
            let members: Vec<String> =
                fields.iter().map(|inner| format!("{}:{}", quoted(&json_name(&inner.name)), sample(inner))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// Text as a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
