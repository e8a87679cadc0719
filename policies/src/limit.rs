//! What rate limits and quotas have in common: their headers and variables, their answers, the tier's algorithm.

mod increment;

use std::sync::Arc;
use std::time::Duration;

use apimite_counters::{
    Algorithm, CounterKey, Decision, Outcome, QuotaDecision, QuotaLimit, RateLimit, Refusal, RefusedCalls, Usage,
};
use apimite_document::Element;
use apimite_expr::Value;
use apimite_model::{RejectedCalls, Scope, Service};
use apimite_policy::compile::Compile;
use apimite_policy::def::Refused;
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use http::{HeaderName, HeaderValue, StatusCode};

pub(crate) use self::increment::Increment;

/// A rate limit counted as the service's tier and decisions say.
pub(crate) fn rate_limit(service: &Service, calls: u32, period: Duration) -> RateLimit {
    let algorithm = if service.tier.is_v2() { Algorithm::TokenBucket } else { Algorithm::SlidingWindow };
    let refused = match service.decisions.rejected_calls {
        RejectedCalls::DoNotCount => RefusedCalls::AddNothing,
        RejectedCalls::Count => RefusedCalls::Count,
    };
    RateLimit::new(calls, period).with_algorithm(algorithm).with_refused(refused)
}

/// Headers and variables that report a limit.
pub(crate) struct Report {
    retry_header: HeaderName,
    retry_variable: Option<Arc<str>>,
    remaining_header: Option<HeaderName>,
    remaining_variable: Option<Arc<str>>,
    total_header: Option<HeaderName>,
}

impl Report {
    /// Reads the five attributes.
    pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let mut header = |attribute: &str| match cx.literal(element, attribute) {
            Some(name) if !name.is_empty() => match HeaderName::try_from(name.as_str()) {
                Ok(name) => Ok(Some(name)),
                Err(_) => {
                    let at = element.attr(attribute).map_or(element.name_span, apimite_document::Text::span);
                    Err(cx.refuse(
                        at,
                        "limit::header",
                        format!("`{name}` is no header name"),
                        "use letters, digits and `-`",
                    ))
                }
            },
            _ => Ok(None),
        };
        let retry_header = header("retry-after-header-name")?.unwrap_or(http::header::RETRY_AFTER);
        let remaining_header = header("remaining-calls-header-name")?;
        let total_header = header("total-calls-header-name")?;
        let variable = |attribute: &str| cx.literal(element, attribute).filter(|name| !name.is_empty()).map(Arc::from);
        Ok(Self {
            retry_header,
            retry_variable: variable("retry-after-variable-name"),
            remaining_header,
            remaining_variable: variable("remaining-calls-variable-name"),
            total_header,
        })
    }

    /// Writes what a decision says: variables at once, headers on the answer.
    pub(crate) fn write(&self, exchange: &mut Exchange, decision: &Decision, total: u64) {
        if let Some(name) = &self.remaining_variable {
            exchange.variables.set(name, Value::Int(i32::try_from(decision.remaining).unwrap_or(i32::MAX)));
        }
        if let (Some(name), false) = (&self.retry_variable, decision.admitted) {
            let seconds = i32::try_from(decision.retry_after.as_secs()).unwrap_or(i32::MAX);
            exchange.variables.set(name, Value::Int(seconds));
        }
        if self.remaining_header.is_none() && self.total_header.is_none() {
            return;
        }
        let (remaining, total_header) = (self.remaining_header.clone(), self.total_header.clone());
        let left = decision.remaining;
        exchange.on_answer(move |response| {
            if let Some(name) = remaining {
                response.headers.insert(name, HeaderValue::from(left));
            }
            if let Some(name) = total_header {
                response.headers.insert(name, HeaderValue::from(total));
            }
        });
    }
}

/// Which requests a limit counts.
pub(crate) enum Target {
    /// All that reach the policy.
    Everything,
    /// Those of one API.
    Api(Named),
    /// Those of one operation, perhaps of one API.
    Operation(Option<Named>, Named),
}

/// A name or an id; the id wins.
#[derive(Clone)]
pub(crate) enum Named {
    Id(Box<str>),
    Name(Box<str>),
}

impl Named {
    fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Name(text) => text,
        }
    }

    fn fits(&self, id: &str, name: &str) -> bool {
        match self {
            Self::Id(wanted) => wanted.eq_ignore_ascii_case(id),
            Self::Name(wanted) => wanted.eq_ignore_ascii_case(name),
        }
    }
}

impl Target {
    /// Reads a child `api` or `operation`; `outer` is the `api` it stands in.
    pub(crate) fn read(element: &Element, outer: Option<&Self>, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let id = element.attr("id").map(|text| Named::Id(text.value().trim().into()));
        let name = element.attr("name").map(|text| Named::Name(text.value().trim().into()));
        let Some(named) = id.or(name) else {
            let text = format!("'{}' needs `name` or `id`", element.name);
            return Err(cx.refuse(element.name_span, "limit::name", text, "add one of them"));
        };
        Ok(match (&*element.name, outer) {
            ("api", _) => Self::Api(named),
            (_, Some(Self::Api(api))) => Self::Operation(Some(api.clone()), named),
            _ => Self::Operation(None, named),
        })
    }

    /// Does the request count?
    pub(crate) fn fits(&self, exchange: &Exchange) -> bool {
        let api = |wanted: &Named| exchange.api.as_ref().is_some_and(|api| wanted.fits(&api.id, &api.name));
        match self {
            Self::Everything => true,
            Self::Api(wanted) => api(wanted),
            Self::Operation(outer, wanted) => {
                outer.as_ref().is_none_or(api)
                    && exchange.operation.as_ref().is_some_and(|op| wanted.fits(&op.id, &op.name))
            }
        }
    }

    /// Tells the counters of one policy apart.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::Api(api) => format!("api:{}", api.text()),
            Self::Operation(api, operation) => {
                format!("api:{}/operation:{}", api.as_ref().map_or("", Named::text), operation.text())
            }
        }
    }
}

/// What the document of a scope belongs to: the same subscription has a counter for each.
pub(crate) fn owner(scope: Scope, exchange: &Exchange) -> String {
    let product = || exchange.caller.product.as_ref().map_or("", |product| &*product.id);
    let api = || exchange.api.as_ref().map_or("", |api| &*api.id);
    let operation = || exchange.operation.as_ref().map_or("", |operation| &*operation.id);
    match scope {
        Scope::Global | Scope::Workspace => scope.name().to_owned(),
        Scope::Product => format!("product:{}", product()),
        Scope::Api => format!("api:{}", api()),
        Scope::Operation => format!("api:{}/{}", api(), operation()),
    }
}

/// Counts the bytes of a finished exchange.
pub(crate) fn add_bytes(env: &Env, key: &CounterKey, quota: &QuotaLimit, bytes: u64) {
    if let Outcome::Pending(more) = env.counters.add_quota(key, quota, Usage::bytes(bytes), env.clock.now()) {
        (env.spawn)(more);
    }
}

/// 429 while the store of the counters is away and the configuration says to refuse: the caller is told to come again, no
/// failure of the gateway.
pub(crate) fn store_away(header: http::HeaderName, wait: Duration) -> Fault {
    Fault::refused(
        StatusCode::TOO_MANY_REQUESTS,
        "CounterStoreUnavailable",
        "The store of the counters does not answer.",
    )
    .header(header, HeaderValue::from(wait.as_secs().max(1)))
}

/// 429 of a rate limit.
pub(crate) fn exceeded(report: &Report, decision: &Decision) -> Fault {
    if decision.refusal == Some(Refusal::StoreAway) {
        return store_away(report.retry_header.clone(), decision.retry_after);
    }
    let seconds = decision.retry_after.as_secs();
    Fault::refused(StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded", "Rate limit is exceeded")
        .public(format!("Rate limit is exceeded. Try again in {seconds} seconds."))
        .header(report.retry_header.clone(), HeaderValue::from(seconds))
}

/// 403 of a quota. `bandwidth`: the bytes are used up, not the calls.
pub(crate) fn quota_exceeded(decision: &QuotaDecision, bandwidth: bool) -> Fault {
    if decision.refusal == Some(Refusal::StoreAway) {
        return store_away(http::header::RETRY_AFTER, decision.retry_after.unwrap_or(Duration::from_secs(1)));
    }
    let what = if bandwidth { "bandwidth" } else { "call volume" };
    match decision.retry_after {
        Some(wait) => {
            let text = format!("Out of {what} quota. Quota will be replenished in {}.", time_span(wait));
            Fault::refused(StatusCode::FORBIDDEN, "QuotaExceeded", text)
                .header(http::header::RETRY_AFTER, HeaderValue::from(wait.as_secs()))
        }
        None => Fault::refused(StatusCode::FORBIDDEN, "QuotaExceeded", format!("Out of {what} quota.")),
    }
}

/// A .NET `TimeSpan` in whole seconds: `00:30:02`, `14.07:13:56`.
fn time_span(wait: Duration) -> String {
    let seconds = wait.as_secs();
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match seconds / 86_400 {
        0 => clock,
        days => format!("{days}.{clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_written_as_a_time_span() {
        assert_eq!(time_span(Duration::from_secs(1802)), "00:30:02");
        assert_eq!(time_span(Duration::from_secs(14 * 86_400 + 7 * 3600 + 13 * 60 + 56)), "14.07:13:56");
    }
}
