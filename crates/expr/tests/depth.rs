//! What the reader lets through, the compiler and a run can bear: within the stack of an ordinary thread.

use apimite_expr::{Engine, Form, NoHost, Settings, Want};

/// Compiles and, if that goes well, runs.
fn bear(code: &str, form: Form) {
    let engine = Engine::new(Settings::default(), &[]);
    if let Ok(program) = engine.compile(code, form, Want::Any) {
        let _ = program.eval(&NoHost);
    }
}

#[test]
fn nesting_up_to_the_limit_is_compiled_and_run() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("-", "1", ""),
        ("!", "true", ""),
        ("1 + (", "1", ")"),
        ("true ? 1 : ", "2", ""),
        ("\"a\" ?? ", "\"b\"", ""),
        ("new[] { ", "1", " }"),
        ("$\"{", "1", "}\""),
        ("((System.Func<int>)(() => ", "1", "))()"),
        ("(object)", "1", ""),
        ("Math.Abs(", "1", ")"),
        ("new { A = ", "1", " }"),
    ] {
        for depth in [10, 30, 45, 90, 95, 100] {
            bear(&format!("{}{middle}{}", open.repeat(depth), close.repeat(depth)), Form::Expression);
        }
    }
    for (open, middle, close) in [
        ("{ ", "return 1;", " }"),
        ("if (true) ", "return 1;", ""),
        ("if (false) { } else ", "return 1;", ""),
        ("while (true) ", "return 1;", ""),
        ("try { ", "return 1;", " } finally { }"),
        ("foreach (var x in new[] { 1 }) { ", "return 1;", " }"),
    ] {
        for depth in [10, 30, 45, 90, 95, 100] {
            bear(&format!("{}{middle}{} return 2;", open.repeat(depth), close.repeat(depth)), Form::Block);
        }
    }
}

#[test]
fn chains_up_to_the_limit_are_compiled_and_run() {
    for (first, link) in [
        ("1", " + 1"),
        ("\"a\"", " + \"b\""),
        ("\"a\"", ".ToString()"),
        ("\"a\"", ".Trim().ToUpper()"),
        ("true", " && true"),
        ("1", " == 1"),
        ("new[] { 1 }", ".Select(x => x)"),
    ] {
        for count in [100, 240, 490, 499, 600] {
            bear(&format!("{first}{}", link.repeat(count)), Form::Expression);
        }
    }
}
