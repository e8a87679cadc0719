//! A gateway on free ports, a backend that says what it is told, and a client that writes bytes.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::Clock;
use apimite_counters::Counters;
use apimite_diag::Span;
use apimite_document::Island;
use apimite_gateway::access::{Answered, End, Observer, Record};
use apimite_gateway::{Gateway, Options, Snapshot};
use apimite_model::{Api, Operation, PolicyText, Service};
use apimite_policies::registry;
use apimite_policy::code::{CodeError, Compiler, Program, Want};
use apimite_policy::compile::compile_service;

/// Refuses every expression: these tests are about the wire.
struct NoExpressions;

impl Compiler for NoExpressions {
    fn compile(&self, _island: &Island<'_>, _want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        let message = "no expressions here".to_owned();
        Err(vec![CodeError { code: "TEST".into(), message, help: None, span: Span::new(0, 0) }])
    }
}

pub fn snapshot(service: Service) -> Snapshot {
    match compile_service(Arc::new(service), registry(), &NoExpressions) {
        Ok((compiled, _)) => Snapshot::new(compiled),
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

/// A snapshot whose policies may hold expressions.
pub fn snapshot_with_code(service: Service) -> Snapshot {
    let languages = apimite_policy::languages::Languages::new(&service.decisions);
    match compile_service(Arc::new(service), registry(), &languages) {
        Ok((compiled, _)) => Snapshot::new(compiled),
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

/// A service whose global policy has these elements in its inbound section and passes on what comes.
pub fn with_inbound(backend: &str, inbound: &str) -> Service {
    let mut service = service(backend);
    service.policy = Some(PolicyText::new(
        "global.xml",
        format!(
            "<policies><inbound>{inbound}</inbound><backend><forward-request/></backend><outbound/><on-error/></policies>"
        ),
    ));
    service
}

/// A service with one open API `/api` that passes everything to `backend`, and one, `/keyed`, that wants a key.
pub fn service(backend: &str) -> Service {
    let mut service = Service::new("contoso");
    let mut open = Api::new("open", "api", backend);
    open.subscription_required = false;
    for method in ["GET", "POST", "PUT", "HEAD", "DELETE"] {
        open.operations.push(Arc::new(Operation::new(method, method, "/*")));
    }
    let mut keyed = Api::new("keyed", "keyed/v", backend);
    keyed.operations.push(Arc::new(Operation::new("get", "GET", "/things/{id}")));
    service.apis = vec![Arc::new(open), Arc::new(keyed)];
    service.policy = Some(PolicyText::new(
        "global.xml",
        "<policies><inbound/><backend><forward-request/></backend><outbound/><on-error/></policies>",
    ));
    service
}

pub fn options() -> Options {
    let clock = Clock::system();
    let cache = Cache::new(clock.clone(), 1 << 20);
    Options::new(clock, Counters::memory(), cache)
}

pub fn start(service: Service) -> Gateway {
    Gateway::start(options(), snapshot(service)).unwrap()
}

pub fn http(gateway: &Gateway) -> SocketAddr {
    gateway.address("http").unwrap()
}

/// What an observer was told.
#[derive(Clone, Debug)]
pub struct Told {
    pub method: String,
    pub target: String,
    pub source: String,
    pub caller: String,
    pub status: u16,
    pub answered: Answered,
    pub end: End,
    pub body_bytes: u64,
}

/// Keeps what it is told.
pub struct Witness(Mutex<std::sync::mpsc::Sender<Told>>);

impl Witness {
    pub fn new() -> (Arc<Self>, Receiver<Told>) {
        let (sender, receiver) = channel();
        (Arc::new(Self(Mutex::new(sender))), receiver)
    }
}

impl Observer for Witness {
    fn finished(&self, record: &Record<'_>) {
        let told = Told {
            method: record.method.to_owned(),
            target: record.target.to_owned(),
            source: record.source.to_owned(),
            caller: record.caller.to_string(),
            status: record.status.as_u16(),
            answered: record.answered.clone(),
            end: record.end,
            body_bytes: record.body_bytes,
        };
        let _ = self.0.lock().unwrap().send(told);
    }
}

/// A backend: each accepted connection is handed to `serve` on a thread of its own.
pub struct Backend {
    pub address: SocketAddr,
    pub url: String,
}

impl Backend {
    pub fn new(serve: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (Ok(stream), serve) = (stream, serve.clone()) else { return };
                std::thread::spawn(move || serve(number, Peer::new(stream)));
            }
        });
        Self { address, url: format!("http://{address}") }
    }

    /// Answers every request on every connection with these bytes.
    pub fn fixed(answer: &'static str) -> Self {
        Self::new(move |_, mut peer| {
            while peer.request().is_some() {
                peer.say(answer);
            }
        })
    }

    /// Answers with the request as it came, as text.
    pub fn echo() -> Self {
        Self::new(|_, mut peer| {
            while let Some((head, body)) = peer.request() {
                let text = format!("{head}{}", String::from_utf8_lossy(&body));
                peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Up: 1\r\n\r\n{text}", text.len()));
            }
        })
    }
}

/// One end of a connection, to read and write as tests please.
pub struct Peer {
    pub reader: BufReader<TcpStream>,
    pub stream: TcpStream,
}

impl Peer {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    pub fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// A head with its blank line, or `None` at the end.
    pub fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let before = head.len();
            match self.reader.read_line(&mut head) {
                Ok(0) | Err(_) => return None,
                Ok(_) if &head[before..] == "\r\n" => return Some(head),
                Ok(_) => {}
            }
        }
    }

    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Everything up to the end of the connection.
    pub fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.reader.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A message: head and body by `Content-Length` or chunked (as it stands on the wire).
    pub fn message(&mut self) -> Option<(String, Vec<u8>)> {
        let head = self.head()?;
        if let Some(length) = header(&head, "content-length") {
            let body = self.exactly(length.parse().unwrap());
            return Some((head, body));
        }
        let mut body = Vec::new();
        if header(&head, "transfer-encoding").is_some() {
            loop {
                let mut line = String::new();
                self.reader.read_line(&mut line).unwrap();
                body.extend_from_slice(line.as_bytes());
                let size = usize::from_str_radix(line.trim().split(';').next().unwrap(), 16).unwrap();
                if size == 0 {
                    let mut trailers = String::new();
                    while self.reader.read_line(&mut trailers).unwrap() > 2 {}
                    body.extend_from_slice(trailers.as_bytes());
                    break;
                }
                let data = self.exactly(size + 2);
                body.extend_from_slice(&data);
            }
        }
        Some((head, body))
    }

    pub fn request(&mut self) -> Option<(String, Vec<u8>)> {
        self.message()
    }

    pub fn ask(&mut self, text: &str) -> (String, String) {
        self.say(text);
        let (head, body) = self.message().expect("an answer");
        (head, String::from_utf8(body).unwrap())
    }
}

/// The value of a header in a head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gw.test\r\n\r\n")
}
