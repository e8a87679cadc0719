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
        let mut paths = walk(&root)?;
        paths.sort_unstable();
        Ok(Self { root, paths })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// From this many folders on, they are listed by several threads.
const PARALLEL_FROM: usize = 64;

/// The files and folders of one folder: paths below the root.
fn list(root: &Path, prefix: &str, files: &mut Vec<Box<str>>, folders: &mut Vec<Box<str>>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(prefix))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = if prefix.is_empty() { name.into() } else { format!("{prefix}/{name}").into_boxed_str() };
        let kind = entry.file_type()?;
        let is_folder = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
        if is_folder { folders.push(path) } else { files.push(path) }
    }
    Ok(())
}

/// Every file below the root, one level of folders after the other.
fn walk(root: &Path) -> io::Result<Vec<Box<str>>> {
    let mut files = Vec::new();
    let mut level: Vec<Box<str>> = vec!["".into()];
    for _ in 0..=MAX_FOLDER_DEPTH {
        let threads = if level.len() < PARALLEL_FROM { 1 } else { crate::threads() };
        let part = level.len().div_ceil(threads).max(1);
        let list_all = |folders: &[Box<str>]| {
            let (mut files, mut next) = (Vec::new(), Vec::new());
            folders.iter().try_for_each(|folder| list(root, folder, &mut files, &mut next)).map(|()| (files, next))
        };
        let mut parts = level.chunks(part);
        let own = parts.next().unwrap_or_default();
        let results: Vec<io::Result<_>> = std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(move || list_all(part))).collect();
            let mut results = vec![list_all(own)];
            results.extend(
                others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            );
            results
        });
        let mut next = Vec::new();
        for result in results {
            let (more, folders) = result?;
            files.extend(more);
            next.extend(folders);
        }
        if next.is_empty() || files.len() > MAX_FILES {
            break;
        }
        level = next;
    }
    Ok(files)
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
