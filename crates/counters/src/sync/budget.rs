//! How many bytes may be sent: a purse that fills with time and holds a second's worth.

use apimite_clock::Timestamp;

/// Bytes that may be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    per_second: u64,
    left: f64,
    at: Option<Timestamp>,
}

impl Budget {
    pub(crate) fn new(per_second: u64) -> Self {
        Self { per_second, left: 0.0, at: None }
    }

    /// Lets time pass.
    pub(crate) fn refill(&mut self, now: Timestamp) {
        let full = self.per_second as f64;
        match self.at {
            None => self.left = full / 4.0,
            Some(before) => self.left = full.min(self.left + full * now.since(before).as_secs_f64()),
        }
        self.at = Some(now);
    }

    pub(crate) fn left(&self) -> f64 {
        self.left
    }

    pub(crate) fn spend(&mut self, bytes: f64) {
        self.left -= bytes;
    }
}
