//! What telling callers apart costs, with 100 private endpoint connections configured: a decision for each connection, a look at
//! a number for each request; and reading a PROXY v2 header.
//!
//! `cargo bench -p apimite-benches --bench network`; the limits are 1 µs for a connection and 100 ns for a request.

use std::hint::black_box;
use std::net::SocketAddr;

use apimite_gateway::NetworkClassifier;
use apimite_gateway::config::{Arrival, Classifier, Preamble};
use apimite_network::ConnectionStatus;
use apimite_network::classify::{Endpoint, Reach, Rules};
use apimite_network::proxy::{Header, parse};
use criterion::{Criterion, criterion_group, criterion_main};

fn rules(reach: Reach) -> Rules {
    let endpoint = |number: u8| Endpoint {
        name: format!("pe-{number}").into(),
        group_id: "Gateway".into(),
        member_name: "Gateway".into(),
        link_id: Some(u32::from(number)),
        status: ConnectionStatus::Approved,
        local: Some(SocketAddr::from(([10, 5, 0, number], 0))),
        listeners: vec![format!("pe-{number}").into()],
    };
    let network = |number: u8| (format!("10.{number}.0.0/16").parse().unwrap_or_default(), "peered".into());
    Rules {
        reach,
        networks: (100..120).map(network).collect(),
        endpoints: if reach == Reach::Public { (1..=100).map(endpoint).collect() } else { Vec::new() },
        proxied: vec!["link".into()],
        senders: vec!["10.9.0.0/24".parse().unwrap_or_default()],
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
}

fn classification(c: &mut Criterion) {
    let public = NetworkClassifier::new(rules(Reach::Public));
    let internal = NetworkClassifier::new(rules(Reach::Internal));
    let peer = address("10.9.0.7:50000");
    let mut group = c.benchmark_group("connection");
    let by = |listener, local| Arrival { listener, local, peer };
    group.bench_function("public", |b| {
        let arrival = by("https", address("203.0.113.1:443"));
        b.iter(|| public.classify(black_box(arrival), None));
    });
    group.bench_function("endpoint-by-address", |b| {
        let arrival = by("https", address("10.5.0.77:443"));
        b.iter(|| public.classify(black_box(arrival), None));
    });
    group.bench_function("endpoint-by-link-id", |b| {
        let arrival = by("link", address("10.9.0.1:443"));
        let preamble = Preamble { client: Some(address("10.77.0.5:5000")), link_id: Some(77) };
        b.iter(|| public.classify(black_box(arrival), Some(&preamble)));
    });
    group.bench_function("network-by-range", |b| {
        let arrival = Arrival { peer: address("10.119.0.7:5000"), ..by("https", address("10.1.0.4:443")) };
        b.iter(|| internal.classify(black_box(arrival), None));
    });
    group.bench_function("read-header", |b| {
        let bytes = Header::proxy(peer, address("10.9.0.1:443"), Some(77)).write();
        b.iter(|| parse(black_box(&bytes)));
    });
    group.finish();
    c.bench_function("request", |b| {
        let classifier: &dyn Classifier = &public;
        let decided = classifier.version();
        b.iter(|| black_box(classifier).version() == black_box(decided));
    });
}

criterion_group!(benches, classification);
criterion_main!(benches);
