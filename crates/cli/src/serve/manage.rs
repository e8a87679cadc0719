//! What Azure Resource Manager's requests do to the running gateway.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use apimite_arm::effect::{
    Configured, Definition, Endpoint, Placement, Plan, QuotaChange, QuotaCount, Served, Tried, WsdlImport,
};
use apimite_arm::error::Detail;
use apimite_arm::{Arm, Credentials, Gateways, Pace, contracts};
use apimite_diag::{Diagnostic, Diagnostics, Severity};
use apimite_gateway::Snapshot;
use apimite_gateway::tls::ClientCertificates;
use apimite_import::settings::{NetworkMode, WsdlSelector};
use apimite_import::{Imported, Memory, Put, Settings};
use apimite_model::{PublicAccess, Service, Tier};
use apimite_network::{NetworkType, Sku};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::certificates::Issuer;
use super::network::nets;
use super::running::Running;
use crate::args::{LongOperations, Serve};
use crate::{az_login, load};

/// Opens management and serves it.
pub(super) fn start(
    args: &Serve,
    listener: TcpListener,
    issuer: &Arc<Issuer>,
    running: &Arc<Running>,
    side: &Runtime,
) -> Result<(), Diagnostics> {
    let name = running.imported().service.name.to_string();
    let file = issuer.folder.join(format!("arm-{name}.json"));
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    running.issued_by(issuer.clone());
    let options = apimite_arm::Options {
        file: Some(file.clone()),
        seed,
        clock: running.clock().clone(),
        credentials: Credentials { secret: args.arm_secret.clone(), ..Credentials::default() },
        pace: match args.long_operations {
            LongOperations::AtOnce => Pace::AtOnce,
            LongOperations::Azure => Pace::Azure,
        },
    };
    let help = "correct what it names, or delete the file to begin anew";
    let arm = Arm::open(options, running.clone()).map_err(|error| super::refusal("arm::state", error, help))?;
    let arm = Arc::new(arm);
    running.managed_by(arm.clone());
    let tls = apimite_gateway::tls::server_config(issuer.certificates.clone(), ClientCertificates::NotAsked)
        .map_err(|error| super::refusal("arm::tls", error.to_string(), "start without it: `--arm off`"))?;
    let address = listener.local_addr().map_err(super::system)?;
    az_login::tell(&issuer.folder, address, &issuer.ca_file, arm.subscription()).map_err(super::system)?;
    side.spawn(apimite_arm::http::serve(listener, tls, arm));
    Ok(())
}

/// What was compiled last, and from what.
pub(crate) struct Compiled {
    imported: Arc<Imported>,
    id: String,
    version: (u64, usize),
    removed: Vec<String>,
    hosts: Vec<String>,
    snapshot: Arc<Snapshot>,
}

impl Compiled {
    /// What the gateway was started with.
    pub(crate) fn first(imported: Arc<Imported>, snapshot: Arc<Snapshot>) -> Self {
        let id = imported.service.resource_id.to_string();
        Self { imported, id, version: (0, 0), removed: Vec::new(), hosts: Vec::new(), snapshot }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    fn fits(&self, imported: &Arc<Imported>, served: &Served) -> bool {
        Arc::ptr_eq(&self.imported, imported)
            && self.id == served.id
            && self.version == served.version
            && self.removed == served.removed
            && self.hosts == served.hosts
    }
}

/// What a configuration looks like to management.
pub(crate) fn configured(imported: &Imported) -> Configured {
    let (service, settings) = (&imported.service, &imported.settings);
    let tier = sku(service.tier);
    let network = &settings.network;
    let kind = match network.mode {
        NetworkMode::None => NetworkType::None,
        NetworkMode::External => NetworkType::External,
        NetworkMode::Internal => NetworkType::Internal,
    };
    let public = if service.public_access == PublicAccess::Enabled { "Enabled" } else { "Disabled" };
    let body = json!({
        "location": &*service.region,
        "sku": { "name": tier.name(), "capacity": 1 },
        "tags": {},
        "properties": {
            "publisherEmail": "local@example.com", "publisherName": "local", "virtualNetworkType": kind.name(),
            "publicNetworkAccess": public,
        },
    });
    Configured {
        service: service.resource_id.to_string(),
        body,
        children: contracts::children(service),
        endpoints: endpoints(settings),
        placement: placement(network),
    }
}

fn placement(network: &apimite_import::settings::Network) -> Placement {
    let address = |text: &Option<Box<str>>| text.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
    let injected = network.mode != NetworkMode::None;
    Placement {
        ranges: if injected { nets(&network.virtual_network) } else { Vec::new() },
        subnet: network.subnet.as_ref().filter(|_| injected).and_then(|subnet| subnet.parse().ok()),
        public_address: address(&network.public_ip),
        private_address: network.private_ip.as_deref().and_then(|text| text.parse::<Ipv4Addr>().ok()),
    }
}

fn endpoints(settings: &Settings) -> Vec<Endpoint> {
    let one = |endpoint: &apimite_import::settings::PrivateEndpoint| Endpoint {
        name: endpoint.name.to_string(),
        state: format!("{:?}", endpoint.state),
        address: endpoint.address.as_deref().map(str::to_owned),
    };
    settings.private_endpoints.iter().map(one).collect()
}

fn sku(tier: Tier) -> Sku {
    match tier {
        Tier::Consumption => Sku::Consumption,
        Tier::Developer | Tier::SelfHosted => Sku::Developer,
        Tier::Basic => Sku::Basic,
        Tier::Standard => Sku::Standard,
        Tier::Premium => Sku::Premium,
        Tier::BasicV2 => Sku::BasicV2,
        Tier::StandardV2 => Sku::StandardV2,
        Tier::PremiumV2 => Sku::PremiumV2,
    }
}

fn tier(name: &str) -> Tier {
    match name.parse().unwrap_or_default() {
        Sku::Consumption => Tier::Consumption,
        Sku::Developer => Tier::Developer,
        Sku::Basic => Tier::Basic,
        Sku::Standard => Tier::Standard,
        Sku::Premium => Tier::Premium,
        Sku::BasicV2 => Tier::BasicV2,
        Sku::StandardV2 => Tier::StandardV2,
        Sku::PremiumV2 => Tier::PremiumV2,
    }
}

/// Findings as ARM lists them.
pub(crate) fn details(found: &Diagnostics) -> Vec<Detail> {
    let errors = found.0.iter().filter(|one| one.severity == Severity::Error);
    errors.map(detail).collect()
}

fn detail(found: &Diagnostic) -> Detail {
    let name = found.place.as_ref().map_or("", |(source, _)| source.name());
    let path = name.strip_prefix("management: ");
    let target = match path {
        Some(path) if path.to_ascii_lowercase().contains("polic") => "representation",
        Some(path) => path,
        None => name,
    };
    let mut message = found.headline();
    if let Some(help) = &found.help {
        message.push_str(&format!(" ({help})"));
    }
    Detail { code: "ValidationError".to_owned(), target: target.to_owned(), message }
}

/// The service with what management put over it.
fn service(imported: &Imported, served: &Served) -> Result<Service, Diagnostics> {
    let own = served.id.len() + 1;
    let puts: Vec<Put> = served
        .children
        .iter()
        .filter_map(|one| Some(Put { path: one.id.get(own..)?.into(), body: one.body.to_string().into() }))
        .collect();
    let over = imported.over(&puts, &served.removed);
    if over.diagnostics.has_errors() {
        return Err(over.diagnostics);
    }
    let mut service = over.service;
    service.resource_id = served.id.as_str().into();
    for host in
        served.hosts.iter().filter(|host| !imported.service.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)))
    {
        service.hosts.push(host.as_str().into());
    }
    if served.claimed {
        service.name = served.name.as_str().into();
        service.region = served.location.as_str().into();
        service.tier = tier(&served.sku);
    }
    Ok(service)
}

impl Running {
    /// Compiles an instance, unless that was done.
    fn compiled(&self, imported: &Arc<Imported>, served: Option<&Served>) -> Result<Compiled, Diagnostics> {
        let Some(served) = served else {
            // Deleted: nobody is served any more.
            let (snapshot, _) = load::compile(Service::new(""), load::budget(&imported.settings))?;
            return Ok(Compiled {
                imported: imported.clone(),
                id: String::new(),
                version: (0, 0),
                removed: Vec::new(),
                hosts: Vec::new(),
                snapshot: Arc::new(snapshot),
            });
        };
        let known = self.compiled_last().as_ref().filter(|known| known.fits(imported, served)).map(Compiled::snapshot);
        let snapshot = match known {
            Some(known) => known,
            None => {
                let mut service = service(imported, served)?;
                load::with_echo(&mut service, self.echo());
                let (snapshot, warnings) = load::compile(service, load::budget(&imported.settings))?;
                self.found(warnings);
                Arc::new(snapshot)
            }
        };
        Ok(Compiled {
            imported: imported.clone(),
            id: served.id.clone(),
            version: served.version,
            removed: served.removed.clone(),
            hosts: served.hosts.clone(),
            snapshot,
        })
    }
}

impl Gateways for Running {
    fn configured(&self) -> Arc<Configured> {
        self.configured.load_full()
    }

    fn definition(&self, format: &str, text: &str, wsdl: WsdlImport<'_>) -> Result<Definition, Vec<Detail>> {
        let name = match format.to_ascii_lowercase().as_str() {
            "openapi" => "definition.yaml",
            "openapi+json" | "swagger-json" => "definition.json",
            "wsdl" => "definition.wsdl",
            "wadl-xml" => "definition.wadl",
            "graphql-schema" | "graphql" => "definition.graphql",
            other => {
                let message = format!(
                    "`{other}` is no format of a definition: openapi, openapi+json, swagger-json, wsdl, wadl-xml, graphql-schema"
                );
                return Err(vec![Detail { code: "ValidationError".into(), target: "format".into(), message }]);
            }
        };
        let files = Memory::new().with(name, text.to_owned());
        let mut settings = Settings::default();
        settings.import.soap_to_rest = wsdl.rest;
        settings.import.wsdl =
            WsdlSelector { service: wsdl.service.map(Into::into), endpoint: wsdl.endpoint.map(Into::into) };
        let imported = apimite_import::from_openapi(&files, name, None, settings);
        if imported.diagnostics.has_errors() {
            return Err(details(&imported.diagnostics));
        }
        let Some(api) = imported.service.apis.first() else { return Ok(Definition::default()) };
        let own = &*api.service_url;
        Ok(Definition {
            title: api.name.to_string(),
            description: api.description.to_string(),
            // A definition without a server leaves the backend to the request.
            service_url: if own.starts_with(apimite_import::ECHO_URL) { String::new() } else { own.to_owned() },
            kind: contracts::kind(api.kind).to_owned(),
            children: contracts::of_api(api).into_iter().chain(contracts::operation_policies(api)).collect(),
        })
    }

    fn quotas(&self, counter_key: &str, period_key: Option<&str>, change: QuotaChange) -> Vec<QuotaCount> {
        let (counters, now) = (self.counting(), self.clock().now());
        let change = apimite_counters::QuotaChange { calls: change.calls, bytes: change.bytes };
        let found = super::running::wait_for(async {
            match period_key {
                _ if change != apimite_counters::QuotaChange::default() => {
                    counters.set_quota(counter_key, period_key, change, now).await
                }
                Some(period) => counters.quota_period(counter_key, period, now).await.into_iter().collect(),
                None => counters.quota_periods(counter_key, now).await,
            }
        });
        let bound = |second: i64| (second != i64::MIN && second != i64::MAX).then_some(second);
        let shown = |one: apimite_counters::QuotaCounter| QuotaCount {
            start: bound(one.period.start_unix_seconds),
            end: bound(one.period.end_unix_seconds),
            calls: one.usage.calls,
            bytes: one.usage.bytes,
            period_key: one.period_key,
        };
        found.into_iter().map(shown).collect()
    }

    fn dependencies(&self) -> Vec<Tried> {
        super::dependencies::tried(&self.imported().settings, &self.tried, self.clock().now())
    }

    fn debug_token(&self, api: &str, life: Duration) -> Result<String, String> {
        let traces = self.traces().ok_or("this gateway keeps no traces")?;
        traces.token(Some(api), life)
    }

    fn forget_debug_tokens(&self) {
        if let Some(traces) = self.traces() {
            traces.forget();
        }
    }

    fn trace(&self, id: &str) -> Option<Value> {
        self.traces()?.get(id)
    }

    fn prepare(&self, plan: Plan) -> Result<Box<dyn FnOnce() + Send>, Vec<Detail>> {
        if let Some(other) = plan.others.first() {
            let own = plan.primary.as_ref().map_or("", |served| &*served.name);
            let message = format!(
                "one process serves one instance, `{own}`; for `{}` start another with addresses and a state folder of its own, or delete `{own}` first",
                other.name
            );
            return Err(vec![Detail { code: "ServiceLimitReached".into(), target: "service".into(), message }]);
        }
        let imported = self.imported();
        let compiled = self.compiled(&imported, plan.primary.as_ref()).map_err(|refused| {
            let list = details(&refused);
            self.found(refused);
            list
        })?;
        let access = match &plan.primary {
            Some(served) if !served.public => PublicAccess::Disabled,
            _ => PublicAccess::Enabled,
        };
        let in_force = self.in_force();
        Ok(Box::new(move || in_force.put(compiled, access, &plan)))
    }
}
