//! Functions at run time: frames, captured variables, delegates.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use parking_lot::Mutex;

use super::{BoolFn, Emitter, StmtFn, ValueFn};
use crate::bind::bound::{Body, FnId};
use crate::library::{Member, ParamMode};
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::{Callable, Object, Str, Value};

/// All functions of a program, by index.
pub(crate) struct Functions(Vec<Option<Code>>);

/// One compiled function.
pub(crate) struct Code {
    captures: usize,
    params: Vec<(bool, ParamMode)>,
    slots: usize,
    cells: Vec<usize>,
    /// No parameter is captured or passed by reference, and no local is captured.
    plain: bool,
    body: CodeBody,
}

enum CodeBody {
    Value(ValueFn),
    Bool(BoolFn),
    Block(StmtFn),
}

impl CodeBody {
    #[inline]
    fn run(&self, cx: &mut Cx<'_>) -> Result<Value, Thrown> {
        match self {
            Self::Value(f) => f(cx),
            Self::Bool(f) => f(cx).map(Value::Bool),
            Self::Block(f) => f(cx).map(|_| std::mem::take(&mut cx.returned)),
        }
    }

    #[inline]
    fn test(&self, cx: &mut Cx<'_>) -> Result<bool, Thrown> {
        match self {
            Self::Bool(f) => f(cx),
            _ => self.run(cx).map(|value| value.as_bool()),
        }
    }
}

/// A captured variable.
pub(crate) struct Cell(pub(crate) Mutex<Value>);

impl Drop for Cell {
    fn drop(&mut self) {
        crate::value::release::values([std::mem::take(self.0.get_mut())]);
    }
}

impl Object for Cell {
    fn type_of(&self) -> Type {
        Type::object()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A fresh captured variable.
pub(crate) fn cell(value: Value) -> Value {
    Value::object(Cell(Mutex::new(value)))
}

/// Reads through a cell.
pub(crate) fn read_cell(value: &Value) -> Value {
    value.downcast::<Cell>().map_or(Value::Null, |c| c.0.lock().clone())
}

/// Writes through a cell.
pub(crate) fn write_cell(place: &Value, value: Value) {
    if let Some(cell) = place.downcast::<Cell>() {
        *cell.0.lock() = value;
    }
}

impl<'a> Emitter<'_, 'a> {
    /// Emits every function that is used, and those they use.
    pub(crate) fn table(&mut self) -> Option<Arc<Functions>> {
        if self.used.is_empty() {
            return None;
        }
        let mut codes: Vec<Option<Code>> = (0..self.functions.len()).map(|_| None).collect();
        let mut next = 0;
        while let Some(id) = self.used.get(next).copied() {
            next += 1;
            codes[id.0] = self.function(id);
        }
        Some(Arc::new(Functions(codes)))
    }

    fn function(&mut self, id: FnId) -> Option<Code> {
        let function = &self.functions[id.0];
        self.layout(id);
        let cells = self.cells_of(&function.body_locals);
        let params: Vec<(bool, ParamMode)> = function
            .params
            .iter()
            .enumerate()
            .map(|(index, local)| {
                let mode = function
                    .signature
                    .get(index)
                    .map_or_else(|| self.delegate_mode(function.delegate, index), |s| s.mode);
                (self.locals[local.0].captured, mode)
            })
            .collect();
        let body = match function.body.as_ref()? {
            _ if function.iterator.is_some() => CodeBody::Value(self.iterator(id, &cells)?),
            Body::Expr(e) if super::typed::is_bool_node(e) => CodeBody::Bool(self.bool(e)),
            Body::Expr(e) => CodeBody::Value(self.value(e)),
            Body::Block(s) => CodeBody::Block(self.stmt(s)),
        };
        // Parameters get their cells with their values.
        let first_local = function.captures.len() + params.len();
        let cells: Vec<usize> = cells.into_iter().filter(|slot| *slot >= first_local).collect();
        let plain = cells.is_empty() && params.iter().all(|(captured, mode)| !captured && *mode == ParamMode::Value);
        Some(Code { captures: function.captures.len(), params, slots: self.slots, cells, plain, body })
    }

    fn delegate_mode(&self, _delegate: Type, _index: usize) -> ParamMode {
        ParamMode::Value
    }

    /// Slots of the current frame that hold what a function captures.
    pub(crate) fn capture_slots(&self, id: FnId) -> Vec<usize> {
        self.functions[id.0].captures.iter().map(|l| self.place(*l).slot).collect()
    }
}

/// Runs a function with its captured cells and arguments; arguments are given back as they are after the call.
pub(crate) fn run(
    cx: &mut Cx<'_>,
    functions: &Functions,
    index: usize,
    captures: &[Value],
    args: &mut [Value],
) -> Result<Value, Thrown> {
    let Some(code) = functions.0.get(index).and_then(Option::as_ref) else { return Err(null_reference()) };
    cx.step()?;
    cx.enter()?;
    let (base, saved) = (cx.stack.len(), cx.base);
    if code.plain {
        for capture in captures {
            cx.stack.push(capture.clone());
        }
        for arg in &mut *args {
            cx.stack.push(std::mem::take(arg));
        }
        while cx.stack.len() < base + code.slots {
            cx.stack.push(Value::Null);
        }
        cx.base = base;
        let result = code.body.run(cx);
        cx.stack.truncate(base);
        cx.base = saved;
        cx.leave();
        return result;
    }
    cx.stack.extend(captures.iter().cloned());
    debug_assert_eq!(captures.len(), code.captures);
    for (arg, (captured, mode)) in args.iter_mut().zip(&code.params) {
        let value = if *mode == ParamMode::Value { std::mem::take(arg) } else { arg.clone() };
        cx.stack.push(if *captured { cell(value) } else { value });
    }
    cx.stack.resize(base + code.slots, Value::Null);
    cx.base = base;
    for slot in &code.cells {
        cx.stack[base + slot] = cell(Value::Null);
    }
    let result = code.body.run(cx);
    for (offset, (arg, (captured, mode))) in args.iter_mut().zip(&code.params).enumerate() {
        if *mode != ParamMode::Value {
            let slot = &cx.stack[base + captures.len() + offset];
            *arg = if *captured { read_cell(slot) } else { slot.clone() };
        }
    }
    cx.stack.truncate(base);
    cx.base = saved;
    cx.leave();
    result
}

/// Runs a plain function of one parameter: what LINQ does for every element.
#[inline]
fn run_plain<T>(
    cx: &mut Cx<'_>,
    code: &Code,
    captures: &[Value],
    arg: Value,
    body: impl FnOnce(&CodeBody, &mut Cx<'_>) -> Result<T, Thrown>,
) -> Result<T, Thrown> {
    cx.step()?;
    cx.enter()?;
    let (base, saved) = (cx.stack.len(), cx.base);
    for capture in captures {
        cx.stack.push(capture.clone());
    }
    cx.stack.push(arg);
    while cx.stack.len() < base + code.slots {
        cx.stack.push(Value::Null);
    }
    cx.base = base;
    let result = body(&code.body, cx);
    cx.stack.truncate(base);
    cx.base = saved;
    cx.leave();
    result
}

/// A lambda with what it captured, or a local function as a delegate.
pub(crate) struct Closure {
    pub(crate) ty: Type,
    pub(crate) index: usize,
    pub(crate) functions: Arc<Functions>,
    pub(crate) captures: Box<[Value]>,
}

impl Drop for Closure {
    fn drop(&mut self) {
        crate::value::release::values(std::mem::take(&mut self.captures));
    }
}

impl Object for Closure {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn callable(&self) -> Option<&dyn Callable> {
        Some(self)
    }
}

impl Callable for Closure {
    fn invoke(&self, cx: &mut Cx<'_>, args: &mut [Value]) -> Result<Value, Thrown> {
        // A delegate kept from another program brings its own functions.
        let own = cx.functions.as_ref().is_some_and(|f| Arc::ptr_eq(f, &self.functions));
        if own {
            return run(cx, &self.functions, self.index, &self.captures, args);
        }
        let saved = cx.functions.replace(Arc::clone(&self.functions));
        let result = run(cx, &self.functions, self.index, &self.captures, args);
        cx.functions = saved;
        result
    }

    fn invoke1(&self, cx: &mut Cx<'_>, arg: Value) -> Result<Value, Thrown> {
        match self.plain(cx) {
            Some(code) => run_plain(cx, code, &self.captures, arg, CodeBody::run),
            None => self.invoke(cx, &mut [arg]),
        }
    }

    fn test(&self, cx: &mut Cx<'_>, arg: Value) -> Result<bool, Thrown> {
        match self.plain(cx) {
            Some(code) => run_plain(cx, code, &self.captures, arg, CodeBody::test),
            None => self.invoke(cx, &mut [arg]).map(|value| value.as_bool()),
        }
    }
}

impl Closure {
    /// Its code, when it is a plain function of one parameter of the running program.
    #[inline]
    fn plain(&self, cx: &Cx<'_>) -> Option<&Code> {
        let own = cx.functions.as_ref().is_some_and(|functions| Arc::ptr_eq(functions, &self.functions));
        let code = self.functions.0.get(self.index)?.as_ref()?;
        (own && code.plain && code.params.len() == 1).then_some(code)
    }
}

/// A library method as a delegate.
pub(crate) struct MethodDelegate {
    pub(crate) ty: Type,
    pub(crate) member: Arc<Member>,
    pub(crate) types: Arc<[Type]>,
    pub(crate) target: Option<Value>,
    pub(crate) convert: Vec<Type>,
}

impl Object for MethodDelegate {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn callable(&self) -> Option<&dyn Callable> {
        Some(self)
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        None
    }
}

impl Callable for MethodDelegate {
    fn invoke(&self, cx: &mut Cx<'_>, args: &mut [Value]) -> Result<Value, Thrown> {
        cx.step()?;
        let mut all: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
        all.extend(self.target.iter().cloned());
        for (arg, ty) in args.iter().zip(&self.convert) {
            // Method groups take numbers by an implicit conversion too.
            let number =
                crate::types::is_number(ty.underlying()) && arg.type_of().is_some_and(|t| t != ty.underlying());
            all.push(if number { crate::run::arith::convert(arg, ty.underlying(), false)? } else { arg.clone() });
        }
        let skip = usize::from(self.target.is_some());
        let result = cx.call_member(&self.member, &self.types, &mut all)?;
        for (arg, value) in args.iter_mut().zip(all.into_iter().skip(skip)) {
            *arg = value;
        }
        Ok(result)
    }
}
