//! Subscriptions, resource groups, providers, locations, tags, and lists over all resources.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arm::Arm;
use crate::effect::Configured;
use crate::error::{ArmError, Result};
use crate::kinds;
use crate::login::TENANT;
use crate::path::{Path, key};
use crate::request::{Answer, Request};
use crate::route::merge;
use crate::state::{Group, State};
use crate::time::iso;

/// The subscription of a stand-in whose configuration names none.
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// The one subscription: that of the configured service.
pub(crate) fn subscription(_state: &State, configured: &Arc<Configured>) -> String {
    let mut parts = configured.service.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("subscriptions"));
    parts.next().filter(|id| !id.is_empty()).unwrap_or(SUBSCRIPTION).to_owned()
}

/// The refusal of a group that does not exist.
pub(crate) fn not_found(name: &str) -> ArmError {
    ArmError::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
}

/// Answers requests about these; `None` for others.
pub(crate) fn answer(arm: &Arm, request: &Request) -> Option<Result<Answer>> {
    let folded = request.path.folded();
    let segments: Vec<&str> = folded.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    match (method, segments.as_slice()) {
        ("GET", ["subscriptions"]) => {
            let id = arm.look(&request.base, |view| subscription(view.state, &view.world.configured));
            Some(Ok(Answer::json(200, json!({ "value": [shown(&id)], "count": { "type": "Total", "value": 1 } }))))
        }
        ("GET", ["subscriptions", id]) => Some(Ok(Answer::json(200, shown(id)))),
        ("GET", ["tenants"]) => {
            let tenant = json!({ "id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "Apimite", "tenantCategory": "Home" });
            Some(Ok(Answer::json(200, json!({ "value": [tenant] }))))
        }
        ("GET", ["subscriptions", id, "locations"]) => {
            let one = |(name, display): &(&str, &str)| json!({ "id": format!("/subscriptions/{id}/locations/{name}"), "name": name, "displayName": display, "regionalDisplayName": display });
            Some(Ok(Answer::json(200, json!({ "value": kinds::regions().iter().map(one).collect::<Vec<_>>() }))))
        }
        ("GET", ["subscriptions", id, "providers"]) => {
            let mut names: Vec<&str> = kinds::all().filter_map(|kind| kind.name.split('/').next()).collect();
            names.dedup();
            names.push("Microsoft.Resources");
            let all: Vec<Value> = names.iter().map(|name| provider(id, name)).collect();
            Some(Ok(Answer::json(200, json!({ "value": all }))))
        }
        ("GET", ["subscriptions", id, "providers", namespace]) => {
            let found = kinds::all()
                .filter_map(|kind| kind.name.split('/').next())
                .find(|one| one.eq_ignore_ascii_case(namespace));
            let found = found
                .or_else(|| namespace.eq_ignore_ascii_case("Microsoft.Resources").then_some("Microsoft.Resources"));
            Some(found.map(|name| Answer::json(200, provider(id, name))).ok_or_else(|| kinds::unknown(namespace)))
        }
        ("POST", ["subscriptions", id, "providers", namespace, "register"]) => {
            Some(Ok(Answer::json(200, provider(id, namespace))))
        }
        (_, ["subscriptions", id, "resourcegroups"]) if method == "GET" => {
            let state = arm.state();
            let found: Vec<Value> =
                state.groups.values().filter(|group| group.subscription.eq_ignore_ascii_case(id)).map(group).collect();
            Some(Ok(Answer::json(200, json!({ "value": found }))))
        }
        (_, ["subscriptions", _, "resourcegroups", _]) => Some(one_group(arm, request)),
        ("GET", ["subscriptions", _, "resources"]) => Some(resources(arm, request, None)),
        ("GET", ["subscriptions", _, "resourcegroups", name, "resources"]) => Some(resources(arm, request, Some(name))),
        (_, [.., "providers", "microsoft.resources", "tags", "default"]) => Some(tags(arm, request)),
        _ => None,
    }
}

fn shown(id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": TENANT, "displayName": "local", "state": "Enabled",
        "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "local", "spendingLimit": "Off" },
    })
}

fn provider(subscription: &str, namespace: &str) -> Value {
    let locations: Vec<&str> = kinds::regions().iter().map(|(_, display)| *display).collect();
    let versions: &[&str] = match namespace.to_ascii_lowercase().as_str() {
        "microsoft.apimanagement" => &["2024-05-01", "2022-08-01", "2021-08-01"],
        "microsoft.network" => &["2024-05-01", "2020-06-01", "2018-09-01"],
        _ => &["2024-11-01", "2021-04-01"],
    };
    let own = kinds::all()
        .filter_map(|kind| kind.name.split_once('/'))
        .filter(|(one, _)| one.eq_ignore_ascii_case(namespace));
    let types: Vec<Value> = own.map(|(_, kind)| json!({ "resourceType": kind, "locations": locations, "apiVersions": versions, "capabilities": "None" })).collect();
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{namespace}"), "namespace": namespace,
        "registrationState": "Registered", "registrationPolicy": "RegistrationRequired", "resourceTypes": types,
    })
}

fn group(group: &Group) -> Value {
    json!({
        "id": format!("/subscriptions/{}/resourceGroups/{}", group.subscription, group.name),
        "name": group.name, "type": "Microsoft.Resources/resourceGroups", "location": group.location,
        "tags": group.tags, "properties": { "provisioningState": "Succeeded" },
    })
}

fn one_group(arm: &Arm, request: &Request) -> Result<Answer> {
    let segments = &request.path.segments;
    let (subscription, name) =
        (segments.get(1).cloned().unwrap_or_default(), segments.get(3).cloned().unwrap_or_default());
    let found = arm.state().group(&subscription, &name).cloned();
    match (request.method.as_str(), found) {
        ("GET", Some(found)) => Ok(Answer::json(200, group(&found))),
        ("HEAD", found) => Ok(Answer::empty(if found.is_some() { 204 } else { 404 })),
        ("GET" | "PATCH", None) => Err(not_found(&name)),
        ("DELETE", None) => Err(not_found(&name)),
        ("PUT" | "PATCH", found) => {
            let body = request.json()?;
            if found.is_none() {
                check_group_name(&name)?;
            }
            let location = body.get("location").and_then(Value::as_str).map(apimite_network::region);
            let location = match (location, &found) {
                (Some(new), Some(old)) if new != apimite_network::region(&old.location) => {
                    let text = format!(
                        "Invalid resource group location '{new}'. The Resource group already exists in location '{}'.",
                        old.location
                    );
                    return Err(ArmError::new(409, "InvalidResourceGroupLocation", text));
                }
                (Some(new), _) => new,
                (None, Some(old)) => old.location.clone(),
                (None, None) => {
                    return Err(ArmError::bad(
                        "LocationRequired",
                        "The location property is required for this definition.",
                    ));
                }
            };
            let given = body.get("tags").cloned();
            let tags = match (&found, given) {
                (Some(old), None) => old.tags.clone(),
                (_, given) => given.unwrap_or_else(|| json!({})),
            };
            let status = if found.is_some() { 200 } else { 201 };
            let put =
                Group { subscription: subscription.clone(), name: found.map_or(name, |old| old.name), location, tags };
            arm.change(&request.base, &mut |cx| {
                cx.state.groups.insert(key(&format!("{subscription}/{}", put.name)), put.clone());
                Ok(Answer::json(status, group(&put)))
            })
        }
        ("DELETE", Some(found)) => arm.change(&request.base, &mut |cx| {
            empty(cx, &subscription, &found.name)?;
            cx.state.groups.remove(&key(&format!("{subscription}/{}", found.name)));
            Ok(Answer::empty(200))
        }),
        (other, _) => {
            Err(ArmError::new(405, "MethodNotAllowed", format!("`{other}` is not an operation of a resource group.")))
        }
    }
}

/// Deletes all that is in a group: again and again, as some resources stand in the way of others.
fn empty(cx: &mut crate::cx::Cx<'_>, subscription: &str, name: &str) -> Result<()> {
    let prefix = format!("{}/", key(&format!("/subscriptions/{subscription}/resourceGroups/{name}")));
    let request = Request { method: "DELETE".to_owned(), ..Request::default() };
    let mut refused = None;
    loop {
        let mut ids: Vec<String> = cx
            .state
            .resources
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix))
            .map(|(_, one)| one.id.clone())
            .collect();
        ids.sort_by_key(|id| std::cmp::Reverse(id.matches('/').count()));
        let before = ids.len();
        if before == 0 {
            return Ok(());
        }
        for id in ids {
            let Some(below) = Path::parse(&id)?.below() else { continue };
            let Ok(kind) = kinds::kind(&below.kind()) else {
                cx.state.remove(&id);
                continue;
            };
            // Children of an instance go with it.
            if below.types.len() > 1 && below.namespace.eq_ignore_ascii_case("Microsoft.ApiManagement") {
                continue;
            }
            if let Err(error) = crate::route::delete(cx, kind, &below, &request) {
                refused = Some(error);
            }
        }
        let after = cx.state.resources.keys().filter(|key| key.starts_with(&prefix)).count();
        if after == before {
            return match refused {
                Some(error) => Err(error),
                None => Ok(()),
            };
        }
    }
}

/// Source: naming rules: 1 to 90 letters, digits, `-`, `_`, `.` and parentheses; no dot at the end.
fn check_group_name(name: &str) -> Result<()> {
    let fits = (1..=90).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c))
        && !name.ends_with('.');
    if fits {
        Ok(())
    } else {
        Err(ArmError::bad(
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{}' is not valid: 1 to 90 letters, digits, '-', '_', '.', parentheses.",
                name.chars().take(100).collect::<String>()
            ),
        ))
    }
}

fn resources(arm: &Arm, request: &Request, group: Option<&str>) -> Result<Answer> {
    let filter = request.parameter("$filter").unwrap_or_default().to_owned();
    let wanted = |name: &str| {
        let (_, rest) = filter.split_once(&format!("{name} eq '"))?;
        rest.split_once('\'').map(|(word, _)| word.to_lowercase())
    };
    let (group, kind, name) =
        (group.map(str::to_owned).or_else(|| wanted("resourceGroup")), wanted("resourceType"), wanted("name"));
    arm.look(&request.base, |view| {
        let found = view.state.resources.values().filter(|one| {
            let Some(below) = Path::parse(&one.id).ok().and_then(|path| path.below()) else { return false };
            let top = below.types.len() == 1 && one.kind != crate::deploy::KIND;
            top && group
                .as_ref()
                .is_none_or(|group| below.group.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(group)))
                && kind.as_ref().is_none_or(|kind| one.kind.eq_ignore_ascii_case(kind))
                && name.as_ref().is_none_or(|name| one.name.eq_ignore_ascii_case(name))
        });
        let shown: Vec<Value> = found
            .map(|one| {
                let mut shown = json!({ "id": one.id, "name": one.name, "type": one.kind });
                for member in ["location", "tags", "sku", "kind", "identity"] {
                    if let Some(value) = one.body.get(member) {
                        shown[member] = value.clone();
                    }
                }
                if request.parameter("$expand").is_some() {
                    shown["createdTime"] = iso(apimite_clock::Timestamp(one.created)).into();
                    shown["changedTime"] = iso(apimite_clock::Timestamp(one.changed)).into();
                    shown["provisioningState"] = "Succeeded".into();
                }
                shown
            })
            .collect();
        Ok(Answer::json(200, json!({ "value": shown })))
    })
}

/// Tags of anything, by the type that extends it.
fn tags(arm: &Arm, request: &Request) -> Result<Answer> {
    let below = request.path.below().ok_or_else(|| ArmError::new(404, "NotFound", "There is nothing here."))?;
    let target = below.extended.unwrap_or_else(|| match &below.group {
        Some(group) => format!("/subscriptions/{}/resourceGroups/{group}", below.subscription),
        None => format!("/subscriptions/{}", below.subscription),
    });
    let owner = Path::parse(&target)?;
    let found = |state: &State| match owner.below() {
        Some(_) => state.get(&target).map(|one| one.body.get("tags").cloned().unwrap_or_else(|| json!({}))),
        None => owner
            .segments
            .get(3)
            .and_then(|group| state.group(&owner.segments[1], group))
            .map(|group| group.tags.clone()),
    };
    let missing = || ArmError::new(404, "ResourceNotFound", format!("The resource '{target}' was not found."));
    let old = found(&arm.state()).ok_or_else(missing)?;
    let show = |tags: &Value| json!({ "id": format!("{target}/providers/Microsoft.Resources/tags/default"), "name": "default", "type": "Microsoft.Resources/tags", "properties": { "tags": tags } });
    let body = if request.method == "GET" { Value::Null } else { request.json()? };
    let given = body.pointer("/properties/tags").cloned().unwrap_or_else(|| json!({}));
    let new = match request.method.as_str() {
        "GET" => return Ok(Answer::json(200, show(&old))),
        "PUT" => given,
        "DELETE" => json!({}),
        "PATCH" => match body.get("operation").and_then(Value::as_str).unwrap_or("Merge") {
            "Replace" => given,
            "Delete" => {
                let mut left = old.clone();
                if let (Some(left), Some(given)) = (left.as_object_mut(), given.as_object()) {
                    left.retain(|name, _| !given.contains_key(name));
                }
                left
            }
            _ => {
                let mut all = if old.is_object() { old.clone() } else { json!({}) };
                merge(&mut all, &given);
                all
            }
        },
        other => return Err(ArmError::new(405, "MethodNotAllowed", format!("`{other}` is not an operation of tags."))),
    };
    arm.change(&request.base, &mut |cx| {
        if owner.below().is_some() {
            let one = cx.state.get(&target).cloned().ok_or_else(missing)?;
            let mut body = one.body.clone();
            body["tags"] = new.clone();
            cx.state.put(&one.id, &one.kind, body, cx.world.now);
        } else {
            let name = format!("{}/{}", owner.segments[1], owner.segments.get(3).map_or("", String::as_str));
            cx.state.groups.get_mut(&key(&name)).ok_or_else(missing)?.tags = new.clone();
        }
        Ok(Answer::json(200, show(&new)))
    })
}
