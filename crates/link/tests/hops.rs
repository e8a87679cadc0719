//! Hops over real sockets on loopback.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use apimite_link::{Link, Probe, ProbeKind, Settings};
use apimite_network::proxy::{self, Command, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What a backend saw: who dialled, and the bytes up to the end of one direction.
type Seen = (SocketAddr, Vec<u8>);

/// Answers with its name once it has read `ping`.
async fn backend(name: &'static str) -> (SocketAddr, UnboundedReceiver<Seen>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = unbounded_channel();
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, peer) = listener.accept().await.unwrap();
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"ping") {
                    if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                        let _ = tell.send((peer, bytes));
                        return;
                    }
                }
                let _ = stream.write_all(name.as_bytes()).await;
                let _ = tell.send((peer, bytes));
                // Open until the other side ends it.
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
    });
    (address, told, task)
}

async fn start(settings: Settings, approved: bool) -> (SocketAddr, Arc<Link>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = Link::new(settings, approved);
    (address, link.clone(), tokio::spawn(link.serve(listener)))
}

/// What comes back for `ping`; an error when the connection is reset or closed.
async fn ping(to: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(b"ping").await?;
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn an_endpoint_translates_the_source_and_names_the_client_in_a_header() {
    let (gateway, mut seen, _backend) = backend("one").await;
    let settings =
        Settings { source: Some(IpAddr::from([127, 0, 7, 1])), header: Some(42), ..Settings::new(vec![gateway]) };
    let (endpoint, link, _task) = start(settings, true).await;
    assert_eq!(ping(endpoint).await.unwrap(), "one");
    let (peer, bytes) = seen.recv().await.unwrap();
    assert_eq!(peer.ip(), IpAddr::from([127, 0, 7, 1]));
    let (length, header) = proxy::parse(&bytes).unwrap().unwrap();
    assert_eq!((header.command, header.link_id), (Command::Proxy, Some(42)));
    assert_eq!(header.client().unwrap().ip(), IpAddr::from([127, 0, 0, 1]));
    assert_eq!(&bytes[length..], b"ping");
    assert_eq!(link.counts().passed, 1);
}

#[tokio::test]
async fn without_a_header_the_bytes_are_the_clients() {
    let (gateway, mut seen, _backend) = backend("one").await;
    let (endpoint, ..) = start(Settings::new(vec![gateway]), true).await;
    assert_eq!(ping(endpoint).await.unwrap(), "one");
    assert_eq!(seen.recv().await.unwrap().1, b"ping");
}

#[tokio::test]
async fn a_connection_that_is_not_approved_carries_nothing() {
    let (gateway, _seen, _backend) = backend("one").await;
    let (endpoint, link, _task) = start(Settings::new(vec![gateway]), false).await;
    assert!(ping(endpoint).await.is_err());
    assert_eq!((link.counts().not_approved, link.counts().passed), (1, 0));
    link.set_approved(true);
    assert_eq!(ping(endpoint).await.unwrap(), "one");
    // One that is open when the owner says no is reset; nothing more moves.
    let mut open = TcpStream::connect(endpoint).await.unwrap();
    let mut answer = [0; 3];
    open.write_all(b"ping").await.unwrap();
    open.read_exact(&mut answer).await.unwrap();
    link.set_approved(false);
    assert_eq!(open.read(&mut answer).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(ping(endpoint).await.is_err());
    assert_eq!(link.counts().not_approved, 3);
}

#[tokio::test]
async fn connections_are_spread_and_move_when_a_backend_fails_its_probes() {
    let (first, _seen_first, first_task) = backend("one").await;
    let (second, _seen_second, _second) = backend("two").await;
    let probe = Probe { kind: ProbeKind::Tcp, port: None, interval: Duration::from_millis(20), threshold: 2 };
    let settings = Settings { probe: Some(probe), ..Settings::new(vec![first, second]) };
    let (balancer, link, _task) = start(settings, true).await;
    for _ in 0..60 {
        ping(balancer).await.unwrap();
    }
    assert!(link.backends().iter().all(|backend| backend.connections > 10), "{:?}", link.backends());
    first_task.abort();
    let _ = first_task.await;
    for _ in 0..500 {
        if !link.backends()[0].is_up {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!link.backends()[0].is_up, "{:?}", link.backends());
    for _ in 0..20 {
        assert_eq!(ping(balancer).await.unwrap(), "two");
    }
}

#[tokio::test]
async fn probes_carry_the_header_too_and_ask_for_200() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let kind = ProbeKind::Http("/status-0123456789abcdef".into());
    let probe = Probe { kind, port: None, interval: Duration::from_secs(5), threshold: 1 };
    let settings = Settings { probe: Some(probe), header: Some(9), ..Settings::new(vec![address]) };
    let (_, link, _task) = start(settings, true).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") || bytes.len() < 60 {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let (length, header) = proxy::parse(&bytes).unwrap().unwrap();
    assert_eq!(header, Header::probe(Some(9)));
    assert!(bytes[length..].starts_with(b"GET /status-0123456789abcdef HTTP/1.1\r\n"));
    stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await.unwrap();
    drop(stream);
    for _ in 0..500 {
        if !link.backends()[0].is_up {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a backend that answers 503 is still up");
}

#[tokio::test]
async fn a_connection_on_which_nothing_moves_is_reset() {
    for reset in [true, false] {
        let (gateway, _seen, _backend) = backend("one").await;
        let settings = Settings { idle: Duration::from_millis(80), reset, ..Settings::new(vec![gateway]) };
        let (endpoint, link, _task) = start(settings, true).await;
        let mut stream = TcpStream::connect(endpoint).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        let end = stream.read(&mut [0; 1]).await.map_err(|error| error.kind());
        let expected = if reset { Err(std::io::ErrorKind::ConnectionReset) } else { Ok(0) };
        assert_eq!((end, link.counts().idle), (expected, 1));
    }
}

#[tokio::test]
async fn more_connections_than_allowed_are_reset() {
    let (gateway, _seen, _backend) = backend("one").await;
    let (endpoint, link, _task) = start(Settings { connections: 1, ..Settings::new(vec![gateway]) }, true).await;
    let mut held = TcpStream::connect(endpoint).await.unwrap();
    held.write_all(b"ping").await.unwrap();
    held.read_exact(&mut [0; 3]).await.unwrap();
    assert!(ping(endpoint).await.is_err());
    assert_eq!(link.counts().unavailable, 1);
    drop(held);
    for _ in 0..500 {
        if ping(endpoint).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the slot was never given back");
}

#[tokio::test]
async fn a_backend_that_is_gone_gives_a_reset() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (endpoint, link, _task) = start(Settings::new(vec![gone]), true).await;
    assert!(ping(endpoint).await.is_err());
    for _ in 0..100 {
        if link.counts().unavailable == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", link.counts());
}
