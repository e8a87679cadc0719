//! Long operations: finished at once, or in the time that Azure takes.
//!
//! In Azure's time a change is tried when it is asked for (what is refused is refused at once), and made when its time is
//! over; until then the resource shows that it is being changed. The clock is the gateway's: `apimite clock advance 45m`
//! ends them.

use std::time::Duration;

use apimite_clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arm::Arm;
use crate::cx::Cx;
use crate::error::{ArmError, Result};
use crate::kinds::{self, Kind};
use crate::path::{Path, key};
use crate::request::{Answer, Request};
use crate::route;
use crate::state::State;
use crate::time::iso;

/// How long operations take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// No time.
    #[default]
    AtOnce,
    /// What they take in Azure.
    Azure,
}

/// A long operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// Id.
    pub id: String,
    /// Id of the resource, as the request wrote it.
    pub resource: String,
    method: String,
    path: String,
    body: String,
    base: String,
    started: i64,
    ends: i64,
    done: bool,
    error: Option<Value>,
}

/// Operations that are remembered.
const MOST: usize = 200;

/// How long an operation takes in Azure.
///
/// Source: documentation of activation and network changes of an instance (15 to 45 minutes); others by experience of the
/// portal.
fn azures_time(kind: &Kind, method: &str, exists: bool) -> Duration {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    match (kind.name, method) {
        ("Microsoft.ApiManagement/service", "DELETE") => minutes(20),
        ("Microsoft.ApiManagement/service", _) if exists => minutes(15),
        ("Microsoft.ApiManagement/service", _) => minutes(40),
        ("Microsoft.Network/privateEndpoints", _) => minutes(1),
        ("Microsoft.ApiManagement/service/privateEndpointConnections", _) => Duration::from_secs(30),
        ("Microsoft.Network/privateDnsZones" | "Microsoft.Network/privateDnsZones/virtualNetworkLinks", "PUT") => {
            Duration::from_secs(30)
        }
        _ => Duration::ZERO,
    }
}

/// Runs a change now, or begins an operation that will.
pub(crate) fn paced(
    arm: &Arm,
    kind: &'static Kind,
    request: &Request,
    run: &mut dyn FnMut(&mut Cx<'_>) -> Result<Answer>,
) -> Result<Answer> {
    let exists = arm.look(&request.base, |view| {
        request.path.below().is_some_and(|below| route::existing(view, kind, &below).is_ok())
    });
    let takes = azures_time(kind, &request.method, exists);
    if arm.pace() == Pace::AtOnce || takes.is_zero() || (request.method == "DELETE" && !exists) {
        return arm.change(&request.base, run);
    }
    let mut answer = arm.rehearse(&request.base, run)?;
    let path = format!("/{}", request.path.segments.join("/"));
    let state = arm.state();
    if pending(&state, &path).is_some() {
        let text = format!("Another operation on '{path}' is in progress; wait until it has ended.");
        return Err(ArmError::new(409, "AnotherOperationInProgress", text));
    }
    let id = arm.change(&request.base, &mut |cx| {
        let number = cx.state.count();
        let id = cx.world.authority.uuid(&format!("operation {number}"));
        let now = cx.world.now;
        let operation = Operation {
            id: id.clone(),
            resource: path.clone(),
            method: request.method.clone(),
            path: path.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            base: request.base.clone(),
            started: now.0,
            ends: (now + takes).0,
            done: false,
            error: None,
        };
        while cx.state.operations.len() >= MOST {
            let oldest = cx.state.operations.iter().filter(|(_, one)| one.done).min_by_key(|(_, one)| one.started);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            cx.state.operations.remove(&oldest);
        }
        cx.state.operations.insert(id.clone(), operation);
        Ok(id)
    })?;
    let subscription = request.path.segments.get(1).cloned().unwrap_or_default();
    let namespace = kind.name.split('/').next().unwrap_or_default();
    let place = |what: &str| {
        let version = request.parameter("api-version").unwrap_or_default();
        format!(
            "{}/subscriptions/{subscription}/providers/{namespace}/locations/local/{what}/{id}?api-version={version}",
            request.base
        )
    };
    if request.method == "DELETE" {
        answer = Answer::empty(202);
    } else {
        if let Some(body) = &mut answer.body {
            mark(body, exists);
        }
        answer.status = if exists { 200 } else { kind.created };
        answer.headers.retain(|(name, _)| *name != "etag");
    }
    Ok(answer
        .with("azure-asyncoperation", place("operationStatuses"))
        .with("location", place("operationResults"))
        .with("retry-after", "1"))
}

fn mark(body: &mut Value, exists: bool) {
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        let state = if exists { "Updating" } else { "Created" };
        properties.insert("provisioningState".to_owned(), state.into());
        if properties.contains_key("targetProvisioningState") {
            let target = if exists { "" } else { "Activating" };
            properties.insert("targetProvisioningState".to_owned(), target.into());
        }
    }
}

/// The operation that is changing a resource.
fn pending<'s>(state: &'s State, id: &str) -> Option<&'s Operation> {
    let id = key(id);
    state.operations.values().find(|one| !one.done && key(&one.resource) == id)
}

/// What a resource that is being changed shows; `None` when nothing happens to it.
pub(crate) fn seen(arm: &Arm, request: &Request, answer: Result<Answer>) -> Result<Answer> {
    let state = arm.state();
    let path = format!("/{}", request.path.segments.join("/"));
    let Some(operation) = pending(&state, &path) else { return answer };
    match answer {
        Ok(mut answer) => {
            if let Some(body) = &mut answer.body {
                mark(body, true);
                if operation.method == "DELETE" {
                    body["properties"]["provisioningState"] = "Deleting".into();
                }
            }
            Ok(answer)
        }
        Err(_) if operation.method == "PUT" => {
            let replay = replayed(operation);
            let below = request.path.below().ok_or_else(|| ArmError::new(404, "NotFound", "There is nothing here."))?;
            let kind = kinds::kind(&below.kind())?;
            let body = replay.json()?;
            let mut answer = arm.rehearse(&request.base, &mut |cx| {
                route::write(cx, kind, &below, &body, &replay)?;
                let view = cx.view();
                let found = route::existing(&view, kind, &below)?;
                Ok(route::shown(&view, kind, &found, 200))
            })?;
            if let Some(body) = &mut answer.body {
                mark(body, false);
            }
            Ok(answer)
        }
        failed => failed,
    }
}

fn replayed(operation: &Operation) -> Request {
    Request {
        method: operation.method.clone(),
        path: Path { segments: operation.path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() },
        base: operation.base.clone(),
        body: operation.body.clone().into_bytes(),
        ..Request::default()
    }
}

/// When the next operation ends.
pub(crate) fn next_end(state: &State) -> Option<Timestamp> {
    state.operations.values().filter(|one| !one.done).map(|one| Timestamp(one.ends)).min()
}

/// Makes every change whose time has come.
pub(crate) fn settle(arm: &Arm) {
    let now = arm.clock().now();
    let state = arm.state();
    let mut due: Vec<&Operation> = state.operations.values().filter(|one| !one.done && one.ends <= now.0).collect();
    due.sort_by_key(|one| (one.ends, one.started));
    for operation in due {
        let replay = replayed(operation);
        let outcome = (|| {
            let below = replay.path.below().ok_or_else(|| ArmError::new(404, "NotFound", "There is nothing here."))?;
            let kind = kinds::kind(&below.kind())?;
            let body = replay.json()?;
            arm.change(&operation.base, &mut |cx| {
                // Settled by another request meanwhile?
                if cx.state.operations.get(&operation.id).is_none_or(|one| one.done) {
                    return Ok(());
                }
                if operation.method == "DELETE" {
                    route::delete(cx, kind, &below, &replay)?;
                } else {
                    route::write(cx, kind, &below, &body, &replay)?;
                }
                if let Some(one) = cx.state.operations.get_mut(&operation.id) {
                    one.done = true;
                }
                Ok(())
            })
        })();
        if let Err(error) = outcome {
            let body = error.body();
            // The failure itself is kept; should even that fail, the operation is tried again.
            let _ = arm.change(&operation.base, &mut |cx| {
                if let Some(one) = cx.state.operations.get_mut(&operation.id) {
                    one.done = true;
                    one.error = body.get("error").cloned();
                }
                Ok(())
            });
        }
    }
}

/// Answers questions about operations.
pub(crate) fn answer(arm: &Arm, request: &Request) -> Option<Result<Answer>> {
    let segments = request.path.folded();
    let [.., "locations", _, what, id] = segments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return None;
    };
    let is_status = matches!(what, "operationstatuses" | "operationsstatuses");
    if !(is_status || matches!(what, "operationresults" | "operationsresults")) || request.method != "GET" {
        return None;
    }
    let state = arm.state();
    let Some(operation) = state.operations.get(id) else {
        return Some(Err(ArmError::new(404, "OperationNotFound", format!("There is no operation '{id}'."))));
    };
    let path = format!("/{}", request.path.segments.join("/"));
    if is_status {
        let mut body = json!({ "id": path, "name": operation.id, "startTime": iso(Timestamp(operation.started)) });
        let (status, percent) = match (operation.done, &operation.error) {
            (false, _) => ("InProgress", 50),
            (true, None) => ("Succeeded", 100),
            (true, Some(_)) => ("Failed", 100),
        };
        body["status"] = status.into();
        body["percentComplete"] = percent.into();
        if operation.done {
            body["endTime"] = iso(Timestamp(operation.ends)).into();
        }
        if let Some(error) = &operation.error {
            body["error"] = error.clone();
        }
        let answer = Answer::json(200, body);
        return Some(Ok(if operation.done { answer } else { answer.with("retry-after", "1") }));
    }
    if !operation.done {
        let version = request.parameter("api-version").unwrap_or_default();
        let again = format!("{}{path}?api-version={version}", request.base);
        return Some(Ok(Answer::empty(202).with("location", again).with("retry-after", "1")));
    }
    if let Some(error) = &operation.error {
        return Some(Ok(Answer::json(400, json!({ "error": error }))));
    }
    let found = arm.look(&request.base, |view| {
        let below = Path::parse(&operation.path)?.below().ok_or_else(|| ArmError::new(404, "NotFound", ""))?;
        let kind = kinds::kind(&below.kind())?;
        let found = route::existing(view, kind, &below)?;
        Ok::<_, ArmError>(route::shown(view, kind, &found, 200))
    });
    Some(Ok(found.unwrap_or_else(|_| Answer::empty(204))))
}
