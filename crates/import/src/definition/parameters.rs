use apimite_model::{Parameter, ParameterPlace, ParameterStyle};

use crate::problems::Sheet;
use crate::settings::RequiredQuery;
use crate::tree::Node;

/// How far `$ref` may lead to another `$ref`.
const MAX_REFERENCES: usize = 16;

/// Follows `$ref` inside the document.
pub(super) fn resolve<'n, 'a>(root: &'n Node<'a>, node: &'n Node<'a>, sheet: &mut Sheet<'_>) -> Option<&'n Node<'a>> {
    let mut node = node;
    for _ in 0..MAX_REFERENCES {
        let Some(reference) = node.get("$ref") else { return Some(node) };
        let Some(path) = reference.text().and_then(|text| text.strip_prefix("#/")) else {
            let help = "move the definition into this document: other files are not read";
            sheet.error("openapi::reference", reference.span, "this reference leads out of the document", help);
            return None;
        };
        let target = path.split('/').try_fold(root, |node, segment| {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            node.get(&segment)
        });
        let Some(target) = target else {
            let message = format!("`#/{path}` is not defined");
            sheet.error("openapi::reference", reference.span, message, "define it, or correct the reference");
            return None;
        };
        node = target;
    }
    sheet.error("openapi::reference", node.span, "references lead in a circle", "write the definition out");
    None
}

/// The parameters of an operation, in order, and the URL template they make.
pub(super) struct Parameters {
    /// Template with the query parameters that are part of it.
    pub(super) template: String,
    /// All parameters: those of the template first.
    pub(super) list: Vec<Parameter>,
}

/// Reads the parameters of a path item and of one of its operations. `schema_of` reads schema, default and values.
pub(super) fn read<'n, 'a: 'n>(
    root: &'n Node<'a>,
    path: &str,
    lists: [Option<&'n Node<'a>>; 2],
    required_query: RequiredQuery,
    sheet: &mut Sheet<'_>,
    mut schema_of: impl FnMut(&'n Node<'a>, &mut Parameter),
) -> Parameters {
    let [of_path, of_operation] = lists.map(|list| list.map_or(&[][..], |list| list.items()));
    let mut nodes: Vec<&Node<'a>> = of_operation.iter().filter_map(|node| resolve(root, node, sheet)).collect();
    let same = |one: &Node<'_>, other: &Node<'_>| {
        ["name", "in"].iter().all(|key| one.get(key).and_then(|n| n.text()) == other.get(key).and_then(|n| n.text()))
    };
    let inherited: Vec<&Node<'a>> = of_path
        .iter()
        .filter_map(|node| resolve(root, node, sheet))
        .filter(|node| !nodes.iter().any(|own| same(own, node)))
        .collect();
    nodes.splice(0..0, inherited);

    let mut template = path.to_owned();
    let mut list: Vec<Parameter> =
        template_names(path).map(|name| parameter(name, ParameterPlace::Template, true)).collect();
    let mut others = Vec::new();
    for node in nodes {
        let (Some(name), Some(place)) = (node.get("name"), node.get("in").and_then(|n| n.text())) else { continue };
        let Some(name_text) = name.scalar() else { continue };
        let required = node.get("required").and_then(|n| n.flag()).unwrap_or(false);
        match place {
            "path" => match list.iter_mut().find(|p| p.name.eq_ignore_ascii_case(&name_text)) {
                Some(known) => {
                    schema_of(node, known);
                    known.style = style(root, node);
                }
                None => {
                    let message = format!("the path parameter `{name_text}` is not part of `{path}`");
                    sheet.warn(
                        "openapi::parameter",
                        name.span,
                        message,
                        format!("add `{{{name_text}}}` to the path, or remove the parameter"),
                    );
                }
            },
            "query" if required && required_query == RequiredQuery::Template => {
                if list.iter().any(|p| p.name.eq_ignore_ascii_case(&name_text)) {
                    if !in_query(path, &name_text) {
                        let message = format!("`{name_text}` is used twice in the URL template of `{path}`");
                        sheet.error(
                            "openapi::parameter",
                            name.span,
                            message,
                            "parameters of path and query need different names",
                        );
                    }
                    continue;
                }
                template.push(if template.contains('?') { '&' } else { '?' });
                template.push_str(&format!("{name_text}={{{name_text}}}"));
                let mut own = parameter(&name_text, ParameterPlace::Template, true);
                schema_of(node, &mut own);
                own.style = style(root, node);
                list.push(own);
            }
            "query" | "header" => {
                let place = if place == "query" { ParameterPlace::Query } else { ParameterPlace::Header };
                let mut own = parameter(&name_text, place, required);
                schema_of(node, &mut own);
                own.style = style(root, node);
                others.push(own);
            }
            _ => {}
        }
    }
    list.extend(others);
    Parameters { template, list }
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

/// Source: OpenAPI 3, `style` and `explode`, which is true for `form`, the style of a query, unless set; Swagger 2,
/// `collectionFormat`.
fn style(root: &Node<'_>, node: &Node<'_>) -> ParameterStyle {
    let text = |key: &str| node.get(key).and_then(|node| node.text());
    if root.get("openapi").is_none() {
        return match text("collectionFormat") {
            Some("ssv") => ParameterStyle::List(' '),
            Some("pipes") => ParameterStyle::List('|'),
            Some("tsv") => ParameterStyle::List('\t'),
            Some("multi") => ParameterStyle::Repeated,
            _ => ParameterStyle::default(),
        };
    }
    let is_query = text("in") == Some("query");
    let style = text("style").unwrap_or(if is_query { "form" } else { "simple" });
    let is_exploded = node.get("explode").and_then(|node| node.flag()).unwrap_or(style == "form");
    match style {
        "deepObject" => ParameterStyle::Deep,
        _ if is_query && is_exploded => ParameterStyle::Repeated,
        "spaceDelimited" => ParameterStyle::List(' '),
        "pipeDelimited" => ParameterStyle::List('|'),
        _ => ParameterStyle::default(),
    }
}

/// The names in braces of a URL template.
pub(super) fn template_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

fn in_query(path: &str, name: &str) -> bool {
    path.split_once('?')
        .is_some_and(|(_, query)| query.to_ascii_lowercase().contains(&format!("{{{}}}", name.to_ascii_lowercase())))
}

/// Schema, default and values of a parameter, from its schema.
pub(super) fn describe(root: &Node<'_>, schema: &Node<'_>, target: &mut Parameter) {
    target.schema = Some(schema.json().into());
    // A named schema may hold the default and the values.
    let mut hidden = Vec::new();
    let nowhere = apimite_diag::Source::new("", "");
    let schema = resolve(root, schema, &mut Sheet::new(&nowhere, &mut hidden)).unwrap_or(schema);
    target.default = schema.get("default").and_then(|n| n.scalar()).map(Into::into);
    let values = schema.get("enum").map_or(&[][..], |n| n.items());
    target.values = values.iter().filter_map(|n| n.scalar()).map(Into::into).collect();
}
