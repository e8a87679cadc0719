//! Node sync between real processes: in network namespaces where we may make them, and on loopback addresses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const SECRET: &str = "a key for tests, shared by all";

/// The example `node`, built when the test was asked for alone.
#[expect(clippy::disallowed_methods, reason = "cargo tells a test where it is")]
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap();
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build.args(["build", "-q", "--features", "sync", "--example", "node"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        folder.join("examples/node")
    })
}

/// A process that counts.
struct Node {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    fn start(namespace: Option<&str>, bind: &str, ports: (u16, u16), secret: &str, peers: &[String]) -> Self {
        let mut command = match namespace {
            None => Command::new(program()),
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name]).arg(program());
                command
            }
        };
        command.args([bind, &ports.0.to_string(), &ports.1.to_string(), secret]).args(peers);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut node = Self { child, input, output };
        assert_eq!(node.line(), "ready");
        node
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }

    fn ask(&mut self, command: &str) -> u64 {
        self.tell(command);
        self.line().parse().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("does not come true: {what}");
}

/// All flood at once; how many calls were admitted together.
fn flood(nodes: &mut [Node], command: &str) -> u64 {
    nodes.iter_mut().for_each(|node| node.tell(command));
    nodes.iter_mut().map(|node| node.line().parse::<u64>().unwrap()).sum()
}

#[test]
fn gateways_on_loopback_find_each_other_and_share_a_limit() {
    let ports: Vec<_> = (0..3).map(|_| (free_port(), free_port())).collect();
    // Ports of heartbeats are found by the difference of the ports, so each node gets a pair of its own address instead.
    let (port, beat) = ports[0];
    let hosts = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
    let peers = |own: usize| -> Vec<String> {
        // Only the first is known to everybody; the rest is found through it.
        if own == 0 { vec![format!("{}:{port}", hosts[1])] } else { vec![format!("{}:{port}", hosts[0])] }
    };
    let mut nodes: Vec<_> =
        (0..3).map(|own| Node::start(None, hosts[own], (port, beat), SECRET, &peers(own))).collect();
    let mut stranger = Node::start(None, "127.0.0.14", (port, beat), "another key, not the shared one", &peers(1));
    wait_until("everybody knows two others", || nodes.iter_mut().all(|node| node.ask("members") == 2));
    let admitted = flood(&mut nodes, "flood k 300 60 100 2");
    assert!((300..=345).contains(&admitted), "{admitted}");
    wait_until("all agree", || nodes.iter_mut().all(|node| node.ask("used k 300 60") == admitted));
    assert_eq!((stranger.ask("members"), stranger.ask("used k 300 60")), (0, 0), "another key shares nothing");
}

fn free_port() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Three namespaces on one bridge.
struct Lab {
    prefix: String,
}

fn ip(arguments: &str) -> bool {
    let status =
        Command::new("ip").args(arguments.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

impl Lab {
    fn build() -> Option<Self> {
        let lab = Self { prefix: format!("ac{}", std::process::id() % 100_000) };
        let bridge = lab.bridge();
        if !ip(&format!("link add {bridge} type bridge")) || !ip(&format!("link set {bridge} up")) {
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: no right to make network namespaces; sync between hosts is not tested here"
            );
            return None;
        }
        for index in 0..3 {
            let (name, link) = (lab.name(index), lab.link(index));
            let made = ip(&format!("netns add {name}"))
                && ip(&format!("link add {link} type veth peer name eth0 netns {name}"))
                && ip(&format!("link set {link} master {bridge} up"))
                && ip(&format!("-n {name} addr add 10.99.0.{}/24 dev eth0", index + 1))
                && ip(&format!("-n {name} link set eth0 up"))
                && ip(&format!("-n {name} link set lo up"));
            if !made {
                let _ = writeln!(
                    std::io::stderr(),
                    "SKIPPED: no right to make network namespaces; sync between hosts is not tested here"
                );
                return None;
            }
        }
        Some(lab)
    }

    fn bridge(&self) -> String {
        format!("{}b", self.prefix)
    }

    fn name(&self, index: usize) -> String {
        format!("{}n{index}", self.prefix)
    }

    fn link(&self, index: usize) -> String {
        format!("{}v{index}", self.prefix)
    }

    fn node(&self, index: usize) -> Node {
        let peers: Vec<_> = (1..=3).map(|host| format!("10.99.0.{host}")).collect();
        Node::start(Some(&self.name(index)), "0.0.0.0", (4290, 4291), SECRET, &peers)
    }

    fn cut(&self, index: usize, cut: bool) {
        assert!(ip(&format!("link set {} {}", self.link(index), if cut { "down" } else { "up" })));
    }

    /// Loses, doubles and reorders what every gateway sends; false where the kernel cannot.
    fn spoil(&self) -> bool {
        (0..3).all(|index| {
            let words = format!(
                "netns exec {} tc qdisc add dev eth0 root netem loss 30% duplicate 10% delay 10ms 8ms",
                self.name(index)
            );
            ip(&words)
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for index in 0..3 {
            ip(&format!("netns del {}", self.name(index)));
            ip(&format!("link del {}", self.link(index)));
        }
        ip(&format!("link del {}", self.bridge()));
    }
}

#[test]
fn three_hosts_stay_within_the_bound_through_overload_loss_cuts_and_crashes() {
    let Some(lab) = Lab::build() else { return };
    let mut nodes: Vec<_> = (0..3).map(|index| lab.node(index)).collect();
    wait_until("everybody knows two others", || nodes.iter_mut().all(|node| node.ask("members") == 2));

    // Ten times the limit: 6,000 a minute offered, 600 allowed. Within 3 %.
    let admitted = flood(&mut nodes, "flood steady 600 60 33.4 9");
    assert!((600..=618).contains(&admitted), "steady: {admitted}");

    // One is cut off: it counts alone, and so do the others.
    lab.cut(2, true);
    let (here, there) = nodes.split_at_mut(2);
    there[0].tell("flood cut 50 60 100 2");
    let together = flood(here, "flood cut 50 60 50 2");
    let alone: u64 = there[0].line().parse().unwrap();
    assert!(alone == 50 && (50..=62).contains(&together), "{alone} and {together}");
    lab.cut(2, false);
    wait_until("all agree after the cut", || {
        nodes.iter_mut().all(|node| node.ask("used cut 50 60") == alone + together)
    });

    // One is killed and started anew: it learns what it had counted itself.
    nodes[1].child.kill().unwrap();
    nodes[1].child.wait().unwrap();
    nodes[1] = lab.node(1);
    wait_until("the new one knows", || nodes[1].ask("used cut 50 60") == alone + together);

    if lab.spoil() {
        // At most six packets lost in a row but once in a thousand times: D = 700 ms and transit, at 100 calls a second.
        let admitted = flood(&mut nodes, "flood lossy 600 60 33.4 9");
        assert!((600..=660).contains(&admitted), "lossy: {admitted}");
        wait_until("all agree in spite of loss", || {
            nodes.iter_mut().all(|node| node.ask("used lossy 600 60") == admitted)
        });
    } else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `tc netem` here; loss is tested over bad lines on loopback");
    }
}

/// Carries packets between two gateways both ways; loses 30 %, doubles 10 %, and lets 20 % be overtaken by the next.
fn bad_line(line: UdpSocket, ends: [SocketAddr; 2], stop: Arc<AtomicBool>) {
    line.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut random = 42_u64 + u64::from(line.local_addr().unwrap().port());
    let mut percent = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % 100
    };
    let mut held: Option<(Vec<u8>, SocketAddr)> = None;
    let mut buffer = [0; 2_048];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = line.recv_from(&mut buffer) else { continue };
        let to = if from == ends[0] { ends[1] } else { ends[0] };
        let packet = buffer[..length].to_vec();
        match percent() {
            0..30 => continue,
            30..50 if held.is_none() => {
                held = Some((packet, to));
                continue;
            }
            50..60 => drop(line.send_to(&packet, to)),
            _ => {}
        }
        let _ = line.send_to(&packet, to);
        if let Some((packet, to)) = held.take() {
            let _ = line.send_to(&packet, to);
        }
    }
}

#[test]
fn over_lines_that_lose_double_and_reorder_the_bound_holds() {
    let (port, beat) = (free_port(), free_port());
    let hosts = ["127.0.0.21", "127.0.0.22", "127.0.0.23"];
    let stop = Arc::new(AtomicBool::new(false));
    let mut peers = vec![Vec::new(); 3];
    let mut lines = Vec::new();
    for (one, two) in [(0, 1), (0, 2), (1, 2)] {
        let line = UdpSocket::bind("127.0.0.30:0").unwrap();
        let address = line.local_addr().unwrap().to_string();
        peers[one].push(address.clone());
        peers[two].push(address);
        let ends = [one, two].map(|host| format!("{}:{port}", hosts[host]).parse().unwrap());
        let stop = Arc::clone(&stop);
        lines.push(std::thread::spawn(move || bad_line(line, ends, stop)));
    }
    let mut nodes: Vec<_> =
        (0..3).map(|own| Node::start(None, hosts[own], (port, beat), SECRET, &peers[own])).collect();
    flood(&mut nodes, "flood warm 10 60 10 1.5");
    // Four packets lost in a row but once in a hundred times: D = 500 ms and transit, at 100 calls a second.
    let admitted = flood(&mut nodes, "flood lossy 300 60 33.4 6");
    assert!((300..=360).contains(&admitted), "{admitted}");
    wait_until("all agree in spite of loss", || nodes.iter_mut().all(|node| node.ask("used lossy 300 60") == admitted));
    stop.store(true, Ordering::Relaxed);
    lines.into_iter().for_each(|line| line.join().unwrap());
}
