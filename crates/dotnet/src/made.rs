//! How much memory this thread has made: texts, objects and nodes of trees, counted where they are made.
//!
//! Whoever runs code of others compares two readings and holds the difference against a budget. A member that makes a text
//! cannot forget to count it, since nothing else makes one.

use std::cell::Cell;

/// Texts up to this many bytes stand in place: no memory is made for them.
pub const IN_PLACE: usize = 23;

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Counts bytes that are made.
#[inline]
pub fn note(bytes: usize) {
    MADE.set(MADE.get().wrapping_add(bytes as u64));
}

/// Counts a text that is made.
#[inline]
pub fn note_text(text: &str) {
    if text.len() > IN_PLACE {
        note(text.len() + 16);
    }
}

/// Bytes counted since the thread began, modulo 2^64.
#[inline]
pub fn so_far() -> u64 {
    MADE.get()
}
