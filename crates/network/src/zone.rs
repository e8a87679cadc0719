//! Private DNS zones: records, links to virtual networks, and the groups that follow an endpoint's address.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::endpoint::ZoneGroup;
use crate::{Network, Refusal, ResourceId};

/// A private zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its name in lower case, without a dot at the end.
    pub name: String,
    /// Record sets.
    pub records: Vec<RecordSet>,
    /// Links, by name.
    pub links: BTreeMap<String, Link>,
}

/// All records of one name and one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Name relative to the zone, in lower case; `@` is the zone itself, `*` any.
    pub name: String,
    /// Time to live, seconds.
    pub ttl: u32,
    /// Records; all of one type, at least one.
    pub data: Vec<Data>,
    /// The private endpoint whose zone group wrote it.
    #[serde(default)]
    pub owner: Option<ResourceId>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Data {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Alias.
    Cname(String),
    /// Text.
    Txt(Vec<String>),
    /// Mail exchange.
    Mx(u16, String),
    /// Name of an address.
    Ptr(String),
    /// Service: priority, weight, port, target.
    Srv(u16, u16, u16, String),
}

/// A type of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Alias.
    Cname,
    /// Text.
    Txt,
    /// Mail exchange.
    Mx,
    /// Name of an address.
    Ptr,
    /// Service.
    Srv,
    /// Start of authority.
    Soa,
    /// Any other: there are no records of it.
    Other,
}

impl Kind {
    /// Reads the word in ARM's path; case does not count.
    pub fn from_name(text: &str) -> Option<Self> {
        let all = [Self::A, Self::Aaaa, Self::Cname, Self::Txt, Self::Mx, Self::Ptr, Self::Srv, Self::Soa];
        all.into_iter().find(|kind| format!("{kind:?}").eq_ignore_ascii_case(text))
    }
}

impl Data {
    /// Its type.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::A(_) => Kind::A,
            Self::Aaaa(_) => Kind::Aaaa,
            Self::Cname(_) => Kind::Cname,
            Self::Txt(_) => Kind::Txt,
            Self::Mx(..) => Kind::Mx,
            Self::Ptr(_) => Kind::Ptr,
            Self::Srv(..) => Kind::Srv,
        }
    }
}

impl RecordSet {
    /// Its type.
    pub fn kind(&self) -> Kind {
        self.data.first().map_or(Kind::Other, Data::kind)
    }
}

/// A link of a zone to a virtual network: names asked for inside the network are looked up in the zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The network.
    pub network: ResourceId,
    /// Are names of machines registered? Kept, without effect: there are no machines.
    #[serde(default)]
    pub registration: bool,
    /// Is a name that the zone lacks asked of the public (`resolutionPolicy: NxDomainRedirect`)?
    #[serde(default)]
    pub falls_back: bool,
}

impl Zone {
    /// Takes away what the zone groups of an endpoint wrote.
    pub(crate) fn disown(&mut self, endpoint: &ResourceId) {
        self.records.retain(|set| set.owner.as_ref() != Some(endpoint));
    }

    /// Record sets of one name; a wildcard's when there are none.
    pub fn find(&self, name: &str) -> Vec<&RecordSet> {
        let named: Vec<_> = self.records.iter().filter(|set| set.name == name).collect();
        // A name that others lie below exists, and is not covered by a wildcard.
        let inner = format!(".{name}");
        if !named.is_empty() || name == "@" || self.records.iter().any(|set| set.name.ends_with(&inner)) {
            return named;
        }
        let mut rest = name;
        loop {
            let parent = rest.split_once('.').map(|(_, parent)| parent);
            let star = parent.map_or_else(|| "*".to_owned(), |parent| format!("*.{parent}"));
            let found: Vec<_> = self.records.iter().filter(|set| set.name == star).collect();
            match parent {
                _ if !found.is_empty() => return found,
                Some(parent) => rest = parent,
                None => return found,
            }
        }
    }

    /// Does the name exist, itself or as part of a longer one?
    pub fn exists(&self, name: &str) -> bool {
        let inner = format!(".{name}");
        name == "@" || !self.find(name).is_empty() || self.records.iter().any(|set| set.name.ends_with(&inner))
    }

    fn put(&mut self, set: RecordSet) -> Result<(), Refusal> {
        let kind = set.kind();
        let others = self.records.iter().filter(|known| known.name == set.name && known.kind() != kind);
        let clash =
            others.clone().any(|known| known.kind() == Kind::Cname) || (kind == Kind::Cname && others.count() > 0);
        if clash || (kind == Kind::Cname && (set.data.len() > 1 || set.name == "@")) {
            return Err(Refusal::new(
                "CnameRecordSetConflict",
                format!("The record '{}' could not be created: a CNAME stands alone.", set.name),
                "use another name, or delete the other records of this one",
            )
            .conflict());
        }
        self.records.retain(|known| !(known.name == set.name && known.kind() == kind));
        self.records.push(set);
        Ok(())
    }
}

impl Network {
    /// Private zones, by id.
    pub fn zones(&self) -> impl Iterator<Item = (&ResourceId, &Zone)> {
        self.zones.iter()
    }

    /// A private zone.
    pub fn zone(&self, id: &ResourceId) -> Option<&Zone> {
        self.zones.get(id)
    }

    /// Creates a zone, empty, unless it exists.
    ///
    /// # Errors
    /// The name is none.
    pub fn put_zone(&mut self, id: &ResourceId) -> Result<&Zone, Refusal> {
        let name = id.name().to_ascii_lowercase();
        let well_formed = name.contains('.') && name.split('.').all(is_label) && name.len() <= 253;
        if !well_formed {
            return Err(Refusal::new(
                "BadRequest",
                format!("The zone name '{name}' is not valid."),
                "use at least two labels, such as `privatelink.azure-api.net`",
            ));
        }
        Ok(self.zones.entry(id.clone()).or_insert_with(|| Zone { name, ..Zone::default() }))
    }

    /// Deletes a zone; `false` when there was none.
    ///
    /// # Errors
    /// It is linked to a network.
    pub fn delete_zone(&mut self, id: &ResourceId) -> Result<bool, Refusal> {
        let Some(zone) = self.zones.get(id) else { return Ok(false) };
        if let Some(link) = zone.links.keys().next() {
            return Err(Refusal::new(
                "CannotDeleteResource",
                format!("Cannot delete zone {} while it has the virtual network link '{link}'.", zone.name),
                "delete its virtual network links first",
            )
            .conflict());
        }
        for endpoint in self.endpoints.values_mut() {
            for group in &mut endpoint.zone_groups {
                group.zones.retain(|zone| zone != id);
            }
        }
        Ok(self.zones.remove(id).is_some())
    }

    /// Links a zone to a network, or changes the link.
    ///
    /// # Errors
    /// No such zone or network; the network is linked to another zone of this name.
    pub fn put_link(&mut self, zone: &ResourceId, name: &str, link: Link) -> Result<(), Refusal> {
        let this = self.zones.get(zone).ok_or_else(|| Refusal::not_found("private DNS zone", zone))?;
        if !self.virtual_networks.contains_key(&link.network) {
            return Err(Refusal::not_found("virtual network", &link.network));
        }
        let name = name.to_ascii_lowercase();
        let taken = self.zones.iter().any(|(id, other)| {
            let same = other.name == this.name;
            same && other.links.iter().any(|(known, one)| one.network == link.network && (id != zone || *known != name))
        });
        if taken {
            return Err(Refusal::new(
                "BadRequest",
                format!("Virtual network {} is linked to a zone '{}' already.", link.network.name(), this.name),
                "a network is linked to one zone of a name, by one link; use that one",
            ));
        }
        if let Some(this) = self.zones.get_mut(zone) {
            this.links.insert(name, link);
        }
        Ok(())
    }

    /// Deletes a link; `false` when there was none.
    pub fn delete_link(&mut self, zone: &ResourceId, name: &str) -> bool {
        self.zones.get_mut(zone).is_some_and(|zone| zone.links.remove(&name.to_ascii_lowercase()).is_some())
    }

    /// Writes a record set; name in lower case, relative to the zone.
    ///
    /// # Errors
    /// No such zone; no records, or records of several types; a CNAME beside others.
    pub fn put_records(&mut self, zone: &ResourceId, mut set: RecordSet) -> Result<(), Refusal> {
        let zone = self.zones.get_mut(zone).ok_or_else(|| Refusal::not_found("private DNS zone", zone))?;
        set.name.make_ascii_lowercase();
        let kind = set.kind();
        let named = set.name == "@"
            || set.name.split('.').enumerate().all(|(at, part)| (at == 0 && part == "*") || is_label(part));
        if set.data.is_empty() || set.data.iter().any(|data| data.kind() != kind) || !named || set.name.len() > 253 {
            return Err(Refusal::new(
                "BadRequest",
                format!("The record set '{}' is not valid.", set.name),
                "give a name of letters, digits, `-` and `_`, and at least one record, all of one type",
            ));
        }
        zone.put(set)
    }

    /// Deletes a record set; `false` when there was none.
    pub fn delete_records(&mut self, zone: &ResourceId, name: &str, kind: Kind) -> bool {
        let Some(zone) = self.zones.get_mut(zone) else { return false };
        let before = zone.records.len();
        zone.records.retain(|set| !(set.name.eq_ignore_ascii_case(name) && set.kind() == kind));
        zone.records.len() < before
    }

    /// Gives a private endpoint a zone group: its service's name is written to these zones, now and when they change.
    ///
    /// # Errors
    /// No such endpoint or zone; a CNAME of that name in the way.
    pub fn put_zone_group(&mut self, endpoint: &ResourceId, group: ZoneGroup) -> Result<(), Refusal> {
        let known = self.endpoints.get(endpoint).ok_or_else(|| Refusal::not_found("private endpoint", endpoint))?;
        let (address, name) = (known.address, known.target.name().to_ascii_lowercase());
        let mut zones = self.zones.clone();
        for zone in zones.values_mut() {
            zone.disown(endpoint);
        }
        let mut groups = known.zone_groups.clone();
        groups.retain(|other| !other.name.eq_ignore_ascii_case(&group.name));
        groups.push(group);
        for id in groups.iter().flat_map(|group| &group.zones) {
            let zone = zones.get_mut(id).ok_or_else(|| Refusal::not_found("private DNS zone", id))?;
            let data = vec![Data::A(address)];
            zone.put(RecordSet { name: name.clone(), ttl: 10, data, owner: Some(endpoint.clone()) })?;
        }
        self.zones = zones;
        if let Some(known) = self.endpoints.get_mut(endpoint) {
            known.zone_groups = groups;
        }
        Ok(())
    }

    /// Takes a zone group away with its records; `false` when there was none.
    pub fn delete_zone_group(&mut self, endpoint: &ResourceId, name: &str) -> bool {
        let Some(known) = self.endpoints.get_mut(endpoint) else { return false };
        let before = known.zone_groups.len();
        known.zone_groups.retain(|group| !group.name.eq_ignore_ascii_case(name));
        let gone = known.zone_groups.len() < before;
        let kept: Vec<ResourceId> = known.zone_groups.iter().flat_map(|group| group.zones.clone()).collect();
        for (id, zone) in &mut self.zones {
            if !kept.contains(id) {
                zone.disown(endpoint);
            }
        }
        gone
    }
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, data: Data) -> RecordSet {
        RecordSet { name: name.into(), ttl: 60, data: vec![data], owner: None }
    }

    fn a(last: u8) -> Data {
        Data::A(Ipv4Addr::new(10, 0, 0, last))
    }

    #[test]
    fn a_wildcard_covers_names_that_do_not_exist() {
        let zone = Zone {
            name: "example.com".into(),
            records: vec![set("*", a(1)), set("a", a(2)), set("x.y", a(3)), set("*.w", a(4))],
            ..Zone::default()
        };
        let found = |name: &str| zone.find(name).first().map(|set| set.data[0].clone());
        assert_eq!(found("a"), Some(a(2)));
        assert_eq!(found("b"), Some(a(1)));
        assert_eq!(found("deep.b"), Some(a(1)));
        assert_eq!(found("q.w"), Some(a(4)));
        assert_eq!(found("y"), None, "it exists as part of x.y");
        assert!(zone.exists("y") && zone.exists("@"));
    }

    #[test]
    fn a_cname_stands_alone() {
        let mut zone = Zone { name: "example.com".into(), ..Zone::default() };
        zone.put(set("a", Data::Cname("b.example.com".into()))).unwrap();
        assert_eq!(zone.put(set("a", a(1))).unwrap_err().code, "CnameRecordSetConflict");
        assert_eq!(zone.put(set("@", Data::Cname("b".into()))).unwrap_err().status, 409);
        zone.put(set("a", Data::Cname("c.example.com".into()))).unwrap();
        assert_eq!(zone.records.len(), 1);
    }
}
