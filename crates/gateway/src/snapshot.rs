//! What requests are served by: the compiled service with its routes and keys, exchanged as a whole.

use std::sync::Arc;

use apimite_policy::compile::CompiledService;
use apimite_policy::target::Target;

use crate::keys::Keys;
use crate::router::Router;

/// A service ready to serve. Requests in flight keep the one they started with.
pub struct Snapshot {
    /// The compiled service.
    pub compiled: CompiledService,
    /// Its routes.
    pub router: Router,
    /// Its keys.
    pub keys: Keys,
    /// Where requests of APIs without a service URL go: nowhere.
    pub(crate) nowhere: Arc<Target>,
}

impl Snapshot {
    /// Indexes a compiled service.
    pub fn new(compiled: CompiledService) -> Self {
        let router = Router::new(&compiled.service);
        let keys = Keys::new(&compiled.service);
        Self { router, keys, nowhere: nowhere(), compiled }
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({}, {} APIs)", self.compiled.service.name, self.compiled.apis.len())
    }
}

fn nowhere() -> Arc<Target> {
    let url = apimite_policy::url::Url {
        scheme: apimite_policy::url::Scheme::Http,
        authority: http::uri::Authority::from_static("no-backend-is-set.invalid"),
        path_and_query: http::uri::PathAndQuery::from_static("/"),
    };
    Arc::new(Target::origin(&url))
}
