//! The instructions that the backtracking machine runs, made from the tree.

use std::sync::Arc;

use super::ast::{Anchor, Look, Node, Pattern};
use super::charset::CharSet;

/// Index of an instruction.
pub(super) type Pc = u32;
/// Index of a register.
pub(super) type Reg = u32;

/// Which way the text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

#[derive(Clone, Debug)]
pub(super) enum Inst {
    Set {
        set: Arc<CharSet>,
        way: Way,
    },
    /// A run of one set.
    SetLoop {
        set: Arc<CharSet>,
        min: u32,
        max: u32,
        lazy: bool,
        way: Way,
    },
    BackReference {
        slot: usize,
        ignore_case: bool,
        ecma: bool,
        way: Way,
    },
    Anchor(Anchor),
    /// Go on at the next instruction, then at `second`.
    Split {
        second: Pc,
    },
    /// Go on at `first`, then at the next instruction.
    SplitAway {
        first: Pc,
    },
    Jump(Pc),
    /// Turns := 0, place of the last turn := none.
    LoopStart(Reg),
    /// Decides about one more turn; the body follows.
    LoopTest {
        reg: Reg,
        min: u32,
        max: u32,
        lazy: bool,
        exit: Pc,
    },
    /// Begins a turn of a lazy loop, on the way back.
    LoopEnter(Reg),
    /// Remembers the place.
    Mark(Reg),
    CaptureEnd {
        reg: Reg,
        capture: Option<usize>,
        uncapture: Option<usize>,
    },
    /// Remembers the height of the stack and the place; with `otherwise`, where to go on when what follows fails.
    Fence {
        reg: Reg,
        otherwise: Option<Pc>,
    },
    /// Drops the choices since the fence; goes back to its place if `rewind`.
    Commit {
        reg: Reg,
        rewind: bool,
    },
    /// What must not match has matched: fails to before the fence.
    Forbid(Reg),
    IfCaptured {
        slot: usize,
        no: Pc,
    },
    Match,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Inst>,
    pub(super) registers: usize,
    pub(super) slots: usize,
    pub(super) way: Way,
    /// What the first unit of every match is in, if that is known.
    pub(super) first: Option<CharSet>,
    /// Does every match start at the beginning of the text?
    pub(super) at_beginning: bool,
}

impl Program {
    pub(super) fn new(pattern: &Pattern, way: Way) -> Self {
        let mut builder = Builder { code: Vec::new(), registers: 0 };
        builder.node(&pattern.root, way);
        builder.push(Inst::Match);
        Self {
            code: builder.code,
            registers: builder.registers as usize,
            slots: pattern.groups.numbers.len(),
            way,
            first: if way == Way::Forward { first(&pattern.root) } else { None },
            at_beginning: way == Way::Forward && starts_at_beginning(&pattern.root),
        }
    }
}

struct Builder {
    code: Vec<Inst>,
    registers: Reg,
}

impl Builder {
    fn push(&mut self, inst: Inst) -> usize {
        self.code.push(inst);
        self.code.len() - 1
    }

    fn here(&self) -> Pc {
        self.code.len() as Pc
    }

    fn registers(&mut self, count: Reg) -> Reg {
        self.registers += count;
        self.registers - count
    }

    fn node(&mut self, node: &Node, way: Way) {
        match node {
            Node::Empty => {}
            Node::Set(set) => {
                self.push(Inst::Set { set: set.clone(), way });
            }
            Node::Concat(nodes) => match way {
                Way::Forward => nodes.iter().for_each(|node| self.node(node, way)),
                Way::Backward => nodes.iter().rev().for_each(|node| self.node(node, way)),
            },
            Node::Alternate(nodes) => self.alternate(nodes, way),
            Node::Loop { body, min, max, lazy } => self.turns(body, *min, *max, *lazy, way),
            Node::Capture { body, capture, uncapture } => {
                let reg = self.registers(1);
                self.push(Inst::Mark(reg));
                self.node(body, way);
                self.push(Inst::CaptureEnd { reg, capture: *capture, uncapture: *uncapture });
            }
            Node::Look { body, look, negative } => {
                let inner = if *look == Look::Ahead { Way::Forward } else { Way::Backward };
                let reg = self.registers(2);
                let fence = self.push(Inst::Fence { reg, otherwise: None });
                self.node(body, inner);
                if *negative {
                    self.push(Inst::Forbid(reg));
                    let end = self.here();
                    self.code[fence] = Inst::Fence { reg, otherwise: Some(end) };
                } else {
                    self.push(Inst::Commit { reg, rewind: true });
                }
            }
            Node::Atomic(body) => {
                let reg = self.registers(2);
                self.push(Inst::Fence { reg, otherwise: None });
                self.node(body, way);
                self.push(Inst::Commit { reg, rewind: false });
            }
            Node::BackReference { slot, ignore_case, ecma } => {
                self.push(Inst::BackReference { slot: *slot, ignore_case: *ignore_case, ecma: *ecma, way });
            }
            Node::IfCaptured { slot, yes, no } => {
                let test = self.push(Inst::IfCaptured { slot: *slot, no: 0 });
                self.node(yes, way);
                let jump = self.push(Inst::Jump(0));
                self.code[test] = Inst::IfCaptured { slot: *slot, no: self.here() };
                self.node(no, way);
                self.code[jump] = Inst::Jump(self.here());
            }
            Node::IfMatches { condition, yes, no } => {
                let reg = self.registers(2);
                let fence = self.push(Inst::Fence { reg, otherwise: None });
                self.node(condition, way);
                self.push(Inst::Commit { reg, rewind: true });
                self.node(yes, way);
                let jump = self.push(Inst::Jump(0));
                self.code[fence] = Inst::Fence { reg, otherwise: Some(self.here()) };
                self.node(no, way);
                self.code[jump] = Inst::Jump(self.here());
            }
            Node::Anchor(anchor) => {
                self.push(Inst::Anchor(*anchor));
            }
        }
    }

    fn alternate(&mut self, nodes: &[Node], way: Way) {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node, way);
                break;
            }
            let split = self.push(Inst::Split { second: 0 });
            self.node(node, way);
            jumps.push(self.push(Inst::Jump(0)));
            self.code[split] = Inst::Split { second: self.here() };
        }
        let end = self.here();
        for jump in jumps {
            self.code[jump] = Inst::Jump(end);
        }
    }

    fn turns(&mut self, body: &Node, min: u32, max: u32, lazy: bool, way: Way) {
        if let Node::Set(set) = body {
            self.push(Inst::SetLoop { set: set.clone(), min, max, lazy, way });
            return;
        }
        if (min, max) == (0, 1) {
            let split = self.push(Inst::Jump(0));
            self.node(body, way);
            let end = self.here();
            self.code[split] = if lazy { Inst::SplitAway { first: end } } else { Inst::Split { second: end } };
            return;
        }
        let reg = self.registers(2);
        self.push(Inst::LoopStart(reg));
        let test = self.push(Inst::Jump(0));
        // A lazy loop comes back here to begin a turn, a greedy one runs through it.
        self.push(Inst::LoopEnter(reg));
        self.node(body, way);
        self.push(Inst::Jump(test as Pc));
        self.code[test] = Inst::LoopTest { reg, min, max, lazy, exit: self.here() };
    }
}

/// The set of units that a match can begin with, if it always begins with one.
fn first(node: &Node) -> Option<CharSet> {
    match node {
        Node::Set(set) => Some(set.as_ref().clone()),
        Node::Concat(nodes) => {
            for node in nodes {
                match node {
                    Node::Anchor(_) | Node::Look { .. } | Node::Empty => {}
                    _ => return first(node),
                }
            }
            None
        }
        Node::Alternate(nodes) => {
            let mut all = CharSet::empty();
            for node in nodes {
                all = all.union(&first(node)?);
            }
            Some(all)
        }
        Node::Loop { body, min, .. } if *min > 0 => first(body),
        Node::Capture { body, .. } | Node::Atomic(body) => first(body),
        Node::Empty
        | Node::Loop { .. }
        | Node::Look { .. }
        | Node::BackReference { .. }
        | Node::IfCaptured { .. }
        | Node::IfMatches { .. }
        | Node::Anchor(_) => None,
    }
}

fn starts_at_beginning(node: &Node) -> bool {
    match node {
        Node::Anchor(Anchor::Beginning) => true,
        Node::Concat(nodes) => nodes.first().is_some_and(starts_at_beginning),
        Node::Alternate(nodes) => nodes.iter().all(starts_at_beginning),
        Node::Capture { body, .. } | Node::Atomic(body) => starts_at_beginning(body),
        _ => false,
    }
}
