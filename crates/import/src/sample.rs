//! The built-in sample service, compiled into the executable, and a tour of it.

use crate::Memory;

/// The files of `samples/contoso`; a test compares the list with the folder.
macro_rules! contoso {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../../samples/contoso/", $path)))),*]
    };
}

static CONTOSO: &[(&str, &str)] = contoso![
    "apimite.toml",
    "apis/catalog-v2/apiInformation.json",
    "apis/catalog-v2/operations/list-items/policy.xml",
    "apis/catalog-v2/policy.xml",
    "apis/catalog-v2/specification.yaml",
    "apis/catalog/apiInformation.json",
    "apis/catalog/operations/list-items/policy.xml",
    "apis/catalog/specification.yaml",
    "apis/orders/apiInformation.json",
    "apis/orders/operations/create-order/policy.xml",
    "apis/orders/operations/get-order/policy.xml",
    "apis/orders/operations/get-stock/policy.xml",
    "apis/orders/operations/get-summary/policy.xml",
    "apis/orders/policy.xml",
    "apis/orders/specification.yaml",
    "apis/orders;rev=2/apiInformation.json",
    "apis/orders;rev=2/operations/delete-order/policy.xml",
    "apis/orders;rev=2/policy.xml",
    "apis/orders;rev=2/specification.yaml",
    "backends/warehouse/backendInformation.json",
    "groups/developers/groupInformation.json",
    "named values/environment-name/namedValueInformation.json",
    "named values/order-limit/namedValueInformation.json",
    "named values/warehouse-token/namedValueInformation.json",
    "policy fragments/correlation/policy.xml",
    "policy fragments/correlation/policyFragmentInformation.json",
    "policy.xml",
    "products/starter/apis/catalog-v2/productApiInformation.json",
    "products/starter/apis/catalog/productApiInformation.json",
    "products/starter/apis/orders/productApiInformation.json",
    "products/starter/groups/developers/productGroupInformation.json",
    "products/starter/policy.xml",
    "products/starter/productInformation.json",
    "products/unlimited/apis/catalog-v2/productApiInformation.json",
    "products/unlimited/apis/catalog/productApiInformation.json",
    "products/unlimited/apis/orders/productApiInformation.json",
    "products/unlimited/groups/developers/productGroupInformation.json",
    "products/unlimited/policy.xml",
    "products/unlimited/productInformation.json",
    "subscriptions/alice/subscriptionInformation.json",
    "subscriptions/bob/subscriptionInformation.json",
    "subscriptions/carol/subscriptionInformation.json",
    "version sets/catalog/versionSetInformation.json",
];

/// The files of the sample service.
pub fn files() -> Memory {
    CONTOSO.iter().fold(Memory::new(), |files, (path, text)| files.with(path, *text))
}

/// Where a request of the tour is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The public HTTP listener.
    Public,
    /// The listener of the private endpoint `pe-1`.
    PrivateEndpoint,
    /// The public HTTP listener, after public access was switched off.
    PublicSwitchedOff,
}

/// One request of the tour, with what to expect.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// What it shows.
    pub shows: &'static str,
    /// Where it is sent to.
    pub at: At,
    /// Path and query.
    pub path: &'static str,
    /// Subscription key to send, if any.
    pub key: Option<&'static str>,
    /// How often it is sent; the expectation holds for the last one.
    pub times: u32,
    /// Status of the answer.
    pub status: u16,
    /// A part of the answer's header block or body that must be there.
    pub contains: &'static str,
}

/// Requests to copy, each with what to expect, in this order on a freshly started sample.
pub const TOUR: &[Stop] = &[
    Stop {
        shows: "a key of the product `unlimited` admits",
        at: At::Public,
        path: "/orders/",
        key: Some("bob-primary-key"),
        times: 1,
        status: 200,
        contains: "X-Plan: Unlimited",
    },
    Stop {
        shows: "no key",
        at: At::Public,
        path: "/orders/",
        key: None,
        times: 1,
        status: 401,
        contains: "missing subscription key",
    },
    Stop {
        shows: "a key that nobody has",
        at: At::Public,
        path: "/orders/",
        key: Some("nobody"),
        times: 1,
        status: 401,
        contains: "invalid subscription key",
    },
    Stop {
        shows: "no such operation",
        at: At::Public,
        path: "/orders/1/2/3",
        key: Some("bob-primary-key"),
        times: 1,
        status: 404,
        contains: "Resource not found",
    },
    Stop {
        shows: "a header and a body that expressions wrote",
        at: At::Public,
        path: "/orders/42",
        key: Some("bob-primary-key"),
        times: 1,
        status: 200,
        contains: "X-Order: order 42 for Bob",
    },
    Stop {
        shows: "the sixth call in ten seconds, where the product `starter` allows five",
        at: At::Public,
        path: "/orders/summary",
        key: Some("alice-primary-key"),
        times: 6,
        status: 429,
        contains: "Retry-After",
    },
    Stop {
        shows: "the same API from the private endpoint",
        at: At::PrivateEndpoint,
        path: "/orders/summary",
        key: Some("bob-primary-key"),
        times: 1,
        status: 200,
        contains: "private endpoint pe-1",
    },
    Stop {
        shows: "the public side after public access was switched off",
        at: At::PublicSwitchedOff,
        path: "/orders/",
        key: Some("bob-primary-key"),
        times: 1,
        status: 403,
        contains: "public network access on this",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Files;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/contoso");
        assert_eq!(files().paths(), crate::Folder::open(folder).unwrap().paths());
    }

    #[test]
    fn the_sample_imports_without_a_remark() {
        let imported = crate::import(&files(), &|_| None);
        let shown: Vec<String> = imported.diagnostics.0.iter().map(|found| found.render()).collect();
        assert!(shown.is_empty(), "{shown:#?}");
        let service = &imported.service;
        assert_eq!(service.apis.iter().filter(|api| api.is_current && api.version.is_empty()).count(), 2);
        assert_eq!((service.products.len(), service.subscriptions.len(), service.fragments.len()), (2, 3, 1));
        assert_eq!(service.subscriptions["alice"].primary_key.reveal(), "alice-primary-key");
        assert_eq!(
            service.named_values["warehouse-token"].value.as_ref().map(|v| v.reveal()),
            Some("local-warehouse-token")
        );
        assert!(service.policy.is_some());
        assert!(service.apis.iter().any(|api| &*api.revision == "2" && !api.is_current));
    }
}
