//! Small things in the text of heads.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

static BLANK_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n\r\n"));

/// Where the head ends, its blank line included; `from` is how far earlier calls have looked.
///
/// Lines may end without CR. What is found may lie behind the true end, never before it: the parser has the last word.
pub(crate) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes.ends_with(b"\r\n\r\n") {
        return Some(bytes.len());
    }
    if let Some(found) = BLANK_LINE.find(bytes.get(from..)?) {
        return Some(from + found + 4);
    }
    let mut at = from;
    while let Some(found) = memchr::memchr(b'\n', bytes.get(at..)?) {
        let next = at + found + 1;
        match (bytes.get(next), bytes.get(next + 1)) {
            (Some(b'\n'), _) => return Some(next + 1),
            (Some(b'\r'), Some(b'\n')) => return Some(next + 2),
            _ => at = next,
        }
    }
    None
}

/// Puts the part of `text` behind the head back in front of what is still unread.
pub(crate) fn put_back(buffer: &mut BytesMut, text: &Bytes, used: usize) {
    if let Some(rest) = text.get(used..).filter(|rest| !rest.is_empty()) {
        let mut whole = BytesMut::with_capacity(rest.len() + buffer.len());
        whole.extend_from_slice(rest);
        whole.extend_from_slice(buffer);
        *buffer = whole;
    }
}

/// The number in a `Content-Length`: digits and nothing else.
pub(crate) fn length_of(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(value.iter().fold(0_u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))))
}

/// Is `chunked` the last coding of a `Transfer-Encoding`?
pub(crate) fn ends_chunked(value: &[u8]) -> bool {
    value.rsplit(|byte| *byte == b',').next().is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_blank_line() {
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\nA: b\r\n\r\n", 0), Some(24));
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\nA: b\r\n\r\nbody", 0), Some(24));
        assert_eq!(end_of_head(b"GET / HTTP/1.1\nA: b\n\nbody", 0), Some(21));
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\nA: b\r\n\r", 0), None);
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\nA: b\r\n\r\nx", 20), Some(24));
    }

    #[test]
    fn what_is_behind_the_head_comes_first_again() {
        let mut buffer = BytesMut::from("3");
        put_back(&mut buffer, &Bytes::from_static(b"head12"), 4);
        assert_eq!(&buffer[..], b"123");
    }

    #[test]
    fn lengths_are_digits() {
        assert_eq!(length_of(b" 12 "), Some(12));
        for wrong in [&b""[..], b"+1", b"1,1", b"-1", b"1 1", b"99999999999999999999"] {
            assert_eq!(length_of(wrong), None, "{wrong:?}");
        }
    }
}
