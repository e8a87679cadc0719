//! Azure Resource Manager for one stand-in: what `az`, the SDKs and templates talk to.
//!
//! [`Arm`] answers a [`Request`] from its [`State`]: sign-in, resource groups, resources by the table of
//! [`kinds`], deployments of templates, long operations. Every change is a transaction: the rules of
//! `apimite-network` are asked, the gateways make ready ([`Gateways::prepare`]), the state is written to its file, then all
//! of it is in force at once; refused anywhere, nothing has changed. [`http::serve`] is the wire.
//!
//! To add a resource type or an action, see [`kinds`].

mod arm;
pub mod contracts;
pub mod cx;
mod deploy;
pub mod effect;
pub mod error;
mod groups;
pub mod http;
pub mod kinds;
mod list;
mod login;
mod operations;
pub mod path;
mod request;
mod route;
pub mod state;
mod time;
mod token;

pub use arm::{Arm, Options};
pub use effect::Gateways;
pub use error::ArmError;
pub use login::{Credentials, TENANT};
pub use operations::Pace;
pub use request::{Answer, MOST_BODY_BYTES, Request};
pub use state::State;
