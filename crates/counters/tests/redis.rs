//! The Redis store, against a server of our own.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use apimite_counters::redis::{RedisSettings, RedisStore, StoreError};
use apimite_counters::{AwayPolicy, Counters, RateLimit, Refusal};
use support::redis_server::{RedisServer, free_port};
use support::suite::{self, MINUTE, START, key};

fn settings(server: &RedisServer) -> RedisSettings {
    RedisSettings { url: server.url(), timeout: Duration::from_millis(1_000), ..RedisSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_behaves_as_memory_does() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = RedisStore::connect(settings(&server)).await.unwrap();
    let counters = Counters::redis(store.clone());
    suite::run(&counters).await;
    suite::decides_as_memory_does(&counters, 1, 3_000).await;
    suite::decides_as_memory_does(
        &Counters::redis(
            RedisStore::connect(RedisSettings { prefix: "o*[".into(), ..settings(&server) }).await.unwrap(),
        ),
        2,
        2_000,
    )
    .await;
    assert!(!store.is_away());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_admit_exactly_the_limit_while_the_server_is_killed_and_restarted() {
    let Some(mut server) = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let limit = RateLimit::new(600, MINUTE);
    let mut gateways = Vec::new();
    for _ in 0..3 {
        let settings =
            RedisSettings { away: AwayPolicy::Refuse, timeout: Duration::from_millis(300), ..settings(&server) };
        gateways.push(RedisStore::connect(settings).await.unwrap());
    }
    let mut tasks = Vec::new();
    for store in gateways.clone() {
        tasks.push(tokio::spawn(async move {
            let counters = Counters::redis(store);
            let mut admitted = 0;
            for _ in 0..400 {
                loop {
                    let decision = counters.check_rate(&key("k"), limit, 1, START).await;
                    if decision.refusal != Some(Refusal::StoreAway) {
                        admitted += u32::from(decision.admitted);
                        break;
                    }
                    assert!(decision.retry_after >= Duration::from_secs(1));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            admitted
        }));
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.restart();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    // A call under way when the server died may have been counted without an answer: never more, at most one less for each.
    assert!((597..=600).contains(&total), "{total}");
    assert!(gateways.iter().all(|store| !store.is_away()));
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
    for _ in 0..200 {
        if !store.is_away() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(!store.is_away());
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
