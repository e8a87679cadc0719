//! Gateways that share a Redis server: counters, the external cache, and what is said when the configuration is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

#[path = "../../counters/tests/support/redis_server.rs"]
mod redis_server;
mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use redis_server::{RedisServer, free_port, programs};
use support::{Gateway, apimite, until, write};

const SPEC: &str = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";

fn folder(policy: &str, settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let api = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http", "https"]}}"#;
    write(folder.path(), "apis/a/apiInformation.json", api);
    write(folder.path(), "apis/a/specification.yaml", SPEC);
    write(folder.path(), "apis/a/policy.xml", policy);
    write(folder.path(), "apimite.toml", settings);
    folder
}

fn start(folder: &Path) -> Gateway {
    Gateway::start(&[folder.to_str().unwrap(), "--no-watch"])
}

/// A backend that says yes to everything; its address.
fn backend() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                head.push(byte[0]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    format!("http://{address}")
}

const LIMIT: u32 = 300;

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn three_gateways_admit_exactly_the_limit_while_the_server_is_killed_and_restarted() {
    for program in programs() {
        exactly_the_limit(program);
    }
}

fn exactly_the_limit(program: &str) {
    let Some(mut server) = RedisServer::start_program(program, &["--appendonly", "yes", "--appendfsync", "always"])
    else {
        return;
    };
    let policy = format!(
        r#"<policies><inbound><rate-limit-by-key calls="{LIMIT}" renewal-period="3600" counter-key="k" /><return-response><set-status code="200" /></return-response></inbound></policies>"#
    );
    let settings = format!(
        "[counters]\nstore = 'redis'\nredis = '{}'\nredis_timeout_ms = 300\nwhen_redis_is_away = 'refuse'\n",
        server.url()
    );
    let folder = folder(&policy, &settings);
    let gateways: Vec<_> = (0..3).map(|_| start(folder.path())).collect();
    let (admitted, healed) = (AtomicU32::new(0), AtomicBool::new(false));
    let met_no_store: Vec<_> = (0..3).map(|_| AtomicBool::new(false)).collect();
    let is_away = |gateway: &Gateway| {
        gateway.get("management", "/apimite/metrics", &[]).body.contains("\napimite_redis_away 1\n")
    };
    std::thread::scope(|scope| {
        // The callers end also when an assertion fails.
        let end = SetOnDrop(&healed);
        for turn in 0..6 {
            let (gateway, met) = (&gateways[turn % 3], &met_no_store[turn % 3]);
            let (admitted, healed) = (&admitted, &healed);
            scope.spawn(move || {
                // Every call gets an answer that is right: admitted, over the limit, or the store away; and after all is well again, a
                // few more.
                let mut refused_at_the_end = 0;
                while refused_at_the_end < 5 {
                    let answer = gateway.get("http", "/a/x", &[]);
                    match (answer.status, answer.body.contains("The store of the counters")) {
                        (200, _) => drop(admitted.fetch_add(1, Ordering::SeqCst)),
                        (429, true) => met.store(true, Ordering::SeqCst),
                        (429, false) => refused_at_the_end += u32::from(healed.load(Ordering::SeqCst)),
                        _ => panic!("{}", answer.whole()),
                    }
                }
            });
        }
        until(|| (admitted.load(Ordering::SeqCst) > 100).then_some(()), "nothing is admitted");
        server.kill();
        let all_met = || met_no_store.iter().all(|met| met.load(Ordering::SeqCst)).then_some(());
        until(all_met, "a gateway does not notice that the server is gone");
        server.restart();
        until(|| (!gateways.iter().any(is_away)).then_some(()), "a gateway does not find the server again");
        drop(end);
    });
    assert_eq!(admitted.load(Ordering::SeqCst), LIMIT, "{program}");
}

#[test]
fn an_external_cache_is_shared_follows_the_clock_and_is_a_miss_while_the_server_is_away() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let backend = backend();
    // The key of a response holds the backend's address, which must be the same for both.
    let policy = r#"<policies><inbound>
<set-backend-service base-url="BACKEND" />
<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" caching-type="external"><vary-by-header>key</vary-by-header></cache-lookup>
<choose><when condition="@(context.Request.Headers.ContainsKey("put"))">
<cache-store-value key="@(context.Request.Headers.GetValueOrDefault("key", ""))" value="@(context.Request.Headers.GetValueOrDefault("put", ""))" duration="60" caching-type="external" />
</when></choose>
<cache-lookup-value key="@(context.Request.Headers.GetValueOrDefault("key", ""))" variable-name="v" default-value="miss" />
</inbound><backend><forward-request /></backend><outbound>
<set-header name="X-V" exists-action="override"><value>@((string)context.Variables["v"])</value></set-header>
<set-header name="X-Id" exists-action="override"><value>@(Guid.NewGuid().ToString())</value></set-header>
<cache-store duration="30" />
</outbound></policies>"#;
    let policy = &policy.replace("BACKEND", &backend);
    let folder = folder(policy, &format!("[cache]\nredis = '{}'\n", server.url()));
    let (one, two) = (start(folder.path()), start(folder.path()));
    let ask = |gateway: &Gateway, headers: &[(&str, &str)]| {
        let answer = gateway.get("http", "/a/x", headers);
        assert_eq!(answer.status, 200, "{}", answer.whole());
        (answer.header("x-v").unwrap().to_owned(), answer.header("x-id").unwrap().to_owned())
    };
    let first = ask(&one, &[("key", "a"), ("put", "stored")]);
    assert_eq!(first.0, "stored");
    assert_eq!(ask(&two, &[("key", "a")]), first, "the other gateway answers with the kept response");
    let advance = |by: &str| assert!(two.command(&["clock", "advance", by]).status.success());
    advance("31s");
    let later = ask(&two, &[("key", "a")]);
    assert_eq!(later.0, "stored", "the value is still kept");
    assert_ne!(later.1, first.1, "the response is not");
    advance("61s");
    assert_eq!(ask(&two, &[("key", "a")]).0, "miss", "by its clock the value has ended");
    assert_eq!(ask(&one, &[("key", "b"), ("put", "other")]).0, "other");

    server.kill();
    for gateway in [&one, &two] {
        let (first, second) = (ask(gateway, &[("key", "b")]), ask(gateway, &[("key", "b")]));
        assert_eq!((&*first.0, &*second.0), ("miss", "miss"));
        assert_ne!(first.1, second.1);
    }
    assert_eq!(ask(&one, &[("key", "c"), ("put", "x")]).0, "miss", "nothing can be stored, nothing fails");
    server.restart();
    let mut turn = 0;
    let again = || {
        // A new key each time: the response of a turn in which the cache came back in the middle may be kept.
        turn += 1;
        (ask(&one, &[("key", &format!("d{turn}")), ("put", "back")]).0 == "back").then_some(())
    };
    until(again, "the cache does not come back");
}

#[test]
fn a_gateway_reaches_its_server_over_tls_with_a_password() {
    let folder_of_keys = tempfile::tempdir().unwrap();
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let path = |name: &str| folder_of_keys.path().join(name).to_str().unwrap().to_owned();
    let (cert, private) = (path("cert.pem"), path("key.pem"));
    std::fs::write(&cert, certificate.cert.pem()).unwrap();
    std::fs::write(&private, certificate.signing_key.serialize_pem()).unwrap();
    let arguments = ["--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no", "--requirepass", "open sesame"];
    let files = ["--tls-cert-file", &cert, "--tls-key-file", &private, "--tls-ca-cert-file", &cert];
    let Some(server) = RedisServer::start(&[&arguments[..], &files[..]].concat()) else { return };
    let url = format!("rediss://:open%20sesame@localhost:{}", server.port);
    let settings = format!(
        "[counters]\nstore = 'redis'\nredis = '{url}'\nredis_ca = '{cert}'\nwhen_redis_is_away = 'refuse'\n[cache]\nredis = '{url}'\nredis_ca = '{cert}'\n"
    );
    let policy = r#"<policies><inbound><rate-limit-by-key calls="1" renewal-period="3600" counter-key="k" /><return-response><set-status code="200" /></return-response></inbound></policies>"#;
    let folder = folder(policy, &settings);
    let (one, two) = (start(folder.path()), start(folder.path()));
    assert_eq!(one.get("http", "/a/x", &[]).status, 200);
    let refused = two.get("http", "/a/x", &[]);
    assert_eq!((refused.status, refused.body.contains("Rate limit is exceeded")), (429, true), "{}", refused.whole());
}

/// What `apimite serve` says, and that it ends.
fn refusal(settings: &str) -> String {
    let folder = folder("<policies><inbound /></policies>", settings);
    let free = "127.0.0.1:0";
    let output = apimite()
        .args(["serve", "--http", free, "--https", free, "--management", free])
        .arg(folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_wrong_store_is_one_clear_sentence_at_start() {
    let redis = |url: &str| format!("[counters]\nstore = 'redis'\nredis = '{url}'\n");
    let cache = |url: &str| format!("[cache]\nredis = '{url}'\n");
    let nobody = format!("redis://:secret-word@127.0.0.1:{}", free_port());
    let talker = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = format!("redis://{}", talker.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in talker.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let sync = |port: u16, key: &str| {
        format!(
            "[counters]\nstore = 'sync'\n[counters.sync]\nlisten = '127.0.0.1:{port}'\npeers = ['127.0.0.1:1']\nkey = '{key}'\n"
        )
    };
    let key = "0123456789abcdef";
    let mut cases = vec![
        (redis(&nobody), "cannot reach the Redis server at `redis://127.0.0.1:"),
        (cache(&nobody), "cannot reach the Redis server at `redis://127.0.0.1:"),
        (redis(&web), "does not speak Redis"),
        (redis("127.0.0.1"), "is no address of a Redis server"),
        (sync(port, key), "cannot listen for counters of other gateways at UDP 127.0.0.1:"),
        (sync(port - 1, key), "cannot listen for heartbeats of other gateways at UDP 127.0.0.1:"),
        (sync(0, "short"), "a shared key of at least 16 bytes"),
    ];
    let guarded = RedisServer::start(&["--requirepass", "right"]);
    if let Some(server) = &guarded {
        let at = |user: &str, scheme: &str| format!("{scheme}://{user}127.0.0.1:{}", server.port);
        cases.push((redis(&at("", "redis")), "refuses the password"));
        cases.push((redis(&at(":secret-word@", "redis")), "refuses the password"));
        cases.push((redis(&at("", "rediss")), "check the port, and `rediss://` against `redis://`"));
    }
    for (settings, wanted) in cases {
        let said = refusal(&settings);
        assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
        assert!(said.contains("help: "), "no way out in\n{said}");
        assert!(!said.contains("secret-word"), "{said}");
    }
}
