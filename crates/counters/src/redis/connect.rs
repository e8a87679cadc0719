//! Reaching the server, and saying clearly why not.

use std::path::PathBuf;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, IntoConnectionInfo, RedisError, ServerErrorKind, TlsCertificates};

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
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            Client::build_with_tls(info, certificates).map_err(|error| unreadable(error.to_string()))?
        }
    };
    // A plain connection first: its errors say what is wrong, the manager's only that it gave up.
    let probe = async {
        let config =
            redis::AsyncConnectionConfig::new().set_connection_timeout(Some(FIRST)).set_response_timeout(Some(FIRST));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let pong = redis::cmd("PING").query_async::<String>(&mut connection).await?;
        let _: i64 = redis::Script::new("return 1").invoke_async(&mut connection).await?;
        Ok::<_, RedisError>(pong)
    };
    match tokio::time::timeout(FIRST * 2, probe).await {
        Err(_) => {
            return Err(StoreError::Protocol {
                url,
                error: format!("no answer within {} seconds", FIRST.as_secs() * 2),
            });
        }
        Ok(Err(error)) => return Err(explain(url, &error).await),
        Ok(Ok(_)) => {}
    }
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(settings.timeout.max(Duration::from_millis(100))))
        .set_response_timeout(Some(settings.timeout))
        .set_number_of_retries(0);
    match tokio::time::timeout(FIRST * 2, ConnectionManager::new_with_config(client, config)).await {
        Ok(Ok(manager)) => Ok(manager),
        Ok(Err(error)) => Err(explain(url, &error).await),
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

async fn explain(url: String, error: &RedisError) -> StoreError {
    let said = error.to_string();
    let kind = error.kind();
    let refused = matches!(kind, ErrorKind::AuthenticationFailed)
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
        || said.contains("invalid username-password")
        || said.contains("without any password configured");
    if refused {
        return StoreError::Password { url, error: said };
    }
    if matches!(kind, ErrorKind::Server(ServerErrorKind::BusyLoading)) || !somebody_listens(&url).await {
        return StoreError::Unreachable { url, error: said };
    }
    StoreError::Protocol { url, error: said }
}
