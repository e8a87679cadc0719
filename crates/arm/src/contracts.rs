//! From the model to ARM's contracts: how a configured service looks to management.

use std::collections::BTreeMap;

use apimite_clock::Timestamp;
use apimite_model::{
    Api, ApiKind, BackendKind, Operation, Parameter, ParameterPlace, PolicyText, ProductState, Representation,
    SchemaText, Service, SubscriptionScope, SubscriptionState, VersionScheme,
};
use serde_json::{Value, json};

use crate::effect::Child;
use crate::time::iso;

/// Everything below a service, by path in lower case.
pub fn children(service: &Service) -> BTreeMap<String, Child> {
    let mut all = All(BTreeMap::new());
    if let Some(policy) = &service.policy {
        all.policy("", policy);
    }
    for api in service.apis.iter().filter(|api| api.workspace.is_none()) {
        all.api(api);
    }
    for (id, set) in &service.version_sets {
        let mut properties = json!({ "displayName": set.name });
        match &set.scheme {
            VersionScheme::Segment => properties["versioningScheme"] = "Segment".into(),
            VersionScheme::Query(name) => {
                properties["versioningScheme"] = "Query".into();
                properties["versionQueryName"] = (**name).into();
            }
            VersionScheme::Header(name) => {
                properties["versioningScheme"] = "Header".into();
                properties["versionHeaderName"] = (**name).into();
            }
        }
        all.put(format!("apiVersionSets/{id}"), properties);
    }
    for (id, product) in &service.products {
        let state = if product.state == ProductState::Published { "published" } else { "notPublished" };
        all.put(
            format!("products/{id}"),
            json!({
                "displayName": product.name, "description": product.description, "state": state,
                "subscriptionRequired": product.subscription_required, "approvalRequired": product.approval_required,
                "subscriptionsLimit": product.subscriptions_limit,
            }),
        );
        for api in &product.apis {
            all.put(format!("products/{id}/apis/{api}"), json!({}));
        }
        for group in &product.groups {
            all.put(format!("products/{id}/groups/{}", group.id), json!({ "displayName": group.name }));
        }
        if let Some(policy) = &product.policy {
            all.policy(&format!("products/{id}/"), policy);
        }
    }
    offers(service, &mut all);
    values(service, &mut all);
    all.0
}

/// Operations and schemas of one API, by path below it.
pub fn of_api(api: &Api) -> Vec<(String, Value)> {
    let operations = api.operations.iter().map(|one| (format!("operations/{}", one.id), operation(one)));
    let schemas = api.schemas.iter().map(|one| (format!("schemas/{}", one.id), schema(one)));
    operations.chain(schemas).collect()
}

/// The policies of the operations of one API, by path below it.
pub fn operation_policies(api: &Api) -> Vec<(String, Value)> {
    let policy = |one: &Operation| {
        let text = one.policy.as_ref()?.source.text();
        Some((format!("operations/{}/policies/policy", one.id), json!({ "format": "rawxml", "value": text })))
    };
    api.operations.iter().filter_map(|one| policy(one)).collect()
}

/// The word for a kind of API.
pub fn kind(kind: ApiKind) -> &'static str {
    match kind {
        ApiKind::Http => "http",
        ApiKind::Soap => "soap",
        ApiKind::WebSocket => "websocket",
        ApiKind::GraphQl => "graphql",
    }
}

struct All(BTreeMap<String, Child>);

impl All {
    fn put(&mut self, path: String, properties: Value) {
        self.0.insert(path.to_ascii_lowercase(), Child { path, properties });
    }

    fn policy(&mut self, before: &str, policy: &PolicyText) {
        let properties = json!({ "format": "rawxml", "value": policy.source.text() });
        self.put(format!("{before}policies/policy"), properties);
    }

    fn api(&mut self, api: &Api) {
        let name = if api.is_current { api.id.to_string() } else { format!("{};rev={}", api.id, api.revision) };
        let protocols = [
            ("http", api.protocols.http),
            ("https", api.protocols.https),
            ("ws", api.protocols.ws),
            ("wss", api.protocols.wss),
        ];
        let protocols: Vec<&str> = protocols.into_iter().filter(|(_, has)| *has).map(|(word, _)| word).collect();
        let mut properties = json!({
            "displayName": api.name, "description": api.description, "path": api.path, "protocols": protocols,
            "serviceUrl": api.service_url, "type": kind(api.kind), "apiRevision": api.revision, "isCurrent": api.is_current,
            "isOnline": api.is_online, "subscriptionRequired": api.subscription_required,
            "subscriptionKeyParameterNames": { "header": api.key_names.header, "query": api.key_names.query },
        });
        if let Some(set) = &api.version_set {
            properties["apiVersionSetId"] = format!("/apiVersionSets/{set}").into();
            properties["apiVersion"] = (*api.version).into();
        }
        let path = format!("apis/{name}");
        self.put(path.clone(), properties);
        if let Some(policy) = &api.policy {
            self.policy(&format!("{path}/"), policy);
        }
        for (own, properties) in of_api(api) {
            self.put(format!("{path}/{own}"), properties);
        }
        for operation in &api.operations {
            if let Some(policy) = &operation.policy {
                self.policy(&format!("{path}/operations/{}/", operation.id), policy);
            }
        }
        for tag in &api.tags {
            self.put(format!("{path}/tags/{tag}"), json!({ "displayName": tag }));
        }
    }
}

fn operation(operation: &Operation) -> Value {
    let place = |place: ParameterPlace| -> Vec<Value> {
        operation.parameters.iter().filter(|one| one.place == place).map(parameter).collect()
    };
    let responses: Vec<Value> = operation
        .responses
        .iter()
        .filter_map(|one| {
            Some(json!({
                "statusCode": one.status?, "description": one.description,
                "headers": one.headers.iter().map(parameter).collect::<Vec<_>>(),
                "representations": one.representations.iter().map(representation).collect::<Vec<_>>(),
            }))
        })
        .collect();
    json!({
        "displayName": operation.name, "method": operation.method, "urlTemplate": operation.url_template,
        "description": operation.description, "templateParameters": place(ParameterPlace::Template), "responses": responses,
        "request": {
            "queryParameters": place(ParameterPlace::Query), "headers": place(ParameterPlace::Header),
            "representations": operation.request_bodies.iter().map(representation).collect::<Vec<_>>(),
        },
    })
}

fn parameter(one: &Parameter) -> Value {
    let schema: Option<Value> = one.schema.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let kind = schema.as_ref().and_then(|schema| schema.get("type")?.as_str()).unwrap_or("string");
    json!({ "name": one.name, "type": kind, "required": one.required, "defaultValue": one.default, "values": one.values })
}

fn representation(one: &Representation) -> Value {
    let mut shown = json!({ "contentType": one.content_type });
    if let Some(name) = &one.type_name {
        shown["typeName"] = (**name).into();
    }
    if let Some(id) = &one.schema_id {
        shown["schemaId"] = (**id).into();
    }
    for example in &one.examples {
        let value = serde_json::from_str::<Value>(&example.value).unwrap_or_else(|_| (*example.value).into());
        shown["examples"][&*example.name] = json!({ "value": value });
    }
    shown
}

fn schema(one: &SchemaText) -> Value {
    let document = serde_json::from_str::<Value>(&one.text).unwrap_or_else(|_| json!({ "value": &*one.text }));
    json!({ "contentType": one.content_type, "document": document })
}

fn offers(service: &Service, all: &mut All) {
    for (id, one) in &service.subscriptions {
        let scope = match &one.scope {
            SubscriptionScope::Product(id) => format!("/products/{id}"),
            SubscriptionScope::Api(id) => format!("/apis/{id}"),
            SubscriptionScope::AllApis => "/apis".to_owned(),
            SubscriptionScope::Service => "/".to_owned(),
        };
        let state = match one.state {
            SubscriptionState::Submitted => "submitted",
            SubscriptionState::Active => "active",
            SubscriptionState::Suspended => "suspended",
            SubscriptionState::Rejected => "rejected",
            SubscriptionState::Cancelled => "cancelled",
            SubscriptionState::Expired => "expired",
        };
        let date = |at: Option<Timestamp>| at.map(iso);
        let mut properties = json!({
            "displayName": one.name, "scope": scope, "state": state, "allowTracing": one.allow_tracing,
            "primaryKey": one.primary_key.reveal(), "secondaryKey": one.secondary_key.reveal(),
            "createdDate": iso(one.created), "startDate": date(one.start), "endDate": date(one.end),
        });
        if let Some(owner) = &one.owner {
            properties["ownerId"] = format!("/users/{}", owner.id).into();
        }
        all.put(format!("subscriptions/{id}"), properties);
    }
    for (id, user) in &service.users {
        let identities: Vec<Value> =
            user.identities.iter().map(|one| json!({ "id": one.id, "provider": one.provider })).collect();
        all.put(
            format!("users/{id}"),
            json!({ "email": user.email, "firstName": user.first_name, "lastName": user.last_name, "note": user.note, "state": "active", "identities": identities }),
        );
        for group in &user.groups {
            all.put(format!("groups/{}/users/{id}", group.id), json!({}));
        }
    }
    for (id, group) in &service.groups {
        all.put(format!("groups/{id}"), json!({ "displayName": group.name, "type": "custom", "builtIn": false }));
    }
}

fn values(service: &Service, all: &mut All) {
    for (id, backend) in &service.backends {
        let mut properties = json!({ "title": backend.title, "protocol": "http" });
        match &backend.kind {
            BackendKind::Single { url } => properties["url"] = (**url).into(),
            BackendKind::Pool { members, .. } => {
                let members = members.iter().map(|one| json!({ "id": format!("/backends/{}", one.id), "weight": one.weight, "priority": one.priority }));
                properties["type"] = "Pool".into();
                properties["pool"] = json!({ "services": members.collect::<Vec<_>>() });
            }
        }
        properties["tls"] = json!({ "validateCertificateChain": backend.tls.validate_chain, "validateCertificateName": backend.tls.validate_name });
        all.put(format!("backends/{id}"), properties);
    }
    for value in service.named_values.values() {
        let text = value.value.as_ref().map(|secret| secret.reveal().to_owned());
        all.put(
            format!("namedValues/{}", value.id),
            json!({ "displayName": value.name, "secret": value.secret, "value": text }),
        );
    }
    for (id, fragment) in &service.fragments {
        let text = fragment.policy.source.text();
        all.put(
            format!("policyFragments/{id}"),
            json!({ "description": fragment.description, "format": "rawxml", "value": text }),
        );
    }
    for (id, one) in &service.schemas {
        let mut properties = schema(one);
        properties["schemaType"] = if one.content_type.contains("xml") { "xml".into() } else { "json".into() };
        all.put(format!("schemas/{id}"), properties);
    }
    for logger in &service.loggers {
        all.put(format!("loggers/{logger}"), json!({ "loggerType": "azureEventHub", "isBuffered": true }));
    }
}
