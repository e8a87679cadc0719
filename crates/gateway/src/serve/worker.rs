//! A worker thread: one runtime, its own listeners, its own connections both ways, nothing shared but the snapshot.

use std::cell::{Cell, RefCell};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use apimite_policy::env::Env;
use arc_swap::ArcSwap;
use hyper::server::conn::http2;
use rustls::ServerConfig;
use slab::Slab;
use tokio::sync::watch;
use uuid::Uuid;

use super::connection;
use super::connection_state::{ConnectionState, Phase};
use crate::access::Observer;
use crate::config::{Classifier, Limits, Listener, Options, Role, Security};
use crate::exec::LocalExec;
use crate::snapshot::Snapshot;
use crate::ticker::{CoarseTime, TICK, Ticker};
use crate::upstream::Upstream;
use crate::upstream::tls::ClientTls;

/// What the workers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Serve.
    Run,
    /// Take no more connections, finish the requests in flight, then end; at the latest after so long.
    Drain(Duration),
}

/// What all workers share.
pub(crate) struct Setup {
    pub(crate) options: Options,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) client_tls: Arc<ClientTls>,
}

/// The state of a worker.
pub(crate) struct Worker {
    setup: Arc<Setup>,
    env: Env,
    upstream: Rc<Upstream>,
    ticker: Rc<Ticker>,
    connections: RefCell<Slab<Rc<ConnectionState>>>,
    running: Cell<usize>,
    stopped: Cell<bool>,
    draining: Cell<bool>,
    http2: http2::Builder<LocalExec>,
    seed: Cell<u64>,
    /// The second whose `Date` was last written, and that.
    date: Cell<(i64, [u8; 29])>,
}

impl Worker {
    fn new(setup: Arc<Setup>) -> Self {
        let options = &setup.options;
        let ticker = Rc::new(Ticker::new(options.clock.clone()));
        let upstream = Rc::new(Upstream::new(
            setup.client_tls.clone(),
            ticker.clone(),
            options.stand_ins.clone(),
            options.clock.clone(),
        ));
        let env = Env {
            clock: options.clock.clone(),
            counters: options.counters.clone(),
            cache: options.cache.clone(),
            client: upstream.clone(),
            buffer_limit: options.limits.buffered_bytes,
            spawn: |work| {
                tokio::task::spawn_local(work);
            },
            shared: options.shared.clone(),
        };
        let limits = &options.limits;
        let mut http2 = http2::Builder::new(LocalExec);
        http2
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .max_send_buf_size(256 * 1024);
        let seed = Uuid::new_v4().as_u64_pair().0;
        Self {
            env,
            upstream,
            ticker,
            connections: RefCell::default(),
            running: Cell::new(0),
            stopped: Cell::new(false),
            draining: Cell::new(false),
            http2,
            seed: Cell::new(seed),
            date: Cell::new((0, http_date(0))),
            setup,
        }
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.setup.options.limits
    }

    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.setup.options.observer.as_deref()
    }

    pub(crate) fn classifier(&self) -> Option<&dyn Classifier> {
        self.setup.options.classifier.as_deref()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.setup.snapshot.load_full()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn clock(&self) -> &Clock {
        &self.env.clock
    }

    /// The present instant, as of the last tick.
    pub(crate) fn coarse(&self) -> Timestamp {
        self.ticker.coarse().now()
    }

    /// The value of `Date` at this instant.
    pub(crate) fn date(&self) -> [u8; 29] {
        let second = self.coarse().unix_seconds();
        let (known, text) = self.date.get();
        if known == second {
            return text;
        }
        let text = http_date(second);
        self.date.set((second, text));
        text
    }

    pub(crate) fn time(&self) -> CoarseTime {
        self.ticker.coarse().clone()
    }

    pub(crate) fn http2(&self) -> &http2::Builder<LocalExec> {
        &self.http2
    }

    /// Are requests in flight being finished, and no more taken?
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// A fresh request id: version 4, without asking the system for randomness each time.
    pub(crate) fn next_id(&self) -> Uuid {
        let high = self.random();
        let bytes = (u128::from(high) << 64 | u128::from(self.random())).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// SplitMix64.
    fn random(&self) -> u64 {
        let seed = self.seed.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.seed.set(seed);
        let mut mixed = seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn request_began(&self, connection: &ConnectionState) {
        self.running.set(self.running.get() + 1);
        connection.running.set(connection.running.get() + 1);
        connection.requests.set(connection.requests.get() + 1);
        connection.enter(Phase::Busy, self.ticker.coarse().now());
    }

    pub(crate) fn request_ended(&self, connection: &ConnectionState) {
        self.running.set(self.running.get().saturating_sub(1));
        connection.running.set(connection.running.get().saturating_sub(1));
        if connection.running.get() == 0 {
            connection.enter(Phase::Idle, self.ticker.coarse().now());
        }
    }

    /// Is there a connection or a request left that is no probe?
    fn is_busy(&self) -> bool {
        let connections = self.connections.borrow();
        let mut probing = 0;
        for (_, connection) in connections.iter() {
            if connection.listener.role == Role::Gateway {
                return true;
            }
            probing += connection.running.get();
        }
        self.running.get() > probing
    }

    fn each_connection(&self, act: impl Fn(&ConnectionState)) {
        let connections: Vec<_> = self.connections.borrow().iter().map(|(_, state)| state.clone()).collect();
        for state in connections {
            act(&state);
        }
    }
}

/// A second since 1970 as HTTP writes it.
fn http_date(second: i64) -> [u8; 29] {
    let since = Duration::from_secs(u64::try_from(second).unwrap_or(0));
    let text = httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + since);
    let mut bytes = [b' '; 29];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    bytes
}

/// Runs a worker on this thread until it has drained.
pub(crate) fn run(
    setup: Arc<Setup>,
    sockets: Vec<(Arc<Listener>, TcpListener)>,
    control: watch::Receiver<Control>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let worker = local.block_on(&runtime, async {
        let worker = Rc::new(Worker::new(setup));
        work(&worker, sockets, control).await;
        worker
    });
    worker.stopped.set(true);
    drop(local);
    Ok(())
}

async fn work(worker: &Rc<Worker>, sockets: Vec<(Arc<Listener>, TcpListener)>, mut control: watch::Receiver<Control>) {
    let (mut accepting, mut probes) = (Vec::new(), Vec::new());
    for (listener, socket) in sockets {
        let tasks = if listener.role == Role::Probe { &mut probes } else { &mut accepting };
        tasks.push(tokio::task::spawn_local(accept(worker.clone(), listener, socket)));
    }
    let ticking = tokio::task::spawn_local(tick(worker.clone()));
    // An error means that whoever holds the gateway is gone: drain at once.
    let told =
        control.wait_for(|control| *control != Control::Run).await.map_or(Control::Drain(Duration::ZERO), |c| *c);
    for task in accepting {
        task.abort();
    }
    let Control::Drain(limit) = told else { return };
    worker.draining.set(true);
    worker.each_connection(|connection| {
        // Probes go on, and are told.
        if connection.listener.role == Role::Gateway {
            connection.drain();
        }
    });
    let drained = async {
        while worker.is_busy() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(limit, drained).await.is_err() {
        worker.each_connection(ConnectionState::close);
        tokio::task::yield_now().await;
    }
    for task in probes {
        task.abort();
    }
    ticking.abort();
}

async fn accept(worker: Rc<Worker>, listener: Arc<Listener>, socket: TcpListener) {
    let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { return };
    loop {
        let (stream, peer) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Out of descriptors, or a connection that ended before it was taken: try again a little later.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        if worker.connections.borrow().len() >= worker.limits().connections {
            continue;
        }
        // A failure costs latency only.
        let _ = stream.set_nodelay(true);
        let Ok(local) = stream.local_addr() else { continue };
        let now = worker.ticker.coarse().now();
        let state = Rc::new(ConnectionState::new(local, peer, listener.clone(), now));
        let tls = match listener.security {
            Security::Plain => None,
            Security::Tls => worker.setup.tls.clone(),
        };
        let key = worker.connections.borrow_mut().insert(state.clone());
        let (worker, listener) = (worker.clone(), listener.clone());
        tokio::task::spawn_local(async move {
            connection::serve(worker.clone(), state, listener, tls, stream).await;
            worker.connections.borrow_mut().try_remove(key);
        });
    }
}

/// The worker's one timer.
async fn tick(worker: Rc<Worker>) {
    let mut count = 0_u32;
    loop {
        tokio::time::sleep(TICK).await;
        worker.ticker.tick();
        count += 1;
        if count.is_multiple_of(10) {
            worker.upstream.sweep();
            let now = worker.ticker.coarse().now();
            worker.each_connection(|state| state.check(worker.limits(), now));
        }
    }
}
