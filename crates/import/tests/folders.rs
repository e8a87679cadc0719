//! Extractor folders in all their spellings, and `apimite.toml`, as the service sees them.

#![allow(missing_docs, reason = "a test crate")]

use std::time::Duration;

use apimite_import::settings::{Bind, ConnectionState};
use apimite_import::{Imported, Memory, Origin, from_openapi, from_policy, import, origins};
use apimite_model::{
    ApiKind, BackendKind, ProductState, Scope, SubscriptionScope, SubscriptionState, Tier, VersionScheme,
};

fn read(files: &Memory) -> Imported {
    let imported = import(files, &|name| (name == "SECRET").then(|| "from-environment".to_owned()));
    let errors: Vec<String> = imported
        .diagnostics
        .0
        .iter()
        .filter(|d| d.severity == apimite_diag::Severity::Error)
        .map(|d| d.render())
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    imported
}

const SPEC: &str = "openapi: 3.0.1\nservers:\n  - url: https://contoso.azure-api.net/a\npaths:\n  /x:\n    get:\n      operationId: GetX\n";

/// The same small service in the three spellings that are seen in public.
fn spellings() -> [(&'static str, Memory); 3] {
    let api = r#"{"properties": {"displayName": "A", "path": "a", "apiVersion": "v1", "apiVersionSetId": "/subscriptions/0/x/apiVersionSets/vs"}}"#;
    let build = |names: [&'static str; 10]| {
        let [
            api_info,
            fragments,
            fragment_info,
            values,
            value_info,
            sets,
            set_info,
            product_info,
            backend_info,
            subscription_info,
        ] = names;
        Memory::new()
            .with("policy.xml", "<policies />")
            .with(&format!("apis/a/{api_info}"), api)
            .with("apis/a/specification.yaml", SPEC)
            .with("apis/a/policy.xml", "<policies />")
            .with("apis/a/operations/GetX/policy.xml", "<policies />")
            .with(&format!("{fragments}/f/{fragment_info}"), r#"{"properties": {"description": "d"}}"#)
            .with(&format!("{fragments}/f/policy.xml"), "<fragment />")
            .with(&format!("{values}/n/{value_info}"), r#"{"properties": {"displayName": "nv", "value": "v"}}"#)
            .with(&format!("{sets}/vs/{set_info}"), r#"{"properties": {"displayName": "VS", "versioningScheme": "Header", "versionHeaderName": "Api-Version"}}"#)
            .with(&format!("products/p/{product_info}"), r#"{"properties": {"displayName": "P", "state": "published"}}"#)
            .with("products/p/apis.json", r#"[{"name": "a"}]"#)
            .with("products/p/policy.xml", "<policies />")
            .with(&format!("backends/b/{backend_info}"), r#"{"properties": {"url": "https://b.example/x"}}"#)
            .with(&format!("subscriptions/s/{subscription_info}"), r#"{"properties": {"scope": "/products/p", "state": "active"}}"#)
    };
    [
        (
            "v6",
            build([
                "apiInformation.json",
                "policy fragments",
                "policyFragmentInformation.json",
                "named values",
                "namedValueInformation.json",
                "version sets",
                "versionSetInformation.json",
                "productInformation.json",
                "backendInformation.json",
                "subscriptionInformation.json",
            ]),
        ),
        (
            "v7",
            build([
                "apiInformation.json",
                "policyFragments",
                "policyFragmentInformation.json",
                "namedValues",
                "namedValueInformation.json",
                "versionSets",
                "versionSetInformation.json",
                "productInformation.json",
                "backendInformation.json",
                "subscriptionInformation.json",
            ]),
        ),
        (
            "snake",
            build([
                "api_information.json",
                "policy_fragments",
                "policy_fragment_information.json",
                "named_values",
                "named_value_information.json",
                "version_sets",
                "api_version_set_information.json",
                "product_information.json",
                "backend_information.json",
                "subscription_information.json",
            ]),
        ),
    ]
}

#[test]
fn the_spellings_of_the_layout_mean_the_same() {
    for (name, files) in spellings() {
        let service = read(&files).service;
        let api = &service.apis[0];
        assert_eq!((&*api.path, &*api.version, api.version_set.as_deref()), ("a", "v1", Some("vs")), "{name}");
        assert_eq!(&*api.service_url, "", "an exported definition names the gateway, not the backend: {name}");
        assert!(api.policy.is_some() && api.operations[0].policy.is_some(), "{name}");
        assert_eq!(service.version_sets["vs"].scheme, VersionScheme::Header("Api-Version".into()), "{name}");
        assert_eq!(service.products["p"].apis, ["a".into()], "{name}");
        assert_eq!(service.products["p"].state, ProductState::Published, "{name}");
        assert_eq!(&*service.named_values["nv"].id, "n", "{name}");
        assert_eq!(&*service.fragments["f"].description, "d", "{name}");
        assert!(
            matches!(&service.backends["b"].kind, BackendKind::Single { url } if &**url == "https://b.example/x"),
            "{name}"
        );
        assert_eq!(service.subscriptions["s"].scope, SubscriptionScope::Product("p".into()), "{name}");
    }
}

#[test]
fn every_document_knows_the_scope_and_file_it_came_from() {
    let [(_, files), ..] = spellings();
    let origin = |scope, owner: &str, file: &str| Origin { scope, owner: owner.into(), file: file.into() };
    assert_eq!(
        origins(&read(&files).service),
        [
            origin(Scope::Global, "", "policy.xml"),
            origin(Scope::Product, "p", "products/p/policy.xml"),
            origin(Scope::Api, "a", "apis/a/policy.xml"),
            origin(Scope::Operation, "a/GetX", "apis/a/operations/GetX/policy.xml"),
        ]
    );
}

#[test]
fn a_set_below_the_folder_is_found_and_the_settings_may_name_it() {
    let information = r#"{"properties": {"path": "a", "serviceUrl": "http://h"}}"#;
    let files = Memory::new().with("README.md", "x").with("dev/apis/a/apiInformation.json", information);
    assert_eq!(read(&files).service.apis.len(), 1);
    let files = files
        .with("prod/apis/a/apiInformation.json", information)
        .with("prod/apis/b/apiInformation.json", information.replace("\"a\"", "\"b\""));
    assert_eq!(read(&files.with("apimite.toml", "folder = \"./prod/\"")).service.apis.len(), 2);
}

#[test]
fn revisions_are_told_apart_by_their_folder() {
    let information = |revision: &str| {
        format!(r#"{{"properties": {{"path": "a", "serviceUrl": "http://h", "apiRevision": "{revision}"}}}}"#)
    };
    let files = Memory::new()
        .with("apis/a/apiInformation.json", information("3"))
        .with("apis/a;rev=2/apiInformation.json", information("2"))
        .with("apis/a;rev=2/specification.yaml", SPEC);
    let apis = read(&files).service.apis;
    let seen: Vec<(&str, &str, bool)> = apis.iter().map(|api| (&*api.id, &*api.revision, api.is_current)).collect();
    assert_eq!(seen, [("a", "3", true), ("a", "2", false)]);
}

#[test]
fn kinds_of_api_without_a_definition_have_their_operation() {
    let information =
        |kind: &str| format!(r#"{{"properties": {{"path": "{kind}", "type": "{kind}", "serviceUrl": "wss://h"}}}}"#);
    let files = Memory::new()
        .with("apis/w/apiInformation.json", information("websocket"))
        .with("apis/g/apiInformation.json", information("graphql"));
    let apis = read(&files).service.apis;
    assert_eq!((apis[0].kind, &*apis[0].operations[0].method), (ApiKind::GraphQl, "POST"));
    assert_eq!(
        (apis[1].kind, &*apis[1].operations[0].id, apis[1].protocols.wss),
        (ApiKind::WebSocket, "onHandshake", true)
    );
}

#[test]
fn operation_information_makes_operations_where_there_is_no_definition() {
    let operation = r#"{"properties": {"displayName": "Get", "method": "get", "urlTemplate": "/x/{id}?a={a}",
        "templateParameters": [{"name": "id", "type": "integer", "required": true}, {"name": "a", "values": ["1", "2"], "defaultValue": "1"}],
        "request": {"headers": [{"name": "H", "required": true}], "queryParameters": [{"name": "q"}]},
        "responses": [{"statusCode": 200, "representations": [{"contentType": "application/json", "sample": "{\"a\":1}"},
            {"contentType": "text/plain", "examples": {"default": {"value": "hi"}}}]}]}}"#;
    let files = Memory::new()
        .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a", "serviceUrl": "http://h"}}"#)
        .with("apis/a/operations/get/operationInformation.json", operation)
        .with("apis/a/operations/get/policy.xml", "<policies />");
    let service = read(&files).service;
    let operation = &service.apis[0].operations[0];
    assert_eq!((&*operation.method, &*operation.url_template, operation.parameters.len()), ("GET", "/x/{id}?a={a}", 4));
    assert_eq!(operation.parameters[0].schema.as_deref(), Some(r#"{"type":"integer"}"#));
    assert_eq!(&*operation.parameters[1].values, ["1".into(), Box::<str>::from("2")]);
    let shapes = &operation.responses[0].representations;
    assert_eq!((&*shapes[0].examples[0].value, &*shapes[1].examples[0].value), ("{\"a\":1}", "hi"));
    assert!(operation.policy.is_some());
}

#[test]
fn a_backend_has_all_its_parts() {
    let backend = r#"{"properties": {"url": "https://b", "title": "B", "azureRegion": "westeurope",
        "credentials": {"header": {"X-Key": ["{{k}}", "2"]}, "query": {"code": "c"}, "authorization": {"scheme": "Bearer", "parameter": "t"},
            "certificateIds": ["/certificates/c1"], "managedIdentity": {"resource": "https://r"}},
        "proxy": {"url": "http://proxy:8080", "username": "u", "password": "p"},
        "tls": {"validateCertificateChain": false},
        "circuitBreaker": {"rules": [{"name": "r", "tripDuration": "PT30S", "acceptRetryAfter": true,
            "failureCondition": {"count": 3, "interval": "PT1H", "statusCodeRanges": [{"min": 500, "max": 599}], "errorReasons": ["Timeout"]}}]}}}"#;
    let pool = r#"{"properties": {"type": "Pool", "pool": {"services": [{"id": "/subscriptions/0/backends/b", "weight": 3, "priority": 2}, {"id": "/backends/b"}],
        "sessionAffinity": {"sessionId": {"source": "Cookie", "name": "SID"}}}}}"#;
    let files = Memory::new()
        .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a"}}"#)
        .with("backends/b/backendInformation.json", backend)
        .with("backends/p/backendInformation.json", pool);
    let service = read(&files).service;
    let b = &service.backends["b"];
    assert_eq!((b.credentials.headers[0].1[0].reveal(), b.credentials.query[0].1[0].reveal()), ("{{k}}", "c"));
    assert_eq!(b.credentials.certificates, ["c1".into()]);
    assert!(!b.tls.validate_chain && b.tls.validate_name);
    let breaker = b.circuit_breaker.as_ref().unwrap();
    assert_eq!(
        (breaker.count, breaker.interval, breaker.trip_duration),
        (Some(3), Duration::from_secs(3600), Duration::from_secs(30))
    );
    assert_eq!((&*breaker.status_ranges, breaker.accept_retry_after), (&[(500, 599)][..], true));
    let BackendKind::Pool { members, affinity } = &service.backends["p"].kind else { panic!("no pool") };
    assert_eq!((&*members[0].id, members[0].weight, members[0].priority, members[1].weight), ("b", 3, 2, 1));
    assert_eq!(affinity.as_ref().map(|a| &*a.cookie), Some("SID"));
}

#[test]
fn workspaces_keep_their_apis_and_policies_apart() {
    let files = Memory::new()
        .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a"}}"#)
        .with("workspaces/w/workspaceInformation.json", r#"{"properties": {"displayName": "Team"}}"#)
        .with("workspaces/w/policy.xml", "<policies />")
        .with("workspaces/w/apis/b/apiInformation.json", r#"{"properties": {"path": "b"}}"#);
    let service = read(&files).service;
    assert_eq!((&*service.workspaces["w"].name, service.workspaces["w"].policy.is_some()), ("Team", true));
    assert_eq!(service.apis[1].workspace.as_deref(), Some("w"));
    assert_eq!(service.apis[0].workspace, None);
}

#[test]
fn tags_and_groups_come_from_both_kinds_of_association() {
    let files = Memory::new()
        .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a"}}"#)
        .with("apis/a/tags/one/tagInformation.json", "{}")
        .with("tags/two/tagInformation.json", "{}")
        .with("tags/two/apis/a/tagApiInformation.json", "{}")
        .with("groups/g/groupInformation.json", r#"{"properties": {"displayName": "G"}}"#)
        .with("products/p/productInformation.json", r#"{"properties": {}}"#)
        .with("products/p/groups/g/productGroupInformation.json", "{}");
    let service = read(&files).service;
    assert_eq!(service.apis[0].tags, ["one".into(), Box::<str>::from("two")]);
    assert_eq!(&*service.products["p"].groups[0].name, "G");
}

#[test]
fn settings_lie_over_the_folder() {
    let settings = r#"
[service]
name = "contoso"
tier = "StandardV2"
region = "North Europe"
hosts = ["api.example"]
subscription_id = "11111111-1111-1111-1111-111111111111"
resource_group = "rg"

[listen]
http = "0"
https = "[::1]:8443"
management = "off"

[named_values]
nv = "local"
other = { env = "SECRET" }
from-file = { file = "secret.txt" }

[users.ada]
email = "ada@example.com"
groups = ["devs"]

[subscriptions.s]
primary_key = "k1"
secondary_key = { env = "SECRET" }
owner = "ada"
state = "suspended"

[subscriptions.extra]
primary_key = "k3"
all_apis = true

[subscriptions.master]
primary_key = "k4"

[backends.b]
url = "http://localhost:1"
validate_certificate_chain = false

[backends.new]
url = "apimite://echo"

[apis.a]
service_url = "http://localhost:2"
subscription_required = false

[private_endpoints.pe]
listen = "127.0.0.1:0"
state = "pending"
link_id = 7

[decisions]
get_serves_head = true
key_on_open_api = "used"

[limits]
idle_seconds = 10
"#;
    let [(_, files), ..] = spellings();
    let imported = read(&files.with("apimite.toml", settings).with("secret.txt", "in a file\n"));
    let (service, settings) = (&imported.service, &imported.settings);
    assert_eq!(
        (&*service.name, service.tier, &*service.region, service.hosts.len()),
        ("contoso", Tier::StandardV2, "North Europe", 1)
    );
    assert_eq!(
        &*service.resource_id,
        "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso"
    );
    assert_eq!(settings.listen.http, Some(Bind::At("127.0.0.1:0".parse().unwrap())));
    assert_eq!(settings.listen.https, Some(Bind::At("[::1]:8443".parse().unwrap())));
    assert_eq!(settings.listen.management, Some(Bind::Off));
    let value = |name: &str| service.named_values[name].value.as_ref().unwrap().reveal();
    assert_eq!((value("nv"), value("other"), value("from-file")), ("local", "from-environment", "in a file"));
    let subscription = &service.subscriptions["s"];
    assert_eq!((subscription.primary_key.reveal(), subscription.secondary_key.reveal()), ("k1", "from-environment"));
    assert_eq!(subscription.state, SubscriptionState::Suspended);
    assert_eq!(&*subscription.owner.as_ref().unwrap().groups[0].id, "devs");
    assert_eq!(service.subscriptions["extra"].scope, SubscriptionScope::AllApis);
    assert_eq!(service.subscriptions["master"].scope, SubscriptionScope::Service);
    assert!(matches!(&service.backends["b"].kind, BackendKind::Single { url } if &**url == "http://localhost:1"));
    assert!(!service.backends["b"].tls.validate_chain && service.backends.contains_key("new"));
    assert_eq!((&*service.apis[0].service_url, service.apis[0].subscription_required), ("http://localhost:2", false));
    assert_eq!(
        (settings.private_endpoints[0].state, settings.private_endpoints[0].link_id),
        (ConnectionState::Pending, Some(7))
    );
    assert!(service.decisions.get_serves_head);
    assert_eq!(settings.limits.idle, Some(Duration::from_secs(10)));
}

#[test]
fn an_import_tells_whether_its_input_changed() {
    let [(_, files), ..] = spellings();
    let (first, again) = (read(&files), read(&files));
    assert!(first.same_input(&again));
    assert!(first.files.iter().any(|file| &*file.path == "apis/a/operations/GetX/policy.xml"));
    assert!(!first.same_input(&read(&files.clone().with("apis/a/policy.xml", "<policies></policies>"))));
    assert!(!first.same_input(&read(&files.without("apis/a/policy.xml"))));
}

#[test]
fn settings_may_lie_beside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("apim");
    std::fs::create_dir_all(set.join("apis/a")).unwrap();
    std::fs::write(
        set.join("apis/a/apiInformation.json"),
        r#"{"properties": {"path": "a", "serviceUrl": "http://h"}}"#,
    )
    .unwrap();
    std::fs::write(folder.path().join("apimite.toml"), "folder = \"apim\"\n[service]\nname = \"beside\"\n").unwrap();
    let name = |folder: &std::path::Path| apimite_import::import_folder(folder, &|_| None).unwrap().service.name;
    assert_eq!(&*name(&set), "beside");
    assert_eq!(&*name(folder.path()), "beside");
    std::fs::write(folder.path().join("apimite.toml"), "folder = \"other\"\n[service]\nname = \"beside\"\n").unwrap();
    assert_eq!(&*name(&set), "apimite");
    std::fs::write(set.join("apimite.toml"), "[service]\nname = \"inside\"\n").unwrap();
    assert_eq!(&*name(&set), "inside");
}

#[test]
fn a_policy_alone_is_a_service() {
    let files = Memory::new().with("p.xml", "<policies />");
    let imported = from_policy(&files, "p.xml", Some("http://localhost:3000"), apimite_import::Settings::default());
    assert!(!imported.diagnostics.has_errors());
    let api = &imported.service.apis[0];
    assert_eq!((&*api.path, &*api.service_url, api.subscription_required), ("", "http://localhost:3000", false));
    assert!(api.operations.iter().any(|operation| &*operation.method == "PATCH" && &*operation.url_template == "/*"));
    assert_eq!(api.policy.as_ref().unwrap().source.name(), "p.xml");
}

#[test]
fn a_definition_alone_is_a_service() {
    let spec = "openapi: 3.0.1\ninfo: {title: My API}\nservers: [{url: 'http://h:1/v1'}, {url: 'https://h/v1'}]\npaths: {/x: {get: {operationId: Get X}}}\n";
    let files = Memory::new().with("s.yaml", spec);
    let imported = from_openapi(&files, "s.yaml", None, apimite_import::Settings::default());
    assert!(imported.diagnostics.0.is_empty());
    let api = &imported.service.apis[0];
    assert_eq!((&*api.id, &*api.service_url, &*api.operations[0].id), ("my-api", "https://h/v1", "get-x"));
}

#[test]
fn a_large_set_is_read_whole_and_in_order() {
    let imported = read(&apimite_import::generated::set(60, 3));
    assert_eq!(imported.service.apis.len(), 60);
    assert!(
        imported
            .service
            .apis
            .iter()
            .all(|api| api.operations.len() == 3 && api.operations.iter().all(|o| o.policy.is_some()))
    );
    assert!(imported.service.apis.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert_eq!(imported.service.products["all"].apis.len(), 60);
}
