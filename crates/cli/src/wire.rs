//! Which languages expressions may be written in.

use std::sync::Arc;

use apimite_document::Island;
use apimite_model::Decisions;
use apimite_policy::code::{CodeError, Compiler, Program, Want};

/// Compiles expressions.
pub(crate) struct Languages {}

/// The languages under these decisions.
pub(crate) fn languages(_decisions: &Decisions) -> Languages {
    Languages {}
}

impl Compiler for Languages {
    fn compile(&self, _island: &Island<'_>, _want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        Err(Vec::new())
    }
}
