//! Every folder of `samples/` is a set without a remark.

#![allow(missing_docs, reason = "a test crate")]

#[test]
fn every_sample_imports_without_a_remark() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&samples).unwrap() {
        let path = entry.unwrap().path();
        let imported = apimite_import::import_folder(&path, &|_| None).unwrap();
        let shown: Vec<String> = imported.diagnostics.0.iter().map(|found| found.render()).collect();
        assert!(shown.is_empty(), "{}: {}", path.display(), shown.join("\n"));
        assert!(imported.service.apis.iter().all(|api| !api.operations.is_empty()), "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["contoso", "errors", "language-model", "mock", "private-endpoint", "rate-limit"]);
}
