//! The PROXY protocol, version 2, as a Private Link Service speaks it.
//!
//! Source: the protocol's specification; Private Link Service overview: TLV `0xEE`, subtype `0x01`, link identifier as
//! a 32-bit number, little endian. Version 1 is not spoken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How every header begins.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Longest header that is read, in bytes; those of a Private Link Service have 36 or 24.
pub const LONGEST: usize = 536;

const FIXED: usize = 16;
const TYPE_AZURE: u8 = 0xEE;
const SUBTYPE_LINK_ID: u8 = 0x01;
const TYPE_CRC32C: u8 = 0x03;

/// Whom a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The sender itself: a health probe.
    Local,
    /// A client behind the sender.
    Proxy,
}

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whom the connection is for.
    pub command: Command,
    /// The client's end and the one it called, of a connection over TCP; `None` for probes.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    /// Link identifier.
    pub link_id: Option<u32>,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// They do not begin as one.
    NoSignature,
    /// Another version, or another command.
    Version,
    /// Not over TCP.
    Family,
    /// Longer than [`LONGEST`].
    TooLong,
    /// Too short for its addresses.
    TooShort,
    /// A value that reaches over the end, or a link identifier of another length, or two of them.
    Tlv,
    /// A checksum that does not fit.
    Checksum,
}

impl Malformed {
    /// A sentence.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoSignature => "the connection does not begin with a PROXY v2 header",
            Self::Version => "the PROXY header is not version 2, or has another command than LOCAL and PROXY",
            Self::Family => "the PROXY header is not for TCP over IPv4 or IPv6",
            Self::TooLong => "the PROXY header is longer than any Private Link Service sends",
            Self::TooShort => "the PROXY header is too short for its addresses",
            Self::Tlv => "a value in the PROXY header has a wrong length",
            Self::Checksum => "the checksum of the PROXY header is wrong",
        }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Malformed {}

/// Reads a header at the start of what was received: how many bytes it has and what it says, `None` when more is needed.
///
/// # Errors
/// [`Malformed`], as soon as it is known.
pub fn parse(received: &[u8]) -> Result<Option<(usize, Header)>, Malformed> {
    let compared = received.len().min(SIGNATURE.len());
    if received.get(..compared) != SIGNATURE.get(..compared) {
        return Err(Malformed::NoSignature);
    }
    let command = match received.get(12) {
        None => return Ok(None),
        Some(0x20) => Command::Local,
        Some(0x21) => Command::Proxy,
        Some(_) => return Err(Malformed::Version),
    };
    let Some(fixed) = received.get(..FIXED) else { return Ok(None) };
    let (family, length) = (fixed[13], usize::from(u16::from_be_bytes([fixed[14], fixed[15]])));
    if FIXED + length > LONGEST {
        return Err(Malformed::TooLong);
    }
    let size = match (family, command) {
        (0x11, _) => 12,
        (0x21, _) => 36,
        (_, Command::Local) => 0,
        (_, Command::Proxy) => return Err(Malformed::Family),
    };
    if length < size {
        return Err(Malformed::TooShort);
    }
    let Some(whole) = received.get(..FIXED + length) else { return Ok(None) };
    let body = &whole[FIXED..];
    // A probe's addresses are to be ignored, and of an unknown family its whole body.
    let (addresses, rest) = match family {
        0x11 | 0x21 => (Some(addresses(body, size)), &body[size..]),
        _ => (None, &[][..]),
    };
    let link_id = link_id(rest, whole)?;
    let addresses = addresses.filter(|_| command == Command::Proxy);
    Ok(Some((FIXED + length, Header { command, addresses, link_id })))
}

fn addresses(body: &[u8], size: usize) -> (SocketAddr, SocketAddr) {
    let port = |at: usize| u16::from_be_bytes([byte(body, at), byte(body, at + 1)]);
    let ip = |at: usize| -> IpAddr {
        if size == 12 {
            Ipv4Addr::from(array::<4>(body, at)).into()
        } else {
            Ipv6Addr::from(array::<16>(body, at)).to_canonical()
        }
    };
    let width = (size - 4) / 2;
    (SocketAddr::new(ip(0), port(2 * width)), SocketAddr::new(ip(width), port(2 * width + 2)))
}

fn byte(body: &[u8], at: usize) -> u8 {
    body.get(at).copied().unwrap_or(0)
}

fn array<const N: usize>(body: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|index| byte(body, at + index))
}

fn link_id(mut rest: &[u8], whole: &[u8]) -> Result<Option<u32>, Malformed> {
    let mut found = None;
    while !rest.is_empty() {
        let [kind, high, low, tail @ ..] = rest else { return Err(Malformed::Tlv) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = tail.split_at_checked(length).ok_or(Malformed::Tlv)?;
        match (*kind, value) {
            (TYPE_AZURE, [SUBTYPE_LINK_ID, a, b, c, d]) if found.is_none() => {
                found = Some(u32::from_le_bytes([*a, *b, *c, *d]));
            }
            (TYPE_AZURE, [SUBTYPE_LINK_ID, ..] | []) => return Err(Malformed::Tlv),
            (TYPE_CRC32C, [a, b, c, d]) => {
                let at = whole.len() - tail.len();
                if crc32c(whole, at) != u32::from_be_bytes([*a, *b, *c, *d]) {
                    return Err(Malformed::Checksum);
                }
            }
            (TYPE_CRC32C, _) => return Err(Malformed::Tlv),
            _ => {}
        }
        rest = next;
    }
    Ok(found)
}

/// CRC-32C of a header, its own four bytes taken as zero.
fn crc32c(whole: &[u8], own: usize) -> u32 {
    let mut sum = u32::MAX;
    for (at, byte) in whole.iter().enumerate() {
        let byte = if (own..own + 4).contains(&at) { 0 } else { *byte };
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0x82F6_3B78 } else { sum >> 1 };
        }
    }
    !sum
}

impl Header {
    /// For a client's connection.
    pub const fn proxy(client: SocketAddr, called: SocketAddr, link_id: Option<u32>) -> Self {
        Self { command: Command::Proxy, addresses: Some((client, called)), link_id }
    }

    /// For a health probe.
    pub const fn probe(link_id: Option<u32>) -> Self {
        Self { command: Command::Local, addresses: None, link_id }
    }

    /// The client's end.
    pub fn client(&self) -> Option<SocketAddr> {
        self.addresses.map(|(client, _)| client)
    }

    /// The bytes to send before everything else.
    pub fn write(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(44);
        let family = match self.addresses {
            None if self.link_id.is_some() => {
                // Values follow addresses, so a probe that carries one has addresses, which nobody reads.
                body.extend_from_slice(&[0; 12]);
                0x11
            }
            None => 0x00,
            Some((SocketAddr::V4(client), SocketAddr::V4(called))) => {
                body.extend_from_slice(&client.ip().octets());
                body.extend_from_slice(&called.ip().octets());
                body.extend_from_slice(&client.port().to_be_bytes());
                body.extend_from_slice(&called.port().to_be_bytes());
                0x11
            }
            Some((client, called)) => {
                body.extend_from_slice(&v6(client.ip()).octets());
                body.extend_from_slice(&v6(called.ip()).octets());
                body.extend_from_slice(&client.port().to_be_bytes());
                body.extend_from_slice(&called.port().to_be_bytes());
                0x21
            }
        };
        if let Some(link_id) = self.link_id {
            body.extend_from_slice(&[TYPE_AZURE, 0, 5, SUBTYPE_LINK_ID]);
            body.extend_from_slice(&link_id.to_le_bytes());
        }
        let command = match self.command {
            Command::Local => 0x20,
            Command::Proxy => 0x21,
        };
        let length = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
        let mut bytes = Vec::with_capacity(FIXED + body.len());
        bytes.extend_from_slice(&SIGNATURE);
        bytes.extend_from_slice(&[command, family, length[0], length[1]]);
        bytes.extend_from_slice(&body);
        bytes
    }
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> SocketAddr {
        "10.2.0.5:40000".parse().unwrap()
    }

    fn sample() -> Vec<u8> {
        Header::proxy(client(), "10.2.0.9:443".parse().unwrap(), Some(0x0102_0304)).write()
    }

    /// The header as its documentation lays it out, octet by octet.
    #[test]
    fn the_link_identifier_is_little_endian_in_a_value_of_type_ee() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[0x21, 0x11, 0, 20, 10, 2, 0, 5, 10, 2, 0, 9, 0x9C, 0x40, 0x01, 0xBB]);
        bytes.extend_from_slice(&[0xEE, 0x00, 0x05, 0x01, 0x04, 0x03, 0x02, 0x01]);
        assert_eq!(bytes, sample());
        bytes.extend_from_slice(b"GET /");
        let (length, header) = parse(&bytes).unwrap().unwrap();
        assert_eq!((length, header.client(), header.link_id), (36, Some(client()), Some(0x0102_0304)));
    }

    #[test]
    fn every_shorter_start_asks_for_more() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end]), Ok(None), "{end} bytes");
        }
    }

    #[test]
    fn a_probe_has_no_client() {
        for link_id in [None, Some(7)] {
            let bytes = Header::probe(link_id).write();
            assert_eq!(parse(&bytes), Ok(Some((bytes.len(), Header::probe(link_id)))));
        }
    }

    #[test]
    fn what_is_wrong_is_told_as_soon_as_it_is_seen() {
        assert_eq!(parse(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), Err(Malformed::NoSignature));
        assert_eq!(parse(b"G"), Err(Malformed::NoSignature));
        assert_eq!(parse(&[0x16, 0x03]), Err(Malformed::NoSignature), "a TLS hello");
        let changed = |at: usize, value: u8| {
            let mut bytes = sample();
            bytes[at] = value;
            parse(&bytes)
        };
        assert_eq!(changed(12, 0x11), Err(Malformed::Version));
        assert_eq!(changed(12, 0x22), Err(Malformed::Version));
        assert_eq!(changed(13, 0x12), Err(Malformed::Family), "UDP");
        assert_eq!(changed(13, 0x31), Err(Malformed::Family), "a Unix socket");
        assert_eq!(changed(14, 0x40), Err(Malformed::TooLong));
        assert_eq!(changed(15, 11), Err(Malformed::TooShort));
        assert_eq!(changed(15, 19), Err(Malformed::Tlv), "cut within a value");
        assert_eq!(changed(15, 14), Err(Malformed::Tlv), "cut within the head of a value");
        assert_eq!(changed(30, 4), Err(Malformed::Tlv), "one byte too few");
        assert_eq!(changed(30, 6), Err(Malformed::Tlv), "one byte more than there is");
        assert_eq!(changed(29, 0xFF), Err(Malformed::Tlv), "a value longer than the header");
    }

    #[test]
    fn two_link_identifiers_are_one_too_many() {
        let mut bytes = sample();
        bytes[15] = 28;
        bytes.extend_from_slice(&[0xEE, 0x00, 0x05, 0x01, 9, 0, 0, 0]);
        assert_eq!(parse(&bytes), Err(Malformed::Tlv));
    }

    #[test]
    fn other_values_are_skipped_and_a_checksum_is_checked() {
        let mut bytes = sample();
        bytes[15] = 20 + 5 + 7;
        bytes.extend_from_slice(&[0x04, 0, 2, 0, 0]);
        bytes.extend_from_slice(&[TYPE_CRC32C, 0, 4, 0, 0, 0, 0]);
        assert_eq!(parse(&bytes), Err(Malformed::Checksum));
        let at = bytes.len() - 4;
        let sum = crc32c(&bytes, at).to_be_bytes();
        bytes[at..].copy_from_slice(&sum);
        assert_eq!(parse(&bytes).unwrap().unwrap().1.link_id, Some(0x0102_0304));
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        // The check value of CRC-32C.
        assert_eq!(crc32c(b"123456789", 100), 0xE306_9283);
    }
}
