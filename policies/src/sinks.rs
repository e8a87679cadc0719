//! Where events and metrics of policies go: the last of them are kept in memory, for whoever asks.

use std::collections::VecDeque;

use apimite_clock::Timestamp;
use parking_lot::Mutex;

/// Most items that a sink keeps; the oldest go first.
const MOST: usize = 1000;

/// An event of `log-to-eventhub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was logged.
    pub at: Timestamp,
    /// Logger id.
    pub logger: Box<str>,
    /// Partition id or key, if one was named.
    pub partition: Option<Box<str>>,
    /// The text, at most 200 KB of it.
    pub text: Box<str>,
}

/// A value of `emit-metric`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// When it was emitted.
    pub at: Timestamp,
    /// Namespace.
    pub namespace: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// Value.
    pub value: f64,
    /// Names and values of the dimensions.
    pub dimensions: Vec<(Box<str>, Box<str>)>,
}

/// The last items of one kind.
#[derive(Debug)]
pub struct Sink<T>(Mutex<VecDeque<T>>);

impl<T> Default for Sink<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Sink<T> {
    /// Adds an item.
    pub fn add(&self, item: T) {
        let mut items = self.0.lock();
        if items.len() >= MOST {
            items.pop_front();
        }
        items.push_back(item);
    }

    /// What is kept, oldest first.
    pub fn items(&self) -> Vec<T> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sink_loses_its_oldest_items() {
        let sink = Sink::default();
        for number in 0..MOST + 5 {
            sink.add(number);
        }
        let items = sink.items();
        assert_eq!((items.len(), items[0]), (MOST, 5));
    }
}
