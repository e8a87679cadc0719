//! How long a client may take, on a clock that stands still until it is moved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use support::*;

fn with_clock(backend: &str) -> (Gateway, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_790_000_000));
    let cache = Cache::new(clock.clone(), 1 << 20);
    let options = Options::new(clock.clone(), Counters::memory(), cache);
    (Gateway::start(options, snapshot(service(backend))).unwrap(), clock)
}

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let (gateway, clock) = with_clock("http://127.0.0.1:9");
    let mut client = Peer::connect(http(&gateway));
    client.ask(&get("/none"));
    client.say("GET /none HTTP/1.1\r\nHost: g\r\nX-Slow: ");
    // Only a head that has begun is measured: the bytes must have arrived before the clock moves.
    let mut other = Peer::connect(http(&gateway));
    other.ask(&get("/none"));
    clock.advance(Duration::from_secs(31));
    assert_eq!(client.rest(), "");
    other.ask(&get("/none"));
}

#[test]
fn an_idle_connection_is_closed_after_four_minutes() {
    let (gateway, clock) = with_clock("http://127.0.0.1:9");
    let mut client = Peer::connect(http(&gateway));
    client.ask(&get("/none"));
    clock.advance(Duration::from_secs(239));
    client.ask(&get("/none"));
    clock.advance(Duration::from_secs(241));
    assert_eq!(client.rest(), "");
}

#[test]
fn a_connection_that_never_says_anything_is_closed() {
    let (gateway, clock) = with_clock("http://127.0.0.1:9");
    let mut client = Peer::connect(http(&gateway));
    let mut other = Peer::connect(http(&gateway));
    other.ask(&get("/none"));
    clock.advance(Duration::from_secs(31));
    assert_eq!(client.rest(), "");
}

#[test]
fn a_body_that_stops_is_given_up() {
    let (sender, asked) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.head();
        sender.lock().unwrap().send(()).unwrap();
        let _ = peer.rest();
    });
    let (gateway, clock) = with_clock(&backend.url);
    let mut client = Peer::connect(http(&gateway));
    client.say("POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\nsome");
    asked.recv_timeout(Duration::from_secs(5)).unwrap();
    clock.advance(Duration::from_secs(241));
    assert_eq!(client.rest(), "");
}

#[test]
fn a_backend_may_take_five_minutes_and_no_longer() {
    let (sender, asked) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.request();
        sender.lock().unwrap().send(()).unwrap();
        let _ = peer.rest();
    });
    let (gateway, clock) = with_clock(&backend.url);
    let mut client = Peer::connect(http(&gateway));
    client.say(&get("/api/x"));
    asked.recv_timeout(Duration::from_secs(5)).unwrap();
    clock.advance(Duration::from_secs(301));
    let (head, _) = client.message().unwrap();
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
}
