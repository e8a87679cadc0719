//! Mistakes in API definitions.

use apimite_import::{Memory, Settings, from_openapi, from_policy};
use insta::assert_snapshot;

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
