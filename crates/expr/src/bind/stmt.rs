//! Statements.

mod functions;
mod iterator;
mod local;
mod loops;

use apimite_diag::Span;

use super::bound::{B, FnId, LocalId, S, SK};
use super::{Binder, Symbol};
use crate::syntax::ast::{self, StmtKind as K0};
use crate::types::Type;

fn stmt(kind: SK<'_>, span: Span) -> S<'_> {
    S { kind, span }
}

impl<'a> Binder<'a> {
    /// The body of a function: its scope is already open.
    pub(crate) fn function_block(&mut self, block: &'a ast::Block) -> S<'a> {
        self.push_scope();
        let body = self.statements(&block.statements);
        let locals = self.pop_scope();
        stmt(SK::Block { locals, body }, block.span)
    }

    fn block(&mut self, block: &'a ast::Block) -> S<'a> {
        self.push_scope();
        let body = self.statements(&block.statements);
        let locals = self.pop_scope();
        stmt(SK::Block { locals, body }, block.span)
    }

    /// Statements of one block: names are known before they are declared, functions and labels throughout.
    pub(crate) fn statements(&mut self, statements: &'a [ast::Stmt]) -> Vec<S<'a>> {
        for statement in statements {
            self.foretell(statement);
        }
        let mut functions = Vec::new();
        for statement in statements {
            let mut at = statement;
            while let K0::Labeled { statement, .. } = &at.kind {
                at = statement;
            }
            if let K0::LocalFunction(function) = &at.kind {
                functions.push(self.declare_function(function, at.span));
            }
        }
        let mut out = Vec::new();
        self.statement_list(statements, &mut functions.into_iter(), &mut out);
        out
    }

    /// Statements in order; a using declaration holds those behind it.
    fn statement_list(
        &mut self,
        statements: &'a [ast::Stmt],
        functions: &mut std::vec::IntoIter<Option<FnId>>,
        out: &mut Vec<S<'a>>,
    ) {
        for (index, statement) in statements.iter().enumerate() {
            if let K0::LocalFunction(function) = &statement.kind {
                if let Some(Some(id)) = functions.next() {
                    self.function_body(id, function);
                }
                continue;
            }
            if let K0::Local(declaration) = &statement.kind
                && declaration.is_using
            {
                let (mut declare, mut body) = (Vec::new(), Vec::new());
                let resources = self.using_resources(declaration, statement.span, &mut declare);
                self.disposable(&resources, statement.span);
                self.statement_list(&statements[index + 1..], functions, &mut body);
                let body = Box::new(stmt(SK::Block { locals: Vec::new(), body }, statement.span));
                out.push(stmt(SK::Using { locals: Vec::new(), declare, resources, body }, statement.span));
                return;
            }
            self.statement_into(statement, out);
        }
    }

    /// Declares what a `using` holds.
    fn using_resources(
        &mut self,
        declaration: &'a ast::LocalDeclaration,
        span: Span,
        declare: &mut Vec<S<'a>>,
    ) -> Vec<LocalId> {
        let before = self.locals.len();
        self.local(declaration, span, declare);
        let mut resources = Vec::new();
        for s in declare {
            if let SK::Declare { local, .. } = &s.kind
                && local.0 >= before
            {
                self.locals[local.0].readonly = Some("using variable");
                resources.push(*local);
            }
        }
        resources
    }

    fn disposable(&mut self, resources: &[LocalId], span: Span) {
        for resource in resources {
            let ty = self.locals[resource.0].ty;
            let disposable = Type::of(&crate::library::core::names::IDISPOSABLE);
            if !ty.is_error() && !ty.is_null() && self.standard(ty, disposable).is_none() {
                self.report(
                    "CS1674",
                    span,
                    format!(
                        "'{ty}': type used in a using statement must be implicitly convertible to 'System.IDisposable'"
                    ),
                );
            }
        }
    }

    /// Names this statement declares in its block.
    fn foretell(&mut self, statement: &'a ast::Stmt) {
        match &statement.kind {
            K0::Local(declaration) => {
                for declarator in &declaration.declarators {
                    let name = declarator.name.name.clone();
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.names.entry(name).or_insert(Symbol::Later);
                    }
                }
            }
            K0::Labeled { label, statement } => {
                let id = self.new_label();
                if let Some(scope) = self.scopes.last_mut()
                    && scope.labels.insert(label.name.clone(), id).is_some()
                {
                    self.report("CS0140", label.span, format!("The label '{}' is a duplicate", label.name));
                }
                self.foretell(statement);
            }
            _ => {}
        }
    }

    fn statement_into(&mut self, statement: &'a ast::Stmt, out: &mut Vec<S<'a>>) {
        match &statement.kind {
            K0::Labeled { label, statement: inner } => {
                let id = self.scopes.last().and_then(|s| s.labels.get(&label.name)).copied();
                if let Some(id) = id {
                    out.push(stmt(SK::Label(id), label.span));
                }
                self.statement_into(inner, out);
            }
            K0::Local(declaration) => self.local(declaration, statement.span, out),
            _ => {
                let bound = self.statement(statement);
                out.push(bound);
            }
        }
    }

    /// A statement that is not directly in a block: it may not declare.
    pub(crate) fn embedded(&mut self, statement: &'a ast::Stmt) -> S<'a> {
        if matches!(statement.kind, K0::Local(_) | K0::LocalFunction(_) | K0::Labeled { .. }) {
            self.report("CS1023", statement.span, "Embedded statement cannot be a declaration or labeled statement");
        }
        self.push_scope();
        let mut body = Vec::new();
        self.foretell(statement);
        self.statement_into(statement, &mut body);
        let locals = self.pop_scope();
        stmt(SK::Block { locals, body }, statement.span)
    }

    pub(crate) fn statement(&mut self, statement: &'a ast::Stmt) -> S<'a> {
        let span = statement.span;
        if !self.enter(span) {
            return stmt(SK::Empty, span);
        }
        let bound = self.statement_inner(statement);
        self.leave();
        bound
    }

    fn statement_inner(&mut self, statement: &'a ast::Stmt) -> S<'a> {
        let span = statement.span;
        let kind = match &statement.kind {
            K0::Block(block) => return self.block(block),
            K0::Empty => SK::Empty,
            K0::Local(_) | K0::LocalFunction(_) | K0::Labeled { .. } => {
                let mut body = Vec::new();
                self.statement_into(statement, &mut body);
                SK::Block { locals: Vec::new(), body }
            }
            K0::Expr(e) => {
                let value = self.expr(e);
                let value = self.rvalue(value);
                if !value.is_error() && !super::lambda::is_statement(&value) {
                    self.report(
                        "CS0201",
                        e.span,
                        "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement",
                    );
                }
                SK::Expr(value)
            }
            K0::If { condition, then, otherwise } => {
                let condition = self.condition(condition);
                let then = Box::new(self.embedded(then));
                let otherwise = otherwise.as_ref().map(|s| Box::new(self.embedded(s)));
                SK::If { condition, then, otherwise }
            }
            K0::While { condition, body } => {
                self.push_scope();
                let condition = self.condition(condition);
                self.breakable.push(true);
                let body = Box::new(self.embedded(body));
                self.breakable.pop();
                let locals = self.pop_scope();
                SK::While { locals, condition, body }
            }
            K0::DoWhile { body, condition } => {
                self.breakable.push(true);
                let body = Box::new(self.embedded(body));
                self.breakable.pop();
                let condition = self.condition(condition);
                SK::DoWhile { body, condition }
            }
            K0::For { init, condition, steps, body } => {
                self.push_scope();
                let mut first = Vec::new();
                match init {
                    ast::ForInit::Declaration(declaration) => self.local(declaration, span, &mut first),
                    ast::ForInit::Expressions(list) => {
                        for e in list {
                            let value = self.expr(e);
                            first.push(stmt(SK::Expr(value), e.span));
                        }
                    }
                }
                let condition = condition.as_ref().map(|c| self.condition(c));
                let steps = steps.iter().map(|e| self.expr(e)).collect();
                self.breakable.push(true);
                let body = Box::new(self.embedded(body));
                self.breakable.pop();
                let locals = self.pop_scope();
                SK::For { locals, init: first, condition, steps, body }
            }
            K0::ForEach { is_await, target, sequence, body } => {
                if *is_await {
                    self.newer(span, "async streams", "8.0");
                }
                return self.for_each(target, sequence, body, span);
            }
            K0::Switch { value, sections } => return self.switch(value, sections, span),
            K0::Break => {
                if self.breakable.is_empty() {
                    self.report("CS0139", span, "No enclosing loop out of which to break or continue");
                }
                SK::Break
            }
            K0::Continue => {
                if !self.breakable.contains(&true) {
                    self.report("CS0139", span, "No enclosing loop out of which to break or continue");
                }
                SK::Continue
            }
            K0::Return(value) => {
                if self.finally_depth > 0 {
                    self.report("CS0157", span, "Control cannot leave the body of a finally clause");
                }
                if self.functions[self.current.0].iterator.is_some() {
                    // Told with the body: an iterator returns nothing.
                    if let Some(list) = self.returns.last_mut() {
                        list.push((None, span));
                    }
                    return stmt(SK::YieldBreak, span);
                }
                let value = value.as_ref().map(|v| {
                    let by_ref = self.functions[self.current.0].by_ref;
                    if by_ref || matches!(v.kind, ast::ExprKind::Ref(_)) {
                        let ret = self.functions[self.current.0].ret;
                        return self.returned_reference(v, ret);
                    }
                    let value = self.value(v);
                    // A local function knows its type before its body is read.
                    let function = &self.functions[self.current.0];
                    if function.ret_known && !function.ret.is_void() {
                        let ret = function.ret;
                        if value.ty.is_void() && !value.is_typeless() && !value.is_error() {
                            self.fail("CS0029", value.span, format!("Cannot implicitly convert type 'void' to '{ret}'"))
                        } else {
                            self.convert(value, ret)
                        }
                    } else {
                        value
                    }
                });
                if let Some(list) = self.returns.last_mut() {
                    list.push((value.clone(), span));
                }
                SK::Return(value)
            }
            K0::Throw(value) => {
                let value = value.as_ref().map(|v| self.thrown_value(v));
                if value.is_none() && self.catch_depth == 0 {
                    self.report(
                        "CS0156",
                        span,
                        "A throw statement with no arguments is not allowed outside of a catch clause",
                    );
                }
                SK::Throw(value)
            }
            K0::Goto(target) => return self.goto(target, span),
            K0::Try { block, catches, finally } => {
                self.guarded_depth += usize::from(!catches.is_empty());
                let bound = Box::new(self.block(block));
                self.guarded_depth -= usize::from(!catches.is_empty());
                let block = bound;
                let catches = self.catches(catches);
                let finally = finally.as_ref().map(|f| {
                    self.finally_depth += 1;
                    let saved = std::mem::take(&mut self.breakable);
                    let bound = self.block(f);
                    self.breakable = saved;
                    self.finally_depth -= 1;
                    Box::new(bound)
                });
                SK::Try { block, catches, finally }
            }
            K0::Using { is_await, resource, body } => {
                if *is_await {
                    self.newer(span, "asynchronous using", "8.0");
                }
                self.push_scope();
                let mut declare = Vec::new();
                let mut resources = Vec::new();
                match resource {
                    ast::UsingResource::Declaration(declaration) => {
                        resources = self.using_resources(declaration, span, &mut declare);
                    }
                    ast::UsingResource::Expr(e) => {
                        let value = self.typed(e);
                        let temp = self.temp(value.ty, e.span);
                        resources.push(temp);
                        declare.push(stmt(SK::Declare { local: temp, value: Some(value) }, e.span));
                    }
                }
                self.disposable(&resources, span);
                let body = Box::new(self.embedded(body));
                let locals = self.pop_scope();
                SK::Using { locals, declare, resources, body }
            }
            K0::Lock { target, body } => {
                let value = self.typed(target);
                if !value.is_error() && !value.ty.is_reference() {
                    let ty = value.ty;
                    self.report(
                        "CS0185",
                        target.span,
                        format!("'{ty}' is not a reference type as required by the lock statement"),
                    );
                }
                let body = self.embedded(body);
                let temp = self.temp(value.ty, span);
                let first = stmt(SK::Declare { local: temp, value: Some(value) }, target.span);
                SK::Block { locals: Vec::new(), body: vec![first, body] }
            }
            K0::Checked { is_checked, block } => {
                let saved = (self.checked, self.unchecked);
                (self.checked, self.unchecked) = (*is_checked, !*is_checked);
                let bound = self.block(block);
                (self.checked, self.unchecked) = saved;
                return bound;
            }
            K0::Unsafe(_) => {
                self.report("CS0227", span, "Unsafe code may only appear if compiling with /unsafe");
                SK::Empty
            }
            K0::Yield(value) => return self.yield_statement(value.as_ref(), span),
        };
        stmt(kind, span)
    }

    // Local functions.
}

impl<'a> Binder<'a> {
    /// As `statements` does for a block, for the sections of a switch.
    pub(crate) fn foretell_in(&mut self, statement: &'a ast::Stmt) {
        self.foretell(statement);
        let mut at = statement;
        while let K0::Labeled { statement, .. } = &at.kind {
            at = statement;
        }
        if let K0::LocalFunction(function) = &at.kind {
            self.declare_function(function, at.span);
        }
    }

    pub(crate) fn switch_statement(&mut self, statement: &'a ast::Stmt, out: &mut Vec<S<'a>>) {
        if let K0::LocalFunction(function) = &statement.kind {
            if let Some(Symbol::Function(id)) = self.lookup(&function.name.name) {
                self.function_body(id, function);
            }
            return;
        }
        self.statement_into(statement, out);
    }

    pub(crate) fn deconstruct_for_each(
        &mut self,
        e: &'a ast::Expr,
        source: B<'a>,
        effects: &mut Vec<B<'a>>,
        span: Span,
    ) {
        self.deconstruct_target(e, source, effects, span);
    }
}
