//! Iterators: functions with `yield` run in pieces, each up to the next `yield return`.
//!
//! A statement that holds a `yield return` is emitted in a form that can be entered again: a slot of the frame says where it
//! stopped. The frame is kept by the enumeration between two pieces. Statements without one are emitted as everywhere else.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use apimite_dotnet::{ExceptionKind, Thrown};
use parking_lot::Mutex;

use super::function::{Functions, cell, read_cell};
use super::stmt::{Flow, refresh};
use super::value::{Effect, at, store};
use super::{BoolFn, Emitter, Place, StmtFn, ValueFn, stmt_fn, value_fn};
use crate::bind::bound::{Body, FnId, Function, K, LocalId, S, SK, Section};
use crate::library::core::enumerators::Running;
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// Enumerations that were let go before their end and still have a `finally` to run.
pub(crate) type Pending = Arc<Mutex<VecDeque<Run>>>;

/// The body of an iterator.
struct Code {
    element: Type,
    /// Captured or not, by parameter; those before them are what the function captures.
    params: Box<[bool]>,
    captures: usize,
    slots: usize,
    cells: Box<[usize]>,
    body: StmtFn,
    finalizes: bool,
}

/// What calling an iterator gives: nothing has run yet, and every enumeration starts anew.
struct Sequence {
    code: Arc<Code>,
    functions: Arc<Functions>,
    /// What it captures, then its arguments.
    held: Box<[Value]>,
}

impl Sequence {
    fn start(&self, cx: &mut Cx<'_>) -> Run {
        let code = &self.code;
        let mut frame = Vec::with_capacity(code.slots);
        frame.extend(self.held.iter().take(code.captures).cloned());
        for (value, captured) in self.held.iter().skip(code.captures).zip(&code.params) {
            frame.push(if *captured { cell(value.clone()) } else { value.clone() });
        }
        frame.resize(code.slots, Value::Null);
        for slot in &code.cells {
            frame[*slot] = cell(Value::Null);
        }
        let pending = code.finalizes.then(|| Arc::clone(cx.pending.get_or_insert_default()));
        Run { code: Arc::clone(code), functions: Arc::clone(&self.functions), frame, state: State::Fresh, pending }
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        crate::value::release::values(std::mem::take(&mut self.held));
    }
}

impl Object for Sequence {
    fn type_of(&self) -> Type {
        Type::enumerable(self.code.element.erased())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let result = cx.guard().and_then(|()| cx.charge(self.code.slots * size_of::<Value>()));
        Some(result.map(|()| Box::new(self.start(cx)) as Each))
    }

    fn is_internal(&self) -> bool {
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    /// Stopped at a `yield return`.
    Stopped,
    /// Running, at its end, or left by an exception.
    Done,
}

/// One enumeration of an iterator.
pub(crate) struct Run {
    code: Arc<Code>,
    functions: Arc<Functions>,
    frame: Vec<Value>,
    state: State,
    /// Where it goes when it is let go at a `yield return` and may have a `finally` to run.
    pending: Option<Pending>,
}

impl Run {
    /// Runs up to the next `yield return` or the end.
    fn resume(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        cx.step()?;
        cx.enter()?;
        let own = cx.functions.as_ref().is_some_and(|f| Arc::ptr_eq(f, &self.functions));
        let outer = if own { None } else { cx.functions.replace(Arc::clone(&self.functions)) };
        let (base, saved) = (cx.stack.len(), cx.base);
        cx.stack.extend(self.frame.drain(..));
        cx.base = base;
        self.state = State::Done;
        let flow = (self.code.body)(cx);
        cx.base = saved;
        let result = match flow {
            Ok(Flow::Yield) => {
                self.frame.extend(cx.stack.drain(base..base + self.code.slots));
                self.state = State::Stopped;
                Ok(Some(std::mem::take(&mut cx.returned)))
            }
            Ok(_) => Ok(None),
            Err(thrown) => Err(thrown),
        };
        cx.stack.truncate(base);
        if !own {
            cx.functions = outer;
        }
        cx.leave();
        result
    }
}

impl Enumerator for Run {
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        if self.state == State::Done {
            return Ok(None);
        }
        self.resume(cx)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let frame = std::mem::take(&mut self.frame);
        if let (State::Stopped, Some(pending)) = (self.state, self.pending.take()) {
            let (code, functions) = (Arc::clone(&self.code), Arc::clone(&self.functions));
            pending.lock().push_back(Self { code, functions, frame, state: State::Stopped, pending: None });
            return;
        }
        crate::value::release::values(frame);
    }
}

impl Cx<'_> {
    /// Runs what iterators have left to do that were let go before their end: `Dispose` runs their `finally` blocks. An exception
    /// of one takes the place of the result.
    pub(crate) fn settle<T>(&mut self, mut result: Result<T, Thrown>) -> Result<T, Thrown> {
        let Some(pending) = self.pending.clone() else { return result };
        if pending.lock().is_empty() {
            return result;
        }
        let (returned, mut fault) = (std::mem::take(&mut self.returned), self.fault.take());
        loop {
            let next = pending.lock().pop_front();
            let Some(mut run) = next else { break };
            if matches!(&result, Err(thrown) if thrown.kind == ExceptionKind::Budget) {
                continue;
            }
            self.disposing = true;
            let done = run.resume(self);
            self.disposing = false;
            if let Err(thrown) = done {
                result = Err(thrown);
                fault = self.fault.take();
            }
        }
        (self.returned, self.fault) = (returned, fault);
        result
    }
}

/// A `foreach` that waits: its enumeration, in a slot of the frame.
struct Waiting(Mutex<Option<Each>>);

impl Object for Waiting {
    fn type_of(&self) -> Type {
        Type::object()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Does a statement hold a `yield return`?
fn yields(s: &S<'_>) -> bool {
    let any = |list: &[S<'_>]| list.iter().any(yields);
    match &s.kind {
        SK::Yield(_) => true,
        SK::Block { body, .. } => any(body),
        SK::If { then, otherwise, .. } => yields(then) || otherwise.as_deref().is_some_and(yields),
        SK::While { body, .. }
        | SK::DoWhile { body, .. }
        | SK::For { body, .. }
        | SK::ForEach { body, .. }
        | SK::Using { body, .. } => yields(body),
        SK::Switch { sections, .. } => sections.iter().any(|section| any(&section.body)),
        SK::Try { block, .. } => yields(block),
        _ => false,
    }
}

/// Does a statement hold a `yield return` inside a `try` with a `finally`, or a `using`?
fn guards(s: &S<'_>) -> bool {
    let any = |list: &[S<'_>]| list.iter().any(guards);
    match &s.kind {
        SK::Block { body, .. } => any(body),
        SK::If { then, otherwise, .. } => guards(then) || otherwise.as_deref().is_some_and(guards),
        SK::While { body, .. } | SK::DoWhile { body, .. } | SK::For { body, .. } | SK::ForEach { body, .. } => {
            guards(body)
        }
        SK::Switch { sections, .. } => sections.iter().any(|section| any(&section.body)),
        SK::Using { body, .. } => yields(body),
        SK::Try { block, .. } => yields(block),
        _ => false,
    }
}

/// Has a program an iterator whose `finally` may have to run when an enumeration of it is let go?
pub(crate) fn has_finalizers(functions: &[Function<'_>]) -> bool {
    functions.iter().any(|function| {
        function.iterator.is_some() && matches!(&function.body, Some(Body::Block(block)) if guards(block))
    })
}

impl<'a> Emitter<'_, 'a> {
    /// The body of a function that is an iterator: it makes the sequence.
    pub(super) fn iterator(&mut self, id: FnId, cells: &[usize]) -> Option<ValueFn> {
        let function = &self.functions[id.0];
        let iterates = function.iterator?;
        let Some(Body::Block(block)) = &function.body else { return None };
        let captures = function.captures.len();
        let params: Box<[bool]> = function.params.iter().map(|local| self.locals[local.0].captured).collect();
        let first_local = captures + params.len();
        let cells = cells.iter().copied().filter(|slot| *slot >= first_local).collect();
        self.iterating = true;
        let body = self.stmt(block);
        self.iterating = false;
        let code = Arc::new(Code {
            element: iterates.element,
            params,
            captures,
            slots: self.slots,
            cells,
            body,
            finalizes: self.finalizers,
        });
        let ty = function.ret;
        Some(value_fn(move |cx| {
            let Some(functions) = cx.functions.clone() else { return Err(null_reference()) };
            let mut held = Vec::with_capacity(first_local);
            for (index, value) in cx.stack[cx.base..].iter().take(first_local).enumerate() {
                let captured = index.checked_sub(captures).and_then(|i| code.params.get(i)).copied().unwrap_or(false);
                held.push(if captured { read_cell(value) } else { value.clone() });
            }
            cx.charge(size_of::<Sequence>() + held.len() * size_of::<Value>())?;
            let sequence = Sequence { code: Arc::clone(&code), functions, held: held.into() };
            if iterates.once {
                let run = sequence.start(cx);
                return Ok(Value::object(Running::new(Box::new(run), ty)));
            }
            Ok(Value::object(sequence))
        }))
    }

    /// A slot that no local has.
    fn hidden(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// Is this statement to be emitted so that it can be entered again?
    pub(super) fn is_resumable(&self, s: &S<'a>) -> bool {
        self.iterating && yields(s)
    }

    /// A statement that holds a `yield return`.
    pub(super) fn resumable(&mut self, s: &S<'a>) -> StmtFn {
        match &s.kind {
            SK::Yield(value) => {
                let (f, slot) = (self.value(value), self.hidden());
                stmt_fn(move |cx| {
                    if resumed(cx, slot).is_some() {
                        if std::mem::take(&mut cx.disposing) {
                            return Ok(Flow::Return);
                        }
                        return Ok(Flow::Next);
                    }
                    let value = f(cx)?;
                    stop(cx, slot, 0);
                    cx.returned = value;
                    Ok(Flow::Yield)
                })
            }
            SK::Block { locals, body } => self.resumable_block(locals, body),
            SK::If { condition, then, otherwise } => {
                let (c, a, slot) = (self.bool(condition), self.stmt(then), self.hidden());
                let b = otherwise.as_ref().map(|s| self.stmt(s));
                stmt_fn(move |cx| {
                    let first = match resumed(cx, slot) {
                        Some(branch) => branch == 0,
                        None => c(cx)?,
                    };
                    let flow = match &b {
                        _ if first => a(cx)?,
                        Some(b) => b(cx)?,
                        None => Flow::Next,
                    };
                    if flow == Flow::Yield {
                        stop(cx, slot, i32::from(!first));
                    }
                    Ok(flow)
                })
            }
            SK::While { locals, condition, body } => {
                let cells = self.cells_of(locals);
                let (c, body, slot) = (self.bool(condition), self.stmt(body), self.hidden());
                stmt_fn(move |cx| {
                    let mut again = resumed(cx, slot).is_some();
                    loop {
                        if !std::mem::take(&mut again) {
                            refresh(cx, &cells);
                            cx.step()?;
                            if !c(cx)? {
                                return Ok(Flow::Next);
                            }
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(stopped(cx, slot, other)),
                        }
                    }
                })
            }
            SK::DoWhile { body, condition } => {
                let (body, c, slot) = (self.stmt(body), self.bool(condition), self.hidden());
                stmt_fn(move |cx| {
                    let mut again = resumed(cx, slot).is_some();
                    loop {
                        if !std::mem::take(&mut again) {
                            cx.step()?;
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(stopped(cx, slot, other)),
                        }
                        if !c(cx)? {
                            return Ok(Flow::Next);
                        }
                    }
                })
            }
            SK::For { locals, init, condition, steps, body } => {
                let cells = self.cells_of(locals);
                let init: Vec<StmtFn> = init.iter().map(|s| self.stmt(s)).collect();
                let c: Option<BoolFn> = condition.as_ref().map(|c| self.bool(c));
                let steps: Vec<Effect> = steps.iter().map(|step| self.effect(step)).collect();
                let (body, slot) = (self.stmt(body), self.hidden());
                stmt_fn(move |cx| {
                    let mut again = resumed(cx, slot).is_some();
                    if !again {
                        refresh(cx, &cells);
                        for s in &init {
                            s(cx)?;
                        }
                    }
                    loop {
                        if !std::mem::take(&mut again) {
                            cx.step()?;
                            if let Some(c) = &c
                                && !c(cx)?
                            {
                                return Ok(Flow::Next);
                            }
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(stopped(cx, slot, other)),
                        }
                        for step in &steps {
                            step(cx)?;
                        }
                    }
                })
            }
            SK::ForEach { .. } => self.resumable_for_each(s),
            SK::Switch { locals, value, temp, sections, default } => {
                let mut cells = self.cells_of(locals);
                cells.extend(sections.iter().flat_map(|section| self.cells_of(&section.locals)));
                let (value, place, slot) = (self.value(value), self.place(*temp), self.hidden());
                let tests = self.section_tests(sections, *temp);
                let bodies: Vec<StmtFn> =
                    sections.iter().map(|section| self.resumable_block(&[], &section.body)).collect();
                let default = *default;
                stmt_fn(move |cx| {
                    let mut chosen = match resumed(cx, slot) {
                        Some(section) => usize::try_from(section).ok(),
                        None => {
                            refresh(cx, &cells);
                            let v = value(cx)?;
                            store(cx, place, v);
                            super::stmt::choose(cx, &tests)?.or(default)
                        }
                    };
                    while let Some(section) = chosen {
                        cx.step()?;
                        let Some(body) = bodies.get(section) else { break };
                        match body(cx)? {
                            Flow::Next | Flow::Break => break,
                            Flow::GotoCase(next) => chosen = Some(next),
                            Flow::Yield => {
                                stop(cx, slot, section);
                                return Ok(Flow::Yield);
                            }
                            other => return Ok(other),
                        }
                    }
                    Ok(Flow::Next)
                })
            }
            SK::Try { block, finally, .. } => {
                // There is no `catch` beside a `yield return`.
                let block = self.stmt(block);
                let finally = finally.as_ref().map(|f| self.stmt(f));
                stmt_fn(move |cx| {
                    let result = block(cx);
                    match &finally {
                        Some(finally) if !matches!(result, Ok(Flow::Yield)) => super::stmt::finish(cx, result, finally),
                        _ => result,
                    }
                })
            }
            SK::Using { locals, declare, resources, body } => {
                let cells = self.cells_of(locals);
                let declare: Vec<StmtFn> = declare.iter().map(|s| self.stmt(s)).collect();
                let places: Vec<Place> = resources.iter().map(|l| self.place(*l)).collect();
                let (body, slot) = (self.stmt(body), self.hidden());
                stmt_fn(move |cx| {
                    if resumed(cx, slot).is_none() {
                        refresh(cx, &cells);
                        for s in &declare {
                            s(cx)?;
                        }
                    }
                    let result = body(cx);
                    if matches!(result, Ok(Flow::Yield)) {
                        stop(cx, slot, 0);
                        return result;
                    }
                    super::stmt::dispose(cx, &places);
                    result
                })
            }
            _ => self.stmt(s),
        }
    }

    fn resumable_block(&mut self, locals: &[LocalId], body: &[S<'a>]) -> StmtFn {
        let cells = self.cells_of(locals);
        let mut labels: Vec<(usize, usize)> = Vec::new();
        let mut list: Vec<StmtFn> = Vec::new();
        for s in body {
            match &s.kind {
                SK::Label(label) => labels.push((label.0, list.len())),
                SK::Empty => {}
                _ => list.push(self.stmt(s)),
            }
        }
        let slot = self.hidden();
        stmt_fn(move |cx| {
            let mut index = match resumed(cx, slot) {
                Some(index) => usize::try_from(index).unwrap_or(0),
                None => {
                    refresh(cx, &cells);
                    0
                }
            };
            while let Some(s) = list.get(index) {
                match s(cx)? {
                    Flow::Next => index += 1,
                    Flow::Goto(label) => match labels.iter().find(|(l, _)| *l == label) {
                        Some((_, at)) => index = *at,
                        None => return Ok(Flow::Goto(label)),
                    },
                    Flow::Yield => {
                        stop(cx, slot, index);
                        return Ok(Flow::Yield);
                    }
                    other => return Ok(other),
                }
            }
            Ok(Flow::Next)
        })
    }

    fn resumable_for_each(&mut self, s: &S<'a>) -> StmtFn {
        let span = s.span;
        let SK::ForEach { locals, item, convert, target, sequence, body } = &s.kind else {
            return stmt_fn(|_| Ok(Flow::Next));
        };
        let cells = self.cells_of(locals);
        let (sequence, item, slot) = (self.value(sequence), self.place(*item), self.hidden());
        let convert = self.value(convert);
        let target = match target.as_ref().map(|t| &t.kind) {
            Some(K::Local(id)) => Some(self.place(*id)),
            _ => None,
        };
        let body = self.stmt(body);
        stmt_fn(move |cx| {
            let held = std::mem::take(&mut cx.stack[cx.base + slot]);
            let waiting = held.downcast::<Waiting>().and_then(|waiting| waiting.0.lock().take());
            let mut again = waiting.is_some();
            let mut each = match waiting {
                Some(each) => each,
                None => {
                    let source = sequence(cx)?;
                    let each = cx.iterate(&source);
                    at(cx, span, each)?
                }
            };
            loop {
                if !std::mem::take(&mut again) {
                    cx.step()?;
                    let next = each.next(cx);
                    let Some(value) = at(cx, span, next)? else { return Ok(Flow::Next) };
                    refresh(cx, &cells);
                    store(cx, item, value);
                    if let Some(target) = target {
                        let value = convert(cx)?;
                        store(cx, target, value);
                    }
                }
                match body(cx)? {
                    Flow::Next | Flow::Continue => {}
                    Flow::Break => return Ok(Flow::Next),
                    Flow::Yield => {
                        let index = cx.base + slot;
                        cx.stack[index] = Value::object(Waiting(Mutex::new(Some(each))));
                        return Ok(Flow::Yield);
                    }
                    other => return Ok(other),
                }
            }
        })
    }

    /// The tests of a `switch`, in order, with the section each leads to.
    pub(super) fn section_tests(&mut self, sections: &[Section<'a>], temp: LocalId) -> super::stmt::Tests {
        let mut tests = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            for (test, guard) in &section.tests {
                let test = self.test(test, temp);
                let guard = guard.as_ref().map(|g| self.bool(g));
                tests.push((index, test, guard));
            }
        }
        tests
    }
}

/// Where a statement stopped, if it is entered again; the note is taken away.
fn resumed(cx: &mut Cx<'_>, slot: usize) -> Option<i32> {
    let index = cx.base + slot;
    match std::mem::take(&mut cx.stack[index]) {
        Value::Int(at) => Some(at),
        _ => None,
    }
}

/// Notes where a statement stops.
fn stop(cx: &mut Cx<'_>, slot: usize, at: impl TryInto<i32>) {
    let index = cx.base + slot;
    cx.stack[index] = Value::Int(at.try_into().unwrap_or(0));
}

fn stopped(cx: &mut Cx<'_>, slot: usize, flow: Flow) -> Flow {
    if flow == Flow::Yield {
        stop(cx, slot, 0);
    }
    flow
}
