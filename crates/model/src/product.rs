use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::PolicyText;

/// A product: APIs offered together.
#[derive(Clone, Debug)]
pub struct Product {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// Description.
    pub description: Box<str>,
    /// Published or not.
    pub state: ProductState,
    /// Does a caller need a subscription? An *open* product needs none.
    pub subscription_required: bool,
    /// Must an administrator approve subscriptions?
    pub approval_required: bool,
    /// How many subscriptions a user may have.
    pub subscriptions_limit: Option<i32>,
    /// Ids of its APIs.
    pub apis: Vec<Box<str>>,
    /// Groups that see it.
    pub groups: Vec<Arc<Group>>,
    /// Policy at product scope.
    pub policy: Option<PolicyText>,
}

impl Product {
    /// A published product that requires a subscription.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            name: id.into(),
            description: "".into(),
            state: ProductState::Published,
            subscription_required: true,
            approval_required: false,
            subscriptions_limit: None,
            apis: Vec::new(),
            groups: Vec::new(),
            policy: None,
        }
    }
}

/// State of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductState {
    /// Not visible to developers; its keys still work.
    NotPublished,
    /// Visible.
    Published,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
}

/// How a user signs in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Identifier at the provider.
    pub id: Box<str>,
    /// Provider name, such as `Basic` or `Aad`.
    pub provider: Box<str>,
}

/// A developer.
#[derive(Clone, Debug)]
pub struct User {
    /// Resource name.
    pub id: Box<str>,
    /// E-mail address.
    pub email: Box<str>,
    /// First name.
    pub first_name: Box<str>,
    /// Last name.
    pub last_name: Box<str>,
    /// Note of the administrator.
    pub note: Box<str>,
    /// Groups.
    pub groups: Vec<Arc<Group>>,
    /// Identities.
    pub identities: Vec<Identity>,
    /// When the user registered.
    pub registered: Timestamp,
}
