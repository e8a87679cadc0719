//! A service while it is put together: everything with the place it was written at, so that checks can point there.

use std::collections::HashSet;
use std::sync::Arc;

use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::{
    Api, Backend, Certificate, Fragment, Group, NamedValue, PolicyText, Product, SchemaText, Service, Subscription,
    SubscriptionScope, User, VersionSet, Workspace,
};
use indexmap::IndexMap;

use crate::resources::Connections;

/// Where something is written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) source: Source,
    pub(crate) span: Span,
}

impl Place {
    pub(crate) fn new(source: &Source, span: Span) -> Self {
        Self { source: source.clone(), span }
    }

    /// A refusal at this place.
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at(&self.source, self.span).help(help)
    }

    /// `file:line`, for refusals that name a second place.
    pub(crate) fn short(&self) -> String {
        format!("{}:{}", self.source.name(), self.source.position(self.span.start).line)
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

/// One resource refers to another.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The one that refers.
    pub(crate) from: Box<str>,
    /// The one referred to.
    pub(crate) to: Box<str>,
    /// Where.
    pub(crate) at: Place,
}

type ById<T> = IndexMap<Box<str>, Placed<T>>;

/// The parts of a service, before they are checked against one another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) apis: Vec<Placed<Api>>,
    pub(crate) version_sets: ById<VersionSet>,
    pub(crate) products: ById<Product>,
    pub(crate) product_apis: Vec<Link>,
    pub(crate) product_groups: Vec<Link>,
    pub(crate) subscriptions: ById<Subscription>,
    /// Subscription to user.
    pub(crate) owners: Vec<Link>,
    pub(crate) users: ById<User>,
    pub(crate) user_groups: Vec<Link>,
    pub(crate) groups: ById<Group>,
    pub(crate) backends: ById<Backend>,
    /// By display name.
    pub(crate) named_values: ById<NamedValue>,
    pub(crate) fragments: ById<Fragment>,
    pub(crate) certificates: IndexMap<Box<str>, Certificate>,
    pub(crate) authorities: Vec<Arc<[u8]>>,
    pub(crate) revocation_lists: Vec<Arc<[u8]>>,
    pub(crate) schemas: IndexMap<Box<str>, SchemaText>,
    pub(crate) loggers: Vec<Box<str>>,
    pub(crate) connections: Connections,
    pub(crate) workspaces: IndexMap<Box<str>, Workspace>,
    pub(crate) policy: Option<PolicyText>,
}

impl Draft {
    /// The finished service. Links that lead nowhere were reported by the checks and are left out.
    pub(crate) fn finish(self, mut service: Service) -> Service {
        let groups: IndexMap<Box<str>, Arc<Group>> =
            self.groups.into_iter().map(|(id, group)| (id, Arc::new(group.value))).collect();
        let mut users: IndexMap<Box<str>, User> = self.users.into_iter().map(|(id, user)| (id, user.value)).collect();
        for link in self.user_groups {
            if let (Some(user), Some(group)) = (users.get_mut(&link.from), groups.get(&link.to)) {
                user.groups.push(Arc::clone(group));
            }
        }
        let users: IndexMap<Box<str>, Arc<User>> = users.into_iter().map(|(id, user)| (id, Arc::new(user))).collect();
        let mut products: IndexMap<Box<str>, Product> =
            self.products.into_iter().map(|(id, product)| (id, product.value)).collect();
        let known: HashSet<&str> = self.apis.iter().map(|api| &*api.value.id).collect();
        for link in self.product_apis {
            let known = known.contains(&*link.to);
            if let Some(product) = products.get_mut(&link.from)
                && known
                && !product.apis.contains(&link.to)
            {
                product.apis.push(link.to);
            }
        }
        for link in self.product_groups {
            if let (Some(product), Some(group)) = (products.get_mut(&link.from), groups.get(&link.to))
                && !product.groups.iter().any(|other| other.id == group.id)
            {
                product.groups.push(Arc::clone(group));
            }
        }
        // A scope that leads nowhere was refused; kept, it would be refused again when policies are compiled.
        let leads_somewhere = |subscription: &Subscription| match &subscription.scope {
            SubscriptionScope::Product(id) => products.contains_key(id),
            SubscriptionScope::Api(id) => known.contains(&**id),
            SubscriptionScope::AllApis | SubscriptionScope::Service => true,
        };
        let mut subscriptions: IndexMap<Box<str>, Subscription> = self
            .subscriptions
            .into_iter()
            .filter(|(_, subscription)| leads_somewhere(&subscription.value))
            .map(|(id, subscription)| (id, subscription.value))
            .collect();
        for link in self.owners {
            if let Some(subscription) = subscriptions.get_mut(&link.from) {
                subscription.owner = users.get(&link.to).cloned();
            }
        }
        service.apis = self.apis.into_iter().map(|api| Arc::new(api.value)).collect();
        service.version_sets = self.version_sets.into_iter().map(|(id, set)| (id, set.value)).collect();
        service.products = products.into_iter().map(|(id, product)| (id, Arc::new(product))).collect();
        service.subscriptions = subscriptions.into_iter().map(|(id, value)| (id, Arc::new(value))).collect();
        service.users = users;
        service.groups = groups;
        service.backends = self.backends.into_iter().map(|(id, backend)| (id, Arc::new(backend.value))).collect();
        service.named_values = self.named_values.into_iter().map(|(name, value)| (name, value.value)).collect();
        service.fragments = self.fragments.into_iter().map(|(id, fragment)| (id, fragment.value)).collect();
        service.authorities = self.authorities;
        service.revocation_lists = self.revocation_lists;
        service.certificates = self.certificates.into_iter().map(|(id, value)| (id, Arc::new(value))).collect();
        service.schemas = self.schemas;
        service.loggers = self.loggers;
        self.connections.add_to(&mut service);
        service.workspaces = self.workspaces;
        service.policy = self.policy;
        service
    }
}
