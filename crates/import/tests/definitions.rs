//! API definitions, as operations.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test crate")]

use apimite_import::settings::WsdlSelector;
use apimite_import::{Memory, Settings, from_openapi, import};
use apimite_model::{Api, Operation, Parameter, ParameterPlace, Representation};
use insta::assert_snapshot;

fn api_with(name: &str, text: &str, settings: Settings) -> Api {
    let files = Memory::new().with(name, text.to_owned());
    let imported = from_openapi(&files, name, None, settings);
    let errors: Vec<String> = imported
        .diagnostics
        .0
        .iter()
        .filter(|d| d.severity == apimite_diag::Severity::Error)
        .map(|d| d.render())
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    Api::clone(&imported.service.apis[0])
}

fn api(name: &str, text: &str) -> Api {
    api_with(name, text, Settings::default())
}

/// An API in a few lines, for people.
fn show(api: &Api) -> String {
    let mut lines = vec![format!("{} {:?} {}", api.id, api.kind, api.service_url)];
    for operation in &api.operations {
        show_operation(operation, &mut lines);
    }
    for schema in &api.schemas {
        let text: String = schema.text.chars().take(200).collect();
        lines.push(format!("schema {} {} {}", schema.id, schema.content_type, text.replace('\n', " ")));
    }
    lines.join("\n")
}

fn show_operation(operation: &Operation, lines: &mut Vec<String>) {
    lines.push(format!("{} {} ({}: {})", operation.method, operation.url_template, operation.id, operation.name));
    lines.extend(operation.parameters.iter().map(show_parameter));
    lines.extend(operation.request_bodies.iter().map(|body| show_shape("request", body)));
    for response in &operation.responses {
        let status = response.status.map_or("default".to_owned(), |status| status.to_string());
        lines.push(format!("  {status} {}", response.description));
        lines.extend(response.headers.iter().map(show_parameter));
        lines.extend(response.representations.iter().map(|body| show_shape("response", body)));
    }
}

fn show_parameter(parameter: &Parameter) -> String {
    let place = match parameter.place {
        ParameterPlace::Template => "template",
        ParameterPlace::Query => "query",
        ParameterPlace::Header => "header",
    };
    let required = if parameter.required { "!" } else { "" };
    format!(
        "  {place} {}{required} {} default={:?} values={:?}",
        parameter.name,
        parameter.schema.as_deref().unwrap_or("-"),
        parameter.default,
        parameter.values
    )
}

fn show_shape(what: &str, shape: &Representation) -> String {
    let examples: Vec<String> =
        shape.examples.iter().map(|example| format!("{}={}", example.name, example.value)).collect();
    format!(
        "    {what} {} schema={} type={:?} in={:?} examples=[{}]",
        shape.content_type,
        shape.schema.as_deref().unwrap_or("-"),
        shape.type_name,
        shape.schema_id,
        examples.join(" | ")
    )
}

const OPENAPI: &str = r#"
openapi: 3.0.3
info: {title: Pets & Co}
servers:
  - url: http://{host}/v1
    variables: {host: {default: pets.example}}
paths:
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: trace, in: header, schema: {type: string, enum: [a, b], default: a}}
    get:
      operationId: getPet
      summary: One pet
      parameters:
        - {name: expand, in: query, required: true, schema: {$ref: '#/components/schemas/Flag'}}
        - {name: lang, in: query, schema: {type: string}}
        - {name: session, in: cookie, schema: {type: string}}
      requestBody: {content: {application/json: {}}}
      responses:
        '200':
          description: Found
          headers: {ETag: {schema: {type: string}}}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
              examples:
                cat: {value: {id: 1}}
                dog: {$ref: '#/components/examples/dog'}
            text/plain: {example: a cat}
        default: {$ref: '#/components/responses/Problem'}
    put:
      requestBody:
        $ref: '#/components/requestBodies/Pet'
      responses: {2XX: {description: Fine}}
  '/wild/*':
    get: {responses: {}}
components:
  schemas:
    Flag: {type: string, enum: ['yes', 'no'], default: 'no'}
    Pet: {type: object, example: {id: 7}, properties: {id: {type: integer}}}
  examples: {dog: {value: {id: 2}}}
  requestBodies: {Pet: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  responses: {Problem: {description: Problem, content: {application/problem+json: {schema: {type: object}}}}}
"#;

#[test]
fn openapi_3_becomes_operations() {
    assert_snapshot!(show(&api("pets.yaml", OPENAPI)), @r##"
    pets-co Http http://pets.example/v1
    GET /pets/{id}?expand={expand} (getpet: One pet)
      template id! {"type":"integer"} default=None values=[]
      template expand! {"$ref":"#/components/schemas/Flag"} default=Some("no") values=["yes", "no"]
      header trace {"type":"string","enum":["a","b"],"default":"a"} default=Some("a") values=["a", "b"]
      query lang {"type":"string"} default=None values=[]
      200 Found
      header ETag {"type":"string"} default=None values=[]
        response application/json schema={"$ref":"#/components/schemas/Pet"} type=Some("Pet") in=Some("components") examples=[cat={"id":1} | dog={"id":2}]
        response text/plain schema=- type=None in=None examples=[default=a cat]
      default Problem
        response application/problem+json schema={"type":"object"} type=None in=None examples=[]
    PUT /pets/{id} (put-pets-id: put-pets-id)
      template id! {"type":"integer"} default=None values=[]
      header trace {"type":"string","enum":["a","b"],"default":"a"} default=Some("a") values=["a", "b"]
        request application/json schema={"$ref":"#/components/schemas/Pet"} type=Some("Pet") in=Some("components") examples=[default={"id":7}]
      200 Fine
    GET /wild/* (get-wild: get-wild)
    schema components application/vnd.oai.openapi.components+json {"components":{"schemas":{"Flag":{"type":"string","enum":["yes","no"],"default":"no"},"Pet":{"type":"object","example":{"id":7},"properties":{"id":{"type":"integer"}}}}}}
    "##);
}

#[test]
fn required_query_parameters_stay_query_parameters_when_told() {
    let mut settings = Settings::default();
    settings.import.required_query = apimite_import::settings::RequiredQuery::Query;
    let api = api_with("pets.yaml", OPENAPI, settings);
    assert_eq!(&*api.operations[0].url_template, "/pets/{id}");
}

#[test]
fn swagger_2_becomes_operations() {
    let text = r##"{"swagger": "2.0", "info": {"title": "Old"}, "host": "old.example", "basePath": "/v2", "schemes": ["http", "https"],
        "consumes": ["application/json", "text/json"], "produces": ["application/json"],
        "paths": {"/a/{id}": {"parameters": [{"$ref": "#/parameters/id"}],
            "post": {"operationId": "Post_A", "parameters": [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/A"}},
                {"name": "n", "in": "query", "type": "integer", "enum": [1, 2], "default": 1}],
              "responses": {"200": {"description": "ok", "schema": {"$ref": "#/definitions/A"}, "examples": {"application/json": {"x": 1}}}}}}},
        "parameters": {"id": {"name": "id", "in": "path", "required": true, "type": "string"}},
        "definitions": {"A": {"type": "object"}}}"##;
    assert_snapshot!(show(&api("old.json", text)), @r##"
    old Http https://old.example/v2
    POST /a/{id} (post-a: Post_A)
      template id! {"type":"string"} default=None values=[]
      query n {"type":"integer","enum":[1,2]} default=Some("1") values=["1", "2"]
        request application/json schema={"$ref":"#/definitions/A"} type=Some("A") in=Some("definitions") examples=[]
        request text/json schema={"$ref":"#/definitions/A"} type=Some("A") in=Some("definitions") examples=[]
      200 ok
        response application/json schema={"$ref":"#/definitions/A"} type=Some("A") in=Some("definitions") examples=[default={"x":1}]
    schema definitions application/vnd.ms-azure-apim.swagger.definitions+json {"definitions":{"A":{"type":"object"}}}
    "##);
}

#[test]
fn wsdl_becomes_soap_operations() {
    let text = r#"<wsdl:definitions name="Temp" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
  <wsdl:binding name="B"><soap:binding/><wsdl:operation name="ToCelsius"><soap:operation soapAction="http://t/ToCelsius"/></wsdl:operation></wsdl:binding>
  <wsdl:binding name="B12"><soap12:binding/><wsdl:operation name="ToCelsius"><soap12:operation soapAction="http://t/ToCelsius"/></wsdl:operation></wsdl:binding>
  <wsdl:service name="S"><wsdl:port><soap:address location="http://t.example/temp.asmx"/></wsdl:port></wsdl:service>
</wsdl:definitions>"#;
    assert_snapshot!(show(&api("t.wsdl", text)).lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
    temp Soap http://t.example/temp.asmx
    POST /?soapAction=http://t/ToCelsius (tocelsius: ToCelsius)
        request text/xml schema=- type=None in=None examples=[]
        request application/soap+xml schema=- type=None in=None examples=[]
    "#);
}

#[test]
fn wadl_becomes_operations() {
    let text = r#"<application xmlns="http://wadl.dev.java.net/2009/02"><resources base="https://w.example/api/">
  <resource path="/items"><method name="GET" id="list"><request><param name="q" style="query" required="true"/><param name="H" style="header"/></request>
    <response status="200 201"><representation mediaType="application/xml"/></response></method>
    <resource path="{id}"><method name="DELETE"/></resource></resource></resources></application>"#;
    assert_snapshot!(show(&api("w.wadl", text)), @r#"
    api Http https://w.example/api
    GET /items?q={q} (list: list)
      template q! - default=None values=[]
      header H - default=None values=[]
      200 
        response application/xml schema=- type=None in=None examples=[]
    DELETE /items/{id} (delete-items-id: delete-items-id)
      template id! - default=None values=[]
    "#);
}

#[test]
fn graphql_has_one_operation_and_its_schema() {
    assert_snapshot!(show(&api("g.graphql", "type Query { a: Int }")), @r#"
    api GraphQl apimite://echo
    POST / (graphql: GraphQL)
    schema graphql application/vnd.ms-azure-apim.graphql.schema type Query { a: Int }
    "#);
}

#[test]
fn deep_and_circular_documents_are_no_danger() {
    let nested = format!("openapi: 3.0.1\npaths: {}{}", "{a: ".repeat(5_000), "}".repeat(5_000));
    let circle = "openapi: 3.0.1\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/a'}]}}}\ncomponents: {parameters: {a: {$ref: '#/components/parameters/b'}, b: {$ref: '#/components/parameters/a'}}}\n";
    for text in [nested.as_str(), circle] {
        let files = Memory::new().with("x.yaml", text.to_owned());
        assert!(from_openapi(&files, "x.yaml", None, Settings::default()).diagnostics.has_errors());
    }
}

fn wsdl(style: &str, parts: &str, schema: &str) -> String {
    format!(
        r#"<definitions name="S" targetNamespace="urn:s" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:s" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<types><xs:schema targetNamespace="urn:s" elementFormDefault="qualified">{schema}</xs:schema></types>
<message name="In">{parts}</message>
<portType name="P"><operation name="Go"><documentation>Goes.</documentation><input message="t:In"/></operation></portType>
<binding name="B" type="t:P"><soap:binding style="{style}"/><operation name="Go"><soap:operation soapAction=""/></operation></binding>
<service name="S"><port name="P" binding="t:B"><soap:address location="https://s.example/a/b?x=1"/></port></service>
</definitions>"#
    )
}

fn as_rest() -> Settings {
    let mut settings = Settings::default();
    settings.import.soap_to_rest = true;
    settings
}

const PART: &str = "<part name=\"p\" element=\"t:Go\"/>";

#[test]
fn wsdl_becomes_rest_operations_with_policies() {
    let schema = r#"<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="At" type="xs:dateTime"/><xs:element name="Fast" type="xs:boolean" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>"#;
    let api = api_with("s.wsdl", &wsdl("document", PART, schema), as_rest());
    assert_snapshot!(show(&api), @r##"
    s Http https://s.example
    POST /Go (go: Go)
        request application/json schema={"$ref":"#/components/schemas/Go"} type=Some("Go") in=Some("components") examples=[default={"go":{"at":"sample","fast":true}}]
      200 GoSoapResponse
    schema components application/vnd.oai.openapi.components+json {"components":{"schemas":{"Go":{"type":"object","properties":{"go":{"type":"object","properties":{"at":{"type":"string"},"fast":{"type":"boolean"}},"required":["at"]}}}}}}
    "##);
    let policy = api.operations[0].policy.as_ref().unwrap();
    assert!(policy.source.text().contains("<rewrite-uri template=\"/a/b?x=1\" copy-unmatched-params=\"false\" />"));
    assert!(policy.source.text().contains("<value>\"Go\"</value>"), "an empty action is the operation's name");
    let passed = api_with("s.wsdl", &wsdl("document", PART, schema), Settings::default());
    assert_eq!(&*passed.operations[0].url_template, "/?soapAction=Go");
}

#[test]
fn wsdl_that_cannot_become_rest_is_refused() {
    let plain = "<xs:element name=\"Go\" type=\"xs:string\"/>";
    let circle = "<xs:element name=\"Go\" type=\"t:C\"/><xs:complexType name=\"C\"><xs:sequence><xs:element name=\"Inner\" type=\"t:C\"/></xs:sequence></xs:complexType>";
    let cases = [
        (wsdl("rpc", PART, plain), "the style `rpc` is not supported"),
        (wsdl("document", &PART.repeat(2), plain), "has several parts"),
        (wsdl("document", "<part name=\"p\" type=\"xs:string\"/>", plain), "names a type, not an element"),
        (wsdl("document", PART, ""), "the element `t:Go` is not in the schemas"),
        (
            wsdl("document", PART, "<xs:element name=\"Go\" type=\"t:None\"/>"),
            "the type `t:None` is not in the schemas",
        ),
        (wsdl("document", PART, circle), "the type `C` holds itself"),
    ];
    for (text, wanted) in cases {
        let files = Memory::new().with("s.wsdl", text);
        let found = from_openapi(&files, "s.wsdl", None, as_rest()).diagnostics;
        let all: Vec<String> = found.0.iter().map(|one| one.render()).collect();
        assert!(found.has_errors() && all.join("\n").contains(wanted), "{wanted}: {all:#?}");
    }
}

/// Two services; the first has a SOAP, a SOAP 1.2 and an HTTP endpoint, the second one of SOAP.
const SERVICES: &str = r#"<definitions name="S" targetNamespace="urn:s" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:s" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/">
<portType name="P"><operation name="Go"/></portType>
<portType name="Q"><operation name="Stop"/></portType>
<binding name="B11" type="t:P"><soap:binding/><operation name="Go"><soap:operation soapAction="urn:go"/></operation></binding>
<binding name="B12" type="t:P"><soap12:binding/><operation name="Go"><soap12:operation soapAction="urn:go12"/></operation></binding>
<binding name="BH" type="t:P"><http:binding verb="GET"/><operation name="Go"/></binding>
<binding name="BQ" type="t:Q"><soap:binding/><operation name="Stop"><soap:operation soapAction="urn:stop"/></operation></binding>
<service name="First"><port name="Soap" binding="t:B11"><soap:address location="https://one.example/11"/></port>
<port name="Soap12" binding="t:B12"><soap12:address location="https://one.example/12"/></port>
<port name="Plain" binding="t:BH"><http:address location="https://one.example/h"/></port></service>
<service name="Second"><port name="Soap" binding="t:BQ"><soap:address location="https://two.example/q"/></port></service>
</definitions>"#;

#[test]
fn a_selector_chooses_service_and_endpoint_of_a_wsdl() {
    let read = |rest: bool, service: &str, endpoint: &str| {
        let mut settings = Settings::default();
        settings.import.soap_to_rest = rest;
        let part = |name: &str| (!name.is_empty()).then(|| name.into());
        settings.import.wsdl = WsdlSelector { service: part(service), endpoint: part(endpoint) };
        from_openapi(&Memory::new().with("s.wsdl", SERVICES), "s.wsdl", None, settings)
    };
    let shown = |rest: bool, service: &str, endpoint: &str| {
        let imported = read(rest, service, endpoint);
        let api = &imported.service.apis[0];
        let operations: Vec<&str> = api.operations.iter().map(|one| &*one.url_template).collect();
        format!("{} {}", api.service_url, operations.join(" "))
    };
    assert_eq!(shown(false, "", ""), "https://one.example/11 /?soapAction=urn:go /?soapAction=urn:stop");
    assert_eq!(shown(false, "First", ""), "https://one.example/11 /?soapAction=urn:go");
    assert_eq!(shown(false, "First", "Soap12"), "https://one.example/12 /?soapAction=urn:go12");
    assert_eq!(shown(false, "", "Soap12"), "https://one.example/12 /?soapAction=urn:go12");
    assert_eq!(shown(false, "Second", "Soap"), "https://two.example/q /?soapAction=urn:stop");
    assert_eq!(shown(true, "", ""), "https://one.example /Go");
    assert_eq!(shown(true, "Second", "Soap"), "https://two.example /Stop");
    let policy = |endpoint: &str| {
        let imported = read(true, "First", endpoint);
        imported.service.apis[0].operations[0].policy.as_ref().unwrap().source.text().to_owned()
    };
    assert!(policy("Soap").contains("template=\"/11\"") && policy("Soap").contains("text/xml"));
    assert!(policy("Soap12").contains("template=\"/12\"") && policy("Soap12").contains("application/soap+xml"));
    for (service, endpoint, wanted, help) in [
        ("Frst", "", "the WSDL has no service `Frst`, which `wsdlSelector` names", "did you mean `First`?"),
        ("Other", "", "the WSDL has no service `Other`, which `wsdlSelector` names", "name one of `First`, `Second`"),
        ("Second", "Soap12", "the WSDL has no endpoint `Soap12`, which `wsdlSelector` names", "did you mean `Soap`?"),
        ("First", "Plain", "what `wsdlSelector` names has no SOAP binding", "name an endpoint that speaks SOAP"),
    ] {
        for rest in [false, true] {
            let found = read(rest, service, endpoint).diagnostics;
            let refusal = found.0.iter().find(|one| one.code == "wsdl::selector").unwrap();
            assert_eq!((&*refusal.message, refusal.help.as_deref()), (wanted, Some(help)));
            assert!(found.has_errors());
        }
    }
}

#[test]
fn a_template_says_which_part_of_a_wsdl_is_read() {
    let read = |selector: &str| {
        let value = SERVICES.replace('"', "\\\"").replace('\n', "\\n");
        let template = format!(
            r#"{{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
            "resources": [{{"type": "Microsoft.ApiManagement/service/apis", "name": "c/s", "properties":
            {{"displayName": "S", "path": "s", "format": "wsdl", "value": "{value}", "apiType": "soap", "wsdlSelector": {selector}}}}}]}}"#
        );
        import(&Memory::new().with("main.json", template), &|_| None)
    };
    let imported = read(r#"{"wsdlServiceName": "Second", "wsdlEndpointName": "Soap"}"#);
    let api = &imported.service.apis[0];
    assert_eq!((&*api.service_url, api.operations.len()), ("https://two.example/q", 1));
    let told: Vec<String> =
        read(r#"{"wsdlServiceName": "Other"}"#).diagnostics.0.iter().map(|found| found.render()).collect();
    assert!(told.join("\n").contains("the WSDL has no service `Other`"), "{told:?}");
}

#[test]
fn a_wsdl_with_very_many_elements_is_refused_as_rest() {
    // Each type holds ten of the next one: 10^8 elements without a bound.
    let mut schema = String::from("<xs:element name=\"Go\" type=\"t:T0\"/>");
    for level in 0..8 {
        let inner: String = (0..10).map(|n| format!("<xs:element name=\"E{n}\" type=\"t:T{}\"/>", level + 1)).collect();
        schema.push_str(&format!(
            "<xs:complexType name=\"T{level}\"><xs:sequence>{inner}</xs:sequence></xs:complexType>"
        ));
    }
    schema.push_str("<xs:complexType name=\"T8\"/>");
    let files = Memory::new().with("s.wsdl", wsdl("document", PART, &schema));
    assert!(from_openapi(&files, "s.wsdl", None, as_rest()).diagnostics.has_errors());
}
