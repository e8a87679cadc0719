use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::Trace;

/// The last traces, by id; the oldest are forgotten first.
#[derive(Debug)]
pub struct Ring {
    traces: Mutex<VecDeque<Arc<Trace>>>,
    capacity: usize,
}

impl Ring {
    /// Holds at most `capacity` traces.
    pub fn new(capacity: usize) -> Self {
        Self { traces: Mutex::new(VecDeque::new()), capacity: capacity.max(1) }
    }

    /// Keeps a finished trace.
    pub fn push(&self, trace: Trace) {
        let mut traces = self.traces.lock();
        if traces.len() == self.capacity {
            traces.pop_front();
        }
        traces.push_back(Arc::new(trace));
    }

    /// The trace with this id.
    pub fn get(&self, id: &str) -> Option<Arc<Trace>> {
        self.traces.lock().iter().find(|trace| &*trace.id == id).cloned()
    }

    /// All that are kept, the oldest first.
    pub fn list(&self) -> Vec<Arc<Trace>> {
        self.traces.lock().iter().cloned().collect()
    }
}
