//! `validate-odata-request`: checks URL, headers and size of a request to an OData API.
//!
//! Source: validate-odata-request policy reference.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_document::Element;
use apimite_model::{Api, Service};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use parking_lot::Mutex;

use crate::validate_parameters::query;
use crate::validation::{Action, Problem, VARIABLE, odata, report, variable};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("error-variable-name", Kind::Text).literal(),
        Attr::new("default-odata-version", Kind::Text).default("4.0").literal(),
        Attr::new("min-odata-version", Kind::Text).literal(),
        Attr::new("max-odata-version", Kind::Text).literal(),
        Attr::new("max-size", Kind::Int(0, i64::MAX)).literal(),
    ],
    raises: &["Bad request"],
    differences: &[
        VARIABLE,
        "query options are checked for syntax, and for entity sets and properties where the API has metadata; types of operands are not compared",
        "the texts are our own",
    ],
    ..PolicyDef::new("validate-odata-request", "Checks URL, headers and size of a request to an OData API.", compile)
};

struct ValidateOData {
    default: String,
    min: Option<Version>,
    max: Option<Version>,
    max_size: Option<u64>,
    variable: Option<Arc<str>>,
}

/// `4.0` or `4.01`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    fn read(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut version = |name: &str| -> Result<Option<Version>, Refused> {
        let Some(text) = element.attr(name) else { return Ok(None) };
        match Version::read(text.value()) {
            Some(version) => Ok(Some(version)),
            None => {
                let message = format!("`{name}` cannot be `{}`", text.value());
                Err(cx.refuse(text.span(), "validate_odata_request::version", message, "use a version such as `4.0`"))
            }
        }
    };
    let (min, max) = (version("min-odata-version")?, version("max-odata-version")?);
    version("default-odata-version")?;
    let max_size = cx.literal(element, "max-size").and_then(|text| text.parse().ok());
    if max_size.is_some() {
        cx.needs_body();
    }
    Ok(StepKind::now(ValidateOData {
        default: cx.literal(element, "default-odata-version").unwrap_or_default(),
        min,
        max,
        max_size,
        variable: variable(cx, element, "error-variable-name"),
    }))
}

/// Entity sets and types of an API's metadata.
#[derive(Debug, Default)]
struct Metadata {
    sets: HashMap<String, String>,
    others: Vec<String>,
    types: HashMap<String, Type>,
}

#[derive(Debug, Default)]
struct Type {
    base: Option<String>,
    is_open: bool,
    properties: Vec<String>,
}

impl Metadata {
    fn read(text: &str) -> Option<Self> {
        let document = roxmltree::Document::parse(text).ok()?;
        let mut metadata = Self::default();
        let local = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let name = node.attribute("Name").unwrap_or_default();
            match node.tag_name().name() {
                "EntitySet" => {
                    metadata.sets.insert(name.to_owned(), local(node.attribute("EntityType").unwrap_or_default()));
                }
                "Singleton" => {
                    metadata.sets.insert(name.to_owned(), local(node.attribute("Type").unwrap_or_default()));
                }
                "FunctionImport" | "ActionImport" => metadata.others.push(name.to_owned()),
                "EntityType" => {
                    let properties = node
                        .children()
                        .filter(|child| ["Property", "NavigationProperty"].contains(&child.tag_name().name()))
                        .filter_map(|child| child.attribute("Name").map(str::to_owned))
                        .collect();
                    let base = node.attribute("BaseType").map(local);
                    let is_open = node.attribute("OpenType") == Some("true");
                    metadata.types.insert(name.to_owned(), Type { base, is_open, properties });
                }
                _ => {}
            }
        }
        (!metadata.sets.is_empty()).then_some(metadata)
    }

    /// Why path and names do not fit.
    fn misfit(&self, path: &str, named: &odata::Named) -> Option<String> {
        let mut segments = path.trim_matches('/').split('/');
        let first = segments.next().unwrap_or_default();
        let name = first.split('(').next().unwrap_or(first);
        if name.is_empty() || name.starts_with('$') || self.others.iter().any(|other| other == name) {
            return None;
        }
        let Some(kind) = self.sets.get(name) else {
            return Some(format!("Resource not found for the segment '{name}'."));
        };
        // Further segments lead to other types.
        if segments.next().is_some() {
            return None;
        }
        let mut names: Vec<&str> = Vec::new();
        let mut next = Some(kind.clone());
        for _ in 0..32 {
            let Some(found) = next.take().and_then(|name| self.types.get(&name)) else { break };
            if found.is_open {
                return None;
            }
            names.extend(found.properties.iter().map(String::as_str));
            next.clone_from(&found.base);
        }
        let missing = named.properties.iter().find(|name| !names.is_empty() && !names.contains(&name.as_str()))?;
        Some(format!("Could not find a property named '{missing}' on type '{kind}'."))
    }
}

/// The metadata of the APIs of the service in force.
#[derive(Default)]
struct Known(Mutex<(Option<Arc<Service>>, HashMap<Box<str>, Option<Arc<Metadata>>>)>);

impl Known {
    fn of(&self, service: &Arc<Service>, api: &Api) -> Option<Arc<Metadata>> {
        let mut kept = self.0.lock();
        if !kept.0.as_ref().is_some_and(|held| Arc::ptr_eq(held, service)) {
            *kept = (Some(Arc::clone(service)), HashMap::new());
        }
        let key: Box<str> = format!("{};{}", api.id, api.revision).into();
        kept.1
            .entry(key)
            .or_insert_with(|| {
                let text = api.schemas.iter().find(|schema| schema.text.contains("Edmx"))?;
                Metadata::read(&text.text).map(Arc::new)
            })
            .clone()
    }
}

impl ValidateOData {
    fn misfit(&self, exchange: &Exchange, env: &Env) -> Option<(&'static str, &'static str, String)> {
        let request = &exchange.request;
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        for name in ["OData-Version", "OData-MaxVersion"] {
            let given = header(name);
            let text = match (name, given) {
                (_, Some(text)) => text,
                ("OData-Version", None) => self.default.as_str(),
                _ => continue,
            };
            let Some(version) = Version::read(text) else {
                return Some((
                    "RequestHeader",
                    "IncorrectMessage",
                    format!("The value '{text}' of the header {name} is no OData version."),
                ));
            };
            let low = self.min.is_some_and(|min| version < min);
            let high = name == "OData-Version" && self.max.is_some_and(|max| version > max);
            if low || high {
                return Some((
                    "RequestHeader",
                    "IncorrectMessage",
                    format!("The OData version {text} of the header {name} is not supported."),
                ));
            }
        }
        if let (Some(most), Some(body)) = (self.max_size, request.body.bytes())
            && body.len() as u64 > most
        {
            let text = format!("Request's body is {} bytes long and it exceeds the limit of {most} bytes.", body.len());
            return Some(("RequestBody", "SizeLimit", text));
        }
        let pairs = query(request.original_url.query().unwrap_or_default());
        let named = match odata::check(&pairs) {
            Ok(named) => named,
            Err(text) => return Some(("QueryParameter", "IncorrectMessage", text)),
        };
        let api = exchange.api.as_deref()?;
        let metadata = env.shared.get_or_make(Known::default).of(&exchange.service, api)?;
        let path = request.relative().path();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        metadata.misfit(&path, &named).map(|text| ("PathParameter", "IncorrectMessage", text))
    }
}

impl Now for ValidateOData {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let Some((kind, rule, text)) = self.misfit(exchange, env) else { return Ok(Flow::Next) };
        let public = Some(text.clone());
        let problem = Problem { name: String::new(), kind, rule, details: text, public, action: Action::Prevent };
        report(vec![problem], self.variable.as_ref(), exchange)
    }
}
