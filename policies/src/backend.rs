//! What a backend entity adds to a call: credentials, circuit breaker, choice in a pool.

mod breaker;
mod health;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use apimite_model::Backend;
use apimite_policy::body::Body;
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, Fault, TIMEOUT};
use apimite_policy::target::Target;
use apimite_policy::url::{self, Url};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

pub(crate) use self::breaker::{Outcome, retry_after};
pub(crate) use self::health::Health;
pub(crate) use self::pool::{choose, note};
use crate::authentication_managed_identity::issue;
use crate::forward_request::fault_of;
use crate::message::encode_query;
use crate::set_backend_service::target_of_entity;
use crate::token_issuer::SYSTEM_IDENTITY;

/// Adds the credentials of a backend entity to a call: a token of its managed identity, headers, `Authorization`, parameters of
/// the query. Where several set `Authorization`, the later of these wins.
///
/// # Errors
/// A fault when the token cannot be had.
pub(crate) fn credentials(backend: &Backend, env: &Env, headers: &mut HeaderMap, url: &mut Url) -> Result<(), Fault> {
    if let Some((resource, client)) = &backend.credentials.managed_identity {
        let token = issue(env, resource, client.as_deref().unwrap_or(SYSTEM_IDENTITY))?;
        if let Some(value) = secret(&format!("Bearer {token}")) {
            headers.insert(AUTHORIZATION, value);
        }
    }
    for (name, values) in &backend.credentials.headers {
        let Ok(name) = HeaderName::try_from(&**name) else { continue };
        headers.remove(&name);
        for value in values {
            if let Some(value) = secret(value.reveal()) {
                headers.append(name.clone(), value);
            }
        }
    }
    if let Some((scheme, parameter)) = &backend.credentials.authorization
        && let Some(value) = secret(&format!("{scheme} {}", parameter.reveal()))
    {
        headers.insert(AUTHORIZATION, value);
    }
    if backend.credentials.query.is_empty() {
        return Ok(());
    }
    let mut text = url.path_and_query.as_str().to_owned();
    for (name, values) in &backend.credentials.query {
        for value in values {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str(&encode_query(name));
            text.push('=');
            text.push_str(&encode_query(value.reveal()));
        }
    }
    if let Some(path) = url::path(&text) {
        url.path_and_query = path;
    }
    Ok(())
}

/// How long a service that a policy asks may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls of a policy to a service behind a backend entity, such as embeddings or content safety.
pub(crate) struct Service {
    target: Arc<Target>,
    headers: HeaderMap,
    options: CallOptions,
}

impl Service {
    /// The service behind an entity; `headers` are those that the policy itself wants to send.
    ///
    /// # Errors
    /// A fault when there is no such entity.
    pub(crate) fn of(exchange: &Exchange, id: &str, headers: HeaderMap) -> Result<Self, Fault> {
        let target = target_of_entity(&exchange.service, id)
            .map_err(|message| Fault::internal(BACKEND_CONNECTION_FAILURE, message))?;
        let mut options = match &target.backend {
            Some(backend) => exchange.call_options_of(backend),
            None => CallOptions::default(),
        };
        options.timeout = PATIENCE;
        Ok(Self { target, headers, options })
    }

    /// Posts JSON to a path behind the entity's URL (empty: to the URL itself; `?…`: with this query) and reads the answer.
    ///
    /// # Errors
    /// A fault when there is no answer; a status is none.
    pub(crate) async fn post(&self, env: &Env, path: &str, json: &serde_json::Value) -> Result<Response, Fault> {
        let base = self.target.base();
        let mut url = match path {
            "" => base.clone(),
            query if query.starts_with('?') => match url::path(&format!("{}{query}", base.path())) {
                Some(path) => base.with_path_and_query(path),
                None => base.clone(),
            },
            path => {
                let path = PathAndQuery::try_from(path)
                    .map_err(|error| Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string()))?;
                self.target.url(&path)
            }
        };
        let mut headers = self.headers.clone();
        headers.insert(HOST, self.target.host().clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(backend) = &self.target.backend {
            credentials(backend, env, &mut headers, &mut url)?;
        }
        let body = json.to_string();
        headers.insert(CONTENT_LENGTH, body.len().into());
        let options = self.options.clone();
        let call = Call { method: Method::POST, url, headers, body: Body::text(body), options };
        let response = env.client.send(call).await.map_err(fault_of)?;
        let read = env.clock.timeout(PATIENCE, response.body.buffer(env.buffer_limit)).await;
        match read {
            None => Err(Fault::internal(TIMEOUT, "Request to the backend service timed out")),
            Some(Err(error)) => Err(Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string())),
            Some(Ok(())) => Ok(response),
        }
    }

    /// The URL that calls go to.
    pub(crate) fn base(&self) -> &Url {
        self.target.base()
    }
}

/// A header value that logs do not show.
pub(crate) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
