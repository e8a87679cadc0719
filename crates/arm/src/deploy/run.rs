//! Runs a template: what is to be deployed, in which order, and how it went.

use std::collections::{BTreeMap, BTreeSet};

use apimite_arm_template::Failed;
use serde_json::{Value, json};

use super::template::{Scope, Target, Wanted, parameters};
use super::{KIND, lenient};
use crate::arm::Arm;
use crate::cx::View;
use crate::error::{ArmError, Detail, Result};
use crate::kinds;
use crate::path::{Path, key};
use crate::request::{Answer, Request};
use crate::route;
use crate::time::iso;

/// How deep deployments may hold deployments.
const MAX_NESTED: usize = 8;

/// One step that was taken.
struct Step {
    id: String,
    error: Option<ArmError>,
}

fn invalid(text: &str) -> ArmError {
    ArmError::bad("InvalidTemplate", format!("Deployment template validation failed: '{text}'."))
}

/// The template of a request, and what is given for its parameters.
fn template_of(properties: &Value) -> Result<(Value, Value)> {
    if properties.get("templateLink").is_some() {
        return Err(ArmError::bad(
            "InvalidTemplate",
            "A linked template is at an address; this stand-in asks nobody: send the template itself (`--template-file`).",
        ));
    }
    let template = match properties.get("template") {
        Some(Value::String(text)) => lenient::read(text)?,
        Some(template @ Value::Object(_)) => template.clone(),
        _ => return Err(ArmError::bad("InvalidRequestContent", "The request content has no `properties.template`.")),
    };
    for needed in ["$schema", "contentVersion", "resources"] {
        if template.get(needed).is_none() {
            return Err(invalid(&format!("Required property '{needed}' not found in JSON")));
        }
    }
    let given = properties.get("parameters").cloned().unwrap_or_else(|| json!({}));
    // A parameter file as a whole has them one level deeper.
    let given = given.get("parameters").filter(|_| given.get("$schema").is_some()).cloned().unwrap_or(given);
    Ok((template, given))
}

/// Runs `look` with a scope over the state as it is.
fn scoped<T>(
    arm: &Arm,
    base: &str,
    target: &Target,
    template: &Value,
    given: &BTreeMap<String, Value>,
    done: &BTreeSet<String>,
    symbols: &BTreeMap<String, String>,
    trial: bool,
    look: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    arm.look(base, |view: &View<'_>| {
        look(&Scope {
            template,
            given: given.clone(),
            target,
            view: *view,
            copies: Vec::new(),
            done,
            symbols,
            trial,
            lookups: std::cell::Cell::new(0),
        })
    })
}

/// Ids of all resources, and the symbolic names of those that have one.
fn list(
    arm: &Arm,
    base: &str,
    target: &Target,
    template: &Value,
    given: &BTreeMap<String, Value>,
) -> Result<(Vec<String>, BTreeMap<String, String>)> {
    let nothing = (BTreeSet::new(), BTreeMap::new());
    scoped(arm, base, target, template, given, &nothing.0, &nothing.1, true, |scope| {
        let mut ids = Vec::new();
        let mut symbols = BTreeMap::new();
        let wanted = scope.resources(template).map_err(|failed| invalid(failed.text()))?;
        for (at, one) in wanted.iter().enumerate() {
            let inner = scope.within(one.copy.clone());
            let fail = |failed: Failed| {
                invalid(&format!("The template resource at position {} is not valid: {}", at + 1, failed.text()))
            };
            let (kind, name) = inner.place(one.written, one.parent.as_ref()).map_err(fail)?;
            let id = inner.id_of(&kind, &name).map_err(fail)?;
            if !kind.eq_ignore_ascii_case(KIND) {
                kinds::kind(&kind)?;
            }
            if one.written.get("apiVersion").is_none() {
                return Err(invalid(&format!("The template resource '{name}' of type '{kind}' has no 'apiVersion'")));
            }
            // Names that others refer to it by; a name alone is one as well, as old templates write it.
            symbols.insert(format!("#{at}"), id.clone());
            let last = name.rsplit('/').next().unwrap_or_default().to_lowercase();
            symbols.entry(last).or_insert_with(|| id.clone());
            if let Some(symbol) = &one.symbol {
                symbols.insert(symbol.to_lowercase(), id.clone());
            }
            ids.push(id);
        }
        Ok((ids, symbols))
    })
}

/// `validate`: parameters, names and types are looked at; nothing is deployed.
pub(super) fn validate(arm: &Arm, request: &Request, target: &Target, properties: &Value) -> Result<Answer> {
    let (template, given) = template_of(properties)?;
    let values = parameters(&template, &given)?;
    let (ids, _) = list(arm, &request.base, target, &template, &values)?;
    let resources: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let body = json!({
        "id": target.id(), "name": target.name, "type": KIND,
        "properties": {
            "mode": properties.get("mode"), "provisioningState": "Succeeded", "timestamp": iso(arm.clock().now()), "duration": "PT0S",
            "correlationId": arm.authority.uuid(&target.id()), "parameters": shown_parameters(&template, &values),
            "templateHash": hash(arm, &template), "providers": [], "dependencies": [], "validatedResources": resources,
        },
    });
    Ok(Answer::json(200, body))
}

/// `whatIf`: which resources would be made, and which exist.
pub(super) fn what_if(arm: &Arm, request: &Request, target: &Target, properties: &Value) -> Result<Answer> {
    let (template, given) = template_of(properties)?;
    let values = parameters(&template, &given)?;
    let (ids, _) = list(arm, &request.base, target, &template, &values)?;
    let state = arm.state();
    let change = |id: &String| {
        let exists = state.get(id).is_some();
        json!({ "resourceId": id, "changeType": if exists { "Deploy" } else { "Create" }, "before": null, "after": { "id": id } })
    };
    let changes: Vec<Value> = ids.iter().map(change).collect();
    Ok(Answer::json(
        200,
        json!({ "status": "Succeeded", "properties": { "correlationId": arm.authority.uuid(&target.id()), "changes": changes } }),
    ))
}

/// Deploys, and keeps how it went.
pub(super) fn deploy(arm: &Arm, request: &Request, target: &Target, properties: &Value) -> Result<()> {
    let (template, given) = template_of(properties)?;
    let values = parameters(&template, &given)?;
    run(arm, &request.base, target, &template, &values, properties.get("mode"), 0).map(|_| ())
}

/// Runs one template; `Ok` when its record is kept, whether or not all of it was deployed.
fn run(
    arm: &Arm,
    base: &str,
    target: &Target,
    template: &Value,
    given: &BTreeMap<String, Value>,
    mode: Option<&Value>,
    nested: usize,
) -> Result<bool> {
    if mode.and_then(Value::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case("Complete")) {
        return Err(ArmError::bad(
            "InvalidDeploymentMode",
            "The mode 'Complete' is not there: this stand-in deletes nothing that a template does not name. Use 'Incremental'.",
        ));
    }
    let began = arm.clock().now();
    let (ids, symbols) = list(arm, base, target, template, given)?;
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut steps: Vec<Step> = Vec::new();
    let mut left: Vec<usize> = (0..ids.len()).collect();
    while !left.is_empty() {
        let mut postponed = Vec::new();
        let mut reason = None;
        let before = left.len();
        for at in left {
            match one(arm, base, target, template, given, at, &ids, &done, &symbols, nested) {
                Ok(Some(id)) => {
                    done.insert(key(&id));
                    steps.push(Step { id, error: None });
                }
                Ok(None) => {
                    done.insert(key(&ids[at]));
                }
                Err(Outcome::Later(why)) => {
                    reason = Some(why);
                    postponed.push(at);
                }
                Err(Outcome::Refused(error)) => {
                    steps.push(Step { id: ids[at].clone(), error: Some(error) });
                    postponed.clear();
                    reason = None;
                    break;
                }
            }
        }
        if postponed.len() == before {
            let at = postponed[0];
            let text =
                reason.unwrap_or_else(|| "its dependencies form a circle, or are not in the template".to_owned());
            steps.push(Step { id: ids[at].clone(), error: Some(invalid(&text)) });
            break;
        }
        if steps.last().is_some_and(|step| step.error.is_some()) {
            break;
        }
        left = postponed;
    }
    let mut failed = steps.iter().find_map(|step| step.error.as_ref().map(|error| (step.id.clone(), error.clone())));
    let mut outputs = json!({});
    if failed.is_none() {
        let made =
            scoped(arm, base, target, template, given, &done, &symbols, false, |scope| outputs_of(scope, template));
        match made {
            Ok(made) => outputs = made,
            Err(why) => failed = Some((target.id(), ArmError::bad("DeploymentOutputEvaluationFailed", why.text()))),
        }
    }
    let took = arm.clock().now().since(began);
    let failure = failed.as_ref().map(|(id, error)| {
        let inner = json!({ "code": error.code, "target": id, "message": whole(error) });
        json!({
            "code": "DeploymentFailed", "target": target.id(),
            "message": "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.",
            "details": [inner],
        })
    });
    let made: Vec<Value> =
        steps.iter().filter(|step| step.error.is_none()).map(|step| json!({ "id": step.id })).collect();
    let operations: Vec<Value> = steps.iter().map(|step| operation(arm, target, step)).collect();
    let mut properties = json!({
        "mode": "Incremental", "provisioningState": if failure.is_some() { "Failed" } else { "Succeeded" },
        "timestamp": iso(arm.clock().now()), "duration": format!("PT{}.{:03}S", took.as_secs(), took.subsec_millis()),
        "correlationId": arm.authority.uuid(&target.id()), "parameters": shown_parameters(template, given),
        "templateHash": hash(arm, template), "outputs": outputs, "outputResources": made, "providers": providers(&ids), "dependencies": [],
    });
    let succeeded = failure.is_none();
    if let Some(error) = failure {
        properties["error"] = error;
    }
    arm.change(base, &mut |cx| {
        let body = json!({ "properties": properties, "operations": operations, "template": template });
        cx.state.put(&target.id(), KIND, body, cx.world.now);
        Ok(())
    })?;
    Ok(succeeded)
}

/// A refusal with its findings in one text.
fn whole(error: &ArmError) -> String {
    let details: Vec<String> = error.details.iter().map(|one| format!(" {}: {}", one.target, one.message)).collect();
    format!("{}{}", error.message, details.join(";"))
}

enum Outcome {
    Later(String),
    Refused(ArmError),
}

impl From<ArmError> for Outcome {
    fn from(error: ArmError) -> Self {
        Self::Refused(error)
    }
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotYet(text) => Self::Later(text),
            Failed::Wrong(text) => Self::Refused(invalid(&text)),
        }
    }
}

/// Deploys one resource; `None` when its condition says no.
fn one(
    arm: &Arm,
    base: &str,
    target: &Target,
    template: &Value,
    given: &BTreeMap<String, Value>,
    at: usize,
    ids: &[String],
    done: &BTreeSet<String>,
    symbols: &BTreeMap<String, String>,
    nested: usize,
) -> std::result::Result<Option<String>, Outcome> {
    let ready = scoped(arm, base, target, template, given, done, symbols, false, |scope| {
        let all = scope.resources(template)?;
        let Some(wanted) = all.get(at) else { return Ok(None) };
        let inner = scope.within(wanted.copy.clone());
        if !inner.is_wanted(wanted.written)? {
            return Ok(None);
        }
        wait_for(&inner, wanted, &all, ids, done)?;
        let (kind, _) = inner.place(wanted.written, wanted.parent.as_ref())?;
        let mut body = json!({});
        let inner_template = kind.eq_ignore_ascii_case(KIND);
        for (name, value) in wanted.written.as_object().into_iter().flatten() {
            match name.as_str() {
                "type" | "name" | "apiVersion" | "dependsOn" | "condition" | "copy" | "resources" | "comments"
                | "scope" | "metadata" => {}
                "properties" if inner_template => body["properties"] = nested_properties(&inner, value)?,
                _ => body[name] = inner.value(value, 0)?,
            }
        }
        let version = inner.value(wanted.written.get("apiVersion").unwrap_or(&Value::Null), 0)?;
        Ok(Some((kind, body, version)))
    });
    let ready: std::result::Result<_, Failed> = ready;
    let Some((kind_name, body, version)) = ready? else { return Ok(None) };
    let id = ids[at].clone();
    if kind_name.eq_ignore_ascii_case(KIND) {
        deploy_inside(arm, base, target, &id, &body, nested)?;
        return Ok(Some(id));
    }
    let kind = kinds::kind(&kind_name)?;
    let request = Request {
        method: "PUT".to_owned(),
        path: Path::parse(&id)?,
        query: vec![("api-version".to_owned(), version.as_str().unwrap_or_default().to_owned())],
        base: base.to_owned(),
        ..Request::default()
    };
    let below = request.path.below().ok_or_else(|| invalid(&format!("'{id}' is no resource")))?;
    arm.change(base, &mut |cx| route::write(cx, kind, &below, &body, &request))?;
    Ok(Some(id))
}

/// The resources that stand in `dependsOn`, and the one around this one, come first.
fn wait_for(
    scope: &Scope<'_>,
    wanted: &Wanted<'_>,
    all: &[Wanted<'_>],
    ids: &[String],
    done: &BTreeSet<String>,
) -> std::result::Result<(), Failed> {
    let is_done = |id: &str| done.contains(&key(id));
    if let Some((kind, name)) = &wanted.parent {
        let parent = scope.id_of(kind, name)?;
        if !is_done(&parent) {
            return Err(Failed::NotYet(format!("'{parent}' comes first")));
        }
    }
    for one in wanted.written.get("dependsOn").and_then(Value::as_array).into_iter().flatten() {
        let named = apimite_arm_template::plain(&scope.value(one, 0)?);
        // All copies of a loop, by its name; a symbolic name; an id, or its end.
        let members: Vec<&String> = all
            .iter()
            .zip(ids)
            .filter(|(other, id)| {
                other.copy.as_ref().is_some_and(|(own, _)| own.eq_ignore_ascii_case(&named))
                    || other.symbol.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&named))
                    || key(id) == key(&named)
                    || key(id).ends_with(&format!("/{}", key(named.trim_start_matches('/'))))
            })
            .map(|(_, id)| id)
            .collect();
        if members.is_empty() {
            let there = Path::parse(&named).ok().and_then(|path| path.below()).is_some_and(|below| {
                kinds::kind(&below.kind()).is_ok_and(|kind| route::existing(&scope.view, kind, &below).is_ok())
            });
            if !there {
                return Err(Failed::Wrong(format!("The resource '{named}' is not defined in the template")));
            }
        }
        if let Some(first) = members.into_iter().find(|id| !is_done(id)) {
            return Err(Failed::NotYet(format!("'{first}' comes first; the dependencies form a circle")));
        }
    }
    Ok(())
}

/// A deployment inside: its parameters are evaluated here, its template is left to itself unless it shares this scope.
fn nested_properties(scope: &Scope<'_>, written: &Value) -> std::result::Result<Value, Failed> {
    let mut properties = written.clone();
    if let Some(given) = written.get("parameters") {
        properties["parameters"] = scope.value(given, 0)?;
    }
    let inner = written.pointer("/expressionEvaluationOptions/scope").and_then(Value::as_str);
    if inner.is_none_or(|scope| !scope.eq_ignore_ascii_case("inner"))
        && let Some(template) = written.get("template")
    {
        properties["template"]["resources"] = scope.value(template.get("resources").unwrap_or(&Value::Null), 0)?;
    }
    Ok(properties)
}

fn deploy_inside(
    arm: &Arm,
    base: &str,
    target: &Target,
    id: &str,
    body: &Value,
    nested: usize,
) -> std::result::Result<(), Outcome> {
    if nested >= MAX_NESTED {
        return Err(invalid(&format!("deployments nest deeper than {MAX_NESTED}")).into());
    }
    let empty = json!({});
    let (template, given) = template_of(body.get("properties").unwrap_or(&empty))?;
    let values = parameters(&template, &given)?;
    let target = Target { name: id.rsplit('/').next().unwrap_or_default().to_owned(), ..target.clone() };
    let mode = body.pointer("/properties/mode");
    if run(arm, base, &target, &template, &values, mode, nested + 1)? {
        return Ok(());
    }
    let kept = arm.state().get(&target.id()).and_then(|one| one.property("error").cloned()).unwrap_or_default();
    let inner = kept.pointer("/details/0").cloned().unwrap_or_default();
    let text = |name: &str| inner.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let detail = Detail { code: text("code"), target: text("target"), message: text("message") };
    Err(ArmError { details: vec![detail], ..ArmError::new(409, "DeploymentFailed", "A deployment inside failed.") }
        .into())
}

fn outputs_of(scope: &Scope<'_>, template: &Value) -> std::result::Result<Value, Failed> {
    let mut outputs = json!({});
    for (name, one) in template.get("outputs").and_then(Value::as_object).into_iter().flatten() {
        let kind = one.get("type").and_then(Value::as_str).unwrap_or("String");
        if !scope.is_wanted(one)? {
            continue;
        }
        outputs[name] = match one.get("value") {
            _ if kind.to_ascii_lowercase().starts_with("secure") => json!({ "type": kind }),
            Some(value) => json!({ "type": kind, "value": scope.value(value, 0)? }),
            None => json!({ "type": kind, "value": null }),
        };
    }
    Ok(outputs)
}

/// Parameters as a deployment shows them: without secrets.
fn shown_parameters(template: &Value, given: &BTreeMap<String, Value>) -> Value {
    let mut shown = json!({});
    for (name, rule) in template.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        let kind = rule.get("type").and_then(Value::as_str).unwrap_or_default();
        let value = given.get(&name.to_lowercase()).or_else(|| rule.get("defaultValue"));
        shown[name] = if kind.to_ascii_lowercase().starts_with("secure") {
            json!({ "type": kind })
        } else {
            json!({ "type": kind, "value": value })
        };
    }
    shown
}

fn hash(arm: &Arm, template: &Value) -> String {
    arm.authority.derived(&template.to_string())
}

fn providers(ids: &[String]) -> Value {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for below in ids.iter().filter_map(|id| Path::parse(id).ok()?.below()) {
        all.entry(below.namespace.clone()).or_default().insert(below.types.join("/"));
    }
    let shown = all.into_iter().map(|(namespace, types)| {
        let types: Vec<Value> =
            types.into_iter().map(|kind| json!({ "resourceType": kind, "locations": [null] })).collect();
        json!({ "namespace": namespace, "resourceTypes": types })
    });
    shown.collect::<Vec<_>>().into()
}

fn operation(arm: &Arm, target: &Target, step: &Step) -> Value {
    let number = arm.authority.derived(&format!("{} {}", target.id(), step.id));
    let below = Path::parse(&step.id).ok().and_then(|path| path.below());
    let (kind, name) = below.map(|below| (below.kind(), below.names.join("/"))).unwrap_or_default();
    let mut properties = json!({
        "provisioningOperation": "Create", "timestamp": iso(arm.clock().now()), "duration": "PT0S",
        "trackingId": arm.authority.uuid(&number), "serviceRequestId": null,
        "provisioningState": if step.error.is_some() { "Failed" } else { "Succeeded" },
        "statusCode": if step.error.is_some() { "BadRequest" } else { "OK" },
        "targetResource": { "id": step.id, "resourceType": kind, "resourceName": name },
    });
    if let Some(error) = &step.error {
        properties["statusMessage"] = error.body();
    }
    json!({ "id": format!("{}/operations/{number}", target.id()), "operationId": number, "properties": properties })
}
