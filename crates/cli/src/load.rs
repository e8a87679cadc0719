//! From what the command line names to a compiled snapshot.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apimite_diag::{Diagnostic, Diagnostics};
use apimite_expr::Budget;
use apimite_gateway::Snapshot;
use apimite_import::{Files, Imported, Settings};
use apimite_model::{BackendKind, Service};
use apimite_policy::compile::compile_service;
use apimite_policy::languages::Languages;

use crate::args::Format;
use crate::report;

/// What is served.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The built-in sample.
    Sample,
    /// A folder.
    Folder(PathBuf),
    /// One policy document.
    Policy(PathBuf, Option<String>),
    /// One API definition; true: a WSDL becomes a REST API.
    Definition(PathBuf, Option<String>, bool),
}

impl Origin {
    /// What to watch for changes.
    pub(crate) fn watched(&self) -> Option<&Path> {
        match self {
            Self::Sample => None,
            Self::Folder(path) | Self::Policy(path, _) | Self::Definition(path, ..) => Some(path),
        }
    }

    /// Where relative paths of the settings begin.
    pub(crate) fn folder(&self) -> PathBuf {
        match self {
            Self::Folder(path) if path.join(apimite_import::settings::FILE_NAME).exists() => path.clone(),
            Self::Folder(path) | Self::Policy(path, _) | Self::Definition(path, ..) => {
                path.parent().map_or_else(PathBuf::new, Path::to_path_buf)
            }
            Self::Sample => PathBuf::new(),
        }
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sample => "the built-in sample service contoso".to_owned(),
            Self::Folder(path) | Self::Policy(path, _) | Self::Definition(path, ..) => path.display().to_string(),
        }
    }
}

/// The environment, for settings that name a variable.
fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the executable is the place that reads the environment")]
    std::env::var(name).ok()
}

/// Imports what is to be served.
///
/// # Errors
/// One refusal when the files cannot be listed at all.
pub(crate) fn import(origin: &Origin) -> Result<Imported, Diagnostics> {
    let refuse = |path: &Path, error: &std::io::Error| {
        let text = format!("`{}` cannot be read: {error}", path.display());
        Diagnostics(vec![Diagnostic::new("load::path", text).help("name an existing folder or file")])
    };
    match origin {
        Origin::Sample => Ok(apimite_import::import(&apimite_import::sample::files(), &environment)),
        Origin::Folder(path) => apimite_import::import_folder(path, &environment).map_err(|error| refuse(path, &error)),
        Origin::Policy(path, backend) | Origin::Definition(path, backend, _) => {
            let folder = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            std::fs::metadata(path).map_err(|error| refuse(path, &error))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let files = OneFile { folder };
            let mut settings = Settings::default();
            settings.import.soap_to_rest = matches!(origin, Origin::Definition(_, _, true));
            Ok(if matches!(origin, Origin::Policy(..)) {
                apimite_import::from_policy(&files, &name, backend.as_deref(), settings)
            } else {
                apimite_import::from_openapi(&files, &name, backend.as_deref(), settings)
            })
        }
    }
}

/// A folder of which one file is read by name.
struct OneFile<'a> {
    folder: &'a Path,
}

impl Files for OneFile<'_> {
    fn paths(&self) -> Vec<Box<str>> {
        Vec::new()
    }

    fn read(&self, path: &str) -> std::io::Result<Cow<'_, [u8]>> {
        std::fs::read(self.folder.join(path)).map(Cow::Owned)
    }

    fn shown(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }
}

/// Puts the address of the echo backend in place of `apimite://echo`.
pub(crate) fn with_echo(service: &mut Service, echo: SocketAddr) {
    let base = format!("http://{echo}");
    let replace = |url: &str| url.strip_prefix(apimite_import::ECHO_URL).map(|rest| format!("{base}{rest}"));
    for api in &mut service.apis {
        if let Some(url) = replace(&api.service_url) {
            Arc::make_mut(api).service_url = url.into();
        }
    }
    for backend in service.backends.values_mut() {
        let BackendKind::Single { url } = &backend.kind else { continue };
        if let Some(url) = replace(url) {
            Arc::make_mut(backend).kind = BackendKind::Single { url: url.into() };
        }
    }
}

/// What one expression may use up.
pub(crate) fn budget(settings: &Settings) -> Budget {
    let (given, mut budget) = (&settings.limits, Budget::default());
    if let Some(steps) = given.expression_steps {
        budget.steps = steps;
    }
    if let Some(bytes) = given.expression_memory_bytes {
        budget.memory_bytes = bytes;
    }
    if let Some(depth) = given.expression_depth {
        // Deeper calls than the default would need more stack than a thread has.
        budget.depth = u32::try_from(depth).unwrap_or(u32::MAX).min(Budget::default().depth);
    }
    budget
}

/// Compiles a service.
///
/// # Errors
/// Every refusal.
pub(crate) fn compile(service: Service, budget: Budget) -> Result<(Snapshot, Diagnostics), Diagnostics> {
    let languages = Languages::with_budget(&service.decisions, budget);
    let (compiled, warnings) = compile_service(Arc::new(service), apimite_policies::registry(), &languages)?;
    Ok((Snapshot::new(compiled), warnings))
}

/// Reads a configuration that a command only looks at; what is wrong with it is written to standard error.
pub(crate) fn import_or_report(origin: &Origin) -> Option<Imported> {
    let refusals = match import(origin) {
        Ok(imported) if !imported.diagnostics.has_errors() => return Some(imported),
        Ok(imported) => imported.diagnostics,
        Err(refusals) => refusals,
    };
    report::write(&refusals, Format::Text);
    None
}
