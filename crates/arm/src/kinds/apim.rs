//! Resources below an instance: APIs, operations, products, subscriptions, named values and so on.
//!
//! They are kept as they come, with the defaults and the secrets of the service; what they mean to the gateway is decided
//! by the one who puts them in force, from their bodies.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, Kind, Run, required, set, text};
use crate::cx::{Cx, Item, View};
use crate::effect::WsdlImport;
use crate::error::{ArmError, Result};
use crate::path::{Below, key};
use crate::request::{Answer, Request};
use crate::state::Resource;

pub(super) const APIS: &str = "Microsoft.ApiManagement/service/apis";
const OPERATIONS: &str = "Microsoft.ApiManagement/service/apis/operations";
const OPERATION_POLICIES: &str = "Microsoft.ApiManagement/service/apis/operations/policies";
const SCHEMAS: &str = "Microsoft.ApiManagement/service/apis/schemas";
const SUBSCRIPTIONS: &str = "Microsoft.ApiManagement/service/subscriptions";
const NAMED_VALUES: &str = "Microsoft.ApiManagement/service/namedValues";
const PRODUCTS: &str = "Microsoft.ApiManagement/service/products";

/// A type whose client secrets are put and never shown.
const fn secretive(name: &'static str) -> Kind {
    Kind { show: show_without_secrets, ..Kind::new(name) }
}

fn show_without_secrets(view: &View<'_>, resource: &Resource) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|name, _| !name.eq_ignore_ascii_case("clientSecret"));
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut shown = view.envelope(resource);
    strip(&mut shown);
    shown
}

/// A membership: a path with an empty body.
const fn member(name: &'static str) -> Kind {
    Kind { put: put_member, there: 204, ..Kind::new(name) }
}

/// A resource with a display name.
const fn named(name: &'static str) -> Kind {
    Kind { put: put_named, ..Kind::new(name) }
}

/// Types.
pub const KINDS: &[Kind] = &[
    Kind { put: put_api, show: show_api, delete: delete_api, deleted: 204, ..Kind::new(APIS) },
    Kind { put: put_operation, show: show_operation, ..Kind::new(OPERATIONS) },
    Kind { put: put_schema, ..Kind::new(SCHEMAS) },
    Kind::new("Microsoft.ApiManagement/service/apis/diagnostics"),
    Kind::new("Microsoft.ApiManagement/service/apis/resolvers"),
    secretive("Microsoft.ApiManagement/service/authorizationProviders"),
    secretive("Microsoft.ApiManagement/service/authorizationProviders/authorizations"),
    Kind::new("Microsoft.ApiManagement/service/authorizationProviders/authorizations/accessPolicies"),
    Kind::new("Microsoft.ApiManagement/service/apis/tagDescriptions"),
    Kind::new("Microsoft.ApiManagement/service/apis/tags"),
    Kind::new("Microsoft.ApiManagement/service/apis/operations/tags"),
    named("Microsoft.ApiManagement/service/apiVersionSets"),
    Kind { put: put_product, show: show_product, delete: delete_product, ..Kind::new(PRODUCTS) },
    member("Microsoft.ApiManagement/service/products/apis"),
    member("Microsoft.ApiManagement/service/products/groups"),
    Kind::new("Microsoft.ApiManagement/service/products/apiLinks"),
    Kind::new("Microsoft.ApiManagement/service/products/groupLinks"),
    Kind::new("Microsoft.ApiManagement/service/products/tags"),
    Kind { put: put_subscription, show: show_subscription, ..Kind::new(SUBSCRIPTIONS) },
    Kind { put: put_named_value, show: show_named_value, ..Kind::new(NAMED_VALUES) },
    Kind { put: put_backend, ..Kind::new("Microsoft.ApiManagement/service/backends") },
    Kind { put: put_logger, ..Kind::new("Microsoft.ApiManagement/service/loggers") },
    Kind::new("Microsoft.ApiManagement/service/diagnostics"),
    named("Microsoft.ApiManagement/service/groups"),
    member("Microsoft.ApiManagement/service/groups/users"),
    Kind { put: put_user, deleted: 204, ..Kind::new("Microsoft.ApiManagement/service/users") },
    named("Microsoft.ApiManagement/service/tags"),
    Kind { put: put_schema, ..Kind::new("Microsoft.ApiManagement/service/schemas") },
];

/// Actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "POST", on: NAMED_VALUES, name: "listValue", run: Run::Look(list_value) },
    Action { method: "POST", on: SUBSCRIPTIONS, name: "listSecrets", run: Run::Look(list_secrets) },
    Action { method: "POST", on: SUBSCRIPTIONS, name: "regeneratePrimaryKey", run: Run::Change(regenerate) },
    Action { method: "POST", on: SUBSCRIPTIONS, name: "regenerateSecondaryKey", run: Run::Change(regenerate) },
    Action { method: "GET", on: APIS, name: "revisions", run: Run::Look(revisions) },
];

fn only_properties(body: &Value) -> Value {
    json!({ "properties": body.get("properties").cloned().unwrap_or_else(|| json!({})) })
}

fn put_member(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    Ok(only_properties(&body))
}

fn put_named(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    required(&body, "displayName")?;
    Ok(only_properties(&body))
}

/// Members of an API that only its import has.
const IMPORT: [&str; 4] = ["format", "value", "wsdlSelector", "sourceApiId"];

fn put_api(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let mut body = only_properties(&body);
    let (base, revision) = item.name().split_once(";rev=").unwrap_or((item.name(), ""));
    if let Some(format) = text(&body, "format").map(str::to_owned) {
        import(cx, item, &mut body, &format)?;
    } else if let Some(source) = text(&body, "sourceApiId").map(str::to_owned) {
        // What the request does not say is the source's: `az apim api revision create` says nothing of keys.
        let mut whole = copy(cx, item, &source)?;
        crate::route::merge(&mut whole, &body);
        body = whole;
    } else if item.old.is_some() {
        // What is not mentioned stays: `az apim api update` leaves out what its model does not know.
        let mut whole = item.old.as_ref().map(|old| old.body.clone()).unwrap_or_default();
        crate::route::merge(&mut whole, &body);
        body = whole;
    }
    if text(&body, "displayName").is_none_or(str::is_empty) {
        let named = item.old.as_ref().and_then(|old| old.property("displayName").cloned());
        match named {
            Some(named) => set(&mut body, "displayName", named),
            None => return required(&body, "displayName").map(|_| Value::Null),
        }
    }
    if text(&body, "path").is_none() {
        return Err(ArmError::invalid(
            "path",
            "Value cannot be null: `properties.path` is required, and may be empty.",
        ));
    }
    if !revision.is_empty() {
        set(&mut body, "apiRevision", revision);
        set(&mut body, "isCurrent", base == item.name());
    }
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !IMPORT.contains(&name.as_str()));
    }
    Ok(body)
}

/// Makes the operations and schemas that a definition describes, in place of those there are.
fn import(cx: &mut Cx<'_>, item: &Item, body: &mut Value, format: &str) -> Result<()> {
    if format.to_ascii_lowercase().ends_with("-link") || format.to_ascii_lowercase().contains("-link-") {
        let text = format!(
            "a definition of format `{format}` is at an address; this stand-in asks nobody: send the definition itself"
        );
        return Err(ArmError::invalid("format", text));
    }
    let value = text(body, "value").unwrap_or_default().to_owned();
    // Source: API contract, `apiType`: `http` makes a REST API of a WSDL, `soap` passes it through.
    let rest = text(body, "apiType").is_some_and(|kind| kind.eq_ignore_ascii_case("http"));
    let selector = body["properties"].get("wsdlSelector").cloned().unwrap_or_default();
    let part = |name: &str| selector.get(name).and_then(Value::as_str).filter(|name| !name.is_empty());
    let read = cx
        .world
        .gateways
        .definition(
            format,
            &value,
            WsdlImport { rest, service: part("wsdlServiceName"), endpoint: part("wsdlEndpointName") },
        )
        .map_err(|details| ArmError { details, ..ArmError::bad("ValidationError", "Parsing error(s):") })?;
    for kind in [OPERATION_POLICIES, OPERATIONS, SCHEMAS] {
        let known: Vec<String> = cx.view().stored_children(&item.id, kind).iter().map(|one| one.id.clone()).collect();
        for id in known {
            cx.state.remove(&id);
            cx.forget_configured(&id);
        }
    }
    for (path, properties) in read.children {
        let kind = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["operations", _] => OPERATIONS,
            ["operations", ..] => OPERATION_POLICIES,
            _ => SCHEMAS,
        };
        cx.state.put(&format!("{}/{path}", item.id), kind, json!({ "properties": properties }), cx.world.now);
    }
    let given = |name: &str, body: &Value| text(body, name).is_some_and(|text| !text.is_empty());
    if !given("displayName", body) && !read.title.is_empty() {
        set(body, "displayName", read.title);
    }
    if !given("serviceUrl", body) && !read.service_url.is_empty() {
        set(body, "serviceUrl", read.service_url);
    }
    if !given("description", body) && !read.description.is_empty() {
        set(body, "description", read.description);
    }
    if body["properties"].get("type").is_none() && read.kind != "http" {
        set(body, "type", read.kind);
    }
    Ok(())
}

/// A new revision, or version, begins with what its source has; gives the source's own body.
fn copy(cx: &mut Cx<'_>, item: &Item, source: &str) -> Result<Value> {
    let parent = item.network_parent();
    let name = source.rsplit('/').next().unwrap_or_default();
    let from = format!("{}/apis/{name}", parent.as_str());
    let Some(own) = cx.view().stored(&from) else {
        return Err(ArmError::invalid("sourceApiId", format!("there is no API `{name}` to copy")));
    };
    for one in cx.view().stored_below(&from) {
        if let Some(path) = one.id.get(from.len()..) {
            cx.state.put(&format!("{}{path}", item.id), &one.kind, one.body.clone(), cx.world.now);
        }
    }
    let mut body = only_properties(&own.body);
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !["apiRevision", "isCurrent", "apiRevisionDescription"].contains(&name.as_str()));
    }
    Ok(body)
}

/// Source: what the service answers where a body says nothing.
fn defaults(shown: &mut Value, members: Value) {
    if let Value::Object(members) = members {
        for (name, value) in members {
            if shown["properties"].get(&name).is_none_or(Value::is_null) {
                set(shown, &name, value);
            }
        }
    }
}

pub(super) fn show_api(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    let (base, revision) = resource.name.split_once(";rev=").unwrap_or((&resource.name, "1"));
    defaults(
        &mut shown,
        json!({
            "apiRevision": revision, "isCurrent": base == resource.name, "subscriptionRequired": true, "protocols": ["https"],
            "type": "http", "serviceUrl": null, "description": null,
            "subscriptionKeyParameterNames": { "header": "Ocp-Apim-Subscription-Key", "query": "subscription-key" },
            "authenticationSettings": { "oAuth2": null, "openid": null },
        }),
    );
    shown
}

/// Source: `deleteRevisions`: the current revision goes only together with the others. Memberships and subscriptions of an
/// API go with it.
fn delete_api(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    let service = item.network_parent();
    let name = item.name();
    if name.contains(";rev=") {
        return Ok(());
    }
    let revision = format!("{};rev=", name.to_ascii_lowercase());
    let all = cx.view().stored_below(service.as_str());
    let revisions: Vec<String> = all
        .iter()
        .filter(|one| one.kind == APIS && one.name.to_ascii_lowercase().starts_with(&revision))
        .map(|one| one.id.clone())
        .collect();
    if !revisions.is_empty() && !item.is_set("deleteRevisions") {
        let text = format!("the API `{name}` has other revisions: delete them first, or send `deleteRevisions=true`");
        return Err(ArmError::invalid("deleteRevisions", text));
    }
    let scope = format!("/apis/{}", name.to_ascii_lowercase());
    let own = all.iter().filter(|one| match one.kind.rsplit_once('/') {
        Some((PRODUCTS, "apis")) => one.name.eq_ignore_ascii_case(name),
        _ if one.kind == SUBSCRIPTIONS => {
            one.property("scope").and_then(Value::as_str).is_some_and(|own| own.to_ascii_lowercase().ends_with(&scope))
        }
        _ => false,
    });
    for id in own.map(|one| one.id.clone()).chain(revisions) {
        cx.state.remove(&id);
        cx.forget_configured(&id);
    }
    Ok(())
}

fn put_operation(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    for name in ["displayName", "method", "urlTemplate"] {
        required(&body, name)?;
    }
    Ok(only_properties(&body))
}

fn show_operation(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    defaults(
        &mut shown,
        json!({
            "templateParameters": [], "description": null, "responses": [], "policies": null,
            "request": { "description": null, "queryParameters": [], "headers": [], "representations": [] },
        }),
    );
    shown
}

fn put_schema(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    if text(&body, "contentType").is_none() && text(&body, "schemaType").is_none() {
        return Err(ArmError::invalid(
            "contentType",
            "`properties.contentType` (of an API's schema) or `schemaType` is required",
        ));
    }
    Ok(only_properties(&body))
}

fn put_product(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    required(&body, "displayName")?;
    Ok(only_properties(&body))
}

fn show_product(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    let words = json!({ "description": null, "terms": null, "subscriptionRequired": true, "approvalRequired": false, "subscriptionsLimit": null, "state": "notPublished" });
    defaults(&mut shown, words);
    shown
}

fn delete_product(cx: &mut Cx<'_>, item: &Item) -> Result<()> {
    let service = item.network_parent();
    let scope = format!("/products/{}", item.name().to_ascii_lowercase());
    let all = cx.view().stored_children(service.as_str(), SUBSCRIPTIONS);
    let own = all.iter().filter(|one| {
        one.property("scope").and_then(Value::as_str).is_some_and(|own| own.to_ascii_lowercase().ends_with(&scope))
    });
    for one in own {
        cx.state.remove(&one.id);
        cx.forget_configured(&one.id);
    }
    Ok(())
}

fn put_subscription(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let mut body = only_properties(&body);
    for name in ["displayName", "scope"] {
        match item.old.as_ref().and_then(|old| old.property(name).cloned()) {
            Some(known) if text(&body, name).is_none() => set(&mut body, name, known),
            _ => {
                required(&body, name)?;
            }
        }
    }
    for name in ["primaryKey", "secondaryKey"] {
        if text(&body, name).is_none_or(str::is_empty) {
            let known = item.old.as_ref().and_then(|old| old.property(name).cloned());
            let serial = cx.state.count();
            let made = cx.world.authority.derived(&format!("{name} {} {serial}", key(&item.id)));
            set(&mut body, name, known.unwrap_or_else(|| made.into()));
        }
    }
    if text(&body, "state").is_none() {
        let known = item.old.as_ref().and_then(|old| old.property("state").cloned());
        set(&mut body, "state", known.unwrap_or_else(|| "active".into()));
    }
    if text(&body, "createdDate").is_none() {
        set(&mut body, "createdDate", crate::time::iso(cx.world.now));
    }
    Ok(body)
}

fn show_subscription(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("primaryKey");
        properties.remove("secondaryKey");
    }
    let words = json!({ "state": "active", "allowTracing": false, "startDate": null, "expirationDate": null, "endDate": null, "notificationDate": null, "stateComment": null });
    defaults(&mut shown, words);
    // Source: `scope` is a whole id in answers, however it was written.
    let service = apimite_network::ResourceId::new(&resource.id).parent();
    if let Some(scope) = text(&shown, "scope").map(str::to_owned)
        && !scope.to_ascii_lowercase().contains("/providers/")
    {
        set(&mut shown, "scope", format!("{}/{}", service.as_str(), scope.trim_start_matches('/')));
    }
    shown
}

fn put_named_value(_: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let mut body = only_properties(&body);
    required(&body, "displayName")?;
    let vault = body.pointer("/properties/keyVault").is_some_and(|vault| !vault.is_null());
    if text(&body, "value").is_none() && !vault {
        match item.old.as_ref().and_then(|old| old.property("value").cloned()) {
            Some(value) => set(&mut body, "value", value),
            None => {
                required(&body, "value")?;
            }
        }
    }
    Ok(body)
}

fn show_named_value(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    let secret = resource.property("secret").and_then(Value::as_bool).unwrap_or(false);
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut)
        && secret
    {
        properties.remove("value");
    }
    defaults(&mut shown, json!({ "secret": false, "tags": null }));
    shown
}

fn put_backend(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    let pool = text(&body, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("Pool"));
    if !pool {
        required(&body, "url")?;
        let protocol = required(&body, "protocol")?;
        if !matches!(protocol, "http" | "soap") {
            return Err(ArmError::invalid(
                "protocol",
                format!("`{protocol}` is no protocol of a backend: http or soap"),
            ));
        }
    }
    Ok(only_properties(&body))
}

fn put_logger(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    required(&body, "loggerType")?;
    Ok(only_properties(&body))
}

fn put_user(_: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let mut body = only_properties(&body);
    if let Some(old) = &item.old {
        let mut whole = old.body.clone();
        crate::route::merge(&mut whole, &body);
        body = whole;
    }
    for name in ["email", "firstName", "lastName"] {
        required(&body, name)?;
    }
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("password");
    }
    Ok(body)
}

/// The resource that an action is called on.
pub(super) fn target(view: &View<'_>, below: &Below) -> Result<Arc<Resource>> {
    let mut own = below.clone();
    own.types.truncate(own.names.len());
    let kind = super::kind(&own.kind())?;
    crate::route::existing(view, kind, &own)
}

fn list_value(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let found = target(view, below)?;
    Ok(Answer::json(200, json!({ "value": found.property("value") })))
}

fn list_secrets(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let found = target(view, below)?;
    Ok(Answer::json(
        200,
        json!({ "primaryKey": found.property("primaryKey"), "secondaryKey": found.property("secondaryKey") }),
    ))
}

fn regenerate(cx: &mut Cx<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let found = target(&cx.view(), below)?;
    let which = below.types.last().is_some_and(|action| action.eq_ignore_ascii_case("regeneratePrimaryKey"));
    let name = if which { "primaryKey" } else { "secondaryKey" };
    let serial = cx.state.count();
    let mut body = found.body.clone();
    set(&mut body, name, cx.world.authority.derived(&format!("{name} {} {serial}", key(&found.id))));
    cx.state.put(&found.id, SUBSCRIPTIONS, body, cx.world.now);
    Ok(Answer::empty(204))
}

fn revisions(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let found = target(view, below)?;
    let base = found.name.split(";rev=").next().unwrap_or_default();
    let service = apimite_network::ResourceId::new(&found.id).parent();
    let all = view.stored_children(service.as_str(), APIS);
    let own =
        all.iter().filter(|one| one.name.split(";rev=").next().is_some_and(|other| other.eq_ignore_ascii_case(base)));
    let values = own.map(|one| {
        let shown = show_api(view, one);
        let revision = text(&shown, "apiRevision").unwrap_or("1").to_owned();
        json!({
            "apiId": format!("/apis/{base};rev={revision}"), "apiRevision": revision, "isCurrent": shown["properties"]["isCurrent"],
            "isOnline": true, "description": shown["properties"].get("apiRevisionDescription"),
            "privateUrl": format!("/{};rev={revision}", text(&shown, "path").unwrap_or_default()),
        })
    });
    Ok(Answer::json(200, crate::list::page(values.collect(), request)?))
}
