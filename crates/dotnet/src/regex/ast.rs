//! The tree of a .NET pattern.

use std::collections::HashMap;
use std::sync::Arc;

use super::charset::CharSet;

/// A place in the text that has no width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `^` without `Multiline`, and `\A`.
    Beginning,
    /// `^` under `Multiline`.
    LineStart,
    /// `$` under `Multiline`.
    LineEnd,
    /// `$` without `Multiline`, and `\Z`: the end, or before a last `\n`.
    EndBeforeNewline,
    /// `\z`.
    End,
    /// `\G`: where the search began.
    SearchStart,
    /// `\b`.
    Boundary,
    /// `\B`.
    NotBoundary,
    /// `\b` under `ECMAScript`.
    EcmaBoundary,
    /// `\B` under `ECMAScript`.
    EcmaNotBoundary,
}

/// Where a look-around looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Ahead,
    Behind,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    /// One unit out of a set; a plain character is a set of one.
    Set(Arc<CharSet>),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Loop {
        body: Box<Node>,
        min: u32,
        /// `u32::MAX` is no upper bound.
        max: u32,
        lazy: bool,
    },
    /// A capture into slot `capture`, a balancing group that takes one from slot `uncapture`, or both.
    Capture {
        body: Box<Node>,
        capture: Option<usize>,
        uncapture: Option<usize>,
    },
    Look {
        body: Box<Node>,
        look: Look,
        negative: bool,
    },
    Atomic(Box<Node>),
    BackReference {
        slot: usize,
        ignore_case: bool,
        ecma: bool,
    },
    /// `(?(slot)yes|no)`.
    IfCaptured {
        slot: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
    /// `(?(condition)yes|no)`.
    IfMatches {
        condition: Box<Node>,
        yes: Box<Node>,
        no: Box<Node>,
    },
    Anchor(Anchor),
}

impl Node {
    /// Can it match without consuming anything? May say yes too often.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Self::Empty
            | Self::Look { .. }
            | Self::BackReference { .. }
            | Self::IfCaptured { .. }
            | Self::IfMatches { .. }
            | Self::Anchor(_) => true,
            Self::Set(_) => false,
            Self::Concat(nodes) => nodes.iter().all(Self::is_nullable),
            Self::Alternate(nodes) => nodes.iter().any(Self::is_nullable),
            Self::Loop { body, min, .. } => *min == 0 || body.is_nullable(),
            Self::Capture { body, .. } | Self::Atomic(body) => body.is_nullable(),
        }
    }

    /// Calls `visit` for this node and every node below, with whether a loop of more than one turn is around it.
    pub(super) fn walk<'a>(&'a self, in_loop: bool, visit: &mut dyn FnMut(&'a Node, bool)) {
        visit(self, in_loop);
        match self {
            Self::Empty | Self::Set(_) | Self::BackReference { .. } | Self::Anchor(_) => {}
            Self::Concat(nodes) | Self::Alternate(nodes) => nodes.iter().for_each(|node| node.walk(in_loop, visit)),
            Self::Loop { body, max, .. } => body.walk(in_loop || *max > 1, visit),
            Self::Capture { body, .. } | Self::Look { body, .. } | Self::Atomic(body) => body.walk(in_loop, visit),
            Self::IfCaptured { yes, no, .. } => {
                yes.walk(in_loop, visit);
                no.walk(in_loop, visit);
            }
            Self::IfMatches { condition, yes, no } => {
                condition.walk(in_loop, visit);
                yes.walk(in_loop, visit);
                no.walk(in_loop, visit);
            }
        }
    }
}

/// The groups of a pattern: slot 0 is the whole match, the others follow in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// Group numbers in rising order; the index is the slot.
    pub(super) numbers: Vec<i32>,
    /// Group names by slot: the given name, or the number as text.
    pub(super) names: Vec<Arc<str>>,
    /// Slots of the names that were given in the pattern.
    pub(super) by_name: HashMap<Arc<str>, usize>,
}

impl Groups {
    /// The slot of a group number.
    pub(super) fn slot_of_number(&self, number: i32) -> Option<usize> {
        // Almost always dense: the slot is the number.
        let guess = usize::try_from(number).ok()?;
        if self.numbers.get(guess) == Some(&number) {
            return Some(guess);
        }
        self.numbers.binary_search(&number).ok()
    }

    /// The slot of a group name; a number in text form names its group too.
    pub(super) fn slot_of_name(&self, name: &str) -> Option<usize> {
        if let Some(slot) = self.by_name.get(name) {
            return Some(*slot);
        }
        if name.is_empty() || name.len() > 10 || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        name.parse().ok().and_then(|number| self.slot_of_number(number))
    }
}

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) root: Node,
    pub(super) groups: Groups,
}
