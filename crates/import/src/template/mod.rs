//! Azure Resource Manager templates with API Management resources: what extractors of the older kind write, and what Bicep
//! compiles to.

mod resources;
mod scope;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use apimite_diag::{Diagnostic, Source};

use self::resources::Collector;
use self::scope::{Scope, owned};
use crate::definition::{Format, document};
use crate::draft::{Draft, Place};
use crate::reader::Reader;
use crate::settings::{ImportSettings, ServiceSettings};
use crate::tree::{Member, Node, Value};

/// How deep deployments may hold deployments.
const MAX_NESTED: usize = 16;

/// How many copies a loop may make.
const MAX_COPIES: i64 = 1_000;

/// How many remarks about expressions are worth reading.
const MAX_REMARKS: usize = 20;

/// The files of a set that may be templates: JSON outside of folders of dependencies, not too many.
pub(crate) fn candidates(paths: &[Box<str>]) -> Vec<&str> {
    let json = paths.iter().map(|path| &**path).filter(|path| path.to_ascii_lowercase().ends_with(".json"));
    json.filter(|path| path.matches('/').count() <= 4).take(500).collect()
}

/// Reads the templates among the candidates; `None` when none of them is a template with API Management resources.
pub(crate) fn read(
    paths: &[Box<str>],
    reader: &mut Reader<'_>,
    settings: &ImportSettings,
    service: &mut ServiceSettings,
) -> Option<Draft> {
    let mut templates = Vec::new();
    let mut given = HashMap::new();
    for path in candidates(paths) {
        let Ok(bytes) = reader.files.read(path) else { continue };
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4_096)]).into_owned();
        if start.contains("deploymentParameters.json") {
            parameters(path, reader, &mut given);
        } else if start.contains("eploymentTemplate.json") && contains(&bytes, b"Microsoft.ApiManagement") {
            templates.push(path);
        }
    }
    if templates.is_empty() {
        return None;
    }
    let mut collector = Collector::new(paths, settings);
    let mut missing = BTreeSet::new();
    let mut first = None;
    for path in templates {
        let Some(source) = reader.source(path) else { continue };
        let Some(root) = document(&source, Format::Json, &mut reader.found) else { continue };
        first.get_or_insert_with(|| source.clone());
        let scope = Scope {
            template: &root,
            given: given.clone(),
            copy: None,
            missing: RefCell::default(),
            lookups: Cell::default(),
        };
        deployment(&scope, &source, 0, &mut collector, reader);
        missing.extend(scope.missing.into_inner());
    }
    if let Some(source) = first
        && !missing.is_empty()
    {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let message =
            format!("template parameters without a value: {}; their names stand in for them", names.join(", "));
        let help = "add a parameter file (`*.parameters.json`) to the folder";
        let span = apimite_diag::Span::default();
        reader.found.push(Place::new(&source, span).error("template::parameters", message, help).warning());
    }
    Some(collector.finish(service, reader))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
}

/// The values of a parameter file.
fn parameters(path: &str, reader: &mut Reader<'_>, given: &mut HashMap<String, Node<'static>>) {
    let Some(source) = reader.source(path) else { return };
    let Some(root) = document(&source, Format::Json, &mut reader.found) else { return };
    for member in root.get("parameters").map_or(&[][..], |node| node.members()) {
        if let Some(value) = member.node.get("value") {
            given.insert(member.key.to_lowercase(), owned(value));
        }
    }
}

/// The resources of a template: a list, or an object by symbolic name.
fn resources_of<'n, 'a>(node: Option<&'n Node<'a>>) -> Vec<&'n Node<'a>> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().collect(),
        Some(Value::Map(members)) => members.iter().map(|member: &Member<'a>| &member.node).collect(),
        _ => Vec::new(),
    }
}

fn deployment(
    scope: &Scope<'_>,
    source: &Source,
    depth: usize,
    collector: &mut Collector<'_>,
    reader: &mut Reader<'_>,
) {
    for resource in resources_of(scope.template.get("resources")) {
        each_copy(resource, scope, &mut |scope| one(resource, "", "", scope, source, depth, collector, reader));
    }
}

/// Runs once, or as often as the resource's copy loop says.
fn each_copy(resource: &Node<'_>, scope: &Scope<'_>, run: &mut dyn FnMut(&Scope<'_>)) {
    let Some(copy) = resource.get("copy") else { return run(scope) };
    let name = scope.text(copy.get("name")).unwrap_or_default();
    let count = scope.text(copy.get("count")).and_then(|count| count.parse::<i64>().ok()).unwrap_or(0);
    for index in 0..count.min(MAX_COPIES) {
        let inner = Scope {
            template: scope.template,
            given: scope.given.clone(),
            copy: Some((name.clone(), index)),
            missing: RefCell::default(),
            lookups: Cell::new(scope.lookups.get()),
        };
        run(&inner);
        scope.lookups.set(inner.lookups.get());
        scope.missing.borrow_mut().extend(inner.missing.into_inner());
    }
}

/// One resource and those inside it; `kind` and `name` are those of the resource around it.
fn one(
    resource: &Node<'_>,
    kind: &str,
    name: &str,
    scope: &Scope<'_>,
    source: &Source,
    depth: usize,
    collector: &mut Collector<'_>,
    reader: &mut Reader<'_>,
) {
    let own_kind = scope.text(resource.get("type")).unwrap_or_default();
    let own_name = scope.text(resource.get("name")).unwrap_or_default();
    let join = |outer: &str, own: &str| if outer.is_empty() { own.to_owned() } else { format!("{outer}/{own}") };
    let (kind, name) = (join(kind, &own_kind), join(name, &own_name));
    let skipped = resource.get("condition").and_then(|node| scope.value(node, 0).ok());
    let existing = resource.get("existing").and_then(|node| node.flag()).unwrap_or(false);
    if depth > MAX_NESTED || existing || skipped.is_some_and(|condition| scope::truth(&condition) == Ok(false)) {
        return;
    }
    if kind.eq_ignore_ascii_case("Microsoft.Resources/deployments") {
        nested(resource, scope, source, depth, collector, reader);
        return;
    }
    let service = "microsoft.apimanagement/service";
    let Some(below) =
        kind.to_ascii_lowercase().strip_prefix(service).map(|rest| rest.trim_start_matches('/').to_owned())
    else {
        return;
    };
    let mut remarks = Vec::new();
    let resolved = scope.resolve(resource, 0, &mut |error, span| remarks.push((error, span)));
    // Expressions that matter only to the deployment (dependsOn, identities) are no loss.
    let properties = resource.get("properties").map(|node| node.span.range());
    for (error, span) in remarks {
        let inside = properties.as_ref().is_some_and(|range| range.contains(&(span.start as usize)));
        if inside && collector.remarks.len() < MAX_REMARKS && collector.remarks.insert((source.name().into(), span)) {
            let help = "the text stays as it is; give the value in a parameter file or in `apimite.toml`";
            let at = Place::new(source, span);
            reader.found.push(at.error("template::expression", error, help).warning());
        }
    }
    let segments: Vec<&str> = name.split('/').collect();
    collector.add(&below, &segments, &resolved, source, reader);
    for inner in resources_of(resource.get("resources")) {
        each_copy(inner, scope, &mut |scope| one(inner, &kind, &name, scope, source, depth + 1, collector, reader));
    }
}

/// A deployment inside a deployment, as Bicep modules become.
fn nested(
    resource: &Node<'_>,
    scope: &Scope<'_>,
    source: &Source,
    depth: usize,
    collector: &mut Collector<'_>,
    reader: &mut Reader<'_>,
) {
    let Some(template) = resource.at(&["properties", "template"]) else { return };
    let mut given = HashMap::new();
    for member in resource.at(&["properties", "parameters"]).map_or(&[][..], |node| node.members()) {
        if let Some(value) = member.node.get("value")
            && let Ok(value) = scope.value(value, 0)
        {
            given.insert(member.key.to_lowercase(), value);
        }
    }
    let inner = Scope {
        template,
        given,
        copy: scope.copy.clone(),
        missing: RefCell::default(),
        lookups: Cell::new(scope.lookups.get()),
    };
    deployment(&inner, source, depth + 1, collector, reader);
    scope.lookups.set(inner.lookups.get());
    scope.missing.borrow_mut().extend(inner.missing.into_inner());
}

/// A refusal for a folder that has Bicep files, but nothing compiled.
pub(crate) fn bicep_alone(paths: &[Box<str>]) -> Option<Diagnostic> {
    let bicep = paths.iter().find(|path| path.ends_with(".bicep"))?;
    let refusal =
        Diagnostic::new("import::no-apis", format!("the folder has no APIs, but Bicep files such as `{bicep}`"));
    Some(refusal.help(format!("compile them with `az bicep build --file {bicep}`; the JSON beside it can be read")))
}
