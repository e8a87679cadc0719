//! XML text into events, with the errors of `XmlTextReader`.

mod doctype;

use smol_str::SmolStr;

use super::doc::{Declaration, DocumentType};
use super::errors::xml;
use super::name::{is_name, starts_name};
use crate::Thrown;

/// An attribute as written.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: SmolStr,
    /// Byte offset of its name.
    pub(super) at: usize,
}

/// What comes next in a text.
pub(super) enum Event<'a> {
    /// Tag, attributes, and whether it is empty.
    Start(&'a str, Vec<Attribute<'a>>, bool),
    End(&'a str),
    /// Text, and whether it is white space that is written plainly.
    Text(String, bool),
    CData(SmolStr),
    Comment(SmolStr),
    Instruction(SmolStr, SmolStr),
    DocumentType(DocumentType),
    Finished,
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn shown(c: char) -> String {
    format!("'{c}', hexadecimal value 0x{:02X},", u32::from(c))
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, Thrown> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let scanner = Self { text, at: 0 };
        // Too short for any markup: the reader gives up on the first character.
        let start = text.trim_start_matches(is_white);
        if start.starts_with('<') && start.encode_utf16().count() < 4 {
            let at = text.len() - start.len();
            return Err(scanner.error("Data at the root level is invalid.", at));
        }
        Ok(scanner)
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Line and column from 1, in UTF-16 units.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].encode_utf16().count() + 1)
    }

    pub(super) fn error(&self, message: &str, at: usize) -> Thrown {
        let (line, column) = self.place(at);
        xml(format!("{message} Line {line}, position {column}."))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn here(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn ended(&self) -> Thrown {
        self.error("Unexpected end of file has occurred.", self.text.len())
    }

    fn space(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches(is_white);
        self.at += rest.len() - trimmed.len();
        trimmed.len() < rest.len()
    }

    /// A name with at most one colon.
    fn name(&mut self) -> Result<&'a str, Thrown> {
        let start = self.at;
        let mut colon = false;
        let mut fresh = true;
        while let Some(c) = self.here() {
            if c == ':' && !colon && !fresh {
                colon = true;
                fresh = true;
            } else if fresh && !starts_name(c) {
                let what = format!("{c}");
                return Err(self.error(
                    &format!(
                        "Name cannot begin with the '{what}' character, hexadecimal value 0x{:02X}.",
                        u32::from(c)
                    ),
                    self.at,
                ));
            } else if !is_name(c) {
                if c == ':' {
                    return Err(
                        self.error("The ':' character, hexadecimal value 0x3A, cannot be included in a name.", self.at)
                    );
                }
                break;
            } else {
                fresh = false;
            }
            self.at += c.len_utf8();
        }
        if fresh {
            return Err(self.error("Unexpected end of file while parsing Name has occurred.", self.at));
        }
        Ok(&self.text[start..self.at])
    }

    fn until(&mut self, end: &str) -> Result<&'a str, Thrown> {
        let rest = self.rest();
        let Some(length) = rest.find(end) else { return Err(self.ended()) };
        let part = &rest[..length];
        if let Some((offset, bad)) = part.char_indices().find(|(_, c)| !is_char(*c)) {
            return Err(self.error(&format!("{} is an invalid character.", shown(bad)), self.at + offset));
        }
        self.at += length + end.len();
        Ok(part)
    }

    /// `<?xml …?>` at the very start.
    pub(super) fn declaration(&mut self) -> Result<Option<Declaration>, Thrown> {
        let Some(rest) = self.text.strip_prefix("<?xml") else { return Ok(None) };
        if !rest.starts_with(is_white) {
            return Ok(None);
        }
        self.at = 5;
        let mut found = Declaration::default();
        loop {
            let spaced = self.space();
            if self.rest().starts_with("?>") {
                self.at += 2;
                break;
            }
            let at = self.at;
            let bad = |scanner: &Self| scanner.error("Syntax for an XML declaration is invalid.", at);
            if !spaced {
                return Err(bad(self));
            }
            let name = self.name()?;
            self.space();
            if self.here() != Some('=') {
                return Err(bad(self));
            }
            self.at += 1;
            self.space();
            let quote = self.here().filter(|c| *c == '"' || *c == '\'').ok_or_else(|| bad(self))?;
            self.at += 1;
            let value = SmolStr::new(self.until(if quote == '"' { "\"" } else { "'" })?);
            match name {
                "version" if found.version.is_none() => {
                    if value != "1.0" {
                        return Err(self.error(&format!("Version number '{value}' is invalid."), at));
                    }
                    found.version = Some(value);
                }
                "encoding" if found.version.is_some() => found.encoding = Some(value),
                "standalone" if found.version.is_some() && matches!(value.as_str(), "yes" | "no") => {
                    found.standalone = Some(value);
                }
                _ => return Err(bad(self)),
            }
        }
        if found.version.is_none() {
            return Err(self.error("Syntax for an XML declaration is invalid.", self.at));
        }
        Ok(Some(found))
    }

    /// The next event. `inside` an element text may stand; `rooted` says that the root element is over.
    pub(super) fn next(&mut self, inside: bool, rooted: bool) -> Result<Event<'a>, Thrown> {
        let Some(c) = self.here() else { return Ok(Event::Finished) };
        if c != '<' {
            return if inside { self.text() } else { self.outside() };
        }
        let rest = self.rest();
        if let Some(tail) = rest.strip_prefix("<!--") {
            self.at += 4;
            let text = self.until("--")?;
            let _ = tail;
            if self.here() != Some('>') {
                return Err(self
                    .error("An XML comment cannot contain '--', and '-' cannot be the last character.", self.at - 2));
            }
            self.at += 1;
            return Ok(Event::Comment(normal(text)));
        }
        if rest.starts_with("<![CDATA[") {
            if !inside {
                return Err(self.error("Data at the root level is invalid.", self.at));
            }
            self.at += 9;
            return Ok(Event::CData(normal(self.until("]]>")?)));
        }
        if rest.starts_with("<!DOCTYPE") {
            if inside || rooted {
                return Err(self.error("Unexpected DTD declaration.", self.at));
            }
            return self.document_type();
        }
        if rest.starts_with("<!") {
            return Err(self.error("Syntax error in markup declaration.", self.at + 2));
        }
        if rest.starts_with("<?") {
            return self.instruction();
        }
        if rest.starts_with("</") {
            if !inside {
                return Err(self.error("Unexpected end tag.", self.at + 2));
            }
            self.at += 2;
            let name = self.name()?;
            self.space();
            match self.here() {
                Some('>') => self.at += 1,
                Some(c) => {
                    return Err(
                        self.error(&format!("'{c}', is an unexpected token. The expected token is '>'."), self.at)
                    );
                }
                None => return Err(self.ended()),
            }
            return Ok(Event::End(name));
        }
        self.start_tag()
    }

    fn outside(&mut self) -> Result<Event<'a>, Thrown> {
        let start = self.at;
        self.space();
        match self.here() {
            None | Some('<') => Ok(Event::Text(self.text[start..self.at].to_owned(), true)),
            Some(_) => Err(self.error("Data at the root level is invalid.", self.at)),
        }
    }

    fn instruction(&mut self) -> Result<Event<'a>, Thrown> {
        let at = self.at;
        self.at += 2;
        let target = self.name()?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(self.error(
                "Unexpected XML declaration. The XML declaration must be the first node in the document, and no whitespace \
                 characters are allowed to appear before it.",
                at + 2,
            ));
        }
        self.space();
        let data = self.until("?>")?;
        Ok(Event::Instruction(SmolStr::new(target), normal(data)))
    }

    fn start_tag(&mut self) -> Result<Event<'a>, Thrown> {
        self.at += 1;
        let tag = self.name()?;
        let mut attributes = Vec::new();
        loop {
            let spaced = self.space();
            match self.here() {
                None => return Err(self.ended()),
                Some('>') => {
                    self.at += 1;
                    return Ok(Event::Start(tag, attributes, false));
                }
                Some('/') => {
                    if !self.rest().starts_with("/>") {
                        self.at += 1;
                        let found = self.here().map_or_else(String::new, |c| c.to_string());
                        return Err(self
                            .error(&format!("'{found}' is an unexpected token. The expected token is '>'."), self.at));
                    }
                    self.at += 2;
                    return Ok(Event::Start(tag, attributes, true));
                }
                Some(c) if !spaced => {
                    return Err(self.error(
                        &format!("'{c}' is an unexpected token. Expecting white space, '>' or '/>'."),
                        self.at,
                    ));
                }
                Some(_) => attributes.push(self.attribute()?),
            }
        }
    }

    fn attribute(&mut self) -> Result<Attribute<'a>, Thrown> {
        let at = self.at;
        let name = self.name()?;
        self.space();
        let unexpected = |scanner: &Self, expected: &str| match scanner.here() {
            Some(c) => {
                scanner.error(&format!("'{c}' is an unexpected token. The expected token is {expected}."), scanner.at)
            }
            None => scanner.ended(),
        };
        if self.here() != Some('=') {
            return Err(unexpected(self, "'='"));
        }
        self.at += 1;
        self.space();
        let Some(quote) = self.here().filter(|c| *c == '"' || *c == '\'') else {
            return Err(unexpected(self, "'\"' or '''"));
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.here() else {
                return Err(self.error("There is an unclosed literal string.", self.at));
            };
            match c {
                _ if c == quote => break,
                '<' => {
                    return Err(self.error("'<', hexadecimal value 0x3C, is an invalid attribute character.", self.at));
                }
                '&' => {
                    value.push(self.reference()?);
                    continue;
                }
                '\r' if self.rest().starts_with("\r\n") => {}
                '\t' | '\r' | '\n' => value.push(' '),
                _ if !is_char(c) => {
                    return Err(self.error(&format!("{} is an invalid character.", shown(c)), self.at));
                }
                _ => value.push(c),
            }
            self.at += c.len_utf8();
        }
        self.at += 1;
        Ok(Attribute { name, value: SmolStr::from(value), at })
    }

    /// A character or entity reference.
    fn reference(&mut self) -> Result<char, Thrown> {
        let at = self.at;
        let rest = &self.rest()[1..];
        if let Some(number) = rest.strip_prefix('#') {
            let Some(length) = number.find(';') else { return Err(self.ended()) };
            let digits = &number[..length];
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+')),
                None => digits.parse().ok().filter(|_: &u32| !digits.starts_with('+')),
            };
            let Some(code) = code else {
                let base = if digits.starts_with('x') { "hexadecimal" } else { "decimal" };
                return Err(self.error(&format!("Invalid syntax for a {base} numeric entity reference."), at + 2));
            };
            self.at += 2 + length + 1;
            return match char::from_u32(code).filter(|c| is_char(*c)) {
                Some(c) => Ok(c),
                None => Err(self.error(
                    &format!(
                        "'{}', hexadecimal value 0x{code:02X}, is an invalid character.",
                        char::from_u32(code).map_or_else(String::new, String::from)
                    ),
                    at + 2,
                )),
            };
        }
        let length = rest.char_indices().find(|(_, c)| !is_name(*c)).map_or(rest.len(), |(at, _)| at);
        let name = &rest[..length];
        if name.is_empty() || !name.starts_with(starts_name) {
            return Err(self.error("An error occurred while parsing EntityName.", at + 1));
        }
        if !rest[length..].starts_with(';') {
            let found = rest[length..].chars().next();
            return Err(match found {
                Some(c) => {
                    self.error(&format!("'{c}' is an unexpected token. The expected token is ';'."), at + 1 + length)
                }
                None => self.ended(),
            });
        }
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => return Err(self.error(&format!("Reference to undeclared entity '{name}'."), at + 1)),
        };
        self.at += 1 + length + 1;
        Ok(c)
    }

    fn text(&mut self) -> Result<Event<'a>, Thrown> {
        let mut out = String::new();
        let mut white = true;
        while let Some(c) = self.here() {
            match c {
                '<' => break,
                '&' => {
                    out.push(self.reference()?);
                    white = false;
                    continue;
                }
                '\r' => {
                    if !self.rest().starts_with("\r\n") {
                        out.push('\n');
                    }
                }
                ']' if self.rest().starts_with("]]>") => {
                    return Err(self.error("']]>' is not allowed in character data.", self.at));
                }
                _ if !is_char(c) => {
                    return Err(self.error(&format!("{} is an invalid character.", shown(c)), self.at));
                }
                _ => {
                    white &= is_white(c);
                    out.push(c);
                }
            }
            self.at += c.len_utf8();
        }
        Ok(Event::Text(out, white))
    }
}

/// Line ends as XML wants them.
fn normal(text: &str) -> SmolStr {
    if text.contains('\r') { SmolStr::from(text.replace("\r\n", "\n").replace('\r', "\n")) } else { SmolStr::new(text) }
}
