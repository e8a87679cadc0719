//! Opens connections: TCP, an outgoing proxy, TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use apimite_policy::env::{CallProxy, CallTls, HttpVersion};
use base64::Engine;
use http::uri::Authority;
use rustls::pki_types::ServerName;
use smallvec::SmallVec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::resolve::Resolver;
use super::tls::ClientTls;
use super::transport::Transport;

/// Longest time one address may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer of a proxy to `CONNECT`, in bytes.
const PROXY_HEAD_LIMIT: usize = 8 * 1024;

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name has no address.
    #[error("The remote name could not be resolved: '{host}'")]
    Resolve { host: String },
    /// Nobody accepted.
    #[error("Unable to connect to the remote server ({host}:{port}: {error})")]
    Connect { host: String, port: u16, error: io::Error },
    /// The outgoing proxy refused.
    #[error("Unable to connect to the remote server (proxy: {0})")]
    Proxy(String),
    /// TLS failed.
    #[error(
        "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel. ({0})"
    )]
    Tls(String),
}

/// What is needed to open a connection.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'a> {
    /// Host and port, as the URL has them.
    pub(crate) authority: &'a Authority,
    /// TLS switches, when there is TLS.
    pub(crate) tls: Option<&'a CallTls>,
    pub(crate) version: HttpVersion,
    pub(crate) proxy: Option<&'a CallProxy>,
}

impl Destination<'_> {
    fn host(&self) -> &str {
        self.authority.host()
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 })
    }
}

/// Opens a connection.
///
/// # Errors
/// [`ConnectError`]
pub(crate) async fn connect(
    to: Destination<'_>,
    resolver: &Resolver,
    tls: &Arc<ClientTls>,
) -> Result<Transport, ConnectError> {
    let stream = match to.proxy {
        None => tcp(to.host(), to.port(), resolver).await?,
        Some(proxy) => {
            let (host, port) = proxy_address(proxy)?;
            let mut stream = tcp(&host, port, resolver).await?;
            // Plain requests go to the proxy with an absolute URL instead.
            if to.tls.is_some() {
                tunnel(&mut stream, to, proxy).await?;
            }
            stream
        }
    };
    let Some(switches) = to.tls else { return Ok(Transport::Tcp(stream)) };
    let config = tls.config(switches, to.version).await.map_err(ConnectError::Tls)?;
    let bare = to.host().trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| ConnectError::Tls(error.to_string()))?;
    let stream =
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| ConnectError::Tls(error.to_string()))?;
    Ok(Transport::Tls(Box::new(stream)))
}

async fn tcp(host: &str, port: u16, resolver: &Resolver) -> Result<TcpStream, ConnectError> {
    let addresses = resolver.resolve(host, port).await.map_err(|_| ConnectError::Resolve { host: host.to_owned() })?;
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A failure here costs latency, not correctness.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(ConnectError::Connect { host: host.to_owned(), port, error: last })
}

fn proxy_address(proxy: &CallProxy) -> Result<(String, u16), ConnectError> {
    let url = apimite_policy::url::Url::parse(&proxy.url).map_err(|error| ConnectError::Proxy(error.to_string()))?;
    if url.scheme.is_tls() {
        return Err(ConnectError::Proxy(format!("`{}` is an https proxy; only http proxies are supported", proxy.url)));
    }
    Ok((url.host().to_owned(), url.port()))
}

/// The value of `Proxy-Authorization`, if the proxy wants credentials.
pub(crate) fn proxy_authorization(proxy: &CallProxy) -> Option<String> {
    let (user, password) = proxy.credentials.as_ref()?;
    let pair = format!("{user}:{}", password.reveal());
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
}

async fn tunnel(stream: &mut TcpStream, to: Destination<'_>, proxy: &CallProxy) -> Result<(), ConnectError> {
    let fail = |error: io::Error| ConnectError::Proxy(error.to_string());
    let mut head = format!("CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n", to.host(), to.port());
    if let Some(value) = proxy_authorization(proxy) {
        head.push_str("Proxy-Authorization: ");
        head.push_str(&value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.map_err(fail)?;
    let mut answer: SmallVec<[u8; 512]> = SmallVec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        // One byte at a time: nothing of what follows the head may be taken.
        let byte = stream.read_u8().await.map_err(fail)?;
        answer.push(byte);
        if answer.len() > PROXY_HEAD_LIMIT {
            return Err(ConnectError::Proxy("its answer is too long".to_owned()));
        }
    }
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if line.split(|byte| *byte == b' ').nth(1).is_some_and(|code| code.starts_with(b"2")) {
        return Ok(());
    }
    Err(ConnectError::Proxy(String::from_utf8_lossy(line).into_owned()))
}
