//! Real policy documents, read whole: every expression found, and read as C#.
//!
//! The documents stand outside the repository; without `APIMITE_SHARED` the test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

use std::path::{Path, PathBuf};

use apimite_diag::Source;
use apimite_document::{Document, Element, Form, Island, Language, Limits, Node, Text, read_bytes, substitute, write};
use apimite_expr::syntax::{SyntaxError, parse_block, parse_expression, print_block, print_expression};

/// Where the documents are, if they are anywhere.
fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the place of outside material is given by the environment")]
    let shared = std::env::var("APIMITE_SHARED");
    if shared.is_err() {
        eprintln!("SKIPPED: set APIMITE_SHARED to run against real documents");
    }
    shared.ok().map(PathBuf::from)
}

/// Parts of the names of documents whose C# is wrong at its source: doubled quotes outside verbatim strings, strings in single
/// quotes, an empty expression, a block without its semicolon, a placeholder in angle brackets.
const WRONG_CODE: [&str; 7] = [
    "Loopback_request_for_service",
    "Pre-authorize_requests_based_on_HTTP_method",
    "exercise_external_agents_mcp_integration",
    "03-mock-response",
    "http-data-source-policy-l197",
    "set-body-policy-l188",
    "apim-lab-2019-ready/readme-l209",
];

struct Row {
    file: String,
    is_damaged: bool,
    expressions: usize,
}

fn index(corpus: &Path) -> Vec<Row> {
    let index = std::fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let rows = index.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        Row {
            file: columns[0].to_owned(),
            is_damaged: columns[6] == "no",
            expressions: columns[7].parse().unwrap_or(0),
        }
    });
    rows.collect()
}

/// All values of a document that may be expressions.
fn values(element: &Element, out: &mut Vec<Text>) {
    out.extend(element.attributes.iter().map(|attribute| attribute.value.clone()));
    out.push(element.text());
    for child in &element.children {
        if let Node::Element(child) = child {
            values(child, out);
        }
    }
}

fn all_values(document: &Document) -> Vec<Text> {
    let mut out = Vec::new();
    document.elements().for_each(|element| values(element, &mut out));
    out
}

fn parse(island: Island<'_>) -> Vec<SyntaxError> {
    match island.form {
        Form::Expression => parse_expression(island.code).1,
        Form::Block => parse_block(island.code).1,
    }
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

#[test]
fn real_documents_are_read_with_every_expression() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let (mut documents, mut whole, mut damaged, mut expressions, mut read) = (0, 0, 0, 0, 0);
    let mut failures = Vec::new();
    for row in index(&corpus) {
        let bytes = std::fs::read(corpus.join(&row.file)).unwrap();
        let mut document = read_bytes(&row.file, &bytes, Limits::CLASSIC.snippet());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            assert_eq!(write(&document), text, "{}", row.file);
        }
        documents += 1;
        let mut problems: Vec<String> = document
            .diagnostics
            .iter()
            .filter(|d| d.severity == apimite_diag::Severity::Error)
            .map(|d| d.headline())
            .collect();
        substitute(&mut document, &|_| Some("1".to_owned()), &|_| true);
        let mut found = 0;
        for value in all_values(&document) {
            let Some(island) = value.expression().filter(|island| island.language == Language::CSharp) else {
                continue;
            };
            found += 1;
            let mut errors = parse(island);
            if !errors.is_empty() {
                let plain = without_tokens(value.value());
                let text = Text::plain(plain.as_str(), value.span());
                errors = text.expression().map_or(errors, parse);
            }
            if let Some(error) = errors.first() {
                let at = value.source_span(0..0).start;
                let place = document.source.position(at);
                problems.push(format!(
                    "line {}: {} {} at {:?} in {}",
                    place.line,
                    error.code,
                    error.message,
                    error.span,
                    island.code.chars().take(160).collect::<String>()
                ));
            } else {
                read += 1;
            }
        }
        expressions += found;
        // An expression inside a longer literal is none.
        let embedded: usize = all_values(&document)
            .iter()
            .filter(|value| value.expression().is_none())
            .map(|value| value.value().matches("@(").count() + value.value().matches("@{").count())
            .sum();
        if found + embedded < row.expressions && problems.is_empty() {
            problems.push(format!("{found} expressions, {} expected", row.expressions));
        }
        if problems.is_empty() {
            whole += 1;
        } else if row.is_damaged || WRONG_CODE.iter().any(|name| row.file.contains(name)) {
            damaged += 1;
        } else {
            failures.push(format!("{}\n    {}", row.file, problems.join("\n    ")));
        }
    }
    println!(
        "{documents} documents: {whole} read without a mistake, {damaged} damaged at source, {} others; \
         {read} of {expressions} expressions read",
        failures.len()
    );
    println!("{}", failures.join("\n"));
    let sound = documents - damaged;
    assert!(whole * 100 >= sound * 99, "{whole} of {sound}");
    assert!(read * 100 >= expressions * 99, "{read} of {expressions}");
}

#[test]
fn printing_a_real_expression_gives_the_same_tree() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let mut count = 0;
    for row in index(&corpus) {
        let bytes = std::fs::read(corpus.join(&row.file)).unwrap();
        let document = read_bytes(&row.file, &bytes, Limits::CLASSIC.snippet());
        for value in all_values(&document) {
            let Some(island) = value.expression() else { continue };
            if !parse(island).is_empty() {
                continue;
            }
            count += 1;
            let (before, after) = match island.form {
                Form::Expression => {
                    let tree = parse_expression(island.code).0;
                    let again = parse_expression(&print_expression(&tree));
                    assert_eq!(again.1, []);
                    (shape(&tree), shape(&again.0))
                }
                Form::Block => {
                    let tree = parse_block(island.code).0;
                    let again = parse_block(&print_block(&tree));
                    assert_eq!(again.1, []);
                    (shape(&tree), shape(&again.0))
                }
            };
            assert_eq!(before, after, "{}", island.code);
        }
    }
    println!("{count} expressions printed and read again");
}

/// Does tree-sitter's grammar of C# take it as the body of a method?
fn oracle(island: Island<'_>) -> bool {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_c_sharp::LANGUAGE.into()).unwrap();
    let code = island.code;
    let text = match island.form {
        Form::Block => format!("class C {{ object M(dynamic context) {{\n{code}\n}} }}"),
        Form::Expression => format!("class C {{ object M(dynamic context) {{ return (\n{code}\n); }} }}"),
    };
    parser.parse(&text, None).is_some_and(|tree| !tree.root_node().has_error())
}

/// What the other grammar takes and C# does not, by the compiler's code: strings in single quotes, unknown escapes, expressions
/// that stand alone.
const KNOWN_MISREADINGS: [&str; 4] = ["CS1012", "CS1010", "CS1009", "CS0201"];

#[test]
fn an_independent_grammar_agrees_on_every_real_expression() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let (mut agreed, mut known, mut differences) = (0, 0, Vec::new());
    for row in index(&corpus) {
        let bytes = std::fs::read(corpus.join(&row.file)).unwrap();
        let mut document = read_bytes(&row.file, &bytes, Limits::CLASSIC.snippet());
        substitute(&mut document, &|_| Some("1".to_owned()), &|_| true);
        for value in all_values(&document) {
            let Some(island) = value.expression().filter(|island| island.language == Language::CSharp) else {
                continue;
            };
            let errors = parse(island);
            match (errors.is_empty(), oracle(island)) {
                (a, b) if a == b => agreed += 1,
                (false, true) if errors.iter().all(|e| KNOWN_MISREADINGS.contains(&e.code)) => known += 1,
                (ours, theirs) => {
                    let code: String = island.code.chars().take(300).collect();
                    differences.push(format!(
                        "{}: ours {ours}, theirs {theirs}, {:?}: {code}",
                        row.file,
                        errors.first()
                    ));
                }
            }
        }
    }
    println!(
        "{agreed} agreed, {known} known misreadings, {} differences\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(differences.is_empty());
}

#[test]
fn every_case_with_a_known_answer_is_read() {
    let Some(shared) = shared() else { return };
    let (mut count, mut failures) = (0, Vec::new());
    for entry in std::fs::read_dir(shared.join("expressions/cases")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains("compile-errors")) {
            continue;
        }
        for case in serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap() {
            count += 1;
            let code = case["code"].as_str().unwrap();
            let errors = if case["kind"] == "block" { parse_block(code).1 } else { parse_expression(code).1 };
            if let Some(error) = errors.first() {
                failures.push(format!("{}: {} {}\n    {code}", case["id"], error.code, error.message));
            }
        }
    }
    println!("{count} cases\n{}", failures.join("\n"));
    assert!(failures.is_empty());
}

/// Debug text without spans.
fn shape(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn a_mistake_in_an_expression_is_found_in_the_document() {
    let source = Source::new("p.xml", "<a v=\"@(x &amp;&amp; )\"/>");
    let document = apimite_document::read(source.clone(), Limits::CLASSIC);
    let value = document.root().unwrap().attr("v").unwrap();
    let island = value.expression().unwrap();
    let error = parse(island).remove(0);
    let at = island.code_offset + error.span.start as usize;
    let span = value.source_span(at..at);
    assert_eq!(source.position(span.start).column, 21);
}
