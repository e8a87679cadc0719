//! apimite-arm.
