//! Expressions in Rhai: compiled once, run over a host.

use std::sync::Arc;

use apimite_expr::{Engine as Expressions, Host, Type, Value};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LanguageCorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, FLOAT, INT, Position, Scope};

use crate::bridge::{Here, Net, lend};
use crate::convert::to_net;
use crate::error::{ScriptError, ScriptFault, fault, refusal};
use crate::{Budget, members};

/// Expression or statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `@rhai(…)`: one expression.
    Expression,
    /// `@rhai{…}`: statements; the value is that of the last one, or of `return`.
    Block,
}

/// The engine of all expressions of a gateway: build it once, when the first script is met.
#[derive(Clone)]
pub struct Scripts {
    engine: Arc<Engine>,
    expressions: Expressions,
}

/// A compiled expression; cheap to clone.
#[derive(Clone)]
pub struct Script {
    ast: Arc<AST>,
    code: Arc<str>,
    engine: Arc<Engine>,
    expressions: Expressions,
}

/// An engine without files, network, clock, modules and `eval`.
pub(crate) fn bare(budget: Budget) -> Engine {
    let mut engine = Engine::new_raw();
    LanguageCorePackage::new().register_into_engine(&mut engine);
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    for symbol in ["eval", "import", "export"] {
        engine.disable_symbol(symbol);
    }
    // The core package can block the thread; a later registration wins over it.
    engine.register_fn("sleep", |_: INT| -> Result<(), Box<EvalAltResult>> { no_sleep() });
    engine.register_fn("sleep", |_: FLOAT| -> Result<(), Box<EvalAltResult>> { no_sleep() });
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    budget.apply(&mut engine);
    engine
}

fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    Err(Box::new(EvalAltResult::ErrorRuntime("a script cannot sleep".into(), Position::NONE)))
}

impl Scripts {
    /// An engine over the library, the context and the settings of C# expressions.
    pub fn new(expressions: &Expressions, budget: Budget) -> Self {
        let mut engine = bare(budget);
        members::register(&mut engine, expressions.registry());
        Self { engine: Arc::new(engine), expressions: expressions.clone() }
    }

    /// Compiles what stands inside `@rhai(…)` or `@rhai{…}`.
    ///
    /// # Errors
    /// What Rhai says about it, with its place.
    pub fn compile(&self, form: Form, code: &str) -> Result<Script, ScriptError> {
        let scope = Scope::new();
        let compiled = match form {
            Form::Expression => self.engine.compile_expression_with_scope(&scope, code),
            Form::Block => self.engine.compile_with_scope(&scope, code),
        };
        let ast = compiled.map_err(|error| refusal(code, &error))?;
        Ok(Script {
            ast: Arc::new(ast),
            code: code.into(),
            engine: Arc::clone(&self.engine),
            expressions: self.expressions.clone(),
        })
    }
}

impl Script {
    /// The value for this host, as a .NET value.
    ///
    /// # Errors
    /// What the script or a member it used threw, and the end of its budget.
    pub fn eval(&self, host: &dyn Host) -> Result<Value, ScriptFault> {
        let settings = self.expressions.settings();
        let here = Here { host, registry: self.expressions.registry(), framework: settings.framework };
        lend(here, || {
            let mut scope = Scope::new();
            if let Some(context) = settings.context {
                let context = Net(Value::Host(Type::of(context), 0));
                scope.push_constant_dynamic("context", Dynamic::from(context));
            }
            let result = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast);
            result
                .and_then(|value| crate::bridge::ask(|cx| to_net(cx, value)))
                .map_err(|error| fault(&self.code, *error))
        })
    }

    /// Does the code name this word? To tell, for example, whether a `body` is read at all; a comment or a text counts too.
    pub fn mentions(&self, word: &str) -> bool {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
    }
}

#[cfg(test)]
mod tests;
