//! Expressions as the kernel sees them: compiled by a language, evaluated over an exchange.

use std::borrow::Cow;
use std::sync::Arc;

use apimite_diag::Span;
use apimite_document::Island;
use apimite_expr::Value;

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::step::Needs;

/// What the place of an expression wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Any value; it keeps its .NET type.
    Any,
    /// Text.
    Text,
    /// True or false.
    Bool,
}

/// Why an expression does not compile.
#[derive(Clone, Debug)]
pub struct CodeError {
    /// The C# compiler's code, such as `CS0103`, or one of ours.
    pub code: Cow<'static, str>,
    /// The compiler's message.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the expression's code, in bytes.
    pub span: Span,
}

/// A compiled expression.
pub trait Program: Send + Sync {
    /// What compiles and will fail when it runs; told when the document is checked.
    fn warnings(&self) -> Vec<CodeError> {
        Vec::new()
    }

    /// Its value.
    ///
    /// # Errors
    /// A fault when it throws or runs out of its budget.
    fn value(&self, exchange: &Exchange) -> Result<Value, Fault>;

    /// Its value as text, borrowed from the exchange where possible; null is empty.
    ///
    /// # Errors
    /// A fault when it throws or runs out of its budget.
    fn text<'e>(&'e self, exchange: &'e Exchange) -> Result<Cow<'e, str>, Fault>;

    /// Its value as a condition.
    ///
    /// # Errors
    /// A fault when it throws, runs out of its budget, or gives no Boolean.
    fn boolean(&self, exchange: &Exchange) -> Result<bool, Fault>;

    /// Bodies it reads.
    fn needs(&self) -> Needs;
}

/// Compiles expressions of every language.
pub trait Compiler: Send + Sync {
    /// Compiles one expression.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn compile(&self, island: &Island<'_>, want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>>;
}

/// A compiled expression; cheap to clone.
#[derive(Clone)]
pub struct Code(Arc<dyn Program>);

impl Code {
    /// Wraps a program.
    pub const fn new(program: Arc<dyn Program>) -> Self {
        Self(program)
    }

    /// Its value.
    ///
    /// # Errors
    /// A fault when it throws or runs out of its budget.
    pub fn value(&self, exchange: &Exchange) -> Result<Value, Fault> {
        self.0.value(exchange)
    }

    /// Its value as text; null is empty.
    ///
    /// # Errors
    /// A fault when it throws or runs out of its budget.
    pub fn text<'e>(&'e self, exchange: &'e Exchange) -> Result<Cow<'e, str>, Fault> {
        self.0.text(exchange)
    }

    /// Its value as a condition.
    ///
    /// # Errors
    /// A fault when it throws, runs out of its budget, or gives no Boolean.
    pub fn boolean(&self, exchange: &Exchange) -> Result<bool, Fault> {
        self.0.boolean(exchange)
    }

    /// Bodies it reads.
    pub fn needs(&self) -> Needs {
        self.0.needs()
    }
}
