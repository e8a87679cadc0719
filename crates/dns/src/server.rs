//! Sockets: UDP and TCP.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apimite_network::horizon::{Horizon, View};
use arc_swap::ArcSwap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

use crate::forward::forward;
use crate::respond::{Outcome, encode, largest, respond};

/// Questions that wait for other servers at a time; more are dropped, and asked again by whoever asked.
const WAITING: usize = 256;
/// Connections at a time.
const CONNECTIONS: usize = 256;
/// How long a connection may stand still.
const IDLE: Duration = Duration::from_secs(10);
/// Longest question over TCP, in bytes.
const LONGEST: u16 = 4096;

/// Answers questions by a [`Horizon`], which may be exchanged at any time.
#[derive(Debug)]
pub struct Server {
    horizon: Arc<ArcSwap<Horizon>>,
    /// Every asker is taken for one of this network.
    network: Option<String>,
    answered: AtomicU64,
    dropped: AtomicU64,
    waiting: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

/// A server's sockets, bound to one address.
#[derive(Debug)]
pub struct Bound {
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Bound {
    /// Binds UDP and TCP; with port 0 both get the same free one.
    ///
    /// # Errors
    /// What the system says, an address in use above all.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let tcp = TcpListener::bind(address).await?;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Ok(udp) => return Ok(Self { udp, tcp }),
                // The port that TCP was given is somebody's over UDP: another one.
                Err(error) if address.port() == 0 && error.kind() == io::ErrorKind::AddrInUse && tries < 16 => {
                    tries += 1
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The address.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Server {
    /// Answers by what `horizon` holds at the time of each question. With a network, every asker is taken for one of it:
    /// for networks whose addresses overlap with others', each with a server of its own.
    pub fn new(horizon: Arc<ArcSwap<Horizon>>, network: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            horizon,
            network,
            answered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            waiting: Arc::new(Semaphore::new(WAITING)),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Questions answered, and messages dropped.
    pub fn counts(&self) -> (u64, u64) {
        (self.answered.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    /// Serves until it is dropped.
    pub async fn serve(self: Arc<Self>, bound: Bound) {
        tokio::join!(self.clone().over_udp(Arc::new(bound.udp)), self.over_tcp(bound.tcp));
    }

    fn decide(&self, asker: IpAddr, bytes: &[u8]) -> Outcome {
        let horizon = self.horizon.load();
        let view: Option<&View> = match &self.network {
            Some(name) => horizon.named(name),
            None => horizon.view(asker.to_canonical()),
        };
        respond(&horizon, view, bytes)
    }

    fn count(&self, answered: bool) {
        if answered { &self.answered } else { &self.dropped }.fetch_add(1, Ordering::Relaxed);
    }

    async fn over_udp(self: Arc<Self>, socket: Arc<UdpSocket>) {
        let mut buffer = [0; LONGEST as usize];
        loop {
            let (length, asker) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                // An answer that could not be delivered shows here; the socket goes on.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
            };
            let question = buffer.get(..length).unwrap_or_default();
            let largest = largest(question);
            match self.decide(asker.ip(), question) {
                Outcome::Drop => self.count(false),
                Outcome::Reply(reply) => {
                    if let Some(bytes) = encode(&reply, Some(largest)) {
                        // Lost answers are asked for again.
                        let _ = socket.send_to(&bytes, asker).await;
                    }
                    self.count(true);
                }
                Outcome::Forward(reply, query, to) => {
                    let Ok(permit) = self.waiting.clone().try_acquire_owned() else {
                        self.count(false);
                        continue;
                    };
                    let (this, socket) = (self.clone(), socket.clone());
                    tokio::spawn(async move {
                        let reply = forward(*reply, *query, &to).await;
                        if let Some(bytes) = encode(&reply, Some(largest)) {
                            let _ = socket.send_to(&bytes, asker).await;
                        }
                        this.count(true);
                        drop(permit);
                    });
                }
            }
        }
    }

    async fn over_tcp(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, asker)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let Ok(permit) = self.connections.clone().try_acquire_owned() else { continue };
            let this = self.clone();
            tokio::spawn(async move {
                // However it ends, the connection is closed.
                let _ = this.connection(stream, asker).await;
                drop(permit);
            });
        }
    }

    async fn connection(&self, mut stream: TcpStream, asker: SocketAddr) -> io::Result<()> {
        loop {
            let length = tokio::time::timeout(IDLE, stream.read_u16()).await??;
            if length > LONGEST {
                self.count(false);
                return Ok(());
            }
            let mut question = vec![0; usize::from(length)];
            tokio::time::timeout(IDLE, stream.read_exact(&mut question)).await??;
            let reply = match self.decide(asker.ip(), &question) {
                Outcome::Drop => {
                    self.count(false);
                    return Ok(());
                }
                Outcome::Reply(reply) => *reply,
                Outcome::Forward(reply, query, to) => forward(*reply, *query, &to).await,
            };
            let Some(bytes) = encode(&reply, None) else { return Ok(()) };
            let Ok(length) = u16::try_from(bytes.len()) else { return Ok(()) };
            let mut framed = Vec::with_capacity(bytes.len() + 2);
            framed.extend_from_slice(&length.to_be_bytes());
            framed.extend_from_slice(&bytes);
            tokio::time::timeout(IDLE, stream.write_all(&framed)).await??;
            self.count(true);
        }
    }
}
