//! `System.Text.RegularExpressions` on plain Rust strings.
//!
//! A pattern is read by .NET's own rules ([`parse`]) into a tree. Patterns that need no backtracking feature run on the
//! automata of the `regex` family ([`fast`]) and take linear time; all others, and texts where UTF-16 matters, run on a
//! backtracking machine ([`backtrack`]) that is exact down to balancing groups and lists of captures, within a budget.
//! Positions are in UTF-16 units, as in .NET.

mod ast;
mod backtrack;
mod blocks;
mod charset;
mod escape;
mod fast;
mod found;
mod options;
mod parse;
mod program;
mod replacement;
mod subject;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use self::ast::{Groups, Node, Pattern};
pub use self::backtrack::start_counting;
use self::backtrack::{Found, From as StartFrom};
use self::fast::{Fast, TextKind};
use self::found::MatchData;
use self::program::{Program, Way};
use self::replacement::Replacement;
use self::subject::Subject;
use crate::{Exception, ExceptionKind, Thrown};

pub use self::escape::{escape, unescape};
pub use self::found::{Capture, Group, Match};
pub use self::options::RegexOptions;

/// How many compiled patterns the cache keeps.
const CACHE_SIZE: usize = 256;
/// How many matches one text may have before the search counts as timed out.
const MATCH_LIMIT: usize = 1_000_000;
/// How many bytes a replacement may make before it counts as out of memory.
const OUTPUT_LIMIT: usize = 64 << 20;

fn too_much() -> Thrown {
    Exception::new(ExceptionKind::OutOfMemory, "Insufficient memory to continue the execution of the program.")
}

/// A compiled pattern; cheap to clone.
#[derive(Clone)]
pub struct Regex(Arc<Inner>);

struct Inner {
    text: Arc<str>,
    options: RegexOptions,
    pattern: Pattern,
    fast: Option<Fast>,
    program: OnceLock<Program>,
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Regex").field(&self.0.text).finish()
    }
}

impl Regex {
    /// `new Regex(pattern, options)`.
    ///
    /// # Errors
    /// `ArgumentException` for a bad pattern, `ArgumentOutOfRangeException` for options that do not go together.
    pub fn new(pattern: &str, options: RegexOptions) -> Result<Self, Thrown> {
        options.check()?;
        let parsed = parse::parse(pattern, options)?;
        let fast = if options.has(RegexOptions::RIGHT_TO_LEFT) { None } else { Fast::new(&parsed) };
        Ok(Self(Arc::new(Inner { text: Arc::from(pattern), options, pattern: parsed, fast, program: OnceLock::new() })))
    }

    /// As [`Regex::new`], but compiled once: what the static methods of .NET's `Regex` use.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn cached(pattern: &str, options: RegexOptions) -> Result<Self, Thrown> {
        static CACHE: LazyLock<RwLock<HashMap<Box<str>, Regex>>> = LazyLock::new(RwLock::default);
        // A pattern is rarely used with different options: the last one stays.
        if let Some(known) = CACHE.read().unwrap_or_else(PoisonError::into_inner).get(pattern)
            && known.options() == options
        {
            return Ok(known.clone());
        }
        let regex = Self::new(pattern, options)?;
        let mut cache = CACHE.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_SIZE {
            // Whatever comes first goes: the cache must be bounded, not clever.
            let victims: Vec<_> = cache.keys().take(CACHE_SIZE / 4).cloned().collect();
            for victim in victims {
                cache.remove(&victim);
            }
        }
        cache.insert(Box::from(pattern), regex.clone());
        Ok(regex)
    }

    /// The pattern as written: `ToString()`.
    pub fn pattern(&self) -> &str {
        &self.0.text
    }

    /// `Options`.
    pub fn options(&self) -> RegexOptions {
        self.0.options
    }

    /// `RightToLeft`.
    pub fn is_right_to_left(&self) -> bool {
        self.0.options.has(RegexOptions::RIGHT_TO_LEFT)
    }

    /// Does it run in linear time on ASCII text?
    pub fn is_linear(&self) -> bool {
        self.0.fast.is_some()
    }

    /// `GetGroupNumbers()`.
    pub fn group_numbers(&self) -> &[i32] {
        &self.0.pattern.groups.numbers
    }

    /// `GetGroupNames()`.
    pub fn group_names(&self) -> &[Arc<str>] {
        &self.0.pattern.groups.names
    }

    /// `GroupNameFromNumber(number)`: empty for a number without a group.
    pub fn group_name_from_number(&self, number: i32) -> Arc<str> {
        let groups = self.groups();
        groups.slot_of_number(number).map_or_else(|| Arc::from(""), |slot| groups.names[slot].clone())
    }

    /// `GroupNumberFromName(name)`: -1 for a name without a group.
    pub fn group_number_from_name(&self, name: &str) -> i32 {
        let groups = self.groups();
        groups.slot_of_name(name).map_or(-1, |slot| groups.numbers[slot])
    }

    fn groups(&self) -> &Groups {
        &self.0.pattern.groups
    }

    /// Can a group capture more than once?
    fn captures_in_loops(&self) -> bool {
        let mut looping = false;
        self.0.pattern.root.walk(false, &mut |node, in_loop| {
            looping |= in_loop && matches!(node, Node::Capture { .. });
        });
        looping
    }

    fn program(&self) -> &Program {
        self.0.program.get_or_init(|| {
            Program::new(&self.0.pattern, if self.is_right_to_left() { Way::Backward } else { Way::Forward })
        })
    }

    /// `IsMatch(input)`.
    ///
    /// # Errors
    /// `RegexMatchTimeoutException` when backtracking exceeds its budget.
    pub fn is_match(&self, input: &str) -> Result<bool, Thrown> {
        let kind = TextKind::of(input);
        if let Some(automaton) = self.0.fast.as_ref().and_then(|fast| fast.automaton(input, kind)) {
            return Ok(automaton.is_match(input));
        }
        let start = |length: usize| {
            let pos = if self.is_right_to_left() { length } else { 0 };
            StartFrom { anchor: pos, pos, only_here: false }
        };
        let found = if kind == TextKind::Ascii {
            backtrack::search(self.program(), input.as_bytes(), start(input.len()))?
        } else {
            let units: Vec<u16> = input.encode_utf16().collect();
            backtrack::search(self.program(), &units, start(units.len()))?
        };
        Ok(found.is_some())
    }

    /// `IsMatch(input, startat)`; `startat` in UTF-16 units.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a start outside the text, `RegexMatchTimeoutException`.
    pub fn is_match_at(&self, input: &str, startat: i32) -> Result<bool, Thrown> {
        if startat == 0 && !self.is_right_to_left() {
            return self.is_match(input);
        }
        Ok(self.match_at(&Arc::from(input), startat)?.success())
    }

    /// `Match(input)`.
    ///
    /// # Errors
    /// `RegexMatchTimeoutException`.
    pub fn match_first(&self, input: &Arc<str>) -> Result<Match, Thrown> {
        let subject = Arc::new(Subject::new(input.clone()));
        self.first_in(&subject, None)
    }

    /// `Match(input, startat)`.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a start outside the text, `RegexMatchTimeoutException`.
    pub fn match_at(&self, input: &Arc<str>, startat: i32) -> Result<Match, Thrown> {
        let subject = Arc::new(Subject::new(input.clone()));
        self.first_in(&subject, Some(startat))
    }

    /// `Match(input, beginning, length)`: anchors see only that part of the text.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a part outside the text, `RegexMatchTimeoutException`.
    pub fn match_in(&self, input: &Arc<str>, beginning: i32, length: i32) -> Result<Match, Thrown> {
        let whole = Subject::new(input.clone());
        let total = whole.len();
        let Some(start) = usize::try_from(beginning).ok().filter(|start| *start <= total) else {
            return Err(out_of_range("Start index cannot be less than 0 or greater than input length.", "beginning"));
        };
        let Some(end) =
            usize::try_from(length).ok().and_then(|length| start.checked_add(length)).filter(|e| *e <= total)
        else {
            return Err(out_of_range("Length cannot be less than 0 or exceed input length.", "length"));
        };
        let part = Arc::new(Subject::new(Arc::from(whole.slice(start, end).as_ref())));
        Ok(self.first_in(&part, None)?.shifted(start as i32))
    }

    /// `Matches(input)`, all at once.
    ///
    /// # Errors
    /// `RegexMatchTimeoutException`.
    pub fn matches(&self, input: &Arc<str>) -> Result<Vec<Match>, Thrown> {
        let subject = Arc::new(Subject::new(input.clone()));
        self.matches_in(&subject, None)
    }

    /// `Matches(input, startat)`, all at once.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a start outside the text, `RegexMatchTimeoutException`.
    pub fn matches_at(&self, input: &Arc<str>, startat: i32) -> Result<Vec<Match>, Thrown> {
        let subject = Arc::new(Subject::new(input.clone()));
        self.matches_in(&subject, Some(startat))
    }

    fn matches_in(&self, subject: &Arc<Subject>, startat: Option<i32>) -> Result<Vec<Match>, Thrown> {
        let mut all = Vec::new();
        let mut next = self.first_in(subject, startat)?;
        while next.success() {
            if all.len() >= MATCH_LIMIT {
                return Err(backtrack::timed_out());
            }
            let following = next.next_match()?;
            all.push(next);
            next = following;
        }
        Ok(all)
    }

    /// `Count(input)`.
    ///
    /// # Errors
    /// `RegexMatchTimeoutException`.
    pub fn count(&self, input: &Arc<str>) -> Result<i32, Thrown> {
        Ok(i32::try_from(self.matches(input)?.len()).unwrap_or(i32::MAX))
    }

    fn start(&self, length: usize, startat: Option<i32>) -> Result<usize, Thrown> {
        match startat {
            None => Ok(if self.is_right_to_left() { length } else { 0 }),
            Some(startat) => usize::try_from(startat).ok().filter(|start| *start <= length).ok_or_else(|| {
                out_of_range("Start index cannot be less than 0 or greater than input length.", "startat")
            }),
        }
    }

    fn first_in(&self, subject: &Arc<Subject>, startat: Option<i32>) -> Result<Match, Thrown> {
        let start = self.start(subject.len(), startat)?;
        self.find(subject, StartFrom { anchor: start, pos: start, only_here: false })
    }

    fn find(&self, subject: &Arc<Subject>, from: StartFrom) -> Result<Match, Thrown> {
        if let Some(fast) = &self.0.fast
            && let Some(automaton) = fast.automaton(&subject.text, subject.kind)
            && let Some(byte) = subject.byte_of_unit(from.pos)
        {
            return Ok(match fast.find(automaton, &subject.text, byte) {
                None => Match::empty(),
                Some(bytes) => {
                    let spans = bytes
                        .into_iter()
                        .map(|span| {
                            span.map(|(start, end)| {
                                (subject.unit_of_byte(start) as u32, subject.unit_of_byte(end) as u32)
                            })
                        })
                        .collect();
                    Match::new(MatchData::fast(self.clone(), subject.clone(), spans, from.anchor))
                }
            });
        }
        Ok(match self.backtrack(subject, from)? {
            None => Match::empty(),
            Some(found) => Match::new(MatchData::exact(self.clone(), subject.clone(), found, from.anchor)),
        })
    }

    fn backtrack(&self, subject: &Subject, from: StartFrom) -> Result<Option<Found>, Thrown> {
        match subject.kind {
            TextKind::Ascii => backtrack::search(self.program(), subject.text.as_bytes(), from),
            TextKind::Basic | TextKind::Astral => backtrack::search(self.program(), subject.units(), from),
        }
    }

    /// `Replace(input, replacement, count, startat)`; `count` -1 replaces all, `startat` `None` starts where .NET does.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException`, `RegexMatchTimeoutException`, `ArgumentException` for a replacement with a group
    /// number beyond `int`, `OutOfMemoryException` above 64 MiB.
    pub fn replace<'t>(
        &self,
        input: &'t str,
        replacement: &str,
        count: i32,
        startat: Option<i32>,
    ) -> Result<Cow<'t, str>, Thrown> {
        let mut made = 0;
        self.replace_counted(input, replacement, count, startat, |bytes| {
            made += bytes;
            if made > OUTPUT_LIMIT { Err(too_much()) } else { Ok(()) }
        })
    }

    /// As [`Regex::replace`]; `grow` is asked before each
    /// part of a replacement is appended, with its bytes.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException`, `RegexMatchTimeoutException`, `ArgumentException` for a replacement with a group
    /// number beyond `int`; what `grow` returns.
    pub fn replace_counted<'t>(
        &self,
        input: &'t str,
        replacement: &str,
        count: i32,
        startat: Option<i32>,
        mut grow: impl FnMut(usize) -> Result<(), Thrown>,
    ) -> Result<Cow<'t, str>, Thrown> {
        let replacement = Replacement::parse(replacement, self.groups(), self.0.options)?;
        self.replace_each(input, count, startat, |found, to| replacement.append(found, to, &mut grow))
    }

    /// `Replace(input, evaluator, count, startat)`.
    ///
    /// # Errors
    /// As [`Regex::replace`], and what the evaluator returns.
    pub fn replace_with<'t, E: From<Thrown>>(
        &self,
        input: &'t str,
        count: i32,
        startat: Option<i32>,
        mut evaluator: impl FnMut(&Match) -> Result<String, E>,
    ) -> Result<Cow<'t, str>, E> {
        self.replace_each(input, count, startat, |found, to| {
            to.push_str(&evaluator(found)?);
            Ok(())
        })
    }

    fn replace_each<'t, E: From<Thrown>>(
        &self,
        input: &'t str,
        count: i32,
        startat: Option<i32>,
        mut append: impl FnMut(&Match, &mut String) -> Result<(), E>,
    ) -> Result<Cow<'t, str>, E> {
        if count < -1 {
            return Err(out_of_range("Count cannot be less than -1.", "count").into());
        }
        let subject = Arc::new(Subject::new(Arc::from(input)));
        self.start(subject.len(), startat)?;
        if count == 0 {
            return Ok(Cow::Borrowed(input));
        }
        let mut found = self.first_in(&subject, startat)?;
        if !found.success() {
            return Ok(Cow::Borrowed(input));
        }
        let mut left = if count < 0 { usize::MAX } else { count as usize };
        let mut pieces: Vec<String> = Vec::new();
        let mut made = 0;
        let mut output = String::with_capacity(input.len());
        let backward = self.is_right_to_left();
        let mut edge = if backward { subject.len() } else { 0 };
        while found.success() && left > 0 {
            let (start, end) = (found.start_unit(), found.end_unit());
            if backward {
                pieces.push(subject.slice(end, edge).into_owned());
                let mut piece = String::new();
                append(&found, &mut piece)?;
                pieces.push(piece);
                edge = start;
            } else {
                output.push_str(&subject.slice(edge, start));
                append(&found, &mut output)?;
                edge = end;
            }
            left -= 1;
            made += pieces.last().map_or(0, String::len);
            if output.len() > OUTPUT_LIMIT || made > OUTPUT_LIMIT {
                return Err(too_much().into());
            }
            if left > 0 {
                found = found.next_match()?;
            }
        }
        if backward {
            output.push_str(&subject.slice(0, edge));
            output.extend(pieces.iter().rev().map(String::as_str));
        } else {
            output.push_str(&subject.slice(edge, subject.len()));
        }
        Ok(Cow::Owned(output))
    }

    /// `Split(input, count, startat)`; `count` 0 is no limit.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException`, `RegexMatchTimeoutException`.
    pub fn split(&self, input: &str, count: i32, startat: Option<i32>) -> Result<Vec<String>, Thrown> {
        if count < 0 {
            return Err(out_of_range("Count cannot be less than -1.", "count"));
        }
        let subject = Arc::new(Subject::new(Arc::from(input)));
        self.start(subject.len(), startat)?;
        if count == 1 {
            return Ok(vec![input.to_owned()]);
        }
        let mut found = self.first_in(&subject, startat)?;
        if !found.success() {
            return Ok(vec![input.to_owned()]);
        }
        let backward = self.is_right_to_left();
        let mut left = if count == 0 { usize::MAX } else { count as usize - 1 };
        let mut edge = if backward { subject.len() } else { 0 };
        let mut parts = Vec::new();
        while found.success() && left > 0 {
            if parts.len() > MATCH_LIMIT {
                return Err(backtrack::timed_out());
            }
            let (start, end) = (found.start_unit(), found.end_unit());
            if backward {
                parts.push(subject.slice(end, edge).into_owned());
                edge = start;
            } else {
                parts.push(subject.slice(edge, start).into_owned());
                edge = end;
            }
            for slot in 1..self.groups().numbers.len() {
                let group = found.group_at(slot);
                if group.success() {
                    parts.push(group.value().into_owned());
                }
            }
            left -= 1;
            if left > 0 {
                found = found.next_match()?;
            }
        }
        if backward {
            parts.push(subject.slice(0, edge).into_owned());
            parts.reverse();
        } else {
            parts.push(subject.slice(edge, subject.len()).into_owned());
        }
        Ok(parts)
    }
}

fn out_of_range(text: &str, parameter: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentOutOfRange, format!("{text} (Parameter '{parameter}')"))
}
