//! TLS and HTTP/2 on both sides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "this is test code")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Clock;
use apimite_gateway::tls::{Certificates, ClientCertificates, LocalCa};
use apimite_gateway::{Gateway, Listener, Options};
use apimite_model::{Backend as Entity, PolicyText, Service};
use support::*;

struct Ground {
    folder: tempfile::TempDir,
    ca: LocalCa,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = LocalCa::open(folder.path(), &["gw.test".to_owned()], Clock::system().now()).unwrap();
        Self { folder, ca }
    }

    fn options(&self) -> Options {
        let mut options = options();
        options.listeners.push(Listener::tls("https", "127.0.0.1:0".parse().unwrap()));
        options.certificates = Some(Arc::new(Certificates::new(vec![self.ca.certificate.clone()])));
        options
    }

    fn curl(&self, gateway: &Gateway, arguments: &[&str], path: &str) -> Option<(String, String)> {
        let port = gateway.address("https").unwrap().port();
        let output = std::process::Command::new("curl")
            .args(["-sS", "-i", "--max-time", "10", "--noproxy", "*", "--cacert"])
            .arg(&self.ca.ca_file)
            .args(["--resolve", &format!("gw.test:{port}:127.0.0.1")])
            .args(arguments)
            .arg(format!("https://gw.test:{port}{path}"))
            .output()
            .ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some((head.to_owned(), body.to_owned()))
    }
}

/// curl is on most machines; where it is not, the test says so.
fn answered(answer: Option<(String, String)>) -> (String, String) {
    answer.unwrap_or_else(|| {
        eprintln!("curl is not installed: skipped");
        (String::new(), String::new())
    })
}

#[test]
fn curl_trusts_the_local_authority_over_both_versions_of_http_and_tls() {
    let ground = Ground::new();
    let backend = Backend::echo();
    let gateway = Gateway::start(ground.options(), snapshot(service(&backend.url))).unwrap();
    for (arguments, status) in [
        (&["--http1.1"][..], "HTTP/1.1 200 OK"),
        (&["--http2"], "HTTP/2 200"),
        (&["--tls-max", "1.2"], "HTTP/2 200"),
        (&["--http1.1", "-d", "some body"], "HTTP/1.1 200 OK"),
        (&["--http2", "-d", "some body"], "HTTP/2 200"),
    ] {
        let (head, body) = answered(ground.curl(&gateway, arguments, "/api/x?y"));
        if head.is_empty() {
            return;
        }
        assert!(head.starts_with(status), "{arguments:?}: {head}");
        assert!(body.contains(" /x?y HTTP/1.1\r\n"), "{body}");
        assert_eq!(body.ends_with("some body"), arguments.contains(&"-d"));
    }
}

#[test]
fn a_missing_key_over_http2_has_the_same_body_and_realm() {
    let ground = Ground::new();
    let gateway = Gateway::start(ground.options(), snapshot(service("http://127.0.0.1:9"))).unwrap();
    let (head, body) = answered(ground.curl(&gateway, &["--http2"], "/keyed/v/things/1"));
    if head.is_empty() {
        return;
    }
    assert!(head.starts_with("HTTP/2 401"), "{head}");
    assert_eq!(body.len(), 152);
    let port = gateway.address("https").unwrap().port();
    assert!(head.contains(&format!("realm=\"https://gw.test:{port}/keyed/v\"")), "{head}");
}

#[test]
fn http2_without_tls_is_served_to_those_who_begin_with_it() {
    let backend = Backend::echo();
    let gateway = start(service(&backend.url));
    let url = format!("http://{}/api/x", http(&gateway));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (version, body) = runtime.block_on(async {
        let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
        let many = (0..20).map(|n| client.post(&url).body(format!("body {n}")).send());
        let mut last = None;
        for answer in futures_util::future::join_all(many).await {
            let answer = answer.unwrap();
            assert_eq!(answer.status(), 200);
            last = Some((answer.version(), answer.text().await.unwrap()));
        }
        last.unwrap()
    });
    assert_eq!(version, http::Version::HTTP_2);
    assert!(body.starts_with("POST /x HTTP/1.1\r\n") && body.ends_with("body 19"), "{body}");
}

/// A second gateway is the TLS and HTTP/2 backend of the first.
fn behind(ground: &Ground, service_of: impl FnOnce(&str) -> Service, trust: bool) -> (Gateway, Gateway, Backend) {
    let backend = Backend::echo();
    let inner = Gateway::start(ground.options(), snapshot(service(&backend.url))).unwrap();
    let url = format!("https://localhost:{}/api", inner.address("https").unwrap().port());
    let mut options = options();
    if trust {
        let pem = std::fs::read_to_string(&ground.ca.ca_file).unwrap();
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap();
        let der: rustls::pki_types::CertificateDer<'static> = der;
        options.trusted.push(Arc::from(der.as_ref()));
    }
    let outer = Gateway::start(options, snapshot(service_of(&url))).unwrap();
    (outer, inner, backend)
}

fn with_policy(url: &str, backend: &str) -> Service {
    let mut service = service(url);
    service.policy = Some(PolicyText::new(
        "global.xml",
        format!("<policies><inbound/><backend>{backend}</backend><outbound/></policies>"),
    ));
    service
}

#[test]
fn a_trusted_tls_backend_is_reached_over_both_versions() {
    let ground = Ground::new();
    for version in ["1", "2or1", "2"] {
        let policy = format!("<forward-request http-version=\"{version}\"/>");
        let (outer, _inner, _backend) = behind(&ground, |url| with_policy(url, &policy), true);
        let mut client = Peer::connect(http(&outer));
        for _ in 0..3 {
            let (head, body) = client.ask("POST /api/deep HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\n\r\nabc");
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{version}: {head} {body}");
            assert!(body.starts_with("POST /deep HTTP/1.1\r\n") && body.ends_with("abc"), "{body}");
        }
    }
}

#[test]
fn an_untrusted_backend_is_an_error_unless_its_checks_are_off() {
    let ground = Ground::new();
    let (outer, _inner, _backend) = behind(&ground, service, false);
    let (head, _) = Peer::connect(http(&outer)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    let unchecked = |url: &str| {
        let mut service = service(url);
        let mut entity = Entity::single("inner", url);
        entity.tls.validate_chain = false;
        entity.tls.validate_name = false;
        service.backends.insert("inner".into(), Arc::new(entity));
        service
    };
    let (outer, _inner, _backend) = behind(&ground, unchecked, false);
    let (head, _) = Peer::connect(http(&outer)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn a_client_certificate_is_taken_whoever_signed_it() {
    let ground = Ground::new();
    let backend = Backend::echo();
    let mut options = ground.options();
    options.client_certificates = ClientCertificates::Asked;
    let gateway = Gateway::start(options, snapshot(service(&backend.url))).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    let file = ground.folder.path().join("client.pem");
    std::fs::write(&file, format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem())).unwrap();
    for arguments in [vec!["--cert", file.to_str().unwrap()], vec![]] {
        let (head, _) = answered(ground.curl(&gateway, &arguments, "/api/x"));
        assert!(head.is_empty() || head.starts_with("HTTP/2 200"), "{head}");
    }
}

#[test]
fn a_backend_that_says_nothing_in_time_is_a_timeout() {
    let backend = Backend::new(|_, mut peer| {
        peer.request().unwrap();
        let _ = peer.head();
    });
    let (witness, told) = Witness::new();
    let mut options = options();
    options.observer = Some(witness);
    let policy = "<forward-request timeout-ms=\"50\"/>";
    let gateway = Gateway::start(options, snapshot(with_policy(&backend.url, policy))).unwrap();
    let (head, body) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 500 Internal Server Error"), "{head}");
    assert_eq!(body.len(), 111);
    let told = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(format!("{:?}", told.answered).contains("Timeout"), "{told:?}");
}

#[test]
fn a_plain_client_on_a_tls_listener_harms_nobody() {
    let ground = Ground::new();
    let gateway = Gateway::start(ground.options(), snapshot(service("http://127.0.0.1:9"))).unwrap();
    let mut client = Peer::connect(gateway.address("https").unwrap());
    client.say(&get("/api/x"));
    assert!(!client.rest().contains("HTTP/1.1 200"));
    assert!(Peer::connect(http(&gateway)).ask(&get("/none")).0.starts_with("HTTP/1.1 404"));
}

/// A GET over TLS with a client certificate, or without one; the whole answer.
fn ask_with(
    gateway: &Gateway,
    ca_file: &std::path::Path,
    identity: Option<(&rcgen::Certificate, &rcgen::KeyPair)>,
) -> String {
    use std::io::{Read, Write};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match identity {
        Some((certificate, key)) => {
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let name = ServerName::try_from("gw.test").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = std::net::TcpStream::connect(gateway.address("https").unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, socket);
    stream.write_all(b"GET /api/x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn validate_client_certificate_judges_what_the_handshake_showed() {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    let authority = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        (certificate, Issuer::new(params, key))
    };
    let client = |name: &str, issuer: &Issuer<'_, KeyPair>| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, issuer).unwrap(), key)
    };
    let (root, issuer) = authority("Client Root");
    let (_, stranger) = authority("Client Root");
    let backend = Backend::echo();
    let mut service = service(&backend.url);
    service.authorities.push(Arc::from(root.der().as_ref()));
    service.policy = Some(PolicyText::new(
        "global.xml",
        "<policies><inbound><validate-client-certificate><identities><identity common-name=\"good\" issuer-subject=\"CN=Client Root\"/>\
         </identities></validate-client-certificate></inbound><backend><forward-request/></backend><outbound/></policies>",
    ));
    let ground = Ground::new();
    let mut options = ground.options();
    options.client_certificates = ClientCertificates::Asked;
    let gateway = Gateway::start(options, snapshot(service)).unwrap();
    let (good, good_key) = client("good", &issuer);
    let (other, other_key) = client("other", &issuer);
    let (forged, forged_key) = client("good", &stranger);
    for (identity, status, body) in [
        (Some((&good, &good_key)), "HTTP/1.1 200 OK", "GET /x HTTP/1.1"),
        (None, "HTTP/1.1 401", "Client certificate missing"),
        (Some((&other, &other_key)), "HTTP/1.1 401", "Invalid client certificate"),
        (Some((&forged, &forged_key)), "HTTP/1.1 401", "Invalid client certificate"),
    ] {
        let answer = ask_with(&gateway, &ground.ca.ca_file, identity);
        assert!(answer.starts_with(status) && answer.contains(body), "{answer}");
    }
}
