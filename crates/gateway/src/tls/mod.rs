//! TLS towards clients: certificates by server name, exchanged while running; client certificates kept, not judged.

mod client_certificates;
mod local_ca;
mod store;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;

pub use self::local_ca::{LocalCa, LocalCaError};
pub use self::store::{Certificates, HostCertificate, NotACertificate};

/// Are clients asked for a certificate?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// No.
    #[default]
    NotAsked,
    /// Yes; a client may answer with none, and any certificate whose key it holds is accepted: policies decide.
    Asked,
}

/// Accepts TLS on connections that are not the data plane's.
#[derive(Clone)]
pub struct Acceptor(tokio_rustls::TlsAcceptor);

impl Acceptor {
    /// With these certificates; clients are not asked for theirs.
    ///
    /// # Errors
    /// A sentence when the crypto provider lacks something.
    pub fn new(certificates: Arc<Certificates>) -> Result<Self, String> {
        let config = server_config(certificates, ClientCertificates::NotAsked).map_err(|error| error.to_string())?;
        Ok(Self(config.into()))
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// What the client did wrong, or the network.
    pub async fn accept(
        &self,
        stream: tokio::net::TcpStream,
    ) -> std::io::Result<tokio_rustls::server::TlsStream<tokio::net::TcpStream>> {
        self.0.accept(stream).await
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// The one crypto provider.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The server's side of TLS for one kind of listener.
///
/// # Errors
/// A sentence when the crypto provider lacks something.
pub fn server_config(
    certificates: Arc<Certificates>,
    clients: ClientCertificates,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match clients {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        ClientCertificates::Asked => {
            builder.with_client_cert_verifier(Arc::new(client_certificates::AnyCertificate::new(&provider)))
        }
    };
    let mut config = builder.with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions are resumed by tickets alone, so that no worker keeps state for its clients.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
