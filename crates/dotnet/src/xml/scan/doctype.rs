//! `<!DOCTYPE …>`.

use smol_str::SmolStr;

use super::super::doc::DocumentType;
use super::{Event, Scanner};
use crate::Thrown;

impl<'a> Scanner<'a> {
    pub(super) fn document_type(&mut self) -> Result<Event<'a>, Thrown> {
        self.at += 9;
        self.space();
        let mut parts = DocumentType { name: SmolStr::new(self.name()?), ..DocumentType::default() };
        self.space();
        let quoted = |scanner: &mut Self| {
            scanner.space();
            let quote = scanner.here().filter(|c| *c == '"' || *c == '\'');
            let quote = quote.ok_or_else(|| scanner.error("Expecting a quoted literal.", scanner.at))?;
            scanner.at += 1;
            scanner.until(if quote == '"' { "\"" } else { "'" }).map(SmolStr::new)
        };
        if self.rest().starts_with("PUBLIC") {
            self.at += 6;
            parts.public = Some(quoted(self)?);
            parts.system = Some(quoted(self)?);
        } else if self.rest().starts_with("SYSTEM") {
            self.at += 6;
            parts.system = Some(quoted(self)?);
        }
        self.space();
        if self.here() == Some('[') {
            self.at += 1;
            parts.subset = Some(SmolStr::new(self.subset()?));
            self.space();
        }
        if self.here() != Some('>') {
            return Err(self.error("Expecting '>' at the end of the document type.", self.at));
        }
        self.at += 1;
        Ok(Event::DocumentType(parts))
    }

    /// The internal subset, kept as text; nothing it declares takes effect.
    fn subset(&mut self) -> Result<&'a str, Thrown> {
        let start = self.at;
        loop {
            match self.here() {
                None => return Err(self.ended()),
                Some(']') => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                Some(quote @ ('"' | '\'')) => {
                    self.at += 1;
                    self.until(if quote == '"' { "\"" } else { "'" })?;
                }
                Some(_) if self.rest().starts_with("<!--") => {
                    self.at += 4;
                    self.until("-->")?;
                }
                Some(c) => self.at += c.len_utf8(),
            }
        }
    }
}
