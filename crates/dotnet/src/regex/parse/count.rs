//! The first pass: which groups there are, and their numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::options::RegexOptions;
use super::Parser;
use crate::Thrown;

impl Parser<'_> {
    pub(super) fn count_captures(&mut self) -> Result<(), Thrown> {
        self.places.insert(0, 0);
        let mut names: Vec<String> = Vec::new();
        while let Some(next) = self.bump() {
            let at = self.pos - 1;
            match next {
                '\\' if self.left() > 0 => self.skip_backslash()?,
                '#' if self.has(RegexOptions::IGNORE_PATTERN_WHITESPACE) => {
                    self.pos -= 1;
                    self.scan_blank()?;
                }
                '[' => {
                    self.scan_class(true, 0)?;
                }
                ')' => {
                    if let Some(options) = self.saved.pop() {
                        self.options = options;
                    }
                }
                '(' if self.looking_at("?#") => {
                    self.pos -= 1;
                    self.scan_blank()?;
                }
                '(' => {
                    self.saved.push(self.options);
                    if self.peek() == Some('?') {
                        self.pos += 1;
                        if self.left() > 1 && matches!(self.peek(), Some('<' | '\'')) {
                            self.pos += 1;
                            if self.peek() != Some('0') && self.next_is_word() {
                                if matches!(self.peek(), Some('1'..='9')) {
                                    let number = self.scan_decimal()?;
                                    self.places.entry(number).or_insert(at);
                                } else {
                                    let name = self.scan_name();
                                    if !names.contains(&name) {
                                        names.push(name);
                                    }
                                }
                            }
                        } else {
                            self.scan_options();
                            match self.peek() {
                                Some(')') => {
                                    self.pos += 1;
                                    self.saved.pop();
                                }
                                Some('(') => {
                                    self.ignore_next_paren = true;
                                    continue;
                                }
                                _ => {}
                            }
                        }
                    } else if !self.has(RegexOptions::EXPLICIT_CAPTURE) && !self.ignore_next_paren {
                        self.places.entry(self.autocap).or_insert(at);
                        self.autocap += 1;
                    }
                    self.ignore_next_paren = false;
                }
                _ => {}
            }
        }
        self.assign_slots(names);
        Ok(())
    }

    /// Named groups are numbered after the unnamed ones, in the order of their first mention.
    fn assign_slots(&mut self, names: Vec<String>) {
        let mut named: HashMap<i32, Arc<str>> = HashMap::new();
        for name in names {
            while self.places.contains_key(&self.autocap) {
                self.autocap += 1;
            }
            self.places.insert(self.autocap, 0);
            named.insert(self.autocap, Arc::from(name));
            self.autocap += 1;
        }
        for (slot, number) in self.places.keys().enumerate() {
            self.groups.numbers.push(*number);
            let name = match named.get(number) {
                Some(name) => {
                    self.groups.by_name.insert(name.clone(), slot);
                    name.clone()
                }
                None => Arc::from(number.to_string()),
            };
            self.groups.names.push(name);
        }
    }
}
