//! What the tests of stores share.
#![allow(dead_code, reason = "each test binary uses a part")]

pub mod redis_server;
pub mod suite;
