use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use apimite_diag::{Diagnostic, Diagnostics, Severity, Source, Span};
use apimite_model::Service;

use crate::apiops::{self, Root};
use crate::certificates;
use crate::checks;
use crate::draft::Draft;
use crate::files::{Files, Folder};
use crate::reader::{FileRead, Reader};
use crate::settings::{self, FILE_NAME, Settings, Surroundings};
use crate::stand_ins;
use crate::template;

/// What an import gives.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The service. Usable only when [`Imported::diagnostics`] has no errors.
    pub service: Service,
    /// The settings of `apimite.toml`.
    pub settings: Settings,
    /// Everything that was found wrong, sorted by file and place.
    pub diagnostics: Diagnostics,
    /// Every file that was read, for watching and for telling whether something changed.
    pub files: Vec<FileRead>,
    /// What was read, for resources that are put over it.
    pub(crate) draft: Draft,
    /// The service without its parts.
    pub(crate) base: Service,
    /// What was found wrong while reading.
    pub(crate) read_diagnostics: Vec<Diagnostic>,
}

impl Imported {
    /// Puts the parts together: settings over draft, checks, order.
    pub(crate) fn assemble(mut draft: Draft, settings: Settings, reader: Reader<'_>) -> Self {
        let Reader { mut found, read: mut files, .. } = reader;
        let service = settings::apply(&settings, &mut draft, &mut found);
        let (read_diagnostics, base) = (found.clone(), service.clone());
        checks::check(&draft, &mut found);
        let service = draft.clone().finish(service);
        let mut diagnostics = Diagnostics(found);
        diagnostics.sort();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { service, settings, diagnostics, files, draft, base, read_diagnostics }
    }

    /// Do both imports read the same bytes from the same files?
    pub fn same_input(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

/// Imports a set of files: `apimite.toml` at its root, and an APIOps folder at the root or below it.
///
/// `environment` looks up the environment variables that `apimite.toml` may name.
pub fn import(files: &dyn Files, environment: &dyn Fn(&str) -> Option<String>) -> Imported {
    let mut reader = Reader::new(files);
    let settings = read_settings(files, environment, &mut reader);
    import_set(files, files, settings, reader)
}

fn read_settings(files: &dyn Files, environment: &dyn Fn(&str) -> Option<String>, reader: &mut Reader<'_>) -> Settings {
    if files.read(FILE_NAME).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Settings::default();
    }
    let Some(source) = reader.source(FILE_NAME) else { return Settings::default() };
    settings::read(&source, &Surroundings { environment, files }, &mut reader.found)
}

/// `beside` are the files that paths in the settings are relative to.
fn import_set(files: &dyn Files, beside: &dyn Files, mut settings: Settings, mut reader: Reader<'_>) -> Imported {
    let mut paths = files.paths();
    if let Some(folder) =
        settings.folder.as_deref().map(|folder| folder.trim_matches('/')).filter(|f| !matches!(*f, "" | "."))
    {
        let prefix = format!("{}/", folder.trim_start_matches("./"));
        paths.retain(|path| path.starts_with(&prefix));
    }
    let mut draft = match apiops::find(&paths) {
        Root::At(root) => apiops::read(&root, &paths, &mut reader, &settings),
        Root::Several(roots) => {
            let list =
                roots.iter().map(|root| format!("`{}`", root.trim_end_matches('/'))).collect::<Vec<_>>().join(", ");
            let refusal =
                Diagnostic::new("import::several", format!("the folder holds several configurations: {list}"));
            reader.found.push(place(refusal, files).help("name one of them instead"));
            Draft::default()
        }
        Root::Nowhere => Draft::default(),
    };
    if draft.apis.is_empty()
        && !has_errors(&reader)
        && let Some(found) = template::read(&paths, &mut reader, &settings.import, &mut settings.service)
    {
        draft = found;
    }
    if draft.apis.is_empty() && !has_errors(&reader) {
        let help = "it needs `apis/NAME/apiInformation.json` as the APIOps extractor writes it, or ARM templates; `apimite init FOLDER` writes an example";
        let refusal = template::bicep_alone(&paths)
            .unwrap_or_else(|| Diagnostic::new("import::no-apis", "the folder has no APIs").help(help));
        reader.found.push(place(refusal, files));
    }
    certificates::read(&settings, beside, &mut draft, &mut reader.found);
    let stand_ins = stand_ins::read(&settings, beside, &mut reader);
    let mut imported = Imported::assemble(draft, settings, reader);
    imported.service.stand_ins = stand_ins;
    imported
}

fn has_errors(reader: &Reader<'_>) -> bool {
    reader.found.iter().any(|found| found.severity == Severity::Error)
}

/// The folder itself as the place.
fn place(refusal: Diagnostic, files: &dyn Files) -> Diagnostic {
    let shown = files.shown("");
    let name = if shown.is_empty() { ".".to_owned() } else { shown };
    refusal.at(&Source::new(name, ""), Span::default())
}

/// Imports a folder on disk, with `apimite.toml` in it or beside it.
///
/// # Errors
/// When the folder cannot be listed; everything else is in [`Imported::diagnostics`].
pub fn import_folder(folder: &Path, environment: &dyn Fn(&str) -> Option<String>) -> io::Result<Imported> {
    let files = Folder::open(folder)?;
    let mut reader = Reader::new(&files);
    let beside = Beside { folder: folder.parent().map_or_else(PathBuf::new, Path::to_path_buf) };
    if files.read(FILE_NAME).is_ok() || beside.read(FILE_NAME).is_err() {
        let settings = read_settings(&files, environment, &mut reader);
        return Ok(import_set(&files, &files, settings, reader));
    }
    let mut outer = Reader::new(&beside);
    let mut settings = read_settings(&beside, environment, &mut outer);
    // Settings that name another folder are not for this one.
    if settings.folder.take().is_some_and(|named| Path::new(&*named).file_name() != folder.file_name()) {
        return Ok(import_set(&files, &files, Settings::default(), reader));
    }
    reader.found.append(&mut outer.found);
    reader
        .read
        .extend(outer.read.into_iter().map(|file| FileRead { path: format!("../{}", file.path).into(), ..file }));
    Ok(import_set(&files, &beside, settings, reader))
}

/// Files beside a folder, read one at a time.
struct Beside {
    folder: PathBuf,
}

impl Files for Beside {
    fn paths(&self) -> Vec<Box<str>> {
        Vec::new()
    }

    fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>> {
        std::fs::read(self.folder.join(path)).map(Cow::Owned)
    }

    fn shown(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }
}
