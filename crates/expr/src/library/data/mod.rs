//! Bindings of `apimite_dotnet`'s data area: JSON (Newtonsoft) and XML (LINQ to XML).

use super::TypeDef;

/// Types of this area.
pub(crate) static TYPES: &[&TypeDef] = &[];
