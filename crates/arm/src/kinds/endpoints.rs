//! Private endpoints and their DNS zone groups.

use std::net::Ipv4Addr;
use std::sync::Arc;

use apimite_network::{Approval, EndpointSpec, ResourceId, ZoneGroup, dns_of};
use serde_json::{Value, json};

use super::vnet::show_kept;
use super::{Kind, set};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::state::Resource;

const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints";
const GROUPS: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
const INTERFACES: &str = "Microsoft.Network/networkInterfaces";

/// Types.
pub const KINDS: &[Kind] = &[
    Kind { put, show, delete, ..Kind::located(ENDPOINTS) },
    Kind {
        put: put_group,
        find: find_group,
        list: list_groups,
        show: show_group,
        delete: delete_group,
        ..Kind::new(GROUPS)
    },
];

const LISTS: [(&str, Approval); 2] =
    [("privateLinkServiceConnections", Approval::Automatic), ("manualPrivateLinkServiceConnections", Approval::Manual)];

/// Makes an endpoint without a request.
pub(crate) fn keep(cx: &mut Cx<'_>, id: &str, body: Value) -> Result<()> {
    let body = made(cx, id, body)?;
    cx.state.put(id, ENDPOINTS, body, cx.world.now);
    Ok(())
}

fn put(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    made(cx, &item.id, body)
}

fn made(cx: &mut Cx<'_>, id: &str, mut body: Value) -> Result<Value> {
    let location = body.get("location").and_then(Value::as_str).unwrap_or_default().to_owned();
    let subnet = body.pointer("/properties/subnet/id").and_then(Value::as_str);
    let subnet = subnet.ok_or_else(|| ArmError::invalid("subnet", "`properties.subnet.id` is required"))?.to_owned();
    let given = LISTS.into_iter().find_map(|(list, approval)| {
        let one = body.pointer(&format!("/properties/{list}/0"))?;
        Some((one.clone(), approval))
    });
    let (connection, approval) = given.ok_or_else(|| {
        let text = "one connection is required, in `privateLinkServiceConnections` (approved at once) or `manualPrivateLinkServiceConnections`";
        ArmError::invalid("privateLinkServiceConnections", text)
    })?;
    let text = |pointer: &str| connection.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let target = text("/properties/privateLinkServiceId");
    let is_id = target.starts_with('/');
    let groups = connection.pointer("/properties/groupIds").and_then(Value::as_array).into_iter().flatten();
    let address = body.pointer("/properties/ipConfigurations/0/properties/privateIPAddress").and_then(Value::as_str);
    let address: Option<Ipv4Addr> = match address {
        None => None,
        Some(text) => Some(
            text.parse().map_err(|_| ArmError::invalid("privateIPAddress", format!("`{text}` is no IPv4 address")))?,
        ),
    };
    let spec = EndpointSpec {
        location: location.clone(),
        subnet: ResourceId::new(&subnet),
        address,
        target: ResourceId::new(if is_id { &target } else { "" }),
        alias: (!is_id && !target.is_empty()).then(|| target.clone()),
        group_ids: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
        approval,
        connection_name: text("/name"),
        message: text("/properties/requestMessage"),
    };
    let own = ResourceId::new(id);
    let address = cx.state.network.put_endpoint(&own, spec)?.address;
    let interface = interface(cx, id);
    cx.state.put(
        &interface,
        INTERFACES,
        json!({
            "location": location,
            "properties": {
                "privateEndpoint": { "id": id }, "primary": true, "enableAcceleratedNetworking": false,
                "ipConfigurations": [{
                    "name": "privateEndpointIpConfig", "id": format!("{interface}/ipConfigurations/privateEndpointIpConfig"),
                    "properties": {
                        "privateIPAddress": address.to_string(), "privateIPAllocationMethod": "Dynamic", "primary": true,
                        "privateIPAddressVersion": "IPv4", "subnet": { "id": subnet }, "provisioningState": "Succeeded",
                    },
                }],
            },
        }),
        cx.world.now,
    );
    set(&mut body, "networkInterfaces", json!([{ "id": interface }]));
    Ok(body)
}

fn interface(cx: &Cx<'_>, id: &str) -> String {
    let (group, name) = id.split_once("/providers/").unwrap_or((id, ""));
    let name = name.rsplit('/').next().unwrap_or_default();
    format!("{group}/providers/{INTERFACES}/{name}.nic.{}", cx.world.authority.uuid(id))
}

fn show(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = show_kept(view, resource);
    let id = ResourceId::new(&resource.id);
    let Some(endpoint) = view.state.network.endpoint(&id) else { return shown };
    let found = view.state.network.connection_of(&id);
    let (status, description) =
        found.map_or(("Disconnected", "Endpoint disconnected"), |one| (one.status.name(), one.description.as_str()));
    for (list, _) in LISTS {
        let given = resource.property(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let given = given.into_iter().map(|mut one| {
            let name = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            one["id"] = format!("{}/{list}/{name}", resource.id).into();
            one["type"] = format!("{ENDPOINTS}/{list}").into();
            set(&mut one, "provisioningState", "Succeeded");
            let state = json!({ "status": status, "description": description, "actionsRequired": "None" });
            set(&mut one, "privateLinkServiceConnectionState", state);
            one
        });
        let given: Vec<Value> = given.collect();
        set(&mut shown, list, given);
    }
    let (name, address) = dns_of(endpoint.target.name(), endpoint);
    set(&mut shown, "customDnsConfigs", json!([{ "fqdn": name, "ipAddresses": [address.to_string()] }]));
    for list in ["ipConfigurations", "applicationSecurityGroups"] {
        if resource.property(list).is_none() {
            set(&mut shown, list, json!([]));
        }
    }
    if resource.property("customNetworkInterfaceName").is_none() {
        set(&mut shown, "customNetworkInterfaceName", "");
    }
    shown
}

fn delete(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_endpoint(&item.network_id());
    let interface = interface(cx, &item.id);
    cx.state.remove(&interface);
    Ok(())
}

fn put_group(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let configs = body.pointer("/properties/privateDnsZoneConfigs").and_then(Value::as_array);
    let zones = configs.into_iter().flatten().filter_map(|one| one.pointer("/properties/privateDnsZoneId")?.as_str());
    let zones: Vec<ResourceId> = zones.map(ResourceId::new).collect();
    if zones.is_empty() {
        return Err(ArmError::invalid(
            "privateDnsZoneConfigs",
            "`properties.privateDnsZoneConfigs` names at least one zone",
        ));
    }
    cx.state.network.put_zone_group(&item.network_parent(), ZoneGroup { name: item.name().to_owned(), zones })?;
    Ok(json!({ "properties": body.get("properties") }))
}

fn find_group(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let endpoint = view.state.network.endpoint(&ResourceId::new(id).parent())?;
    let known = endpoint.zone_groups.iter().any(|group| group.name.eq_ignore_ascii_case(below.name()));
    known.then(|| view.state.get(id).cloned()).flatten()
}

fn list_groups(view: &View<'_>, parent: &str, kind: &'static str) -> Vec<Arc<Resource>> {
    view.stored_children(parent, kind)
}

fn show_group(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = show_kept(view, resource);
    let endpoint = view.state.network.endpoint(&ResourceId::new(&resource.id).parent());
    let configs = resource.property("privateDnsZoneConfigs").and_then(Value::as_array).cloned().unwrap_or_default();
    let configs = configs.into_iter().map(|mut config| {
        if let Some(endpoint) = endpoint {
            let service = endpoint.target.name().to_ascii_lowercase();
            let zone = config.pointer("/properties/privateDnsZoneId").and_then(Value::as_str).map(ResourceId::new);
            let zone = zone.map(|zone| zone.name().to_owned()).unwrap_or_default();
            let set_of_records = json!([{
                "recordType": "A", "recordSetName": service, "fqdn": format!("{service}.{zone}"), "ttl": 10,
                "provisioningState": "Succeeded", "ipAddresses": [endpoint.address.to_string()],
            }]);
            set(&mut config, "recordSets", set_of_records);
        }
        config
    });
    let configs: Vec<Value> = configs.collect();
    set(&mut shown, "privateDnsZoneConfigs", configs);
    shown
}

fn delete_group(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_zone_group(&item.network_parent(), item.name());
    Ok(())
}
