//! `log-to-eventhub`: sends a text to an event hub; here it is kept in memory.
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

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    attributes: &[
        Attr::new("logger-id", Kind::Text).required().literal(),
        Attr::new("partition-id", Kind::Text).literal(),
        Attr::new("partition-key", Kind::Text),
    ],
    content: Content::Text(Kind::Text, Expressions::Allowed),
    differences: &["events go to a local sink and to the URL configured for the logger; AMQP is not spoken"],
    ..PolicyDef::new("log-to-eventhub", "Logs a text; it is kept in memory.", compile)
};

/// Longest text, in bytes.
const LONGEST: usize = 200 * 1024;

struct LogToEventHub {
    logger: Box<str>,
    partition: Option<TextArg>,
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
        partition: id.or(key),
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
        let partition = self.partition.as_ref().map(|arg| arg.get(exchange)).transpose()?;
        let mut data = serde_json::Map::new();
        if let Some(partition) = partition {
            data.insert("partition".into(), partition.trim().into());
        }
        data.insert("text".into(), cut(&text, LONGEST).into());
        sinks::deliver(env, sinks::Kind::EventHub, &self.logger, data);
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
