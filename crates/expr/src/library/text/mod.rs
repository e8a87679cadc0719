//! Primitives, text, dates, formatting: bindings of `apimite_dotnet`'s text area.

pub(crate) mod compare;
pub(crate) mod format;
pub(crate) mod rows;

use super::TypeDef;

/// Types of this area.
pub(crate) static TYPES: &[&TypeDef] = &[];
