//! `context.Request`, `context.Response` and what hangs on them.

use apimite_dotnet::Thrown;
use apimite_expr::library::core::collections::bytes_value;
use apimite_expr::library::{TypeDef, interface, p, pt};
use apimite_expr::{Cx, Type, Value};

use super::{body, headers, url};
use crate::exchange::Exchange;

/// Number of the request in host values that exist for both messages.
pub(super) const OF_REQUEST: u32 = 0;
/// Number of the response.
pub(super) const OF_RESPONSE: u32 = 1;

/// `context.Request`
pub(super) static REQUEST: TypeDef = interface("IRequest")
    .host()
    .rows(&[&[
        p("IMessageBody Body", |cx, _| {
            Ok(match cx.host::<Exchange>()?.request.body.is_none() {
                true => Value::Null,
                false => Value::Host(Type::of(&body::BODY), OF_REQUEST),
            })
        })
        .impure(),
        p("X509Certificate2 Certificate", |cx, _| match &cx.host::<Exchange>()?.request.certificate {
            Some(der) => certificate(cx, der),
            None => Ok(Value::Null),
        }),
        p("IFoundry Foundry", |_, _| Ok(Value::Host(Type::of(&FOUNDRY), 0))),
        p("IReadOnlyDictionary<string, string[]> Headers", |_, _| {
            Ok(Value::Host(Type::of(&headers::HEADERS), OF_REQUEST))
        }),
        pt("string IpAddress", |cx, _| {
            let ip = cx.host::<Exchange>()?.request.ip.to_canonical();
            Ok(apimite_expr::Str::from(ip.to_string()).into())
        }),
        p("IReadOnlyDictionary<string, string> MatchedParameters", |_, _| {
            Ok(Value::Host(Type::of(&headers::MATCHED), 0))
        }),
        pt("string Method", |cx, _| Ok(cx.host::<Exchange>()?.request.method.as_str().into())),
        p("IUrl OriginalUrl", |_, _| Ok(Value::Host(Type::of(&url::URL), url::ORIGINAL))),
        p("IUrl Url", |_, _| Ok(Value::Host(Type::of(&url::URL), url::CURRENT))),
        p("IPrivateEndpointConnection PrivateEndpointConnection", |cx, _| {
            Ok(match &cx.host::<Exchange>()?.request.private_endpoint {
                Some(_) => Value::Host(Type::of(&PRIVATE_ENDPOINT), 0),
                None => Value::Null,
            })
        }),
        p("IAzureVnetInfo AzureVnetInfo", |cx, _| {
            Ok(match &cx.host::<Exchange>()?.request.private_endpoint {
                Some(_) => Value::Host(Type::of(&VNET_INFO), 0),
                None => Value::Null,
            })
        }),
    ]])
    .def();

/// An `X509Certificate2` from DER.
pub(super) fn certificate(cx: &mut Cx<'_>, der: &[u8]) -> Result<Value, Thrown> {
    super::library_call::create(
        cx,
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
        &mut [bytes_value(der)],
    )
}

/// `context.Response`; kept responses are of the same type.
pub(super) static RESPONSE: TypeDef = interface("IResponse")
    .host()
    .rows(&[&[
        p("IMessageBody Body", |cx, a| super::stored::body_of(cx, a.get(0))).impure(),
        p("IReadOnlyDictionary<string, string[]> Headers", |cx, a| super::stored::headers_of(cx, a.get(0))),
        p("int StatusCode", |cx, a| super::stored::status_of(cx, a.get(0))),
        pt("string StatusReason", |cx, a| super::stored::reason_of(cx, a.get(0))),
    ]])
    .def();

/// `context.Request.PrivateEndpointConnection`
static PRIVATE_ENDPOINT: TypeDef = interface("IPrivateEndpointConnection")
    .host()
    .rows(&[&[
        pt("string Name", |cx, _| Ok(endpoint(cx.host()?).map(|e| &*e.name).into())),
        pt("string GroupId", |cx, _| Ok(endpoint(cx.host()?).map(|e| &*e.group_id).into())),
        pt("string MemberName", |cx, _| Ok(endpoint(cx.host()?).map(|e| &*e.member_name).into())),
    ]])
    .def();

fn endpoint(exchange: &Exchange) -> Option<&crate::exchange::PrivateEndpoint> {
    exchange.request.private_endpoint.as_deref()
}

/// `context.Request.AzureVnetInfo`, in Microsoft's toolkit only.
static VNET_INFO: TypeDef = interface("IAzureVnetInfo")
    .host()
    .unlisted()
    .rows(&[&[
        p("int VnetTrafficTag", |_, _| Ok(Value::Int(0))),
        p("int SubnetId", |_, _| Ok(Value::Int(0))),
        p("int PrivateLinkId", |cx, _| {
            let id = endpoint(cx.host()?).map_or(0, |e| e.link_id);
            Ok(Value::Int(i32::try_from(id).unwrap_or(i32::MAX)))
        }),
        p("string SnatVip", |_, _| Ok(Value::Null)),
    ]])
    .def();

/// `context.Request.Foundry`
static FOUNDRY: TypeDef = interface("IFoundry")
    .host()
    .rows(&[&[
        // The deployment is the path segment behind `deployments/`, as in `/openai/deployments/{id}/chat/completions`.
        pt("string Deployment", |cx, _| {
            let path = cx.host::<Exchange>()?.request.original_url.path();
            let id = path.split_once("/deployments/").map(|(_, rest)| rest.split('/').next().unwrap_or(""));
            Ok(id.into())
        }),
    ]])
    .def();

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&REQUEST, &RESPONSE, &PRIVATE_ENDPOINT, &VNET_INFO, &FOUNDRY];
