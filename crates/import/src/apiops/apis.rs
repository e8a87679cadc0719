//! API folders: information, definition, policies; read in parallel when there are many.

use std::sync::atomic::{AtomicUsize, Ordering};

use apimite_diag::{Diagnostic, Source, Span, nearest};
use apimite_model::{Api, ApiKind, Operation, Resolver};

use super::layout::ApiFile;
use crate::definition::{self, Definition, Format, Ids, Manner, normalised};
use crate::draft::{Draft, Placed};
use crate::files::Files;
use crate::reader::Reader;
use crate::resources;
use crate::settings::ImportSettings;

/// From this many APIs on, they are read by several threads.
const PARALLEL_FROM: usize = 24;

/// The files of one API revision.
pub(super) struct ApiFolder<'p> {
    name: &'p str,
    information: Option<&'p str>,
    policy: Option<&'p str>,
    specifications: Vec<&'p str>,
    operation_policies: Vec<(&'p str, &'p str)>,
    operations: Vec<(&'p str, &'p str)>,
    schemas: Vec<(&'p str, &'p str)>,
    resolvers: Vec<(&'p str, &'p str)>,
    resolver_policies: Vec<(&'p str, &'p str)>,
    tags: Vec<&'p str>,
    tag_files: Vec<&'p str>,
}

impl<'p> ApiFolder<'p> {
    pub(super) fn new(name: &'p str) -> Self {
        Self {
            name,
            information: None,
            policy: None,
            specifications: Vec::new(),
            operation_policies: Vec::new(),
            operations: Vec::new(),
            schemas: Vec::new(),
            resolvers: Vec::new(),
            resolver_policies: Vec::new(),
            tags: Vec::new(),
            tag_files: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, file: ApiFile<'p>, path: &'p str) {
        match file {
            ApiFile::Information => self.information = Some(path),
            ApiFile::Policy => self.policy = Some(path),
            ApiFile::Specification => self.specifications.push(path),
            ApiFile::OperationPolicy { operation } => self.operation_policies.push((operation, path)),
            ApiFile::OperationInformation { operation } => self.operations.push((operation, path)),
            ApiFile::Schema { id } => self.schemas.push((id, path)),
            ApiFile::Resolver { id } => self.resolvers.push((id, path)),
            ApiFile::ResolverPolicy { id } => self.resolver_policies.push((id, path)),
            ApiFile::Tag { tag } => self.tags.push(tag),
            ApiFile::Tags => self.tag_files.push(path),
        }
    }

    fn any_file(&self) -> Option<&'p str> {
        self.information
            .or(self.policy)
            .or_else(|| self.specifications.first().copied())
            .or_else(|| self.operation_policies.first().map(|(_, path)| *path))
            .or_else(|| self.operations.first().map(|(_, path)| *path))
    }
}

/// Reads all API folders into the draft, in their order.
pub(super) fn read(folders: Vec<ApiFolder<'_>>, draft: &mut Draft, reader: &mut Reader<'_>, settings: &ImportSettings) {
    let threads = crate::threads();
    if folders.len() < PARALLEL_FROM || threads < 2 {
        draft.apis.extend(folders.iter().filter_map(|folder| read_one(folder, reader, settings)));
        return;
    }
    let files: &dyn Files = reader.files;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut reader = Reader::new(files);
        let mut apis = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(folder) = folders.get(index) else { return (apis, reader.found, reader.read) };
            if let Some(api) = read_one(folder, &mut reader, settings) {
                apis.push((index, api));
            }
        }
    };
    let mut all = Vec::with_capacity(folders.len());
    std::thread::scope(|scope| {
        let handles: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut take = |(apis, found, read): (Vec<(usize, Placed<Api>)>, Vec<Diagnostic>, Vec<_>)| {
            all.extend(apis);
            reader.found.extend(found);
            reader.read.extend(read);
        };
        take(work());
        for handle in handles {
            // A thread that panicked would have lost APIs: the panic goes on here.
            match handle.join() {
                Ok(part) => take(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all.sort_by_key(|(index, _)| *index);
    draft.apis.extend(all.into_iter().map(|(_, api)| api));
}

fn read_one(folder: &ApiFolder<'_>, reader: &mut Reader<'_>, settings: &ImportSettings) -> Option<Placed<Api>> {
    let name = folder.name;
    let Some(information) = folder.information else {
        let path = folder.any_file().map(|path| reader.files.shown(path)).unwrap_or_default();
        let refusal = Diagnostic::new("api::information", format!("the API `{name}` has no `apiInformation.json`"));
        let help = "write it, with at least `{\"properties\": {\"displayName\": \"…\", \"path\": \"…\", \"protocols\": [\"https\"]}}`";
        reader.found.push(refusal.at(&Source::new(path, ""), Span::default()).help(help));
        return None;
    };
    let mut api = super::properties(information, reader, |table, sheet| Some(resources::api(name, table, sheet)))?;
    api.value.policy = folder.policy.and_then(|path| reader.policy(path));
    let definition = definition_of(folder, reader, settings);
    let has_definition = definition.is_some();
    use_definition(&mut api.value, definition.unwrap_or_default(), folder, reader);
    if api.value.operations.is_empty() && !has_definition {
        let help = "add `specification.yaml` or `operations/NAME/operationInformation.json`";
        let message = format!("the API `{name}` has no operations: every call of it is answered with 404");
        reader.found.push(api.at.error("api::operations", message, help).warning());
    }
    for (id, path) in &folder.schemas {
        let schema = super::properties(path, reader, |table, sheet| resources::schema(id, table, sheet));
        if let Some(schema) = schema
            && !api.value.schemas.iter().any(|other| other.id == schema.id)
        {
            api.value.schemas.push(schema);
        }
    }
    read_resolvers(&mut api.value, folder, reader);
    api.value.tags = folder.tags.iter().map(|tag| (*tag).into()).collect();
    for path in &folder.tag_files {
        api.value.tags.extend(super::names(name, path, reader).into_iter().map(|link| link.to));
    }
    Some(api)
}

/// The resolvers of a GraphQL API, each with its policy.
fn read_resolvers(api: &mut Api, folder: &ApiFolder<'_>, reader: &mut Reader<'_>) {
    for (id, path) in &folder.resolvers {
        let place =
            super::properties(path, reader, |mut table, sheet| crate::resources::resolver_place(&mut table, sheet));
        let policy = folder.resolver_policies.iter().find(|(other, _)| other == id);
        if let Some((kind, field)) = place {
            let policy = policy.and_then(|(_, path)| reader.policy(path));
            api.resolvers.push(Resolver { id: (*id).into(), kind, field, policy });
        }
    }
}

fn definition_of(folder: &ApiFolder<'_>, reader: &mut Reader<'_>, settings: &ImportSettings) -> Option<Definition> {
    // Exports may hold the same API twice; JSON and YAML come before the others.
    let rank = |path: &&str| match Format::of(path) {
        Some(Format::Yaml) => 0,
        Some(Format::Json) => 1,
        _ => 2,
    };
    let path = folder.specifications.iter().copied().min_by_key(rank)?;
    let source = reader.source(path)?;
    let manner = Manner {
        ids: Ids::AsWritten,
        required_query: settings.required_query,
        soap_to_rest: settings.soap_to_rest,
        wsdl: &settings.wsdl,
    };
    let read = definition::read(&source, Format::of(path)?, manner, &mut reader.found);
    Some(read.unwrap_or_else(|| Definition { is_broken: true, ..Definition::default() }))
}

fn use_definition(api: &mut Api, definition: Definition, folder: &ApiFolder<'_>, reader: &mut Reader<'_>) {
    if api.service_url.is_empty() && !names_a_gateway(&definition.service_url) {
        api.service_url = definition.service_url;
    }
    api.schemas = definition.schemas;
    let mut operations = definition.operations;
    let mut made_up = definition.ids_made_up;
    let is_broken = definition.is_broken;
    for (id, path) in &folder.operations {
        if !operations.iter().any(|operation| *operation.id == **id)
            && let Some(read) = super::properties(path, reader, |table, sheet| resources::operation(id, table, sheet))
        {
            operations.push(read.value);
        }
    }
    if operations.is_empty() {
        operations.extend(only_operation(api.kind));
        made_up |= !operations.is_empty();
    }
    let missing = match (is_broken, made_up || api.kind == ApiKind::Soap) {
        (true, _) => Missing::Unsaid,
        (false, true) => Missing::Warned,
        (false, false) => Missing::Refused,
    };
    attach(&mut operations, folder, missing, reader);
    api.operations = operations.into_iter().map(Into::into).collect();
}

/// The operation of APIs that have exactly one.
///
/// Source: WebSocket APIs have the operation `onHandshake`; GraphQL requests are posted to the path of the API.
pub(crate) fn only_operation(kind: ApiKind) -> Option<Operation> {
    match kind {
        ApiKind::Http | ApiKind::Soap => None,
        ApiKind::WebSocket => Some(Operation::new("onHandshake", "*", "/*")),
        ApiKind::GraphQl => Some(Operation::new("graphql", "POST", "/")),
    }
}

/// What is said about a policy whose operation is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Nothing: the definition could not be read, and that was said.
    Unsaid,
    /// The definition gives operations no names.
    Warned,
    /// The folder has a wrong name.
    Refused,
}

/// Gives operations their policies. Extractors name the folders by the operation's resource name, which is the
/// `operationId` of an exported definition; imports change case and signs, so those may differ.
fn attach(operations: &mut [Operation], folder: &ApiFolder<'_>, missing: Missing, reader: &mut Reader<'_>) {
    for (id, path) in &folder.operation_policies {
        let Some(policy) = reader.policy(path) else { continue };
        let found = operations
            .iter()
            .position(|operation| *operation.id == **id)
            .or_else(|| operations.iter().position(|operation| operation.id.eq_ignore_ascii_case(id)))
            .or_else(|| operations.iter().position(|operation| normalised(&operation.id) == normalised(id)));
        if let Some(index) = found {
            operations[index].policy = Some(policy);
            continue;
        }
        if missing == Missing::Unsaid {
            continue;
        }
        let message = format!("the API `{}` has no operation `{id}` for this policy", folder.name);
        let refusal = Diagnostic::new("api::operation", message).at(&policy.source, Span::default());
        reader.found.push(if missing == Missing::Warned {
            refusal
                .warning()
                .help("the definition gives operations no names, so the policy cannot be assigned and is not used")
        } else if let Some(near) = nearest(id, operations.iter().map(|operation| &*operation.id)) {
            refusal.help(format!("did you mean `{near}`? the folder is named by the `operationId` of the definition"))
        } else {
            refusal.help("name the folder by an `operationId` of the definition, or remove it")
        });
    }
}

/// An exported definition names the gateway itself as its server: not a backend.
fn names_a_gateway(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or(host).to_ascii_lowercase();
    host.ends_with(".azure-api.net") || host.ends_with(".azure-api.cn") || host.ends_with(".azure-api.us")
}
