//! Letting go of deeply nested objects without recursion: a chain of a million records must not end the thread's stack.

use std::cell::RefCell;
use std::sync::Arc;

use super::Value;

/// Something that may hold the next link of a chain.
pub(crate) enum Held {
    Value(Value),
    Code(Box<dyn Send>),
}

thread_local! {
    /// What waits to be let go; `None` when nothing is being let go.
    static WAITING: RefCell<Option<Vec<Held>>> = const { RefCell::new(None) };
}

/// Lets go of the parts of an object that is going away.
pub(crate) fn values(parts: impl IntoIterator<Item = Value>) {
    let mut last_owners = parts
        .into_iter()
        .filter(|part| matches!(part, Value::Object(object) if Arc::strong_count(object) == 1))
        .map(Held::Value)
        .peekable();
    if last_owners.peek().is_some() {
        release(last_owners.collect());
    }
}

/// Lets go of code with what it captured.
pub(crate) fn code(code: Box<dyn Send>) {
    release(vec![Held::Code(code)]);
}

fn release(held: Vec<Held>) {
    let mut held = Some(held);
    let draining = WAITING.try_with(|waiting| {
        let mut waiting = waiting.borrow_mut();
        match &mut *waiting {
            Some(list) => {
                list.extend(held.take().unwrap_or_default());
                false
            }
            None => {
                *waiting = Some(held.take().unwrap_or_default());
                true
            }
        }
    });
    if !matches!(draining, Ok(true)) {
        return;
    }
    loop {
        let next = WAITING.with(|waiting| waiting.borrow_mut().as_mut().and_then(Vec::pop));
        match next {
            Some(Held::Value(value)) => drop(value),
            Some(Held::Code(code)) => drop(code),
            None => break,
        }
    }
    WAITING.with(|waiting| *waiting.borrow_mut() = None);
}
