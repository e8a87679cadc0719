//! Recorded answers of real C# for expressions that need no context, by topic.
//!
//! The cases stand outside the repository, in the folder that `APIMITE_SHARED` names; without it the tests say so and pass.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test looks for its recordings and says when it has none"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use apimite_expr::{Cx, Engine, Form, Host, Settings, Value, Want};
use serde_json::{Value as Json, json};

/// A clock that stands and bits that differ.
#[derive(Default)]
struct Fixed(AtomicU64);

impl Host for Fixed {
    fn part(&self, _id: std::any::TypeId) -> Option<&dyn std::any::Any> {
        None
    }

    fn utc_now_ticks(&self) -> i64 {
        638_448_000_000_000_000
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }
}

/// Type, text and elements of a value, as the recordings show them.
fn show(cx: &mut Cx<'_>, value: &Value, depth: usize) -> Json {
    let Some(ty) = value.type_of() else { return json!({"type": "null", "value": null}) };
    let internal = matches!(value, Value::Object(object) if object.is_internal());
    let text = if internal { Json::Null } else { cx.to_text(value).map_or(Json::Null, |t| json!(t.as_str())) };
    let mut shown = json!({"type": ty.clr(), "value": text});
    if value.as_str().is_none()
        && depth < 3
        && let Ok(mut each) = cx.iterate(value)
    {
        let mut items = Vec::new();
        while items.len() < 64 {
            match each.next(cx) {
                Ok(Some(item)) => items.push(show(cx, &item, depth + 1)),
                _ => break,
            }
        }
        shown["items"] = Json::Array(items);
    }
    shown
}

/// What one case gives.
fn run(engine: &Engine, case: &Json) -> Json {
    let form = if case["kind"] == "block" { Form::Block } else { Form::Expression };
    let program = match engine.compile(case["code"].as_str().unwrap_or(""), form, Want::Any) {
        Ok(program) => program,
        Err(errors) => return json!({"compile_error": errors[0].code, "message": errors[0].message}),
    };
    let host = Fixed::default();
    match program.eval(&host) {
        Ok(value) => json!({"result": show(&mut program.context(&host), &value, 0)}),
        Err(fault) => json!({"exception": fault.thrown.kind.full_name(), "message": fault.thrown.message}),
    }
}

/// Is the answer the recorded one?
fn agrees(answer: &Json, golden: &Json) -> bool {
    if let Some(exception) = golden.get("exception") {
        return answer.get("exception") == Some(exception);
    }
    if golden.get("mono").is_some() {
        return agrees(answer, &golden["netcore"]);
    }
    answer.get("result").is_some() && answer.get("result") == golden.get("result")
}

fn topic(name: &str) {
    let Ok(shared) = std::env::var("APIMITE_SHARED") else {
        eprintln!("APIMITE_SHARED is not set: the recorded answers of `{name}` are not compared");
        return;
    };
    let read = |kind: &str| -> Vec<Json> {
        let path = format!("{shared}/expressions/{kind}/{name}.json");
        serde_json::from_str(&std::fs::read_to_string(&path).expect("the file of the topic")).expect("JSON")
    };
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let goldens = read("goldens");
    let mut wrong = Vec::new();
    let cases: Vec<Json> =
        read("cases").into_iter().filter(|c| c["context"].as_object().is_none_or(|o| o.is_empty())).collect();
    for case in &cases {
        if case["code"].as_str().is_some_and(|code| code.contains("context.")) {
            continue;
        }
        let golden = goldens.iter().find(|g| g["id"] == case["id"]).expect("a golden for each case");
        let answer = run(&engine, case);
        if !agrees(&answer, golden) {
            wrong.push(format!("{} {}\n    wanted {golden}\n    found  {answer}", case["id"], case["code"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

macro_rules! topics {
    ($($test:ident = $name:literal;)*) => { $(#[test] fn $test() { topic($name); })* };
}

topics! {
    numerics_agree_with_recorded_answers = "dev-numerics";
    conversions_agree_with_recorded_answers = "dev-convert";
    dates_agree_with_recorded_answers = "dev-datetime";
    formats_agree_with_recorded_answers = "dev-format";
    strings_agree_with_recorded_answers = "dev-strings";
    builders_agree_with_recorded_answers = "dev-builder";
    operators_agree_with_recorded_answers = "dev-operators";
    modern_answers_are_given_where_generations_differ = "divergent";
}
