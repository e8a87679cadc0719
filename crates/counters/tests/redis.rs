//! The Redis store, against a server of our own.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use apimite_counters::redis::{RedisSettings, RedisStore, StoreError};
use apimite_counters::{
    Algorithm, AwayPolicy, CounterKey, Counters, Kind, QuotaLimit, QuotaPeriod, RateLimit, Refusal, TokenLimit, Usage,
};
use support::redis_server::{RedisServer, free_port, programs};
use support::suite::{self, MINUTE, START, key};
use support::tls_relay::TlsRelay;

fn settings(server: &RedisServer) -> RedisSettings {
    RedisSettings { url: server.url(), timeout: Duration::from_millis(1_000), ..RedisSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_behaves_as_memory_does() {
    for program in programs() {
        let Some(server) = RedisServer::start_program(program, &[]) else { return };
        let store = RedisStore::connect(settings(&server)).await.unwrap();
        let counters = Counters::redis(store.clone());
        suite::run(&counters).await;
        suite::decides_as_memory_does(&counters, 1, 3_000).await;
        let odd = RedisSettings { prefix: "o*[".into(), ..settings(&server) };
        let odd = Counters::redis(RedisStore::connect(odd).await.unwrap());
        suite::decides_as_memory_does(&odd, 2, 2_000).await;
        assert!(!store.is_away());
    }
}

/// A server that stands still while decisions wait for it: whether it makes them before or after it is told to take them back,
/// nothing of them stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_whose_answer_came_too_late_are_taken_back() {
    for program in programs() {
        let Some(server) = RedisServer::start_program(program, &[]) else { return };
        let settings =
            RedisSettings { away: AwayPolicy::Refuse, timeout: Duration::from_millis(150), ..settings(&server) };
        let store = RedisStore::connect(settings).await.unwrap();
        let counters = Counters::redis(store.clone());
        let (window, exact) = (RateLimit::new(100, MINUTE), RateLimit::new(10, MINUTE));
        let bucket = window.with_algorithm(Algorithm::TokenBucket);
        let quota = QuotaLimit { calls: Some(100), bytes: Some(1_000), period: QuotaPeriod::Never };
        let tokens = TokenLimit::per_minute(10);
        let (quota_key, token_key) =
            (CounterKey::new(Kind::QuotaByKey, "", "q"), CounterKey::new(Kind::TokenRate, "", "t"));
        for (name, limit) in [("w", window), ("e", exact), ("b", bucket)] {
            assert!(counters.check_rate(&key(name), limit, 2, START).await.admitted);
        }
        assert!(counters.check_quota(&quota_key, &quota, Usage::ONE_CALL, START).await.admitted);
        counters.add_tokens(&token_key, tokens, 15, START).await;
        let seen = || async {
            let mut used = Vec::new();
            for (name, limit) in [("w", window), ("e", exact), ("b", bucket)] {
                used.push(counters.peek_rate(&key(name), limit, START).await.remaining);
            }
            used.push(counters.peek_quota(&quota_key, &quota, START).await.remaining_calls.unwrap());
            used.push(counters.peek_tokens(&token_key, tokens, START).await.used);
            used
        };
        let before = seen().await;
        assert_eq!(before, [98, 8, 98, 99, 15]);
        server.pause();
        let late = tokio::join!(
            counters.check_rate(&key("w"), window, 3, START),
            counters.check_rate(&key("e"), exact, 3, START),
            counters.check_rate(&key("b"), bucket, 3, START),
            counters.check_tokens(&token_key, TokenLimit::per_minute(100), 5, START),
        );
        for decision in [late.0, late.1, late.2, late.3] {
            assert_eq!(decision.refusal, Some(Refusal::StoreAway));
        }
        server.go_on();
        back(&store).await;
        assert_eq!(seen().await, before, "{program}");
    }
}

async fn back(store: &RedisStore) {
    for _ in 0..1_200 {
        if !store.is_away() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the store does not find its server again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_a_gateway_counts_on_alone_and_tells_it_afterwards() {
    let Some(mut server) = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let limit = RateLimit::new(10, MINUTE);
    let store =
        RedisStore::connect(RedisSettings { timeout: Duration::from_millis(200), ..settings(&server) }).await.unwrap();
    let counters = Counters::redis(store.clone());
    for _ in 0..4 {
        assert!(counters.check_rate(&key("k"), limit, 1, START).await.admitted);
    }
    server.kill();
    let mut admitted = 0;
    for _ in 0..10 {
        let decision =
            tokio::time::timeout(Duration::from_secs(1), counters.check_rate(&key("k"), limit, 1, START)).await;
        admitted += u32::from(decision.unwrap().admitted);
    }
    assert_eq!(admitted, 6, "goes on from the four it had seen");
    assert!(store.is_away());
    server.restart();
    back(&store).await;
    let other = Counters::redis(RedisStore::connect(settings(&server)).await.unwrap());
    let seen = other.peek_rate(&key("k"), limit, START).await;
    assert_eq!((seen.admitted, seen.used), (false, 10), "what was admitted alone has been told");
}

#[tokio::test]
async fn bad_configuration_is_a_clear_sentence() {
    let url = format!("redis://:secret@127.0.0.1:{}", free_port());
    let error = RedisStore::connect(RedisSettings { url, ..RedisSettings::default() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().starts_with("cannot reach the Redis server at `redis://127.0.0.1:"), "{error}");

    let error =
        RedisStore::connect(RedisSettings { url: "127.0.0.1".into(), ..RedisSettings::default() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Url { .. }), "{error:?}");

    let Some(server) = RedisServer::start(&["--requirepass", "right"]) else { return };
    let error = RedisStore::connect(settings(&server)).await.unwrap_err();
    assert!(matches!(error, StoreError::Password { .. }), "{error:?}");
    let wrong = RedisSettings { password: Some("wrong".into()), ..settings(&server) };
    let error = RedisStore::connect(wrong).await.unwrap_err();
    assert!(matches!(error, StoreError::Password { .. }), "{error:?}");
    assert!(!error.to_string().contains("wrong"), "{error}");
    let right = RedisSettings { password: Some("right".into()), ..settings(&server) };
    assert!(RedisStore::connect(right.clone()).await.is_ok());
    let tls = RedisSettings { url: right.url.replace("redis://", "rediss://"), ..right };
    let error = RedisStore::connect(tls).await.unwrap_err();
    assert!(matches!(error, StoreError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn something_that_is_no_redis_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = RedisStore::connect(RedisSettings { url, ..RedisSettings::default() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Protocol { .. }), "{error:?}");
    server.abort();
}

#[tokio::test]
async fn tls_with_a_private_authority_works_and_an_unknown_one_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, private) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&cert, certificate.cert.pem()).unwrap();
    std::fs::write(&private, certificate.signing_key.serialize_pem()).unwrap();
    let (cert_name, private) = (cert.to_str().unwrap(), private.to_str().unwrap());
    let ports = ["--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no"];
    let files = ["--tls-cert-file", cert_name, "--tls-key-file", private, "--tls-ca-cert-file", cert_name];
    let Some(server) = RedisServer::start(&[&ports[..], &files[..], &USERS[..]].concat()) else { return };
    over_tls(&format!("localhost:{}", server.port), &cert, "native TLS").await;
}

/// Servers without TLS of their own, such as the Redis 6 that is tested, stand behind one that has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_in_front_of_any_server_works_and_it_decides_as_memory_does() {
    for program in programs() {
        let Some(server) = RedisServer::start_program(program, &USERS) else { return };
        let folder = tempfile::tempdir().unwrap();
        let relay = TlsRelay::start(folder.path(), server.port);
        over_tls(&format!("localhost:{}", relay.port), &relay.certificate, program).await;
    }
}

/// A password for everybody, and two users: one who may do all that counters need, one who may not run scripts.
const USERS: [&str; 18] = [
    "--requirepass",
    "open sesame",
    "--user",
    "gateway",
    "on",
    ">s3cret",
    "~apimite*",
    "+@all",
    "--user",
    "reader",
    "on",
    ">s3cret",
    "~*",
    "+ping",
    "+client",
    "+hello",
    "+get",
    "+info",
];

async fn over_tls(host: &str, authority: &Path, place: &str) {
    let as_user = |user: &str, authority: Option<&Path>| RedisSettings {
        url: format!("rediss://{user}{host}"),
        ca_file: authority.map(Path::to_owned),
        timeout: Duration::from_secs(5),
        ..RedisSettings::default()
    };
    for (seed, user) in [(1, ":open%20sesame@"), (2, "gateway:s3cret@")] {
        let settings = RedisSettings { prefix: format!("apimite-{seed}"), ..as_user(user, Some(authority)) };
        let counters = Counters::redis(RedisStore::connect(settings).await.unwrap());
        suite::decides_as_memory_does(&counters, seed, 200).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem())
        .unwrap();
    let junk = folder.path().join("junk.pem");
    std::fs::write(&junk, "no certificate").unwrap();
    let absent = folder.path().join("absent.pem");
    let not_trusted = "the certificate of the Redis server at `rediss://localhost:";
    for (user, authority, wanted) in [
        ("gateway:wrong@", Some(authority), "refuses the password"),
        ("nobody:s3cret@", Some(authority), "refuses the password"),
        (":wrong@", Some(authority), "refuses the password"),
        ("", Some(authority), "refuses the password"),
        ("reader:s3cret@", Some(authority), "does not allow its user what is needed"),
        ("gateway:s3cret@", Some(&*other), not_trusted),
        ("gateway:s3cret@", None, not_trusted),
        ("gateway:s3cret@", Some(&*junk), "cannot read the certificates in `"),
        ("gateway:s3cret@", Some(&*absent), "cannot read the certificates in `"),
    ] {
        let error = RedisStore::connect(as_user(user, authority)).await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{place}, {user}: {error}");
        assert!(!error.contains("s3cret") && !error.contains("sesame"), "{error}");
    }
    // By its address the certificate is another's.
    let by_address = as_user("gateway:s3cret@", Some(authority)).url.replace("localhost", "127.0.0.1");
    let by_address = RedisSettings { url: by_address, ..as_user("", Some(authority)) };
    let error = RedisStore::connect(by_address).await.unwrap_err();
    assert!(matches!(error, StoreError::Untrusted { .. }), "{place}: {error}");
    // TLS is expected, plain text comes.
    let plain = as_user("gateway:s3cret@", None).url.replace("rediss", "redis");
    let error = RedisStore::connect(RedisSettings { url: plain, ..as_user("", None) }).await.unwrap_err();
    assert!(matches!(error, StoreError::Protocol { .. }), "{place}: {error}");
}

/// What clients asked of the server, one word each; what scripts do in it is left out.
struct Watcher(BufReader<TcpStream>);

impl Watcher {
    fn new(server: &RedisServer) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "+OK\r\n");
        Self(reader)
    }

    /// Everything up to the mark, which another client sets.
    fn until_mark(&mut self, server: &RedisServer) -> Vec<String> {
        let mut other = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        other.write_all(b"ECHO mark\r\n").unwrap();
        let mut commands = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.contains("\"ECHO\" \"mark\"") {
                return commands;
            }
            if !line.contains(" lua] ") {
                commands.push(line.split('"').nth(1).unwrap_or("").to_ascii_lowercase());
            }
        }
    }
}

/// How often a command was called, by the server's own count.
fn calls_of(server: &RedisServer, command: &str) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(b"INFO commandstats\r\nQUIT\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls="))).unwrap_or("0");
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_one_command() {
    for program in programs() {
        let Some(server) = RedisServer::start_program(program, &[]) else { return };
        let counters = Counters::redis(RedisStore::connect(settings(&server)).await.unwrap());
        let (window, exact) = (RateLimit::new(100, MINUTE), RateLimit::new(3, MINUTE));
        let bucket = window.with_algorithm(Algorithm::TokenBucket);
        let quota = QuotaLimit { calls: Some(20), bytes: Some(1_000), period: QuotaPeriod::Never };
        let (quota_key, token_key) =
            (CounterKey::new(Kind::QuotaByKey, "", "q"), CounterKey::new(Kind::TokenRate, "", "t"));
        let mut watcher = Watcher::new(&server);
        let before = calls_of(&server, "evalsha");
        watcher.until_mark(&server);
        for _ in 0..10 {
            for (name, limit) in [("w", window), ("e", exact), ("b", bucket)] {
                counters.check_rate(&key(name), limit, 1, START).await;
                counters.peek_rate(&key(name), limit, START).await;
                counters.add_rate(&key(name), limit, 1, START).await;
            }
            counters.check_quota(&quota_key, &quota, Usage::ONE_CALL, START).await;
            counters.add_quota(&quota_key, &quota, Usage::bytes(10), START).await;
            counters.check_tokens(&token_key, TokenLimit::per_minute(50), 3, START).await;
            counters.add_tokens(&token_key, TokenLimit::per_minute(50), 9, START).await;
        }
        let commands = watcher.until_mark(&server);
        assert_eq!(commands, vec!["evalsha"; 130], "{program}");
        assert_eq!(calls_of(&server, "evalsha") - before, 130, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_server_that_is_known_to_be_away() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store =
        RedisStore::connect(RedisSettings { timeout: Duration::from_millis(150), ..settings(&server) }).await.unwrap();
    let counters = Counters::redis(store.clone());
    let limit = RateLimit::new(10, MINUTE);
    server.pause();
    assert!(counters.check_rate(&key("k"), limit, 1, START).await.admitted);
    assert!(store.is_away());
    let mut decision = counters.check_rate(&key("k"), limit, 1, START);
    let at_once = Pin::new(&mut decision).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(at_once, Poll::Ready(decision) if decision.admitted && decision.used == 2), "{at_once:?}");
    server.go_on();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_that_counted_nothing_do_not_hold_up_what_is_owed() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let store =
        RedisStore::connect(RedisSettings { timeout: Duration::from_millis(200), ..settings(&server) }).await.unwrap();
    let counters = Counters::redis(store.clone());
    let limit = TokenLimit::per_minute(1_000);
    let keys = ["a", "b", "c"].map(|name| CounterKey::new(Kind::TokenRate, "", name));
    server.kill();
    for key in &keys {
        assert!(counters.check_tokens(key, limit, 0, START).await.admitted);
        counters.add_tokens(key, limit, 40, START).await;
    }
    server.restart();
    back(&store).await;
    for key in &keys {
        assert_eq!(counters.peek_tokens(key, limit, START).await.used, 40);
    }
}
