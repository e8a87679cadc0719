//! What requests are served by: the compiled service with its routes and keys, exchanged as a whole.

use std::sync::Arc;

use apimite_model::PublicAccess;
use apimite_policy::compile::CompiledService;
use apimite_policy::target::Target;

use crate::keys::Keys;
use crate::router::Router;

/// A service ready to serve. Requests in flight keep the one they started with.
pub struct Snapshot {
    /// The compiled service.
    pub compiled: CompiledService,
    /// Its routes.
    pub router: Arc<Router>,
    /// Its keys.
    pub keys: Arc<Keys>,
    /// May callers from the internet use it? The service's own word, unless it was changed since.
    pub public_access: PublicAccess,
    /// Where requests of APIs without a service URL go: nowhere.
    pub(crate) nowhere: Arc<Target>,
}

impl Snapshot {
    /// Indexes a compiled service.
    pub fn new(compiled: CompiledService) -> Self {
        let router = Arc::new(Router::new(&compiled.service));
        let keys = Arc::new(Keys::new(&compiled.service));
        let public_access = compiled.service.public_access;
        Self { router, keys, public_access, nowhere: nowhere(), compiled }
    }

    /// The same with another word about callers from the internet; nothing is compiled or indexed again.
    #[must_use]
    pub fn with_public_access(&self, public_access: PublicAccess) -> Self {
        let Self { compiled, router, keys, nowhere, .. } = self;
        let (router, keys, nowhere) = (router.clone(), keys.clone(), nowhere.clone());
        let compiled = CompiledService {
            service: compiled.service.clone(),
            apis: compiled.apis.clone(),
            global: compiled.global.clone(),
        };
        Self { compiled, router, keys, public_access, nowhere }
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
