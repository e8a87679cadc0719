//! apimite-document.
