//! Case files: one result line for each case.

use std::path::PathBuf;
use std::process::ExitCode;

use apimite_expr::{Form, Want};
use apimite_policy::csharp::CSharp;
use serde_json::{Value, json};

use super::{input, shown};

/// Evaluates every case of every file.
pub(super) fn run(files: &[PathBuf], csharp: &CSharp) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let cases = std::fs::read_to_string(file)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str::<Vec<Value>>(&text).map_err(|error| error.to_string()));
        match cases {
            Ok(cases) => {
                for case in &cases {
                    println!("{}", one(case, csharp));
                }
            }
            Err(error) => {
                eprintln!("error: `{}` cannot be read: {error}", file.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn one(case: &Value, csharp: &CSharp) -> Value {
    let id = case.get("id").cloned().unwrap_or_default();
    let text = case.get("code").and_then(Value::as_str).unwrap_or("");
    let form = if case.get("kind").and_then(Value::as_str) == Some("block") { Form::Block } else { Form::Expression };
    let program = match csharp.engine().compile(text, form, Want::Any) {
        Ok(program) => program,
        Err(errors) => {
            let first = errors.first();
            return json!({
                "id": id,
                "compile_error": first.map_or("?", |error| error.code),
                "message": first.map_or("", |error| error.message.as_str()),
            });
        }
    };
    let exchange = match input::of_json(case.get("context").unwrap_or(&Value::Null), csharp) {
        Ok(exchange) => exchange,
        Err(error) => return json!({ "id": id, "error": error }),
    };
    match program.eval(&exchange) {
        Ok(value) => {
            let mut cx = program.context(&exchange);
            match shown::golden(&value, &mut cx, 0) {
                Ok(shape) => json!({ "id": id, "result": shape }),
                Err(thrown) => json!({ "id": id, "exception": thrown.kind.full_name(), "message": thrown.message }),
            }
        }
        Err(fault) => json!({ "id": id, "exception": fault.thrown.kind.full_name(), "message": fault.thrown.message }),
    }
}
