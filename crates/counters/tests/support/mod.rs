//! What the tests of stores share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests; each binary uses a part")]

pub mod redis_server;
pub mod suite;
#[cfg(feature = "redis")]
pub mod tls_relay;
