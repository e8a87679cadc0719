//! Reads files, decodes them, and remembers which ones were read.

use std::hash::{DefaultHasher, Hash, Hasher};

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::PolicyText;

use crate::definition::{Format, document};
use crate::files::Files;
use crate::tree::Node;

/// Source: limits of the service: a policy document has at most 256 KiB.
const MAX_POLICY_BYTES: usize = 256 * 1024;

/// Source: limits of the service: a policy fragment has at most 512 KiB (documentation of 2026).
const MAX_FRAGMENT_BYTES: usize = 512 * 1024;

/// Definitions and other JSON past this size are refused rather than read.
const MAX_FILE_BYTES: usize = 32 * 1024 * 1024;

/// Why a file cannot be read, in words for people.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// One file that an import read, for watching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Its path, relative to the root of the file set.
    pub path: Box<str>,
    /// A hash of its bytes: a file is unchanged when its hash is.
    pub hash: u64,
}

/// Reads files of a set and collects refusals.
pub(crate) struct Reader<'f> {
    pub(crate) files: &'f dyn Files,
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) read: Vec<FileRead>,
}

impl<'f> Reader<'f> {
    pub(crate) fn new(files: &'f dyn Files) -> Self {
        Self { files, found: Vec::new(), read: Vec::new() }
    }

    /// The text of a file, within a limit of bytes.
    fn text(&mut self, path: &str, most: usize, what: &str, help: &str) -> Option<Source> {
        let name = self.files.shown(path);
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let nowhere = Source::new(name, "");
                let refusal = Diagnostic::new("import::file", format!("the file cannot be read: {}", reason(&error)));
                self.found
                    .push(refusal.at(&nowhere, Span::default()).help("check the path and the permissions of the file"));
                return None;
            }
        };
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        self.read.push(FileRead { path: path.into(), hash: hasher.finish() });
        if bytes.len() > most {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            let message = format!("{what} has {} bytes, more than the {most} that are allowed", bytes.len());
            let refusal = Diagnostic::new("import::size", message).at(&Source::new(name, start), Span::new(0, 1));
            self.found.push(refusal.help(help));
            return None;
        }
        match crate::text::decode(&name, &bytes) {
            Ok(source) => Some(source),
            Err(refusal) => {
                self.found.push(*refusal);
                None
            }
        }
    }

    /// The text of a configuration file.
    pub(crate) fn source(&mut self, path: &str) -> Option<Source> {
        self.text(path, MAX_FILE_BYTES, "the file", "split it, or remove what the gateway does not need")
    }

    /// A policy document.
    pub(crate) fn policy(&mut self, path: &str) -> Option<PolicyText> {
        let help = "move parts of it into policy fragments";
        self.text(path, MAX_POLICY_BYTES, "the policy document", help).map(|source| PolicyText { source })
    }

    /// A fragment.
    pub(crate) fn fragment(&mut self, path: &str) -> Option<PolicyText> {
        let help = "split it into several fragments";
        self.text(path, MAX_FRAGMENT_BYTES, "the policy fragment", help).map(|source| PolicyText { source })
    }

    /// Reads JSON and hands its root to `use_it`.
    pub(crate) fn json<T>(
        &mut self,
        path: &str,
        use_it: impl FnOnce(&Node<'_>, &Source, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> Option<T> {
        let source = self.source(path)?;
        let root = document(&source, Format::Json, &mut self.found)?;
        use_it(&root, &source, &mut self.found)
    }
}
