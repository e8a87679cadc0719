//! Bodies as they are behind `Content-Encoding`, never larger than allowed.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Most bytes that are unpacked only to tell how many there are.
const COUNTED: u64 = 16 << 20;

/// A body, unpacked.
#[derive(Debug)]
pub(crate) struct Plain<'b> {
    /// The bytes; none when there are more than were asked for.
    pub(crate) bytes: Option<Cow<'b, [u8]>>,
    /// How many there are; counted no further than 16 MiB.
    pub(crate) size: u64,
}

/// Unpacks a body, keeping at most `most` bytes.
///
/// # Errors
/// Why it cannot be unpacked.
pub(crate) fn plain<'b>(bytes: &'b [u8], encoding: &str, most: u64) -> Result<Plain<'b>, String> {
    let size = bytes.len() as u64;
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Plain { bytes: (size <= most).then_some(Cow::Borrowed(bytes)), size }),
        "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(bytes), most),
        // RFC 9110: zlib; some servers send the bare stream.
        "deflate" if bytes.first().is_some_and(|byte| byte & 0x0f == 8) => unpack(ZlibDecoder::new(bytes), most),
        "deflate" => unpack(DeflateDecoder::new(bytes), most),
        other => Err(format!("The content encoding `{other}` is not known.")),
    }
}

fn unpack(mut reader: impl Read, most: u64) -> Result<Plain<'static>, String> {
    let mut kept = Vec::new();
    let mut size = 0_u64;
    let mut part = [0_u8; 16 * 1024];
    while size <= COUNTED.max(most) {
        let count = reader.read(&mut part).map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        size += count as u64;
        if size <= most {
            kept.extend_from_slice(part.get(..count).unwrap_or_default());
        } else {
            kept = Vec::new();
        }
    }
    Ok(Plain { bytes: (size <= most).then_some(Cow::Owned(kept)), size })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn packed_bodies_are_measured_unpacked() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"hello").unwrap();
        let packed = gzip.finish().unwrap();
        let found = plain(&packed, "gzip", 100).unwrap();
        assert_eq!((found.bytes.as_deref(), found.size), (Some(&b"hello"[..]), 5));
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"hello").unwrap();
        assert_eq!(plain(&zlib.finish().unwrap(), "deflate", 4).unwrap().size, 5);
        assert!(plain(b"x", "br", 9).is_err());
        assert!(plain(b"no gzip", "gzip", 9).is_err());
    }

    #[test]
    fn a_bomb_is_given_up_early() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..64 {
            gzip.write_all(&vec![0_u8; 1 << 20]).unwrap();
        }
        let packed = gzip.finish().unwrap();
        assert!(packed.len() < 1 << 17);
        let found = plain(&packed, "gzip", 1 << 20).unwrap();
        assert!(found.bytes.is_none() && found.size < 17 << 20);
    }
}
