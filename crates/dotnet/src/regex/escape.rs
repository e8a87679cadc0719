//! Escapes and character classes of .NET patterns; `Regex.Escape` and `Regex.Unescape`.

use std::sync::Arc;

use super::ast::{Anchor, Node};
use super::blocks;
use super::charset::{self, CharSet};
use super::options::RegexOptions;
use super::parse::Parser;
use crate::Thrown;

/// How deep class subtractions may stand inside each other.
const MAX_SUBTRACTIONS: usize = 200;

impl Parser<'_> {
    /// First pass: skips what follows a backslash.
    pub(super) fn skip_backslash(&mut self) -> Result<(), Thrown> {
        match self.peek() {
            Some('p' | 'P') => {
                self.pos += 1;
                Ok(())
            }
            // A multi-unit escape is skipped whole, so that its text is not taken for syntax.
            Some('k') => {
                self.pos += 1;
                if matches!(self.peek(), Some('<' | '\'')) {
                    self.pos += 1;
                    self.scan_name();
                }
                Ok(())
            }
            Some('c') => {
                self.scan_char_escape()?;
                Ok(())
            }
            _ => {
                self.pos += 1;
                Ok(())
            }
        }
    }

    fn class_shorthand(&self, letter: char) -> Option<Arc<CharSet>> {
        let ecma = self.has(RegexOptions::ECMA_SCRIPT);
        let set = match (letter.to_ascii_lowercase(), ecma) {
            ('w', false) => charset::word(),
            ('w', true) => charset::ecma_word(),
            ('d', false) => charset::digit(),
            ('d', true) => charset::ecma_digit(),
            ('s', false) => charset::space(),
            ('s', true) => charset::ecma_space(),
            _ => return None,
        };
        Some(if letter.is_ascii_uppercase() { Arc::new(set.negate()) } else { set })
    }

    pub(super) fn scan_backslash(&mut self) -> Result<Node, Thrown> {
        let Some(next) = self.peek() else {
            return Err(self.error("Illegal \\ at end of pattern."));
        };
        let ecma = self.has(RegexOptions::ECMA_SCRIPT);
        let anchor = match next {
            'b' if ecma => Some(Anchor::EcmaBoundary),
            'b' => Some(Anchor::Boundary),
            'B' if ecma => Some(Anchor::EcmaNotBoundary),
            'B' => Some(Anchor::NotBoundary),
            'A' => Some(Anchor::Beginning),
            'G' => Some(Anchor::SearchStart),
            'Z' => Some(Anchor::EndBeforeNewline),
            'z' => Some(Anchor::End),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.pos += 1;
            return Ok(Node::Anchor(anchor));
        }
        if let Some(set) = self.class_shorthand(next) {
            self.pos += 1;
            return Ok(Node::Set(set));
        }
        if matches!(next, 'p' | 'P') {
            self.pos += 1;
            let set = self.scan_property(next == 'P')?;
            return Ok(Node::Set(Arc::new(self.fold_set(set))));
        }
        self.scan_reference_or_char()
    }

    fn scan_reference_or_char(&mut self) -> Result<Node, Thrown> {
        let start = self.pos;
        let mut close = None;
        let mut next = self.peek();
        if next == Some('k') {
            self.pos += 1;
            close = match self.bump() {
                Some('<') => Some('>'),
                Some('\'') => Some('\''),
                _ => None,
            };
            next = self.peek();
            if close.is_none() || next.is_none() {
                return Err(self.error("Malformed \\k<...> named back reference."));
            }
        } else if matches!(next, Some('<' | '\'')) && self.left() > 1 {
            close = Some(if next == Some('<') { '>' } else { '\'' });
            self.pos += 1;
            next = self.peek();
        }
        if let Some(close) = close {
            if matches!(next, Some('0'..='9')) {
                let number = self.scan_decimal()?;
                if self.bump() == Some(close) {
                    return match self.groups.slot_of_number(number) {
                        Some(slot) => Ok(self.back_reference(slot)),
                        None => Err(self.error(format_args!("Reference to undefined group number {number}."))),
                    };
                }
            } else if self.next_is_word() {
                let name = self.scan_name();
                if self.bump() == Some(close) {
                    return match self.groups.slot_of_name(&name) {
                        Some(slot) => Ok(self.back_reference(slot)),
                        None => Err(self.error(format_args!("Reference to undefined group name '{name}'."))),
                    };
                }
            }
        } else if matches!(next, Some('1'..='9')) {
            if self.has(RegexOptions::ECMA_SCRIPT) {
                if let Some(slot) = self.longest_ecma_reference() {
                    return Ok(self.back_reference(slot));
                }
            } else {
                let number = self.scan_decimal()?;
                if let Some(slot) = self.groups.slot_of_number(number) {
                    return Ok(self.back_reference(slot));
                }
                if number <= 9 {
                    return Err(self.error(format_args!("Reference to undefined group number {number}.")));
                }
            }
        }
        self.pos = start;
        let unit = self.scan_char_escape()?;
        Ok(self.literal(unit))
    }

    fn back_reference(&self, slot: usize) -> Node {
        Node::BackReference {
            slot,
            ignore_case: self.has(RegexOptions::IGNORE_CASE),
            ecma: self.has(RegexOptions::ECMA_SCRIPT),
        }
    }

    /// Under `ECMAScript`, `\12` means group 12 if there is one before this place, else group 1 and a `2`.
    fn longest_ecma_reference(&mut self) -> Option<usize> {
        let start = self.pos;
        let mut best = None;
        let mut number = 0i32;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            number = number.checked_mul(10)?.checked_add_unsigned(digit)?;
            if self.groups.numbers.last().is_some_and(|last| number > *last) {
                break;
            }
            self.pos += 1;
            if self.is_opened_before(number, start)
                && let Some(slot) = self.groups.slot_of_number(number)
            {
                best = Some((slot, self.pos));
            }
        }
        let (slot, end) = best?;
        self.pos = end;
        Some(slot)
    }

    /// Reads the escape after a backslash into one unit.
    pub(super) fn scan_char_escape(&mut self) -> Result<u16, Thrown> {
        let Some(unit) = self.units.get(self.pos).copied() else {
            return Err(self.error("Illegal \\ at end of pattern."));
        };
        let next = self.bump().unwrap_or('\u{FFFD}');
        Ok(match next {
            '0'..='7' => {
                self.pos -= 1;
                self.scan_octal()
            }
            'x' => self.scan_hex(2)?,
            'u' => self.scan_hex(4)?,
            'a' => 7,
            'b' => 8,
            'e' => 0x1B,
            'f' => 0xC,
            'n' => 0xA,
            'r' => 0xD,
            't' => 9,
            'v' => 0xB,
            'c' => {
                let Some(control) = self.bump() else {
                    return Err(self.error("Missing control character."));
                };
                match u32::from(control.to_ascii_uppercase()).checked_sub(0x40) {
                    Some(code) if code < 0x20 => code as u16,
                    _ => return Err(self.error("Unrecognized control character.")),
                }
            }
            _ if !self.has(RegexOptions::ECMA_SCRIPT) && charset::boundary_word().contains(unit) => {
                return Err(self.error(format_args!("Unrecognized escape sequence \\{next}.")));
            }
            _ => unit,
        })
    }

    fn scan_octal(&mut self) -> u16 {
        let mut value = 0u16;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(8)) else { break };
            self.pos += 1;
            value = value * 8 + digit as u16;
            if self.has(RegexOptions::ECMA_SCRIPT) && value >= 0x20 {
                break;
            }
        }
        value & 0xFF
    }

    fn scan_hex(&mut self, digits: usize) -> Result<u16, Thrown> {
        let mut value = 0u16;
        let mut read = 0;
        if self.left() >= digits {
            while read < digits {
                let Some(digit) = self.bump().and_then(|next| next.to_digit(16)) else { break };
                value = value * 16 + digit as u16;
                read += 1;
            }
        }
        if read == digits { Ok(value) } else { Err(self.error("Insufficient hexadecimal digits.")) }
    }

    /// Reads `{Lu}` after `\p` or `\P`.
    fn scan_property(&mut self, negate: bool) -> Result<CharSet, Thrown> {
        let incomplete = "Incomplete \\p{X} character escape.";
        if self.left() < 3 {
            return Err(self.error(incomplete));
        }
        if self.bump() != Some('{') {
            return Err(self.error("Malformed \\p{X} character escape."));
        }
        let start = self.pos;
        while self.next_is_word() || self.peek() == Some('-') {
            self.pos += 1;
        }
        let name = String::from_utf16_lossy(&self.units[start..self.pos]);
        if self.bump() != Some('}') {
            return Err(self.error(incomplete));
        }
        let block = name.strip_prefix("Is").and_then(blocks::block).map(|range| CharSet::new(vec![range]));
        let Some(set) = block.or_else(|| charset::category(&name)) else {
            return Err(self.error(format_args!("Unknown property '{name}'.")));
        };
        Ok(if negate { set.negate() } else { set })
    }

    /// Reads a class after its `[`. Under `IgnoreCase` the set is over lower-case forms.
    pub(super) fn scan_class(&mut self, scan_only: bool, depth: usize) -> Result<CharSet, Thrown> {
        if depth > MAX_SUBTRACTIONS {
            return Err(self.error("A subtraction must be the last element in a character class."));
        }
        let mut chars: Vec<(u16, u16)> = Vec::new();
        let mut sets = CharSet::empty();
        let mut subtraction = None;
        let mut range_start: Option<u16> = None;
        let mut first = true;
        let mut closed = false;
        let negate = self.peek() == Some('^');
        if negate {
            self.pos += 1;
            if self.has(RegexOptions::ECMA_SCRIPT) && self.peek() == Some(']') {
                first = false;
            }
        }
        while let Some(next) = self.peek() {
            let was_first = std::mem::replace(&mut first, false);
            let mut unit = self.units[self.pos];
            self.pos += 1;
            let mut escaped = false;
            if next == ']' && !was_first {
                closed = true;
                break;
            }
            if next == '\\'
                && let Some(letter) = self.peek()
            {
                let shorthand = self.class_shorthand(letter);
                if shorthand.is_some() || matches!(letter, 'p' | 'P') {
                    self.pos += 1;
                    if range_start.is_some() && !scan_only {
                        return Err(self.error(format_args!("Cannot include class \\{letter} in character range.")));
                    }
                    let set = match shorthand {
                        Some(set) => set.as_ref().clone(),
                        None => self.scan_property(letter == 'P')?,
                    };
                    sets = sets.union(&set);
                    continue;
                }
                if letter == '-' {
                    self.pos += 1;
                    match range_start.take() {
                        Some(low) if low > u16::from(b'-') => {
                            if !scan_only {
                                return Err(self.error("[x-y] range in reverse order."));
                            }
                        }
                        Some(low) => chars.push((low, u16::from(b'-'))),
                        None => chars.push((u16::from(b'-'), u16::from(b'-'))),
                    }
                    continue;
                }
                unit = self.scan_char_escape()?;
                escaped = true;
            } else if next == '[' && self.peek() == Some(':') && range_start.is_none() {
                // `[:name:]` is skipped, `[:` followed by anything else is read as characters.
                let saved = self.pos;
                self.pos += 1;
                self.scan_name();
                if self.left() < 2 || self.bump() != Some(':') || self.bump() != Some(']') {
                    self.pos = saved;
                }
            }
            if let Some(low) = range_start.take() {
                if next == '[' && !escaped && !was_first {
                    chars.push((low, low));
                    subtraction = Some(self.scan_subtraction(scan_only, depth)?);
                } else if low <= unit {
                    chars.push((low, unit));
                } else if !scan_only {
                    return Err(self.error("[x-y] range in reverse order."));
                }
            } else if self.left() >= 2 && self.peek() == Some('-') && self.peek_at(1) != Some(']') {
                range_start = Some(unit);
                self.pos += 1;
            } else if next == '-' && !escaped && self.peek() == Some('[') && !was_first {
                self.pos += 1;
                subtraction = Some(self.scan_subtraction(scan_only, depth)?);
            } else {
                chars.push((unit, unit));
            }
        }
        if !closed {
            return Err(self.error("Unterminated [] set."));
        }
        let mut own = CharSet::new(chars);
        if self.has(RegexOptions::IGNORE_CASE) {
            own = own.with_lowercase();
        }
        let mut set = own.union(&sets);
        if negate {
            set = set.negate();
        }
        Ok(match subtraction {
            Some(taken) => set.subtract(&taken),
            None => set,
        })
    }

    fn scan_subtraction(&mut self, scan_only: bool, depth: usize) -> Result<CharSet, Thrown> {
        let set = self.scan_class(scan_only, depth + 1)?;
        if !scan_only && self.peek().is_some_and(|next| next != ']') {
            return Err(self.error("A subtraction must be the last element in a character class."));
        }
        Ok(set)
    }
}

/// `Regex.Escape`: `\ * + ? | { [ ( ) ^ $ . #` and white space, escaped.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{c}' => escaped.push_str("\\f"),
            '\\' | '*' | '+' | '?' | '|' | '{' | '[' | '(' | ')' | '^' | '$' | '.' | '#' | ' ' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// `Regex.Unescape`.
///
/// # Errors
/// `ArgumentException` for an escape that .NET does not know.
pub fn unescape(text: &str) -> Result<String, Thrown> {
    let mut parser = Parser::new(text, RegexOptions::NONE);
    let mut units = Vec::with_capacity(text.len());
    while parser.left() > 0 {
        let unit = parser.units[parser.pos];
        parser.pos += 1;
        if unit != u16::from(b'\\') {
            units.push(unit);
        } else if parser.left() > 0 {
            units.push(parser.scan_char_escape()?);
        }
    }
    Ok(String::from_utf16_lossy(&units))
}
