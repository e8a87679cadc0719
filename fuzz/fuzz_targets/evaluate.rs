//! Any text that compiles runs to its end within a small budget: no panic, no hang, and the answer can be shown.
#![no_main]

use std::any::{Any, TypeId};

use apimite_expr::{Budget, Engine, Form, Host, LanguageVersion, Settings, Value, Want};
use libfuzzer_sys::fuzz_target;

/// A clock that stands and bits that repeat.
struct Fixed;

impl Host for Fixed {
    fn part(&self, _id: TypeId) -> Option<&dyn Any> {
        None
    }

    fn utc_now_ticks(&self) -> i64 {
        638_448_000_000_000_000
    }

    fn random(&self) -> u64 {
        0x9E37_79B9_7F4A_7C15
    }
}

std::thread_local! {
    static ENGINE: Engine = {
        let budget = Budget { steps: 20_000, depth: 200, memory_bytes: 4 << 20 };
        Engine::new(Settings { lenient: true, csharp: LanguageVersion::CSharp12, budget, ..Settings::default() }, &[])
    };
}

fn run(engine: &Engine, code: &str, form: Form) {
    let Ok(program) = engine.compile(code, form, Want::Any) else { return };
    if let Ok(value) = program.eval(&Fixed) {
        let mut cx = program.context(&Fixed);
        let _ = cx.to_text(&value);
        if let Value::Object(_) = value
            && let Ok(mut each) = cx.iterate(&value)
        {
            for _ in 0..64 {
                if !matches!(each.next(&mut cx), Ok(Some(_))) {
                    break;
                }
            }
        }
    }
    let _ = program.eval_text(&Fixed);
}

fuzz_target!(|code: &str| {
    ENGINE.with(|engine| {
        run(engine, code, Form::Expression);
        run(engine, code, Form::Block);
    });
});
