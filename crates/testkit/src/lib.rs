//! apimite-testkit.
