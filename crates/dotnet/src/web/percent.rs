//! `+` and percent encoding of queries and forms: `WebUtility.UrlEncode` and `HttpUtility.UrlEncode`.

fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')')
}

fn encode(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    for byte in bytes {
        match byte {
            b' ' => out.push(b'+'),
            byte if is_safe(*byte) => out.push(*byte),
            byte => out.extend([b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]),
        }
    }
    out
}

fn ascii(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// `WebUtility.UrlEncode`: hexadecimal digits in upper case.
pub fn url_encode(text: &str) -> String {
    ascii(encode(text.as_bytes(), b"0123456789ABCDEF"))
}

/// `WebUtility.UrlEncodeToBytes`.
pub fn url_encode_bytes(bytes: &[u8]) -> Vec<u8> {
    encode(bytes, b"0123456789ABCDEF")
}

/// `HttpUtility.UrlEncode`: hexadecimal digits in lower case.
pub fn http_url_encode(text: &str) -> String {
    ascii(encode(text.as_bytes(), b"0123456789abcdef"))
}

fn hex(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |value, byte| Some(value << 4 | char::from(*byte).to_digit(16)?))
}

/// `WebUtility.UrlDecodeToBytes`.
pub fn url_decode_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1..at + 3).and_then(hex)) {
            (b'%', Some(value)) => {
                out.push(value as u8);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    out
}

/// `WebUtility.UrlDecode`: UTF-8; bytes that are none become U+FFFD.
pub fn url_decode(text: &str) -> String {
    String::from_utf8_lossy(&url_decode_bytes(text.as_bytes())).into_owned()
}

/// `HttpUtility.UrlDecode`: also `%u20AC`.
pub fn http_url_decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // A run of UTF-16 escapes is decoded together, so that surrogate pairs join.
    while let Some(at) = rest.find("%u") {
        let mut units = Vec::new();
        let mut end = at;
        while rest.as_bytes().get(end..end + 2) == Some(b"%u")
            && let Some(unit) = rest.as_bytes().get(end + 2..end + 6).and_then(hex)
        {
            units.push(unit as u16);
            end += 6;
        }
        if units.is_empty() {
            end = at + 2;
            out.push_str(&url_decode(&rest[..end]));
        } else {
            out.push_str(&url_decode(&rest[..at]));
            out.push_str(&String::from_utf16_lossy(&units));
        }
        rest = &rest[end..];
    }
    out.push_str(&url_decode(rest));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_keeps_what_net_keeps() {
        assert_eq!(url_encode("é~-_.!*'()"), "%C3%A9%7E-_.!*%27()");
        assert_eq!(url_encode("a b&c=d/€"), "a+b%26c%3Dd%2F%E2%82%AC");
        assert_eq!(http_url_encode("é/ "), "%c3%a9%2f+");
    }

    #[test]
    fn decoding_leaves_broken_escapes() {
        assert_eq!(url_decode("a+b%26c%3dd%C3%A9%zz%4"), "a b&c=dé%zz%4");
        assert_eq!(url_decode("%FF"), "\u{FFFD}");
        assert_eq!(http_url_decode("%u20AC+%ud83d%ude00%u12"), "€ 😀%u12");
    }
}
