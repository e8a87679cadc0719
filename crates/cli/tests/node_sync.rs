//! Three gateways that keep their counters in step, each in a network namespace of its own, real packets between them.
//!
//! Needs root and `ip`. Nothing is judged by the time it takes: loads go at the pace of the gateways' own exchange, and what counts
//! are totals.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use support::lab::{GATEWAYS, InLab, Lab, Wiring, in_lab, live_through, seen_from, steady_load};
use support::until;

const HUB: &str = "10.99.0.254";

/// Gateways on the bridge: all know the first (which knows the second) and find each other through it. The hub listens as if it
/// were a fourth.
fn on_bridge(lab: &Lab, index: usize) -> InLab {
    let known = lab.sync_address(usize::from(index == 0));
    lab.gateway(index, &[known, HUB.to_owned()])
}

fn everybody_knows_two_others(gateways: &[InLab]) {
    for gateway in gateways {
        until(|| (gateway.metric("apimite_sync_members") == 2).then_some(()), "the gateways do not find each other");
    }
}

fn all_agree(gateways: &[InLab], key: &str, on: u64) {
    let seen = || gateways.iter().map(|gateway| gateway.used(key)).collect::<Vec<_>>();
    until(|| seen().iter().all(|used| *used == on).then_some(()), "the gateways do not agree");
}

/// At ten times the limit of 600 a minute an interval of a tenth of a second brings ten calls. What others admit within the interval
/// under way and the packet's way, two rounds, is at most two thirds of twenty calls.
#[test]
fn a_steady_overload_stays_within_the_bound_and_three_percent() {
    in_lab("a_steady_overload_stays_within_the_bound_and_three_percent", 's', Wiring::Bridge, |lab| {
        let gateways: Vec<_> = (0..GATEWAYS).map(|index| on_bridge(lab, index)).collect();
        everybody_knows_two_others(&gateways);
        // The minute does not end while the load lasts, however slow the machine: it stands still.
        gateways.iter().for_each(InLab::freeze);
        let admitted = steady_load(&gateways, "steady", (600, 60), 80, 10);
        eprintln!("steady overload: {admitted} of 600 admitted");
        assert!((600..=618).contains(&admitted), "{admitted}");
        all_agree(&gateways, "steady", admitted);
        let series = "apimite_limit_refused_total{policy=\"rate-limit-by-key\"";
        let refused: u64 = gateways.iter().map(|gateway| gateway.sum_of_metrics(series)).sum();
        assert_eq!(refused, 800 - admitted, "the metrics of the limit tell the same");
    });
}

#[test]
fn a_gateway_that_is_cut_off_or_killed_is_back_in_step_within_two_intervals_and_forgeries_change_nothing() {
    let name = "a_gateway_that_is_cut_off_or_killed_is_back_in_step_within_two_intervals_and_forgeries_change_nothing";
    in_lab(name, 'c', Wiring::Bridge, |lab| {
        let listener = UdpSocket::bind((HUB, 4290)).unwrap();
        let mut gateways: Vec<_> = (0..GATEWAYS).map(|index| on_bridge(lab, index)).collect();
        everybody_knows_two_others(&gateways);
        // Two intervals, the one under way when it begins, and the way of the last packet.
        let two_intervals = |gateways: &[InLab]| live_through(gateways, 4);

        // An hour: nothing ends while the test runs.
        let limit = (50, 3_600);
        lab.cut(2, true);
        let alone = steady_load(&gateways[2..], "k", limit, 10, 10);
        let together = steady_load(&gateways[..2], "k", limit, 20, 5);
        eprintln!("cut off: {alone} alone, {together} together, of 50");
        assert_eq!(alone, 50, "whoever is cut off counts alone");
        assert!((50..=58).contains(&together), "{together}");
        assert_eq!(gateways[2].used("k"), alone, "it heard nothing");

        lab.cut(2, false);
        two_intervals(&gateways);
        let total = alone + together;
        let seen: Vec<_> = gateways.iter().map(|gateway| gateway.used("k")).collect();
        assert_eq!(seen, [total; 3], "agreement two intervals after the cut healed");

        let second = gateways.remove(1);
        second.crash();
        gateways.insert(1, on_bridge(lab, 1));
        two_intervals(&gateways);
        let seen: Vec<_> = gateways.iter().map(|gateway| gateway.used("k")).collect();
        assert_eq!(
            seen, [total; 3],
            "one that was killed knows what was counted, also by itself, two intervals after its start"
        );

        everybody_knows_two_others(&gateways);
        forgeries(&listener, lab, &gateways, total);
    });
}

const DROPPED: [&str; 4] = ["malformed", "version", "signature", "replay"];

fn dropped(gateways: &[InLab], reason: &str) -> u64 {
    gateways.iter().map(|gateway| gateway.metric(&format!("apimite_sync_dropped_total{{reason=\"{reason}\"}}"))).sum()
}

/// The hub sends what it heard once more, and what it made of it.
fn forgeries(listener: &UdpSocket, lab: &Lab, gateways: &[InLab], total: u64) {
    listener.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut genuine = Vec::new();
    let mut buffer = [0; 2_048];
    // What was heard up to now is old; the next changes are fresh.
    listener.set_nonblocking(true).unwrap();
    while listener.recv_from(&mut buffer).is_ok() {}
    listener.set_nonblocking(false).unwrap();
    assert!(gateways[0].call("other", 10, 3_600));
    while genuine.len() < 3 {
        let (length, from) = listener.recv_from(&mut buffer).unwrap();
        // Changes (byte 4 is 1) with an entry, of the first gateway.
        if from.ip().to_string() == lab.sync_address(0) && buffer[4] == 1 && length > 45 {
            genuine.push(buffer[..length].to_vec());
        }
    }
    live_through(gateways, 3);
    let before = DROPPED.map(|reason| dropped(gateways, reason));
    let to: Vec<_> = (1..GATEWAYS).map(|index| (lab.sync_address(index), 4290)).collect();
    for packet in &genuine {
        let mut forged = Vec::new();
        // Counts raised, the number raised, another sender: all without the key. And what is no packet at all.
        for place in [packet.len() - 17, 20, 8] {
            let mut other = packet.clone();
            other[place] ^= 0x40;
            forged.push(other);
        }
        let mut version = packet.clone();
        version[3] = 9;
        forged.extend([version, b"junk".to_vec(), vec![b'A'; 1_400], packet.clone()]);
        for (packet, to) in forged.iter().flat_map(|packet| to.iter().map(move |to| (packet, to))) {
            listener.send_to(packet, to).unwrap();
        }
    }
    let sent = (genuine.len() * to.len()) as u64;
    // Three kinds are signed with no key, two are malformed, one is of another version, one is a replay.
    let wanted = [2 * sent, sent, 3 * sent, sent];
    for ((reason, before), wanted) in DROPPED.iter().zip(before).zip(wanted) {
        until(|| (dropped(gateways, reason) >= before + wanted).then_some(()), "a packet was not dropped");
        assert_eq!(dropped(gateways, reason) - before, wanted, "{reason}");
    }
    live_through(gateways, 2);
    for gateway in gateways {
        assert_eq!(
            (gateway.used("k"), gateway.used("other")),
            (total, 1),
            "a forged or replayed packet changed a count"
        );
    }
}

/// One direction of a line between two gateways.
struct Line {
    /// Faces the sender.
    from: UdpSocket,
    /// Faces the receiver.
    to: UdpSocket,
    receiver: String,
    random: u64,
}

impl Line {
    fn percent(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % 100
    }

    /// Loses 30 %, doubles 10 %, and lets 20 % be overtaken by the next; notes how many in a row did not arrive in time.
    fn carry(mut self, stop: &AtomicBool, longest: &AtomicU64, carried: &AtomicU64) {
        self.from.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut held: Option<Vec<u8>> = None;
        let (mut missing, mut buffer) = (0, [0; 2_048]);
        while !stop.load(Ordering::Relaxed) {
            let Ok((length, _)) = self.from.recv_from(&mut buffer) else { continue };
            let packet = buffer[..length].to_vec();
            let fate = self.percent();
            carried.fetch_add(1, Ordering::Relaxed);
            if fate < 30 || (fate < 50 && held.is_none()) {
                missing += 1;
                longest.fetch_max(missing, Ordering::Relaxed);
                if fate >= 30 {
                    held = Some(packet);
                }
                continue;
            }
            missing = 0;
            for _ in 0..1 + u64::from(fate < 60) {
                let _ = self.to.send_to(&packet, (&*self.receiver, 4290));
            }
            if let Some(packet) = held.take() {
                let _ = self.to.send_to(&packet, (&*self.receiver, 4290));
            }
        }
    }
}

#[test]
fn over_lines_that_lose_double_and_reorder_the_bound_holds() {
    in_lab("over_lines_that_lose_double_and_reorder_the_bound_holds", 'l', Wiring::Relay, |lab| {
        let (stop, longest, carried) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let socket = |one: usize, other: usize| Arc::new(UdpSocket::bind((seen_from(one, other), 4290)).unwrap());
        std::thread::scope(|scope| {
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                let (here, there) = (socket(one, other), socket(other, one));
                for (from, to, receiver) in [(&here, &there, other), (&there, &here, one)] {
                    let line = Line {
                        from: from.try_clone().unwrap(),
                        to: to.try_clone().unwrap(),
                        receiver: lab.sync_address(receiver),
                        random: 42 + (one * 10 + receiver) as u64,
                    };
                    let (stop, longest, carried) = (&stop, &longest, &carried);
                    scope.spawn(move || line.carry(stop, longest, carried));
                }
            }
            let peers = |index: usize| -> Vec<String> {
                (0..GATEWAYS).filter(|other| *other != index).map(|other| seen_from(index, other)).collect()
            };
            // The lines end also when an assertion fails.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let gateways: Vec<_> = (0..GATEWAYS).map(|index| lab.gateway(index, &peers(index))).collect();
                for gateway in &gateways {
                    let heard = || (gateway.metric("apimite_sync_packets_received_total") > 2).then_some(());
                    until(heard, "no packet comes through");
                }
                gateways.iter().for_each(InLab::freeze);
                let admitted = steady_load(&gateways, "lossy", (600, 60), 90, 10);
                let missing = longest.load(Ordering::Relaxed);
                // Two rounds as on good lines, and one more for each packet in a row that did not come in time.
                let bound = 600 + (2 + missing) * 20 / 3;
                eprintln!(
                    "lossy lines: {admitted} of 600 admitted, bound {bound}; {missing} packets in a row missing at worst, {} sent",
                    carried.load(Ordering::Relaxed)
                );
                assert!((600..=bound).contains(&admitted), "{admitted} with {missing} missing in a row");
                all_agree(&gateways, "lossy", admitted);
            }));
            stop.store(true, Ordering::Relaxed);
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        });
    });
}
