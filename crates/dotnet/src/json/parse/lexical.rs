//! Words, comments, strings and numbers of the text.

use super::*;

impl Parser<'_> {
    pub(super) fn bare_name(&mut self) -> Result<SmolStr, Thrown> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let start = self.pos;
        if !is_name(self.here()) {
            let c = self.here();
            return Err(self.error(&format!("Invalid property identifier character: {c}.")));
        }
        loop {
            match self.char_at(self.pos) {
                None => return Err(self.error("Unexpected end while parsing unquoted property name.")),
                Some(c) if is_name(c) => self.pos += c.len_utf8(),
                Some(c) if c == ':' || c == '\0' || is_space(c) => {
                    return Ok(SmolStr::new(&self.text[start..self.pos]));
                }
                Some(c) => {
                    return Err(self.error(&format!("Invalid JavaScript property identifier character: {c}.")));
                }
            }
        }
    }

    pub(super) fn constructor(&mut self) -> Result<u32, Thrown> {
        let from = self.pos;
        self.match_word("new", "")?;
        self.eat_space();
        let start = self.pos;
        while let Some(c) = self.char_at(self.pos).filter(|c| c.is_alphanumeric()) {
            self.pos += c.len_utf8();
        }
        match self.char_at(self.pos) {
            None => return Err(self.error("Unexpected end while parsing constructor.")),
            Some(c) if c == '(' || c == '\0' || is_space(c) => {}
            Some(c) => return Err(self.error(&format!("Unexpected character while parsing constructor: {c}."))),
        }
        let name = SmolStr::new(&self.text[start..self.pos]);
        if name.is_empty() {
            return Err(self.error("Empty constructor name."));
        }
        self.eat_space();
        if self.bytes.get(self.pos) != Some(&b'(') {
            let c = self.here();
            return Err(self.error(&format!("Unexpected character while parsing constructor: {c}.")));
        }
        self.pos += 1;
        self.open(JTokenType::Constructor, Data::Constructor(Box::new((name, Vec::new()))), from)
    }

    pub(super) fn word(&mut self, word: &str, what: &str, scalar: Scalar) -> Result<u32, Thrown> {
        let from = self.pos;
        self.match_word(word, what)?;
        Ok(self.scalar(scalar, from))
    }

    pub(super) fn match_word(&mut self, word: &str, what: &str) -> Result<(), Thrown> {
        let rest = &self.bytes[self.pos..];
        if rest.len() < word.len() && self.text[self.pos..].chars().map(char::len_utf16).sum::<usize>() < word.len() {
            self.pos = self.bytes.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        let same = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
        self.pos += same;
        if same < word.len() || !self.at_separator() {
            let message = if what.is_empty() {
                "Unexpected content while parsing JSON.".to_owned()
            } else {
                format!("Error parsing {what}.")
            };
            return Err(self.error(&message));
        }
        Ok(())
    }

    pub(super) fn at_separator(&self) -> bool {
        match self.char_at(self.pos) {
            None | Some('}' | ']' | ',' | '\0') => true,
            Some('/') => matches!(self.bytes.get(self.pos + 1), Some(b'*' | b'/')),
            Some(')') => self.frames.last().is_some_and(|frame| frame.kind == JTokenType::Constructor),
            Some(c) => is_space(c),
        }
    }

    pub(super) fn comment(&mut self) -> Result<SmolStr, Thrown> {
        self.pos += 1;
        let line = match self.bytes.get(self.pos) {
            Some(b'*') => false,
            Some(b'/') => true,
            None => return Err(self.error("Unexpected end while parsing comment.")),
            Some(_) => {
                let c = self.here();
                return Err(self.error(&format!("Error parsing comment. Expected: *, got {c}.")));
            }
        };
        self.pos += 1;
        let start = self.pos;
        let rest = &self.text[start..];
        if line {
            let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
            self.pos += length;
            return Ok(SmolStr::new(&rest[..length]));
        }
        let Some(length) = rest.find("*/") else {
            self.pos = self.bytes.len();
            return Err(self.error("Unexpected end while parsing comment."));
        };
        self.pos += length + 2;
        Ok(SmolStr::new(&rest[..length]))
    }

    /// The rest of a string behind its opening quote.
    pub(super) fn string(&mut self, quote: u8) -> Result<SmolStr, Thrown> {
        let start = self.pos;
        let stop = |bytes: &[u8]| bytes.iter().position(|b| *b == quote || *b == b'\\');
        let open = |parser: &mut Self| {
            parser.pos = parser.bytes.len();
            Err(parser.error(&format!("Unterminated string. Expected delimiter: {}.", char::from(quote))))
        };
        let Some(length) = stop(&self.bytes[start..]) else { return open(self) };
        self.pos += length;
        if self.bytes[self.pos] == quote {
            self.pos += 1;
            return Ok(SmolStr::new(&self.text[start..self.pos - 1]));
        }
        let mut text = String::from(&self.text[start..self.pos]);
        loop {
            // Here stands a backslash.
            self.pos += 1;
            let Some(c) = self.char_at(self.pos) else { return open(self) };
            self.pos += c.len_utf8();
            match c {
                'b' => text.push('\u{8}'),
                't' => text.push('\t'),
                'n' => text.push('\n'),
                'f' => text.push('\u{c}'),
                'r' => text.push('\r'),
                '\\' | '"' | '\'' | '/' => text.push(c),
                'u' => self.unicode(&mut text)?,
                _ => return Err(self.error(&format!("Bad JSON escape sequence: \\{c}."))),
            }
            let from = self.pos;
            let Some(length) = stop(&self.bytes[from..]) else { return open(self) };
            self.pos += length;
            text.push_str(&self.text[from..self.pos]);
            if self.bytes[self.pos] == quote {
                self.pos += 1;
                return Ok(SmolStr::from(text));
            }
        }
    }

    /// One `\uXXXX`, joined with the next one where the two are a pair. Half a pair becomes U+FFFD.
    pub(super) fn unicode(&mut self, text: &mut String) -> Result<(), Thrown> {
        let mut unit = self.hex()?;
        loop {
            if !(0xd800..0xdc00).contains(&unit) {
                text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            if self.bytes.get(self.pos..self.pos + 2) != Some(b"\\u") {
                text.push(char::REPLACEMENT_CHARACTER);
                return Ok(());
            }
            self.pos += 2;
            let next = self.hex()?;
            if (0xdc00..0xe000).contains(&next) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
                text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            text.push(char::REPLACEMENT_CHARACTER);
            unit = next;
        }
    }

    pub(super) fn hex(&mut self) -> Result<u32, Thrown> {
        let units: Vec<char> = self.text[self.pos..].chars().take(4).collect();
        if units.len() < 4 {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        }
        let digits: String = units.into_iter().collect();
        match u32::from_str_radix(&digits, 16) {
            Ok(unit) if digits.len() == 4 && !digits.starts_with('+') => {
                self.pos += 4;
                Ok(unit)
            }
            _ => Err(self.error(&format!("Invalid Unicode escape sequence: \\u{digits}."))),
        }
    }

    pub(super) fn number(&mut self, from: usize) -> Result<u32, Thrown> {
        while let Some(byte) = self.bytes.get(self.pos) {
            match byte {
                b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' => self.pos += 1,
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}' | b']' | b')' | b'/' | 0 => break,
                _ => {
                    let c = self.here();
                    if is_space(c) {
                        break;
                    }
                    return Err(self.error(&format!("Unexpected character encountered while parsing number: {c}.")));
                }
            }
        }
        let text = &self.text[from..self.pos];
        match read_number(text) {
            Ok(scalar) => Ok(self.scalar(scalar, from)),
            Err(message) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.begun = true;
                }
                self.counted = true;
                self.at = At::Post;
                Err(self.error(&message))
            }
        }
    }
}

/// A JSON number: integer, hexadecimal, octal or float.
fn read_number(text: &str) -> Result<Scalar, String> {
    let bytes = text.as_bytes();
    let wrong = || format!("Input string '{text}' is not a valid number.");
    if bytes.len() > 1 && bytes[0] == b'0' && !matches!(bytes[1], b'.' | b'e' | b'E') {
        let (digits, radix) = if matches!(bytes[1], b'x' | b'X') { (&text[2..], 16) } else { (text, 8) };
        let valid = !digits.is_empty() && digits.bytes().all(|b| char::from(b).is_digit(radix));
        return match u64::from_str_radix(digits, radix) {
            Ok(value) if valid => Ok(Scalar::long(value.cast_signed())),
            _ => Err(wrong()),
        };
    }
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        if digits.len() <= 18 {
            let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
            return Ok(Scalar::long(if negative { -value } else { value }));
        }
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Scalar::long(value));
        }
        if text.len() > 380 {
            return Err(format!("JSON integer {text} is too large to parse."));
        }
        let digits = text.trim_start_matches('-').trim_start_matches('0');
        return Ok(Scalar::Big(if negative { format!("-{digits}") } else { digits.to_owned() }.into()));
    }
    let float = bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|_| float).map(Scalar::Double).ok_or_else(wrong)
}
