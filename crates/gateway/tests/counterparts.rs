//! SOAP services and GraphQL servers over sockets: behind the gateway, and made by it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is test code")]

mod support;

use std::sync::Arc;

use apimite_gateway::Gateway;
use apimite_gateway::StandIns;
use apimite_model::{Api, ApiKind, Operation, PolicyText, Resolver, SchemaText, Service, StandIn};
use support::*;

fn operation(id: &str, template: &str, header: &str) -> Arc<Operation> {
    let mut operation = Operation::new(id, "POST", template);
    let text = format!(
        "<policies><inbound><base/><set-header name=\"X-Operation\"><value>{header}</value></set-header></inbound></policies>"
    );
    operation.policy = Some(PolicyText::new("operation.xml", text));
    Arc::new(operation)
}

/// A service with one open API of a kind.
fn with(kind: ApiKind, url: &str, change: impl FnOnce(&mut Api)) -> Service {
    let mut service = Service::new("contoso");
    let mut api = Api::new("api", "api", url);
    api.subscription_required = false;
    api.protocols.http = true;
    api.kind = kind;
    change(&mut api);
    service.apis = vec![Arc::new(api)];
    service
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: gw.test\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_soap_message_goes_to_the_operation_of_its_action() {
    let backend = Backend::echo();
    let gateway = start(with(ApiKind::Soap, &backend.url, |api| {
        api.operations.push(operation("add", "/?soapAction=urn:calc/Add", "add"));
        api.operations.push(operation("sub", "/?soapAction=urn:calc/Sub", "sub"));
    }));
    let mut client = Peer::connect(http(&gateway));
    let envelope = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>";
    let (_, body) = client.ask(&post("/api", "Content-Type: text/xml\r\nSOAPAction: \"urn:calc/Sub\"\r\n", envelope));
    assert_eq!(header(&body, "x-operation"), Some("sub"), "{body}");
    assert!(body.starts_with("POST / HTTP/1.1\r\n"), "the URL stays as it was: {body}");
    assert!(body.ends_with(envelope));
    let twelve = "Content-Type: application/soap+xml; charset=utf-8; action=\"urn:calc/Add\"\r\n";
    let (_, body) = client.ask(&post("/api", twelve, envelope));
    assert_eq!(header(&body, "x-operation"), Some("add"), "{body}");
    let (_, body) = client.ask(&post("/api?soapAction=urn:calc/Add", "", envelope));
    assert_eq!(header(&body, "x-operation"), Some("add"), "{body}");
    let (head, _) = client.ask(&post("/api", "SOAPAction: \"urn:calc/Mul\"\r\n", envelope));
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

const SDL: &str = "type Query { users: [User!] user: User } type User { id: ID! name: String }";

/// A synthetic GraphQL API whose `users` come from this server.
fn synthetic(users: &str) -> Gateway {
    start(with(ApiKind::GraphQl, "", |api| {
        api.operations.push(Arc::new(Operation::new("graphql", "POST", "/")));
        let kind = "application/vnd.ms-azure-apim.graphql.schema";
        api.schemas.push(SchemaText { id: "graphql".into(), content_type: kind.into(), text: SDL.into() });
        let text = format!(
            "<http-data-source><http-request><set-method>GET</set-method><set-url>{users}/all</set-url></http-request></http-data-source>"
        );
        let policy = Some(PolicyText::new("resolver.xml", text));
        api.resolvers.push(Resolver { id: "users".into(), kind: "Query".into(), field: "users".into(), policy });
    }))
}

const USERS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 41\r\n\r\n\
    [{\"id\": 1, \"name\": \"Ada\"}, {\"id\": \"two\"}]";

#[test]
fn a_synthetic_graphql_api_asks_the_servers_of_its_resolvers() {
    let users = Backend::fixed(USERS);
    let gateway = synthetic(&users.url);
    let query = "{\"query\": \"{ people: users { id name } __typename }\"}";
    let (head, body) = Peer::connect(http(&gateway)).ask(&post("/api", "Content-Type: application/json\r\n", query));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(
        body,
        "{\"data\":{\"people\":[{\"id\":\"1\",\"name\":\"Ada\"},{\"id\":\"two\",\"name\":null}],\"__typename\":\"Query\"}}"
    );
}

#[test]
fn a_graphql_server_is_passed_through_and_its_queries_validated() {
    let users = Backend::fixed(USERS);
    let server = synthetic(&users.url);
    let gateway = start(with(ApiKind::GraphQl, &format!("http://{}/api", http(&server)), |api| {
        api.operations.push(Arc::new(Operation::new("graphql", "POST", "/")));
        let kind = "application/vnd.ms-azure-apim.graphql.schema";
        api.schemas.push(SchemaText { id: "graphql".into(), content_type: kind.into(), text: SDL.into() });
        let text =
            "<policies><inbound><validate-graphql-request max-size=\"1000\" max-depth=\"2\"/></inbound></policies>";
        api.policy = Some(PolicyText::new("api.xml", text));
    }));
    let mut client = Peer::connect(http(&gateway));
    let ask = |client: &mut Peer, query: &str| {
        client.ask(&post("/api", "Content-Type: application/json\r\n", &format!("{{\"query\": \"{query}\"}}")))
    };
    assert_eq!(ask(&mut client, "{ users { name } }").1, "{\"data\":{\"users\":[{\"name\":\"Ada\"},{\"name\":null}]}}");
    let (head, body) = ask(&mut client, "{ users { wealth } }");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(body.starts_with("{\"errors\":[{\"message\":"), "{body}");
}

/// The script that the page of stand-ins shows.
fn documented_sql() -> String {
    let page = include_str!("../../../docs/stand-ins.md");
    let script = page.split("```rhai\n").find(|part| part.contains("ask.statement")).unwrap();
    script.split("```").next().unwrap().to_owned()
}

#[test]
fn a_script_stands_in_for_a_sql_server_as_documented() {
    let mut service = with(ApiKind::GraphQl, "", |api| {
        api.operations.push(Arc::new(Operation::new("graphql", "POST", "/")));
        let kind = "application/vnd.ms-azure-apim.graphql.schema";
        let sdl =
            "type Query { all: Rows one(id: Int!): Row } type Rows { items: [Row!] } type Row { id: Int name: String }";
        api.schemas.push(SchemaText { id: "graphql".into(), content_type: kind.into(), text: sdl.into() });
        let source = |single: bool, rest: &str| {
            let text = format!(
                "<sql-data-source><connection-info><connection-string>Server=http://sql.local/;Initial Catalog=people</connection-string></connection-info>\
                 <request single-result=\"{single}\"><sql-statement>SELECT * FROM people {rest}</request></sql-data-source>"
            );
            Some(PolicyText::new("resolver.xml", text))
        };
        let one = "WHERE id = @id</sql-statement><parameters><parameter name=\"@id\">@(context.GraphQL.Arguments[\"id\"])</parameter></parameters>";
        for (field, policy) in [("all", source(false, "</sql-statement>")), ("one", source(true, one))] {
            api.resolvers.push(Resolver { id: field.into(), kind: "Query".into(), field: field.into(), policy });
        }
    });
    service.name = "contoso".into();
    let mut options = options();
    let stand_ins = Arc::new(StandIns::default());
    stand_ins.load(&[StandIn { host: "sql.local".into(), path: "sql.rhai".into(), code: documented_sql().into() }]);
    options.stand_ins = stand_ins;
    let gateway = Gateway::start(options, snapshot_with_code(service)).unwrap();
    let query = "{\"query\": \"{ all { items { name } } one(id: 2) { name } }\"}";
    let (_, body) = Peer::connect(http(&gateway)).ask(&post("/api", "Content-Type: application/json\r\n", query));
    let wanted = r#"{"data":{"all":{"items":[{"name":"Curie"},{"name":"Noether"}]},"one":{"name":"Noether"}}}"#;
    assert_eq!(body, wanted);
}

#[test]
fn a_graphql_server_resolves_a_field() {
    let users = Backend::fixed(USERS);
    let server = synthetic(&users.url);
    let gateway = start(with(ApiKind::GraphQl, "", |api| {
        api.operations.push(Arc::new(Operation::new("graphql", "POST", "/")));
        let kind = "application/vnd.ms-azure-apim.graphql.schema";
        let sdl = "type Query { staff: [Person!] broken: String } type Person { id: ID! name: String }";
        api.schemas.push(SchemaText { id: "graphql".into(), content_type: kind.into(), text: sdl.into() });
        for (field, document) in [("staff", "{ users { id name } }"), ("broken", "{ nothing }")] {
            let text = format!(
                "<graphql-data-source><request><set-url>http://{}/api</set-url><document>{document}</document></request></graphql-data-source>",
                http(&server)
            );
            let policy = Some(PolicyText::new("resolver.xml", text));
            api.resolvers.push(Resolver { id: field.into(), kind: "Query".into(), field: field.into(), policy });
        }
    }));
    let query = "{\"query\": \"{ staff { name } broken }\"}";
    let (_, body) = Peer::connect(http(&gateway)).ask(&post("/api", "Content-Type: application/json\r\n", query));
    assert!(body.starts_with(r#"{"data":{"staff":[{"name":"Ada"},{"name":null}],"broken":null},"errors":["#), "{body}");
    assert!(body.contains("nothing"), "the server's own words: {body}");
}
