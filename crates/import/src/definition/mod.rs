//! API definitions: OpenAPI, Swagger, WSDL, WADL and GraphQL, read into operations.

mod ids;
mod openapi;
mod parameters;
mod shapes;
mod swagger;
mod wadl;
mod wsdl;

use std::sync::Arc;

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::{ApiKind, Operation, SchemaText};

use crate::problems::Sheet;
use crate::settings::{RequiredQuery, WsdlSelector};
use crate::tree::{self, Node};

pub(crate) use ids::normalised;

/// What an API definition says.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    /// Kind of the API.
    pub(crate) kind: ApiKind,
    /// Title.
    pub(crate) title: Box<str>,
    /// Description.
    pub(crate) description: Box<str>,
    /// Backend base URL, empty when there is none to use.
    pub(crate) service_url: Box<str>,
    /// Operations in the order of the document.
    pub(crate) operations: Vec<Operation>,
    /// Schemas that the operations refer to.
    pub(crate) schemas: Vec<SchemaText>,
    /// Are the ids of operations made up here, because the format has none?
    pub(crate) ids_made_up: bool,
    /// Could the text not be read at all? Then nothing follows from what is missing.
    pub(crate) is_broken: bool,
}

/// How ids of operations are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    /// As written: the document was exported by API Management, `operationId` is the resource name.
    AsWritten,
    /// As an import into API Management makes them.
    Normalised,
}

/// How a definition is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'s> {
    pub(crate) ids: Ids,
    pub(crate) required_query: RequiredQuery,
    /// Does a WSDL become a REST API, not one that is passed through?
    pub(crate) soap_to_rest: bool,
    /// Which part of a WSDL is read.
    pub(crate) wsdl: &'s WsdlSelector,
}

/// The formats, by file name extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
    Wsdl,
    Wadl,
    GraphQl,
}

impl Format {
    /// The format of a file, by its extension.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "wsdl" => Some(Self::Wsdl),
            "wadl" => Some(Self::Wadl),
            "graphql" | "gql" => Some(Self::GraphQl),
            _ => None,
        }
    }
}

/// Reads a definition. `None` when nothing could be read; why is in `found`.
pub(crate) fn read(
    source: &Source,
    format: Format,
    manner: Manner<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Definition> {
    match format {
        Format::Json | Format::Yaml => {
            let root = document(source, format, found)?;
            open_api(&root, source, manner, found)
        }
        Format::Wsdl => wsdl::read(source, manner, found),
        Format::Wadl => wadl::read(source, found),
        Format::GraphQl => Some(graph_ql(source)),
    }
}

/// Parses JSON or YAML.
pub(crate) fn document<'s>(source: &'s Source, format: Format, found: &mut Vec<Diagnostic>) -> Option<Node<'s>> {
    let mut mistakes = Vec::new();
    let json = format == Format::Json || source.text().trim_start().starts_with('{');
    let (root, code) = if json {
        (tree::json::read(source.text(), &mut mistakes), "import::json")
    } else {
        (tree::yaml::read(source.text(), &mut mistakes), "import::yaml")
    };
    Sheet::new(source, found).malformed(code, mistakes);
    root
}

/// Reads OpenAPI 3 or Swagger 2.
fn open_api(root: &Node<'_>, source: &Source, manner: Manner<'_>, found: &mut Vec<Diagnostic>) -> Option<Definition> {
    let sheet = &mut Sheet::new(source, found);
    if let Some(version) = root.get("openapi") {
        if !version.scalar().is_some_and(|version| version.starts_with("3.")) {
            let help = "OpenAPI 3.0, OpenAPI 3.1 and Swagger 2.0 can be read";
            sheet.error("openapi::version", version.span, "this version of OpenAPI is not known", help);
            return None;
        }
        return Some(openapi::read(root, manner, sheet));
    }
    if let Some(version) = root.get("swagger") {
        if version.scalar().as_deref() != Some("2.0") && version.scalar().as_deref() != Some("2") {
            let help = "OpenAPI 3.0, OpenAPI 3.1 and Swagger 2.0 can be read";
            sheet.error("openapi::version", version.span, "this version of Swagger is not known", help);
            return None;
        }
        return Some(swagger::read(root, manner, sheet));
    }
    let help = "the document needs `openapi: 3.0.1` or `swagger: \"2.0\"` at its top";
    let end = source.text().find('\n').unwrap_or(source.text().len());
    sheet.error(
        "openapi::version",
        Span::from_usize(0, end),
        "this is neither an OpenAPI nor a Swagger document",
        help,
    );
    None
}

/// A GraphQL API has one operation: requests are posted to its path.
fn graph_ql(source: &Source) -> Definition {
    let mut operation = Operation::new("graphql", "POST", "/");
    operation.name = "GraphQL".into();
    Definition {
        kind: ApiKind::GraphQl,
        operations: vec![operation],
        schemas: vec![SchemaText {
            id: "graphql".into(),
            content_type: "application/vnd.ms-azure-apim.graphql.schema".into(),
            text: Arc::from(source.text()),
        }],
        ids_made_up: true,
        ..Definition::default()
    }
}
