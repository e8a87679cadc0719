//! ARM templates and compiled Bicep.

#![allow(missing_docs, reason = "a test crate")]

use apimite_import::{Imported, Memory, import};
use apimite_model::{SubscriptionScope, Tier};
use insta::assert_snapshot;

fn read(files: &Memory) -> Imported {
    import(files, &|_| None)
}

fn remarks(imported: &Imported) -> String {
    imported.diagnostics.0.iter().map(|found| found.render()).collect::<Vec<_>>().join("\n")
}

const TEMPLATE: &str = r##"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "apim": {"type": "string"},
    "base": {"type": "string", "defaultValue": "https://storage.example/policies"},
    "prefix": {"type": "string", "defaultValue": "[toLower('ORD')]"}
  },
  "variables": {
    "path": "[concat(parameters('prefix'), 'ers')]",
    "$fxv#0": "<policies><inbound><base /></inbound></policies>"
  },
  "resources": [
    {"type": "Microsoft.ApiManagement/service", "apiVersion": "2022-08-01", "name": "[parameters('apim')]", "location": "northeurope", "sku": {"name": "StandardV2", "capacity": 1},
     "resources": [
       {"type": "namedValues", "name": "colour", "properties": {"displayName": "colour", "value": "[format('{0}-{1}', 'dark', 'blue')]"}}
     ]},
    {"type": "Microsoft.ApiManagement/service/apis", "name": "[concat(parameters('apim'), '/orders')]",
     "properties": {"displayName": "Orders", "path": "[variables('path')]", "protocols": ["https"], "serviceUrl": "https://b.example",
       "format": "openapi", "value": "openapi: 3.0.1\ninfo: {title: x}\npaths: {/a: {get: {operationId: getA}}}\n"}},
    {"type": "Microsoft.ApiManagement/service/apis/operations", "name": "[concat(parameters('apim'), '/orders/extra')]",
     "properties": {"displayName": "Extra", "method": "POST", "urlTemplate": "/extra"}},
    {"type": "Microsoft.ApiManagement/service/apis/policies", "name": "[concat(parameters('apim'), '/orders/policy')]",
     "properties": {"format": "rawxml-link", "value": "[concat(parameters('base'), '/apis/orders.xml')]"}},
    {"type": "Microsoft.ApiManagement/service/apis/operations/policies", "name": "[format('{0}/{1}/{2}/{3}', parameters('apim'), 'orders', 'geta', 'policy')]",
     "properties": {"format": "rawxml", "value": "[variables('$fxv#0')]"}},
    {"type": "Microsoft.ApiManagement/service/policies", "name": "[concat(parameters('apim'), '/policy')]",
     "properties": {"format": "rawxml", "value": "<policies />"}},
    {"type": "Microsoft.ApiManagement/service/products", "name": "[concat(parameters('apim'), '/starter')]", "properties": {"displayName": "Starter", "state": "published"}},
    {"type": "Microsoft.ApiManagement/service/products/apis", "name": "[concat(parameters('apim'), '/starter/orders')]"},
    {"type": "Microsoft.ApiManagement/service/products/policies", "name": "[concat(parameters('apim'), '/starter/policy')]", "properties": {"value": "<policies />", "format": "xml"}},
    {"type": "Microsoft.ApiManagement/service/subscriptions", "name": "[concat(parameters('apim'), '/ada')]",
     "properties": {"scope": "[resourceId('Microsoft.ApiManagement/service/products', parameters('apim'), 'starter')]", "displayName": "Ada", "primaryKey": "k1"}},
    {"condition": "[equals(variables('path'), 'none')]", "type": "Microsoft.ApiManagement/service/backends", "name": "[concat(parameters('apim'), '/never')]", "properties": {"url": "http://x"}},
    {"copy": {"name": "many", "count": "[length(createArray(1, 2))]"}, "type": "Microsoft.ApiManagement/service/backends", "name": "[concat(parameters('apim'), '/b', copyIndex(1))]", "properties": {"url": "[concat('http://b', copyIndex())]"}},
    {"type": "Microsoft.Storage/storageAccounts", "name": "other", "properties": {"x": "[reference('y').z]"}},
    {"type": "Microsoft.Resources/deployments", "name": "module", "properties": {"parameters": {"name": {"value": "[variables('path')]"}},
      "template": {"$schema": "x", "languageVersion": "2.0", "parameters": {"name": {"type": "string"}},
        "resources": {"fragment": {"type": "Microsoft.ApiManagement/service/policyFragments", "name": "[concat('any', '/', parameters('name'))]", "properties": {"value": "<fragment />", "format": "rawxml", "description": "[[plain]"}}}}}}
  ]
}"##;

#[test]
fn a_template_becomes_a_service() {
    let parameters = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {"apim": {"value": "contoso"}}}"#;
    let files = Memory::new()
        .with("main.json", TEMPLATE)
        .with("main.parameters.json", parameters)
        .with("policies/apis/orders.xml", "<policies><outbound /></policies>")
        .with("policies/orders.xml", "<policies />");
    let imported = read(&files);
    assert_eq!(remarks(&imported), "");
    let service = &imported.service;
    assert_eq!((&*service.name, service.tier, &*service.region), ("contoso", Tier::StandardV2, "northeurope"));
    let api = &service.apis[0];
    assert_eq!((&*api.id, &*api.path, &*api.service_url), ("orders", "orders", "https://b.example"));
    let operations: Vec<(&str, bool)> = api.operations.iter().map(|o| (&*o.id, o.policy.is_some())).collect();
    assert_eq!(operations, [("geta", true), ("extra", false)]);
    assert_eq!(api.policy.as_ref().unwrap().source.name(), "policies/apis/orders.xml");
    assert!(service.policy.is_some() && service.products["starter"].policy.is_some());
    assert_eq!(service.products["starter"].apis, ["orders".into()]);
    assert_eq!(service.subscriptions["ada"].scope, SubscriptionScope::Product("starter".into()));
    assert_eq!(service.subscriptions["ada"].primary_key.reveal(), "k1");
    assert_eq!(service.named_values["colour"].value.as_ref().unwrap().reveal(), "dark-blue");
    assert_eq!(service.backends.keys().map(|id| &**id).collect::<Vec<_>>(), ["b1", "b2"]);
    assert_eq!(&*service.fragments["orders"].description, "[plain]");
}

#[test]
fn what_a_template_leaves_open_is_remarked_upon() {
    let template = TEMPLATE
        .replace("\"[concat('http://b', copyIndex())]\"", "\"[reference('x').url]\"")
        .replace("/apis/orders.xml", "/apis/gone.xml");
    assert_snapshot!(remarks(&read(&Memory::new().with("main.json", template))), @r#"
    Warning on line 1, column 1: template parameters without a value: `apim`; their names stand in for them
      --> main.json:1:1
      |
    1 | {
      | ^
      help: add a parameter file (`*.parameters.json`) to the folder
      code: template::parameters

    Error on line 24, column 55: the linked policy document `gone.xml` is not in the folder
      --> main.json:24:55
       |
    24 |      "properties": {"format": "rawxml-link", "value": "[concat(parameters('base'), '/apis/gone.xml')]"}},
       |                                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: put the file into the folder: linked documents are looked up by their file name
      code: template::link

    Warning on line 35, column 206: `reference` asks a deployed resource, which does not exist here
      --> main.json:35:206
       |
    35 |     {"copy": {"name": "many", "count": "[length(createArray(1, 2))]"}, "type": "Microsoft.ApiManagement/service/backends", "name": "[concat(parameters('apim'), '/b', copyIndex(1))]", "properties": {"url": "[reference('x').url]"}},
       |                                                                                                                                                                                                              ^^^^^^^^^^^^^^^^^^^^^^
      help: the text stays as it is; give the value in a parameter file or in `apimite.toml`
      code: template::expression
    "#);
}

#[test]
fn bicep_that_was_not_compiled_is_told_so() {
    assert_snapshot!(remarks(&read(&Memory::new().with("main.bicep", "resource x"))), @r#"
    Error on line 1, column 1: the folder has no APIs, but Bicep files such as `main.bicep`
      --> .:1:1
      |
    1 | 
      | ^
      help: compile them with `az bicep build --file main.bicep`; the JSON beside it can be read
      code: import::no-apis
    "#);
}

#[test]
fn names_that_refer_to_one_another_end() {
    let variables: Vec<String> =
        (0..60).map(|n| format!("\"v{n}\": \"[concat(variables('v{0}'), variables('v{0}'))]\"", n + 1)).collect();
    let template = format!(
        "{{\"$schema\": \"deploymentTemplate.json#\", \"variables\": {{{}, \"v60\": \"\", \"loop\": \"[variables('loop')]\"}}, \"resources\": [{{\"type\": \"Microsoft.ApiManagement/service/apis\", \"name\": \"s/a\", \"properties\": {{\"path\": \"[variables('v0')]\", \"description\": \"[variables('loop')]\", \"displayName\": \"[((\", \"type\": \"[\"}}}}]}}",
        variables.join(", ")
    );
    assert!(!read(&Memory::new().with("t.json", template)).diagnostics.0.is_empty());
}
