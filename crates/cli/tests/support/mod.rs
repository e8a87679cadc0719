//! A running `apimite` and a small HTTP client, for black-box tests.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may; the limit guards against a gateway that hangs"
)]

pub mod az;
pub mod lab;
pub mod management;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A gateway that ends with the test.
pub struct Gateway {
    child: Child,
    pub addresses: serde_json::Value,
    pub folder: tempfile::TempDir,
}

pub fn apimite() -> Command {
    Command::new(env!("CARGO_BIN_EXE_apimite"))
}

impl Gateway {
    /// Starts `apimite serve` with these arguments on free ports and waits until requests are answered.
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready.json");
        let free = "127.0.0.1:0";
        let child = apimite()
            .arg("serve")
            .args(arguments)
            .args(["--http", free, "--https", free, "--management", free, "--workers", "2", "--allow-clock"])
            .arg("--ready-file")
            .arg(&ready)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let addresses = serde_json::from_str(&wait_for(&ready)).unwrap();
        Self { child, addresses, folder }
    }

    pub fn address(&self, name: &str) -> String {
        let found = self.addresses.get(name).or_else(|| self.addresses["private_endpoints"].get(name));
        found.and_then(|address| address.as_str()).unwrap().to_owned()
    }

    pub fn get(&self, listener: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        request(&self.address(listener), "GET", path, headers, "")
    }

    /// Runs a command against this gateway's management listener.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        apimite().args(arguments).args(["--management", &self.address("management")]).output().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and gives back the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        signal(self.child.id(), "TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

fn wait_for(file: &PathBuf) -> String {
    until(|| std::fs::read_to_string(file).ok(), "the gateway did not become ready")
}

/// Asks again and again, for at most half a minute.
pub fn until<T>(mut ask: impl FnMut() -> Option<T>, otherwise: &str) -> T {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < limit, "{otherwise}");
        std::thread::yield_now();
    }
}

/// An answer, its head as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn whole(&self) -> String {
        format!("{}\r\n\r\n{}", self.head, self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One HTTP/1.1 request on a connection of its own.
pub fn request(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    raw(address, text.as_bytes())
}

/// Sends bytes and reads to the end.
pub fn raw(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// Writes a file, with the folders it needs.
pub fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}
