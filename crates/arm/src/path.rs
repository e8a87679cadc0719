//! Paths of requests, taken apart.
//!
//! Source: resource ids of Azure Resource Manager: case does not count, empty segments (which `az resource` sends) and a
//! slash at the end mean nothing.

use percent_encoding::percent_decode_str;

use crate::error::{ArmError, Result};

/// Longest path, bytes.
const MOST_BYTES: usize = 4096;

/// A path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Segments as they were written, decoded.
    pub segments: Vec<String>,
}

/// A path below a provider: type segments and names in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// Subscription; empty for a provider at the root.
    pub subscription: String,
    /// Resource group; `None` for a provider at subscription scope.
    pub group: Option<String>,
    /// Namespace, such as `Microsoft.Network`.
    pub namespace: String,
    /// Types, one for each level.
    pub types: Vec<String>,
    /// Names; as many as types, or one less for a collection or an action.
    pub names: Vec<String>,
    /// What it extends, when there are two providers: the path before the second one.
    pub extended: Option<String>,
}

impl Path {
    /// Takes a path apart.
    ///
    /// # Errors
    /// It is too long, or holds what is no text.
    pub fn parse(path: &str) -> Result<Self> {
        let bad = || ArmError::bad("InvalidRequestUri", "The path of the request is too long or is no text.");
        if path.len() > MOST_BYTES {
            return Err(bad());
        }
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let segments = segments.map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().map_err(|_| bad())?;
            if text.contains(['/', '\0']) || text == ".." { Err(bad()) } else { Ok(text.into_owned()) }
        });
        Ok(Self { segments: segments.collect::<Result<_>>()? })
    }

    /// The segments in lower case, for matching.
    pub fn folded(&self) -> Vec<String> {
        self.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect()
    }

    /// The part below the last provider, if there is one with a type.
    pub fn below(&self) -> Option<Below> {
        let at = self.segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))?;
        let namespace = self.segments.get(at + 1)?.clone();
        let first = self.segments.iter().position(|segment| segment.eq_ignore_ascii_case("providers"))?;
        let rest = self.segments.get(at + 2..)?;
        if rest.is_empty() {
            return None;
        }
        let after = |key: &str| {
            let place = self.segments.iter().take(first).position(|segment| segment.eq_ignore_ascii_case(key))?;
            self.segments.get(place + 1).filter(|_| place + 1 < first).cloned()
        };
        Some(Below {
            subscription: after("subscriptions").unwrap_or_default(),
            group: after("resourceGroups"),
            namespace,
            types: rest.iter().step_by(2).cloned().collect(),
            names: rest.iter().skip(1).step_by(2).cloned().collect(),
            extended: (first != at).then(|| format!("/{}", self.segments[..at].join("/"))),
        })
    }
}

impl Below {
    /// Does it name one resource (and not a collection or an action)?
    pub fn is_item(&self) -> bool {
        self.types.len() == self.names.len()
    }

    /// The type, `Microsoft.Network/virtualNetworks/subnets`.
    pub fn kind(&self) -> String {
        format!("{}/{}", self.namespace, self.types.join("/"))
    }

    /// The same path without its last type (and name, when it has one).
    #[must_use]
    pub fn parent(&self) -> Self {
        let mut parent = self.clone();
        if parent.is_item() {
            parent.names.pop();
        }
        parent.types.pop();
        parent
    }

    /// The id, with types as they are written here.
    pub fn id(&self) -> String {
        let mut id = String::new();
        if let Some(extended) = &self.extended {
            id.push_str(extended);
        } else if !self.subscription.is_empty() {
            id.push_str(&format!("/subscriptions/{}", self.subscription));
            if let Some(group) = &self.group {
                id.push_str(&format!("/resourceGroups/{group}"));
            }
        }
        id.push_str(&format!("/providers/{}", self.namespace));
        for (index, kind) in self.types.iter().enumerate() {
            id.push_str(&format!("/{kind}"));
            if let Some(name) = self.names.get(index) {
                id.push_str(&format!("/{name}"));
            }
        }
        id
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

/// A key under which resources are kept: the id in lower case.
pub fn key(id: &str) -> String {
    id.trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_whatever_their_case_and_slashes() {
        let path = Path::parse(
            "/subscriptions/S/resourcegroups/G/providers/Microsoft.ApiManagement//service/n/apis/a%3Brev=2/",
        )
        .unwrap();
        let below = path.below().unwrap();
        assert_eq!(below.kind(), "Microsoft.ApiManagement/service/apis");
        assert_eq!(below.names, ["n", "a;rev=2"]);
        assert!(below.is_item());
        assert_eq!(
            below.id(),
            "/subscriptions/S/resourceGroups/G/providers/Microsoft.ApiManagement/service/n/apis/a;rev=2"
        );
        assert_eq!(below.parent().name(), "n");
    }

    #[test]
    fn collections_actions_and_extensions_are_told_apart() {
        let list = Path::parse("/subscriptions/S/providers/Microsoft.ApiManagement/service").unwrap().below().unwrap();
        assert!(!list.is_item() && list.group.is_none());
        let tags = Path::parse(
            "/subscriptions/S/resourceGroups/G/providers/A.B/c/d/providers/Microsoft.Resources/tags/default",
        );
        let tags = tags.unwrap().below().unwrap();
        assert_eq!(tags.extended.as_deref(), Some("/subscriptions/S/resourceGroups/G/providers/A.B/c/d"));
        assert_eq!(tags.kind(), "Microsoft.Resources/tags");
        assert_eq!(Path::parse("/subscriptions/S/providers/X").unwrap().below(), None);
    }

    #[test]
    fn hostile_paths_are_refused() {
        for path in ["/a%2Fb", "/..%2f", "/%ff", "/a/../b", &format!("/{}", "x".repeat(5000))] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
