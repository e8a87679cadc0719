use apimite_clock::Timestamp;
use apimite_diag::{Diagnostic, Source, Span, nearest};
use apimite_model::{
    Backend, BackendKind, NamedValue, PublicAccess, Service, Subscription, SubscriptionScope, Tier, User,
};
use apimite_network::{NetworkType, PlanRequest, Sku, plan};

use super::{NetworkMode, Settings, SubscriptionSettings};
use crate::draft::{Draft, Link, Place, Placed};

/// Lays the settings over what the folder says.
pub(crate) fn apply(settings: &Settings, draft: &mut Draft, found: &mut Vec<Diagnostic>) -> Service {
    let nowhere = Source::new(super::FILE_NAME, "");
    let source = settings.source.as_ref().unwrap_or(&nowhere);
    named_values(settings, source, draft);
    for (id, user) in &settings.users {
        let value = User {
            id: id.clone(),
            email: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            note: user.note.clone(),
            groups: Vec::new(),
            identities: Vec::new(),
            registered: Timestamp::default(),
        };
        draft.users.insert(id.clone(), Placed { value, at: Place::new(source, Span::default()) });
        for group in &user.groups {
            draft.groups.entry(group.clone()).or_insert_with(|| Placed {
                value: apimite_model::Group { id: group.clone(), name: group.clone() },
                at: Place::new(source, Span::default()),
            });
            draft.user_groups.push(Link {
                from: id.clone(),
                to: group.clone(),
                at: Place::new(source, Span::default()),
            });
        }
    }
    for (id, given) in &settings.subscriptions {
        subscription(id, given, source, draft, found);
    }
    for (id, product) in &settings.products {
        let links = product.apis.iter().map(|(api, span)| Link {
            from: id.clone(),
            to: api.clone(),
            at: Place::new(source, *span),
        });
        draft.product_apis.extend(links);
    }
    backends(settings, source, draft, found);
    apis(settings, source, draft, found);
    network(settings, source, found);
    service(settings)
}

fn service(settings: &Settings) -> Service {
    let given = &settings.service;
    let mut service = Service::new(given.name.as_deref().unwrap_or("apimite"));
    let subscription = given.subscription_id.as_deref().unwrap_or("00000000-0000-0000-0000-000000000000");
    let group = given.resource_group.as_deref().unwrap_or("apimite");
    service.resource_id = format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ApiManagement/service/{}",
        service.name
    )
    .into();
    service.tier = given.tier.unwrap_or_default();
    if let Some(region) = &given.region {
        service.region = region.clone();
    }
    if let Some(gateway) = &given.gateway_id {
        service.gateway_id = gateway.clone();
    }
    service.hosts = given.hosts.clone();
    if let Some(dapr) = &settings.dapr {
        service.dapr = dapr.clone();
    }
    service.public_access = settings.network.public_access;
    service.decisions = settings.decisions.clone();
    service.connections = settings.connections.clone();
    service
}

/// Values by display name or id; a name the folder does not have is a new named value.
fn named_values(settings: &Settings, source: &Source, draft: &mut Draft) {
    for (name, given) in &settings.named_values {
        let by_id =
            draft.named_values.values_mut().find(|value| value.value.id == *name).map(|value| value.value.name.clone());
        let key = if draft.named_values.contains_key(name) { Some(name.clone()) } else { by_id };
        if let Some(value) = key.and_then(|key| draft.named_values.get_mut(&key)) {
            value.value.value = Some(given.value.clone());
            continue;
        }
        let value = NamedValue {
            id: name.clone(),
            name: name.clone(),
            value: Some(given.value.clone()),
            secret: true,
            source: Some(source.clone()),
        };
        draft.named_values.insert(name.clone(), Placed { value, at: Place::new(source, given.span) });
    }
}

fn subscription(
    id: &str,
    given: &SubscriptionSettings,
    source: &Source,
    draft: &mut Draft,
    found: &mut Vec<Diagnostic>,
) {
    let at = Place::new(source, given.span);
    if !draft.subscriptions.contains_key(id) {
        let scope = match &given.scope {
            Some(scope) => scope.clone(),
            None if id == "master" => SubscriptionScope::Service,
            None => {
                let message =
                    format!("there is no subscription `{id}`, and this section does not say what a new one opens");
                let help = match nearest(id, draft.subscriptions.keys().map(|id| &**id)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `product = \"…\"`, `api = \"…\"` or `all_apis = true`".to_owned(),
                };
                found.push(at.error("settings::subscription", message, help));
                return;
            }
        };
        let value = Subscription::new(id, scope, "", "");
        draft.subscriptions.insert(id.into(), Placed { value, at: at.clone() });
    }
    let Some(placed) = draft.subscriptions.get_mut(id) else { return };
    let value = &mut placed.value;
    if let Some(key) = &given.primary_key {
        value.primary_key = key.value.clone();
        placed.at = Place::new(source, key.span);
    }
    if let Some(key) = &given.secondary_key {
        value.secondary_key = key.value.clone();
    }
    if let Some(name) = &given.name {
        value.name = name.clone();
    }
    if let Some(scope) = &given.scope {
        value.scope = scope.clone();
        placed.at = at;
    }
    value.state = given.state.unwrap_or(value.state);
    value.allow_tracing = given.allow_tracing.unwrap_or(value.allow_tracing);
    value.start = given.start_unix_ms.map(Timestamp::from_unix_millis).or(value.start);
    if let Some((owner, span)) = &given.owner {
        draft.owners.retain(|link| &*link.from != id);
        draft.owners.push(Link { from: id.into(), to: owner.clone(), at: Place::new(source, *span) });
    }
}

fn backends(settings: &Settings, source: &Source, draft: &mut Draft, found: &mut Vec<Diagnostic>) {
    for (id, given) in &settings.backends {
        let at = Place::new(source, given.span);
        if !draft.backends.contains_key(id) {
            let stand_in = given.script.as_ref().map(|_| crate::stand_ins::url(id, ""));
            let Some(url) = given.url.clone().or(stand_in) else {
                let help = match nearest(id, draft.backends.keys().map(|id| &**id)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `url = \"…\"` or `script = \"…\"` to add it".to_owned(),
                };
                found.push(at.error("settings::backend", format!("there is no backend `{id}`"), help));
                continue;
            };
            draft.backends.insert(id.clone(), Placed { value: Backend::single(id, &url), at });
        }
        let Some(backend) = draft.backends.get_mut(id) else { continue };
        if let Some(url) = &given.url {
            backend.value.kind = BackendKind::Single { url: url.clone() };
        }
        if given.script.is_some() {
            let path = match &backend.value.kind {
                BackendKind::Single { url } => crate::stand_ins::path_of(url).to_owned(),
                BackendKind::Pool { .. } => String::new(),
            };
            backend.value.kind = BackendKind::Single { url: crate::stand_ins::url(id, &path) };
        }
        backend.value.tls.validate_chain = given.validate_certificate_chain.unwrap_or(backend.value.tls.validate_chain);
        backend.value.tls.validate_name = given.validate_certificate_name.unwrap_or(backend.value.tls.validate_name);
    }
}

fn apis(settings: &Settings, source: &Source, draft: &mut Draft, found: &mut Vec<Diagnostic>) {
    for (id, given) in &settings.apis {
        let mut known = false;
        for api in draft.apis.iter_mut().filter(|api| api.value.id == *id) {
            known = true;
            if let Some(url) = &given.service_url {
                api.value.service_url = url.clone();
            }
            api.value.subscription_required = given.subscription_required.unwrap_or(api.value.subscription_required);
        }
        if !known {
            let help = match nearest(id, draft.apis.iter().map(|api| &*api.value.id)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name an API of the folder, or remove the section".to_owned(),
            };
            let at = Place::new(source, given.span);
            found.push(at.error("settings::api", format!("there is no API `{id}`"), help));
        }
    }
}

/// Source: private endpoints and injection exclude each other; public access is switched off only with a private
/// endpoint that is approved, and not on an injected instance.
fn network(settings: &Settings, source: &Source, found: &mut Vec<Diagnostic>) {
    let injected = settings.network.mode != NetworkMode::None;
    placement(settings, source, found);
    for endpoint in settings.private_endpoints.iter().filter(|_| injected) {
        let at = Place::new(source, endpoint.span);
        let message = format!("the private endpoint `{}` and `network.mode` exclude each other", endpoint.name);
        found.push(at.error("settings::network", message, "remove the private endpoints, or set `mode = \"none\"`"));
    }
    let approved = settings.private_endpoints.iter().any(|endpoint| endpoint.state == super::ConnectionState::Approved);
    if settings.network.public_access == PublicAccess::Disabled && (injected || !approved) {
        let span = source.text().find("public_access").map_or(Span::default(), |at| Span::from_usize(at, at + 13));
        let (message, help) = if injected {
            (
                "public access cannot be disabled on an injected service",
                "remove `public_access`, or set `mode = \"none\"`",
            )
        } else {
            (
                "public access cannot be disabled without an approved private endpoint",
                "add `[private_endpoints.pe-1]` with `listen = \"127.0.0.1:0\"`",
            )
        };
        found.push(Place::new(source, span).error("settings::network", message, help));
    }
}

/// The tier has the mode, and the subnet holds an instance.
fn placement(settings: &Settings, source: &Source, found: &mut Vec<Diagnostic>) {
    let network = &settings.network;
    let kind = match network.mode {
        NetworkMode::None => return,
        NetworkMode::External => NetworkType::External,
        NetworkMode::Internal => NetworkType::Internal,
    };
    let place = |key: &str| {
        let span = source.text().find(key).map_or(Span::default(), |at| Span::from_usize(at, at + key.len()));
        Place::new(source, span)
    };
    let tier = settings.service.tier.unwrap_or_default();
    let Some(sku) = sku(tier) else {
        let message = "a self-hosted gateway is in no virtual network of the service";
        found.push(place("mode").error("settings::network", message, "remove `mode`, or choose another tier"));
        return;
    };
    let subnet = network.subnet.as_deref().and_then(|text| text.parse::<ipnet::Ipv4Net>().ok());
    // Without a subnet the largest stands for it: the mode is still checked.
    let asked = subnet.unwrap_or_default();
    if let Err(refusal) = plan(&PlanRequest { sku, mode: kind, subnet: asked, taken: 0 }) {
        let at = place(if subnet.is_some() && refusal.code.starts_with("Subnet") { "subnet" } else { "mode" });
        found.push(at.error("settings::network", refusal.message.trim_end_matches('.').to_owned(), refusal.help));
    }
}

/// The tier as the cloud hosts it; `None` for what it does not host.
fn sku(tier: Tier) -> Option<Sku> {
    Some(match tier {
        Tier::Consumption => Sku::Consumption,
        Tier::Developer => Sku::Developer,
        Tier::Basic => Sku::Basic,
        Tier::Standard => Sku::Standard,
        Tier::Premium => Sku::Premium,
        Tier::BasicV2 => Sku::BasicV2,
        Tier::StandardV2 => Sku::StandardV2,
        Tier::PremiumV2 => Sku::PremiumV2,
        Tier::SelfHosted => return None,
    })
}
