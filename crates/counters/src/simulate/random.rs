//! Random numbers of a simulation: SplitMix64, the same on every machine for a seed.

/// A source of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below `end`, which is at least one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end.max(1))) >> 64) as u64
    }

    /// True that often.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.share() < share
    }

    /// Time to the next event of a stream of `rate` events per second, in nanoseconds.
    pub(crate) fn gap_nanos(&mut self, rate: f64) -> i64 {
        if rate <= 0.0 {
            return i64::MAX / 4;
        }
        (-(1.0 - self.share()).ln() / rate * 1e9) as i64
    }
}
