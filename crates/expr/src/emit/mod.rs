//! The compiled form: a bound tree becomes closures, typed by what their context wants (`bool`, `int`, text, any value).

mod call;
mod element;
mod function;
mod iterator;
mod pattern;
mod reference;
mod slice;
mod stmt;
mod text;
mod typed;
mod value;

use std::sync::Arc;

use apimite_diag::Span;
use apimite_dotnet::Thrown;
use hashbrown::HashMap;

use crate::bind::Binder;
use crate::bind::bound::{B, Body, FnId, Function, Local, LocalId};
use crate::library::Registry;
use crate::run::{Cx, Text, stack};
use crate::types::Type;
use crate::value::Value;

pub(crate) use function::{Functions, cell};
pub(crate) use iterator::Pending;

pub(crate) type ValueFn = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<Value, Thrown> + Send + Sync>;
pub(crate) type BoolFn = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<bool, Thrown> + Send + Sync>;
pub(crate) type IntFn = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<i32, Thrown> + Send + Sync>;
pub(crate) type TextFn = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<Text<'h>, Thrown> + Send + Sync>;
pub(crate) type StmtFn = Box<dyn for<'h> Fn(&mut Cx<'h>) -> Result<stmt::Flow, Thrown> + Send + Sync>;

/// Gives a closure the higher-ranked type that inference alone does not find.
pub(crate) fn value_fn(f: impl for<'h> Fn(&mut Cx<'h>) -> Result<Value, Thrown> + Send + Sync + 'static) -> ValueFn {
    Box::new(f)
}

pub(crate) fn bool_fn(f: impl for<'h> Fn(&mut Cx<'h>) -> Result<bool, Thrown> + Send + Sync + 'static) -> BoolFn {
    Box::new(f)
}

pub(crate) fn int_fn(f: impl for<'h> Fn(&mut Cx<'h>) -> Result<i32, Thrown> + Send + Sync + 'static) -> IntFn {
    Box::new(f)
}

pub(crate) fn text_fn(f: impl for<'h> Fn(&mut Cx<'h>) -> Result<Text<'h>, Thrown> + Send + Sync + 'static) -> TextFn {
    Box::new(f)
}

pub(crate) fn stmt_fn(f: impl for<'h> Fn(&mut Cx<'h>) -> Result<stmt::Flow, Thrown> + Send + Sync + 'static) -> StmtFn {
    Box::new(f)
}

/// A program ready to run.
pub(crate) struct Compiled {
    main: Main,
    slots: usize,
    cells: Vec<usize>,
    functions: Option<Arc<Functions>>,
    pub(crate) constant: Option<Value>,
    pub(crate) span: Span,
}

enum Main {
    Value(ValueFn),
    Text(TextFn),
    Bool(BoolFn),
    Block(StmtFn),
}

impl Compiled {
    fn start(&self, cx: &mut Cx<'_>) {
        cx.functions.clone_from(&self.functions);
        cx.base = 0;
        cx.stack.clear();
        if self.slots > 0 {
            cx.stack.resize(self.slots, Value::Null);
            for slot in &self.cells {
                cx.stack[*slot] = cell(Value::Null);
            }
        }
    }

    pub(crate) fn value(&self, cx: &mut Cx<'_>) -> Result<Value, Thrown> {
        self.start(cx);
        match &self.main {
            Main::Value(f) => f(cx),
            Main::Text(f) => f(cx).map(Text::into_value),
            Main::Bool(f) => f(cx).map(Value::Bool),
            Main::Block(f) => {
                f(cx)?;
                Ok(std::mem::take(&mut cx.returned))
            }
        }
    }

    /// The text of the result, borrowed from the host where the expression only picks it.
    pub(crate) fn text<'h>(&self, cx: &mut Cx<'h>) -> Result<Text<'h>, Thrown> {
        if let Main::Text(f) = &self.main {
            if self.slots > 0 || self.functions.is_some() {
                self.start(cx);
            }
            return f(cx);
        }
        Ok(match self.value(cx)? {
            Value::Null => Text::Null,
            Value::Str(text) => Text::Own(text),
            other => Text::Own(cx.to_text(&other)?),
        })
    }

    pub(crate) fn bool(&self, cx: &mut Cx<'_>) -> Result<bool, Thrown> {
        if let Main::Bool(f) = &self.main {
            if self.slots > 0 || self.functions.is_some() {
                self.start(cx);
            }
            return f(cx);
        }
        self.value(cx).map(|v| v.as_bool())
    }
}

/// Where a local lives in its function's frame.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) slot: usize,
    pub(crate) cell: bool,
}

/// Emits one function at a time.
pub(crate) struct Emitter<'b, 'a> {
    pub(crate) registry: &'b Registry,
    pub(crate) functions: &'b [Function<'a>],
    pub(crate) locals: &'b [Local<'a>],
    places: HashMap<LocalId, Place, ahash::RandomState>,
    slots: usize,
    /// Needed functions, in order of their index.
    used: Vec<FnId>,
    /// Is it the main body that is emitted now? What it holds may hold the table of functions; a function may not.
    in_main: bool,
    stack_base: usize,
    too_deep: bool,
    /// The body of an iterator is being emitted.
    iterating: bool,
    /// The program has iterators whose `finally` may have to run when an enumeration is let go.
    finalizers: bool,
}

/// Emits a bound program; gives the static type of its result too. `None`: nested too deep.
pub(crate) fn program<'a>(binder: &mut Binder<'a>, body: Body<'a>) -> Option<(Compiled, Type)> {
    let functions = std::mem::take(&mut binder.functions);
    let locals = std::mem::take(&mut binder.locals);
    let mut emitter = Emitter {
        registry: binder.registry,
        functions: &functions,
        locals: &locals,
        places: HashMap::default(),
        slots: 0,
        used: Vec::new(),
        in_main: true,
        stack_base: stack::here(),
        too_deep: false,
        iterating: false,
        finalizers: iterator::has_finalizers(&functions),
    };
    emitter.layout(FnId(0));
    let cells = emitter.cells_of(&functions[0].body_locals);
    let span;
    let mut constant = None;
    let natural;
    let main = match &body {
        Body::Expr(e) => {
            span = e.span;
            constant.clone_from(&e.constant);
            natural = natural_type(e);
            if e.ty == Type::bool() {
                Main::Bool(emitter.bool(e))
            } else if natural == Type::bool()
                && let crate::bind::bound::K::Convert(inner, _) = &e.kind
            {
                Main::Bool(emitter.bool(inner))
            } else if e.ty == Type::string() {
                Main::Text(emitter.text(e))
            } else if natural == Type::string()
                && let crate::bind::bound::K::Convert(inner, _) = &e.kind
                && inner.ty == Type::string()
            {
                Main::Text(emitter.text(inner))
            } else {
                Main::Value(emitter.value(e))
            }
        }
        Body::Block(s) => {
            span = s.span;
            natural = functions[0].ret;
            Main::Block(emitter.stmt(s))
        }
    };
    let slots = emitter.slots;
    emitter.in_main = false;
    let table = emitter.table();
    if emitter.too_deep {
        return None;
    }
    Some((Compiled { main, slots, cells, functions: table, constant, span }, natural))
}

/// The type before the conversion to `object`.
fn natural_type(e: &B<'_>) -> Type {
    match &e.kind {
        crate::bind::bound::K::Convert(inner, crate::bind::bound::How::Same) if e.ty == Type::object() => inner.ty,
        _ => e.ty,
    }
}

impl<'a> Emitter<'_, 'a> {
    /// Gives every local of a function its slot: captures first, then parameters, then the rest.
    fn layout(&mut self, id: FnId) {
        self.places.clear();
        self.slots = 0;
        let function = &self.functions[id.0];
        let captures = function.captures.iter().map(|l| (*l, true));
        let own = function.params.iter().chain(&function.locals).map(|l| (*l, self.locals[l.0].captured));
        for (local, cell) in captures.chain(own) {
            if self.places.contains_key(&local) {
                continue;
            }
            self.places.insert(local, Place { slot: self.slots, cell });
            self.slots += 1;
        }
    }

    /// Is the tree nested deeper than the stack allows? The program is then refused.
    pub(crate) fn is_too_deep(&mut self) -> bool {
        self.too_deep |= stack::used(self.stack_base) > stack::LIMIT_BYTES;
        self.too_deep
    }

    pub(crate) fn place(&self, local: LocalId) -> Place {
        self.places.get(&local).copied().unwrap_or(Place { slot: 0, cell: false })
    }

    /// Slots of the captured ones among locals: they get a fresh cell where their scope begins.
    pub(crate) fn cells_of(&self, locals: &[LocalId]) -> Vec<usize> {
        locals.iter().filter(|l| self.locals[l.0].captured).map(|l| self.place(*l).slot).collect()
    }

    pub(crate) fn need(&mut self, id: FnId) {
        if !self.used.contains(&id) {
            self.used.push(id);
        }
    }
}
