//! Reading a JSONPath of Newtonsoft's kind.

use super::errors::json;
use super::scalar::Scalar;
use crate::{Thrown, numeric};

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// `.name`; `None` is `*`.
    Field(Option<String>),
    /// `['a','b']`
    Fields(Vec<String>),
    /// `..name`; `None` is `*`.
    Scan(Option<String>),
    /// `..['a','b']`
    ScanFields(Vec<String>),
    /// `[0]`; `None` is `*`.
    Index(Option<i32>),
    /// `[0,1]`
    Indexes(Vec<i32>),
    /// `[start:end:step]`
    Slice(Option<i32>, Option<i32>, Option<i32>),
    /// `[?(…)]`
    Query(Condition),
    /// `..[?(…)]`
    ScanQuery(Condition),
    /// `$` inside a query.
    Root,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Exists,
    Equals,
    NotEquals,
    StrictEquals,
    StrictNotEquals,
    Matches,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug)]
pub(super) enum Side {
    Path(Vec<Filter>),
    Value(Scalar),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Test, Side, Option<Side>),
}

/// Queries inside queries; one more is refused.
const MAX_NESTING: usize = 32;

pub(super) struct Reader {
    text: Vec<char>,
    at: usize,
    nesting: usize,
}

const OPEN_INDEXER: &str = "Path ended with open indexer.";
const OPEN_QUERY: &str = "Path ended with open query.";

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), at: 0, nesting: 0 }
    }

    fn here(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn eat_space(&mut self) {
        while self.here() == Some(' ') {
            self.at += 1;
        }
    }

    fn need(&self, message: &str) -> Result<char, Thrown> {
        self.here().ok_or_else(|| json(message))
    }

    fn part(&self, from: usize, to: usize) -> String {
        self.text.get(from..to).map(|part| part.iter().collect()).unwrap_or_default()
    }

    pub(super) fn main(mut self) -> Result<Vec<Filter>, Thrown> {
        let mut start = self.at;
        let mut filters = Vec::new();
        self.eat_space();
        let Some(first) = self.here() else { return Ok(filters) };
        if first == '$' {
            if self.text.len() == 1 {
                return Ok(filters);
            }
            if matches!(self.text.get(self.at + 1), Some('.' | '[')) {
                self.at += 1;
                start = self.at;
            }
        }
        if !self.path(&mut filters, start, false)? {
            let last = self.at;
            self.eat_space();
            if self.here().is_some() {
                return Err(json(format!("Unexpected character while parsing path: {}", self.text[last])));
            }
        }
        Ok(filters)
    }

    fn member(&self, from: usize, scan: bool) -> Filter {
        let name = self.part(from, self.at);
        let name = name.trim_end();
        named(if name == "*" { None } else { Some(name.to_owned()) }, scan)
    }

    /// Reads steps; `true` if the text ended with them.
    fn path(&mut self, filters: &mut Vec<Filter>, mut start: usize, query: bool) -> Result<bool, Thrown> {
        let (mut scan, mut behind_indexer, mut behind_dot) = (false, false, false);
        while let Some(c) = self.here() {
            match c {
                '[' | '(' => {
                    if self.at > start {
                        filters.push(self.member(start, scan));
                        scan = false;
                    }
                    filters.push(self.indexer(c, scan)?);
                    scan = false;
                    self.at += 1;
                    start = self.at;
                    behind_indexer = true;
                    behind_dot = false;
                }
                ']' | ')' | ' ' => break,
                '.' => {
                    if self.at > start {
                        filters.push(self.member(start, scan));
                        scan = false;
                    }
                    if self.text.get(self.at + 1) == Some(&'.') {
                        scan = true;
                        self.at += 1;
                    }
                    self.at += 1;
                    start = self.at;
                    behind_indexer = false;
                    behind_dot = true;
                }
                '=' | '<' | '!' | '>' | '|' | '&' if query => break,
                _ => {
                    if behind_indexer {
                        return Err(json(format!("Unexpected character following indexer: {c}")));
                    }
                    self.at += 1;
                }
            }
        }
        let ended = self.at >= self.text.len();
        if self.at > start {
            filters.push(self.member(start, scan));
        } else if behind_dot && (ended || query) {
            return Err(json("Unexpected end while parsing path."));
        }
        Ok(ended)
    }

    fn indexer(&mut self, open: char, scan: bool) -> Result<Filter, Thrown> {
        self.at += 1;
        let close = if open == '[' { ']' } else { ')' };
        self.need(OPEN_INDEXER)?;
        self.eat_space();
        match self.need(OPEN_INDEXER)? {
            '\'' => self.quoted_fields(close, scan),
            '?' => self.query(close, scan),
            _ => self.array_indexer(close),
        }
    }

    fn unexpected(&self, c: char) -> Thrown {
        json(format!("Unexpected character while parsing path indexer: {c}"))
    }

    fn array_indexer(&mut self, close: char) -> Result<Filter, Thrown> {
        let mut start = self.at;
        let mut end = None;
        let mut indexes: Option<Vec<i32>> = None;
        let mut parts: [Option<i32>; 3] = [None; 3];
        let mut colons = 0;
        while let Some(c) = self.here() {
            let stop = end.unwrap_or(self.at);
            let number = |reader: &Self| {
                let text = reader.part(start, stop);
                let kind = numeric::IntegerKind::Int32;
                numeric::parse::parse_integer(&text, kind, numeric::NumberStyles::INTEGER)
                    .map(|value| i32::try_from(value).unwrap_or(0))
            };
            let expected = || json("Array index expected.");
            match c {
                ' ' => {
                    end = Some(self.at);
                    self.eat_space();
                }
                _ if c == close => {
                    if let Some(mut list) = indexes {
                        if stop == start {
                            return Err(expected());
                        }
                        list.push(number(self)?);
                        return Ok(Filter::Indexes(list));
                    }
                    if colons > 0 {
                        if stop > start {
                            parts[if colons == 1 { 1 } else { 2 }] = Some(number(self)?);
                        }
                        return Ok(Filter::Slice(parts[0], parts[1], parts[2]));
                    }
                    if stop == start {
                        return Err(expected());
                    }
                    return Ok(Filter::Index(Some(number(self)?)));
                }
                ',' => {
                    if stop == start {
                        return Err(expected());
                    }
                    indexes.get_or_insert_default().push(number(self)?);
                    self.at += 1;
                    self.eat_space();
                    start = self.at;
                    end = None;
                }
                '*' => {
                    self.at += 1;
                    self.need(OPEN_INDEXER)?;
                    self.eat_space();
                    if self.need(OPEN_INDEXER)? != close {
                        return Err(self.unexpected(c));
                    }
                    return Ok(Filter::Index(None));
                }
                ':' => {
                    if stop > start {
                        parts[colons.min(2)] = Some(number(self)?);
                    }
                    colons += 1;
                    self.at += 1;
                    self.eat_space();
                    start = self.at;
                    end = None;
                }
                _ if !c.is_ascii_digit() && c != '-' => return Err(self.unexpected(c)),
                _ => {
                    if end.is_some() {
                        return Err(self.unexpected(c));
                    }
                    self.at += 1;
                }
            }
        }
        Err(json(OPEN_INDEXER))
    }

    fn quoted_fields(&mut self, close: char, scan: bool) -> Result<Filter, Thrown> {
        let mut fields: Vec<String> = Vec::new();
        while self.here().is_some() {
            let field = self.quoted()?;
            self.eat_space();
            let c = self.need(OPEN_INDEXER)?;
            if c == close {
                if fields.is_empty() {
                    return Ok(named(Some(field), scan));
                }
                fields.push(field);
                return Ok(if scan { Filter::ScanFields(fields) } else { Filter::Fields(fields) });
            }
            if c != ',' {
                return Err(self.unexpected(c));
            }
            self.at += 1;
            self.eat_space();
            fields.push(field);
        }
        Err(json(OPEN_INDEXER))
    }

    fn quoted(&mut self) -> Result<String, Thrown> {
        let mut text = String::new();
        self.at += 1;
        while let Some(c) = self.here() {
            self.at += 1;
            match c {
                '\\' if self.here().is_some() => {
                    let escaped = self.text[self.at];
                    self.at += 1;
                    text.push(match escaped {
                        'b' => '\u{8}',
                        't' => '\t',
                        'n' => '\n',
                        'f' => '\u{c}',
                        'r' => '\r',
                        '\\' | '"' | '\'' | '/' => escaped,
                        _ => return Err(json(format!("Unknown escape character: \\{escaped}"))),
                    });
                }
                '\'' => return Ok(text),
                _ => text.push(c),
            }
        }
        Err(json("Path ended with an open string."))
    }

    fn regex(&mut self) -> Result<String, Thrown> {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.here() {
            if c == '\\' && self.at + 1 < self.text.len() {
                self.at += 2;
            } else if c == '/' {
                self.at += 1;
                while self.here().is_some_and(char::is_alphabetic) {
                    self.at += 1;
                }
                return Ok(self.part(start, self.at));
            } else {
                self.at += 1;
            }
        }
        Err(json("Path ended with an open regex."))
    }

    fn query(&mut self, close: char, scan: bool) -> Result<Filter, Thrown> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(json("Path is nested too deeply."));
        }
        self.at += 1;
        let c = self.need(OPEN_INDEXER)?;
        if c != '(' {
            return Err(self.unexpected(c));
        }
        self.at += 1;
        let condition = self.condition()?;
        self.at += 1;
        self.need(OPEN_INDEXER)?;
        self.eat_space();
        let c = self.need(OPEN_INDEXER)?;
        if c != close {
            return Err(self.unexpected(c));
        }
        self.nesting -= 1;
        Ok(if scan { Filter::ScanQuery(condition) } else { Filter::Query(condition) })
    }

    fn side(&mut self) -> Result<Side, Thrown> {
        self.eat_space();
        let c = self.need(OPEN_QUERY)?;
        let side = if c == '$' || c == '@' {
            let mut path = if c == '$' { vec![Filter::Root] } else { Vec::new() };
            self.at += 1;
            if self.path(&mut path, self.at, true)? {
                return Err(json(OPEN_QUERY));
            }
            Side::Path(path)
        } else {
            Side::Value(self.value()?)
        };
        self.eat_space();
        self.need(OPEN_QUERY)?;
        Ok(side)
    }

    fn bad_query(&self) -> Thrown {
        self.here()
            .map_or_else(|| json(OPEN_QUERY), |c| json(format!("Unexpected character while parsing path query: {c}")))
    }

    fn value(&mut self) -> Result<Scalar, Thrown> {
        let c = self.need(OPEN_QUERY)?;
        match c {
            '\'' => return self.quoted().map(Scalar::text),
            '/' => return self.regex().map(Scalar::text),
            't' if self.eat("true") => return Ok(Scalar::Bool(true)),
            'f' if self.eat("false") => return Ok(Scalar::Bool(false)),
            'n' if self.eat("null") => return Ok(Scalar::Null),
            _ if c.is_ascii_digit() || c == '-' => {
                let start = self.at;
                while let Some(c) = self.here() {
                    if c == ' ' || c == ')' {
                        let text = self.part(start, self.at);
                        let value = if text.contains(['.', 'E', 'e']) {
                            text.parse().ok().map(Scalar::Double)
                        } else {
                            text.parse().ok().map(Scalar::long)
                        };
                        return value.ok_or_else(|| self.bad_query());
                    }
                    self.at += 1;
                }
            }
            _ => {}
        }
        Err(self.bad_query())
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = word.chars().enumerate().all(|(offset, c)| self.text.get(self.at + offset) == Some(&c));
        if found {
            self.at += word.len();
        }
        found
    }

    fn operator(&mut self) -> Result<Test, Thrown> {
        if self.at + 1 >= self.text.len() {
            return Err(json(OPEN_QUERY));
        }
        const OPERATORS: [(&str, Test); 10] = [
            ("===", Test::StrictEquals),
            ("==", Test::Equals),
            ("=~", Test::Matches),
            ("!==", Test::StrictNotEquals),
            ("!=", Test::NotEquals),
            ("<>", Test::NotEquals),
            ("<=", Test::LessOrEqual),
            ("<", Test::Less),
            (">=", Test::GreaterOrEqual),
            (">", Test::Greater),
        ];
        for (word, test) in OPERATORS {
            if self.eat(word) {
                return Ok(test);
            }
        }
        Err(json("Could not read query operator."))
    }

    /// The conditions of a query. Each change between `&&` and `||` opens a group inside the last one, and only the last group is
    /// open for more, as in Newtonsoft's reader.
    fn condition(&mut self) -> Result<Condition, Thrown> {
        let mut groups: Vec<(bool, Vec<Condition>)> = Vec::new();
        while self.here().is_some() {
            let left = self.side()?;
            let test = match self.need(OPEN_QUERY)? {
                ')' | '|' | '&' => Condition::Test(Test::Exists, left, None),
                _ => {
                    let test = self.operator()?;
                    let right = self.side()?;
                    Condition::Test(test, left, Some(right))
                }
            };
            let c = self.need(OPEN_QUERY)?;
            if c == ')' {
                let Some((_, last)) = groups.last_mut() else { return Ok(test) };
                last.push(test);
                return Ok(fold(groups));
            }
            let and = c == '&';
            if !self.eat(if and { "&&" } else { "||" }) {
                return Err(self.bad_query());
            }
            match groups.last_mut() {
                Some((kind, list)) if *kind == and => list.push(test),
                _ => groups.push((and, vec![test])),
            }
        }
        Err(json(OPEN_QUERY))
    }
}

/// Every group is the last member of the one before it.
fn fold(groups: Vec<(bool, Vec<Condition>)>) -> Condition {
    let mut inner: Option<Condition> = None;
    for (and, own) in groups.into_iter().rev() {
        let mut list = own;
        list.extend(inner.take());
        inner = Some(if and { Condition::All(list) } else { Condition::Any(list) });
    }
    inner.unwrap_or(Condition::All(Vec::new()))
}

fn named(name: Option<String>, scan: bool) -> Filter {
    if scan { Filter::Scan(name) } else { Filter::Field(name) }
}
