//! Expanded names.

use smol_str::SmolStr;

use super::errors::{argument, xml};
use crate::Thrown;

/// The namespace of declarations.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// The namespace of the prefix `xml`.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A local name in a namespace; the empty namespace is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct XName {
    /// Namespace name.
    pub namespace: SmolStr,
    /// Local name.
    pub local: SmolStr,
}

/// May this character start a name without colon?
pub(super) fn starts_name(c: char) -> bool {
    c == '_' || is_name_letter(c)
}

/// May this character stand inside a name without colon?
pub(super) fn is_name(c: char) -> bool {
    starts_name(c) || c.is_ascii_digit() || matches!(c, '-' | '.' | '\u{b7}') || is_name_mark(c)
}

fn is_name_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { c.is_alphabetic() && u32::from(c) < 0x1_0000 }
}

fn is_name_mark(c: char) -> bool {
    !c.is_ascii()
        && (c.is_numeric() || matches!(u32::from(c), 0x300..=0x36f | 0x203f..=0x2040))
        && u32::from(c) < 0x1_0000
}

/// `XmlConvert.VerifyNCName`.
pub(super) fn verify(name: &str) -> Result<(), Thrown> {
    let Some(first) = name.chars().next() else {
        return Err(crate::Exception::new(
            crate::ExceptionKind::ArgumentNull,
            "The empty string '' is not a valid local name. (Parameter 'name')",
        ));
    };
    let code = |c: char| format!("'{c}' character, hexadecimal value 0x{:02X}", u32::from(c));
    if !starts_name(first) {
        return Err(xml(format!("Name cannot begin with the {}.", code(first))));
    }
    match name.chars().find(|c| !is_name(*c)) {
        Some(bad) => Err(xml(format!("The {}, cannot be included in a name.", code(bad)))),
        None => Ok(()),
    }
}

impl XName {
    /// A name without checks.
    pub fn new(namespace: impl Into<SmolStr>, local: impl Into<SmolStr>) -> Self {
        Self { namespace: namespace.into(), local: local.into() }
    }

    /// `XName.Get(localName, namespaceName)`.
    ///
    /// # Errors
    /// `XmlException` for a name that is none.
    pub fn get(namespace: &str, local: &str) -> Result<Self, Thrown> {
        if local.is_empty() {
            return Err(crate::Exception::new(
                crate::ExceptionKind::ArgumentNull,
                "The empty string '' is not a valid local name. (Parameter 'name')",
            ));
        }
        verify(local)?;
        Ok(Self::new(namespace, local))
    }

    /// `XName.Get(expandedName)`: `local` or `{namespace}local`.
    ///
    /// # Errors
    /// `ArgumentException` for an expanded name of another form, `XmlException` for a name that is none.
    pub fn expanded(text: &str) -> Result<Self, Thrown> {
        let bad = || argument(format!("'{text}' is an invalid expanded name. (Parameter 'expandedName')"));
        if text.is_empty() {
            return Err(bad());
        }
        let Some(rest) = text.strip_prefix('{') else { return Self::get("", text) };
        let (namespace, local) = rest.rsplit_once('}').ok_or_else(bad)?;
        if namespace.is_empty() || local.is_empty() {
            return Err(bad());
        }
        Self::get(namespace, local)
    }

    /// Is it the name of a namespace declaration?
    pub fn is_declaration(&self) -> bool {
        if self.namespace.is_empty() { self.local == "xmlns" } else { self.namespace == XMLNS }
    }
}

impl std::fmt::Display for XName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.local)
        } else {
            write!(f, "{{{}}}{}", self.namespace, self.local)
        }
    }
}
