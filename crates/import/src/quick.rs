//! Quick starts without a folder: one policy document, or one API definition.

use apimite_diag::Diagnostic;
use apimite_model::{Api, Operation};

use crate::definition::{self, Format, Ids, Manner, normalised};
use crate::draft::{Draft, Place, Placed};
use crate::files::Files;
use crate::import::Imported;
use crate::reader::Reader;
use crate::settings::Settings;

/// The methods that a policy quick start answers.
///
/// Source: methods an operation can have in the portal.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"];

/// One API at the root path with every method, this policy at API scope, and this backend. No key is needed.
///
/// `path` is the policy document within `files`; without a backend the built-in echo backend answers.
pub fn from_policy(files: &dyn Files, path: &str, backend: Option<&str>, settings: Settings) -> Imported {
    let mut reader = Reader::new(files);
    let mut api = Api::new("policy", "", backend.unwrap_or(crate::url::ECHO));
    api.subscription_required = false;
    api.policy = reader.policy(path);
    api.operations =
        METHODS.map(|method| Operation::new(&method.to_ascii_lowercase(), method, "/*").into()).into_iter().collect();
    check_backend(backend, &mut reader);
    finish(api, path, settings, reader)
}

/// One API from a definition (OpenAPI 3, Swagger 2, WADL, WSDL, GraphQL). No key is needed.
///
/// `backend` wins over the server that the definition names.
pub fn from_openapi(files: &dyn Files, path: &str, backend: Option<&str>, settings: Settings) -> Imported {
    let mut reader = Reader::new(files);
    let mut api = Api::new("api", "", "");
    api.subscription_required = false;
    if let Some(source) = reader.source(path) {
        let format = Format::of(path).unwrap_or(Format::Yaml);
        let manner = Manner {
            ids: Ids::Normalised,
            required_query: settings.import.required_query,
            soap_to_rest: settings.import.soap_to_rest,
            wsdl: &settings.import.wsdl,
        };
        let read = definition::read(&source, format, manner, &mut reader.found);
        let readable = read.is_some();
        let definition = read.unwrap_or_default();
        let id = normalised(&definition.title);
        if !id.is_empty() {
            api.id = id.into();
            api.name = definition.title;
        }
        api.kind = definition.kind;
        api.description = definition.description;
        api.service_url = definition.service_url;
        api.schemas = definition.schemas;
        api.operations = definition.operations.into_iter().map(Into::into).collect();
        if let Some(backend) = backend {
            api.service_url = backend.into();
        } else if api.service_url.is_empty() && readable {
            let warning =
                Diagnostic::new("import::no-backend", "the definition names no server that can be called").warning();
            let help = "add `--backend http://…`; until then the built-in echo backend answers";
            reader.found.push(warning.at(&source, apimite_diag::Span::default()).help(help));
            api.service_url = crate::url::ECHO.into();
        }
    }
    check_backend(backend, &mut reader);
    finish(api, path, settings, reader)
}

fn check_backend(backend: Option<&str>, reader: &mut Reader<'_>) {
    if let Some(url) = backend.filter(|url| !crate::url::is_base_url(url)) {
        reader.found.push(Diagnostic::new("import::backend", format!("`{url}` is no base URL")).help(crate::url::HELP));
    }
}

fn finish(api: Api, path: &str, settings: Settings, reader: Reader<'_>) -> Imported {
    let source = apimite_diag::Source::new(reader.files.shown(path), "");
    let mut draft = Draft::default();
    draft.apis.push(Placed { value: api, at: Place::new(&source, apimite_diag::Span::default()) });
    Imported::assemble(draft, settings, reader)
}
