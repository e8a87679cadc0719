//! What the server is told when it is back: what was counted without it, and which decisions it must take back, because it may have
//! made them but nobody got the answer.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::limit::Usage;
use crate::remote::{Act, Question};

/// Keys that are remembered; beyond this the oldest are given up.
const MOST: usize = 100_000;

/// Decisions without an answer that are remembered: as many as the journal in the server holds.
const MOST_UNANSWERED: usize = 1_024;

/// A queue of additions, where those of one key in a row are joined, and one of decisions without an answer.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    additions: Mutex<VecDeque<Question>>,
    unanswered: Mutex<VecDeque<(Question, u64)>>,
}

impl Owed {
    pub(crate) fn add(&self, question: Question) {
        if question.increment == Usage::default() {
            return;
        }
        let mut queue = self.additions.lock();
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
        self.additions.lock().pop_front()
    }

    /// The answer to the decision with this number got lost.
    pub(crate) fn add_unanswered(&self, question: Question, number: u64) {
        let mut queue = self.unanswered.lock();
        if queue.len() >= MOST_UNANSWERED {
            queue.pop_front();
        }
        queue.push_back((question, number));
    }

    pub(crate) fn take_unanswered(&self) -> Option<(Question, u64)> {
        self.unanswered.lock().pop_front()
    }
}
