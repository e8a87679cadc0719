//! Calls to backends through an outgoing proxy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use apimite_clock::Clock;
use apimite_gateway::Gateway;
use apimite_gateway::Listener;
use apimite_gateway::tls::{Certificates, LocalCa};
use apimite_model::{Backend as Entity, BackendProxy, Service};
use support::*;

/// A proxy that tells what it was asked, then passes bytes between its two ends (`CONNECT`) or answers by itself.
fn proxy(answer: &'static str) -> (Backend, Receiver<String>) {
    let (sender, heads) = channel();
    let sender = std::sync::Mutex::new(sender);
    let proxy = Backend::new(move |_, mut peer| {
        while let Some(head) = peer.head() {
            sender.lock().unwrap().send(head.clone()).unwrap();
            peer.say(answer);
            let Some(to) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else { continue };
            if !answer.contains(" 200 ") {
                return;
            }
            let port: u16 = to.rsplit(':').next().unwrap().parse().unwrap();
            let far = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut far_read, mut near_write) = (far.try_clone().unwrap(), peer.stream.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut far_read, &mut near_write);
                let _ = near_write.shutdown(std::net::Shutdown::Both);
            });
            let mut far_write = far;
            let _ = std::io::copy(&mut peer.reader, &mut far_write);
            let _ = far_write.shutdown(std::net::Shutdown::Both);
            return;
        }
    });
    (proxy, heads)
}

fn through(url: &str, proxy: &Backend) -> Service {
    with_inbound(url, &format!("<proxy url=\"{}\" username=\"ann\" password=\"secret\"/>", proxy.url))
}

/// `ann:secret`
const CREDENTIALS: &str = "Basic YW5uOnNlY3JldA==";

#[test]
fn a_plain_call_is_sent_to_the_proxy_with_its_whole_address() {
    let (proxy, heads) = proxy("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    let gateway = start(through("http://backend.test:8000/base", &proxy));
    let mut client = Peer::connect(http(&gateway));
    for _ in 0..2 {
        let (_, body) = client.ask(&get("/api/x?y=1"));
        assert_eq!(body, "proxy");
        let head = heads.recv().unwrap();
        assert!(head.starts_with("GET http://backend.test:8000/base/x?y=1 HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(&head, "host"), Some("backend.test:8000"));
        assert_eq!(header(&head, "proxy-authorization"), Some(CREDENTIALS));
    }
}

#[test]
fn a_call_over_tls_goes_through_a_tunnel_that_the_proxy_opens() {
    let folder = tempfile::tempdir().unwrap();
    let ca = LocalCa::open(folder.path(), &["localhost".to_owned()], Clock::system().now()).unwrap();
    let backend = Backend::echo();
    let mut inner = options();
    inner.listeners.push(Listener::tls("https", "127.0.0.1:0".parse().unwrap()));
    inner.certificates = Some(Arc::new(Certificates::new(vec![ca.certificate])));
    let inner = Gateway::start(inner, snapshot(service(&backend.url))).unwrap();
    let (proxy, heads) = proxy("HTTP/1.1 200 Connection established\r\n\r\n");
    let port = inner.address("https").unwrap().port();
    let mut outer = through("https://unused", &proxy);
    let mut entity = Entity::single("inner", &format!("https://localhost:{port}/api"));
    (entity.tls.validate_chain, entity.tls.validate_name) = (false, false);
    entity.proxy = Some(BackendProxy {
        url: proxy.url.as_str().into(),
        username: Some("ann".into()),
        password: Some(apimite_model::Secret::new("secret")),
    });
    outer.backends.insert("inner".into(), Arc::new(entity));
    let policy = "<proxy url=\"http://127.0.0.1:9\"/><set-backend-service backend-id=\"inner\"/>";
    outer.policy = with_inbound("http://unused", policy).policy;
    let gateway = start(outer);
    let (head, body) = Peer::connect(http(&gateway)).ask(&get("/api/deep"));
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}{body}");
    assert!(body.starts_with("GET /deep HTTP/1.1\r\n"), "{body}");
    assert!(!body.to_ascii_lowercase().contains("proxy-authorization"), "{body}");
    let asked = heads.recv().unwrap();
    assert!(asked.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")), "{asked}");
    assert_eq!(header(&asked, "proxy-authorization"), Some(CREDENTIALS));
}

#[test]
fn a_proxy_that_refuses_is_an_error_of_the_backend() {
    let (proxy, _heads) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let (witness, told) = Witness::new();
    let mut options = options();
    options.observer = Some(witness);
    let gateway = Gateway::start(options, snapshot(through("https://backend.test", &proxy))).unwrap();
    let (head, _) = Peer::connect(http(&gateway)).ask(&get("/api/x"));
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    let told = told.recv().unwrap();
    assert!(format!("{:?}", told.answered).contains("BackendConnectionFailure"), "{told:?}");
}
