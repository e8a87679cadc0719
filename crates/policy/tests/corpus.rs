//! Every C# expression of real policy documents, compiled over `context`: leniently and strictly.
//!
//! The documents stand outside the repository; without `APIMITE_SHARED` the test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apimite_document::{Document, Element, Language, Limits, Node, Text, read_bytes, substitute};
use apimite_expr::Budget;
use apimite_model::Decisions;
use apimite_policy::code::Want;
use apimite_policy::csharp::CSharp;

/// Where the documents are, if they are anywhere.
fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the place of outside material is given by the environment")]
    let shared = std::env::var("APIMITE_SHARED");
    if shared.is_err() {
        eprintln!("SKIPPED: set APIMITE_SHARED to compile the expressions of real documents");
    }
    shared.ok().map(PathBuf::from)
}

fn documents(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            out.push(path);
        }
    }
}

/// All values of an element that may be expressions, with what their place wants.
fn values(element: &Element, out: &mut Vec<(Text, Want)>) {
    for attribute in &element.attributes {
        let want = if &*attribute.name == "condition" { Want::Bool } else { Want::Any };
        out.push((attribute.value.clone(), want));
    }
    out.push((element.text(), Want::Any));
    for child in &element.children {
        if let Node::Element(child) = child {
            values(child, out);
        }
    }
}

fn all_values(document: &Document) -> Vec<(Text, Want)> {
    let mut out = Vec::new();
    document.elements().for_each(|element| values(element, &mut out));
    out
}

/// Deployment templates put their own tokens into code; a number stands for each.
fn without_tokens(text: &str) -> String {
    let mut out = text.to_owned();
    for (open, close) in [("${", "}"), ("#{", "}#"), ("$(", ")"), ("__", "__")] {
        while let Some(start) = out.find(open) {
            let Some(length) = out[start + open.len()..].find(close) else { break };
            let end = start + open.len() + length + close.len();
            if out[start..end].contains(['\n', '"', ' ']) || length > 80 || length == 0 {
                break;
            }
            out.replace_range(start..end, "1");
        }
    }
    out
}

/// One refusal: where, and what each error says.
struct Refusal {
    place: String,
    errors: Vec<(String, String)>,
    code: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(|(code, message)| format!("{code} {message}")).collect();
        write!(f, "{}\n    {}\n    in {}", self.place, errors.join("\n    "), self.code)
    }
}

/// Compiles everything in one mode. The time is that of compiling alone.
fn compile_all(corpus: &Path, files: &[PathBuf], lenient: bool) -> (usize, Vec<Refusal>, Duration) {
    let decisions = Decisions { lenient_expressions: lenient, ..Decisions::default() };
    let csharp = CSharp::new(&decisions, Budget::default());
    let (mut count, mut refusals, mut spent) = (0, Vec::new(), Duration::ZERO);
    for file in files {
        let name = file.strip_prefix(corpus).unwrap().display().to_string();
        let bytes = std::fs::read(file).unwrap();
        let mut document = read_bytes(&name, &bytes, Limits::CLASSIC.snippet());
        let mut other = document.clone();
        substitute(&mut document, &|_| Some("1".to_owned()), &|_| true);
        substitute(&mut other, &|_| Some("true".to_owned()), &|_| true);
        for ((value, want), (other, _)) in all_values(&document).into_iter().zip(all_values(&other)) {
            let Some(island) = value.expression().filter(|island| island.language == Language::CSharp) else {
                continue;
            };
            count += 1;
            #[expect(clippy::disallowed_methods, reason = "a measurement")]
            let start = std::time::Instant::now();
            let mut result = csharp.compile(&island, want);
            spent += start.elapsed();
            if let (true, Some(island)) = (result.is_err(), other.expression()) {
                // A named value may stand for a condition.
                result = csharp.compile(&island, want).or(result);
            }
            if result.is_err() {
                let plain = without_tokens(value.value());
                if plain != value.value() {
                    let text = Text::plain(plain, value.span());
                    if let Some(island) = text.expression() {
                        result = csharp.compile(&island, want);
                    }
                }
            }
            let Err(errors) = result else { continue };
            let line = document.source.position(value.source_span(0..0).start).line;
            refusals.push(Refusal {
                place: format!("{name}:{line}"),
                errors: errors.into_iter().map(|e| (e.code.to_string(), e.message)).collect(),
                code: island.code.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(240).collect(),
            });
        }
    }
    (count, refusals, spent)
}

/// How often each error comes first, most frequent first.
fn tally(refusals: &[Refusal]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (code, message) in refusals.iter().filter_map(|refusal| refusal.errors.first()) {
        *counts.entry(format!("{code} {message}")).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().map(|(what, count)| format!("{count:5} {what}")).collect::<Vec<_>>().join("\n")
}

/// How many expressions each code refuses, and each member that the allow-list does not name.
fn groups(refusals: &[Refusal]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for refusal in refusals {
        let mut own: Vec<String> = refusal
            .errors
            .iter()
            .map(|(code, message)| match message.split('\'').nth(1) {
                Some(name) if code.starts_with("APIM") => format!("{code} {name}"),
                _ => code.clone(),
            })
            .collect();
        own.sort();
        own.dedup();
        for group in own {
            *counts.entry(group).or_default() += 1;
        }
    }
    counts.iter().map(|(what, count)| format!("{count:5} {what}")).collect::<Vec<_>>().join("\n")
}

/// Documents whose C# is wrong at its source, by a part of their name, and what is wrong.
const DAMAGED: &[(&str, &str)] = &[
    ("Loopback_request_for_service", "quotes doubled outside verbatim strings"),
    ("Call_out_to_an_HTTP_endpoint_and_cache_the_response", "quotes doubled outside verbatim strings"),
    ("Pre-authorize_requests_based_on_HTTP_method", "strings in single quotes"),
    ("apim-lab-2019-ready/readme-l209", "strings in single quotes"),
    ("security__README-l70", "a string in single quotes, compared with a group"),
    ("exercise_external_agents_mcp_integration", "placeholders in place of code"),
    ("aymenfurter__terraform-apim-openai-example", "a template's placeholder in place of an array"),
    ("set-body-policy-l188", "a placeholder in angle brackets"),
    ("03-mock-response", "an empty expression"),
    ("http-data-source-policy-l197", "a block without its semicolon"),
    ("DELETE_a_from_to_blobStorage_account", "a dictionary called like a method"),
    ("GET_a_file_from_blobStorage_account", "a dictionary called like a method"),
    ("PUT_a_file_to_blobStorage_account", "a dictionary called like a method"),
    ("user_delegation_SAS_token", "a string given to `AddSeconds`"),
    ("set-body-policy-l172", "assigns to a character of a string"),
    ("achingono__poc-apim-oauth-obo/docs__requirements-l150", "`context.Principal` does not exist"),
    ("boiyelove__Secure-Azure-OpenAI-LandingZone", "`context.Principal` does not exist"),
    ("jonathandhaene__apim-educational/docs__troubleshooting-l134", "claims read as a list of `Claim`"),
];

#[test]
fn real_expressions_compile() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let mut files = Vec::new();
    documents(&corpus, &mut files);
    files.sort();
    let (count, lenient, spent) = compile_all(&corpus, &files, true);
    let (_, strict, _) = compile_all(&corpus, &files, false);
    println!("\nlenient, by code:\n{}\n\nstrict, by code and member:\n{}", groups(&lenient), groups(&strict));
    let (damaged, refused): (Vec<_>, Vec<_>) =
        lenient.into_iter().partition(|refusal| DAMAGED.iter().any(|(name, _)| refusal.place.contains(name)));
    let sound = count - damaged.len();
    println!(
        "{} documents, {count} expressions, {} damaged at source; lenient: {} of {sound} compile in {spent:?}; \
         strict: {} compile",
        files.len(),
        damaged.len(),
        sound - refused.len(),
        count - strict.len(),
    );
    println!("\nrefused leniently:");
    refused.iter().for_each(|refusal| println!("{refusal}"));
    println!("\nrefused strictly, by first error:\n{}", tally(&strict));
    assert!(count > 0, "no expression in {}", corpus.display());
    // What only strict mode refuses is refused for the allow-list alone.
    for refusal in &strict {
        let list_alone = refusal.errors.iter().all(|(code, _)| code.starts_with("APIM"));
        let lenient_too = refused.iter().chain(&damaged).any(|other| other.place == refusal.place);
        assert!(list_alone || lenient_too, "{refusal}");
    }
    assert!((sound - refused.len()) * 100 >= sound * 99, "{} of {sound} compile", sound - refused.len());
}
