//! Reads `Transfer-Encoding: chunked`.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Longest chunk-size line with its extensions, in bytes.
const LINE_LIMIT: usize = 4 * 1024;
/// Longest trailer section, in bytes.
const TRAILER_LIMIT: usize = 16 * 1024;

/// Where in the coding the reader stands.
#[derive(Debug)]
pub(crate) enum Chunked {
    Size,
    Data(u64),
    DataEnd,
    Trailers(HeaderMap, usize),
    Done,
}

/// What one step found.
#[derive(Debug)]
pub(crate) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    End,
    /// More bytes are needed.
    Starved,
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self::Size
    }

    /// Takes the next piece out of `buffer`.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Piece, &'static str> {
        loop {
            match self {
                Self::Size => {
                    let Some(line) = take_line(buffer, LINE_LIMIT)? else { return Ok(Piece::Starved) };
                    let size = size_of(&line)?;
                    *self = if size == 0 { Self::Trailers(HeaderMap::new(), 0) } else { Self::Data(size) };
                }
                Self::Data(left) => {
                    if buffer.is_empty() {
                        return Ok(Piece::Starved);
                    }
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                    *left -= take as u64;
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(Piece::Data(buffer.split_to(take).freeze()));
                }
                Self::DataEnd => {
                    match buffer.first() {
                        None => return Ok(Piece::Starved),
                        Some(b'\n') => buffer.advance(1),
                        Some(b'\r') if buffer.len() < 2 => return Ok(Piece::Starved),
                        Some(b'\r') if buffer.get(1) == Some(&b'\n') => buffer.advance(2),
                        Some(_) => return Err("a chunk is longer than its size says"),
                    }
                    *self = Self::Size;
                }
                Self::Trailers(fields, read) => {
                    let Some(line) = take_line(buffer, TRAILER_LIMIT)? else { return Ok(Piece::Starved) };
                    *read += line.len() + 2;
                    if *read > TRAILER_LIMIT {
                        return Err("the trailers are too long");
                    }
                    if line.is_empty() {
                        let fields = std::mem::take(fields);
                        *self = Self::Done;
                        return Ok(if fields.is_empty() { Piece::End } else { Piece::Trailers(fields) });
                    }
                    let colon = line.iter().position(|byte| *byte == b':').ok_or("a trailer has no colon")?;
                    let (name, value) = line.split_at(colon);
                    let name = HeaderName::from_bytes(name).map_err(|_| "a trailer has no valid name")?;
                    let value = value.get(1..).unwrap_or_default().trim_ascii();
                    let value = HeaderValue::from_bytes(value).map_err(|_| "a trailer has no valid value")?;
                    fields.append(name, value);
                }
                Self::Done => return Ok(Piece::End),
            }
        }
    }
}

fn take_line(buffer: &mut BytesMut, limit: usize) -> Result<Option<BytesMut>, &'static str> {
    let Some(end) = buffer.iter().take(limit + 1).position(|byte| *byte == b'\n') else {
        return if buffer.len() > limit { Err("a line of the chunked coding is too long") } else { Ok(None) };
    };
    let mut line = buffer.split_to(end + 1);
    line.truncate(end);
    if line.last() == Some(&b'\r') {
        line.truncate(end - 1);
    }
    Ok(Some(line))
}

fn size_of(line: &[u8]) -> Result<u64, &'static str> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err("a chunk has no valid size");
    }
    let text = std::str::from_utf8(digits).map_err(|_| "a chunk has no valid size")?;
    u64::from_str_radix(text, 16).map_err(|_| "a chunk has no valid size")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, step: usize) -> Result<(String, Option<HeaderMap>, String), &'static str> {
        let mut reader = Chunked::new();
        let mut buffer = BytesMut::new();
        let mut input = text.as_bytes();
        let (mut data, mut trailers) = (Vec::new(), None);
        loop {
            match reader.next(&mut buffer)? {
                Piece::Data(bytes) => data.extend_from_slice(&bytes),
                Piece::Trailers(fields) => trailers = Some(fields),
                Piece::End => break,
                Piece::Starved => {
                    assert!(!input.is_empty(), "starved at the end");
                    let (now, later) = input.split_at(step.min(input.len()));
                    buffer.extend_from_slice(now);
                    input = later;
                }
            }
        }
        let rest = [buffer.as_ref(), input].concat();
        Ok((String::from_utf8(data).unwrap(), trailers, String::from_utf8(rest).unwrap()))
    }

    #[test]
    fn chunks_are_joined_wherever_the_transport_cuts_them() {
        let text = "4;ext=1\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\nNEXT";
        for step in 1..text.len() {
            let (data, trailers, rest) = read(text, step).unwrap();
            assert_eq!((data.as_str(), trailers.is_none(), rest.as_str()), ("Wikipedia", true, "NEXT"), "step {step}");
        }
    }

    #[test]
    fn trailers_come_after_the_last_chunk() {
        let (_, trailers, _) = read("1\r\nx\r\n0\r\nGrpc-Status: 0\r\n\r\n", 3).unwrap();
        assert_eq!(trailers.unwrap()["grpc-status"], "0");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["zz\r\n", "-1\r\n", "\r\n", "1\r\nxy\r\n", "0\r\nno colon\r\n\r\n", "fffffffffffffffff\r\n"] {
            assert!(read(text, 64).is_err(), "{text:?}");
        }
    }
}
