//! What token limits tell: their headers and variables, their refusals.

use std::sync::Arc;
use std::time::Duration;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::compile::Compile;
use apimite_policy::def::Refused;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use http::{HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;

/// Where a number is shown.
struct Place {
    header: Option<HeaderName>,
    variable: Option<Arc<str>>,
}

/// Headers and variables that report.
pub(crate) struct Names {
    retry_header: HeaderName,
    retry_variable: Option<Arc<str>>,
    remaining: Place,
    remaining_quota: Place,
    consumed: Place,
}

/// The numbers of one policy for one exchange.
#[derive(Clone, Copy, Default)]
pub(crate) struct Numbers {
    /// Tokens left of the rate.
    pub(crate) remaining: Option<u64>,
    /// Tokens left of the quota.
    pub(crate) remaining_quota: Option<u64>,
    /// Tokens used, once the answer told.
    pub(crate) consumed: Option<u64>,
}

/// The numbers that the headers of the answer will show.
pub(crate) type Shown = Arc<Mutex<Numbers>>;

/// What all token limits of an exchange show.
#[derive(Default)]
struct AllShown(Vec<Shown>);

/// An answer from a cache has used nothing.
///
/// Source: the consumed header reads 0 on a hit of the semantic cache, as measured by users.
pub(crate) fn answered_from_cache(exchange: &mut Exchange) {
    for shown in exchange.notes.take::<AllShown>().into_iter().flat_map(|all| all.0) {
        shown.lock().consumed = Some(0);
    }
}

fn number(value: u64) -> Value {
    match i32::try_from(value) {
        Ok(value) => Value::Int(value),
        Err(_) => Value::Long(i64::try_from(value).unwrap_or(i64::MAX)),
    }
}

impl Names {
    /// Reads the eight attributes.
    pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let mut header = |what: &str| {
            let attribute = format!("{what}-header-name");
            match cx.literal(element, &attribute).filter(|name| !name.is_empty()) {
                None => Ok(None),
                Some(name) => HeaderName::try_from(name.as_str()).map(Some).map_err(|_| {
                    let at = element.attr(&attribute).map_or(element.name_span, apimite_document::Text::span);
                    let text = format!("`{name}` is no header name");
                    cx.refuse(at, "limit::header", text, "use letters, digits and `-`")
                }),
            }
        };
        let retry_header = header("retry-after")?.unwrap_or(http::header::RETRY_AFTER);
        let headers = (header("remaining-tokens")?, header("remaining-quota-tokens")?, header("tokens-consumed")?);
        let variable = |what: &str| {
            let name = cx.literal(element, &format!("{what}-variable-name")).filter(|name| !name.is_empty());
            name.map(Arc::from)
        };
        Ok(Self {
            retry_header,
            retry_variable: variable("retry-after"),
            remaining: Place { header: headers.0, variable: variable("remaining-tokens") },
            remaining_quota: Place { header: headers.1, variable: variable("remaining-quota-tokens") },
            consumed: Place { header: headers.2, variable: variable("tokens-consumed") },
        })
    }

    /// The name of the header that says when to come again.
    pub(crate) const fn retry_header(&self) -> &HeaderName {
        &self.retry_header
    }

    /// Puts the numbers into the variables; `used` is what is known of the consumption so far.
    pub(crate) fn variables(&self, exchange: &mut Exchange, numbers: Numbers, used: u64) {
        let pairs = [
            (&self.remaining, numbers.remaining),
            (&self.remaining_quota, numbers.remaining_quota),
            (&self.consumed, Some(used)),
        ];
        for (place, value) in pairs {
            if let (Some(name), Some(value)) = (&place.variable, value) {
                exchange.variables.set(name, number(value));
            }
        }
    }

    /// The answer will show these numbers, as they are by then.
    pub(crate) fn on_answer(self: &Arc<Self>, exchange: &mut Exchange, numbers: Numbers) -> Shown {
        let shown: Shown = Arc::new(Mutex::new(numbers));
        if exchange.notes.get::<AllShown>().is_none() {
            exchange.notes.put(AllShown::default());
        }
        if let Some(all) = exchange.notes.get_mut::<AllShown>() {
            all.0.push(Arc::clone(&shown));
        }
        let (names, numbers) = (Arc::clone(self), Arc::clone(&shown));
        exchange.on_answer(move |response| {
            let numbers = numbers.lock();
            let pairs = [
                (&names.remaining, numbers.remaining),
                (&names.remaining_quota, numbers.remaining_quota),
                (&names.consumed, numbers.consumed),
            ];
            for (place, value) in pairs {
                if let (Some(name), Some(value)) = (&place.header, value) {
                    response.headers.insert(name.clone(), HeaderValue::from(value));
                }
            }
        });
        shown
    }

    /// 429 of the rate.
    pub(crate) fn rate_exceeded(&self, exchange: &mut Exchange, wait: Duration) -> Fault {
        let text = format!("Token limit is exceeded. Try again in {} seconds.", wait.as_secs());
        let fault = Fault::refused(StatusCode::TOO_MANY_REQUESTS, "OpenAITokenLimitExceeded", text);
        self.retry(exchange, fault, wait)
    }

    /// 403 of the quota; without end there is nothing to wait for.
    pub(crate) fn quota_exceeded(&self, exchange: &mut Exchange, wait: Option<Duration>) -> Fault {
        let refuse = |text: String| Fault::refused(StatusCode::FORBIDDEN, "OpenAITokenQuotaExceeded", text);
        match wait {
            None => refuse("Token quota is exceeded.".to_owned()),
            Some(wait) => {
                let fault = refuse(format!("Token quota is exceeded. Try again in {}.", words(wait.as_secs())));
                self.retry(exchange, fault, wait)
            }
        }
    }

    fn retry(&self, exchange: &mut Exchange, fault: Fault, wait: Duration) -> Fault {
        if let Some(name) = &self.retry_variable {
            exchange.variables.set(name, number(wait.as_secs()));
        }
        fault.header(self.retry_header.clone(), HeaderValue::from(wait.as_secs()))
    }
}

/// A wait in words, the largest units first.
///
/// Source: captured `Try again in 21 minutes and 33 seconds.`; days and hours by analogy.
fn words(seconds: u64) -> String {
    let units = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let unit = |(count, name): &(u64, &str)| format!("{count} {name}{}", if *count == 1 { "" } else { "s" });
    let mut parts: Vec<String> = units.iter().filter(|(count, _)| *count > 0).map(unit).collect();
    match (parts.pop(), parts.is_empty()) {
        (None, _) => "0 seconds".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_words() {
        assert_eq!(words(1293), "21 minutes and 33 seconds");
        assert_eq!(words(60), "1 minute");
        assert_eq!(words(90_061), "1 day, 1 hour, 1 minute and 1 second");
    }
}
