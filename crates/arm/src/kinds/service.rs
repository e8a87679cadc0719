//! `Microsoft.ApiManagement/service`: the instance itself.

use apimite_clock::Timestamp;
use apimite_network::ports::{DEPENDENCIES, Needed};
use apimite_network::{Network, NetworkType, PublicAccess, ResourceId, ServiceSpec, Site, Sku, names, region};
use serde_json::{Map, Value, json};

use super::{Action, Kind, Run, region_name};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::{Below, Path, key};
use crate::request::{Answer, Request};
use crate::state::Resource;
use crate::time::iso;

/// Name of the type.
pub const SERVICE: &str = "Microsoft.ApiManagement/service";

/// The type.
pub const KINDS: &[Kind] = &[Kind { put, show, delete, ..Kind::located(SERVICE) }];

/// Its actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "POST", on: "Microsoft.ApiManagement", name: "checkNameAvailability", run: Run::Look(check_name) },
    Action { method: "GET", on: "Microsoft.ApiManagement", name: "deletedservices", run: Run::Look(nothing_deleted) },
    Action { method: "GET", on: SERVICE, name: "networkstatus", run: Run::Look(network_status) },
    Action { method: "GET", on: SERVICE, name: "locations/*/networkstatus", run: Run::Look(network_status) },
    Action { method: "POST", on: SERVICE, name: "applynetworkconfigurationupdates", run: Run::Look(show_again) },
    Action { method: "GET", on: SERVICE, name: "skus", run: Run::Look(skus) },
];

/// Properties that only the service itself writes; what a client sends of them means nothing.
///
/// Source: contract of the service; az sends connections back with parts missing.
const READ_ONLY: [&str; 17] = [
    "provisioningState",
    "targetProvisioningState",
    "createdAtUtc",
    "gatewayUrl",
    "gatewayRegionalUrl",
    "portalUrl",
    "developerPortalUrl",
    "managementApiUrl",
    "scmUrl",
    "publicIPAddresses",
    "privateIPAddresses",
    "outboundPublicIPAddresses",
    "privateEndpointConnections",
    "platformVersion",
    "restore",
    "resourceUri",
    "configurationApi",
];

fn put(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let name = item.name();
    if item.old.is_none() {
        check_service_name(name)?;
        let taken = cx.state.network.services().find(|(_, one)| one.name().eq_ignore_ascii_case(name));
        if let Some((id, _)) = taken
            && !is_unclaimed(cx, id.as_str())
        {
            let text = format!("Api service already exists: {name} ({id}).");
            return Err(ArmError::new(409, "ServiceAlreadyExists", text));
        }
    }
    let body = merged(item.old.as_ref().map(|old| &old.body), body);
    for required in ["publisherEmail", "publisherName"] {
        super::required(&body, required)?;
    }
    let spec = spec(&body)?;
    if item.old.is_none() {
        claim(cx, &item.id);
    }
    cx.state.network.put_service(&item.network_id(), spec)?;
    Ok(body)
}

/// The body that is kept: what the client wrote over what there was, without what it may not write.
fn merged(old: Option<&Value>, new: Value) -> Value {
    let mut body = old.cloned().unwrap_or_else(|| json!({ "properties": {} }));
    let Value::Object(new) = new else { return body };
    for (name, value) in new {
        match (name.as_str(), value) {
            ("id" | "name" | "type" | "etag" | "systemData", _) => {}
            ("properties", Value::Object(properties)) => {
                if !body.get("properties").is_some_and(Value::is_object) {
                    body["properties"] = Value::Object(Map::new());
                }
                for (name, value) in properties {
                    if !READ_ONLY.contains(&name.as_str()) && !value.is_null() {
                        body["properties"][&name] = value;
                    }
                }
            }
            (_, Value::Null) => {}
            (name, value) => body[name] = value,
        }
    }
    if let Some(location) = body.get("location").and_then(Value::as_str).map(region_name) {
        body["location"] = location.into();
    }
    // Source: `az apim create` writes the Python words here; the service takes both.
    if let Some(word) = super::text(&body, "publicNetworkAccess").map(str::to_ascii_lowercase) {
        let word = match word.as_str() {
            "true" | "enabled" => "Enabled",
            "false" | "disabled" => "Disabled",
            _ => return body,
        };
        super::set(&mut body, "publicNetworkAccess", word);
    }
    body
}

/// What the rules of the network are asked about.
fn spec(body: &Value) -> Result<ServiceSpec> {
    let sku = body.pointer("/sku/name").and_then(Value::as_str).unwrap_or_default();
    if sku.is_empty() {
        return Err(ArmError::invalid(
            "sku",
            "The sku of the service is required, such as `{\"name\": \"Developer\", \"capacity\": 1}`.",
        ));
    }
    let sku: Sku = sku.parse().map_err(|error| ArmError::invalid("sku", format!("{error}")))?;
    let capacity = body.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or(1);
    let network_type = match super::text(body, "virtualNetworkType") {
        None => NetworkType::None,
        Some(word) => NetworkType::from_name(word).ok_or_else(|| {
            ArmError::invalid(
                "virtualNetworkType",
                format!("`{word}` is no virtual network type: None, External or Internal"),
            )
        })?,
    };
    let public_access = match super::text(body, "publicNetworkAccess") {
        None | Some("Enabled") => PublicAccess::Enabled,
        Some("Disabled") => PublicAccess::Disabled,
        Some(word) => {
            return Err(ArmError::invalid("publicNetworkAccess", format!("`{word}` is neither Enabled nor Disabled")));
        }
    };
    let site = |from: &Value, location: &str, capacity: u64| {
        let within = |keys: &[&str]| {
            keys.iter().try_fold(from, |at, key| at.get(*key)).and_then(Value::as_str).map(ResourceId::new)
        };
        let zones = from.get("zones").and_then(Value::as_array);
        Site {
            location: location.to_owned(),
            units: u32::try_from(capacity).unwrap_or(u32::MAX),
            subnet: within(&["virtualNetworkConfiguration", "subnetResourceId"]),
            public_address: within(&["publicIpAddressId"]),
            zones: zones.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    };
    let location = body.get("location").and_then(Value::as_str).unwrap_or_default();
    let empty = json!({});
    let properties = body.get("properties").unwrap_or(&empty);
    let mut first = site(properties, location, capacity);
    let zones = body.get("zones").and_then(Value::as_array);
    first.zones = zones.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut sites = vec![first];
    for more in properties.get("additionalLocations").and_then(Value::as_array).into_iter().flatten() {
        let location = more.get("location").and_then(Value::as_str).unwrap_or_default();
        let capacity = more.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or(1);
        sites.push(site(more, location, capacity));
    }
    let hosts = properties.get("hostnameConfigurations").and_then(Value::as_array).into_iter().flatten();
    let hosts = hosts.filter(|one| one.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "Proxy"));
    let hosts = hosts.filter_map(|one| one.get("hostName")?.as_str());
    let hosts =
        hosts.filter(|host| !host.to_ascii_lowercase().ends_with(".azure-api.net")).map(str::to_ascii_lowercase);
    Ok(ServiceSpec { sku, platform: None, network_type, sites, public_access, hosts: hosts.collect() })
}

/// Is this the configured instance, which no request made?
fn is_unclaimed(cx: &Cx<'_>, id: &str) -> bool {
    !cx.state.claimed && cx.state.primary.as_deref().is_some_and(|primary| key(primary) == key(id))
}

/// The first instance that a request makes is the one that the gateway's listeners serve: it takes the place of the one
/// that the configuration names.
fn claim(cx: &mut Cx<'_>, id: &str) {
    if cx.state.claimed && cx.state.primary.is_some() {
        return;
    }
    if let Some(configured) = cx.state.primary.take() {
        // Its private endpoints were there for it alone.
        let own = ResourceId::new(&configured);
        let endpoints: Vec<ResourceId> =
            cx.state.network.endpoints().filter(|(_, one)| one.target == own).map(|(id, _)| id.clone()).collect();
        for id in endpoints {
            cx.state.network.delete_endpoint(&id);
            cx.state.remove(id.as_str());
        }
        let network = configured_network(&configured);
        if matches!(cx.state.network.delete_virtual_network(&ResourceId::new(&network)), Ok(true)) {
            cx.state.remove(&network);
        }
        let interfaces = "/providers/microsoft.network/networkinterfaces/";
        let orphans: Vec<String> = cx
            .state
            .resources
            .values()
            .filter(|one| key(&one.id).contains(interfaces))
            .filter(|one| {
                let endpoint = one.body.pointer("/properties/privateEndpoint/id").and_then(Value::as_str);
                endpoint.is_some_and(|id| cx.state.network.endpoint(&ResourceId::new(id)).is_none())
            })
            .map(|one| one.id.clone())
            .collect();
        for id in orphans {
            cx.state.remove(&id);
        }
        cx.state.network.delete_service(&own);
        cx.state.remove(&configured);
    }
    cx.state.primary = Some(id.to_owned());
    cx.state.claimed = true;
}

/// Makes the configured instance known, unless a request made another one in its place.
pub(crate) fn adopt(cx: &mut Cx<'_>) -> Result<()> {
    let configured = cx.world.configured.clone();
    if cx.state.claimed || configured.service.is_empty() {
        return Ok(());
    }
    if let Some(known) = cx.state.primary.clone() {
        if key(&known) == key(&configured.service) {
            return Ok(());
        }
        cx.state.network.delete_service(&ResourceId::new(&known));
        cx.state.remove(&known);
    }
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
    let mut spec = spec(&configured.body)?;
    // Rules about creation are for requests: a configuration may begin with public access disabled.
    let wanted = std::mem::replace(&mut spec.public_access, PublicAccess::Enabled);
    let id = ResourceId::new(&configured.service);
    cx.state.network.put_service(&id, spec)?;
    cx.state.primary = Some(configured.service.clone());
    cx.state.put(&configured.service, SERVICE, configured.body.clone(), cx.world.now);
    configured_endpoints(cx, &below, location)?;
    if wanted == PublicAccess::Disabled {
        cx.state.network.set_public_access(&id, wanted)?;
    }
    Ok(())
}

/// Private endpoints of the configuration: in a virtual network of their own.
fn configured_endpoints(cx: &mut Cx<'_>, service: &Below, location: &str) -> Result<()> {
    let configured = cx.world.configured.clone();
    if configured.endpoints.is_empty() {
        return Ok(());
    }
    let network = configured_network(&service.id());
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
        let wanted = apimite_network::ConnectionStatus::from_name(&one.state);
        if let Some(wanted @ apimite_network::ConnectionStatus::Rejected) = wanted {
            cx.state.network.decide_connection(&ResourceId::new(&configured.service), &one.name, wanted, None)?;
        }
    }
    Ok(())
}

/// The virtual network that private endpoints of the configuration are in.
fn configured_network(service: &str) -> String {
    let group = service.split("/providers/").next().unwrap_or_default();
    format!("{group}/providers/Microsoft.Network/virtualNetworks/configured")
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
    status: Option<apimite_network::ConnectionStatus>,
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

fn delete(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_service(&item.network_id());
    if cx.state.primary.as_deref().is_some_and(|primary| key(primary) == key(&item.id)) {
        cx.state.primary = None;
        cx.state.claimed = true;
        let below = format!("{}/", key(&item.id));
        cx.state.removed.retain(|gone| !gone.starts_with(&below));
    }
    Ok(())
}

/// Source: naming rules of the service: 1 to 50 letters, digits and hyphens, a letter first, no hyphen last.
fn check_service_name(name: &str) -> Result<()> {
    let fits = (1..=50).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if fits {
        return Ok(());
    }
    Err(ArmError::invalid(
        "name",
        format!("`{name}` cannot be the name of a service: 1 to 50 letters, digits and hyphens, a letter first"),
    ))
}

fn show(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    let name = resource.name.as_str();
    let null = ["identity", "zones"];
    for member in null {
        if shown.get(member).is_none() {
            shown[member] = Value::Null;
        }
    }
    if shown.get("tags").is_none() {
        shown["tags"] = json!({});
    }
    shown["etag"] = resource.etag().into();
    shown["systemData"] = json!({
        "createdBy": "local", "createdByType": "Application", "createdAt": iso(Timestamp(resource.created)),
        "lastModifiedBy": "local", "lastModifiedByType": "Application", "lastModifiedAt": iso(Timestamp(resource.changed)),
    });
    let id = ResourceId::new(&resource.id);
    let Some(service) = view.state.network.service(&id) else { return shown };
    let host = names::gateway(name);
    let location = service.spec.sites.first().map(|site| site.location.clone()).unwrap_or_default();
    let [portal, developer, management, scm] = names::others(name);
    let own = json!([{
        "type": "Proxy", "hostName": host, "encodedCertificate": null, "keyVaultId": null, "certificatePassword": null,
        "negotiateClientCertificate": false, "certificate": null, "defaultSslBinding": true, "identityClientId": null,
        "certificateSource": "BuiltIn", "certificateStatus": null,
    }]);
    let given =
        resource.property("hostnameConfigurations").filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    let connections: Vec<Value> =
        service.connections.iter().map(|one| super::connections::shown(&resource.id, one, false)).collect();
    let public: Vec<String> = service.public_addresses().iter().map(ToString::to_string).collect();
    let private: Vec<String> = service.private_addresses().iter().map(ToString::to_string).collect();
    let injected = service.model().is_injected();
    let defaults = json!({
        "publisherEmail": "", "publisherName": "", "notificationSenderEmail": "apimgmt-noreply@mail.windowsazure.com",
        "customProperties": {}, "additionalLocations": null, "virtualNetworkConfiguration": null, "certificates": null,
        "disableGateway": false, "natGatewayState": "Disabled", "apiVersionConstraint": { "minApiVersion": null },
        "publicIpAddressId": null, "enableClientCertificate": null, "developerPortalStatus": "Enabled", "legacyPortalStatus": "Disabled",
    });
    let computed = json!({
        "provisioningState": "Succeeded", "targetProvisioningState": "", "createdAtUtc": iso(Timestamp(resource.created)),
        "gatewayUrl": format!("https://{host}"),
        "gatewayRegionalUrl": format!("https://{}", names::regional(name, &location)),
        "portalUrl": format!("https://{portal}"), "developerPortalUrl": format!("https://{developer}"),
        "managementApiUrl": format!("https://{management}"), "scmUrl": format!("https://{scm}"),
        "hostnameConfigurations": given.cloned().unwrap_or(own),
        "publicIPAddresses": public, "outboundPublicIPAddresses": public,
        "privateIPAddresses": if private.is_empty() && !injected { Value::Null } else { json!(private) },
        "virtualNetworkType": service.spec.network_type.name(),
        "publicNetworkAccess": if service.spec.public_access == PublicAccess::Enabled { "Enabled" } else { "Disabled" },
        "privateEndpointConnections": if connections.is_empty() { Value::Null } else { connections.into() },
        "platformVersion": service.platform.name(),
    });
    for (from, over) in [(defaults, false), (computed, true)] {
        let Value::Object(members) = from else { continue };
        for (member, value) in members {
            if over || shown["properties"].get(&member).is_none() {
                shown["properties"][&member] = value;
            }
        }
    }
    shown
}

fn check_name(view: &View<'_>, _: &Below, request: &Request) -> Result<Answer> {
    let body = request.json()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if let Err(error) = check_service_name(name) {
        let message = error.details.first().map_or("", |one| &one.message);
        return Ok(Answer::json(200, json!({ "nameAvailable": false, "reason": "Invalid", "message": message })));
    }
    let taken = view.state.network.services().any(|(_, one)| one.name().eq_ignore_ascii_case(name));
    let answer = if taken {
        json!({ "nameAvailable": false, "reason": "AlreadyExists", "message": format!("{name} is already in use. Please select a different name.") })
    } else {
        json!({ "nameAvailable": true, "reason": "Valid", "message": "" })
    };
    Ok(Answer::json(200, answer))
}

/// Nothing is kept of a deleted instance.
fn nothing_deleted(_: &View<'_>, _: &Below, _: &Request) -> Result<Answer> {
    Ok(Answer::json(200, json!({ "value": [] })))
}

fn owner(below: &Below) -> String {
    let mut below = below.clone();
    below.types.truncate(1);
    below.names.truncate(1);
    below.id()
}

fn show_again(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let service = view.state.get(&owner(below)).ok_or_else(|| ArmError::not_found(SERVICE, below.name(), ""))?;
    Ok(Answer::json(200, show(view, service)))
}

/// Source: contract of the network status: names, state, and whether it is optional, for each location.
fn network_status(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let id = ResourceId::new(&owner(below));
    let service = view.state.network.service(&id).ok_or_else(|| ArmError::not_found(SERVICE, below.name(), ""))?;
    let reached = view.world.configured.reached.clone();
    let now = iso(view.world.now);
    let status: Vec<Value> = DEPENDENCIES
        .iter()
        .map(|one| {
            let found = reached.get(one.key);
            json!({
                "name": found.map_or(one.key, |found| found.at.as_str()),
                "status": match found { Some(found) if found.error.is_empty() => "success", Some(_) => "failure", None => "initializing" },
                "error": found.map_or("no stand-in is configured for it", |found| found.error.as_str()),
                "lastUpdated": now, "lastStatusChange": now,
                "resourceType": one.purpose, "isOptional": one.needed == Needed::Optional,
            })
        })
        .collect();
    let one = json!({ "dnsServers": dns_servers(&view.state.network, service), "connectivityStatus": status });
    if below.types.len() > 2 {
        return Ok(Answer::json(200, one));
    }
    let all: Vec<Value> = service
        .spec
        .sites
        .iter()
        .map(|site| json!({ "location": region_name(&site.location), "networkStatus": one }))
        .collect();
    Ok(Answer::json(200, all.into()))
}

/// Servers of the network an instance is in, else the cloud's own.
fn dns_servers(network: &Network, service: &apimite_network::ServiceNetwork) -> Vec<String> {
    let subnet = service.spec.sites.first().and_then(|site| site.subnet.as_ref());
    let own = subnet.and_then(|subnet| network.virtual_network(&subnet.parent())).map(|one| one.dns_servers.clone());
    match own {
        Some(servers) if !servers.is_empty() => servers.iter().map(ToString::to_string).collect(),
        _ => vec!["168.63.129.16".to_owned()],
    }
}

fn skus(_: &View<'_>, _: &Below, _: &Request) -> Result<Answer> {
    let all: Vec<Value> = Sku::ALL
        .iter()
        .map(|sku| json!({ "resourceType": SERVICE, "sku": { "name": sku.name() }, "capacity": { "minimum": 1, "maximum": sku.most_units().min(31), "default": 1, "scaleType": "automatic" } }))
        .collect();
    Ok(Answer::json(200, json!({ "value": all })))
}
