//! The real `az`, signed in at a running gateway.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may, and each uses a part of it"
)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Gateway, apimite, until};

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("AZ").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("az")).find(|file| file.is_file());
    named.or(found)
}

/// A client with settings of its own.
pub struct Az {
    pub program: PathBuf,
    pub config: PathBuf,
    pub ca: PathBuf,
}

impl Az {
    pub fn output(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--only-show-errors"]);
        command.env("AZURE_CONFIG_DIR", &self.config).env("REQUESTS_CA_BUNDLE", &self.ca);
        command.env("AZURE_CORE_COLLECT_TELEMETRY", "false").env("AZURE_CORE_OUTPUT", "json").output().unwrap()
    }

    /// Runs a command that must succeed.
    pub fn run(&self, arguments: &[&str]) -> Value {
        let output = self.output(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "az {}: {error}", arguments.join(" "));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Runs a command that must be refused with this code and these words.
    pub fn refused(&self, arguments: &[&str], code: &str, words: &str) {
        let output = self.output(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let clear = error.contains(&format!("({code}) ")) && error.contains(words);
        assert!(!output.status.success() && clear, "az {}: {error}", arguments.join(" "));
    }
}

/// Signed in by the three commands that `apimite az-login` prints.
pub fn signed_in(gateway: &Gateway) -> Option<Az> {
    let Some(program) = program() else {
        eprintln!("SKIPPED: `az` is not installed (pip install azure-cli), so the real client was not tried");
        return None;
    };
    let folder = gateway.folder.path();
    let az = Az { program, config: folder.join("azure"), ca: folder.join(".apimite/ca.pem") };
    let shown = apimite().arg("az-login").current_dir(folder).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&az.ca.display().to_string()), "{shown}");
    for line in shown.lines().filter_map(|line| line.strip_prefix("az ")) {
        let words: Vec<String> = line.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect();
        az.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Some(az)
}

/// What `az rest` sees of a quota is what the calls used, and what it sets is what the next calls meet.
pub fn quotas_are_read_and_set(gateway: &Gateway, az: &Az, service: &str) {
    let rest = |method: &str, path: &str, body: &str| -> Value {
        let url = format!("{service}/{path}?api-version=2022-08-01");
        let mut arguments = vec!["rest", "--method", method, "--url", &url];
        if !body.is_empty() {
            arguments.extend(["--body", body]);
        }
        az.run(&arguments)
    };
    let used = |counter: &Value| (counter["value"]["callsCount"].clone(), counter["value"]["kbTransferred"].clone());
    let numbers = |calls: u32, kilobytes: f64| (Value::from(calls), Value::from(kilobytes));
    let status = || gateway.get("http", "/hello/there", &[]).status;
    // A period of some ten years does not end during the test.
    let policy = r#"{"properties": {"format": "rawxml", "value": "<policies><inbound><quota-by-key calls=\"3\" bandwidth=\"100\" renewal-period=\"315360000\" counter-key=\"client 7\" first-period-start=\"2025-01-01T00:00:00Z\" /><return-response><set-status code=\"200\" /><set-body>@(new string('x', 1024))</set-body></return-response></inbound></policies>"}}"#;
    rest("PUT", "apis/hello/policies/policy", policy);
    assert_eq!(rest("GET", "quotas/client%207", "")["count"], 0, "nothing is counted yet");
    assert_eq!(status(), 200);
    // Bytes are counted when the answer has gone.
    let counted = || {
        let counters = rest("GET", "quotas/client%207", "");
        (used(&counters["value"][0]) == numbers(1, 1.0)).then_some(counters)
    };
    let counters = until(counted, "the call and its kilobyte are not counted");
    assert_eq!((&counters["count"], &counters["value"][0]["counterKey"]), (&Value::from(1), &Value::from("client 7")));
    let period = format!("quotas/client%207/periods/{}", counters["value"][0]["periodKey"].as_str().unwrap());
    assert_eq!(used(&rest("GET", &period, "")), numbers(1, 1.0));
    let set = rest("PATCH", &period, r#"{"properties": {"callsCount": 3, "kbTransferred": 7.5}}"#);
    assert_eq!(used(&set), numbers(3, 7.5));
    assert_eq!(status(), 403, "used up by management");
    assert_eq!(used(&rest("GET", &period, "")), numbers(3, 7.5), "a refused call adds nothing");
    rest("PATCH", "quotas/client%207", r#"{"properties": {"callsCount": 2, "kbTransferred": 100}}"#);
    assert_eq!(status(), 403, "the kilobytes are used up");
    rest("PATCH", "quotas/client%207", r#"{"properties": {"callsCount": 2, "kbTransferred": 0}}"#);
    assert_eq!([status(), status()], [200, 403], "one call was left");
    assert_eq!(rest("GET", &period, "")["value"]["callsCount"], 3);
    let wrong = format!("{service}/quotas/client%207?api-version=2022-08-01");
    let body = r#"{"properties": {"callsCount": -1}}"#;
    let output = az.output(&["rest", "--method", "PATCH", "--url", &wrong, "--body", body]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("ValidationError"), "{said}");
}
