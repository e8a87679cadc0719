//! apimite-management.
