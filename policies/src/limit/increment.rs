//! How often a request counts: `increment-condition`, `increment-count`, and whether both wait for the response.

use apimite_counters::Outcome;
use apimite_document::Element;
use apimite_policy::arg::{BoolArg, IntArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::Refused;
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;

/// How often a request counts.
#[derive(Clone)]
pub(crate) struct Increment {
    condition: Option<BoolArg>,
    count: IntArg,
    waits: bool,
}

impl Increment {
    /// Reads both attributes; an expression in one of them, or `after`, makes the count wait for the response.
    pub(crate) fn read(element: &Element, after: bool, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let condition =
            element.attr("increment-condition").map(|text| cx.bool_arg(text, "increment-condition")).transpose();
        let count = cx.int(element, "increment-count");
        let (condition, count) = (condition?, count?);
        let waits = after || matches!(condition, Some(BoolArg::Code(_))) || matches!(count, IntArg::Code(_));
        Ok(Self { condition, count, waits })
    }

    /// How often the request counts now; not at all if that waits for the response.
    pub(crate) fn now(&self, exchange: &Exchange) -> Result<u64, Fault> {
        if self.waits { Ok(0) } else { self.calls(exchange) }
    }

    fn calls(&self, exchange: &Exchange) -> Result<u64, Fault> {
        match &self.condition {
            Some(condition) if !condition.get(exchange)? => Ok(0),
            _ => Ok(u64::try_from(self.count.get(exchange)?).unwrap_or(0)),
        }
    }

    /// Lets `add` count the request when the response is known, if it waits for that. What fails then counts nothing.
    pub(crate) fn afterwards(
        &self,
        exchange: &mut Exchange,
        add: impl FnOnce(&Env, u64) -> Outcome<()> + Send + 'static,
    ) {
        if !self.waits {
            return;
        }
        let own = self.clone();
        exchange.defer(move |exchange, env| match own.calls(exchange) {
            Ok(0) | Err(_) => None,
            Ok(count) => Some(Box::pin(add(env, count))),
        });
    }
}
