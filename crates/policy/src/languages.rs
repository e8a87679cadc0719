//! The languages that expressions may be written in.

use std::sync::Arc;

use apimite_document::{Island, Language};
use apimite_expr::Budget;
use apimite_model::Decisions;

use crate::code::{CodeError, Compiler, Program, Want};
use crate::csharp::CSharp;

/// Compiles expressions of every language.
pub struct Languages {
    csharp: CSharp,
}

impl Languages {
    /// The languages under these decisions.
    pub fn new(decisions: &Decisions) -> Self {
        Self { csharp: CSharp::new(decisions, Budget::default()) }
    }
}

impl Compiler for Languages {
    fn compile(&self, island: &Island<'_>, want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        match island.language {
            Language::CSharp => self.csharp.compile(island, want),
            Language::Rhai => Err(vec![CodeError {
                code: "rhai::missing".into(),
                message: "Rhai expressions are not available yet".to_owned(),
                help: Some("write the expression in C#".to_owned()),
                span: apimite_diag::Span::from_usize(0, island.code.len()),
            }]),
        }
    }
}
