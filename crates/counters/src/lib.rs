//! Counters: rate limits, quotas, token limits and concurrency, exact on one gateway and kept in step across many.
//!
//! The page to read first is [`Counters`], the handle a policy calls. Every method takes the present instant as an
//! argument: nothing here reads a clock. Decisions of the memory store are made on the spot ([`Outcome::Ready`], no
//! future and, for a key that is known, no allocation); a store behind a network answers [`Outcome::Pending`].
//!
//! | question | method |
//! |---|---|
//! | may this call pass, and count it | [`Counters::check_rate`] |
//! | count a call whose increment waited for the response | [`Counters::add_rate`] |
//! | how many are left, without counting | [`Counters::peek_rate`] |
//! | calls and bytes of a fixed period | [`Counters::check_quota`], [`Counters::add_quota`] |
//! | tokens of a language model | [`Counters::check_tokens`], [`Counters::add_tokens`] |
//! | how many at a time | [`Counters::acquire`] |
//!
//! ```
//! use std::time::Duration;
//! use apimite_clock::Timestamp;
//! use apimite_counters::{CounterKey, Counters, Kind, RateLimit};
//! let counters = Counters::memory();
//! let key = CounterKey::new(Kind::RateLimitByKey, "", "10.0.0.7");
//! let limit = RateLimit::new(2, Duration::from_secs(60));
//! let now = Timestamp::from_unix_seconds(1_700_000_000);
//! assert_eq!(counters.check_rate(&key, limit, 1, now).now().unwrap().remaining, 1);
//! assert!(counters.check_rate(&key, limit, 1, now).now().unwrap().admitted);
//! let third = counters.check_rate(&key, limit, 1, now).now().unwrap();
//! assert!(!third.admitted);
//! assert_eq!(third.retry_after, Duration::from_secs(60));
//! ```

mod algorithm;
pub mod config;
mod counters;
mod decision;
mod inspect;
mod key;
mod limit;
mod limited;
mod memory;
mod meter;
mod metrics;
mod persist;
mod quota_periods;
#[cfg(feature = "redis")]
pub mod redis;
mod remote;
pub mod simulate;
mod start;
pub mod sync;
mod through;

pub use algorithm::period::PeriodBounds;
pub use counters::Counters;
pub use decision::{Decision, Outcome, QuotaDecision, Refusal};
pub use inspect::{CounterFilter, CounterView};
pub use key::{CounterKey, Kind};
pub use limit::{Algorithm, CalendarUnit, QuotaLimit, QuotaPeriod, RateLimit, RefusedCalls, TokenLimit, Usage};
pub use memory::concurrency::ConcurrencySlot;
pub use memory::{Memory, Swept};
pub use meter::{LazyMeter, Meter, MeterReading, Meters};
pub use metrics::Metrics;
pub use persist::{PersistError, QuotaKeeper};
pub use quota_periods::{QuotaChange, QuotaCounter};
pub use remote::AwayPolicy;
pub use start::{RunningCounters, StartError, start};
