//! Any bytes are taken as a question without a panic; an answer fits its transport.
#![no_main]

use apimite_dns::{Outcome, encode, largest, respond};
use apimite_network::horizon::{Horizon, ServiceNames};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let service = ServiceNames {
        name: "contoso".into(),
        addresses: vec![std::net::IpAddr::from([203, 0, 113, 1])],
        has_connection: true,
        ..ServiceNames::default()
    };
    let horizon = Horizon { services: vec![service], ..Horizon::default() };
    if let Outcome::Reply(reply) | Outcome::Forward(reply, ..) = respond(&horizon, None, bytes) {
        let sent = encode(&reply, Some(largest(bytes))).expect("an answer can be written");
        assert!(sent.len() <= 1232);
        assert_eq!(sent[..2], bytes[..2]);
    }
});
