//! Takes an absolute address apart.

use super::escape::{escaped_byte, is_safe_to_unescape, is_unreserved, unescape_with};
use super::scheme::{Rules, check_scheme_name, is_known, rules};
use crate::web::ip::{parse_v4, parse_v6, v6_text};
use crate::{Exception, ExceptionKind, Thrown};

/// `UriHostNameType`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostNameType {
    /// No host.
    Unknown = 0,
    /// A host that is none of the others.
    Basic = 1,
    /// A name.
    Dns = 2,
    /// An IPv4 address.
    Ipv4 = 3,
    /// An IPv6 address.
    Ipv6 = 4,
}

/// The parts of an absolute address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) scheme: String,
    pub(super) rules: Rules,
    /// Is there a `//`?
    pub(super) has_authority: bool,
    pub(super) user_info: String,
    pub(super) host: String,
    pub(super) host_type: HostNameType,
    pub(super) port: i32,
    /// With its leading `/`; as written, apart from `\` and dot segments.
    pub(super) path: String,
    /// With its `?`; empty if there is none.
    pub(super) query: String,
    /// With its `#`; empty if there is none.
    pub(super) fragment: String,
}

/// Why an address cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    BadFormat,
    BadScheme,
    Empty,
    BadHost,
    BadAuthority,
    BadPort,
    TooLong,
    MustBeRooted,
}

impl Refusal {
    /// May the text still be a relative address?
    pub(super) fn may_be_relative(self) -> bool {
        matches!(self, Self::BadFormat | Self::BadScheme | Self::Empty | Self::BadAuthority)
    }

    pub(super) fn thrown(self) -> Thrown {
        let message = match self {
            Self::BadFormat => "Invalid URI: The format of the URI could not be determined.",
            Self::BadScheme => "Invalid URI: The URI scheme is not valid.",
            Self::Empty => "Invalid URI: The URI is empty.",
            Self::BadHost => "Invalid URI: The hostname could not be parsed.",
            Self::BadAuthority => "Invalid URI: The Authority/Host could not be parsed.",
            Self::BadPort => "Invalid URI: Invalid port specified.",
            Self::TooLong => "Invalid URI: The Uri string is too long.",
            Self::MustBeRooted => "Invalid URI: A Dos path must be rooted, for example, 'c:\\\\'.",
        };
        Exception::new(ExceptionKind::UriFormat, message)
    }
}

/// Longest address, in UTF-16 units.
const LONGEST: usize = 65_519;

pub(super) fn parse(text: &str) -> Result<Parts, Refusal> {
    if text.len() > LONGEST && text.encode_utf16().count() > LONGEST {
        return Err(Refusal::TooLong);
    }
    let text = text.trim_matches([' ', '\n', '\r', '\t']);
    if text.is_empty() {
        return Err(Refusal::Empty);
    }
    if let Some(parts) = file_path(text)? {
        return Ok(parts);
    }
    let Some((scheme, rest)) = text.split_once(':') else { return Err(Refusal::BadFormat) };
    if scheme.contains(['/', '?', '#', '\\']) {
        return Err(Refusal::BadFormat);
    }
    if scheme.is_empty() {
        return Err(Refusal::BadFormat);
    }
    if scheme.len() > 1024 || !check_scheme_name(scheme) {
        return Err(Refusal::BadScheme);
    }
    let scheme = scheme.to_ascii_lowercase();
    let rules = rules(&scheme);
    let slash = |byte: u8| byte == b'/' || (byte == b'\\' && rules.is_hierarchical);
    let bytes = rest.as_bytes();
    let slashes = bytes.iter().take_while(|byte| slash(**byte)).count();
    if slashes < 2 {
        if rules.needs_authority {
            return Err(if slashes == 0 { Refusal::BadAuthority } else { Refusal::BadHost });
        }
        return opaque(scheme, rules, rest);
    }
    let authority = &rest[2..];
    let end = authority.bytes().position(|byte| slash(byte) || byte == b'?' || byte == b'#').unwrap_or(authority.len());
    let (authority, rest) = authority.split_at(end);
    let (user_info, host_and_port) = authority.split_once('@').unwrap_or(("", authority));
    let has_user_info = authority.contains('@');
    let (host, port) = split_port(host_and_port)?;
    let (host, host_type) = read_host(host, &rules, &scheme)?;
    let (path, query, fragment) = split_tail(rest);
    let mut parts = Parts {
        port: port.unwrap_or(rules.default_port),
        scheme,
        rules,
        has_authority: true,
        user_info: if has_user_info { user_info.to_owned() } else { String::new() },
        host,
        host_type,
        path: path.to_owned(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
    };
    parts.canonicalise();
    Ok(parts)
}

/// `c:\folder` and `\\server\share`.
fn file_path(text: &str) -> Result<Option<Parts>, Refusal> {
    let file = |host: &str, path: String| {
        let host_type = if host.is_empty() { HostNameType::Basic } else { HostNameType::Dns };
        let mut parts = Parts {
            scheme: "file".to_owned(),
            rules: rules("file"),
            has_authority: true,
            user_info: String::new(),
            host: host.to_lowercase(),
            host_type,
            port: -1,
            path: path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"),
            query: String::new(),
            fragment: String::new(),
        };
        parts.canonicalise();
        parts
    };
    match text.as_bytes() {
        [drive, b':' | b'|', b'\\' | b'/', ..] if drive.is_ascii_alphabetic() => {
            Ok(Some(file("", format!("/{}:{}", char::from(*drive), &text[2..]))))
        }
        [drive, b':', ..] if drive.is_ascii_alphabetic() => Err(Refusal::MustBeRooted),
        [b'\\', b'\\', ..] => {
            let rest = &text[2..];
            let end = rest.find(['\\', '/']).unwrap_or(rest.len());
            if end == 0 {
                return Err(Refusal::BadHost);
            }
            Ok(Some(file(&rest[..end], rest[end..].to_owned())))
        }
        _ => Ok(None),
    }
}

/// An address without authority: `mailto:`, `urn:`, `data:`.
fn opaque(scheme: String, rules: Rules, rest: &str) -> Result<Parts, Refusal> {
    let (path, query, fragment) = split_tail(rest);
    let mut parts = Parts {
        port: rules.default_port,
        rules,
        has_authority: false,
        user_info: String::new(),
        host: String::new(),
        host_type: HostNameType::Unknown,
        path: path.to_owned(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
        scheme,
    };
    if parts.scheme == "mailto"
        && let Some((user, host)) = path.split_once('@')
    {
        let (host, path) = host.find('/').map_or((host, ""), |at| host.split_at(at));
        let (host, port) = split_port(host)?;
        let (host, host_type) =
            read_host(host, &Rules { needs_authority: true, is_hierarchical: true, ..parts.rules }, "mailto")?;
        parts.user_info = user.to_owned();
        parts.host = host;
        parts.host_type = host_type;
        parts.port = port.unwrap_or(parts.port);
        parts.path = path.to_owned();
    }
    if parts.scheme == "file" {
        parts.has_authority = true;
        parts.host_type = HostNameType::Basic;
    }
    parts.canonicalise();
    Ok(parts)
}

fn split_tail(rest: &str) -> (&str, &str, &str) {
    let (rest, fragment) = rest.find('#').map_or((rest, ""), |at| rest.split_at(at));
    let (path, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
    (path, query, fragment)
}

fn split_port(text: &str) -> Result<(&str, Option<i32>), Refusal> {
    // A colon inside brackets belongs to an IPv6 address.
    if text.starts_with('[') && !text.contains(']') {
        return Err(Refusal::BadHost);
    }
    let after = text.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = text[after..].find(':').map(|at| at + after) else { return Ok((text, None)) };
    let digits = &text[colon + 1..];
    if digits.is_empty() {
        return Ok((&text[..colon], None));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::BadPort);
    }
    let port: u16 = digits.trim_start_matches('0').parse().or(if digits.bytes().all(|byte| byte == b'0') {
        Ok(0)
    } else {
        Err(Refusal::BadPort)
    })?;
    Ok((&text[..colon], Some(i32::from(port))))
}

fn read_host(host: &str, rules: &Rules, scheme: &str) -> Result<(String, HostNameType), Refusal> {
    if host.is_empty() {
        return if rules.needs_authority { Err(Refusal::BadHost) } else { Ok((String::new(), HostNameType::Basic)) };
    }
    if host.starts_with('[') {
        let (address, scope) = host.ends_with(']').then(|| parse_v6(host)).flatten().ok_or(Refusal::BadHost)?;
        let scope = if scope == 0 { String::new() } else { format!("%{scope}") };
        return Ok((format!("[{}{scope}]", v6_text(address)), HostNameType::Ipv6));
    }
    if host.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && let Some(address) = parse_v4(host)
        // Of a scheme that .NET does not know, only the usual form is an address.
        && (is_known(scheme) || address.to_string() == host)
    {
        return Ok((address.to_string(), HostNameType::Ipv4));
    }
    if is_dns_name(host) {
        return Ok((host.to_lowercase(), HostNameType::Dns));
    }
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`%[]:".contains(c);
    if !rules.is_hierarchical && scheme != "file" && !host.contains(forbidden) {
        return Ok((host.to_owned(), HostNameType::Basic));
    }
    Err(Refusal::BadHost)
}

/// Is it a name of labels of letters, digits, `-` and `_`?
pub(super) fn is_dns_name(host: &str) -> bool {
    let trimmed = host.strip_suffix('.').unwrap_or(host);
    !trimmed.is_empty()
        && host.chars().count() <= 255
        && trimmed.split('.').all(|label| {
            let ok = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            !label.is_empty() && label.chars().count() <= 63 && label.chars().all(ok) && !label.starts_with('-')
        })
}

/// `Uri.CheckHostName`.
pub fn check_host_name(name: &str) -> HostNameType {
    if name.is_empty() {
        return HostNameType::Unknown;
    }
    if name.starts_with('[') {
        return if name.ends_with(']') && parse_v6(name).is_some() {
            HostNameType::Ipv6
        } else {
            HostNameType::Unknown
        };
    }
    if name.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) && name.contains('.') && parse_v4(name).is_some() {
        return HostNameType::Ipv4;
    }
    if is_dns_name(name) {
        return HostNameType::Dns;
    }
    if name.contains(':') && parse_v6(name).is_some() {
        return HostNameType::Ipv6;
    }
    HostNameType::Unknown
}

impl Parts {
    fn canonicalise(&mut self) {
        if self.rules.is_hierarchical {
            if self.path.contains('\\') {
                self.path = self.path.replace('\\', "/");
            }
            if !self.path.starts_with('/') {
                self.path.insert(0, '/');
            }
            self.path = without_dots(&self.path);
        } else if self.has_authority && self.path.is_empty() {
            self.path.push('/');
        }
        // Once there is a character beyond ASCII, .NET reads the address as an IRI and unescapes what is safe.
        // So it does when a character is escaped that never needs to be.
        let is_iri = |text: &str| {
            !text.is_ascii()
                || text.match_indices('%').any(|(at, _)| {
                    escaped_byte(&text.as_bytes()[at..]).is_some_and(|byte| byte >= 0x80 || is_unreserved(byte))
                }) && (unescape_with(text, |c| !c.is_ascii()) != text
                    || unescape_with(text, |c| c.is_ascii() && is_unreserved(c as u8)) != text)
        };
        if [&self.user_info, &self.path, &self.query, &self.fragment].into_iter().any(|text| is_iri(text)) {
            for part in [&mut self.user_info, &mut self.path, &mut self.query, &mut self.fragment] {
                *part = unescape_with(part, is_safe_to_unescape);
            }
        }
    }

    /// Is the port the one of the scheme?
    pub(super) fn is_default_port(&self) -> bool {
        self.port == self.rules.default_port
    }
}

/// The path without `.` and `..` segments.
pub(super) fn without_dots(path: &str) -> String {
    if !path.contains("/.") {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        match *segment {
            "." if is_last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
