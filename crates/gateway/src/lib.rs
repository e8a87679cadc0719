//! apimite-gateway.
