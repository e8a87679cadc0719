use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::{Secret, User};

/// A subscription: two keys that open one scope.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// What its keys open.
    pub scope: SubscriptionScope,
    /// Only `Active` admits.
    pub state: SubscriptionState,
    /// Primary key.
    pub primary_key: Secret,
    /// Secondary key.
    pub secondary_key: Secret,
    /// When it was made.
    pub created: Timestamp,
    /// Start date, informational, but the anchor of quota periods.
    pub start: Option<Timestamp>,
    /// End date, informational: a passed date does not block.
    pub end: Option<Timestamp>,
    /// Owner.
    pub owner: Option<Arc<User>>,
    /// May its keys ask for traces?
    pub allow_tracing: bool,
}

impl Subscription {
    /// An active subscription with these keys.
    pub fn new(id: &str, scope: SubscriptionScope, primary: &str, secondary: &str) -> Self {
        Self {
            id: id.into(),
            name: id.into(),
            scope,
            state: SubscriptionState::Active,
            primary_key: Secret::new(primary),
            secondary_key: Secret::new(secondary),
            created: Timestamp::default(),
            start: None,
            end: None,
            owner: None,
            allow_tracing: false,
        }
    }
}

/// What the keys of a subscription open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// Every API of a product.
    Product(Box<str>),
    /// One API.
    Api(Box<str>),
    /// Every API.
    AllApis,
    /// The built-in all-access subscription (`master`).
    Service,
}

/// State of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Waits for approval.
    Submitted,
    /// Admits.
    Active,
    /// Blocked for a while.
    Suspended,
    /// Approval was refused.
    Rejected,
    /// Given up.
    Cancelled,
    /// Past its end.
    Expired,
}
