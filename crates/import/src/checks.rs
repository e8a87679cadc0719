//! Whether the parts of a service fit one another; every refusal at the place that has to change.

use std::collections::{HashMap, HashSet};

use apimite_diag::{Diagnostic, nearest};
use apimite_model::{BackendKind, NamedValue, SubscriptionScope};

use crate::draft::{Draft, Link, Place, Placed};

/// Adds a named value; two of one display name are refused.
pub(crate) fn add_named_value(draft: &mut Draft, value: Placed<NamedValue>, found: &mut Vec<Diagnostic>) {
    let name = value.value.name.clone();
    if let Some(other) = draft.named_values.get(&name) {
        let message = format!("two named values have the display name `{name}`");
        let help = format!("give one of them another name; the other one is in `{}`", other.at.short());
        found.push(value.at.error("named-value::twice", message, help));
        return;
    }
    draft.named_values.insert(name, value);
}

/// Checks a whole draft.
pub(crate) fn check(draft: &Draft, found: &mut Vec<Diagnostic>) {
    revisions(draft, found);
    paths(draft, found);
    version_sets(draft, found);
    operations(draft, found);
    links(draft, found);
    subscriptions(draft, found);
    pools(draft, found);
    open_products(draft, found);
    missing_values(draft, found);
}

/// Each API has one current revision, and no revision twice.
fn revisions(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, api) in draft.apis.iter().enumerate() {
        by_id.entry(&api.value.id).or_default().push(index);
    }
    for (index, api) in draft.apis.iter().enumerate() {
        let same = by_id.get(&*api.value.id).map(Vec::as_slice).unwrap_or_default();
        let earlier = same.iter().filter(|other| **other < index).map(|other| &draft.apis[*other]);
        for other in earlier {
            let (id, revision) = (&api.value.id, &api.value.revision);
            if other.value.revision == *revision {
                let message = format!("the API `{id}` has revision `{revision}` twice");
                let help = format!("change `apiRevision` here or in `{}`", other.at.short());
                found.push(api.at.error("api::revision-twice", message, help));
            } else if other.value.is_current && api.value.is_current {
                let message =
                    format!("the API `{id}` has two current revisions, `{}` and `{revision}`", other.value.revision);
                let help = format!("set `isCurrent` to false here or in `{}`", other.at.short());
                found.push(api.at.error("api::current", message, help));
            }
        }
        if same.first() == Some(&index) && !same.iter().any(|other| draft.apis[*other].value.is_current) {
            let message = format!("the API `{}` has no current revision", api.value.id);
            let help = format!("add the folder `{}` without `;rev=`, or set `isCurrent` to true in one", api.value.id);
            found.push(api.at.error("api::current", message, help));
        }
    }
}

/// No two APIs answer at one path (in one version).
fn paths(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(String, String, Option<&str>), &Placed<apimite_model::Api>> = HashMap::new();
    for api in draft.apis.iter().filter(|api| api.value.is_current) {
        let value = &api.value;
        // Versions share a path when one version set tells them apart.
        let set = value.version_set.as_deref();
        let key = (value.path.to_lowercase(), value.version.to_lowercase(), set);
        let clash = match seen.get(&key) {
            Some(other) => Some(*other),
            None => seen
                .iter()
                .find(|((path, _, other_set), _)| *path == key.0 && *other_set != set)
                .map(|(_, other)| *other)
                .filter(|_| draft.apis.len() < 5_000),
        };
        if let Some(other) = clash.filter(|other| other.value.id != value.id) {
            let path =
                if value.path.is_empty() { "the root path".to_owned() } else { format!("the path `{}`", value.path) };
            let version = match (set, other.value.version_set.as_deref()) {
                (Some(set), Some(same)) if set == same => format!(" in version `{}`", value.version),
                _ => String::new(),
            };
            let message = format!("the APIs `{}` and `{}` both have {path}{version}", other.value.id, value.id);
            let help =
                format!("change `path` here or in `{}`, or make them versions of one version set", other.at.short());
            found.push(api.at.error("api::path-twice", message, help));
        }
        seen.entry(key).or_insert(api);
    }
}

fn version_sets(draft: &Draft, found: &mut Vec<Diagnostic>) {
    for api in &draft.apis {
        let Some(set) = &api.value.version_set else { continue };
        if !draft.version_sets.contains_key(set) {
            let message = format!("the API `{}` is a version of `{set}`, which does not exist", api.value.id);
            let names = draft.version_sets.keys();
            found.push(api.at.error("api::version-set", message, way_out(set, names.map(|id| &**id), "version sets")));
        }
    }
}

/// No two operations of an API have one method and template.
fn operations(draft: &Draft, found: &mut Vec<Diagnostic>) {
    for api in &draft.apis {
        let mut seen = HashSet::with_capacity(api.value.operations.len());
        for operation in &api.value.operations {
            if !seen.insert((&operation.method, &operation.url_template)) {
                let message = format!(
                    "the API `{}` has two operations {} {}",
                    api.value.id, operation.method, operation.url_template
                );
                found.push(api.at.error("api::operation-twice", message, "change or remove one of them"));
            }
        }
    }
}

fn way_out<'a>(name: &str, candidates: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    if let Some(near) = nearest(name, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = candidates.clone().take(12).map(|id| format!("`{id}`")).collect();
    if all.is_empty() {
        return format!("there are no {what}: add it, or remove the reference");
    }
    let more = if candidates.count() > all.len() { ", …" } else { "" };
    format!("add it, or use one of the {what} there are: {}{more}", all.join(", "))
}

fn links(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let apis: HashSet<&str> = draft.apis.iter().map(|api| &*api.value.id).collect();
    let mut ids: Vec<&str> = apis.iter().copied().collect();
    ids.sort_unstable();
    let unknown = |link: &Link, what: &str, to: &str| {
        format!("the {what} `{}` refers to the {to} `{}`, which does not exist", link.from, link.to)
    };
    for link in &draft.product_apis {
        if !apis.contains(&*link.to) {
            let help = way_out(&link.to, ids.iter().copied(), "APIs");
            found.push(link.at.error("product::api", unknown(link, "product", "API"), help));
        }
        if !draft.products.contains_key(&link.from) {
            let help = way_out(&link.from, draft.products.keys().map(|id| &**id), "products");
            found.push(link.at.error("product::unknown", format!("the product `{}` does not exist", link.from), help));
        }
    }
    for link in &draft.owners {
        if !draft.users.contains_key(&link.to) && !draft.users.is_empty() {
            let help = way_out(&link.to, draft.users.keys().map(|id| &**id), "users");
            found.push(link.at.error("subscription::owner", unknown(link, "subscription", "user"), help));
        }
    }
}

fn subscriptions(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let mut keys: HashMap<&str, (&str, &Place)> = HashMap::new();
    for (id, subscription) in &draft.subscriptions {
        let value = &subscription.value;
        let at = &subscription.at;
        match &value.scope {
            SubscriptionScope::Product(product) if !draft.products.contains_key(product) => {
                let message = format!("the subscription `{id}` opens the product `{product}`, which does not exist");
                found.push(at.error(
                    "subscription::product",
                    message,
                    way_out(product, draft.products.keys().map(|id| &**id), "products"),
                ));
            }
            SubscriptionScope::Api(api) if !draft.apis.iter().any(|other| other.value.id == *api) => {
                let message = format!("the subscription `{id}` opens the API `{api}`, which does not exist");
                found.push(at.error(
                    "subscription::api",
                    message,
                    way_out(api, draft.apis.iter().map(|api| &*api.value.id), "APIs"),
                ));
            }
            _ => {}
        }
        for key in [value.primary_key.reveal(), value.secondary_key.reveal()] {
            if key.is_empty() {
                continue;
            }
            if let Some((other, place)) = keys.insert(key, (id, at)) {
                let message = if other == &**id {
                    format!("the two keys of the subscription `{id}` are the same")
                } else {
                    format!("the subscriptions `{other}` and `{id}` have the same key")
                };
                let help = format!("give each its own key; the other one is in `{}`", place.short());
                found.push(at.error("subscription::key-twice", message, help));
            }
        }
    }
}

fn pools(draft: &Draft, found: &mut Vec<Diagnostic>) {
    for (id, backend) in &draft.backends {
        let BackendKind::Pool { members, .. } = &backend.value.kind else { continue };
        for member in members {
            match draft.backends.get(&member.id).map(|member| &member.value.kind) {
                Some(BackendKind::Single { .. }) => {}
                Some(BackendKind::Pool { .. }) => {
                    let message = format!("the pool `{id}` has the pool `{}` as a member", member.id);
                    found.push(backend.at.error("backend::pool", message, "members of a pool are single backends"));
                }
                None => {
                    let message = format!("the pool `{id}` has the member `{}`, which does not exist", member.id);
                    let help = way_out(&member.id, draft.backends.keys().map(|id| &**id), "backends");
                    found.push(backend.at.error("backend::pool", message, help));
                }
            }
        }
    }
}

/// Source: an API can be in at most one open product.
fn open_products(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let mut open: HashMap<&str, &str> = HashMap::new();
    for link in &draft.product_apis {
        let is_open = draft.products.get(&link.from).is_some_and(|product| !product.value.subscription_required);
        if is_open
            && let Some(other) = open.insert(&link.to, &link.from)
            && other != &*link.from
        {
            let message = format!("the API `{}` is in two open products, `{other}` and `{}`", link.to, link.from);
            found.push(link.at.error(
                "product::open",
                message,
                "an API can be in one product that requires no subscription",
            ));
        }
    }
}

/// Values and keys that extractors leave out: one warning each for all of a kind.
fn missing_values(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let values: Vec<_> = draft.named_values.values().filter(|value| value.value.value.is_none()).collect();
    if let Some(first) = values.first() {
        let names: Vec<String> = values.iter().map(|value| format!("`{}`", value.value.name)).collect();
        let message = match names.as_slice() {
            [name] => format!("the named value {name} has no value here; its name stands in for it"),
            _ => format!(
                "{} named values have no value here; their names stand in for them: {}",
                names.len(),
                names.join(", ")
            ),
        };
        let help = format!("write `{} = \"…\"` into `[named_values]` of `apimite.toml`", quoted_key(&first.value.name));
        found.push(first.at.error("named-value::missing", message, help).warning());
    }
    let keyless: Vec<_> = draft
        .subscriptions
        .values()
        .filter(|subscription| subscription.value.primary_key.reveal().is_empty())
        .filter(|subscription| subscription.value.secondary_key.reveal().is_empty())
        .collect();
    if let Some(first) = keyless.first() {
        let names: Vec<String> = keyless.iter().map(|subscription| format!("`{}`", subscription.value.id)).collect();
        let message = match names.as_slice() {
            [name] => format!("the subscription {name} has no keys here, so nobody can use it"),
            _ => {
                format!("{} subscriptions have no keys here, so nobody can use them: {}", names.len(), names.join(", "))
            }
        };
        let id = quoted_key(&first.value.id);
        let help = format!("write `[subscriptions.{id}]` with `primary_key = \"…\"` into `apimite.toml`");
        found.push(first.at.error("subscription::no-key", message, help).warning());
    }
}

/// A TOML key, in quotes when it needs them.
fn quoted_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { format!("\"{name}\"") }
}
