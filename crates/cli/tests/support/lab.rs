//! Three gateways in network namespaces of their own, joined by a hub in which the test itself runs.
//!
//! The test starts itself again inside the hub, so nothing here can meet the addresses of the machine or of another run. Every
//! gateway has two links: one for callers (`10.98.0.x`), one for the counters of the others (`10.99.…`).
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may, and each uses a part of it"
)]

use std::process::{Child, Command, Stdio};

use super::{Answer, apimite, request, until, write};

const INSIDE: &str = "APIMITE_TEST_LAB";
pub const GATEWAYS: usize = 3;
pub const SECRET: &str = "a key for tests, shared by all";

/// How the counters' links are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// All on one bridge, with the hub as a fourth.
    Bridge,
    /// Each one on a network of its own with the hub, which carries packets from one to the other or does not.
    Relay,
}

fn ip(arguments: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn must(arguments: &str) {
    assert!(ip(arguments), "`ip {arguments}` fails");
}

/// The namespaces, seen from the hub.
pub struct Lab {
    count: usize,
    prefix: String,
    wiring: Wiring,
    owner: bool,
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.owner {
            for index in 0..self.count {
                ip(&format!("netns del {}", self.namespace(index)));
            }
            ip(&format!("netns del {}", self.hub()));
        }
    }
}

/// Runs `inside` in the hub of a new lab. `test` is the name of the test that calls this; `tag` tells labs of one process apart.
pub fn in_lab(test: &str, tag: char, wiring: Wiring, inside: impl FnOnce(&Lab)) {
    in_lab_of(GATEWAYS, test, tag, wiring, inside);
}

/// The same with so many gateways.
pub fn in_lab_of(count: usize, test: &str, tag: char, wiring: Wiring, inside: impl FnOnce(&Lab)) {
    if let Ok(prefix) = std::env::var(INSIDE) {
        inside(&Lab { count, prefix, wiring, owner: false });
        return;
    }
    let lab = Lab { count, prefix: format!("am{}{tag}", std::process::id()), wiring, owner: true };
    if !lab.build() {
        eprintln!("SKIPPED: network namespaces need root and `ip`; `{test}` checks nothing here");
        return;
    }
    let mut again = Command::new("ip");
    again.args(["netns", "exec", &lab.hub()]).arg(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env(INSIDE, &lab.prefix);
    assert!(again.status().unwrap().success(), "failed inside the lab, see above");
}

impl Lab {
    fn hub(&self) -> String {
        format!("{}h", self.prefix)
    }

    fn namespace(&self, index: usize) -> String {
        format!("{}g{index}", self.prefix)
    }

    fn build(&self) -> bool {
        let hub = self.hub();
        if !ip(&format!("netns add {hub}")) || !ip(&format!("-n {hub} link add calls type bridge")) {
            return false;
        }
        must(&format!("-n {hub} link set lo up"));
        must(&format!("-n {hub} addr add 10.98.0.254/24 dev calls"));
        must(&format!("-n {hub} link set calls up"));
        if self.wiring == Wiring::Bridge {
            must(&format!("-n {hub} link add sync type bridge"));
            must(&format!("-n {hub} link set sync address {}", mac(99)));
            must(&format!("-n {hub} addr add 10.99.0.254/24 dev sync"));
            must(&format!("-n {hub} link set sync up"));
        }
        for index in 0..self.count {
            let name = self.namespace(index);
            must(&format!("netns add {name}"));
            must(&format!("-n {name} link set lo up"));
            must(&format!("-n {hub} link add c{index} type veth peer name eth0 netns {name}"));
            must(&format!("-n {hub} link set c{index} master calls up"));
            must(&format!("-n {name} addr add 10.98.0.{}/24 dev eth0", index + 1));
            must(&format!("-n {name} link set eth0 up"));
            must(&format!("-n {hub} link add s{index} type veth peer name eth1 netns {name}"));
            must(&format!("-n {name} link set eth1 address {}", mac(index)));
            must(&format!("-n {name} addr add {}/24 dev eth1", self.sync_address(index)));
            must(&format!("-n {name} link set eth1 up"));
            must(&format!("-n {hub} link set s{index} up"));
            match self.wiring {
                Wiring::Bridge => must(&format!("-n {hub} link set s{index} master sync")),
                Wiring::Relay => {
                    for other in (0..self.count).filter(|other| *other != index) {
                        must(&format!("-n {hub} addr add {}/24 dev s{index}", seen_from(index, other)));
                    }
                }
            }
        }
        if self.wiring == Wiring::Bridge {
            // Neighbours are known for good: how soon a host asks again for an address is not what is tested.
            for index in 0..self.count {
                let name = self.namespace(index);
                let others =
                    (0..self.count).filter(|other| *other != index).map(|other| (self.sync_address(other), mac(other)));
                for (address, mac) in others.chain([("10.99.0.254".to_owned(), mac(99))]) {
                    must(&format!("-n {name} neigh replace {address} lladdr {mac} dev eth1 nud permanent"));
                }
                must(&format!(
                    "-n {hub} neigh replace {} lladdr {} dev sync nud permanent",
                    self.sync_address(index),
                    mac(index)
                ));
            }
        }
        true
    }

    /// Where a gateway hears counters.
    pub fn sync_address(&self, index: usize) -> String {
        match self.wiring {
            Wiring::Bridge => format!("10.99.0.{}", index + 1),
            Wiring::Relay => format!("10.99.{}.1", index + 1),
        }
    }

    /// Takes a gateway off the counters' bridge, or puts it back; its callers do not notice.
    pub fn cut(&self, index: usize, cut: bool) {
        assert!(self.wiring == Wiring::Bridge);
        must(&format!("link set s{index} {}", if cut { "nomaster" } else { "master sync" }));
    }

    /// Starts the gateway of a namespace; `peers` are the addresses it is told of.
    pub fn gateway(&self, index: usize, peers: &[String]) -> InLab {
        let folder = tempfile::tempdir().unwrap();
        let api = r#"{"properties": {"path": "a", "serviceUrl": "apimite://echo", "subscriptionRequired": false, "protocols": ["http"]}}"#;
        let spec = "openapi: 3.0.1\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}\n";
        let header = |name: &str| format!(r#"context.Request.Headers.GetValueOrDefault("{name}", "1")"#);
        let (calls, period, key) = (header("calls"), header("period"), header("key"));
        write(folder.path(), "apis/a/apiInformation.json", api);
        write(folder.path(), "apis/a/specification.yaml", spec);
        write(
            folder.path(),
            "apis/a/policy.xml",
            &format!(
                r#"<policies><inbound><rate-limit-by-key calls="@(int.Parse({calls}))" renewal-period="@(int.Parse({period}))" counter-key="@({key})" /><return-response><set-status code="200" /></return-response></inbound></policies>"#
            ),
        );
        let peers: Vec<_> = peers.iter().map(|peer| format!("'{peer}'")).collect();
        let (callers, sync) = (format!("10.98.0.{}", index + 1), self.sync_address(index));
        write(
            folder.path(),
            "apimite.toml",
            &format!(
                "[listen]\nhttp = '{callers}:8280'\nhttps = 'off'\nmanagement = '{callers}:8281'\n[counters]\nstore = 'sync'\n[counters.sync]\nlisten = '{sync}:4290'\nkey = '{SECRET}'\npeers = [{}]\n",
                peers.join(", ")
            ),
        );
        let ready = folder.path().join("ready.json");
        let program = apimite().get_program().to_owned();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(index)]).arg(program).arg("serve").arg(folder.path());
        command
            .args(["--quiet", "--no-watch", "--allow-clock", "--workers", "1", "--arm", "off", "--ready-file"])
            .arg(&ready);
        command.current_dir(folder.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let gateway = InLab { child, callers, _folder: folder };
        until(|| std::fs::read_to_string(&ready).ok(), "the gateway did not become ready");
        gateway
    }
}

fn mac(number: usize) -> String {
    format!("02:00:00:00:00:{:02x}", number + 1)
}

/// The hub's address at which gateway `index` sees gateway `other`, where a relay joins them.
pub fn seen_from(index: usize, other: usize) -> String {
    format!("10.99.{}.{}", index + 1, 101 + other)
}

/// A gateway in a namespace; ends with the test.
pub struct InLab {
    child: Child,
    callers: String,
    _folder: tempfile::TempDir,
}

impl Drop for InLab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl InLab {
    /// Ends it as a crash would (`kill -9`).
    pub fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn management(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers: &[(&str, &str)] = if body.is_empty() { &[] } else { &[("Content-Type", "application/json")] };
        request(&format!("{}:8281", self.callers), method, path, headers, body)
    }

    /// One call against a limit of `calls` in `period` seconds; was it admitted?
    pub fn call(&self, key: &str, calls: u32, period: u32) -> bool {
        let headers = [("key", key), ("calls", &calls.to_string()), ("period", &period.to_string())];
        let answer = request(&format!("{}:8280", self.callers), "GET", "/a/x", &headers, "");
        assert!(matches!(answer.status, 200 | 429), "{}", answer.whole());
        answer.status == 200
    }

    pub fn freeze(&self) {
        let answer = self.management("POST", "/apimite/clock", r#"{"freeze": true}"#);
        assert_eq!(answer.status, 200, "{}", answer.whole());
    }

    /// What the gateway knows to be used of a key.
    pub fn used(&self, key: &str) -> u64 {
        let body = serde_json::json!({ "policy": "rate-limit-by-key", "key": key }).to_string();
        let answer = self.management("POST", "/apimite/counters", &body);
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        json["counters"].as_array().unwrap().iter().filter_map(|one| one["used"].as_u64()).sum()
    }

    /// A number of the metrics; `series` is its name with labels.
    pub fn metric(&self, series: &str) -> u64 {
        let text = self.management("GET", "/apimite/metrics", "").body;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("no {series} in\n{text}"))
    }

    /// The sum of the series that start with these words.
    pub fn sum_of_metrics(&self, start: &str) -> u64 {
        let text = self.management("GET", "/apimite/metrics", "").body;
        let numbers = text
            .lines()
            .filter(|line| line.starts_with(start))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        numbers.sum()
    }

    /// Intervals of node sync so far.
    pub fn intervals(&self) -> u64 {
        self.metric("apimite_sync_intervals_total")
    }
}

/// Waits until every gateway has lived through `count` more intervals of node sync.
pub fn live_through(gateways: &[InLab], count: u64) {
    let wanted: Vec<_> = gateways.iter().map(|gateway| gateway.intervals() + count).collect();
    for (gateway, wanted) in gateways.iter().zip(wanted) {
        until(|| (gateway.intervals() >= wanted).then_some(()), "node sync stands still");
    }
}

/// A steady load: in each of `rounds` rounds `calls_a_round` calls, spread over the gateways, then at least one interval. How many
/// were admitted. The pace is that of the gateways' own exchange, so a slow machine sees the same load.
pub fn steady_load(gateways: &[InLab], key: &str, limit: (u32, u32), rounds: usize, calls_a_round: usize) -> u64 {
    let mut admitted = 0;
    let mut turn = 0;
    for _ in 0..rounds {
        for _ in 0..calls_a_round {
            admitted += u64::from(gateways[turn % gateways.len()].call(key, limit.0, limit.1));
            turn += 1;
        }
        live_through(gateways, 1);
    }
    admitted
}
