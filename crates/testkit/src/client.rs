//! A backend in memory.

use std::cell::RefCell;
use std::collections::HashMap;

use apimite_policy::body::{Body, BodyCell};
use apimite_policy::env::{Call, CallError, Client};
use apimite_policy::exchange::Response;
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, StatusCode};

use crate::message::Message;

/// What the backend does.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Answers with this.
    Answer(Message),
    /// Is not reached.
    Error,
    /// Does not answer in time.
    Timeout,
}

/// What the backend got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A backend that keeps what it got.
#[derive(Debug)]
pub(crate) struct Backend {
    /// Answers, used in order; the last one stays.
    pub(crate) behaviour: RefCell<Vec<Behaviour>>,
    /// The same for servers that were named, by host.
    pub(crate) named: RefCell<HashMap<String, Vec<Behaviour>>>,
    pub(crate) received: RefCell<Vec<Received>>,
}

impl Default for Backend {
    fn default() -> Self {
        let answer = Message { first: "200 OK".into(), headers: Vec::new(), body: Some("backend".into()) };
        Self {
            behaviour: RefCell::new(vec![Behaviour::Answer(answer)]),
            named: RefCell::default(),
            received: RefCell::default(),
        }
    }
}

impl Client for Backend {
    fn send<'a>(&'a self, call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        Box::pin(async move {
            let cell = BodyCell::new(call.body);
            cell.buffer(u64::MAX).await.map_err(|error| CallError::Connection(error.to_string()))?;
            let bytes = cell.bytes().unwrap_or_default();
            let host = call.url.host().to_owned();
            self.received.borrow_mut().push(Received {
                line: format!("{} {}", call.method, call.url),
                headers: call.headers,
                body: String::from_utf8_lossy(&bytes).into_owned(),
            });
            let behaviour = {
                let (mut named, mut list) = (self.named.borrow_mut(), self.behaviour.borrow_mut());
                let list = named.get_mut(&host).unwrap_or(&mut *list);
                if list.len() > 1 { list.remove(0) } else { list.first().cloned().unwrap_or(Behaviour::Error) }
            };
            match behaviour {
                Behaviour::Error => Err(CallError::Connection("Unable to connect to the remote server".into())),
                Behaviour::Timeout => Err(CallError::Timeout),
                Behaviour::Answer(message) => {
                    let (code, reason) = message.first.split_once(' ').unwrap_or((&message.first, ""));
                    let status = code.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
                    let status = status.unwrap_or(StatusCode::OK);
                    let usual = status.canonical_reason() == Some(reason) || reason.is_empty();
                    Ok(Response {
                        status,
                        reason: (!usual).then(|| reason.into()),
                        headers: message.map(),
                        body: BodyCell::new(message.body.clone().map_or(Body::None, Body::text)),
                    })
                }
            }
        })
    }
}
