//! Time that is moved, and counters that are looked into, through the command line.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Gateway, apimite, request, until, write};

const API: &str = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#;
const SPEC: &str = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/quota: {get: {operationId: quota, responses: {'200': {description: ok}}}}, /cache: {get: {operationId: cache, responses: {'200': {description: ok}}}}, /token: {get: {operationId: token, responses: {'200': {description: ok}}}}, /rate: {get: {operationId: rate, responses: {'200': {description: ok}}}}}\n";
const ANSWER: &str = r#"<return-response><set-status code="200" /></return-response>"#;
/// HS256, expires on the first of January 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.8E7qwtkZOpPLjt0ItnKehg0z2Zk6Ocnp7XpKdMvZyto";

fn folder(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "apis/a/apiInformation.json", API);
    write(folder.path(), "apis/a/specification.yaml", SPEC);
    let policy = |name: &str, text: &str| {
        let text = format!("<policies><inbound>{text}{ANSWER}</inbound></policies>");
        write(folder.path(), &format!("apis/a/operations/{name}/policy.xml"), &text);
    };
    policy("quota", r#"<quota-by-key calls="5" renewal-period="604800" counter-key="k" />"#);
    policy("rate", r#"<rate-limit-by-key calls="2" renewal-period="60" counter-key="k" />"#);
    policy(
        "cache",
        r#"<cache-lookup-value key="k" variable-name="v" default-value="miss" /><cache-store-value key="k" value="hit" duration="3600" /><choose><when condition="@((string)context.Variables["v"] == "miss")"><return-response><set-status code="404" /></return-response></when></choose>"#,
    );
    policy(
        "token",
        r#"<validate-jwt header-name="Authorization"><issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys></validate-jwt>"#,
    );
    write(folder.path(), "apimite.toml", settings);
    folder
}

fn start(folder: &Path) -> Gateway {
    Gateway::start(&[folder.to_str().unwrap(), "--no-watch"])
}

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn quotas_windows_cache_entries_and_tokens_follow_the_clock() {
    let folder = folder("");
    let gateway = start(folder.path());
    let status = |path: &str| {
        let token = format!("Bearer {TOKEN}");
        gateway.get("http", &format!("/a/{path}"), &[("Authorization", &token)]).status
    };
    let clock = |arguments: &[&str]| {
        let output = gateway.command(&[&["clock"], arguments].concat());
        assert!(output.status.success(), "{}", said(&output));
    };
    clock(&["freeze"]);
    assert_eq!([status("quota"), status("rate"), status("cache"), status("token")], [200, 200, 404, 200]);
    let used_up: Vec<_> = (0..5).map(|_| status("quota")).collect();
    assert_eq!(used_up, [200, 200, 200, 200, 403]);
    assert_eq!([status("rate"), status("rate"), status("cache")], [200, 429, 200]);
    clock(&["advance", "60s"]);
    assert_eq!([status("quota"), status("rate"), status("cache")], [403, 200, 200], "a minute later");
    clock(&["advance", "2h"]);
    assert_eq!(status("cache"), 404, "two hours later");
    clock(&["advance", "7d"]);
    assert_eq!([status("quota"), status("token")], [200, 200], "a week later");
    clock(&["advance", "36500d"]);
    assert_eq!(status("token"), 401, "a hundred years later");
    clock(&["resume"]);
    assert_eq!(status("rate"), 200);
}

#[test]
fn the_clock_stands_firm_unless_it_was_allowed_to_be_moved() {
    let folder = folder("");
    let ready = folder.path().join("ready.json");
    let free = "127.0.0.1:0";
    let mut child = apimite()
        .args(["serve", "--http", free, "--https", free, "--management", free, "--ready-file"])
        .arg(&ready)
        .arg(folder.path())
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let addresses: serde_json::Value =
        serde_json::from_str(&until(|| std::fs::read_to_string(&ready).ok(), "no gateway")).unwrap();
    let management = addresses["management"].as_str().unwrap();
    for body in [r#"{"advance": "1h"}"#, r#"{"freeze": true}"#, r#"{"resume": true}"#] {
        let answer = request(management, "POST", "/apimite/clock", &[("Content-Type", "application/json")], body);
        assert_eq!(answer.status, 403, "{}", answer.whole());
        assert!(answer.body.contains("--allow-clock"), "{}", answer.body);
    }
    let show = apimite().args(["clock", "show", "--management", management]).output().unwrap();
    assert!(show.status.success(), "{}", said(&show));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_quota_survives_kill_9() {
    let state = tempfile::tempdir().unwrap();
    let log = state.path().join("quotas.log");
    let folder = folder(&format!("[counters]\nstate_folder = '{}'\n", state.path().display()));
    let gateway = start(folder.path());
    for _ in 0..3 {
        assert_eq!(gateway.get("http", "/a/quota", &[]).status, 200);
    }
    // The last record ends with its calls and bytes. It is written within the second.
    let written = [3_u64.to_le_bytes(), 0_u64.to_le_bytes()].concat();
    until(|| std::fs::read(&log).ok()?.ends_with(&written).then_some(()), "the quota is not written to disk");
    assert!(Command::new("kill").args(["-KILL", &gateway.pid().to_string()]).status().unwrap().success());
    drop(gateway);
    let again = start(folder.path());
    let after: Vec<_> = (0..3).map(|_| again.get("http", "/a/quota", &[]).status).collect();
    assert_eq!(after, [200, 200, 403], "three of five were used before");
    let free = "127.0.0.1:0";
    let arguments = ["serve", "--http", free, "--https", free, "--management", free];
    let second = apimite().args(arguments).arg(folder.path()).current_dir(folder.path()).output().unwrap();
    assert!(said(&second).contains("another process keeps its quotas in"), "{}", said(&second));
}

#[test]
fn counters_are_listed_shown_set_and_reset() {
    let folder = folder("");
    let gateway = start(folder.path());
    let counters = |arguments: &[&str]| {
        let output = gateway.command(&[&["counters"], arguments].concat());
        (output.status.success(), said(&output))
    };
    let status = |path: &str| gateway.get("http", &format!("/a/{path}"), &[]).status;
    assert_eq!([status("quota"), status("rate")], [200, 200]);
    let (ok, list) = counters(&["list"]);
    assert!(ok && list.contains("quota-by-key") && list.contains("rate-limit-by-key"), "{list}");
    let (_, shown) = counters(&["show", "--policy", "quota-by-key"]);
    for wanted in ["quota-by-key", "key                          k", "used                         1", "period ends"] {
        assert!(shown.contains(wanted), "`{wanted}` is not in\n{shown}");
    }
    assert!(!shown.contains("rate-limit-by-key"), "{shown}");
    let (ok, text) = counters(&["set", "--policy", "quota-by-key", "--key", "k", "--calls", "5"]);
    assert!(ok && text.contains("1 counters were changed"), "{text}");
    assert_eq!(status("quota"), 403);
    let (ok, text) = counters(&["reset", "--contains", "k", "--policy", "quota-by-key"]);
    assert!(ok, "{text}");
    assert_eq!(status("quota"), 200);
    let (ok, text) = counters(&["list", "--policy", "nonsense"]);
    assert!(!ok && text.contains("no policy `nonsense` counts"), "{text}");
    let (ok, text) = counters(&["list", "--node", "nonsense"]);
    assert!(!ok && text.contains("16 hexadecimal digits"), "{text}");
    let (ok, list) = counters(&["list", "--scope", "elsewhere"]);
    assert!(ok && !list.contains("by-key"), "{list}");
    let metrics = gateway.get("management", "/apimite/metrics", &[]);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"), "{}", metrics.head);
    let place = "operations/rate/policy.xml:1\"} 1\n";
    assert!(
        metrics.body.contains("apimite_limit_admitted_total{policy=\"rate-limit-by-key\",limit=\""),
        "{}",
        metrics.body
    );
    assert!(metrics.body.contains(place), "{}", metrics.body);
}
