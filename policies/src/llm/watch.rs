//! Finds out, once for each exchange, what its prompt is and what its answer used.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use apimite_policy::body::{Body, BodyError, StreamBody};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http_body::Frame;
use parking_lot::Mutex;

use super::Prompt;
use super::prompt::PromptType;
use super::tokenizer::Encoding;
use super::usage::{Stream, Usage};

/// What is known of an exchange with a model; shared by its policies.
#[derive(Default)]
struct Known {
    prompt: Option<(Bytes, Arc<Prompt>)>,
    report: Option<Report>,
}

/// What an answer used.
#[derive(Clone)]
pub(crate) enum Report {
    /// The answer said so, or was counted.
    Told(Usage),
    /// The answer is still on its way; ask when it has been sent.
    Later(Arc<Mutex<Stream>>),
    /// It is no answer of a model.
    Nothing,
}

impl Report {
    /// Calls `act` with the usage: now, or when the answer has been sent.
    pub(crate) fn then(self, exchange: &mut Exchange, env: &Env, act: impl FnOnce(Usage, &Env) + Send + 'static) {
        match self {
            Self::Told(usage) => act(usage, env),
            Self::Later(stream) => exchange.on_transfer(move |_, env| {
                let usage = stream.lock().usage();
                if let Some(usage) = usage {
                    act(usage, env);
                }
            }),
            Self::Nothing => {}
        }
    }
}

/// What is known, to read or to change; `None` cannot come, because the note is put down first.
fn known(exchange: &mut Exchange) -> Option<&mut Known> {
    if exchange.notes.get::<Known>().is_none() {
        exchange.notes.put(Known::default());
    }
    exchange.notes.get_mut::<Known>()
}

/// The prompt in the request's body as it is now; `None` when the body is no JSON object. The backend is asked for an answer
/// that can be read: without compression.
pub(crate) fn prompt(exchange: &mut Exchange) -> Option<Arc<Prompt>> {
    exchange.request.headers.remove(ACCEPT_ENCODING);
    let bytes = exchange.request.body.bytes()?;
    if let Some((of, prompt)) = known(exchange).and_then(|known| known.prompt.as_ref())
        && of.as_ptr() == bytes.as_ptr()
        && of.len() == bytes.len()
    {
        return Some(Arc::clone(prompt));
    }
    let prompt = Arc::new(Prompt::read(&bytes, exchange.request.original_url.path())?);
    if let Some(known) = known(exchange) {
        known.prompt = Some((bytes, Arc::clone(&prompt)));
    }
    Some(prompt)
}

/// What the answer of the backend used. A whole answer is read into memory, a stream is read as it passes.
pub(crate) async fn report(exchange: &mut Exchange, env: &Env) -> Report {
    let mut prompt = None;
    if let Some(known) = known(exchange) {
        if let Some(report) = &known.report {
            return report.clone();
        }
        prompt = known.prompt.as_ref().map(|(_, prompt)| Arc::clone(prompt));
    }
    let report = look(exchange, env, prompt).await;
    if let Some(known) = known(exchange) {
        known.report = Some(report.clone());
    }
    report
}

async fn look(exchange: &mut Exchange, env: &Env, prompt: Option<Arc<Prompt>>) -> Report {
    let encoding = prompt.as_ref().map_or(Encoding::O200k, |prompt| prompt.encoding());
    let prompt_tokens = || prompt.as_ref().map_or(0, |prompt| prompt.tokens(PromptType::Auto));
    let Some(response) = &exchange.response else { return Report::Nothing };
    if !response.status.is_success() {
        return Report::Nothing;
    }
    let kind = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.contains("event-stream") {
        let stream = Arc::new(Mutex::new(Stream::new(encoding, prompt_tokens())));
        return match response.body.take() {
            Body::Stream(inner) => {
                response.body.set(Body::stream(Passing { inner, stream: Arc::clone(&stream) }));
                Report::Later(stream)
            }
            Body::Bytes(bytes) => {
                stream.lock().push(&bytes);
                response.body.set(Body::Bytes(bytes));
                let usage = stream.lock().usage();
                usage.map_or(Report::Nothing, Report::Told)
            }
            other => {
                response.body.set(other);
                Report::Nothing
            }
        };
    }
    if !kind.contains("json") {
        return Report::Nothing;
    }
    let Some(bytes) = whole(&response.body, env.buffer_limit).await else { return Report::Nothing };
    Usage::of_json(&bytes, prompt_tokens, encoding).map_or(Report::Nothing, Report::Told)
}

/// The whole body in memory; `None` when there is none or it is larger than `limit`: then it goes on as it came.
pub(crate) async fn whole(cell: &apimite_policy::body::BodyCell, limit: u64) -> Option<Bytes> {
    if let Some(bytes) = cell.bytes() {
        return Some(bytes);
    }
    let mut inner = match cell.take() {
        Body::Stream(inner) => inner,
        other => {
            cell.set(other);
            return None;
        }
    };
    if http_body::Body::size_hint(&inner).lower() > limit {
        cell.set(Body::Stream(inner));
        return None;
    }
    let (mut parts, mut size, mut failed) = (VecDeque::new(), 0_u64, None);
    while size <= limit {
        let frame = std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut inner), cx)).await;
        match frame {
            None => {
                let bytes = match parts.len() {
                    1 => parts.pop_front().unwrap_or_default(),
                    _ => parts.iter().flat_map(|part: &Bytes| part.iter()).copied().collect(),
                };
                cell.set(Body::Bytes(bytes.clone()));
                return Some(bytes);
            }
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    size += data.len() as u64;
                    parts.push_back(data);
                }
            }
            Some(Err(error)) => {
                failed = Some(error);
                break;
            }
        }
    }
    cell.set(Body::stream(Begun { parts, failed, inner }));
    None
}

/// A body of which a part was read already.
struct Begun {
    parts: VecDeque<Bytes>,
    failed: Option<BodyError>,
    inner: StreamBody,
}

impl http_body::Body for Begun {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(part) = this.parts.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        Pin::new(&mut this.inner).poll_frame(cx)
    }
}

/// A stream whose usage is read while it passes.
struct Passing {
    inner: StreamBody,
    stream: Arc<Mutex<Stream>>,
}

impl http_body::Body for Passing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.stream.lock().push(data);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
