//! Every expression of real policy documents compiles against the real context, in lenient mode.
//!
//! The documents stand outside the repository; without `APIMITE_SHARED` the test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use apimite_document::{Element, Form, Language, Limits, Node, Text, read_bytes, substitute};
use apimite_expr::{self as expr, Budget, Want};
use apimite_model::Decisions;
use apimite_policy::csharp::CSharp;

fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the place of outside material is given by the environment")]
    let shared = std::env::var("APIMITE_SHARED");
    if shared.is_err() {
        eprintln!("SKIPPED: set APIMITE_SHARED to run against real documents");
    }
    shared.ok().map(PathBuf::from)
}

fn values(element: &Element, out: &mut Vec<Text>) {
    out.extend(element.attributes.iter().map(|attribute| attribute.value.clone()));
    out.push(element.text());
    for child in &element.children {
        if let Node::Element(child) = child {
            values(child, out);
        }
    }
}

/// Deployment templates put their own tokens into code, and some samples are wrong at their source.
fn is_foreign(code: &str) -> bool {
    code.trim().is_empty() || ["${", "#{", "$(", "<tag>", "__"].iter().any(|token| code.contains(token))
}

#[test]
fn real_expressions_compile() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let decisions = Decisions { lenient_expressions: true, ..Decisions::default() };
    let csharp = CSharp::new(&decisions, Budget::default());
    let index = std::fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let (mut compiled, mut total) = (0, 0);
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for row in index.lines().skip(1) {
        let file = row.split('\t').next().unwrap();
        let bytes = std::fs::read(corpus.join(file)).unwrap();
        let mut document = read_bytes(file, &bytes, Limits::CLASSIC.snippet());
        substitute(&mut document, &|_| Some("1".to_owned()), &|_| true);
        let mut all = Vec::new();
        document.elements().for_each(|element| values(element, &mut all));
        for value in all {
            let Some(island) = value.expression().filter(|island| island.language == Language::CSharp) else {
                continue;
            };
            if is_foreign(island.code) {
                continue;
            }
            total += 1;
            let form = match island.form {
                Form::Expression => expr::Form::Expression,
                Form::Block => expr::Form::Block,
            };
            match csharp.engine().compile(island.code, form, Want::Any) {
                Ok(_) => compiled += 1,
                Err(errors) => {
                    let first = &errors[0];
                    let entry = refused.entry(format!("{} {}", first.code, first.message)).or_default();
                    entry.0 += 1;
                    if entry.1.is_empty() {
                        entry.1 =
                            format!("{file}: {}", island.code.chars().take(300).collect::<String>().replace('\n', " "));
                    }
                }
            }
        }
    }
    for (message, (count, example)) in &refused {
        println!("{count} x {message}\n      {example}");
    }
    // What is refused is wrong at its source, or names types outside the library (XmlDocument, RSACng).
    println!("{compiled} of {total} real expressions compile");
    assert!(compiled * 100 >= total * 97, "{compiled} of {total}");
}
