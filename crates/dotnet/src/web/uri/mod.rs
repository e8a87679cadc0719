//! `System.Uri` and `UriBuilder`.

mod builder;
mod escape;
mod parse;
mod relative;
mod scheme;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::escape::{escape_component, unescape_for_display};
use self::parse::{Parts, Refusal};
use crate::{Exception, ExceptionKind, Thrown};

pub use self::builder::UriBuilder;
pub use self::escape::{escape_data_string, escape_uri_string, unescape_data_string};
pub use self::parse::{HostNameType, check_host_name};
pub use self::scheme::check_scheme_name;

/// `UriKind`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriKind {
    /// Either.
    RelativeOrAbsolute = 0,
    /// With a scheme.
    Absolute = 1,
    /// Without.
    Relative = 2,
}

/// `UriPartial`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriPartial {
    /// `https://`
    Scheme = 0,
    /// and the host
    Authority = 1,
    /// and the path
    Path = 2,
    /// and the query
    Query = 3,
}

/// `UriFormat`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriFormat {
    /// Escaped.
    UriEscaped = 1,
    /// Unescaped wholly.
    Unescaped = 2,
    /// Unescaped where it changes no meaning.
    SafeUnescaped = 3,
}

/// Bits of `UriComponents`.
pub mod components {
    /// `Scheme`
    pub const SCHEME: i32 = 1;
    /// `UserInfo`
    pub const USER_INFO: i32 = 2;
    /// `Host`
    pub const HOST: i32 = 4;
    /// `Port`
    pub const PORT: i32 = 8;
    /// `Path`
    pub const PATH: i32 = 16;
    /// `Query`
    pub const QUERY: i32 = 32;
    /// `Fragment`
    pub const FRAGMENT: i32 = 64;
    /// `StrongPort`
    pub const STRONG_PORT: i32 = 128;
    /// `NormalizedHost`
    pub const NORMALIZED_HOST: i32 = 256;
    /// `KeepDelimiter`
    pub const KEEP_DELIMITER: i32 = 0x4000_0000;
}

/// `System.Uri`; cheap to clone.
#[derive(Clone, Debug)]
pub struct Uri {
    original: Arc<str>,
    parts: Option<Arc<Parts>>,
}

impl Uri {
    /// `new Uri(uriString, uriKind)`.
    ///
    /// # Errors
    /// `UriFormatException` with the words of .NET.
    pub fn new(text: &str, kind: UriKind) -> Result<Self, Thrown> {
        match parse::parse(text) {
            Ok(_) if kind == UriKind::Relative => Err(Exception::new(
                ExceptionKind::UriFormat,
                "Invalid URI: A relative URI cannot be created because the 'uriString' parameter represents an absolute \
                 URI.",
            )),
            Ok(parts) => Ok(Self { original: Arc::from(text), parts: Some(Arc::new(parts)) }),
            Err(refusal) if kind != UriKind::Absolute && refusal.may_be_relative() => {
                Ok(Self { original: Arc::from(text), parts: None })
            }
            Err(Refusal::MustBeRooted) if kind != UriKind::Absolute => {
                Ok(Self { original: Arc::from(text), parts: None })
            }
            Err(refusal) => Err(refusal.thrown()),
        }
    }

    /// `new Uri(uriString)`.
    ///
    /// # Errors
    /// As [`Uri::new`].
    pub fn absolute(text: &str) -> Result<Self, Thrown> {
        Self::new(text, UriKind::Absolute)
    }

    fn parts(&self) -> Result<&Parts, Thrown> {
        self.parts.as_deref().ok_or_else(|| {
            Exception::new(ExceptionKind::InvalidOperation, "This operation is not supported for a relative URI.")
        })
    }

    /// `OriginalString`.
    pub fn original_string(&self) -> &str {
        &self.original
    }

    /// `IsAbsoluteUri`.
    pub fn is_absolute(&self) -> bool {
        self.parts.is_some()
    }

    /// `Scheme`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a relative address; so for every member below.
    pub fn scheme(&self) -> Result<&str, Thrown> {
        Ok(&self.parts()?.scheme)
    }

    /// `Host`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn host(&self) -> Result<&str, Thrown> {
        Ok(&self.parts()?.host)
    }

    /// `DnsSafeHost`: without the brackets of IPv6.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn dns_safe_host(&self) -> Result<&str, Thrown> {
        Ok(self.host()?.trim_matches(['[', ']']))
    }

    /// `IdnHost`: names beyond ASCII in Punycode.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn idn_host(&self) -> Result<String, Thrown> {
        let labels: Vec<String> = self.dns_safe_host()?.split('.').map(relative::punycode_label).collect();
        Ok(labels.join("."))
    }

    /// `HostNameType`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn host_name_type(&self) -> Result<HostNameType, Thrown> {
        Ok(self.parts()?.host_type)
    }

    /// `Port`: -1 if there is none and the scheme has none.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn port(&self) -> Result<i32, Thrown> {
        Ok(self.parts()?.port)
    }

    /// `IsDefaultPort`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn is_default_port(&self) -> Result<bool, Thrown> {
        Ok(self.parts()?.is_default_port())
    }

    /// `UserInfo`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn user_info(&self) -> Result<String, Thrown> {
        Ok(escape_component(&self.parts()?.user_info))
    }

    /// `Authority`: the host, and the port unless it is the usual one.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn authority(&self) -> Result<String, Thrown> {
        let parts = self.parts()?;
        Ok(if parts.is_default_port() { parts.host.clone() } else { format!("{}:{}", parts.host, parts.port) })
    }

    /// `AbsolutePath`: escaped.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn absolute_path(&self) -> Result<String, Thrown> {
        let parts = self.parts()?;
        let path = escape_component(&parts.path);
        // A path with a drive starts with it.
        Ok(match path.as_bytes() {
            [b'/', drive, b':', ..] if parts.scheme == "file" && drive.is_ascii_alphabetic() => path[1..].to_owned(),
            _ => path,
        })
    }

    /// `LocalPath`: unescaped; a path of Windows for a file.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn local_path(&self) -> Result<String, Thrown> {
        let parts = self.parts()?;
        let path = unescape_data_string(&parts.path);
        if parts.scheme != "file" {
            return Ok(path);
        }
        let bytes = path.as_bytes();
        let has_drive = bytes.len() > 2 && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
        Ok(match (has_drive, parts.host.is_empty()) {
            (true, _) => path[1..].replace('/', "\\"),
            (false, false) => format!("\\\\{}{}", parts.host, path.replace('/', "\\")),
            (false, true) => path,
        })
    }

    /// `Query`: escaped, with its `?`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn query(&self) -> Result<String, Thrown> {
        Ok(escape_component(&self.parts()?.query))
    }

    /// `Fragment`: escaped, with its `#`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn fragment(&self) -> Result<String, Thrown> {
        Ok(escape_component(&self.parts()?.fragment))
    }

    /// `PathAndQuery`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn path_and_query(&self) -> Result<String, Thrown> {
        Ok(self.absolute_path()? + &self.query()?)
    }

    /// `Segments`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn segments(&self) -> Result<Vec<String>, Thrown> {
        Ok(self.absolute_path()?.split_inclusive('/').map(str::to_owned).collect())
    }

    /// `AbsoluteUri`: escaped, canonical.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn absolute_uri(&self) -> Result<String, Thrown> {
        Ok(self.put_together(self.parts()?, &escape_component))
    }

    fn head(parts: &Parts, form: &dyn Fn(&str) -> String) -> String {
        let mut out = parts.scheme.clone();
        out.push(':');
        if parts.has_authority {
            out.push_str("//");
        }
        if !parts.user_info.is_empty() {
            out.push_str(&form(&parts.user_info));
            out.push('@');
        }
        out.push_str(&parts.host);
        if !parts.is_default_port() && parts.has_authority {
            out.push_str(&format!(":{}", parts.port));
        }
        out
    }

    fn put_together(&self, parts: &Parts, form: &dyn Fn(&str) -> String) -> String {
        let mut out = Self::head(parts, form);
        for part in [&parts.path, &parts.query, &parts.fragment] {
            out.push_str(&form(part));
        }
        out
    }

    /// `GetLeftPart(part)`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn left_part(&self, part: UriPartial) -> Result<String, Thrown> {
        let parts = self.parts()?;
        let delimiter = if parts.has_authority { "://" } else { ":" };
        Ok(match part {
            UriPartial::Scheme => format!("{}{delimiter}", parts.scheme),
            UriPartial::Authority if !parts.has_authority => String::new(),
            UriPartial::Authority => Self::head(parts, &escape_component),
            UriPartial::Path => Self::head(parts, &escape_component) + &escape_component(&parts.path),
            UriPartial::Query => {
                Self::head(parts, &escape_component) + &escape_component(&parts.path) + &self.query()?
            }
        })
    }

    /// `GetComponents(components, format)`.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn components(&self, wanted: i32, format: UriFormat) -> Result<String, Thrown> {
        let parts = self.parts()?;
        let form = |text: &str| match format {
            UriFormat::UriEscaped => escape_component(text),
            UriFormat::Unescaped => unescape_data_string(text),
            UriFormat::SafeUnescaped => unescape_for_display(text),
        };
        let has = |bit: i32| wanted & bit != 0;
        let alone = (wanted & !components::KEEP_DELIMITER).count_ones() == 1 && !has(components::KEEP_DELIMITER);
        let mut out = String::new();
        if has(components::SCHEME) {
            out.push_str(&parts.scheme);
            if !alone {
                out.push_str(if parts.has_authority { "://" } else { ":" });
            }
        }
        if has(components::USER_INFO) && !parts.user_info.is_empty() {
            out.push_str(&form(&parts.user_info));
            if !alone {
                out.push('@');
            }
        }
        if has(components::HOST | components::NORMALIZED_HOST) {
            out.push_str(&parts.host);
        }
        let strong = has(components::STRONG_PORT) && parts.port >= 0;
        if strong || (has(components::PORT) && !parts.is_default_port()) {
            if !alone {
                out.push(':');
            }
            out.push_str(&parts.port.to_string());
        }
        let without = |text: &str| if alone { text.get(1..).unwrap_or_default().to_owned() } else { text.to_owned() };
        if has(components::PATH) {
            let path = form(&parts.path);
            out.push_str(&if parts.path.starts_with('/') { without(&path) } else { path });
        }
        if has(components::QUERY) {
            out.push_str(&without(&form(&parts.query)));
        }
        if has(components::FRAGMENT) {
            out.push_str(&without(&form(&parts.fragment)));
        }
        Ok(out)
    }

    /// `IsFile`, `IsUnc` and `IsLoopback` ask for the scheme and the host.
    ///
    /// # Errors
    /// As [`Uri::scheme`].
    pub fn is_loopback(&self) -> Result<bool, Thrown> {
        let parts = self.parts()?;
        Ok(match parts.host_type {
            HostNameType::Dns => parts.host == "localhost" || parts.host == "loopback",
            HostNameType::Ipv4 => parts.host.starts_with("127."),
            HostNameType::Ipv6 => parts.host == "[::1]",
            HostNameType::Unknown | HostNameType::Basic => parts.scheme == "file" && parts.host.is_empty(),
        })
    }

    /// `IsWellFormedOriginalString()`: is the text escaped as it must be?
    pub fn is_well_formed(&self) -> bool {
        let text = self.original.as_ref();
        let escaped = |text: &str| {
            text.bytes().enumerate().all(|(at, byte)| match byte {
                b'%' => escape::escaped_byte(&text.as_bytes()[at..]).is_some(),
                byte => byte >= 0x80 || escape::is_unreserved(byte) || escape::is_reserved(byte),
            })
        };
        match &self.parts {
            None => {
                let first = text.split(['/', '?', '#']).next().unwrap_or_default();
                escaped(text) && !text.contains("//:") && !first.contains(':')
            }
            Some(parts) => {
                let drive = |path: &str| path.as_bytes().get(1) == Some(&b':');
                if parts.scheme == "file" && text.strip_prefix("file://").is_some_and(drive) {
                    return false;
                }
                let text = text.trim_end_matches([' ', '\n', '\r', '\t']);
                let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
                escaped(text)
                    && text.trim_start().len() == text.len()
                    && !rest.contains("/../")
                    && !rest.contains("/./")
                    && (parts.scheme != "file" || text.starts_with("file:"))
            }
        }
    }

    /// What equality compares: everything but user and fragment, unescaped where it changes no meaning.
    fn key(&self) -> String {
        match self.parts.as_deref() {
            None => self.original.to_string(),
            Some(parts) => {
                let bare = Parts {
                    user_info: if parts.scheme == "mailto" { parts.user_info.clone() } else { String::new() },
                    fragment: String::new(),
                    ..parts.clone()
                };
                self.put_together(&bare, &unescape_for_display)
            }
        }
    }
}

impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        self.is_absolute() == other.is_absolute() && self.key() == other.key()
    }
}

impl Eq for Uri {}

impl std::hash::Hash for Uri {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl std::fmt::Display for Uri {
    /// `ToString()`: unescaped for people; a relative address as it was written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parts.as_deref() {
            None => f.write_str(&self.original),
            Some(parts) => f.write_str(&self.put_together(parts, &unescape_for_display)),
        }
    }
}
