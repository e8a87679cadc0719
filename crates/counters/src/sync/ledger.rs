//! Who counted what: the mergeable side of the counters.

use std::sync::atomic::{AtomicU32, Ordering};

use ahash::RandomState;
use apimite_clock::Timestamp;
use dashmap::DashMap;
use parking_lot::Mutex;

use super::REPEATS;
use crate::algorithm::ring::{SLOTS, slot_length, slot_of};
use crate::inspect::bounds_of;
use crate::key::{CounterKey, KeyView, Variant};
use crate::limit::Usage;

/// One run of one gateway: drawn at random when it starts, so that a restarted gateway never continues an old number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text is no name of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a gateway; it is 16 hexadecimal digits, as `apimite counters show` prints them")]
pub struct NoNode(String);

impl std::str::FromStr for NodeId {
    type Err = NoNode;

    fn from_str(text: &str) -> Result<Self, NoNode> {
        u64::from_str_radix(text, 16).map(Self).map_err(|_| NoNode(text.to_owned()))
    }
}

/// What one gateway counted in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The slot of a rate (see the module's text), or the end of a quota's period in seconds since 1970.
    pub slot: i64,
    /// What was counted.
    pub usage: Usage,
}

#[derive(Clone, Copy, Debug)]
struct OwnCell {
    cell: Cell,
    /// The tick in which it last grew.
    changed: u32,
}

/// The entry of one key.
#[derive(Clone, Debug, Default)]
struct Account {
    generation: u64,
    limit: u32,
    /// Is the key in the queue of changes?
    queued: bool,
    /// Counted by this gateway and not sent yet.
    unsent: u64,
    own: Vec<OwnCell>,
    others: Vec<(NodeId, Vec<Cell>)>,
}

/// What one key would send, or merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: CounterKey,
    /// Who counted.
    pub origin: NodeId,
    /// How often the key was reset, as the instant of the latest reset; zero when never.
    pub generation: u64,
    /// The limit that was last asked for; buckets and token windows need it.
    pub limit: u32,
    /// The counts.
    pub cells: Vec<Cell>,
}

/// What a merge raised, to be added to the local counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Raised {
    /// The counter starts anew before the cells are added.
    pub(crate) reset: bool,
    pub(crate) cells: Vec<Cell>,
    /// Slots of the future, which no honest clock sends.
    pub(crate) skewed: u64,
}

/// Who counted what; shared between the request path (which records) and the replica (which sends and merges).
#[derive(Debug)]
pub struct Ledger {
    id: NodeId,
    tick: AtomicU32,
    accounts: DashMap<Box<[u8]>, Account, RandomState>,
    changed: Mutex<Vec<CounterKey>>,
}

/// How much later than now a slot may end: clocks differ.
const SKEW_NANOS: i64 = 2_000_000_000;

/// The slot of an instant for a key of that kind; a quota's slot depends on its limit and is given by the caller.
pub(crate) fn rate_slot(view: &KeyView<'_>, now: Timestamp) -> i64 {
    slot_of(now.0, view.period_nanos())
}

fn is_live(view: &KeyView<'_>, slot: i64, now: Timestamp) -> bool {
    match view.variant {
        Some(Variant::Window | Variant::Bucket) => slot + SLOTS as i64 > rate_slot(view, now),
        Some(Variant::Fixed) => slot > now.unix_seconds(),
        Some(Variant::Held) | None => false,
    }
}

fn is_future(view: &KeyView<'_>, slot: i64, now: Timestamp) -> bool {
    match view.variant {
        Some(Variant::Window | Variant::Bucket) => {
            slot > slot_of(now.0.saturating_add(SKEW_NANOS), view.period_nanos()) || slot < 0
        }
        // The period of a gateway whose clock was moved forward is none of ours yet.
        Some(Variant::Fixed) => {
            let started = bounds_of(view.period, slot).start_unix_seconds;
            started > now.unix_seconds().saturating_add(SKEW_NANOS / 1_000_000_000)
        }
        Some(Variant::Held) | None => false,
    }
}

impl Ledger {
    /// An empty ledger of the gateway `id`.
    pub fn new(id: NodeId) -> Self {
        let accounts = DashMap::with_capacity_and_hasher_and_shard_amount(0, RandomState::new(), 64);
        Self { id, tick: AtomicU32::new(REPEATS), accounts, changed: Mutex::default() }
    }

    /// This gateway.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Is no key known?
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn with<T>(&self, key: &CounterKey, act: impl FnOnce(&mut Account) -> T) -> T {
        if let Some(mut account) = self.accounts.get_mut(key.as_bytes()) {
            return act(&mut account);
        }
        act(&mut self.accounts.entry(key.as_bytes().into()).or_default())
    }

    fn queue(&self, key: &CounterKey, account: &mut Account) {
        if !account.queued {
            account.queued = true;
            self.changed.lock().push(*key);
        }
    }

    /// Notes what this gateway counted; `slot` is the present slot of the key.
    pub(crate) fn record(&self, key: &CounterKey, slot: i64, usage: Usage, limit: u32) {
        let tick = self.tick.load(Ordering::Relaxed);
        self.with(key, |account| {
            account.limit = limit;
            account.unsent = account.unsent.saturating_add(usage.calls);
            match account.own.iter_mut().rev().find(|own| own.cell.slot == slot) {
                Some(own) => {
                    own.cell.usage = own.cell.usage.plus(usage);
                    own.changed = tick;
                }
                None => {
                    let variant = key.view().variant;
                    if variant == Some(Variant::Fixed) {
                        account.own.retain(|own| own.cell.slot > slot);
                    } else {
                        account.own.retain(|own| own.cell.slot + SLOTS as i64 > slot);
                    }
                    account.own.push(OwnCell { cell: Cell { slot, usage }, changed: tick });
                }
            }
            self.queue(key, account);
        });
    }

    /// Starts a key anew, here and (with the next packets) everywhere.
    pub(crate) fn reset(&self, key: &CounterKey, now: Timestamp) {
        self.with(key, |account| {
            let instant = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
            account.generation = instant.max(account.generation + 1);
            account.own.clear();
            account.others.clear();
            account.unsent = account.unsent.saturating_add(1);
            self.queue(key, account);
        });
    }

    /// Merges what `entry` tells; the answer is to be added to the local counter.
    pub(crate) fn merge(&self, entry: &Entry, now: Timestamp) -> Raised {
        let mut raised = Raised::default();
        let view = entry.key.view();
        let mut cells: Vec<Cell> = Vec::with_capacity(entry.cells.len());
        for cell in &entry.cells {
            if is_future(&view, cell.slot, now) {
                raised.skewed += 1;
            } else if is_live(&view, cell.slot, now) {
                cells.push(*cell);
            }
        }
        let horizon = u64::try_from(now.0.saturating_add(SKEW_NANOS) / 1_000_000).unwrap_or(0);
        if entry.origin == self.id || entry.generation > horizon || (cells.is_empty() && entry.generation == 0) {
            return raised;
        }
        self.with(&entry.key, |account| {
            if entry.generation < account.generation {
                return;
            }
            if entry.generation > account.generation {
                *account = Account {
                    generation: entry.generation,
                    queued: account.queued,
                    limit: account.limit,
                    ..Account::default()
                };
                raised.reset = true;
            }
            if account.limit == 0 {
                account.limit = entry.limit;
            }
            let index = account.others.iter().position(|(origin, _)| *origin == entry.origin).unwrap_or_else(|| {
                account.others.push((entry.origin, Vec::new()));
                account.others.len() - 1
            });
            let known = &mut account.others[index].1;
            known.retain(|cell| is_live(&view, cell.slot, now));
            for cell in cells {
                match known.iter_mut().find(|old| old.slot == cell.slot) {
                    Some(old) => {
                        let more = Usage {
                            calls: cell.usage.calls.saturating_sub(old.usage.calls),
                            bytes: cell.usage.bytes.saturating_sub(old.usage.bytes),
                        };
                        if more != Usage::default() {
                            old.usage = old.usage.plus(more);
                            raised.cells.push(Cell { slot: cell.slot, usage: more });
                        }
                    }
                    None => {
                        known.push(cell);
                        raised.cells.push(cell);
                    }
                }
            }
        });
        raised
    }

    /// Begins the next tick; the keys that changed since the last one.
    pub(crate) fn next_tick(&self) -> (u32, Vec<CounterKey>) {
        let tick = self.tick.fetch_add(1, Ordering::Relaxed) + 1;
        (tick, std::mem::take(&mut *self.changed.lock()))
    }

    /// How urgent a change is: the share of its limit that others cannot see yet. `None` when there is nothing to tell.
    pub(crate) fn urgency(&self, key: &CounterKey) -> Option<f64> {
        let account = self.accounts.get(key.as_bytes())?;
        Some(account.unsent as f64 / f64::from(account.limit.max(1)))
    }

    /// What this gateway counted for `key` in the last [`REPEATS`] ticks, and whether it must be told again next time.
    pub(crate) fn take_changes(&self, key: &CounterKey, tick: u32) -> Option<(Entry, bool)> {
        let mut account = self.accounts.get_mut(key.as_bytes())?;
        account.unsent = 0;
        let recent = |own: &&OwnCell| own.changed + REPEATS >= tick;
        let cells: Vec<_> = account.own.iter().filter(recent).map(|own| own.cell).collect();
        let newest = account.own.iter().map(|own| own.changed).max().unwrap_or(0);
        let again = newest + REPEATS > tick;
        if !again {
            account.queued = false;
        }
        let (generation, limit) = (account.generation, account.limit);
        Some((Entry { key: *key, origin: self.id, generation, limit, cells }, again))
    }

    /// Everything that is known of `key` and still counts, by who counted it.
    pub(crate) fn everything(&self, key: &CounterKey, now: Timestamp) -> Vec<Entry> {
        let Some(account) = self.accounts.get(key.as_bytes()) else { return Vec::new() };
        let view = key.view();
        let entry = |origin: NodeId, cells: Vec<Cell>| Entry {
            key: *key,
            origin,
            generation: account.generation,
            limit: account.limit,
            cells: cells.into_iter().filter(|cell| is_live(&view, cell.slot, now)).collect(),
        };
        let own = entry(self.id, account.own.iter().map(|own| own.cell).collect());
        let others = account.others.iter().map(|(origin, cells)| entry(*origin, cells.clone()));
        std::iter::once(own)
            .chain(others)
            .filter(|entry| !entry.cells.is_empty() || (entry.generation > 0 && entry.origin == self.id))
            .collect()
    }

    /// All keys, the fullest first.
    pub(crate) fn keys_by_use(&self) -> Vec<CounterKey> {
        let mut keys: Vec<_> = self
            .accounts
            .iter()
            .filter_map(|pair| {
                let account = pair.value();
                let others = account.others.iter().flat_map(|(_, cells)| cells);
                let all = account.own.iter().map(|own| &own.cell).chain(others);
                let used: u64 = all.map(|cell| cell.usage.calls).sum();
                let share = used.saturating_mul(1_000) / u64::from(account.limit.max(1));
                Some((std::cmp::Reverse(share), CounterKey::from_bytes(pair.key())?))
            })
            .collect();
        keys.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.as_bytes().cmp(b.1.as_bytes())));
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// What each gateway counted for `key`, for the eyes of an operator.
    pub fn by_node(&self, key: &CounterKey, now: Timestamp) -> Vec<(NodeId, Usage)> {
        self.everything(key, now)
            .into_iter()
            .map(|entry| {
                let total = entry.cells.iter().fold(Usage::default(), |sum, cell| sum.plus(cell.usage));
                (entry.origin, total)
            })
            .collect()
    }

    /// Gives back what no longer counts.
    pub fn sweep(&self, now: Timestamp) {
        let hour_ago = u64::try_from(now.0 / 1_000_000 - 3_600_000).unwrap_or(0);
        self.accounts.retain(|key, account| {
            let Some(view) = KeyView::read(key) else { return false };
            account.own.retain(|own| is_live(&view, own.cell.slot, now));
            account.others.retain_mut(|(_, cells)| {
                cells.retain(|cell| is_live(&view, cell.slot, now));
                !cells.is_empty()
            });
            account.queued || !account.own.is_empty() || !account.others.is_empty() || account.generation > hour_ago
        });
    }
}

/// The instant at which a remote slot is taken to have ended, for buckets.
pub(crate) fn slot_end(view: &KeyView<'_>, slot: i64) -> i64 {
    (slot + 1).saturating_mul(slot_length(view.period_nanos()))
}
