//! A running gateway: its worker threads, its addresses, its snapshot.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;

use crate::config::{Options, Security};
use crate::serve::{self, Control, Setup};
use crate::snapshot::Snapshot;
use crate::tls;
use crate::upstream::tls::ClientTls;

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} (listener `{listener}`): {error}")]
    Listen {
        /// Name of the listener.
        listener: Box<str>,
        /// Its address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A TLS listener without certificates.
    #[error("listener `{listener}` needs a certificate")]
    NoCertificate {
        /// Name of the listener.
        listener: Box<str>,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// A thread cannot be started.
    #[error("a worker thread cannot be started: {0}")]
    Thread(io::Error),
}

/// A running gateway. Dropped, it stops at once.
pub struct Gateway {
    addresses: Vec<(Box<str>, SocketAddr)>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    control: watch::Sender<Control>,
    workers: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Binds every listener, then starts the workers. When it returns, connections are accepted.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub fn start(options: Options, snapshot: Snapshot) -> Result<Self, StartError> {
        let workers = match options.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let tls = server_tls(&options)?;
        let mut bound = Vec::new();
        for listener in &options.listeners {
            bound.push(serve::bind(listener, workers).map_err(|error| StartError::Listen {
                listener: listener.name.clone(),
                address: listener.address,
                error,
            })?);
        }
        let addresses = bound.iter().map(|bound| (bound.listener.name.clone(), bound.address)).collect();
        let trusted = options.trusted.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let setup = Arc::new(Setup {
            client_tls: Arc::new(ClientTls::new(tls::provider(), trusted)),
            options,
            snapshot: snapshot.clone(),
            tls,
        });
        let (control, watch) = watch::channel(Control::Run);
        let mut gateway = Self { addresses, snapshot, control, workers: Vec::with_capacity(workers) };
        for number in 0..workers {
            let sockets =
                bound.iter_mut().filter_map(|bound| Some((bound.listener.clone(), bound.sockets.pop()?))).collect();
            let (setup, watch) = (setup.clone(), watch.clone());
            let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                // The runtime fails to start only when the system is out of descriptors.
                let _ = serve::run(setup, sockets, watch);
            });
            gateway.workers.push(thread.map_err(StartError::Thread)?);
        }
        Ok(gateway)
    }

    /// Name and address of every listener, in the order of the options.
    pub fn addresses(&self) -> &[(Box<str>, SocketAddr)] {
        &self.addresses
    }

    /// The address of a listener.
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.iter().find(|(name, _)| &**name == listener).map(|(_, address)| *address)
    }

    /// The snapshot that new requests are served by.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Serves new requests by this snapshot; requests in flight keep theirs.
    pub fn swap(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// A handle that can exchange the snapshot from anywhere.
    pub fn handle(&self) -> Arc<ArcSwap<Snapshot>> {
        self.snapshot.clone()
    }

    /// Takes no more connections, lets requests in flight finish for at most `limit`, then stops. Blocks meanwhile.
    pub fn drain(mut self, limit: Duration) {
        self.stop(limit);
    }

    fn stop(&mut self, limit: Duration) {
        // Without receivers every worker has ended already.
        let _ = self.control.send(Control::Drain(limit));
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

fn server_tls(options: &Options) -> Result<Option<Arc<rustls::ServerConfig>>, StartError> {
    let Some(listener) = options.listeners.iter().find(|listener| listener.security == Security::Tls) else {
        return Ok(None);
    };
    let Some(certificates) = &options.certificates else {
        return Err(StartError::NoCertificate { listener: listener.name.clone() });
    };
    tls::server_config(certificates.clone(), options.client_certificates)
        .map(Some)
        .map_err(|error| StartError::Tls(error.to_string()))
}
