//! C# as a language of policy expressions.

use std::borrow::Cow;
use std::sync::Arc;

use apimite_document::{Form, Island};
use apimite_expr::{self as expr, Budget, Engine, LanguageVersion, Settings, Text, Value};
use apimite_model::{Decisions, DotnetGeneration};

use crate::code::{CodeError, Program, Want};
use crate::context;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::step::Needs;

/// Compiles C# expressions over [`context`]; cheap to clone.
#[derive(Clone)]
pub struct CSharp(Engine);

impl CSharp {
    /// C# under these decisions, with what one evaluation may use up.
    pub fn new(decisions: &Decisions, budget: Budget) -> Self {
        let settings = Settings {
            lenient: decisions.lenient_expressions,
            framework: decisions.dotnet == DotnetGeneration::Framework,
            csharp: if decisions.newer_csharp { LanguageVersion::CSharp12 } else { LanguageVersion::default() },
            budget,
            context: Some(&context::CONTEXT),
        };
        Self(Engine::new(settings, &context::types(decisions)))
    }

    /// The engine itself, for tools.
    pub const fn engine(&self) -> &Engine {
        &self.0
    }

    /// Compiles one expression.
    ///
    /// # Errors
    /// Everything that the compiler refuses.
    pub fn compile(&self, island: &Island<'_>, want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        let form = match island.form {
            Form::Expression => expr::Form::Expression,
            Form::Block => expr::Form::Block,
        };
        let wanted = match want {
            Want::Any | Want::Text => expr::Want::Any,
            Want::Bool => expr::Want::Bool,
        };
        let program = self
            .0
            .compile(island.code, form, wanted)
            .map_err(|errors| errors.into_iter().map(code_error).collect::<Vec<_>>())?;
        Ok(Arc::new(Compiled { program, code: island.code.into() }))
    }
}

fn code_error(error: expr::CompileError) -> CodeError {
    CodeError { code: Cow::Borrowed(error.code), message: error.message, help: error.help, span: error.span }
}

struct Compiled {
    program: expr::Program,
    code: Box<str>,
}

impl Compiled {
    /// The fault of an exception, with the part of the expression that threw it.
    fn fault(&self, fault: &expr::Fault) -> Fault {
        let part = self.code.get(fault.span.start as usize..fault.span.end as usize).filter(|part| !part.is_empty());
        Fault { code: part.map(Into::into), ..Fault::expression(&fault.thrown) }
    }
}

impl Program for Compiled {
    fn warnings(&self) -> Vec<CodeError> {
        self.program.warnings().iter().cloned().map(code_error).collect()
    }

    fn value(&self, exchange: &Exchange) -> Result<Value, Fault> {
        self.program.eval(exchange).map_err(|f| self.fault(&f))
    }

    fn text<'e>(&'e self, exchange: &'e Exchange) -> Result<Cow<'e, str>, Fault> {
        Ok(match self.program.eval_str(exchange).map_err(|f| self.fault(&f))? {
            Text::Null => Cow::Borrowed(""),
            Text::Host(text) => Cow::Borrowed(text),
            Text::Own(text) => Cow::Owned(text.as_str().to_owned()),
        })
    }

    fn boolean(&self, exchange: &Exchange) -> Result<bool, Fault> {
        self.program.eval_bool(exchange).map_err(|f| self.fault(&f))
    }

    fn needs(&self) -> Needs {
        let needs = self.program.needs();
        Needs { request_body: needs.request_body, response_body: needs.response_body, code: true }
    }
}
