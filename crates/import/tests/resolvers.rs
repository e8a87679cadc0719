//! Resolvers and connections from templates, and from what management puts.

#![allow(missing_docs, reason = "a test crate")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use apimite_import::{Imported, Memory, Put, import};
use apimite_model::{Api, ConnectionUser};

fn read(files: &Memory) -> Imported {
    import(files, &|_| None)
}

const TEMPLATE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {"type": "Microsoft.ApiManagement/service/apis/resolvers/policies", "name": "c/g/users/policy",
     "properties": {"format": "rawxml", "value": "<http-data-source/>"}},
    {"type": "Microsoft.ApiManagement/service/apis", "name": "c/g",
     "properties": {"displayName": "G", "path": "g", "type": "graphql", "protocols": ["https", "wss"]}},
    {"type": "Microsoft.ApiManagement/service/apis/schemas", "name": "c/g/graphql",
     "properties": {"contentType": "application/vnd.ms-azure-apim.graphql.schema", "document": {"value": "type Query { users: String }"}}},
    {"type": "Microsoft.ApiManagement/service/apis/resolvers", "name": "c/g/users",
     "properties": {"displayName": "Users", "path": "Query/users", "description": "all of them"}},
    {"type": "Microsoft.ApiManagement/service/authorizationProviders", "name": "c/github",
     "properties": {"displayName": "GitHub", "identityProvider": "github"}},
    {"type": "Microsoft.ApiManagement/service/authorizationProviders/authorizations", "name": "c/github/auth-01",
     "properties": {"authorizationType": "OAuth2", "oauth2grantType": "AuthorizationCode", "status": "Connected"}},
    {"type": "Microsoft.ApiManagement/service/authorizationProviders/authorizations/accessPolicies", "name": "c/github/auth-01/p",
     "properties": {"objectId": "11111111-2222-3333-4444-555555555555", "tenantId": "t"}},
    {"type": "Microsoft.ApiManagement/service/authorizationProviders/authorizations", "name": "c/github/broken",
     "properties": {"status": "Error", "error": {"code": "Unauthenticated", "message": "consent is missing"}}}
  ]
}"#;

fn resolvers(api: &Api) -> Vec<(&str, &str, &str, bool)> {
    api.resolvers.iter().map(|one| (&*one.id, &*one.kind, &*one.field, one.policy.is_some())).collect()
}

#[test]
fn a_template_has_resolvers_with_their_policies() {
    let imported = read(&Memory::new().with("main.json", TEMPLATE));
    let api = &imported.service.apis[0];
    assert_eq!(resolvers(api), [("users", "Query", "users", true)]);
    assert_eq!(&*api.schemas[0].text, "type Query { users: String }");
    assert!(api.protocols.wss && api.operations.len() == 1);
}

#[test]
fn connections_of_a_template_are_known_but_for_their_tokens() {
    let files = Memory::new().with("main.json", TEMPLATE);
    let imported = read(&files);
    let all = &imported.service.connections;
    let known = &all[&("github".into(), "auth-01".into())];
    let object = ConnectionUser::Object("11111111-2222-3333-4444-555555555555".into());
    assert_eq!((known.access_token.is_none(), &known.error), (true, &None));
    assert_eq!(known.allowed, [ConnectionUser::Managed, object]);
    assert_eq!(all[&("github".into(), "broken".into())].error.as_deref(), Some("consent is missing"));
    let settings = "[connections.GitHub.auth-01]\naccess_token = \"t\"\n";
    let imported = read(&files.with("apimite.toml", settings));
    let all = &imported.service.connections;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[&("GitHub".into(), "auth-01".into())].access_token.as_ref().unwrap().reveal(), "t");
}

fn put(path: &str, body: &str) -> Put {
    Put { path: path.into(), body: body.into() }
}

#[test]
fn management_puts_and_deletes_resolvers_and_connections() {
    let api = r#"{"properties": {"displayName": "G", "path": "g", "type": "graphql", "protocols": ["https", "ws"]}}"#;
    let puts = [
        put("apis/g", api),
        put("apis/g/resolvers/users", r#"{"properties": {"path": "Query/user"}}"#),
        put(
            "apis/g/resolvers/users/policies/policy",
            r#"{"properties": {"format": "xml", "value": "<http-data-source/>"}}"#,
        ),
        put("apis/g/resolvers/users", r#"{"properties": {"path": "Query/users"}}"#),
        put("apis/g", api),
        put("authorizationProviders/p/authorizations/a", r#"{"properties": {"status": "Connected"}}"#),
    ];
    let first = read(&Memory::new()).over(&puts, &[]);
    assert_eq!(resolvers(&first.service.apis[0]), [("users", "Query", "users", true)], "the policy stays");
    assert_eq!(first.service.connections.len(), 1);
    let gone =
        ["apis/g/resolvers/users/policies/policy".to_owned(), "authorizationproviders/p/authorizations/a".to_owned()];
    let second = first.over(&[], &gone);
    assert_eq!(resolvers(&second.service.apis[0]), [("users", "Query", "users", false)]);
    assert!(second.service.connections.is_empty());
    let third = second.over(&[], &["apis/g/resolvers/users".to_owned()]);
    assert!(third.service.apis[0].resolvers.is_empty());
    let bad = second.over(&[put("apis/g/resolvers/x", r#"{"properties": {"path": "users"}}"#)], &[]);
    let told: Vec<String> = bad.diagnostics.0.iter().map(|found| found.render()).collect();
    assert!(told.join("\n").contains("`users` is no field of a GraphQL schema"), "{told:?}");
}

#[test]
fn keys_of_sinks_are_never_shown() {
    let file = "[sinks.post]\nbus = \"Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=open+sesame=\"\n\
                hub = \"https://hub.example.com/events?code=open+sesame=\"\nbad = \"SharedAccessKey=open+sesame=\"\n";
    let read = read(&Memory::new().with("apimite.toml", file));
    assert_eq!(read.settings.sinks.post.len(), 2);
    let shown = format!("{:?}", read.settings.sinks);
    assert!(shown.contains("\"bus\": ***") && !shown.contains("sesame"), "{shown}");
    let told: Vec<&str> = read.diagnostics.0.iter().map(|found| &*found.message).collect();
    assert_eq!(told, ["the address of `bad` is no URL"]);
}

#[test]
fn a_connection_string_of_a_sink_needs_a_way_in() {
    let with = |value: &str| read(&Memory::new().with("apimite.toml", format!("[sinks.post]\norders = \"{value}\"\n")));
    let good = with("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=k=");
    assert!(good.settings.sinks.post["orders"].reveal().starts_with("Endpoint="));
    for bad in ["Endpoint=sb://ns.servicebus.windows.net/", "Endpoint=sb://;Authentication=Managed Identity"] {
        let told: Vec<String> = with(bad).diagnostics.0.iter().map(|found| found.render()).collect();
        assert!(told.join("\n").contains("the connection string has no endpoint"), "{bad}: {told:?}");
    }
}
