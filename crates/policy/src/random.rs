//! Random numbers that need not be secret: request ids, `Random`, pool choices. The executable may fix the seed.

use std::cell::Cell;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Starts this thread's sequence from a seed.
pub fn seed(seed: u64) {
    STATE.with(|state| state.set(seed | 1));
}

/// The next 64 bits of this thread's sequence (SplitMix64); seeded from the address space and thread on first use.
pub fn next() -> u64 {
    STATE.with(|state| {
        let mut now = state.get();
        if now == 0 {
            now = fresh();
        }
        now = now.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state.set(now);
        let mut z = now;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// Entropy of the process, as the standard library's hash maps use it.
fn fresh() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish() | 1
}

/// A random (version 4) UUID.
pub fn uuid() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(((u128::from(next()) << 64) | u128::from(next())).to_be_bytes()).into_uuid()
}
