//! Subscription keys: who calls, and in which product's context.
//!
//! Source: subscriptions page of 12/2025; where it contradicts itself or an earlier edition, `Decisions` has the switch.

use std::sync::Arc;

use apimite_model::{
    Api, BadKeyOnOpenProduct, Decisions, KeyOnOpenApi, Product, Service, Subscription, SubscriptionScope,
    SubscriptionState,
};
use apimite_policy::exchange::{Caller, KeyUsed};
use hashbrown::HashMap;
use http::{HeaderMap, HeaderName};

use crate::router::query_value;

/// Why a caller is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// There is no key.
    Missing,
    /// The key opens nothing here.
    Invalid,
}

/// The keys of one snapshot.
#[derive(Debug)]
pub struct Keys {
    by_key: HashMap<Box<str>, Entry, ahash::RandomState>,
    /// What the check needs to know of each API, in the service's order.
    apis: Vec<ApiKeys>,
    on_open_api: KeyOnOpenApi,
    on_open_product: BadKeyOnOpenProduct,
}

#[derive(Debug)]
struct Entry {
    subscription: Arc<Subscription>,
    used: KeyUsed,
    /// The product that the subscription is for, if it is for one that exists.
    product: Option<Arc<Product>>,
}

#[derive(Debug)]
struct ApiKeys {
    id: Box<str>,
    required: bool,
    header: Option<HeaderName>,
    query: Box<str>,
    /// Products that hold the API.
    products: Vec<Arc<Product>>,
    /// The one among them that needs no subscription.
    open: Option<Arc<Product>>,
}

impl ApiKeys {
    fn new(service: &Service, api: &Api) -> Self {
        let products: Vec<_> =
            service.products.values().filter(|product| product.apis.contains(&api.id)).cloned().collect();
        Self {
            id: api.id.clone(),
            required: api.subscription_required,
            header: HeaderName::from_bytes(api.key_names.header.as_bytes()).ok(),
            query: api.key_names.query.clone(),
            open: products.iter().find(|product| !product.subscription_required).cloned(),
            products,
        }
    }

    /// The query parameter is looked at only when the header is absent.
    fn presented<'a>(&self, headers: &'a HeaderMap, query: &'a str) -> Option<std::borrow::Cow<'a, str>> {
        if let Some(value) = self.header.as_ref().and_then(|name| headers.get(name)) {
            return Some(String::from_utf8_lossy(value.as_bytes()));
        }
        if query.is_empty() {
            return None;
        }
        query_value(query, &self.query).map(crate::router::decoded)
    }
}

impl Keys {
    /// Indexes the keys of a service.
    pub fn new(service: &Service) -> Self {
        let mut by_key =
            HashMap::with_capacity_and_hasher(service.subscriptions.len() * 2, ahash::RandomState::default());
        for subscription in service.subscriptions.values() {
            let product = match &subscription.scope {
                SubscriptionScope::Product(id) => service.products.get(id).cloned(),
                SubscriptionScope::Api(_) | SubscriptionScope::AllApis | SubscriptionScope::Service => None,
            };
            for (key, used) in
                [(&subscription.primary_key, KeyUsed::Primary), (&subscription.secondary_key, KeyUsed::Secondary)]
            {
                if !key.reveal().is_empty() {
                    let entry = Entry { subscription: subscription.clone(), used, product: product.clone() };
                    by_key.entry(key.reveal().into()).or_insert(entry);
                }
            }
        }
        let Decisions { key_on_open_api, bad_key_on_open_product, .. } = service.decisions;
        Self {
            by_key,
            apis: service.apis.iter().map(|api| ApiKeys::new(service, api)).collect(),
            on_open_api: key_on_open_api,
            on_open_product: bad_key_on_open_product,
        }
    }

    /// Decides who calls the API with this index.
    ///
    /// # Errors
    /// [`KeyRefusal`] when the caller is not admitted.
    pub fn check(&self, api: usize, headers: &HeaderMap, query: &str) -> Result<Caller, KeyRefusal> {
        let Some(api) = self.apis.get(api) else { return Err(KeyRefusal::Invalid) };
        let key = api.presented(headers, query).filter(|key| !key.is_empty());
        let ignored = !api.required && api.open.is_none() && self.on_open_api == KeyOnOpenApi::Ignored;
        match key {
            Some(key) if !ignored => match self.admitted(api, &key) {
                Some(caller) => Ok(caller),
                None if api.open.is_some() && self.on_open_product == BadKeyOnOpenProduct::Ignored => Ok(open(api)),
                None => Err(KeyRefusal::Invalid),
            },
            Some(_) => Ok(open(api)),
            None if api.open.is_some() || !api.required => Ok(open(api)),
            None => Err(KeyRefusal::Missing),
        }
    }

    fn admitted(&self, api: &ApiKeys, key: &str) -> Option<Caller> {
        let Entry { subscription, used, product } = self.by_key.get(key)?;
        let product = match &subscription.scope {
            SubscriptionScope::Product(id) => {
                if !api.products.iter().any(|product| product.id == *id) {
                    return None;
                }
                product.clone()
            }
            SubscriptionScope::Api(id) if *id != api.id => return None,
            SubscriptionScope::Api(_) | SubscriptionScope::AllApis | SubscriptionScope::Service => None,
        };
        // Source: REST specification: only the state decides; passed dates do not block.
        if subscription.state != SubscriptionState::Active {
            return None;
        }
        Some(Caller { user: subscription.owner.clone(), subscription: Some((subscription.clone(), *used)), product })
    }
}

fn open(api: &ApiKeys) -> Caller {
    Caller { subscription: None, product: api.open.clone(), user: None }
}

#[cfg(test)]
mod tests {
    use apimite_model::Secret;
    use http::HeaderValue;

    use super::*;

    fn service(change: impl FnOnce(&mut Service)) -> Service {
        let mut service = Service::new("contoso");
        let mut orders = Api::new("orders", "orders", "http://backend");
        orders.key_names.header = "X-Partner-Token".into();
        service.apis = vec![Arc::new(orders), Arc::new(Api::new("stock", "stock", "http://backend"))];
        let mut gold = Product::new("gold");
        gold.apis.push("orders".into());
        service.products.insert("gold".into(), Arc::new(gold));
        for (id, scope) in [
            ("product", SubscriptionScope::Product("gold".into())),
            ("api", SubscriptionScope::Api("stock".into())),
            ("all", SubscriptionScope::AllApis),
            ("master", SubscriptionScope::Service),
        ] {
            let subscription = Subscription::new(id, scope, &format!("{id}-1"), &format!("{id}-2"));
            service.subscriptions.insert(id.into(), Arc::new(subscription));
        }
        change(&mut service);
        service
    }

    fn with_open_product(service: &mut Service) {
        let mut open = Product::new("open");
        open.subscription_required = false;
        open.apis.push("orders".into());
        service.products.insert("open".into(), Arc::new(open));
    }

    fn with_open_api(service: &mut Service) {
        let mut api = (*service.apis[0]).clone();
        api.subscription_required = false;
        service.apis[0] = Arc::new(api);
    }

    /// `subscription/product`, with `-` for none.
    fn check(service: &Service, api: usize, key: Option<&str>) -> Result<String, KeyRefusal> {
        let mut headers = HeaderMap::new();
        let name = if api == 0 { "x-partner-token" } else { "ocp-apim-subscription-key" };
        if let Some(key) = key {
            headers.insert(name, HeaderValue::from_str(key).unwrap());
        }
        Keys::new(service).check(api, &headers, "").map(|caller| {
            let subscription = caller.subscription.map_or("-".to_owned(), |(s, _)| s.id.to_string());
            format!("{subscription}/{}", caller.product.map_or("-".to_owned(), |p| p.id.to_string()))
        })
    }

    #[test]
    fn a_key_opens_its_scope_only() {
        let service = service(|_| {});
        assert_eq!(check(&service, 0, Some("product-1")).unwrap(), "product/gold");
        assert_eq!(check(&service, 0, Some("product-2")).unwrap(), "product/gold");
        assert_eq!(check(&service, 1, Some("product-1")), Err(KeyRefusal::Invalid));
        assert_eq!(check(&service, 1, Some("api-1")).unwrap(), "api/-");
        assert_eq!(check(&service, 0, Some("api-1")), Err(KeyRefusal::Invalid));
        assert_eq!(check(&service, 0, Some("all-1")).unwrap(), "all/-");
        assert_eq!(check(&service, 1, Some("master-2")).unwrap(), "master/-");
        assert_eq!(check(&service, 0, Some("nonsense")), Err(KeyRefusal::Invalid));
        assert_eq!(check(&service, 0, None), Err(KeyRefusal::Missing));
    }

    #[test]
    fn only_an_active_subscription_admits_and_a_passed_date_does_not_block() {
        for state in [SubscriptionState::Submitted, SubscriptionState::Suspended, SubscriptionState::Expired] {
            let service = service(|service| {
                let mut all = (*service.subscriptions["all"]).clone();
                all.state = state;
                service.subscriptions.insert("all".into(), Arc::new(all));
            });
            assert_eq!(check(&service, 0, Some("all-1")), Err(KeyRefusal::Invalid));
        }
        let service = service(|service| {
            let mut all = (*service.subscriptions["all"]).clone();
            all.end = Some(apimite_clock::Timestamp::default());
            service.subscriptions.insert("all".into(), Arc::new(all));
        });
        assert!(check(&service, 0, Some("all-1")).is_ok());
    }

    #[test]
    fn an_open_product_admits_without_a_key_and_ignores_a_wrong_one() {
        let service = service(with_open_product);
        assert_eq!(check(&service, 0, None).unwrap(), "-/open");
        assert_eq!(check(&service, 0, Some("nonsense")).unwrap(), "-/open");
        assert_eq!(check(&service, 0, Some("product-1")).unwrap(), "product/gold");
    }

    #[test]
    fn a_wrong_key_on_an_open_product_is_refused_when_it_was_decided_so() {
        let service = service(|service| {
            with_open_product(service);
            service.decisions.bad_key_on_open_product = BadKeyOnOpenProduct::Refused;
        });
        assert_eq!(check(&service, 0, Some("nonsense")), Err(KeyRefusal::Invalid));
    }

    #[test]
    fn an_api_that_needs_no_subscription_ignores_keys() {
        let service = service(with_open_api);
        assert_eq!(check(&service, 0, None).unwrap(), "-/-");
        assert_eq!(check(&service, 0, Some("nonsense")).unwrap(), "-/-");
        assert_eq!(check(&service, 0, Some("all-1")).unwrap(), "-/-");
    }

    #[test]
    fn an_api_that_needs_no_subscription_uses_keys_when_it_was_decided_so() {
        let service = service(|service| {
            with_open_api(service);
            service.decisions.key_on_open_api = KeyOnOpenApi::Used;
        });
        assert_eq!(check(&service, 0, Some("all-1")).unwrap(), "all/-");
        assert_eq!(check(&service, 0, Some("nonsense")), Err(KeyRefusal::Invalid));
    }

    #[test]
    fn the_query_parameter_counts_only_without_the_header() {
        let service = service(|_| {});
        let keys = Keys::new(&service);
        let mut headers = HeaderMap::new();
        assert!(keys.check(1, &headers, "a=b&Subscription-Key=all-1").is_ok());
        headers.insert("ocp-apim-subscription-key", HeaderValue::from_static("wrong"));
        assert_eq!(keys.check(1, &headers, "subscription-key=all-1").err(), Some(KeyRefusal::Invalid));
    }

    #[test]
    fn an_empty_key_of_a_subscription_opens_nothing() {
        let service = service(|service| {
            let mut all = (*service.subscriptions["all"]).clone();
            all.secondary_key = Secret::default();
            service.subscriptions.insert("all".into(), Arc::new(all));
        });
        assert_eq!(check(&service, 0, Some("")), Err(KeyRefusal::Missing));
    }
}
