//! Bytes to text.

use std::borrow::Cow;

use apimite_diag::{Diagnostic, Source, Span};

use crate::{Document, Limits, read};

/// Reads a document from bytes: UTF-8, or UTF-16 with a byte order mark.
///
/// Bytes that are no UTF-8 are an error, and read as U+FFFD.
pub fn read_bytes(name: &str, bytes: &[u8], limits: Limits) -> Document {
    if bytes.len() > limits.size_bytes.saturating_mul(2) {
        // Read no more than is needed to say so.
        let document = read(Source::new(name, ""), limits);
        let message = format!("the document has {} bytes, more than the {} allowed", bytes.len(), limits.size_bytes);
        return Document { diagnostics: vec![Diagnostic::new("document::size", message)], ..document };
    }
    let (text, problem) = decode(bytes);
    let source = Source::new(name, text);
    let mut document = read(source, limits);
    if let Some((message, offset)) = problem {
        let diagnostic = Diagnostic::new("document::encoding", message)
            .at(&document.source, Span::from_usize(offset, offset + 1))
            .help("save the file as UTF-8");
        document.diagnostics.insert(0, diagnostic);
    }
    document
}

/// The text, and what was wrong with it and where.
fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<(String, usize)>) {
    let utf16: Option<fn([u8; 2]) -> u16> = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = utf16 {
        let units = bytes.chunks(2).map(|pair| match pair {
            [a, b] => unit([*a, *b]),
            _ => 0xfffd,
        });
        let mut problem = None;
        let mut text = String::with_capacity(bytes.len() / 2);
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or_else(|_| {
                problem.get_or_insert(("half of a UTF-16 pair stands alone".to_owned(), text.len()));
                '\u{fffd}'
            });
            text.push(c);
        }
        return (Cow::Owned(text), problem);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or(0);
            (String::from_utf8_lossy(bytes), Some((format!("byte 0x{byte:02X} is no UTF-8"), at)))
        }
    }
}
