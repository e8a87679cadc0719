//! The table of resource types.
//!
//! A type is one row of [`KINDS`]: its name, and functions where it is more than kept. To add one, write a row; with
//! [`Kind::new`] alone its resources are kept, listed, patched, deleted and deployed, and are given ETags.
//!
//! | function | when | default |
//! |---|---|---|
//! | `put` | before a resource is kept: check the body, change the network, give back what is kept | keeps the body |
//! | `show` | for every answer | the body with id, name and type |
//! | `find`, `list` | for types that are computed rather than kept | what was put, or configured |
//! | `delete` | before a resource is forgotten | nothing |
//! | [`ACTIONS`] | `POST …/NAME/action`, and `GET` of a path that is no collection of a type | |

pub mod about;
pub mod apim;
pub mod configured;
pub mod connections;
pub mod dns;
pub mod endpoints;
pub mod gateways;
pub mod kept;
pub mod lists;
pub mod policies;
pub mod quotas;
pub mod releases;
pub mod service;
pub mod vnet;

use std::sync::Arc;

use apimite_network::region;
use serde_json::Value;

use crate::cx::{Cx, Item, View};
use crate::error::{ArmError, Result};
use crate::path::Below;
use crate::request::{Answer, Request};
use crate::state::Resource;

/// A resource type.
pub struct Kind {
    /// Name, as ids write it.
    pub name: &'static str,
    /// Has it a location of its own?
    pub located: bool,
    /// Checks a body and gives back what is kept; the resource's place is in the item.
    pub put: fn(&mut Cx<'_>, &Item, Value) -> Result<Value>,
    /// Shows a resource.
    pub show: fn(&View<'_>, &Resource) -> Value,
    /// Finds one by id.
    pub find: fn(&View<'_>, &Below, &str) -> Option<Arc<Resource>>,
    /// Finds all below a parent.
    pub list: fn(&View<'_>, &str, &'static str) -> Vec<Arc<Resource>>,
    /// Undoes what `put` did besides keeping.
    pub delete: fn(&mut Cx<'_>, &Item) -> Result<()>,
    /// Status of a `PUT` that makes a resource.
    pub created: u16,
    /// Status of a `DELETE` that found one.
    pub deleted: u16,
    /// Status of a `HEAD` that found one.
    pub there: u16,
}

impl Kind {
    /// A type whose resources are only kept.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            located: false,
            put: |_, _, body| Ok(body),
            show: |view, resource| view.envelope(resource),
            find: |view, _, id| view.stored(id),
            list: |view, parent, kind| view.stored_children(parent, kind),
            delete: |_, _| Ok(()),
            created: 201,
            deleted: 200,
            there: 200,
        }
    }

    /// The same with a location.
    pub const fn located(name: &'static str) -> Self {
        let mut kind = Self::new(name);
        kind.located = true;
        kind
    }

    /// The last segment of the name.
    pub fn own(&self) -> &'static str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }

    /// Is it directly below a namespace?
    pub fn is_top(&self) -> bool {
        self.name.matches('/').count() == 1
    }
}

/// An action, or a read that is no collection.
pub struct Action {
    /// Method.
    pub method: &'static str,
    /// Type it is called on; a namespace for actions of a subscription.
    pub on: &'static str,
    /// Last segments of the path.
    pub name: &'static str,
    /// Does it change anything?
    pub run: Run,
}

/// What an action does.
pub enum Run {
    /// Looks.
    Look(fn(&View<'_>, &Below, &Request) -> Result<Answer>),
    /// Changes.
    Change(fn(&mut Cx<'_>, &Below, &Request) -> Result<Answer>),
}

/// Every type, table by table.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    let tables = [
        service::KINDS,
        connections::KINDS,
        vnet::KINDS,
        endpoints::KINDS,
        dns::KINDS,
        apim::KINDS,
        policies::KINDS,
        gateways::KINDS,
        kept::KINDS,
        releases::KINDS,
    ];
    tables.into_iter().flatten()
}

/// Every action, table by table.
pub fn actions() -> impl Iterator<Item = &'static Action> {
    let tables = [
        about::ACTIONS,
        connections::ACTIONS,
        dns::ACTIONS,
        apim::ACTIONS,
        quotas::ACTIONS,
        gateways::ACTIONS,
        kept::ACTIONS,
        lists::ACTIONS,
    ];
    tables.into_iter().flatten()
}

/// A type by name.
///
/// # Errors
/// 404: the namespace, or the type within it, is not known. The message names what is.
pub fn kind(name: &str) -> Result<&'static Kind> {
    all().find(|kind| kind.name.eq_ignore_ascii_case(name)).ok_or_else(|| unknown(name))
}

/// The refusal of a type that does not exist here.
pub fn unknown(name: &str) -> ArmError {
    let (namespace, kind) = name.split_once('/').unwrap_or((name, ""));
    let within: Vec<&str> = all()
        .filter_map(|one| one.name.split_once('/'))
        .filter(|(own, _)| own.eq_ignore_ascii_case(namespace))
        .map(|(_, kind)| kind)
        .collect();
    if within.is_empty() {
        let mut known: Vec<&str> = all().filter_map(|one| one.name.split('/').next()).collect();
        known.dedup();
        known.push("Microsoft.Resources");
        let text = format!("The resource namespace '{namespace}' is invalid. This stand-in has: {}.", known.join(", "));
        return ArmError::new(404, "InvalidResourceNamespace", text);
    }
    let depth = kind.matches('/').count();
    let near: Vec<&str> = within.iter().filter(|one| one.matches('/').count() == depth).copied().collect();
    let shown = if near.is_empty() { within } else { near };
    ArmError::new(
        404,
        "InvalidResourceType",
        format!(
            "The resource type '{kind}' could not be found in the namespace '{namespace}'. This stand-in has: {}.",
            shown.join(", ")
        ),
    )
}

/// Regions as people write them.
const REGIONS: [(&str, &str); 26] = [
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westus3", "West US 3"),
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("centralus", "Central US"),
    ("northcentralus", "North Central US"),
    ("southcentralus", "South Central US"),
    ("westcentralus", "West Central US"),
    ("canadacentral", "Canada Central"),
    ("canadaeast", "Canada East"),
    ("brazilsouth", "Brazil South"),
    ("northeurope", "North Europe"),
    ("westeurope", "West Europe"),
    ("uksouth", "UK South"),
    ("ukwest", "UK West"),
    ("francecentral", "France Central"),
    ("germanywestcentral", "Germany West Central"),
    ("switzerlandnorth", "Switzerland North"),
    ("swedencentral", "Sweden Central"),
    ("norwayeast", "Norway East"),
    ("australiaeast", "Australia East"),
    ("eastasia", "East Asia"),
    ("southeastasia", "Southeast Asia"),
    ("japaneast", "Japan East"),
    ("centralindia", "Central India"),
];

/// All regions: name and display name.
pub fn regions() -> &'static [(&'static str, &'static str)] {
    &REGIONS
}

/// A region as people write it; an unknown one as it is.
pub fn region_name(text: &str) -> String {
    let folded = region(text);
    REGIONS.iter().find(|(name, _)| *name == folded).map_or_else(|| text.to_owned(), |(_, shown)| (*shown).to_owned())
}

/// A text member of `properties`.
pub(crate) fn text<'v>(body: &'v Value, name: &str) -> Option<&'v str> {
    body.get("properties")?.get(name)?.as_str()
}

/// Sets a member of `properties`.
pub(crate) fn set(body: &mut Value, name: &str, value: impl Into<Value>) {
    if !body.get("properties").is_some_and(Value::is_object) {
        body["properties"] = Value::Object(serde_json::Map::new());
    }
    body["properties"][name] = value.into();
}

/// A member of `properties` that must be there and be text.
pub(crate) fn required<'v>(body: &'v Value, name: &str) -> Result<&'v str> {
    match text(body, name) {
        Some(found) if !found.is_empty() => Ok(found),
        _ => Err(ArmError::invalid(name, format!("Value should not be empty: `properties.{name}` is required."))),
    }
}
