//! The shapes of a network, each in network namespaces: who reaches what, what the gateway sees, what DNS says. The table of
//! `docs/network.md` is what is expected: every cell is checked. `APIMITE_WRITE_DOCS=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod lab;

use std::path::PathBuf;

use lab::Lab;

const NAME: &str = "contoso.azure-api.net";
/// Column, namespace, DNS server it asks.
const CALLERS: [(&str, &str, &str); 4] = [
    ("internet", "pub", "203.0.113.1"),
    ("virtual network", "app", "10.0.1.4"),
    ("peered network", "peer", "10.0.1.4"),
    ("on premises", "prem", "10.0.1.4"),
];

/// An API that says who the gateway thinks is calling.
fn service(lab: &Lab, folder: &str, settings: &str, inbound: &str) -> PathBuf {
    let who = r#"{ "properties": { "displayName": "Who", "path": "who", "protocols": ["http", "https"], "serviceUrl": "BACKEND", "subscriptionRequired": false } }"#;
    let backend = settings.lines().find_map(|line| line.strip_prefix("# backend ")).unwrap_or("apimite://echo");
    let settings = format!("[service]\nname = \"contoso\"\nregion = \"West Europe\"\n{settings}");
    let root = lab.write(&format!("{folder}/apimite.toml"), &settings);
    let put = |path: &str, text: &str| lab.write(&format!("{folder}/{path}"), text);
    put("policy.xml", "<policies><inbound/><backend><forward-request/></backend><outbound/><on-error/></policies>");
    put("apis/who/apiInformation.json", &who.replace("BACKEND", backend));
    put(
        "apis/who/specification.yaml",
        "openapi: 3.0.1\ninfo: {title: Who, version: '1'}\npaths:\n  /:\n    get: {operationId: who, responses: {'200': {description: Who}}}\n",
    );
    let policy = format!(
        "<policies><inbound><base/>{inbound}</inbound><backend><base/></backend><outbound><base/></outbound><on-error><base/></on-error></policies>"
    );
    put("apis/who/policy.xml", &policy);
    root.parent().unwrap().to_path_buf()
}

/// Address, connection, and what `X-Forwarded-For` says.
const WHO: &str = r#"<return-response><set-status code="200"/><set-body>@(context.Request.IpAddress + " " + (context.Request.PrivateEndpointConnection == null ? "null" : context.Request.PrivateEndpointConnection.Name) + (context.Request.Headers.ContainsKey("X-Forwarded-For") ? " for " + context.Request.Headers.GetValueOrDefault("X-Forwarded-For", "") : ""))</set-body></return-response>"#;

const LISTEN: &str = "[listen]\nhttp = \"0.0.0.0:80\"\nhttps = \"off\"\nmanagement = \"127.0.0.1:8281\"\ndns = \"0.0.0.0:53\"\nprobe = \"0.0.0.0:6390\"\n";

const NETWORK: &str = "virtual_network = [\"10.0.0.0/16\"]\npeered = [\"10.1.0.0/16\"]\non_premises = [\"192.168.0.0/16\"]\npublic_ip = \"203.0.113.1\"\n";

/// Gateway, callers, and a consumer network whose addresses overlap those of the virtual network.
fn world(lab: &Lab) {
    lab.segment("wire");
    let inside = ["10.0.0.0/15", "192.168.0.0/16", "203.0.113.0/24"];
    lab.host("gw", "wire", &["10.0.1.4", "203.0.113.1", "10.0.0.4"], &["10.0.0.0/15", "192.168.0.0/16"]);
    // Towards the internet the gateway speaks from its public address.
    lab.route("gw", "wire", "192.0.2.0/24", "203.0.113.1");
    // The internet has no way to private addresses.
    lab.host("pub", "wire", &["192.0.2.10"], &["203.0.113.0/24"]);
    lab.host("app", "wire", &["10.0.3.9"], &inside);
    lab.host("peer", "wire", &["10.1.0.9"], &inside);
    lab.host("prem", "wire", &["192.168.0.9"], &inside);
    lab.segment("other");
    lab.host("con", "other", &["10.0.3.9"], &["10.0.0.0/16"]);
    // The Private Link Service has a leg in each network; its source addresses are of the provider's.
    lab.host("pls", "other", &["10.0.0.9"], &["10.0.3.0/24"]);
    lab.host("pls", "wire", &["10.0.8.5"], &["10.0.1.0/24"]);
}

/// Every caller resolves the name, then calls what it was told: `address: answer`, or what DNS said.
fn row(lab: &Lab, shape: &str, step: &str) -> Vec<String> {
    let mut cells = vec![shape.to_owned(), step.to_owned()];
    for (_, caller, server) in CALLERS {
        let address = lab.resolve(caller, server, NAME);
        cells.push(if address.parse::<std::net::IpAddr>().is_ok() {
            let answer = lab.get(caller, &format!("http://{address}/who/"), NAME);
            format!("{address}: {}", short(&answer))
        } else {
            address
        });
    }
    cells
}

/// The 403 in full is checked elsewhere; the table tells it from others by how it begins.
fn short(answer: &str) -> String {
    let address = answer.split("client public IP address ").nth(1).and_then(|rest| rest.split(',').next());
    match (answer.starts_with("403"), address) {
        (true, Some(address)) => format!("403 from public {address}"),
        _ => answer.to_owned(),
    }
}

fn apimite(lab: &Lab, arguments: &[&str]) {
    let output = lab.command("gw", env!("CARGO_BIN_EXE_apimite")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Names of portal, management and git.
fn others() -> [String; 4] {
    ["portal", "developer", "management", "scm"].map(|part| format!("contoso.{part}.azure-api.net"))
}

/// Compares with the table of the page.
fn expect(section: &str, rows: &[Vec<String>]) {
    // Sections are written one at a time: tests of one file run together.
    static PAGE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = PAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/network.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end {section} -->"));
    let (head, rest) = text.split_once(&begin).unwrap();
    let (table, tail) = rest.split_once(&end).unwrap();
    let mut lines = table.lines().take(2).map(str::to_owned).collect::<Vec<_>>();
    lines.extend(rows.iter().map(|cells| format!("| {} |", cells.join(" | "))));
    let seen = lines.join("\n") + "\n";
    if std::env::var("APIMITE_WRITE_DOCS").is_ok() {
        std::fs::write(page, format!("{head}{begin}{seen}{end}{tail}")).unwrap();
        return;
    }
    for (expected, seen) in table.lines().zip(seen.lines()) {
        assert_eq!(expected, seen, "docs/network.md, {section}");
    }
    assert_eq!(table, seen, "docs/network.md, {section}");
}

#[test]
fn public_and_private_endpoint_shapes() {
    let Some(lab) = Lab::new() else { return };
    world(&lab);
    let mut rows = Vec::new();
    let plain = service(&lab, "one", &format!("{LISTEN}[network]\n{NETWORK}"), WHO);
    lab.serve("gw", &plain, &[]);
    rows.push(row(&lab, "1 public only", "as it is"));
    lab.end_last();
    let endpoint = "[private_endpoints.pe-1]\naddress = \"10.0.0.4\"\nstate = \"Pending\"\n";
    let both = service(&lab, "two", &format!("{LISTEN}[network]\n{NETWORK}{endpoint}"), WHO);
    lab.serve("gw", &both, &[]);
    let two = "2 public and private endpoint";
    rows.push(row(&lab, two, "pending"));
    apimite(&lab, &["connection", "approve", "pe-1"]);
    rows.push(row(&lab, two, "approved"));
    apimite(&lab, &["public-access", "off"]);
    rows.push(row(&lab, "3 private endpoint only", "public access disabled"));
    apimite(&lab, &["public-access", "on"]);
    apimite(&lab, &["connection", "reject", "pe-1"]);
    rows.push(row(&lab, two, "rejected"));
    apimite(&lab, &["connection", "delete", "pe-1"]);
    rows.push(row(&lab, two, "deleted"));
    // Other names are not reached through the endpoint; the real resolvers see the chain.
    for other in others() {
        assert_eq!(lab.resolve("app", "10.0.1.4", &other), "203.0.113.1", "{other} is not behind the endpoint");
        assert!(lab.get("app", "http://203.0.113.1/who/", &other).starts_with("404"), "{other} is not the gateway");
    }
    let chain = lab.output("app", "nslookup", &[NAME, "10.0.1.4"]);
    assert!(chain.contains("203.0.113.1"), "{chain}");
    expect("endpoints", &rows);
}

#[test]
fn injected_shapes() {
    let Some(lab) = Lab::new() else { return };
    world(&lab);
    let mut rows = Vec::new();
    // The private backend answers from inside the virtual network only.
    let backend =
        service(&lab, "backend", "[listen]\nhttp = \"10.0.3.9:9000\"\nhttps = \"off\"\nmanagement = \"off\"\n", WHO);
    lab.serve("app", &backend, &[]);
    let external = format!("# backend http://10.0.3.9:9000/who\n{LISTEN}[network]\nmode = \"external\"\n{NETWORK}");
    // The gateway itself tells the backend whom it forwards for.
    let folder = service(&lab, "four", &external, "");
    lab.serve("gw", &folder, &[]);
    rows.push(row(&lab, "4 external, private backend", "answered by the backend"));
    lab.end_last();
    let internal = format!(
        "{LISTEN}[network]\nmode = \"internal\"\nprivate_ip = \"10.0.1.4\"\nsubnet = \"10.0.1.0/28\"\n{NETWORK}[dns]\nlinked = [\"virtual_network\", \"peered\", \"on_premises\"]\n"
    );
    let folder = service(&lab, "five", &internal, WHO);
    lab.serve("gw", &folder, &[]);
    rows.push(row(&lab, "5 internal", "as it is"));
    for other in others() {
        let seen = CALLERS.map(|(_, caller, server)| lab.resolve(caller, server, &other));
        assert_eq!(seen, ["NXDOMAIN", "10.0.1.4", "10.0.1.4", "10.0.1.4"], "{other}");
    }
    // Even a caller who knows the public address gets nothing.
    assert_eq!(lab.get("pub", "http://203.0.113.1/who/", NAME), "no answer");
    // The application gateway is the gateway's caller; the client stands in a header.
    lab.host("agw", "wire", &["10.0.2.9", "203.0.113.9"], &["10.0.0.0/15", "192.168.0.0/16", "192.0.2.0/24"]);
    let waf =
        "# backend http://10.0.1.4/who\n[listen]\nhttp = \"203.0.113.9:80\"\nhttps = \"off\"\nmanagement = \"off\"\n";
    let host = r#"<set-header name="Host" exists-action="override"><value>contoso.azure-api.net</value></set-header>"#;
    let folder = service(&lab, "six", waf, host);
    lab.serve("agw", &folder, &[]);
    let mut cells = vec!["6 internal behind an application gateway".to_owned(), "called at 203.0.113.9".to_owned()];
    for (_, caller, _) in CALLERS {
        cells.push(lab.get(caller, "http://203.0.113.9/who/", NAME));
    }
    rows.push(cells);
    expect("injected", &rows);
}

#[test]
fn a_private_link_service_publishes_an_internal_gateway() {
    let Some(lab) = Lab::new() else { return };
    world(&lab);
    let mut rows = Vec::new();
    let ask = |step: &str| {
        vec![
            step.to_owned(),
            lab.get("con", "http://10.0.0.9/who/", NAME),
            lab.get("con", "http://10.0.1.4/who/", NAME),
        ]
    };
    for (sender, receiver) in [(false, false), (true, true), (true, false), (false, true)] {
        let proxy = if receiver {
            "proxy_protocol = [\"http\", \"probe\"]\nproxy_protocol_from = [\"10.0.8.0/24\"]\n"
        } else {
            ""
        };
        let settings = format!("{LISTEN}[network]\nmode = \"internal\"\nprivate_ip = \"10.0.1.4\"\n{proxy}{NETWORK}");
        let folder = service(&lab, &format!("seven-{sender}-{receiver}"), &settings, WHO);
        lab.serve("gw", &folder, &[]);
        let mut link = vec!["link", "--listen", "10.0.0.9:80", "--to", "10.0.1.4:80", "--source", "10.0.8.5"];
        link.extend([
            "--control",
            "127.0.0.1:8290",
            "--manual",
            "--visibility",
            "consumer-sub",
            "--consumer",
            "consumer-sub",
        ]);
        link.extend([
            "--probe",
            "/status-0123456789abcdef",
            "--probe-port",
            "6390",
            "--probe-interval",
            "0.05",
            "--link-id",
            "77",
        ]);
        if sender {
            link.push("--proxy-protocol");
        }
        lab.spawn("pls", &link);
        let control = |method: &str, path: &str, body: &str| {
            lab.output(
                "pls",
                "curl",
                &[
                    "-s",
                    "-X",
                    method,
                    "-H",
                    "Content-Type: application/json",
                    "-d",
                    body,
                    &format!("http://127.0.0.1:8290{path}"),
                ],
            )
        };
        lab.until(|| control("GET", "/link", "").contains("backends"), "the link does not become ready");
        let healthy = sender == receiver;
        lab.until(|| control("GET", "/link", "").contains(&format!("\"up\":{healthy}")), "probes say something else");
        let name = match (sender, receiver) {
            (false, false) => "without PROXY v2",
            (true, true) => "with PROXY v2",
            (true, false) => "sender only",
            (false, true) => "receiver only",
        };
        if healthy {
            rows.push(ask(&format!("{name}, pending")));
        }
        assert!(control("PUT", "/link/connection", "{\"status\":\"Approved\"}").contains("is Approved"));
        rows.push(ask(&format!("{name}, approved")));
        if healthy {
            control("DELETE", "/link/connection", "");
            rows.push(ask(&format!("{name}, deleted")));
        }
        lab.end_last();
        lab.end_last();
    }
    expect("link", &rows);
}

#[test]
fn several_units_share_counters() {
    let Some(lab) = Lab::new() else { return };
    world(&lab);
    lab.host("gw2", "wire", &["10.0.1.5"], &["10.0.0.0/16"]);
    lab.host("lb", "wire", &["10.0.1.100"], &["10.0.0.0/16"]);
    let limit = format!("<rate-limit-by-key calls=\"20\" renewal-period=\"300\" counter-key=\"all\"/>{WHO}");
    for (unit, own, other) in [("gw", "10.0.1.4", "10.0.1.5"), ("gw2", "10.0.1.5", "10.0.1.4")] {
        let settings = format!(
            "[listen]\nhttp = \"{own}:80\"\nhttps = \"off\"\nmanagement = \"127.0.0.1:8281\"\n[network]\nmode = \"internal\"\n{NETWORK}[counters]\nstore = \"sync\"\n[counters.sync]\nlisten = \"{own}:4290\"\npeers = [\"{other}:4290\"]\nkey = \"shared by both units\"\n"
        );
        lab.serve(unit, &service(&lab, unit, &settings, &limit), &[]);
    }
    lab.spawn(
        "lb",
        &[
            "link",
            "--listen",
            "10.0.1.100:80",
            "--to",
            "10.0.1.4:80",
            "--to",
            "10.0.1.5:80",
            "--probe",
            "tcp",
            "--probe-interval",
            "0.1",
        ],
    );
    let call = || lab.get("app", "http://10.0.1.100/who/", NAME);
    lab.until(|| !call().starts_with("no answer"), "the load balancer does not become ready");
    // Calls come one after the other, slower than counters are exchanged; a little more than the limit may pass.
    let mut admitted = 0;
    for _ in 0..60 {
        let answer = call();
        if answer.starts_with("429") {
            break;
        }
        assert!(answer.starts_with("200 10.0.1.100 null"), "{answer}");
        admitted += 1;
    }
    assert!((15..=30).contains(&admitted), "{admitted} of 20 were admitted");
    let both = ["http://10.0.1.4/who/", "http://10.0.1.5/who/"];
    lab.until(|| both.iter().all(|url| lab.get("app", url, NAME).starts_with("429")), "the units do not agree");
}

/// Port 6381 of the network: values of cache policies, and here counters too, are the same for every unit.
#[test]
fn several_units_share_redis() {
    let Some(lab) = Lab::new() else { return };
    if std::process::Command::new("redis-server").arg("--version").output().is_err() {
        eprintln!("SKIPPED: `redis-server` is not installed; units that share Redis are not tested here");
        return;
    }
    world(&lab);
    lab.host("gw2", "wire", &["10.0.1.5"], &["10.0.0.0/16"]);
    lab.host("lb", "wire", &["10.0.1.100"], &["10.0.0.0/16"]);
    lab.host("redis", "wire", &["10.0.2.20"], &["10.0.0.0/16"]);
    let redis = ["--bind", "10.0.2.20", "--port", "6381", "--protected-mode", "no", "--save", "", "--appendonly", "no"];
    lab.spawn_program("redis", "redis-server", &redis);
    let limited = r#"<choose>
<when condition="@(context.Request.Headers.ContainsKey("put"))"><cache-store-value key="k" value="@(context.Request.Headers.GetValueOrDefault("put", ""))" duration="600" caching-type="external" /></when>
<when condition="@(context.Request.Headers.ContainsKey("get"))"><cache-lookup-value key="k" variable-name="v" default-value="miss" caching-type="external" /><return-response><set-status code="200"/><set-body>@((string)context.Variables["v"])</set-body></return-response></when>
<otherwise><rate-limit-by-key calls="20" renewal-period="600" counter-key="all"/></otherwise>
</choose>"#;
    for (unit, own) in [("gw", "10.0.1.4"), ("gw2", "10.0.1.5")] {
        let settings = format!(
            "[listen]\nhttp = \"{own}:80\"\nhttps = \"off\"\nmanagement = \"127.0.0.1:8281\"\n[network]\nmode = \"internal\"\n{NETWORK}[counters]\nstore = \"redis\"\nredis = \"redis://10.0.2.20:6381\"\nredis_timeout_ms = 5000\n[cache]\nredis = \"redis://10.0.2.20:6381\"\n"
        );
        lab.serve(unit, &service(&lab, unit, &settings, &format!("{limited}{WHO}")), &[]);
    }
    let link = [
        "link",
        "--listen",
        "10.0.1.100:80",
        "--to",
        "10.0.1.4:80",
        "--to",
        "10.0.1.5:80",
        "--probe",
        "tcp",
        "--probe-interval",
        "0.1",
    ];
    lab.spawn("lb", &link);
    let send = |unit: &str, header: &str| {
        let url = format!("http://{unit}/who/");
        lab.output("app", "curl", &["-s", "-m", "10", "-H", header, "-H", &format!("Host: {NAME}"), &url])
    };
    lab.until(|| send("10.0.1.100", "get: 1") == "miss", "the load balancer does not become ready");
    assert_eq!(send("10.0.1.4", "put: from the first"), "10.0.3.9 null");
    assert_eq!(send("10.0.1.5", "get: 1"), "from the first", "one unit's value is the other's");
    // One server counts for both: exactly the limit, whichever unit serves a call.
    let answers: Vec<String> = (0..30).map(|_| lab.get("app", "http://10.0.1.100/who/", NAME)).collect();
    let admitted = answers.iter().filter(|answer| answer.starts_with("200")).count();
    assert_eq!(admitted, 20, "{answers:?}");
    for own in ["10.0.1.4", "10.0.1.5"] {
        assert!(lab.get("app", &format!("http://{own}/who/"), NAME).starts_with("429"));
    }
}

/// Port 3443 for the control plane: published addresses of the environment and the region, and loopback; nobody else.
#[test]
fn the_control_plane_comes_from_published_addresses() {
    let Some(lab) = Lab::new() else { return };
    lab.segment("wire");
    let callers = [
        // West Europe of the public cloud; one that counts for every region; another region's; another cloud's.
        ("we", "51.145.179.78"),
        ("all", "104.214.19.224"),
        ("au", "20.37.52.67"),
        ("cn", "40.125.137.220"),
        ("any", "198.51.100.9"),
    ];
    lab.host("gw", "wire", &["10.0.1.4"], &callers.map(|(_, address)| address));
    for (name, address) in callers {
        lab.host(name, "wire", &[address], &["10.0.1.0/24"]);
    }
    for (environment, region, admitted) in
        [("public", "West Europe", ["we", "all"]), ("china", "China North", ["cn", "cn"])]
    {
        let settings = format!(
            "[listen]\nhttp = \"10.0.1.4:80\"\nhttps = \"off\"\nmanagement = \"off\"\ncontrol_plane = \"0.0.0.0:3443\"\n[network]\ncontrol_plane_from = \"published\"\nenvironment = \"{environment}\"\n"
        );
        let folder = service(&lab, &format!("cp-{environment}"), &settings, WHO);
        let file = folder.join("apimite.toml");
        let text = std::fs::read_to_string(&file).unwrap().replace("West Europe", region);
        std::fs::write(&file, text).unwrap();
        lab.serve("gw", &folder, &[]);
        let ask = |from: &str, address: &str| {
            let url = format!("https://{address}:3443/apimite/status");
            lab.output(from, "curl", &["-sk", "-m", "5", &url]).contains("contoso")
        };
        for (name, address) in callers {
            assert_eq!(
                ask(name, "10.0.1.4"),
                admitted.contains(&name),
                "{name} ({address}) in {environment}, {region}"
            );
        }
        assert!(ask("gw", "127.0.0.1"), "loopback");
        lab.end_last();
    }
}
