//! Network namespaces, processes in them, and what they see. Nothing outside the namespaces is touched.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static LABS: AtomicU32 = AtomicU32::new(0);

/// Namespaces on segments; all of it ends with the test.
pub struct Lab {
    prefix: String,
    names: RefCell<Vec<String>>,
    children: RefCell<Vec<Child>>,
    pub folder: tempfile::TempDir,
}

fn ip(arguments: &str) -> bool {
    let status =
        Command::new("ip").args(arguments.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn must(arguments: &str) {
    assert!(ip(arguments), "ip {arguments}");
}

impl Lab {
    /// A lab, or `None` (said loudly) where namespaces cannot be made or a client is missing.
    pub fn new() -> Option<Self> {
        for program in ["curl", "dig"] {
            if Command::new(program).arg("--version").output().is_err() {
                eprintln!("SKIPPED: `{program}` is not installed; the shapes of a network are not tested here");
                return None;
            }
        }
        let prefix = format!("n{}x{}", std::process::id() % 100_000, LABS.fetch_add(1, Ordering::Relaxed));
        let lab = Self {
            prefix,
            names: RefCell::default(),
            children: RefCell::default(),
            folder: tempfile::tempdir().unwrap(),
        };
        if !ip(&format!("netns add {}", lab.namespace("probe"))) {
            eprintln!("SKIPPED: no right to make network namespaces; the shapes of a network are not tested here");
            return None;
        }
        lab.names.borrow_mut().push("probe".to_owned());
        Some(lab)
    }

    fn namespace(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn make(&self, name: &str) {
        if self.names.borrow().iter().any(|known| known == name) {
            return;
        }
        must(&format!("netns add {}", self.namespace(name)));
        must(&format!("-n {} link set lo up", self.namespace(name)));
        self.names.borrow_mut().push(name.to_owned());
    }

    /// A segment: a bridge in a namespace of its own.
    pub fn segment(&self, segment: &str) {
        self.make(segment);
        let namespace = self.namespace(segment);
        must(&format!("-n {namespace} link add name sw0 type bridge"));
        must(&format!("-n {namespace} link set sw0 up"));
    }

    /// A host on a segment with addresses, and routes to the ranges that it reaches there (all on the wire).
    pub fn host(&self, name: &str, segment: &str, addresses: &[&str], routes: &[&str]) {
        self.make(name);
        let (host, bridge) = (self.namespace(name), self.namespace(segment));
        let port = format!("to-{name}").chars().take(15).collect::<String>();
        let device = format!("on-{segment}").chars().take(15).collect::<String>();
        must(&format!("-n {bridge} link add name {port} type veth peer name {device} netns {host}"));
        must(&format!("-n {bridge} link set {port} master sw0 up"));
        must(&format!("-n {host} link set {device} up"));
        for address in addresses {
            must(&format!("-n {host} addr add {address}/32 dev {device}"));
        }
        let first = addresses.first().unwrap();
        for route in routes {
            must(&format!("-n {host} route add {route} dev {device} src {first}"));
        }
    }

    /// Another route of a host, with the source address that it uses.
    pub fn route(&self, name: &str, segment: &str, route: &str, source: &str) {
        let device = format!("on-{segment}").chars().take(15).collect::<String>();
        must(&format!("-n {} route add {route} dev {device} src {source}", self.namespace(name)));
    }

    /// A command in a namespace.
    pub fn command(&self, name: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(name), program]).current_dir(self.folder.path());
        command
    }

    pub fn output(&self, name: &str, program: &str, arguments: &[&str]) -> String {
        let output = self.command(name, program).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A process in a namespace, until the lab ends.
    pub fn spawn(&self, name: &str, arguments: &[&str]) {
        let log = self.folder.path().join(format!("{name}-{}.log", self.children.borrow().len()));
        let log = std::fs::File::create(log).unwrap();
        let mut command = self.command(name, env!("CARGO_BIN_EXE_apimite"));
        let errors = log.try_clone().unwrap();
        let child = command.args(arguments).stdout(log).stderr(errors).spawn().unwrap();
        self.children.borrow_mut().push(child);
    }

    /// Another program in a namespace, until the lab ends.
    pub fn spawn_program(&self, name: &str, program: &str, arguments: &[&str]) {
        let mut command = self.command(name, program);
        let child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.children.borrow_mut().push(child);
    }

    /// Ends the newest process.
    pub fn end_last(&self) {
        if let Some(mut child) = self.children.borrow_mut().pop() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// `apimite serve` in a namespace; waits until requests are answered.
    pub fn serve(&self, name: &str, folder: &Path, more: &[&str]) {
        let ready = self.folder.path().join(format!("{name}.ready"));
        let _ = std::fs::remove_file(&ready);
        let mut arguments =
            vec!["serve", folder.to_str().unwrap(), "--workers", "1", "--quiet", "--no-watch", "--arm", "off"];
        arguments.extend_from_slice(&["--ready-file", ready.to_str().unwrap()]);
        arguments.extend_from_slice(more);
        self.spawn(name, &arguments);
        self.until(|| ready.exists(), &format!("`{name}` does not become ready"));
    }

    pub fn until(&self, mut holds: impl FnMut() -> bool, otherwise: &str) {
        let limit = Instant::now() + Duration::from_secs(30);
        while !holds() {
            assert!(Instant::now() < limit, "{otherwise}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn logs(&self) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap().flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "log") {
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                all.push_str(&format!("== {}\n{text}", entry.path().display()));
            }
        }
        all
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// What a name resolves to for a caller: the last address, or what is said instead.
    pub fn resolve(&self, from: &str, server: &str, name: &str) -> String {
        let text = self.output(from, "dig", &[&format!("@{server}"), "+time=2", "+tries=1", name, "A"]);
        let address = text
            .lines()
            .filter(|line| !line.starts_with(';'))
            .filter_map(|line| line.split_whitespace().last())
            .rfind(|last| last.parse::<std::net::IpAddr>().is_ok());
        match address {
            Some(address) => address.to_owned(),
            None => match text.split_once("status: ") {
                Some((_, rest)) => rest.split(',').next().unwrap().to_owned(),
                None => "no server".to_owned(),
            },
        }
    }

    /// A GET as a caller: status and first line of the body, or how it failed.
    pub fn get(&self, from: &str, url: &str, host: &str) -> String {
        let header = format!("Host: {host}");
        let text = self.output(
            from,
            "curl",
            &["-s", "-m", "5", "-o", "-", "-H", &header, "-w", "\n%{http_code} %{exitcode}", url],
        );
        let (body, last) = text.rsplit_once('\n').unwrap_or(("", &text));
        match last.trim().split_once(' ') {
            // Refused, reset, closed, or no way there: which of them a caller sees first is a matter of timing.
            Some(("000", _)) => "no answer".to_owned(),
            Some((status, _)) => format!("{status} {}", body.lines().next().unwrap_or("")).trim().to_owned(),
            None => format!("curl says nothing: {text}"),
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in self.children.borrow_mut().iter_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in self.names.borrow().iter() {
            ip(&format!("netns del {}", self.namespace(name)));
        }
    }
}
