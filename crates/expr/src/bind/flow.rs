//! What is reached, and what is assigned before it is read.

mod reach;
mod stmt;

use apimite_diag::Span;

pub(crate) use self::reach::{end_reachable, sequence_end_reachable};
use self::reach::{is_false, is_true};
use super::Binder;
use super::bound::{Arg, B, Body, FnId, K, LocalId, Part, Test};
use crate::library::ParamMode;
use crate::run::stack;

/// Locals known to be assigned; unreachable code has everything assigned.
#[derive(Clone, PartialEq)]
struct State {
    all: bool,
    bits: Vec<u64>,
}

impl State {
    fn everything() -> Self {
        Self { all: true, bits: Vec::new() }
    }

    fn has(&self, id: LocalId) -> bool {
        self.all || self.bits.get(id.0 / 64).is_some_and(|w| w & (1 << (id.0 % 64)) != 0)
    }

    fn add(&mut self, id: LocalId) {
        if self.all {
            return;
        }
        let word = id.0 / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (id.0 % 64);
    }

    fn meet(&self, other: &Self) -> Self {
        if self.all {
            return other.clone();
        }
        if other.all {
            return self.clone();
        }
        Self { all: false, bits: self.bits.iter().zip(&other.bits).map(|(a, b)| a & b).collect() }
    }

    fn join(&self, other: &Self) -> Self {
        if self.all || other.all {
            return Self::everything();
        }
        let mut out = self.clone();
        if out.bits.len() < other.bits.len() {
            out.bits.resize(other.bits.len(), 0);
        }
        for (a, b) in out.bits.iter_mut().zip(&other.bits) {
            *a |= b;
        }
        out
    }
}

struct Walk<'b, 'a> {
    binder: &'b mut Binder<'a>,
    state: State,
    breaks: Vec<State>,
    continues: Vec<State>,
    told: Vec<LocalId>,
    /// `out` parameters of the function that is walked.
    outs: Vec<LocalId>,
    stack_base: usize,
}

impl<'a> Binder<'a> {
    /// CS0165 for the whole program.
    pub(crate) fn definite_assignment(&mut self, body: &Body<'a>) {
        // Every local that has to be checked is declared without a value, by a pattern, or by `out`.
        let mut walk = Walk {
            binder: self,
            state: State { all: false, bits: Vec::new() },
            breaks: Vec::new(),
            continues: Vec::new(),
            told: Vec::new(),
            outs: Vec::new(),
            stack_base: stack::here(),
        };
        walk.body(body);
        // Local functions: what is outside counts as assigned.
        for index in 1..walk.binder.functions.len() {
            let function = &walk.binder.functions[index];
            if !function.ret_known || !function.delegate.is_void() || function.name.as_str() == "lambda" {
                continue;
            }
            let (own, params) = (function.locals.clone(), function.params.clone());
            let Some(body) = function.body.clone() else { continue };
            let mut state = State { all: false, bits: vec![u64::MAX; walk.binder.locals.len() / 64 + 1] };
            for id in own {
                state.bits[id.0 / 64] &= !(1 << (id.0 % 64));
            }
            for id in params {
                if walk.binder.locals[id.0].assigned {
                    state.add(id);
                }
            }
            let params = &walk.binder.functions[index].params;
            walk.outs = params.iter().copied().filter(|id| !walk.binder.locals[id.0].assigned).collect();
            walk.state = state;
            walk.body(&body);
            let whole = match &body {
                Body::Expr(e) => e.span,
                Body::Block(s) => s.span,
            };
            walk.outs_assigned(whole);
        }
    }
}

impl<'a> Walk<'_, 'a> {
    fn body(&mut self, body: &Body<'a>) {
        match body {
            Body::Expr(e) => self.expr(e),
            Body::Block(s) => self.stmt(s),
        }
    }

    /// CS0177 where control leaves a function.
    fn outs_assigned(&mut self, span: Span) {
        for id in self.outs.clone() {
            if !self.state.has(id) && !self.told.contains(&id) {
                self.told.push(id);
                let name = self.binder.locals[id.0].name.clone();
                let message =
                    format!("The out parameter '{name}' must be assigned to before control leaves the current method");
                self.binder.report("CS0177", span, message);
            }
        }
    }

    fn read(&mut self, id: LocalId, e: &B<'a>) {
        let local = &self.binder.locals[id.0];
        if local.assigned || self.state.has(id) || self.told.contains(&id) || local.name.is_empty() {
            return;
        }
        let name = local.name.clone();
        self.told.push(id);
        self.binder.report("CS0165", e.span, format!("Use of unassigned local variable '{name}'"));
    }

    /// The states when a condition is true and when it is false.
    fn cond(&mut self, e: &B<'a>) -> (State, State) {
        if is_true(e) {
            return (self.state.clone(), State::everything());
        }
        if is_false(e) {
            return (State::everything(), self.state.clone());
        }
        match &e.kind {
            K::AndAlso(a, b) => {
                let (yes, no) = self.cond(a);
                self.state = yes;
                let (yes, other) = self.cond(b);
                (yes, no.meet(&other))
            }
            K::OrElse(a, b) => {
                let (yes, no) = self.cond(a);
                self.state = no;
                let (other, no) = self.cond(b);
                (yes.meet(&other), no)
            }
            K::Not { value, lifted: false } => {
                let (yes, no) = self.cond(value);
                (no, yes)
            }
            K::Is { value, temp, test } => {
                self.expr(value);
                self.state.add(*temp);
                self.tested(test)
            }
            K::Conditional { condition, then, otherwise } => {
                let (yes, no) = self.cond(condition);
                self.state = yes;
                let (a, b) = self.cond(then);
                self.state = no;
                let (c, d) = self.cond(otherwise);
                (a.meet(&c), b.meet(&d))
            }
            K::Convert(inner, super::bound::How::Same) if inner.ty == e.ty => self.cond(inner),
            _ => {
                self.expr(e);
                (self.state.clone(), self.state.clone())
            }
        }
    }

    /// The states when a test holds and when it does not.
    fn tested(&mut self, test: &Test<'a>) -> (State, State) {
        if let Test::Not(inner) = test {
            let (yes, no) = self.tested(inner);
            return (no, yes);
        }
        let no = self.state.clone();
        self.test(test);
        (self.state.clone(), no)
    }

    fn test(&mut self, test: &Test<'a>) {
        match test {
            Test::Type { local: Some(local), .. } | Test::Bind(local) => self.state.add(*local),
            Test::And(both) => {
                self.test(&both.0);
                self.test(&both.1);
            }
            Test::Within { value, temp, test } => {
                self.expr(value);
                self.state.add(*temp);
                self.test(test);
            }
            _ => {}
        }
    }

    fn args(&mut self, args: &[Arg<'a>]) {
        let mut outs = Vec::new();
        for arg in args {
            match (arg.mode, &arg.value.kind) {
                (ParamMode::Out, K::Local(id)) => outs.push(*id),
                _ => self.expr(&arg.value),
            }
        }
        for id in outs {
            self.state.add(id);
        }
    }

    fn expr(&mut self, e: &B<'a>) {
        // What nests too deep is refused by the emitter.
        if e.constant.is_some() || stack::used(self.stack_base) > stack::LIMIT_BYTES {
            return;
        }
        match &e.kind {
            K::Local(id) => self.read(*id, e),
            K::Convert(inner, _)
            | K::Field(inner, _)
            | K::Throw(inner)
            | K::MakeRef(inner)
            | K::Deref { reference: inner, .. } => {
                self.expr(inner);
                if matches!(e.kind, K::Throw(_)) {
                    self.state = State::everything();
                }
            }
            K::Negate { value, .. } | K::Complement { value, .. } | K::IsNull { value, .. } | K::As { value, .. } => {
                self.expr(value);
            }
            K::Not { .. } | K::AndAlso(..) | K::OrElse(..) | K::Is { .. } => {
                let (yes, no) = self.cond(e);
                self.state = yes.meet(&no);
            }
            K::Call { args, .. } | K::CallLocal { args, .. } => self.args(args),
            K::Invoke { target, args } => {
                self.expr(target);
                self.args(args);
            }
            K::Arith { left, right, .. }
            | K::BoolOp { left, right, .. }
            | K::StrEq { left, right, .. }
            | K::RefEq { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            K::Concat(parts)
            | K::Record(parts)
            | K::ArrayOf { items: parts, .. }
            | K::NewArray { sizes: parts, .. } => {
                for part in parts {
                    self.expr(part);
                }
            }
            K::Conditional { condition, then, otherwise } => {
                let (yes, no) = self.cond(condition);
                self.state = yes;
                self.expr(then);
                let after = std::mem::replace(&mut self.state, no);
                self.expr(otherwise);
                self.state = self.state.meet(&after);
            }
            K::Coalesce { left, convert, right } => {
                self.expr(left);
                let before = self.state.clone();
                if let Some((temp, _)) = convert {
                    self.state.add(*temp);
                }
                self.state = before.clone();
                self.expr(right);
                self.state = self.state.meet(&before);
            }
            K::Access { target, temp, access } => {
                self.expr(target);
                let before = self.state.clone();
                self.state.add(*temp);
                self.expr(access);
                self.state = before;
            }
            K::Assign { target, value } => match &target.kind {
                K::Local(id) => {
                    self.expr(value);
                    self.state.add(*id);
                }
                _ => {
                    self.expr(target);
                    self.expr(value);
                }
            },
            K::Sequence { effects, value } => {
                for effect in effects {
                    self.expr(effect);
                }
                self.expr(value);
            }
            K::Lambda(id) => self.lambda(*id),
            K::Group { target: Some(target), .. } => self.expr(target),
            K::SubArray { array, start, end } => {
                self.expr(array);
                self.expr(start);
                self.expr(end);
            }
            K::Element { array, indexes } => {
                self.expr(array);
                for index in indexes {
                    self.expr(index);
                }
            }
            K::Interpolated(parts) => {
                for part in parts {
                    if let Part::Hole { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn lambda(&mut self, id: FnId) {
        let Some(body) = self.binder.functions[id.0].body.clone() else { return };
        let before = self.state.clone();
        let breaks = std::mem::take(&mut self.breaks);
        let continues = std::mem::take(&mut self.continues);
        let outs = std::mem::take(&mut self.outs);
        self.body(&body);
        self.outs = outs;
        self.breaks = breaks;
        self.continues = continues;
        self.state = before;
    }
}
