//! The service's own things: API, operation, product, subscription, user, deployment.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_expr::library::core::collections::array_value;
use apimite_expr::library::{TypeDef, class, each, enumeration, interface, m, p, pt};
use apimite_expr::{Cx, Object, Str, Text, Type, Value};
use apimite_model::{Api, Group, Identity, Product, ProductState, Subscription, User};

use super::headers::{enumerate, missing};
use super::url;
use crate::exchange::{Exchange, KeyUsed};

fn text(text: &str) -> Value {
    Value::Str(Str::new(text))
}

/// An API: `context.Api`, or an element of `context.Product.Apis`.
struct ApiObject(Arc<Api>, bool);

impl Object for ApiObject {
    fn type_of(&self) -> Type {
        Type::of(if self.1 { &CONTEXT_API } else { &API })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The value of an API; `current` is `context.Api`.
pub(super) fn api(api: Option<&Arc<Api>>, current: bool) -> Value {
    match api {
        Some(_) if current => Value::Host(Type::of(&CONTEXT_API), 0),
        Some(api) => Value::object(ApiObject(Arc::clone(api), false)),
        None => Value::Null,
    }
}

fn with_api<T>(cx: &Cx<'_>, value: &Value, read: impl FnOnce(&Api) -> T) -> Result<Option<T>, Thrown> {
    if let Some(object) = value.downcast::<ApiObject>() {
        return Ok(Some(read(&object.0)));
    }
    Ok(cx.host::<Exchange>()?.api.as_deref().map(read))
}

fn api_text(cx: &Cx<'_>, value: &Value, read: impl FnOnce(&Api) -> &str) -> Result<Value, Thrown> {
    Ok(with_api(cx, value, |api| text(read(api)))?.unwrap_or_default())
}

/// `IApi`
static API: TypeDef = interface("IApi")
    .host()
    .rows(&[&[
        p("string Id", |cx, a| api_text(cx, a.get(0), |api| &api.id)),
        p("string Name", |cx, a| api_text(cx, a.get(0), |api| &api.name)),
        p("string Path", |cx, a| api_text(cx, a.get(0), |api| &api.path)),
        p("IEnumerable<string> Protocols", |cx, a| {
            let protocols = with_api(cx, a.get(0), |api| api.protocols)?;
            let names = protocols.map_or_else(Vec::new, |p| {
                [("http", p.http), ("https", p.https), ("ws", p.ws), ("wss", p.wss)]
                    .into_iter()
                    .filter(|(_, on)| *on)
                    .map(|(name, _)| text(name))
                    .collect()
            });
            Ok(array_value(Type::string(), names))
        }),
        p("IUrl ServiceUrl", |_, _| Ok(Value::Host(Type::of(&url::URL), url::SERVICE))),
        p("ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", |_, _| {
            Ok(Value::Host(Type::of(&KEY_NAMES), 0))
        }),
    ]])
    .def();

/// `IContextApi`
static CONTEXT_API: TypeDef = interface("IContextApi")
    .host()
    .implements("IApi")
    .rows(&[&[
        p("string Id", |cx, a| api_text(cx, a.get(0), |api| &api.id)),
        p("string Name", |cx, a| api_text(cx, a.get(0), |api| &api.name)),
        p("string Path", |cx, a| api_text(cx, a.get(0), |api| &api.path)),
        p("bool IsCurrentRevision", |cx, a| {
            Ok(Value::Bool(with_api(cx, a.get(0), |api| api.is_current)?.unwrap_or(false)))
        }),
        p("string Revision", |cx, a| api_text(cx, a.get(0), |api| &api.revision)),
        p("string Version", |cx, a| api_text(cx, a.get(0), |api| &api.version)),
    ]])
    .def();

static KEY_NAMES: TypeDef = interface("ISubscriptionKeyParameterNames")
    .host()
    .rows(&[&[
        p("string Header", |cx, a| api_text(cx, a.get(0), |api| &api.key_names.header)),
        p("string Query", |cx, a| api_text(cx, a.get(0), |api| &api.key_names.query)),
    ]])
    .def();

/// `IBackend`
pub(super) static BACKEND: TypeDef = interface("IBackend")
    .host()
    .rows(&[&[
        pt("string AzureRegion", |cx, _| Ok(backend(cx)?.and_then(|b| b.azure_region.as_deref()).into())),
        pt("string Id", |cx, _| Ok(backend(cx)?.map(|b| &*b.id).into())),
        pt("string Type", |cx, _| Ok(backend(cx)?.map(|b| if b.pool { "Pool" } else { "Single" }).into())),
    ]])
    .def();

fn backend<'h>(cx: &Cx<'h>) -> Result<Option<&'h crate::exchange::BackendInUse>, Thrown> {
    Ok(cx.host::<Exchange>()?.backend.as_ref())
}

/// `IDeployment`
pub(super) static DEPLOYMENT: TypeDef = interface("IDeployment")
    .host()
    .rows(&[&[
        p("IGateway Gateway", |_, _| Ok(Value::Host(Type::of(&GATEWAY), 0))),
        pt("string GatewayId", |cx, _| Ok((&*cx.host::<Exchange>()?.service.gateway_id).into())),
        pt("string Region", |cx, _| Ok((&*cx.host::<Exchange>()?.service.region).into())),
        pt("string ServiceId", |cx, _| Ok((&*cx.host::<Exchange>()?.service.resource_id).into())),
        pt("string ServiceName", |cx, _| Ok((&*cx.host::<Exchange>()?.service.name).into())),
        p("ISustainabilityInfo SustainabilityInfo", |_, _| Ok(Value::Host(Type::of(&SUSTAINABILITY), 0))),
        p("IReadOnlyDictionary<string, X509Certificate2> Certificates", |_, _| {
            Ok(Value::Host(Type::of(&CERTIFICATES), 0))
        }),
    ]])
    .def();

static GATEWAY: TypeDef = interface("IGateway")
    .host()
    .rows(&[&[
        pt("string Id", |cx, _| Ok((&*cx.host::<Exchange>()?.service.gateway_id).into())),
        pt("string InstanceId", |cx, _| Ok((&*cx.host::<Exchange>()?.service.gateway_id).into())),
        p("bool IsManaged", |cx, _| Ok(Value::Bool(&*cx.host::<Exchange>()?.service.gateway_id == "managed"))),
    ]])
    .def();

static SUSTAINABILITY: TypeDef = interface("ISustainabilityInfo")
    .host()
    .rows(&[&[p("CarbonIntensity CurrentCarbonIntensity", |_, _| Ok(Value::Enum(Type::of(&CARBON), 0)))]])
    .def();

static CARBON: TypeDef = enumeration(
    "CarbonIntensity",
    &[("NotAvailable", 0), ("VeryLow", 1), ("Low", 2), ("Medium", 3), ("High", 4), ("VeryHigh", 5)],
)
.host()
.def();

/// `context.Deployment.Certificates`, by thumbprint.
static CERTIFICATES: TypeDef = class("Certificates")
    .host()
    .implements("IReadOnlyDictionary<string, X509Certificate2>")
    .rows(&[&[
        p("X509Certificate2 this[string key]", |cx, a| {
            let name = a.need_str(1, "key")?.clone();
            find_certificate(cx, &name)?.ok_or_else(|| missing(&name))
        }),
        m("bool ContainsKey(string key)", |cx, a| {
            let name = a.need_str(1, "key")?.clone();
            Ok(Value::Bool(find_certificate(cx, &name)?.is_some()))
        }),
        m("bool TryGetValue(string key, out X509Certificate2 value)", |cx, mut a| {
            let name = a.need_str(1, "key")?.clone();
            let found = find_certificate(cx, &name)?;
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |cx, _| {
            Ok(Value::Int(i32::try_from(cx.host::<Exchange>()?.service.certificates.len()).unwrap_or(i32::MAX)))
        }),
        p("IEnumerable<string> Keys", |cx, _| {
            let all = cx.host::<Exchange>()?.service.certificates.values();
            Ok(array_value(Type::string(), all.map(|certificate| text(&certificate.thumbprint)).collect()))
        }),
        p("IEnumerable<X509Certificate2> Values", |cx, _| {
            let pairs = certificate_pairs(cx)?;
            let of = cx.registry().read_type("X509Certificate2");
            Ok(array_value(of, pairs.into_iter().map(|(_, value)| value).collect()))
        }),
        each("IEnumerator<KeyValuePair<string, X509Certificate2>> GetEnumerator()", |cx, _| {
            let pairs = certificate_pairs(cx)?;
            Ok(enumerate(Type::string(), cx.registry().read_type("X509Certificate2"), pairs))
        }),
    ]])
    .def();

fn certificate_pairs(cx: &mut Cx<'_>) -> Result<Vec<(Value, Value)>, Thrown> {
    let all = cx.host::<Exchange>()?.service.certificates.values();
    all.map(|c| Ok((text(&c.thumbprint), super::message::certificate(cx, &c.der)?))).collect()
}

fn find_certificate(cx: &mut Cx<'_>, key: &str) -> Result<Option<Value>, Thrown> {
    let mut all = cx.host::<Exchange>()?.service.certificates.values();
    match all.find(|c| c.thumbprint.eq_ignore_ascii_case(key) || *c.id == *key) {
        Some(found) => super::message::certificate(cx, &found.der).map(Some),
        None => Ok(None),
    }
}

/// `IOperation`
pub(super) static OPERATION: TypeDef = interface("IOperation")
    .host()
    .rows(&[&[
        pt("string Id", |cx, _| operation(cx, |op| &op.id)),
        pt("string Method", |cx, _| operation(cx, |op| &op.method)),
        pt("string Name", |cx, _| operation(cx, |op| &op.name)),
        pt("string UrlTemplate", |cx, _| operation(cx, |op| &op.url_template)),
    ]])
    .def();

fn operation<'h>(cx: &Cx<'h>, read: fn(&apimite_model::Operation) -> &str) -> Result<Text<'h>, Thrown> {
    Ok(cx.host::<Exchange>()?.operation.as_deref().map(read).into())
}

/// `IProduct`
pub(super) static PRODUCT: TypeDef = interface("IProduct")
    .host()
    .rows(&[&[
        p("IEnumerable<IApi> Apis", |cx, _| {
            let exchange = cx.host::<Exchange>()?;
            let ids = product(cx)?.map_or(&[][..], |product| &product.apis);
            let apis = exchange.service.apis.iter().filter(|api| api.is_current && ids.contains(&api.id));
            Ok(array_value(Type::of(&API), apis.map(|one| api(Some(one), false)).collect()))
        }),
        p("bool ApprovalRequired", |cx, _| Ok(Value::Bool(product(cx)?.is_some_and(|p| p.approval_required)))),
        p("IEnumerable<IGroup> Groups", |cx, _| Ok(groups(product(cx)?.map_or(&[], |p| &p.groups)))),
        pt("string Id", |cx, _| Ok(product(cx)?.map(|p| &*p.id).into())),
        pt("string Name", |cx, _| Ok(product(cx)?.map(|p| &*p.name).into())),
        p("ProductState State", |cx, _| {
            let published = product(cx)?.is_some_and(|p| p.state == ProductState::Published);
            Ok(Value::Enum(Type::of(&PRODUCT_STATE), i64::from(published)))
        }),
        p("int? SubscriptionLimit", |cx, _| Ok(product(cx)?.and_then(|p| p.subscriptions_limit).into())),
        p("int? SubscriptionsLimit", |cx, _| Ok(product(cx)?.and_then(|p| p.subscriptions_limit).into())),
        p("bool SubscriptionRequired", |cx, _| Ok(Value::Bool(product(cx)?.is_some_and(|p| p.subscription_required)))),
    ]])
    .def();

static PRODUCT_STATE: TypeDef = enumeration("ProductState", &[("NotPublished", 0), ("Published", 1)]).host().def();

fn product<'h>(cx: &Cx<'h>) -> Result<Option<&'h Product>, Thrown> {
    Ok(cx.host::<Exchange>()?.caller.product.as_deref())
}

struct GroupObject(Arc<Group>);

impl Object for GroupObject {
    fn type_of(&self) -> Type {
        Type::of(&GROUP)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn groups(groups: &[Arc<Group>]) -> Value {
    array_value(Type::of(&GROUP), groups.iter().map(|group| Value::object(GroupObject(Arc::clone(group)))).collect())
}

static GROUP: TypeDef = interface("IGroup")
    .host()
    .rows(&[&[
        p("string Id", |_, a| Ok(text(&a.obj::<GroupObject>(0)?.0.id))),
        p("string Name", |_, a| Ok(text(&a.obj::<GroupObject>(0)?.0.name))),
    ]])
    .def();

/// `ISubscription`
pub(super) static SUBSCRIPTION: TypeDef = interface("ISubscription")
    .host()
    .rows(&[&[
        p("DateTime CreatedDate", |cx, _| {
            Ok(subscription(cx)?.map_or(Value::Null, |(s, _)| super::date_time(s.created)))
        }),
        p("DateTime CreatedTime", |cx, _| {
            Ok(subscription(cx)?.map_or(Value::Null, |(s, _)| super::date_time(s.created)))
        }),
        p("DateTime? EndDate", |cx, _| {
            Ok(subscription(cx)?.and_then(|(s, _)| s.end).map(super::date_time).unwrap_or_default())
        }),
        p("DateTime? StartDate", |cx, _| {
            Ok(subscription(cx)?.and_then(|(s, _)| s.start).map(super::date_time).unwrap_or_default())
        }),
        pt("string Id", |cx, _| Ok(subscription(cx)?.map(|(s, _)| &*s.id).into())),
        pt("string Key", |cx, _| {
            Ok(subscription(cx)?
                .map(|(s, used)| match used {
                    KeyUsed::Primary => s.primary_key.reveal(),
                    KeyUsed::Secondary => s.secondary_key.reveal(),
                })
                .into())
        }),
        pt("string Name", |cx, _| Ok(subscription(cx)?.map(|(s, _)| &*s.name).into())),
        pt("string PrimaryKey", |cx, _| Ok(subscription(cx)?.map(|(s, _)| s.primary_key.reveal()).into())),
        pt("string SecondaryKey", |cx, _| Ok(subscription(cx)?.map(|(s, _)| s.secondary_key.reveal()).into())),
    ]])
    .def();

fn subscription<'h>(cx: &Cx<'h>) -> Result<Option<(&'h Subscription, KeyUsed)>, Thrown> {
    Ok(cx.host::<Exchange>()?.caller.subscription.as_ref().map(|(subscription, used)| (&**subscription, *used)))
}

/// `IUser`
pub(super) static USER: TypeDef = interface("IUser")
    .host()
    .rows(&[&[
        pt("string Email", |cx, _| Ok(user(cx)?.map(|u| &*u.email).into())),
        pt("string FirstName", |cx, _| Ok(user(cx)?.map(|u| &*u.first_name).into())),
        p("IEnumerable<IGroup> Groups", |cx, _| Ok(groups(user(cx)?.map_or(&[], |u| &u.groups)))),
        pt("string Id", |cx, _| Ok(user(cx)?.map(|u| &*u.id).into())),
        p("IEnumerable<IUserIdentity> Identities", |cx, _| {
            let all = user(cx)?.map_or(&[][..], |u| &u.identities).iter();
            Ok(array_value(Type::of(&IDENTITY), all.map(|i| Value::object(IdentityObject(i.clone()))).collect()))
        }),
        pt("string LastName", |cx, _| Ok(user(cx)?.map(|u| &*u.last_name).into())),
        pt("string Note", |cx, _| Ok(user(cx)?.map(|u| &*u.note).into())),
        p("DateTime RegistrationDate", |cx, _| Ok(user(cx)?.map_or(Value::Null, |u| super::date_time(u.registered)))),
    ]])
    .def();

fn user<'h>(cx: &Cx<'h>) -> Result<Option<&'h User>, Thrown> {
    Ok(cx.host::<Exchange>()?.caller.user.as_deref())
}

struct IdentityObject(Identity);

impl Object for IdentityObject {
    fn type_of(&self) -> Type {
        Type::of(&IDENTITY)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static IDENTITY: TypeDef = interface("IUserIdentity")
    .host()
    .rows(&[&[
        p("string Id", |_, a| Ok(text(&a.obj::<IdentityObject>(0)?.0.id))),
        p("string Provider", |_, a| Ok(text(&a.obj::<IdentityObject>(0)?.0.provider))),
    ]])
    .def();

/// `IWorkspace`
pub(super) static WORKSPACE: TypeDef = interface("IWorkspace")
    .host()
    .rows(&[&[
        pt("string Id", |cx, _| Ok(workspace(cx)?.map(|w| &*w.id).into())),
        pt("string Name", |cx, _| Ok(workspace(cx)?.map(|w| &*w.name).into())),
    ]])
    .def();

fn workspace<'h>(cx: &Cx<'h>) -> Result<Option<&'h apimite_model::Workspace>, Thrown> {
    let exchange = cx.host::<Exchange>()?;
    let id = exchange.api.as_ref().and_then(|api| api.workspace.as_deref());
    Ok(id.and_then(|id| exchange.service.workspaces.get(id)))
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[
    &API,
    &CONTEXT_API,
    &KEY_NAMES,
    &BACKEND,
    &DEPLOYMENT,
    &GATEWAY,
    &SUSTAINABILITY,
    &CARBON,
    &CERTIFICATES,
    &OPERATION,
    &PRODUCT,
    &PRODUCT_STATE,
    &GROUP,
    &SUBSCRIPTION,
    &USER,
    &IDENTITY,
    &WORKSPACE,
];
