//! `[network]` and `[dns]`.

use std::net::{IpAddr, SocketAddr};

use apimite_diag::nearest;
use apimite_model::PublicAccess;
use apimite_network::control_plane::Environment;
use apimite_network::ports::DEPENDENCIES;

use super::read::UNKNOWN;
use super::sections::boxed;
use super::{ControlPlaneFrom, Dns, Network, NetworkMode};
use crate::problems::Sheet;
use crate::tree::Node;
use crate::tree::table::Table;

pub(super) fn network(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Network {
    let access = [("enabled", PublicAccess::Enabled), ("disabled", PublicAccess::Disabled)];
    let modes = [("none", NetworkMode::None), ("external", NetworkMode::External), ("internal", NetworkMode::Internal)];
    let from = [("any", ControlPlaneFrom::Any), ("published", ControlPlaneFrom::Published)];
    let clouds =
        [("public", Environment::Public), ("china", Environment::China), ("government", Environment::Government)];
    let network = Network {
        public_access: table.word(sheet, "public_access", &access).unwrap_or_default(),
        mode: table.word(sheet, "mode", &modes).unwrap_or_default(),
        virtual_network: ranges(&mut table, sheet, "virtual_network"),
        peered: ranges(&mut table, sheet, "peered"),
        on_premises: ranges(&mut table, sheet, "on_premises"),
        subnet: ranges(&mut table, sheet, "subnet").pop(),
        public_ip: ip(&mut table, sheet, "public_ip"),
        private_ip: ip(&mut table, sheet, "private_ip"),
        proxy_protocol: boxed(table.texts(sheet, "proxy_protocol")),
        proxy_protocol_from: ranges(&mut table, sheet, "proxy_protocol_from"),
        control_plane_from: table.word(sheet, "control_plane_from", &from).unwrap_or_default(),
        environment: table.word(sheet, "environment", &clouds).unwrap_or_default(),
        dependencies: dependencies(&mut table, sheet),
    };
    table.close(sheet, UNKNOWN);
    network
}

fn ranges(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Vec<Box<str>> {
    let mut ranges = Vec::new();
    for (text, span) in table.texts(sheet, key).unwrap_or_default() {
        if is_range(&text) {
            ranges.push(text.into());
        } else {
            sheet.error(
                "settings::range",
                span,
                format!("`{text}` is no address range"),
                "write it like `10.0.0.0/16`",
            );
        }
    }
    ranges
}

fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    match (address.parse::<IpAddr>(), bits.parse::<u8>()) {
        (Ok(IpAddr::V4(_)), Ok(bits)) => bits <= 32,
        (Ok(IpAddr::V6(_)), Ok(bits)) => bits <= 128,
        _ => false,
    }
}

pub(super) fn ip(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Box<str>> {
    let (text, span) = table.text_at(sheet, key)?;
    if text.parse::<IpAddr>().is_err() {
        sheet.error("settings::address", span, format!("`{text}` is no IP address"), "write it like `10.0.1.4`");
        return None;
    }
    Some(text.into())
}

fn dependencies(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>) -> Vec<(Box<str>, Box<str>)> {
    let Some(node) = table.get("dependencies") else { return Vec::new() };
    let mut list = Vec::new();
    for member in node.members() {
        let known = DEPENDENCIES.iter().map(|one| one.key);
        if !known.clone().any(|key| key == &*member.key) {
            let help = match nearest(&member.key, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
            };
            sheet.error(
                "settings::dependency",
                member.node.span,
                format!("there is no dependency `{}`", member.key),
                help,
            );
            continue;
        }
        match member.node.scalar() {
            Some(place) if is_host_and_port(&place) => list.push(((&*member.key).into(), place.into())),
            _ => sheet.error(
                "settings::address",
                member.node.span,
                format!("`{}` needs a host with a port", member.key),
                "write it like `127.0.0.1:10443` or `storage.example:443`",
            ),
        }
    }
    list
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Reads `[dns]`.
pub(super) fn dns(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Dns {
    let mut linked = Vec::new();
    for (text, span) in table.texts(sheet, "linked").unwrap_or_default() {
        if matches!(&*text, "virtual_network" | "peered" | "on_premises") {
            linked.push(text.into());
        } else {
            let help = "the networks are `virtual_network`, `peered` and `on_premises`";
            sheet.error("settings::network", span, format!("`{text}` is no network"), help);
        }
    }
    let dns = Dns {
        linked,
        forward: table.get("forward").map(|node| servers(node, sheet)).unwrap_or_default(),
        rules: table.get("rules").map(|node| rules(node, sheet)).unwrap_or_default(),
        records: table.get("records").map(|node| records(node, sheet)).unwrap_or_default(),
    };
    table.close(sheet, UNKNOWN);
    dns
}

fn rules(node: &Node<'_>, sheet: &mut Sheet<'_>) -> Vec<(Box<str>, Vec<SocketAddr>)> {
    let rule = |name: &str| name.trim_matches('.').to_ascii_lowercase().into();
    node.members().iter().map(|member| (rule(&member.key), servers(&member.node, sheet))).collect()
}

fn records(node: &Node<'_>, sheet: &mut Sheet<'_>) -> Vec<(Box<str>, Vec<Box<str>>)> {
    let mut list = Vec::new();
    for member in node.members() {
        let values: Vec<Box<str>> = each(&member.node).filter_map(|one| one.scalar()).map(Into::into).collect();
        let addresses = values.iter().filter(|value| value.parse::<IpAddr>().is_ok()).count();
        let named = member.key.contains('.') && !member.key.starts_with('.');
        if named && !values.is_empty() && (addresses == values.len() || values.len() == 1) {
            list.push((member.key.trim_end_matches('.').to_ascii_lowercase().into(), values));
        } else {
            sheet.error(
                "settings::record",
                member.node.span,
                format!("`{}` is no record", member.key),
                "write a whole name and an address, a list of addresses, or one other name: `name = ADDRESS`",
            );
        }
    }
    list
}

/// The items of a list, or the one thing that is none.
fn each<'n, 'a>(node: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    let one = if node.scalar().is_some() { std::slice::from_ref(node) } else { node.items() };
    one.iter()
}

/// Addresses of DNS servers; port 53 when there is none.
fn servers(node: &Node<'_>, sheet: &mut Sheet<'_>) -> Vec<SocketAddr> {
    let mut list = Vec::new();
    for one in each(node) {
        let text = one.scalar().unwrap_or_default();
        let address = text.parse::<SocketAddr>().ok();
        match address.or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, 53))) {
            Some(address) => list.push(address),
            None => sheet.error(
                "settings::address",
                one.span,
                format!("`{text}` is no address of a DNS server"),
                "write it like `10.0.0.53` or `127.0.0.1:5353`",
            ),
        }
    }
    list
}
