//! Numbers for a monitoring system, in Prometheus' text format.
//!
//! | series | labels | what |
//! |---|---|---|
//! | `apimite_limit_admitted_total` | `policy`, `limit` | calls that the limit let pass |
//! | `apimite_limit_refused_total` | `policy`, `limit` | calls that it refused |
//! | `apimite_limit_remaining` | `policy`, `limit` | what the latest decision left for its key |
//! | `apimite_counters` | | counters kept in memory |
//! | `apimite_sync_*` | `reason` for dropped packets | node sync: members, intervals, packets, bytes |
//! | `apimite_redis_away` | | 1 while the Redis server does not answer |
//!
//! A limit is called by the policy and the place (file and line) where it stands.

use std::fmt::Write as _;

use crate::counters::Counters;

/// Writes the numbers of one gateway's counters; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) counters: Counters,
    #[cfg(feature = "sync")]
    pub(crate) node: Option<crate::sync::SyncView>,
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<crate::redis::RedisStore>,
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(any(feature = "sync", feature = "redis"))]
fn single(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    head(text, name, kind, help);
    let _ = writeln!(text, "{name} {value}");
}

/// A label's value, with what the format reserves escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Metrics {
    /// All numbers, as they are now.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.limits(&mut text);
        head(&mut text, "apimite_counters", "gauge", "Counters kept in memory.");
        let _ = writeln!(text, "apimite_counters {}", self.counters.store().len());
        #[cfg(feature = "sync")]
        if let Some(node) = &self.node {
            sync(&mut text, node);
        }
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.redis {
            let help = "1 while the Redis server does not answer.";
            single(&mut text, "apimite_redis_away", "gauge", help, u64::from(redis.is_away()));
        }
        text
    }

    fn limits(&self, text: &mut String) {
        let readings = self.counters.meters().read();
        type Pick = fn(&crate::MeterReading) -> u64;
        let series: [(&str, &str, &str, Pick); 3] = [
            ("apimite_limit_admitted_total", "counter", "Calls that a limit let pass.", |reading| reading.admitted),
            ("apimite_limit_refused_total", "counter", "Calls that a limit refused.", |reading| reading.refused),
            ("apimite_limit_remaining", "gauge", "What the latest decision left for its key.", |reading| {
                reading.remaining
            }),
        ];
        for (name, kind, help, pick) in series {
            head(text, name, kind, help);
            for reading in &readings {
                let (policy, limit) = (reading.kind.name(), escaped(&reading.limit));
                let _ = writeln!(text, "{name}{{policy=\"{policy}\",limit=\"{limit}\"}} {}", pick(reading));
            }
        }
    }
}

#[cfg(feature = "sync")]
fn sync(text: &mut String, node: &crate::sync::SyncView) {
    let stats = node.stats();
    let members = node.members().len() as u64;
    single(text, "apimite_sync_members", "gauge", "Other gateways that are alive.", members);
    for (name, help, value) in [
        ("apimite_sync_intervals_total", "Intervals of the exchange so far.", stats.intervals),
        ("apimite_sync_packets_sent_total", "Packets sent to other gateways.", stats.packets_sent),
        ("apimite_sync_bytes_sent_total", "Bytes sent to other gateways.", stats.bytes_sent),
        ("apimite_sync_packets_received_total", "Packets of other gateways that were used.", stats.packets_received),
        ("apimite_sync_deferred_total", "Keys that waited because the budget was spent.", stats.deferred),
        ("apimite_sync_skewed_total", "Counts dropped because they lie in the future.", stats.skewed),
    ] {
        single(text, name, "counter", help, value);
    }
    let name = "apimite_sync_dropped_total";
    head(text, name, "counter", "Packets dropped.");
    for (reason, value) in [
        ("malformed", stats.malformed),
        ("version", stats.other_version),
        ("signature", stats.forged),
        ("replay", stats.replayed),
    ] {
        let _ = writeln!(text, "{name}{{reason=\"{reason}\"}} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimite_clock::Timestamp;

    use crate::key::Kind;

    #[test]
    fn each_limit_is_a_line_with_its_place_and_reserved_characters_are_escaped() {
        let counters = Counters::memory();
        let meter = counters.meter(Kind::Concurrency, "a\\b \"c\":3");
        meter.note_slot(true, Timestamp(1));
        meter.note_slot(true, Timestamp(1));
        meter.note_slot(false, Timestamp(2));
        let metrics = Metrics {
            counters,
            #[cfg(feature = "sync")]
            node: None,
            #[cfg(feature = "redis")]
            redis: None,
        };
        let text = metrics.text();
        let labels = r#"{policy="limit-concurrency",limit="a\\b \"c\":3"}"#;
        assert!(text.contains(&format!("apimite_limit_admitted_total{labels} 2\n")), "{text}");
        assert!(text.contains(&format!("apimite_limit_refused_total{labels} 1\n")), "{text}");
        assert!(text.contains("# TYPE apimite_limit_remaining gauge\n"), "{text}");
        assert!(text.contains("\napimite_counters 0\n"), "{text}");
    }
}
