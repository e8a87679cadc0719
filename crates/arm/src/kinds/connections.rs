//! Private endpoint connections of an instance, and what its private endpoints may reach.

use std::sync::Arc;

use apimite_network::{Connection, ConnectionStatus, GROUP_ID, ResourceId};
use serde_json::{Value, json};

use super::service::SERVICE;
use super::{Action, Kind, Run};
use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

const CONNECTIONS: &str = "Microsoft.ApiManagement/service/privateEndpointConnections";
const LINKS: &str = "Microsoft.ApiManagement/service/privateLinkResources";

/// Types that are computed from the network.
pub const KINDS: &[Kind] = &[
    // Source: clients refuse a 201 here.
    Kind { put, find, list, delete, created: 200, ..Kind::new(CONNECTIONS) },
    Kind { put: cannot_be_put, find: find_link, list: list_links, delete: cannot_be_deleted, ..Kind::new(LINKS) },
];

/// Actions.
pub const ACTIONS: &[Action] = &[Action {
    method: "GET",
    on: "Microsoft.Network",
    name: "locations/*/availablePrivateEndpointTypes",
    run: Run::Look(available),
}];

/// A connection as the service shows it; with its id as a resource of its own.
pub(crate) fn shown(service: &str, one: &Connection, whole: bool) -> Value {
    let mut shown = json!({
        "id": format!("{service}/privateEndpointConnections/{}", one.name),
        "name": one.name,
        "type": CONNECTIONS,
        "properties": {
            "privateEndpoint": { "id": one.endpoint.as_str() },
            "groupIds": [one.group_id],
            "provisioningState": "Succeeded",
            "privateLinkServiceConnectionState": {
                "status": one.status.name(), "description": one.description, "actionsRequired": "None",
            },
        },
    });
    if whole {
        shown["properties"]["linkIdentifier"] = one.link_id.to_string().into();
    }
    shown
}

fn resource(service: &str, one: &Connection) -> Arc<Resource> {
    let mut body = shown(service, one, true);
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| name == "properties");
    }
    Arc::new(Resource {
        id: format!("{service}/privateEndpointConnections/{}", one.name),
        kind: CONNECTIONS.to_owned(),
        name: one.name.clone(),
        body,
        serial: u64::from(one.link_id) << 8 | one.status as u64,
        created: 0,
        changed: 0,
    })
}

fn find(view: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    let service = ResourceId::new(id).parent();
    let found = view.state.network.service(&service)?;
    found.connection(below.name()).map(|one| resource(found.id.as_str(), one))
}

fn list(view: &View<'_>, parent: &str, _: &'static str) -> Vec<Arc<Resource>> {
    let Some(service) = view.state.network.service(&ResourceId::new(parent)) else { return Vec::new() };
    service.connections.iter().map(|one| resource(service.id.as_str(), one)).collect()
}

/// Only the state can be written; what the body leaves out stays.
fn put(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let state = body.pointer("/properties/privateLinkServiceConnectionState").unwrap_or(&Value::Null);
    let Some(word) = state.get("status").and_then(Value::as_str) else {
        let text = "`properties.privateLinkServiceConnectionState.status` is required: Approved or Rejected";
        return Err(ArmError::invalid("privateLinkServiceConnectionState", text));
    };
    let status = ConnectionStatus::from_name(word).ok_or_else(|| {
        let text = format!("`{word}` is no state of a connection: Approved, Rejected, Pending or Disconnected");
        ArmError::invalid("status", text)
    })?;
    let description = state.get("description").and_then(Value::as_str);
    cx.state.network.decide_connection(&item.network_parent(), item.name(), status, description)?;
    Ok(Value::Null)
}

fn delete(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    cx.state.network.delete_connection(&item.network_parent(), item.name())?;
    Ok(())
}

fn link(service: &str) -> Arc<Resource> {
    Arc::new(Resource {
        id: format!("{service}/privateLinkResources/{GROUP_ID}"),
        kind: LINKS.to_owned(),
        name: GROUP_ID.to_owned(),
        body: json!({ "properties": { "groupId": GROUP_ID, "requiredMembers": [GROUP_ID], "requiredZoneNames": ["privateLink.azure-api.net"] } }),
        serial: 1,
        created: 0,
        changed: 0,
    })
}

fn find_link(_: &View<'_>, below: &Below, id: &str) -> Option<Arc<Resource>> {
    below.name().eq_ignore_ascii_case(GROUP_ID).then(|| link(ResourceId::new(id).parent().as_str()))
}

fn list_links(_: &View<'_>, parent: &str, _: &'static str) -> Vec<Arc<Resource>> {
    vec![link(parent)]
}

fn cannot_be_put(_: &mut Cx<'_>, _: &Item, _: Value) -> Result<Value> {
    Err(ArmError::new(405, "MethodNotAllowed", format!("`{LINKS}` can only be read.")))
}

fn cannot_be_deleted(_: &mut Cx<'_>, _: &Item) -> Result<()> {
    Err(ArmError::new(405, "MethodNotAllowed", format!("`{LINKS}` can only be read.")))
}

/// Source: the list holds `Microsoft.ApiManagement.service`, whose resource name is the type.
fn available(_: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let location = below.names.first().map_or("", String::as_str);
    let name = "Microsoft.ApiManagement.service";
    let one = json!({
        "id": format!("/subscriptions/{}/providers/Microsoft.Network/locations/{location}/availablePrivateEndpointTypes/{name}", below.subscription),
        "name": name, "type": "Microsoft.Network/AvailablePrivateEndpointTypes",
        "resourceName": SERVICE, "displayName": SERVICE, "apiVersion": "2021-08-01",
    });
    Ok(Answer::json(200, json!({ "value": [one] })))
}
