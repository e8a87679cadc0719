//! Sends messages to Service Bus and events to Event Hubs over HTTPS, for destinations that have a connection string.
//!
//! Source: Send Message and Send Event of the REST references; shared access signature page; message headers and properties page.

use std::sync::Arc;
use std::time::Duration;

use apimite_policy::body::Body;
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::fault::Fault;
use apimite_policy::sinks::{Bus, Kind, Sinks, deliver};
use apimite_policy::url::Url;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::message::encode_query;

/// How long a signature holds, in seconds.
const HOLDS: i64 = 3600;

/// Where in an event hub an event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    /// To the partition of this id.
    Id(String),
    /// To that of this key.
    Key(String),
}

/// A message on its way.
pub(crate) struct Outgoing<'a> {
    pub(crate) kind: Kind,
    /// Logger, queue or topic.
    pub(crate) to: &'a str,
    /// The namespace that a policy names.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) partition: Option<Partition>,
    /// The managed identity, by its client id, where the namespace lets identities in.
    pub(crate) client: &'a str,
    pub(crate) text: &'a str,
    pub(crate) properties: &'a Map<String, Value>,
}

/// Delivers to the local sink and, where a connection string is configured for the destination or for the namespace, to that
/// namespace. Never waits.
///
/// # Errors
/// A token could not be issued.
pub(crate) fn send(env: &Env, data: Map<String, Value>, outgoing: &Outgoing<'_>) -> Result<(), Fault> {
    deliver(env, outgoing.kind, outgoing.to, data);
    let sinks = env.shared.get_or_make(Sinks::default);
    let bus = sinks.bus(outgoing.to).or_else(|| sinks.bus(outgoing.namespace?));
    let Some(bus) = bus else { return Ok(()) };
    let call = call(env, &bus, outgoing)?;
    let own = env.clone();
    // What becomes of it is nobody's business: Azure sends these in the background too.
    (env.spawn)(Box::pin(async move { drop(own.client.send(call).await) }));
    Ok(())
}

/// A signature for a resource, until a second of Unix time.
fn signature(resource: &str, name: &str, key: &str, until: i64) -> String {
    let resource = encode_query(resource);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let sig = STANDARD.encode(hmac::sign(&key, format!("{resource}\n{until}").as_bytes()));
    format!("SharedAccessSignature sr={resource}&sig={}&se={until}&skn={}", encode_query(&sig), encode_query(name))
}

fn call(env: &Env, bus: &Arc<Bus>, outgoing: &Outgoing<'_>) -> Result<Call, Fault> {
    let entity = bus.entity.as_deref().unwrap_or(outgoing.to);
    let segments: Vec<String> = entity.split('/').map(encode_query).collect();
    let mut path = format!("/{}", segments.join("/"));
    let resource = format!("{}{path}", bus.base.to_string().trim_end_matches('/'));
    if let Some(Partition::Id(id)) = &outgoing.partition {
        path = format!("{path}/partitions/{}", encode_query(id));
    }
    path.push_str("/messages");
    let url: Url = match apimite_policy::url::path(&path) {
        Some(path) => bus.base.with_path_and_query(path),
        None => return Err(crate::data_source::failed(format!("`{entity}` is no name of an entity."))),
    };
    let authorization = match &bus.key {
        Some((name, key)) => signature(&resource, name, key.reveal(), env.clock.now().unix_seconds() + HOLDS),
        None => {
            let hubs = outgoing.kind == Kind::EventHub;
            let resource = if hubs { "https://eventhubs.azure.net" } else { "https://servicebus.azure.net" };
            format!("Bearer {}", crate::authentication_managed_identity::issue(env, resource, outgoing.client)?)
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(HOST, url.host_header());
    if let Ok(mut value) = HeaderValue::from_str(&authorization) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let kind = if outgoing.kind == Kind::EventHub {
        "application/atom+xml;type=entry;charset=utf-8"
    } else {
        "text/plain; charset=utf-8"
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, outgoing.text.len().into());
    if let Some(Partition::Key(key)) = &outgoing.partition
        && let Ok(value) = HeaderValue::from_str(&json!({ "PartitionKey": key }).to_string())
    {
        headers.insert("brokerproperties", value);
    }
    for (name, value) in outgoing.properties {
        // A property is a header whose text stands in quotes; one that no header can carry stays behind.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(&value.to_string()))
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    }
    let options = CallOptions { timeout: Duration::from_secs(30), ..CallOptions::default() };
    let body = Body::text(outgoing.text.to_owned());
    Ok(Call { method: Method::POST, url, headers, body, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_resource_and_its_end() {
        let signed = signature("https://ns.servicebus.windows.net/q", "send", "secret", 1_790_003_600);
        let wanted = "SharedAccessSignature sr=https%3A%2F%2Fns.servicebus.windows.net%2Fq&sig=wE%2Bdqqfz%2FBLoPj7ia9e%2FV6SrIOmc8UZUrLf5cPRfWeM%3D&se=1790003600&skn=send";
        assert_eq!(signed, wanted);
    }
}
