//! Edits of a served folder come into force; broken ones do not.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::{Gateway, apimite, signal, until, write};

const API: &str = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#;
const SPEC: &str = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";

fn policy(value: &str) -> String {
    format!(
        "<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /><set-header name=\"X-V\"><value>{value}</value></set-header></outbound><on-error><base /></on-error></policies>"
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "apis/a/apiInformation.json", API);
    write(folder.path(), "apis/a/specification.yaml", SPEC);
    write(folder.path(), "apis/a/policy.xml", &policy("one"));
    folder
}

#[test]
fn an_edited_policy_comes_into_force_and_a_broken_one_does_not() {
    let folder = folder();
    let gateway = Gateway::start(&[folder.path().to_str().unwrap()]);
    let seen = || gateway.get("http", "/a/x", &[]).header("x-v").map(str::to_owned);
    assert_eq!(seen().as_deref(), Some("one"));
    write(folder.path(), "apis/a/policy.xml", &policy("two"));
    until(|| (seen().as_deref() == Some("two")).then_some(()), "the edit did not come into force");
    write(folder.path(), "apis/a/policy.xml", "<policies><inbound><nonsense/></inbound></policies>");
    let refused = gateway.command(&["reload"]);
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("nonsense") && text.contains("line 1"), "{text}");
    assert_eq!(seen().as_deref(), Some("two"));
}

#[test]
fn sighup_reloads_where_nothing_is_watched() {
    let folder = folder();
    let gateway = Gateway::start(&[folder.path().to_str().unwrap(), "--no-watch"]);
    write(folder.path(), "apis/a/policy.xml", &policy("two"));
    signal(gateway.pid(), "HUP");
    let seen = || gateway.get("http", "/a/x", &[]).header("x-v").map(str::to_owned);
    until(|| (seen().as_deref() == Some("two")).then_some(()), "SIGHUP did not reload");
}

#[test]
fn everything_wrong_with_a_folder_is_told_at_once_with_its_place() {
    let folder = folder();
    write(
        folder.path(),
        "apis/a/policy.xml",
        "<policies>\n<inbound>\n<rate-limt calls='1'/>\n<set-header><value>{{none}}</value></set-header>\n</inbound>\n</policies>",
    );
    write(folder.path(), "apimite.toml", "[listen]\nhtpp = '127.0.0.1:0'\n");
    let output = apimite().args(["serve", "--http", "127.0.0.1:0"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    for wanted in [
        "rate-limt",
        "did you mean `rate-limit`?",
        "line 3, column 2",
        "Cannot find a property 'none'",
        "htpp",
        "did you mean `http`?",
    ] {
        assert!(text.contains(wanted), "`{wanted}` is not in\n{text}");
    }
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = apimite()
        .args(["serve", "--http", &address, "--https", "127.0.0.1:0", "--management", "127.0.0.1:0"])
        .current_dir(tempfile::tempdir().unwrap().path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains(&address) && text.contains("help: choose another address"), "{text}");
}
