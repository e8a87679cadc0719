//! JSON with places: strict, one pass, bounded depth.

use std::borrow::Cow;

use apimite_diag::Span;

use super::{MAX_DEPTH, Malformed, Member, Node, Value, is_json_number, repeated_keys};

/// Reads a whole JSON text. Repeated keys are reported and the first one counts.
pub(crate) fn read<'a>(text: &'a str, found: &mut Vec<Malformed>) -> Option<Node<'a>> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader { text, at: start, found };
    let node = reader.value(0).and_then(|node| {
        reader.blank();
        if reader.at < text.len() {
            return Err(
                reader.wrong("there is text after the end of the JSON value", "remove what follows the last `}`")
            );
        }
        Ok(node)
    });
    match node {
        Ok(node) => Some(node),
        Err(malformed) => {
            found.push(malformed);
            None
        }
    }
}

struct Reader<'a, 'f> {
    text: &'a str,
    at: usize,
    found: &'f mut Vec<Malformed>,
}

impl<'a> Reader<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong(&self, message: impl Into<String>, help: &str) -> Malformed {
        let end = self.text[self.at..].chars().next().map_or(self.at, |c| self.at + c.len_utf8());
        Malformed::new(message, self.at, end).help(help)
    }

    fn unexpected(&self, wanted: &str, help: &str) -> Malformed {
        match self.text[self.at..].chars().next() {
            Some(c) => self.wrong(format!("expected {wanted}, found `{c}`"), help),
            None => self.wrong(format!("expected {wanted}, found the end of the file"), help),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Malformed> {
        if depth > MAX_DEPTH {
            return Err(self.wrong(format!("lists and objects nest deeper than {MAX_DEPTH}"), "flatten the document"));
        }
        self.blank();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'/') => {
                return Err(self.wrong("JSON has no comments", "remove the comment"));
            }
            _ => {
                return Err(self.unexpected(
                    "a JSON value",
                    "write an object, a list, text in double quotes, a number, true, false or null",
                ));
            }
        };
        Ok(Node { span: Span::from_usize(start, self.at), value })
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Malformed> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unexpected("a JSON value", "text needs double quotes"))
    }

    fn number(&mut self) -> Result<Value<'a>, Malformed> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let number = &rest[..length];
        if !is_json_number(number) {
            let malformed = Malformed::new(format!("`{number}` is no JSON number"), self.at, self.at + length);
            return Err(malformed.help("put text in double quotes"));
        }
        self.at += length;
        Ok(Value::Number(Cow::Borrowed(number)))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let open = self.at;
        self.at += 1;
        let bytes = self.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut from = self.at;
        loop {
            let rest = &bytes[self.at..];
            let Some(step) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) else {
                return Err(Malformed::new("text without a closing quote", open, open + 1).help("close it with `\"`"));
            };
            self.at += step;
            match bytes[self.at] {
                b'"' => {
                    let tail = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(tail),
                    });
                }
                b'\\' => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[from..self.at]);
                    let c = escape(self.text, &mut self.at)?;
                    text.push(c);
                    from = self.at;
                }
                _ => {
                    return Err(self.wrong(
                        "a line break or control character inside quotes",
                        "close the quote before it, or write `\\n`",
                    ));
                }
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Malformed> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(items));
                }
                _ => {
                    return Err(
                        self.unexpected("`,` or `]`", "separate the elements with commas and close the list with `]`")
                    );
                }
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value<'a>, Malformed> {
        self.at += 1;
        let mut members = Vec::new();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(members));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(
                    self.unexpected("a key in double quotes", "write `\"key\": value`; no comma after the last member")
                );
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = Span::from_usize(start, self.at);
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:` after the key", "write `\"key\": value`"));
            }
            self.at += 1;
            let node = self.value(depth + 1)?;
            members.push(Member { key, key_span, node });
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    repeated_keys(&members, self.found);
                    return Ok(Value::Map(members));
                }
                _ => {
                    return Err(
                        self.unexpected("`,` or `}`", "separate the members with commas and close the object with `}`")
                    );
                }
            }
        }
    }
}

/// Reads one escape, `at` on the backslash; leaves `at` behind it.
fn escape(text: &str, at: &mut usize) -> Result<char, Malformed> {
    let start = *at;
    let bad = |length: usize| {
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Malformed::new(format!("`{}` is no JSON escape", &text[start..end]), start, end)
            .help("write `\\\\` for a backslash")
    };
    let byte = text.as_bytes().get(start + 1).copied();
    *at += 2;
    Ok(match byte {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let unit = |from: usize| text.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let first = unit(*at).ok_or_else(|| bad(6))?;
            *at += 4;
            if (0xd800..0xdc00).contains(&first)
                && text.get(*at..*at + 2) == Some("\\u")
                && let Some(second @ 0xdc00..0xe000) = unit(*at + 2)
            {
                *at += 6;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(|| bad(12));
            }
            char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        _ => return Err(bad(2)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> String {
        let mut found = Vec::new();
        let node = read(text, &mut found);
        assert!(found.is_empty(), "{found:?}");
        node.unwrap().json()
    }

    fn wrong(text: &str) -> String {
        let mut found = Vec::new();
        read(text, &mut found);
        let first = &found[0];
        format!("{}..{} {}", first.span.start, first.span.end, first.message)
    }

    #[test]
    fn json_is_read_and_written_again() {
        assert_eq!(
            ok(r#" {"a": [1, -2.5e3, true, null], "b": "x\"\u00e9\ud83d\ude00\n"} "#),
            "{\"a\":[1,-2.5e3,true,null],\"b\":\"x\\\"é😀\\n\"}"
        );
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        assert_eq!(wrong("{\"a\": 1,}"), "8..9 expected a key in double quotes, found `}`");
        assert_eq!(wrong("{\"a\" 1}"), "5..6 expected `:` after the key, found `1`");
        assert_eq!(wrong("[1 2]"), "3..4 expected `,` or `]`, found `2`");
        assert_eq!(wrong("{\"a\": \"x"), "6..7 text without a closing quote");
        assert_eq!(wrong("{\"a\": 01}"), "6..8 `01` is no JSON number");
        assert_eq!(wrong(""), "0..0 expected a JSON value, found the end of the file");
        assert_eq!(wrong("{\"a\":1,\"a\":2}"), "7..10 the key `a` is written twice in one object");
        assert_eq!(wrong("{} x"), "3..4 there is text after the end of the JSON value");
        assert_eq!(wrong("[\"\\é\"]"), "2..5 `\\é` is no JSON escape");
        assert_eq!(wrong("// c"), "0..1 JSON has no comments");
    }

    #[test]
    fn deep_nesting_is_refused_instead_of_overflowing_the_stack() {
        assert!(wrong(&"[".repeat(100_000)).contains("nest deeper"));
    }
}
