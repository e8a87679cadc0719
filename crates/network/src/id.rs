use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// A resource id of ARM, `/subscriptions/S/resourceGroups/G/providers/P/type/NAME…`.
///
/// Kept as it was written, compared without regard to case.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(Box<str>);

impl ResourceId {
    /// From its text; a slash at the end is dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim_end_matches('/').into())
    }

    /// Id of a resource directly below its provider.
    pub fn of(subscription: &str, group: &str, kind: &str, name: &str) -> Self {
        Self(format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}").into())
    }

    /// Id of a resource below this one.
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> Self {
        Self(format!("{}/{kind}/{name}", self.0).into())
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The subscription it is in; empty when the id has none.
    pub fn subscription(&self) -> &str {
        self.after("subscriptions")
    }

    /// The resource group it is in; empty when the id has none.
    pub fn group(&self) -> &str {
        self.after("resourceGroups")
    }

    /// The id without its last two segments, which of a subnet is its virtual network.
    #[must_use]
    pub fn parent(&self) -> Self {
        let mut parts = self.0.rsplitn(3, '/');
        Self(parts.nth(2).unwrap_or("").into())
    }

    fn after(&self, key: &str) -> &str {
        let mut parts = self.0.split('/');
        parts.find(|part| part.eq_ignore_ascii_case(key)).and_then(|_| parts.next()).unwrap_or("")
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.folded() {
            state.write_u8(byte);
        }
    }
}

impl From<&str> for ResourceId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_without_case_and_give_their_parts() {
        let id = ResourceId::of("S", "G", "Microsoft.Network/virtualNetworks", "vn").child("subnets", "sn");
        assert_eq!(
            id,
            ResourceId::new(
                "/SUBSCRIPTIONS/s/resourcegroups/g/providers/microsoft.network/VirtualNetworks/vn/subnets/SN/"
            )
        );
        assert_eq!((id.subscription(), id.group(), id.name()), ("S", "G", "sn"));
        assert_eq!(id.parent().name(), "vn");
    }
}
