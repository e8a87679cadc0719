//! WebSocket APIs over sockets: the handshake and its policies, messages, closes, and what refuses them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

#[path = "support/socket.rs"]
mod socket;
mod support;

use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use apimite_model::{Api, ApiKind, Operation, PolicyText, Service};
use socket::{Said, Server, connect, echo, handshake};
use support::*;

/// A service with one open WebSocket API, `/chat`, whose `onHandshake` has these elements in inbound.
fn chat(backend: &str, inbound: &str) -> Service {
    let mut service = Service::new("contoso");
    let mut api = Api::new("chat", "chat", backend);
    api.subscription_required = false;
    api.kind = ApiKind::WebSocket;
    api.protocols.ws = true;
    let mut operation = Operation::new("onHandshake", "*", "/*");
    let text = format!("<policies><inbound><base/>{inbound}</inbound></policies>");
    operation.policy = Some(PolicyText::new("handshake.xml", text));
    api.operations.push(Arc::new(operation));
    service.apis = vec![Arc::new(api)];
    service
}

#[test]
fn the_handshake_reaches_the_backend_as_its_policies_left_it() {
    let server = Server::new(Some("mqtt"), echo);
    let inbound = "<set-header name=\"X-User\" exists-action=\"override\"><value>ada</value></set-header>\
        <set-header name=\"X-Secret\" exists-action=\"delete\"/>";
    let gateway = start(chat(&format!("{}/base", server.url), inbound));
    let headers = [("Sec-WebSocket-Protocol", "soap, mqtt"), ("X-Secret", "s"), ("X-User", "eve")];
    let (mut client, told) = connect(http(&gateway), "/chat/room/7?a=b", &headers);
    assert_eq!(told.get("sec-websocket-protocol").map(String::as_str), Some("mqtt"), "the backend chooses");
    let asked = server.asked.recv().unwrap();
    let asked = |name: &str| asked.get(name).map(String::as_str);
    assert_eq!((asked("path"), asked("x-user"), asked("x-secret")), (Some("/base/room/7?a=b"), Some("ada"), None));
    assert_eq!(asked("sec-websocket-protocol"), Some("soap, mqtt"));
    client.say("hello");
    assert_eq!(client.hear(), Said::Text("hello".to_owned()));
}

#[test]
fn large_messages_pass_in_both_directions() {
    let server = Server::new(None, echo);
    let gateway = start(chat(&server.url, ""));
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    let large: Vec<u8> = (0..4_000_000_u32).map(|number| (number % 251) as u8).collect();
    client.bytes(large.clone());
    assert!(client.hear() == Said::Bytes(large), "4 MB come back as they went");
    client.say("after");
    assert_eq!(client.text(), "after");
}

#[test]
fn the_code_of_a_close_passes_in_both_directions() {
    let (sender, heard) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::new(None, move |mut client| {
        let said = client.hear();
        if said == Said::Text("close 4001".to_owned()) {
            client.close(4001, "as you wish");
            client.hear();
        } else {
            sender.lock().unwrap().send(said).unwrap();
            // Reading on sends the answer to the close.
            client.hear();
        }
    });
    let gateway = start(chat(&server.url, ""));
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    client.say("close 4001");
    assert_eq!(client.hear(), Said::Close(4001, "as you wish".to_owned()));
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    client.close(3000, "done");
    assert_eq!(heard.recv_timeout(Duration::from_secs(20)).unwrap(), Said::Close(3000, "done".to_owned()));
    assert_eq!(client.hear(), Said::Close(3000, "done".to_owned()), "the answer of the backend");
}

#[test]
fn an_end_without_a_close_ends_the_other_side() {
    let (sender, ended) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::new(None, move |mut client| {
        if client.hear() == Said::Text("leave".to_owned()) {
            return;
        }
        sender.lock().unwrap().send(client.hear()).unwrap();
    });
    let gateway = start(chat(&server.url, ""));
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    client.say("leave");
    assert_eq!(client.hear(), Said::Gone);
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    client.say("stay");
    drop(client);
    assert_eq!(ended.recv_timeout(Duration::from_secs(20)).unwrap(), Said::Gone);
}

#[test]
fn handshakes_are_limited_and_messages_are_not() {
    let server = Server::new(None, echo);
    let limit = "<rate-limit-by-key calls=\"2\" renewal-period=\"60\" counter-key=\"k\"/>";
    let gateway = start(chat(&server.url, limit));
    let (mut first, _) = connect(http(&gateway), "/chat", &[]);
    let (_second, _) = connect(http(&gateway), "/chat", &[]);
    let (head, body) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    assert!(header(&head, "retry-after").is_some());
    assert!(body.contains("Rate limit is exceeded"), "{body}");
    for number in 0..10 {
        first.say(&number.to_string());
        assert_eq!(first.text(), number.to_string());
    }
    assert_eq!(server.asked.try_iter().count(), 2, "the third did not reach the backend");
}

/// HS256 over `{"sub":"ada","aud":"chat"}`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJhdWQiOiJjaGF0In0.Feh1-4GJppQuzaRdvDkkVwsWELY5tpyyHEfl93T9c-s";

#[test]
fn a_token_is_checked_before_the_upgrade() {
    let server = Server::new(None, echo);
    let inbound = "<validate-jwt header-name=\"Authorization\" require-expiration-time=\"false\">\
        <issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys>\
        <audiences><audience>chat</audience></audiences></validate-jwt>";
    let gateway = start(chat(&server.url, inbound));
    let (head, body) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert_eq!(header(&head, "upgrade"), None, "{head}");
    assert!(body.contains("JWT not present."), "{body}");
    let bad = format!("Authorization: Bearer {}x\r\n", &TOKEN[..TOKEN.len() - 1]);
    let (head, _) = Peer::connect(http(&gateway)).ask(&handshake("/chat", &bad));
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert_eq!(server.asked.try_iter().count(), 0);
    let (mut client, _) = connect(http(&gateway), "/chat", &[("Authorization", &format!("Bearer {TOKEN}"))]);
    client.say("in");
    assert_eq!(client.text(), "in");
}

#[test]
fn a_subscription_key_is_checked_before_the_upgrade() {
    let server = Server::new(None, echo);
    let mut service = chat(&server.url, "");
    let mut api = Api::clone(&service.apis[0]);
    api.subscription_required = true;
    service.apis = vec![Arc::new(api)];
    let gateway = start(service);
    let (head, _) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert!(header(&head, "www-authenticate").unwrap().starts_with("AzureApiManagementKey "), "{head}");
    assert_eq!(server.asked.try_iter().count(), 0);
}

#[test]
fn a_backend_that_refuses_or_is_not_there_is_answered_over_http() {
    let refusing = Backend::fixed("HTTP/1.1 403 Forbidden\r\nX-Why: full\r\nContent-Length: 4\r\n\r\nfull");
    let gateway = start(chat(&refusing.url, ""));
    let (head, body) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 403 ") && header(&head, "x-why") == Some("full"), "{head}");
    assert_eq!(body, "full");
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("ws://{}", listener.local_addr().unwrap())
    };
    let gateway = start(chat(&nobody, ""));
    let (head, _) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    let plain = Backend::fixed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let gateway = start(chat(&plain.url, ""));
    let (head, body) = Peer::connect(http(&gateway)).ask(&handshake("/chat", ""));
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "hi", "a server that does not upgrade: {head}");
}

#[test]
fn an_ordinary_request_to_a_websocket_api_is_not_found() {
    let server = Server::new(None, echo);
    let gateway = start(chat(&server.url, ""));
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/chat"));
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

#[test]
fn an_idle_websocket_stays_open() {
    let server = Server::new(None, echo);
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_790_000_000));
    let cache = Cache::new(clock.clone(), 1 << 20);
    let options = Options::new(clock.clone(), Counters::memory(), cache);
    let gateway = Gateway::start(options, snapshot(chat(&server.url, ""))).unwrap();
    let (mut client, _) = connect(http(&gateway), "/chat", &[]);
    client.say("one");
    assert_eq!(client.text(), "one");
    for _ in 0..10 {
        clock.advance(Duration::from_secs(600));
        // Another connection shows that the worker has looked at its clock.
        Peer::connect(http(&gateway)).ask(&get("/none"));
    }
    client.say("two");
    assert_eq!(client.text(), "two");
}
