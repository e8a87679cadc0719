//! Virtual networks, subnets, peerings, public addresses; security groups and route tables, which are only kept.

use std::net::IpAddr;
use std::sync::Arc;

use apimite_network::{EndpointPolicies, Peering, ResourceId, Subnet, VirtualNetwork};
use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Kind, set};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::state::Resource;

const NETWORKS: &str = "Microsoft.Network/virtualNetworks";
const SUBNETS: &str = "Microsoft.Network/virtualNetworks/subnets";
const PEERINGS: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
const ADDRESSES: &str = "Microsoft.Network/publicIPAddresses";

/// Types.
pub const KINDS: &[Kind] = &[
    Kind { put: put_network, show: show_network, delete: delete_network, ..Kind::located(NETWORKS) },
    Kind { put: put_subnet, find: find_subnet, list: list_subnets, delete: delete_subnet, ..Kind::new(SUBNETS) },
    Kind { put: put_peering, find: find_peering, list: list_peerings, delete: delete_peering, ..Kind::new(PEERINGS) },
    Kind { put: put_address, show: show_kept, delete: delete_address, ..Kind::located(ADDRESSES) },
    Kind { show: show_kept, ..Kind::located("Microsoft.Network/networkSecurityGroups") },
    Kind { show: show_kept, ..Kind::new("Microsoft.Network/networkSecurityGroups/securityRules") },
    Kind { show: show_kept, ..Kind::located("Microsoft.Network/routeTables") },
    Kind { show: show_kept, ..Kind::new("Microsoft.Network/routeTables/routes") },
    Kind { show: show_kept, ..Kind::located("Microsoft.Network/networkInterfaces") },
];

/// The body with what every resource of the network has.
pub(crate) fn show_kept(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    shown["etag"] = format!("W/\"{}\"", view.world.authority.uuid(&resource.etag())).into();
    set(&mut shown, "provisioningState", "Succeeded");
    shown
}

fn range(text: &str) -> Result<IpNet> {
    let bad = || {
        ArmError::bad(
            "InvalidAddressPrefixFormat",
            format!("The address prefix '{text}' is not valid: write `10.0.0.0/16`."),
        )
    };
    let net: IpNet = text.parse().map_err(|_| bad())?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(ArmError::bad(
            "InvalidCIDRNotation",
            format!("The address prefix '{text}' has bits behind its length; the range is {}.", net.trunc()),
        ))
    }
}

fn subnet(name: &str, properties: &Value) -> Result<Subnet> {
    let text = |key: &str| properties.get(key).and_then(Value::as_str);
    let first = properties.pointer("/addressPrefixes/0").and_then(Value::as_str);
    let prefix = text("addressPrefix").or(first).ok_or_else(|| {
        ArmError::bad(
            "InvalidRequestFormat",
            format!("Subnet '{name}' has no address prefix: give `properties.addressPrefix`."),
        )
    })?;
    let delegations = properties.get("delegations").and_then(Value::as_array).into_iter().flatten();
    Ok(Subnet {
        name: name.to_owned(),
        prefix: range(prefix)?,
        delegations: delegations
            .filter_map(|one| one.pointer("/properties/serviceName")?.as_str())
            .map(str::to_owned)
            .collect(),
        security_group: properties.pointer("/networkSecurityGroup/id").and_then(Value::as_str).map(ResourceId::new),
        endpoint_policies: match text("privateEndpointNetworkPolicies") {
            Some(word) if !word.eq_ignore_ascii_case("Disabled") => EndpointPolicies::Enabled,
            _ => EndpointPolicies::Disabled,
        },
    })
}

fn network(cx: &Cx<'_>, id: &str, body: &Value) -> Result<VirtualNetwork> {
    let empty = json!({});
    let properties = body.get("properties").unwrap_or(&empty);
    let prefixes = properties.pointer("/addressSpace/addressPrefixes").and_then(Value::as_array).into_iter().flatten();
    let named = |list: &str| properties.get(list).and_then(Value::as_array);
    let mut subnets = Vec::new();
    for one in named("subnets").into_iter().flatten() {
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default();
        subnets.push(subnet(name, one.get("properties").unwrap_or(&empty))?);
    }
    // A body that says nothing of subnets leaves them as they are.
    if named("subnets").is_none()
        && let Some(old) = cx.state.network.virtual_network(&ResourceId::new(id))
    {
        subnets.clone_from(&old.subnets);
    }
    let peerings = named("virtualNetworkPeerings").into_iter().flatten().filter_map(|one| {
        let remote = one.pointer("/properties/remoteVirtualNetwork/id")?.as_str()?;
        Some(Peering { name: one.get("name")?.as_str()?.to_owned(), remote: ResourceId::new(remote) })
    });
    let servers = properties.pointer("/dhcpOptions/dnsServers").and_then(Value::as_array).into_iter().flatten();
    Ok(VirtualNetwork {
        location: body.get("location").and_then(Value::as_str).unwrap_or_default().to_owned(),
        prefixes: prefixes.filter_map(Value::as_str).map(range).collect::<Result<_>>()?,
        subnets,
        peerings: peerings.collect(),
        dns_servers: servers.filter_map(Value::as_str).filter_map(|text| text.parse::<IpAddr>().ok()).collect(),
    })
}

/// Makes a network without a request.
pub(crate) fn keep(cx: &mut Cx<'_>, id: &str, body: Value) -> Result<()> {
    let made = network(cx, id, &body)?;
    cx.state.network.put_virtual_network(&ResourceId::new(id), made)?;
    let body = keep_subnets(cx, id, body);
    cx.state.put(id, NETWORKS, body, cx.world.now);
    Ok(())
}

/// Makes a public address without a request.
pub(crate) fn keep_address(cx: &mut Cx<'_>, id: &str, location: &str, address: Option<IpAddr>) -> Result<()> {
    let given = cx.state.network.put_public_address(&ResourceId::new(id), location, "Standard", address)?;
    let body = json!({
        "location": location, "sku": { "name": "Standard", "tier": "Regional" },
        "properties": { "ipAddress": given.to_string(), "publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4" },
    });
    cx.state.put(id, ADDRESSES, body, cx.world.now);
    Ok(())
}

fn put_network(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let made = network(cx, &item.id, &body)?;
    cx.state.network.put_virtual_network(&item.network_id(), made)?;
    Ok(keep_subnets(cx, &item.id, body))
}

/// Subnets are resources of their own: their bodies are kept apart, and those that went are forgotten.
fn keep_subnets(cx: &mut Cx<'_>, id: &str, mut body: Value) -> Value {
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return body };
    properties.remove("virtualNetworkPeerings");
    let Some(list) = properties.remove("subnets") else { return body };
    let known: Vec<String> = cx.state.list(id, SUBNETS).map(|one| one.id.clone()).collect();
    for gone in known {
        if cx.state.network.subnet(&ResourceId::new(&gone)).is_err() {
            cx.state.remove(&gone);
        }
    }
    for one in list.as_array().into_iter().flatten() {
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default();
        let properties = one.get("properties").cloned().unwrap_or_else(|| json!({}));
        cx.state.put(&format!("{id}/subnets/{name}"), SUBNETS, json!({ "properties": properties }), cx.world.now);
    }
    body
}

fn show_network(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = show_kept(view, resource);
    let inner = |found: Vec<Arc<Resource>>| -> Value {
        found.iter().map(|one| show_kept(view, one)).collect::<Vec<_>>().into()
    };
    set(&mut shown, "subnets", inner(list_subnets(view, &resource.id, SUBNETS)));
    set(&mut shown, "virtualNetworkPeerings", inner(list_peerings(view, &resource.id, PEERINGS)));
    set(&mut shown, "resourceGuid", view.world.authority.uuid(&resource.id));
    if shown["properties"].get("enableDdosProtection").is_none() {
        set(&mut shown, "enableDdosProtection", false);
    }
    shown
}

fn delete_network(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_virtual_network(&item.network_id())?;
    Ok(())
}

fn put_subnet(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let empty = json!({});
    let made = subnet(item.name(), body.get("properties").unwrap_or(&empty))?;
    cx.state.network.put_subnet(&item.network_id(), made)?;
    Ok(json!({ "properties": body.get("properties").cloned().unwrap_or(empty) }))
}

fn find_subnet(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let parent = ResourceId::new(id).parent();
    list_subnets(view, parent.as_str(), SUBNETS).into_iter().find(|one| one.name.eq_ignore_ascii_case(below.name()))
}

fn list_subnets(view: &View<'_>, parent: &str, _: &'static str) -> Vec<Arc<Resource>> {
    let network = ResourceId::new(parent);
    let Some(known) = view.state.network.virtual_network(&network) else { return Vec::new() };
    let shown = known.subnets.iter().filter_map(|subnet| {
        let id = network.child("subnets", &subnet.name);
        let kept = view.state.get(id.as_str())?;
        let mut one = Resource::clone(kept);
        set(&mut one.body, "addressPrefix", subnet.prefix.to_string());
        let policies = if subnet.endpoint_policies == EndpointPolicies::Enabled { "Enabled" } else { "Disabled" };
        set(&mut one.body, "privateEndpointNetworkPolicies", policies);
        if one.property("privateLinkServiceNetworkPolicies").is_none() {
            set(&mut one.body, "privateLinkServiceNetworkPolicies", "Enabled");
        }
        let endpoints = view.state.network.endpoints().filter(|(_, endpoint)| endpoint.subnet == id);
        let endpoints: Vec<Value> = endpoints.map(|(id, _)| json!({ "id": id.as_str() })).collect();
        if !endpoints.is_empty() {
            set(&mut one.body, "privateEndpoints", endpoints);
        }
        Some(Arc::new(one))
    });
    shown.collect()
}

fn delete_subnet(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_subnet(&item.network_id())?;
    Ok(())
}

fn put_peering(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let parent = item.network_parent();
    let remote = body
        .pointer("/properties/remoteVirtualNetwork/id")
        .and_then(Value::as_str)
        .ok_or_else(|| ArmError::invalid("remoteVirtualNetwork", "`properties.remoteVirtualNetwork.id` is required"))?;
    let known = cx.state.network.virtual_network(&parent).cloned();
    let mut network = known.ok_or_else(|| apimite_network::Refusal::not_found("virtual network", &parent))?;
    network.peerings.retain(|one| !one.name.eq_ignore_ascii_case(item.name()));
    network.peerings.push(Peering { name: item.name().to_owned(), remote: ResourceId::new(remote) });
    cx.state.network.put_virtual_network(&parent, network)?;
    Ok(json!({ "properties": body.get("properties") }))
}

fn find_peering(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let parent = ResourceId::new(id).parent();
    list_peerings(view, parent.as_str(), PEERINGS).into_iter().find(|one| one.name.eq_ignore_ascii_case(below.name()))
}

fn list_peerings(view: &View<'_>, parent: &str, _: &'static str) -> Vec<Arc<Resource>> {
    let network = ResourceId::new(parent);
    let Some(known) = view.state.network.virtual_network(&network) else { return Vec::new() };
    let all = known.peerings.iter().map(|peering| {
        let id = network.child("virtualNetworkPeerings", &peering.name);
        let back = view.state.network.virtual_network(&peering.remote);
        let connected = back.is_some_and(|remote| remote.peerings.iter().any(|one| one.remote == network));
        let kept = view.state.get(id.as_str());
        let mut one = kept.map_or_else(
            || Resource {
                id: id.as_str().to_owned(),
                kind: PEERINGS.to_owned(),
                name: peering.name.clone(),
                body: json!({ "properties": { "remoteVirtualNetwork": { "id": peering.remote.as_str() } } }),
                serial: 1,
                created: 0,
                changed: 0,
            },
            |kept| Resource::clone(kept),
        );
        set(&mut one.body, "peeringState", if connected { "Connected" } else { "Initiated" });
        set(&mut one.body, "provisioningState", "Succeeded");
        Arc::new(one)
    });
    all.collect()
}

fn delete_peering(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    let parent = item.network_parent();
    cx.state.network.delete_peering(&parent, item.name());
    Ok(())
}

fn put_address(cx: &mut Cx<'_>, item: &Item, mut body: Value) -> Result<Value> {
    let text =
        |pointer: &str, otherwise: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
    let (location, sku) = (text("/location", ""), text("/sku/name", "Basic"));
    let given = body.pointer("/properties/ipAddress").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let address = cx.state.network.put_public_address(&item.network_id(), &location, &sku, given)?;
    set(&mut body, "ipAddress", address.to_string());
    if let Some(label) =
        body.pointer("/properties/dnsSettings/domainNameLabel").and_then(Value::as_str).map(str::to_owned)
    {
        let region = apimite_network::region(&location);
        body["properties"]["dnsSettings"]["fqdn"] = format!("{label}.{region}.cloudapp.azure.com").into();
    }
    Ok(body)
}

fn delete_address(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_public_address(&item.network_id())?;
    Ok(())
}
