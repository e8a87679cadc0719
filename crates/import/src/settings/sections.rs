use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use apimite_diag::Span;
use apimite_model::{Secret, SubscriptionScope, SubscriptionState, Tier};

use super::read::{Surroundings, UNKNOWN, given};
use super::{
    ApiSettings, BackendSettings, Bind, Cache, CertificateSettings, ClientCertificates, ConnectionState, CounterStore,
    Counters, ImportSettings, Limits, PrivateEndpoint, ProductSettings, RequiredQuery, ServerCertificate,
    ServiceSettings, SubscriptionSettings, Tls, UserSettings, WhenAway, WsdlSelector,
};
use crate::problems::Sheet;
use crate::tree::table::Table;

/// Subscription states as Azure spells them.
pub(crate) const STATES: [(&str, SubscriptionState); 6] = [
    ("active", SubscriptionState::Active),
    ("suspended", SubscriptionState::Suspended),
    ("submitted", SubscriptionState::Submitted),
    ("rejected", SubscriptionState::Rejected),
    ("cancelled", SubscriptionState::Cancelled),
    ("expired", SubscriptionState::Expired),
];

const TIERS: [(&str, Tier); 9] = Tier::NAMES;

/// The tier of a SKU name.
pub(crate) fn tier(sku: &str) -> Option<Tier> {
    TIERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(sku)).map(|(_, tier)| *tier)
}

/// An address to listen on: `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`, `8080` or `off`.
pub(super) fn address(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Bind> {
    let (text, span) = table.text_at(sheet, key)?;
    let bind = parse_address(&text);
    if bind.is_none() {
        let help = "write an IP address with a port such as `127.0.0.1:8080` (port 0 takes a free one), a port alone, or `off`";
        sheet.error("settings::address", span, format!("`{key}` cannot be `{text}`: no address to listen on"), help);
    }
    bind
}

fn parse_address(text: &str) -> Option<Bind> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if text.eq_ignore_ascii_case("off") {
        return Some(Bind::Off);
    }
    let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Some(Bind::At(SocketAddr::new(loopback, port)));
    }
    text.parse::<SocketAddr>().ok().map(Bind::At)
}

pub(super) fn boxed(texts: Option<Vec<(Cow<'_, str>, Span)>>) -> Vec<Box<str>> {
    texts.unwrap_or_default().into_iter().map(|(text, _)| text.into()).collect()
}

fn placed(texts: Option<Vec<(Cow<'_, str>, Span)>>) -> Vec<(Box<str>, Span)> {
    texts.unwrap_or_default().into_iter().map(|(text, span)| (text.into(), span)).collect()
}

pub(super) fn service(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> ServiceSettings {
    let name = table.text_at(sheet, "name");
    if let Some((name, span)) = &name
        && !is_service_name(name)
    {
        let help = "use 1 to 50 letters, digits and dashes; a letter first, no dash last";
        sheet.error("settings::service-name", *span, format!("`{name}` cannot be the name of a service"), help);
    }
    let settings = ServiceSettings {
        name: name.map(|(name, _)| name.into()),
        tier: table.word(sheet, "tier", &TIERS),
        region: table.text(sheet, "region").map(Into::into),
        gateway_id: table.text(sheet, "gateway_id").map(Into::into),
        subscription_id: table.text(sheet, "subscription_id").map(Into::into),
        resource_group: table.text(sheet, "resource_group").map(Into::into),
        hosts: boxed(table.texts(sheet, "hosts")),
    };
    table.close(sheet, UNKNOWN);
    settings
}

/// Source: name rule of `Microsoft.ApiManagement/service` (`^[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$`, 1 to 50).
fn is_service_name(name: &str) -> bool {
    (1..=50).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('-')
}

pub(super) fn tls(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Tls {
    let words = [("ignored", ClientCertificates::Ignored), ("asked", ClientCertificates::Asked)];
    let mut tls = Tls {
        client_certificates: table.word(sheet, "client_certificates", &words).unwrap_or_default(),
        state_folder: table.text(sheet, "state_folder").map(Into::into),
        certificates: Vec::new(),
        authorities: placed(table.texts(sheet, "authorities")),
        revocation_lists: placed(table.texts(sheet, "revocation_lists")),
    };
    if let Some(list) = table.get("certificate") {
        let entries = if list.is_map() { std::slice::from_ref(list) } else { list.items() };
        for entry in entries {
            let Some(mut entry) = Table::open(sheet, entry, "tls.certificate") else { continue };
            let hosts = boxed(entry.texts(sheet, "hosts"));
            let certificate =
                required(&mut entry, sheet, "certificate", "the path of a PEM file with the certificate chain");
            let key = required(&mut entry, sheet, "key", "the path of a PEM file with the private key");
            entry.close(sheet, UNKNOWN);
            if let (Some(certificate), Some(key)) = (certificate, key) {
                tls.certificates.push(ServerCertificate { hosts, certificate, key });
            }
        }
    }
    table.close(sheet, UNKNOWN);
    tls
}

fn required(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str, what: &str) -> Option<Box<str>> {
    if table.get(key).is_none() {
        sheet.error(
            "settings::missing-key",
            table.span(),
            format!("`{key}` is missing"),
            format!("write `{key} = \"…\"`: {what}"),
        );
        return None;
    }
    table.text(sheet, key).map(Into::into)
}

pub(super) fn private_endpoint(name: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> PrivateEndpoint {
    let states = [
        ("Approved", ConnectionState::Approved),
        ("Pending", ConnectionState::Pending),
        ("Rejected", ConnectionState::Rejected),
        ("Disconnected", ConnectionState::Disconnected),
    ];
    let endpoint = PrivateEndpoint {
        name: name.into(),
        listen: address(&mut table, sheet, "listen"),
        listen_https: address(&mut table, sheet, "listen_https"),
        state: table.word(sheet, "state", &states).unwrap_or_default(),
        group_id: table.text(sheet, "group_id").unwrap_or(Cow::Borrowed("Gateway")).into(),
        member_name: table.text(sheet, "member_name").unwrap_or(Cow::Borrowed("Gateway")).into(),
        link_id: table.whole(sheet, "link_id", 0, u64::from(u32::MAX)).and_then(|id| u32::try_from(id).ok()),
        address: super::network::ip(&mut table, sheet, "address"),
        span: table.span(),
    };
    table.close(sheet, UNKNOWN);
    endpoint
}

pub(super) fn subscription(
    mut table: Table<'_, '_>,
    sheet: &mut Sheet<'_>,
    around: &Surroundings<'_>,
) -> SubscriptionSettings {
    let mut key = |key: &'static str| table.get(key).and_then(|node| given(node, key, around, sheet));
    let (primary_key, secondary_key) = (key("primary_key"), key("secondary_key"));
    for given in [&primary_key, &secondary_key].into_iter().flatten() {
        // Source: subscription contract, keys of 1 to 256 characters.
        if !(1..=256).contains(&given.value.reveal().chars().count()) {
            sheet.error(
                "settings::key-length",
                given.span,
                "a subscription key has 1 to 256 characters",
                "choose another key",
            );
        }
    }
    let product = table.text(sheet, "product");
    let api = table.text(sheet, "api");
    let all = table.flag(sheet, "all_apis").unwrap_or(false);
    let scope = match (product, api, all) {
        (None, None, false) => None,
        (Some(product), None, false) => Some(SubscriptionScope::Product(product.into())),
        (None, Some(api), false) => Some(SubscriptionScope::Api(api.into())),
        (None, None, true) => Some(SubscriptionScope::AllApis),
        _ => {
            let help = "keep one of `product`, `api` and `all_apis`";
            sheet.error("settings::scope", table.span(), "a subscription has one scope, this one has several", help);
            None
        }
    };
    let settings = SubscriptionSettings {
        primary_key,
        secondary_key,
        name: table.text(sheet, "name").map(Into::into),
        scope,
        state: table.word(sheet, "state", &STATES),
        owner: table.text_at(sheet, "owner").map(|(owner, span)| (owner.into(), span)),
        allow_tracing: table.flag(sheet, "allow_tracing"),
        start_unix_ms: table.text_at(sheet, "start").and_then(|(text, span)| {
            let time = crate::iso::instant(&text);
            if time.is_none() {
                sheet.error(
                    "settings::date",
                    span,
                    format!("`{text}` is no date"),
                    "write it like `2025-01-31T00:00:00Z`",
                );
            }
            time
        }),
        span: table.span(),
    };
    table.close(sheet, UNKNOWN);
    settings
}

pub(super) fn user(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> UserSettings {
    let mut text = |key: &'static str| table.text(sheet, key).unwrap_or_default().into();
    let settings = UserSettings {
        email: text("email"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        note: text("note"),
        groups: boxed(table.texts(sheet, "groups")),
    };
    table.close(sheet, UNKNOWN);
    settings
}

pub(super) fn url(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Box<str>> {
    let (text, span) = table.text_at(sheet, key)?;
    if crate::url::is_base_url(&text) {
        return Some(text.into());
    }
    sheet.error("settings::url", span, format!("`{text}` is no base URL"), crate::url::HELP);
    None
}

pub(super) fn backend(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> BackendSettings {
    let settings = BackendSettings {
        url: url(&mut table, sheet, "url"),
        script: table.text_at(sheet, "script").map(|(path, span)| (path.into(), span)),
        validate_certificate_chain: table.flag(sheet, "validate_certificate_chain"),
        validate_certificate_name: table.flag(sheet, "validate_certificate_name"),
        span: table.span(),
    };
    table.close(sheet, UNKNOWN);
    settings
}

pub(super) fn api(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> ApiSettings {
    let settings = ApiSettings {
        service_url: url(&mut table, sheet, "service_url"),
        subscription_required: table.flag(sheet, "subscription_required"),
        span: table.span(),
    };
    table.close(sheet, UNKNOWN);
    settings
}

pub(super) fn product(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> ProductSettings {
    let apis = table.texts(sheet, "apis").unwrap_or_default().into_iter().map(|(id, span)| (id.into(), span)).collect();
    let settings = ProductSettings { apis, span: table.span() };
    table.close(sheet, UNKNOWN);
    settings
}

pub(super) fn certificate(name: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<CertificateSettings> {
    let certificate = required(&mut table, sheet, "certificate", &format!("the path of the PEM file of `{name}`"));
    let key = table.text(sheet, "key").map(Into::into);
    let span = table.span();
    table.close(sheet, UNKNOWN);
    Some(CertificateSettings { certificate: certificate?, key, span })
}

fn milliseconds(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Duration> {
    table.whole(sheet, key, 1, 3_600_000).map(Duration::from_millis)
}

fn seconds(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Duration> {
    table.whole(sheet, key, 1, 86_400).map(Duration::from_secs)
}

fn secret(
    table: &mut Table<'_, '_>,
    sheet: &mut Sheet<'_>,
    key: &'static str,
    around: &Surroundings<'_>,
) -> Option<Secret> {
    let node = table.get(key)?;
    given(node, key, around, sheet).map(|given| given.value)
}

pub(super) fn counters(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>, around: &Surroundings<'_>) -> Counters {
    let stores = ["memory", "sync", "redis"];
    let stores: [(&str, usize); 3] = std::array::from_fn(|index| (stores[index], index));
    let store = match table.word(sheet, "store", &stores) {
        Some(1) => CounterStore::Sync,
        Some(2) => CounterStore::Redis,
        _ => CounterStore::Memory,
    };
    let away = [("count-locally", WhenAway::CountLocally), ("refuse", WhenAway::Refuse)];
    let mut counters = Counters {
        store,
        redis: secret(&mut table, sheet, "redis", around),
        redis_ca: table.text(sheet, "redis_ca").map(Into::into),
        when_away: table.word(sheet, "when_redis_is_away", &away).unwrap_or_default(),
        redis_timeout: milliseconds(&mut table, sheet, "redis_timeout_ms"),
        state_folder: table.text(sheet, "state_folder").map(Into::into),
        ..Counters::default()
    };
    if counters.store == CounterStore::Redis && counters.redis.is_none() {
        let help = "write `redis = \"redis://127.0.0.1:6379\"`";
        sheet.error(
            "settings::missing-key",
            table.span(),
            "the counter store is `redis`, but no `redis` address is given",
            help,
        );
    }
    if let Some(mut sync) = table.table(sheet, "sync") {
        counters.sync_listen = address(&mut sync, sheet, "listen");
        let port = sync.whole(sheet, "heartbeat_port", 1, u64::from(u16::MAX));
        counters.sync_heartbeat_port = port.and_then(|port| u16::try_from(port).ok());
        counters.sync_peers = boxed(sync.texts(sheet, "peers"));
        counters.sync_key = secret(&mut sync, sheet, "key", around);
        counters.sync_interval = milliseconds(&mut sync, sheet, "interval_ms");
        counters.sync_budget_bytes = sync.whole(sheet, "budget_bytes_per_second", 1, u64::MAX);
        sync.close(sheet, UNKNOWN);
    }
    table.close(sheet, UNKNOWN);
    counters
}

pub(super) fn cache(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>, around: &Surroundings<'_>) -> Cache {
    let cache = Cache {
        size_bytes: table.whole(sheet, "size_bytes", 0, u64::MAX),
        redis: secret(&mut table, sheet, "redis", around),
        redis_ca: table.text(sheet, "redis_ca").map(Into::into),
    };
    table.close(sheet, UNKNOWN);
    cache
}

pub(super) fn limits(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Limits {
    let limits = Limits {
        header_bytes: table.whole(sheet, "header_bytes", 1_024, 1 << 24),
        header_count: table.whole(sheet, "header_count", 1, 10_000),
        url_bytes: table.whole(sheet, "url_bytes", 256, 1 << 20),
        buffered_body_bytes: table.whole(sheet, "buffered_body_bytes", 0, u64::MAX),
        idle: seconds(&mut table, sheet, "idle_seconds"),
        header_read: seconds(&mut table, sheet, "header_read_seconds"),
        drain: seconds(&mut table, sheet, "drain_seconds"),
        connections: table.whole(sheet, "connections", 1, 10_000_000),
        expression_steps: table.whole(sheet, "expression_steps", 1_000, u64::MAX),
        expression_memory_bytes: table.whole(sheet, "expression_memory_bytes", 65_536, u64::MAX),
        expression_depth: table.whole(sheet, "expression_depth", 8, 10_000),
    };
    table.close(sheet, UNKNOWN);
    limits
}

pub(super) fn import(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> ImportSettings {
    let words = [("template", RequiredQuery::Template), ("query", RequiredQuery::Query)];
    let import = ImportSettings {
        required_query: table.word(sheet, "required_query_parameters", &words).unwrap_or_default(),
        soap_to_rest: table.flag(sheet, "soap_to_rest").unwrap_or_default(),
        wsdl: WsdlSelector::default(),
    };
    table.close(sheet, UNKNOWN);
    import
}
