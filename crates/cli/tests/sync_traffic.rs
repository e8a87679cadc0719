//! What node sync sends between real gateways, two, four and eight of them in network namespaces, against the documented formula.
//!
//! Needs root and `ip`. Loads go at the pace of the gateways' own exchange, and what is judged are totals.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use support::lab::{InLab, Wiring, in_lab_of, live_through};
use support::until;

const KEYS: u64 = 20;
const ROUNDS: u64 = 10;
/// Bytes of a key's text, `client-00000007`.
const TEXT: u64 = 15;
/// Packets in which a change is told.
const REPEATS: u64 = 4;
/// Bytes of a packet that are no entries, and those that its first entry has more, because it shares no beginning.
const HEAD: u64 = 45 + 8;

/// Packets, bytes and intervals of all gateways.
fn so_far(gateways: &[InLab]) -> [u64; 3] {
    let sum = |series: &str| gateways.iter().map(|gateway| gateway.metric(series)).sum();
    ["apimite_sync_packets_sent_total", "apimite_sync_bytes_sent_total", "apimite_sync_intervals_total"].map(sum)
}

fn traffic_of(count: usize, test: &str, tag: char) {
    in_lab_of(count, test, tag, Wiring::Bridge, |lab| {
        let known = |index: usize| lab.sync_address(usize::from(index == 0));
        let gateways: Vec<_> = (0..count).map(|index| lab.gateway(index, &[known(index)])).collect();
        let peers = count as u64 - 1;
        for gateway in &gateways {
            until(|| (gateway.metric("apimite_sync_members") == peers).then_some(()), "the gateways do not meet");
        }
        live_through(&gateways, 10);
        let before = so_far(&gateways);
        let mut turn = 0;
        for _ in 0..ROUNDS {
            for key in 0..KEYS {
                // An odd stride: every key comes to every gateway.
                assert!(gateways[turn % count].call(&format!("client-{key:08}"), 1_000_000, 3_600));
                turn += 1;
            }
            turn += 1;
            live_through(&gateways, 1);
        }
        // Until the last change has been told as often as any.
        live_through(&gateways, REPEATS + 2);
        let after = so_far(&gateways);
        let [packets, bytes, intervals] = [0, 1, 2].map(|which| after[which] - before[which]);
        let calls = KEYS * ROUNDS;
        // Every call makes its key active for some intervals; each of them tells every peer an entry.
        let most = calls * REPEATS * peers * (12 + TEXT) + packets * HEAD;
        let least = calls * peers * 6;
        let seconds = intervals as f64 * 0.1;
        eprintln!(
            "{count} gateways: {:.0} packets/s, {:.2} kB/s from each; {:.1} bytes a call and peer; formula: at most {:.1}",
            packets as f64 / seconds,
            bytes as f64 / seconds / 1e3,
            (bytes - packets * HEAD) as f64 / (calls * peers) as f64,
            REPEATS as f64 * (12 + TEXT) as f64
        );
        assert!((least..=most).contains(&bytes), "{bytes} bytes, {least} to {most} expected");
        for gateway in &gateways {
            assert_eq!(gateway.used("client-00000003"), ROUNDS, "all know what was counted");
        }
    });
}

#[test]
fn two_gateways_send_what_the_formula_says() {
    traffic_of(2, "two_gateways_send_what_the_formula_says", 'p');
}

#[test]
fn four_gateways_send_what_the_formula_says() {
    traffic_of(4, "four_gateways_send_what_the_formula_says", 'q');
}

#[test]
fn eight_gateways_send_what_the_formula_says() {
    traffic_of(8, "eight_gateways_send_what_the_formula_says", 'r');
}
