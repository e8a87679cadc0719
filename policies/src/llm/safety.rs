//! The questions that a content safety service is asked, and a stream that is held back until they are answered.

use std::pin::Pin;
use std::task::{Context, Poll};

use apimite_policy::body::{Body, BodyError, StreamBody};
use apimite_policy::env::Env;
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::sse::Events;
use super::usage::delta;
use crate::backend::Service;

/// Most characters of one question.
///
/// Source: limit of the content safety API.
pub(crate) const LONGEST: usize = 10_000;
/// Most bytes of events that wait for a verdict.
const HELD: usize = 4 << 20;

const ANALYZE: &str = "/contentsafety/text:analyze?api-version=2024-09-01";
const SHIELD: &str = "/contentsafety/text:shieldPrompt?api-version=2024-09-01";

/// A category and the severity at which it blocks.
pub(crate) struct Category {
    /// `Hate`, `SelfHarm`, `Sexual` or `Violence`.
    pub(crate) name: String,
    /// 0 to 7.
    pub(crate) threshold: i64,
}

/// What is asked about a text.
pub(crate) struct Checks {
    /// Who is asked.
    pub(crate) service: Service,
    /// Categories.
    pub(crate) categories: Vec<Category>,
    /// Ids of blocklists.
    pub(crate) blocklists: Vec<String>,
    /// Are prompts looked at for attacks?
    pub(crate) shield: bool,
    /// `FourSeverityLevels` or `EightSeverityLevels`.
    pub(crate) output_type: String,
}

impl Checks {
    /// Is nothing asked about the text itself?
    pub(crate) fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.blocklists.is_empty()
    }

    /// Asks about a text.
    ///
    /// # Errors
    /// Why it does not pass: what was found, or that there was no verdict.
    pub(crate) async fn text(&self, text: &str, env: &Env) -> Result<(), String> {
        if self.is_empty() || text.trim().is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.categories.iter().map(|category| category.name.as_str()).collect();
        let mut question = json!({ "text": text, "outputType": self.output_type });
        if let Some(object) = question.as_object_mut() {
            if !names.is_empty() {
                object.insert("categories".into(), json!(names));
            }
            if !self.blocklists.is_empty() {
                object.insert("blocklistNames".into(), json!(self.blocklists));
                object.insert("haltOnBlocklistHit".into(), json!(true));
            }
        }
        let verdict = self.ask(env, ANALYZE, &question).await?;
        if let Some(found) = verdict.get("blocklistsMatch").and_then(Value::as_array).and_then(|list| list.first()) {
            let name = found.get("blocklistName").and_then(Value::as_str).unwrap_or("");
            return Err(format!("The blocklist `{name}` matched."));
        }
        let analysis = verdict.get("categoriesAnalysis").and_then(Value::as_array);
        if analysis.is_none() && !self.categories.is_empty() {
            return Err("The content safety service sent no verdict.".to_owned());
        }
        for found in analysis.into_iter().flatten() {
            let name = found.get("category").and_then(Value::as_str).unwrap_or("");
            let severity = found.get("severity").and_then(Value::as_i64).unwrap_or(0);
            let limit = self.categories.iter().find(|category| category.name.eq_ignore_ascii_case(name));
            if limit.is_some_and(|category| severity >= category.threshold) {
                return Err(format!("{name} has severity {severity}."));
            }
        }
        Ok(())
    }

    /// Asks whether a prompt is an attack.
    ///
    /// # Errors
    /// Why it does not pass.
    pub(crate) async fn prompt(&self, text: &str, env: &Env) -> Result<(), String> {
        let verdict = self.ask(env, SHIELD, &json!({ "userPrompt": text, "documents": [] })).await?;
        match verdict.pointer("/userPromptAnalysis/attackDetected").and_then(Value::as_bool) {
            Some(false) => Ok(()),
            Some(true) => Err("The prompt is an attack.".to_owned()),
            None => Err("The content safety service sent no verdict.".to_owned()),
        }
    }

    async fn ask(&self, env: &Env, path: &str, question: &Value) -> Result<Value, String> {
        let response = self.service.post(env, path, question).await.map_err(|fault| fault.message)?;
        if !response.status.is_success() {
            return Err(format!("The content safety service answered {}.", response.status.as_u16()));
        }
        serde_json::from_slice(&response.body.bytes().unwrap_or_default())
            .map_err(|_| "The content safety service sent no verdict.".to_owned())
    }
}

/// How much of an answer is looked at at a time, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    size: usize,
    overlap: usize,
}

impl Window {
    /// A window that moves on; `None` when it would not.
    pub(crate) fn new(size: usize, overlap: usize) -> Option<Self> {
        (overlap < size).then_some(Self { size: size.min(LONGEST), overlap })
    }

    /// A text in windows.
    pub(crate) fn parts(self, text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let (mut parts, mut start) = (Vec::new(), 0);
        while start < chars.len() {
            let end = (start + self.size).min(chars.len());
            parts.push(chars.get(start..end).unwrap_or(&[]).iter().collect());
            if end == chars.len() {
                break;
            }
            start = end - self.overlap;
        }
        parts
    }

    /// The end of a window that the next one begins with.
    fn tail(self, text: &str) -> String {
        let skip = text.chars().count().saturating_sub(self.overlap);
        text.chars().skip(skip).collect()
    }
}

/// A stream of events that lets pass what was looked at, and ends where something did not pass.
pub(crate) fn guarded(inner: StreamBody, checks: Checks, window: Window, env: &Env) -> Body {
    let (sender, receiver) = mpsc::channel(1);
    (env.spawn)(Box::pin(pump(inner, checks, window, env.clone(), sender)));
    Body::stream(Guarded(receiver))
}

async fn pump(
    mut inner: StreamBody,
    checks: Checks,
    window: Window,
    env: Env,
    sender: mpsc::Sender<Result<Bytes, BodyError>>,
) {
    let (mut events, mut text, mut fresh) = (Events::default(), String::new(), 0_usize);
    let (mut held, mut held_bytes) = (Vec::new(), 0_usize);
    loop {
        // The client may go away while the backend is silent.
        let frame = tokio::select! {
            frame = std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut inner), cx)) => frame,
            () = sender.closed() => return,
        };
        let data = match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            },
            Some(Err(error)) => {
                // What was held has no verdict; the client learns that the answer broke off.
                drop(sender.send(Err(error)).await);
                return;
            }
            None => break,
        };
        events.push(&data, &mut |data| fresh += collect(data, &mut text));
        held_bytes += data.len();
        held.push(data);
        if held_bytes > HELD {
            return;
        }
        if text.chars().count() >= window.size && fresh > 0 {
            for part in window.parts(&text) {
                if checks.text(&part, &env).await.is_err() {
                    return;
                }
            }
            (text, fresh, held_bytes) = (window.tail(&text), 0, 0);
            for data in held.drain(..) {
                if sender.send(Ok(data)).await.is_err() {
                    return;
                }
            }
        }
    }
    events.finish(&mut |data| fresh += collect(data, &mut text));
    if fresh > 0 {
        for part in window.parts(&text) {
            if checks.text(&part, &env).await.is_err() {
                return;
            }
        }
    }
    for data in held {
        if sender.send(Ok(data)).await.is_err() {
            return;
        }
    }
}

/// Adds the text of an event; tells how many bytes that were.
fn collect(data: &[u8], text: &mut String) -> usize {
    let before = text.len();
    if let Ok(json) = serde_json::from_slice::<Value>(data) {
        delta(&json, &mut |part| text.push_str(part));
    }
    text.len() - before
}

struct Guarded(mpsc::Receiver<Result<Bytes, BodyError>>);

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.get_mut().0.poll_recv(cx).map(|item| item.map(|item| item.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_windows_that_overlap() {
        let window = Window::new(4, 1).unwrap();
        assert_eq!(window.parts("abcdefghi"), ["abcd", "defg", "ghi"]);
        assert_eq!(window.parts("äöü"), ["äöü"]);
        assert_eq!(window.parts(""), Vec::<String>::new());
        assert_eq!(window.tail("abcd"), "d");
        assert_eq!(Window::new(4, 0).unwrap().tail("abcd"), "");
        assert_eq!(Window::new(4, 4), None);
    }
}
