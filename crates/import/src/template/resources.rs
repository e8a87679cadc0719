//! API Management resources of templates, put together.

use std::collections::{HashMap, HashSet};

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::{Api, Fragment, Operation, PolicyText, Resolver, SchemaText};
use indexmap::IndexMap;

use apimite_arm_template::MAX_TEXT;

use super::scope::node;
use crate::apiops::only_operation;
use crate::definition::{self, Definition, Format, Ids, Manner};
use crate::draft::{Draft, Link, Place, Placed};
use crate::problems::Sheet;
use crate::reader::Reader;
use crate::resources;
use crate::settings::{ImportSettings, ServiceSettings, WsdlSelector};
use crate::tree::table::Table;
use crate::tree::{Node, Value};

/// What belongs to one API, in whatever order the template has it.
#[derive(Default)]
struct ApiParts {
    api: Option<Placed<Api>>,
    definition: Option<Definition>,
    operations: Vec<Operation>,
    policy: Option<PolicyText>,
    operation_policies: Vec<(String, PolicyText)>,
    schemas: Vec<SchemaText>,
    tags: Vec<Box<str>>,
    resolvers: Vec<Resolver>,
    resolver_policies: Vec<(String, PolicyText)>,
}

/// Collects resources of all templates of a set.
pub(super) struct Collector<'a> {
    paths: &'a [Box<str>],
    settings: &'a ImportSettings,
    draft: Draft,
    apis: IndexMap<String, ApiParts>,
    product_policies: HashMap<String, PolicyText>,
    service: Option<(String, Option<String>, Option<String>)>,
    /// Where expressions were remarked upon: copies of a resource need one remark.
    pub(super) remarks: HashSet<(Box<str>, Span)>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(paths: &'a [Box<str>], settings: &'a ImportSettings) -> Self {
        Self {
            paths,
            settings,
            draft: Draft::default(),
            apis: IndexMap::new(),
            product_policies: HashMap::new(),
            service: None,
            remarks: HashSet::new(),
        }
    }

    fn api(&mut self, name: &str) -> &mut ApiParts {
        self.apis.entry(name.to_owned()).or_default()
    }

    /// Adds a resource: its type below the service, the segments of its name (service first), all expressions evaluated.
    pub(super) fn add(
        &mut self,
        kind: &str,
        name: &[&str],
        resource: &Node<'_>,
        source: &Source,
        reader: &mut Reader<'_>,
    ) {
        let Some((service, own)) = name.split_first() else { return };
        let empty = node(Value::Map(Vec::new()));
        let properties = resource.get("properties").unwrap_or(&empty);
        let sheet = &mut Sheet::new(source, &mut reader.found);
        let Some(table) = Table::open(sheet, properties, "properties") else { return };
        match (kind, own) {
            ("", []) => {
                let text = |keys: &[&str]| resource.at(keys).and_then(|node| node.text()).map(str::to_owned);
                self.service = Some(((*service).to_owned(), text(&["sku", "name"]), text(&["location"])));
            }
            ("apis", [api]) => {
                let placed = resources::api(api, table, sheet);
                let definition = inline_definition(properties, self.settings, source, reader);
                let parts = self.api(api);
                parts.api = Some(placed);
                parts.definition = definition;
            }
            ("apis/operations", [api, operation]) => {
                if let Some(read) = resources::operation(operation, table, sheet) {
                    self.api(api).operations.push(read.value);
                }
            }
            ("apis/schemas", [api, schema]) => {
                if let Some(read) = resources::schema(schema, table, sheet) {
                    self.api(api).schemas.push(read);
                }
            }
            ("apis/resolvers", [api, id]) => {
                let mut table = table;
                if let Some((kind, field)) = resources::resolver_place(&mut table, sheet) {
                    self.api(api).resolvers.push(Resolver { id: (*id).into(), kind, field, policy: None });
                }
            }
            ("apis/resolvers/policies", [api, id, _]) => {
                if let Some(policy) = self.policy(kind, own, properties, source, reader) {
                    self.api(api).resolver_policies.push(((*id).to_owned(), policy));
                }
            }
            ("apis/tags", [api, tag]) => self.api(api).tags.push((*tag).into()),
            ("policies" | "apis/policies" | "apis/operations/policies" | "products/policies", own) => {
                let Some(policy) = self.policy(kind, own, properties, source, reader) else { return };
                match *own {
                    [_] => self.draft.policy = Some(policy),
                    [product, _] if kind == "products/policies" => {
                        self.product_policies.insert(product.to_owned(), policy);
                    }
                    [api, _] => self.api(api).policy = Some(policy),
                    [api, operation, _] => self.api(api).operation_policies.push((operation.to_owned(), policy)),
                    _ => {}
                }
            }
            ("policyfragments", [id]) => {
                let description = properties.get("description").and_then(|node| node.text()).unwrap_or_default().into();
                let at = Place::new(source, resource.span);
                if let Some(policy) = self.policy(kind, own, properties, source, reader) {
                    let value = Fragment { id: (*id).into(), description, policy };
                    self.draft.fragments.insert((*id).into(), Placed { value, at });
                }
            }
            ("products", [id]) => {
                self.draft.products.insert((*id).into(), resources::product(id, table, sheet));
            }
            ("products/apis" | "products/apilinks", [product, api]) => {
                let linked = properties.get("apiId").and_then(|node| node.text()).map_or(*api, resources::tail);
                let link = link(product, resources::without_revision(linked), source, resource);
                self.draft.product_apis.push(link);
            }
            ("products/groups" | "products/grouplinks", [product, group]) => {
                let linked = properties.get("groupId").and_then(|node| node.text()).map_or(*group, resources::tail);
                self.draft.product_groups.push(link(product, linked, source, resource));
            }
            ("backends", [id]) => {
                if let Some(backend) = resources::backend(id, table, sheet) {
                    self.draft.backends.insert((*id).into(), backend);
                }
            }
            ("namedvalues" | "properties", [id]) => {
                let value = resources::named_value(id, table, sheet);
                crate::checks::add_named_value(&mut self.draft, value, &mut reader.found);
            }
            ("apiversionsets" | "api-version-sets", [id]) => {
                if let Some(set) = resources::version_set(id, table, sheet) {
                    self.draft.version_sets.insert((*id).into(), set);
                }
            }
            ("subscriptions", [id]) => {
                if let Some((subscription, owner)) = resources::subscription(id, table, sheet) {
                    self.draft.subscriptions.insert((*id).into(), subscription);
                    self.draft.owners.extend(owner);
                }
            }
            ("groups", [id]) => {
                self.draft.groups.insert((*id).into(), resources::group(id, table, sheet));
            }
            ("users", [id]) => {
                self.draft.users.insert((*id).into(), resources::user(id, table, sheet));
            }
            ("groups/users", [group, user]) => self.draft.user_groups.push(link(user, group, source, resource)),
            ("schemas", [id]) => {
                if let Some(schema) = resources::schema(id, table, sheet) {
                    self.draft.schemas.insert((*id).into(), schema);
                }
            }
            ("authorizationproviders/authorizations", [provider, id]) => {
                self.draft.connections.put(provider, id, resources::connection_error(properties));
            }
            ("authorizationproviders/authorizations/accesspolicies", [provider, id, _]) => {
                let object = properties.get("objectId").and_then(|node| node.text());
                self.draft.connections.allow(provider, id, object);
            }
            ("loggers", [id]) => self.draft.loggers.push((*id).into()),
            // Diagnostics, tags, identity providers, portal content and the like mean nothing to a gateway.
            _ => {}
        }
    }

    /// The document of a policy or fragment: written in the template, or a linked file of the set.
    fn policy(
        &self,
        kind: &str,
        own: &[&str],
        properties: &Node<'_>,
        source: &Source,
        reader: &mut Reader<'_>,
    ) -> Option<PolicyText> {
        let value = properties.get("value").or_else(|| properties.get("policyContent"))?;
        let written = value.text()?;
        let format = properties.get("format").or_else(|| properties.get("contentFormat")).and_then(|node| node.text());
        if format.is_some_and(|format| format.to_ascii_lowercase().ends_with("-link")) {
            let path = written.split(['?', '#']).next().unwrap_or(written);
            let Some(found) = linked(path, self.paths) else {
                let file = resources::tail(path);
                let help = "put the file into the folder: linked documents are looked up by their file name";
                let message = format!("the linked policy document `{file}` is not in the folder");
                reader.found.push(Place::new(source, value.span).error("template::link", message, help));
                return None;
            };
            return reader.policy(found);
        }
        // The name says which resource it is: the place in the template is not that of the text.
        let name = format!("{} ({kind} {})", source.name(), own.join("/"));
        Some(PolicyText::new(name, written.chars().take(MAX_TEXT).collect::<String>()))
    }

    /// The draft of all that was collected.
    pub(super) fn finish(mut self, service: &mut ServiceSettings, reader: &mut Reader<'_>) -> Draft {
        for (name, parts) in std::mem::take(&mut self.apis) {
            match parts.api {
                Some(api) => self.draft.apis.push(whole_api(
                    api,
                    parts.definition,
                    parts.operations,
                    parts.policy,
                    parts.operation_policies,
                    parts.schemas,
                    parts.tags,
                    with_policies(parts.resolvers, parts.resolver_policies),
                    reader,
                )),
                None => {
                    let message = format!("templates refer to the API `{name}`, but none of them defines it");
                    reader.found.push(
                        Diagnostic::new("template::api", message).help("add the template that defines it").warning(),
                    );
                }
            }
        }
        for (id, policy) in std::mem::take(&mut self.product_policies) {
            if let Some(product) = self.draft.products.get_mut(&*id) {
                product.value.policy = Some(policy);
            }
        }
        if let Some((name, sku, region)) = self.service {
            service.name = service.name.take().or_else(|| Some(name.into()));
            service.region = service.region.take().or_else(|| region.map(Into::into));
            service.tier = service.tier.or_else(|| crate::settings::tier(&sku?));
        }
        self.draft
    }
}

fn whole_api(
    mut api: Placed<Api>,
    definition: Option<Definition>,
    operations: Vec<Operation>,
    policy: Option<PolicyText>,
    operation_policies: Vec<(String, PolicyText)>,
    schemas: Vec<SchemaText>,
    tags: Vec<Box<str>>,
    resolvers: Vec<Resolver>,
    reader: &mut Reader<'_>,
) -> Placed<Api> {
    let value = &mut api.value;
    let definition = definition.unwrap_or_default();
    if value.service_url.is_empty() {
        value.service_url = definition.service_url;
    }
    value.schemas = definition.schemas;
    value.schemas.extend(schemas);
    let mut all = definition.operations;
    for operation in operations {
        all.retain(|other| other.id != operation.id);
        all.push(operation);
    }
    if all.is_empty() {
        all.extend(only_operation(value.kind));
    }
    for (id, policy) in operation_policies {
        match all.iter_mut().find(|operation| operation.id.eq_ignore_ascii_case(&id)) {
            Some(operation) => operation.policy = Some(policy),
            None => {
                let message = format!(
                    "the API `{}` has no operation `{id}` for the policy in `{}`",
                    value.id,
                    policy.source.name()
                );
                reader.found.push(api.at.error("api::operation", message, "correct the name, or add the operation"));
            }
        }
    }
    value.operations = all.into_iter().map(Into::into).collect();
    value.policy = policy;
    value.tags = tags;
    value.resolvers = resolvers;
    api
}

/// Gives resolvers their policies, in whatever order the template has them.
fn with_policies(mut resolvers: Vec<Resolver>, policies: Vec<(String, PolicyText)>) -> Vec<Resolver> {
    for (id, policy) in policies {
        if let Some(resolver) = resolvers.iter_mut().find(|resolver| resolver.id.eq_ignore_ascii_case(&id)) {
            resolver.policy = Some(policy);
        }
    }
    resolvers
}

fn link(from: &str, to: &str, source: &Source, resource: &Node<'_>) -> Link {
    Link { from: from.into(), to: to.into(), at: Place::new(source, resource.span) }
}

/// The file of the set that a link names: the one that shares the longest end with it.
fn linked<'p>(link: &str, paths: &'p [Box<str>]) -> Option<&'p str> {
    let shared = |path: &str| {
        let pairs = path.rsplit('/').zip(link.rsplit('/'));
        pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
    };
    let best = paths.iter().max_by_key(|path| shared(path))?;
    (shared(best) > 0).then_some(best)
}

/// The definition written into an API resource (`format` and `value`).
fn inline_definition(
    properties: &Node<'_>,
    settings: &ImportSettings,
    source: &Source,
    reader: &mut Reader<'_>,
) -> Option<Definition> {
    let format = properties.get("format").or_else(|| properties.get("contentFormat"))?;
    let value = properties.get("value").or_else(|| properties.get("contentValue"))?;
    let kind = match format.text()?.to_ascii_lowercase().as_str() {
        "openapi" => Format::Yaml,
        "openapi+json" | "swagger-json" => Format::Json,
        "wsdl" => Format::Wsdl,
        "wadl-xml" => Format::Wadl,
        "graphql-schema" => Format::GraphQl,
        other => {
            let message = format!("an API definition of format `{other}` is not read");
            let help = "write the definition into the template, or add its operations";
            reader.found.push(Place::new(source, format.span).error("template::format", message, help).warning());
            return None;
        }
    };
    let text = match value.text() {
        Some(text) => text.to_owned(),
        None => value.json(),
    };
    let inner = Source::new(format!("{} (definition)", source.name()), text);
    // Source: API contract, `apiType`: a WSDL imported as `http` becomes a REST API, as `soap` it is passed through.
    let wanted = properties.get("apiType").or_else(|| properties.get("soapApiType")).and_then(Node::text);
    let soap_to_rest = wanted.map_or(settings.soap_to_rest, |wanted| wanted.eq_ignore_ascii_case("http"));
    let part = |name: &str| {
        properties.at(&["wsdlSelector", name]).and_then(Node::text).filter(|name| !name.is_empty()).map(Into::into)
    };
    let wsdl = WsdlSelector { service: part("wsdlServiceName"), endpoint: part("wsdlEndpointName") };
    let manner = Manner { ids: Ids::Normalised, required_query: settings.required_query, soap_to_rest, wsdl: &wsdl };
    definition::read(&inner, kind, manner, &mut reader.found)
}
