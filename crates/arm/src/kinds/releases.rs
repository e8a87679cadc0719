//! Releases: putting one makes its revision the current one.
//!
//! Source: ApiRelease operations of the management REST reference; revisions page: what was current stays as a revision of its
//! own number, and is called at `;rev=N`.

use std::sync::Arc;

use apimite_network::ResourceId;
use serde_json::{Value, json};

use super::apim::{APIS, show_api};
use super::{Kind, required, set, text};
use crate::cx::{Cx, Item};
use crate::error::{ArmError, Result};
use crate::state::Resource;
use crate::time::iso;

const RELEASES: &str = "Microsoft.ApiManagement/service/apis/releases";

/// The type.
pub const KINDS: &[Kind] = &[Kind { put, ..Kind::new(RELEASES) }];

fn put(cx: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    let mut kept = json!({ "properties": body.get("properties").cloned().unwrap_or_else(|| json!({})) });
    let now = iso(cx.world.now);
    set(&mut kept, "updatedDateTime", now.clone());
    if let Some(old) = &item.old {
        for name in ["apiId", "createdDateTime"] {
            set(&mut kept, name, old.property(name).cloned().unwrap_or_default());
        }
        return Ok(kept);
    }
    set(&mut kept, "createdDateTime", now);
    let named = required(&kept, "apiId")?.rsplit('/').next().unwrap_or_default().to_owned();
    let (base, revision) = named.split_once(";rev=").unwrap_or((&named, ""));
    let api = item.network_parent();
    let own = api.name().split(";rev=").next().unwrap_or_default().to_owned();
    if !base.eq_ignore_ascii_case(&own) {
        let text = format!("`{named}` is no revision of `{own}`: write `/apis/{own};rev=2`");
        return Err(ArmError::invalid("apiId", text));
    }
    let service = api.parent();
    if !revision.is_empty() {
        make_current(cx, &service, &own, revision)?;
    }
    set(&mut kept, "apiId", format!("{}/apis/{named}", service.as_str()));
    Ok(kept)
}

/// Exchanges the current revision of an API for another one.
fn make_current(cx: &mut Cx<'_>, service: &ResourceId, api: &str, revision: &str) -> Result<()> {
    let current = format!("{}/apis/{api}", service.as_str());
    let view = cx.view();
    let known = view.stored(&current).ok_or_else(|| ArmError::invalid("apiId", format!("there is no API `{api}`")))?;
    let shown = show_api(&view, &known);
    let number = text(&shown, "apiRevision").unwrap_or("1").to_owned();
    if number == revision {
        return Ok(());
    }
    let other = format!("{current};rev={revision}");
    let Some(next) = view.stored(&other) else {
        return Err(ArmError::invalid("apiId", format!("the API `{api}` has no revision {revision}")));
    };
    let below = |id: &str| -> Vec<Arc<Resource>> {
        view.stored_below(id).into_iter().filter(|one| one.kind != RELEASES).collect()
    };
    let (of_current, of_next) = (below(&current), below(&other));
    for id in of_current.iter().map(|one| &one.id).chain([&other]) {
        cx.state.remove(id);
        cx.forget_configured(id);
    }
    let mut place = |to: &str, from: &str, head: &Resource, rest: &[Arc<Resource>], number: &str, is_current: bool| {
        let mut body = head.body.clone();
        set(&mut body, "apiRevision", number);
        set(&mut body, "isCurrent", is_current);
        cx.state.put(to, APIS, body, cx.world.now);
        for one in rest {
            if let Some(path) = one.id.get(from.len()..) {
                cx.state.put(&format!("{to}{path}"), &one.kind, one.body.clone(), cx.world.now);
            }
        }
    };
    place(&current, &other, &next, &of_next, revision, true);
    place(&format!("{current};rev={number}"), &current, &known, &of_current, &number, false);
    Ok(())
}
