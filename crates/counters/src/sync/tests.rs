use std::net::SocketAddr;
use std::time::Duration;

use apimite_clock::Timestamp;
use proptest::prelude::*;

use super::ledger::{Cell, Entry, Ledger, NodeId};
use super::wire::{self, Dropped, Head, Message, Seal, Writer};
use super::{REPEATS, SyncSettings};
use crate::key::{CounterKey, Kind, Variant};
use crate::limit::{Algorithm, QuotaLimit, QuotaPeriod, RateLimit, TokenLimit, Usage};
use crate::simulate::{Cluster, Network, Random};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn key(value: &str) -> CounterKey {
    CounterKey::new(Kind::RateLimitByKey, "", value)
}

fn cluster(count: usize, network: Network, seed: u64) -> Cluster {
    Cluster::new(count, SyncSettings::default(), network, seed, START)
}

/// Offers calls at `rate` a second, evenly and in turn, to the gateways; the instants of the admitted ones.
fn offer(cluster: &mut Cluster, limit: RateLimit, rate: f64, from: Timestamp, length: Duration) -> Vec<Timestamp> {
    let mut admitted = Vec::new();
    let gap = Duration::from_secs_f64(1.0 / rate);
    let mut now = from;
    let mut turn = 0;
    while now < from + length {
        cluster.run_until(now);
        let gateway = turn % cluster.len();
        let local = cluster.local(gateway, now);
        if cluster.counters(gateway).check_rate(&key("k"), limit, 1, local).now().unwrap().admitted {
            admitted.push(now);
        }
        turn += 1;
        now = now + gap;
    }
    cluster.run_until(now);
    admitted
}

/// The most that any window of the period's length holds.
fn most_in_a_window(admitted: &[Timestamp], period: Duration) -> usize {
    let mut start = 0;
    let mut most = 0;
    for (end, at) in admitted.iter().enumerate() {
        while *at - admitted[start] >= period {
            start += 1;
        }
        most = most.max(end + 1 - start);
    }
    most
}

/// `C + R·D·(N-1)/N`, rounded up, with `lost` packets lost in a row.
fn bound(limit: u32, rate: f64, gateways: usize, network: Network, lost: u32) -> usize {
    let delay = SyncSettings::default().interval * (1 + lost) + network.delay + network.jitter;
    let others = (gateways - 1) as f64 / gateways as f64;
    limit as usize + (rate * delay.as_secs_f64() * others).ceil() as usize + gateways
}

#[test]
fn under_ten_times_the_load_three_gateways_stay_within_the_bound_and_within_three_percent() {
    let limit = RateLimit::new(6_000, MINUTE);
    let network = Network::default();
    let mut cluster = cluster(3, network, 1);
    let admitted = offer(&mut cluster, limit, 1_000.0, START, Duration::from_secs(180));
    let most = most_in_a_window(&admitted, MINUTE);
    assert!(most <= bound(6_000, 1_000.0, 3, network, 0), "{most}");
    assert!(most <= 6_180, "{most}");
    assert!(most >= 5_880, "refuses too much: {most}");
}

#[test]
fn loss_reordering_and_duplication_cost_no_more_than_the_lost_intervals() {
    let limit = RateLimit::new(3_000, MINUTE);
    let network =
        Network { loss: 0.3, duplication: 0.2, delay: Duration::from_millis(5), jitter: Duration::from_millis(150) };
    for seed in 0..4 {
        let mut cluster = cluster(3, network, seed);
        let admitted = offer(&mut cluster, limit, 500.0, START, Duration::from_secs(130));
        let most = most_in_a_window(&admitted, MINUTE);
        assert!(most <= bound(3_000, 500.0, 3, network, 6), "seed {seed}: {most}");
    }
}

#[test]
fn a_gateway_that_is_cut_off_counts_alone_and_agrees_again_after_two_intervals() {
    let limit = RateLimit::new(100, MINUTE);
    let mut cluster = cluster(3, Network::default(), 7);
    cluster.run_until(START + Duration::from_secs(1));
    cluster.move_to_island(2, 1);
    let now = START + Duration::from_secs(2);
    let count = |cluster: &Cluster, gateway: usize, now| {
        (0..100)
            .filter(|_| cluster.counters(gateway).check_rate(&key("k"), limit, 1, now).now().unwrap().admitted)
            .count()
    };
    cluster.run_until(now);
    assert_eq!(count(&cluster, 0, now) + count(&cluster, 2, now), 200, "each side has the whole limit");
    let later = now + Duration::from_secs(5);
    cluster.run_until(later);
    cluster.move_to_island(2, 0);
    // The next packet may come a keep-alive later; from then on two intervals.
    let healed = later + SyncSettings::default().interval * 5 + SyncSettings::default().interval * 2;
    cluster.run_until(healed);
    for gateway in 0..3 {
        let seen = cluster.counters(gateway).peek_rate(&key("k"), limit, healed).now().unwrap();
        assert_eq!(seen.used, 200, "gateway {gateway}");
    }
}

#[test]
fn a_gateway_that_was_killed_learns_even_what_it_counted_itself() {
    let limit = RateLimit::new(90, MINUTE);
    let mut cluster = cluster(3, Network::default(), 3);
    let admitted = offer(&mut cluster, limit, 100.0, START, Duration::from_secs(2));
    assert!(admitted.len() >= 90);
    let now = START + Duration::from_secs(3);
    cluster.run_until(now);
    cluster.restart(1, now);
    let later = now + SyncSettings::default().interval * 3;
    cluster.run_until(later);
    let seen = cluster.counters(1).peek_rate(&key("k"), limit, later).now().unwrap();
    assert_eq!(seen.used, admitted.len() as u64);
}

#[test]
fn buckets_tokens_and_quotas_are_shared_too() {
    let mut cluster = cluster(2, Network::default(), 9);
    let bucket = RateLimit::new(10, MINUTE).with_algorithm(Algorithm::TokenBucket);
    let tokens = TokenLimit::per_minute(100);
    let token_key = CounterKey::new(Kind::TokenRate, "", "k");
    let quota = QuotaLimit { calls: Some(50), bytes: Some(1_000), period: QuotaPeriod::Never };
    let quota_key = CounterKey::new(Kind::QuotaByKey, "", "k");
    let here = cluster.counters(0).clone();
    here.check_rate(&key("k"), bucket, 10, START);
    here.add_tokens(&token_key, tokens, 250, START);
    here.check_quota(&quota_key, &quota, Usage::ONE_CALL, START);
    here.add_quota(&quota_key, &quota, Usage::bytes(999), START);
    let now = START + Duration::from_secs(1);
    cluster.run_until(now);
    let there = cluster.counters(1);
    assert!(!there.peek_rate(&key("k"), bucket, now).now().unwrap().admitted);
    assert_eq!(there.peek_tokens(&token_key, tokens, now).now().unwrap().used, 250);
    let seen = there.peek_quota(&quota_key, &quota, now).now().unwrap();
    assert_eq!((seen.remaining_calls, seen.remaining_bytes), (Some(49), Some(1)));
}

#[test]
fn clocks_that_differ_by_half_a_second_do_no_more_harm_than_the_difference() {
    let limit = RateLimit::new(1_000, MINUTE);
    let mut cluster = cluster(2, Network::default(), 5);
    cluster.skew(1, 500_000_000);
    let admitted = offer(&mut cluster, limit, 100.0, START, Duration::from_secs(150));
    let most = most_in_a_window(&admitted, MINUTE);
    assert!(most <= bound(1_000, 100.0, 2, Network::default(), 0) + 50, "{most}");
}

#[test]
fn a_budget_too_small_sends_the_key_near_its_limit_first() {
    let settings = SyncSettings { bytes_per_second: 6_000, ..SyncSettings::default() };
    let mut cluster = Cluster::new(2, settings, Network::default(), 11, START);
    let limit = RateLimit::new(1_000, MINUTE);
    for index in 0..5_000 {
        cluster.counters(0).check_rate(&key(&format!("cold-{index}")), limit, 1, START);
    }
    cluster.counters(0).check_rate(&key("hot"), limit, 900, START);
    let now = START + Duration::from_secs(1);
    cluster.run_until(now);
    assert_eq!(cluster.counters(1).peek_rate(&key("hot"), limit, now).now().unwrap().used, 900);
    let stats = cluster.replica(0).stats();
    assert!(stats.deferred > 0 && stats.bytes_sent < 9_000, "{stats:?}");
    let later = now + Duration::from_secs(40);
    cluster.run_until(later);
    let known = (0..5_000)
        .filter(|index| {
            cluster.counters(1).peek_rate(&key(&format!("cold-{index}")), limit, later).now().unwrap().used > 0
        })
        .count();
    assert!(known > 4_000, "the others follow: {known}");
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let network = Network { loss: 0.2, jitter: Duration::from_millis(80), ..Network::default() };
        let mut cluster = cluster(4, network, seed);
        let admitted =
            offer(&mut cluster, RateLimit::new(200, Duration::from_secs(10)), 100.0, START, Duration::from_secs(30));
        let stats: Vec<_> = (0..4).map(|gateway| cluster.replica(gateway).stats()).collect();
        (admitted, stats)
    };
    assert_eq!(run(42), run(42));
    assert_ne!(run(42).1, run(43).1);
}

fn packet(seal: &Seal, sequence: u64, sent_at: Timestamp, calls: u64) -> Vec<u8> {
    let sender = NodeId(77);
    let mut writer = Writer::new(Head { message: Message::Changes, sender, sequence, sent_at });
    let key = key("k").sealed(Variant::Window, 60_000);
    let slot = sent_at.0 / 1_200_000_000;
    let cells = vec![Cell { slot, usage: Usage::calls(calls) }];
    writer.add(&Entry { key, origin: sender, generation: 0, limit: 100, cells });
    writer.finish(seal)
}

#[test]
fn forged_replayed_outdated_and_malformed_packets_change_nothing() {
    let mut cluster = cluster(2, Network::default(), 1);
    let from: SocketAddr = ([10, 0, 0, 1], 4290).into();
    let limit = RateLimit::new(100, MINUTE);
    let ours = Seal::with_secret(b"simulation");
    let used = |cluster: &Cluster, now| cluster.counters(0).peek_rate(&key("k"), limit, now).now().unwrap().used;

    let good = packet(&ours, 1, START, 5);
    assert_eq!(cluster.replica(0).receive(from, &good, START), Ok(()));
    assert_eq!(used(&cluster, START), 5);
    assert_eq!(cluster.replica(0).receive(from, &good, START), Err(Dropped::Replay));

    let forged = packet(&Seal::with_secret(b"guess"), 2, START, 50);
    assert_eq!(cluster.replica(0).receive(from, &forged, START), Err(Dropped::Signature));
    let mut flipped = packet(&ours, 3, START, 50);
    flipped[40] ^= 1;
    assert_eq!(cluster.replica(0).receive(from, &flipped, START), Err(Dropped::Signature));
    let mut other = packet(&ours, 4, START, 50);
    other[3] = 2;
    assert_eq!(cluster.replica(0).receive(from, &other, START), Err(Dropped::Version));
    let future = packet(&ours, 5, START + Duration::from_secs(31), 50);
    assert_eq!(cluster.replica(0).receive(from, &future, START), Err(Dropped::Replay));
    assert_eq!(cluster.replica(0).receive(from, &[0; 1_201], START), Err(Dropped::Malformed));
    assert_eq!(cluster.replica(0).receive(from, &[], START), Err(Dropped::Malformed));
    assert_eq!(used(&cluster, START), 5);
    let stats = cluster.replica(0).stats();
    assert_eq!((stats.forged, stats.replayed, stats.other_version, stats.malformed), (2, 2, 1, 2));
}

#[test]
fn a_reset_reaches_everybody_and_old_counts_do_not_come_back() {
    let limit = RateLimit::new(10, MINUTE);
    let mut cluster = cluster(3, Network::default(), 21);
    offer(&mut cluster, limit, 50.0, START, Duration::from_secs(1));
    let now = START + Duration::from_secs(2);
    cluster.run_until(now);
    assert!(cluster.counters(1).reset(&key("k").sealed(Variant::Window, 60_000), now).now().unwrap());
    let later = now + Duration::from_secs(1);
    cluster.run_until(later);
    for gateway in 0..3 {
        assert_eq!(cluster.counters(gateway).peek_rate(&key("k"), limit, later).now().unwrap().used, 0);
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let slot = START.0 / 1_200_000_000;
    let cell =
        (0_i64..50, 1_u64..100).prop_map(move |(age, calls)| Cell { slot: slot - age, usage: Usage::calls(calls) });
    ("[a-c]{1,2}", 0_u64..4, 0_u64..2, proptest::collection::vec(cell, 0..6)).prop_map(
        |(value, node, generation, mut cells)| {
            cells.sort_by_key(|cell| cell.slot);
            cells.dedup_by_key(|cell| cell.slot);
            let key = key(&value).sealed(Variant::Window, 60_000);
            Entry { key, origin: NodeId(node), generation, limit: 100, cells }
        },
    )
}

fn picture(ledger: &Ledger) -> Vec<String> {
    let mut all: Vec<_> = ledger
        .keys_by_use()
        .iter()
        .flat_map(|key| ledger.everything(key, START))
        .filter(|entry| !entry.cells.is_empty())
        .map(|mut entry| {
            entry.cells.sort_by_key(|cell| cell.slot);
            format!("{entry:?}")
        })
        .collect();
    all.sort();
    all
}

proptest! {
    #[test]
    fn merging_is_commutative_and_idempotent(entries in proptest::collection::vec(entry(), 0..30), seed: u64) {
        let one = Ledger::new(NodeId(99));
        for entry in &entries {
            one.merge(entry, START);
        }
        let two = Ledger::new(NodeId(99));
        let mut shuffled = entries.clone();
        shuffled.extend(entries.clone());
        let mut random = Random::new(seed);
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, random.below(index as u64 + 1) as usize);
        }
        for entry in &shuffled {
            two.merge(entry, START);
        }
        prop_assert_eq!(picture(&one), picture(&two));
    }

    #[test]
    fn what_is_written_reads_back(entries in proptest::collection::vec(entry(), 0..8), want_state: bool) {
        let seal = Seal::with_secret(b"s");
        let message = if want_state { Message::State } else { Message::Changes };
        let head = Head { message, sender: NodeId(3), sequence: 9, sent_at: START };
        let mut writer = Writer::new(head);
        let mut kept: Vec<_> = entries.into_iter().filter(|entry| writer.add(entry)).collect();
        if !want_state {
            kept.iter_mut().for_each(|entry| entry.origin = NodeId(3));
        }
        let bytes = writer.finish(&seal);
        let (read, body) = wire::open(&bytes, &seal).unwrap();
        prop_assert_eq!(read, head);
        prop_assert_eq!(body.entries().unwrap(), kept);
    }

    #[test]
    fn no_bytes_can_harm_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), good_head: bool) {
        let mut packet = if good_head { packet(&Seal::Trusting, 1, START, 1)[..29].to_vec() } else { Vec::new() };
        packet.extend(bytes);
        if let Ok((_, body)) = wire::open(&packet, &Seal::Trusting)
            && let Ok(entries) = body.entries()
        {
            let ledger = Ledger::new(NodeId(1));
            for entry in entries {
                ledger.merge(&entry, START);
            }
        }
    }
}

#[test]
fn a_change_is_repeated_and_then_no_more() {
    let mut cluster = cluster(2, Network::default(), 2);
    cluster.counters(0).check_rate(&key("k"), RateLimit::new(5, MINUTE), 1, START);
    let peer: SocketAddr = ([10, 0, 0, 1], 4290).into();
    let mut told = 0;
    for tick in 0..12_u32 {
        let now = START + SyncSettings::default().interval * tick;
        for packet in cluster.replica(0).tick(now) {
            let (head, body) = wire::open(&packet.bytes, &Seal::with_secret(b"simulation")).unwrap();
            assert_eq!(packet.to, peer);
            if head.message == Message::Changes {
                told += body.entries().unwrap().len();
            }
        }
    }
    assert_eq!(told, REPEATS as usize);
}

#[test]
fn what_cannot_be_true_is_not_believed() {
    let mut cluster = cluster(2, Network::default(), 4);
    let limit = RateLimit::new(100, MINUTE);
    let key = key("k").sealed(Variant::Window, 60_000);
    let own = cluster.counters(0).ledger().unwrap().id();
    let slot = START.0 / 1_200_000_000;
    let told = |origin: NodeId, generation: u64, slot: i64| {
        let cells = vec![Cell { slot, usage: Usage::calls(7) }];
        Entry { key, origin, generation, limit: 100, cells }
    };
    let tomorrow = u64::try_from(START.0 / 1_000_000 + 86_400_000).unwrap();
    for lie in [told(own, 0, slot), told(NodeId(7), tomorrow, slot), told(NodeId(7), 0, slot + 10)] {
        cluster.replica(0).restore(&[lie], START);
        let seen = cluster.counters(0).peek_rate(&CounterKey::new(Kind::RateLimitByKey, "", "k"), limit, START);
        assert_eq!(seen.now().unwrap().used, 0);
    }
    let ours = Seal::with_secret(b"simulation");
    let from: SocketAddr = ([10, 0, 0, 9], 4290).into();
    let sent = |message: Message, sender: NodeId| {
        Writer::new(Head { message, sender, sequence: 1, sent_at: START }).finish(&ours)
    };
    assert_eq!(cluster.replica(0).receive(from, &sent(Message::Changes, own), START), Err(Dropped::Own));
    let heartbeat = sent(Message::Heartbeat, NodeId(7));
    assert_eq!(cluster.replica(0).receive(from, &heartbeat, START), Err(Dropped::Malformed));
    // Signed, but larger than any packet may be.
    let mut large = sent(Message::Changes, NodeId(7))[..29].to_vec();
    large.resize(wire::LARGEST, 0);
    ours.close(&mut large);
    assert_eq!(cluster.replica(0).receive(from, &large, START), Err(Dropped::Malformed));
    assert_eq!(wire::open(&large, &ours).err(), Some(Dropped::Malformed));
    assert!(!cluster.replica(0).peers().any(|peer| peer == from), "who lies is no peer");
}

#[test]
fn peers_that_nobody_named_are_bounded_and_forgotten_when_they_are_silent() {
    let mut cluster = cluster(2, Network::default(), 4);
    let named: Vec<_> = cluster.replica(0).peers().collect();
    let ours = Seal::with_secret(b"simulation");
    for number in 0..1_100_u64 {
        let from: SocketAddr = ([10, 9, (number / 250) as u8, (number % 250) as u8], 4290).into();
        let head = Head { message: Message::Changes, sender: NodeId(1_000 + number), sequence: 1, sent_at: START };
        assert_eq!(cluster.replica(0).receive(from, &Writer::new(head).finish(&ours), START), Ok(()));
    }
    assert_eq!(cluster.replica(0).peers().count(), 1_024);
    cluster.replica(0).set_peers(&named, START + Duration::from_secs(59));
    assert_eq!(cluster.replica(0).peers().count(), 1_024);
    cluster.replica(0).set_peers(&named, START + Duration::from_secs(61));
    assert_eq!(cluster.replica(0).peers().collect::<Vec<_>>(), named);
}

#[test]
fn who_is_silent_is_called_in_every_interval() {
    let mut cluster = cluster(2, Network::default(), 4);
    let ours = Seal::with_secret(b"simulation");
    let peer = cluster.replica(0).peers().next().unwrap();
    assert_eq!(cluster.replica(0).receive(peer, &packet(&ours, 1, START, 1), START), Ok(()));
    let mut called = |tick: u32| {
        let packets = cluster.replica(0).tick(START + SyncSettings::default().interval * tick);
        packets.iter().any(|packet| packet.to == peer)
    };
    let early = (1..=15).filter(|tick| called(*tick)).count();
    assert!(early < 12, "a peer that was just heard is called now and then: {early}");
    assert!((16..40).all(called), "one that is silent is called always");
}
