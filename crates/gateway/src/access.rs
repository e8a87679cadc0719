//! What is told about every request once it is over.

use std::net::IpAddr;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_policy::exchange::Exchange;
use apimite_trace::Trace;
use http::{HeaderMap, StatusCode};

/// Who made the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The backend.
    Backend,
    /// A policy (`return-response`, `mock-response`, a cache hit).
    Policy,
    /// A fault: the policy or built-in step it came from, and its reason.
    Fault {
        /// `LastError.Source`
        source: Box<str>,
        /// `LastError.Reason`
        reason: Box<str>,
    },
    /// The gateway itself, before any route was looked for.
    Gateway,
}

/// How the request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole answer was handed to the transport.
    Complete,
    /// The client went away, or the backend broke off within its body.
    Aborted,
}

/// A finished request.
#[derive(Debug)]
pub struct Record<'a> {
    /// When it came.
    pub started: Timestamp,
    /// From the head of the request to the end of the answer.
    pub elapsed: Duration,
    /// Method.
    pub method: &'a str,
    /// Path with query as the client sent it.
    pub target: &'a str,
    /// Where it came from.
    pub source: &'a str,
    /// Address of the caller: the other end of its connection, or whom a PROXY v2 header named.
    pub caller: IpAddr,
    /// Status of the answer.
    pub status: StatusCode,
    /// Who made the answer.
    pub answered: Answered,
    /// How it ended.
    pub end: End,
    /// Bytes of the answer's body.
    pub body_bytes: u64,
}

/// What an [`Observer`] decides about the trace of a request.
#[derive(Debug, Default)]
pub struct Tracing {
    /// The trace to write into; `None` when only headers are added.
    pub trace: Option<Trace>,
    /// Headers to add to the answer.
    pub headers: HeaderMap,
    /// Does it take a subscription that allows tracing? Without one the trace is thrown away and no header is added.
    pub if_allowed: bool,
}

/// Is told about requests: access log, metrics, traces.
pub trait Observer: Send + Sync {
    /// A request is over: one call for each, on every path.
    fn finished(&self, record: &Record<'_>);

    /// Does it want a record of every request? When not, only those with a trace are told about.
    fn wants_records(&self) -> bool {
        true
    }

    /// Is this request to be traced? Asked before its key is checked, with the headers of the request.
    fn trace(&self, _headers: &HeaderMap, _exchange: &Exchange) -> Option<Tracing> {
        None
    }

    /// The trace of a finished request.
    fn traced(&self, _trace: Trace) {}
}
