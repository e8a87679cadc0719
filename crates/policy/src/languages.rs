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
    /// The languages under these decisions.
    pub fn new(decisions: &Decisions) -> Self {
        let csharp = CSharp::new(decisions, Budget::default());
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
