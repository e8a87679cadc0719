//! apimite-expr.
