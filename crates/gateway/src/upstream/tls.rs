//! TLS towards backends: which certificates are trusted, and how much of the check a backend asks for.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use apimite_policy::env::{CallTls, HttpVersion};
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Client configurations, made on first use and shared by all workers.
#[derive(Debug)]
pub(crate) struct ClientTls {
    provider: Arc<CryptoProvider>,
    /// Certificates trusted besides the system's: the service's CA certificates, and our own local one.
    trusted: Vec<CertificateDer<'static>>,
    roots: OnceLock<Arc<RootCertStore>>,
    configs: Mutex<HashMap<(CallTls, HttpVersion), Arc<ClientConfig>>>,
}

impl ClientTls {
    pub(crate) fn new(provider: Arc<CryptoProvider>, trusted: Vec<CertificateDer<'static>>) -> Self {
        Self { provider, trusted, roots: OnceLock::new(), configs: Mutex::default() }
    }

    /// The configuration for these switches.
    ///
    /// # Errors
    /// A sentence when the client certificate cannot be used.
    pub(crate) async fn config(
        self: &Arc<Self>,
        tls: &CallTls,
        version: HttpVersion,
    ) -> Result<Arc<ClientConfig>, String> {
        let key = (tls.clone(), version);
        if let Some(config) = self.configs.lock().get(&key) {
            return Ok(config.clone());
        }
        // Reading the system's certificates takes milliseconds: not on a worker thread.
        let this = self.clone();
        let config = tokio::task::spawn_blocking(move || this.build(&key.0, key.1).map(|config| (key, config)))
            .await
            .map_err(|error| error.to_string())?;
        let (key, config) = config?;
        Ok(self.configs.lock().entry(key).or_insert(config).clone())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        self.roots
            .get_or_init(|| {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                store.add_parsable_certificates(self.trusted.iter().cloned());
                Arc::new(store)
            })
            .clone()
    }

    fn build(&self, tls: &CallTls, version: HttpVersion) -> Result<Arc<ClientConfig>, String> {
        let says = |error: &dyn std::fmt::Display| format!("TLS towards the backend cannot be set up: {error}");
        let roots = self.roots();
        let chain = if tls.validate_chain && !roots.is_empty() {
            let builder = WebPkiServerVerifier::builder_with_provider(roots, self.provider.clone());
            Some(builder.build().map_err(|error| says(&error))?)
        } else if tls.validate_chain {
            return Err(says(&"no trusted root certificates were found on this system"));
        } else {
            None
        };
        let verifier = Verifier {
            chain,
            validate_name: tls.validate_name,
            algorithms: self.provider.signature_verification_algorithms,
        };
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| says(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &tls.client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let chain = client.chain.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(client.key.to_vec()));
                builder.with_client_auth_cert(chain, key).map_err(|error| says(&error))?
            }
        };
        config.alpn_protocols = match version {
            HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
            HttpVersion::Http2Or1 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersion::Http2 => vec![b"h2".to_vec()],
        };
        Ok(Arc::new(config))
    }
}

/// Checks as much of a backend's certificate as was asked for; the handshake signature always.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    validate_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            if self.validate_name {
                let parsed = rustls::server::ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&parsed, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last, when the chain has been found good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.validate_name => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
