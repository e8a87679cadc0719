//! Traces of a running gateway: by debug token, by the older header, for every request.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::{Gateway, request};

const KEY: (&str, &str) = ("Ocp-Apim-Subscription-Key", "bob-primary-key");

fn token(gateway: &Gateway, body: &str) -> support::Answer {
    request(
        &gateway.address("management"),
        "POST",
        "/apimite/traces/token",
        &[("Content-Type", "application/json")],
        body,
    )
}

#[test]
fn the_command_shows_what_each_policy_did() {
    let gateway = Gateway::start(&[]);
    let url = format!("http://{}/orders/7", gateway.address("http"));
    let output = gateway.command(&["trace", "GET", &url, "-H", "Ocp-Apim-Subscription-Key: bob-primary-key"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "set-variable  (global: include-fragment[1]/set-variable[1])",
        "Variable 'source' was set to 'public'",
        "Response header 'x-order' was set to 'order 7 for Bob'",
        "request-forwarder",
        "product: {\"id\":\"unlimited\"}",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("apim-debug-authorization"), "the token went on to the backend:\n{text}");
    let list = String::from_utf8(gateway.command(&["trace", "--list"]).stdout).unwrap();
    assert!(list.contains(" 200 GET http://"), "{list}");
}

#[test]
fn a_refused_key_has_a_trace_as_well() {
    let gateway = Gateway::start(&[]);
    let url = format!("http://{}/orders/7", gateway.address("http"));
    let text = String::from_utf8(gateway.command(&["trace", "GET", &url]).stdout).unwrap();
    assert!(text.contains("SubscriptionKeyNotFound") && text.contains("401 Access Denied"), "{text}");
}

#[test]
fn tokens_expire_and_hold_for_their_api_only() {
    let gateway = Gateway::start(&[]);
    let given = token(&gateway, r#"{ "api": "orders", "expiresAfter": "60s" }"#).body;
    let given: serde_json::Value = serde_json::from_str(&given).unwrap();
    let given = given["token"].as_str().unwrap().to_owned();
    let traced = gateway.get("http", "/orders/7", &[KEY, ("Apim-Debug-Authorization", &given)]);
    let id = traced.header("apim-trace-id").unwrap().to_owned();
    let trace = gateway.get("management", &format!("/apimite/traces/{id}"), &[]);
    assert!(trace.body.contains("\"serviceName\":\"contoso\""), "{}", trace.body);
    let other = gateway.get("http", "/weather/today", &[("Apim-Debug-Authorization", &given)]);
    assert!(other.header("apim-debug-authorization-wrongapi").is_some(), "{other:?}");
    assert!(gateway.command(&["clock", "advance", "61s"]).status.success());
    let late = gateway.get("http", "/orders/7", &[KEY, ("Apim-Debug-Authorization", &given)]);
    assert!(
        late.header("apim-debug-authorization-expired").is_some() && late.header("apim-trace-id").is_none(),
        "{late:?}"
    );
    let refused = token(&gateway, r#"{ "api": "oders" }"#);
    assert!(refused.status == 400 && refused.body.contains("`orders`"), "{refused:?}");
}

#[test]
fn the_older_header_needs_a_subscription_that_allows_it() {
    let gateway = Gateway::start(&[]);
    let ask =
        |key: &str| gateway.get("http", "/orders/7", &[("Ocp-Apim-Subscription-Key", key), ("Ocp-Apim-Trace", "true")]);
    let refused = ask("alice-primary-key");
    assert!(refused.status == 200 && refused.header("ocp-apim-trace-location").is_none(), "{refused:?}");
    let allowed = ask("bob-primary-key");
    assert!(allowed.header("ocp-apim-trace-location").unwrap().contains("/apimite/traces/"), "{allowed:?}");
    let policy = gateway.folder.path().join("p.xml");
    std::fs::write(&policy, "<policies><inbound><return-response /></inbound></policies>").unwrap();
    let every = Gateway::start(&["--policy", policy.to_str().unwrap(), "--trace"]);
    let answer = every.get("http", "/", &[]);
    assert!(answer.header("apim-trace-id").is_some(), "{answer:?}");
    let last = String::from_utf8(every.command(&["trace", "--last"]).stdout).unwrap();
    assert!(last.contains("return-response"), "{last}");
}
