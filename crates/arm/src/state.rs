//! Everything that management knows, and the file it is kept in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use apimite_clock::Timestamp;
use apimite_network::Network;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operations::Operation;
use crate::path::key;

/// Form of the file.
const FORM: u32 = 1;

/// A resource as it was put.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// Id, as it was first written.
    pub id: String,
    /// Type, as the table of kinds writes it.
    pub kind: String,
    /// Name: the last segment of the id.
    pub name: String,
    /// `location`, `tags`, `sku`, `properties` and so on.
    pub body: Value,
    /// Number of its last change, from which its ETag is made.
    pub serial: u64,
    /// When it was made, nanoseconds since 1970.
    pub created: i64,
    /// When it was last changed, nanoseconds since 1970.
    pub changed: i64,
}

/// A resource group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Subscription.
    pub subscription: String,
    /// Name, as it was first written.
    pub name: String,
    /// Region.
    pub location: String,
    /// Tags.
    #[serde(default)]
    pub tags: Value,
}

/// Everything. Cloned for each change and exchanged as a whole; clones share resources.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    form: u32,
    /// Counts changes.
    pub serial: u64,
    /// What tokens and keys are made from, Base64.
    seed: String,
    /// Resource groups by `subscription/name` in lower case.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    /// Resources by id in lower case.
    #[serde(default)]
    pub resources: BTreeMap<String, Arc<Resource>>,
    /// Configured resources that were deleted, by id in lower case.
    #[serde(default)]
    pub removed: BTreeSet<String>,
    /// Services, networks, private endpoints, private zones.
    #[serde(default)]
    pub network: Network,
    /// The instance that the gateway's own listeners serve.
    #[serde(default)]
    pub primary: Option<String>,
    /// Was that instance made by a request, rather than by the configuration?
    #[serde(default)]
    pub claimed: bool,
    /// What the configuration said of its instance when it was last taken over.
    #[serde(default)]
    pub adopted: String,
    /// Long operations.
    #[serde(default)]
    pub operations: BTreeMap<String, Operation>,
}

impl State {
    /// Nothing but a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            form: FORM,
            serial: 0,
            seed: STANDARD.encode(seed),
            groups: BTreeMap::new(),
            resources: BTreeMap::new(),
            removed: BTreeSet::new(),
            network: Network::new(),
            primary: None,
            claimed: false,
            adopted: String::new(),
            operations: BTreeMap::new(),
        }
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn read(file: &Path) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let state: Self = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        if state.form != FORM || state.seed().is_empty() {
            return Err(io::Error::other(format!("it is of form {}, not {FORM}", state.form)));
        }
        Ok(Some(state))
    }

    /// Writes a file, whole or not at all: beside it first, then renamed. Only its owner can read it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let beside = file.with_extension("new");
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = io::BufWriter::new(options.open(&beside)?);
        serde_json::to_writer(&mut out, self).map_err(io::Error::other)?;
        out.into_inner().map_err(|error| error.into_error())?.flush()?;
        std::fs::rename(beside, file)
    }

    /// What tokens and keys are made from.
    pub fn seed(&self) -> Vec<u8> {
        STANDARD.decode(&self.seed).unwrap_or_default()
    }

    /// The next number.
    pub fn count(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A resource by id.
    pub fn get(&self, id: &str) -> Option<&Arc<Resource>> {
        self.resources.get(&key(id))
    }

    /// Keeps a resource.
    pub fn put(&mut self, id: &str, kind: &str, body: Value, now: Timestamp) -> Arc<Resource> {
        let serial = self.count();
        let old = self.get(id);
        let resource = Arc::new(Resource {
            id: old.map_or_else(|| id.to_owned(), |old| old.id.clone()),
            kind: kind.to_owned(),
            name: id.rsplit('/').next().unwrap_or_default().to_owned(),
            body,
            serial,
            created: old.map_or(now.0, |old| old.created),
            changed: now.0,
        });
        self.removed.remove(&key(id));
        self.resources.insert(key(id), resource.clone());
        resource
    }

    /// Forgets a resource with all below it.
    pub fn remove(&mut self, id: &str) -> bool {
        let key = key(id);
        let below = format!("{key}/");
        let found = self.resources.remove(&key).is_some();
        self.resources.retain(|other, _| !other.starts_with(&below));
        found
    }

    /// Resources of a type directly below a path (`…/providers/Microsoft.Network/virtualNetworks`, or a whole subscription).
    pub fn list<'a>(&'a self, prefix: &str, kind: &'a str) -> impl Iterator<Item = &'a Arc<Resource>> + use<'a> {
        let prefix = format!("{}/", key(prefix));
        self.resources
            .iter()
            .filter(move |(key, resource)| key.starts_with(&prefix) && resource.kind.eq_ignore_ascii_case(kind))
            .map(|(_, resource)| resource)
    }

    /// A group by name.
    pub fn group(&self, subscription: &str, name: &str) -> Option<&Group> {
        self.groups.get(&key(&format!("{subscription}/{name}")))
    }
}

impl Resource {
    /// The ETag, without quotes.
    pub fn etag(&self) -> String {
        etag(self.serial)
    }

    /// A member of `properties`.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.body.get("properties")?.get(name)
    }
}

/// An ETag from a number, in the form the service has: eight bytes, Base64.
pub fn etag(serial: u64) -> String {
    STANDARD.encode(serial.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_as_a_whole_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/state.json");
        assert!(State::read(&file).unwrap().is_none());
        let mut state = State::new([7; 32]);
        state.put("/subscriptions/S/x/A", "N/t", serde_json::json!({"tags": {"a": "b"}}), Timestamp(5));
        state.write(&file).unwrap();
        state.put("/subscriptions/S/x/A", "N/t", serde_json::json!({"tags": {}}), Timestamp(6));
        state.write(&file).unwrap();
        let read = State::read(&file).unwrap().unwrap();
        let one = read.get("/SUBSCRIPTIONS/s/X/a").unwrap();
        assert_eq!((one.created, one.changed, one.etag().as_str()), (5, 6, "AAAAAAAAAAI="));
        assert_eq!(read.seed(), [7; 32]);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        std::fs::write(&file, "{").unwrap();
        assert!(State::read(&file).is_err());
    }
}
