//! The embedder's side of an evaluation.

use std::any::{Any, TypeId};

/// What the embedder's rows read: one evaluation borrows it for as long as it runs.
///
/// A row asks with `cx.host::<Exchange>()`; the embedder answers for every Rust type that its rows ask for.
pub trait Host {
    /// The part of this Rust type.
    fn part(&self, id: TypeId) -> Option<&dyn Any>;

    /// Now, for `DateTime.UtcNow` and its relatives: ticks of 100 ns since 0001-01-01 UTC.
    fn utc_now_ticks(&self) -> i64 {
        0
    }

    /// 64 random bits, for `Guid.NewGuid`, `Random` without a seed, and generators.
    fn random(&self) -> u64 {
        0
    }
}

/// No embedder: for expressions that do not name `context`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn part(&self, _id: TypeId) -> Option<&dyn Any> {
        None
    }
}
