//! Reads the bodies of deployments, which are not quite JSON.
//!
//! Source: `az deployment` sends the template file as it is, after an unquoted key; comments, line breaks within strings and
//! commas at the end come through.

use serde_json::{Map, Number, Value};

use crate::error::{ArmError, Result};

/// How deep values may nest.
const MAX_DEPTH: usize = 100;

/// Reads a text.
///
/// # Errors
/// What is wrong, with its line.
pub(crate) fn read(text: &str) -> Result<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blank()?;
    if reader.at < text.len() { Err(reader.error("nothing more")) } else { Ok(value) }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, wanted: &str) -> ArmError {
        let line = self.text[..self.at].matches('\n').count() + 1;
        let found: String = self.text[self.at..].chars().take(20).collect();
        ArmError::bad(
            "InvalidRequestContent",
            format!(
                "The request content was invalid and could not be deserialized: line {line}: {wanted} is expected, not `{found}`."
            ),
        )
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) -> Result<()> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match trimmed.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return Err(self.error("the end of a comment")),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err(self.error("something that nests less deep"));
        }
        self.blank()?;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
                {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.error("a value"))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        let mut members = Map::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(members));
                }
                Some(b',') if !members.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let key = if self.peek() == Some(b'"') { self.string()? } else { self.bare()? };
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err(self.error("`:`"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.insert(key, value);
            self.blank()?;
            if !matches!(self.peek(), Some(b',' | b'}')) {
                return Err(self.error("`,` or `}`"));
            }
        }
    }

    fn bare(&mut self) -> Result<String> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.error("a name"));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn list(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                Some(b',') if !items.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            items.push(self.value(depth + 1)?);
            self.blank()?;
            if !matches!(self.peek(), Some(b',' | b']')) {
                return Err(self.error("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => return Err(self.error("a closing quote")),
            }
        }
        let written = &self.text[start..=end];
        self.at = end + 1;
        if written.contains(['\n', '\r', '\t']) {
            let escaped = written.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
            return serde_json::from_str(&escaped).map_err(|_| self.error("text"));
        }
        serde_json::from_str(written).map_err(|_| self.error("text"))
    }

    fn number(&mut self) -> Result<Value> {
        let rest = &self.text[self.at..];
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'))).unwrap_or(rest.len());
        let number: Number = serde_json::from_str(&rest[..length]).map_err(|_| self.error("a number"))?;
        self.at += length;
        Ok(Value::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_az_sends_is_read() {
        let text = "{\"properties\": {\"parameters\": {\"a\": {\"value\": 1}}, template:{\n// why\n\"x\": \"a\nb\", /* c */ \"y\": [1, 2,],\n}\n}}";
        let value = read(text).unwrap();
        assert_eq!(value["properties"]["template"]["x"], "a\nb");
        assert_eq!(value["properties"]["template"]["y"][1], 2);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, line) in [("{", 1), ("{\n\"a\" 1}", 2), ("{\"a\": 1} x", 1), ("\"a", 1), ("/*", 1)] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(&format!("line {line}")), "{text}: {}", error.message);
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
