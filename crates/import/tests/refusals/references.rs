//! Things that contradict one another, and links that lead nowhere.

use insta::assert_snapshot;

use crate::{api, good, remarks};

#[test]
fn two_apis_on_one_path_are_refused() {
    assert_snapshot!(remarks(&good().with("apis/other/apiInformation.json", api("/Orders/"))), @r#"
    Warning on line 3, column 13: the API `other` has no operations: every call of it is answered with 404
      --> apis/other/apiInformation.json:3:13
      |
    3 |     "path": "/Orders/",
      |             ^^^^^^^^^^
      help: add `specification.yaml` or `operations/NAME/operationInformation.json`
      code: api::operations

    Error on line 3, column 13: the APIs `orders` and `other` both have the path `Orders`
      --> apis/other/apiInformation.json:3:13
      |
    3 |     "path": "/Orders/",
      |             ^^^^^^^^^^
      help: change `path` here or in `apis/orders/apiInformation.json:3`, or make them versions of one version set
      code: api::path-twice
    "#);
}

#[test]
fn versions_and_revisions_may_share_a_path_but_not_twice() {
    let version = |set: &str, version: &str| {
        format!(
            "{{\"properties\": {{\"path\": \"v\", \"apiVersion\": \"{version}\", \"apiVersionSetId\": \"/apiVersionSets/{set}\", \"serviceUrl\": \"http://h\"}}}}"
        )
    };
    let spec = "openapi: 3.0.1\npaths: {}\n";
    let files = good()
        .with("version sets/vs/versionSetInformation.json", "{\"properties\": {\"versioningScheme\": \"Segment\"}}")
        .with("apis/v1/apiInformation.json", version("vs", "v1"))
        .with("apis/v1/specification.yaml", spec)
        .with("apis/v2/apiInformation.json", version("vs", "v2"))
        .with("apis/v2/specification.yaml", spec)
        .with("apis/v2b/apiInformation.json", version("vs", "v2"))
        .with("apis/v2b/specification.yaml", spec)
        .with("apis/lost/apiInformation.json", version("vz", "v9").replace("\"v\"", "\"lost\""))
        .with("apis/lost/specification.yaml", spec)
        .with(
            "apis/orders;rev=2/apiInformation.json",
            api("orders").replace("\"path\"", "\"apiRevision\": \"3\", \"path\""),
        )
        .with("apis/orders;rev=2/specification.yaml", spec)
        .with("apis/alone;rev=2/apiInformation.json", api("alone"))
        .with("apis/alone;rev=2/specification.yaml", spec);
    assert_snapshot!(remarks(&files), @r#"
    Error on line 3, column 13: the API `alone` has no current revision
      --> apis/alone;rev=2/apiInformation.json:3:13
      |
    3 |     "path": "alone",
      |             ^^^^^^^
      help: add the folder `alone` without `;rev=`, or set `isCurrent` to true in one
      code: api::current

    Error on line 1, column 25: the API `lost` is a version of `vz`, which does not exist
      --> apis/lost/apiInformation.json:1:25
      |
    1 | {"properties": {"path": "lost", "apiVersion": "v9", "apiVersionSetId": "/apiVersionSets/vz", "serviceUrl": "http://h"}}
      |                         ^^^^^^
      help: did you mean `vs`?
      code: api::version-set

    Warning on line 3, column 20: `apiRevision` is `3`, but the resource is named `orders;rev=2`
      --> apis/orders;rev=2/apiInformation.json:3:20
      |
    3 |     "apiRevision": "3", "path": "orders",
      |                    ^^^
      help: the name counts; make `apiRevision` `2`, or rename the resource to `orders;rev=3`
      code: api::revision

    Error on line 1, column 25: the APIs `v2` and `v2b` both have the path `v` in version `v2`
      --> apis/v2b/apiInformation.json:1:25
      |
    1 | {"properties": {"path": "v", "apiVersion": "v2", "apiVersionSetId": "/apiVersionSets/vs", "serviceUrl": "http://h"}}
      |                         ^^^
      help: change `path` here or in `apis/v2/apiInformation.json:1`, or make them versions of one version set
      code: api::path-twice
    "#);
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let files = good()
        .with("products/p/productInformation.json", "{\"properties\": {\"displayName\": \"P\"}}")
        .with("products/p/apis.json", "[\n  {\"name\": \"orders\"},\n  {\"name\": \"ordres\"}\n]")
        .with("products/p/apis/gone/productApiInformation.json", "{}")
        .with("subscriptions/s/subscriptionInformation.json", "{\"properties\": {\"scope\": \"/products/q\"}}")
        .with("subscriptions/t/subscriptionInformation.json", "{\"properties\": {\"scope\": \"everything\"}}")
        .with(
            "backends/pool/backendInformation.json",
            "{\"properties\": {\"pool\": {\"services\": [{\"id\": \"/backends/b2\"}]}}}",
        )
        .with("backends/b1/backendInformation.json", "{\"properties\": {\"url\": \"http://b1\"}}");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 16: the pool `pool` has the member `b2`, which does not exist
      --> backends/pool/backendInformation.json:1:16
      |
    1 | {"properties": {"pool": {"services": [{"id": "/backends/b2"}]}}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: did you mean `b1`?
      code: backend::pool

    Error on line 3, column 3: the product `p` refers to the API `ordres`, which does not exist
      --> products/p/apis.json:3:3
      |
    3 |   {"name": "ordres"}
      |   ^^^^^^^^^^^^^^^^^^
      help: did you mean `orders`?
      code: product::api

    Error on line 1, column 1: the product `p` refers to the API `gone`, which does not exist
      --> products/p/apis/gone/productApiInformation.json:1:1
      |
    1 | 
      | ^
      help: add it, or use one of the APIs there are: `orders`
      code: product::api

    Error on line 1, column 16: the subscription `s` opens the product `q`, which does not exist
      --> subscriptions/s/subscriptionInformation.json:1:16
      |
    1 | {"properties": {"scope": "/products/q"}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^
      help: did you mean `p`?
      code: subscription::product

    Warning on line 1, column 16: the subscription `s` has no keys here, so nobody can use it
      --> subscriptions/s/subscriptionInformation.json:1:16
      |
    1 | {"properties": {"scope": "/products/q"}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^
      help: write `[subscriptions.s]` with `primary_key = "…"` into `apimite.toml`
      code: subscription::no-key

    Error on line 1, column 26: `everything` is no scope of a subscription
      --> subscriptions/t/subscriptionInformation.json:1:26
      |
    1 | {"properties": {"scope": "everything"}}
      |                          ^^^^^^^^^^^^
      help: write `/products/ID`, `/apis/ID` or `/apis`, with or without the resource id of the service before it
      code: subscription::scope
    "#);
}

#[test]
fn a_policy_for_an_operation_that_does_not_exist_is_refused() {
    let files = good()
        .with("apis/orders/operations/lst/policy.xml", "<policies />")
        .with("apis/orders/operations/other/policy.xml", "<policies />");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 1: the API `orders` has no operation `lst` for this policy
      --> apis/orders/operations/lst/policy.xml:1:1
      |
    1 | <policies />
      | ^
      help: did you mean `list`? the folder is named by the `operationId` of the definition
      code: api::operation

    Error on line 1, column 1: the API `orders` has no operation `other` for this policy
      --> apis/orders/operations/other/policy.xml:1:1
      |
    1 | <policies />
      | ^
      help: name the folder by an `operationId` of the definition, or remove it
      code: api::operation
    "#);
}

#[test]
fn keys_and_names_that_are_there_twice_are_refused() {
    let subscription = "{\"properties\": {\"scope\": \"/apis\"}}";
    let value = "{\"properties\": {\"displayName\": \"colour\", \"value\": \"x\"}}";
    let files = good()
        .with("subscriptions/a/subscriptionInformation.json", subscription)
        .with("subscriptions/b/subscriptionInformation.json", subscription)
        .with("named values/one/namedValueInformation.json", value)
        .with("named values/two/namedValueInformation.json", value)
        .with("backends/b/backendInformation.json", "{\"properties\": {\"url\": \"http://a\", \"url\": \"http://b\"}}")
        .with("apimite.toml", "[subscriptions.a]\nprimary_key = \"same\"\n[subscriptions.b]\nprimary_key = \"same\"\nsecondary_key = \"same\"\n");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 4, column 15: the subscriptions `a` and `b` have the same key
      --> apimite.toml:4:15
      |
    4 | primary_key = "same"
      |               ^^^^^^
      help: give each its own key; the other one is in `apimite.toml:2`
      code: subscription::key-twice

    Error on line 4, column 15: the two keys of the subscription `b` are the same
      --> apimite.toml:4:15
      |
    4 | primary_key = "same"
      |               ^^^^^^
      help: give each its own key; the other one is in `apimite.toml:4`
      code: subscription::key-twice

    Error on line 1, column 36: the key `url` is written twice in one object
      --> backends/b/backendInformation.json:1:36
      |
    1 | {"properties": {"url": "http://a", "url": "http://b"}}
      |                                    ^^^^^
      help: keep one of the two
      code: import::json

    Error on line 1, column 16: two named values have the display name `colour`
      --> named values/two/namedValueInformation.json:1:16
      |
    1 | {"properties": {"displayName": "colour", "value": "x"}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: give one of them another name; the other one is in `named values/one/namedValueInformation.json:1`
      code: named-value::twice
    "#);
}
