//! Tells people and harnesses where the gateway listens.

use std::path::Path;

use apimite_import::sample::{At, Stop, TOUR};
use serde_json::json;

use super::Addresses;
use crate::args::Serve;
use crate::load::Origin;

/// Prints the addresses (and the tour of the sample), writes the ready file.
pub(super) fn announce(args: &Serve, origin: &Origin, addresses: &Addresses, ca: Option<&Path>) {
    let line = as_json(addresses).to_string();
    if let Some(file) = &args.ready_file {
        // Written beside and renamed, so that a reader never sees half of it.
        let beside = file.with_extension("tmp");
        let written = std::fs::write(&beside, format!("{line}\n")).and_then(|()| std::fs::rename(&beside, file));
        if let Err(error) = written {
            eprintln!("warning: `{}` cannot be written: {error}", file.display());
        }
    }
    if args.json {
        println!("{line}");
        return;
    }
    println!("Apimite serves {}", origin.shown());
    let show = |name: &str, address: Option<std::net::SocketAddr>, scheme: &str| {
        if let Some(address) = address {
            println!("  {name:<18} {scheme}://{address}");
        }
    };
    show("HTTP", addresses.http, "http");
    show("HTTPS", addresses.https, "https");
    for (name, address) in &addresses.private_endpoints {
        let scheme = if name.ends_with("-https") { "https" } else { "http" };
        println!("  {:<18} {scheme}://{address}", format!("private {name}"));
    }
    show("management", addresses.management, "http");
    show("ARM, for az", addresses.arm, "https");
    show("control plane", addresses.control_plane, "https");
    show("probe", addresses.probe, "http");
    show("DNS", addresses.dns, "dns");
    if let Some(ca) = ca {
        println!("  {:<18} {}   (curl --cacert)", "local CA", ca.display());
    }
    if matches!(origin, Origin::Sample) {
        tour(addresses);
    }
}

fn as_json(addresses: &Addresses) -> serde_json::Value {
    let text = |address: Option<std::net::SocketAddr>| address.map(|address| address.to_string());
    let endpoints: serde_json::Map<String, serde_json::Value> = addresses
        .private_endpoints
        .iter()
        .map(|(name, address)| (name.to_string(), address.to_string().into()))
        .collect();
    json!({
        "http": text(addresses.http),
        "https": text(addresses.https),
        "management": text(addresses.management),
        "arm": text(addresses.arm),
        "control_plane": text(addresses.control_plane),
        "probe": text(addresses.probe),
        "dns": text(addresses.dns),
        "private_endpoints": endpoints,
    })
}

fn tour(addresses: &Addresses) {
    println!("\nTry, in this order (each with what to expect):\n");
    for (number, stop) in TOUR.iter().enumerate() {
        let Some(base) = base(stop, addresses) else { continue };
        println!("{}. {} -> {}, with `{}`", number + 1, stop.shows, stop.status, stop.contains);
        if let (At::PublicSwitchedOff, Some(management)) = (stop.at, addresses.management) {
            println!("   cargo run --release -- public-access off --management {management}");
        }
        let key = stop.key.map_or(String::new(), |key| format!(" -H 'Ocp-Apim-Subscription-Key: {key}'"));
        let url = if stop.times > 1 {
            format!("'{base}{}?call=[1-{}]'", stop.path, stop.times)
        } else {
            format!("{base}{}", stop.path)
        };
        println!("   curl -i {url}{key}");
    }
    println!("\nEnd with Ctrl-C. `apimite --help` shows what else there is.\n");
}

fn base(stop: &Stop, addresses: &Addresses) -> Option<String> {
    let address = match stop.at {
        At::Public | At::PublicSwitchedOff => addresses.http,
        At::PrivateEndpoint => addresses.private_endpoints.first().map(|(_, address)| *address),
    };
    address.map(|address| format!("http://{address}"))
}
