//! apimite-policies.
