//! `context` itself.

use apimite_dotnet::Thrown;
use apimite_expr::library::{TypeDef, interface, m, p, pt};
use apimite_expr::{Cx, Text, Type, Value};

use super::{headers, message, model};
use crate::exchange::Exchange;

/// The type of `context`.
pub static CONTEXT: TypeDef = interface("IProxyRequestContext")
    .host()
    .rows(&[&[
        p("IContextApi Api", |cx, _| Ok(model::api(cx.host::<Exchange>()?.api.as_ref(), true))),
        p("IBackend Backend", |cx, _| present(cx.host::<Exchange>()?.backend.is_some(), &model::BACKEND)),
        p("IDeployment Deployment", |_, _| Ok(Value::Host(Type::of(&model::DEPLOYMENT), 0))),
        p("TimeSpan Elapsed", |cx, _| {
            let exchange = cx.host::<Exchange>()?;
            let elapsed = exchange.clock.now().since(exchange.timestamp);
            Ok(Value::TimeSpan(i64::try_from(elapsed.as_nanos() / 100).unwrap_or(i64::MAX)))
        }),
        p("IGraphQL GraphQL", |cx, _| present(cx.host::<Exchange>()?.graphql.is_some(), &GRAPHQL)),
        p("ILastError LastError", |cx, _| present(cx.host::<Exchange>()?.last_error.is_some(), &LAST_ERROR)),
        p("IOperation Operation", |cx, _| present(cx.host::<Exchange>()?.operation.is_some(), &model::OPERATION)),
        p("IProduct Product", |cx, _| present(cx.host::<Exchange>()?.caller.product.is_some(), &model::PRODUCT)),
        p("IRequest Request", |_, _| Ok(Value::Host(Type::of(&message::REQUEST), 0))),
        p("Guid RequestId", |cx, _| Ok(Value::Guid(cx.host::<Exchange>()?.request_id.as_u128()))),
        p("IResponse Response", |cx, _| present(cx.host::<Exchange>()?.response.is_some(), &message::RESPONSE)),
        p("ISubscription Subscription", |cx, _| {
            present(cx.host::<Exchange>()?.caller.subscription.is_some(), &model::SUBSCRIPTION)
        }),
        p("DateTime Timestamp", |cx, _| Ok(super::date_time(cx.host::<Exchange>()?.timestamp))),
        p("bool Tracing", |cx, _| Ok(Value::Bool(cx.host::<Exchange>()?.trace.is_some()))),
        p("IUser User", |cx, _| present(cx.host::<Exchange>()?.caller.user.is_some(), &model::USER)),
        p("IReadOnlyDictionary<string, object> Variables", |_, _| Ok(Value::Host(Type::of(&headers::VARIABLES), 0))),
        p("IWorkspace Workspace", |cx, _| {
            let inside = cx.host::<Exchange>()?.api.as_ref().is_some_and(|api| api.workspace.is_some());
            present(inside, &model::WORKSPACE)
        }),
        m("void Trace(string message)", |cx, a| {
            let exchange = cx.host::<Exchange>()?;
            if exchange.trace.is_some() {
                exchange.traced.lock().push(a.str(1).map_or_else(String::new, |text| text.as_str().to_owned()));
            }
            Ok(Value::Null)
        })
        .impure(),
    ]])
    .def();

/// A singleton when it is there, else null.
fn present(there: bool, def: &'static TypeDef) -> Result<Value, Thrown> {
    Ok(if there { Value::Host(Type::of(def), 0) } else { Value::Null })
}

/// `context.LastError`
static LAST_ERROR: TypeDef = interface("ILastError")
    .host()
    .rows(&[&[
        pt("string Source", |cx, _| error(cx, |e| &e.source)),
        pt("string Reason", |cx, _| error(cx, |e| &e.reason)),
        pt("string Message", |cx, _| error(cx, |e| &e.message)),
        pt("string Scope", |cx, _| error(cx, |e| &e.scope)),
        pt("string Section", |cx, _| error(cx, |e| &e.section)),
        pt("string Path", |cx, _| error(cx, |e| &e.path)),
        pt("string PolicyId", |cx, _| error(cx, |e| &e.policy_id)),
        p("int HttpErrorCode", |cx, _| {
            Ok(Value::Int(cx.host::<Exchange>()?.last_error.as_ref().map_or(0, |e| i32::from(e.status))))
        }),
    ]])
    .def();

fn error<'h>(cx: &mut Cx<'h>, field: fn(&crate::fault::LastError) -> &str) -> Result<Text<'h>, Thrown> {
    Ok(cx.host::<Exchange>()?.last_error.as_deref().map(field).filter(|text| !text.is_empty()).into())
}

/// `context.GraphQL`
static GRAPHQL: TypeDef = interface("IGraphQL")
    .host()
    .rows(&[&[
        p("JToken Arguments", |cx, _| Ok(graphql(cx)?.map_or(Value::Null, |g| g.arguments.clone()))),
        p("JToken GraphQLArguments", |cx, _| Ok(graphql(cx)?.map_or(Value::Null, |g| g.arguments.clone()))),
        p("JToken Parent", |cx, _| Ok(graphql(cx)?.map_or(Value::Null, |g| g.parent.clone()))),
    ]])
    .def();

fn graphql<'h>(cx: &mut Cx<'h>) -> Result<Option<&'h crate::exchange::GraphQl>, Thrown> {
    Ok(cx.host::<Exchange>()?.graphql.as_deref())
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&CONTEXT, &LAST_ERROR, &GRAPHQL];
