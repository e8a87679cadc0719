//! The expressions of Azure Resource Manager templates: `[concat(parameters('name'), '/orders')]`.
//!
//! [`evaluate`] reads and evaluates the text between the brackets; what the names in it mean ([`Names`]) is the affair of whoever
//! holds the template: a deployment knows its resources, a folder of templates does not.
//!
//! Source: "Template functions" of the Azure Resource Manager documentation.

mod expression;
mod functions;

use serde_json::Value;

pub use expression::{Failed, MAX_DEPTH, Result, evaluate, inside};
pub use functions::{MAX_TEXT, member, plain, truth, whole};

/// What the names in the expressions of a template mean.
pub trait Names {
    /// The value of a parameter; `depth` is how deep evaluation is already.
    ///
    /// # Errors
    /// It is not there, or has no value.
    fn parameter(&self, name: &str, depth: usize) -> Result<Value>;

    /// The value of a variable.
    ///
    /// # Errors
    /// It is not there, or has no value.
    fn variable(&self, name: &str, depth: usize) -> Result<Value>;

    /// The number of the copy that is made: `copyIndex('loop', 1)`.
    ///
    /// # Errors
    /// There is no such loop around.
    fn copy_index(&self, arguments: &[Value]) -> Result<i64>;

    /// `resourceId` and its relatives; `function` is in lower case.
    ///
    /// # Errors
    /// The arguments make no id.
    fn resource_id(&self, function: &str, arguments: &[Value]) -> Result<String>;

    /// What a resource says of itself: its properties, or all of it when `full`.
    ///
    /// # Errors
    /// It is not there.
    fn reference(&self, named: &str, full: bool) -> Result<Value>;

    /// `listKeys`, `listSecrets` and their like.
    ///
    /// # Errors
    /// The resource is not there, or has no such action.
    fn list(&self, of: &str, function: &str) -> Result<Value>;

    /// `resourceGroup()`, `subscription()`, `tenant()`, `deployment()`, `environment()`: by name in lower case.
    fn surroundings(&self, function: &str) -> Value;

    /// `utcNow()`
    ///
    /// # Errors
    /// There is no time.
    fn now(&self) -> Result<String>;

    /// A UUID that is always the same for the same words.
    fn uuid(&self, words: &str) -> String;
}
