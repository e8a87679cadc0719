//! Resources that management put, and deleted, over what the configuration says.

use std::collections::HashSet;

use apimite_diag::{Diagnostic, Diagnostics, Source, Span};
use apimite_model::{Api, Fragment, PolicyText, Resolver};

use crate::apiops::only_operation;
use crate::checks;
use crate::draft::{Draft, Link, Place, Placed};
use crate::import::Imported;
use crate::problems::Sheet;
use crate::resources::{self, tail, without_revision};
use crate::tree::table::Table;
use crate::tree::{Node, json};

/// A resource below the service that was put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Path below the service: `apis/orders/operations/list`.
    pub path: Box<str>,
    /// The body, JSON, with its `properties`.
    pub body: Box<str>,
}

impl Imported {
    /// The same import with resources taken away and put over it. Cheap: no file is read again.
    ///
    /// `removed` are paths below the service in lower case.
    #[must_use]
    pub fn over(&self, puts: &[Put], removed: &[String]) -> Self {
        let mut draft = self.draft.clone();
        for path in removed {
            remove(&mut draft, path);
        }
        let mut found = self.read_diagnostics.clone();
        for put in puts {
            let source = Source::new(format!("management: {}", put.path), put.body.clone());
            let mut malformed = Vec::new();
            let Some(root) = json::read(&put.body, &mut malformed) else { continue };
            apply(&mut draft, &put.path, &root, &source, &mut found);
        }
        for api in draft.apis.iter_mut().filter(|api| api.value.operations.is_empty()) {
            api.value.operations.extend(only_operation(api.value.kind).map(Into::into));
        }
        checks::check(&draft, &mut found);
        let mut diagnostics = Diagnostics(found.clone());
        diagnostics.sort();
        let service = draft.clone().finish(self.base.clone());
        Self {
            service,
            settings: self.settings.clone(),
            diagnostics,
            files: self.files.clone(),
            draft,
            base: self.base.clone(),
            read_diagnostics: self.read_diagnostics.clone(),
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Is it this revision? A name without one means the current one.
fn is_api(api: &Api, name: &str) -> bool {
    match name.split_once(";rev=") {
        Some((id, revision)) => same(&api.id, id) && *api.revision == *revision,
        None => same(&api.id, name) && api.is_current,
    }
}

fn of_api<'d>(draft: &'d mut Draft, name: &str) -> Option<&'d mut Api> {
    draft.apis.iter_mut().find(|api| is_api(&api.value, name)).map(|api| &mut api.value)
}

fn remove(draft: &mut Draft, path: &str) {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["apis", name] => draft.apis.retain(|api| !is_api(&api.value, name)),
        ["apis", name, "operations", id] => {
            if let Some(api) = of_api(draft, name) {
                api.operations.retain(|operation| !same(&operation.id, id));
            }
        }
        ["apis", name, "schemas", id] => {
            if let Some(api) = of_api(draft, name) {
                api.schemas.retain(|schema| !same(&schema.id, id));
            }
        }
        ["apis", name, "tags", id] => {
            if let Some(api) = of_api(draft, name) {
                api.tags.retain(|tag| !same(tag, id));
            }
        }
        ["apis", name, "policies", _] => {
            if let Some(api) = of_api(draft, name) {
                api.policy = None;
            }
        }
        ["apis", name, "operations", id, "policies", _] => policy_of_operation(draft, name, id, None),
        ["apis", name, "resolvers", id] => {
            if let Some(api) = of_api(draft, name) {
                api.resolvers.retain(|resolver| !same(&resolver.id, id));
            }
        }
        ["apis", name, "resolvers", id, "policies", _] => policy_of_resolver(draft, name, id, None),
        ["policies", _] => draft.policy = None,
        ["products", id] => draft.products.retain(|own, _| !same(own, id)),
        ["products", id, "policies", _] => {
            if let Some((_, product)) = draft.products.iter_mut().find(|(own, _)| same(own, id)) {
                product.value.policy = None;
            }
        }
        ["products", id, "apis", api] => {
            draft.product_apis.retain(|link| !(same(&link.from, id) && same(&link.to, api)))
        }
        ["products", id, "groups", to] => {
            draft.product_groups.retain(|link| !(same(&link.from, id) && same(&link.to, to)))
        }
        ["groups", id, "users", user] => {
            draft.user_groups.retain(|link| !(same(&link.to, id) && same(&link.from, user)))
        }
        ["subscriptions", id] => draft.subscriptions.retain(|own, _| !same(own, id)),
        ["namedvalues", id] => draft.named_values.retain(|_, value| !same(&value.value.id, id)),
        ["backends", id] => draft.backends.retain(|own, _| !same(own, id)),
        ["policyfragments", id] => draft.fragments.retain(|own, _| !same(own, id)),
        ["apiversionsets", id] => draft.version_sets.retain(|own, _| !same(own, id)),
        ["authorizationproviders", provider, "authorizations", id] => draft.connections.remove(provider, id),
        ["authorizationproviders", provider] => draft.connections.remove_provider(provider),
        ["loggers", id] => draft.loggers.retain(|own| !same(own, id)),
        ["groups", id] => draft.groups.retain(|own, _| !same(own, id)),
        ["users", id] => draft.users.retain(|own, _| !same(own, id)),
        ["schemas", id] => draft.schemas.retain(|own, _| !same(own, id)),
        _ => {}
    }
    // Nothing may lead to what is gone.
    let apis: HashSet<String> = draft.apis.iter().map(|api| api.value.id.to_lowercase()).collect();
    draft.product_apis.retain(|link| apis.contains(&link.to.to_lowercase()));
    let (products, groups, users) = (&draft.products, &draft.groups, &draft.users);
    draft.product_apis.retain(|link| products.contains_key(&link.from));
    draft.product_groups.retain(|link| products.contains_key(&link.from) && groups.contains_key(&link.to));
    draft.user_groups.retain(|link| users.contains_key(&link.from) && groups.contains_key(&link.to));
    draft.owners.retain(|link| users.contains_key(&link.to));
}

fn policy_of_operation(draft: &mut Draft, api: &str, id: &str, policy: Option<PolicyText>) {
    let Some(api) = of_api(draft, api) else { return };
    if let Some(operation) = api.operations.iter_mut().find(|operation| same(&operation.id, id)) {
        std::sync::Arc::make_mut(operation).policy = policy;
    }
}

fn policy_of_resolver(draft: &mut Draft, api: &str, id: &str, policy: Option<PolicyText>) {
    let Some(api) = of_api(draft, api) else { return };
    if let Some(resolver) = api.resolvers.iter_mut().find(|resolver| same(&resolver.id, id)) {
        resolver.policy = policy;
    }
}

fn apply(draft: &mut Draft, path: &str, root: &Node<'_>, source: &Source, found: &mut Vec<Diagnostic>) {
    let segments: Vec<&str> = path.split('/').collect();
    let types: Vec<String> = segments.iter().step_by(2).map(|segment| segment.to_ascii_lowercase()).collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let names: Vec<&str> = segments.iter().skip(1).step_by(2).copied().collect();
    let Some(properties) = root.get("properties") else { return };
    let policy = || {
        let text = properties.get("value").and_then(|value| value.text())?;
        Some(PolicyText::new(source.name(), text.to_owned()))
    };
    let at = Place::new(source, Span::default());
    let link = |from: &str, to: &str| Link { from: from.into(), to: to.into(), at: at.clone() };
    let sheet = &mut Sheet::new(source, found);
    let Some(table) = Table::open(sheet, properties, "properties") else { return };
    match (types.as_slice(), names.as_slice()) {
        (["apis"], [name]) => {
            let mut api = resources::api(name, table, sheet);
            if let Some(known) = draft.apis.iter_mut().find(|known| is_api(&known.value, name)) {
                let new = &mut api.value;
                new.operations = std::mem::take(&mut known.value.operations);
                new.policy = known.value.policy.take();
                new.schemas = std::mem::take(&mut known.value.schemas);
                new.tags = std::mem::take(&mut known.value.tags);
                new.workspace = known.value.workspace.take();
                new.resolvers = std::mem::take(&mut known.value.resolvers);
                new.id = known.value.id.clone();
                *known = api;
            } else {
                draft.apis.push(api);
            }
        }
        (["apis", "operations"], [api, id]) => {
            if let (Some(read), Some(api)) = (resources::operation(id, table, sheet), of_api(draft, api)) {
                let mut new = read.value;
                match api.operations.iter_mut().find(|known| same(&known.id, id)) {
                    Some(known) => {
                        new.policy = known.policy.clone();
                        *known = new.into();
                    }
                    None => api.operations.push(new.into()),
                }
            }
        }
        (["apis", "schemas"], [api, id]) => {
            if let (Some(read), Some(api)) = (resources::schema(id, table, sheet), of_api(draft, api)) {
                api.schemas.retain(|known| !same(&known.id, id));
                api.schemas.push(read);
            }
        }
        (["apis", "tags"], [api, tag]) => {
            if let Some(api) = of_api(draft, api)
                && !api.tags.iter().any(|known| same(known, tag))
            {
                api.tags.push((*tag).into());
            }
        }
        (["policies"], [_]) => draft.policy = policy(),
        (["apis", "policies"], [api, _]) => {
            if let Some(api) = of_api(draft, api) {
                api.policy = policy();
            }
        }
        (["apis", "operations", "policies"], [api, id, _]) => policy_of_operation(draft, api, id, policy()),
        (["apis", "resolvers"], [api, id]) => {
            let mut table = table;
            if let (Some((kind, field)), Some(api)) = (resources::resolver_place(&mut table, sheet), of_api(draft, api))
            {
                let known = api.resolvers.iter().position(|resolver| same(&resolver.id, id));
                let policy = known.and_then(|at| api.resolvers.swap_remove(at).policy);
                api.resolvers.push(Resolver { id: (*id).into(), kind, field, policy });
            }
        }
        (["apis", "resolvers", "policies"], [api, id, _]) => policy_of_resolver(draft, api, id, policy()),
        (["products", "policies"], [id, _]) => {
            if let Some((_, product)) = draft.products.iter_mut().find(|(own, _)| same(own, id)) {
                product.value.policy = policy();
            }
        }
        (["policyfragments"], [id]) => {
            let description = properties.get("description").and_then(|node| node.text()).unwrap_or_default().into();
            if let Some(policy) = policy() {
                draft.fragments.retain(|own, _| !same(own, id));
                draft
                    .fragments
                    .insert((*id).into(), Placed { value: Fragment { id: (*id).into(), description, policy }, at });
            }
        }
        (["products"], [id]) => {
            let mut product = resources::product(id, table, sheet);
            let known = draft
                .products
                .iter()
                .find(|(own, _)| same(own, id))
                .map(|(own, known)| (own.clone(), known.value.policy.clone()));
            product.value.policy = known.as_ref().and_then(|(_, policy)| policy.clone());
            draft.products.insert(known.map_or_else(|| (*id).into(), |(own, _)| own), product);
        }
        (["products", "apis"] | ["products", "apilinks"], [product, api]) => {
            let linked = properties.get("apiId").and_then(|node| node.text()).map_or(*api, tail);
            draft.product_apis.push(link(product, without_revision(linked)));
        }
        (["products", "groups"] | ["products", "grouplinks"], [product, group]) => {
            let linked = properties.get("groupId").and_then(|node| node.text()).map_or(*group, tail);
            draft.product_groups.push(link(product, linked));
        }
        (["groups", "users"], [group, user]) => draft.user_groups.push(link(user, group)),
        (["subscriptions"], [id]) => {
            if let Some((subscription, owner)) = resources::subscription(id, table, sheet) {
                draft.owners.retain(|link| !same(&link.from, id));
                draft.subscriptions.retain(|own, _| !same(own, id));
                draft.subscriptions.insert((*id).into(), subscription);
                draft.owners.extend(owner);
            }
        }
        (["namedvalues"], [id]) => {
            let value = resources::named_value(id, table, sheet);
            draft.named_values.retain(|_, known| !same(&known.value.id, id));
            checks::add_named_value(draft, value, found);
        }
        (["backends"], [id]) => {
            if let Some(backend) = resources::backend(id, table, sheet) {
                draft.backends.insert((*id).into(), backend);
            }
        }
        (["apiversionsets"], [id]) => {
            if let Some(set) = resources::version_set(id, table, sheet) {
                draft.version_sets.insert((*id).into(), set);
            }
        }
        (["groups"], [id]) => {
            draft.groups.insert((*id).into(), resources::group(id, table, sheet));
        }
        (["users"], [id]) => {
            draft.users.insert((*id).into(), resources::user(id, table, sheet));
        }
        (["schemas"], [id]) => {
            if let Some(schema) = resources::schema(id, table, sheet) {
                draft.schemas.insert((*id).into(), schema);
            }
        }
        (["authorizationproviders", "authorizations"], [provider, id]) => {
            draft.connections.put(provider, id, resources::connection_error(properties));
        }
        (["authorizationproviders", "authorizations", "accesspolicies"], [provider, id, _]) => {
            draft.connections.allow(provider, id, properties.get("objectId").and_then(|node| node.text()));
        }
        (["loggers"], [id]) if !draft.loggers.iter().any(|known| same(known, id)) => draft.loggers.push((*id).into()),
        // Diagnostics, tags of the service and the like mean nothing to a gateway.
        _ => {}
    }
}
