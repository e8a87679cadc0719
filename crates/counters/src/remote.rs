//! What a store behind a network is asked, and what it answers.

use std::pin::Pin;
use std::time::Duration;

use apimite_clock::Timestamp;

use crate::key::CounterKey;
use crate::limit::Usage;

/// How the question counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Window { limit: u32, period_nanos: i64, count_refused: bool },
    Bucket { limit: u32, period_nanos: i64 },
    Tokens { limit: u32, period_nanos: i64 },
    Fixed { calls: Option<u64>, bytes: Option<u64>, end_unix_seconds: i64 },
}

/// Ask, ask and count, or count without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Peek,
    Count,
    Add,
}

/// One question.
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "only a store behind a network reads it"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) key: CounterKey,
    pub(crate) rule: Rule,
    pub(crate) act: Act,
    pub(crate) increment: Usage,
    pub(crate) now: Timestamp,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) admitted: bool,
    pub(crate) used: Usage,
    pub(crate) wait_nanos: i64,
}

/// What happens to calls while the store is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AwayPolicy {
    /// This gateway counts alone, going on from what it has seen; what it admits is told to the store when that is back.
    #[default]
    Local,
    /// Calls are refused.
    Refuse,
}

pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A store behind a network. `None` means that it is away.
pub(crate) trait Remote: Send + Sync + std::fmt::Debug {
    fn ask(&self, question: Question) -> Answer<Option<Reply>>;

    /// Tells the store later, when it is back, what was counted without it.
    fn owe(&self, question: Question);

    fn away(&self) -> AwayPolicy;

    /// What `Retry-After` says when calls are refused because the store is away.
    fn retry_after(&self) -> Duration;

    /// The keys that exist, with the end of the period for quotas.
    fn keys(&self) -> Answer<Vec<(CounterKey, Option<i64>)>>;

    fn forget(&self, key: CounterKey) -> Answer<bool>;
}
