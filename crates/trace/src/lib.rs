//! What happened to one exchange: the events that Azure's API inspector shows, and their JSON form.
//!
//! A [`Trace`] exists only for a request that asked for one; when it is off, tracing costs one look at an `Option`.

mod ring;

pub use ring::Ring;

use apimite_clock::Timestamp;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Policy element or built-in step (`api-inspector`, `request-forwarder`).
    pub source: Box<str>,
    /// When.
    pub at: Timestamp,
    /// Text, or an object as Azure shows it.
    pub data: Json,
}

/// The events of one exchange, by section.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Trace id, a GUID.
    pub id: Box<str>,
    /// Service name.
    pub service: Box<str>,
    /// When the request came.
    pub started: Timestamp,
    sections: IndexMap<&'static str, Vec<Event>>,
}

impl Trace {
    /// A trace without events.
    pub fn new(id: impl Into<Box<str>>, service: impl Into<Box<str>>, started: Timestamp) -> Self {
        Self { id: id.into(), service: service.into(), started, sections: IndexMap::new() }
    }

    /// Adds an event.
    pub fn push(&mut self, section: &'static str, source: &str, at: Timestamp, data: Json) {
        self.sections.entry(section).or_default().push(Event { source: source.into(), at, data });
    }

    /// Adds an event that is a text.
    pub fn text(&mut self, section: &'static str, source: &str, at: Timestamp, message: &str) {
        self.push(section, source, at, json!({ "message": message }));
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.sections.values().map(Vec::len).sum()
    }

    /// Has nothing happened?
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The events of a section.
    pub fn section(&self, name: &str) -> &[Event] {
        self.sections.get(name).map_or(&[], Vec::as_slice)
    }

    /// One line of a list: id, request, status, when it came.
    pub fn summary(&self) -> Json {
        let data = |pointer: &str| self.sections.values().flatten().rev().find_map(|event| event.data.pointer(pointer));
        json!({
            "traceId": self.id,
            "timestamp": instant(self.started),
            "method": data("/request/method"),
            "url": self.sections.values().flatten().find_map(|event| event.data.pointer("/request/url")),
            "status": data("/response/status/code"),
        })
    }

    /// The JSON that `listTrace` answers.
    ///
    /// Source: REST specification example `ApiManagementGatewayListTrace`.
    pub fn to_json(&self) -> Json {
        let mut entries = serde_json::Map::new();
        for (section, events) in &self.sections {
            let list = events
                .iter()
                .map(|event| {
                    json!({
                        "source": event.source,
                        "timestamp": instant(event.at),
                        "elapsed": elapsed(event.at.since(self.started)),
                        "data": event.data,
                    })
                })
                .collect();
            entries.insert((*section).to_owned(), Json::Array(list));
        }
        json!({ "serviceName": self.service, "traceId": self.id, "traceEntries": entries })
    }
}

/// `hh:mm:ss.fffffff`
fn elapsed(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}.{:07}", seconds / 3600, seconds / 60 % 60, seconds % 60, duration.subsec_nanos() / 100)
}

/// `yyyy-MM-ddTHH:mm:ss.fffffffZ`
fn instant(at: Timestamp) -> String {
    let seconds = at.unix_seconds();
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Civil date from days since 1970-01-01, proleptic Gregorian.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * index + 2) / 5 + 1;
    let month = if index < 10 { index + 3 } else { index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let ticks = at.0.rem_euclid(1_000_000_000) / 100;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ticks:07}Z", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_carry_the_time_since_the_request_came() {
        let started = Timestamp(1_709_210_096_789_000_000);
        let mut trace = Trace::new("t", "svc", started);
        trace.text("inbound", "set-header", Timestamp(started.0 + 298_331_500), "done");
        let json = trace.to_json();
        let event = &json["traceEntries"]["inbound"][0];
        assert_eq!(event["elapsed"], "00:00:00.2983315");
        assert_eq!(event["timestamp"], "2024-02-29T12:34:57.0873315Z");
        assert_eq!(event["data"]["message"], "done");
    }
}
