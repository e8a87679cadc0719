//! TLS in front of a server that has none: what comes in over TLS goes on in plain, both on loopback.
#![allow(dead_code, clippy::unwrap_used, reason = "a test may, and each uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

pub struct TlsRelay {
    pub port: u16,
    /// The certificate that clients must trust; it stands for `localhost`.
    pub certificate: PathBuf,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl TlsRelay {
    /// Starts it on a thread of its own, which ends with it; the certificate goes to `folder`.
    pub fn start(folder: &Path, to: u16) -> Self {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = folder.join("relay.pem");
        std::fs::write(&certificate, own.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let serve = async {
                    while let Ok((client, _)) = listener.accept().await {
                        tokio::spawn(carry(acceptor.clone(), client, to));
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, certificate, _stop: stop }
    }

    pub fn url(&self, user: &str) -> String {
        format!("rediss://{user}localhost:{}", self.port)
    }
}

async fn carry(acceptor: TlsAcceptor, client: TcpStream, to: u16) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
