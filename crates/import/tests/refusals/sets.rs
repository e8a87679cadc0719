//! Files that are not there, cannot be read, or hold what is not expected.

use apimite_import::Memory;
use insta::assert_snapshot;

use crate::{api, good, remarks};

#[test]
fn a_good_set_has_no_remarks() {
    assert_snapshot!(remarks(&good()), @"");
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
