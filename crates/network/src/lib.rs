//! apimite-network.
