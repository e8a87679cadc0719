//! Pools and circuit breakers over sockets, with several backends and a manual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use apimite_model::{Api, Backend as Entity, BackendKind, CircuitBreaker, PolicyText, PoolMember, SessionAffinity};
use support::*;

/// An entity whose breaker opens for a minute after `count` answers of 429.
fn entity(id: &str, url: &str, count: u32) -> Arc<Entity> {
    let mut entity = Entity::single(id, url);
    entity.circuit_breaker = Some(CircuitBreaker {
        name: "throttled".into(),
        count: Some(count),
        percentage: None,
        interval: Duration::from_secs(10),
        status_ranges: vec![(429, 429)],
        error_reasons: vec!["BackendConnectionFailure".into()],
        trip_duration: Duration::from_secs(60),
        accept_retry_after: true,
    });
    Arc::new(entity)
}

fn member(id: &str, priority: u32) -> PoolMember {
    PoolMember { id: id.into(), weight: 1, priority }
}

/// A gateway whose API goes to the pool of these entities, each in a priority group of its own.
fn pool(entities: Vec<Arc<Entity>>, groups: &[u32], affinity: Option<&str>) -> (Gateway, SocketAddr, Clock) {
    let mut service = service("http://127.0.0.1:9");
    let members = entities.iter().zip(groups).map(|(entity, group)| member(&entity.id, *group)).collect();
    let mut whole = Entity::single("all", "");
    let affinity = affinity.map(|cookie| SessionAffinity { cookie: cookie.into() });
    whole.kind = BackendKind::Pool { members, affinity };
    service.backends.insert("all".into(), Arc::new(whole));
    for entity in entities {
        service.backends.insert(entity.id.clone(), entity);
    }
    let api = Arc::get_mut(&mut service.apis[0]).unwrap() as &mut Api;
    let text = "<policies><inbound><set-backend-service backend-id=\"all\"/></inbound></policies>";
    api.policy = Some(PolicyText::new("api.xml", text));
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let mut options = Options::new(clock.clone(), Counters::memory(), Cache::new(clock.clone(), 1 << 20));
    options.workers = 2;
    let gateway = Gateway::start(options, snapshot(service)).unwrap();
    let address = http(&gateway);
    (gateway, address, clock)
}

/// First line and body of the answer to a GET on a connection of its own, so that any worker may serve it.
fn ask(address: SocketAddr) -> (String, String) {
    let (head, body) = Peer::connect(address).ask(&get("/api/x"));
    (head.lines().next().unwrap_or_default().to_owned(), body)
}

const A: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
const B: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";
const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nbusy";

#[test]
fn members_of_one_group_take_turns_whichever_worker_serves() {
    let (a, b) = (Backend::fixed(A), Backend::fixed(B));
    let (_gateway, address, _clock) = pool(vec![entity("a", &a.url, 1), entity("b", &b.url, 1)], &[1, 1], None);
    let bodies: String = (0..6).map(|_| ask(address).1).collect();
    assert_eq!(bodies, "ababab");
}

#[test]
fn a_tripped_member_is_skipped_until_its_time_is_over() {
    let (a, b) = (Backend::fixed(BUSY), Backend::fixed(B));
    let (_gateway, address, clock) = pool(vec![entity("a", &a.url, 2), entity("b", &b.url, 2)], &[1, 2], None);
    let bodies: Vec<String> = (0..4).map(|_| ask(address).1).collect();
    assert_eq!(bodies, ["busy", "busy", "b", "b"]);
    clock.advance(Duration::from_secs(59));
    assert_eq!(ask(address).1, "b");
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(address).1, "busy");
}

#[test]
fn a_member_that_is_not_reached_trips_and_all_tripped_is_503() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_gateway, address, clock) = pool(vec![entity("a", &format!("http://{free}"), 1)], &[1], None);
    assert_eq!(ask(address).0, "HTTP/1.1 500 Internal Server Error");
    let (first, body) = ask(address);
    assert_eq!(first, "HTTP/1.1 503 Backend pool 'all' is temporarily unavailable");
    assert_eq!(body, "{ \"statusCode\": 503, \"message\": \"Service unavailable\" }");
    clock.advance(Duration::from_secs(60));
    assert_eq!(ask(address).0, "HTTP/1.1 500 Internal Server Error");
}

#[test]
fn the_time_that_the_backend_asks_for_is_kept() {
    let a = Backend::fixed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 300\r\nContent-Length: 4\r\n\r\nbusy");
    let (_gateway, address, clock) = pool(vec![entity("a", &a.url, 1)], &[1], None);
    assert_eq!(ask(address).1, "busy");
    clock.advance(Duration::from_secs(299));
    assert!(ask(address).0.starts_with("HTTP/1.1 503 "));
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(address).1, "busy");
}

#[test]
fn a_cookie_binds_a_client_to_a_member() {
    let (a, b) = (Backend::fixed(A), Backend::fixed(B));
    let entities = vec![entity("a", &a.url, 1), entity("b", &b.url, 1)];
    let (_gateway, address, _clock) = pool(entities, &[1, 1], Some("Session"));
    let (head, body) = Peer::connect(address).ask(&get("/api/x"));
    assert_eq!(body, "a");
    let cookie = header(&head, "set-cookie").unwrap().split(';').next().unwrap();
    for _ in 0..3 {
        let request = format!("GET /api/x HTTP/1.1\r\nHost: gw.test\r\nCookie: {cookie}\r\n\r\n");
        let (head, body) = Peer::connect(address).ask(&request);
        assert_eq!((body.as_str(), header(&head, "set-cookie")), ("a", None));
    }
    assert_eq!(ask(address).1, "b");
}
