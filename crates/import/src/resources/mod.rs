//! Azure's contracts: from the `properties` of a resource to the model.
//!
//! Shared by every format that holds them: APIOps folders and ARM templates. Unknown members are passed over, as newer
//! service versions add some all the time; members of a wrong type are refused.

mod api;
mod backend;
mod connections;
mod offers;
mod operation;
mod values;

pub(crate) use api::{api, resolver_place, version_set};
pub(crate) use backend::backend;
pub(crate) use connections::{Connections, connection_error};
pub(crate) use offers::{group, product, subscription, user};
pub(crate) use operation::{example, operation};
pub(crate) use values::{named_value, schema};

/// The last segment of a resource id (`/apiVersionSets/v` and full ARM ids alike).
pub(crate) fn tail(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// An API's resource name without its revision (`orders;rev=2` is `orders`).
pub(crate) fn without_revision(id: &str) -> &str {
    id.split_once(";rev=").map_or(id, |(id, _)| id)
}
