//! Resolvers of GraphQL APIs and connections of the credential manager over Azure Resource Manager: what is put, shown and deleted is in
//! force with the next request.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::{Value, json};
use support::Gateway;
use support::management::{Client, service};

const ANY: &[&str] = &["If-Match: *"];

fn policy(text: &str) -> Value {
    json!({ "properties": { "format": "rawxml", "value": text } })
}

/// An API with one operation `GET /NAME/` whose answer this policy makes.
fn rest_api(client: &Client<'_>, name: &str, inbound: &str) {
    let api = format!("{}/apis/{name}", service());
    let definition = "openapi: 3.0.1\npaths: {/: {get: {operationId: get, responses: {'200': {description: ok}}}}}\n";
    let body = json!({ "properties": { "displayName": name, "path": name, "format": "openapi", "value": definition, "subscriptionRequired": false, "protocols": ["http"] } });
    assert_eq!(client.put(&api, &body).status, 201);
    let text = format!("<policies><inbound>{inbound}</inbound></policies>");
    let answer = client.put(&format!("{api}/policies/policy"), &policy(&text));
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[test]
fn a_resolver_answers_its_field_from_the_next_request_on() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    rest_api(&client, "data", "<return-response><set-body>{\"name\": \"Ada\"}</set-body></return-response>");
    let api = format!("{}/apis/g", service());
    let schema = "type Query { user: User }\ntype User { name: String }\n";
    let body = json!({ "properties": { "displayName": "G", "path": "g", "type": "graphql", "format": "graphql-schema", "value": schema, "subscriptionRequired": false, "protocols": ["http"] } });
    let made = client.put(&api, &body);
    assert_eq!((made.status, &made.body["properties"]["type"]), (201, &json!("graphql")), "{}", made.body);
    let ask = || -> Value {
        let headers = [("Content-Type", "application/json")];
        let query = r#"{"query": "{ user { name } }"}"#;
        let answer = support::request(&gateway.address("http"), "POST", "/g", &headers, query);
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    };
    let resolver = format!("{api}/resolvers/user");
    let contract = json!({ "properties": { "displayName": "User", "path": "Query/user", "description": "one" } });
    let made = client.put(&resolver, &contract);
    assert_eq!((made.status, &made.body["properties"]["path"]), (201, &json!("Query/user")), "{}", made.body);
    let text = format!(
        "<http-data-source><http-request><set-method>GET</set-method><set-url>http://{}/data/</set-url></http-request></http-data-source>",
        gateway.address("http")
    );
    let place = format!("{resolver}/policies/policy");
    let answer = client.put(&place, &policy(&text));
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(ask(), json!({ "data": { "user": { "name": "Ada" } } }));
    let shown = client.get(&format!("{place}?format=rawxml")).body;
    assert_eq!(shown["properties"]["value"], text, "{shown}");
    // A document that is refused changes nothing.
    let wrong = client.put(&place, &policy("<http-data-source><http-request /></http-data-source>"));
    assert_eq!((wrong.status, wrong.code()), (400, "ValidationError"), "{}", wrong.body);
    assert_eq!(ask()["data"]["user"]["name"], "Ada");
    let stale = client.send("PUT", &resolver, &["If-Match: \"AAAAAAAAAAA=\""], &contract);
    assert_eq!((stale.status, stale.code()), (412, "PreconditionFailed"));
    let list = client.get(&format!("{api}/resolvers")).body;
    assert_eq!((list["value"].as_array().unwrap().len(), &list["value"][0]["name"]), (1, &json!("user")));
    assert_eq!(client.send("DELETE", &resolver, ANY, &Value::Null).status, 200);
    assert_eq!(client.get(&resolver).status, 404);
    assert_eq!(client.get(&place).status, 404, "the policy goes with its resolver");
    assert_ne!(ask()["data"]["user"]["name"], "Ada", "no resolver, no value");
}

#[test]
fn a_connection_gives_its_token_from_the_next_request_on_and_its_secret_is_never_shown() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    let token = "<get-authorization-context provider-id=\"github\" authorization-id=\"auth-01\" context-variable-name=\"auth\" />\
        <return-response><set-body>@(((Authorization)context.Variables[\"auth\"]).AccessToken.AsJwt().Audiences.First())</set-body></return-response>";
    rest_api(&client, "token", token);
    let ask = || gateway.get("http", "/token/", &[]);
    assert_eq!(ask().status, 500, "there is no such connection");
    let provider = format!("{}/authorizationProviders/github", service());
    let grant =
        |secret: &str| json!({ "authorizationCode": { "clientId": "id", "clientSecret": secret, "scopes": "repo" } });
    let body = json!({ "properties": { "displayName": "GitHub", "identityProvider": "github", "oauth2": { "redirectUrl": "https://r.example", "grantTypes": grant("open-sesame") } } });
    let made = client.put(&provider, &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let connection = format!("{provider}/authorizations/auth-01");
    let body = json!({ "properties": { "authorizationType": "OAuth2", "oauth2grantType": "ClientCredentials", "parameters": { "clientId": "id", "clientSecret": "open-sesame" } } });
    let made = client.put(&connection, &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let answer = ask();
    assert_eq!((answer.status, answer.body.as_str()), (200, "github/auth-01"));
    for (path, kept) in [
        (&provider, "/properties/oauth2/grantTypes/authorizationCode/clientId"),
        (&connection, "/properties/parameters/clientId"),
    ] {
        let shown = client.get(path).body;
        assert_eq!(shown.pointer(kept), Some(&json!("id")), "{shown}");
        assert!(!shown.to_string().contains("sesame"), "{shown}");
    }
    for list in [format!("{}/authorizationProviders", service()), format!("{provider}/authorizations")] {
        let shown = client.get(&list).body;
        assert!(shown["value"].as_array().unwrap().len() == 1 && !shown.to_string().contains("sesame"), "{shown}");
    }
    let access = format!("{connection}/accessPolicies/other");
    let object = json!({ "properties": { "tenantId": "t", "objectId": "11111111-2222-3333-4444-555555555555" } });
    assert_eq!(client.put(&access, &object).status, 201);
    assert_eq!(client.get(&access).body["properties"]["objectId"], object["properties"]["objectId"]);
    assert_eq!(ask().status, 200, "an access policy lets the identity of the service in");
    assert_eq!(client.send("DELETE", &connection, ANY, &Value::Null).status, 200);
    assert_eq!(client.get(&access).status, 404);
    assert_eq!(ask().status, 500);
    assert_eq!(client.put(&connection, &body).status, 201);
    assert_eq!(ask().status, 200);
    assert_eq!(client.send("DELETE", &provider, ANY, &Value::Null).status, 200);
    assert_eq!(client.get(&connection).status, 404, "connections go with their provider");
    assert_eq!(ask().status, 500);
}
