//! `apimite check PATH…`: every refusal at once.

use std::path::Path;
use std::process::ExitCode;

use apimite_diag::{Diagnostic, Diagnostics};
use apimite_document::Limits;
use apimite_model::Service;
use apimite_policy::compile::{Toolbox, check_document, compile_service};
use apimite_policy::languages::Languages;

use crate::args::Check;
use crate::load::{self, Origin};
use crate::report;

/// Checks every path; exit status 1 when something is refused.
pub(crate) fn run(args: &Check) -> ExitCode {
    let mut diagnostics = Diagnostics::new();
    for path in &args.paths {
        if path.is_dir() {
            folder(path, args.lenient, &mut diagnostics);
        } else {
            document(path, args.lenient, &mut diagnostics);
        }
    }
    report::write(&diagnostics, args.format);
    if diagnostics.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A folder is a configuration set when it has APIs, else a heap of documents.
fn folder(path: &Path, lenient: bool, diagnostics: &mut Diagnostics) {
    match load::import(&Origin::Folder(path.to_owned())) {
        Ok(imported) if imported.diagnostics.0.iter().any(|d| d.code == "import::no-apis") => {
            let mut files = Vec::new();
            documents(path, 0, &mut files);
            if files.is_empty() {
                diagnostics.extend(imported.diagnostics);
            }
            for file in files {
                document(&file, lenient, diagnostics);
            }
        }
        Ok(imported) => {
            diagnostics.extend(imported.diagnostics);
            let mut service = imported.service;
            service.decisions.lenient_expressions |= lenient;
            load::with_echo(&mut service, std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
            let languages = Languages::new(&service.decisions);
            match compile_service(std::sync::Arc::new(service), apimite_policies::registry(), &languages) {
                Ok((_, warnings)) => diagnostics.extend(warnings),
                Err(refusals) => diagnostics.extend(refusals),
            }
        }
        Err(refusals) => diagnostics.extend(refusals),
    }
}

fn documents(folder: &Path, depth: usize, files: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && depth < 12 {
            documents(&path, depth + 1, files);
        } else if path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("xml")) {
            files.push(path);
        }
    }
}

/// A document, fragment or snippet on its own: named values, fragments and backends it refers to are taken as given.
fn document(path: &Path, lenient: bool, diagnostics: &mut Diagnostics) {
    let shown = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let text = format!("`{shown}` cannot be read: {error}");
            diagnostics.push(Diagnostic::new("load::path", text).help("name an existing folder or file"));
            return;
        }
    };
    let document = apimite_document::read_bytes(&shown, &bytes, Limits::CLASSIC.snippet());
    let mut service = Service::new("check");
    service.decisions.lenient_expressions = lenient;
    let languages = Languages::new(&service.decisions);
    let tools = Toolbox { service: &service, registry: apimite_policies::registry(), compiler: &languages, open: true };
    check_document(document, tools, diagnostics);
}
