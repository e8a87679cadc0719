//! Patterns without backtracking features run on the automata of the `regex` family, in linear time.

use std::sync::OnceLock;

use regex_automata::meta;
use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::ast::{Anchor, Node, Pattern};
use super::charset::CharSet;

/// Size limit of one automaton, in bytes; what does not fit is left to backtracking.
const SIZE_LIMIT: usize = 2 << 20;

/// Which texts an automaton is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// ASCII only: small automata, exact word boundaries.
    Ascii,
    /// The basic plane: one character is one UTF-16 unit.
    Basic,
}

pub(super) struct Fast {
    root: Node,
    ascii: meta::Regex,
    basic: OnceLock<Option<meta::Regex>>,
    /// Slot of each group of the automaton.
    slots: Vec<usize>,
    pub(super) slot_count: usize,
    ends_before_newline: bool,
    word_boundary: bool,
}

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Ascii,
    Basic,
    /// Has characters of two units.
    Astral,
}

impl TextKind {
    pub(super) fn of(text: &str) -> Self {
        if text.is_ascii() {
            Self::Ascii
        } else if text.bytes().all(|byte| byte < 0xF0) {
            Self::Basic
        } else {
            Self::Astral
        }
    }
}

impl Fast {
    /// `None` if the pattern needs backtracking.
    pub(super) fn new(pattern: &Pattern) -> Option<Self> {
        let mut slots = vec![0usize];
        let mut fits = true;
        let mut ends_before_newline = false;
        let mut word_boundary = false;
        pattern.root.walk(false, &mut |node, _| match node {
            Node::Capture { capture: Some(slot), uncapture: None, .. } => {
                fits &= !slots.contains(slot);
                slots.push(*slot);
            }
            Node::Capture { .. }
            | Node::Look { .. }
            | Node::Atomic(_)
            | Node::BackReference { .. }
            | Node::IfCaptured { .. }
            | Node::IfMatches { .. } => fits = false,
            // What a turn without progress does is particular to .NET.
            Node::Loop { body, max, .. } => fits &= *max == 1 || !body.is_nullable(),
            Node::Anchor(Anchor::EndBeforeNewline) => ends_before_newline = true,
            Node::Anchor(Anchor::Boundary | Anchor::NotBoundary) => word_boundary = true,
            Node::Anchor(Anchor::SearchStart | Anchor::EcmaBoundary | Anchor::EcmaNotBoundary) => fits = false,
            Node::Empty | Node::Set(_) | Node::Concat(_) | Node::Alternate(_) | Node::Anchor(_) => {}
        });
        if !fits {
            return None;
        }
        let ascii = build(&pattern.root, Alphabet::Ascii)?;
        Some(Self {
            root: pattern.root.clone(),
            ascii,
            basic: OnceLock::new(),
            slots,
            slot_count: pattern.groups.numbers.len(),
            ends_before_newline,
            word_boundary,
        })
    }

    /// The automaton that is exact for `text`; `None` if there is none.
    pub(super) fn automaton(&self, text: &str, kind: TextKind) -> Option<&meta::Regex> {
        if self.ends_before_newline && text.ends_with('\n') {
            return None;
        }
        match kind {
            TextKind::Ascii => Some(&self.ascii),
            TextKind::Basic if !self.word_boundary => {
                self.basic.get_or_init(|| build(&self.root, Alphabet::Basic)).as_ref()
            }
            TextKind::Basic | TextKind::Astral => None,
        }
    }

    /// Byte spans by slot of the first match at or after byte `from`.
    pub(super) fn find(&self, automaton: &meta::Regex, text: &str, from: usize) -> Option<Vec<Option<(usize, usize)>>> {
        let input = regex_automata::Input::new(text).range(from..);
        let mut spans = vec![None; self.slot_count];
        if self.slots.len() == 1 {
            let found = automaton.search(&input)?;
            spans[0] = Some((found.start(), found.end()));
            return Some(spans);
        }
        let mut found = vec![None; self.slots.len() * 2];
        automaton.search_slots(&input, &mut found)?;
        for (group, slot) in self.slots.iter().enumerate() {
            if let (Some(start), Some(end)) = (found[group * 2], found[group * 2 + 1]) {
                spans[*slot] = Some((start.get(), end.get()));
            }
        }
        Some(spans)
    }
}

fn build(root: &Node, alphabet: Alphabet) -> Option<meta::Regex> {
    let mut group = 0;
    let hir = translate(root, alphabet, &mut group);
    let config = meta::Config::new()
        .nfa_size_limit(Some(SIZE_LIMIT))
        .onepass_size_limit(Some(SIZE_LIMIT / 2))
        .hybrid_cache_capacity(SIZE_LIMIT);
    meta::Builder::new().configure(config).build_from_hir(&hir).ok()
}

fn translate(node: &Node, alphabet: Alphabet, group: &mut u32) -> Hir {
    match node {
        Node::Set(set) => class(set, alphabet),
        Node::Concat(nodes) => Hir::concat(nodes.iter().map(|node| translate(node, alphabet, group)).collect()),
        Node::Alternate(nodes) => Hir::alternation(nodes.iter().map(|node| translate(node, alphabet, group)).collect()),
        Node::Loop { body, min, max, lazy } => Hir::repetition(Repetition {
            min: *min,
            max: (*max != u32::MAX).then_some(*max),
            greedy: !lazy,
            sub: Box::new(translate(body, alphabet, group)),
        }),
        Node::Capture { body, .. } => {
            *group += 1;
            let index = *group;
            Hir::capture(Capture { index, name: None, sub: Box::new(translate(body, alphabet, group)) })
        }
        Node::Anchor(anchor) => match anchor {
            Anchor::Beginning => Hir::look(Look::Start),
            // The text does not end with a newline when this automaton is asked.
            Anchor::EndBeforeNewline | Anchor::End => Hir::look(Look::End),
            Anchor::LineStart => Hir::look(Look::StartLF),
            Anchor::LineEnd => Hir::look(Look::EndLF),
            Anchor::Boundary => Hir::look(Look::WordAscii),
            Anchor::NotBoundary => Hir::look(Look::WordAsciiNegate),
            Anchor::SearchStart | Anchor::EcmaBoundary | Anchor::EcmaNotBoundary => Hir::fail(),
        },
        Node::Empty => Hir::empty(),
        // `Fast::new` has refused these.
        Node::Look { .. }
        | Node::Atomic(_)
        | Node::BackReference { .. }
        | Node::IfCaptured { .. }
        | Node::IfMatches { .. } => Hir::fail(),
    }
}

fn class(set: &CharSet, alphabet: Alphabet) -> Hir {
    let mut ranges = Vec::new();
    let mut add = |low: u32, high: u32| {
        if let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high))
            && low <= high
        {
            ranges.push(ClassUnicodeRange::new(low, high));
        }
    };
    for &(low, high) in set.ranges() {
        let (low, high) = (u32::from(low), u32::from(high));
        match alphabet {
            Alphabet::Ascii if low <= 127 => add(low, high.min(127)),
            Alphabet::Ascii => {}
            Alphabet::Basic => {
                if low < 0xD800 {
                    add(low, high.min(0xD7FF));
                }
                if high > 0xDFFF {
                    add(low.max(0xE000), high);
                }
            }
        }
    }
    Hir::class(Class::Unicode(ClassUnicode::new(ranges)))
}
