//! `apimite eval`: evaluates expressions outside a gateway.

mod cases;
mod input;
mod repl;
mod shown;

use std::process::ExitCode;

use apimite_diag::{Diagnostic, Diagnostics, Source};
use apimite_expr::Budget;
use apimite_expr::{Form, Want};
use apimite_model::{Decisions, DotnetGeneration};
use apimite_policy::csharp::CSharp;
use apimite_policy::exchange::Exchange;

use crate::args::{Eval, Format};
use crate::report;

/// Evaluates what the arguments name.
pub(crate) fn run(args: &Eval) -> ExitCode {
    let decisions = Decisions {
        lenient_expressions: !args.strict,
        dotnet: if args.framework { DotnetGeneration::Framework } else { DotnetGeneration::Modern },
        ..Decisions::default()
    };
    let csharp = CSharp::new(&decisions, Budget::default());
    if !args.cases.is_empty() {
        return cases::run(&args.cases, &csharp);
    }
    let exchange = match input::exchange(args, &csharp) {
        Ok(exchange) => exchange,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    if args.interactive {
        return repl::run(&csharp, &exchange);
    }
    let Some(text) = &args.expression else {
        eprintln!("error: there is nothing to evaluate\n  help: write `apimite eval '@(1 + 1)'`, or `apimite eval -i`");
        return ExitCode::FAILURE;
    };
    one(text, &csharp, &exchange)
}

/// The code of `@(…)`, `@{…}`, or of a bare expression, and where it starts.
fn code(text: &str) -> (&str, Form, usize) {
    let start = text.len() - text.trim_start().len();
    let trimmed = text.trim();
    if let Some(inner) = trimmed.strip_prefix("@(").and_then(|rest| rest.strip_suffix(')')) {
        return (inner, Form::Expression, start + 2);
    }
    if let Some(inner) = trimmed.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')) {
        return (inner, Form::Block, start + 2);
    }
    (trimmed, Form::Expression, start)
}

/// Evaluates one expression and prints value and type.
fn one(text: &str, csharp: &CSharp, exchange: &Exchange) -> ExitCode {
    let (code, form, offset) = code(text);
    let program = match csharp.engine().compile(code, form, Want::Any) {
        Ok(program) => program,
        Err(errors) => {
            let source = Source::new("expression", text);
            let mut diagnostics = Diagnostics::new();
            for error in errors {
                let range = error.span.range();
                let span = apimite_diag::Span::from_usize(range.start + offset, range.end + offset);
                let mut diagnostic = Diagnostic::new(error.code, error.message).at(&source, span);
                diagnostic.help = error.help;
                diagnostics.push(diagnostic);
            }
            report::write(&diagnostics, Format::Text);
            return ExitCode::FAILURE;
        }
    };
    match program.eval(exchange) {
        Ok(value) => {
            let mut cx = program.context(exchange);
            println!("{}", shown::text(&value, &mut cx));
            eprintln!("{}", shown::type_name(&value));
            ExitCode::SUCCESS
        }
        Err(fault) => {
            let range = fault.span.range();
            let part = code.get(range).unwrap_or("");
            eprintln!("{}", fault.thrown);
            if !part.is_empty() && part.len() < code.len() {
                eprintln!("  in: {part}");
            }
            ExitCode::FAILURE
        }
    }
}
