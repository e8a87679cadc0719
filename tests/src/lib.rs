//! apimite-tests.
