//! `set-backend-service`: chooses the backend by URL or by entity.
//!
//! Known differences: Service Fabric attributes are accepted without effect; Dapr attributes build the sidecar's URL.
//!
//! Source: set-backend-service policy reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_model::{Backend, BackendKind, Service};
use apimite_policy::arg::TextArg;
use apimite_policy::compile::{Compile, backend_with_url};
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::{BackendInUse, Exchange};
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use apimite_policy::target::{Member, Target};

const FABRIC: &str = "Service Fabric does not exist on a laptop; the attribute is accepted and ignored";

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::BACKEND),
    attributes: &[
        Attr::new("base-url", Kind::Text),
        Attr::new("backend-id", Kind::Text),
        Attr::new("sf-resolve-condition", Kind::Bool).not_applicable(FABRIC),
        Attr::new("sf-service-instance-name", Kind::Text).not_applicable(FABRIC),
        Attr::new("sf-partition-key", Kind::Text).not_applicable(FABRIC),
        Attr::new("sf-replica-type", Kind::OneOf(&["primary", "secondary"])).not_applicable(FABRIC),
        Attr::new("sf-listener-name", Kind::Text).not_applicable(FABRIC),
        Attr::new("dapr-app-id", Kind::Text),
        Attr::new("dapr-method", Kind::Text),
        Attr::new("dapr-namespace", Kind::Text),
    ],
    ..PolicyDef::new("set-backend-service", "Chooses the backend by URL or by entity.", compile)
};

enum SetBackendService {
    /// A target known when the service was compiled.
    Known(Arc<Target>),
    Url(TextArg),
    Entity(TextArg),
    Dapr {
        app: TextArg,
        method: Option<TextArg>,
        namespace: Option<TextArg>,
    },
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let url = cx.optional_text(element, "base-url")?;
    let id = cx.optional_text(element, "backend-id")?;
    let at = element.name_span;
    let policy = match (url, id) {
        (Some(_), Some(_)) => {
            return Err(cx.refuse(
                at,
                "set_backend_service::both",
                "`base-url` and `backend-id` exclude each other",
                "keep one",
            ));
        }
        (None, None) => {
            return Err(cx.refuse(
                at,
                "set_backend_service::none",
                "`base-url` or `backend-id` is required",
                "add one of them",
            ));
        }
        (Some(url), None) => match url.as_literal().cloned() {
            Some(text) => match target_of_url(cx.service(), &text) {
                Ok(target) => SetBackendService::Known(target),
                Err(message) => {
                    let at = element.attr("base-url").map_or(at, apimite_document::Text::span);
                    return Err(cx.refuse(
                        at,
                        "set_backend_service::base_url",
                        message,
                        "use an absolute http or https URL",
                    ));
                }
            },
            None => SetBackendService::Url(url),
        },
        (None, Some(id)) => match id.as_literal().cloned() {
            Some(text) if text.eq_ignore_ascii_case("dapr") => {
                let Some(app) = cx.optional_text(element, "dapr-app-id")? else {
                    return Err(cx.refuse(
                        at,
                        "set_backend_service::dapr",
                        "`dapr-app-id` is required with Dapr",
                        "add it",
                    ));
                };
                let method = cx.optional_text(element, "dapr-method")?;
                SetBackendService::Dapr { app, method, namespace: cx.optional_text(element, "dapr-namespace")? }
            }
            Some(_) if cx.is_open() => SetBackendService::Entity(id),
            Some(text) => match target_of_entity(cx.service(), &text) {
                Ok(target) => SetBackendService::Known(target),
                Err(message) => {
                    let near = apimite_diag::nearest(&text, cx.service().backends.keys().map(|key| &**key));
                    let help =
                        near.map_or("add the backend to the service".to_owned(), |n| format!("did you mean `{n}`?"));
                    let at = element.attr("backend-id").map_or(at, apimite_document::Text::span);
                    return Err(cx.refuse(at, "set_backend_service::backend_id", message, &help));
                }
            },
            None => SetBackendService::Entity(id),
        },
    };
    Ok(StepKind::now(policy))
}

/// A target from a base URL; a backend entity with the same URL lends its settings.
pub(crate) fn target_of_url(service: &Service, url: &str) -> Result<Arc<Target>, String> {
    Target::parse(url, backend_with_url(service, url)).map(Arc::new).map_err(|error| error.to_string())
}

/// A target from a backend entity. A pool has no URL of its own: its first member lends one until `forward-request` chooses.
pub(crate) fn target_of_entity(service: &Service, id: &str) -> Result<Arc<Target>, String> {
    let backend = service.backends.get(id).ok_or_else(|| format!("Backend with id '{id}' could not be found"))?;
    let members = members(service, backend)?;
    let url = match (&backend.kind, members.first()) {
        (BackendKind::Single { url }, _) => url.to_string(),
        (BackendKind::Pool { .. }, Some(first)) => first.target.base().to_string(),
        (BackendKind::Pool { .. }, None) => return Err(format!("Backend '{id}' has no URL")),
    };
    let target = Target::parse(&url, Some(Arc::clone(backend))).map_err(|error| error.to_string())?;
    Ok(Arc::new(target.with_members(members)))
}

/// The members of a pool; pools inside pools are refused when the configuration is read.
fn members(service: &Service, backend: &Backend) -> Result<Vec<Member>, String> {
    let BackendKind::Pool { members, .. } = &backend.kind else { return Ok(Vec::new()) };
    let mut all = Vec::with_capacity(members.len());
    for member in members {
        let Some(entity) = service.backends.get(&member.id) else { continue };
        let BackendKind::Single { url } = &entity.kind else { continue };
        let target = Target::parse(url, Some(Arc::clone(entity))).map_err(|error| error.to_string())?;
        all.push(Member { target: Arc::new(target), weight: member.weight, priority: member.priority });
    }
    Ok(all)
}

impl Now for SetBackendService {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let fault = |message: String| Fault::internal(EXPRESSION_FAILED, message);
        let target = match self {
            Self::Known(target) => Arc::clone(target),
            Self::Url(arg) => target_of_url(&exchange.service, arg.get(exchange)?.trim()).map_err(fault)?,
            Self::Entity(arg) => target_of_entity(&exchange.service, arg.get(exchange)?.trim()).map_err(fault)?,
            Self::Dapr { app, method, namespace } => {
                let app = app.get(exchange)?;
                let namespace = namespace.as_ref().map(|arg| arg.get(exchange)).transpose()?;
                let method = method.as_ref().map(|arg| arg.get(exchange)).transpose()?;
                let suffix = namespace.map_or(String::new(), |n| format!(".{n}"));
                let base = format!(
                    "{}/v1.0/invoke/{app}{suffix}/method/{}",
                    exchange.service.dapr,
                    method.unwrap_or_default()
                );
                target_of_url(&exchange.service, &base).map_err(fault)?
            }
        };
        exchange.backend = target.backend.as_ref().map(|backend| BackendInUse {
            id: backend.id.clone(),
            pool: matches!(backend.kind, BackendKind::Pool { .. }),
            azure_region: backend.azure_region.clone(),
        });
        exchange.request.retarget(target);
        Ok(Flow::Next)
    }
}
