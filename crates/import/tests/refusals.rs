//! What is refused, as people see it: each mistake one sentence with file, line, column and the way out, all in one run.

#![allow(missing_docs, reason = "a test crate")]

use apimite_import::{Files, Memory, Settings, from_openapi, from_policy, import};
use insta::assert_snapshot;

fn api(path: &str) -> String {
    format!(
        "{{\n  \"properties\": {{\n    \"path\": \"{path}\",\n    \"serviceUrl\": \"http://localhost:3000\"\n  }}\n}}\n"
    )
}

/// A set that is in order.
fn good() -> Memory {
    Memory::new()
        .with("apis/orders/apiInformation.json", api("orders"))
        .with("apis/orders/specification.yaml", "openapi: 3.0.1\npaths:\n  /:\n    get:\n      operationId: list\n")
}

fn remarks(files: &dyn Files) -> String {
    let imported = import(files, &|_| None);
    imported.diagnostics.0.iter().map(|found| found.render()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_good_set_has_no_remarks() {
    assert_snapshot!(remarks(&good()), @"");
}

#[test]
fn every_mistake_of_the_settings_is_shown_at_once() {
    let settings = "[service]\nnam = \"x\"\ntier = \"Premum\"\n\n[listen]\nhttp = \"127.0.0.1\"\n\n[limts]\n\n[subscriptions.alise]\nprimary_key = \"k\"\n\n[network]\nvirtual_network = [\"10.0.0.0/99\"]\n\n[counters]\nstore = \"redis\"\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 2, column 1: unknown key `nam` in `service`
      --> apimite.toml:2:1
      |
    2 | nam = "x"
      | ^^^
      help: did you mean `name`?
      code: settings::unknown-key

    Error on line 3, column 8: `tier` of `service` cannot be `Premum`
      --> apimite.toml:3:8
      |
    3 | tier = "Premum"
      |        ^^^^^^^^
      help: did you mean `Premium`? possible are `Consumption`, `Developer`, `Basic`, `Standard`, `Premium`, `BasicV2`, `StandardV2`, `PremiumV2`, `SelfHosted`
      code: import::word

    Error on line 6, column 8: `http` cannot be `127.0.0.1`: no address to listen on
      --> apimite.toml:6:8
      |
    6 | http = "127.0.0.1"
      |        ^^^^^^^^^^^
      help: write an IP address with a port such as `127.0.0.1:8080` (port 0 takes a free one), a port alone, or `off`
      code: settings::address

    Error on line 8, column 2: unknown key `limts` in `apimite.toml`
      --> apimite.toml:8:2
      |
    8 | [limts]
      |  ^^^^^
      help: did you mean `limits`?
      code: settings::unknown-key

    Error on line 10, column 1: there is no subscription `alise`, and this section does not say what a new one opens
      --> apimite.toml:10:1
       |
    10 | [subscriptions.alise]
       | ^^^^^^^^^^^^^^^^^^^^^
      help: write `product = "…"`, `api = "…"` or `all_apis = true`
      code: settings::subscription

    Error on line 14, column 20: `10.0.0.0/99` is no address range
      --> apimite.toml:14:20
       |
    14 | virtual_network = ["10.0.0.0/99"]
       |                    ^^^^^^^^^^^^^
      help: write it like `10.0.0.0/16`
      code: settings::range

    Error on line 16, column 1: the counter store is `redis`, but no `redis` address is given
      --> apimite.toml:16:1
       |
    16 | [counters]
       | ^^^^^^^^^^
      help: write `redis = "redis://127.0.0.1:6379"`
      code: settings::missing-key
    "#);
}

#[test]
fn broken_toml_is_shown_with_its_place() {
    assert_snapshot!(remarks(&good().with("apimite.toml", "[service]\nname = \nregion = \"a\"\nregion = \"b\"\n")), @r#"
    Error on line 2, column 8: no TOML: string values must be quoted, expected literal string
      --> apimite.toml:2:8
      |
    2 | name = 
      |        ^
      code: settings::toml

    Error on line 4, column 1: no TOML: duplicate key
      --> apimite.toml:4:1
      |
    4 | region = "b"
      | ^^^^^^
      code: settings::toml
    "#);
}

#[test]
fn values_from_the_environment_and_from_files_have_to_be_there() {
    let settings = "[named_values]\na = { env = \"NOT_SET\" }\nb = { file = \"missing.txt\" }\nc = { env = \"X\", fil = \"y\" }\nd = []\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 2, column 13: the environment variable `NOT_SET` is not set
      --> apimite.toml:2:13
      |
    2 | a = { env = "NOT_SET" }
      |             ^^^^^^^^^
      help: set it, or write the value of `a` here
      code: settings::environment

    Error on line 3, column 14: the file `missing.txt` cannot be read: there is no such file
      --> apimite.toml:3:14
      |
    3 | b = { file = "missing.txt" }
      |              ^^^^^^^^^^^^^
      help: paths are relative to `apimite.toml`
      code: import::file

    Error on line 4, column 13: the environment variable `X` is not set
      --> apimite.toml:4:13
      |
    4 | c = { env = "X", fil = "y" }
      |             ^^^
      help: set it, or write the value of `c` here
      code: settings::environment

    Error on line 4, column 18: unknown key `fil` in `c`
      --> apimite.toml:4:18
      |
    4 | c = { env = "X", fil = "y" }
      |                  ^^^
      help: did you mean `file`?
      code: settings::unknown-key

    Error on line 5, column 5: `d` has to be text, found a list
      --> apimite.toml:5:5
      |
    5 | d = []
      |     ^^
      help: write text, `{ env = "NAME" }` or `{ file = "PATH" }`
      code: import::type
    "#);
}

#[test]
fn a_folder_without_apis_is_refused() {
    assert_snapshot!(remarks(&Memory::new().with("README.md", "# nothing")), @r#"
    Error on line 1, column 1: the folder has no APIs
      --> .:1:1
      |
    1 | 
      | ^
      help: it needs `apis/NAME/apiInformation.json` as the APIOps extractor writes it, or ARM templates; `apimite init FOLDER` writes an example
      code: import::no-apis
    "#);
}

#[test]
fn several_sets_in_one_folder_are_refused() {
    let files = Memory::new()
        .with("dev/apis/a/apiInformation.json", api("a"))
        .with("prod/apis/a/apiInformation.json", api("a"));
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 1: the folder holds several configurations: `dev`, `prod`
      --> .:1:1
      |
    1 | 
      | ^
      help: name one of them instead
      code: import::several
    "#);
}

#[test]
fn broken_json_and_yaml_are_shown_with_their_place() {
    let files = good()
        .with("apis/a/apiInformation.json", "{\n  \"properties\": {\n    \"path\": \"a\",\n  }\n}\n")
        .with("apis/b/apiInformation.json", api("b"))
        .with("apis/b/specification.yaml", "openapi: 3.0.1\npaths:\n  /: {get: [\n  x\n")
        .with("apis/c/apiInformation.json", api("c"))
        .with("apis/c/specification.json", "{\"info\": {}}");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 4, column 3: expected a key in double quotes, found `}`
      --> apis/a/apiInformation.json:4:3
      |
    4 |   }
      |   ^
      help: write `"key": value`; no comma after the last member
      code: import::json

    Error on line 4, column 3: no YAML: invalid indentation in flow construct
      --> apis/b/specification.yaml:4:3
      |
    4 |   x
      |   ^
      help: check the indentation and the quotes on this line and the line before
      code: import::yaml

    Error on line 1, column 1: this is neither an OpenAPI nor a Swagger document
      --> apis/c/specification.json:1:1
      |
    1 | {"info": {}}
      | ^^^^^^^^^^^^
      help: the document needs `openapi: 3.0.1` or `swagger: "2.0"` at its top
      code: openapi::version
    "#);
}

#[test]
fn wrong_types_are_refused_where_they_stand() {
    let files = good()
        .with("apis/orders/apiInformation.json", "{\"properties\": {\"path\": [\"a\"], \"protocols\": [\"htps\"], \"serviceUrl\": \"localhost\", \"isCurrent\": \"maybe\"}}")
        .with("backends/b/backendInformation.json", "{\"properties\": {\"description\": \"no url\"}}")
        .with("version sets/v/versionSetInformation.json", "{\"properties\": {\"versioningScheme\": \"Query\"}}")
        .with("products/p/productInformation.json", "[]");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 25: `path` of `properties` has to be text, found a list
      --> apis/orders/apiInformation.json:1:25
      |
    1 | {"properties": {"path": ["a"], "protocols": ["htps"], "serviceUrl": "localhost", "isCurrent": "maybe"}}
      |                         ^^^^^
      help: write it in quotes
      code: import::type

    Error on line 1, column 46: `htps` is no protocol of an API
      --> apis/orders/apiInformation.json:1:46
      |
    1 | {"properties": {"path": ["a"], "protocols": ["htps"], "serviceUrl": "localhost", "isCurrent": "maybe"}}
      |                                              ^^^^^^
      help: did you mean `https`? possible are `http`, `https`, `ws`, `wss`
      code: api::protocol

    Error on line 1, column 69: `localhost` is no base URL
      --> apis/orders/apiInformation.json:1:69
      |
    1 | {"properties": {"path": ["a"], "protocols": ["htps"], "serviceUrl": "localhost", "isCurrent": "maybe"}}
      |                                                                     ^^^^^^^^^^^
      help: write `http://host:port/path`, `https://…`, `ws://…`, `wss://…`, or `apimite://echo` for the built-in echo backend
      code: api::service-url

    Error on line 1, column 95: `isCurrent` of `properties` has to be true or false, found text
      --> apis/orders/apiInformation.json:1:95
      |
    1 | {"properties": {"path": ["a"], "protocols": ["htps"], "serviceUrl": "localhost", "isCurrent": "maybe"}}
      |                                                                                               ^^^^^^^
      help: write `true` or `false`
      code: import::type

    Error on line 1, column 16: the backend `b` has neither a URL nor a pool
      --> backends/b/backendInformation.json:1:16
      |
    1 | {"properties": {"description": "no url"}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write `"url": "https://…"`, or `"pool"` with its `"services"`
      code: backend::url

    Error on line 1, column 1: `properties` has to be an object, found a list
      --> products/p/productInformation.json:1:1
      |
    1 | []
      | ^^
      help: write its members as keys with values
      code: import::type

    Error on line 1, column 16: the version set `v` tells versions apart by query, but names no parameter
      --> version sets/v/versionSetInformation.json:1:16
      |
    1 | {"properties": {"versioningScheme": "Query"}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write `"versionQueryName": "api-version"`
      code: version-set::name
    "#);
}

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

#[test]
fn documents_of_a_wrong_encoding_or_size_are_refused() {
    let files = good()
        .with_bytes("policy.xml", b"<policies>\n  <!-- caf\xe9 -->\n</policies>".as_slice())
        .with_bytes("apis/orders/policy.xml", b"\xff\xfe<\0p\0".as_slice())
        .with("policy fragments/big/policy.xml", format!("<fragment>{}</fragment>", " ".repeat(600_000)))
        .with("products/p/productInformation.json", "{\"properties\": {}}")
        .with("products/p/policy.xml", format!("<policies>{}</policies>", " ".repeat(256 * 1024)));
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 1: the file is UTF-16
      --> apis/orders/policy.xml:1:1
      |
    1 | <p
      | ^
      help: save it as UTF-8
      code: import::encoding

    Error on line 1, column 1: the policy fragment has 600021 bytes, more than the 524288 that are allowed
      --> policy fragments/big/policy.xml:1:1
      |
    1 | <fragment>                                                                                                                                                                                              
      | ^
      help: split it into several fragments
      code: import::size

    Error on line 2, column 11: the file is not UTF-8: byte 0xe9 cannot stand here
      --> policy.xml:2:11
      |
    2 |   <!-- caf� -->
      |           ^
      help: save it as UTF-8 (it is probably Windows-1252)
      code: import::encoding

    Error on line 1, column 1: the policy document has 262165 bytes, more than the 262144 that are allowed
      --> products/p/policy.xml:1:1
      |
    1 | <policies>                                                                                                                                                                                              
      | ^
      help: move parts of it into policy fragments
      code: import::size
    "#);
}

#[test]
fn missing_pieces_are_named() {
    let files = good()
        .with("apis/bare/policy.xml", "<policies />")
        .with("products/p/policy.xml", "<policies />")
        .with("policy fragments/f/policyFragmentInformation.json", "{\"properties\": {}}");
    assert_snapshot!(remarks(&files), @r#"
    Error on line 1, column 1: the API `bare` has no `apiInformation.json`
      --> apis/bare/policy.xml:1:1
      |
    1 | 
      | ^
      help: write it, with at least `{"properties": {"displayName": "…", "path": "…", "protocols": ["https"]}}`
      code: api::information

    Error on line 1, column 1: the fragment `f` has no `policy.xml`
      --> policy fragments/f/policyFragmentInformation.json:1:1
      |
    1 | 
      | ^
      help: write `<fragment>…</fragment>` into `policy.xml` beside this file
      code: fragment::policy

    Error on line 1, column 1: the product `p` has no `productInformation.json`
      --> products/p/policy.xml:1:1
      |
    1 | 
      | ^
      help: write it, with at least `{"properties": {"displayName": "…", "state": "published"}}`
      code: product::information
    "#);
}

#[test]
fn what_is_left_out_or_not_read_is_remarked_upon() {
    let files = good()
        .with(
            "named values/n/namedValueInformation.json",
            "{\"properties\": {\"displayName\": \"api.key\", \"secret\": true}}",
        )
        .with("subscriptions/a/subscriptionInformation.json", "{\"properties\": {\"scope\": \"/apis\"}}")
        .with("apis/orders/polcy.xml", "<policies />")
        .with("apis/empty/apiInformation.json", api("empty"));
    assert_snapshot!(remarks(&files), @r#"
    Warning on line 3, column 13: the API `empty` has no operations: every call of it is answered with 404
      --> apis/empty/apiInformation.json:3:13
      |
    3 |     "path": "empty",
      |             ^^^^^^^
      help: add `specification.yaml` or `operations/NAME/operationInformation.json`
      code: api::operations

    Warning on line 1, column 1: this file is not part of the layout and is not read
      --> apis/orders/polcy.xml:1:1
      |
    1 | 
      | ^
      help: did you mean `policy.xml`?
      code: import::unknown-file

    Warning on line 1, column 16: the named value `api.key` has no value here; its name stands in for it
      --> named values/n/namedValueInformation.json:1:16
      |
    1 | {"properties": {"displayName": "api.key", "secret": true}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write `"api.key" = "…"` into `[named_values]` of `apimite.toml`
      code: named-value::missing

    Warning on line 1, column 16: the subscription `a` has no keys here, so nobody can use it
      --> subscriptions/a/subscriptionInformation.json:1:16
      |
    1 | {"properties": {"scope": "/apis"}}
      |                ^^^^^^^^^^^^^^^^^^
      help: write `[subscriptions.a]` with `primary_key = "…"` into `apimite.toml`
      code: subscription::no-key
    "#);
}

#[test]
fn network_settings_that_exclude_each_other_are_refused() {
    let settings = "[network]\nmode = \"internal\"\npublic_access = \"disabled\"\n\n[private_endpoints.pe-1]\nlisten = \"127.0.0.1:0\"\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 3, column 1: public access cannot be disabled on an injected service
      --> apimite.toml:3:1
      |
    3 | public_access = "disabled"
      | ^^^^^^^^^^^^^
      help: remove `public_access`, or set `mode = "none"`
      code: settings::network

    Error on line 5, column 1: the private endpoint `pe-1` and `network.mode` exclude each other
      --> apimite.toml:5:1
      |
    5 | [private_endpoints.pe-1]
      | ^^^^^^^^^^^^^^^^^^^^^^^^
      help: remove the private endpoints, or set `mode = "none"`
      code: settings::network
    "#);
    assert_snapshot!(remarks(&good().with("apimite.toml", "[network]\npublic_access = \"disabled\"\n")), @r#"
    Error on line 2, column 1: public access cannot be disabled without an approved private endpoint
      --> apimite.toml:2:1
      |
    2 | public_access = "disabled"
      | ^^^^^^^^^^^^^
      help: add `[private_endpoints.pe-1]` with `listen = "127.0.0.1:0"`
      code: settings::network
    "#);
}

#[test]
fn definitions_are_checked() {
    let spec = "openapi: 3.0.1\npaths:\n  /a/{id}:\n    get:\n      parameters:\n        - {name: id, in: path, required: true}\n        - {name: id, in: query, required: true}\n        - {name: other, in: path, required: true}\n        - $ref: '#/components/parameters/gone'\n        - $ref: 'other.yaml#/x'\n    GET:\n      operationId: again\n";
    let files = Memory::new().with("spec.yaml", spec).with("old.json", "{\"swagger\": \"1.2\"}");
    let show = |path| {
        from_openapi(&files, path, None, Settings::default())
            .diagnostics
            .0
            .iter()
            .map(|found| found.render())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_snapshot!(show("spec.yaml"), @r#"
    Warning on line 1, column 1: the definition names no server that can be called
      --> spec.yaml:1:1
      |
    1 | openapi: 3.0.1
      | ^
      help: add `--backend http://…`; until then the built-in echo backend answers
      code: import::no-backend

    Error on line 7, column 18: `id` is used twice in the URL template of `/a/{id}`
      --> spec.yaml:7:18
      |
    7 |         - {name: id, in: query, required: true}
      |                  ^^
      help: parameters of path and query need different names
      code: openapi::parameter

    Warning on line 8, column 18: the path parameter `other` is not part of `/a/{id}`
      --> spec.yaml:8:18
      |
    8 |         - {name: other, in: path, required: true}
      |                  ^^^^^
      help: add `{other}` to the path, or remove the parameter
      code: openapi::parameter

    Error on line 9, column 17: `#/components/parameters/gone` is not defined
      --> spec.yaml:9:17
      |
    9 |         - $ref: '#/components/parameters/gone'
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: define it, or correct the reference
      code: openapi::reference

    Error on line 10, column 17: this reference leads out of the document
      --> spec.yaml:10:17
       |
    10 |         - $ref: 'other.yaml#/x'
       |                 ^^^^^^^^^^^^^^^
      help: move the definition into this document: other files are not read
      code: openapi::reference

    Error on line 11, column 5: GET /a/{id} is defined twice: `get-a-id` and `again`
      --> spec.yaml:11:5
       |
    11 |     GET:
       |     ^^^
      help: keep one of the two
      code: openapi::twice
    "#);
    assert_snapshot!(show("old.json"), @r#"
    Error on line 1, column 13: this version of Swagger is not known
      --> old.json:1:13
      |
    1 | {"swagger": "1.2"}
      |             ^^^^^
      help: OpenAPI 3.0, OpenAPI 3.1 and Swagger 2.0 can be read
      code: openapi::version
    "#);
    assert_snapshot!(show("gone.yaml"), @r#"
    Error on line 1, column 1: the file cannot be read: there is no such file
      --> gone.yaml:1:1
      |
    1 | 
      | ^
      help: check the path and the permissions of the file
      code: import::file
    "#);
}

#[test]
fn a_quick_start_needs_a_base_url() {
    let files = Memory::new().with("p.xml", "<policies />");
    let imported = from_policy(&files, "p.xml", Some("localhost:3000"), Settings::default());
    assert_snapshot!(imported.diagnostics.0[0].render(), @r#"
    Error: `localhost:3000` is no base URL
      help: write `http://host:port/path`, `https://…`, `ws://…`, `wss://…`, or `apimite://echo` for the built-in echo backend
      code: import::backend
    "#);
}
