//! The management operations on quotas, over the wire: `quotas/KEY` and `quotas/KEY/periods/PERIOD`. Needs `curl`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{Gateway, write};

struct Client {
    base: String,
    token: String,
}

fn curl(arguments: &[&str]) -> (u16, Value) {
    let output = Command::new("curl")
        .args(["-sk", "--max-time", "30", "-w", "\n%{http_code}"])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

impl Client {
    fn sign_in(address: &str) -> Self {
        let base = format!("https://{address}");
        let body = "grant_type=client_credentials&client_id=local&client_secret=local";
        let (status, answer) = curl(&["-d", body, &format!("{base}/adfs/oauth2/token")]);
        assert_eq!(status, 200, "{answer}");
        Self { base, token: format!("Authorization: Bearer {}", answer["access_token"].as_str().unwrap()) }
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}?api-version=2022-08-01", self.base);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        curl(&["-X", method, "-H", &self.token, "-H", "Content-Type: application/json", "-d", &body, &url])
    }
}

#[test]
fn quotas_are_listed_and_set_by_counter_key_and_by_period() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: no `curl`; the management operations on quotas are not tested here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let api = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#;
    let spec = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";
    let policy = r#"<policies><inbound><quota-by-key calls="5" renewal-period="3600" counter-key="client 7" /><return-response><set-status code="200" /></return-response></inbound></policies>"#;
    write(folder.path(), "apis/a/apiInformation.json", api);
    write(folder.path(), "apis/a/specification.yaml", spec);
    write(folder.path(), "apis/a/policy.xml", policy);
    let gateway = Gateway::start(&[folder.path().to_str().unwrap(), "--no-watch", "--arm", "127.0.0.1:0"]);
    let client = Client::sign_in(&gateway.address("arm"));
    let (_, subscriptions) = client.call("GET", "/subscriptions", None);
    let subscription = subscriptions["value"][0]["subscriptionId"].as_str().unwrap().to_owned();
    let all = format!("/subscriptions/{subscription}/providers/Microsoft.ApiManagement/service");
    let (_, services) = client.call("GET", &all, None);
    let quota = format!("{}/quotas/client%207", services["value"][0]["id"].as_str().unwrap());
    let status = || gateway.get("http", "/a/x", &[]).status;

    assert_eq!(client.call("GET", &quota, None).1["count"], 0);
    assert_eq!([status(), status()], [200, 200]);
    let (code, listed) = client.call("GET", &quota, None);
    assert_eq!((code, &listed["count"]), (200, &json!(1)), "{listed}");
    let counter = &listed["value"][0];
    assert_eq!((&counter["counterKey"], &counter["value"]["callsCount"]), (&json!("client 7"), &json!(2)));
    let period_key = counter["periodKey"].as_str().unwrap().to_owned();
    assert!(period_key.ends_with("_PT1H"), "{period_key}");
    assert!(counter["periodStartTime"].as_str().unwrap() < counter["periodEndTime"].as_str().unwrap());

    let period = format!("{quota}/periods/{period_key}");
    let (code, set) =
        client.call("PATCH", &period, Some(json!({ "properties": { "callsCount": 5, "kbTransferred": 2.5 } })));
    assert_eq!((code, &set["value"]), (200, &json!({ "callsCount": 5, "kbTransferred": 2.5 })), "{set}");
    assert_eq!(status(), 403, "used up by management");
    let (code, seen) = client.call("GET", &period, None);
    assert_eq!((code, &seen), (200, &set));
    let (code, reset) =
        client.call("PATCH", &quota, Some(json!({ "properties": { "callsCount": 0, "kbTransferred": 0 } })));
    assert_eq!((code, &reset["value"][0]["value"]["callsCount"]), (200, &json!(0)), "{reset}");
    assert_eq!(status(), 200, "given back by management");

    assert_eq!(client.call("GET", &format!("{quota}/periods/1_PT1H"), None).0, 404);
    let (code, refused) = client.call("PATCH", &quota, Some(json!({ "properties": { "callsCount": -1 } })));
    assert_eq!((code, &refused["error"]["code"]), (400, &json!("ValidationError")), "{refused}");
}
