use apimite_clock::Timestamp;
use apimite_model::{Group, Identity, Product, ProductState, Subscription, SubscriptionScope, User};

use super::{tail, without_revision};
use crate::draft::{Link, Place, Placed};
use crate::problems::Sheet;
use crate::settings::STATES;
use crate::tree::table::Table;

/// Reads a product contract.
pub(crate) fn product(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Placed<Product> {
    let mut product = Product::new(id);
    if let Some(name) = table.text(sheet, "displayName") {
        product.name = name.into();
    }
    product.description = table.text(sheet, "description").unwrap_or_default().into();
    product.subscription_required = table.flag(sheet, "subscriptionRequired").unwrap_or(true);
    product.approval_required = table.flag(sheet, "approvalRequired").unwrap_or(false);
    product.subscriptions_limit =
        table.whole(sheet, "subscriptionsLimit", 0, 1_000_000).and_then(|limit| i32::try_from(limit).ok());
    let states = [("published", ProductState::Published), ("notPublished", ProductState::NotPublished)];
    // Source: product contract, `state`: not published unless given.
    product.state = table.word(sheet, "state", &states).unwrap_or(ProductState::NotPublished);
    Placed { value: product, at: Place::new(sheet.source, table.span()) }
}

/// Reads a subscription contract, and the user it belongs to. Keys are there only where a template writes them.
pub(crate) fn subscription(
    id: &str,
    mut table: Table<'_, '_>,
    sheet: &mut Sheet<'_>,
) -> Option<(Placed<Subscription>, Option<Link>)> {
    let at = Place::new(sheet.source, table.span());
    let scope = match table.text_at(sheet, "scope") {
        Some((text, span)) => {
            let scope = scope_of(&text);
            if scope.is_none() {
                let help = "write `/products/ID`, `/apis/ID` or `/apis`, with or without the resource id of the service before it";
                sheet.error("subscription::scope", span, format!("`{text}` is no scope of a subscription"), help);
            }
            scope?
        }
        // Older contracts name the product alone.
        None => match table.text(sheet, "productId") {
            Some(product) => SubscriptionScope::Product(tail(&product).into()),
            None if id == "master" => SubscriptionScope::Service,
            None => {
                sheet.error(
                    "subscription::scope",
                    at.span,
                    format!("the subscription `{id}` has no scope"),
                    "write `\"scope\": \"/products/ID\"`, `/apis/ID` or `/apis`",
                );
                return None;
            }
        },
    };
    let primary = table.text(sheet, "primaryKey").unwrap_or_default();
    let secondary = table.text(sheet, "secondaryKey").unwrap_or_default();
    let mut subscription = Subscription::new(id, scope, &primary, &secondary);
    if let Some(name) = table.text(sheet, "displayName") {
        subscription.name = name.into();
    }
    if let Some(state) = table.word(sheet, "state", &STATES) {
        subscription.state = state;
    }
    subscription.allow_tracing = table.flag(sheet, "allowTracing").unwrap_or(false);
    let mut date = |key| {
        let text = table.text(sheet, key)?;
        crate::iso::instant(&text).map(Timestamp::from_unix_millis)
    };
    subscription.created = date("createdDate").unwrap_or_default();
    subscription.start = date("startDate");
    subscription.end = date("endDate").or_else(|| date("expirationDate"));
    let owner = table.text_at(sheet, "ownerId").map(|(owner, span)| Link {
        from: id.into(),
        to: tail(&owner).into(),
        at: Place::new(sheet.source, span),
    });
    Some((Placed { value: subscription, at }, owner))
}

/// What a scope text opens. Source: subscription contract, `scope`.
fn scope_of(text: &str) -> Option<SubscriptionScope> {
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => Some(SubscriptionScope::Service),
        [.., last] if last.eq_ignore_ascii_case("apis") => Some(SubscriptionScope::AllApis),
        [.., kind, id] if kind.eq_ignore_ascii_case("products") => Some(SubscriptionScope::Product((*id).into())),
        [.., kind, id] if kind.eq_ignore_ascii_case("apis") => {
            Some(SubscriptionScope::Api(without_revision(id).into()))
        }
        [.., kind, _] if kind.eq_ignore_ascii_case("service") => Some(SubscriptionScope::Service),
        _ => None,
    }
}

/// Reads a group contract.
pub(crate) fn group(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Placed<Group> {
    let name = table.text(sheet, "displayName").map_or_else(|| id.into(), Into::into);
    Placed { value: Group { id: id.into(), name }, at: Place::new(sheet.source, table.span()) }
}

/// Reads a user contract.
pub(crate) fn user(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Placed<User> {
    let at = Place::new(sheet.source, table.span());
    let mut text = |key| table.text(sheet, key).unwrap_or_default().into();
    let (email, first_name, last_name, note) = (text("email"), text("firstName"), text("lastName"), text("note"));
    let registered = table.text(sheet, "registrationDate").and_then(|text| crate::iso::instant(&text));
    let mut identities = Vec::new();
    for node in table.get("identities").map_or(&[][..], |node| node.items()) {
        if let Some(mut identity) = Table::open(sheet, node, "identities") {
            let mut text = |key| identity.text(sheet, key).unwrap_or_default().into();
            identities.push(Identity { id: text("id"), provider: text("provider") });
        }
    }
    let user = User {
        id: id.into(),
        email,
        first_name,
        last_name,
        note,
        groups: Vec::new(),
        identities,
        registered: registered.map(Timestamp::from_unix_millis).unwrap_or_default(),
    };
    Placed { value: user, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_in_all_their_spellings() {
        let service = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/s";
        assert_eq!(scope_of("/apis"), Some(SubscriptionScope::AllApis));
        assert_eq!(scope_of(&format!("{service}/apis")), Some(SubscriptionScope::AllApis));
        assert_eq!(scope_of(&format!("{service}/products/p")), Some(SubscriptionScope::Product("p".into())));
        assert_eq!(scope_of("/apis/a;rev=2"), Some(SubscriptionScope::Api("a".into())));
        assert_eq!(scope_of(&format!("{service}/")), Some(SubscriptionScope::Service));
        assert_eq!(scope_of("products"), None);
    }
}
