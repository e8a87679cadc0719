//! Counters in a Redis server: exact across gateways, one atomic round trip for each decision.
//!
//! Every decision is one call of one script ([`SCRIPT`]). All gateways that use the same server and prefix share their
//! counters. Time is the gateways' own (so virtual time works), never earlier than the latest call of the key.
//!
//! When the server does not answer within the timeout it is *away*: that is logged once, decisions are made as
//! [`AwayPolicy`] says without waiting for it, and a probe every half second finds out when it is back, which is logged too. Under
//! [`AwayPolicy::Local`] this gateway goes on counting from what it has seen itself, and tells the server afterwards what it
//! admitted meanwhile.
//!
//! A decision whose answer got lost may have been counted. Each gateway keeps a journal in the server, of what its latest 1,024
//! decisions counted; when the server is back, those without an answer are taken back. So over a server that keeps what it
//! acknowledged (`appendfsync always`) exactly the limit is admitted, also when it is killed in the middle.

mod connect;
mod owed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::ConnectionManager;

use apimite_clock::Timestamp;
pub use connect::{RedisSettings, StoreError, connect};
use connect::{explain, manage, sign_in};
use owed::Owed;

use crate::algorithm::window::EXACT_UP_TO;
use crate::key::{CounterKey, Kind};
use crate::limit::Usage;
use crate::remote::{Act, Answer, AwayPolicy, Question, Remote, Reply, Rule};

/// The script that decides; Redis caches it by its digest.
pub const SCRIPT: &str = include_str!("redis/decide.lua");

/// The script that takes back a decision.
const UNDO: &str = include_str!("redis/undo.lua");

/// How much longer than its window a key lives in Redis, in milliseconds: time of the gateways may be frozen or lag.
const SPARE_MILLIS: u64 = 60_000;
const PROBE_EVERY: Duration = Duration::from_millis(500);

struct Shared {
    connection: ConnectionManager,
    script: redis::Script,
    undo: redis::Script,
    /// The name of this gateway's journal, drawn anew at each start.
    journal: String,
    /// The number of the latest decision.
    decisions: AtomicU64,
    settings: RedisSettings,
    is_away: AtomicBool,
    owed: Owed,
}

/// The store; cheap to clone, clones share one connection. Needs a tokio runtime.
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisStore").field(&self.0.settings).finish()
    }
}

impl RedisStore {
    /// Connects, signs in and tries the script, on a counter that nobody uses.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the password or the script, or is no Redis.
    pub async fn connect(settings: RedisSettings) -> Result<Self, StoreError> {
        let (client, mut first) = sign_in(&settings).await?;
        let connection = manage(client, &settings).await?;
        let mut run = [0; 8];
        aws_lc_rs::rand::fill(&mut run).map_err(|_| StoreError::Randomness)?;
        let journal = format!("{}!{:016x}", settings.prefix, u64::from_le_bytes(run));
        let store = Self(Arc::new(Shared {
            connection,
            script: redis::Script::new(SCRIPT),
            undo: redis::Script::new(UNDO),
            journal,
            decisions: AtomicU64::new(0),
            settings,
            is_away: AtomicBool::new(false),
            owed: Owed::default(),
        }));
        let key = CounterKey::new(Kind::RateLimit, "", "");
        let rule = Rule::Window { limit: 1, period_nanos: 1_000_000_000, count_refused: false };
        let question = Question { key, rule, act: Act::Peek, increment: Usage::default(), now: Timestamp(0) };
        match store.0.invocation(&question, 0).invoke_async::<(i64, i64, i64)>(&mut first).await {
            Ok(_) => Ok(store),
            Err(error) => Err(explain(&store.0.settings, &error).await),
        }
    }

    /// The connection, for the external cache: it reconnects by itself.
    pub fn connection(&self) -> ConnectionManager {
        self.0.connection.clone()
    }

    /// Is the server away at present?
    pub fn is_away(&self) -> bool {
        self.0.is_away.load(Ordering::Relaxed)
    }

    async fn run(&self, question: &Question) -> Option<Reply> {
        let mut connection = self.0.connection.clone();
        let number = self.0.number(question);
        let invocation = self.0.invocation(question, number);
        let call = invocation.invoke_async::<(i64, i64, i64)>(&mut connection);
        let failure = match tokio::time::timeout(self.0.settings.timeout, call).await {
            Ok(Ok((admitted, used, third))) => return Some(reply(question, admitted, used, third)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {:?}", self.0.settings.timeout),
        };
        if number > 0 {
            self.0.owed.add_unanswered(*question, number);
        }
        self.went_away(&failure);
        None
    }

    fn went_away(&self, why: &str) {
        if self.0.is_away.swap(true, Ordering::AcqRel) {
            return;
        }
        let policy = match self.0.settings.away {
            AwayPolicy::Local => "this gateway counts alone until it is back",
            AwayPolicy::Refuse => "calls with limits are refused until it is back",
        };
        tracing::warn!(server = %self.0.settings.address(), error = why, "redis is away, {policy}");
        let store = self.clone();
        tokio::spawn(async move { store.heal().await });
    }

    /// Probes until the server answers, pays what is owed, and takes it back into service.
    async fn heal(self) {
        loop {
            tokio::time::sleep(PROBE_EVERY).await;
            if Arc::strong_count(&self.0) == 1 {
                return;
            }
            let mut connection = self.0.connection.clone();
            let ping = redis::cmd("PING");
            let answer = ping.query_async::<redis::Value>(&mut connection);
            if !matches!(tokio::time::timeout(self.0.settings.timeout, answer).await, Ok(Ok(_))) {
                continue;
            }
            if self.pay().await {
                self.0.is_away.store(false, Ordering::Release);
                // What was decided alone between the last payment and now.
                self.pay().await;
                tracing::info!(server = %self.0.settings.address(), "redis is back");
                return;
            }
        }
    }

    /// Takes back what was perhaps counted without an answer, then adds what was counted alone; false when the server went away again.
    async fn pay(&self) -> bool {
        while let Some((question, number)) = self.0.owed.take_unanswered() {
            let mut connection = self.0.connection.clone();
            let invocation = self.0.undoing(&question, number);
            let call = invocation.invoke_async::<i64>(&mut connection);
            if !matches!(tokio::time::timeout(self.0.settings.timeout, call).await, Ok(Ok(_))) {
                self.0.owed.add_unanswered(question, number);
                return false;
            }
        }
        while let Some(question) = self.0.owed.take() {
            let number = self.0.number(&question);
            let mut connection = self.0.connection.clone();
            let invocation = self.0.invocation(&question, number);
            let call = invocation.invoke_async::<(i64, i64, i64)>(&mut connection);
            if !matches!(tokio::time::timeout(self.0.settings.timeout, call).await, Ok(Ok(_))) {
                self.0.owed.add_unanswered(question, number);
                self.0.owed.add(question);
                return false;
            }
        }
        true
    }

    async fn keys(self) -> Vec<(CounterKey, Option<i64>)> {
        let mut connection = self.0.connection.clone();
        let mut found = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern(&self.0.settings.prefix)).arg("COUNT").arg(1_000);
            let call = scan.query_async::<(u64, Vec<Vec<u8>>)>(&mut connection);
            let Ok(Ok((next, keys))) = tokio::time::timeout(self.0.settings.timeout, call).await else { return found };
            found.extend(keys.iter().filter_map(|bytes| self.0.read_key(bytes)));
            cursor = next;
            if cursor == 0 {
                return found;
            }
        }
    }

    async fn forget(self, key: CounterKey) -> bool {
        let own = self.clone();
        let names: Vec<_> =
            own.keys().await.into_iter().filter(|(of, _)| *of == key).map(|(of, end)| self.0.name(&of, end)).collect();
        if names.is_empty() {
            return false;
        }
        let mut connection = self.0.connection.clone();
        let mut delete = redis::cmd("DEL");
        delete.arg(names);
        let call = delete.query_async::<i64>(&mut connection);
        matches!(tokio::time::timeout(self.0.settings.timeout, call).await, Ok(Ok(count)) if count > 0)
    }
}

/// The pattern of all keys with this prefix; what `SCAN` would take for a wildcard is escaped.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 2);
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str(":*");
    pattern
}

fn micros(nanos: i64) -> i64 {
    nanos.div_euclid(1_000)
}

impl Shared {
    /// The name in Redis: prefix, end of the period for quotas, and the key's own bytes.
    fn name(&self, key: &CounterKey, end: Option<i64>) -> Vec<u8> {
        let mut name = format!("{}:{}:", self.settings.prefix, end.map(|end| end.to_string()).unwrap_or_default());
        name.shrink_to_fit();
        let mut name = name.into_bytes();
        name.extend_from_slice(key.as_bytes());
        name
    }

    fn read_key(&self, name: &[u8]) -> Option<(CounterKey, Option<i64>)> {
        let rest = name.strip_prefix(self.settings.prefix.as_bytes())?.strip_prefix(b":")?;
        let colon = rest.iter().position(|byte| *byte == b':')?;
        let end = std::str::from_utf8(&rest[..colon]).ok()?;
        let end = if end.is_empty() { None } else { Some(end.parse().ok()?) };
        Some((CounterKey::from_bytes(&rest[colon + 1..])?, end))
    }

    /// The number of a decision that counts; zero for one that only looks.
    fn number(&self, question: &Question) -> u64 {
        if question.act == Act::Peek { 0 } else { self.decisions.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    fn undoing(&self, question: &Question, number: u64) -> redis::ScriptInvocation<'_> {
        let (algorithm, end) = match question.rule {
            Rule::Window { .. } => ("window", None),
            Rule::Bucket { .. } => ("bucket", None),
            Rule::Tokens { .. } => ("tokens", None),
            Rule::Fixed { end_unix_seconds, .. } => ("fixed", Some(end_unix_seconds)),
        };
        let mut call = self.undo.key(self.name(&question.key, end));
        call.key(&self.journal).arg(number).arg(algorithm);
        call
    }

    fn invocation(&self, question: &Question, number: u64) -> redis::ScriptInvocation<'_> {
        let act = match question.act {
            Act::Peek => "peek",
            Act::Count => "count",
            Act::Add => "add",
        };
        let end = match question.rule {
            Rule::Fixed { end_unix_seconds, .. } => Some(end_unix_seconds),
            Rule::Window { .. } | Rule::Bucket { .. } | Rule::Tokens { .. } => None,
        };
        let mut call = self.script.key(self.name(&question.key, end));
        call.key(&self.journal);
        let now = micros(question.now.0);
        let increment = question.increment.calls;
        let plain = |call: &mut redis::ScriptInvocation<'_>, name: &str, limit: u32, period: i64, refused: bool| {
            call.arg(name)
                .arg(act)
                .arg(now)
                .arg(micros(period))
                .arg(limit)
                .arg(increment)
                .arg(i32::from(refused))
                .arg(0);
        };
        match question.rule {
            Rule::Window { limit, period_nanos, count_refused } => {
                plain(&mut call, "window", limit, period_nanos, count_refused);
            }
            Rule::Bucket { limit, period_nanos } => plain(&mut call, "bucket", limit, period_nanos, false),
            Rule::Tokens { limit, period_nanos } => plain(&mut call, "tokens", limit, period_nanos, false),
            Rule::Fixed { calls, bytes, end_unix_seconds } => {
                let left = match end_unix_seconds {
                    i64::MAX => -1,
                    end => end.saturating_mul(1_000).saturating_sub(question.now.0 / 1_000_000).max(0),
                };
                let limit = |limit: Option<u64>| limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
                call.arg("fixed").arg(act).arg(now).arg(left).arg(limit(calls)).arg(increment);
                call.arg(limit(bytes)).arg(question.increment.bytes);
            }
        }
        call.arg(EXACT_UP_TO).arg(SPARE_MILLIS).arg(number);
        call
    }
}

fn reply(question: &Question, admitted: i64, used: i64, third: i64) -> Reply {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let (bytes, wait_nanos) = match question.rule {
        Rule::Fixed { .. } => (count(third), 0),
        Rule::Window { .. } | Rule::Bucket { .. } | Rule::Tokens { .. } => (0, third.saturating_mul(1_000)),
    };
    Reply { admitted: admitted == 1, used: Usage { calls: count(used), bytes }, wait_nanos }
}

impl Remote for RedisStore {
    fn ask(&self, question: Question) -> Answer<Option<Reply>> {
        if self.is_away() {
            return Box::pin(std::future::ready(None));
        }
        let store = self.clone();
        Box::pin(async move { store.run(&question).await })
    }

    fn owe(&self, question: Question) {
        self.0.owed.add(question);
    }

    fn away(&self) -> AwayPolicy {
        self.0.settings.away
    }

    fn retry_after(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn keys(&self) -> Answer<Vec<(CounterKey, Option<i64>)>> {
        Box::pin(self.clone().keys())
    }

    fn forget(&self, key: CounterKey) -> Answer<bool> {
        Box::pin(self.clone().forget(key))
    }
}
