//! The languages that expressions may be written in.

use std::sync::Arc;

use apimite_document::{Island, Language};
use apimite_expr::Budget;
use apimite_model::Decisions;

use crate::code::{CodeError, Compiler, Program, Want};
use crate::csharp::CSharp;
use crate::rhai::Rhai;

/// Compiles expressions of every language.
pub struct Languages {
    csharp: CSharp,
    rhai: Rhai,
}

impl Languages {
    /// The languages under these decisions, with generous budgets.
    pub fn new(decisions: &Decisions) -> Self {
        Self::with_budget(decisions, Budget::default())
    }

    /// The languages under these decisions, with what one evaluation may use up.
    pub fn with_budget(decisions: &Decisions, budget: Budget) -> Self {
        let csharp = CSharp::new(decisions, budget);
        let rhai = Rhai::new(csharp.engine());
        Self { csharp, rhai }
    }
}

impl Compiler for Languages {
    fn compile(&self, island: &Island<'_>, want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        match island.language {
            Language::CSharp => self.csharp.compile(island, want),
            Language::Rhai => self.rhai.compile(island, want),
        }
    }
}
