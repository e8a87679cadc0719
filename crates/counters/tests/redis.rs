//! The Redis store, against a server of our own.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use apimite_counters::redis::{RedisSettings, RedisStore, StoreError};
use apimite_counters::{
    Algorithm, AwayPolicy, CounterKey, Counters, Kind, QuotaLimit, QuotaPeriod, RateLimit, Refusal, TokenLimit, Usage,
};
use support::redis_server::{RedisServer, free_port, programs};
use support::suite::{self, MINUTE, START, key};

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
    let arguments = [
        "--port",
        "0",
        "--tls-port",
        "PORT",
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        cert.to_str().unwrap(),
        "--tls-key-file",
        private.to_str().unwrap(),
        "--tls-ca-cert-file",
        cert.to_str().unwrap(),
    ];
    let Some(server) = RedisServer::start(&arguments) else { return };
    let url = format!("rediss://localhost:{}", server.port);
    let trusted = RedisSettings { url: url.clone(), ca_file: Some(cert), ..settings(&server) };
    let counters = Counters::redis(RedisStore::connect(trusted).await.unwrap());
    assert!(counters.check_rate(&key("k"), RateLimit::new(1, MINUTE), 1, START).await.admitted);
    let error = RedisStore::connect(RedisSettings { url, ..settings(&server) }).await.unwrap_err();
    assert!(matches!(error, StoreError::Protocol { .. }), "{error:?}");
}
