//! What passes through the gateway, as bytes on both sides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "this is test code")]

mod support;

use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use apimite_gateway::Gateway;
use apimite_gateway::access::End;
use support::*;

#[test]
fn the_request_reaches_the_backend_with_its_headers_and_the_callers_address() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let (head, body) = Peer::connect(http(&gateway)).ask(
        "GET /api/a/b?c=d HTTP/1.1\r\nHost: gw.test\r\nX-Mine: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 2\r\n\
         Keep-Alive: timeout=3\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n",
    );
    assert!(body.starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{body}");
    assert_eq!(header(&body, "host"), Some(backend.address.to_string().as_str()));
    assert_eq!(header(&body, "x-mine"), Some("1"));
    assert_eq!(header(&body, "x-forwarded-for"), Some("192.0.2.9,127.0.0.1"));
    for gone in ["x-hop", "keep-alive", "connection", "transfer-encoding"] {
        assert_eq!(header(&body, gone), None, "{gone}");
    }
    assert_eq!(header(&head, "x-up"), Some("1"));
    assert!(head.contains("\r\nX-Up: 1\r\n"), "names have capitals: {head}");
}

#[test]
fn a_body_with_a_length_and_one_without_reach_the_backend_as_they_are() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    let (_, body) = client.ask("POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello");
    assert!(body.ends_with("\r\n\r\nhello"), "{body}");
    assert_eq!(header(&body, "content-length"), Some("5"));
    let (_, body) = client
        .ask("POST /api/x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_eq!(header(&body, "transfer-encoding"), Some("chunked"));
    assert_eq!(header(&body, "content-length"), None);
    let data: String = body.split("\r\n\r\n").nth(1).unwrap().split("\r\n").skip(1).step_by(2).collect();
    assert_eq!(data, "abcde");
}

#[test]
fn an_answer_in_chunks_keeps_them_and_its_trailers() {
    let backend = Backend::fixed(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n",
    );
    let gateway = start(service(&backend.url));
    let (head, body) = Peer::connect(http(&gateway)).ask("GET /api/x HTTP/1.1\r\nHost: g\r\nTE: trailers\r\n\r\n");
    assert_eq!(header(&head, "transfer-encoding"), Some("chunked"));
    assert!(body.to_ascii_lowercase().ends_with("3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n"), "{body}");
}

#[test]
fn head_has_a_length_and_no_body() {
    let backend = Backend::fixed("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    for _ in 0..2 {
        client.say("HEAD /api/x HTTP/1.1\r\nHost: g\r\n\r\n");
        let head = client.head().unwrap();
        assert_eq!(header(&head, "content-length"), Some("1234"), "{head}");
    }
}

#[test]
fn the_backend_connection_is_used_again() {
    let (sender, connections) = channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |number, mut peer| {
        while peer.request().is_some() {
            sender.lock().unwrap().send(number).unwrap();
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        }
    });
    let gateway = start(service(&backend.url));
    for _ in 0..3 {
        Peer::connect(http(&gateway)).ask(&get("/api/x"));
    }
    assert_eq!(connections.try_iter().collect::<Vec<_>>(), [0, 0, 0]);
}

#[test]
fn a_stale_connection_costs_no_request() {
    // Every connection is closed after its first answer, without saying so.
    let backend = Backend::new(|_, mut peer| {
        if peer.request().is_some() {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        }
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    for _ in 0..20 {
        let (head, _) = client.ask(&get("/api/x"));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
}

#[test]
fn events_arrive_as_they_are_sent() {
    let (sender, go) = channel::<()>();
    let go = std::sync::Mutex::new(go);
    let backend = Backend::new(move |_, mut peer| {
        peer.request().unwrap();
        peer.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n");
        go.lock().unwrap().recv().unwrap();
        peer.say("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(&get("/api/x"));
    client.head().unwrap();
    assert_eq!(client.exactly(14), b"9\r\ndata: 1\n\n\r\n");
    sender.send(()).unwrap();
    assert_eq!(client.exactly(14), b"9\r\ndata: 2\n\n\r\n");
}

#[test]
fn a_client_that_waits_for_permission_gets_it_when_its_body_is_wanted() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say("POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.head().unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    let (_, body) = client.ask("ok");
    assert!(body.ends_with("\r\n\r\nok"), "{body}");
    assert_eq!(header(&body, "expect"), None);
}

#[test]
fn a_client_that_waits_for_permission_is_refused_without_it() {
    let gateway = start(service("http://127.0.0.1:9"));
    let mut client = Peer::connect(http(&gateway));
    client.say("POST /none HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_websocket_passes_both_ways() {
    let backend = Backend::new(|_, mut peer| {
        let (head, _) = peer.request().unwrap();
        assert_eq!(header(&head, "upgrade"), Some("websocket"), "{head}");
        assert_eq!(header(&head, "sec-websocket-key"), Some("abc"));
        peer.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nearly");
        let mut bytes = [0; 4];
        peer.reader.read_exact(&mut bytes).unwrap();
        peer.stream.write_all(&bytes).unwrap();
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(
        "GET /api/ws HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(header(&head, "upgrade"), Some("websocket"));
    assert_eq!(header(&head, "connection").map(str::to_ascii_lowercase).as_deref(), Some("upgrade"));
    assert_eq!(client.exactly(5), b"early");
    client.say("ping");
    assert_eq!(client.exactly(4), b"ping");
    assert_eq!(client.rest(), "", "the backend's end ends the client's");
}

#[test]
fn a_refused_handshake_is_the_backends_answer() {
    let backend = Backend::fixed("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
    let gateway = start(service(&backend.url));
    let (head, body) = Peer::connect(http(&gateway))
        .ask("GET /api/ws HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    assert_eq!(body, "no");
}

#[test]
fn ambiguous_framing_is_refused_and_the_connection_closed() {
    let gateway = start(service("http://127.0.0.1:9"));
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Transfer-Encoding: chunked, identity",
    ] {
        let mut client = Peer::connect(http(&gateway));
        client.say(&format!("POST /api/x HTTP/1.1\r\nHost: g\r\n{lengths}\r\n\r\n0\r\n\r\n"));
        let answer = client.rest();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths}: {answer}");
    }
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let gateway = start(service("http://127.0.0.1:9"));
    let long_url = format!("GET /api/{} HTTP/1.1\r\nHost: g\r\n\r\n", "a".repeat(17_000));
    assert!(Peer::connect(http(&gateway)).ask(&long_url).0.starts_with("HTTP/1.1 414 "));
    let long_head = format!("GET /api/ HTTP/1.1\r\nHost: g\r\nX: {}\r\n\r\n", "a".repeat(70_000));
    let mut client = Peer::connect(http(&gateway));
    let _ = client.stream.write_all(long_head.as_bytes());
    assert!(client.rest().starts_with("HTTP/1.1 431 "));
    let many: String = (0..200).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let mut client = Peer::connect(http(&gateway));
    client.say(&format!("GET /api/ HTTP/1.1\r\nHost: g\r\n{many}\r\n"));
    assert!(client.rest().starts_with("HTTP/1.1 431 "));
}

#[test]
fn a_request_needs_one_host() {
    let gateway = start(service("http://127.0.0.1:9"));
    for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"] {
        let (head, _) = Peer::connect(http(&gateway)).ask(&format!("GET /api/ HTTP/1.1\r\n{hosts}\r\n"));
        assert!(head.starts_with("HTTP/1.1 400 "), "{hosts:?}: {head}");
    }
}

#[test]
fn a_client_that_goes_away_ends_the_call_to_the_backend() {
    let (sender, gone) = channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.request().unwrap();
        let _ = sender.lock().unwrap().send("asked");
        let _ = peer.reader.read(&mut [0; 1]);
        let _ = sender.lock().unwrap().send("closed");
    });
    let (witness, told) = Witness::new();
    let mut options = options();
    options.observer = Some(witness);
    let gateway = Gateway::start(options, snapshot(service(&backend.url))).unwrap();
    let mut client = Peer::connect(http(&gateway));
    client.say(&get("/api/x"));
    assert_eq!(gone.recv_timeout(Duration::from_secs(5)).unwrap(), "asked");
    drop(client);
    assert_eq!(gone.recv_timeout(Duration::from_secs(5)).unwrap(), "closed");
    let told = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(told.end, End::Aborted);
    let reason = format!("{:?}", told.answered);
    assert!(reason.contains("ClientConnectionFailure"), "{reason}");
}

#[test]
fn a_backend_that_breaks_off_within_its_body_breaks_off_the_answer() {
    let backend = Backend::new(|_, mut peer| {
        peer.request().unwrap();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nonly this");
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(&get("/api/x"));
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("only this"), "{answer}");
}

#[test]
fn an_answer_that_is_no_http_is_an_internal_error() {
    let backend = Backend::fixed("SSH-2.0-OpenSSH_9.9\r\n\r\n");
    let gateway = start(service(&backend.url));
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
}

#[test]
fn a_slow_client_slows_the_backend_down() {
    const TOTAL: usize = 64 << 20;
    let (sender, sent) = channel();
    let sender = std::sync::Mutex::new(sender);
    let backend = Backend::new(move |_, mut peer| {
        peer.request().unwrap();
        peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {TOTAL}\r\n\r\n"));
        peer.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let block = vec![b'x'; 1 << 16];
        let mut written = 0;
        while written < TOTAL {
            match peer.stream.write(&block) {
                Ok(count) => written += count,
                Err(_) => break,
            }
        }
        sender.lock().unwrap().send(written).unwrap();
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(&get("/api/x"));
    client.head().unwrap();
    let written = sent.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(written < TOTAL / 2, "{written} bytes were taken for a client that reads nothing");
}

#[test]
fn requests_in_a_row_are_answered_in_order() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    client.say(&format!("{}{}{}", get("/api/1"), get("/api/2"), get("/none")));
    for (path, status) in [("GET /1 ", 200), ("GET /2 ", 200), ("{ ", 404)] {
        let (head, body) = client.message().unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(String::from_utf8(body).unwrap().starts_with(path));
    }
}

#[test]
fn a_large_body_passes_whole() {
    let backend = Backend::new(|_, mut peer| {
        while let Some((_, body)) = peer.request() {
            let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
            let text = format!("{} {sum}", body.len());
            peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
        }
    });
    let gateway = start(service(&backend.url));
    let mut client = Peer::connect(http(&gateway));
    let body: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    client.say(&format!("PUT /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n", body.len()));
    client.stream.write_all(&body).unwrap();
    let (_, answer) = client.message().unwrap();
    let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
    assert_eq!(String::from_utf8(answer).unwrap(), format!("{} {sum}", body.len()));
}

#[test]
fn draining_lets_the_request_in_flight_finish() {
    let (sender, asked) = channel();
    let sender = std::sync::Mutex::new(sender);
    let (release, go) = channel::<()>();
    let go = std::sync::Mutex::new(go);
    let backend = Backend::new(move |_, mut peer| {
        peer.request().unwrap();
        sender.lock().unwrap().send(()).unwrap();
        go.lock().unwrap().recv().unwrap();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    });
    let gateway = start(service(&backend.url));
    let address = http(&gateway);
    let (mut busy, mut idle) = (Peer::connect(address), Peer::connect(address));
    busy.say(&get("/api/x"));
    asked.recv().unwrap();
    idle.ask(&get("/none"));
    let draining = std::thread::spawn(move || gateway.drain(Duration::from_secs(10)));
    assert_eq!(idle.rest(), "", "an idle connection is closed at once");
    release.send(()).unwrap();
    let (head, body) = busy.message().unwrap();
    assert_eq!((header(&head, "connection"), body.as_slice()), (Some("close"), &b"done"[..]));
    draining.join().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}
