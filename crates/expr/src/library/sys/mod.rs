//! Bindings of `apimite_dotnet`'s sys area: regular expressions, Uri, encodings, cryptography, certificates.

use super::TypeDef;

/// Types of this area.
pub(crate) static TYPES: &[&TypeDef] = &[];
