//! Sets of any size, for measurements and tests of scale.

use std::fmt::Write;

use crate::Memory;

/// A set of `apis` APIs of `operations` operations each: YAML definitions as the extractor writes them, a policy at API
/// scope and one at each operation, one product that holds all, one subscription, one named value, one fragment.
///
/// Each API is at `/api-N`, its operations at `/items-M/{id}` below; the key is `key`.
pub fn set(apis: usize, operations: usize) -> Memory {
    let mut files = Memory::new()
        .with("apimite.toml", "[subscriptions.caller]\nprimary_key = \"key\"\n")
        .with("policy.xml", GLOBAL)
        .with("policy fragments/stamp/policy.xml", FRAGMENT)
        .with(
            "named values/colour/namedValueInformation.json",
            r#"{"properties": {"displayName": "colour", "value": "blue"}}"#,
        )
        .with("products/all/productInformation.json", r#"{"properties": {"displayName": "All", "state": "published"}}"#)
        .with("subscriptions/caller/subscriptionInformation.json", r#"{"properties": {"scope": "/products/all"}}"#);
    for api in 0..apis {
        let folder = format!("apis/api-{api}");
        let information = format!(
            "{{\n  \"properties\": {{\n    \"path\": \"api-{api}\",\n    \"apiRevision\": \"1\",\n    \"authenticationSettings\": {{}},\n    \"displayName\": \"API {api}\",\n    \"isCurrent\": true,\n    \"protocols\": [\n      \"http\",\n      \"https\"\n    ],\n    \"serviceUrl\": \"apimite://echo\",\n    \"subscriptionRequired\": true\n  }}\n}}\n"
        );
        files = files
            .with(&format!("{folder}/apiInformation.json"), information)
            .with(&format!("{folder}/policy.xml"), API)
            .with(&format!("{folder}/specification.yaml"), definition(api, operations))
            .with(&format!("products/all/apis/api-{api}/productApiInformation.json"), "{}");
        for operation in 0..operations {
            files = files.with(&format!("{folder}/operations/get-item-{operation}/policy.xml"), OPERATION);
        }
    }
    files
}

fn definition(api: usize, operations: usize) -> String {
    let mut text = format!(
        "openapi: 3.0.1\ninfo:\n  title: API {api}\n  description: ''\n  version: '1.0'\nservers:\n  - url: https://contoso.azure-api.net/api-{api}\npaths:\n"
    );
    for operation in 0..operations {
        let _ = write!(
            text,
            "  '/items-{operation}/{{id}}':\n    get:\n      summary: Get item {operation}\n      description: Returns one item.\n      operationId: get-item-{operation}\n      parameters:\n        - name: id\n          in: path\n          required: true\n          schema:\n            type: integer\n        - name: expand\n          in: query\n          schema:\n            type: string\n      responses:\n        '200':\n          description: The item\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/Item'\n        '404':\n          description: No such item\n"
        );
    }
    text.push_str("components:\n  schemas:\n    Item:\n      type: object\n      required:\n        - id\n      properties:\n        id:\n          type: integer\n        name:\n          type: string\n  securitySchemes:\n    apiKeyHeader:\n      type: apiKey\n      name: Ocp-Apim-Subscription-Key\n      in: header\n");
    text
}

const GLOBAL: &str = r#"<policies>
    <inbound />
    <backend>
        <forward-request />
    </backend>
    <outbound />
    <on-error />
</policies>
"#;

const FRAGMENT: &str = r#"<fragment>
    <set-header name="X-Colour" exists-action="override">
        <value>{{colour}}</value>
    </set-header>
</fragment>
"#;

const API: &str = r#"<policies>
    <inbound>
        <base />
        <include-fragment fragment-id="stamp" />
        <rate-limit-by-key calls="1000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
    </inbound>
    <backend>
        <base />
    </backend>
    <outbound>
        <base />
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
"#;

const OPERATION: &str = r#"<policies>
    <inbound>
        <base />
        <set-header name="X-Item" exists-action="override">
            <value>@(context.Request.MatchedParameters["id"] + "/" + context.Operation.Id)</value>
        </set-header>
        <choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("X-Debug", "") == "true")">
                <set-variable name="debug" value="@(true)" />
            </when>
        </choose>
    </inbound>
    <backend>
        <base />
    </backend>
    <outbound>
        <base />
        <set-header name="X-Colour" exists-action="override">
            <value>{{colour}}</value>
        </set-header>
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
"#;
