//! apimite-trace.
