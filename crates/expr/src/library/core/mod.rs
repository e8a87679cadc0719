//! The core library: primitives' identities, collections, LINQ, delegates, exceptions, tuples.

pub mod collections;
mod delegates;
pub mod enumerators;
pub mod exceptions;
pub mod linq;
pub mod names;
pub(crate) mod objects;
pub mod tuples;

use super::TypeDef;

/// Types of the core.
pub(crate) static TYPES: &[&[&TypeDef]] = &[
    names::TYPES,
    delegates::TYPES,
    exceptions::TYPES,
    enumerators::TYPES,
    collections::TYPES,
    linq::TYPES,
    tuples::TYPES,
];
