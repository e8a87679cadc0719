//! Reads a .NET pattern into a tree, or throws what the `Regex` constructor throws.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ast::{Anchor, Groups, Look, Node, Pattern};
use super::charset::{self, CharSet};
use super::options::RegexOptions;
use crate::{Exception, ExceptionKind, Thrown};

/// How many groups may stand inside each other.
const MAX_DEPTH: usize = 400;

/// Parses a pattern.
pub(super) fn parse(pattern: &str, options: RegexOptions) -> Result<Pattern, Thrown> {
    let mut parser = Parser::new(pattern, options);
    parser.count_captures()?;
    parser.rewind(options);
    let root = parser.scan()?;
    Ok(Pattern { root, groups: parser.groups })
}

/// What an open parenthesis started.
enum Kind {
    Root,
    Group,
    Capture { capture: Option<usize>, uncapture: Option<usize> },
    Look { look: Look, negative: bool },
    Atomic,
    IfCaptured(usize),
    IfMatches,
}

struct Open {
    kind: Kind,
    branches: Vec<Node>,
    concat: Vec<Node>,
    condition: Option<Node>,
}

impl Open {
    fn new(kind: Kind) -> Self {
        Self { kind, branches: Vec::new(), concat: Vec::new(), condition: None }
    }
}

pub(super) struct Parser<'a> {
    text: &'a str,
    pub(super) units: Vec<u16>,
    pub(super) pos: usize,
    pub(super) options: RegexOptions,
    saved: Vec<RegexOptions>,
    pub(super) groups: Groups,
    /// Where each group number is opened, filled by the first pass.
    places: BTreeMap<i32, usize>,
    autocap: i32,
    ignore_next_paren: bool,
    literals: HashMap<(u16, bool), Arc<CharSet>>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, options: RegexOptions) -> Self {
        Self {
            text,
            units: text.encode_utf16().collect(),
            pos: 0,
            options,
            saved: Vec::new(),
            groups: Groups::default(),
            places: BTreeMap::new(),
            autocap: 1,
            ignore_next_paren: false,
            literals: HashMap::new(),
        }
    }

    fn rewind(&mut self, options: RegexOptions) {
        self.pos = 0;
        self.options = options;
        self.saved.clear();
        self.autocap = 1;
        self.ignore_next_paren = false;
    }

    pub(super) fn error(&self, what: impl std::fmt::Display) -> Thrown {
        Exception::new(
            ExceptionKind::Argument,
            format!("Invalid pattern '{}' at offset {}. {what}", self.text, self.pos),
        )
    }

    pub(super) fn has(&self, option: RegexOptions) -> bool {
        self.options.has(option)
    }

    pub(super) fn left(&self) -> usize {
        self.units.len() - self.pos
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// The unit `ahead` places on, as a character; a surrogate shows as U+FFFD.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.units.get(self.pos + ahead).map(|unit| char::from_u32(u32::from(*unit)).unwrap_or('\u{FFFD}'))
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek();
        if next.is_some() {
            self.pos += 1;
        }
        next
    }

    /// Does the text go on with `text`?
    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, wanted)| self.peek_at(ahead) == Some(wanted))
    }

    /// Skips comments, and white space under `IgnorePatternWhitespace`.
    fn scan_blank(&mut self) -> Result<(), Thrown> {
        let extended = self.has(RegexOptions::IGNORE_PATTERN_WHITESPACE);
        loop {
            if extended {
                while self.peek().is_some_and(is_blank) {
                    self.pos += 1;
                }
                if self.peek() == Some('#') {
                    while self.peek().is_some_and(|next| next != '\n') {
                        self.pos += 1;
                    }
                    continue;
                }
            }
            if !self.looking_at("(?#") {
                return Ok(());
            }
            while self.peek().is_some_and(|next| next != ')') {
                self.pos += 1;
            }
            if self.bump().is_none() {
                return Err(self.error("Unterminated (?#...) comment."));
            }
        }
    }

    pub(super) fn scan_decimal(&mut self) -> Result<i32, Thrown> {
        let mut value = 0i32;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            self.pos += 1;
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add_unsigned(digit))
                .ok_or_else(|| self.error("Capture group numbers must be less than or equal to Int32.MaxValue."))?;
        }
        Ok(value)
    }

    pub(super) fn scan_name(&mut self) -> String {
        let start = self.pos;
        while self.next_is_word() {
            self.pos += 1;
        }
        String::from_utf16_lossy(&self.units[start..self.pos])
    }

    pub(super) fn next_is_word(&self) -> bool {
        self.units.get(self.pos).is_some_and(|unit| charset::boundary_word().contains(*unit))
    }

    fn scan_options(&mut self) {
        let mut off = false;
        while let Some(next) = self.peek() {
            let option = match next {
                '-' => {
                    off = true;
                    self.pos += 1;
                    continue;
                }
                '+' => {
                    off = false;
                    self.pos += 1;
                    continue;
                }
                'i' | 'I' => RegexOptions::IGNORE_CASE,
                'm' | 'M' => RegexOptions::MULTILINE,
                'n' | 'N' => RegexOptions::EXPLICIT_CAPTURE,
                's' | 'S' => RegexOptions::SINGLELINE,
                'x' | 'X' => RegexOptions::IGNORE_PATTERN_WHITESPACE,
                _ => return,
            };
            self.options = if off { self.options.without(option) } else { self.options.with(option) };
            self.pos += 1;
        }
    }

    // ---- first pass: which groups are there? ----

    fn count_captures(&mut self) -> Result<(), Thrown> {
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

    /// Is group `number` opened before the current place? What `ECMAScript` asks of a back reference.
    pub(super) fn is_opened_before(&self, number: i32, pos: usize) -> bool {
        self.places.get(&number).is_some_and(|at| *at < pos)
    }

    // ---- second pass ----

    fn scan(&mut self) -> Result<Node, Thrown> {
        let mut stack = vec![Open::new(Kind::Root)];
        let mut was_quantifier;
        let mut is_quantifier = false;
        loop {
            was_quantifier = is_quantifier;
            is_quantifier = false;
            self.scan_blank()?;
            let start = self.pos;
            while let Some(next) = self.peek() {
                let stops = match next {
                    '{' => self.at_quantifier(),
                    '\\' | '*' | '+' | '?' | '(' | ')' | '|' | '[' | '^' | '$' | '.' => true,
                    '#' => self.has(RegexOptions::IGNORE_PATTERN_WHITESPACE),
                    _ => self.has(RegexOptions::IGNORE_PATTERN_WHITESPACE) && is_blank(next),
                };
                if stops {
                    break;
                }
                self.pos += 1;
            }
            let end = self.pos;
            self.scan_blank()?;
            let mut unit: Option<Node> = None;
            let special = self.peek().filter(|next| is_special(*next));
            if special.is_some() {
                is_quantifier = self.at_quantifier();
                self.pos += 1;
            }
            if start < end {
                let literal_end = if is_quantifier { end - 1 } else { end };
                was_quantifier = false;
                for at in start..literal_end {
                    let node = self.literal(self.units[at]);
                    top(&mut stack).concat.push(node);
                }
                if is_quantifier {
                    unit = Some(self.literal(self.units[end - 1]));
                }
            }
            match special {
                None => {
                    if self.left() == 0 {
                        break;
                    }
                    continue;
                }
                Some('[') => {
                    let set = self.scan_class(false, 0)?;
                    unit = Some(Node::Set(Arc::new(self.fold_set(set))));
                }
                Some('(') => {
                    self.saved.push(self.options);
                    match self.scan_group_open(&stack)? {
                        None => {
                            self.saved.pop();
                        }
                        Some(kind) => {
                            if stack.len() >= MAX_DEPTH {
                                return Err(Exception::new(
                                    ExceptionKind::Budget,
                                    format!("The pattern nests groups deeper than {MAX_DEPTH}."),
                                ));
                            }
                            stack.push(Open::new(kind));
                        }
                    }
                    continue;
                }
                Some('|') => {
                    add_alternate(top(&mut stack));
                    continue;
                }
                Some(')') => {
                    if stack.len() == 1 {
                        return Err(self.error("Too many )'s."));
                    }
                    let Some(open) = stack.pop() else { continue };
                    let node = self.close(open)?;
                    if let Some(options) = self.saved.pop() {
                        self.options = options;
                    }
                    let parent = top(&mut stack);
                    if matches!(parent.kind, Kind::IfMatches) && parent.condition.is_none() {
                        parent.condition = Some(node);
                        continue;
                    }
                    unit = Some(node);
                }
                Some('\\') => unit = Some(self.scan_backslash()?),
                Some('^') => {
                    let multiline = self.has(RegexOptions::MULTILINE);
                    unit = Some(Node::Anchor(if multiline { Anchor::LineStart } else { Anchor::Beginning }));
                }
                Some('$') => {
                    let multiline = self.has(RegexOptions::MULTILINE);
                    unit = Some(Node::Anchor(if multiline { Anchor::LineEnd } else { Anchor::EndBeforeNewline }));
                }
                Some('.') => {
                    let single = self.has(RegexOptions::SINGLELINE);
                    unit = Some(Node::Set(if single { charset::any() } else { charset::not_newline() }));
                }
                Some(quantifier) => {
                    if unit.is_none() {
                        return Err(if was_quantifier {
                            self.error(format_args!("Nested quantifier '{quantifier}'."))
                        } else {
                            self.error("Quantifier {x,y} following nothing.")
                        });
                    }
                    self.pos -= 1;
                }
            }
            is_quantifier = self.quantify(unit, &mut stack)?;
        }
        if stack.len() > 1 {
            return Err(self.error("Not enough )'s."));
        }
        match stack.pop() {
            Some(open) => self.close(open),
            None => Ok(Node::Empty),
        }
    }

    /// Adds the unit with the quantifier after it, if there is one.
    fn quantify(&mut self, unit: Option<Node>, stack: &mut [Open]) -> Result<bool, Thrown> {
        let Some(unit) = unit else { return Ok(false) };
        self.scan_blank()?;
        if !self.at_quantifier() {
            top(stack).concat.push(unit);
            return Ok(false);
        }
        let (min, max) = match self.bump() {
            Some('*') => (0, u32::MAX),
            Some('+') => (1, u32::MAX),
            Some('?') => (0, 1),
            _ => {
                let min = self.scan_decimal()?.unsigned_abs();
                let mut max = min;
                if self.peek() == Some(',') {
                    self.pos += 1;
                    max = if self.peek() == Some('}') { u32::MAX } else { self.scan_decimal()?.unsigned_abs() };
                }
                self.pos += 1;
                (min, if max == i32::MAX.unsigned_abs() { u32::MAX } else { max })
            }
        };
        self.scan_blank()?;
        let lazy = self.peek() == Some('?');
        if lazy {
            self.pos += 1;
        }
        if min > max {
            return Err(self.error("Illegal {x,y} with x > y."));
        }
        top(stack).concat.push(match (min, max) {
            (0, 0) => Node::Empty,
            (1, 1) => unit,
            _ => Node::Loop { body: Box::new(unit), min, max, lazy },
        });
        Ok(true)
    }

    fn at_quantifier(&self) -> bool {
        match self.peek() {
            Some('*' | '+' | '?') => true,
            Some('{') => {
                let digits = |mut at: usize| {
                    while self.peek_at(at).is_some_and(|next| next.is_ascii_digit()) {
                        at += 1;
                    }
                    at
                };
                let mut at = digits(1);
                if at == 1 {
                    return false;
                }
                if self.peek_at(at) == Some(',') {
                    at = digits(at + 1);
                }
                self.peek_at(at) == Some('}')
            }
            _ => false,
        }
    }

    pub(super) fn literal(&mut self, unit: u16) -> Node {
        let ignore_case = self.has(RegexOptions::IGNORE_CASE);
        let set = self
            .literals
            .entry((unit, ignore_case))
            .or_insert_with(|| Arc::new(if ignore_case { charset::folded(unit) } else { CharSet::one(unit) }));
        Node::Set(set.clone())
    }

    pub(super) fn fold_set(&self, set: CharSet) -> CharSet {
        if self.has(RegexOptions::IGNORE_CASE) { set.preimage_of_lowercase() } else { set }
    }

    fn close(&self, open: Open) -> Result<Node, Thrown> {
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
    fn scan_group_open(&mut self, stack: &[Open]) -> Result<Option<Kind>, Thrown> {
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

fn top(stack: &mut [Open]) -> &mut Open {
    let last = stack.len() - 1;
    &mut stack[last]
}

fn add_alternate(open: &mut Open) {
    let concat = std::mem::take(&mut open.concat);
    open.branches.push(concatenation(concat));
}

fn concatenation(mut nodes: Vec<Node>) -> Node {
    nodes.retain(|node| !matches!(node, Node::Empty));
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.pop().unwrap_or(Node::Empty),
        _ => Node::Concat(nodes),
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ')
}

fn is_special(character: char) -> bool {
    matches!(character, '\\' | '*' | '+' | '?' | '(' | ')' | '|' | '[' | '{' | '^' | '$' | '.')
}
