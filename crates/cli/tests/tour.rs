//! The requests that the bare command prints, each with what it promises.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use apimite_import::sample::{At, TOUR};
use support::Gateway;

#[test]
fn every_request_of_the_tour_answers_as_printed() {
    let gateway = Gateway::start(&[]);
    let mut switched_off = false;
    for stop in TOUR {
        if stop.at == At::PublicSwitchedOff && !switched_off {
            let output = gateway.command(&["public-access", "off"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            switched_off = true;
        }
        let listener = if stop.at == At::PrivateEndpoint { "pe-1" } else { "http" };
        let headers: Vec<(&str, &str)> = stop.key.iter().map(|key| ("Ocp-Apim-Subscription-Key", *key)).collect();
        let mut last = None;
        for _ in 0..stop.times {
            last = Some(gateway.get(listener, stop.path, &headers));
        }
        let answer = last.unwrap();
        assert_eq!(answer.status, stop.status, "{}: {answer:?}", stop.shows);
        let whole = answer.whole().to_lowercase();
        assert!(whole.contains(&stop.contains.to_lowercase()), "{}: {answer:?}", stop.shows);
    }
}

#[test]
fn a_gateway_drains_and_ends_with_success_on_sigterm() {
    let gateway = Gateway::start(&[]);
    assert_eq!(gateway.get("http", "/orders/", &[]).status, 401);
    assert_eq!(gateway.terminate(), Some(0));
}

#[test]
fn health_tells_a_gateway_that_serves_from_none() {
    let gateway = Gateway::start(&[]);
    let ask = |address: &str| support::apimite().args(["health", "--http", address]).output().unwrap();
    let address = gateway.address("http");
    assert!(ask(&address).status.success());
    assert_eq!(gateway.terminate(), Some(0));
    let away = ask(&address);
    assert!(!away.status.success() && String::from_utf8_lossy(&away.stderr).contains("--http"), "{away:?}");
}
