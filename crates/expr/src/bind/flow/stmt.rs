//! Statements on the walk.

use super::super::bound::{B, K, S, SK};
use super::{State, Walk};

impl<'a> Walk<'_, 'a> {
    fn loop_body(&mut self, body: &S<'a>) -> (State, State) {
        self.breaks.push(State::everything());
        self.continues.push(State::everything());
        self.stmt(body);
        let broke = self.breaks.pop().unwrap_or_else(State::everything);
        let continued = self.continues.pop().unwrap_or_else(State::everything);
        self.state = self.state.meet(&continued);
        (broke, self.state.clone())
    }

    pub(super) fn stmts(&mut self, list: &[S<'a>]) {
        for s in list {
            self.stmt(s);
        }
    }

    pub(super) fn stmt(&mut self, s: &S<'a>) {
        match &s.kind {
            SK::Block { body, .. } => self.stmts(body),
            SK::Empty => {}
            SK::Label(_) => {
                // What jumps here is not followed: nothing unassigned is told behind a label that only a jump reaches.
            }
            SK::Expr(e) => {
                self.expr(e);
                if matches!(e.kind, K::Throw(_)) {
                    self.state = State::everything();
                }
            }
            SK::Declare { local, value } => {
                if let Some(value) = value {
                    self.expr(value);
                    self.state.add(*local);
                } else if self.state.has(*local) && !self.state.all {
                    // A loop comes round: the variable is new.
                    self.state.bits[local.0 / 64] &= !(1 << (local.0 % 64));
                }
            }
            SK::If { condition, then, otherwise } => {
                let (yes, no) = self.cond(condition);
                self.state = yes;
                self.stmt(then);
                let after = std::mem::replace(&mut self.state, no);
                if let Some(otherwise) = otherwise {
                    self.stmt(otherwise);
                }
                self.state = self.state.meet(&after);
            }
            SK::While { condition, body, .. } => {
                let (yes, no) = self.cond(condition);
                self.state = yes;
                let (broke, _) = self.loop_body(body);
                self.state = no.meet(&broke);
            }
            SK::DoWhile { body, condition } => {
                let (broke, _) = self.loop_body(body);
                let (_, no) = self.cond(condition);
                self.state = no.meet(&broke);
            }
            SK::For { init, condition, steps, body, .. } => {
                self.stmts(init);
                let (yes, no) = match condition {
                    Some(condition) => self.cond(condition),
                    None => (self.state.clone(), State::everything()),
                };
                self.state = yes;
                let (broke, _) = self.loop_body(body);
                for step in steps {
                    self.expr(step);
                }
                self.state = no.meet(&broke);
            }
            SK::ForEach { item, convert, target, sequence, body, .. } => {
                self.expr(sequence);
                let before = self.state.clone();
                self.state.add(*item);
                self.expr(convert);
                if let Some(B { kind: K::Local(id), .. }) = target {
                    self.state.add(*id);
                }
                let (broke, _) = self.loop_body(body);
                self.state = before.meet(&broke);
            }
            SK::Switch { value, temp, sections, default, .. } => {
                self.expr(value);
                self.state.add(*temp);
                let before = self.state.clone();
                self.breaks.push(if default.is_some() { State::everything() } else { before.clone() });
                for section in sections {
                    self.state = before.clone();
                    for (test, guard) in &section.tests {
                        self.test(test);
                        if let Some(guard) = guard {
                            let (yes, _) = self.cond(guard);
                            self.state = yes;
                        }
                        // What one of several labels assigns is not assigned behind them.
                        if section.tests.len() > 1 {
                            self.state = before.clone();
                        }
                    }
                    self.stmts(&section.body);
                }
                self.state = self.breaks.pop().unwrap_or_else(State::everything);
            }
            SK::Break => {
                if let Some(last) = self.breaks.last_mut() {
                    *last = last.meet(&self.state);
                }
                self.state = State::everything();
            }
            SK::Continue => {
                if let Some(last) = self.continues.last_mut() {
                    *last = last.meet(&self.state);
                }
                self.state = State::everything();
            }
            SK::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                self.outs_assigned(s.span);
                self.state = State::everything();
            }
            SK::Throw(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                self.state = State::everything();
            }
            SK::Yield(value) => self.expr(value),
            SK::YieldBreak | SK::Goto(_) | SK::GotoCase(_) => self.state = State::everything(),
            SK::Try { block, catches, finally } => {
                let before = self.state.clone();
                self.stmt(block);
                let mut after = self.state.clone();
                for catch in catches {
                    self.state = before.clone();
                    if let Some(local) = catch.local {
                        self.state.add(local);
                    }
                    if let Some(guard) = &catch.guard {
                        let (yes, _) = self.cond(guard);
                        self.state = yes;
                    }
                    self.stmt(&catch.block);
                    after = after.meet(&self.state);
                }
                if let Some(finally) = finally {
                    self.state = before;
                    self.stmt(finally);
                    let done = self.state.clone();
                    after = after.join(&done);
                }
                self.state = after;
            }
            SK::Using { declare, body, .. } => {
                self.stmts(declare);
                self.stmt(body);
            }
        }
    }
}
