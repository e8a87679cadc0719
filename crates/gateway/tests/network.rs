//! Where connections come from, over real sockets: PROXY v2 headers, endpoints' addresses, source ranges, and changes while
//! connections are open.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use apimite_gateway::{Gateway, Listener, NetworkClassifier};
use apimite_model::PublicAccess;
use apimite_network::ConnectionStatus::{Approved, Pending, Rejected};
use apimite_network::classify::{Endpoint, Reach, Rules};
use apimite_network::proxy::Header;
use apimite_network::{ConnectionStatus, names};
use support::*;

fn endpoint(name: &str, link_id: u32, status: ConnectionStatus, local: Option<&str>) -> Endpoint {
    Endpoint {
        name: name.into(),
        group_id: "Gateway".into(),
        member_name: "Gateway".into(),
        link_id: Some(link_id),
        status,
        local: local.map(|text| text.parse().unwrap()),
        listeners: vec![name.into()],
    }
}

fn rules(reach: Reach, endpoints: Vec<Endpoint>) -> Rules {
    Rules {
        reach,
        networks: vec![("127.0.0.0/24".parse().unwrap(), "vnet".into())],
        endpoints,
        proxied: vec!["link".into()],
        senders: vec!["127.0.0.1/32".parse().unwrap()],
    }
}

struct Lab {
    gateway: Gateway,
    classifier: Arc<NetworkClassifier>,
    told: Receiver<Told>,
    _backend: Backend,
}

impl Lab {
    /// A gateway that listens on every loopback address, with a listener `link` that expects headers and one for probes.
    fn new(rules: Rules, change: impl FnOnce(&mut apimite_gateway::Options, &mut apimite_model::Service)) -> Self {
        let backend = Backend::echo();
        let mut service = service(&backend.url);
        let (witness, told) = Witness::new();
        let classifier = Arc::new(NetworkClassifier::new(rules));
        let mut options = options();
        let any: SocketAddr = "0.0.0.0:0".parse().unwrap();
        options.listeners = vec![
            Listener::plain("http", any),
            Listener::plain("link", any).with_preamble(),
            Listener::probe("probe", any),
        ];
        options.classifier = Some(classifier.clone());
        options.observer = Some(witness);
        change(&mut options, &mut service);
        let gateway = Gateway::start(options, snapshot(service)).unwrap();
        Self { gateway, classifier, told, _backend: backend }
    }

    fn with(rules: Rules) -> Self {
        Self::new(rules, |_, _| {})
    }

    fn port(&self, listener: &str) -> u16 {
        self.gateway.address(listener).unwrap().port()
    }

    /// To a listener at this local address of the gateway.
    fn at(&self, ip: &str, listener: &str) -> SocketAddr {
        format!("{ip}:{}", self.port(listener)).parse().unwrap()
    }

    /// A request behind these bytes: status, source and caller; `None` when the connection was closed.
    fn ask(&self, to: SocketAddr, before: &[u8]) -> Option<(u16, String, String)> {
        let mut peer = Peer::connect(to);
        let mut bytes = before.to_vec();
        bytes.extend_from_slice(get("/api/x").as_bytes());
        std::io::Write::write_all(&mut peer.stream, &bytes).ok()?;
        let (head, _) = peer.message()?;
        let told = self.told.recv().unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some((status, told.source, told.caller))
    }

    fn closed(&self, why: &str) -> u64 {
        self.classifier.closed().find(|(name, _)| *name == why).unwrap().1
    }
}

fn seen(status: u16, source: &str, caller: &str) -> Option<(u16, String, String)> {
    Some((status, source.to_owned(), caller.to_owned()))
}

fn header(link_id: Option<u32>) -> Vec<u8> {
    Header::proxy("10.77.0.5:50000".parse().unwrap(), "10.77.0.9:443".parse().unwrap(), link_id).write()
}

/// From another loopback address than the usual one.
fn from(ip: &str, to: SocketAddr) -> Peer {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&format!("{ip}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&to.into()).unwrap();
    Peer::new(TcpStream::from(socket))
}

#[test]
fn a_link_identifier_names_the_connection_and_the_header_the_caller() {
    let lab =
        Lab::with(rules(Reach::Public, vec![endpoint("pe-1", 7, Approved, None), endpoint("pe-2", 8, Pending, None)]));
    let to = lab.at("127.0.0.1", "link");
    assert_eq!(lab.ask(to, &header(Some(7))), seen(200, "pe-1", "10.77.0.5"));
    assert_eq!(lab.ask(to, &header(None)), seen(200, "public", "10.77.0.5"));
    assert_eq!(lab.ask(to, &header(Some(8))), None);
    assert_eq!(lab.ask(to, &header(Some(9))), None);
    assert_eq!((lab.closed("connection-not-approved"), lab.closed("unknown-link-id")), (1, 1));
}

#[test]
fn a_header_that_is_missing_broken_or_a_strangers_closes_the_connection() {
    let lab = Lab::with(rules(Reach::Public, vec![endpoint("pe-1", 7, Approved, None)]));
    let to = lab.at("127.0.0.1", "link");
    let mut truncated = header(Some(7));
    truncated[15] -= 1;
    let mut giant = header(Some(7));
    giant[14] = 0xFF;
    giant.extend([0; 4096]);
    let bad: [&[u8]; 6] = [
        b"",
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
        &truncated,
        &giant,
        b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c",
        &[0x16, 0x03, 0x01, 0x02, 0x00],
    ];
    for (number, bytes) in bad.iter().enumerate() {
        assert_eq!(lab.ask(to, bytes), None, "case {number}");
    }
    assert_eq!(lab.closed("no-proxy-header"), 6);
    // A header is not looked for where none is expected: it is no HTTP.
    let mut unexpected = Peer::connect(lab.at("127.0.0.1", "http"));
    std::io::Write::write_all(&mut unexpected.stream, &header(Some(7))).unwrap();
    assert!(!unexpected.rest().contains(" 200 "));
    let mut stranger = from("127.0.0.9", to);
    let _ = std::io::Write::write_all(&mut stranger.stream, &header(Some(7)));
    assert_eq!(stranger.rest(), "");
    assert_eq!(lab.closed("proxy-header-from-stranger"), 1);
    // Nothing was lost by all that.
    assert_eq!(lab.ask(to, &header(Some(7))), seen(200, "pe-1", "10.77.0.5"));
}

#[test]
fn a_header_that_takes_too_long_closes_the_connection() {
    let lab = Lab::new(rules(Reach::Public, vec![endpoint("pe-1", 7, Approved, None)]), |options, _| {
        options.limits.preamble_time = Duration::from_millis(50);
    });
    let mut slow = Peer::connect(lab.at("127.0.0.1", "link"));
    std::io::Write::write_all(&mut slow.stream, &header(Some(7))[..20]).unwrap();
    assert_eq!(slow.rest(), "");
    assert_eq!(lab.closed("slow-proxy-header"), 1);
    let mut silent = Peer::connect(lab.at("127.0.0.1", "link"));
    assert_eq!(silent.rest(), "");
    assert_eq!(lab.closed("slow-proxy-header"), 2);
}

#[test]
fn an_endpoints_own_address_names_it() {
    let lab = Lab::with(rules(
        Reach::Public,
        vec![endpoint("pe-1", 1, Approved, Some("127.0.0.31:0")), endpoint("pe-2", 2, Rejected, Some("127.0.0.32:0"))],
    ));
    assert_eq!(lab.ask(lab.at("127.0.0.31", "http"), b""), seen(200, "pe-1", "127.0.0.1"));
    assert_eq!(lab.ask(lab.at("127.0.0.32", "http"), b""), None);
    assert_eq!(lab.ask(lab.at("127.0.0.1", "http"), b""), seen(200, "public", "127.0.0.1"));
}

#[test]
fn an_internal_gateway_is_not_there_for_the_internet() {
    let lab = Lab::with(rules(Reach::Internal, Vec::new()));
    let to = lab.at("127.0.0.1", "http");
    assert_eq!(lab.ask(to, b""), seen(200, "vnet", "127.0.0.1"));
    let mut outside = from("127.0.1.1", to);
    let _ = std::io::Write::write_all(&mut outside.stream, get("/api/x").as_bytes());
    assert_eq!(outside.rest(), "");
    assert_eq!(lab.closed("not-reachable-from-internet"), 1);
    lab.classifier.put(rules(Reach::External, Vec::new()));
    let mut outside = from("127.0.1.1", to);
    assert!(outside.ask(&get("/api/x")).0.starts_with("HTTP/1.1 200 "));
    assert_eq!(lab.told.recv().unwrap().source, "public");
}

#[test]
fn a_change_counts_for_the_next_request_of_an_open_connection() {
    let approved = |status| rules(Reach::Public, vec![endpoint("pe-1", 1, status, Some("127.0.0.31:0"))]);
    let lab = Lab::with(approved(Approved));
    let mut other = Peer::connect(lab.at("127.0.0.1", "http"));
    let mut kept = Peer::connect(lab.at("127.0.0.31", "http"));
    for peer in [&mut other, &mut kept] {
        assert!(peer.ask(&get("/api/x")).0.starts_with("HTTP/1.1 200 "));
    }
    lab.classifier.put(approved(Rejected));
    kept.say(&get("/api/x"));
    assert_eq!(kept.rest(), "", "closed without an answer");
    assert!(other.ask(&get("/api/x")).0.starts_with("HTTP/1.1 200 "), "others go on");
    lab.classifier.put(approved(Approved));
    assert_eq!(lab.ask(lab.at("127.0.0.31", "http"), b"").unwrap().0, 200);
}

#[test]
fn public_access_is_switched_for_the_next_request_of_an_open_connection() {
    let lab = Lab::with(rules(Reach::Public, vec![endpoint("pe-1", 1, Approved, Some("127.0.0.31:0"))]));
    let mut public = Peer::connect(lab.at("127.0.0.1", "http"));
    let mut private = Peer::connect(lab.at("127.0.0.31", "http"));
    for (access, expected) in
        [(PublicAccess::Enabled, "200"), (PublicAccess::Disabled, "403"), (PublicAccess::Enabled, "200")]
    {
        lab.gateway.swap(lab.gateway.snapshot().with_public_access(access));
        let (head, body) = public.ask(&get("/api/x"));
        assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{head}");
        assert_eq!(body.contains("Request originated from client public IP address 127.0.0.1"), expected == "403");
        assert!(private.ask(&get("/api/x")).0.starts_with("HTTP/1.1 200 "));
    }
}

#[test]
fn a_probe_behind_a_header_asks_for_health_and_for_nothing_else() {
    let lab = Lab::new(rules(Reach::Internal, Vec::new()), |_, service| service.public_access = PublicAccess::Disabled);
    let mut probe = Peer::connect(lab.at("127.0.0.1", "link"));
    std::io::Write::write_all(&mut probe.stream, &Header::probe(Some(7)).write()).unwrap();
    for _ in 0..2 {
        assert!(probe.ask(&get("/status-0123456789abcdef")).0.starts_with("HTTP/1.1 200 "));
    }
    probe.say(&get("/api/x"));
    assert_eq!(probe.rest(), "");
}

#[test]
fn the_probe_listener_says_so_while_the_gateway_drains() {
    let lab = Lab::new(rules(Reach::Internal, Vec::new()), |_, _| {});
    // A request that is being served keeps the gateway from ending.
    let slow = Backend::new(|_, mut peer| {
        peer.request();
        std::thread::sleep(Duration::from_secs(30));
    });
    lab.gateway.swap(snapshot(service(&slow.url)));
    let mut busy = Peer::connect(lab.at("127.0.0.1", "http"));
    busy.say(&get("/api/x"));
    let probe = lab.at("127.0.0.1", "probe");
    let ask = || {
        let mut peer = Peer::connect(probe);
        peer.ask("GET / HTTP/1.1\r\nHost: probe\r\n\r\n").0
    };
    assert!(ask().starts_with("HTTP/1.1 200 "));
    let gateway = lab.gateway;
    let draining = std::thread::spawn(move || gateway.drain(Duration::from_secs(2)));
    let unhealthy = std::iter::repeat_with(ask).take(1000).find(|head| !head.starts_with("HTTP/1.1 200 ")).unwrap();
    assert!(unhealthy.starts_with("HTTP/1.1 503 "), "{unhealthy}");
    draining.join().unwrap();
}

#[test]
fn a_probe_listener_can_expect_headers_too() {
    let lab = Lab::new(rules(Reach::Internal, Vec::new()), |options, _| {
        let probe = options.listeners.pop().unwrap();
        options.listeners.push(probe.with_preamble());
    });
    let mut with = Peer::connect(lab.at("127.0.0.1", "probe"));
    std::io::Write::write_all(&mut with.stream, &Header::probe(None).write()).unwrap();
    assert!(with.ask("GET / HTTP/1.1\r\nHost: probe\r\n\r\n").0.starts_with("HTTP/1.1 200 "));
    let mut without = Peer::connect(lab.at("127.0.0.1", "probe"));
    without.say("GET / HTTP/1.1\r\nHost: probe\r\n\r\n");
    assert_eq!(without.rest(), "");
}

#[test]
fn names_of_portal_and_management_are_not_the_gateways() {
    let lab = Lab::with(rules(Reach::Public, vec![endpoint("pe-1", 1, Approved, Some("127.0.0.31:0"))]));
    let ask =
        |to: SocketAddr, host: &str| Peer::connect(to).ask(&format!("GET /api/x HTTP/1.1\r\nHost: {host}\r\n\r\n")).0;
    for ip in ["127.0.0.1", "127.0.0.31"] {
        let to = lab.at(ip, "http");
        assert!(ask(to, "contoso.azure-api.net").starts_with("HTTP/1.1 200 "));
        for host in names::others("contoso") {
            assert!(ask(to, &host).starts_with("HTTP/1.1 404 "), "{host} at {ip}");
        }
    }
}
