//! The exchange an expression is evaluated over: from a case's JSON, a context file, or an `.http` file.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use apimite_clock::{Clock, Timestamp};
use apimite_expr::NoHost;
use apimite_expr::Value as Net;
use apimite_expr::{Form, Want};
use apimite_model::{
    Api, Group, Identity, Operation, Product, ProductState, Service, Subscription, SubscriptionScope, User,
};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::context::ResponseObject;
use apimite_policy::csharp::CSharp;
use apimite_policy::exchange::{Exchange, KeyUsed, Request, Response};
use apimite_policy::fault::LastError;
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::args::Eval;

/// `context.RequestId` unless given.
const REQUEST_ID: &str = "11111111-2222-3333-4444-555555555555";
/// `context.Timestamp` unless given: 2024-02-29T12:34:56.789Z.
const TIMESTAMP: Timestamp = Timestamp::from_unix_millis(1_709_210_096_789);

/// The exchange that the arguments describe.
///
/// # Errors
/// A sentence for people.
pub(super) fn exchange(args: &Eval, csharp: &CSharp) -> Result<Exchange, String> {
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
    };
    if let Some(path) = &args.context {
        let json = serde_json::from_str(&read(path)?).map_err(|error| format!("`{}`: {error}", path.display()))?;
        return of_json(&json, csharp);
    }
    if let Some(path) = &args.request {
        return of_http(&read(path)?, csharp).map_err(|error| format!("`{}`: {error}", path.display()));
    }
    of_json(&Value::Null, csharp)
}

/// A request as it stands in an `.http` file: `METHOD URL`, headers, an empty line, the body.
fn of_http(text: &str, csharp: &CSharp) -> Result<Exchange, String> {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut words = lines.next().unwrap_or("").split_whitespace();
    let method = words.next().ok_or("the first line is `METHOD URL`")?;
    let url = words.next().ok_or("the first line is `METHOD URL`")?;
    let mut headers = serde_json::Map::new();
    for line in lines {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`{line}` is no header; write `Name: value`"))?;
        let values = headers.entry(name.trim()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.trim().into());
        }
    }
    let url =
        if url.contains("://") { url.to_owned() } else { format!("https://localhost/{}", url.trim_start_matches('/')) };
    let mut request = serde_json::json!({ "method": method, "url": url, "headers": headers });
    if !body.trim().is_empty() {
        request["body"] = body.into();
    }
    of_json(&serde_json::json!({ "request": request }), csharp)
}

fn str_of<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn boxed(value: &Value, key: &str) -> Box<str> {
    str_of(value, key).unwrap_or("").into()
}

fn headers(value: Option<&Value>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, values) in value.and_then(Value::as_object).into_iter().flatten() {
        let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                map.append(name.clone(), value);
            }
        }
    }
    map
}

fn body(value: &Value) -> BodyCell {
    BodyCell::new(str_of(value, "body").map_or(Body::None, Body::text))
}

fn response(value: &Value) -> Response {
    let code = value.get("statusCode").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
    Response {
        status: StatusCode::from_u16(code).unwrap_or(StatusCode::OK),
        reason: str_of(value, "statusReason").map(Into::into),
        headers: headers(value.get("headers")),
        body: body(value),
    }
}

fn instant(text: Option<&str>, csharp: &CSharp) -> Result<Timestamp, String> {
    let Some(text) = text else { return Ok(Timestamp::default()) };
    match run(csharp, &format!("(DateTime.Parse({text:?}).ToUniversalTime() - new DateTime(1970, 1, 1)).Ticks"))? {
        Net::Long(ticks) => Ok(Timestamp(ticks.saturating_mul(100))),
        _ => Err(format!("`{text}` is no date")),
    }
}

/// Evaluates a C# expression that makes a value.
fn run(csharp: &CSharp, code: &str) -> Result<Net, String> {
    let program = csharp.engine().compile(code, Form::Expression, Want::Any).map_err(|errors| {
        errors.first().map_or_else(|| "does not compile".to_owned(), |error| format!("{code}: {}", error.message))
    })?;
    program.eval(&NoHost).map_err(|fault| format!("{code}: {}", fault.thrown))
}

fn groups(value: &Value) -> Vec<Arc<Group>> {
    let list = value.get("groups").and_then(Value::as_array);
    list.into_iter().flatten().map(|g| Arc::new(Group { id: boxed(g, "id"), name: boxed(g, "name") })).collect()
}

/// The exchange that a case's `context` describes.
///
/// # Errors
/// A sentence when a value in it cannot be made.
pub(super) fn of_json(context: &Value, csharp: &CSharp) -> Result<Exchange, String> {
    let mut service = Service::new("apimite");
    service.decisions.missing_variable_is_null = false;
    if let Some(deployment) = context.get("deployment") {
        service.region = boxed(deployment, "region");
        service.name = boxed(deployment, "serviceName");
        service.resource_id = boxed(deployment, "serviceId");
        service.gateway_id = boxed(deployment, "gatewayId");
    }
    let given = context.get("request").unwrap_or(&Value::Null);
    let url = str_of(given, "url").unwrap_or("https://localhost/");
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let original = match str_of(given, "originalUrl") {
        Some(text) => Url::parse(text).map_err(|error| error.to_string())?,
        None => url.clone(),
    };
    let method = Method::from_bytes(str_of(given, "method").unwrap_or("GET").as_bytes()).unwrap_or(Method::GET);
    let ip = str_of(given, "ipAddress").and_then(|ip| ip.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let target = context.get("api").and_then(|api| str_of(api, "serviceUrl")).and_then(|u| Target::parse(u, None).ok());
    let target = Arc::new(target.unwrap_or_else(|| Target::origin(&url)));
    let mut request = Request::new(method, original, target, url.path_and_query.clone(), ip);
    request.headers = headers(given.get("headers"));
    request.body = body(given);
    for (name, value) in given.get("matchedParameters").and_then(Value::as_object).into_iter().flatten() {
        request.matched.push((name.as_str().into(), value.as_str().unwrap_or("").into()));
    }
    let timestamp = match str_of(context, "timestamp") {
        Some(text) => instant(Some(text), csharp)?,
        None => TIMESTAMP,
    };
    let clock = Clock::manual(timestamp);
    let id =
        str_of(context, "requestId").unwrap_or(REQUEST_ID).parse().map_err(|_| "requestId is no GUID".to_owned())?;
    let mut exchange = Exchange::new(Arc::new(service), request, id, clock.clone());
    clock.advance(std::time::Duration::from_millis(context.get("elapsedMs").and_then(Value::as_u64).unwrap_or(0)));
    exchange.request.retarget(Arc::new(Target::origin(&url)));
    exchange.response = context.get("response").map(response);
    if context.get("tracing").and_then(Value::as_bool) == Some(true) {
        exchange.trace = Some(Box::new(apimite_trace::Trace::new("trace", "apimite", timestamp)));
    }
    model(context, csharp, &mut exchange)?;
    if let Some(error) = context.get("lastError") {
        exchange.last_error = Some(Box::new(LastError {
            source: boxed(error, "source"),
            reason: boxed(error, "reason"),
            message: boxed(error, "message"),
            scope: boxed(error, "scope"),
            section: boxed(error, "section"),
            path: boxed(error, "path"),
            policy_id: boxed(error, "policyId"),
            status: 500,
        }));
    }
    for (name, value) in context.get("variables").and_then(Value::as_object).into_iter().flatten() {
        let value = variable(value, csharp).map_err(|error| format!("variable `{name}`: {error}"))?;
        exchange.variables.set(&name.as_str().into(), value);
    }
    Ok(exchange)
}

fn model(context: &Value, csharp: &CSharp, exchange: &mut Exchange) -> Result<(), String> {
    if let Some(given) = context.get("api") {
        let mut api = Api::new(str_of(given, "id").unwrap_or(""), str_of(given, "path").unwrap_or(""), "");
        api.name = boxed(given, "name");
        api.revision = boxed(given, "revision");
        api.version = boxed(given, "version");
        api.service_url = boxed(given, "serviceUrl");
        api.is_current = given.get("isCurrentRevision").and_then(Value::as_bool).unwrap_or(true);
        let protocols: Vec<&str> =
            given.get("protocols").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        api.protocols = apimite_model::Protocols {
            http: protocols.contains(&"http"),
            https: protocols.contains(&"https"),
            ws: protocols.contains(&"ws"),
            wss: protocols.contains(&"wss"),
        };
        exchange.api = Some(Arc::new(api));
    }
    if let Some(given) = context.get("operation") {
        let mut operation = Operation::new(
            str_of(given, "id").unwrap_or(""),
            str_of(given, "method").unwrap_or("GET"),
            str_of(given, "urlTemplate").unwrap_or("/"),
        );
        operation.name = boxed(given, "name");
        exchange.operation = Some(Arc::new(operation));
    }
    if let Some(given) = context.get("product") {
        let mut product = Product::new(str_of(given, "id").unwrap_or(""));
        product.name = boxed(given, "name");
        product.approval_required = given.get("approvalRequired").and_then(Value::as_bool).unwrap_or(false);
        product.subscription_required = given.get("subscriptionRequired").and_then(Value::as_bool).unwrap_or(true);
        let limit = given.get("subscriptionsLimit").or(given.get("subscriptionLimit")).and_then(Value::as_i64);
        product.subscriptions_limit = limit.and_then(|limit| i32::try_from(limit).ok());
        if str_of(given, "state") == Some("NotPublished") {
            product.state = ProductState::NotPublished;
        }
        product.groups = groups(given);
        exchange.caller.product = Some(Arc::new(product));
    }
    if let Some(given) = context.get("subscription") {
        let mut subscription = Subscription::new(
            str_of(given, "id").unwrap_or(""),
            SubscriptionScope::AllApis,
            str_of(given, "primaryKey").unwrap_or(""),
            str_of(given, "secondaryKey").unwrap_or(""),
        );
        subscription.name = boxed(given, "name");
        subscription.created = instant(str_of(given, "createdDate"), csharp)?;
        if let Some(text) = str_of(given, "startDate") {
            subscription.start = Some(instant(Some(text), csharp)?);
        }
        if let Some(text) = str_of(given, "endDate") {
            subscription.end = Some(instant(Some(text), csharp)?);
        }
        let secondary = str_of(given, "key").is_some_and(|key| key != subscription.primary_key.reveal());
        let used = if secondary { KeyUsed::Secondary } else { KeyUsed::Primary };
        exchange.caller.subscription = Some((Arc::new(subscription), used));
    }
    if let Some(given) = context.get("user") {
        let identities = given.get("identities").and_then(Value::as_array).into_iter().flatten();
        exchange.caller.user = Some(Arc::new(User {
            id: boxed(given, "id"),
            email: boxed(given, "email"),
            first_name: boxed(given, "firstName"),
            last_name: boxed(given, "lastName"),
            note: boxed(given, "note"),
            groups: groups(given),
            identities: identities.map(|i| Identity { id: boxed(i, "id"), provider: boxed(i, "provider") }).collect(),
            registered: instant(str_of(given, "registrationDate"), csharp)?,
        }));
    }
    Ok(())
}

/// A variable's value: plain JSON, or `{"$type", "value"}`.
fn variable(value: &Value, csharp: &CSharp) -> Result<Net, String> {
    Ok(match value {
        Value::Null => Net::Null,
        Value::Bool(value) => Net::Bool(*value),
        Value::String(text) => Net::from(text.clone()),
        Value::Number(number) => match number.as_i64().and_then(|n| i32::try_from(n).ok()) {
            Some(int) => Net::Int(int),
            None => Net::Double(number.as_f64().unwrap_or(0.0)),
        },
        Value::Object(map) => {
            let inner = map.get("value").unwrap_or(&Value::Null);
            let text = inner.as_str().map_or_else(|| inner.to_string(), str::to_owned);
            let quoted = format!("@\"{}\"", text.replace('"', "\"\""));
            match map.get("$type").and_then(Value::as_str).unwrap_or("") {
                "long" => run(csharp, &format!("long.Parse({quoted})"))?,
                "decimal" => run(csharp, &format!("decimal.Parse({quoted})"))?,
                "double" => run(csharp, &format!("double.Parse({quoted})"))?,
                "char" => run(csharp, &format!("{quoted}[0]"))?,
                "byte[]" => run(csharp, &format!("Convert.FromBase64String({quoted})"))?,
                "Guid" => run(csharp, &format!("Guid.Parse({quoted})"))?,
                "DateTime" => run(csharp, &format!("DateTime.Parse({quoted}).ToUniversalTime()"))?,
                "DateTimeOffset" => run(csharp, &format!("DateTimeOffset.Parse({quoted})"))?,
                "TimeSpan" => run(csharp, &format!("TimeSpan.Parse({quoted})"))?,
                kind @ ("JObject" | "JArray" | "JToken") => run(csharp, &format!("{kind}.Parse({quoted})"))?,
                "Jwt" => run(csharp, &format!("{quoted}.AsJwt()"))?,
                "IResponse" => Net::object(ResponseObject::new(response(inner))),
                "string[]" => {
                    let items = inner.as_array().into_iter().flatten().filter_map(Value::as_str);
                    let list: Vec<String> = items.map(|text| format!("@\"{}\"", text.replace('"', "\"\""))).collect();
                    run(csharp, &format!("new string[] {{ {} }}", list.join(", ")))?
                }
                other => return Err(format!("`{other}` is no type of a variable")),
            }
        }
        Value::Array(_) => return Err("an array needs a `$type`".to_owned()),
    })
}
