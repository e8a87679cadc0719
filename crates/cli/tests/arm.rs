//! Azure Resource Manager over HTTPS: the requests that `az` and the SDKs send, and what they do to the running gateway.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::{Value, json};
use support::Gateway;
use support::management::{Client, GROUP, SUB, curl, instance, service};

#[test]
fn signing_in_needs_the_right_secret_and_every_other_request_a_token_of_ours() {
    let gateway = Gateway::start(&[]);
    let endpoints = curl(&gateway, "GET", "/metadata/endpoints?api-version=2022-09-01", &[], "");
    let login = endpoints.body["authentication"]["loginEndpoint"].as_str().unwrap();
    assert!(login.starts_with("https://127.0.0.1:") && login.ends_with("/adfs"), "{login}");
    let discovery = curl(&gateway, "GET", "/adfs/.well-known/openid-configuration", &[], "");
    assert!(discovery.body["token_endpoint"].as_str().unwrap().ends_with("/adfs/oauth2/token"));
    let form = "client_id=local&grant_type=client_credentials&client_secret=wrong";
    let refused = curl(&gateway, "POST", "/adfs/oauth2/token", &[], form);
    assert_eq!((refused.status, refused.body["error"].as_str()), (401, Some("invalid_client")));
    let path = "/subscriptions?api-version=2022-12-01";
    let bare = curl(&gateway, "GET", path, &[], "");
    assert_eq!((bare.status, bare.code()), (401, "AuthenticationFailed"));
    assert!(bare.header("www-authenticate").unwrap().contains("/adfs"));
    let forged = curl(&gateway, "GET", path, &["Authorization: Bearer a.b.c"], "");
    assert_eq!((forged.status, forged.code()), (401, "InvalidAuthenticationToken"));
    let client = Client::new(&gateway);
    assert_eq!(client.get("/subscriptions").body["value"][0]["state"], "Enabled");
}

#[test]
fn requests_that_cannot_be_understood_are_refused_in_arms_form() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    let token = format!("Authorization: Bearer {}", client.token);
    let bare = |path: &str| curl(&gateway, "GET", path, &[&token], "");
    assert_eq!(bare("/subscriptions").code(), "MissingApiVersionParameter");
    for bad in ["x", "2022-13-01", "2022-08", "2022-08-01-", "2022-08-01-pre.view"] {
        assert_eq!(bare(&format!("/subscriptions?api-version={bad}")).code(), "InvalidApiVersionParameter", "{bad}");
    }
    assert_eq!(bare("/subscriptions?api-version=2030-01-31-preview").status, 200);
    assert_eq!(client.get("/subscriptions/other/resourcegroups").code(), "SubscriptionNotFound");
    let kind = client.get(&format!("{GROUP}/providers/Microsoft.Network/natGateways/x"));
    assert_eq!((kind.status, kind.code()), (404, "InvalidResourceType"));
    assert!(kind.body["error"]["message"].as_str().unwrap().contains("privateEndpoints"));
    assert_eq!(client.get(&format!("{GROUP}/providers/Microsoft.Sql/servers/x")).code(), "InvalidResourceNamespace");
    assert_eq!(client.put(&service(), &instance()).code(), "ResourceGroupNotFound");
    let text = curl(&gateway, "PUT", &format!("{GROUP}?api-version=2021-04-01"), &[&token], "{nonsense");
    assert_eq!((text.status, text.code()), (400, "InvalidRequestContent"));
    assert_eq!(client.send("HEAD", GROUP, &[], &Value::Null).status, 404);
    // Whatever case, with empty segments and a slash at the end.
    client.instance();
    let odd = service().replace("resourceGroups", "resourcegroups").replace("/service/", "//service/") + "/";
    assert_eq!(client.get(&odd).body["name"], "my-apim-service");
}

#[test]
fn public_access_is_switched_by_the_requests_of_az() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    let key = [("Ocp-Apim-Subscription-Key", "bob-primary-key")];
    let public = || gateway.get("http", "/orders/", &key);
    assert_eq!(public().status, 200);
    // What `az apim update` does: the whole resource back, connections without their parts.
    let mut whole = client.get(&service()).body;
    whole["properties"]["publicNetworkAccess"] = "Disabled".into();
    let refused = client.put(&service(), &whole);
    assert_eq!((refused.status, refused.code()), (400, "DisablingPublicNetworkAccessRequiredPrivateEndpoint"));
    let pending = client.endpoint("pe", "manualPrivateLinkServiceConnections");
    assert_eq!(pending.body.pointer("/properties/customDnsConfigs/0/ipAddresses/0").unwrap(), "10.1.0.4");
    let connection = format!("{}/privateEndpointConnections/pe", service());
    let mut one = client.get(&connection).body;
    let state = "/properties/privateLinkServiceConnectionState/status";
    assert_eq!(one.pointer(state).unwrap(), "Pending");
    assert_eq!(client.put(&service(), &whole).status, 400, "a pending connection is not enough");
    *one.pointer_mut(state).unwrap() = "Approved".into();
    let approved = client.put(&connection, &one);
    assert_eq!((approved.status, approved.body.pointer(state).unwrap()), (200, &json!("Approved")));
    whole["properties"]["privateEndpointConnections"] = json!([{ "properties": { "privateEndpoint": {}, "privateLinkServiceConnectionState": { "status": "Pending" } } }]);
    let disabled = client.put(&service(), &whole);
    assert_eq!((disabled.status, disabled.body["properties"]["publicNetworkAccess"].as_str()), (200, Some("Disabled")));
    assert_eq!(
        disabled.body.pointer("/properties/privateEndpointConnections/0/properties/groupIds/0").unwrap(),
        "Gateway"
    );
    let answer = public();
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .body
            .contains("public network access on this 'Microsoft.ApiManagement/service/my-apim-service' is disabled"),
        "{}",
        answer.body
    );
    let patch = json!({ "properties": { "publicNetworkAccess": "Enabled" } });
    assert_eq!(client.send("PATCH", &service(), &[], &patch).status, 200);
    assert_eq!(public().status, 200);
    // A rejected connection is final.
    assert_eq!(
        client
            .put(
                &connection,
                &json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Rejected" } } })
            )
            .status,
        200
    );
    assert_eq!(client.put(&connection, &one).code(), "PrivateEndpointConnectionStateTransitionNotAllowed");
    assert_eq!(client.send("DELETE", &connection, &[], &Value::Null).status, 200);
    assert_eq!(client.get(&connection).code(), "ResourceNotFound");
}

#[test]
fn the_101st_private_endpoint_is_refused_and_changes_nothing() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    for number in 0..100 {
        assert_eq!(client.endpoint(&format!("pe-{number}"), "privateLinkServiceConnections").status, 201, "{number}");
    }
    let refused = client.endpoint("pe-100", "privateLinkServiceConnections");
    assert_eq!(refused.code(), "PrivateEndpointConnectionLimitReached");
    let list = client.get(&format!("{}/privateEndpointConnections", service())).body;
    assert_eq!(list["value"].as_array().unwrap().len(), 100);
}

#[test]
fn an_api_with_its_policy_is_in_force_with_the_next_request() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    let api = format!("{}/apis/hello", service());
    let definition = "openapi: 3.0.1\ninfo: {title: Hello, version: '1'}\npaths: {/there: {get: {operationId: there, responses: {'200': {description: ok}}}}}\n";
    let body = json!({ "properties": { "path": "hello", "format": "openapi", "value": definition, "subscriptionRequired": false, "protocols": ["http", "https"] } });
    let made = client.put(&api, &body);
    assert_eq!((made.status, made.body["properties"]["displayName"].as_str()), (201, Some("Hello")), "{}", made.body);
    assert!(made.body["properties"].get("value").is_none());
    assert_eq!(client.get(&format!("{api}/operations/there")).body["properties"]["urlTemplate"], "/there");
    let policy = |text: &str| json!({ "properties": { "format": "rawxml", "value": format!("<policies><inbound>{text}</inbound></policies>") } });
    let place = format!("{api}/policies/policy");
    let answer = client.put(&place, &policy("<return-response><set-status code=\"418\" /></return-response>"));
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 418);
    // A document that the checker refuses is refused with its place, and nothing changes.
    let wrong = client.put(&place, &policy("<return-respons />"));
    assert_eq!((wrong.status, wrong.code()), (400, "ValidationError"));
    let detail = &wrong.body["error"]["details"][0];
    assert!(detail["message"].as_str().unwrap().contains("on line 1, column"), "{detail}");
    assert_eq!(detail["target"], "representation");
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 418);
    let stale = client.send("PUT", &place, &["If-Match: \"AAAAAAAAAAA=\""], &policy(""));
    assert_eq!((stale.status, stale.code()), (412, "PreconditionFailed"));
    assert_eq!(client.send("DELETE", &place, &["If-Match: *"], &Value::Null).status, 200);
    assert_ne!(gateway.get("http", "/hello/there", &[]).status, 418);
    assert_eq!(client.send("DELETE", &api, &["If-Match: *"], &Value::Null).status, 204);
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 404);
}

#[test]
fn a_wsdl_becomes_a_rest_api_or_is_passed_through() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    client.instance();
    let wsdl = r#"<definitions name="Shop" targetNamespace="urn:s" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:s" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<types><xs:schema targetNamespace="urn:s" elementFormDefault="qualified"><xs:element name="Go" type="xs:string"/></xs:schema></types>
<message name="In"><part name="p" element="t:Go"/></message>
<portType name="P"><operation name="Go"><input message="t:In"/></operation></portType>
<binding name="B" type="t:P"><soap:binding style="document"/><operation name="Go"><soap:operation soapAction="urn:s/Go"/></operation></binding>
<service name="S"><port name="P" binding="t:B"><soap:address location="http://127.0.0.1:9/shop.asmx"/></port></service>
</definitions>"#;
    let import = |name: &str, kind: &str| {
        let api = format!("{}/apis/{name}", service());
        let body = json!({ "properties": { "displayName": name, "path": name, "format": "wsdl", "value": wsdl, "apiType": kind, "subscriptionRequired": false } });
        let made = client.put(&api, &body);
        assert_eq!(made.status, 201, "{}", made.body);
        (api, made.body)
    };
    let (rest, made) = import("rest", "http");
    assert_eq!(
        (&made["properties"]["type"], &made["properties"]["serviceUrl"]),
        (&json!("http"), &json!("http://127.0.0.1:9"))
    );
    assert_eq!(client.get(&format!("{rest}/operations/go")).body["properties"]["urlTemplate"], "/Go");
    let policy = client.get(&format!("{rest}/operations/go/policies/policy?format=rawxml")).body;
    assert!(
        policy["properties"]["value"].as_str().unwrap().contains("<rewrite-uri template=\"/shop.asmx\""),
        "{policy}"
    );
    let (soap, made) = import("soap", "soap");
    assert_eq!(made["properties"]["type"], "soap");
    let operation = client.get(&format!("{soap}/operations/go")).body;
    assert_eq!(operation["properties"]["urlTemplate"], "/?soapAction=urn:s/Go");
    let selected = |wanted: &str| {
        let body = json!({ "properties": { "displayName": "c", "path": "c", "format": "wsdl", "value": wsdl, "wsdlSelector": { "wsdlServiceName": wanted, "wsdlEndpointName": "P" } } });
        client.put(&format!("{}/apis/chosen", service()), &body)
    };
    let refused = selected("Other");
    assert_eq!(refused.status, 400);
    assert!(refused.body.to_string().contains("the WSDL has no service `Other`"), "{}", refused.body);
    let made = selected("S");
    assert_eq!((made.status, made.body["properties"].get("wsdlSelector")), (201, None), "{}", made.body);
    let link = json!({ "properties": { "displayName": "l", "path": "l", "format": "wsdl-link", "value": "http://127.0.0.1:9/x?wsdl", "apiType": "http" } });
    assert_eq!(client.put(&format!("{}/apis/linked", service()), &link).status, 400);
}

#[test]
fn what_the_configuration_has_is_listed_changed_and_deleted() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    let base = format!("{SUB}/resourceGroups/apimite/providers/Microsoft.ApiManagement/service/contoso");
    let names = |list: &Value| -> Vec<String> {
        list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(&client.get(&format!("{base}/apis")).body).contains(&"orders".to_owned()));
    let secrets = client.send("POST", &format!("{base}/subscriptions/bob/listSecrets"), &[], &Value::Null);
    assert_eq!(secrets.body["primaryKey"], "bob-primary-key");
    assert!(client.get(&format!("{base}/subscriptions/bob")).body["properties"].get("primaryKey").is_none());
    let key = [("Ocp-Apim-Subscription-Key", "bob-primary-key")];
    assert_eq!(gateway.get("http", "/orders/", &key).status, 200);
    let again = client.send("POST", &format!("{base}/subscriptions/bob/regeneratePrimaryKey"), &[], &Value::Null);
    assert_eq!(again.status, 204);
    assert_eq!(gateway.get("http", "/orders/", &key).status, 401);
    let fresh = client.send("POST", &format!("{base}/subscriptions/bob/listSecrets"), &[], &Value::Null);
    let fresh = fresh.body["primaryKey"].as_str().unwrap().to_owned();
    assert_eq!(gateway.get("http", "/orders/", &[("Ocp-Apim-Subscription-Key", &fresh)]).status, 200);
    let whole = client.send("DELETE", &format!("{base}/apis/orders"), &["If-Match: *"], &Value::Null);
    assert_eq!((whole.status, whole.code()), (400, "ValidationError"), "it has another revision");
    let path = format!("{base}/apis/orders?deleteRevisions=true");
    let gone = client.send("DELETE", &path, &["If-Match: *"], &Value::Null);
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(client.get(&format!("{base}/subscriptions/carol")).status, 404, "its key was for this API alone");
    assert_eq!(gateway.get("http", "/orders/", &[("Ocp-Apim-Subscription-Key", &fresh)]).status, 404);
}

#[test]
fn a_release_makes_its_revision_the_current_one() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    let service = format!("{SUB}/resourceGroups/apimite/providers/Microsoft.ApiManagement/service/contoso");
    let apis = format!("{service}/apis");
    let policy = |api: &str, status: u16| {
        let text = format!(
            "<policies><inbound><return-response><set-status code=\"{status}\" /></return-response></inbound><backend/><outbound/><on-error/></policies>"
        );
        let body = json!({ "properties": { "format": "rawxml", "value": text } });
        let answer = client.put(&format!("{apis}/{api}/policies/policy"), &body);
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
    };
    let one = json!({ "properties": { "displayName": "R", "path": "r", "protocols": ["http"], "subscriptionRequired": false } });
    assert_eq!(client.put(&format!("{apis}/r"), &one).status, 201);
    let operation = json!({ "properties": { "displayName": "X", "method": "GET", "urlTemplate": "/x" } });
    assert_eq!(client.put(&format!("{apis}/r/operations/x"), &operation).status, 201);
    policy("r", 201);
    // As `az` sends it: what is not said, such as that no key is needed, is the source's.
    let two =
        json!({ "properties": { "displayName": "R", "path": "r", "protocols": ["http"], "sourceApiId": "/apis/r" } });
    let made = client.put(&format!("{apis}/r;rev=2"), &two);
    assert_eq!(made.status, 201, "{}", made.body);
    policy("r;rev=2", 202);
    let call = |path: &str| gateway.get("http", path, &[]).status;
    assert_eq!((call("/r/x"), call("/r;rev=2/x")), (201, 202));
    let release = |name: &str, api: &str| {
        client.put(&format!("{apis}/r/releases/{name}"), &json!({ "properties": { "apiId": api, "notes": "n" } }))
    };
    assert_eq!(release("none", "/apis/r;rev=3").status, 400);
    assert_eq!(release("other", "/apis/orders;rev=2").status, 400);
    let done = release("first", "/apis/r;rev=2");
    assert_eq!((done.status, done.body["properties"]["notes"].as_str()), (201, Some("n")), "{}", done.body);
    assert_eq!((call("/r/x"), call("/r;rev=1/x"), call("/r;rev=2/x")), (202, 201, 202));
    let shown = client.get(&format!("{apis}/r")).body;
    assert_eq!((&shown["properties"]["apiRevision"], &shown["properties"]["isCurrent"]), (&"2".into(), &true.into()));
    // And back; a release that is put again is only changed.
    assert_eq!(release("second", "/apis/r;rev=1").status, 201);
    assert_eq!((call("/r/x"), call("/r;rev=2/x")), (201, 202));
    assert_eq!(release("first", "/apis/r;rev=2").status, 200);
    assert_eq!(call("/r/x"), 201);
    let list = client.get(&format!("{apis}/r/releases")).body;
    assert_eq!(list["value"].as_array().unwrap().len(), 2, "{list}");
    // The sample's own API has two revisions: they change places like any.
    let revisions = client.get(&format!("{apis}/orders/revisions")).body;
    let other = revisions["value"].as_array().unwrap().iter().find(|one| one["isCurrent"] == false).unwrap();
    let number = other["apiRevision"].as_str().unwrap();
    let body = json!({ "properties": { "apiId": format!("/apis/orders;rev={number}") } });
    let done = client.put(&format!("{apis}/orders/releases/r"), &body);
    assert_eq!(done.status, 201, "{}", done.body);
    let shown = client.get(&format!("{apis}/orders")).body;
    assert_eq!(shown["properties"]["apiRevision"], number);
    let after = client.get(&format!("{apis}/orders/revisions")).body;
    assert_eq!(after["count"], revisions["count"], "{after}");
}

#[test]
fn the_state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("[tls]\nstate_folder = '{}'\n", folder.path().join("state").display());
    for (path, text) in [
        ("served/apimite.toml", settings.as_str()),
        (
            "served/apis/a/apiInformation.json",
            r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#,
        ),
        (
            "served/apis/a/specification.yaml",
            "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n",
        ),
    ] {
        support::write(folder.path(), path, text);
    }
    let served = folder.path().join("served");
    let start = || {
        let gateway = Gateway::start(&[served.to_str().unwrap()]);
        std::fs::create_dir_all(gateway.folder.path().join(".apimite")).unwrap();
        std::fs::copy(folder.path().join("state/ca.pem"), gateway.folder.path().join(".apimite/ca.pem")).unwrap();
        gateway
    };
    let first = start();
    let client = Client::new(&first);
    client.instance();
    assert_eq!(client.endpoint("pe", "privateLinkServiceConnections").status, 201);
    let off = json!({ "properties": { "publicNetworkAccess": "Disabled" } });
    assert_eq!(client.send("PATCH", &service(), &[], &off).status, 200);
    let token = client.token.clone();
    let tag = client.get(&service()).header("etag").unwrap().to_owned();
    first.terminate();
    let second = start();
    // The token is still good: it is of the same authority.
    let client = Client { gateway: &second, token };
    let again = client.get(&service());
    assert_eq!(again.body["properties"]["publicNetworkAccess"], "Disabled");
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(second.get("http", "/a/x", &[]).status, 403);
}

#[test]
fn a_template_makes_an_instance_with_an_endpoint_and_its_zone_group() {
    let gateway = Gateway::start(&[]);
    let client = Client::new(&gateway);
    assert_eq!(client.put(GROUP, &json!({ "location": "westeurope" })).status, 201);
    let token = format!("Authorization: Bearer {}", client.token);
    let template = include_str!("data/private.json");
    // The body as `az` writes it: the template after an unquoted key.
    let body = |parameters: &str| {
        format!(
            "{{\"properties\": {{\"parameters\": {parameters}, \"mode\": \"Incremental\", template:{template}\n}}}}"
        )
    };
    let place = format!("{GROUP}/providers/Microsoft.Resources/deployments/d1");
    let ask = |method: &str, path: &str, text: &str| {
        curl(&gateway, method, &format!("{path}?api-version=2025-04-01"), &[&token], text)
    };
    let missing = ask("POST", &format!("{place}/validate"), &body("{}"));
    assert_eq!((missing.status, missing.code()), (400, "InvalidTemplate"));
    let given = r#"{"serviceName": {"value": "my-apim-service"}}"#;
    let valid = ask("POST", &format!("{place}/validate"), &body(given));
    assert_eq!(valid.body["properties"]["validatedResources"].as_array().unwrap().len(), 6, "{}", valid.body);
    assert_eq!(client.get(&service()).status, 404, "validating makes nothing");
    let made = ask("PUT", &place, &body(given));
    assert_eq!(
        (made.status, made.body["properties"]["provisioningState"].as_str()),
        (201, Some("Accepted")),
        "{}",
        made.body
    );
    let operation = made.header("azure-asyncoperation").unwrap().split_once("/subscriptions").unwrap().1.to_owned();
    let operation = curl(&gateway, "GET", &format!("/subscriptions{operation}"), &[&token], "");
    assert_eq!(operation.body["status"], "Succeeded", "{}", operation.body);
    let done = ask("GET", &place, "");
    assert_eq!(done.body["properties"]["outputs"]["gatewayUrl"]["value"], "https://my-apim-service.azure-api.net");
    assert_eq!(done.body["properties"]["outputs"]["address"]["value"], "10.2.0.4");
    let records =
        client.get(&format!("{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azure-api.net/A")).body;
    assert_eq!(records["value"][0]["properties"]["aRecords"][0]["ipv4Address"], "10.2.0.4", "{records}");
    // What fails says which resource and why.
    let bad = template.replace("10.2.0.0/24", "10.9.0.0/24");
    let text = format!("{{\"properties\": {{\"parameters\": {given}, \"mode\": \"Incremental\", template:{bad}\n}}}}");
    let place = format!("{GROUP}/providers/Microsoft.Resources/deployments/d2");
    assert_eq!(ask("PUT", &place, &text).status, 201);
    let failed = ask("GET", &place, "").body;
    assert_eq!(failed["properties"]["provisioningState"], "Failed");
    let detail = &failed["properties"]["error"]["details"][0];
    assert!(detail["target"].as_str().unwrap().ends_with("/virtualNetworks/vn"), "{failed}");
}

#[test]
fn long_operations_take_azures_time_when_told_to() {
    let gateway = Gateway::start(&["--long-operations", "azure"]);
    let client = Client::new(&gateway);
    assert_eq!(client.put(GROUP, &json!({ "location": "westeurope" })).status, 201);
    let made = client.put(&service(), &instance());
    assert_eq!((made.status, made.body["properties"]["provisioningState"].as_str()), (201, Some("Created")));
    assert_eq!(client.get(&service()).body["properties"]["targetProvisioningState"], "Activating");
    let again = client.put(&service(), &instance());
    assert_eq!((again.status, again.code()), (409, "AnotherOperationInProgress"));
    let token = format!("Authorization: Bearer {}", client.token);
    let follow = |name: &str| {
        let place = made.header(name).unwrap().split_once("/subscriptions").unwrap().1.to_owned();
        curl(&gateway, "GET", &format!("/subscriptions{place}"), &[&token], "")
    };
    assert_eq!(follow("azure-asyncoperation").body["status"], "InProgress");
    assert_eq!(follow("location").status, 202);
    assert!(gateway.command(&["clock", "advance", "41m"]).status.success());
    assert_eq!(follow("azure-asyncoperation").body["status"], "Succeeded");
    assert_eq!(follow("location").body["name"], "my-apim-service");
    assert_eq!(client.get(&service()).body["properties"]["provisioningState"], "Succeeded");
}
