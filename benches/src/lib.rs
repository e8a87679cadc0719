//! apimite-benches.
