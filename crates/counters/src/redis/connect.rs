//! Reaching the server, and saying clearly why not.

use std::path::PathBuf;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{Client, ErrorKind, IntoConnectionInfo, RedisError, ServerErrorKind, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::remote::AwayPolicy;

/// How to reach the server.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://[user[:password]@]host[:port][/database]`, or `rediss://…` for TLS.
    pub url: String,
    /// Password, where it is not in the URL.
    pub password: Option<String>,
    /// Certificates (PEM) of the authorities that may sign the server's; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// What all keys start with; gateways of one service share it.
    pub prefix: String,
    /// Longest wait for one decision.
    pub timeout: Duration,
    /// What happens while the server is away.
    pub away: AwayPolicy,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            password: None,
            ca_file: None,
            prefix: "apimite".to_owned(),
            timeout: Duration::from_millis(250),
            away: AwayPolicy::Local,
        }
    }
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings")
            .field("server", &self.address())
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("away", &self.away)
            .finish_non_exhaustive()
    }
}

impl RedisSettings {
    /// The URL without user and password, for messages.
    pub fn address(&self) -> String {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => self.url.clone(),
        }
    }
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL is none.
    #[error("`{url}` is no address of a Redis server: write `redis://host:port`, or `rediss://host:port` for TLS")]
    Url {
        /// The address as configured, without password.
        url: String,
    },
    /// The file of authorities cannot be read.
    #[error("cannot read the certificates in `{file}`: {error}")]
    Certificates {
        /// The file.
        file: String,
        /// What the system said.
        error: String,
    },
    /// Nobody answers there.
    #[error("cannot reach the Redis server at `{url}`: {error}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the system said.
        error: String,
    },
    /// The server refused user or password.
    #[error("the Redis server at `{url}` refuses the password: {error}")]
    Password {
        /// The address.
        url: String,
        /// What the server said.
        error: String,
    },
    /// The user may not do what counters need.
    #[error(
        "the Redis server at `{url}` does not allow its user what is needed ({error}): let the user run commands and scripts on keys that start with `{prefix}`"
    )]
    Forbidden {
        /// The address.
        url: String,
        /// What all keys start with.
        prefix: String,
        /// What the server said.
        error: String,
    },
    /// The server's certificate cannot be trusted.
    #[error(
        "the certificate of the Redis server at `{url}` is not trusted ({error}): name the certificates of its authority, and the server as its certificate does"
    )]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with it.
        error: String,
    },
    /// There is no randomness.
    #[error("the system gives no random numbers")]
    Randomness,
    /// Whatever answers is no Redis server, or not of the expected encryption.
    #[error(
        "what answers at `{url}` does not speak Redis ({error}): check the port, and `rediss://` against `redis://`"
    )]
    Protocol {
        /// The address.
        url: String,
        /// What went wrong.
        error: String,
    },
}

/// Time for the first connection, longer than for a decision.
const FIRST: Duration = Duration::from_secs(3);

/// Connects and signs in. The connection comes back by itself when it was lost.
///
/// # Errors
/// When the server cannot be reached, refuses the password, or is no Redis.
pub async fn connect(settings: &RedisSettings) -> Result<ConnectionManager, StoreError> {
    let (client, _) = sign_in(settings).await?;
    manage(client, settings).await
}

/// A plain, patient connection first: its errors say what is wrong, the manager's only that it gave up.
pub(super) async fn sign_in(settings: &RedisSettings) -> Result<(Client, MultiplexedConnection), StoreError> {
    // The redis crate asks for the process's provider, which is ambiguous when another crate brings a second one. An error
    // means that somebody has chosen before: their choice stands.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let url = settings.address();
    let bad_url = |_| StoreError::Url { url: url.clone() };
    let mut info = settings.url.as_str().into_connection_info().map_err(bad_url)?;
    if let Some(password) = &settings.password {
        let signed_in = info.redis_settings().clone().set_password(password);
        info = info.set_redis_settings(signed_in);
    }
    let client = match &settings.ca_file {
        None => Client::open(info).map_err(bad_url)?,
        Some(file) => {
            let unreadable = |error: String| StoreError::Certificates { file: file.display().to_string(), error };
            let pem = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
            // The redis crate takes a file without certificates for an authority that signs nothing.
            if !CertificateDer::pem_slice_iter(&pem).any(|found| found.is_ok()) {
                return Err(unreadable("there is no certificate in it, in the form PEM".to_owned()));
            }
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            Client::build_with_tls(info, certificates).map_err(|error| unreadable(error.to_string()))?
        }
    };
    let first = async {
        let config =
            redis::AsyncConnectionConfig::new().set_connection_timeout(Some(FIRST)).set_response_timeout(Some(FIRST));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await?;
        Ok::<_, RedisError>(connection)
    };
    match tokio::time::timeout(FIRST * 2, first).await {
        Ok(Ok(connection)) => Ok((client, connection)),
        Ok(Err(error)) => Err(explain(settings, &error).await),
        Err(_) => Err(StoreError::Protocol { url, error: format!("no answer within {} seconds", FIRST.as_secs() * 2) }),
    }
}

/// The connection that comes back by itself.
pub(super) async fn manage(client: Client, settings: &RedisSettings) -> Result<ConnectionManager, StoreError> {
    let url = settings.address();
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(settings.timeout.max(Duration::from_millis(100))))
        .set_response_timeout(Some(settings.timeout))
        .set_number_of_retries(0);
    match tokio::time::timeout(FIRST * 2, ConnectionManager::new_with_config(client, config)).await {
        Ok(Ok(manager)) => Ok(manager),
        Ok(Err(error)) => Err(explain(settings, &error).await),
        Err(_) => Err(StoreError::Unreachable { url, error: "it stopped answering".to_owned() }),
    }
}

/// Does anybody accept connections at `redis://host:port/…`?
async fn somebody_listens(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or(host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { host.to_owned() } else { format!("{host}:6379") };
    matches!(tokio::time::timeout(FIRST, tokio::net::TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// What an error of the first calls means.
pub(super) async fn explain(settings: &RedisSettings, error: &RedisError) -> StoreError {
    let (url, said, kind) = (settings.address(), error.to_string(), error.kind());
    if error.code() == Some("NOPERM") {
        return StoreError::Forbidden { url, prefix: settings.prefix.clone(), error: said };
    }
    let refused = matches!(kind, ErrorKind::AuthenticationFailed)
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
        || said.contains("invalid username-password")
        || said.contains("without any password configured");
    if refused {
        return StoreError::Password { url, error: said };
    }
    if said.contains("invalid peer certificate") {
        return StoreError::Untrusted { url, error: said };
    }
    if matches!(kind, ErrorKind::Server(ServerErrorKind::BusyLoading)) || !somebody_listens(&url).await {
        return StoreError::Unreachable { url, error: said };
    }
    StoreError::Protocol { url, error: said }
}
