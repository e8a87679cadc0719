//! `IPAddress`, as far as expressions may use it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Exception, ExceptionKind, Thrown};

/// `System.Net.IPAddress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpAddress {
    /// The address.
    pub address: IpAddr,
    /// The number behind `%`, 0 if there is none.
    pub scope: u32,
}

impl IpAddress {
    /// `IPAddress.Parse`.
    ///
    /// # Errors
    /// `FormatException` for text that is no address.
    pub fn parse(text: &str) -> Result<Self, Thrown> {
        Self::try_parse(text)
            .ok_or_else(|| Exception::new(ExceptionKind::Format, "An invalid IP address was specified."))
    }

    /// `IPAddress.TryParse`.
    pub fn try_parse(text: &str) -> Option<Self> {
        if text.contains(':') {
            let (address, scope) = parse_v6(text)?;
            return Some(Self { address: IpAddr::V6(address), scope });
        }
        parse_v4(text).map(|address| Self { address: IpAddr::V4(address), scope: 0 })
    }

    /// `AddressFamily` as its number: `InterNetwork` 2, `InterNetworkV6` 23.
    pub fn family(&self) -> i32 {
        if self.address.is_ipv4() { 2 } else { 23 }
    }

    /// `GetAddressBytes()`.
    pub fn bytes(&self) -> Vec<u8> {
        match self.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        }
    }

    /// `IPAddress.IsLoopback(address)`.
    pub fn is_loopback(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(address) => address == Ipv6Addr::LOCALHOST || address == Ipv4Addr::LOCALHOST.to_ipv6_mapped(),
        }
    }
}

impl std::fmt::Display for IpAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}")?,
            IpAddr::V6(address) => write!(f, "{}", v6_text(address))?,
        }
        if self.scope == 0 { Ok(()) } else { write!(f, "%{}", self.scope) }
    }
}

/// An address of four parts, or of fewer with the last one wide; parts are decimal, octal or hexadecimal.
pub(super) fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let mut value = 0u64;
    for (index, part) in parts.iter().enumerate() {
        let number = parse_number(part)?;
        let is_last = index + 1 == parts.len();
        let bits = if is_last { 8 * (4 - index as u32) } else { 8 };
        if number >= 1u64 << bits {
            return None;
        }
        value = value << bits | number;
    }
    Some(Ipv4Addr::from_bits(value as u32))
}

fn parse_number(part: &str) -> Option<u64> {
    let (digits, radix) = match part.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&part[2..], 16),
        [b'0', _, ..] => (&part[1..], 8),
        _ => (part, 10),
    };
    // `from_str_radix` takes a sign; an address does not.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().filter(|value| *value <= u64::from(u32::MAX))
}

/// An address with an optional scope, brackets and port.
pub(super) fn parse_v6(text: &str) -> Option<(Ipv6Addr, u32)> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, tail) = rest.split_once(']')?;
            let port = tail.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
            if !tail.is_empty() && !port {
                return None;
            }
            inner
        }
        None => text,
    };
    let (address, scope) = match inner.split_once('%') {
        Some((address, scope)) => (address, scope.parse().unwrap_or(0)),
        None => (inner, 0),
    };
    let address = address.split_once('/').map_or(address, |(address, _)| address);
    address.parse().ok().map(|address| (address, scope))
}

/// An IPv6 address in .NET's form.
pub(super) fn v6_text(address: Ipv6Addr) -> String {
    let segments = address.segments();
    // Addresses that embed an IPv4 address show it; the standard library does so for mapped ones only.
    let compatible = segments[..6].iter().all(|segment| *segment == 0) && segments[6] != 0;
    if compatible {
        let octets = address.octets();
        return format!("::{}.{}.{}.{}", octets[12], octets[13], octets[14], octets[15]);
    }
    address.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_as_in_net() {
        let text = |text: &str| IpAddress::parse(text).map(|address| address.to_string());
        for (input, output) in [
            ("10.0.0.1", "10.0.0.1"),
            ("10.1", "10.0.0.1"),
            ("1", "0.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("010.0.0.1", "8.0.0.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("[::1]:80", "::1"),
            ("fe80::1%4", "fe80::1%4"),
        ] {
            assert_eq!(text(input).unwrap(), output, "{input}");
        }
        for bad in ["", "bad", "1.2.3.4.5", "256.0.0.1", "1.2.3.", "::1::", "1.2.3.-4", "+1", "[::1", "1.2.3.4 "] {
            assert_eq!(text(bad).unwrap_err().message, "An invalid IP address was specified.", "{bad}");
        }
        assert!(IpAddress::parse("127.9.9.9").unwrap().is_loopback());
        assert_eq!(IpAddress::parse("::1").unwrap().bytes().len(), 16);
    }
}
