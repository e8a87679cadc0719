//! Escaping of addresses: what is kept, escaped, and unescaped for people.

/// `A-Z a-z 0-9 - . _ ~`.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `: / ? # [ ] @ ! $ & ' ( ) * + , ; =`.
pub(super) fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'#'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}

fn push_escaped(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// The byte of a `%XX` at the start of `bytes`.
pub(super) fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else { return None };
    Some((char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u8)
}

fn escape_with(text: &str, keep: impl Fn(u8) -> bool, keep_escapes: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (at, byte) in bytes.iter().enumerate() {
        if keep(*byte) || (keep_escapes && escaped_byte(&bytes[at..]).is_some()) {
            out.push(char::from(*byte));
        } else {
            push_escaped(&mut out, *byte);
        }
    }
    out
}

/// `Uri.EscapeDataString`.
pub fn escape_data_string(text: &str) -> String {
    escape_with(text, is_unreserved, false)
}

/// `Uri.EscapeUriString`.
pub fn escape_uri_string(text: &str) -> String {
    escape_with(text, |byte| is_unreserved(byte) || is_reserved(byte), false)
}

/// A component in its canonical form: escapes stay, everything that must be escaped is.
pub(super) fn escape_component(text: &str) -> String {
    escape_with(text, |byte| is_unreserved(byte) || is_reserved(byte), true)
}

/// Unescapes what `unescapes` allows; bytes beyond ASCII must be whole UTF-8 characters.
pub(super) fn unescape_with(text: &str, unescapes: impl Fn(char) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some(ahead) = text[at..].find('%') {
        at += ahead;
        let mut run = Vec::new();
        let mut end = at;
        while let Some(byte) = bytes.get(end..).and_then(escaped_byte) {
            run.push(byte);
            end += 3;
        }
        if run.is_empty() {
            at += 1;
            continue;
        }
        out.push_str(&text[copied..at]);
        let mut rest = run.as_slice();
        while !rest.is_empty() {
            let (good, bad) = match std::str::from_utf8(rest) {
                Ok(good) => (good, 0),
                Err(error) => {
                    let good = std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default();
                    (good, error.error_len().unwrap_or(rest.len() - error.valid_up_to()))
                }
            };
            // What stays escaped is copied as it was written, with the case of its digits.
            let mut written = end - rest.len() * 3;
            for character in good.chars() {
                let width = character.len_utf8() * 3;
                if unescapes(character) {
                    out.push(character);
                } else {
                    out.push_str(&text[written..written + width]);
                }
                written += width;
            }
            out.push_str(&text[written..written + bad * 3]);
            rest = &rest[good.len() + bad..];
        }
        at = end;
        copied = end;
    }
    out.push_str(&text[copied..]);
    out
}

/// `Uri.UnescapeDataString`: all that is valid.
pub fn unescape_data_string(text: &str) -> String {
    unescape_with(text, |_| true)
}

/// For people, as `ToString`: reserved characters, `%`, `\` and controls stay escaped.
pub(super) fn unescape_for_display(text: &str) -> String {
    unescape_with(text, is_safe_to_unescape)
}

/// Unescaping that changes no meaning.
pub(super) fn is_safe_to_unescape(character: char) -> bool {
    match u8::try_from(character) {
        Ok(byte) if byte < 0x80 => !(byte <= 0x1F || byte == 0x7F || is_reserved(byte) || matches!(byte, b'%' | b'\\')),
        _ => !('\u{80}'..='\u{9F}').contains(&character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keeps_unreserved_characters_only() {
        assert_eq!(escape_data_string("é€~-_.!*'()"), "%C3%A9%E2%82%AC~-_.%21%2A%27%28%29");
        assert_eq!(escape_data_string("a/b?c=%20 😀"), "a%2Fb%3Fc%3D%2520%20%F0%9F%98%80");
        assert_eq!(escape_uri_string("http://x/a b?c=[é]%"), "http://x/a%20b?c=[%C3%A9]%25");
    }

    #[test]
    fn unescaping_leaves_what_is_no_text() {
        assert_eq!(unescape_data_string("a%20b%2Bc+d"), "a b+c+d");
        assert_eq!(unescape_data_string("%C3%A9%FF%fe%C3%41%zz%"), "é%FF%fe%C3A%zz%");
        assert_eq!(unescape_for_display("a%20b%2Fc%41%c3%a9%25%00%5c"), "a b%2FcAé%25%00%5c");
    }
}
