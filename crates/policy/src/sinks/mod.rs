//! Where events, metrics and messages of policies go: the last of each kind are kept for whoever asks; a file and real
//! endpoints besides, when they are configured.

mod bus;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use apimite_clock::Timestamp;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::body::Body;
use crate::env::{Call, CallOptions, Env};
use crate::url::Url;

pub use self::bus::Bus;

/// Most items of one kind that are kept; the oldest go first.
const MOST: usize = 1000;

/// What kind of thing is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `log-to-eventhub`
    EventHub,
    /// `emit-metric` and the metrics of language models.
    Metric,
    /// `send-service-bus-message`
    ServiceBus,
    /// `publish-event`
    GraphQl,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::EventHub, Self::Metric, Self::ServiceBus, Self::GraphQl];

    /// Its name in files, routes and tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventHub => "eventhub",
            Self::Metric => "metric",
            Self::ServiceBus => "service-bus",
            Self::GraphQl => "graphql",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A thing that a policy delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: Kind,
    /// Where to: logger, namespace of the metric, queue or topic, subscription field.
    pub to: Box<str>,
    /// What, by kind.
    pub data: Map<String, Value>,
}

impl Delivered {
    /// One object: kind, time, destination and what the kind has.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("sink".into(), self.kind.name().into());
        object.insert("at".into(), self.at.unix_seconds().into());
        object.insert("to".into(), (&*self.to).into());
        object.extend(self.data.clone());
        Value::Object(object)
    }
}

/// Writes a line somewhere; called on the threads that serve requests, so it must not wait.
pub type Writer = Box<dyn Fn(String) + Send + Sync>;

/// Where what goes to a destination is posted.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// As it is, to a URL.
    Url(Url),
    /// To a namespace, in its protocol.
    Bus(Arc<Bus>),
}

impl Endpoint {
    /// Reads a URL or a connection string.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("endpoint=")) {
            return Bus::parse(text).map(|bus| Self::Bus(Arc::new(bus)));
        }
        Url::parse(text).ok().map(Self::Url)
    }
}

/// What was delivered.
#[derive(Default)]
pub struct Sinks {
    kept: Mutex<[VecDeque<Delivered>; 4]>,
    writer: Option<Writer>,
    endpoints: HashMap<Box<str>, Endpoint>,
}

impl std::fmt::Debug for Sinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sinks")
    }
}

impl Sinks {
    /// With a writer of lines of JSON, and endpoints that what goes to a destination is posted to.
    pub fn new(writer: Option<Writer>, endpoints: HashMap<Box<str>, Endpoint>) -> Self {
        Self { kept: Mutex::default(), writer, endpoints }
    }

    /// What is kept of a kind, oldest first.
    pub fn items(&self, kind: Kind) -> Vec<Delivered> {
        self.kept.lock()[kind as usize].iter().cloned().collect()
    }

    /// Forgets what is kept of a kind, and tells how much that was.
    pub fn clear(&self, kind: Kind) -> usize {
        let items = &mut self.kept.lock()[kind as usize];
        let count = items.len();
        items.clear();
        count
    }

    /// The namespace that what goes to a destination is sent to, if it is one.
    pub fn bus(&self, to: &str) -> Option<Arc<Bus>> {
        match self.endpoints.get(to) {
            Some(Endpoint::Bus(bus)) => Some(Arc::clone(bus)),
            _ => None,
        }
    }

    fn keep(&self, item: Delivered) {
        let items = &mut self.kept.lock()[item.kind as usize];
        if items.len() >= MOST {
            items.pop_front();
        }
        items.push_back(item);
    }
}

/// Delivers an item: keeps it, writes it, posts it to the endpoint of its destination. Never fails and never waits.
pub fn deliver(env: &Env, kind: Kind, to: &str, data: Map<String, Value>) {
    let sinks = env.shared.get_or_make(Sinks::default);
    let item = Delivered { at: env.clock.now(), kind, to: to.into(), data };
    if let Some(writer) = &sinks.writer {
        writer(item.json().to_string());
    }
    if let Some(Endpoint::Url(url)) = sinks.endpoints.get(to) {
        let call = call(url, &item);
        let own = env.clone();
        // What becomes of it is nobody's business: Azure sends these in the background too.
        (env.spawn)(Box::pin(async move { drop(own.client.send(call).await) }));
    }
    sinks.keep(item);
}

/// A text as it is (an event, a message); anything else as JSON.
fn call(url: &Url, item: &Delivered) -> Call {
    let text = item.data.get("text").or_else(|| item.data.get("payload")).and_then(Value::as_str);
    let kind = if text.is_some() { "text/plain; charset=utf-8" } else { "application/json" };
    let mut headers = HeaderMap::new();
    headers.insert(http::header::HOST, url.host_header());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(properties) = item.data.get("properties").filter(|properties| properties.is_object())
        && let Ok(value) = HeaderValue::from_str(&properties.to_string())
    {
        headers.insert("brokerproperties", value);
    }
    let body = text.map_or_else(|| item.json().to_string(), str::to_owned);
    headers.insert(http::header::CONTENT_LENGTH, body.len().into());
    let options = CallOptions { timeout: std::time::Duration::from_secs(30), ..CallOptions::default() };
    Call { method: Method::POST, url: url.clone(), headers, body: Body::text(body), options }
}

/// The data of a metric.
pub fn metric(name: &str, value: f64, dimensions: &[(Box<str>, Box<str>)]) -> Map<String, Value> {
    let dimensions: Map<String, Value> =
        dimensions.iter().map(|(name, value)| (name.to_string(), (&**value).into())).collect();
    // A whole number is written as one.
    let value = if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) };
    let mut data = Map::new();
    data.insert("name".into(), name.into());
    data.insert("value".into(), value);
    data.insert("dimensions".into(), dimensions.into());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sink_loses_its_oldest_items_and_keeps_those_of_other_kinds() {
        let sinks = Sinks::default();
        let item = |kind, number: usize| Delivered {
            at: Timestamp::from_unix_seconds(0),
            kind,
            to: number.to_string().into(),
            data: Map::new(),
        };
        sinks.keep(item(Kind::Metric, 0));
        for number in 0..MOST + 5 {
            sinks.keep(item(Kind::EventHub, number));
        }
        let items = sinks.items(Kind::EventHub);
        assert_eq!((items.len(), &*items[0].to), (MOST, "5"));
        assert_eq!((sinks.clear(Kind::Metric), sinks.items(Kind::Metric).len()), (1, 0));
    }

    #[test]
    fn an_item_is_one_object() {
        let data = metric("Total Tokens", 12.0, &[("API ID".into(), "a".into())]);
        let item = Delivered { at: Timestamp::from_unix_seconds(7), kind: Kind::Metric, to: "ns".into(), data };
        let wanted =
            r#"{"sink":"metric","at":7,"to":"ns","name":"Total Tokens","value":12,"dimensions":{"API ID":"a"}}"#;
        assert_eq!(item.json().to_string(), wanted);
        assert_eq!(metric("x", 1.5, &[])["value"], json!(1.5));
    }
}
