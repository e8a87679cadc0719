//! What kinds of resources see of the state: to look, and to change.

use std::sync::Arc;

use apimite_clock::Timestamp;
use serde_json::{Value, json};

use crate::effect::{Configured, Gateways};
use crate::path::{Below, key};
use crate::state::{Resource, State};
use crate::token::Authority;

/// What surrounds one request.
pub struct World {
    /// Now.
    pub now: Timestamp,
    /// `https://host:port` of this management endpoint.
    pub base: String,
    /// Makes keys and ids.
    pub authority: Authority,
    /// What the configuration describes.
    pub configured: Arc<Configured>,
    /// Reads definitions.
    pub gateways: Arc<dyn Gateways>,
}

/// The state, to look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// State.
    pub state: &'a State,
    /// Surroundings.
    pub world: &'a World,
}

/// The state, to change.
pub struct Cx<'a> {
    /// State.
    pub state: &'a mut State,
    /// Surroundings.
    pub world: &'a World,
}

/// The resource that a request names.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its path.
    pub below: Below,
    /// Its id, with types as the table of kinds writes them.
    pub id: String,
    /// What there was.
    pub old: Option<Arc<Resource>>,
    /// Query parameters of the request.
    pub query: Vec<(String, String)>,
}

impl Cx<'_> {
    /// To look at.
    pub fn view(&self) -> View<'_> {
        View { state: self.state, world: self.world }
    }
}

impl Item {
    /// Its name.
    pub fn name(&self) -> &str {
        self.below.name()
    }

    /// Is a query parameter `true`?
    pub fn is_set(&self, parameter: &str) -> bool {
        self.query
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case(parameter) && value.eq_ignore_ascii_case("true"))
    }

    /// Its id for the rules of the network.
    pub fn network_id(&self) -> apimite_network::ResourceId {
        apimite_network::ResourceId::new(&self.id)
    }

    /// The parent's id for the rules of the network.
    pub fn network_parent(&self) -> apimite_network::ResourceId {
        self.network_id().parent()
    }
}

impl View<'_> {
    /// A resource that was put, or else one of the configuration.
    pub fn stored(&self, id: &str) -> Option<Arc<Resource>> {
        if let Some(found) = self.state.get(id) {
            return Some(found.clone());
        }
        let path = self.below_primary(id)?;
        let child = self.world.configured.children.get(&key(&path))?;
        (!self.is_removed(id)).then(|| self.configured(child))
    }

    /// Resources of a type directly below a parent, put or configured, by id.
    pub fn stored_children(&self, parent: &str, kind: &str) -> Vec<Arc<Resource>> {
        let own = kind.rsplit('/').next().unwrap_or_default();
        let prefix = format!("{}/{}/", key(parent), own.to_ascii_lowercase());
        let mut found: std::collections::BTreeMap<String, Arc<Resource>> = std::collections::BTreeMap::new();
        if let Some(path) = self.below_primary(&prefix) {
            let path = format!("{path}/");
            for (at, child) in self.world.configured.children.range(path.clone()..) {
                let Some(rest) = at.strip_prefix(&path) else { break };
                let one = self.configured(child);
                if !rest.contains('/') && !self.is_removed(&one.id) {
                    found.insert(key(&one.id), one);
                }
            }
        }
        for (at, one) in self.state.resources.range(prefix.clone()..) {
            let Some(rest) = at.strip_prefix(&prefix) else { break };
            if !rest.contains('/') {
                found.insert(at.clone(), one.clone());
            }
        }
        found.into_values().collect()
    }

    /// Everything below a resource, put or configured.
    pub fn stored_below(&self, id: &str) -> Vec<Arc<Resource>> {
        let prefix = format!("{}/", key(id));
        let mut found: std::collections::BTreeMap<String, Arc<Resource>> = std::collections::BTreeMap::new();
        if let Some(path) = self.below_primary(&prefix) {
            let path = if path.is_empty() { path } else { format!("{path}/") };
            let configured =
                self.world.configured.children.range(path.clone()..).take_while(|(at, _)| at.starts_with(&path));
            let configured =
                configured.map(|(_, child)| self.configured(child)).filter(|one| !self.is_removed(&one.id));
            found.extend(configured.map(|one| (key(&one.id), one)));
        }
        let put = self.state.resources.range(prefix.clone()..).take_while(|(at, _)| at.starts_with(&prefix));
        found.extend(put.map(|(at, one)| (at.clone(), one.clone())));
        found.into_values().collect()
    }

    fn is_removed(&self, id: &str) -> bool {
        let key = key(id);
        self.state
            .removed
            .iter()
            .any(|gone| key == *gone || key.strip_prefix(gone.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }

    /// The path below the gateway's own instance.
    fn below_primary(&self, id: &str) -> Option<String> {
        let primary = key(self.state.primary.as_deref()?);
        let id = key(id);
        let path = id.strip_prefix(&primary)?;
        (path.is_empty() || path.starts_with('/')).then(|| path.trim_matches('/').to_owned())
    }

    fn configured(&self, child: &crate::effect::Child) -> Arc<Resource> {
        let primary = self.state.primary.as_deref().unwrap_or_default();
        let types: Vec<&str> = child.path.split('/').step_by(2).collect();
        Arc::new(Resource {
            id: format!("{primary}/{}", child.path),
            kind: format!("Microsoft.ApiManagement/service/{}", types.join("/")),
            name: child.path.rsplit('/').next().unwrap_or_default().to_owned(),
            body: json!({ "properties": child.properties }),
            serial: 0,
            created: 0,
            changed: 0,
        })
    }

    /// A resource as ARM shows it: id, name and type before the stored body, `provisioningState` in its properties.
    pub fn envelope(&self, resource: &Resource) -> Value {
        let mut shown = json!({ "id": resource.id, "name": resource.name, "type": resource.kind });
        if let (Some(shown), Some(body)) = (shown.as_object_mut(), resource.body.as_object()) {
            for (name, value) in
                body.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "name" | "type" | "etag"))
            {
                shown.insert(name.clone(), value.clone());
            }
        }
        shown
    }
}
