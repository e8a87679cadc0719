//! OpenID configuration: issuer and signing keys of an endpoint, kept for an hour.
//!
//! Source: validate-jwt policy reference: kept for 1 h; an unknown key or a failed fetch leads to another fetch at most every
//! 5 minutes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_policy::body::Body;
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::url::Url;
use http::header::{ACCEPT, HOST};
use http::{HeaderMap, HeaderValue, Method};
use parking_lot::Mutex;
use serde_json::Value;

use super::Failure;
use super::keys::{self, Key};

/// How long a configuration is used.
const KEEP: Duration = Duration::from_secs(3600);
/// Shortest time between two fetches for an unknown key or after a failure.
const AGAIN: Duration = Duration::from_secs(300);
/// Most endpoints that are remembered.
const MOST: usize = 256;
/// Longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What an endpoint says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    /// `issuer`.
    pub(crate) issuer: Option<String>,
    /// Keys of `jwks_uri`.
    pub(crate) keys: Vec<Key>,
}

#[derive(Clone)]
struct Entry {
    tried: Timestamp,
    /// What the last good fetch gave, and when.
    good: Option<(Timestamp, Arc<Metadata>)>,
    failed: Option<String>,
}

/// The configurations that all workers share.
#[derive(Default)]
struct Known(Mutex<HashMap<String, Entry>>);

/// The metadata of all endpoints; `again` asks for a new fetch because a key is not known.
///
/// # Errors
/// An endpoint that gave nothing, now and before.
pub(crate) async fn all(urls: &[String], env: &Env, again: bool) -> Result<Vec<Arc<Metadata>>, Failure> {
    let mut all = Vec::with_capacity(urls.len());
    for url in urls {
        all.push(one(url, env, again).await?);
    }
    Ok(all)
}

async fn one(url: &str, env: &Env, again: bool) -> Result<Arc<Metadata>, Failure> {
    let known = env.shared.get_or_make(Known::default);
    let now = env.clock.now();
    let entry = known.0.lock().get(url).cloned();
    let unavailable =
        |why: &str| Failure::invalid(format!("IDX20803: Unable to obtain configuration from: '{url}'. {why}"));
    if let Some(entry) = &entry {
        let waits = entry.tried + AGAIN > now;
        match &entry.good {
            Some((_, metadata)) if waits => return Ok(Arc::clone(metadata)),
            Some((fetched, metadata)) if !again && entry.failed.is_none() && *fetched + KEEP > now => {
                return Ok(Arc::clone(metadata));
            }
            None if waits => return Err(unavailable(entry.failed.as_deref().unwrap_or(""))),
            _ => {}
        }
    }
    let fetched = fetch(url, env).await;
    let mut map = known.0.lock();
    if map.len() >= MOST && !map.contains_key(url) {
        map.clear();
    }
    match fetched {
        Ok(metadata) => {
            let metadata = Arc::new(metadata);
            let good = Some((now, Arc::clone(&metadata)));
            map.insert(url.to_owned(), Entry { tried: now, good, failed: None });
            Ok(metadata)
        }
        // What was known before still serves.
        Err(why) => {
            let good = entry.and_then(|entry| entry.good);
            map.insert(url.to_owned(), Entry { tried: now, good: good.clone(), failed: Some(why.clone()) });
            good.map(|(_, metadata)| metadata).ok_or_else(|| unavailable(&why))
        }
    }
}

async fn fetch(url: &str, env: &Env) -> Result<Metadata, String> {
    let config = json(url, env).await?;
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let keys = json(text("jwks_uri").ok_or("It has no `jwks_uri`.")?, env).await?;
    let keys = keys.get("keys").and_then(Value::as_array).ok_or("The key set has no `keys`.")?;
    Ok(Metadata { issuer: text("issuer").map(str::to_owned), keys: keys.iter().filter_map(keys::of_jwk).collect() })
}

async fn json(url: &str, env: &Env) -> Result<Value, String> {
    let url = Url::parse(url.trim()).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, url.host_header());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let options = CallOptions { timeout: Duration::from_secs(20), ..CallOptions::default() };
    let call = Call { method: Method::GET, url, headers, body: Body::None, options };
    let response = env.client.send(call).await.map_err(|error| error.to_string())?;
    if !response.status.is_success() {
        return Err(format!("It answered with status {}.", response.status.as_u16()));
    }
    match env.clock.timeout(Duration::from_secs(20), response.body.buffer(LONGEST)).await {
        Some(outcome) => outcome.map_err(|error| error.to_string())?,
        None => return Err("It did not answer in time.".to_owned()),
    }
    let bytes = response.body.bytes().unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| "The answer is no JSON.".to_owned())
}
