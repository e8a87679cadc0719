//! The ways to count, as plain state machines: the present instant and the limit come in, an answer goes out.

pub(crate) mod bucket;
pub(crate) mod period;
pub(crate) mod quota;
pub(crate) mod ring;
pub(crate) mod tokens;
pub(crate) mod window;

/// What a state machine answers; nanoseconds until the same call would pass, zero when it does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) admitted: bool,
    pub(crate) used: u64,
    pub(crate) wait_nanos: i64,
}

/// Ask only, or ask and count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Peek,
    Count,
}
