//! apimite-dns.
