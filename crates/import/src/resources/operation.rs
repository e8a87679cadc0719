use apimite_model::{Example, Operation, Parameter, ParameterPlace, Representation, ResponseShape};

use crate::draft::{Place, Placed};
use crate::problems::Sheet;
use crate::tree::Node;
use crate::tree::table::Table;

/// Reads an operation contract.
pub(crate) fn operation(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<Placed<Operation>> {
    let at = Place::new(sheet.source, table.span());
    let method = table.text(sheet, "method");
    let template = table.text(sheet, "urlTemplate");
    let (Some(method), Some(template)) = (method, template) else {
        let help = "write `\"method\": \"GET\"` and `\"urlTemplate\": \"/…\"`";
        sheet.error(
            "operation::template",
            at.span,
            format!("the operation `{id}` has no method or no URL template"),
            help,
        );
        return None;
    };
    let template = if template.starts_with('/') { template.into_owned() } else { format!("/{template}") };
    let mut operation = Operation::new(id, &method.to_ascii_uppercase(), &template);
    if let Some(name) = table.text(sheet, "displayName") {
        operation.name = name.into();
    }
    operation.description = table.text(sheet, "description").unwrap_or_default().into();
    operation.parameters = parameters(&mut table, sheet, "templateParameters", ParameterPlace::Template);
    if let Some(mut request) = table.table(sheet, "request") {
        let query = parameters(&mut request, sheet, "queryParameters", ParameterPlace::Query);
        operation.parameters.extend(query);
        operation.parameters.extend(parameters(&mut request, sheet, "headers", ParameterPlace::Header));
        operation.request_bodies = representations(&mut request, sheet);
    }
    for node in table.get("responses").map_or(&[][..], |node| node.items()) {
        let Some(mut response) = Table::open(sheet, node, "responses") else { continue };
        operation.responses.push(ResponseShape {
            range: false,
            status: response.whole(sheet, "statusCode", 100, 999).and_then(|code| u16::try_from(code).ok()),
            description: response.text(sheet, "description").unwrap_or_default().into(),
            headers: parameters(&mut response, sheet, "headers", ParameterPlace::Header),
            representations: representations(&mut response, sheet),
        });
    }
    Some(Placed { value: operation, at })
}

fn parameters(
    table: &mut Table<'_, '_>,
    sheet: &mut Sheet<'_>,
    key: &'static str,
    place: ParameterPlace,
) -> Vec<Parameter> {
    let mut all = Vec::new();
    for node in table.get(key).map_or(&[][..], |node| node.items()) {
        let Some(mut parameter) = Table::open(sheet, node, key) else { continue };
        let Some(name) = parameter.text(sheet, "name") else { continue };
        let kind = parameter.text(sheet, "type").filter(|kind| !kind.is_empty());
        all.push(Parameter {
            name: name.into(),
            place,
            required: parameter.flag(sheet, "required").unwrap_or(place == ParameterPlace::Template),
            schema: kind.map(|kind| {
                let mut schema = String::from("{\"type\":");
                crate::tree::write_json_text(&kind, &mut schema);
                schema.push('}');
                schema.into()
            }),
            default: parameter.text(sheet, "defaultValue").map(Into::into),
            values: parameter
                .texts(sheet, "values")
                .unwrap_or_default()
                .into_iter()
                .map(|(text, _)| text.into())
                .collect(),
            style: apimite_model::ParameterStyle::default(),
        });
    }
    all
}

fn representations(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>) -> Vec<Representation> {
    let mut all = Vec::new();
    for node in table.get("representations").map_or(&[][..], |node| node.items()) {
        let Some(mut shape) = Table::open(sheet, node, "representations") else { continue };
        let content_type: Box<str> = shape.text(sheet, "contentType").unwrap_or_default().into();
        let mut examples = Vec::new();
        if let Some(sample) = shape.get("sample").or_else(|| shape.get("generatedSample")) {
            examples.push(example("default", sample, &content_type));
        }
        for member in shape.get("examples").map_or(&[][..], |node| node.members()) {
            if let Some(value) = member.node.get("value") {
                examples.push(example(&member.key, value, &content_type));
            }
        }
        all.push(Representation {
            content_type,
            schema: None,
            type_name: shape.text(sheet, "typeName").map(Into::into),
            schema_id: shape.text(sheet, "schemaId").map(Into::into),
            examples,
        });
    }
    all
}

/// An example body: text as it is, except that a JSON body is JSON.
pub(crate) fn example(name: &str, node: &Node<'_>, content_type: &str) -> Example {
    let value = match node.text() {
        Some(text) if !content_type.contains("json") || is_json(text) => text.into(),
        _ => node.json().into(),
    };
    Example { name: name.into(), value }
}

fn is_json(text: &str) -> bool {
    let mut found = Vec::new();
    crate::tree::json::read(text, &mut found).is_some()
}
