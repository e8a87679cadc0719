//! Bindings of `apimite_dotnet`'s data area: JSON (Newtonsoft) and XML (LINQ to XML).

pub mod json;
pub mod xml;

use super::TypeDef;

/// Types of this area.
pub(crate) static TYPES: &[&[&TypeDef]] = &[json::TYPES, xml::TYPES];
