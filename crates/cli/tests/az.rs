//! The real `az`, unmodified, against a running gateway: the life of a private endpoint from group to clean-up, and a
//! template. Skipped, loudly, where `az` is not installed (`AZ` may name it).

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "a test may")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::az::{Az, quotas_are_read_and_set, signed_in};
use support::{Gateway, apimite};

const GROUP: &str = "my-resource-group";
const SERVICE: &str = "my-apim-service";
const ZONE: &str = "privatelink.azure-api.net";

fn template() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/private.json"))
}

/// One API, open to everybody.
fn api(folder: &Path) {
    support::write(
        folder,
        "apis/a/apiInformation.json",
        r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#,
    );
    support::write(
        folder,
        "apis/a/specification.yaml",
        "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n",
    );
}

#[test]
fn the_real_az_walks_through_the_life_of_a_private_endpoint() {
    let settings = tempfile::tempdir().unwrap();
    support::write(
        settings.path(),
        "apimite.toml",
        // The virtual network of the walk is 127.0.0.0/24: its first usable address, 127.0.0.4, is one of this machine.
        "[service]\nname = 'walk'\n[listen]\ndns = '127.0.0.1:0'\n[network]\npublic_ip = '203.0.113.1'\n[private_endpoints.my-pe]\nlisten = '127.0.0.4:0'\nstate = 'Pending'\n",
    );
    api(settings.path());
    let gateway = Gateway::start(&[settings.path().to_str().unwrap()]);
    let Some(az) = signed_in(&gateway) else { return };
    let az = &az;
    let subscription = az.run(&["account", "show"])["id"].as_str().unwrap().to_owned();
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/{GROUP}/providers/Microsoft.ApiManagement/service/{SERVICE}"
    );
    let connection = format!("{id}/privateEndpointConnections/my-pe");
    let public = || gateway.get("http", "/a/x", &[]).status;
    let inside = || gateway_answers(&gateway, "my-pe");

    az.run(&["group", "create", "-n", GROUP, "-l", "westeurope"]);
    assert_eq!(az.run(&["group", "exists", "-n", GROUP]), Value::Bool(true));
    let made = az.run(&[
        "apim",
        "create",
        "-n",
        SERVICE,
        "-g",
        GROUP,
        "--publisher-email",
        "a@example.com",
        "--publisher-name",
        "Contoso",
    ]);
    assert_eq!(
        (made["provisioningState"].as_str(), made["publicNetworkAccess"].as_str()),
        (Some("Succeeded"), Some("Enabled"))
    );
    prints_what_azure_prints(&made);
    assert_eq!(az.run(&["apim", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(az.run(&["apim", "check-name", "-n", SERVICE])["reason"], "AlreadyExists");
    az.refused(
        &["apim", "update", "-n", SERVICE, "-g", GROUP, "--public-network-access", "false"],
        "DisablingPublicNetworkAccessRequiredPrivateEndpoint",
        "does not have at least one approved private endpoint connection. (help: create a private endpoint",
    );
    az.refused(
        &["apim", "update", "-n", SERVICE, "-g", GROUP, "--virtual-network", "External"],
        "VirtualNetworkConfigurationRequired",
        "needs a subnet in location",
    );
    assert_eq!((public(), inside()), (200, None), "nothing is connected yet");

    let types = az.run(&["rest", "--method", "GET", "--url", &format!("/subscriptions/{subscription}/providers/Microsoft.Network/locations/westeurope/availablePrivateEndpointTypes?api-version=2021-08-01")]);
    assert_eq!(types["value"][0]["name"], "Microsoft.ApiManagement.service");
    az.run(&[
        "network",
        "vnet",
        "create",
        "-n",
        "vn",
        "-g",
        GROUP,
        "--address-prefixes",
        "127.0.0.0/24",
        "--subnet-name",
        "endpoints",
        "--subnet-prefixes",
        "127.0.0.0/28",
    ]);
    az.run(&[
        "network",
        "private-endpoint",
        "create",
        "-n",
        "my-pe",
        "-g",
        GROUP,
        "--vnet-name",
        "vn",
        "--subnet",
        "endpoints",
        "--private-connection-resource-id",
        &id,
        "--group-id",
        "Gateway",
        "--connection-name",
        "c1",
        "--manual-request",
        "true",
        "--request-message",
        "please",
    ]);
    let list = az.run(&["network", "private-endpoint-connection", "list", "--id", &id]);
    assert_eq!(list[0]["properties"]["privateLinkServiceConnectionState"]["status"], "Pending");
    assert_eq!(inside(), None, "a pending connection carries no traffic");
    assert_eq!(
        az.run(&["network", "private-link-resource", "list", "--id", &id])[0]["properties"]["groupId"],
        "Gateway"
    );
    let connected = &list[0];
    assert_eq!(connected["properties"]["privateLinkServiceConnectionState"]["description"], "please");
    assert_eq!(connected["properties"]["groupIds"], serde_json::json!(["Gateway"]));
    assert_eq!(connected["type"], "Microsoft.ApiManagement/service/privateEndpointConnections");
    az.refused(
        &["apim", "update", "-n", SERVICE, "-g", GROUP, "--public-network-access", "false"],
        "DisablingPublicNetworkAccessRequiredPrivateEndpoint",
        "approved",
    );
    // A connection exists, no zone does yet: the alias leads to the public address.
    let private = format!("{SERVICE}.{ZONE}");
    is_looked_up(&gateway, "127.0.0.1", &[&private, "203.0.113.1"]);
    az.run(&["network", "private-endpoint-connection", "approve", "--id", &connection, "--description", "ok"]);
    let shown = az.run(&["network", "private-endpoint-connection", "show", "--id", &connection]);
    assert_eq!(shown["properties"]["privateLinkServiceConnectionState"]["status"], "Approved");
    assert_eq!(inside(), Some(200));

    az.run(&["network", "private-dns", "zone", "create", "-g", GROUP, "-n", ZONE]);
    az.run(&[
        "network",
        "private-dns",
        "link",
        "vnet",
        "create",
        "-g",
        GROUP,
        "-n",
        "link",
        "-z",
        ZONE,
        "-v",
        "vn",
        "-e",
        "false",
    ]);
    az.run(&[
        "network",
        "private-endpoint",
        "dns-zone-group",
        "create",
        "-g",
        GROUP,
        "--endpoint-name",
        "my-pe",
        "-n",
        "default",
        "--private-dns-zone",
        ZONE,
        "--zone-name",
        "z",
    ]);
    let records = az.run(&["network", "private-dns", "record-set", "a", "list", "-g", GROUP, "-z", ZONE]);
    assert_eq!(
        (records[0]["name"].as_str(), records[0]["aRecords"][0]["ipv4Address"].as_str()),
        (Some(SERVICE), Some("127.0.0.4"))
    );
    az.run(&[
        "network",
        "private-dns",
        "record-set",
        "a",
        "add-record",
        "-g",
        GROUP,
        "-z",
        ZONE,
        "-n",
        "extra",
        "-a",
        "127.0.0.9",
    ]);
    az.run(&[
        "network",
        "private-dns",
        "record-set",
        "a",
        "remove-record",
        "-g",
        GROUP,
        "-z",
        ZONE,
        "-n",
        "extra",
        "-a",
        "127.0.0.9",
    ]);

    // Section 2, step 6: from inside the name is the endpoint's private address, from outside the public one.
    is_looked_up(&gateway, "127.0.0.1", &[&private, "127.0.0.4"]);
    is_looked_up(&gateway, "127.9.0.1", &[&private, "203.0.113.1"]);
    if let Some(text) = nslookup(&gateway) {
        assert!(text.contains(&format!("canonical name = {private}")) && text.contains("Address: 127.0.0.4"), "{text}");
    }
    assert!(gateway.address("my-pe").starts_with("127.0.0.4:"), "what the name says is where the endpoint is");

    let off = az.run(&["apim", "update", "-n", SERVICE, "-g", GROUP, "--public-network-access", "false"]);
    assert_eq!(off["publicNetworkAccess"], "Disabled");
    let answer = gateway.get("http", "/a/x", &[]);
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("Request originated from client public IP address 127.0.0.1, public network access on this 'Microsoft.ApiManagement/service/my-apim-service' is disabled."), "{}", answer.body);
    assert!(answer.body.contains("To connect to 'Microsoft.ApiManagement/service/my-apim-service', please use the Private Endpoint from inside your virtual network."), "{}", answer.body);
    assert_eq!(inside(), Some(200));
    let status = az.run(&["rest", "--method", "GET", "--url", &format!("{id}/networkstatus?api-version=2022-08-01")]);
    assert_eq!(status[0]["location"], "West Europe");
    let here = format!("{id}/locations/westeurope/networkstatus?api-version=2022-08-01");
    let one = az.run(&["rest", "--method", "GET", "--url", &here]);
    let names = |status: &Value| -> Vec<(String, String)> {
        let list = status["connectivityStatus"].as_array().unwrap().iter();
        list.map(|one| (one["name"].to_string(), one["status"].to_string())).collect()
    };
    assert_eq!(names(&one), names(&status[0]["networkStatus"]));
    assert_eq!(names(&one).len(), 11, "{one}");
    let names = format!(
        "/subscriptions/{subscription}/providers/Microsoft.ApiManagement/checkNameAvailability?api-version=2022-08-01"
    );
    let free = az.run(&["rest", "--method", "POST", "--url", &names, "--body", "{\"name\": \"somebody-else\"}"]);
    assert_eq!((free["nameAvailable"].as_bool(), free["reason"].as_str()), (Some(true), Some("Valid")));
    let all = format!("{id}/privateEndpointConnections?api-version=2022-08-01");
    let all = az.run(&["rest", "--method", "GET", "--url", &all]);
    assert_eq!(all["value"][0]["name"], "my-pe");
    az.run(&["apim", "update", "-n", SERVICE, "-g", GROUP, "--public-network-access", "true"]);
    assert_eq!(public(), 200);

    az.run(&["network", "private-endpoint-connection", "reject", "--id", &connection, "--description", "no"]);
    assert_eq!(inside(), None, "a rejected connection carries no traffic");
    let output = az.output(&["network", "private-endpoint-connection", "approve", "--id", &connection]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("cannot become Approved"), "{error}");
    az.run(&["network", "private-endpoint-connection", "delete", "--id", &connection, "-y"]);
    az.run(&["network", "private-endpoint", "delete", "-n", "my-pe", "-g", GROUP]);
    assert_eq!(az.run(&["network", "private-endpoint-connection", "list", "--id", &id]).as_array().unwrap().len(), 0);
    az.run(&["network", "private-dns", "link", "vnet", "delete", "-g", GROUP, "-n", "link", "-z", ZONE, "-y"]);
    az.run(&["network", "private-dns", "zone", "delete", "-g", GROUP, "-n", ZONE, "-y"]);
    az.run(&["apim", "delete", "-n", SERVICE, "-g", GROUP, "-y"]);
    assert_eq!(public(), 404, "nobody is served any more");
    az.run(&["group", "delete", "-n", GROUP, "-y"]);
    assert_eq!(az.run(&["group", "exists", "-n", GROUP]), Value::Bool(false));
}

/// The status of a call through a private endpoint; `None` when the connection is closed without an answer.
fn gateway_answers(gateway: &Gateway, listener: &str) -> Option<u16> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(gateway.address(listener)).ok()?;
    stream.write_all(b"GET /a/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.split(' ').nth(1)?.parse().ok()
}

/// Checks the names and addresses in the answer to the instance's own name, for an asker at this address of the machine.
fn is_looked_up(gateway: &Gateway, from: &str, expected: &[&str]) {
    let address = gateway.address("dns");
    let (ip, port) = address.rsplit_once(':').unwrap();
    let name = format!("{SERVICE}.azure-api.net");
    let output = Command::new("dig").args([&format!("@{ip}"), "-p", port, "-b", from, "+short", &name]).output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: `dig` is not installed; the name as seen from {from} was not looked up");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Vec<&str> = text.lines().map(|line| line.trim_end_matches('.')).collect();
    assert_eq!(found, expected, "asked from {from}");
}

/// What `nslookup` prints, asked as a user would, from an address of the virtual network.
fn nslookup(gateway: &Gateway) -> Option<String> {
    let address = gateway.address("dns");
    let (ip, port) = address.rsplit_once(':').unwrap();
    let output =
        Command::new("nslookup").args([&format!("-port={port}"), &format!("{SERVICE}.azure-api.net"), ip]).output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            eprintln!("SKIPPED: `nslookup` is not installed; names were looked up with `dig` alone");
            None
        }
    }
}

/// Members that `az apim show` prints of an instance in Azure, by recordings of its own tests.
fn prints_what_azure_prints(instance: &Value) {
    let members = "additionalLocations apiVersionConstraint certificates createdAtUtc customProperties developerPortalUrl \
        disableGateway enableClientCertificate etag gatewayRegionalUrl gatewayUrl hostnameConfigurations id identity location \
        managementApiUrl name notificationSenderEmail platformVersion portalUrl privateEndpointConnections \
        privateIpAddresses provisioningState publicIpAddressId publicIpAddresses publicNetworkAccess publisherEmail \
        publisherName resourceGroup restore scmUrl sku tags targetProvisioningState type virtualNetworkConfiguration \
        virtualNetworkType zones";
    for member in members.split_whitespace() {
        assert!(instance.get(member).is_some(), "`{member}` is not printed: {instance}");
    }
    assert_eq!(instance["hostnameConfigurations"][0]["hostName"], "my-apim-service.azure-api.net");
    assert_eq!(instance["gatewayUrl"], "https://my-apim-service.azure-api.net");
    assert_eq!((instance["location"].as_str(), instance["resourceGroup"].as_str()), (Some("West Europe"), Some(GROUP)));
    assert_eq!(instance["platformVersion"], "stv2");
}

#[test]
fn the_real_az_deploys_a_template_and_manages_an_api() {
    let gateway = Gateway::start(&[]);
    let Some(az) = signed_in(&gateway) else { return };
    az.run(&["group", "create", "-n", GROUP, "-l", "westeurope"]);
    let name = format!("serviceName={SERVICE}");
    let template = template().to_str().unwrap();
    let done = az.run(&[
        "deployment",
        "group",
        "create",
        "-g",
        GROUP,
        "-n",
        "d1",
        "--template-file",
        template,
        "--parameters",
        &name,
    ]);
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    assert_eq!(done["properties"]["outputs"]["address"]["value"], "10.2.0.4");
    assert_eq!(az.run(&["apim", "show", "-n", SERVICE, "-g", GROUP])["name"], SERVICE);

    let own = ["-g", GROUP, "--service-name", SERVICE];
    let with = |first: &[&str], more: &[&str]| -> Value {
        let all: Vec<&str> = first.iter().chain(own.iter()).chain(more.iter()).copied().collect();
        az.run(&all)
    };
    with(
        &["apim", "api", "create"],
        &[
            "--api-id",
            "hello",
            "--path",
            "hello",
            "--display-name",
            "Hello",
            "--subscription-required",
            "false",
            "--protocols",
            "http",
            "https",
            "--service-url",
            "http://127.0.0.1:9",
        ],
    );
    with(
        &["apim", "api", "operation", "create"],
        &[
            "--api-id",
            "hello",
            "--url-template",
            "/there",
            "--method",
            "GET",
            "--display-name",
            "There",
            "--operation-id",
            "there",
        ],
    );
    let id = format!(
        "/subscriptions/{{subscriptionId}}/resourceGroups/{GROUP}/providers/Microsoft.ApiManagement/service/{SERVICE}"
    );
    let policy = r#"{"properties": {"format": "rawxml", "value": "<policies><inbound><return-response><set-status code=\"418\" /></return-response></inbound></policies>"}}"#;
    az.run(&[
        "rest",
        "--method",
        "PUT",
        "--url",
        &format!("{id}/apis/hello/policies/policy?api-version=2022-08-01"),
        "--body",
        policy,
    ]);
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 418);
    // The tracing of a call, as the API inspector's page does it.
    let managed = format!("{id}/gateways/managed");
    let post = |action: &str, body: &Value| {
        let url = format!("{managed}/{action}?api-version=2023-05-01-preview");
        az.run(&["rest", "--method", "POST", "--url", &url, "--body", &body.to_string()])
    };
    let api = az.run(&["apim", "api", "show", "-g", GROUP, "--service-name", SERVICE, "--api-id", "hello"]);
    let wanted = serde_json::json!({ "credentialsExpireAfter": "PT1H", "apiId": api["id"], "purposes": ["tracing"] });
    let token = post("listDebugCredentials", &wanted)["token"].as_str().unwrap().to_owned();
    let traced = gateway.get("http", "/hello/there", &[("Apim-Debug-Authorization", &token)]);
    let trace = traced.header("Apim-Trace-Id").unwrap().to_owned();
    assert_eq!(post("listTrace", &serde_json::json!({ "traceId": trace }))["traceId"], trace.as_str());
    with(
        &["apim", "product", "create"],
        &["--product-id", "p", "--product-name", "P", "--subscription-required", "true", "--state", "published"],
    );
    with(&["apim", "product", "api", "add"], &["--product-id", "p", "--api-id", "hello"]);
    with(&["apim", "product", "api", "check"], &["--product-id", "p", "--api-id", "hello"]);
    with(
        &["apim", "nv", "create"],
        &["--named-value-id", "nv", "--display-name", "nv", "--value", "v", "--secret", "true"],
    );
    assert_eq!(with(&["apim", "nv", "show-secret"], &["--named-value-id", "nv"])["value"], "v");
    with(&["apim", "api", "revision", "create"], &["--api-id", "hello", "--api-revision", "2"]);
    with(&["apim", "api", "release", "create"], &["--api-id", "hello", "--release-id", "r", "--api-revision", "2"]);
    assert_eq!(with(&["apim", "api", "show"], &["--api-id", "hello"])["apiRevision"], "2");
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 418);
    quotas_are_read_and_set(&gateway, &az, &id);
    let apis = with(&["apim", "api", "list"], &[]);
    assert!(apis.as_array().unwrap().iter().any(|api| api["name"] == "hello"));
    with(&["apim", "api", "delete"], &["--api-id", "hello", "--delete-revisions", "true", "-y"]);
    assert_eq!(gateway.get("http", "/hello/there", &[]).status, 404);
}

#[test]
fn the_real_az_moves_a_configured_instance_between_networks() {
    let settings = tempfile::tempdir().unwrap();
    support::write(
        settings.path(),
        "apimite.toml",
        "[service]\nname = 'walk'\ntier = 'Developer'\n[network]\nmode = 'internal'\nvirtual_network = ['10.7.0.0/16']\nsubnet = '10.7.1.0/28'\n",
    );
    api(settings.path());
    let gateway = Gateway::start(&[settings.path().to_str().unwrap()]);
    let Some(az) = signed_in(&gateway) else { return };
    let own = ["-n", "walk", "-g", "apimite"];
    let show = az.run(&[&["apim", "show"], &own[..]].concat());
    assert_eq!(show["virtualNetworkType"], "Internal");
    assert_eq!(show["privateIpAddresses"], serde_json::json!(["10.7.1.4"]));
    let to = |kind: &str| az.run(&[&["apim", "update"], &own[..], &["--virtual-network", kind]].concat());
    assert_eq!(to("External")["virtualNetworkType"], "External");
    assert_eq!(gateway.get("http", "/nothing", &[]).status, 404);
    assert_eq!(to("None")["virtualNetworkType"], "None");
    assert_eq!(to("Internal")["virtualNetworkType"], "Internal");
    az.refused(
        &[&["apim", "update"], &own[..], &["--public-network-access", "false"]].concat(),
        "PublicNetworkAccessNotSupportedWithVirtualNetwork",
        "injected",
    );
    let vnet = ["network", "vnet", "create", "-g", "apimite", "-n", "vn", "--address-prefixes", "10.8.0.0/16"];
    az.run(&[&vnet[..], &["--subnet-name", "sn", "--subnet-prefixes", "10.8.0.0/24"]].concat());
    let id = show["id"].as_str().unwrap();
    let endpoint =
        ["network", "private-endpoint", "create", "-g", "apimite", "-n", "pe", "--vnet-name", "vn", "--subnet", "sn"];
    az.refused(
        &[&endpoint[..], &["--private-connection-resource-id", id, "--group-id", "Gateway", "--connection-name", "c"]]
            .concat(),
        "PrivateEndpointNotSupportedWithVirtualNetwork",
        "is injected into a virtual network",
    );
    az.refused(
        &[&["apim", "update"], &own[..], &["--sku-name", "Standard"]].concat(),
        "ManagingVirtualNetworkConfigurationNotSupported",
        "not supported for Sku Type 'Standard'",
    );
}

#[test]
fn a_written_folder_signs_the_real_az_in_without_a_command() {
    let gateway = Gateway::start(&[]);
    let Some(az) = signed_in(&gateway) else { return };
    let folder = gateway.folder.path();
    let written = apimite().args(["az-login", "files"]).current_dir(folder).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let az = Az { config: folder.join("files"), ca: folder.join("files/ca.pem"), ..az };
    assert_eq!(az.run(&["group", "list"])[0]["name"], "apimite");
}
