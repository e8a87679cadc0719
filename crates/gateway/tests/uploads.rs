//! Bodies on their way to the backend: permission to send them, and clients that send more than anybody wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use apimite_model::{PolicyText, Service};
use support::*;

const ASKING: &str = "POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";

fn waiting_for_permission(backend: &str) -> Service {
    let mut service = service(backend);
    service.policy = Some(PolicyText::new(
        "global.xml",
        "<policies><inbound/><backend><forward-request continue-timeout=\"5\"/></backend><outbound/><on-error/></policies>",
    ));
    service
}

#[test]
fn the_backend_is_asked_before_a_body_is_sent_when_the_policy_waits_for_it() {
    let backend = Backend::new(|_, mut peer| {
        let head = peer.head().unwrap();
        assert_eq!(header(&head, "expect"), Some("100-continue"), "{head}");
        peer.stream.set_nonblocking(true).unwrap();
        assert!(peer.stream.peek(&mut [0; 1]).is_err(), "the body waits");
        peer.stream.set_nonblocking(false).unwrap();
        peer.say("HTTP/1.1 100 Continue\r\n\r\n");
        let body = peer.exactly(2);
        peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", String::from_utf8(body).unwrap()));
    });
    let gateway = start(waiting_for_permission(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(ASKING);
    assert_eq!(client.head().unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    let (head, body) = client.ask("ok");
    assert!(head.starts_with("HTTP/1.1 200 OK") && body == "ok", "{head}{body}");
}

#[test]
fn a_backend_that_refuses_beforehand_gets_no_body() {
    let (sender, received) = channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.head().unwrap();
        peer.say("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno");
        sender.lock().unwrap().send(peer.rest()).unwrap();
    });
    let gateway = start(waiting_for_permission(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(ASKING);
    let (head, body) = client.message().unwrap();
    assert!(head.starts_with("HTTP/1.1 413 Too Much") && body == b"no", "{head}");
    assert_eq!(received.recv_timeout(Duration::from_secs(5)).unwrap(), "");
}

#[test]
fn a_backend_that_does_not_answer_the_question_is_a_timeout() {
    let (sender, asked) = channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.head().unwrap();
        sender.lock().unwrap().send(()).unwrap();
        let _ = peer.rest();
    });
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_790_000_000));
    let cache = Cache::new(clock.clone(), 1 << 20);
    let (witness, told) = Witness::new();
    let mut options = Options::new(clock.clone(), Counters::memory(), cache);
    options.observer = Some(witness);
    let gateway = Gateway::start(options, snapshot(waiting_for_permission(&backend.url))).unwrap();
    let mut client = Peer::connect(http(&gateway));
    client.say(ASKING);
    asked.recv_timeout(Duration::from_secs(5)).unwrap();
    clock.advance(Duration::from_secs(6));
    assert!(client.message().unwrap().0.starts_with("HTTP/1.1 500 "));
    let told = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(format!("{:?}", told.answered).contains("Timeout"), "{told:?}");
}

#[test]
fn without_the_attribute_the_backend_is_not_asked() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(ASKING);
    assert_eq!(client.head().unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    let (_, body) = client.ask("ok");
    assert_eq!(header(&body, "expect"), None, "{body}");
}

#[test]
fn a_small_body_nobody_wanted_leaves_the_connection_usable() {
    let gateway = start(service("http://127.0.0.1:9"));
    let mut client = Peer::connect(http(&gateway));
    for _ in 0..3 {
        client.say("POST /none HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n");
        let (head, _) = client.ask("5\r\nhello\r\n0\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    }
}

#[test]
fn a_client_that_sends_much_in_vain_still_gets_its_answer() {
    let gateway = start(service("http://127.0.0.1:9"));
    let mut client = Peer::connect(http(&gateway));
    client.say("POST /none HTTP/1.1\r\nHost: g\r\nContent-Length: 100000000\r\n\r\n");
    let block = vec![b'x'; 64 * 1024];
    // Goes on until the gateway has had enough; the answer must have arrived by then.
    for _ in 0..4 {
        let _ = client.stream.write_all(&block);
    }
    let (head, _) = client.message().unwrap();
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

#[test]
fn a_backend_that_reads_slowly_slows_the_client_down() {
    const TOTAL: usize = 64 << 20;
    let (release, go) = channel::<()>();
    let go = std::sync::Mutex::new(go);
    let backend = Backend::new(move |_, mut peer| {
        peer.head().unwrap();
        let _ = go.lock().unwrap().recv();
        let mut read = 0;
        let mut space = vec![0; 1 << 16];
        while read < TOTAL {
            read += peer.reader.read(&mut space).unwrap();
        }
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(&format!("POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: {TOTAL}\r\n\r\n"));
    client.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let block = vec![b'x'; 1 << 16];
    let mut written = 0;
    while let Ok(count) = client.stream.write(&block[..block.len().min(TOTAL - written)]) {
        written += count;
        assert!(written < TOTAL / 2, "{written} bytes were taken for a backend that reads nothing");
    }
    release.send(()).unwrap();
    client.stream.set_write_timeout(None).unwrap();
    while written < TOTAL {
        written += client.stream.write(&block[..block.len().min(TOTAL - written)]).unwrap();
    }
    assert_eq!(client.message().unwrap().1, b"done");
}

#[test]
fn chunks_that_are_none_are_refused_and_the_connection_closed() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say("POST /api/x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn an_old_client_is_answered_in_its_own_version() {
    let backend = Backend::fixed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say("GET /api/x HTTP/1.0\r\nHost: g\r\n\r\n");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nabc"), "{answer}");
    assert!(!answer.contains("chunked"), "{answer}");
}

#[test]
fn names_of_headers_are_written_as_azure_writes_them() {
    let backend = Backend::fixed(
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\netag: \"1\"\r\nx-ms-request-id: 7\r\nretry-after: 3\r\n\r\nx",
    );
    let gateway = start(service(&backend.url));
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    for name in ["Content-Length: 1", "ETag: \"1\"", "x-ms-request-id: 7", "Retry-After: 3", "Date: "] {
        assert!(head.contains(&format!("\r\n{name}")), "{name}: {head}");
    }
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/keyed/v/things/1"));
    assert!(head.contains("\r\nWWW-Authenticate: AzureApiManagementKey "), "{head}");
}
