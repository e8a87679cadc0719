//! Reads a .NET pattern into a tree, or throws what the `Regex` constructor throws.

mod count;
mod groups;

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
