//! Who is subscribed to which field, over all connections and threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use apimite_policy::exchange::Exchange;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// Most subscriptions of a gateway.
const MOST: usize = 10_000;

/// What was published, for one subscriber.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The subscription, as its client names it.
    pub(super) id: Arc<str>,
    /// Which of the subscriptions of that name it was.
    pub(super) number: u64,
    pub(super) data: Arc<Value>,
}

/// Where the events of a connection go.
#[derive(Clone, Debug)]
pub(super) struct Inbox {
    pub(super) sender: Sender<Event>,
    /// Did the connection lose events because it did not take them?
    pub(super) lagged: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    number: u64,
    inbox: Inbox,
}

/// Subscriptions by the field they are about.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    fields: Mutex<HashMap<Box<str>, Vec<Entry>>>,
    numbers: AtomicU64,
}

/// A subscription; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    hub: Arc<Hub>,
    field: Box<str>,
    pub(super) number: u64,
}

/// The name of a field of the exchange's API.
pub(crate) fn field_of(exchange: &Exchange, field: &str) -> String {
    let api = exchange.api.as_deref();
    let (id, revision) = api.map_or(("", ""), |api| (&*api.id, &*api.revision));
    format!("{id};{revision}/{field}")
}

impl Hub {
    /// Gives an event to everyone who is subscribed to the field; never waits. Whoever does not take events loses the subscription.
    pub(crate) fn publish(&self, field: &str, data: &Value) {
        let mut fields = self.fields.lock();
        let Some(entries) = fields.get_mut(field) else { return };
        let data = Arc::new(data.clone());
        entries.retain(|entry| {
            let event = Event { id: Arc::clone(&entry.id), number: entry.number, data: Arc::clone(&data) };
            match entry.inbox.sender.try_send(event) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    entry.inbox.lagged.store(true, Ordering::Release);
                    false
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
    }

    /// Subscribes; `None` when there are too many subscriptions already.
    pub(super) fn subscribe(self: &Arc<Self>, field: &str, id: &Arc<str>, inbox: Inbox) -> Option<Subscription> {
        let mut fields = self.fields.lock();
        if fields.values().map(Vec::len).sum::<usize>() >= MOST {
            return None;
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        fields.entry(field.into()).or_default().push(Entry { id: Arc::clone(id), number, inbox });
        Some(Subscription { hub: Arc::clone(self), field: field.into(), number })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut fields = self.hub.fields.lock();
        let Some(entries) = fields.get_mut(&self.field) else { return };
        entries.retain(|entry| entry.number != self.number);
        if entries.is_empty() {
            fields.remove(&self.field);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc::channel;

    use super::*;

    fn inbox(capacity: usize) -> (Inbox, tokio::sync::mpsc::Receiver<Event>) {
        let (sender, receiver) = channel(capacity);
        (Inbox { sender, lagged: Arc::default() }, receiver)
    }

    #[test]
    fn a_dropped_subscription_leaves_nothing_behind() {
        let hub = Arc::new(Hub::default());
        let (inbox, mut events) = inbox(4);
        let subscription = hub.subscribe("a;1/x", &"s1".into(), inbox).unwrap();
        hub.publish("a;1/x", &json!(1));
        hub.publish("a;1/y", &json!(2));
        assert_eq!(*events.try_recv().unwrap().data, json!(1));
        assert!(events.try_recv().is_err());
        drop(subscription);
        hub.publish("a;1/x", &json!(3));
        assert!(events.try_recv().is_err());
        assert!(hub.fields.lock().is_empty());
    }

    #[test]
    fn who_does_not_take_events_loses_the_subscription_and_no_one_else_does() {
        let hub = Arc::new(Hub::default());
        let ((slow, mut slow_events), (quick, mut quick_events)) = (inbox(2), inbox(8));
        let lagged = Arc::clone(&slow.lagged);
        let kept = (hub.subscribe("f", &"1".into(), slow).unwrap(), hub.subscribe("f", &"1".into(), quick).unwrap());
        for number in 0..5 {
            hub.publish("f", &json!(number));
        }
        assert!(lagged.load(Ordering::Acquire));
        let count =
            |events: &mut tokio::sync::mpsc::Receiver<Event>| std::iter::from_fn(|| events.try_recv().ok()).count();
        assert_eq!((count(&mut slow_events), count(&mut quick_events)), (2, 5));
        drop(kept);
        assert!(hub.fields.lock().is_empty());
    }

    #[test]
    fn a_gateway_has_a_most_of_subscriptions() {
        let hub = Arc::new(Hub::default());
        let (inbox, _events) = inbox(1);
        let id: Arc<str> = "1".into();
        let mut kept: Vec<_> = (0..MOST).map(|_| hub.subscribe("f", &id, inbox.clone()).unwrap()).collect();
        assert!(hub.subscribe("g", &id, inbox.clone()).is_none());
        kept.pop();
        assert!(hub.subscribe("g", &id, inbox).is_some());
    }
}
