//! The control plane: what changes a running gateway, over HTTP.
//!
//! [`local`] are the routes that exist only here (`/apimite/…`): the switch of public access, the clock, reload;
//! [`network_status`] tries what an instance depends on; [`traces`] are those of the last requests.

pub mod local;
pub mod network_status;
pub mod outside;
pub mod traces;
