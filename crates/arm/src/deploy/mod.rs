//! Deployments of templates to a resource group.

mod lenient;
mod run;
mod template;

use serde_json::{Value, json};

use self::template::Target;
use crate::arm::Arm;
use crate::cx::View;
use crate::error::{ArmError, Result};
use crate::groups;
use crate::request::{Answer, Request};

/// Name of the type.
pub(crate) const KIND: &str = "Microsoft.Resources/deployments";

/// What a request wants.
enum Wish {
    Put,
    Get,
    Head,
    Delete,
    Validate,
    WhatIf,
    Status,
    Export,
    List,
    Operations,
}

/// Answers requests about deployments; `None` for others.
pub(crate) fn answer(arm: &Arm, request: &Request) -> Option<Result<Answer>> {
    let folded = request.path.folded();
    let segments: Vec<&str> = folded.iter().map(String::as_str).collect();
    let written = |at: usize| request.path.segments.get(at).cloned().unwrap_or_default();
    let method = request.method.as_str();
    let (name, wish) = match segments.as_slice() {
        ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.resources", "deployments"]
            if method == "GET" =>
        {
            (String::new(), Wish::List)
        }
        ["subscriptions", _, "resourcegroups", _, "deployments", _, "operations"] if method == "GET" => {
            (written(5), Wish::Operations)
        }
        ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.resources", "deployments", _, rest @ ..] => {
            let wish = match (method, rest) {
                ("PUT", []) => Wish::Put,
                ("GET", []) => Wish::Get,
                ("HEAD", []) => Wish::Head,
                ("DELETE", []) => Wish::Delete,
                ("POST", ["validate"]) => Wish::Validate,
                ("POST", ["whatif"]) => Wish::WhatIf,
                ("POST", ["exporttemplate"]) => Wish::Export,
                ("GET", ["operationstatuses", _]) => Wish::Status,
                ("GET", ["operations"]) => Wish::Operations,
                _ => return None,
            };
            (written(7), wish)
        }
        ["subscriptions", _, "providers", "microsoft.resources", "deployments", ..] => {
            let text = "deployments go to a resource group here: use `az deployment group create`";
            return Some(Err(ArmError::bad("InvalidDeploymentScope", text)));
        }
        _ => return None,
    };
    Some(serve(arm, request, &written(1), &written(3), &name, &wish))
}

fn serve(arm: &Arm, request: &Request, subscription: &str, group: &str, name: &str, wish: &Wish) -> Result<Answer> {
    let state = arm.state();
    let known = state.group(subscription, group).cloned().ok_or_else(|| groups::not_found(group))?;
    let target = Target {
        subscription: subscription.to_owned(),
        group: known.name.clone(),
        location: known.location.clone(),
        name: name.to_owned(),
    };
    let id = target.id();
    let missing = || ArmError::new(404, "DeploymentNotFound", format!("Deployment '{name}' could not be found."));
    let found = || state.get(&id).cloned().ok_or_else(missing);
    match wish {
        Wish::List => {
            let all = state.list(&target.scope(), KIND).map(|one| shown(&one.body, &one.id, &one.name)).collect();
            Ok(Answer::json(200, crate::list::page(all, request)?))
        }
        Wish::Get => found().map(|one| Answer::json(200, shown(&one.body, &one.id, &one.name))),
        Wish::Head => Ok(Answer::empty(if found().is_ok() { 204 } else { 404 })),
        Wish::Export => found().map(|one| Answer::json(200, json!({ "template": one.body.get("template") }))),
        Wish::Operations => found().map(|one| Answer::json(200, json!({ "value": one.body.get("operations") }))),
        Wish::Status => {
            let one = found()?;
            let state = one.property("provisioningState").and_then(Value::as_str).unwrap_or("Succeeded").to_owned();
            let mut body = json!({ "status": state });
            if let Some(error) = one.property("error") {
                body["error"] = error.clone();
            }
            Ok(Answer::json(200, body))
        }
        Wish::Delete => {
            arm.change(&request.base, &mut |cx| Ok(Answer::empty(if cx.state.remove(&id) { 200 } else { 204 })))
        }
        Wish::Validate | Wish::WhatIf | Wish::Put => {
            let text = std::str::from_utf8(&request.body)
                .map_err(|_| ArmError::bad("InvalidRequestContent", "The request content is no text."))?;
            let body = lenient::read(text)?;
            let properties = body.get("properties").cloned().unwrap_or(Value::Null);
            match wish {
                Wish::Validate => run::validate(arm, request, &target, &properties),
                Wish::WhatIf => run::what_if(arm, request, &target, &properties),
                _ => {
                    run::deploy(arm, request, &target, &properties)?;
                    let one = arm.state().get(&id).cloned().ok_or_else(missing)?;
                    let mut body = shown(&one.body, &one.id, &one.name);
                    // Source: the first answer says that it was accepted; the operation tells how it went.
                    body["properties"]["provisioningState"] = "Accepted".into();
                    for late in ["error", "outputs", "outputResources"] {
                        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
                            properties.remove(late);
                        }
                    }
                    let version = request.parameter("api-version").unwrap_or_default();
                    let place = format!("{}{id}/operationStatuses/{}?api-version={version}", request.base, one.serial);
                    Ok(Answer::json(201, body).with("azure-asyncoperation", place).with("retry-after", "1"))
                }
            }
        }
    }
}

impl Target {
    fn scope(&self) -> String {
        format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.group)
    }

    pub(crate) fn id(&self) -> String {
        format!("{}/providers/{KIND}/{}", self.scope(), self.name)
    }
}

/// A deployment as it is shown.
fn shown(body: &Value, id: &str, name: &str) -> Value {
    json!({ "id": id, "name": name, "type": KIND, "properties": body.get("properties") })
}

/// A deployment by id, for `reference`.
pub(crate) fn record(view: &View<'_>, id: &str) -> Option<Value> {
    let one = view.state.get(id).filter(|one| one.kind == KIND)?;
    Some(shown(&one.body, &one.id, &one.name))
}
