//! The network of a running gateway on loopback: approval, headers, ports, names, and changes under load.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may; the clock measures how long a change takes"
)]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use apimite_network::proxy::Header;
use support::{Gateway, apimite, request, until, write};

const WHO: &str = r#"<policies><inbound><return-response><set-status code="200"/><set-body>@(context.Request.IpAddress + " " + (context.Request.PrivateEndpointConnection == null ? "null" : context.Request.PrivateEndpointConnection.Name + "/" + context.Request.PrivateEndpointConnection.GroupId + "/" + context.Request.PrivateEndpointConnection.MemberName))</set-body></return-response></inbound><backend/><outbound/><on-error/></policies>"#;

fn folder(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "apimite.toml", &format!("[service]\nname = \"contoso\"\n{settings}"));
    write(
        at,
        "policy.xml",
        "<policies><inbound/><backend><forward-request/></backend><outbound/><on-error/></policies>",
    );
    write(
        at,
        "apis/who/apiInformation.json",
        r#"{ "properties": { "displayName": "Who", "path": "who", "protocols": ["http", "https"], "serviceUrl": "apimite://echo", "subscriptionRequired": false } }"#,
    );
    write(
        at,
        "apis/who/specification.yaml",
        "openapi: 3.0.1\ninfo: {title: Who, version: '1'}\npaths:\n  /:\n    get: {operationId: who, responses: {'200': {description: Who}}}\n",
    );
    write(at, "apis/who/policy.xml", WHO);
    folder
}

fn start(folder: &tempfile::TempDir) -> Gateway {
    Gateway::start(&[folder.path().to_str().unwrap(), "--quiet"])
}

fn run(gateway: &Gateway, arguments: &[&str]) -> (bool, String) {
    let output = gateway.command(arguments);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// Status and body, 0 when the connection was closed without an answer.
fn ask(address: &str, before: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = before.to_vec();
    bytes.extend_from_slice(b"GET /who/ HTTP/1.1\r\nHost: contoso.azure-api.net\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    // Chunked: the second line is the text.
    let body = if text.to_lowercase().contains("transfer-encoding") { body.lines().nth(1).unwrap_or("") } else { body };
    (status, body.to_owned())
}

#[test]
fn a_connection_is_approved_rejected_and_deleted_while_the_gateway_runs() {
    let folder = folder("[private_endpoints.pe-1]\nlisten = \"127.0.0.1:0\"\nstate = \"Pending\"\nlink_id = 5\n");
    let gateway = start(&folder);
    let (public, private) = (gateway.address("http"), gateway.address("pe-1"));
    assert_eq!(ask(&private, b"").0, 0, "pending");
    let (done, text) = run(&gateway, &["public-access", "off"]);
    assert!(!done && text.contains("without an approved private endpoint connection"), "{text}");
    assert_eq!(
        run(&gateway, &["connection", "approve", "pe-1", "--description", "fine"]).1,
        "private endpoint connection pe-1 is Approved\n"
    );
    assert_eq!(ask(&private, b""), (200, "127.0.0.1 pe-1/Gateway/Gateway".into()));
    assert_eq!(ask(&public, b""), (200, "127.0.0.1 null".into()));
    assert!(run(&gateway, &["public-access", "off"]).0);
    let (status, body) = ask(&public, b"");
    assert_eq!(status, 403);
    assert!(body.contains("Request originated from client public IP address 127.0.0.1, public network access on this 'Microsoft.ApiManagement/service/contoso' is disabled."), "{body}");
    assert_eq!(ask(&private, b"").0, 200);
    let (_, list) = run(&gateway, &["connection", "list"]);
    for part in ["\"Approved\"", "\"fine\"", "\"linkIdentifier\": 5", "\"publicNetworkAccess\": \"Disabled\""] {
        assert!(list.contains(part), "{list}");
    }
    assert!(run(&gateway, &["connection", "reject", "pe-1"]).0);
    assert_eq!(ask(&private, b"").0, 0, "rejected");
    let (done, text) = run(&gateway, &["connection", "approve", "pe-1"]);
    assert!(!done && text.contains("it cannot become Approved"), "{text}");
    // What was decided outlives a reload.
    assert!(run(&gateway, &["reload"]).0);
    assert_eq!((ask(&private, b"").0, ask(&public, b"").0), (0, 403));
    assert!(run(&gateway, &["connection", "delete", "pe-1"]).0);
    assert!(!run(&gateway, &["connection", "delete", "pe-1"]).0);
    assert_eq!(ask(&private, b"").0, 0, "deleted");
    assert!(run(&gateway, &["public-access", "on"]).0);
    assert_eq!(ask(&public, b"").0, 200);
}

#[test]
fn headers_of_a_private_link_name_connection_and_caller() {
    let folder = folder(
        "[listen]\nprobe = \"127.0.0.1:0\"\n[network]\nproxy_protocol = [\"http\", \"probe\"]\nproxy_protocol_from = [\"127.0.0.0/8\"]\n[private_endpoints.pe-1]\nlink_id = 7\n[private_endpoints.pe-2]\nlink_id = 8\nstate = \"Rejected\"\n",
    );
    let gateway = start(&folder);
    let http = gateway.address("http");
    let header =
        |link| Header::proxy("10.77.0.5:50000".parse().unwrap(), "10.77.0.9:443".parse().unwrap(), link).write();
    assert_eq!(ask(&http, &header(Some(7))), (200, "10.77.0.5 pe-1/Gateway/Gateway".into()));
    assert_eq!(ask(&http, &header(None)), (200, "10.77.0.5 null".into()));
    assert_eq!(ask(&http, &header(Some(8))).0, 0);
    assert_eq!(ask(&http, &header(Some(9))).0, 0);
    assert_eq!(ask(&http, b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n").0, 0);
    assert_eq!(ask(&http, b"").0, 0);
    let probe = gateway.address("probe");
    assert_eq!(ask(&probe, b"").0, 0);
    assert_eq!(ask(&probe, &Header::probe(None).write()).0, 200);
    let report = gateway.get("management", "/apimite/network", &[]).body;
    assert!(report.contains("\"unknown-link-id\":1") && report.contains("\"no-proxy-header\":3"), "{report}");
    assert!(report.contains("\"connection-not-approved\":1") && report.contains("\"private-endpoint\":1"), "{report}");
}

#[test]
fn an_internal_gateway_serves_its_network_only() {
    let folder = folder("tier = \"Premium\"\n[network]\nmode = \"internal\"\nvirtual_network = [\"127.0.0.2/32\"]\n");
    let gateway = start(&folder);
    assert_eq!(ask(&gateway.address("http"), b"").0, 0, "127.0.0.1 is not of the network");
    let output = Command::new("curl")
        .args(["-s", "--interface", "127.0.0.2", "-H", "Host: contoso.azure-api.net"])
        .arg(format!("http://{}/who/", gateway.address("http")))
        .output();
    match output {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "127.0.0.2 null"),
        Err(_) => eprintln!("SKIPPED: `curl` is not installed; a caller of the network is not tested here"),
    }
    let (done, text) = run(&gateway, &["public-access", "off"]);
    assert!(!done && text.contains("injected"), "{text}");
}

#[test]
fn the_control_plane_listener_admits_published_addresses_and_loopback() {
    let folder = folder(
        "region = \"West Europe\"\n[listen]\ncontrol_plane = \"127.0.0.1:0\"\n[network]\ncontrol_plane_from = \"published\"\n",
    );
    let gateway = start(&folder);
    let address = gateway.address("control_plane");
    assert!(request(&address, "GET", "/apimite/status", &[], "").body.contains("contoso"));
    let output = Command::new("curl").args(["-sk", &format!("https://{address}/apimite/status")]).output();
    match output {
        Ok(output) => assert!(String::from_utf8_lossy(&output.stdout).contains("contoso"), "over TLS"),
        Err(_) => eprintln!("SKIPPED: `curl` is not installed; the control plane over TLS is not tested here"),
    }
}

#[test]
fn names_are_answered_by_serve_and_by_a_process_of_its_own() {
    let settings = "hosts = [\"api.example.com\"]\n[listen]\ndns = \"127.0.0.1:0\"\n[network]\nvirtual_network = [\"127.0.0.2/32\"]\npublic_ip = \"203.0.113.1\"\n[dns.records]\n\"portal.corp.example\" = \"10.0.0.8\"\n[private_endpoints.pe-1]\naddress = \"10.0.0.4\"\n";
    let folder = folder(settings);
    let gateway = start(&folder);
    let dig = |from: &str, name: &str, address: &str| {
        let (ip, port) = address.rsplit_once(':').unwrap();
        Command::new("dig").args([&format!("@{ip}"), "-p", port, "-b", from, "+short", name]).output().ok()
    };
    let address = gateway.address("dns");
    let Some(outside) = dig("127.0.0.1", "contoso.azure-api.net", &address) else {
        eprintln!("SKIPPED: `dig` is not installed; names are not tested here");
        return;
    };
    let text = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).replace('\n', " ");
    assert_eq!(text(outside), "contoso.privatelink.azure-api.net. 203.0.113.1 ");
    let inside = |name: &str| text(dig("127.0.0.2", name, &address).unwrap());
    assert_eq!(inside("contoso.azure-api.net"), "contoso.privatelink.azure-api.net. 10.0.0.4 ");
    assert_eq!(inside("api.example.com"), "contoso.azure-api.net. contoso.privatelink.azure-api.net. 10.0.0.4 ");
    assert_eq!(inside("portal.corp.example"), "10.0.0.8 ");
    assert_eq!(inside("nobody.azure-api.net"), "");
    run(&gateway, &["connection", "delete", "pe-1"]);
    assert_eq!(inside("contoso.azure-api.net"), "203.0.113.1 ");
    // The process takes every asker for one of the network it is told.
    let mut child = apimite()
        .args(["dns", folder.path().to_str().unwrap(), "--listen", "127.0.0.1:0", "--network", "virtual_network"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let own = line.split(' ').find(|word| word.starts_with("127.")).unwrap().to_owned();
    assert_eq!(
        text(dig("127.0.0.1", "contoso.azure-api.net", &own).unwrap()),
        "contoso.privatelink.azure-api.net. 10.0.0.4 "
    );
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn subnets_are_planned_and_dependencies_tried() {
    let plan = |arguments: &[&str]| {
        let output = apimite().args(["network", "plan"]).args(arguments).output().unwrap();
        (
            output.status.success(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let (done, text) = plan(&["--sku", "premium", "--mode", "internal", "--subnet", "10.0.0.0/28"]);
    assert!(done && text.starts_with("5 units of Premium fit into 10.0.0.0/28 (Internal)"), "{text}");
    let (done, text) = plan(&["--sku", "premium", "--mode", "internal", "--subnet", "10.0.0.0/30"]);
    assert!(!done && text.contains("too small") && text.contains("/29"), "{text}");
    let (done, text) = plan(&["--sku", "standard", "--subnet", "10.0.0.0/24"]);
    assert!(!done && text.contains("not supported for Sku Type 'Standard'"), "{text}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let status = |sql: std::net::SocketAddr| {
        let folder = folder(&format!(
            "[network.dependencies]\nstorage = \"{}\"\nsql = \"{sql}\"\nmail = \"{gone}\"\n",
            listener.local_addr().unwrap()
        ));
        let output = apimite().args(["network", "status", folder.path().to_str().unwrap()]).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (fine, text) = status(listener.local_addr().unwrap());
    assert!(fine && text.contains("not configured") && text.contains("reached"), "{text}");
    let (fine, text) = status(gone);
    assert!(!fine && text.contains("a required dependency cannot be reached"), "{text}");
}

/// What callers see while public access is switched; a wrong answer is any that the state before or after a switch, whichever
/// holds for a request as a whole, does not allow.
#[test]
fn switching_public_access_under_load_fails_nobody_wrongly() {
    let folder = folder("[private_endpoints.pe-1]\nlisten = \"127.0.0.1:0\"\n");
    let gateway = start(&folder);
    let (public, private) = (gateway.address("http"), gateway.address("pe-1"));
    let management = gateway.address("management");
    let stop = AtomicBool::new(false);
    let done: [AtomicU32; 3] = Default::default();
    // Switched on, off, or somewhere between: seen before and after each request.
    let state = std::sync::Mutex::new((true, true, Instant::now()));
    std::thread::scope(|scope| {
        let load = |index: usize, address: String, is_public: bool| {
            let (stop, state, done) = (&stop, &state, &done[index]);
            scope.spawn(move || {
                let mut stream = TcpStream::connect(&address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let (mut count, mut refused) = (0_u32, 0_u32);
                while !stop.load(Ordering::Relaxed) {
                    let before = *state.lock().unwrap();
                    stream.write_all(b"GET /who/ HTTP/1.1\r\nHost: contoso.azure-api.net\r\n\r\n").unwrap();
                    let mut answer = [0; 4096];
                    let mut length = 0;
                    let head = loop {
                        let more = stream.read(&mut answer[length..]).unwrap();
                        assert!(more > 0, "a connection was dropped");
                        length += more;
                        let text = String::from_utf8_lossy(&answer[..length]).into_owned();
                        if let Some((head, body)) = text.split_once("\r\n\r\n") {
                            let told = head.lines().find_map(|line| {
                                line.to_lowercase()
                                    .strip_prefix("content-length: ")
                                    .map(|n| n.trim().parse::<usize>().unwrap())
                            });
                            if told.is_some_and(|told| body.len() >= told) || body.ends_with("0\r\n\r\n") {
                                break head.to_owned();
                            }
                        }
                    };
                    let after = *state.lock().unwrap();
                    let (ok, no) = (head.contains(" 200 "), head.contains(" 403 "));
                    assert!(ok || no, "{head}");
                    if !is_public {
                        assert!(ok, "a private caller was refused");
                    } else if before == after && before.0 == before.1 {
                        // No switch began or ended meanwhile: the answer is that of the state.
                        assert_eq!(ok, before.0, "started {:?} after the switch returned", before.2.elapsed());
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    count += 1;
                    refused += u32::from(no);
                }
                (count, refused)
            })
        };
        let callers = [load(0, public.clone(), true), load(1, public.clone(), true), load(2, private.clone(), false)];
        for round in 0..40 {
            let on = round % 2 == 1;
            {
                let mut state = state.lock().unwrap();
                state.1 = on;
                state.2 = Instant::now();
            }
            let body = format!("{{\"enabled\": {on}}}");
            let answer =
                request(&management, "PUT", "/apimite/public-access", &[("Content-Type", "application/json")], &body);
            assert_eq!(answer.status, 200, "{answer:?}");
            let mut state = state.lock().unwrap();
            state.0 = on;
            state.2 = Instant::now();
            drop(state);
            // Whatever the machine's pace: every caller starts and ends some requests in each state.
            let seen: Vec<u32> = done.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            until(
                || done.iter().zip(&seen).all(|(count, seen)| count.load(Ordering::Relaxed) >= seen + 4).then_some(()),
                "a caller stands still",
            );
        }
        stop.store(true, Ordering::Relaxed);
        let counts: Vec<(u32, u32)> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        // Of the four requests after each of twenty refusals at least three began after it.
        assert!(counts[..2].iter().all(|(_, refused)| *refused >= 60) && counts[2].1 == 0, "{counts:?}");
    });
    until(|| (ask(&public, b"").0 == 200).then_some(()), "public access is on again");
}

/// Memory of a process that is its own, in kilobytes.
#[cfg(target_os = "linux")]
fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Connections that are no connections and questions that are no questions: closed or answered, and nothing stays of them.
#[cfg(target_os = "linux")]
#[test]
fn bad_input_is_closed_and_leaves_nothing_behind() {
    let folder = folder(
        "[listen]\ndns = \"127.0.0.1:0\"\n[network]\nproxy_protocol = [\"http\"]\nproxy_protocol_from = [\"127.0.0.0/8\"]\n[private_endpoints.pe-1]\nlink_id = 7\n",
    );
    let gateway = start(&folder);
    let (http, dns) = (gateway.address("http"), gateway.address("dns"));
    let good = Header::proxy("10.77.0.5:50000".parse().unwrap(), "10.77.0.9:443".parse().unwrap(), Some(7)).write();
    // The link identifier's value is the last nine bytes: type, length, subtype, number.
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let giant = {
        let mut bytes = good[..16].to_vec();
        bytes[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
        bytes.resize(16 + usize::from(u16::MAX), 0xEE);
        bytes
    };
    let length = good.len();
    let bad: Vec<Vec<u8>> = vec![
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n".to_vec(),
        with(12, 0x11),        // version 1
        with(12, 0x2f),        // no command
        with(13, 0x31),        // over a Unix socket
        with(15, 2),           // shorter than its addresses
        with(length - 6, 200), // a value that reaches over the end
        with(length - 6, 4),   // a link identifier of three bytes
        giant,
        Vec::new(),
    ];
    let rounds = |count: usize| {
        for turn in 0..count {
            let bytes = &bad[turn % bad.len()];
            assert_eq!(ask(&http, bytes).0, 0, "{}", turn % bad.len());
        }
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for turn in 0..count {
            let noise: Vec<u8> = (0..turn % 600).map(|at| (at * 31 + turn * 7) as u8).collect();
            socket.send_to(&noise, &dns).unwrap();
        }
    };
    rounds(900);
    let before = resident(gateway.pid());
    rounds(3600);
    let after = resident(gateway.pid());
    assert!(after < before + 8 * 1024, "{before} kB, then {after} kB");
    // Half a header and then nothing is truncated: closed once its sender closes.
    let mut half = TcpStream::connect(&http).unwrap();
    half.write_all(&good[..20]).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest);
    assert!(rest.is_empty());
    // Nothing was lost by it.
    assert_eq!(ask(&http, &good), (200, "10.77.0.5 pe-1/Gateway/Gateway".into()));
    let report = gateway.get("management", "/apimite/network", &[]).body;
    assert!(report.contains("\"private-endpoint\":1"), "{report}");
}
