//! The listener that is port 3443 in the cloud: management, for the control plane.
//!
//! Source: virtual network reference: 3443 is opened for the service tag `ApiManagement`, whose addresses are published.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_gateway::tls::Acceptor;
use apimite_import::Settings;
use apimite_import::settings::ControlPlaneFrom;
use apimite_network::control_plane::addresses;
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::network::is_loopback;

/// Connections at a time.
const CONNECTIONS: usize = 256;
/// How long the first byte and the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who may connect; `None` for anybody.
pub(super) fn admitted(settings: &Settings, region: &str) -> Option<BTreeSet<IpAddr>> {
    match settings.network.control_plane_from {
        ControlPlaneFrom::Any => None,
        ControlPlaneFrom::Published => {
            Some(addresses(settings.network.environment, Some(region)).into_iter().collect())
        }
    }
}

/// Serves management over TLS (and plainly, for local tools) to those who may connect; everybody else is closed.
pub(super) async fn serve(listener: TcpListener, routes: Router, admitted: Option<BTreeSet<IpAddr>>, tls: Acceptor) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let peer = peer.ip().to_canonical();
        let known = admitted.as_ref().is_none_or(|list| is_loopback(peer) || list.contains(&peer));
        let Ok(permit) = connections.clone().try_acquire_owned() else { continue };
        if !known {
            continue;
        }
        let (routes, tls) = (routes.clone(), tls.clone());
        tokio::spawn(async move {
            // However it ends, the connection is closed.
            let _ = connection(stream, routes, tls).await;
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, routes: Router, tls: Acceptor) -> std::io::Result<()> {
    let mut first = [0];
    tokio::time::timeout(HANDSHAKE, stream.peek(&mut first)).await??;
    let service = TowerToHyperService::new(routes);
    let builder = Builder::new(TokioExecutor::new());
    // A handshake begins with record type 22; no HTTP request does.
    let outcome = if first == [0x16] {
        let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await??;
        builder.serve_connection(TokioIo::new(stream), service).await
    } else {
        builder.serve_connection(TokioIo::new(stream), service).await
    };
    outcome.map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_addresses_of_the_region_are_admitted() {
        let mut settings = Settings::default();
        assert_eq!(admitted(&settings, "West Europe"), None);
        settings.network.control_plane_from = ControlPlaneFrom::Published;
        let list = admitted(&settings, "West Europe").unwrap();
        assert!(list.len() > 2 && list.contains(&"104.214.19.224".parse().unwrap()), "{list:?}");
    }
}
