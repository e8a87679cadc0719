//! The instance that the configuration names: made known to management, and replaced by the first one that a request makes.

use apimite_network::{ConnectionStatus, Model, NetworkType, PublicAccess, ResourceId, ServiceSpec, region};
use ipnet::IpNet;
use serde_json::{Value, json};

use super::service::{SERVICE, spec};
use crate::cx::Cx;
use crate::effect::Placement;
use crate::error::Result;
use crate::path::{Below, Path, key};

/// Is this the configured instance, which no request made?
pub(super) fn is_unclaimed(cx: &Cx<'_>, id: &str) -> bool {
    !cx.state.claimed && cx.state.primary.as_deref().is_some_and(|primary| key(primary) == key(id))
}

/// The first instance that a request makes is the one that the gateway's listeners serve: it takes the place of the one
/// that the configuration names.
pub(super) fn claim(cx: &mut Cx<'_>, id: &str) {
    if cx.state.claimed && cx.state.primary.is_some() {
        return;
    }
    if let Some(configured) = cx.state.primary.take() {
        forget(cx, &configured);
    }
    cx.state.primary = Some(id.to_owned());
    cx.state.claimed = true;
}

/// Takes away a configured instance with what was there for it alone: private endpoints, network, address.
fn forget(cx: &mut Cx<'_>, configured: &str) {
    let own = ResourceId::new(configured);
    let endpoints: Vec<ResourceId> =
        cx.state.network.endpoints().filter(|(_, one)| one.target == own).map(|(id, _)| id.clone()).collect();
    for id in endpoints {
        forget_endpoint(cx, &id);
    }
    cx.state.network.delete_service(&own);
    cx.state.remove(configured);
    forget_network(cx, configured);
}

/// Takes an instance out of the network that was made for it; everything else about it stays.
fn withdraw(cx: &mut Cx<'_>, configured: &str) -> Result<()> {
    let id = ResourceId::new(configured);
    if let Some(mut spec) = cx.state.network.service(&id).map(|service| service.spec.clone()) {
        spec.network_type = NetworkType::None;
        cx.state.network.put_service(&id, spec)?;
    }
    if let Some(one) = cx.state.get(configured).cloned() {
        let mut body = one.body.clone();
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove("virtualNetworkConfiguration");
            properties.remove("publicIpAddressId");
        }
        super::set(&mut body, "virtualNetworkType", NetworkType::None.name());
        cx.state.put(configured, SERVICE, body, cx.world.now);
    }
    forget_network(cx, configured);
    Ok(())
}

/// Takes away network, security group and address that were made for a configured instance, unless something is in them.
fn forget_network(cx: &mut Cx<'_>, configured: &str) {
    let network = made("virtualNetworks", configured);
    if matches!(cx.state.network.delete_virtual_network(&ResourceId::new(&network)), Ok(true)) {
        cx.state.remove(&network);
    }
    let address = made("publicIPAddresses", configured);
    if matches!(cx.state.network.delete_public_address(&ResourceId::new(&address)), Ok(true)) {
        cx.state.remove(&address);
    }
    cx.state.remove(&made("networkSecurityGroups", configured));
}

/// Takes away a private endpoint with its interface.
fn forget_endpoint(cx: &mut Cx<'_>, id: &ResourceId) {
    cx.state.network.delete_endpoint(id);
    cx.state.remove(id.as_str());
    let interfaces = "/providers/microsoft.network/networkinterfaces/";
    let orphans: Vec<String> = cx
        .state
        .resources
        .values()
        .filter(|one| key(&one.id).contains(interfaces))
        .filter(|one| {
            let endpoint = one.body.pointer("/properties/privateEndpoint/id").and_then(Value::as_str);
            endpoint.is_some_and(|endpoint| key(endpoint) == key(id.as_str()))
        })
        .map(|one| one.id.clone())
        .collect();
    for id in orphans {
        cx.state.remove(&id);
    }
}

/// Makes the configured instance known, unless a request made another one in its place. What management changed about it stays,
/// also over a restart, until the configuration says something else about the same thing.
pub(crate) fn adopt(cx: &mut Cx<'_>) -> Result<()> {
    let configured = cx.world.configured.clone();
    if cx.state.claimed || configured.service.is_empty() {
        return Ok(());
    }
    let said = json!({
        "body": configured.body, "placement": format!("{:?}", configured.placement),
        "endpoints": configured.endpoints.iter().map(|one| (&one.name, &one.address, &one.state)).collect::<Vec<_>>(),
    });
    let before: Value = serde_json::from_str(&cx.state.adopted).unwrap_or_default();
    match cx.state.primary.clone() {
        Some(known) if key(&known) != key(&configured.service) => forget(cx, &known),
        Some(_) if before == said => return Ok(()),
        Some(known) if before["placement"] != said["placement"] => withdraw(cx, &known)?,
        _ => {}
    }
    cx.state.adopted = said.to_string();
    let Some(below) = Path::parse(&configured.service)?.below() else { return Ok(()) };
    let group = below.group.clone().unwrap_or_default();
    let location = configured.body.get("location").and_then(Value::as_str).unwrap_or("westeurope");
    let place = key(&format!("{}/{group}", below.subscription));
    cx.state.groups.entry(place).or_insert_with(|| crate::state::Group {
        subscription: below.subscription.clone(),
        name: group,
        location: region(location),
        tags: json!({}),
    });
    let old = cx.state.get(&configured.service).map(|one| one.body.clone());
    let mut body = changed(old, &before["body"], &configured.body);
    if before["placement"] != said["placement"]
        && let Some(kind) = super::text(&configured.body, "virtualNetworkType").map(str::to_owned)
    {
        super::set(&mut body, "virtualNetworkType", kind);
    }
    withdraw_endpoints(cx);
    let id = ResourceId::new(&configured.service);
    let placement = &configured.placement;
    inject(cx, &mut body, placement, location)?;
    let mut spec = spec(&body)?;
    // Rules about creation are for requests: a configuration may begin with public access disabled. What is disabled already
    // stays so, whatever became of the connections.
    let known = cx.state.network.service(&id).map(|service| service.spec.public_access);
    let disabled = spec.public_access == PublicAccess::Disabled && known != Some(PublicAccess::Disabled);
    if disabled {
        spec.public_access = PublicAccess::Enabled;
    }
    cx.state.network.put_service(&id, spec)?;
    cx.state.network.pin(&id, placement.public_address, placement.private_address);
    cx.state.primary = Some(configured.service.clone());
    cx.state.put(&configured.service, SERVICE, body, cx.world.now);
    configured_endpoints(cx, &below, location, &before["endpoints"])?;
    if disabled {
        cx.state.network.set_public_access(&id, PublicAccess::Disabled)?;
    }
    Ok(())
}

/// The body of the instance: what there is, with what the configuration says differently than before.
fn changed(old: Option<Value>, before: &Value, now: &Value) -> Value {
    let Some(mut body) = old else { return now.clone() };
    for part in ["location", "sku"] {
        if before[part] != now[part] {
            body[part] = now[part].clone();
        }
    }
    for (name, value) in now["properties"].as_object().into_iter().flatten() {
        if before["properties"].get(name) != Some(value) {
            super::set(&mut body, name, value.clone());
        }
    }
    body
}

/// Takes away private endpoints that the configuration no longer has.
fn withdraw_endpoints(cx: &mut Cx<'_>) {
    let configured = cx.world.configured.clone();
    let network = ResourceId::new(&made("virtualNetworks", &configured.service));
    let gone = cx.state.network.endpoints().filter(|(id, one)| {
        one.subnet.parent() == network
            && !configured.endpoints.iter().any(|own| own.name.eq_ignore_ascii_case(id.name()))
    });
    let gone: Vec<ResourceId> = gone.map(|(id, _)| id.clone()).collect();
    for id in gone {
        forget_endpoint(cx, &id);
    }
}

/// Puts an instance with a virtual network type into a network of its own, with all that the rules want of one.
fn inject(cx: &mut Cx<'_>, body: &mut Value, placement: &Placement, location: &str) -> Result<()> {
    let service = cx.world.configured.service.clone();
    let kind = super::text(body, "virtualNetworkType").and_then(NetworkType::from_name).unwrap_or_default();
    let named = super::text(body, "virtualNetworkConfiguration").is_some()
        || body.pointer("/properties/virtualNetworkConfiguration/subnetResourceId").is_some();
    let ServiceSpec { sku, .. } = spec(body)?;
    let model = Model::of(sku, kind).unwrap_or(Model::Public);
    if model == Model::Public || named {
        return Ok(());
    }
    let (ranges, subnet) = ranges(placement);
    let location = region(location);
    let group = made("networkSecurityGroups", &service);
    cx.state.put(
        &group,
        "Microsoft.Network/networkSecurityGroups",
        json!({ "location": location, "properties": { "securityRules": [] } }),
        cx.world.now,
    );
    let delegations: Vec<Value> = model
        .delegation()
        .into_iter()
        .map(|name| json!({ "name": name, "properties": { "serviceName": name } }))
        .collect();
    let network = made("virtualNetworks", &service);
    let within = json!({
        "location": location,
        "properties": {
            "addressSpace": { "addressPrefixes": ranges.iter().map(ToString::to_string).collect::<Vec<_>>() },
            "subnets": [{ "name": "gateway", "properties": {
                "addressPrefix": subnet.to_string(), "networkSecurityGroup": { "id": group }, "delegations": delegations,
            } }],
        },
    });
    super::vnet::keep(cx, &network, within)?;
    let subnet = format!("{network}/subnets/gateway");
    super::set(body, "virtualNetworkConfiguration", json!({ "subnetResourceId": subnet }));
    if matches!(model, Model::InjectedExternal | Model::InjectedInternal) {
        let address = made("publicIPAddresses", &service);
        super::vnet::keep_address(cx, &address, &location, placement.public_address)?;
        super::set(body, "publicIpAddressId", address);
    }
    Ok(())
}

/// Address space and subnet of a configured injection.
fn ranges(placement: &Placement) -> (Vec<IpNet>, IpNet) {
    /// Most of a subnet's prefix, so that every model of placement finds room.
    const LONGEST: u8 = 27;
    let fits = |net: &&IpNet| matches!(net, IpNet::V4(_)) && net.prefix_len() <= LONGEST;
    let mut ranges: Vec<IpNet> = placement.ranges.iter().filter(fits).map(IpNet::trunc).collect();
    let default = || CONFIGURED_RANGE.parse().unwrap_or_default();
    if ranges.is_empty() {
        ranges.push(default());
    }
    let subnet = placement.subnet.map(|net| net.trunc()).unwrap_or_else(|| {
        let private = placement.private_address.map(std::net::IpAddr::V4);
        let holds = |range: &&IpNet| private.is_some_and(|address| range.contains(&address));
        let range = ranges.iter().find(holds).or(ranges.first()).copied().unwrap_or_else(default);
        let at = private.filter(|address| range.contains(address)).unwrap_or_else(|| range.network());
        IpNet::new(at, range.prefix_len().max(24)).unwrap_or(range).trunc()
    });
    if !ranges.iter().any(|range| range.contains(&subnet)) {
        ranges.push(subnet);
    }
    (ranges, subnet)
}

/// Private endpoints of the configuration: in a virtual network of their own.
fn configured_endpoints(cx: &mut Cx<'_>, service: &Below, location: &str, before: &Value) -> Result<()> {
    let configured = cx.world.configured.clone();
    if configured.endpoints.is_empty() {
        return Ok(());
    }
    let network = made("virtualNetworks", &service.id());
    let base = network.split("/virtualNetworks/").next().unwrap_or_default().to_owned();
    let body = json!({
        "location": region(location),
        "properties": {
            "addressSpace": { "addressPrefixes": [CONFIGURED_RANGE] },
            "subnets": [{ "name": "endpoints", "properties": { "addressPrefix": CONFIGURED_RANGE } }],
        },
    });
    super::vnet::keep(cx, &network, body)?;
    for one in &configured.endpoints {
        let id = format!("{base}/privateEndpoints/{}", one.name);
        let wanted = ConnectionStatus::from_name(&one.state);
        if cx.state.network.endpoint(&ResourceId::new(&id)).is_some() {
            // What management decided stays until the file says something else.
            let said = before.as_array().into_iter().flatten().find(|known| known[0] == *one.name);
            let again = said.is_some_and(|known| known[2] != *one.state);
            if let (true, Some(wanted @ (ConnectionStatus::Approved | ConnectionStatus::Rejected))) = (again, wanted) {
                cx.state.network.decide_connection(&ResourceId::new(&configured.service), &one.name, wanted, None)?;
            }
            continue;
        }
        let list = if one.state == "Pending" {
            "manualPrivateLinkServiceConnections"
        } else {
            "privateLinkServiceConnections"
        };
        let mut body = json!({
            "location": region(location),
            "properties": {
                "subnet": { "id": format!("{network}/subnets/endpoints") },
                list: [{ "name": one.name, "properties": { "privateLinkServiceId": configured.service, "groupIds": ["Gateway"] } }],
            },
        });
        let inside = one.address.as_deref().filter(|address| {
            let range: Option<ipnet::IpNet> = CONFIGURED_RANGE.parse().ok();
            address.parse::<std::net::IpAddr>().is_ok_and(|ip| range.is_some_and(|range| range.contains(&ip)))
        });
        if let Some(address) = inside {
            body["properties"]["ipConfigurations"] =
                json!([{ "name": "static", "properties": { "privateIPAddress": address } }]);
        }
        super::endpoints::keep(cx, &id, body)?;
        if let Some(wanted @ ConnectionStatus::Rejected) = wanted {
            cx.state.network.decide_connection(&ResourceId::new(&configured.service), &one.name, wanted, None)?;
        }
    }
    Ok(())
}

/// The id of what is made for a configured instance, by type.
fn made(kind: &str, service: &str) -> String {
    let group = service.split("/providers/").next().unwrap_or_default();
    format!("{group}/providers/Microsoft.Network/{kind}/{}", crate::effect::CONFIGURED)
}

/// The range that configured private endpoints are in.
const CONFIGURED_RANGE: &str = "10.0.0.0/16";

/// Switches public access of the gateway's own instance.
pub(crate) fn set_public_access(cx: &mut Cx<'_>, enabled: bool) -> Result<()> {
    let Some(primary) = cx.state.primary.clone() else { return Ok(()) };
    let access = if enabled { PublicAccess::Enabled } else { PublicAccess::Disabled };
    cx.state.network.set_public_access(&ResourceId::new(&primary), access)?;
    if let Some(one) = cx.state.get(&primary).cloned() {
        let mut body = one.body.clone();
        super::set(&mut body, "publicNetworkAccess", if enabled { "Enabled" } else { "Disabled" });
        cx.state.put(&one.id, SERVICE, body, cx.world.now);
    }
    Ok(())
}

/// Approves or rejects a connection of the gateway's own instance, or deletes it.
pub(crate) fn decide_connection(
    cx: &mut Cx<'_>,
    name: &str,
    status: Option<ConnectionStatus>,
    description: Option<&str>,
) -> Result<()> {
    let Some(primary) = cx.state.primary.as_deref().map(ResourceId::new) else { return Ok(()) };
    let network = &mut cx.state.network;
    match status {
        Some(status) => {
            network.decide_connection(&primary, name, status, description)?;
        }
        None if !network.delete_connection(&primary, name)? => {
            return Err(apimite_network::Refusal::not_found("private endpoint connection", name).into());
        }
        None => {}
    }
    Ok(())
}
