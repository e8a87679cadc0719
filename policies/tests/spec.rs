//! Runs every literate page of `spec/` as tests, one for each case.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use apimite_policy::env::Shared;
use apimite_testkit::{Page, run_case};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    let mut trials = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let page = Page::read(&name, &std::fs::read_to_string(&file).unwrap());
        assert!(!page.cases.is_empty(), "{name}.md has no cases");
        for case in page.cases {
            let path = format!("policies/spec/{name}.md");
            trials.push(Trial::test(format!("{name}: {}", case.title), move || {
                let languages = languages();
                run_case(&case, apimite_policies::registry(), &languages, &Shared::default())
                    .map_err(|failure| Failed::from(format!("{path}:{}: {}", failure.line, failure.message)))
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn languages() -> impl apimite_policy::code::Compiler {
    apimite_policy::languages::Languages::new(&apimite_model::Decisions::default())
}
