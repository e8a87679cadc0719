//! `apimite eval -i`: line editing, history, completion of members, value and type of each result.

use std::process::ExitCode;

use apimite_policy::csharp::CSharp;
use apimite_policy::exchange::Exchange;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};

use super::one;

struct Members<'a>(&'a CSharp);

impl Completer for Members<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..at).unwrap_or("");
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_')).map_or(0, |i| i + 1);
        let path = before.get(start..).unwrap_or("");
        let (receiver, prefix) = path.rsplit_once('.').unwrap_or(("", path));
        let mut names = self.names(receiver);
        names.retain(|name| name.starts_with(prefix));
        names.sort_unstable();
        names.dedup();
        Ok((at - prefix.len(), names))
    }
}

impl Members<'_> {
    /// Members of what `receiver` is: `context.Request`, or a type's name.
    fn names(&self, receiver: &str) -> Vec<String> {
        use apimite_expr::{Form, Want};
        if receiver.is_empty() {
            return vec!["context".to_owned()];
        }
        let engine = self.0.engine();
        let def = match engine.compile(receiver, Form::Expression, Want::Any) {
            Ok(program) => program.result_type().def(),
            Err(_) => engine.registry().find(receiver, 0).first().copied(),
        };
        let Some(def) = def else { return Vec::new() };
        let members = engine.registry().all_declared(def);
        members.iter().map(|m| m.name.to_owned()).filter(|name| name.starts_with(char::is_alphabetic)).collect()
    }
}

impl Hinter for Members<'_> {
    type Hint = String;
}
impl Highlighter for Members<'_> {}
impl Validator for Members<'_> {}
impl Helper for Members<'_> {}

/// Reads and evaluates until the input ends.
pub(super) fn run(csharp: &CSharp, exchange: &Exchange) -> ExitCode {
    let editor: rustyline::Result<Editor<Members<'_>, rustyline::history::DefaultHistory>> = Editor::new();
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => {
            eprintln!("error: the terminal cannot be used: {error}");
            return ExitCode::FAILURE;
        }
    };
    editor.set_helper(Some(Members(csharp)));
    println!("C# policy expressions; Tab completes members, Ctrl-D ends");
    loop {
        match editor.readline("> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => {
                // History lives as long as the session.
                let _ = editor.add_history_entry(&line);
                one(&line, csharp, exchange);
            }
            Err(ReadlineError::Interrupted) => {}
            Err(_) => return ExitCode::SUCCESS,
        }
    }
}
