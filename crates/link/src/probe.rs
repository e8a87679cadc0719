//! Health probes of the load balancer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use apimite_network::proxy::Header;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::balancer::Balancer;
use crate::link::dial;

/// How backends are probed.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What counts as an answer.
    pub kind: ProbeKind,
    /// Another port than that of the traffic.
    pub port: Option<u16>,
    /// From one probe to the next; also how long one may take.
    pub interval: Duration,
    /// Probes in a row that turn a backend up or down.
    pub threshold: u32,
}

/// What counts as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// A connection.
    Tcp,
    /// Status 200 of a GET of this path.
    Http(String),
}

/// Probes all backends for ever; `header` precedes every probe.
pub(crate) async fn run(probe: Probe, balancer: Arc<Mutex<Balancer>>, source: Option<IpAddr>, header: Option<Header>) {
    loop {
        let addresses: Vec<SocketAddr> = balancer.lock().backends().iter().map(|backend| backend.address).collect();
        for address in addresses {
            let to = SocketAddr::new(address.ip(), probe.port.unwrap_or(address.port()));
            let asked = tokio::time::timeout(probe.interval, ask(&probe.kind, to, source, header));
            let answered = matches!(asked.await, Ok(Ok(true)));
            balancer.lock().probed(address, answered);
        }
        tokio::time::sleep(probe.interval).await;
    }
}

async fn ask(
    kind: &ProbeKind,
    to: SocketAddr,
    source: Option<IpAddr>,
    header: Option<Header>,
) -> std::io::Result<bool> {
    let mut stream = dial(to, source).await?;
    if let Some(header) = header {
        stream.write_all(&header.write()).await?;
    }
    let ProbeKind::Http(path) = kind else { return Ok(true) };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", to.ip());
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    Ok(start.starts_with(b"HTTP/1.") && start.ends_with(b" 200"))
}
