//! The binder: from the syntax tree to a bound tree, with every C# rule checked and every mistake told.

mod access;
mod assign;
pub(crate) mod bound;
mod call;
mod convert;
mod create;
mod deconstruct;
mod expr;
mod flow;
mod infer;
mod lambda;
mod literal;
mod names;
mod newer;
mod operators;
mod overload;
mod pattern;
pub(crate) mod query;
mod reference;
mod stmt;
mod switch;
mod warn;

use apimite_diag::{Span, nearest};
use hashbrown::HashMap;

use self::bound::{B, Body, FnId, Function, K, LabelId, Local, LocalId, S};
use crate::compile::{CompileError, Settings, Tree};
use crate::library::{Needs, Registry};
use crate::run::stack;
use crate::syntax::ast;
use crate::types::Type;
use crate::value::Str;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// What a name in scope means.
#[derive(Clone)]
pub(crate) enum Symbol {
    Local(LocalId),
    Function(FnId),
    /// Declared further down in this block.
    Later,
    /// A range variable of a query: a path from a parameter.
    Range(LocalId, Vec<Box<str>>),
}

/// A declaration space.
pub(crate) struct Scope {
    names: Map<ast::Name, Symbol>,
    /// Locals that live in it.
    locals: Vec<LocalId>,
    /// Labels, with their spans.
    labels: Map<ast::Name, LabelId>,
    function: FnId,
}

/// A lambda bound for one list of parameter types.
#[derive(Clone)]
pub(crate) struct BoundLambda<'a> {
    pub(crate) function: FnId,
    pub(crate) body: Body<'a>,
    /// The values returned: `None` is a plain `return;`.
    pub(crate) returns: Vec<Option<B<'a>>>,
    pub(crate) errors: Vec<CompileError>,
    pub(crate) end_reachable: bool,
}

/// The state of one binding.
pub(crate) struct Binder<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) settings: &'a Settings,
    pub(crate) arena: &'a query::Arena,
    pub(crate) errors: Vec<CompileError>,
    pub(crate) warnings: Vec<CompileError>,
    pub(crate) locals: Vec<Local<'a>>,
    pub(crate) functions: Vec<Function<'a>>,
    pub(crate) labels: usize,
    scopes: Vec<Scope>,
    current: FnId,
    checked: bool,
    /// In a constant expression where overflow is not told (inside `unchecked`).
    unchecked: bool,
    /// Generic local functions with how many scopes were open where they are declared, and their instances.
    generics: Map<FnId, (&'a ast::LocalFunction, usize)>,
    instances: Map<(FnId, Vec<Type>), FnId>,
    receivers: Vec<B<'a>>,
    /// The next member access is the target of a call: a property that is no delegate does not count.
    pub(crate) invoked: bool,
    lambda_cache: Map<(usize, Vec<Type>), BoundLambda<'a>>,
    returns: Vec<Vec<(Option<B<'a>>, Span)>>,
    /// Nesting of loops and switches in the current function, for `break` and `continue`.
    breakable: Vec<bool>,
    switches: Vec<switch::Frame>,
    catch_depth: usize,
    finally_depth: usize,
    /// Nesting of `try` blocks with a `catch`, where nothing may be yielded.
    guarded_depth: usize,
    depth: usize,
    stack_base: usize,
    work: usize,
    pub(crate) needs: Needs,
    pub(crate) impure: bool,
}

/// How deep expressions may nest, and how much work one program may cause.
const MAX_DEPTH: usize = 256;
const MAX_WORK: usize = 2_000_000;

impl<'a> Binder<'a> {
    pub(crate) fn new(registry: &'a Registry, settings: &'a Settings, arena: &'a query::Arena) -> Self {
        let main = Function {
            name: Str::fixed("program"),
            parent: None,
            params: Vec::new(),
            signature: Vec::new(),
            ret: Type::object(),
            ret_known: false,
            delegate: Type::void(),
            body: None,
            body_locals: Vec::new(),
            captures: Vec::new(),
            calls: Vec::new(),
            locals: Vec::new(),
            type_params: Vec::new(),
            type_args: Vec::new(),
            iterator: None,
            by_ref: false,
            is_static: false,
        };
        Self {
            registry,
            settings,
            arena,
            errors: Vec::new(),
            warnings: Vec::new(),
            locals: Vec::new(),
            functions: vec![main],
            labels: 0,
            scopes: vec![Scope::new(FnId(0))],
            current: FnId(0),
            checked: false,
            unchecked: false,
            generics: Map::default(),
            instances: Map::default(),
            receivers: Vec::new(),
            invoked: false,
            lambda_cache: Map::default(),
            returns: vec![Vec::new()],
            breakable: Vec::new(),
            switches: Vec::new(),
            catch_depth: 0,
            finally_depth: 0,
            guarded_depth: 0,
            depth: 0,
            stack_base: stack::here(),
            work: 0,
            needs: Needs::NONE,
            impure: false,
        }
    }

    pub(crate) fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.errors.push(CompileError { code, message: message.into(), span, help: None });
    }

    pub(crate) fn report_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.errors.push(CompileError { code, message: message.into(), span, help });
    }

    /// An error, and the node that stands for what was refused.
    pub(crate) fn fail(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> B<'a> {
        self.report(code, span, message);
        B::error(span)
    }

    pub(crate) fn suggestion<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<String> {
        nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
    }

    /// Enters one level of nesting; `false` (after one error) when it is too deep or too much.
    fn enter(&mut self, span: Span) -> bool {
        self.work += 1;
        if self.depth >= MAX_DEPTH || self.work > MAX_WORK || stack::used(self.stack_base) > stack::LIMIT_BYTES {
            if !self.errors.iter().any(|e| e.code == "CS8078") {
                self.report("CS8078", span, "An expression is too long or complex to compile");
            }
            return false;
        }
        self.depth += 1;
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    // Scopes and locals.

    pub(crate) fn push_scope(&mut self) {
        self.scopes.push(Scope::new(self.current));
    }

    pub(crate) fn push_function_scope(&mut self) {
        self.scopes.push(Scope::new(self.current));
    }

    /// Gives locals of a scope that has ended to the one around it.
    pub(crate) fn keep(&mut self, locals: Vec<LocalId>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.locals.extend(locals);
        }
    }

    /// Ends a scope and gives the locals that live in it.
    pub(crate) fn pop_scope(&mut self) -> Vec<LocalId> {
        self.scopes.pop().map(|s| s.locals).unwrap_or_default()
    }

    pub(crate) fn new_local(&mut self, name: &str, ty: Type, _span: Span) -> LocalId {
        let id = LocalId(self.locals.len());
        self.locals.push(Local {
            name: Str::new(name),
            ty,
            function: self.current,
            captured: false,
            readonly: None,
            constant: None,
            alias: None,
            assigned: false,
        });
        self.functions[self.current.0].locals.push(id);
        if let Some(scope) = self.scopes.last_mut() {
            scope.locals.push(id);
        }
        id
    }

    /// A variable the source does not name.
    pub(crate) fn temp(&mut self, ty: Type, span: Span) -> LocalId {
        let id = self.new_local("", ty, span);
        self.locals[id.0].assigned = true;
        id
    }

    pub(crate) fn local_value(&self, id: LocalId, span: Span) -> B<'a> {
        B::new(K::Local(id), self.locals[id.0].ty, span)
    }

    /// Declares a local in the innermost scope.
    pub(crate) fn declare(&mut self, name: &ast::Ident, ty: Type) -> LocalId {
        self.check_declaration(name);
        let id = self.new_local(&name.name, ty, name.span);
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name.name.clone(), Symbol::Local(id));
        }
        id
    }

    /// CS0128 and CS0136.
    pub(crate) fn check_declaration(&mut self, name: &ast::Ident) {
        if name.name.is_empty() {
            return;
        }
        let mut first = true;
        let mut clash = None;
        for scope in self.scopes.iter().rev() {
            match scope.names.get(&name.name) {
                Some(Symbol::Later) if first => {}
                Some(Symbol::Range(..)) if !first => {}
                Some(_) => {
                    clash = Some(first);
                    break;
                }
                None => {}
            }
            first = false;
        }
        match clash {
            Some(true) => self.report(
                "CS0128",
                name.span,
                format!("A local variable or function named '{}' is already defined in this scope", name.name),
            ),
            Some(false) => self.report(
                "CS0136",
                name.span,
                format!(
                    "A local or parameter named '{}' cannot be declared in this scope because that name is used in an enclosing local scope to define a local or parameter",
                    name.name
                ),
            ),
            None if &*name.name == "context" => self.report(
                "CS0136",
                name.span,
                "A local or parameter named 'context' cannot be declared in this scope because that name is used in an enclosing local scope to define a local or parameter",
            ),
            None => {}
        }
    }

    pub(crate) fn lookup(&self, name: &str) -> Option<Symbol> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name).cloned())
    }

    /// Names in scope, for suggestions.
    pub(crate) fn names_in_scope(&self) -> Vec<String> {
        let mut names: Vec<String> = self.scopes.iter().flat_map(|s| s.names.keys().map(ToString::to_string)).collect();
        if self.settings.context.is_some() {
            names.push("context".to_owned());
        }
        names
    }

    /// Marks a local as captured where a function other than its own uses it.
    pub(crate) fn capture(&mut self, local: LocalId) {
        let owner = self.locals[local.0].function;
        let mut at = self.current;
        if at == owner {
            return;
        }
        self.locals[local.0].captured = true;
        while at != owner {
            let function = &mut self.functions[at.0];
            if !function.captures.contains(&local) {
                function.captures.push(local);
            }
            match function.parent {
                Some(parent) => at = parent,
                None => return,
            }
        }
    }

    /// CS8421 and CS8820: a static function refers to nothing around it.
    pub(crate) fn static_function(&mut self, local: LocalId, span: Span) {
        let owner = self.locals[local.0].function;
        let mut at = Some(self.current);
        while let Some(id) = at.filter(|id| *id != owner) {
            let function = &self.functions[id.0];
            if function.is_static {
                let name = self.locals[local.0].name.clone();
                let (code, what) = if function.name.as_str() == "lambda" {
                    ("CS8820", "anonymous function")
                } else {
                    ("CS8421", "local function")
                };
                self.report(code, span, format!("A static {what} cannot contain a reference to '{name}'."));
                return;
            }
            at = function.parent;
        }
    }

    /// A local function calls others and must be able to hand their captures on.
    pub(crate) fn close_captures(&mut self) {
        loop {
            let mut changed = false;
            for index in 0..self.functions.len() {
                for callee in self.functions[index].calls.clone() {
                    for local in self.functions[callee.0].captures.clone() {
                        if self.locals[local.0].function != FnId(index)
                            && !self.functions[index].captures.contains(&local)
                        {
                            self.functions[index].captures.push(local);
                            changed = true;
                        }
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    pub(crate) fn new_label(&mut self) -> LabelId {
        self.labels += 1;
        LabelId(self.labels - 1)
    }

    /// Binds something without keeping its errors; they are given back.
    pub(crate) fn quietly<R>(&mut self, bind: impl FnOnce(&mut Self) -> R) -> (R, Vec<CompileError>) {
        let saved = std::mem::take(&mut self.errors);
        let result = bind(self);
        let errors = std::mem::replace(&mut self.errors, saved);
        (result, errors)
    }

    /// Binds a whole program.
    pub(crate) fn program(&mut self, body: &'a Tree, want: Type) -> Body<'a> {
        let bound = match body {
            Tree::Expression(expr) => {
                let value = self.value(expr);
                let value = if matches!(value.kind, K::Throw(_)) {
                    self.fail("CS8115", value.span, "A throw expression is not allowed in this context.")
                } else {
                    value
                };
                let value = self.returned(value, want);
                Body::Expr(Box::new(value))
            }
            Tree::Block(block) => {
                let stmt: S<'a> = self.function_block(block);
                let returns = self.returns.pop().unwrap_or_default();
                self.returns.push(Vec::new());
                let mut stmt = stmt;
                if returns.is_empty() || returns.iter().any(|(v, _)| v.is_none()) {
                    for (value, span) in &returns {
                        if value.is_none() {
                            self.report(
                                "CS0126",
                                *span,
                                format!("An object of a type convertible to '{want}' is required"),
                            );
                        }
                    }
                }
                if flow::end_reachable(&stmt) && self.errors.is_empty() {
                    self.report_help(
                        "CS0161",
                        Span::new(block.span.end.saturating_sub(1), block.span.end),
                        "not all code paths return a value",
                        Some("end every path of the block with `return`".to_owned()),
                    );
                }
                self.convert_returns(&mut stmt, want);
                Body::Block(Box::new(stmt))
            }
        };
        let locals = self.pop_scope();
        self.functions[0].body_locals = locals;
        self.close_captures();
        bound
    }

    fn returned(&mut self, value: B<'a>, want: Type) -> B<'a> {
        if value.ty.is_void() && !value.is_typeless() && !value.is_error() {
            return self.fail("CS0029", value.span, format!("Cannot implicitly convert type 'void' to '{want}'"));
        }
        self.convert(value, want)
    }
}

impl Scope {
    fn new(function: FnId) -> Self {
        Self { names: Map::default(), locals: Vec::new(), labels: Map::default(), function }
    }
}
