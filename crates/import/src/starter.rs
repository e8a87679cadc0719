//! The starter folder that `apimite init` writes.

use std::io;
use std::path::{Path, PathBuf};

/// Why a starter folder was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotWritten {
    /// Something is there already.
    #[error("`{}` exists already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// The folder or a file cannot be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    Unwritable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The files of the starter folder: path and text.
pub const FILES: &[(&str, &str)] = &[
    ("apimite.toml", include_str!("starter/apimite.toml")),
    ("policy.xml", include_str!("starter/policy.xml")),
    ("apis/hello/apiInformation.json", include_str!("starter/apiInformation.json")),
    ("apis/hello/specification.yaml", include_str!("starter/specification.yaml")),
    ("apis/hello/policy.xml", include_str!("starter/api-policy.xml")),
    ("products/starter/productInformation.json", include_str!("starter/productInformation.json")),
    ("products/starter/policy.xml", include_str!("starter/product-policy.xml")),
    ("products/starter/apis/hello/productApiInformation.json", "{}\n"),
    ("subscriptions/me/subscriptionInformation.json", include_str!("starter/subscriptionInformation.json")),
    ("named values/greeting/namedValueInformation.json", include_str!("starter/namedValueInformation.json")),
];

/// Writes a commented starter folder and gives back the files written. Never writes over a file: when one of them exists,
/// nothing is written at all.
///
/// # Errors
/// [`NotWritten::Exists`] when a file is there already, [`NotWritten::Unwritable`] when the disk refuses.
pub fn write(folder: &Path) -> Result<Vec<PathBuf>, NotWritten> {
    let targets: Vec<(PathBuf, &str)> = FILES.iter().map(|(path, text)| (folder.join(path), *text)).collect();
    if let Some((taken, _)) = targets.iter().find(|(target, _)| target.symlink_metadata().is_ok()) {
        return Err(NotWritten::Exists(taken.clone()));
    }
    for (target, text) in &targets {
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|source| NotWritten::Unwritable { path: parent.to_path_buf(), source })?;
        }
        write_new(target, text).map_err(|source| NotWritten::Unwritable { path: target.clone(), source })?;
    }
    Ok(targets.into_iter().map(|(target, _)| target).collect())
}

fn write_new(target: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    std::fs::OpenOptions::new().write(true).create_new(true).open(target)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_folder_imports_without_a_remark() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new");
        assert_eq!(write(&target).unwrap().len(), FILES.len());
        let imported = crate::import_folder(&target, &|_| None).unwrap();
        let shown: Vec<String> = imported.diagnostics.0.iter().map(|found| found.render()).collect();
        assert!(shown.is_empty(), "{shown:#?}");
        assert_eq!(imported.service.apis.len(), 1);
        assert_eq!(imported.service.subscriptions["me"].primary_key.reveal(), "my-key");
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("policy.xml"), "mine").unwrap();
        assert!(matches!(write(folder.path()), Err(NotWritten::Exists(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read_to_string(folder.path().join("policy.xml")).unwrap(), "mine");
    }

    #[test]
    fn every_commented_setting_of_the_starter_file_can_be_uncommented() {
        let text = FILES[0].1;
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix("#") {
                Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        assert!(uncommented.len() < text.len());
        let source = apimite_diag::Source::new("apimite.toml", uncommented);
        let files = crate::Memory::new();
        let around = crate::settings::Surroundings { environment: &|_| Some("x".to_owned()), files: &files };
        let mut found = Vec::new();
        let settings = crate::settings::read(&source, &around, &mut found);
        let shown: Vec<String> = found.iter().map(|found| found.render()).collect();
        assert!(shown.is_empty(), "{shown:#?}");
        assert_eq!(settings.private_endpoints.len(), 1);
    }
}
