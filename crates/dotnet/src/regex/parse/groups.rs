//! Parentheses: groups, look-arounds, conditions, options.

use super::super::ast::{Look, Node};
use super::super::options::RegexOptions;
use super::{Kind, Open, Parser, concatenation};
use crate::Thrown;

impl Parser<'_> {
    pub(super) fn close(&self, open: Open) -> Result<Node, Thrown> {
        let Open { kind, mut branches, concat, condition } = open;
        branches.push(concatenation(concat));
        let too_many = || self.error("Too many | in (?()|).");
        match kind {
            Kind::IfCaptured(slot) => {
                if branches.len() > 2 {
                    return Err(too_many());
                }
                let mut branches = branches.into_iter();
                let yes = Box::new(branches.next().unwrap_or(Node::Empty));
                let no = Box::new(branches.next().unwrap_or(Node::Empty));
                Ok(Node::IfCaptured { slot, yes, no })
            }
            Kind::IfMatches => {
                if branches.len() > 2 {
                    return Err(too_many());
                }
                let Some(condition) = condition else {
                    return Err(self.error("Illegal conditional (?(...)) expression."));
                };
                let mut branches = branches.into_iter();
                let yes = Box::new(branches.next().unwrap_or(Node::Empty));
                let no = Box::new(branches.next().unwrap_or(Node::Empty));
                Ok(Node::IfMatches { condition: Box::new(condition), yes, no })
            }
            _ => {
                let body = match branches.len() {
                    1 => branches.pop().unwrap_or(Node::Empty),
                    _ => Node::Alternate(branches),
                };
                Ok(match kind {
                    Kind::Capture { capture, uncapture } => Node::Capture { body: Box::new(body), capture, uncapture },
                    Kind::Look { look, negative } => Node::Look { body: Box::new(body), look, negative },
                    Kind::Atomic => Node::Atomic(Box::new(body)),
                    Kind::Root | Kind::Group | Kind::IfCaptured(_) | Kind::IfMatches => body,
                })
            }
        }
    }

    /// Reads what follows `(`; nothing for inline options such as `(?i)`.
    pub(super) fn scan_group_open(&mut self, stack: &[Open]) -> Result<Option<Kind>, Thrown> {
        if self.peek() != Some('?') || self.peek_at(1) == Some(')') {
            if self.has(RegexOptions::EXPLICIT_CAPTURE) || self.ignore_next_paren {
                self.ignore_next_paren = false;
                return Ok(Some(Kind::Group));
            }
            let number = self.autocap;
            self.autocap += 1;
            return Ok(Some(Kind::Capture { capture: self.groups.slot_of_number(number), uncapture: None }));
        }
        self.pos += 1;
        let unrecognized = "Unrecognized grouping construct.";
        // Options are not read directly inside a conditional; .NET has it so.
        let in_condition = stack.last().is_some_and(|open| matches!(open.kind, Kind::IfMatches));
        match self.bump() {
            Some(':') => Ok(Some(Kind::Group)),
            Some('=') => Ok(Some(Kind::Look { look: Look::Ahead, negative: false })),
            Some('!') => Ok(Some(Kind::Look { look: Look::Ahead, negative: true })),
            Some('>') => Ok(Some(Kind::Atomic)),
            Some(quote @ ('\'' | '<')) => {
                let close = if quote == '<' { '>' } else { '\'' };
                match self.peek() {
                    Some('=') if quote == '<' => {
                        self.pos += 1;
                        Ok(Some(Kind::Look { look: Look::Behind, negative: false }))
                    }
                    Some('!') if quote == '<' => {
                        self.pos += 1;
                        Ok(Some(Kind::Look { look: Look::Behind, negative: true }))
                    }
                    None | Some('=' | '!') => Err(self.error(unrecognized)),
                    Some(_) => match self.scan_group_name(close)? {
                        Some(kind) => Ok(Some(kind)),
                        None => Err(self.error(unrecognized)),
                    },
                }
            }
            Some('(') => self.scan_condition().map(Some),
            Some(_) => {
                self.pos -= 1;
                if !in_condition {
                    self.scan_options();
                }
                match self.bump() {
                    Some(')') => Ok(None),
                    Some(':') => Ok(Some(Kind::Group)),
                    _ => Err(self.error(unrecognized)),
                }
            }
            None => Err(self.error(unrecognized)),
        }
    }

    fn scan_group_name(&mut self, close: char) -> Result<Option<Kind>, Thrown> {
        let bad_name = "Invalid group name: Group names must begin with a word character.";
        let mut capture = None;
        let mut balancing_only = false;
        let after_name = |parser: &Self| match parser.peek() {
            Some(next) if next != close && next != '-' => Err(parser.error(bad_name)),
            _ => Ok(()),
        };
        match self.peek() {
            Some('0'..='9') => {
                let number = self.scan_decimal()?;
                capture = self.groups.slot_of_number(number);
                after_name(self)?;
                if number == 0 {
                    return Err(self.error("Capture number cannot be zero."));
                }
            }
            Some('-') => balancing_only = true,
            Some(_) if self.next_is_word() => {
                let name = self.scan_name();
                capture = self.groups.slot_of_name(&name);
                after_name(self)?;
            }
            _ => return Err(self.error(bad_name)),
        }
        let mut uncapture = None;
        if (capture.is_some() || balancing_only) && self.left() > 1 && self.peek() == Some('-') {
            self.pos += 1;
            if matches!(self.peek(), Some('0'..='9')) {
                let number = self.scan_decimal()?;
                uncapture = self.groups.slot_of_number(number);
                if uncapture.is_none() {
                    return Err(self.error(format_args!("Reference to undefined group number {number}.")));
                }
            } else if self.next_is_word() {
                let name = self.scan_name();
                uncapture = self.groups.slot_of_name(&name);
                if uncapture.is_none() {
                    return Err(self.error(format_args!("Reference to undefined group name '{name}'.")));
                }
            } else {
                return Err(self.error(bad_name));
            }
            if self.peek().is_some_and(|next| next != close) {
                return Err(self.error(bad_name));
            }
        }
        if (capture.is_some() || uncapture.is_some()) && self.bump() == Some(close) {
            return Ok(Some(Kind::Capture { capture, uncapture }));
        }
        Ok(None)
    }

    fn scan_condition(&mut self) -> Result<Kind, Thrown> {
        let paren = self.pos;
        if matches!(self.peek(), Some('0'..='9')) {
            let number = self.scan_decimal()?;
            if self.bump() != Some(')') {
                return Err(self.error(format_args!("(?({number}) ) malformed.")));
            }
            return match self.groups.slot_of_number(number) {
                Some(slot) => Ok(Kind::IfCaptured(slot)),
                None => Err(self.error(format_args!("(?({number}) ) reference to undefined group."))),
            };
        }
        if self.next_is_word() {
            let name = self.scan_name();
            if let Some(slot) = self.groups.slot_of_name(&name)
                && self.bump() == Some(')')
            {
                return Ok(Kind::IfCaptured(slot));
            }
        }
        self.pos = paren - 1;
        self.ignore_next_paren = true;
        if self.left() >= 3 && self.peek_at(1) == Some('?') {
            match self.peek_at(2) {
                Some('#') => return Err(self.error("Alternation conditions cannot be comments.")),
                Some('\'') => return Err(self.error("Alternation conditions do not capture and cannot be named.")),
                Some('<') if self.left() >= 4 && !matches!(self.peek_at(3), Some('!' | '=')) => {
                    return Err(self.error("Alternation conditions do not capture and cannot be named."));
                }
                _ => {}
            }
        }
        Ok(Kind::IfMatches)
    }
}
