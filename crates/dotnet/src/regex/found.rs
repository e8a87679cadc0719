//! `Match`, `Group` and `Capture`.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::Regex;
use super::backtrack::{Found, From as StartFrom};
use super::replacement::Replacement;
use super::subject::Subject;
use crate::{Exception, ExceptionKind, Thrown};

/// `Match`: the outcome of a search; cheap to clone. [`Match::empty`] is the failed one.
#[derive(Clone, Debug)]
pub struct Match {
    data: Option<Arc<MatchData>>,
    /// Added to every index: where the searched part begins.
    shift: i32,
}

#[derive(Debug)]
pub(super) struct MatchData {
    pub(super) regex: Regex,
    pub(super) subject: Arc<Subject>,
    /// The last capture of each slot, in units.
    spans: Vec<Option<(u32, u32)>>,
    /// All captures of each slot; computed on demand after a search on an automaton.
    captures: OnceLock<Vec<Vec<(u32, u32)>>>,
    anchor: usize,
}

impl MatchData {
    pub(super) fn fast(regex: Regex, subject: Arc<Subject>, spans: Vec<Option<(u32, u32)>>, anchor: usize) -> Self {
        Self { regex, subject, spans, captures: OnceLock::new(), anchor }
    }

    pub(super) fn exact(regex: Regex, subject: Arc<Subject>, found: Found, anchor: usize) -> Self {
        let spans = found.captures.iter().map(|captures| captures.last().copied()).collect();
        Self { regex, subject, spans, captures: OnceLock::from(found.captures), anchor }
    }

    pub(super) fn span(&self, slot: usize) -> Option<(u32, u32)> {
        self.spans.get(slot).copied().flatten()
    }

    fn captures(&self, slot: usize) -> &[(u32, u32)] {
        let all = self.captures.get_or_init(|| {
            let last_only = || self.spans.iter().map(|span| span.iter().copied().collect()).collect();
            if !self.regex.captures_in_loops() {
                return last_only();
            }
            // The automaton knows the last capture only; the machine, started at the same place, finds them all.
            let pos = self.spans[0].map_or(0, |(start, _)| start as usize);
            match self.regex.backtrack(&self.subject, StartFrom { anchor: self.anchor, pos, only_here: true }) {
                Ok(Some(found)) => found.captures,
                Ok(None) | Err(_) => last_only(),
            }
        });
        all.get(slot).map_or(&[], Vec::as_slice)
    }
}

impl Match {
    /// `Match.Empty`.
    pub fn empty() -> Self {
        Self { data: None, shift: 0 }
    }

    pub(super) fn new(data: MatchData) -> Self {
        Self { data: Some(Arc::new(data)), shift: 0 }
    }

    pub(super) fn shifted(mut self, by: i32) -> Self {
        self.shift = by;
        self
    }

    pub(super) fn data(&self) -> Option<&MatchData> {
        self.data.as_deref()
    }

    /// `Success`.
    pub fn success(&self) -> bool {
        self.data.is_some()
    }

    pub(super) fn start_unit(&self) -> usize {
        self.data().and_then(|data| data.span(0)).map_or(0, |(start, _)| start as usize)
    }

    pub(super) fn end_unit(&self) -> usize {
        self.data().and_then(|data| data.span(0)).map_or(0, |(_, end)| end as usize)
    }

    /// The match as its own group 0, which is what `Index`, `Length`, `Value` and `Captures` speak of.
    pub fn whole(&self) -> Group {
        self.group_at(0)
    }

    /// `Value`.
    pub fn value(&self) -> Cow<'_, str> {
        match self.data() {
            Some(data) => data.subject.slice(self.start_unit(), self.end_unit()),
            None => Cow::Borrowed(""),
        }
    }

    /// `Index`, in UTF-16 units.
    pub fn index(&self) -> i32 {
        self.start_unit() as i32 + self.shift
    }

    /// `Length`, in UTF-16 units.
    pub fn length(&self) -> i32 {
        (self.end_unit() - self.start_unit()) as i32
    }

    /// `Groups.Count`: 1 for a failed match.
    pub fn group_count(&self) -> usize {
        self.data().map_or(1, |data| data.regex.groups().numbers.len())
    }

    /// The group at a place of `Groups` in order; for most patterns the same as its number.
    pub fn group_at(&self, slot: usize) -> Group {
        let known = if slot < self.group_count() { Some(slot) } else { None };
        Group { of: self.clone(), slot: known }
    }

    /// `Groups[number]`; a group that is not there has not succeeded.
    pub fn group(&self, number: i32) -> Group {
        let slot = match self.data() {
            Some(data) => data.regex.groups().slot_of_number(number),
            None => (number == 0).then_some(0),
        };
        Group { of: self.clone(), slot }
    }

    /// `Groups[name]`.
    pub fn group_named(&self, name: &str) -> Group {
        let slot = self.data().and_then(|data| data.regex.groups().slot_of_name(name));
        Group { of: self.clone(), slot }
    }

    /// `Groups.ContainsKey(name)`.
    pub fn has_group(&self, name: &str) -> bool {
        self.data().is_some_and(|data| data.regex.groups().slot_of_name(name).is_some())
    }

    /// `NextMatch()`.
    ///
    /// # Errors
    /// `RegexMatchTimeoutException`.
    pub fn next_match(&self) -> Result<Self, Thrown> {
        let Some(data) = self.data() else { return Ok(self.clone()) };
        let backward = data.regex.is_right_to_left();
        let anchor = if backward { self.start_unit() } else { self.end_unit() };
        let mut pos = anchor;
        if self.length() == 0 {
            // An empty match would be found again: go on one unit further.
            let stop = if backward { 0 } else { data.subject.len() };
            if pos == stop {
                return Ok(Self::empty());
            }
            pos = if backward { pos - 1 } else { pos + 1 };
        }
        let next = data.regex.find(&data.subject, StartFrom { anchor, pos, only_here: false })?;
        Ok(next.shifted(self.shift))
    }

    /// `Result(replacement)`; `grow` is asked before each part is appended, with its bytes.
    ///
    /// # Errors
    /// `NotSupportedException` on a failed match; `ArgumentException` for a group number beyond `int`; what `grow` returns.
    pub fn result(
        &self,
        replacement: &str,
        mut grow: impl FnMut(usize) -> Result<(), Thrown>,
    ) -> Result<String, Thrown> {
        let Some(data) = self.data() else {
            return Err(Exception::new(ExceptionKind::NotSupported, "Result cannot be called on a failed Match."));
        };
        let replacement = Replacement::parse(replacement, data.regex.groups(), data.regex.options())?;
        let mut text = String::new();
        replacement.append(self, &mut text, &mut grow)?;
        Ok(text)
    }
}

/// `Group`: one group of a match.
#[derive(Clone, Debug)]
pub struct Group {
    of: Match,
    slot: Option<usize>,
}

impl Group {
    fn span(&self) -> Option<(u32, u32)> {
        self.of.data()?.span(self.slot?)
    }

    /// `Success`.
    pub fn success(&self) -> bool {
        self.span().is_some()
    }

    /// `Name`; `0` for a group that is not there.
    pub fn name(&self) -> Arc<str> {
        match (self.of.data(), self.slot) {
            (Some(data), Some(slot)) => data.regex.groups().names[slot].clone(),
            _ => Arc::from("0"),
        }
    }

    /// `Value`: empty unless the group took part in the match.
    pub fn value(&self) -> Cow<'_, str> {
        match (self.of.data(), self.span()) {
            (Some(data), Some((start, end))) => data.subject.slice(start as usize, end as usize),
            _ => Cow::Borrowed(""),
        }
    }

    /// `Index`, in UTF-16 units.
    pub fn index(&self) -> i32 {
        self.span().map_or(0, |(start, _)| start as i32 + self.of.shift)
    }

    /// `Length`, in UTF-16 units.
    pub fn length(&self) -> i32 {
        self.span().map_or(0, |(start, end)| (end - start) as i32)
    }

    /// `Captures`: everything the group took, in order.
    pub fn captures(&self) -> Vec<Capture> {
        let (Some(data), Some(slot)) = (self.of.data(), self.slot) else { return Vec::new() };
        data.captures(slot)
            .iter()
            .map(|&(start, end)| Capture { subject: data.subject.clone(), start, end, shift: self.of.shift })
            .collect()
    }

    /// The whole match this is a group of.
    pub fn of_match(&self) -> &Match {
        &self.of
    }
}

/// `Capture`: one piece of text that a group took.
#[derive(Clone, Debug)]
pub struct Capture {
    subject: Arc<Subject>,
    start: u32,
    end: u32,
    shift: i32,
}

impl Capture {
    /// `Value`.
    pub fn value(&self) -> Cow<'_, str> {
        self.subject.slice(self.start as usize, self.end as usize)
    }

    /// `Index`, in UTF-16 units.
    pub fn index(&self) -> i32 {
        self.start as i32 + self.shift
    }

    /// `Length`, in UTF-16 units.
    pub fn length(&self) -> i32 {
        (self.end - self.start) as i32
    }
}
