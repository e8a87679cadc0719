//! apimite-expr.

pub mod syntax;
