//! GraphQL subscriptions over sockets: published by resolvers of a synthetic API, and passed through to a GraphQL server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

#[path = "support/socket.rs"]
mod socket;
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use apimite_model::{Api, ApiKind, Operation, PolicyText, Resolver, SchemaText, Service};
use socket::{Said, Server, Ws, connect, handshake};
use support::*;

const SDL: &str = "type Query { user: User } type Mutation { createUser(id: Int!, name: String!): User }
    type Subscription { onUserCreated: User! other: String }
    type User { id: Int! name: String! friend: User score: Int }";
const INIT: &str = r#"{"type": "connection_init"}"#;
const ACK: &str = r#"{"type":"connection_ack"}"#;
const TRANSPORT: [(&str, &str); 1] = [("Sec-WebSocket-Protocol", "graphql-transport-ws")];

fn api(kind_url: &str, inbound: &str) -> Api {
    let mut api = Api::new("api", "api", kind_url);
    api.subscription_required = false;
    (api.kind, api.protocols.ws) = (ApiKind::GraphQl, true);
    api.operations.push(Arc::new(Operation::new("graphql", "POST", "/")));
    let kind = "application/vnd.ms-azure-apim.graphql.schema";
    api.schemas.push(SchemaText { id: "graphql".into(), content_type: kind.into(), text: SDL.into() });
    let text = format!("<policies><inbound><base/>{inbound}</inbound></policies>");
    api.policy = Some(PolicyText::new("api.xml", text));
    api
}

fn service(api: Api) -> Service {
    let mut service = Service::new("contoso");
    service.apis = vec![Arc::new(api)];
    service
}

/// A synthetic API whose mutation asks `users` and publishes what it answers; `score` is asked of `scores`.
fn synthetic(users: &str, scores: &str, inbound: &str) -> Service {
    let mut api = api("", inbound);
    let publish = "<publish-event><targets><graphql-subscription id=\"onUserCreated\"/></targets></publish-event>";
    let create = format!(
        "<http-data-source><http-request><set-method>POST</set-method><set-url>{users}/user</set-url></http-request>\
         <http-response>{publish}</http-response></http-data-source>"
    );
    let score = format!(
        "<http-data-source><http-request><set-method>GET</set-method><set-url>{scores}/score</set-url></http-request></http-data-source>"
    );
    for (kind, field, text) in [("Mutation", "createUser", create), ("User", "score", score)] {
        let policy = Some(PolicyText::new("resolver.xml", text));
        api.resolvers.push(Resolver { id: field.into(), kind: kind.into(), field: field.into(), policy });
    }
    service(api)
}

const ADA: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"id\": 7, \"name\": \"Ada\"}";
const SCORE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n42";

/// A synthetic API on servers of its own.
fn gateway(inbound: &str) -> Gateway {
    start(synthetic(&Backend::fixed(ADA).url, &Backend::fixed(SCORE).url, inbound))
}

fn with_clock(service: Service) -> (Gateway, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_790_000_000));
    let cache = Cache::new(clock.clone(), 1 << 20);
    let options = Options::new(clock.clone(), Counters::memory(), cache);
    (Gateway::start(options, snapshot(service)).unwrap(), clock)
}

fn post(address: SocketAddr, query: &str) -> (String, String) {
    let body = format!("{{\"query\": \"{query}\"}}");
    let head = "POST /api HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n";
    Peer::connect(address).ask(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn create(address: SocketAddr) {
    let (head, body) = post(address, "mutation { createUser(id: 7, name: \\\"Ada\\\") { name } }");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, "{\"data\":{\"createUser\":{\"name\":\"Ada\"}}}");
}

fn greeted(address: SocketAddr) -> Ws {
    let (mut client, told) = connect(address, "/api", &TRANSPORT);
    assert_eq!(told.get("sec-websocket-protocol").map(String::as_str), Some("graphql-transport-ws"));
    client.say(INIT);
    assert_eq!(client.text(), ACK);
    client
}

fn subscribe(id: &str, query: &str) -> String {
    serde_json::json!({ "id": id, "type": "subscribe", "payload": { "query": query } }).to_string()
}

/// Returns when everything said before was taken.
fn settle(client: &mut Ws) {
    client.say(r#"{"type": "ping", "payload": {"n": 1}}"#);
    assert_eq!(client.text(), r#"{"type":"pong","payload":{"n":1}}"#);
}

#[test]
fn a_mutation_publishes_to_those_who_are_subscribed() {
    let gateway = gateway("");
    let address = http(&gateway);
    let (mut client, mut other) = (greeted(address), greeted(address));
    client.say(&subscribe("s1", "subscription { made: onUserCreated { id name score } }"));
    client.say(&subscribe("s2", "subscription { other }"));
    other.say(
        &subscribe("s1", "subscription ($y: Boolean!) { onUserCreated { name id @skip(if: $y) } }")
            .replace("\"payload\":{", "\"payload\":{\"variables\":{\"y\":true},"),
    );
    settle(&mut client);
    settle(&mut other);
    create(address);
    let wanted = r#"{"id":"s1","type":"next","payload":{"data":{"made":{"id":7,"name":"Ada","score":42}}}}"#;
    assert_eq!(client.text(), wanted, "resolvers of nested fields are called");
    assert_eq!(other.text(), r#"{"id":"s1","type":"next","payload":{"data":{"onUserCreated":{"name":"Ada"}}}}"#);
    client.say(r#"{"id": "s1", "type": "complete"}"#);
    settle(&mut client);
    create(address);
    settle(&mut client);
    assert!(other.text().contains("\"next\""), "the other goes on");
    // The name is free again.
    client.say(&subscribe("s1", "subscription { onUserCreated { id } }"));
    settle(&mut client);
    create(address);
    assert_eq!(client.text(), r#"{"id":"s1","type":"next","payload":{"data":{"onUserCreated":{"id":7}}}}"#);
}

#[test]
fn the_older_protocol_has_its_own_words() {
    let gateway = gateway("");
    let (mut client, told) = connect(http(&gateway), "/api", &[("Sec-WebSocket-Protocol", "graphql-ws")]);
    assert_eq!(told.get("sec-websocket-protocol").map(String::as_str), Some("graphql-ws"));
    client.say(INIT);
    assert_eq!(client.text(), ACK);
    client.say(&subscribe("1", "subscription { onUserCreated { name } }").replace("subscribe\"", "start\""));
    client.say(&subscribe("2", "{ user { name } }").replace("subscribe\"", "start\""));
    let wanted =
        r#"{"id":"2","type":"error","payload":{"message":"Queries and mutations are not served over WebSocket."}}"#;
    assert_eq!(client.text(), wanted);
    create(http(&gateway));
    assert_eq!(client.text(), r#"{"id":"1","type":"data","payload":{"data":{"onUserCreated":{"name":"Ada"}}}}"#);
    client.say(r#"{"type": "connection_terminate"}"#);
    assert_eq!(client.code(), 1000);
}

#[test]
fn what_is_no_subscription_is_an_error_of_its_operation() {
    let gateway = gateway("");
    let mut client = greeted(http(&gateway));
    let mut told = |query: &str| {
        client.say(&subscribe("x", query));
        client.text()
    };
    for query in ["{ user { name } }", "mutation { createUser(id: 1, name: \"x\") { id } }"] {
        let wanted = r#"{"id":"x","type":"error","payload":[{"message":"Queries and mutations are not served over WebSocket."}]}"#;
        assert_eq!(told(query), wanted, "{query}");
    }
    for (query, part) in [
        ("subscription { onUserCreated { wealth } }", "wealth"),
        ("subscription { onUserCreated { id } other }", "subscription"),
        ("subscription {", "syntax error"),
    ] {
        let text = told(query);
        assert!(text.starts_with(r#"{"id":"x","type":"error","payload":[{"message":""#), "{text}");
        assert!(text.contains(part), "{text}");
    }
    assert!(told("subscription S { other } subscription T { other }").contains("error"), "which one?");
}

#[test]
fn a_client_that_does_not_keep_to_the_protocol_is_closed() {
    let gateway = gateway("");
    let address = http(&gateway);
    let (mut client, told) = connect(address, "/api", &[]);
    assert_eq!(told.get("sec-websocket-protocol"), None);
    assert_eq!(client.code(), 4406);
    let (mut client, _) = connect(address, "/api", &TRANSPORT);
    client.say(&subscribe("1", "subscription { other }"));
    assert_eq!(client.hear(), Said::Close(4401, "Unauthorized".to_owned()));
    let mut client = greeted(address);
    client.say(INIT);
    assert_eq!(client.code(), 4429);
    let mut client = greeted(address);
    client.say(&subscribe("1", "subscription { other }"));
    client.say(&subscribe("1", "subscription { other }"));
    assert_eq!(client.hear(), Said::Close(4409, "Subscriber for 1 already exists".to_owned()));
    for junk in ["what", "[]", r#"{"type": "start", "id": "1", "payload": {}}"#, r#"{"type": "subscribe"}"#] {
        let mut client = greeted(address);
        client.say(junk);
        assert_eq!(client.code(), 4400, "{junk}");
    }
    let mut client = greeted(address);
    client.bytes(vec![1, 2, 3]);
    assert_eq!(client.code(), 4400);
}

#[test]
fn a_client_that_says_nothing_is_closed() {
    let (gateway, clock) = with_clock(synthetic("http://127.0.0.1:9", "http://127.0.0.1:9", ""));
    let (mut client, _) = connect(http(&gateway), "/api", &TRANSPORT);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // The clock goes on until the gateway has seen it: when it began to wait is not known here.
    let moving = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            clock.advance(Duration::from_secs(1));
            std::thread::yield_now();
        }
    });
    assert_eq!(client.hear(), Said::Close(4408, "Connection initialisation timeout".to_owned()));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    moving.join().unwrap();
}

#[test]
fn the_handshake_passes_the_policies_of_the_api() {
    let inbound = "<check-header name=\"X-Key\" failed-check-httpcode=\"401\" failed-check-error-message=\"no key\" \
        ignore-case=\"true\"><value>open</value></check-header>";
    let gateway = gateway(inbound);
    let address = http(&gateway);
    let protocol = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n";
    let (head, body) = Peer::connect(address).ask(&handshake("/api", protocol));
    assert!(head.starts_with("HTTP/1.1 401 ") && body.contains("no key"), "{head}{body}");
    connect(address, "/api", &[TRANSPORT[0], ("X-Key", "open")]);
    let old = handshake("/api", "X-Key: open\r\n").replace("Version: 13", "Version: 8");
    let (head, _) = Peer::connect(address).ask(&old);
    assert!(head.starts_with("HTTP/1.1 426 ") && header(&head, "sec-websocket-version") == Some("13"), "{head}");
    let short = handshake("/api", "X-Key: open\r\n").replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=");
    let (head, _) = Peer::connect(address).ask(&short);
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
}

#[test]
fn an_api_without_the_scheme_takes_no_handshake() {
    let mut plain = api("", "");
    plain.protocols.ws = false;
    let gateway = start(service(plain));
    let (head, _) = Peer::connect(http(&gateway)).ask(&handshake("/api", ""));
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

const GUARD: &str = "<validate-graphql-request max-size=\"500\" max-depth=\"3\"><authorize>\
    <rule path=\"/User/score\" action=\"remove\"/><rule path=\"/Subscription/other\" action=\"reject\"/></authorize></validate-graphql-request>";

#[test]
fn validation_holds_for_subscriptions() {
    let gateway = gateway(GUARD);
    let address = http(&gateway);
    let mut client = greeted(address);
    let mut told = |query: &str| {
        client.say(&subscribe("x", query));
        client.text()
    };
    assert!(told("subscription { other }").contains("Access to the field 'Subscription.other' is denied."));
    let deep = "subscription { onUserCreated { friend { friend { id } } } }";
    assert!(told(deep).contains("The query exceeds the maximum depth of 3."));
    assert!(
        told(&format!("subscription {{ other }} # {}", "x".repeat(500))).contains("exceeds the limit of 500 bytes")
    );
    client.say(&subscribe("y", "subscription { onUserCreated { id score } }"));
    settle(&mut client);
    create(address);
    let text = client.text();
    assert!(text.starts_with(r#"{"id":"y","type":"next","payload":{"data":{"onUserCreated":{"id":7}},"#), "{text}");
    assert!(text.contains("The field 'User.score' was removed from the query."), "{text}");
}

#[test]
fn attacks_are_errors_and_the_connection_lives() {
    let gateway = gateway("");
    let address = http(&gateway);
    let mut client = greeted(address);
    let mut told = |query: &str| {
        client.say(&subscribe("x", query));
        let text = client.text();
        assert!(text.starts_with(r#"{"id":"x","type":"error""#), "{}", text.get(..200).unwrap_or(&text));
    };
    let mut deep = String::from("subscription { onUserCreated ");
    for _ in 0..100 {
        deep += "{ friend ";
    }
    told(&format!("{deep} {{ id }} {}", "}".repeat(101)));
    told(&"{".repeat(50_000));
    let aliases: String = (0..2000).map(|number| format!("a{number}: id ")).collect();
    told(&format!("subscription {{ onUserCreated {{ {aliases} }} }}"));
    told("subscription { onUserCreated { ...a } } fragment a on User { ...b } fragment b on User { ...a }");
    let mut bomb = String::from("subscription { onUserCreated { ...f0 } }");
    for level in 0..24 {
        bomb += &format!(" fragment f{level} on User {{ a: friend {{ ...f{0} }} b: friend {{ ...f{0} }} }}", level + 1);
    }
    told(&(bomb + " fragment f24 on User { id }"));
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    client.say(&format!(r#"{{"id": "x", "type": "subscribe", "payload": {{"query": "subscription {{ other }}", "variables": {{"a": {nested}}}}}}}"#));
    assert_eq!(client.code(), 4400, "no JSON that is read here is that deep");
    let mut client = greeted(address);
    for number in 0..100 {
        client.say(&subscribe(&number.to_string(), "subscription { other }"));
    }
    client.say(&subscribe("more", "subscription { other }"));
    assert!(client.text().contains("A connection has at most 100 subscriptions."));
    let mut client = greeted(address);
    // Cut off while it is sent, or answered with a close: what counts is that it is not taken.
    let _ = client.0.send(tokio_tungstenite::tungstenite::Message::text("x".repeat(3_000_000)));
    assert!(matches!(client.hear(), Said::Close(1009, _) | Said::Gone));
}

#[test]
fn a_client_that_does_not_read_is_let_go_and_holds_up_nobody() {
    let name = "x".repeat(400_000);
    let body = format!("{{\"id\": 7, \"name\": \"{name}\"}}");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let users = Backend::fixed(Box::leak(answer.into_boxed_str()));
    let (gateway, _clock) = with_clock(synthetic(&users.url, "http://127.0.0.1:9", ""));
    let address = http(&gateway);
    let (mut slow, mut quick) = (greeted(address), greeted(address));
    slow.say(&subscribe("s", "subscription { onUserCreated { name } }"));
    quick.say(&subscribe("q", "subscription { onUserCreated { id } }"));
    settle(&mut slow);
    settle(&mut quick);
    let count = 150;
    for _ in 0..count {
        let (head, _) = post(address, "mutation { createUser(id: 7, name: \\\"x\\\") { id } }");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(quick.text().contains("\"next\""));
    }
    let mut heard = 0;
    let end = loop {
        match slow.hear() {
            Said::Text(_) => heard += 1,
            other => break other,
        }
    };
    assert!(heard < count, "{heard} of {count} were kept for it");
    assert!(matches!(end, Said::Close(1013, _)), "{end:?}");
}

/// Passed through to a synthetic API behind another gateway.
fn passed(inbound: &str) -> (Gateway, Gateway) {
    let server = gateway("");
    let front = start(service(api(&format!("http://{}/api", http(&server)), inbound)));
    (server, front)
}

#[test]
fn subscriptions_pass_through_to_a_graphql_server() {
    let (_server, front) = passed("");
    let address = http(&front);
    let mut client = greeted(address);
    client.say(&subscribe("1", "subscription { onUserCreated { name score } }"));
    settle(&mut client);
    create(address);
    assert_eq!(
        client.text(),
        r#"{"id":"1","type":"next","payload":{"data":{"onUserCreated":{"name":"Ada","score":42}}}}"#
    );
    client.say(&subscribe("2", "{ user { name } }"));
    let wanted =
        r#"{"id":"2","type":"error","payload":[{"message":"Queries and mutations are not served over WebSocket."}]}"#;
    assert_eq!(client.text(), wanted);
    client.say(&subscribe("1", "subscription { other }"));
    assert_eq!(client.hear(), Said::Close(4409, "Subscriber for 1 already exists".to_owned()), "the server's close");
    let (mut client, _) = connect(address, "/api", &[("Sec-WebSocket-Protocol", "graphql-ws")]);
    client.say(INIT);
    assert_eq!(client.text(), ACK);
    client.close(1000, "bye");
    assert_eq!(client.code(), 1000);
}

#[test]
fn what_passes_through_was_validated() {
    let (_server, front) = passed(GUARD);
    let address = http(&front);
    let mut client = greeted(address);
    client.say(&subscribe("1", "subscription { other }"));
    assert!(client.text().contains("Access to the field 'Subscription.other' is denied."));
    client.say(&subscribe("2", "subscription { onUserCreated { id score } }"));
    settle(&mut client);
    create(address);
    assert_eq!(client.text(), r#"{"id":"2","type":"next","payload":{"data":{"onUserCreated":{"id":7}}}}"#);
}

#[test]
fn a_server_hears_no_operation_that_may_not_pass() {
    let (sender, heard) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::new(Some("graphql-transport-ws"), move |mut client| {
        loop {
            match client.hear() {
                Said::Text(text) => {
                    client.say("{\"type\":\"pong\"}");
                    sender.lock().unwrap().send(text).unwrap();
                }
                _ => return,
            }
        }
    });
    let front = start(service(api(&server.url.replace("ws://", "http://"), "")));
    let extension = [TRANSPORT[0], ("Sec-WebSocket-Extensions", "permessage-deflate")];
    let (mut client, _) = connect(http(&front), "/api", &extension);
    let asked = server.asked.recv().unwrap();
    assert_eq!(asked.get("sec-websocket-extensions"), None, "messages are read, so they are not compressed");
    client.say(&subscribe("1", "mutation { createUser(id: 1, name: \"x\") { id } }"));
    assert!(client.text().contains("\"error\""));
    client.say("not even JSON");
    assert_eq!(client.text(), "{\"type\":\"pong\"}");
    assert_eq!(heard.recv().unwrap(), "not even JSON", "the server tells what is wrong with it");
}
