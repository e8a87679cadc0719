//! `limit-concurrency` as callers meet it: requests that are really inside at the same time.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use support::{Gateway, until, write};

const SPEC: &str = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";

/// The next request at the backend, which is not answered yet.
fn next(backend: &TcpListener) -> TcpStream {
    let mut stream = backend.accept().unwrap().0;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        head.push(byte[0]);
    }
    stream
}

fn answer(mut stream: TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone").unwrap();
}

#[test]
fn no_more_than_so_many_are_inside_at_a_time_and_whoever_leaves_makes_room() {
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let api = r#"{"properties": {"path": "a", "serviceUrl": "BACKEND", "subscriptionRequired": false, "protocols": ["http"]}}"#;
    let api = api.replace("BACKEND", &format!("http://{}", backend.local_addr().unwrap()));
    write(folder.path(), "apis/a/apiInformation.json", &api);
    write(folder.path(), "apis/a/specification.yaml", SPEC);
    let policy = r#"<policies><inbound /><backend><limit-concurrency key="@(context.Request.Headers.GetValueOrDefault("Key", ""))" max-count="2"><forward-request timeout="60" /></limit-concurrency></backend></policies>"#;
    write(folder.path(), "apis/a/policy.xml", policy);
    let gateway = Gateway::start(&[folder.path().to_str().unwrap(), "--no-watch"]);
    let call = |key: &str| gateway.get("http", "/a/x", &[("Key", key)]);
    thread::scope(|scope| {
        let (first, second) = (scope.spawn(|| call("a").status), scope.spawn(|| call("a").status));
        let (one, two) = (next(&backend), next(&backend));
        let third = call("a");
        assert_eq!((third.status, third.body.contains("Too many requests")), (429, true), "{}", third.whole());
        // Another value of the key has slots of its own.
        let other = scope.spawn(|| call("b").status);
        answer(next(&backend));
        assert_eq!(other.join().unwrap(), 200);

        // One that is answered makes room for one.
        answer(one);
        let fourth = scope.spawn(|| {
            until(|| Some(call("a").status).filter(|status| *status == 200), "nobody is let in after an answer")
        });
        let four = next(&backend);
        assert_eq!(call("a").status, 429);
        answer(two);
        answer(four);
        assert_eq!(first.join().unwrap() + second.join().unwrap() + fourth.join().unwrap(), 600);

        // A caller who goes away makes room as well.
        let leaving = || {
            let mut stream = TcpStream::connect(gateway.address("http")).unwrap();
            stream.write_all(b"GET /a/x HTTP/1.1\r\nHost: localhost\r\nKey: a\r\n\r\n").unwrap();
            (stream, next(&backend))
        };
        // The backend goes on working on what they asked for.
        let inside = [leaving(), leaving()];
        assert_eq!(call("a").status, 429);
        inside.iter().for_each(|(caller, _)| caller.shutdown(Shutdown::Both).unwrap());
        let late = scope.spawn(|| {
            until(|| Some(call("a").status).filter(|status| *status == 200), "nobody is let in after callers left")
        });
        answer(next(&backend));
        assert_eq!(late.join().unwrap(), 200);
        drop(inside);
    });
    let metrics = gateway.get("management", "/apimite/metrics", &[]).body;
    let of = |series: &str| {
        let line = metrics.lines().find(|line| line.starts_with(series)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<u32>().unwrap()
    };
    assert_eq!(of("apimite_limit_admitted_total{policy=\"limit-concurrency\""), 7);
    assert!(of("apimite_limit_refused_total{policy=\"limit-concurrency\"") >= 3);
}
