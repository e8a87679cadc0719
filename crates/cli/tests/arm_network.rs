//! Management and the network together: what an instance depends on, where the configuration puts it, debug tokens and traces.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may")]

mod support;

use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use support::management::{Answer, Client, GROUP, SUB};
use support::{Gateway, write};

const SPEC: &str = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";

/// A folder with one API that answers by itself.
fn folder(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let api = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#;
    write(folder.path(), "apis/a/apiInformation.json", api);
    write(folder.path(), "apis/a/specification.yaml", SPEC);
    let policy = "<policies><inbound><return-response><set-status code=\"200\" /></return-response></inbound><backend/><outbound/><on-error/></policies>";
    write(folder.path(), "apis/a/policy.xml", policy);
    write(folder.path(), "apimite.toml", settings);
    folder
}

fn start(folder: &tempfile::TempDir) -> Gateway {
    Gateway::start(&[folder.path().to_str().unwrap(), "--no-watch", "--quiet"])
}

/// The instance that the configuration names.
fn own(client: &Client<'_>) -> Value {
    let list = client.get(&format!("{SUB}/providers/Microsoft.ApiManagement/service"));
    list.body["value"][0].clone()
}

/// The status of a public call; `None` when the connection is closed without an answer.
fn call(gateway: &Gateway) -> Option<u16> {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(gateway.address("http")).unwrap();
    stream.write_all(b"GET /a/x HTTP/1.1\r\nHost: contoso.azure-api.net\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = Vec::new();
    // A connection that is reset was not answered either.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).split(' ').nth(1)?.parse().ok()
}

fn dependency<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list["connectivityStatus"].as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {list}"))
}

#[test]
fn the_network_status_is_what_attempts_to_connect_find() {
    let storage = TcpListener::bind("127.0.0.1:0").unwrap();
    let reachable = storage.local_addr().unwrap().to_string();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let folder = folder(&format!(
        "[service]\nname = 'contoso'\nregion = 'West Europe'\n[network.dependencies]\nstorage = '{reachable}'\nmail = '{closed}'\n"
    ));
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let id = own(&client)["id"].as_str().unwrap().to_owned();
    let all = client.get(&format!("{id}/networkstatus"));
    assert_eq!((all.status, all.body[0]["location"].as_str()), (200, Some("West Europe")));
    let one = client.get(&format!("{id}/locations/westeurope/networkstatus")).body;
    for status in [&all.body[0]["networkStatus"], &one] {
        let storage = dependency(status, &reachable);
        assert_eq!(
            (&storage["status"], &storage["isOptional"], &storage["error"]),
            (&"success".into(), &false.into(), &"".into())
        );
        let mail = dependency(status, &closed);
        assert_eq!((&mail["status"], &mail["isOptional"]), (&"failure".into(), &true.into()));
        assert!(!mail["error"].as_str().unwrap().is_empty());
        let sql = dependency(status, "sql");
        assert_eq!((&sql["status"], &sql["isOptional"]), (&"initializing".into(), &false.into()));
        assert!(sql["error"].as_str().unwrap().contains("network.dependencies.sql"), "{sql}");
        assert_eq!(status["connectivityStatus"].as_array().unwrap().len(), 11, "every dependency is listed");
        assert_eq!(status["dnsServers"], json!(["168.63.129.16"]));
    }
    let elsewhere = client.get(&format!("{id}/locations/eastus/networkstatus"));
    assert_eq!((elsewhere.status, elsewhere.code()), (404, "ResourceNotFound"));
    // The stand-in goes away: the next question finds out.
    drop(storage);
    let later = client.get(&format!("{id}/locations/West%20Europe/networkstatus")).body;
    assert_eq!(dependency(&later, &reachable)["status"], "failure");
    let needs = client.get(&format!("{id}/outboundNetworkDependenciesEndpoints")).body;
    let needs = needs["value"].as_array().unwrap();
    assert!(
        needs.iter().any(|one| one["category"] == "SQL" && one["endpoints"][0]["endpointDetails"][0]["port"] == 1433)
    );
}

const INTERNAL: &str = "[service]\nname = 'contoso'\nregion = 'West Europe'\ntier = 'Premium'\n[network]\nmode = 'internal'\nvirtual_network = ['10.0.0.0/16']\nsubnet = '10.0.1.0/28'\nprivate_ip = '10.0.1.6'\npublic_ip = '203.0.113.77'\n";

#[test]
fn management_shows_and_changes_where_the_configuration_puts_an_instance() {
    let folder = folder(INTERNAL);
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let shown = own(&client);
    let id = shown["id"].as_str().unwrap().to_owned();
    let properties = &shown["properties"];
    assert_eq!(properties["virtualNetworkType"], "Internal");
    assert_eq!(properties["privateIPAddresses"], json!(["10.0.1.6"]));
    assert_eq!(properties["publicIPAddresses"], json!(["203.0.113.77"]));
    let subnet = properties["virtualNetworkConfiguration"]["subnetResourceId"].as_str().unwrap();
    let subnet = client.get(subnet).body;
    assert_eq!(subnet["properties"]["addressPrefix"], "10.0.1.0/28");
    assert_eq!(call(&gateway), None, "this machine is not of its network");
    // Rules of an injected instance.
    let connection = client.put(
        &format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"),
        &json!({ "location": "westeurope", "properties": {} }),
    );
    assert_eq!(connection.status, 404, "no such group: {}", connection.body);
    let mut body = shown.clone();
    body["properties"]["publicNetworkAccess"] = "Disabled".into();
    let refused = client.put(&id, &body);
    assert_eq!(refused.code(), "PublicNetworkAccessNotSupportedWithVirtualNetwork", "{}", refused.body);
    // `az apim update --virtual-network None`, which reads and writes the whole resource.
    let switch = |kind: &str| -> Answer {
        let mut body = client.get(&id).body;
        body["properties"]["virtualNetworkType"] = kind.into();
        client.put(&id, &body)
    };
    let none = switch("None");
    assert_eq!(
        (none.status, none.body["properties"]["virtualNetworkType"].as_str()),
        (200, Some("None")),
        "{}",
        none.body
    );
    assert_eq!((call(&gateway), &none.body["properties"]["privateIPAddresses"]), (Some(200), &Value::Null));
    assert_eq!(switch("External").body["properties"]["virtualNetworkType"], "External");
    assert_eq!(call(&gateway), Some(200));
    // What management said stays over a reload; what the configuration says anew counts.
    assert!(gateway.command(&["reload"]).status.success());
    assert_eq!(own(&client)["properties"]["virtualNetworkType"], "External");
    write(folder.path(), "apimite.toml", "[service]\nname = 'contoso'\nregion = 'West Europe'\ntier = 'Premium'\n");
    assert!(gateway.command(&["reload"]).status.success());
    assert_eq!(own(&client)["properties"]["virtualNetworkType"], "None");
    write(folder.path(), "apimite.toml", INTERNAL);
    let output = gateway.command(&["reload"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(own(&client)["properties"]["virtualNetworkType"], "Internal");
    assert_eq!(call(&gateway), None);
}

#[test]
fn every_tier_and_mode_that_fit_are_adopted_and_others_refused_at_start() {
    let settings = |tier: &str, mode: &str, more: &str| {
        format!("[service]\nname = 'contoso'\ntier = '{tier}'\n[network]\nmode = '{mode}'\n{more}")
    };
    for (tier, mode) in
        [("Developer", "external"), ("Premium", "internal"), ("StandardV2", "external"), ("PremiumV2", "internal")]
    {
        let folder = folder(&settings(tier, mode, "virtual_network = ['127.0.0.2/32']\n"));
        let gateway = start(&folder);
        let shown = own(&Client::new(&gateway));
        assert_eq!(shown["properties"]["virtualNetworkType"].as_str().unwrap().to_lowercase(), mode, "{shown}");
        assert!(shown["properties"]["virtualNetworkConfiguration"]["subnetResourceId"].is_string(), "{shown}");
    }
    let refused = |text: &str| {
        let folder = folder(text);
        let free = "127.0.0.1:0";
        let output = support::apimite()
            .args(["serve", folder.path().to_str().unwrap(), "--http", free, "--https", free, "--management", free])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = refused(&settings("Basic", "internal", ""));
    assert!(text.contains("Basic"), "{text}");
    let text = refused(&settings("Premium", "internal", "[private_endpoints.pe-1]\naddress = '10.0.0.4'\n"));
    assert!(text.contains("private") && text.contains("help"), "{text}");
}

#[test]
fn endpoints_that_the_configuration_gains_and_loses_are_managements_too() {
    let base = "[service]\nname = 'contoso'\n";
    let folder = folder(base);
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let id = own(&client)["id"].as_str().unwrap().to_owned();
    let names = || -> Vec<String> {
        let list = client.get(&format!("{id}/privateEndpointConnections")).body;
        list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names().is_empty());
    write(
        folder.path(),
        "apimite.toml",
        &format!("{base}[private_endpoints.pe-1]\naddress = '10.0.0.9'\nstate = 'Pending'\n"),
    );
    assert!(gateway.command(&["reload"]).status.success());
    assert_eq!(names(), ["pe-1"]);
    assert!(gateway.command(&["connection", "approve", "pe-1"]).status.success());
    write(
        folder.path(),
        "apimite.toml",
        &format!(
            "{base}[private_endpoints.pe-1]\naddress = '10.0.0.9'\nstate = 'Pending'\n[private_endpoints.pe-2]\naddress = '10.0.0.10'\n"
        ),
    );
    assert!(gateway.command(&["reload"]).status.success());
    assert_eq!(names(), ["pe-1", "pe-2"]);
    let first = client.get(&format!("{id}/privateEndpointConnections/pe-1")).body;
    assert_eq!(
        first["properties"]["privateLinkServiceConnectionState"]["status"], "Approved",
        "what was decided stays"
    );
    // The file says something else about it.
    let both = |state: &str| {
        format!(
            "{base}[private_endpoints.pe-1]\naddress = '10.0.0.9'\nstate = '{state}'\n[private_endpoints.pe-2]\naddress = '10.0.0.10'\n"
        )
    };
    write(folder.path(), "apimite.toml", &both("Rejected"));
    assert!(gateway.command(&["reload"]).status.success());
    let first = client.get(&format!("{id}/privateEndpointConnections/pe-1")).body;
    assert_eq!(first["properties"]["privateLinkServiceConnectionState"]["status"], "Rejected");
    write(folder.path(), "apimite.toml", &both("Approved"));
    let output = gateway.command(&["reload"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("it cannot become Approved"), "{text}");
    write(folder.path(), "apimite.toml", &format!("{base}[private_endpoints.pe-2]\naddress = '10.0.0.10'\n"));
    assert!(gateway.command(&["reload"]).status.success());
    let gone = client.get(&format!("{id}/privateEndpointConnections/pe-1")).body;
    assert_ne!(gone["properties"]["privateLinkServiceConnectionState"]["status"], "Approved", "{gone}");
}

#[test]
fn a_debug_token_has_calls_of_its_api_traced_and_the_trace_is_listed() {
    let folder = folder("[service]\nname = 'contoso'\n");
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let id = own(&client)["id"].as_str().unwrap().to_owned();
    let managed = format!("{id}/gateways/managed");
    let ask = |body: Value| client.send("POST", &format!("{managed}/listDebugCredentials"), &[], &body);
    let wanted = json!({ "credentialsExpireAfter": "PT15M", "apiId": format!("{id}/apis/a"), "purposes": ["tracing"] });
    let token = ask(wanted.clone());
    let text = token.body["token"].as_str().unwrap_or_else(|| panic!("{}", token.body)).to_owned();
    let traced = gateway.get("http", "/a/x", &[("Apim-Debug-Authorization", &text)]);
    let trace = traced.header("Apim-Trace-Id").unwrap_or_else(|| panic!("{}", traced.whole())).to_owned();
    let listed = client.send("POST", &format!("{managed}/listTrace"), &[], &json!({ "traceId": trace }));
    assert_eq!((listed.status, listed.body["traceId"].as_str()), (200, Some(&*trace)), "{}", listed.body);
    assert!(listed.body["traceEntries"]["inbound"].is_array(), "{}", listed.body);
    // What it may not be.
    let with = |name: &str, value: Value| {
        let mut body = wanted.clone();
        body[name] = value;
        let answer = ask(body);
        assert_eq!((answer.status, answer.code()), (400, "ValidationError"), "{}", answer.body);
        answer.body.to_string()
    };
    assert!(with("credentialsExpireAfter", "PT2H".into()).contains("up to an hour"));
    assert!(with("apiId", format!("{id}/apis/none").into()).contains("there is no API `none`"));
    assert!(with("apiId", "a".into()).contains("/apis/ID"));
    assert!(with("purposes", json!([])).contains("tracing"));
    let unknown = client.send("POST", &format!("{managed}/listTrace"), &[], &json!({ "traceId": "none" }));
    assert_eq!((unknown.status, unknown.code()), (404, "ResourceNotFound"));
    // A gateway of one's own is kept, and has no traces.
    let own = format!("{id}/gateways/mine");
    assert_eq!(client.put(&own, &json!({ "properties": { "locationData": { "name": "here" } } })).status, 201);
    let refused = client.send("POST", &format!("{own}/listDebugCredentials"), &[], &wanted);
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(client.put(&managed, &json!({ "properties": {} })).status, 400);
    let list = client.get(&format!("{id}/gateways")).body;
    assert_eq!(list["value"].as_array().unwrap().len(), 1, "{list}");
    // Forgotten tokens are not known any more.
    let forget = client.send("POST", &format!("{managed}/invalidateDebugCredentials"), &[], &json!({}));
    assert_eq!(forget.status, 204);
    let after = gateway.get("http", "/a/x", &[("Apim-Debug-Authorization", &text)]);
    assert!(after.header("Apim-Trace-Id").is_none() && after.header("Apim-Debug-Authorization-Expired").is_some());
}

#[test]
fn host_names_that_management_gives_are_the_only_ones_besides_the_default() {
    let folder = folder("[service]\nname = 'contoso'\n");
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let mut body = own(&client);
    let id = body["id"].as_str().unwrap().to_owned();
    let ask = |host: &str| {
        let text = format!("GET /a/x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        support::raw(&gateway.address("http"), text.as_bytes()).status
    };
    assert_eq!((ask("contoso.azure-api.net"), ask("api.example.com")), (200, 200), "none is configured, all are taken");
    body["properties"]["hostnameConfigurations"] = json!([
        { "type": "Proxy", "hostName": "contoso.azure-api.net", "certificateSource": "BuiltIn" },
        { "type": "Proxy", "hostName": "api.example.com", "certificateSource": "Managed" },
    ]);
    assert_eq!(client.put(&id, &body).status, 200);
    assert_eq!((ask("contoso.azure-api.net"), ask("api.example.com")), (200, 200));
    assert_eq!((ask("other.example.com"), ask("contoso.privatelink.azure-api.net")), (404, 404));
}

#[test]
fn lists_are_seen_from_the_other_side_and_secrets_told_only_when_asked_for() {
    let folder = folder("[service]\nname = 'contoso'\n");
    let gateway = start(&folder);
    let client = Client::new(&gateway);
    let id = own(&client)["id"].as_str().unwrap().to_owned();
    let put = |path: &str, properties: Value| {
        let answer = client.put(&format!("{id}/{path}"), &json!({ "properties": properties }));
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.body);
    };
    let names = |path: &str| -> Vec<String> {
        let list = client.get(&format!("{id}/{path}")).body;
        let list = list["value"].as_array().unwrap_or_else(|| panic!("{path}: {list}"));
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    put("products/p", json!({ "displayName": "P" }));
    put("products/q", json!({ "displayName": "Q" }));
    put("products/p/apis/a", json!({}));
    put("users/u", json!({ "email": "u@example.com", "firstName": "U", "lastName": "U" }));
    put("groups/g", json!({ "displayName": "G" }));
    put("groups/g/users/u", json!({}));
    put("subscriptions/s", json!({ "displayName": "S", "scope": "/products/p", "ownerId": "/users/u" }));
    put("subscriptions/t", json!({ "displayName": "T", "scope": "/apis" }));
    assert_eq!(names("apis/a/products"), ["p"]);
    assert_eq!(
        (names("products/p/subscriptions"), names("products/q/subscriptions")),
        (vec!["s".to_owned()], Vec::new())
    );
    assert_eq!((names("users/u/subscriptions"), names("users/u/groups")), (vec!["s".to_owned()], vec!["g".to_owned()]));
    assert_eq!(names("allPolicies"), ["policy"]);
    let fragment =
        "<fragment><set-header name=\"X\" exists-action=\"override\"><value>1</value></set-header></fragment>";
    put("policyFragments/f", json!({ "format": "rawxml", "value": fragment }));
    let policy = "<policies><inbound><include-fragment fragment-id=\"f\" /></inbound><backend><forward-request /></backend><outbound/><on-error/></policies>";
    put("policies/policy", json!({ "format": "rawxml", "value": policy }));
    let using = client.send("POST", &format!("{id}/policyFragments/f/listReferences"), &[], &json!({})).body;
    assert_eq!(using["value"][0]["id"], format!("{id}/policies/policy"), "{using}");
    put("openidConnectProviders/o", json!({ "displayName": "O", "clientId": "c", "clientSecret": "hidden" }));
    let shown = client.get(&format!("{id}/openidConnectProviders/o")).body;
    assert!(shown["properties"]["clientId"] == "c" && !shown.to_string().contains("hidden"), "{shown}");
    let told = client.send("POST", &format!("{id}/openidConnectProviders/o/listSecrets"), &[], &Value::Null).body;
    assert_eq!(told, json!({ "clientSecret": "hidden" }));
    let regions = client.get(&format!("{id}/regions")).body;
    assert_eq!(regions["value"][0]["isMasterRegion"], true, "{regions}");
}
