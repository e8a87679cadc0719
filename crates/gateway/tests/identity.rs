//! What a TLS client shows of itself, and sessions taken up again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::io::{Read, Write};
use std::sync::Arc;

use apimite_clock::Clock;
use apimite_gateway::tls::{Certificates, ClientCertificates, LocalCa};
use apimite_gateway::{Gateway, Listener};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, StreamOwned};
use support::*;

type Client = StreamOwned<ClientConnection, std::net::TcpStream>;

struct Ground {
    _folder: tempfile::TempDir,
    gateway: Gateway,
    roots: Arc<RootCertStore>,
    _backend: Backend,
}

impl Ground {
    fn new(asked: ClientCertificates) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = LocalCa::open(folder.path(), &["gw.test".to_owned()], Clock::system().now()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&ca.ca_file).unwrap()).unwrap();
        let backend = Backend::echo();
        let mut options = options();
        options.listeners.push(Listener::tls("https", "127.0.0.1:0".parse().unwrap()));
        options.certificates = Some(Arc::new(Certificates::new(vec![ca.certificate])));
        options.client_certificates = asked;
        let service = with_inbound(
            &backend.url,
            "<set-header name=\"X-Who\" exists-action=\"override\">\
               <value>@(context.Request.Certificate == null ? \"nobody\" : \
                 context.Request.Certificate.Subject + \" \" + context.Request.Certificate.Thumbprint)</value>\
             </set-header>",
        );
        let gateway = Gateway::start(options, snapshot_with_code(service)).unwrap();
        Self { _folder: folder, gateway, roots: Arc::new(roots), _backend: backend }
    }

    fn config(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        Arc::new(match identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        })
    }

    /// One request on a connection of its own.
    fn ask(&self, config: &Arc<ClientConfig>) -> (String, Client) {
        let name = ServerName::try_from("gw.test").unwrap();
        let connection = ClientConnection::new(config.clone(), name).unwrap();
        let socket = std::net::TcpStream::connect(self.gateway.address("https").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        stream.write_all(b"GET /api/x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer, stream)
    }
}

#[test]
fn the_certificate_of_the_client_reaches_the_policies() {
    let ground = Ground::new(ClientCertificates::Asked);
    let mut names = rcgen::CertificateParams::new(vec!["client".to_owned()]).unwrap();
    names.distinguished_name = rcgen::DistinguishedName::new();
    names.distinguished_name.push(rcgen::DnType::CommonName, "ann");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = names.self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let with = ground.config(&[version], Some((vec![certificate.der().clone()], private.clone_key())));
        let (answer, _) = ground.ask(&with);
        let who = header(answer.split_once("\r\n\r\n").unwrap().1, "x-who").unwrap().to_owned();
        let (subject, thumbprint) = who.rsplit_once(' ').unwrap();
        assert_eq!(subject, "CN=ann");
        assert!(thumbprint.len() == 40 && thumbprint.bytes().all(|b| b.is_ascii_hexdigit()), "{thumbprint}");
        // A session that is taken up again is the same client's.
        let (answer, stream) = ground.ask(&with);
        assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Resumed));
        assert!(answer.contains(&who), "{answer}");
        let (answer, _) = ground.ask(&ground.config(&[version], None));
        assert!(answer.contains("X-Who: nobody"), "{answer}");
    }
}

#[test]
fn a_session_is_taken_up_again() {
    let ground = Ground::new(ClientCertificates::NotAsked);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let config = ground.config(&[version], None);
        let (answer, first) = ground.ask(&config);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(first.conn.handshake_kind(), Some(HandshakeKind::Full));
        let (answer, again) = ground.ask(&config);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(again.conn.handshake_kind(), Some(HandshakeKind::Resumed), "{:?}", version.version);
        assert!(matches!(again.conn.protocol_version(), Some(ProtocolVersion::TLSv1_2 | ProtocolVersion::TLSv1_3)));
    }
}
