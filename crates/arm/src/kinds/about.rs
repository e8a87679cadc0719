//! What is asked about instances besides the instances: names, tiers, regions, the state of their network.

use std::collections::BTreeMap;

use apimite_network::ports::{DEPENDENCIES, Direction, Needed, PORTS};
use apimite_network::{Network, ResourceId, ServiceNetwork, Sku, region};
use serde_json::{Value, json};

use super::service::{SERVICE, check_service_name, show};
use super::{Action, Run, region_name};
use crate::cx::View;
use crate::effect::Tried;
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::time::iso;

/// Actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "POST", on: "Microsoft.ApiManagement", name: "checkNameAvailability", run: Run::Look(check_name) },
    Action { method: "GET", on: "Microsoft.ApiManagement", name: "deletedservices", run: Run::Look(nothing_deleted) },
    Action { method: "GET", on: SERVICE, name: "networkstatus", run: Run::Look(network_status) },
    Action { method: "GET", on: SERVICE, name: "locations/*/networkstatus", run: Run::Look(network_status) },
    Action { method: "GET", on: SERVICE, name: "outboundNetworkDependenciesEndpoints", run: Run::Look(dependencies) },
    Action { method: "GET", on: SERVICE, name: "regions", run: Run::Look(regions) },
    Action { method: "POST", on: SERVICE, name: "applynetworkconfigurationupdates", run: Run::Look(show_again) },
    Action { method: "GET", on: SERVICE, name: "skus", run: Run::Look(skus) },
];

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

/// Source: contract of the network status: what an instance depends on, its state, and whether it is optional, for each
/// location. Azure looks every 15 minutes; here every question is an attempt.
fn network_status(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let id = ResourceId::new(&owner(below));
    let service = view.state.network.service(&id).ok_or_else(|| ArmError::not_found(SERVICE, below.name(), ""))?;
    let sites = &service.spec.sites;
    if below.types.len() > 2 {
        let wanted = below.names.get(1).map_or("", String::as_str);
        if !sites.iter().any(|site| region(&site.location) == region(wanted)) {
            let own: Vec<String> = sites.iter().map(|site| region_name(&site.location)).collect();
            let text = format!(
                "The service '{}' has nothing in location '{wanted}'. It is in: {}.",
                service.name(),
                own.join(", ")
            );
            return Err(ArmError::new(404, "ResourceNotFound", text));
        }
        return Ok(Answer::json(200, status(view, service)));
    }
    let one = status(view, service);
    let all: Vec<Value> =
        sites.iter().map(|site| json!({ "location": region_name(&site.location), "networkStatus": one })).collect();
    Ok(Answer::json(200, all.into()))
}

/// Tries every dependency that has a stand-in; one without was never reached, which Azure calls initializing.
fn status(view: &View<'_>, service: &ServiceNetwork) -> Value {
    let tried: BTreeMap<&str, Tried> =
        view.world.gateways.dependencies().into_iter().map(|one| (one.key, one)).collect();
    let now = iso(view.world.now);
    let list = DEPENDENCIES.iter().map(|one| {
        let found = tried.get(one.key);
        let (state, error) = match found {
            None => ("initializing", format!("no stand-in is configured: `network.dependencies.{}`", one.key)),
            Some(Tried { error: None, .. }) => ("success", String::new()),
            Some(Tried { error: Some(error), .. }) => ("failure", error.clone()),
        };
        json!({
            "name": found.map_or(one.key, |found| found.at.as_str()), "status": state, "error": error,
            "lastUpdated": now, "lastStatusChange": found.map_or_else(|| now.clone(), |found| iso(found.since)),
            "resourceType": one.purpose, "isOptional": one.needed == Needed::Optional,
        })
    });
    json!({ "dnsServers": dns_servers(&view.state.network, service), "connectivityStatus": list.collect::<Vec<_>>() })
}

/// Source: contract of the outbound dependencies: what leaves the network, by purpose, with ports.
fn dependencies(_: &View<'_>, _: &Below, _: &Request) -> Result<Answer> {
    let outbound = PORTS.iter().filter(|row| row.direction != Direction::Inbound);
    let all = outbound.map(|row| {
        let ports = row.ports.iter().flat_map(|(first, last)| *first..=*last).map(|port| json!({ "port": port }));
        json!({
            "category": row.purpose,
            "endpoints": [{ "domainName": row.to.name(), "endpointDetails": ports.collect::<Vec<_>>() }],
        })
    });
    Ok(Answer::json(200, json!({ "value": all.collect::<Vec<_>>() })))
}

fn regions(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let id = ResourceId::new(&owner(below));
    let service = view.state.network.service(&id).ok_or_else(|| ArmError::not_found(SERVICE, below.name(), ""))?;
    let all = service.spec.sites.iter().enumerate().map(|(index, site)| {
        json!({ "name": region_name(&site.location), "isMasterRegion": index == 0, "isDeleted": false })
    });
    let all: Vec<Value> = all.collect();
    Ok(Answer::json(200, json!({ "count": all.len(), "value": all, "nextLink": null })))
}

/// Servers of the network an instance is in, else the cloud's own.
fn dns_servers(network: &Network, service: &ServiceNetwork) -> Vec<String> {
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
