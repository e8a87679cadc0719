//! Messages and events to a server that speaks the protocol of Service Bus and Event Hubs over TLS and checks signatures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_gateway::{Gateway, Options};
use apimite_policy::env::Shared;
use apimite_policy::sinks::{Endpoint, Sinks};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::*;

const NOW: i64 = 1_790_000_000;
const KEY: &str = "the+shared/access=key";

/// A namespace that answers `201 Created` to whatever comes, and tells what came.
struct Namespace {
    authority: String,
    certificate: CertificateDer<'static>,
    heard: Receiver<(String, String)>,
}

impl Namespace {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = format!("localhost:{}", listener.local_addr().unwrap().port());
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), config, sender) = (stream, config.clone(), sender.clone()) else { return };
                std::thread::spawn(move || {
                    let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                    let mut reader = BufReader::new(tls);
                    loop {
                        let mut head = String::new();
                        while !head.ends_with("\r\n\r\n") {
                            match reader.read_line(&mut head) {
                                Ok(0) | Err(_) => return,
                                Ok(_) => {}
                            }
                        }
                        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
                        let mut body = vec![0; length];
                        reader.read_exact(&mut body).unwrap();
                        let _ = sender.send((head, String::from_utf8(body).unwrap()));
                        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
                        if reader.get_mut().write_all(answer).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { authority, certificate, heard }
    }

    fn string(&self, more: &str) -> String {
        format!("Endpoint=sb://{}/;{more}", self.authority)
    }

    fn hear(&self) -> (String, String) {
        self.heard.recv_timeout(Duration::from_secs(20)).expect("a message")
    }

    /// Checks the signature of a request as the service does: over the resource and the end, with the key.
    fn admits(&self, head: &str, entity: &str) {
        let text = header(head, "authorization").unwrap().strip_prefix("SharedAccessSignature ").unwrap();
        let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
        let parts: HashMap<&str, &str> = pairs.collect();
        let decoded = |name: &str| percent_decode_str(parts[name]).decode_utf8().unwrap().into_owned();
        assert_eq!(decoded("sr"), format!("https://{}/{entity}", self.authority));
        assert_eq!((decoded("skn").as_str(), decoded("se")), ("send", (NOW + 3600).to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
        let signed = format!("{}\n{}", parts["sr"], parts["se"]);
        hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(decoded("sig")).unwrap())
            .expect("the signature is right");
    }
}

/// A gateway whose `/api` runs these elements, with endpoints by destination.
fn gateway(namespace: &Namespace, endpoints: &[(&str, String)], inbound: &str) -> Gateway {
    let clock = Clock::manual(Timestamp::from_unix_seconds(NOW));
    let cache = Cache::new(clock.clone(), 1 << 20);
    let mut options = Options::new(clock, Counters::memory(), cache);
    options.trusted = vec![Arc::from(namespace.certificate.as_ref())];
    let endpoints = endpoints.iter().map(|(to, text)| ((*to).into(), Endpoint::parse(text).unwrap())).collect();
    options.shared = Shared::default().with(Arc::new(Sinks::new(None, endpoints)));
    let mut service = with_inbound(&Backend::echo().url, inbound);
    service.loggers = vec!["hub".into(), "keyed".into(), "bare".into()];
    Gateway::start(options, snapshot(service)).unwrap()
}

const SAS: &str = "SharedAccessKeyName=send;SharedAccessKey=the+shared/access=key";

#[test]
fn a_message_to_a_queue_is_signed_and_carries_its_properties() {
    let namespace = Namespace::new();
    let inbound = "<send-service-bus-message queue-name=\"orders\"><message-properties>\
        <message-property name=\"Customer\">Contoso</message-property>\
        <message-property name=\"Authorization\">mine</message-property></message-properties>\
        <payload>{\"id\": 1}</payload></send-service-bus-message>";
    let gateway = gateway(&namespace, &[("orders", namespace.string(SAS))], inbound);
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (head, body) = namespace.hear();
    assert!(head.starts_with("POST /orders/messages HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "host"), Some(namespace.authority.as_str()));
    assert_eq!(header(&head, "customer"), Some("\"Contoso\""));
    assert_eq!(body, "{\"id\": 1}");
    namespace.admits(&head, "orders");
}

#[test]
fn the_namespace_of_the_policy_finds_its_connection_string() {
    let namespace = Namespace::new();
    let inbound = "<send-service-bus-message topic-name=\"a b/news\" namespace=\"ns.servicebus.windows.net\">\
        <payload>hi</payload></send-service-bus-message>";
    let gateway = gateway(&namespace, &[("ns.servicebus.windows.net", namespace.string(SAS))], inbound);
    Peer::connect(http(&gateway)).ask(&get("/api/x"));
    let (head, body) = namespace.hear();
    assert!(head.starts_with("POST /a%20b/news/messages HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, "hi");
    namespace.admits(&head, "a%20b/news");
}

#[test]
fn events_go_to_the_hub_of_their_logger_and_its_partition() {
    let namespace = Namespace::new();
    let entity = format!("{SAS};EntityPath=events");
    let inbound = "<log-to-eventhub logger-id=\"hub\" partition-id=\"3\">one</log-to-eventhub>";
    let first = gateway(&namespace, &[("hub", namespace.string(&entity))], inbound);
    Peer::connect(http(&first)).ask(&get("/api/x"));
    let (head, body) = namespace.hear();
    assert!(head.starts_with("POST /events/partitions/3/messages HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, "one");
    namespace.admits(&head, "events");
    let inbound = "<log-to-eventhub logger-id=\"keyed\" partition-key=\"k1\">two</log-to-eventhub>";
    let second = gateway(&namespace, &[("keyed", namespace.string(SAS))], inbound);
    Peer::connect(http(&second)).ask(&get("/api/x"));
    let (head, body) = namespace.hear();
    assert!(head.starts_with("POST /keyed/messages HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "brokerproperties"), Some("{\"PartitionKey\":\"k1\"}"));
    assert_eq!(body, "two");
}

#[test]
fn an_identity_lets_in_where_there_is_no_key() {
    let namespace = Namespace::new();
    let inbound = "<send-service-bus-message queue-name=\"orders\" client-id=\"00001111-aaaa-2222-bbbb-3333cccc4444\">\
        <payload>x</payload></send-service-bus-message><log-to-eventhub logger-id=\"bare\">y</log-to-eventhub>";
    let string = namespace.string("Authentication=Managed Identity");
    let gateway = gateway(&namespace, &[("orders", string.clone()), ("bare", string)], inbound);
    Peer::connect(http(&gateway)).ask(&get("/api/x"));
    let mut audiences: Vec<String> = (0..2)
        .map(|_| {
            let (head, _) = namespace.hear();
            let token = header(&head, "authorization").unwrap().strip_prefix("Bearer ").unwrap();
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            claims["aud"].as_str().unwrap().to_owned()
        })
        .collect();
    audiences.sort();
    assert_eq!(audiences, ["https://eventhubs.azure.net", "https://servicebus.azure.net"]);
}
