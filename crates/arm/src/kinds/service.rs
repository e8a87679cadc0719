//! `Microsoft.ApiManagement/service`: the instance itself.

use apimite_clock::Timestamp;
use apimite_network::{NetworkType, PublicAccess, ResourceId, ServiceSpec, Site, Sku, names};
use serde_json::{Map, Value, json};

use super::configured::{claim, is_unclaimed};
use super::{Kind, region_name};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::key;
use crate::state::Resource;
use crate::time::iso;

/// Name of the type.
pub const SERVICE: &str = "Microsoft.ApiManagement/service";

/// The type.
pub const KINDS: &[Kind] = &[Kind { put, show, delete, ..Kind::located(SERVICE) }];

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
pub(super) fn spec(body: &Value) -> Result<ServiceSpec> {
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
pub(super) fn check_service_name(name: &str) -> Result<()> {
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

pub(super) fn show(view: &View<'_>, resource: &Resource) -> Value {
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
