//! apimite-model.
