//! Every case with a known C# answer, run through `apimite eval --cases`: the regression test of the expression engine.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expressions").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn agrees(want: &Value, have: &Value) -> bool {
    if want.get("compile_error").is_some() {
        return have.get("compile_error").is_some();
    }
    if let Some(exception) = want.get("exception") {
        return have.get("exception") == Some(exception);
    }
    have.get("result") == want.get("result")
}

#[test]
fn every_case_agrees_with_csharp() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_apimite")).args(["eval", "--cases"]).args(files("cases")).output().unwrap();
    let mut have: BTreeMap<String, Value> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        have.insert(row["id"].as_str().unwrap().to_owned(), row);
    }
    let mut differs = Vec::new();
    let (mut passed, mut total) = (0, 0);
    for file in files("goldens") {
        let wants: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut own = 0;
        for want in &wants {
            let id = want["id"].as_str().unwrap();
            let answers: Vec<&Value> = match want.get("mono") {
                Some(mono) => vec![mono, &want["netcore"]],
                None => vec![want],
            };
            let got = have.get(id).cloned().unwrap_or_default();
            if answers.iter().any(|answer| agrees(answer, &got)) {
                own += 1;
            } else {
                differs.push(format!("{id}: want {want}, have {got}"));
            }
        }
        println!("{:24} {own:5} / {}", file.file_stem().unwrap().to_string_lossy(), wants.len());
        passed += own;
        total += wants.len();
    }
    println!("{:24} {passed:5} / {total}", "total");
    assert!(differs.is_empty(), "{} of {total} differ:\n{}", differs.len(), differs.join("\n"));
}
