//! The limits a policy asks for, as values that cannot be wrong.

use std::time::Duration;

/// How a rate is counted; the service's tier decides.
///
/// Source: classic tiers and the self-hosted gateway use a sliding window, the v2 tiers a token bucket
/// (rate limit policy implementation note of 2025).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// At most so many calls in any window of the period's length.
    #[default]
    SlidingWindow,
    /// A bucket of so many calls that refills evenly over the period.
    TokenBucket,
}

/// Do calls that this very limit refuses use up the limit?
///
/// Azure's overview can be read both ways; the countdown of `Retry-After` seen while a key is hit says no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RefusedCalls {
    /// A refused call adds nothing: who waits `Retry-After` seconds is admitted.
    #[default]
    AddNothing,
    /// A refused call counts like an admitted one: who keeps calling stays out.
    Count,
}

/// Calls per period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Most calls in a period.
    pub calls: u32,
    /// Length of the period; kept to the millisecond, at least one.
    pub period: Duration,
    /// How calls are counted.
    pub algorithm: Algorithm,
    /// Whether refused calls count.
    pub refused: RefusedCalls,
}

impl RateLimit {
    /// A sliding window in which refused calls add nothing.
    pub const fn new(calls: u32, period: Duration) -> Self {
        Self { calls, period, algorithm: Algorithm::SlidingWindow, refused: RefusedCalls::AddNothing }
    }

    /// The same limit counted as `algorithm` says.
    #[must_use]
    pub const fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The same limit with the given treatment of refused calls.
    #[must_use]
    pub const fn with_refused(self, refused: RefusedCalls) -> Self {
        Self { refused, ..self }
    }

    pub(crate) fn period_millis(&self) -> u32 {
        millis(self.period)
    }
}

fn millis(period: Duration) -> u32 {
    u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1)
}

/// Language model tokens per minute.
///
/// Calls are admitted while fewer than the limit are used; what one call uses beyond the limit is carried as a debt into
/// the following minutes. Source: `Retry-After` values above 60 seconds seen with small limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLimit {
    /// Most tokens in a period.
    pub tokens: u32,
    /// Length of the period; a minute in every policy of Azure.
    pub period: Duration,
    /// How tokens are counted.
    pub algorithm: Algorithm,
}

impl TokenLimit {
    /// So many tokens a minute, counted in a sliding window.
    pub const fn per_minute(tokens: u32) -> Self {
        Self { tokens, period: Duration::from_secs(60), algorithm: Algorithm::SlidingWindow }
    }

    /// The same limit counted as `algorithm` says.
    #[must_use]
    pub const fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    pub(crate) fn period_millis(&self) -> u32 {
        millis(self.period)
    }
}

/// Units of calendar quotas; each period starts where the UTC time is cut to the unit.
///
/// Source: llm-token-limit policy, attribute `token-quota-period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarUnit {
    /// From the full hour.
    Hourly,
    /// From midnight UTC.
    Daily,
    /// From Monday, midnight UTC.
    Weekly,
    /// From the first of the month.
    Monthly,
    /// From the first of January.
    Yearly,
}

/// When a quota is replenished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaPeriod {
    /// Never (a renewal period of 0).
    Never,
    /// Every so many seconds, counted from a start. Zero seconds mean never.
    Every {
        /// Length of a period, in seconds.
        seconds: u32,
        /// An instant at which a period starts, in seconds since 1970-01-01T00:00:00Z. `0001-01-01T00:00:00Z` (the
        /// default of `first-period-start`) is [`QuotaPeriod::YEAR_ONE`]; it does not fit a `Timestamp`.
        start_unix_seconds: i64,
    },
    /// With the calendar, in UTC.
    Calendar(CalendarUnit),
}

impl QuotaPeriod {
    /// `0001-01-01T00:00:00Z` in seconds since 1970-01-01T00:00:00Z.
    pub const YEAR_ONE: i64 = -62_135_596_800;

    /// The number that tells periods of one key apart inside a stored key.
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Never | Self::Every { seconds: 0, .. } => 0,
            Self::Every { seconds, .. } => seconds.min(u32::MAX - 8),
            Self::Calendar(CalendarUnit::Hourly) => u32::MAX - 4,
            Self::Calendar(CalendarUnit::Daily) => u32::MAX - 3,
            Self::Calendar(CalendarUnit::Weekly) => u32::MAX - 2,
            Self::Calendar(CalendarUnit::Monthly) => u32::MAX - 1,
            Self::Calendar(CalendarUnit::Yearly) => u32::MAX,
        }
    }
}

/// Calls and bytes (or tokens, as calls) in a fixed period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimit {
    /// Most calls in a period; for token quotas, most tokens.
    pub calls: Option<u64>,
    /// Most bytes in a period. The policies write kilobytes; the caller multiplies by 1024.
    pub bytes: Option<u64>,
    /// When it starts anew.
    pub period: QuotaPeriod,
}

impl QuotaLimit {
    /// A limit on calls alone.
    pub const fn calls(calls: u64, period: QuotaPeriod) -> Self {
        Self { calls: Some(calls), bytes: None, period }
    }
}

/// What a request used of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls (or tokens).
    pub calls: u64,
    /// Bytes of request and response.
    pub bytes: u64,
}

impl Usage {
    /// One call, no bytes.
    pub const ONE_CALL: Self = Self { calls: 1, bytes: 0 };

    /// `count` calls, no bytes.
    pub const fn calls(count: u64) -> Self {
        Self { calls: count, bytes: 0 }
    }

    /// `count` bytes, no call.
    pub const fn bytes(count: u64) -> Self {
        Self { calls: 0, bytes: count }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_add(other.calls), bytes: self.bytes.saturating_add(other.bytes) }
    }
}
