//! Clients and servers that speak WebSocket.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, accept_hdr};

/// One end of a WebSocket.
pub struct Ws(pub WebSocket<TcpStream>);

/// What a client hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Text(String),
    Bytes(Vec<u8>),
    Close(u16, String),
    /// A close without a code.
    CloseOnly,
    /// The connection ended without a close.
    Gone,
}

impl Ws {
    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    pub fn bytes(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).unwrap();
    }

    pub fn close(&mut self, code: u16, reason: &str) {
        self.0.close(Some(CloseFrame { code: code.into(), reason: reason.to_owned().into() })).unwrap();
    }

    pub fn hear(&mut self) -> Said {
        loop {
            return match self.0.read() {
                Ok(Message::Text(text)) => Said::Text(text.to_string()),
                Ok(Message::Binary(bytes)) => Said::Bytes(bytes.to_vec()),
                Ok(Message::Close(Some(frame))) => Said::Close(frame.code.into(), frame.reason.to_string()),
                Ok(Message::Close(None)) => Said::CloseOnly,
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing was said for a long time")
                }
                Err(_) => Said::Gone,
            };
        }
    }

    /// The next text.
    pub fn text(&mut self) -> String {
        match self.hear() {
            Said::Text(text) => text,
            other => panic!("a text was expected, not {other:?}"),
        }
    }

    /// The code of the close that ends the connection; texts before it are passed over.
    pub fn code(&mut self) -> u16 {
        loop {
            match self.hear() {
                Said::Close(code, _) => return code,
                Said::Text(_) | Said::Bytes(_) => {}
                other => panic!("a close was expected, not {other:?}"),
            }
        }
    }
}

/// A handshake with these headers, and its answer's headers.
pub fn connect(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> (Ws, HashMap<String, String>) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = tungstenite::http::Request::get(format!("ws://{address}{path}"))
        .header("Host", address.to_string())
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (socket, response) = match tungstenite::client(request.body(()).unwrap(), stream) {
        Ok(done) => done,
        Err(error) => panic!("the handshake was refused: {error}"),
    };
    let text = |value: &tungstenite::http::HeaderValue| value.to_str().unwrap().to_owned();
    let told = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    (Ws(socket), told)
}

/// The text of a handshake, for clients that write bytes.
pub fn handshake(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

/// A server that accepts handshakes, choosing a protocol.
pub struct Server {
    pub url: String,
    /// The headers of each handshake, the path under the name `path`.
    pub asked: Receiver<HashMap<String, String>>,
}

impl Server {
    pub fn new(protocol: Option<&'static str>, serve: impl Fn(Ws) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        let sender = Arc::new(Mutex::new(sender));
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), serve, sender) = (stream, serve.clone(), sender.clone()) else { return };
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let answer = |request: &Request, mut response: Response| {
                        let text = |value: &tungstenite::http::HeaderValue| value.to_str().unwrap().to_owned();
                        let mut told: HashMap<String, String> =
                            request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
                        told.insert("path".to_owned(), request.uri().to_string());
                        let _ = sender.lock().unwrap().send(told);
                        if let Some(protocol) = protocol {
                            response.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
                        }
                        Ok(response)
                    };
                    if let Ok(socket) = accept_hdr(stream, answer) {
                        serve(Ws(socket));
                    }
                });
            }
        });
        Self { url, asked }
    }
}

/// Says everything back, and closes as the client does.
pub fn echo(mut client: Ws) {
    loop {
        match client.hear() {
            Said::Text(text) if text == "close 4001" => client.close(4001, "as you wish"),
            Said::Text(text) => client.say(&text),
            Said::Bytes(bytes) => client.bytes(bytes),
            _ => return,
        }
    }
}
