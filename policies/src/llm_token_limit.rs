//! `llm-token-limit` and `azure-openai-token-limit`: tokens of language models per minute, per quota period, or both.
//!
//! The counters are those of all limits. What the prompt will cost is counted before the call when the policy says so, or when
//! the answer is asked for as a stream; the rest when the answer tells. One counter for each key value in the whole service;
//! of several policies with one key only the first counts a request.
//!
//! What no source settles: the rate is looked at before the quota; an estimate stays counted when the backend fails; what was
//! estimated too high is not given back.
//!
//! Source: token limit policy references; 429 and 403 as captured; `OpenAITokenLimitExceeded` and `OpenAITokenQuotaExceeded` as
//! measured by users; a quota is exceeded when consumption passes it, not when it reaches it.

use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_counters::{
    Algorithm, CalendarUnit, CounterKey, Kind as CounterKind, LazyMeter, Outcome, QuotaLimit, QuotaPeriod, Refusal,
    TokenLimit, Usage as Count,
};
use apimite_document::Element;
use apimite_policy::arg::{BoolArg, IntArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Gateways, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use futures_util::future::LocalBoxFuture;

use crate::limit::store_away;
use crate::llm::Usage;
use crate::llm::prompt::PromptType;
use crate::llm::report::{Names, Numbers, Shown};
use crate::llm::watch::{self, Report};

const ATTRIBUTES: &[Attr] = &[
    Attr::new("counter-key", Kind::Text).required(),
    Attr::new("tokens-per-minute", Kind::Int(0, u32::MAX as i64)),
    Attr::new("token-quota", Kind::Int(0, i64::MAX)),
    Attr::new("token-quota-period", Kind::OneOf(&["Indefinite", "Hourly", "Daily", "Weekly", "Monthly", "Yearly"]))
        .default("Indefinite"),
    Attr::new("estimate-prompt-tokens", Kind::Bool)
        .default("false")
        .differs("may be left out, as one of the reference's own examples does, though its table calls it required"),
    Attr::new("prompt-type", Kind::OneOf(&["auto", "chat-completion", "completion", "embeddings"]))
        .default("auto")
        .literal(),
    Attr::new("ignore-prompt", Kind::Bool).default("false").literal(),
    Attr::new("retry-after-header-name", Kind::Text).default("Retry-After").literal(),
    Attr::new("retry-after-variable-name", Kind::Text).literal(),
    Attr::new("remaining-tokens-header-name", Kind::Text).literal(),
    Attr::new("remaining-tokens-variable-name", Kind::Text).literal(),
    Attr::new("remaining-quota-tokens-header-name", Kind::Text).literal(),
    Attr::new("remaining-quota-tokens-variable-name", Kind::Text).literal(),
    Attr::new("tokens-consumed-header-name", Kind::Text).literal(),
    Attr::new("tokens-consumed-variable-name", Kind::Text).literal(),
];

const BASE: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    gateways: Gateways::ALL.without(Gateways::CONSUMPTION),
    attributes: ATTRIBUTES,
    raises: &["OpenAITokenLimitExceeded", "OpenAITokenQuotaExceeded"],
    differences: &[
        "tokens are counted with OpenAI's public vocabularies, whatever the model; of other makers' models the estimate is rough",
        "`Accept-Encoding` is taken off the request, so that the answer of the backend can be read",
    ],
    ..PolicyDef::new("llm-token-limit", "Limits the tokens of a language model per minute or period.", compile)
};

/// `llm-token-limit`
pub static LLM: PolicyDef = BASE;

/// `azure-openai-token-limit`
pub static AZURE_OPENAI: PolicyDef = PolicyDef {
    name: "azure-openai-token-limit",
    summary: "Limits the tokens of Azure OpenAI per minute or period.",
    ..BASE
};

struct Policy {
    key: TextArg,
    per_minute: Option<IntArg>,
    quota: Option<(IntArg, TextArg)>,
    estimate: BoolArg,
    kind: PromptType,
    ignore_prompt: bool,
    names: Arc<Names>,
    rate_meter: LazyMeter,
    quota_meter: LazyMeter,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs(Needs { request_body: true, ..Needs::default() });
    let key = cx.text(element, "counter-key");
    let per_minute = cx.optional_int(element, "tokens-per-minute");
    let quota = cx.optional_int(element, "token-quota");
    let period = cx.text(element, "token-quota-period");
    let estimate = cx.boolean(element, "estimate-prompt-tokens");
    let names = Names::read(element, cx);
    let (per_minute, quota) = (per_minute?, quota?);
    if per_minute.is_none() && quota.is_none() {
        let text = format!("'{}' needs `tokens-per-minute` or `token-quota`", element.name);
        return Err(cx.refuse(element.name_span, "token_limit::nothing", text, "add one of them, or both"));
    }
    if quota.is_none()
        && let Some(period) = element.attr("token-quota-period")
    {
        let text = "`token-quota-period` needs `token-quota`";
        return Err(cx.refuse(period.span(), "token_limit::period", text, "add `token-quota`, or remove the period"));
    }
    let kind = match cx.literal(element, "prompt-type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "chat-completion" => PromptType::Chat,
        "completion" => PromptType::Completion,
        "embeddings" => PromptType::Embeddings,
        _ => PromptType::Auto,
    };
    Ok(StepKind::io(Policy {
        key: key?,
        per_minute,
        quota: quota.map(|quota| period.map(|period| (quota, period))).transpose()?,
        estimate: estimate?,
        kind,
        ignore_prompt: cx.boolean(element, "ignore-prompt")?.as_literal() == Some(true),
        names: Arc::new(names?),
        rate_meter: LazyMeter::new(CounterKind::TokenRate, &cx.place(element)),
        quota_meter: LazyMeter::new(CounterKind::TokenQuota, &cx.place(element)),
    }))
}

fn period(text: &str) -> Result<QuotaPeriod, Fault> {
    let units = [
        ("Hourly", CalendarUnit::Hourly),
        ("Daily", CalendarUnit::Daily),
        ("Weekly", CalendarUnit::Weekly),
        ("Monthly", CalendarUnit::Monthly),
        ("Yearly", CalendarUnit::Yearly),
    ];
    let text = text.trim();
    if text.eq_ignore_ascii_case("Indefinite") {
        return Ok(QuotaPeriod::Never);
    }
    let unit = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    unit.map(|(_, unit)| QuotaPeriod::Calendar(*unit)).ok_or_else(|| {
        let text = format!("Expression evaluation failed. `{text}` is no value of token-quota-period.");
        Fault::internal(EXPRESSION_FAILED, text)
    })
}

/// Time to the end of the period, in whole seconds; `None` when there is no end.
fn left_of(period: QuotaPeriod, now: Timestamp) -> Option<Duration> {
    let end = period.bounds(now).end_unix_seconds;
    let seconds = u64::try_from(end.saturating_sub(now.unix_seconds())).unwrap_or(1);
    (end != i64::MAX).then(|| Duration::from_secs(seconds.max(1)))
}

/// Keys that a request was counted under.
#[derive(Default)]
struct Counted(Vec<CounterKey>);

/// The limits of one policy for one exchange.
struct Limits {
    rate: Option<Limited<TokenLimit>>,
    quota: Option<Limited<QuotaLimit>>,
    estimate: u64,
    ignore_prompt: bool,
}

struct Limited<T> {
    key: CounterKey,
    limit: T,
    /// Does an earlier policy count this request under this key?
    again: bool,
}

impl Limits {
    /// Counts what the answer used beyond the estimate; tells how many tokens that were in all.
    fn add(&self, usage: Usage, env: &Env) -> u64 {
        let used = if self.ignore_prompt { usage.completion } else { usage.total };
        let more = used.saturating_sub(self.estimate);
        let now = env.clock.now();
        let wait = |outcome: Outcome<()>| {
            if let Outcome::Pending(work) = outcome {
                (env.spawn)(work);
            }
        };
        if let Some(rate) = self.rate.as_ref().filter(|rate| more > 0 && !rate.again) {
            wait(env.counters.add_tokens(&rate.key, rate.limit, more, now));
        }
        if let Some(quota) = self.quota.as_ref().filter(|quota| more > 0 && !quota.again) {
            wait(env.counters.add_quota(&quota.key, &quota.limit, Count::calls(more), now));
        }
        used
    }

    /// What is left of both.
    async fn left(&self, env: &Env) -> Numbers {
        let now = env.clock.now();
        let mut numbers = Numbers::default();
        if let Some(rate) = &self.rate {
            numbers.remaining = Some(env.counters.peek_tokens(&rate.key, rate.limit, now).await.remaining);
        }
        if let Some(quota) = &self.quota {
            numbers.remaining_quota = env.counters.peek_quota(&quota.key, &quota.limit, now).await.remaining_calls;
        }
        numbers
    }
}

impl Policy {
    fn limits(&self, exchange: &mut Exchange) -> Result<Limits, Fault> {
        let key = self.key.get(exchange)?.into_owned();
        let algorithm = if exchange.service.tier.is_v2() { Algorithm::TokenBucket } else { Algorithm::SlidingWindow };
        let mut limits = Limits { rate: None, quota: None, estimate: 0, ignore_prompt: self.ignore_prompt };
        if let Some(tokens) = &self.per_minute {
            let tokens = u32::try_from(tokens.get(exchange)?.max(0)).unwrap_or(u32::MAX);
            let key = CounterKey::new(CounterKind::TokenRate, "", &key);
            let limit = TokenLimit::per_minute(tokens).with_algorithm(algorithm);
            limits.rate = Some(Limited { key, limit, again: count_once(exchange, key) });
        }
        if let Some((tokens, every)) = &self.quota {
            let tokens = u64::try_from(tokens.get(exchange)?).unwrap_or(0);
            let limit = QuotaLimit::calls(tokens, period(&every.get(exchange)?)?);
            let key = CounterKey::new(CounterKind::TokenQuota, "", &key);
            limits.quota = Some(Limited { key, limit, again: count_once(exchange, key) });
        }
        let wanted = self.estimate.get(exchange)?;
        if let Some(prompt) = watch::prompt(exchange)
            && !self.ignore_prompt
            // Source: with `stream` the prompt is always estimated.
            && (wanted || prompt.is_stream())
        {
            limits.estimate = prompt.tokens(self.kind);
        }
        Ok(limits)
    }

    /// Refuses, or counts the estimate.
    async fn check(&self, limits: &Limits, exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
        let (now, estimate) = (env.clock.now(), limits.estimate);
        // The quota counts nothing before the rate has admitted the request.
        let mut wait = None;
        if let Some(quota) = &limits.quota {
            // Source: exceeded is what passes the quota, not what reaches it; so one more than the quota is asked for.
            let most = quota.limit.calls.unwrap_or(0);
            let asked = QuotaLimit { calls: Some(most.saturating_add(1)), ..quota.limit };
            let decision = env.counters.peek_quota(&quota.key, &asked, now).await;
            if decision.refusal == Some(Refusal::StoreAway) {
                let wait = decision.retry_after.unwrap_or(Duration::from_secs(1));
                return Err(store_away(self.names.retry_header().clone(), wait));
            }
            let left = decision.remaining_calls.unwrap_or(0);
            // Where an earlier policy counts, the estimate is counted already.
            if left == 0 || !quota.again && estimate > 0 && estimate >= left {
                wait = Some(left_of(quota.limit.period, now));
            }
            self.quota_meter.of(&env.counters).note(wait.is_none(), left.saturating_sub(1), now);
        }
        if let Some(rate) = &limits.rate {
            let decision = if rate.again || wait.is_some() {
                env.counters.peek_tokens(&rate.key, rate.limit, now).await
            } else {
                env.counters.check_tokens(&rate.key, rate.limit, estimate, now).await
            };
            if decision.refusal == Some(Refusal::StoreAway) {
                return Err(store_away(self.names.retry_header().clone(), decision.retry_after));
            }
            let counted_and_fits = rate.again && estimate > 0 && decision.used <= u64::from(rate.limit.tokens);
            let admitted = decision.admitted || counted_and_fits;
            self.rate_meter.of(&env.counters).note(admitted, decision.remaining, now);
            if !admitted {
                return Err(self.names.rate_exceeded(exchange, decision.retry_after));
            }
        }
        if let Some(wait) = wait {
            return Err(self.names.quota_exceeded(exchange, wait));
        }
        if let Some(quota) = limits.quota.as_ref().filter(|quota| !quota.again && estimate > 0) {
            env.counters.add_quota(&quota.key, &quota.limit, Count::calls(estimate), now).await;
        }
        Ok(())
    }
}

/// Was this key counted before? From now on it is.
fn count_once(exchange: &mut Exchange, key: CounterKey) -> bool {
    if exchange.notes.get::<Counted>().is_none() {
        exchange.notes.put(Counted::default());
    }
    let Some(counted) = exchange.notes.get_mut::<Counted>() else { return false };
    let again = counted.0.contains(&key);
    if !again {
        counted.0.push(key);
    }
    again
}

impl Io for Policy {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let limits = self.limits(exchange)?;
            let refusal = self.check(&limits, exchange, env).await;
            let numbers = limits.left(env).await;
            let used = if refusal.is_ok() { limits.estimate } else { 0 };
            self.names.variables(exchange, numbers, used);
            let shown = self.names.on_answer(exchange, numbers);
            refusal?;
            let names = Arc::clone(&self.names);
            exchange.after_backend(move |exchange, env| {
                Box::pin(async move {
                    after(limits, &names, &shown, exchange, env).await;
                    Ok(())
                })
            });
            Ok(Flow::Next)
        })
    }
}

/// Counts what the answer used, as soon as that is known.
async fn after(limits: Limits, names: &Names, shown: &Shown, exchange: &mut Exchange, env: &Env) {
    match watch::report(exchange, env).await {
        Report::Told(usage) => {
            let used = limits.add(usage, env);
            let numbers = Numbers { consumed: Some(used), ..limits.left(env).await };
            names.variables(exchange, numbers, used);
            *shown.lock() = numbers;
        }
        later => later.then(exchange, env, move |usage, env| {
            limits.add(usage, env);
        }),
    }
}
