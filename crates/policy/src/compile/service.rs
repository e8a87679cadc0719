//! Compiles a whole service: every document once, then the effective policy of every operation in every product context.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_diag::{Diagnostic, Diagnostics, Span};
use apimite_document::{Document, Limits};
use apimite_model::{Api, ApiKind, Operation, PolicyText, Product, Scope, Service, SubscriptionScope, Tier};

use super::block::Item;
use super::{Compile, Toolbox};
use crate::code::Compiler;
use crate::def::{Registry, Section};
use crate::resolvers::Resolvers;
use crate::step::{Block, Pipeline, Step};
use crate::target::Target;

/// A document's sections after compilation; `None` where the section is absent.
#[derive(Clone, Default)]
pub struct CompiledDocument {
    sections: [Option<Vec<Item>>; 4],
}

/// What an effective policy took from which document, for `explain`.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// Section.
    pub section: Section,
    /// Scope of the document.
    pub scope: Scope,
    /// File and line of the element.
    pub place: String,
    /// Element name.
    pub element: &'static str,
}

/// An API with the pipelines of its operations.
pub struct CompiledApi {
    /// The API.
    pub api: Arc<Api>,
    /// Where its requests go before any policy; `None` when `serviceUrl` is empty.
    pub target: Option<Arc<Target>>,
    /// What resolves the fields of a synthetic GraphQL API.
    pub resolvers: Option<Arc<Resolvers>>,
    /// Products that hold the API, in order.
    pub products: Vec<Arc<Product>>,
    /// Pipelines for requests that match no operation.
    unmatched: ByProduct,
    /// Pipelines of operations with a document of their own.
    own: HashMap<Box<str>, ByProduct>,
}

/// One pipeline without a product, and one for each product.
#[derive(Default)]
struct ByProduct {
    none: Arc<Pipeline>,
    products: Vec<Arc<Pipeline>>,
}

impl CompiledApi {
    /// The effective policy for an operation (`None`: the API matched, no operation did) in a product context.
    pub fn pipeline(&self, operation: Option<&Operation>, product: Option<&str>) -> &Arc<Pipeline> {
        let set = operation.and_then(|operation| self.own.get(&operation.id)).unwrap_or(&self.unmatched);
        let index = product.and_then(|id| self.products.iter().position(|product| &*product.id == id));
        index.and_then(|index| set.products.get(index)).unwrap_or(&set.none)
    }
}

/// A service with everything compiled.
pub struct CompiledService {
    /// The service.
    pub service: Arc<Service>,
    /// APIs in the service's order.
    pub apis: Vec<Arc<CompiledApi>>,
    /// The effective policy where no API matched: only its on-error can run.
    pub global: Arc<Pipeline>,
}

/// Reads a document, named values put in place; refusals are put down.
pub(super) fn read(text: &PolicyText, service: &Service, limits: Limits, diagnostics: &mut Diagnostics) -> Document {
    let mut document = apimite_document::read(text.source.clone(), limits);
    diagnostics.extend(document.diagnostics.drain(..));
    let lookup = |name: &str| {
        // A value that was not given here (secrets are in no repository): the importer has warned, its name stands in.
        let found = service.named_values.get(name)?;
        Some(found.value.as_ref().map_or_else(|| name.to_owned(), |value| value.reveal().to_owned()))
    };
    let missing = apimite_document::substitute(&mut document, &lookup, &apimite_document::in_liquid_template);
    diagnostics.extend(missing);
    document
}

/// Compiles one document of a scope.
pub fn compile_document(
    text: &PolicyText,
    scope: Scope,
    tools: Toolbox<'_>,
    diagnostics: &mut Diagnostics,
) -> CompiledDocument {
    let limits = if tools.service.tier == Tier::Consumption { Limits::CONSUMPTION } else { Limits::CLASSIC };
    let document = read(text, tools.service, limits, diagnostics);
    compile_tree(&document, scope, tools, diagnostics)
}

/// Compiles a document that was read.
pub(super) fn compile_tree(
    document: &Document,
    scope: Scope,
    tools: Toolbox<'_>,
    diagnostics: &mut Diagnostics,
) -> CompiledDocument {
    let mut compiled = CompiledDocument::default();
    let Some(root) = document.root() else { return compiled };
    let mut cx = Compile::new(tools, scope, document.source.clone(), diagnostics);
    if &*root.name != "policies" {
        cx.refuse(
            root.name_span,
            "policy::root",
            format!("a policy document begins with `<policies>`, not `<{}>`", root.name),
            "wrap the sections in `<policies>`",
        );
        return compiled;
    }
    for element in root.elements() {
        let Some(section) = Section::from_name(&element.name) else {
            cx.refuse(
                element.name_span,
                "policy::section",
                format!("'{}' is no section of a policy document", element.name),
                "the sections are inbound, backend, outbound and on-error",
            );
            continue;
        };
        cx.section = section;
        cx.path.clear();
        if compiled.sections[section as usize].is_some() {
            cx.refuse(element.name_span, "policy::section", format!("'{}' stands twice", section.name()), "merge them");
            continue;
        }
        compiled.sections[section as usize] = Some(cx.items(element));
    }
    compiled
}

type Sections = [Vec<Arc<Step>>; 4];

/// The sections of `document` with `<base/>` replaced by the wider scope's.
fn merge(document: Option<&CompiledDocument>, wider: &Sections, absent_inherits: bool) -> Sections {
    let Some(document) = document else { return wider.clone() };
    let mut merged = Sections::default();
    for ((slot, own), base) in merged.iter_mut().zip(&document.sections).zip(wider) {
        match own {
            None if absent_inherits => slot.clone_from(base),
            None => {}
            Some(items) => {
                for item in items {
                    match item {
                        Item::Step(step) => slot.push(Arc::clone(step)),
                        Item::Base => slot.extend(base.iter().cloned()),
                    }
                }
            }
        }
    }
    merged
}

/// Policies that do nothing on the handshake of a WebSocket API.
///
/// Source: WebSocket API page, policies that are skipped when they are inherited.
const NOT_FOR_SOCKETS: [&str; 15] = [
    "cache-lookup",
    "cache-store",
    "cors",
    "cross-domain",
    "json-to-xml",
    "jsonp",
    "mock-response",
    "set-body",
    "set-method",
    "validate-content",
    "validate-headers",
    "validate-parameters",
    "validate-status-code",
    "xml-to-json",
    "xsl-transform",
];

/// The sections as they hold for an API of this kind.
fn fitting(api: &Api, mut sections: Sections) -> Sections {
    if api.kind == ApiKind::WebSocket {
        for steps in &mut sections {
            steps.retain(|step| !NOT_FOR_SOCKETS.contains(&step.info.element));
        }
    }
    sections
}

fn pipeline(sections: Sections) -> Arc<Pipeline> {
    let [inbound, backend, outbound, on_error] = sections.map(Block::new);
    Arc::new(Pipeline::new(inbound, backend, outbound, on_error))
}

/// Compiles every document and merges the scopes.
///
/// # Errors
/// All refusals of all documents, sorted by file and place; warnings alone are no error.
pub fn compile_service(
    service: Arc<Service>,
    registry: Registry,
    compiler: &dyn Compiler,
) -> Result<(CompiledService, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let service = super::backends::with_named_values(service, &mut diagnostics);
    let tools = Toolbox { service: &service, registry, compiler, open: false };
    let inherits = service.decisions.absent_section_inherits;
    let default = PolicyText::new(
        "default global policy",
        "<policies><inbound/><backend><forward-request/></backend><outbound/><on-error/></policies>",
    );
    let fallback = merge(
        Some(&compile_document(&default, Scope::Global, tools, &mut diagnostics)),
        &Sections::default(),
        inherits,
    );
    let global = match &service.policy {
        Some(text) => {
            let document = compile_document(text, Scope::Global, tools, &mut diagnostics);
            merge(Some(&document), &fallback, inherits)
        }
        None => fallback,
    };
    let workspaces: HashMap<&str, Sections> = service
        .workspaces
        .iter()
        .filter_map(|(id, workspace)| {
            let document = compile_document(workspace.policy.as_ref()?, Scope::Workspace, tools, &mut diagnostics);
            Some((&**id, merge(Some(&document), &global, inherits)))
        })
        .collect();
    let products: HashMap<&str, CompiledDocument> = service
        .products
        .iter()
        .filter_map(|(id, product)| {
            let document = compile_document(product.policy.as_ref()?, Scope::Product, tools, &mut diagnostics);
            Some((&**id, document))
        })
        .collect();
    let mut apis = Vec::with_capacity(service.apis.len());
    for api in &service.apis {
        let base = api.workspace.as_deref().and_then(|id| workspaces.get(id)).unwrap_or(&global);
        apis.push(Arc::new(compile_api(api, base, &products, tools, &mut diagnostics)));
    }
    super::alone::check_fragments(tools, &mut diagnostics);
    check_references(&service, &mut diagnostics);
    diagnostics.sort();
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let global = pipeline(global);
    Ok((CompiledService { apis, global, service }, diagnostics))
}

fn compile_api(
    api: &Arc<Api>,
    base: &Sections,
    products: &HashMap<&str, CompiledDocument>,
    tools: Toolbox<'_>,
    diagnostics: &mut Diagnostics,
) -> CompiledApi {
    let inherits = tools.service.decisions.absent_section_inherits;
    let document = api.policy.as_ref().map(|text| compile_document(text, Scope::Api, tools, diagnostics));
    let holding: Vec<Arc<Product>> =
        tools.service.products.values().filter(|product| product.apis.contains(&api.id)).cloned().collect();
    let none = merge(document.as_ref(), base, inherits);
    let in_products: Vec<Sections> = holding
        .iter()
        .map(|product| {
            let wider = merge(products.get(&*product.id), base, inherits);
            merge(document.as_ref(), &wider, inherits)
        })
        .collect();
    let mut own = HashMap::new();
    for operation in &api.operations {
        let Some(text) = &operation.policy else { continue };
        let document = compile_document(text, Scope::Operation, tools, diagnostics);
        let set = ByProduct {
            none: pipeline(fitting(api, merge(Some(&document), &none, inherits))),
            products: in_products
                .iter()
                .map(|wider| pipeline(fitting(api, merge(Some(&document), wider, inherits))))
                .collect(),
        };
        own.insert(operation.id.clone(), set);
    }
    let target = match api.service_url.trim() {
        "" => None,
        url => match Target::parse(url, backend_with_url(tools.service, url)) {
            Ok(target) => Some(Arc::new(target)),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::new("api::service_url", format!("the service URL of API `{}`: {error}", api.id))
                        .help("use an absolute http or https URL, or leave it empty and set a backend by policy"),
                );
                None
            }
        },
    };
    let unmatched = ByProduct {
        none: pipeline(fitting(api, none)),
        products: in_products.into_iter().map(|sections| pipeline(fitting(api, sections))).collect(),
    };
    CompiledApi {
        api: Arc::clone(api),
        target,
        resolvers: compile_resolvers(api, tools, diagnostics),
        products: holding,
        unmatched,
        own,
    }
}

/// The resolvers of a GraphQL API; `None` when it has none and is passed through.
fn compile_resolvers(api: &Api, tools: Toolbox<'_>, diagnostics: &mut Diagnostics) -> Option<Arc<Resolvers>> {
    let mut resolvers = Resolvers::default();
    for resolver in &api.resolvers {
        let Some(text) = &resolver.policy else { continue };
        let document = read(text, tools.service, Limits::CLASSIC, diagnostics);
        let Some(root) = document.root() else { continue };
        let mut cx = Compile::new(tools, Scope::Operation, document.source.clone(), diagnostics);
        if !cx.find(&root.name).is_some_and(|def| def.resolver) {
            let known: Vec<String> =
                tools.registry.0.iter().filter(|def| def.resolver).map(|def| format!("`{}`", def.name)).collect();
            let text = format!("a resolver's policy is {}, not `<{}>`", known.join(", "), root.name);
            cx.refuse(root.name_span, "policy::resolver", text, "write one of them at the top");
            continue;
        }
        let block = cx.resolver(root);
        resolvers.insert(&resolver.kind, &resolver.field, block);
    }
    (!resolvers.is_empty()).then(|| Arc::new(resolvers))
}

/// A backend entity whose URL equals the one in use: its settings apply although no `backend-id` names it.
pub fn backend_with_url(service: &Service, url: &str) -> Option<Arc<apimite_model::Backend>> {
    let wanted = url.trim_end_matches('/');
    service
        .backends
        .values()
        .find(|backend| match &backend.kind {
            apimite_model::BackendKind::Single { url } => url.trim_end_matches('/').eq_ignore_ascii_case(wanted),
            apimite_model::BackendKind::Pool { .. } => false,
        })
        .cloned()
}

fn check_references(service: &Service, diagnostics: &mut Diagnostics) {
    for subscription in service.subscriptions.values() {
        let missing = match &subscription.scope {
            SubscriptionScope::Product(id) if !service.products.contains_key(id) => Some(("product", id)),
            SubscriptionScope::Api(id) if !service.apis.iter().any(|api| api.id == *id) => Some(("API", id)),
            _ => None,
        };
        if let Some((what, id)) = missing {
            diagnostics.push(
                Diagnostic::new(
                    "subscription::scope",
                    format!("subscription `{}` is for the {what} `{id}`, which does not exist", subscription.id),
                )
                .help("correct its scope, or add what it refers to"),
            );
        }
    }
}

impl Pipeline {
    /// What the pipeline is made of, in order, for `explain`.
    pub fn contributions(&self) -> Vec<Contribution> {
        let mut list = Vec::new();
        for section in Section::ALL {
            for step in self.section(section).steps() {
                let Span { start, .. } = step.info.span;
                let position = step.info.source.position(start);
                list.push(Contribution {
                    section,
                    scope: step.info.scope,
                    place: format!("{}:{}:{}", step.info.source.name(), position.line, position.column),
                    element: step.info.element,
                });
            }
        }
        list
    }
}
