//! Statements.

use apimite_dotnet::{ExceptionKind, Thrown};

use super::function::cell;
use super::value::{Effect, at, store};
use super::{BoolFn, Emitter, StmtFn, stmt_fn};
use crate::bind::bound::{K, LocalId, S, SK};
use crate::library::core::exceptions;
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::Value;

/// How a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Next,
    Break,
    Continue,
    /// The value is in `cx.returned`.
    Return,
    /// An iterator stops at a `yield return`; the value is in `cx.returned`.
    Yield,
    Goto(usize),
    GotoCase(usize),
}

pub(super) fn refresh(cx: &mut Cx<'_>, cells: &[usize]) {
    for slot in cells {
        let index = cx.base + slot;
        cx.stack[index] = cell(Value::Null);
    }
}

impl<'a> Emitter<'_, 'a> {
    pub(crate) fn stmt(&mut self, s: &S<'a>) -> StmtFn {
        if self.is_too_deep() {
            return stmt_fn(|_| Ok(Flow::Next));
        }
        let f = if self.is_resumable(s) { self.resumable(s) } else { self.whole(s) };
        if self.finalizers && matches!(s.kind, SK::ForEach { .. } | SK::Using { .. }) {
            return stmt_fn(move |cx| {
                let result = f(cx);
                cx.settle(result)
            });
        }
        f
    }

    /// A statement that runs in one piece.
    fn whole(&mut self, s: &S<'a>) -> StmtFn {
        let span = s.span;
        match &s.kind {
            SK::Empty | SK::Label(_) => stmt_fn(|_| Ok(Flow::Next)),
            SK::Block { locals, body } => self.block(locals, body),
            SK::Expr(e) => {
                let effect = self.effect(e);
                stmt_fn(move |cx| {
                    effect(cx)?;
                    Ok(Flow::Next)
                })
            }
            SK::Declare { local, value } => {
                let place = self.place(*local);
                let default = if self.locals[local.0].ty.is_value_type() {
                    crate::run::default_value(self.locals[local.0].ty)
                } else {
                    Value::Null
                };
                match value {
                    Some(value) => {
                        let f = self.value(value);
                        stmt_fn(move |cx| {
                            let v = f(cx)?;
                            store(cx, place, v);
                            Ok(Flow::Next)
                        })
                    }
                    None => stmt_fn(move |cx| {
                        store(cx, place, default.clone());
                        Ok(Flow::Next)
                    }),
                }
            }
            SK::If { condition, then, otherwise } => {
                let (c, a) = (self.bool(condition), self.stmt(then));
                match otherwise {
                    Some(otherwise) => {
                        let b = self.stmt(otherwise);
                        stmt_fn(move |cx| if c(cx)? { a(cx) } else { b(cx) })
                    }
                    None => stmt_fn(move |cx| if c(cx)? { a(cx) } else { Ok(Flow::Next) }),
                }
            }
            SK::While { locals, condition, body } => {
                let cells = self.cells_of(locals);
                let (c, body) = (self.bool(condition), self.stmt(body));
                stmt_fn(move |cx| {
                    loop {
                        refresh(cx, &cells);
                        cx.step()?;
                        if !c(cx)? {
                            return Ok(Flow::Next);
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(other),
                        }
                    }
                })
            }
            SK::DoWhile { body, condition } => {
                let (body, c) = (self.stmt(body), self.bool(condition));
                stmt_fn(move |cx| {
                    loop {
                        cx.step()?;
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(other),
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
                let body = self.stmt(body);
                stmt_fn(move |cx| {
                    refresh(cx, &cells);
                    for s in &init {
                        s(cx)?;
                    }
                    loop {
                        cx.step()?;
                        if let Some(c) = &c
                            && !c(cx)?
                        {
                            return Ok(Flow::Next);
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(other),
                        }
                        for step in &steps {
                            step(cx)?;
                        }
                    }
                })
            }
            SK::ForEach { locals, item, convert, target, sequence, body } => {
                let cells = self.cells_of(locals);
                let (sequence, item) = (self.value(sequence), self.place(*item));
                let convert = self.value(convert);
                let target = match target.as_ref().map(|t| &t.kind) {
                    Some(K::Local(id)) => Some(self.place(*id)),
                    _ => None,
                };
                let body = self.stmt(body);
                stmt_fn(move |cx| {
                    let source = sequence(cx)?;
                    let each = cx.iterate(&source);
                    let mut each = at(cx, span, each)?;
                    loop {
                        cx.step()?;
                        let next = each.next(cx);
                        let Some(value) = at(cx, span, next)? else { return Ok(Flow::Next) };
                        refresh(cx, &cells);
                        store(cx, item, value);
                        if let Some(target) = target {
                            let value = convert(cx)?;
                            store(cx, target, value);
                        }
                        match body(cx)? {
                            Flow::Next | Flow::Continue => {}
                            Flow::Break => return Ok(Flow::Next),
                            other => return Ok(other),
                        }
                    }
                })
            }
            SK::Switch { locals, value, temp, sections, default, .. } => {
                let mut cells = self.cells_of(locals);
                for section in sections {
                    cells.extend(self.cells_of(&section.locals));
                }
                let (value, place) = (self.value(value), self.place(*temp));
                let default = *default;
                let tests = self.section_tests(sections, *temp);
                let bodies: Vec<StmtFn> = sections.iter().map(|section| self.block(&[], &section.body)).collect();
                stmt_fn(move |cx| {
                    refresh(cx, &cells);
                    let v = value(cx)?;
                    store(cx, place, v);
                    let mut chosen = choose(cx, &tests)?.or(default);
                    while let Some(section) = chosen {
                        cx.step()?;
                        let Some(body) = bodies.get(section) else { break };
                        match body(cx)? {
                            Flow::Next | Flow::Break => break,
                            Flow::GotoCase(next) => chosen = Some(next),
                            other => return Ok(other),
                        }
                    }
                    Ok(Flow::Next)
                })
            }
            SK::Break => stmt_fn(|_| Ok(Flow::Break)),
            SK::Continue => stmt_fn(|_| Ok(Flow::Continue)),
            SK::Return(value) => match value {
                Some(value) => {
                    let f = self.value(value);
                    stmt_fn(move |cx| {
                        let v = f(cx)?;
                        cx.returned = v;
                        Ok(Flow::Return)
                    })
                }
                None => stmt_fn(|cx| {
                    cx.returned = Value::Null;
                    Ok(Flow::Return)
                }),
            },
            SK::Throw(value) => match value {
                Some(value) => {
                    let f = self.value(value);
                    stmt_fn(move |cx| {
                        let v = f(cx)?;
                        let error = exceptions::thrown_of(&v).unwrap_or_else(null_reference);
                        at(cx, span, Err(error))
                    })
                }
                None => stmt_fn(move |cx| {
                    let error = cx.handling.last().cloned().unwrap_or_else(null_reference);
                    at(cx, span, Err(error))
                }),
            },
            SK::Goto(label) => {
                let label = label.0;
                stmt_fn(move |cx| {
                    cx.step()?;
                    Ok(Flow::Goto(label))
                })
            }
            SK::GotoCase(section) => {
                let section = *section;
                stmt_fn(move |_| Ok(Flow::GotoCase(section)))
            }
            SK::Try { block, catches, finally } => self.try_statement(block, catches, finally.as_deref()),
            SK::Using { locals, declare, resources, body } => {
                let cells = self.cells_of(locals);
                let declare: Vec<StmtFn> = declare.iter().map(|s| self.stmt(s)).collect();
                let places: Vec<super::Place> = resources.iter().map(|l| self.place(*l)).collect();
                let body = self.stmt(body);
                stmt_fn(move |cx| {
                    refresh(cx, &cells);
                    for s in &declare {
                        s(cx)?;
                    }
                    let result = body(cx);
                    dispose(cx, &places);
                    result
                })
            }
            // Elsewhere than in an iterator there is none.
            SK::Yield(_) => stmt_fn(|_| Ok(Flow::Next)),
            SK::YieldBreak => stmt_fn(|cx| {
                cx.returned = Value::Null;
                Ok(Flow::Return)
            }),
        }
    }

    fn block(&mut self, locals: &[LocalId], body: &[S<'a>]) -> StmtFn {
        let cells = self.cells_of(locals);
        let mut labels: Vec<(usize, usize)> = Vec::new();
        let mut list: Vec<StmtFn> = Vec::new();
        for s in body {
            if let SK::Label(label) = &s.kind {
                labels.push((label.0, list.len()));
                continue;
            }
            if matches!(s.kind, SK::Empty) {
                continue;
            }
            list.push(self.stmt(s));
        }
        if labels.is_empty() {
            if cells.is_empty() && list.len() == 1 {
                return list.remove(0);
            }
            return stmt_fn(move |cx| {
                refresh(cx, &cells);
                for s in &list {
                    match s(cx)? {
                        Flow::Next => {}
                        other => return Ok(other),
                    }
                }
                Ok(Flow::Next)
            });
        }
        stmt_fn(move |cx| {
            refresh(cx, &cells);
            let mut index = 0;
            while let Some(s) = list.get(index) {
                match s(cx)? {
                    Flow::Next => index += 1,
                    Flow::Goto(label) => match labels.iter().find(|(l, _)| *l == label) {
                        Some((_, at)) => index = *at,
                        None => return Ok(Flow::Goto(label)),
                    },
                    other => return Ok(other),
                }
            }
            Ok(Flow::Next)
        })
    }

    fn try_statement(
        &mut self,
        block: &S<'a>,
        catches: &[crate::bind::bound::Catch<'a>],
        finally: Option<&S<'a>>,
    ) -> StmtFn {
        struct Handler {
            ty: Type,
            place: Option<super::Place>,
            cells: Vec<usize>,
            guard: Option<BoolFn>,
            body: StmtFn,
        }
        let block = self.stmt(block);
        let mut handlers = Vec::new();
        for catch in catches {
            handlers.push(Handler {
                ty: catch.ty,
                place: catch.local.map(|l| self.place(l)),
                cells: self.cells_of(&catch.locals),
                guard: catch.guard.as_ref().map(|g| self.bool(g)),
                body: self.stmt(&catch.block),
            });
        }
        let finally = finally.map(|f| self.stmt(f));
        stmt_fn(move |cx| {
            let (height, base) = (cx.stack.len(), cx.base);
            let mut result = block(cx);
            if let Err(thrown) = &result
                && thrown.kind != ExceptionKind::Budget
                && !handlers.is_empty()
            {
                // Frames of calls that were left by the exception are gone.
                cx.stack.truncate(height);
                cx.base = base;
                let thrown: Thrown = thrown.clone();
                let fault = cx.fault.take();
                let value = exceptions::value_of(thrown.clone());
                let mut handled = None;
                for handler in &handlers {
                    if !cx.is_instance(&value, handler.ty) {
                        continue;
                    }
                    refresh(cx, &handler.cells);
                    if let Some(place) = handler.place {
                        store(cx, place, value.clone());
                    }
                    if let Some(guard) = &handler.guard {
                        // A filter that throws counts as false.
                        if !guard(cx).unwrap_or(false) {
                            cx.fault = None;
                            continue;
                        }
                    }
                    cx.handling.push(thrown.clone());
                    handled = Some((handler.body)(cx));
                    cx.handling.pop();
                    break;
                }
                match handled {
                    Some(outcome) => result = outcome,
                    None => cx.fault = fault,
                }
            }
            match &finally {
                Some(finally) => finish(cx, result, finally),
                None => result,
            }
        })
    }
}

/// The tests of a `switch` with the sections they lead to.
pub(super) type Tests = Vec<(usize, BoolFn, Option<BoolFn>)>;

/// The section whose test holds first.
pub(super) fn choose(cx: &mut Cx<'_>, tests: &Tests) -> Result<Option<usize>, Thrown> {
    for (section, test, guard) in tests {
        if !test(cx)? {
            continue;
        }
        if let Some(guard) = guard
            && !guard(cx)?
        {
            continue;
        }
        return Ok(Some(*section));
    }
    Ok(None)
}

/// Runs a `finally` behind the statement that ended so.
pub(super) fn finish(cx: &mut Cx<'_>, result: Result<Flow, Thrown>, finally: &StmtFn) -> Result<Flow, Thrown> {
    if matches!(&result, Err(thrown) if thrown.kind == ExceptionKind::Budget) {
        return result;
    }
    let returned = std::mem::take(&mut cx.returned);
    let fault = cx.fault.take();
    match finally(cx)? {
        Flow::Next => {}
        other => return Ok(other),
    }
    cx.returned = returned;
    cx.fault = fault;
    result
}

/// Disposes of the resources of a `using`, the last one first.
pub(super) fn dispose(cx: &mut Cx<'_>, places: &[super::Place]) {
    let returned = std::mem::take(&mut cx.returned);
    for place in places.iter().rev() {
        let value = &cx.stack[cx.base + place.slot];
        let value = if place.cell { super::function::read_cell(value) } else { value.clone() };
        if let Value::Object(object) = value {
            object.dispose();
        }
    }
    cx.returned = returned;
}
