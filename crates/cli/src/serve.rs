//! `apimite serve`: starts everything, prints where, reloads on change, drains on SIGTERM.

mod access_log;
mod banner;
mod certificates;
mod control_plane;
mod dependencies;
mod manage;
pub(crate) mod network;
mod outside;
mod running;
mod stores;
mod traces;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::Clock;
use apimite_diag::{Diagnostic, Diagnostics};
use apimite_dns::{Bound, Server};
use apimite_gateway::config::Expect;
use apimite_gateway::tls::Acceptor;
use apimite_gateway::{Gateway, Limits, Listener, Options};
use apimite_import::Settings;
use apimite_import::settings::Bind;
use tokio::net::TcpListener;

use crate::args::{Format, Serve};
use crate::load::{self, Origin};
use crate::{echo, report};
use network::Networking;
use running::Running;
use traces::{TraceLog, Watcher};

/// Bytes of the internal cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Default addresses.
const HTTP: SocketAddr = local(8280);
const HTTPS: SocketAddr = local(8243);
const MANAGEMENT: SocketAddr = local(8281);
const ARM: SocketAddr = local(8244);

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Every address that is listened on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) management: Option<SocketAddr>,
    pub(crate) arm: Option<SocketAddr>,
    pub(crate) control_plane: Option<SocketAddr>,
    pub(crate) probe: Option<SocketAddr>,
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) private_endpoints: Vec<(Box<str>, SocketAddr)>,
}

/// Runs until a signal ends it.
pub(crate) fn run(args: &Serve) -> ExitCode {
    match start(args) {
        Ok(code) => code,
        Err(diagnostics) => {
            report::write(&diagnostics, Format::Text);
            ExitCode::FAILURE
        }
    }
}

fn origin(args: &Serve) -> Origin {
    match (&args.folder, &args.policy, &args.openapi) {
        (Some(folder), ..) => Origin::Folder(folder.clone()),
        (_, Some(policy), _) => Origin::Policy(policy.clone(), args.backend.clone()),
        (_, _, Some(definition)) => Origin::Definition(definition.clone(), args.backend.clone(), args.soap_to_rest),
        _ => Origin::Sample,
    }
}

/// One refusal without a place in a file.
fn refusal(code: &'static str, message: String, help: &str) -> Diagnostics {
    Diagnostics(vec![Diagnostic::new(code, message).help(help)])
}

fn system(error: std::io::Error) -> Diagnostics {
    refusal("serve::system", format!("the system refuses: {error}"), "free descriptors or memory and start again")
}

fn start(args: &Serve) -> Result<ExitCode, Diagnostics> {
    let origin = origin(args);
    let imported = load::import(&origin)?;
    let mut diagnostics = imported.diagnostics.clone();
    let (mut service, settings) = (imported.service.clone(), imported.settings.clone());
    // The side runtime carries the echo backend, management and the watcher; the data plane has threads of its own.
    let side = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("side")
        .enable_all()
        .build()
        .map_err(system)?;
    let bind = |wanted: SocketAddr, what: &str| {
        side.block_on(TcpListener::bind(wanted)).map_err(|error| {
            let text = format!("cannot listen on {wanted} ({what}): {error}");
            refusal("serve::listen", text, "choose another address, or port 0 for a free one")
        })
    };
    let echo = bind(at(settings.listen.echo, local(0)).unwrap_or(local(0)), "echo backend")?;
    let echo_address = echo.local_addr().map_err(system)?;
    load::with_echo(&mut service, echo_address);
    if diagnostics.has_errors() {
        // Policies are checked as well, so that one run shows everything.
        if let Err(more) = load::compile(service, load::budget(&settings)) {
            diagnostics.extend(more);
        }
        diagnostics.sort();
        return Err(diagnostics);
    }
    let names = host_names(&service.name, &service.hosts);
    let outside = Arc::new(outside::wire(&settings, &origin.folder())?);
    outside.stand_ins.load(&service.stand_ins);
    network::check(&settings)?;
    let networking = Arc::new(Networking::new(&settings, &service));
    let region = service.region.clone();
    let (snapshot, warnings) = load::compile(service, load::budget(&settings))?;
    diagnostics.extend(warnings);

    let clock = Clock::system();
    let management = match args.management.or(at(settings.listen.management, MANAGEMENT)) {
        Some(address) => Some(bind(address, "management")?),
        None => None,
    };
    let arm = match arm_address(args)? {
        Some(address) => Some(bind(address, "Azure Resource Manager")?),
        None => None,
    };
    let control_plane = match settings.listen.control_plane {
        Some(Bind::At(address)) => Some(bind(address, "control plane")?),
        _ => None,
    };
    let dns = match settings.listen.dns {
        Some(Bind::At(address)) => Some(side.block_on(Bound::bind(address)).map_err(|error| {
            let text = format!("cannot listen on {address} (dns): {error}");
            refusal("serve::listen", text, "choose another address, or port 0 for a free one")
        })?),
        _ => None,
    };
    let log = access_log::log(args.quiet || args.json);
    let stores = side.block_on(stores::start(&settings, &clock))?;
    let counters = stores.counters.clone();
    let mut cache = Cache::new(clock.clone(), settings.cache.size_bytes.unwrap_or(CACHE_BYTES));
    if let Some(external) = side.block_on(stores::external_cache(&settings, &stores, &clock))? {
        cache = cache.with_external(external);
    }
    let mut options = Options::new(clock.clone(), counters.clone(), cache);
    options.listeners = listeners(args, &settings);
    options.workers = args.workers;
    options.limits = limits(&settings);
    options.shared = outside.shared.clone();
    options.stand_ins = outside.stand_ins.clone();
    options.classifier = Some(networking.classifier.clone());
    let management_address = management.as_ref().and_then(|listener| listener.local_addr().ok());
    let traces = Arc::new(TraceLog::new(clock.clone(), management_address, args.trace));
    options.observer = Some(Arc::new(Watcher { log, traces: traces.clone() }));
    let secured = options.listeners.iter().any(|l| l.security == apimite_gateway::config::Security::Tls);
    let issuer = match secured || arm.is_some() || control_plane.is_some() {
        true => Some(Arc::new(certificates::certificates(&settings, &names, &clock, &mut options)?)),
        false => None,
    };
    let ca = issuer.as_ref().map(|issuer| issuer.ca_file.clone());
    let certificates = options.certificates.clone();
    let gateway = Gateway::start(options, snapshot).map_err(|error| {
        refusal("serve::start", error.to_string(), "choose another address, or port 0 for a free one")
    })?;

    let mut addresses = Addresses {
        management: management_address,
        control_plane: control_plane.as_ref().and_then(|listener| listener.local_addr().ok()),
        dns: dns.as_ref().and_then(|bound| bound.address().ok()),
        ..Addresses::default()
    };
    for (name, address) in gateway.addresses() {
        match &**name {
            "http" => addresses.http = Some(*address),
            "https" => addresses.https = Some(*address),
            "probe" => addresses.probe = Some(*address),
            other => addresses.private_endpoints.push((other.into(), *address)),
        }
    }
    traces.knows(gateway.handle());
    let running = Running::new(
        origin.clone(),
        gateway.handle(),
        networking.clone(),
        echo_address,
        clock,
        &stores,
        args.allow_clock,
        imported,
    );
    let running = Arc::new(running.with_stand_ins(outside.stand_ins.clone()));
    running.traced_by(traces.clone());
    if let (Some(listener), Some(issuer)) = (arm, &issuer) {
        addresses.arm = listener.local_addr().ok();
        manage::start(args, listener, issuer, &running, &side)?;
    }
    side.spawn(echo::serve(echo));
    let routes = apimite_management::local::routes(running.clone());
    let routes = routes.merge(apimite_management::traces::routes(traces.clone()));
    let routes = routes.merge(apimite_management::outside::routes(outside.clone()));
    if let (Some(listener), Some(certificates)) = (control_plane, certificates) {
        let tls = Acceptor::new(certificates)
            .map_err(|error| refusal("serve::tls", error, "this is a fault of the executable; report it"))?;
        let admitted = control_plane::admitted(&settings, &region);
        side.spawn(control_plane::serve(listener, routes.clone(), admitted, tls));
    }
    if let Some(bound) = dns {
        side.spawn(Server::new(networking.horizon.clone(), None).serve(bound));
    }
    if let Some(listener) = management {
        side.spawn(async move {
            // Ends with the process.
            let _ = axum::serve(listener, routes).await;
        });
    }
    let _watcher = if args.no_watch { None } else { watch::watch(&running, &side) };
    for warning in &diagnostics.0 {
        eprintln!("{}", warning.render());
    }
    banner::announce(args, &origin, &addresses, ca.as_deref());
    side.block_on(until_signal(&running));
    let drain = args.drain.map(Duration::from_secs).or(settings.limits.drain).unwrap_or(Duration::from_secs(30));
    gateway.drain(drain);
    drop(stores);
    Ok(ExitCode::SUCCESS)
}

/// Runs until the work ends, SIGTERM or Ctrl-C.
pub(crate) async fn until_told(work: impl Future<Output = ()>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return work.await };
    tokio::select! {
        () = work => {}
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Waits for SIGTERM or Ctrl-C; SIGHUP reloads meanwhile.
async fn until_signal(running: &Arc<Running>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    loop {
        tokio::select! {
            _ = term.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
            _ = hup.recv() => {
                let running = running.clone();
                let _ = tokio::task::spawn_blocking(move || running.reload_and_tell()).await;
            }
        }
    }
}

/// Where Azure Resource Manager listens. With ports chosen on the command line it takes a free one too.
fn arm_address(args: &Serve) -> Result<Option<SocketAddr>, Diagnostics> {
    let free = args.management.is_some_and(|address| address.port() == 0);
    match args.arm.as_deref() {
        None => Ok(Some(if free { local(0) } else { ARM })),
        Some("off") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            refusal("serve::arm", format!("`{text}` is no address"), "write `--arm 127.0.0.1:8244`, or `--arm off`")
        }),
    }
}

fn at(bind: Option<Bind>, default: SocketAddr) -> Option<SocketAddr> {
    match bind {
        None => Some(default),
        Some(Bind::Off) => None,
        Some(Bind::At(address)) => Some(address),
    }
}

/// Default and configured host names, for the certificate.
fn host_names(service: &str, hosts: &[Box<str>]) -> Vec<String> {
    let mut names = vec![format!("{service}.azure-api.net"), format!("{service}.privatelink.azure-api.net")];
    names.extend(hosts.iter().map(|host| host.to_string()));
    names
}

fn listeners(args: &Serve, settings: &Settings) -> Vec<Listener> {
    let mut list = Vec::new();
    if let Some(address) = args.http.or(at(settings.listen.http, HTTP)) {
        list.push(Listener::plain("http", address));
    }
    if let Some(address) = args.https.or(at(settings.listen.https, HTTPS)) {
        list.push(Listener::tls("https", address));
    }
    // With ports chosen on the command line, private endpoints take free ones too: nothing collides in a test harness.
    let free = args.http.is_some_and(|address| address.port() == 0);
    // Of every connection, also of those that are not approved: what arrives is closed until they are.
    for endpoint in &settings.private_endpoints {
        let place = |bind: Option<Bind>| match bind {
            Some(Bind::At(address)) if free => Some(SocketAddr::new(address.ip(), 0)),
            Some(Bind::At(address)) => Some(address),
            _ => None,
        };
        if let Some(address) = place(endpoint.listen) {
            list.push(Listener::plain(&endpoint.name, address));
        }
        if let Some(address) = place(endpoint.listen_https) {
            list.push(Listener::tls(&format!("{}-https", endpoint.name), address));
        }
    }
    if let Some(Bind::At(address)) = settings.listen.probe {
        list.push(Listener::probe("probe", address));
    }
    for listener in &mut list {
        if settings.network.proxy_protocol.contains(&listener.name) {
            listener.preamble = Expect::Preamble;
        }
    }
    list
}

fn limits(settings: &Settings) -> Limits {
    let (given, mut limits) = (&settings.limits, Limits::default());
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    if let Some(bytes) = given.header_bytes {
        limits.head_bytes = size(bytes);
    }
    if let Some(count) = given.header_count {
        limits.headers = size(count);
    }
    if let Some(bytes) = given.url_bytes {
        limits.url_bytes = size(bytes);
    }
    if let Some(bytes) = given.buffered_body_bytes {
        limits.buffered_bytes = bytes;
    }
    if let Some(time) = given.idle {
        limits.idle_time = time;
    }
    if let Some(time) = given.header_read {
        limits.head_time = time;
    }
    if let Some(count) = given.connections {
        limits.connections = size(count);
    }
    limits
}
