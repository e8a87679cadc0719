//! The backtracking machine: everything .NET patterns can say, exact down to the list of captures.

use super::ast::Anchor;
use super::charset;
use super::program::{Inst, Pc, Program, Way};
use crate::{Exception, ExceptionKind, Thrown};

/// Steps of one search before it counts as timed out; a step is a few nanoseconds.
const STEP_LIMIT: u64 = 20_000_000;
/// Steps of all searches that share a budget.
const TOTAL_LIMIT: u64 = 60_000_000;
/// Height of the stack, in frames of 16 bytes, before the search counts as timed out.
const FRAME_LIMIT: usize = 4_000_000;

const NOWHERE: u32 = u32::MAX;

/// What a search found: all captures of each slot, in UTF-16 units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) captures: Vec<Vec<(u32, u32)>>,
}

/// A place to go back to, or something to undo on the way there.
#[derive(Clone, Copy)]
enum Frame {
    Choice { pc: Pc, pos: u32 },
    Greedy { pc: Pc, pos: u32, low: u32 },
    Lazy { pc: Pc, pos: u32, left: u32 },
    Register { reg: u32, old: u32 },
    Captured { slot: u32 },
    Uncaptured { slot: u32, start: u32, end: u32 },
}

/// A unit of text: bytes of ASCII, or UTF-16.
pub(super) trait Unit: Copy {
    fn unit(self) -> u16;
}

impl Unit for u8 {
    fn unit(self) -> u16 {
        u16::from(self)
    }
}

impl Unit for u16 {
    fn unit(self) -> u16 {
        self
    }
}

/// Where a search starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    /// What `\G` means.
    pub(super) anchor: usize,
    /// The first place to try.
    pub(super) pos: usize,
    /// Try only there?
    pub(super) only_here: bool,
}

std::thread_local! {
    /// Steps of all searches of this thread since [`start_counting`].
    static SPENT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts from nothing again: all searches up to the next call share one budget.
pub fn start_counting() {
    SPENT.set(0);
}

/// Searches `text`.
pub(super) fn search<U: Unit>(program: &Program, text: &[U], from: From) -> Result<Option<Found>, Thrown> {
    if SPENT.get() > TOTAL_LIMIT {
        return Err(timed_out());
    }
    let mut steps = 0;
    let result = search_counted(program, text, from, &mut steps);
    SPENT.set(SPENT.get().saturating_add(steps));
    result
}

fn search_counted<U: Unit>(
    program: &Program,
    text: &[U],
    from: From,
    steps: &mut u64,
) -> Result<Option<Found>, Thrown> {
    let mut machine = Machine {
        program,
        text,
        anchor: from.anchor,
        registers: vec![0; program.registers],
        captures: vec![Vec::new(); program.slots],
        stack: Vec::new(),
        steps: 0,
    };
    let mut pos = from.pos;
    if pos > text.len() {
        return Ok(None);
    }
    loop {
        if program.at_beginning && pos != 0 {
            return Ok(None);
        }
        if !from.only_here
            && let Some(first) = &program.first
        {
            match text[pos..].iter().position(|unit| first.contains(unit.unit())) {
                Some(ahead) => pos += ahead,
                None => return Ok(None),
            }
        }
        let end = machine.run(pos as u32);
        *steps = machine.steps;
        if let Some(end) = end? {
            let mut captures = std::mem::take(&mut machine.captures);
            let (start, end) = if end < pos { (end, pos) } else { (pos, end) };
            captures[0] = vec![(start as u32, end as u32)];
            return Ok(Some(Found { captures }));
        }
        if from.only_here {
            return Ok(None);
        }
        match program.way {
            Way::Forward if pos < text.len() => pos += 1,
            Way::Backward if pos > 0 => pos -= 1,
            _ => return Ok(None),
        }
    }
}

struct Machine<'a, U> {
    program: &'a Program,
    text: &'a [U],
    anchor: usize,
    registers: Vec<u32>,
    captures: Vec<Vec<(u32, u32)>>,
    stack: Vec<Frame>,
    steps: u64,
}

impl<U: Unit> Machine<'_, U> {
    /// Matches at one place; the other end of the match.
    fn run(&mut self, start: u32) -> Result<Option<usize>, Thrown> {
        let program = self.program;
        let mut pc: usize = 0;
        let mut pos = start;
        self.stack.clear();
        self.captures.iter_mut().for_each(Vec::clear);
        loop {
            self.steps += 1;
            if self.steps > STEP_LIMIT || self.stack.len() > FRAME_LIMIT {
                return Err(timed_out());
            }
            let went_on = match &program.code[pc] {
                Inst::Match => return Ok(Some(pos as usize)),
                Inst::Set { set, way } => match way {
                    Way::Forward => match self.text.get(pos as usize) {
                        Some(unit) if set.contains(unit.unit()) => {
                            pos += 1;
                            pc += 1;
                            true
                        }
                        _ => false,
                    },
                    Way::Backward => {
                        if pos > 0 && set.contains(self.text[pos as usize - 1].unit()) {
                            pos -= 1;
                            pc += 1;
                            true
                        } else {
                            false
                        }
                    }
                },
                Inst::SetLoop { set, min, max, lazy, way } => {
                    let room = match way {
                        Way::Forward => self.text.len() as u32 - pos,
                        Way::Backward => pos,
                    };
                    let wanted = if *lazy { *min } else { *max }.min(room);
                    let run = self.text_run(pos, wanted, *way, |unit| set.contains(unit));
                    self.steps += u64::from(run / 8);
                    if run < *min {
                        false
                    } else {
                        let at = step(pos, run, *way);
                        if *lazy {
                            if *max > *min {
                                self.stack.push(Frame::Lazy { pc: pc as Pc, pos: at, left: *max - *min });
                            }
                        } else if run > *min {
                            let low = step(pos, *min, *way);
                            self.stack.push(Frame::Greedy { pc: pc as Pc, pos: at, low });
                        }
                        pos = at;
                        pc += 1;
                        true
                    }
                }
                Inst::BackReference { slot, ignore_case, ecma, way } => match self.captures[*slot].last().copied() {
                    None if *ecma => {
                        pc += 1;
                        true
                    }
                    None => false,
                    Some((from, to)) => {
                        self.steps += u64::from((to - from) / 8);
                        if self.repeats(pos, from, to, *way, *ignore_case) {
                            pos = step(pos, to - from, *way);
                            pc += 1;
                            true
                        } else {
                            false
                        }
                    }
                },
                Inst::Anchor(anchor) => {
                    pc += 1;
                    self.holds(*anchor, pos as usize)
                }
                Inst::Split { second } => {
                    self.stack.push(Frame::Choice { pc: *second, pos });
                    pc += 1;
                    true
                }
                Inst::SplitAway { first } => {
                    self.stack.push(Frame::Choice { pc: pc as Pc + 1, pos });
                    pc = *first as usize;
                    true
                }
                Inst::Jump(target) => {
                    pc = *target as usize;
                    true
                }
                Inst::LoopStart(reg) => {
                    self.set(*reg, 0);
                    self.set(*reg + 1, NOWHERE);
                    pc += 1;
                    true
                }
                Inst::LoopTest { reg, min, max, lazy, exit } => {
                    let turns = self.registers[*reg as usize];
                    let last = self.registers[*reg as usize + 1];
                    if turns < *min {
                        pc += 1;
                    } else if turns == *max || last == pos {
                        pc = *exit as usize;
                    } else if *lazy {
                        self.stack.push(Frame::Choice { pc: pc as Pc + 1, pos });
                        pc = *exit as usize;
                    } else {
                        self.stack.push(Frame::Choice { pc: *exit, pos });
                        pc += 1;
                    }
                    true
                }
                Inst::LoopEnter(reg) => {
                    let turns = self.registers[*reg as usize].saturating_add(1);
                    self.set(*reg, turns);
                    self.set(*reg + 1, pos);
                    pc += 1;
                    true
                }
                Inst::Mark(reg) => {
                    self.set(*reg, pos);
                    pc += 1;
                    true
                }
                Inst::CaptureEnd { reg, capture, uncapture } => {
                    let mark = self.registers[*reg as usize];
                    pc += 1;
                    self.capture(mark.min(pos), mark.max(pos), *capture, *uncapture)
                }
                Inst::Fence { reg, otherwise } => {
                    if let Some(otherwise) = otherwise {
                        self.stack.push(Frame::Choice { pc: *otherwise, pos });
                    }
                    let height = self.stack.len() as u32;
                    self.set(*reg, height - u32::from(otherwise.is_some()));
                    self.set(*reg + 1, pos);
                    pc += 1;
                    true
                }
                Inst::Commit { reg, rewind } => {
                    let height = self.registers[*reg as usize] as usize;
                    if *rewind {
                        pos = self.registers[*reg as usize + 1];
                    }
                    self.drop_choices(height);
                    pc += 1;
                    true
                }
                Inst::Forbid(reg) => {
                    let height = self.registers[*reg as usize] as usize;
                    while self.stack.len() > height {
                        if let Some(frame) = self.stack.pop() {
                            self.undo(frame);
                        }
                    }
                    false
                }
                Inst::IfCaptured { slot, no } => {
                    pc = if self.captures[*slot].is_empty() { *no as usize } else { pc + 1 };
                    true
                }
            };
            if !went_on {
                match self.back() {
                    Some((to, at)) => (pc, pos) = (to as usize, at),
                    None => return Ok(None),
                }
            }
        }
    }

    fn set(&mut self, reg: u32, value: u32) {
        let old = std::mem::replace(&mut self.registers[reg as usize], value);
        self.stack.push(Frame::Register { reg, old });
    }

    fn undo(&mut self, frame: Frame) {
        match frame {
            Frame::Register { reg, old } => self.registers[reg as usize] = old,
            Frame::Captured { slot } => {
                self.captures[slot as usize].pop();
            }
            Frame::Uncaptured { slot, start, end } => self.captures[slot as usize].push((start, end)),
            Frame::Choice { .. } | Frame::Greedy { .. } | Frame::Lazy { .. } => {}
        }
    }

    /// Goes back to the last choice, undoing what came after it.
    fn back(&mut self) -> Option<(Pc, u32)> {
        loop {
            match self.stack.pop()? {
                Frame::Choice { pc, pos } => return Some((pc, pos)),
                Frame::Greedy { pc, pos, low } => {
                    let shorter = if pos > low { pos - 1 } else { pos + 1 };
                    if shorter != low {
                        self.stack.push(Frame::Greedy { pc, pos: shorter, low });
                    }
                    return Some((pc + 1, shorter));
                }
                Frame::Lazy { pc, pos, left } => {
                    let Inst::SetLoop { set, way, .. } = &self.program.code[pc as usize] else { continue };
                    if self.text_run(pos, 1, *way, |unit| set.contains(unit)) == 0 {
                        continue;
                    }
                    let longer = step(pos, 1, *way);
                    if left > 1 {
                        let left = if left == u32::MAX { left } else { left - 1 };
                        self.stack.push(Frame::Lazy { pc, pos: longer, left });
                    }
                    return Some((pc + 1, longer));
                }
                frame => self.undo(frame),
            }
        }
    }

    /// Keeps what is to be undone, drops the choices above `height`.
    fn drop_choices(&mut self, height: usize) {
        let mut kept = height;
        for at in height..self.stack.len() {
            if !matches!(self.stack[at], Frame::Choice { .. } | Frame::Greedy { .. } | Frame::Lazy { .. }) {
                self.stack[kept] = self.stack[at];
                kept += 1;
            }
        }
        self.steps += (self.stack.len() - height) as u64 / 8;
        self.stack.truncate(kept);
    }

    fn capture(&mut self, mut start: u32, mut end: u32, capture: Option<usize>, uncapture: Option<usize>) -> bool {
        if let Some(slot) = uncapture {
            let Some((from, to)) = self.captures[slot].pop() else { return false };
            self.stack.push(Frame::Uncaptured { slot: slot as u32, start: from, end: to });
            // The new capture is what lies between the old one and this group.
            if start >= to {
                (start, end) = (to, start);
            } else if end <= from {
                start = from;
            } else {
                end = end.min(to);
                start = start.max(from);
            }
        }
        if let Some(slot) = capture {
            self.captures[slot].push((start, end));
            self.stack.push(Frame::Captured { slot: slot as u32 });
        }
        true
    }

    /// How many of at most `most` units from `pos` on are wanted.
    fn text_run(&self, pos: u32, most: u32, way: Way, wanted: impl Fn(u16) -> bool) -> u32 {
        let pos = pos as usize;
        let most = most as usize;
        let run = match way {
            Way::Forward => self.text[pos..].iter().take(most).take_while(|unit| wanted(unit.unit())).count(),
            Way::Backward => self.text[..pos].iter().rev().take(most).take_while(|unit| wanted(unit.unit())).count(),
        };
        run as u32
    }

    fn repeats(&self, pos: u32, from: u32, to: u32, way: Way, ignore_case: bool) -> bool {
        let length = (to - from) as usize;
        let pos = pos as usize;
        let there = match way {
            Way::Forward => self.text.get(pos..pos + length),
            Way::Backward => pos.checked_sub(length).and_then(|start| self.text.get(start..pos)),
        };
        there.is_some_and(|there| {
            there.iter().zip(&self.text[from as usize..to as usize]).all(|(one, other)| {
                let (one, other) = (one.unit(), other.unit());
                one == other || (ignore_case && charset::lower(one) == charset::lower(other))
            })
        })
    }

    fn holds(&self, anchor: Anchor, pos: usize) -> bool {
        let at = |index: usize| self.text.get(index).map(|unit| unit.unit());
        let before = || if pos == 0 { None } else { at(pos - 1) };
        let newline = Some(10);
        let crosses = |set: &charset::CharSet| {
            before().is_some_and(|unit| set.contains(unit)) != at(pos).is_some_and(|unit| set.contains(unit))
        };
        match anchor {
            Anchor::Beginning => pos == 0,
            Anchor::LineStart => pos == 0 || before() == newline,
            Anchor::LineEnd => pos == self.text.len() || at(pos) == newline,
            Anchor::EndBeforeNewline => pos == self.text.len() || (pos + 1 == self.text.len() && at(pos) == newline),
            Anchor::End => pos == self.text.len(),
            Anchor::SearchStart => pos == self.anchor,
            Anchor::Boundary => crosses(&charset::boundary_word()),
            Anchor::NotBoundary => !crosses(&charset::boundary_word()),
            Anchor::EcmaBoundary => crosses(&charset::ecma_word()),
            Anchor::EcmaNotBoundary => !crosses(&charset::ecma_word()),
        }
    }
}

fn step(pos: u32, count: u32, way: Way) -> u32 {
    match way {
        Way::Forward => pos + count,
        Way::Backward => pos - count,
    }
}

pub(super) fn timed_out() -> Thrown {
    Exception::new(
        ExceptionKind::RegexMatchTimeout,
        "The RegEx engine has timed out while trying to match a pattern to an input string. This can occur for many \
         reasons, including very large inputs or excessive backtracking caused by nested quantifiers, \
         back-references and other factors.",
    )
}
