//! From bytes to text, with a refusal for what is not UTF-8.

use apimite_diag::{Diagnostic, Source, Span};

/// Decodes UTF-8, with or without a byte order mark (which is dropped).
///
/// # Errors
/// A refusal with the place of the first byte that is no UTF-8, and what the file probably is.
pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<Source, Box<Diagnostic>> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => Ok(Source::new(name, text)),
        Ok(text) => {
            let at = text.find('\0').unwrap_or(0);
            Err(Box::new(refuse(
                name,
                text,
                at,
                "the file holds a NUL character: it is no text",
                "save it as text in UTF-8",
            )))
        }
        Err(error) => {
            let at = error.valid_up_to();
            let text = match body {
                [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
                _ => String::from_utf8_lossy(body).into_owned(),
            };
            let (message, help) = match body {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("the file is UTF-16".to_owned(), "save it as UTF-8".to_owned()),
                _ => {
                    let byte = body.get(at).copied().unwrap_or(0);
                    (
                        format!("the file is not UTF-8: byte 0x{byte:02x} cannot stand here"),
                        "save it as UTF-8 (it is probably Windows-1252)".to_owned(),
                    )
                }
            };
            Err(Box::new(refuse(name, &text, at, &message, &help)))
        }
    }
}

/// UTF-16, to show what the file says.
fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn refuse(name: &str, text: &str, at: usize, message: &str, help: &str) -> Diagnostic {
    let source = Source::new(name, text);
    Diagnostic::new("import::encoding", message).at(&source, Span::from_usize(at, at + 1)).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_byte_is_shown_with_line_and_column() {
        let refusal = decode("p.xml", b"<a>\n caf\xe9</a>").unwrap_err();
        assert_eq!(refusal.headline(), "Error on line 2, column 5: the file is not UTF-8: byte 0xe9 cannot stand here");
        let refusal = decode("p.xml", b"\xff\xfe<\0a\0").unwrap_err();
        assert_eq!(refusal.message, "the file is UTF-16");
        assert_eq!(decode("p.xml", b"\xef\xbb\xbf<a/>").unwrap().text(), "<a/>");
    }
}
