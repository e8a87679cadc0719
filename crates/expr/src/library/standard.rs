//! The standard library: every area's types.

use super::TypeDef;

/// The groups of the standard library, in order.
pub fn standard() -> Vec<&'static [&'static TypeDef]> {
    let mut groups = super::core::TYPES.to_vec();
    groups.push(super::text::TYPES);
    groups.extend(super::data::TYPES);
    groups.extend(super::sys::TYPES);
    groups
}
