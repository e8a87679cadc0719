//! One hop: accepts, decides, dials, passes bytes until one side ends or nothing moves any more.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apimite_network::proxy::Header;
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::balancer::{Backend, Balancer};
use crate::probe::{self, Probe};

/// What a hop does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where connections go.
    pub to: Vec<SocketAddr>,
    /// Source address of what is dialled (network address translation); the system's choice without.
    pub source: Option<IpAddr>,
    /// A PROXY v2 header with this link identifier precedes every connection and every probe.
    pub header: Option<u32>,
    /// How long nothing may move.
    ///
    /// Source: 15 minutes of the load balancer in the walk-through; 4 to 5 of a Private Link Service.
    pub idle: Duration,
    /// Is a connection on which nothing moved reset, rather than closed?
    pub reset: bool,
    /// Probes of the backends.
    pub probe: Option<Probe>,
    /// Connections at a time; more are reset.
    pub connections: usize,
    /// How long dialling may take.
    pub patience: Duration,
}

impl Settings {
    /// To these backends, with the load balancer's timeouts.
    pub fn new(to: Vec<SocketAddr>) -> Self {
        Self {
            to,
            source: None,
            header: None,
            idle: Duration::from_secs(15 * 60),
            reset: true,
            probe: None,
            connections: 4096,
            patience: Duration::from_secs(10),
        }
    }
}

/// How connections fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed on.
    pub passed: u64,
    /// Reset: the connection of the endpoint is not approved, or no longer.
    pub not_approved: u64,
    /// Reset: no backend is up, or it did not answer, or there are too many.
    pub unavailable: u64,
    /// Ended because nothing moved.
    pub idle: u64,
}

/// A hop.
#[derive(Debug)]
pub struct Link {
    settings: Settings,
    balancer: Arc<Mutex<Balancer>>,
    approved: watch::Sender<bool>,
    passed: AtomicU64,
    not_approved: AtomicU64,
    unavailable: AtomicU64,
    idle: AtomicU64,
}

impl Link {
    /// A hop that is approved, or waits for it.
    pub fn new(settings: Settings, approved: bool) -> Arc<Self> {
        let threshold = settings.probe.as_ref().map_or(1, |probe| probe.threshold);
        Arc::new(Self {
            balancer: Arc::new(Mutex::new(Balancer::new(&settings.to, threshold))),
            settings,
            approved: watch::Sender::new(approved),
            passed: AtomicU64::new(0),
            not_approved: AtomicU64::new(0),
            unavailable: AtomicU64::new(0),
            idle: AtomicU64::new(0),
        })
    }

    /// Lets connections through from now on, or not; those that are open are reset then.
    pub fn set_approved(&self, approved: bool) {
        self.approved.send_replace(approved);
    }

    /// Are connections let through?
    pub fn is_approved(&self) -> bool {
        *self.approved.borrow()
    }

    /// How connections fared.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            passed: read(&self.passed),
            not_approved: read(&self.not_approved),
            unavailable: read(&self.unavailable),
            idle: read(&self.idle),
        }
    }

    /// The backends as the load balancer sees them.
    pub fn backends(&self) -> Vec<Backend> {
        self.balancer.lock().backends().to_vec()
    }

    /// Serves until it is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let header = self.settings.header.map(|link| Header::probe(Some(link)));
        let probing = async {
            if let Some(probe) = self.settings.probe.clone() {
                probe::run(probe, self.balancer.clone(), self.settings.source, header).await;
            }
        };
        tokio::join!(probing, self.clone().accept(listener));
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let slots = Arc::new(Semaphore::new(self.settings.connections));
        loop {
            let Ok((stream, client)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if !self.is_approved() {
                self.not_approved.fetch_add(1, Ordering::Relaxed);
                reset(&stream);
                continue;
            }
            let Ok(slot) = slots.clone().try_acquire_owned() else {
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                reset(&stream);
                continue;
            };
            let this = self.clone();
            tokio::spawn(async move {
                // However it ends, both connections are closed.
                let _ = this.connection(stream, client).await;
                drop(slot);
            });
        }
    }

    async fn connection(&self, mut near: TcpStream, client: SocketAddr) -> io::Result<()> {
        let called = near.local_addr()?;
        let chosen = self.balancer.lock().pick(client, called);
        let dialled = match chosen {
            Some(to) => {
                let dialled = tokio::time::timeout(self.settings.patience, dial(to, self.settings.source)).await;
                dialled.unwrap_or_else(|late| Err(late.into()))
            }
            None => Err(io::ErrorKind::HostUnreachable.into()),
        };
        let mut far = match dialled {
            Ok(far) => far,
            Err(error) => {
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                reset(&near);
                return Err(error);
            }
        };
        // Failures cost latency only.
        let _ = near.set_nodelay(true);
        let _ = far.set_nodelay(true);
        if let Some(link) = self.settings.header {
            far.write_all(&Header::proxy(client, called, Some(link)).write()).await?;
        }
        self.passed.fetch_add(1, Ordering::Relaxed);
        let mut approved = self.approved.subscribe();
        let timed_out = tokio::select! {
            timed_out = pass(&mut near, &mut far, self.settings.idle) => timed_out,
            // A connection that is not approved any more carries nothing, not even what was under way.
            _ = approved.wait_for(|approved| !approved) => {
                self.not_approved.fetch_add(1, Ordering::Relaxed);
                reset(&near);
                reset(&far);
                return Ok(());
            }
        };
        if timed_out {
            self.idle.fetch_add(1, Ordering::Relaxed);
            if self.settings.reset {
                reset(&near);
                reset(&far);
            }
        }
        Ok(())
    }
}

/// Passes bytes both ways; `true` when nothing moved for so long.
async fn pass(near: &mut TcpStream, far: &mut TcpStream, idle: Duration) -> bool {
    let moved = AtomicU64::new(0);
    let (mut near_in, mut near_out) = near.split();
    let (mut far_in, mut far_out) = far.split();
    let both = async {
        // The end of one direction is passed on; the other goes on.
        tokio::join!(copy(&mut near_in, &mut far_out, &moved), copy(&mut far_in, &mut near_out, &moved));
    };
    tokio::select! {
        () = both => false,
        () = stands_still(&moved, idle) => true,
    }
}

async fn copy<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(from: &mut R, to: &mut W, moved: &AtomicU64) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        moved.fetch_add(1, Ordering::Relaxed);
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    // A side that is gone cannot be told.
    let _ = to.shutdown().await;
}

async fn stands_still(moved: &AtomicU64, idle: Duration) {
    const STEPS: u32 = 8;
    let (mut before, mut still) = (moved.load(Ordering::Relaxed), 0);
    while still < STEPS {
        tokio::time::sleep(idle / STEPS).await;
        let now = moved.load(Ordering::Relaxed);
        still = if now == before { still + 1 } else { 0 };
        before = now;
    }
}

/// Connects, from a source address if one is given.
pub(crate) async fn dial(to: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.connect(to).await
}

/// Makes the end of this connection a reset.
fn reset(stream: &TcpStream) {
    // Where that is not possible the connection is closed the ordinary way.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
