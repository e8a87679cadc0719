//! apimite-cache.
