//! From a request to the type it is about.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arm::Arm;
use crate::cx::{Item, View};
use crate::error::{ArmError, Result};
use crate::kinds::{self, Kind, Run};
use crate::operations;
use crate::path::{Below, key};
use crate::request::{Answer, Request};
use crate::state::Resource;
use crate::{deploy, groups};

/// Answers a request whose token was checked.
pub(crate) fn answer(arm: &Arm, request: &Request) -> Result<Answer> {
    check_version(request)?;
    let state = arm.state();
    if let Some(subscription) = subscription_of(request) {
        let known = groups::subscription(&state, &arm.look(&request.base, |view| view.world.configured.clone()));
        if !subscription.eq_ignore_ascii_case(&known) {
            let text = format!("The subscription '{subscription}' could not be found. This stand-in has '{known}'.");
            return Err(ArmError::new(404, "SubscriptionNotFound", text));
        }
    }
    if let Some(answer) = deploy::answer(arm, request) {
        return answer;
    }
    if let Some(answer) = operations::answer(arm, request) {
        return answer;
    }
    if let Some(answer) = groups::answer(arm, request) {
        return answer;
    }
    let Some(below) = request.path.below() else {
        let text = format!("There is nothing at `/{}`.", request.path.segments.join("/"));
        return Err(ArmError::new(404, "NotFound", text));
    };
    if let Some(answer) = action(arm, &below, request) {
        return answer;
    }
    let kind = kinds::kind(&below.kind())?;
    if below.is_item() { item(arm, kind, below, request) } else { list(arm, kind, &below, request) }
}

/// Source: the `api-version` parameter of every request: a date, with a word after it for previews.
fn check_version(request: &Request) -> Result<()> {
    let Some(version) = request.parameter("api-version") else {
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(ArmError::bad("MissingApiVersionParameter", text));
    };
    let digits = |range: std::ops::Range<usize>| {
        version.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit())).and_then(|part| part.parse().ok())
    };
    let (year, month, day): (Option<u16>, Option<u8>, Option<u8>) = (
        digits(0..4).map(|n: u16| n),
        version.get(5..7).and_then(|p| p.parse().ok()),
        version.get(8..10).and_then(|p| p.parse().ok()),
    );
    let dashes = version.get(4..5) == Some("-") && version.get(7..8) == Some("-");
    let word = version.get(10..).is_some_and(|rest| {
        rest.is_empty()
            || (rest.starts_with('-') && rest.len() > 1 && rest[1..].bytes().all(|b| b.is_ascii_alphanumeric()))
    });
    let fits = year.is_some_and(|year| (2010..2100).contains(&year))
        && month.is_some_and(|month| (1..=12).contains(&month))
        && day.is_some_and(|day| (1..=31).contains(&day));
    if dashes && word && fits {
        return Ok(());
    }
    Err(ArmError::bad(
        "InvalidApiVersionParameter",
        format!("The api-version '{version}' is invalid. It is a date such as '2022-08-01' or '2023-09-01-preview'."),
    ))
}

fn subscription_of(request: &Request) -> Option<&str> {
    let segments = &request.path.segments;
    let first = segments.first()?;
    first.eq_ignore_ascii_case("subscriptions").then(|| segments.get(1).map(String::as_str)).flatten()
}

fn action(arm: &Arm, below: &Below, request: &Request) -> Option<Result<Answer>> {
    let found = kinds::actions().filter(|one| one.method == request.method).find_map(|one| {
        let count = one.name.split('/').count();
        let whole: Vec<&str> = interleaved(below);
        let at = whole.len().checked_sub(count)?;
        let matches = whole[at..]
            .iter()
            .zip(one.name.split('/'))
            .all(|(have, want)| want == "*" || have.eq_ignore_ascii_case(want));
        let types: Vec<&str> = whole[..at].iter().step_by(2).copied().collect();
        let on = std::iter::once(below.namespace.as_str()).chain(types).collect::<Vec<_>>().join("/");
        (matches && at % 2 == 0 && on.eq_ignore_ascii_case(one.on)).then_some((one, at / 2))
    });
    let (found, depth) = found?;
    let mut parent = below.clone();
    parent.types.truncate(depth);
    parent.names.truncate(depth);
    if depth > 0 {
        let there =
            kinds::kind(&parent.kind()).and_then(|kind| arm.look(&request.base, |view| existing(view, kind, &parent)));
        if let Err(error) = there {
            return Some(Err(error));
        }
    }
    Some(match found.run {
        Run::Look(run) => arm.look(&request.base, |view| run(view, below, request)),
        Run::Change(run) => arm.change(&request.base, &mut |cx| run(cx, below, request)),
    })
}

fn interleaved(below: &Below) -> Vec<&str> {
    let mut all = Vec::new();
    for (index, kind) in below.types.iter().enumerate() {
        all.push(kind.as_str());
        all.extend(below.names.get(index).map(String::as_str));
    }
    all
}

/// The id of what a path names, with types and the group as they are written here.
pub(crate) fn canonical(view: &View<'_>, kind: &Kind, below: &Below) -> String {
    let mut below = below.clone();
    let mut parts = kind.name.split('/');
    if let Some(namespace) = parts.next() {
        below.namespace = namespace.to_owned();
    }
    below.types = parts.map(str::to_owned).collect();
    if let Some(group) = &below.group
        && let Some(known) = view.state.group(&below.subscription, group)
    {
        below.group = Some(known.name.clone());
    }
    below.id()
}

/// Finds a resource.
pub(crate) fn existing(view: &View<'_>, kind: &Kind, below: &Below) -> Result<Arc<Resource>> {
    let id = canonical(view, kind, below);
    (kind.find)(view, below, &id).ok_or_else(|| {
        let group = below.group.clone().unwrap_or_default();
        if let (Some(name), true) = (&below.group, !group.is_empty())
            && view.state.group(&below.subscription, name).is_none()
        {
            return groups::not_found(name);
        }
        let names = below.names.join("/");
        ArmError::not_found(kind.name, &names, &group)
    })
}

fn item(arm: &Arm, kind: &'static Kind, below: Below, request: &Request) -> Result<Answer> {
    match request.method.as_str() {
        "GET" => {
            let answer = arm.look(&request.base, |view| {
                let found = existing(view, kind, &below)?;
                Ok(shown(view, kind, &found, 200))
            });
            operations::seen(arm, request, answer)
        }
        "HEAD" => arm.look(&request.base, |view| {
            let found = existing(view, kind, &below)?;
            Ok(Answer::empty(kind.there).with("etag", format!("\"{}\"", found.etag())))
        }),
        "PUT" | "PATCH" => {
            let body = request.json()?;
            operations::paced(arm, kind, request, &mut |cx| {
                let old = write(cx, kind, &below, &body, request)?;
                let view = cx.view();
                let found = existing(&view, kind, &below)?;
                Ok(shown(&view, kind, &found, if old { 200 } else { kind.created }))
            })
        }
        "DELETE" => operations::paced(arm, kind, request, &mut |cx| delete(cx, kind, &below, request)),
        other => {
            Err(ArmError::new(405, "MethodNotAllowed", format!("`{other}` is not an operation of `{}`.", kind.name)))
        }
    }
}

pub(crate) fn shown(view: &View<'_>, kind: &Kind, resource: &Resource, status: u16) -> Answer {
    Answer::json(status, (kind.show)(view, resource)).with("etag", format!("\"{}\"", resource.etag()))
}

/// Creates or changes a resource; tells whether there was one.
pub(crate) fn write(
    cx: &mut crate::cx::Cx<'_>,
    kind: &'static Kind,
    below: &Below,
    body: &Value,
    request: &Request,
) -> Result<bool> {
    let view = cx.view();
    let id = canonical(&view, kind, below);
    let old = (kind.find)(&view, below, &id);
    check_parent(&view, kind, below)?;
    check_match(request, old.as_deref())?;
    check_name(below.name())?;
    let mut body = body.clone();
    if request.method == "PATCH" {
        let Some(old) = &old else { return existing(&view, kind, below).map(|_| true) };
        let mut merged = old.body.clone();
        merge(&mut merged, &body);
        body = merged;
    }
    if kind.located {
        match (body.get("location").and_then(Value::as_str), &old) {
            (None | Some(""), None) => {
                let text = "The location property is required for this definition.";
                return Err(ArmError::bad("LocationRequired", text));
            }
            (None | Some(""), Some(old)) => body["location"] = old.body.get("location").cloned().unwrap_or(Value::Null),
            (Some(new), Some(old)) => {
                let was = old.body.get("location").and_then(Value::as_str).unwrap_or(new);
                if apimite_network::region(was) != apimite_network::region(new) {
                    return Err(ArmError::new(
                        409,
                        "InvalidResourceLocation",
                        format!(
                            "The resource '{}' already exists in location '{was}' in resource group '{}'. A resource with the same name cannot be created in location '{new}'. Please select a new resource name.",
                            below.name(),
                            below.group.as_deref().unwrap_or_default()
                        ),
                    ));
                }
            }
            (Some(_), None) => {}
        }
    }
    let item = Item { below: below.clone(), id: id.clone(), old, query: request.query.clone() };
    let kept = (kind.put)(cx, &item, body)?;
    if !kept.is_null() {
        cx.keep_gone(&id);
        cx.state.put(&id, kind.name, kept, cx.world.now);
    }
    Ok(item.old.is_some())
}

/// Deletes a resource.
pub(crate) fn delete(
    cx: &mut crate::cx::Cx<'_>,
    kind: &'static Kind,
    below: &Below,
    request: &Request,
) -> Result<Answer> {
    let view = cx.view();
    let id = canonical(&view, kind, below);
    let Some(old) = (kind.find)(&view, below, &id) else { return Ok(Answer::empty(204)) };
    check_match(request, Some(&old))?;
    let item = Item { below: below.clone(), id: id.clone(), old: Some(old), query: request.query.clone() };
    (kind.delete)(cx, &item)?;
    cx.state.remove(&id);
    cx.forget_configured(&id);
    Ok(Answer::empty(kind.deleted))
}

fn check_parent(view: &View<'_>, kind: &Kind, below: &Below) -> Result<()> {
    if let Some(group) = &below.group
        && view.state.group(&below.subscription, group).is_none()
    {
        return Err(groups::not_found(group));
    }
    if kind.is_top() {
        return Ok(());
    }
    let parent = below.parent();
    let parent_kind = kinds::kind(&parent.kind())?;
    existing(view, parent_kind, &parent).map(|_| ()).map_err(|_| {
        ArmError::new(
            404,
            "ParentResourceNotFound",
            format!(
                "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
                kind.name.split_once('/').map_or(kind.name, |(_, rest)| rest),
                parent.id()
            ),
        )
    })
}

/// Source: conditional requests of the service: `*` on a PUT does not mean that it has to exist.
fn check_match(request: &Request, old: Option<&Resource>) -> Result<()> {
    let stale = || {
        ArmError::new(
            412,
            "PreconditionFailed",
            "Resource was modified since last retrieval. Please refresh and try again.",
        )
    };
    if let Some(wanted) = request.if_match.as_deref().map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        && !wanted.is_empty()
        && wanted != "*"
        && old.map(Resource::etag).as_deref() != Some(wanted)
    {
        return Err(stale());
    }
    if request.if_none_match.as_deref().map(str::trim) == Some("*") && old.is_some() {
        return Err(stale());
    }
    Ok(())
}

/// Source: naming rules: at most 260 characters, none of `<>*%&:\?` and no control characters.
fn check_name(name: &str) -> Result<()> {
    let bad = name.is_empty()
        || name.chars().count() > 260
        || name.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '%' | '&' | ':' | '\\' | '?' | '#'));
    if bad {
        let text = format!(
            "The resource name '{}' is invalid: it has at most 260 characters, and none of <>%&:\\?#.",
            name.chars().take(300).collect::<String>()
        );
        return Err(ArmError::bad("InvalidResourceName", text));
    }
    Ok(())
}

/// Merges a patch: members replace members, null removes one.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let (Some(target), Some(members)) = (into.as_object_mut(), patch.as_object()) else {
        into.clone_from(patch);
        return;
    };
    for (name, value) in members {
        if value.is_null() {
            target.remove(name);
        } else if value.is_object() && target.get(name).is_some_and(Value::is_object) {
            merge(&mut target[name], value);
        } else {
            target.insert(name.clone(), value.clone());
        }
    }
}

fn list(arm: &Arm, kind: &'static Kind, below: &Below, request: &Request) -> Result<Answer> {
    if request.method != "GET" {
        let known: Vec<&str> = kinds::actions()
            .filter(|one| one.on.eq_ignore_ascii_case(&below.parent().kind()))
            .map(|one| one.name)
            .collect();
        let text = format!(
            "`{}` is not an operation here; actions of `{}` are: {}.",
            request.method,
            below.parent().kind(),
            known.join(", ")
        );
        return Err(ArmError::new(405, "MethodNotAllowed", text));
    }
    arm.look(&request.base, |view| {
        if kind.is_top() {
            let found = view.state.list(&scope(below), kind.name);
            let values: Vec<Value> = found.map(|one| (kind.show)(view, one)).collect();
            return Ok(Answer::json(200, json!({ "value": values })));
        }
        let parent = below.parent();
        let parent_kind = kinds::kind(&parent.kind())?;
        let parent = existing(view, parent_kind, &parent)?;
        let all = (kind.list)(view, &parent.id, kind.name);
        let values = all.iter().map(|one| (kind.show)(view, one)).collect();
        Ok(Answer::json(200, crate::list::page(values, request)?))
    })
}

fn scope(below: &Below) -> String {
    match &below.group {
        Some(group) => format!("/subscriptions/{}/resourceGroups/{group}", below.subscription),
        None => format!("/subscriptions/{}", below.subscription),
    }
}

impl crate::cx::Cx<'_> {
    /// A configured resource that was deleted and is made again does not get back what was configured below it.
    fn keep_gone(&mut self, id: &str) {
        let (Some(primary), own) = (self.state.primary.as_deref().map(key), key(id)) else { return };
        let Some(path) = own.strip_prefix(&format!("{primary}/")).filter(|_| self.state.removed.contains(&own)) else {
            return;
        };
        let below = format!("{path}/");
        let gone = self.world.configured.children.keys().filter(|at| at.starts_with(&below));
        let gone: Vec<String> = gone.map(|at| format!("{primary}/{at}")).collect();
        self.state.removed.extend(gone);
    }

    /// Remembers that a configured resource is gone.
    pub(crate) fn forget_configured(&mut self, id: &str) {
        let Some(primary) = self.state.primary.as_deref().map(key) else { return };
        let own = key(id);
        let Some(path) = own.strip_prefix(&format!("{primary}/")) else { return };
        let below = format!("{path}/");
        if self.world.configured.children.keys().any(|at| at == path || at.starts_with(&below)) {
            self.state.removed.insert(own);
        }
    }
}
