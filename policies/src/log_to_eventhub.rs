//! `log-to-eventhub`: sends a text to an event hub: to the local sink and, when the logger has a connection string, to Event Hubs.
//!
//! Source: log-to-eventhub policy reference: cut at 200 KB, never sampled.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Expressions, Gateways, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Now, StepKind};
use serde_json::Map;

use crate::messaging::{Outgoing, Partition, send};
use crate::token_issuer::SYSTEM_IDENTITY;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    attributes: &[
        Attr::new("logger-id", Kind::Text).required().literal(),
        Attr::new("partition-id", Kind::Text).literal(),
        Attr::new("partition-key", Kind::Text),
    ],
    content: Content::Text(Kind::Text, Expressions::Allowed),
    differences: &[
        "events go to a local sink, and to the URL or the Event Hubs namespace configured for the logger in `[sinks.post]`, over HTTPS",
    ],
    ..PolicyDef::new("log-to-eventhub", "Sends a text to an event hub.", compile)
};

/// Longest text, in bytes.
const LONGEST: usize = 200 * 1024;

struct LogToEventHub {
    logger: Box<str>,
    partition_id: Option<TextArg>,
    partition_key: Option<TextArg>,
    text: TextArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let id = cx.optional_text(element, "partition-id")?;
    let key = cx.optional_text(element, "partition-key")?;
    if id.is_some() && key.is_some() {
        return Err(cx.refuse(
            element.name_span,
            "log_to_eventhub::partition",
            "`partition-id` and `partition-key` exclude each other",
            "keep one",
        ));
    }
    Ok(StepKind::now(LogToEventHub {
        logger: cx.literal(element, "logger-id").unwrap_or_default().into(),
        partition_id: id,
        partition_key: key,
        text: cx.content(element)?,
    }))
}

/// At most this many bytes, whole characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

impl Now for LogToEventHub {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let text = self.text.get(exchange)?;
        let value = |arg: &TextArg| arg.get(exchange).map(|text| text.trim().to_owned());
        let partition = match (&self.partition_id, &self.partition_key) {
            (Some(id), _) => Some(Partition::Id(value(id)?)),
            (None, Some(key)) => Some(Partition::Key(value(key)?)),
            (None, None) => None,
        };
        let mut data = Map::new();
        if let Some(Partition::Id(text) | Partition::Key(text)) = &partition {
            data.insert("partition".into(), text.as_str().into());
        }
        let text = cut(&text, LONGEST);
        data.insert("text".into(), text.into());
        let outgoing = Outgoing {
            kind: sinks::Kind::EventHub,
            to: &self.logger,
            namespace: None,
            partition,
            client: SYSTEM_IDENTITY,
            text,
            properties: &Map::new(),
        };
        send(env, data, &outgoing)?;
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("", 3), "");
    }
}
