//! Connections of the credential manager as resources tell them: whether they work, and whom they let in. Their tokens are nowhere.

use apimite_model::{Connection, ConnectionUser, Service};
use indexmap::IndexMap;

use crate::tree::Node;

/// Connections by provider and id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(IndexMap<(Box<str>, Box<str>), Connection>);

/// Why a connection is in the error state, if it is.
///
/// Source: authorization contract, `status` and `error`.
pub(crate) fn connection_error(properties: &Node<'_>) -> Option<Box<str>> {
    let status = properties.get("status").and_then(|node| node.text())?;
    if !status.eq_ignore_ascii_case("Error") {
        return None;
    }
    let message = properties.at(&["error", "message"]).and_then(|node| node.text());
    Some(message.unwrap_or("The connection is not authorized.").into())
}

impl Connections {
    fn of(&mut self, provider: &str, id: &str) -> &mut Connection {
        let same = |key: &(Box<str>, Box<str>)| key.0.eq_ignore_ascii_case(provider) && key.1.eq_ignore_ascii_case(id);
        let known = self.0.keys().find(|key| same(key)).cloned();
        self.0.entry(known.unwrap_or_else(|| (provider.into(), id.into()))).or_default()
    }

    /// A connection, and why it does not work.
    pub(crate) fn put(&mut self, provider: &str, id: &str, error: Option<Box<str>>) {
        self.of(provider, id).error = error;
    }

    /// An access policy of a connection. The identity of the service has an object id that is not known here, so it is let in by any.
    pub(crate) fn allow(&mut self, provider: &str, id: &str, object: Option<&str>) {
        let Some(object) = object else { return };
        let allowed = &mut self.of(provider, id).allowed;
        for user in [ConnectionUser::Managed, ConnectionUser::Object(object.into())] {
            if !allowed.contains(&user) {
                allowed.push(user);
            }
        }
    }

    /// Takes a connection away.
    pub(crate) fn remove(&mut self, provider: &str, id: &str) {
        self.0.retain(|(of, own), _| !(of.eq_ignore_ascii_case(provider) && own.eq_ignore_ascii_case(id)));
    }

    /// Takes a provider away with its connections.
    pub(crate) fn remove_provider(&mut self, provider: &str) {
        self.0.retain(|(of, _), _| !of.eq_ignore_ascii_case(provider));
    }

    /// Adds them to a service; what the settings say of a connection counts.
    pub(crate) fn add_to(self, service: &mut Service) {
        for ((provider, id), connection) in self.0 {
            let same =
                |key: &(Box<str>, Box<str>)| key.0.eq_ignore_ascii_case(&provider) && key.1.eq_ignore_ascii_case(&id);
            if !service.connections.keys().any(same) {
                service.connections.insert((provider, id), connection);
            }
        }
    }
}
