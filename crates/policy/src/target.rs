//! A backend base URL, parsed once.

use std::sync::Arc;

use apimite_model::Backend;
use http::HeaderValue;
use http::uri::PathAndQuery;

use crate::url::{NotAUrl, Url, join};

/// Where requests are sent: a base URL, and the backend entity behind it, if any.
#[derive(Debug)]
pub struct Target {
    base: Url,
    host: HeaderValue,
    /// The backend entity whose TLS switches, credentials, proxy and breaker apply.
    pub backend: Option<Arc<Backend>>,
    members: Vec<Member>,
}

/// A member of a pool, ready to be called.
#[derive(Clone, Debug)]
pub struct Member {
    /// Where its requests go.
    pub target: Arc<Target>,
    /// Its share inside its group.
    pub weight: u32,
    /// Its group; lower numbers are used first.
    pub priority: u32,
}

impl Target {
    /// A target from its base URL.
    ///
    /// # Errors
    /// [`NotAUrl`]
    pub fn parse(base_url: &str, backend: Option<Arc<Backend>>) -> Result<Self, NotAUrl> {
        let base = Url::parse(base_url)?;
        Ok(Self { host: base.host_header(), base, backend, members: Vec::new() })
    }

    /// With the members of the pool that the backend is.
    #[must_use]
    pub fn with_members(mut self, members: Vec<Member>) -> Self {
        self.members = members;
        self
    }

    /// The members of a pool; none for anything else.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A target that is this URL's origin, with no base path.
    pub fn origin(url: &Url) -> Self {
        let base = url.with_path_and_query(PathAndQuery::from_static("/"));
        Self { host: base.host_header(), base, backend: None, members: Vec::new() }
    }

    /// The base URL.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// The value of the `Host` header.
    pub const fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The URL of a path behind the base.
    pub fn url(&self, relative: &PathAndQuery) -> Url {
        self.base.with_path_and_query(join(self.base.path(), relative))
    }
}
