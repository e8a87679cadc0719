//! What was counted while the server was away, to be told when it is back.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::limit::Usage;
use crate::remote::{Act, Question};

/// Keys that are remembered; beyond this the oldest are given up.
const MOST: usize = 100_000;

/// A queue of additions; those of one key in a row are joined.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<VecDeque<Question>>);

impl Owed {
    pub(crate) fn add(&self, question: Question) {
        let mut queue = self.0.lock();
        let same = |last: &&mut Question| last.key == question.key && last.rule == question.rule;
        if let Some(last) = queue.iter_mut().rev().take(16).find(same) {
            last.increment = last.increment.plus(question.increment);
            last.now = last.now.max(question.now);
            return;
        }
        if queue.len() >= MOST {
            queue.pop_front();
        }
        queue.push_back(Question { act: Act::Add, ..question });
    }

    pub(crate) fn take(&self) -> Option<Question> {
        self.0.lock().pop_front().filter(|question| question.increment != Usage::default())
    }
}
