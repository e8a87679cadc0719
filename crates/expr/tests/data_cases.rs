//! The recorded C# answers of the topics `json` and `xml`, as far as they need no `context`.
//!
//! Reads the folder that `APIMITE_SHARED` names; without it the test says so and passes.

use apimite_expr::{Engine, Form, NoHost, Settings, Value, Want};
use serde_json::Value as Json;

fn shown(program: &apimite_expr::Program, value: &Value) -> (String, Option<String>) {
    match value.type_of() {
        None => ("null".to_owned(), None),
        Some(ty) => {
            let text = program.to_text(&NoHost, value).map(|text| text.to_string());
            (ty.clr(), Some(text.unwrap_or_else(|thrown| thrown.to_string())))
        }
    }
}

#[test]
fn recorded_answers_of_json_and_xml_hold() {
    let Some(shared) = option_env!("APIMITE_SHARED") else {
        println!("skipped: APIMITE_SHARED is not set");
        return;
    };
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let (mut right, mut wrong) = (0, Vec::new());
    for topic in ["json", "xml"] {
        let read = |folder: &str| -> Vec<Json> {
            let path = format!("{shared}/expressions/{folder}/dev-{topic}.json");
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let goldens = read("goldens");
        for case in read("cases") {
            let id = case["id"].as_str().unwrap();
            let golden = goldens.iter().find(|golden| golden["id"] == id).unwrap();
            let form = if case["kind"] == "block" { Form::Block } else { Form::Expression };
            let code = case["code"].as_str().unwrap();
            let answer = match engine.compile(code, form, Want::Any) {
                Err(errors) => format!("does not compile: {}", errors[0].message),
                Ok(program) => match program.eval(&NoHost) {
                    Err(fault) => {
                        println!("{id}: {}", fault.thrown.message);
                        format!("throws {}", fault.thrown.kind.full_name())
                    }
                    Ok(value) => {
                        let (ty, text) = shown(&program, &value);
                        format!("{ty} {text:?}")
                    }
                },
            };
            let expected = match golden["exception"].as_str() {
                Some(name) => format!("throws {name}"),
                None => {
                    let result = &golden["result"];
                    format!("{} {:?}", result["type"].as_str().unwrap(), result["value"].as_str().map(str::to_owned))
                }
            };
            if answer == expected {
                right += 1;
            } else {
                wrong.push(format!("{id}: {code}\n   expected {expected}\n   found    {answer}"));
            }
        }
    }
    println!("{right} right, {} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(wrong.is_empty());
}
