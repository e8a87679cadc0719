//! apimite-script.
