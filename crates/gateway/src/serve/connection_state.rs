//! What is known of a client's connection, and the strings by which it is held: drain, close.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use apimite_clock::Timestamp;
use apimite_policy::socket::Talk;
use bytes::Bytes;
use http::HeaderValue;
use http::uri::Authority;

use crate::config::{Arrival, Classifier, Limits, Listener, Preamble, Role, Source, Verdict};
use crate::upstream::transport::Transport;

/// What an HTTP/1.1 connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before the first byte of a request, or with TLS not yet agreed upon.
    Idle,
    /// A head is arriving.
    Head,
    /// A request is being served.
    Busy,
}

/// One for each connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(crate) local: SocketAddr,
    /// The client: the peer, or whom the preamble named.
    pub(crate) client: Cell<SocketAddr>,
    /// Its address as text.
    address: RefCell<Option<HeaderValue>>,
    /// The other end of the connection itself.
    pub(crate) peer: SocketAddr,
    pub(crate) listener: Arc<Listener>,
    pub(crate) preamble: Cell<Option<Preamble>>,
    /// What the classifier's version was when the source was decided.
    pub(crate) decided: Cell<u64>,
    pub(crate) source: RefCell<Source>,
    pub(crate) tls: Cell<bool>,
    /// Client certificate, DER.
    pub(crate) certificate: RefCell<Option<Arc<[u8]>>>,
    /// The `Host` that was last asked for, parsed: most clients ask for one.
    host: RefCell<Option<(HeaderValue, Authority)>>,

    pub(crate) phase: Cell<Phase>,
    /// Since when it is in this phase, and when bytes last moved.
    pub(crate) since: Cell<Timestamp>,
    pub(crate) moved: Cell<Timestamp>,
    /// Are bytes waiting for the client to take or send them?
    pub(crate) stalled: Cell<bool>,
    /// Does somebody wait for more of the body of a request?
    pub(crate) awaiting: Cell<bool>,
    /// The same for bodies that hyper reads.
    pub(crate) awaited: RefCell<Option<Arc<AtomicBool>>>,
    pub(crate) requests: Cell<usize>,
    /// Requests being served; more than one with HTTP/2.
    pub(crate) running: Cell<usize>,
    /// Is it an HTTP/2 connection?
    pub(crate) http2: Cell<bool>,

    /// What becomes of the connection, once its handshake was answered.
    pub(crate) switched: RefCell<Option<Switched>>,

    pub(crate) draining: Cell<bool>,
    pub(crate) closing: Cell<bool>,
    pub(crate) waker: RefCell<Option<Waker>>,
}

/// What becomes of a connection after 101.
pub(crate) struct Switched {
    /// The backend's side, with what was read beyond its handshake.
    pub(crate) backend: Option<(Transport, Bytes)>,
    /// Who talks; without one, bytes pass both ways.
    pub(crate) talk: Option<Box<dyn Talk>>,
}

impl std::fmt::Debug for Switched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Switched(talk: {})", self.talk.is_some())
    }
}

impl ConnectionState {
    pub(crate) fn new(local: SocketAddr, peer: SocketAddr, listener: Arc<Listener>, now: Timestamp) -> Self {
        Self {
            local,
            client: Cell::new(peer),
            address: RefCell::default(),
            peer,
            source: RefCell::new(listener.source.clone()),
            listener,
            preamble: Cell::new(None),
            decided: Cell::new(0),
            tls: Cell::new(false),
            certificate: RefCell::default(),
            host: RefCell::default(),
            phase: Cell::new(Phase::Idle),
            since: Cell::new(now),
            moved: Cell::new(now),
            stalled: Cell::new(false),
            awaiting: Cell::new(false),
            awaited: RefCell::default(),
            requests: Cell::new(0),
            running: Cell::new(0),
            http2: Cell::new(false),
            switched: RefCell::default(),
            draining: Cell::new(false),
            closing: Cell::new(false),
            waker: RefCell::default(),
        }
    }

    /// The address of the client as text.
    pub(crate) fn address_text(&self) -> Option<HeaderValue> {
        let mut known = self.address.borrow_mut();
        if known.is_none() {
            *known = HeaderValue::from_str(&self.client.get().ip().to_canonical().to_string()).ok();
        }
        known.clone()
    }

    /// The host in a `Host` header.
    pub(crate) fn authority_of(&self, host: &HeaderValue) -> Option<Authority> {
        let mut known = self.host.borrow_mut();
        if let Some((value, authority)) = &*known
            && value == host
        {
            return Some(authority.clone());
        }
        let authority = Authority::try_from(host.as_bytes()).ok()?;
        *known = Some((host.clone(), authority.clone()));
        Some(authority)
    }

    pub(crate) fn enter(&self, phase: Phase, now: Timestamp) {
        self.phase.set(phase);
        self.since.set(now);
    }

    /// Remembers whom to wake when a string is pulled.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Asks the connection to end after the request it is serving.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
        self.wake();
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        self.wake();
    }

    /// Asks where the connection came from; `false` when it is to be closed.
    pub(crate) fn classify(&self, classifier: &dyn Classifier) -> bool {
        if self.listener.role == Role::Probe {
            return true;
        }
        // Read first: a change while deciding is noticed with the next request.
        let version = classifier.version();
        let arrival = Arrival { listener: &self.listener.name, local: self.local, peer: self.peer };
        match classifier.classify(arrival, self.preamble.get().as_ref()) {
            Verdict::Admit(source) => {
                *self.source.borrow_mut() = source;
                self.decided.set(version);
                true
            }
            Verdict::Close => false,
        }
    }

    /// May another request be served? Decides again if what decided before has changed.
    pub(crate) fn is_admitted(&self, classifier: Option<&dyn Classifier>) -> bool {
        match classifier {
            Some(classifier) if self.listener.role == Role::Gateway && classifier.version() != self.decided.get() => {
                self.classify(classifier)
            }
            _ => true,
        }
    }

    /// Ends the connection if its time is up.
    pub(crate) fn check(&self, limits: &Limits, now: Timestamp) {
        let overdue = match self.phase.get() {
            Phase::Idle => {
                let limit = if self.requests.get() == 0 { limits.head_time } else { limits.idle_time };
                now.since(self.since.get()) > limit
            }
            Phase::Head => now.since(self.since.get()) > limits.head_time,
            Phase::Busy => {
                let awaited = self.awaited.borrow().as_ref().is_some_and(|awaited| awaited.load(Ordering::Relaxed));
                (self.stalled.get() || self.awaiting.get() || awaited) && now.since(self.moved.get()) > limits.idle_time
            }
        };
        if overdue {
            self.close();
        }
    }
}
