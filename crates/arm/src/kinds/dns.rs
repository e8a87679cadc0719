//! Private DNS zones: record sets and links to virtual networks.

use std::sync::Arc;

use apimite_network::ResourceId;
use apimite_network::zone::{Data, Kind as Type, Link, RecordSet};
use serde_json::{Value, json};

use super::vnet::show_kept;
use super::{Action, Kind, Run, set};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

const ZONES: &str = "Microsoft.Network/privateDnsZones";
const LINKS: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";

/// A type of records; all work alike.
const fn records(name: &'static str) -> Kind {
    Kind { put: put_records, find: find_records, list: list_records, delete: delete_records, ..Kind::new(name) }
}

/// Types.
pub const KINDS: &[Kind] = &[
    Kind { put: put_zone, show: show_zone, delete: delete_zone, ..Kind::located(ZONES) },
    Kind { put: put_link, show: show_link, delete: delete_link, ..Kind::located(LINKS) },
    records("Microsoft.Network/privateDnsZones/A"),
    records("Microsoft.Network/privateDnsZones/AAAA"),
    records("Microsoft.Network/privateDnsZones/CNAME"),
    records("Microsoft.Network/privateDnsZones/MX"),
    records("Microsoft.Network/privateDnsZones/PTR"),
    records("Microsoft.Network/privateDnsZones/SRV"),
    records("Microsoft.Network/privateDnsZones/TXT"),
    records("Microsoft.Network/privateDnsZones/SOA"),
];

/// Actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "GET", on: ZONES, name: "ALL", run: Run::Look(all_records) },
    Action { method: "GET", on: ZONES, name: "recordsets", run: Run::Look(all_records) },
];

fn put_zone(cx: &mut Cx<'_>, item: &Item, mut body: Value) -> Result<Value> {
    body["location"] = "global".into();
    cx.state.network.put_zone(&item.network_id())?;
    Ok(body)
}

fn show_zone(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = show_kept(view, resource);
    if let Some(zone) = view.state.network.zone(&ResourceId::new(&resource.id)) {
        set(&mut shown, "numberOfRecordSets", zone.records.len() + 1);
        set(&mut shown, "numberOfVirtualNetworkLinks", zone.links.len());
        let registering = zone.links.values().filter(|link| link.registration).count();
        set(&mut shown, "numberOfVirtualNetworkLinksWithRegistration", registering);
        set(&mut shown, "maxNumberOfRecordSets", 25_000);
        set(&mut shown, "maxNumberOfVirtualNetworkLinks", 1_000);
        set(&mut shown, "maxNumberOfVirtualNetworkLinksWithRegistration", 100);
    }
    shown
}

fn delete_zone(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_zone(&item.network_id())?;
    Ok(())
}

fn put_link(cx: &mut Cx<'_>, item: &Item, mut body: Value) -> Result<Value> {
    body["location"] = "global".into();
    let network = body.pointer("/properties/virtualNetwork/id").and_then(Value::as_str);
    let network =
        network.ok_or_else(|| ArmError::invalid("virtualNetwork", "`properties.virtualNetwork.id` is required"))?;
    let registration = body.pointer("/properties/registrationEnabled").and_then(Value::as_bool).unwrap_or(false);
    let falls_back =
        super::text(&body, "resolutionPolicy").is_some_and(|word| word.eq_ignore_ascii_case("NxDomainRedirect"));
    let link = Link { network: ResourceId::new(network), registration, falls_back };
    cx.state.network.put_link(&item.network_parent(), item.name(), link)?;
    Ok(body)
}

fn show_link(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = show_kept(view, resource);
    set(&mut shown, "virtualNetworkLinkState", "Completed");
    if resource.property("registrationEnabled").is_none() {
        set(&mut shown, "registrationEnabled", false);
    }
    shown
}

fn delete_link(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_link(&item.network_parent(), item.name());
    Ok(())
}

fn type_of(id: &str) -> (Type, String) {
    let word = id.rsplit('/').nth(1).unwrap_or_default().to_ascii_uppercase();
    (Type::from_name(&word).unwrap_or(Type::Other), word)
}

/// The records of a body.
fn data(kind: Type, body: &Value) -> Result<Vec<Data>> {
    let bad = |what: &str| ArmError::bad("BadRequest", format!("The record '{what}' is not valid."));
    let list = |name: &str| -> Vec<Value> {
        let found = body.get("properties").and_then(|p| p.as_object()).and_then(|p| {
            p.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_array())
        });
        found.cloned().unwrap_or_default()
    };
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |one: &Value, name: &str| {
        one.get(name).and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok()).unwrap_or(0)
    };
    let host = |text: String| text.trim_end_matches('.').to_ascii_lowercase();
    Ok(match kind {
        Type::A => {
            let read =
                |one: &Value| text(one, "ipv4Address").parse().map(Data::A).map_err(|_| bad(&text(one, "ipv4Address")));
            list("aRecords").iter().map(read).collect::<Result<_>>()?
        }
        Type::Aaaa => {
            let read = |one: &Value| {
                text(one, "ipv6Address").parse().map(Data::Aaaa).map_err(|_| bad(&text(one, "ipv6Address")))
            };
            list("aaaaRecords").iter().map(read).collect::<Result<_>>()?
        }
        Type::Cname => {
            let name = body.pointer("/properties/cnameRecord/cname").and_then(Value::as_str);
            name.map(|name| Data::Cname(host(name.to_owned()))).into_iter().collect()
        }
        Type::Txt => list("txtRecords")
            .iter()
            .map(|one| {
                let parts = one.get("value").and_then(Value::as_array).into_iter().flatten();
                Data::Txt(parts.filter_map(Value::as_str).map(str::to_owned).collect())
            })
            .collect(),
        Type::Mx => list("mxRecords")
            .iter()
            .map(|one| Data::Mx(number(one, "preference"), host(text(one, "exchange"))))
            .collect(),
        Type::Ptr => list("ptrRecords").iter().map(|one| Data::Ptr(host(text(one, "ptrdname")))).collect(),
        Type::Srv => list("srvRecords")
            .iter()
            .map(|one| {
                Data::Srv(
                    number(one, "priority"),
                    number(one, "weight"),
                    number(one, "port"),
                    host(text(one, "target")),
                )
            })
            .collect(),
        Type::Soa | Type::Other => Vec::new(),
    })
}

/// Records as a body holds them.
fn shown_data(kind: Type, data: &[Data]) -> Value {
    let list: Vec<Value> = data
        .iter()
        .map(|one| match one {
            Data::A(address) => json!({ "ipv4Address": address.to_string() }),
            Data::Aaaa(address) => json!({ "ipv6Address": address.to_string() }),
            Data::Cname(name) => json!({ "cname": name }),
            Data::Txt(parts) => json!({ "value": parts }),
            Data::Mx(preference, exchange) => json!({ "preference": preference, "exchange": exchange }),
            Data::Ptr(name) => json!({ "ptrdname": name }),
            Data::Srv(priority, weight, port, target) => {
                json!({ "priority": priority, "weight": weight, "port": port, "target": target })
            }
        })
        .collect();
    match kind {
        Type::Cname => list.into_iter().next().unwrap_or(Value::Null),
        _ => list.into(),
    }
}

fn member(kind: Type) -> &'static str {
    match kind {
        Type::A => "aRecords",
        Type::Aaaa => "aaaaRecords",
        Type::Cname => "cnameRecord",
        Type::Txt => "txtRecords",
        Type::Mx => "mxRecords",
        Type::Ptr => "ptrRecords",
        Type::Srv => "srvRecords",
        Type::Soa | Type::Other => "soaRecord",
    }
}

/// A set without records is kept, and is in no answer of DNS: `az` makes one before it adds the first record.
fn put_records(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let (kind, _) = type_of(&item.id);
    if kind == Type::Soa {
        return Ok(json!({ "properties": body.get("properties") }));
    }
    let zone = item.network_parent();
    let data = data(kind, &body)?;
    let ttl =
        body.pointer("/properties/ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(3600);
    if data.is_empty() {
        cx.state.network.delete_records(&zone, &item.name().to_ascii_lowercase(), kind);
    } else {
        let set = RecordSet { name: item.name().to_ascii_lowercase(), ttl, data, owner: None };
        cx.state.network.put_records(&zone, set)?;
    }
    let mut kept = json!({ "properties": body.get("properties").cloned().unwrap_or_else(|| json!({})) });
    set(&mut kept, "ttl", ttl);
    Ok(kept)
}

fn delete_records(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    let (kind, _) = type_of(&item.id);
    cx.state.network.delete_records(&item.network_parent(), &item.name().to_ascii_lowercase(), kind);
    Ok(())
}

/// All sets of a zone: those with records, those that are kept without, and the zone's own.
fn sets(view: &View<'_>, zone: &str) -> Vec<Arc<Resource>> {
    let Some(known) = view.state.network.zone(&ResourceId::new(zone)) else { return Vec::new() };
    let made = |kind: &str, name: &str, body: Value, serial: u64| {
        let id = format!("{zone}/{kind}/{name}");
        Arc::new(Resource {
            kind: format!("{ZONES}/{kind}"),
            name: name.to_owned(),
            id,
            body,
            serial,
            created: 0,
            changed: 0,
        })
    };
    let fqdn = |name: &str| if name == "@" { format!("{}.", known.name) } else { format!("{name}.{}.", known.name) };
    let start = json!({ "properties": {
        "fqdn": fqdn("@"), "isAutoRegistered": false, "ttl": 3600,
        "soaRecord": { "email": "azureprivatedns-host.microsoft.com", "host": "azureprivatedns.net", "serialNumber": 1,
            "refreshTime": 3600, "retryTime": 300, "expireTime": 2_419_200, "minimumTtl": 10 },
    } });
    let mut all = vec![made("SOA", "@", start, 1)];
    for set in &known.records {
        let kind = set.kind();
        let word = format!("{kind:?}").to_ascii_uppercase();
        let kept = view.state.get(&format!("{zone}/{word}/{}", set.name));
        let mut body = json!({ "properties": { "fqdn": fqdn(&set.name), "isAutoRegistered": false, "ttl": set.ttl } });
        if let Some(metadata) = kept.and_then(|one| one.property("metadata")) {
            body["properties"]["metadata"] = metadata.clone();
        }
        body["properties"][member(kind)] = shown_data(kind, &set.data);
        all.push(made(&word, kept.map_or(&*set.name, |one| &*one.name), body, kept.map_or(1, |one| one.serial)));
    }
    for (_, one) in view.state.resources.range(format!("{}/", crate::path::key(zone))..) {
        if !crate::path::key(&one.id).starts_with(&format!("{}/", crate::path::key(zone))) {
            break;
        }
        let (kind, word) = type_of(&one.id);
        let there = all.iter().any(|known| crate::path::key(&known.id) == crate::path::key(&one.id));
        if !there && !matches!(kind, Type::Other | Type::Soa) {
            let mut body = one.body.clone();
            set(&mut body, "fqdn", fqdn(&one.name));
            set(&mut body, "isAutoRegistered", false);
            if kind != Type::Cname {
                set(&mut body, member(kind), json!([]));
            }
            all.push(made(&word, &one.name, body, one.serial));
        }
    }
    all
}

fn find_records(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let zone = ResourceId::new(id).parent();
    let (_, word) = type_of(id);
    sets(view, zone.as_str())
        .into_iter()
        .find(|one| one.name.eq_ignore_ascii_case(below.name()) && one.kind.rsplit('/').next() == Some(word.as_str()))
}

fn list_records(view: &View<'_>, parent: &str, kind: &'static str) -> Vec<Arc<Resource>> {
    sets(view, parent).into_iter().filter(|one| one.kind == kind).collect()
}

fn all_records(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let mut zone = below.parent();
    zone.types = vec!["privateDnsZones".to_owned()];
    let kind = super::kind(ZONES)?;
    let zone = crate::route::existing(view, kind, &zone)?;
    let values = sets(view, &zone.id).iter().map(|one| view.envelope(one)).collect();
    Ok(Answer::json(200, crate::list::page(values, request)?))
}
