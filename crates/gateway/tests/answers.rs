//! Answers that the gateway makes itself, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "this is test code")]

mod support;

use std::sync::Arc;

use apimite_gateway::access::{Answered, End};
use apimite_gateway::{Gateway, Listener, Source};
use apimite_model::{PublicAccess, Subscription, SubscriptionScope};
use apimite_policy::exchange::PrivateEndpoint;
use support::*;

#[test]
fn a_missing_key_is_answered_as_captured() {
    let gateway = start(service("http://127.0.0.1:9"));
    let (head, body) = Peer::connect(http(&gateway)).ask(&get("/keyed/v/things/1"));
    assert_eq!(
        body,
        "{ \"statusCode\": 401, \"message\": \"Access denied due to missing subscription key. \
         Make sure to include subscription key when making requests to an API.\" }"
    );
    assert!(head.starts_with("HTTP/1.1 401 Access Denied\r\n"), "{head}");
    assert_eq!(header(&head, "content-length"), Some("152"));
    assert_eq!(header(&head, "content-type"), Some("application/json"));
    assert_eq!(
        header(&head, "www-authenticate"),
        Some(
            "AzureApiManagementKey realm=\"http://gw.test/keyed/v\",\
             name=\"Ocp-Apim-Subscription-Key\",type=\"header\""
        )
    );
}

#[test]
fn a_wrong_key_is_answered_as_captured() {
    let gateway = start(service("http://127.0.0.1:9"));
    let request = "GET /keyed/v/things/1?subscription-key=no HTTP/1.1\r\nHost: gw.test\r\n\r\n";
    let (head, body) = Peer::connect(http(&gateway)).ask(request);
    assert!(body.contains("invalid subscription key"));
    assert_eq!(header(&head, "content-length"), Some("143"));
}

#[test]
fn what_no_operation_serves_is_not_found() {
    let gateway = start(service("http://127.0.0.1:9"));
    let mut client = Peer::connect(http(&gateway));
    for request in [get("/nowhere"), get("/keyed/v/other"), get("/keyed/v/things/1").replace("GET", "POST")] {
        let (head, body) = client.ask(&request);
        assert!(head.starts_with("HTTP/1.1 404 Resource Not Found\r\n"), "{head}");
        assert_eq!(body, "{ \"statusCode\": 404, \"message\": \"Resource not found\" }");
        assert_eq!(header(&head, "content-length"), Some("54"));
    }
}

#[test]
fn a_right_key_reaches_the_backend_and_is_passed_on() {
    let backend = Backend::echo();
    let mut service = service(&backend.url);
    service
        .subscriptions
        .insert("s".into(), Arc::new(Subscription::new("s", SubscriptionScope::AllApis, "first", "second")));
    let gateway = start(service);
    let request = "GET /keyed/v/things/1?x=y HTTP/1.1\r\nHost: gw.test\r\nOcp-Apim-Subscription-Key: second\r\n\r\n";
    let (head, body) = Peer::connect(http(&gateway)).ask(request);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(body.starts_with("GET /things/1?x=y HTTP/1.1\r\n"), "{body}");
    assert_eq!(header(&body, "ocp-apim-subscription-key"), Some("second"));
}

#[test]
fn an_unreachable_backend_hides_behind_an_activity_id() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = start(service(&format!("http://{free}")));
    let (head, body) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{head}");
    assert_eq!(body.len(), 111);
    assert!(body.starts_with("{ \"statusCode\": 500, \"message\": \"Internal server error\", \"activityId\": \""));
}

#[test]
fn probes_are_answered_without_a_key() {
    let mut service = service("http://127.0.0.1:9");
    service.public_access = PublicAccess::Disabled;
    let gateway = start(service);
    let mut client = Peer::connect(http(&gateway));
    for path in ["/status-0123456789abcdef", "/internal-status-0123456789abcdef"] {
        let (head, body) = client.ask(&get(path));
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!((header(&head, "content-length"), body.as_str()), (Some("0"), ""));
    }
}

#[test]
fn disabled_public_access_lets_the_private_endpoint_in() {
    let backend = Backend::echo();
    let mut service = service(&backend.url);
    service.public_access = PublicAccess::Disabled;
    let endpoint =
        PrivateEndpoint { name: "pe-1".into(), group_id: "Gateway".into(), member_name: "Gateway".into(), link_id: 7 };
    let (witness, told) = Witness::new();
    let mut options = options();
    let private = Listener::plain("pe-1", "127.0.0.1:0".parse().unwrap());
    options.listeners.push(private.from(Source::PrivateEndpoint(Arc::new(endpoint))));
    options.observer = Some(witness);
    let gateway = Gateway::start(options, snapshot(service)).unwrap();
    let (head, body) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
    assert_eq!(
        body,
        "{ \"statusCode\": 403, \"message\": \"Request originated from client public IP address 127.0.0.1, \
         public network access on this 'Microsoft.ApiManagement/service/contoso' is disabled. \
         To connect to 'Microsoft.ApiManagement/service/contoso', \
         please use the Private Endpoint from inside your virtual network.\" }"
    );
    assert_eq!(told.recv().unwrap().source, "public");
    let (head, _) = Peer::connect(gateway.address("pe-1").unwrap()).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(told.recv().unwrap().source, "pe-1");
}

#[test]
fn every_request_is_told_of_once_with_who_answered() {
    let backend = Backend::fixed("HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok");
    let (witness, told) = Witness::new();
    let mut options = options();
    options.observer = Some(witness);
    let gateway = Gateway::start(options, snapshot(service(&backend.url))).unwrap();
    let mut client = Peer::connect(http(&gateway));
    let (head, _) = client.ask(&get("/api/x?y=z"));
    assert!(head.starts_with("HTTP/1.1 201 Made\r\n"), "{head}");
    client.ask(&get("/keyed/v/things/1"));
    let first = told.recv().unwrap();
    assert_eq!((first.method.as_str(), first.target.as_str(), first.status), ("GET", "/api/x?y=z", 201));
    assert_eq!((first.answered, first.end, first.body_bytes), (Answered::Backend, End::Complete, 2));
    let second = told.recv().unwrap();
    let fault = Answered::Fault { source: "authorization".into(), reason: "SubscriptionKeyNotFound".into() };
    assert_eq!((second.status, second.answered), (401, fault));
}

#[test]
fn a_swapped_snapshot_serves_the_next_request() {
    let (one, two) = (
        Backend::fixed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"),
        Backend::fixed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"),
    );
    let gateway = start(service(&one.url));
    let mut client = Peer::connect(http(&gateway));
    assert_eq!(client.ask(&get("/api/")).1, "one");
    gateway.swap(snapshot(service(&two.url)));
    assert_eq!(client.ask(&get("/api/")).1, "two");
}
