//! Looking inside: list, show, set and reset counters by policy, key and node.

use apimite_clock::Timestamp;

use crate::algorithm::period::PeriodBounds;
use crate::key::{CounterKey, KeyView, Kind, Variant};
use crate::limit::{CalendarUnit, QuotaPeriod, Usage};
use crate::memory::{Entry, Memory};
use crate::sync::NodeId;

/// Which counters are meant; an empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterFilter {
    /// Of this family of policies.
    pub kind: Option<Kind>,
    /// Of this scope, as a whole.
    pub scope: Option<String>,
    /// With this text anywhere in the key's value.
    pub value_contains: Option<String>,
    /// With this very value.
    pub value: Option<String>,
    /// Counted (also) by this gateway; needs node sync.
    pub node: Option<NodeId>,
}

impl CounterFilter {
    /// Only the key whose value is `value`.
    pub fn exactly(kind: Kind, value: &str) -> Self {
        // Long values are stored cut; the same cut makes them comparable.
        let kept = CounterKey::new(kind, "", value).value().to_owned();
        Self { kind: Some(kind), value: Some(kept), ..Self::default() }
    }

    pub(crate) fn matches(&self, view: &KeyView<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == view.kind)
            && self.scope.as_deref().is_none_or(|scope| scope == view.scope)
            && self.value.as_deref().is_none_or(|value| value == view.value)
            && self.value_contains.as_deref().is_none_or(|part| view.value.contains(part))
    }
}

/// One counter, for the eyes of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterView {
    /// The counter; [`crate::Counters::set`] and [`crate::Counters::reset`] take it back.
    pub key: CounterKey,
    /// Calls (or tokens, or callers inside) that count now; for a token bucket, milliseconds until it is full again.
    pub used: u64,
    /// Bytes that count now; quotas only.
    pub bytes: u64,
    /// Start and end of a quota's period.
    pub period: Option<PeriodBounds>,
    /// Length of a rate's period, in milliseconds.
    pub window_millis: Option<u32>,
    /// Who counted how much; empty without node sync.
    pub nodes: Vec<(NodeId, Usage)>,
}

/// The period that ends at `end` of a quota with this period code.
pub(crate) fn bounds_of(code: u32, end: i64) -> PeriodBounds {
    let unit = match u32::MAX - code {
        4 => CalendarUnit::Hourly,
        3 => CalendarUnit::Daily,
        2 => CalendarUnit::Weekly,
        1 => CalendarUnit::Monthly,
        0 => CalendarUnit::Yearly,
        _ if code == 0 => return PeriodBounds::ENDLESS,
        _ => {
            return PeriodBounds { start_unix_seconds: end.saturating_sub(code.into()), end_unix_seconds: end };
        }
    };
    QuotaPeriod::Calendar(unit).bounds(Timestamp::from_unix_seconds(end - 1))
}

impl Entry {
    pub(crate) fn used(&self, view: &KeyView<'_>, now: Timestamp) -> Usage {
        match self {
            Self::Window(window) => Usage::calls(window.clone().used_at(view.period_nanos(), now.0)),
            Self::Tokens(tokens) => Usage::calls(tokens.as_ref().clone().used_at(view.period_nanos(), now.0)),
            Self::Bucket(bucket) => Usage::calls(bucket.owed_millis(now.0)),
            Self::Fixed(fixed) | Self::Unsaved(fixed) => fixed.used,
            Self::Held(held) => Usage::calls(u64::from(*held)),
        }
    }
}

impl Memory {
    /// The counters that `filter` means and that count now, by kind, scope and value.
    pub fn list(&self, filter: &CounterFilter, now: Timestamp) -> Vec<CounterView> {
        let mut views = Vec::new();
        self.each(|bytes, entry| {
            let Some(view) = KeyView::read(bytes) else { return };
            if !filter.matches(&view) || entry.is_expired(bytes, now) {
                return;
            }
            if let Some(key) = CounterKey::from_bytes(bytes) {
                views.push(self.show(key, &view, entry, now));
            }
        });
        views.sort_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
        views
    }

    fn show(&self, key: CounterKey, view: &KeyView<'_>, entry: &Entry, now: Timestamp) -> CounterView {
        let used = entry.used(view, now);
        let period = match entry {
            Entry::Fixed(fixed) | Entry::Unsaved(fixed) => Some(bounds_of(view.period, fixed.end)),
            Entry::Window(_) | Entry::Tokens(_) | Entry::Bucket(_) | Entry::Held(_) => None,
        };
        let rate = matches!(view.variant, Some(Variant::Window | Variant::Bucket));
        CounterView {
            key,
            used: used.calls,
            bytes: used.bytes,
            period,
            window_millis: rate.then_some(view.period),
            nodes: Vec::new(),
        }
    }
}
