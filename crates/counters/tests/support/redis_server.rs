//! A `redis-server` of our own on a free loopback port.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "a test may, and each uses a part of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Programs to test with: the system's, and Redis 6 where it is installed beside it.
pub fn programs() -> Vec<&'static str> {
    let programs = ["redis-server", "redis-server-6"];
    let there = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    let found: Vec<_> = programs.into_iter().filter(|program| there(program)).collect();
    for program in programs.iter().filter(|program| !found.contains(program)) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `{program}` on the PATH; nothing is tested with it here");
    }
    found
}

pub struct RedisServer {
    program: String,
    child: Child,
    pub port: u16,
    arguments: Vec<String>,
    directory: tempfile::TempDir,
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn launch(program: &str, arguments: &[String], directory: &Path) -> Option<Child> {
    let mut command = Command::new(program);
    command.args(arguments).arg("--dir").arg(directory).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    // Any answer will do: a server with TLS or a password says no, but it says it.
    let _ = stream.write_all(b"PING\r\n");
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(0 | 1) => true,
        Ok(_) => false,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

impl RedisServer {
    /// Starts a server; `None`, loudly, where there is no `redis-server`.
    pub fn start(extra: &[&str]) -> Option<Self> {
        Self::start_program("redis-server", extra)
    }

    /// Starts a server of this program.
    pub fn start_program(program: &str, extra: &[&str]) -> Option<Self> {
        let port = free_port();
        let port_text = port.to_string();
        let mut arguments: Vec<String> =
            ["--bind", "127.0.0.1", "--save", "", "--protected-mode", "no"].map(str::to_owned).into();
        if !extra.contains(&"--tls-port") {
            arguments.extend(["--port".to_owned(), port_text.clone()]);
        }
        arguments.extend(extra.iter().map(|text| if *text == "PORT" { port_text.clone() } else { (*text).to_owned() }));
        let directory = tempfile::tempdir().unwrap();
        let Some(child) = launch(program, &arguments, directory.path()) else {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no `{program}` on the PATH; this test checks nothing here");
            return None;
        };
        let server = Self { program: program.to_owned(), child, port, arguments, directory };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        for _ in 0..200 {
            if answers(self.port) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("redis-server does not come up on port {}", self.port);
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Lets the server stand still.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Kills the server as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) {
        self.child = launch(&self.program, &self.arguments, self.directory.path()).unwrap();
        self.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
