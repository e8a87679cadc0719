//! apimite-policy.
