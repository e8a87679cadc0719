//! `apimite explain METHOD URL`: what a request meets.

use std::process::ExitCode;

use apimite_diag::{Diagnostic, Diagnostics};
use apimite_gateway::router::Query;
use apimite_policy::url::Url;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::args::{Explain, Format};
use crate::load::{self, Origin};
use crate::report;

/// Shows API, operation, product, subscription and the effective policy.
pub(crate) fn run(args: &Explain) -> ExitCode {
    match explain(args) {
        Ok(found) => {
            if found {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(diagnostics) => {
            report::write(&diagnostics, Format::Text);
            ExitCode::FAILURE
        }
    }
}

fn refuse(message: String, help: &str) -> Diagnostics {
    Diagnostics(vec![Diagnostic::new("explain::request", message).help(help)])
}

fn explain(args: &Explain) -> Result<bool, Diagnostics> {
    let origin = args.folder.clone().map_or(Origin::Sample, Origin::Folder);
    let imported = load::import(&origin)?;
    if imported.diagnostics.has_errors() {
        return Err(imported.diagnostics);
    }
    let mut service = imported.service;
    load::with_echo(&mut service, std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
    let (snapshot, _) = load::compile(service, apimite_expr::Budget::default())?;
    let full = if args.url.contains("://") {
        args.url.clone()
    } else {
        format!("https://localhost/{}", args.url.trim_start_matches('/'))
    };
    let url = Url::parse(&full)
        .map_err(|error| refuse(error.to_string(), "write for example https://localhost/orders/42"))?;
    let mut headers = HeaderMap::new();
    for header in &args.header {
        let parsed = header.split_once(':').and_then(|(name, value)| {
            Some((HeaderName::try_from(name.trim()).ok()?, HeaderValue::from_str(value.trim()).ok()?))
        });
        let (name, value) = parsed.ok_or_else(|| refuse(format!("`{header}` is no header"), "write `Name: value`"))?;
        headers.append(name, value);
    }
    let method = args.method.to_ascii_uppercase();
    let query = Query {
        host: url.host(),
        tls: url.scheme.is_tls(),
        websocket: false,
        method: &method,
        path: url.path(),
        query: url.query().unwrap_or(""),
        headers: &headers,
    };
    let Some(route) = snapshot.router.find(&query) else {
        println!("{method} {} meets no API: 404 Resource not found", url.path());
        return Ok(false);
    };
    let Some(api) = snapshot.compiled.apis.get(route.api) else { return Ok(false) };
    let operation = route.operation.as_ref().and_then(|(index, _)| api.api.operations.get(*index));
    let caller = snapshot.keys.check(route.api, &headers, url.query().unwrap_or(""));
    let (product, subscription, refusal) = match &caller {
        Ok(caller) => (
            caller.product.as_ref().map(|product| product.id.clone()),
            caller.subscription.as_ref().map(|(subscription, _)| subscription.id.clone()),
            None,
        ),
        Err(refusal) => (None, None, Some(format!("{refusal:?}"))),
    };
    let pipeline = api.pipeline(operation.map(AsRef::as_ref), product.as_deref());
    let steps = pipeline.contributions();
    if args.format == Format::Json {
        let steps: Vec<_> = steps
            .iter()
            .map(|s| json!({ "section": s.section.name(), "element": s.element, "scope": s.scope.name(), "place": s.place }))
            .collect();
        println!(
            "{}",
            json!({
                "api": api.api.id, "revision": api.api.revision, "version": api.api.version,
                "operation": operation.map(|op| &op.id), "product": product, "subscription": subscription,
                "refused": refusal, "policy": steps,
            })
        );
        return Ok(operation.is_some());
    }
    println!("{method} {}", url.path_and_query);
    println!("  API           {} (revision {}{})", api.api.id, api.api.revision, version(&api.api.version));
    match operation {
        Some(op) => println!("  operation     {} ({} {})", op.id, op.method, op.url_template),
        None => println!("  operation     none: 404 Resource not found"),
    }
    if let Some((_, matched)) = &route.operation {
        for (name, value) in matched {
            println!("  parameter     {name} = {value}");
        }
    }
    println!("  product       {}", product.as_deref().unwrap_or("-"));
    println!("  subscription  {}", subscription.as_deref().unwrap_or("-"));
    if let Some(refusal) = refusal {
        println!("  key           refused: {refusal}");
    }
    println!("  backend       {}", api.target.as_ref().map_or("-".to_owned(), |target| target.base().to_string()));
    let mut section = None;
    for step in &steps {
        if section != Some(step.section) {
            println!("  {}", step.section.name());
            section = Some(step.section);
        }
        println!("    {:<28} {:<10} {}", step.element, step.scope.name(), step.place);
    }
    Ok(operation.is_some())
}

fn version(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(", version {version}") }
}
