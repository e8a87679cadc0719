//! Replacement patterns: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+`, `$_`.

use std::borrow::Cow;

use super::Match;
use super::ast::Groups;
use super::options::RegexOptions;
use super::parse::Parser;
use crate::Thrown;

enum Part {
    Text(String),
    Slot(usize),
    Before,
    After,
    LastGroup,
    Whole,
}

/// A parsed replacement pattern.
pub(super) struct Replacement(Vec<Part>);

impl Replacement {
    pub(super) fn parse(text: &str, groups: &Groups, options: RegexOptions) -> Result<Self, Thrown> {
        let mut parser = Parser::new(text, options);
        let mut parts = Vec::new();
        let mut literal: Vec<u16> = Vec::new();
        while parser.left() > 0 {
            let unit = parser.units[parser.pos];
            parser.pos += 1;
            if unit != u16::from(b'$') {
                literal.push(unit);
                continue;
            }
            match scan_dollar(&mut parser, groups)? {
                Some(Part::Text(text)) => literal.extend(text.encode_utf16()),
                Some(part) => {
                    flush(&mut literal, &mut parts);
                    parts.push(part);
                }
                None => literal.push(unit),
            }
        }
        flush(&mut literal, &mut parts);
        Ok(Self(parts))
    }

    /// Appends what one match is replaced with; `grow` is asked before each part, with its bytes.
    pub(super) fn append<E>(
        &self,
        found: &Match,
        to: &mut String,
        grow: &mut impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(data) = found.data() else { return Ok(()) };
        let subject = &data.subject;
        let (start, end) = data.span(0).unwrap_or((0, 0));
        let slot = |slot: usize| {
            data.span(slot).map_or(Cow::Borrowed(""), |(start, end)| subject.slice(start as usize, end as usize))
        };
        for part in &self.0 {
            let piece = match part {
                Part::Text(text) => Cow::Borrowed(text.as_str()),
                Part::Slot(number) => slot(*number),
                Part::Before => subject.slice(0, start as usize),
                Part::After => subject.slice(end as usize, subject.len()),
                Part::LastGroup => slot(data.regex.groups().numbers.len() - 1),
                Part::Whole => Cow::Borrowed(&*subject.text),
            };
            grow(piece.len())?;
            to.push_str(&piece);
        }
        Ok(())
    }
}

fn flush(literal: &mut Vec<u16>, parts: &mut Vec<Part>) {
    if !literal.is_empty() {
        parts.push(Part::Text(String::from_utf16_lossy(literal)));
        literal.clear();
    }
}

/// Reads what follows `$`; `None` leaves the `$` as it is.
fn scan_dollar(parser: &mut Parser<'_>, groups: &Groups) -> Result<Option<Part>, Thrown> {
    let start = parser.pos;
    let braced = parser.peek() == Some('{') && parser.left() > 1;
    if braced {
        parser.pos += 1;
    }
    if matches!(parser.peek(), Some('0'..='9')) {
        if !braced && parser.has(RegexOptions::ECMA_SCRIPT) {
            return Ok(longest_ecma_number(parser, groups));
        }
        let number = parser.scan_decimal()?;
        if (!braced || parser.bump() == Some('}'))
            && let Some(slot) = groups.slot_of_number(number)
        {
            return Ok(Some(Part::Slot(slot)));
        }
    } else if braced && parser.next_is_word() {
        let name = parser.scan_name();
        if parser.bump() == Some('}')
            && let Some(slot) = groups.slot_of_name(&name)
        {
            return Ok(Some(Part::Slot(slot)));
        }
    } else if !braced {
        let part = match parser.peek() {
            Some('$') => Some(Part::Text("$".to_owned())),
            Some('&') => Some(Part::Slot(0)),
            Some('`') => Some(Part::Before),
            Some('\'') => Some(Part::After),
            Some('+') => Some(Part::LastGroup),
            Some('_') => Some(Part::Whole),
            _ => None,
        };
        if part.is_some() {
            parser.pos += 1;
            return Ok(part);
        }
    }
    parser.pos = start;
    Ok(None)
}

/// Under `ECMAScript`, `$12` is group 12 if there is one, else group 1 and a `2`.
fn longest_ecma_number(parser: &mut Parser<'_>, groups: &Groups) -> Option<Part> {
    let start = parser.pos;
    let mut number = 0i32;
    let mut best = None;
    while let Some(digit) = parser.peek().and_then(|next| next.to_digit(10)) {
        let Some(next) = number.checked_mul(10).and_then(|number| number.checked_add_unsigned(digit)) else { break };
        number = next;
        parser.pos += 1;
        if let Some(slot) = groups.slot_of_number(number) {
            best = Some((slot, parser.pos));
        }
    }
    parser.pos = best.map_or(start, |(_, end)| end);
    best.map(|(slot, _)| Part::Slot(slot))
}
