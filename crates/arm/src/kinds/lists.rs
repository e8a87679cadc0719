//! Lists that are seen from the other side: products of an API, subscriptions of a product or a user, groups of a user, all
//! policies, who includes a fragment.

use std::sync::Arc;

use apimite_network::ResourceId;
use serde_json::{Value, json};

use super::apim::target;
use super::{Action, Run, text};
use crate::cx::View;
use crate::error::Result;
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

const SERVICE: &str = "Microsoft.ApiManagement/service";
const APIS: &str = "Microsoft.ApiManagement/service/apis";
const PRODUCTS: &str = "Microsoft.ApiManagement/service/products";
const USERS: &str = "Microsoft.ApiManagement/service/users";
const GROUPS: &str = "Microsoft.ApiManagement/service/groups";
const SUBSCRIPTIONS: &str = "Microsoft.ApiManagement/service/subscriptions";
const FRAGMENTS: &str = "Microsoft.ApiManagement/service/policyFragments";

/// Reads.
pub const ACTIONS: &[Action] = &[
    Action { method: "GET", on: APIS, name: "products", run: Run::Look(products_of_api) },
    Action { method: "GET", on: PRODUCTS, name: "subscriptions", run: Run::Look(subscriptions_of_product) },
    Action { method: "GET", on: USERS, name: "subscriptions", run: Run::Look(subscriptions_of_user) },
    Action { method: "GET", on: USERS, name: "groups", run: Run::Look(groups_of_user) },
    Action { method: "GET", on: SERVICE, name: "allPolicies", run: Run::Look(all_policies) },
    Action { method: "POST", on: FRAGMENTS, name: "listReferences", run: Run::Look(references) },
];

/// Those of a type below a service that a question keeps, shown as their own lists show them.
fn those(
    view: &View<'_>,
    service: &ResourceId,
    kind: &'static str,
    request: &Request,
    keep: impl Fn(&Resource) -> bool,
) -> Result<Answer> {
    let kind = super::kind(kind)?;
    let all = view.stored_children(service.as_str(), kind.name);
    let shown = all.iter().filter(|one| keep(one)).map(|one| (kind.show)(view, one));
    Ok(Answer::json(200, crate::list::page(shown.collect(), request)?))
}

fn service(found: &Arc<Resource>) -> ResourceId {
    ResourceId::new(&found.id).parent()
}

fn products_of_api(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let api = target(view, below)?;
    let base = api.name.split(";rev=").next().unwrap_or_default();
    those(view, &service(&api), PRODUCTS, request, |product| {
        view.stored(&format!("{}/apis/{base}", product.id)).is_some()
    })
}

/// Does a member that is a path end like this? Whole ids and short ones are both in use.
fn ends(one: &Resource, member: &str, end: &str) -> bool {
    let own = one.property(member).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    own.ends_with(&end.to_ascii_lowercase())
}

fn subscriptions_of_product(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let product = target(view, below)?;
    let end = format!("/products/{}", product.name);
    those(view, &service(&product), SUBSCRIPTIONS, request, |one| ends(one, "scope", &end))
}

fn subscriptions_of_user(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let user = target(view, below)?;
    let end = format!("/users/{}", user.name);
    those(view, &service(&user), SUBSCRIPTIONS, request, |one| ends(one, "ownerId", &end))
}

fn groups_of_user(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let user = target(view, below)?;
    those(view, &service(&user), GROUPS, request, |group| {
        view.stored(&format!("{}/users/{}", group.id, user.name)).is_some()
    })
}

fn policies(view: &View<'_>, service: &str) -> impl Iterator<Item = Arc<Resource>> + use<> {
    view.stored_below(service).into_iter().filter(|one| one.kind.ends_with("/policies"))
}

fn all_policies(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let service = target(view, below)?;
    let shown = policies(view, &service.id).map(|one| {
        json!({
            "id": one.id, "name": one.name, "type": "Microsoft.ApiManagement/service/allPolicies",
            "properties": { "referencePolicyId": one.id, "complianceState": "Compliant" },
        })
    });
    Ok(Answer::json(200, crate::list::page(shown.collect(), request)?))
}

fn references(view: &View<'_>, below: &Below, request: &Request) -> Result<Answer> {
    let fragment = target(view, below)?;
    let wanted = [format!("fragment-id=\"{}\"", fragment.name), format!("fragment-id='{}'", fragment.name)];
    let service = service(&fragment);
    let of_fragments = view.stored_children(service.as_str(), FRAGMENTS);
    let all = policies(view, service.as_str()).chain(of_fragments);
    let using =
        all.filter(|one| text(&one.body, "value").is_some_and(|value| wanted.iter().any(|w| value.contains(w))));
    let shown = using.map(|one| json!({ "id": one.id, "name": one.name, "type": one.kind }));
    Ok(Answer::json(200, crate::list::page(shown.collect(), request)?))
}
