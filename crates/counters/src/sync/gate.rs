//! Who may come in: no packet twice, none from another time.

use std::collections::BTreeMap;
use std::time::Duration;

use apimite_clock::Timestamp;

use super::ledger::NodeId;
use super::wire::{Dropped, Head};

/// Packets older or newer than this by the sender's clock are dropped.
const FRESH: Duration = Duration::from_secs(30);
/// Senders that are remembered.
const MOST_SENDERS: usize = 4_096;

/// Which packets of a sender have been seen.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    newest: u64,
    /// Bit `i`: packet `newest - i` was seen.
    bits: u128,
    at: Timestamp,
}

impl Seen {
    fn is_new(&mut self, sequence: u64) -> bool {
        if sequence > self.newest {
            let shift = sequence - self.newest;
            self.bits = if shift >= 128 { 0 } else { self.bits << shift };
            self.bits |= 1;
            self.newest = sequence;
            return true;
        }
        let age = self.newest - sequence;
        if age >= 128 || self.bits >> age & 1 == 1 {
            return false;
        }
        self.bits |= 1 << age;
        true
    }
}

/// Remembers what came from whom.
#[derive(Debug, Default)]
pub(crate) struct Gate(BTreeMap<NodeId, Seen>);

impl Gate {
    /// Lets a signed packet in once, while it is fresh.
    pub(crate) fn admit(&mut self, head: Head, now: Timestamp) -> Result<(), Dropped> {
        let distance = now.since(head.sent_at).max(head.sent_at.since(now));
        if distance > FRESH {
            return Err(Dropped::Replay);
        }
        if self.0.len() >= MOST_SENDERS && !self.0.contains_key(&head.sender) {
            // Whoever was silent for so long can only be repeated with packets that are no longer fresh.
            self.0.retain(|_, seen| now - seen.at <= FRESH * 2);
            if self.0.len() >= MOST_SENDERS {
                return Err(Dropped::Replay);
            }
        }
        let seen = self.0.entry(head.sender).or_default();
        seen.at = now;
        if seen.is_new(head.sequence) { Ok(()) } else { Err(Dropped::Replay) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::Message;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn head(sender: u64, sequence: u64, sent_at: Timestamp) -> Head {
        Head { message: Message::Changes, sender: NodeId(sender), sequence, sent_at }
    }

    #[test]
    fn overtaken_packets_come_in_once_and_those_from_long_before_do_not() {
        let mut gate = Gate::default();
        let mut comes_in = |sequence: u64| gate.admit(head(1, sequence, NOW), NOW).is_ok();
        assert_eq!([comes_in(5), comes_in(3), comes_in(4), comes_in(3), comes_in(5)], [true, true, true, false, false]);
        assert_eq!([comes_in(131), comes_in(4), comes_in(6), comes_in(3)], [true, false, true, false]);
        assert_eq!([comes_in(1_000), comes_in(131), comes_in(999)], [true, false, true]);
    }

    #[test]
    fn only_so_many_senders_are_remembered_and_silent_ones_make_room() {
        let mut gate = Gate::default();
        for sender in 0..MOST_SENDERS as u64 {
            assert!(gate.admit(head(sender, 1, NOW), NOW).is_ok());
        }
        assert_eq!(gate.admit(head(9_999, 1, NOW), NOW), Err(Dropped::Replay));
        assert_eq!(gate.0.len(), MOST_SENDERS);
        let later = NOW + FRESH * 3;
        assert!(gate.admit(head(9_999, 1, later), later).is_ok());
        assert_eq!(gate.0.len(), 1);
    }
}
