use apimite_model::{Example, Representation};

use super::parameters::resolve;
use crate::problems::Sheet;
use crate::resources::example;
use crate::tree::Node;

/// The id of the schema text that OpenAPI components are kept in.
pub(super) const COMPONENTS: &str = "components";

/// The id of the schema text that Swagger definitions are kept in.
pub(super) const DEFINITIONS: &str = "definitions";

/// A body shape of one content type from its schema, with the schemas it refers to in `schema_id`.
pub(super) fn representation(content_type: &str, schema: Option<&Node<'_>>, schema_id: &'static str) -> Representation {
    let type_name = schema.and_then(|schema| schema.get("$ref")).and_then(|reference| reference.text());
    let text = schema.map(Node::json);
    Representation {
        content_type: content_type.into(),
        schema_id: text.as_ref().filter(|text| text.contains("\"$ref\"")).map(|_| schema_id.into()),
        schema: text.map(Into::into),
        type_name: type_name.and_then(|reference| reference.rsplit('/').next()).map(Into::into),
        examples: Vec::new(),
    }
}

/// The bodies of an OpenAPI `content` object.
pub(super) fn content<'n, 'a>(
    root: &'n Node<'a>,
    content: Option<&'n Node<'a>>,
    sheet: &mut Sheet<'_>,
) -> Vec<Representation> {
    let mut all = Vec::new();
    for member in content.map_or(&[][..], |content| content.members()) {
        let media = &member.node;
        let mut shape = representation(&member.key, media.get("schema"), COMPONENTS);
        if let Some(one) = media.get("example") {
            shape.examples.push(example("default", one, &member.key));
        }
        for named in media.get("examples").map_or(&[][..], |examples| examples.members()) {
            let Some(node) = resolve(root, &named.node, sheet) else { continue };
            if let Some(value) = node.get("value") {
                shape.examples.push(example(&named.key, value, &member.key));
            }
        }
        if shape.examples.is_empty()
            && let Some(found) = example_of_schema(root, media.get("schema"), &member.key)
        {
            shape.examples.push(found);
        }
        all.push(shape);
    }
    all
}

/// The `example` of a schema, one reference deep.
fn example_of_schema(root: &Node<'_>, schema: Option<&Node<'_>>, content_type: &str) -> Option<Example> {
    let schema = schema?;
    let nowhere = apimite_diag::Source::new("", "");
    let mut hidden = Vec::new();
    let schema = resolve(root, schema, &mut Sheet::new(&nowhere, &mut hidden))?;
    Some(example("default", schema.get("example")?, content_type))
}

/// Is a key of `responses` a hundred, such as `2XX`?
pub(super) fn is_range(key: &str) -> bool {
    key.ends_with(['X', 'x'])
}

/// The status of a key of `responses`; `None` for `default`.
pub(super) fn status(key: &str) -> Option<u16> {
    match key.as_bytes() {
        [first @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] => Some(u16::from(first - b'0') * 100),
        _ => key.parse().ok(),
    }
}
