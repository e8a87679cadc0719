//! Types that a template or a script puts beside the gateway's own: kept, listed, changed and deleted as they come, without an
//! effect on the gateway. Secrets of theirs are told by `listSecrets` alone.

use serde_json::{Value, json};

use super::{Action, Kind, Run};
use crate::cx::View;
use crate::error::Result;
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

const SERVERS: &str = "Microsoft.ApiManagement/service/authorizationServers";
const IDENTITIES: &str = "Microsoft.ApiManagement/service/identityProviders";
const OPENID: &str = "Microsoft.ApiManagement/service/openidConnectProviders";

/// Members that are not shown.
///
/// Source: contracts of the three types: written, and read by `listSecrets` only.
const SECRETS: [&str; 3] = ["clientSecret", "resourceOwnerUsername", "resourceOwnerPassword"];

/// A type with secrets.
const fn secretive(name: &'static str) -> Kind {
    Kind { show, ..Kind::new(name) }
}

/// A question for membership.
const fn member(name: &'static str) -> Kind {
    Kind { there: 204, ..Kind::new(name) }
}

/// Types.
pub const KINDS: &[Kind] = &[
    secretive(SERVERS),
    secretive(IDENTITIES),
    secretive(OPENID),
    Kind::new("Microsoft.ApiManagement/service/apis/issues"),
    Kind::new("Microsoft.ApiManagement/service/apis/issues/attachments"),
    Kind::new("Microsoft.ApiManagement/service/apis/issues/comments"),
    Kind::new("Microsoft.ApiManagement/service/apis/wikis"),
    Kind::new("Microsoft.ApiManagement/service/caches"),
    Kind::new("Microsoft.ApiManagement/service/contentTypes"),
    Kind::new("Microsoft.ApiManagement/service/contentTypes/contentItems"),
    Kind::new("Microsoft.ApiManagement/service/documentations"),
    Kind::new("Microsoft.ApiManagement/service/notifications"),
    member("Microsoft.ApiManagement/service/notifications/recipientEmails"),
    member("Microsoft.ApiManagement/service/notifications/recipientUsers"),
    Kind::new("Microsoft.ApiManagement/service/policyRestrictions"),
    Kind::new("Microsoft.ApiManagement/service/products/wikis"),
    Kind::new("Microsoft.ApiManagement/service/tags/apiLinks"),
    Kind::new("Microsoft.ApiManagement/service/tags/operationLinks"),
    Kind::new("Microsoft.ApiManagement/service/tags/productLinks"),
    Kind::new("Microsoft.ApiManagement/service/templates"),
];

/// Actions.
pub const ACTIONS: &[Action] = &[
    Action { method: "POST", on: SERVERS, name: "listSecrets", run: Run::Look(list_secrets) },
    Action { method: "POST", on: IDENTITIES, name: "listSecrets", run: Run::Look(list_secrets) },
    Action { method: "POST", on: OPENID, name: "listSecrets", run: Run::Look(list_secrets) },
];

fn show(view: &View<'_>, resource: &Resource) -> Value {
    let mut shown = view.envelope(resource);
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !SECRETS.contains(&name.as_str()));
    }
    shown
}

fn list_secrets(view: &View<'_>, below: &Below, _: &Request) -> Result<Answer> {
    let found = super::apim::target(view, below)?;
    let known = SECRETS.iter().filter_map(|name| Some(((*name).to_owned(), found.property(name)?.clone())));
    let mut answer: serde_json::Map<String, Value> = known.collect();
    answer.entry("clientSecret").or_insert(Value::Null);
    Ok(Answer::json(200, json!(answer)))
}
