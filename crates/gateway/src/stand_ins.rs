//! Scripts that answer calls in place of servers, by host name.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apimite_clock::Clock;
use apimite_model::StandIn as Script;
use apimite_policy::body::{Body, BodyCell, BodyError};
use apimite_policy::env::{Call, CallError};
use apimite_policy::exchange::Response;
use apimite_policy::url::Url;
use apimite_script::{Budget, StandIn, StandInFault, StandInRequest, StandInResponse};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use percent_encoding::percent_decode_str;

/// Most bytes of a request that a script is shown.
const LARGEST: u64 = 16 << 20;

/// A script with its state.
struct Named {
    path: Box<str>,
    code: Arc<str>,
    stand_in: StandIn,
}

type Table = HashMap<Box<str>, Arc<Named>>;

/// Tells people what went wrong in a script.
type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// The scripts in force; they are exchanged when the configuration is.
#[derive(Default)]
pub struct StandIns {
    table: ArcSwap<Table>,
    tell: Option<Tell>,
}

impl std::fmt::Debug for StandIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.table.load().keys()).finish()
    }
}

impl StandIns {
    /// None yet; `tell` is given a sentence with the place whenever a script fails.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { table: ArcSwap::default(), tell: Some(Box::new(tell)) }
    }

    /// Puts these scripts in force. One whose code has not changed keeps its state; one that does not compile is left out, and
    /// whoever read the configuration has refused it.
    pub fn load(&self, scripts: &[Script]) {
        let old = self.table.load();
        let mut table = Table::with_capacity(scripts.len());
        for script in scripts {
            let same = old.get(&script.host).filter(|named| named.code == script.code).cloned();
            let named = same.or_else(|| {
                let stand_in = StandIn::new(&script.code, Budget::default()).ok()?;
                Some(Arc::new(Named { path: script.path.clone(), code: Arc::clone(&script.code), stand_in }))
            });
            if let Some(named) = named {
                table.insert(script.host.clone(), named);
            }
        }
        self.table.store(Arc::new(table));
    }

    /// Is there a script for this host?
    fn find(&self, url: &Url) -> Option<Arc<Named>> {
        let table = self.table.load();
        if table.is_empty() {
            return None;
        }
        let authority = url.authority.as_str().to_ascii_lowercase();
        let host = url.host().to_ascii_lowercase();
        table.get(authority.as_str()).or_else(|| table.get(host.as_str())).cloned()
    }

    /// Answers a question that is asked without a call, under a name that is no host; `None` when no script has this name.
    ///
    /// # Errors
    /// What went wrong in the script, with its place.
    pub fn ask(&self, name: &str, request: &StandInRequest) -> Option<Result<StandInResponse, String>> {
        let named = self.table.load().get(name).cloned()?;
        Some(self.run(&named, request))
    }

    fn run(&self, named: &Named, request: &StandInRequest) -> Result<StandInResponse, String> {
        named.stand_in.handle(request).map_err(|fault| {
            let text = format!("the stand-in `{}` failed: {fault}", named.path);
            if let Some(tell) = &self.tell {
                tell(&text);
            }
            text
        })
    }

    /// The answer of a script to a call; `Err` gives the call back when there is none for its host.
    pub(crate) fn takes(&self, call: &Call) -> Option<Taken> {
        self.find(&call.url).map(Taken)
    }

    /// Runs the script that takes a call.
    pub(crate) async fn answer(&self, taken: Taken, call: Call, clock: &Clock) -> Result<Response, CallError> {
        let (patience, cell) = (call.options.timeout, BodyCell::new(call.body));
        cell.buffer(LARGEST).await.map_err(|error| CallError::Connection(error.to_string()))?;
        let request = StandInRequest {
            method: call.method.as_str().to_owned(),
            path: call.url.path().to_owned(),
            query: query(call.url.query().unwrap_or("")),
            url: call.url.to_string(),
            headers: texts(&call.headers),
            body: cell.bytes().unwrap_or_default().to_vec(),
        };
        let answer = self.run(&taken.0, &request).map_err(CallError::Connection)?;
        match answer.fault {
            Some(StandInFault::Timeout) => {
                clock.sleep(patience).await;
                return Err(CallError::Timeout);
            }
            _ if answer.delay > patience => {
                clock.sleep(patience).await;
                return Err(CallError::Timeout);
            }
            fault => {
                if !answer.delay.is_zero() {
                    clock.sleep(answer.delay).await;
                }
                if fault == Some(StandInFault::Connection) {
                    let text = format!("The stand-in `{}` broke the connection off.", taken.0.path);
                    return Err(CallError::Connection(text));
                }
            }
        }
        Ok(response(answer, clock))
    }
}

/// A script that answers a call.
pub(crate) struct Taken(Arc<Named>);

fn query(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn response(answer: StandInResponse, clock: &Clock) -> Response {
    let mut headers = HeaderMap::with_capacity(answer.headers.len() + 1);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    crate::hop::strip(&mut headers);
    headers.remove(http::header::CONTENT_LENGTH);
    let body = if answer.chunks.is_empty() {
        headers.insert(http::header::CONTENT_LENGTH, answer.body.len().into());
        Body::Bytes(answer.body.into())
    } else {
        let parts = answer.chunks.into_iter().map(Bytes::from).collect();
        Body::stream(Parts { parts, delay: answer.chunk_delay, clock: clock.clone(), waiting: None })
    };
    Response {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
        reason: None,
        headers,
        body: BodyCell::new(body),
    }
}

/// A body that comes in parts.
struct Parts {
    parts: VecDeque<Bytes>,
    delay: Duration,
    clock: Clock,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.parts.is_empty() {
            return Poll::Ready(None);
        }
        if !this.delay.is_zero() {
            let (clock, delay) = (this.clock.clone(), this.delay);
            let waiting = this.waiting.get_or_insert_with(|| Box::pin(async move { clock.sleep(delay).await }));
            if waiting.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.waiting = None;
        }
        Poll::Ready(this.parts.pop_front().map(|part| Ok(Frame::data(part))))
    }
}

#[cfg(test)]
mod tests {
    use apimite_clock::Timestamp;

    use super::*;

    fn script(code: &str) -> Script {
        Script { host: "api.example".into(), path: "x.rhai".into(), code: code.into() }
    }

    const COUNTS: &str =
        "fn handle(r) { if \"n\" in this { this.n += 1 } else { this.n = 1 } `${r.path} ${r.query.a} ${this.n}` }";

    fn call(url: &str) -> Call {
        Call {
            method: http::Method::GET,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            body: Body::None,
            options: apimite_policy::env::CallOptions::default(),
        }
    }

    async fn answer(stand_ins: &StandIns, url: &str) -> Result<String, CallError> {
        let clock = Clock::manual(Timestamp::from_unix_seconds(0)).with_auto_advance();
        let call = call(url);
        let taken = stand_ins.takes(&call).unwrap();
        let response = stand_ins.answer(taken, call, &clock).await?;
        response.body.buffer(1 << 20).await.unwrap();
        Ok(String::from_utf8(response.body.bytes().unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn state_outlives_a_reload_that_leaves_the_code_alone() {
        let stand_ins = StandIns::default();
        stand_ins.load(&[script(COUNTS)]);
        assert_eq!(answer(&stand_ins, "https://API.example/x?a=b%20c").await.unwrap(), "/x b c 1");
        stand_ins.load(&[script(COUNTS)]);
        assert_eq!(answer(&stand_ins, "http://api.example:8080/?a=1").await.unwrap(), "/ 1 2");
        stand_ins.load(&[script(&format!("{COUNTS} "))]);
        assert_eq!(answer(&stand_ins, "http://api.example/?a=1").await.unwrap(), "/ 1 1");
        assert!(stand_ins.takes(&call("http://other.example/")).is_none());
        stand_ins.load(&[]);
        assert!(stand_ins.takes(&call("http://api.example/")).is_none());
    }

    #[tokio::test]
    async fn parts_come_one_after_the_other_and_faults_are_none_of_an_answer() {
        let stand_ins = StandIns::default();
        stand_ins.load(&[script("fn handle(r) { #{ chunks: [\"a\", \"b\"], chunk_delay_ms: 10 } }")]);
        assert_eq!(answer(&stand_ins, "http://api.example/").await.unwrap(), "ab");
        stand_ins.load(&[script("fn handle(r) { #{ fault: \"timeout\" } }")]);
        assert_eq!(answer(&stand_ins, "http://api.example/").await, Err(CallError::Timeout));
        stand_ins.load(&[script("fn handle(r) { #{ delay_ms: 400000 } }")]);
        assert_eq!(answer(&stand_ins, "http://api.example/").await, Err(CallError::Timeout));
        stand_ins.load(&[script("fn handle(r) {\n  #{ fault: \"connection\" } }")]);
        assert!(matches!(answer(&stand_ins, "http://api.example/").await, Err(CallError::Connection(_))));
    }

    #[tokio::test]
    async fn a_script_that_fails_tells_its_place() {
        let told = Arc::new(parking_lot::Mutex::new(String::new()));
        let heard = Arc::clone(&told);
        let stand_ins = StandIns::new(move |text| *heard.lock() = text.to_owned());
        stand_ins.load(&[script("fn handle(r) {\n  r.nothing()\n}")]);
        let error = answer(&stand_ins, "http://api.example/").await.unwrap_err().to_string();
        assert!(error.contains("x.rhai") && error.contains("line 2"), "{error}");
        assert_eq!(*told.lock(), error);
    }
}
