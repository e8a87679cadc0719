//! Where configuration is read from: a folder on disk, or files in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A set of files under one root. Paths are relative, with `/` between segments.
pub trait Files: Sync {
    /// Every file, sorted.
    fn paths(&self) -> Vec<Box<str>>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// Whatever the store reports; [`io::ErrorKind::NotFound`] when there is no such file.
    fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>>;

    /// The path as shown to people.
    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// How deep a folder is searched for files.
const MAX_FOLDER_DEPTH: usize = 12;

/// How many files a folder may hold before the search stops.
const MAX_FILES: usize = 500_000;

/// A folder on disk.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    paths: Vec<Box<str>>,
}

impl Folder {
    /// Lists a folder. Hidden files and folders, and `node_modules`, are left out.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let mut paths = Vec::new();
        walk(&root, "", 0, &mut paths)?;
        paths.sort_unstable();
        Ok(Self { root, paths })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn walk(folder: &Path, prefix: &str, depth: usize, paths: &mut Vec<Box<str>>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with('.') || name == "node_modules" || paths.len() >= MAX_FILES {
            continue;
        }
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        let is_folder = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
        if is_folder && depth < MAX_FOLDER_DEPTH {
            walk(&entry.path(), &path, depth + 1, paths)?;
        } else if !is_folder {
            paths.push(path.into());
        }
    }
    Ok(())
}

impl Files for Folder {
    fn paths(&self) -> Vec<Box<str>> {
        self.paths.clone()
    }

    fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>> {
        std::fs::read(self.root.join(path)).map(Cow::Owned)
    }

    fn shown(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }
}

/// Files in memory: the built-in sample, quick starts, tests.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<Box<str>, Cow<'static, [u8]>>,
}

impl Memory {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces it.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl Into<Cow<'static, str>>) -> Self {
        let bytes = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        self.files.insert(path.into(), bytes);
        self
    }

    /// Adds a file of any bytes, or replaces it.
    #[must_use]
    pub fn with_bytes(mut self, path: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        self.files.insert(path.into(), bytes.into());
        self
    }

    /// Takes a file away.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }
}

impl Files for Memory {
    fn paths(&self) -> Vec<Box<str>> {
        self.files.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>> {
        match self.files.get(path) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_its_files_with_slashes_and_without_hidden_ones() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("apis/a b")).unwrap();
        std::fs::create_dir_all(folder.path().join(".git")).unwrap();
        std::fs::write(folder.path().join("apis/a b/x.json"), "{}").unwrap();
        std::fs::write(folder.path().join(".git/HEAD"), "").unwrap();
        std::fs::write(folder.path().join("policy.xml"), "").unwrap();
        let files = Folder::open(folder.path()).unwrap();
        assert_eq!(files.paths(), ["apis/a b/x.json".into(), Box::<str>::from("policy.xml")]);
        assert_eq!(&*files.read("apis/a b/x.json").unwrap(), b"{}");
    }
}
