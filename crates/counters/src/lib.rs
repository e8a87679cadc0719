//! apimite-counters.
