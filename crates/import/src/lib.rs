//! apimite-import.
