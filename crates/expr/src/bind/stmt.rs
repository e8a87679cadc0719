//! Statements.

use apimite_diag::Span;

use super::bound::{B, Body, Catch, FnId, Function, K, LocalId, S, SK, Signature};
use super::{Binder, Symbol};
use crate::library::ParamMode;
use crate::syntax::ast::{self, ArgModifier, ExprKind as E, LambdaBody, StmtKind as K0, TypeKind};
use crate::types::Type;
use crate::value::{Str, Value};

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
                let value = value.as_ref().map(|v| {
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
                let value = value.as_ref().map(|v| {
                    let value = self.typed(v);
                    self.thrown(value)
                });
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
                let block = Box::new(self.block(block));
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
            K0::Yield(_) => {
                self.report("CS1624", span, "The body of 'program' cannot be an iterator block because 'object' is not an iterator interface type");
                SK::Empty
            }
        };
        stmt(kind, span)
    }

    fn local(&mut self, declaration: &'a ast::LocalDeclaration, span: Span, out: &mut Vec<S<'a>>) {
        if let TypeKind::Ref { .. } = &declaration.ty.kind {
            self.ref_local(declaration, out);
            return;
        }
        let is_var = matches!(declaration.ty.kind, TypeKind::Var);
        let declared = if is_var { None } else { Some(self.ty(&declaration.ty)) };
        if declared.is_some_and(Type::is_void) {
            self.report("CS1547", declaration.ty.span, "Keyword 'void' cannot be used in this context");
            return;
        }
        if is_var && declaration.declarators.len() > 1 {
            self.report("CS0819", span, "Implicitly-typed variables cannot have multiple declarators");
        }
        for declarator in &declaration.declarators {
            if matches!(
                declared.and_then(crate::types::Type::def).map(crate::library::TypeDef::shape),
                Some(crate::library::Shape::Static)
            ) {
                let ty = declared.unwrap_or_else(Type::error);
                self.report("CS0723", declaration.ty.span, format!("Cannot declare a variable of static type '{ty}'"));
            }
            // A lambda may name the variable it is assigned to only when the type is written.
            let name = &declarator.name;
            let Some(ty) = declared else {
                let value = match &declarator.value {
                    None => {
                        self.report("CS0818", name.span, "Implicitly-typed variables must be initialized");
                        self.declare(name, Type::error());
                        continue;
                    }
                    Some(value) if matches!(value.kind, E::ArrayInitializer(_)) => self.fail(
                        "CS0820",
                        value.span,
                        "Cannot initialize an implicitly-typed variable with an array initializer",
                    ),
                    Some(value) => self.value(value),
                };
                let refused = match &value.kind {
                    K::UnboundLambda(_) => Some("lambda expression".to_owned()),
                    K::Methods(_) => Some("method group".to_owned()),
                    K::UnboundTuple(_) | K::UnboundDefault => Some("default literal".to_owned()),
                    K::Throw(_) => Some("throw expression".to_owned()),
                    _ if value.is_null() => Some("<null>".to_owned()),
                    _ if value.ty.is_void() && !value.is_error() => Some("void".to_owned()),
                    _ => None,
                };
                let value = match refused {
                    Some(what) => self.fail(
                        "CS0815",
                        declarator.span,
                        format!("Cannot assign {what} to an implicitly-typed variable"),
                    ),
                    None => value,
                };
                let id = self.declare(name, value.ty);
                if declaration.is_const {
                    self.report("CS0822", name.span, "Implicitly-typed variables cannot be constant");
                }
                out.push(stmt(SK::Declare { local: id, value: Some(value) }, declarator.span));
                continue;
            };
            let id = self.declare(name, ty);
            let value = declarator.value.as_ref().map(|value| {
                if let (E::ArrayInitializer(_), crate::types::Kind::Array { element, rank }) = (&value.kind, ty.kind())
                {
                    return self.array_of(*element, usize::from(*rank), value, value.span);
                }
                let bound = self.value(value);
                self.convert(bound, ty)
            });
            if declaration.is_const {
                match value.as_ref().and_then(|v| v.constant.clone()) {
                    Some(constant) => {
                        self.locals[id.0].constant = Some(constant);
                        continue;
                    }
                    None => {
                        if let Some(value) = &value {
                            if !value.is_error() {
                                let at = value.span;
                                self.report(
                                    "CS0133",
                                    at,
                                    format!("The expression being assigned to '{}' must be constant", name.name),
                                );
                            }
                        } else {
                            self.report("CS0145", name.span, "A const field requires a value to be provided");
                        }
                    }
                }
            }
            out.push(stmt(SK::Declare { local: id, value }, declarator.span));
        }
    }

    /// `ref int r = ref a;`: another name for a place.
    fn ref_local(&mut self, declaration: &'a ast::LocalDeclaration, out: &mut Vec<S<'a>>) {
        let TypeKind::Ref { target, .. } = &declaration.ty.kind else { return };
        let declared = if matches!(target.kind, TypeKind::Var) { None } else { Some(self.ty(target)) };
        for declarator in &declaration.declarators {
            let Some(value) = &declarator.value else {
                self.report(
                    "CS8174",
                    declarator.span,
                    "A declaration of a by-reference variable must have an initializer",
                );
                continue;
            };
            let E::Ref(inner) = &value.kind else {
                self.report("CS8172", value.span, "Cannot initialize a by-reference variable with a value");
                let _ = self.value(value);
                continue;
            };
            let place = self.expr(inner);
            let Some(place) = self.place(place) else {
                self.declare(&declarator.name, Type::error());
                continue;
            };
            if let Some(ty) = declared
                && !ty.same(place.ty)
            {
                self.report(
                    "CS8173",
                    value.span,
                    format!("The expression must be of type '{ty}' because it is being assigned by reference"),
                );
            }
            let (effects, place) = self.stable(place);
            for effect in effects {
                let span = effect.span;
                out.push(stmt(SK::Expr(effect), span));
            }
            let id = self.declare(&declarator.name, place.ty);
            self.locals[id.0].alias = Some(Box::new(place));
            self.locals[id.0].assigned = true;
        }
    }

    /// `foreach` prefers a `GetEnumerator` that the class itself declares over the interfaces it implements: a `JObject` gives
    /// pairs, although it is a sequence of tokens.
    fn own_enumerator(&mut self, sequence: B<'a>) -> B<'a> {
        let own = sequence.ty.def().filter(|def| def.shape() == crate::library::Shape::Class).and_then(|def| {
            let mut found = self.registry.declared(def, "GetEnumerator").into_iter();
            found.find(|m| m.params.is_empty() && !m.is_static && matches!(m.row.imp, crate::library::Imp::Call(_)))
        });
        let Some(member) = own else { return sequence };
        let (span, ty) = (sequence.span, member.ret.substitute(sequence.ty.args()));
        let types = sequence.ty.args().into();
        let args = vec![super::bound::Arg { value: sequence, mode: crate::library::ParamMode::Value }];
        B::new(K::Call { member, types, args, lifted: false }, ty, span)
    }

    /// The element type of what `foreach` reads.
    fn element_of(&mut self, ty: Type) -> Option<Type> {
        if let Some(element) = ty.element() {
            return Some(element);
        }
        if let crate::types::Kind::Array { element, .. } = ty.kind() {
            return Some(*element);
        }
        if ty == Type::string() {
            return Some(Type::char());
        }
        for def in [&crate::library::core::names::IENUMERABLE_OF, &crate::library::core::names::IENUMERATOR_OF] {
            if let Some(sequence) = self.registry.as_instance(ty, def) {
                return sequence.args().first().copied();
            }
        }
        // A collection that is not generic may still say what its elements are, by the type of its indexer or enumerator.
        if self.registry.as_instance(ty, &crate::library::core::names::IENUMERABLE).is_some() {
            return Some(Type::object());
        }
        None
    }

    fn for_each(
        &mut self,
        target: &'a ast::ForEachTarget,
        sequence: &'a ast::Expr,
        body: &'a ast::Stmt,
        span: Span,
    ) -> S<'a> {
        let sequence = self.typed(sequence);
        let sequence = self.own_enumerator(sequence);
        let element = if sequence.is_error() {
            Type::error()
        } else {
            match self.element_of(sequence.ty) {
                Some(element) => element,
                None => {
                    let ty = sequence.ty;
                    self.report(
                        "CS1579",
                        sequence.span,
                        format!("foreach statement cannot operate on variables of type '{ty}' because '{ty}' does not contain a public instance definition for 'GetEnumerator'"),
                    );
                    Type::error()
                }
            }
        };
        self.push_scope();
        let item = self.temp(element, span);
        let source = self.local_value(item, span);
        let mut effects = Vec::new();
        let (convert, place) = match target {
            ast::ForEachTarget::Variable { ty, name } => {
                let declared = if matches!(ty.kind, TypeKind::Var) { element } else { self.ty(ty) };
                let id = self.declare(name, declared);
                self.locals[id.0].assigned = true;
                self.locals[id.0].readonly = Some("foreach iteration variable");
                // The element is cast, not only converted.
                let value = if declared.same(element) { source } else { self.cast(source, declared, span) };
                (value, Some(self.local_value(id, name.span)))
            }
            ast::ForEachTarget::Var(designation) => {
                self.designate(designation, None, source.clone(), &mut effects, span);
                (source, None)
            }
            ast::ForEachTarget::Tuple(e) => {
                self.deconstruct_for_each(e, source.clone(), &mut effects, span);
                (source, None)
            }
        };
        self.breakable.push(true);
        let mut body = self.embedded(body);
        self.breakable.pop();
        if !effects.is_empty() {
            let mut all: Vec<S<'a>> = effects
                .into_iter()
                .map(|e| {
                    let span = e.span;
                    stmt(SK::Expr(e), span)
                })
                .collect();
            all.push(body);
            body = stmt(SK::Block { locals: Vec::new(), body: all }, span);
        }
        let locals = self.pop_scope();
        stmt(SK::ForEach { locals, item, convert, target: place, sequence, body: Box::new(body) }, span)
    }

    fn goto(&mut self, target: &'a ast::GotoTarget, span: Span) -> S<'a> {
        match target {
            ast::GotoTarget::Label(label) => {
                let current = self.current;
                let found = self
                    .scopes
                    .iter()
                    .rev()
                    .take_while(|s| s.function == current)
                    .find_map(|s| s.labels.get(&label.name).copied());
                match found {
                    Some(id) => stmt(SK::Goto(id), span),
                    None => {
                        self.report(
                            "CS0159",
                            label.span,
                            format!("No such label '{}' within the scope of the goto statement", label.name),
                        );
                        stmt(SK::Empty, span)
                    }
                }
            }
            ast::GotoTarget::Case(e) => self.goto_case(Some(e), span),
            ast::GotoTarget::Default => self.goto_case(None, span),
        }
    }

    fn catches(&mut self, catches: &'a [ast::Catch]) -> Vec<Catch<'a>> {
        let mut out: Vec<Catch<'a>> = Vec::new();
        for catch in catches {
            self.push_scope();
            let ty = match &catch.ty {
                Some(ty) => {
                    let bound = self.ty(ty);
                    if !bound.is_error() && self.standard(bound, Type::exception()).is_none() {
                        self.report(
                            "CS0155",
                            ty.span,
                            "The type caught or thrown must be derived from System.Exception",
                        );
                    }
                    for earlier in &out {
                        if earlier.guard.is_none() && !bound.is_error() && self.standard(bound, earlier.ty).is_some() {
                            let general = earlier.ty;
                            self.report(
                                "CS0160",
                                ty.span,
                                format!("A previous catch clause already catches all exceptions of this or of a super type ('{general}')"),
                            );
                            break;
                        }
                    }
                    bound
                }
                None => Type::exception(),
            };
            let local = catch.name.as_ref().map(|name| {
                let id = self.declare(name, ty);
                self.locals[id.0].assigned = true;
                id
            });
            let guard = catch.guard.as_ref().map(|g| self.condition(g));
            self.catch_depth += 1;
            let block = self.block(&catch.block);
            self.catch_depth -= 1;
            let locals = self.pop_scope();
            out.push(Catch { ty, local, guard, block, locals });
        }
        out
    }

    // Local functions.

    fn declare_function(&mut self, function: &'a ast::LocalFunction, span: Span) -> Option<FnId> {
        if function.is_async {
            self.report("CS1983", span, "async local functions are not supported in policy expressions");
        }
        self.check_declaration(&function.name);
        let id = self.declare_instance(function, self.current, Vec::new());
        if !function.type_params.is_empty() {
            self.generics.insert(id, (function, self.scopes.len()));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(function.name.name.clone(), Symbol::Function(id));
        }
        let _ = span;
        Some(id)
    }

    /// The instance of a generic local function for these type arguments; bound when first called.
    pub(crate) fn instance(&mut self, generic: FnId, types: &[Type]) -> Option<FnId> {
        if let Some(known) = self.instances.get(&(generic, types.to_vec())) {
            return Some(*known);
        }
        let (function, scopes) = *self.generics.get(&generic)?;
        if !self.enter(function.name.span) {
            return None;
        }
        let parent = self.functions[generic.0].parent.unwrap_or(FnId(0));
        let inner = self.scopes.split_off(scopes.min(self.scopes.len()));
        let id = self.declare_instance(function, parent, types.to_vec());
        self.instances.insert((generic, types.to_vec()), id);
        let outer = std::mem::replace(&mut self.current, parent);
        self.function_body(id, function);
        self.current = outer;
        self.scopes.extend(inner);
        self.leave();
        Some(id)
    }

    fn declare_instance(&mut self, function: &'a ast::LocalFunction, parent: FnId, type_args: Vec<Type>) -> FnId {
        let id = FnId(self.functions.len());
        let type_params: Vec<Str> = function.type_params.iter().map(|p| Str::new(&p.name)).collect();
        self.functions.push(Function {
            name: Str::new(&function.name.name),
            parent: Some(parent),
            params: Vec::new(),
            signature: Vec::new(),
            ret: Type::error(),
            ret_known: true,
            delegate: Type::void(),
            body: None,
            body_locals: Vec::new(),
            captures: Vec::new(),
            calls: Vec::new(),
            locals: Vec::new(),
            type_params,
            type_args,
        });
        let outer = std::mem::replace(&mut self.current, id);
        let ret = self.ty(&function.returns);
        let mut signature = Vec::new();
        for param in &function.params {
            let ty = param.ty.as_ref().map_or_else(Type::error, |t| self.ty(t));
            let mode = match param.modifier {
                ArgModifier::Ref => ParamMode::Ref,
                ArgModifier::Out => ParamMode::Out,
                ArgModifier::Params => ParamMode::Params,
                _ => ParamMode::Value,
            };
            let default = param.default.as_ref().map(|d| {
                let value = self.value(d);
                let value = self.convert(value, ty);
                if value.constant.is_none() && !value.is_error() && !matches!(value.kind, K::Default) {
                    self.report(
                        "CS1736",
                        d.span,
                        format!("Default parameter value for '{}' must be a compile-time constant", param.name.name),
                    );
                }
                value.constant.unwrap_or(Value::Null)
            });
            signature.push(Signature { name: Str::new(&param.name.name), ty, mode, default });
        }
        self.current = outer;
        self.functions[id.0].ret = ret;
        self.functions[id.0].signature = signature;
        id
    }

    fn function_body(&mut self, id: FnId, function: &'a ast::LocalFunction) {
        // A generic one is bound for each list of type arguments it is called with.
        if self.functions[id.0].type_params.len() != self.functions[id.0].type_args.len() {
            return;
        }
        let cache = std::mem::take(&mut self.lambda_cache);
        let breakable = std::mem::take(&mut self.breakable);
        let switches = std::mem::take(&mut self.switches);
        let saved_catch = std::mem::replace(&mut self.catch_depth, 0);
        let saved_finally = std::mem::replace(&mut self.finally_depth, 0);
        let outer = std::mem::replace(&mut self.current, id);
        self.returns.push(Vec::new());
        self.push_function_scope();
        let signature = self.functions[id.0].signature.clone();
        for (param, declared) in function.params.iter().zip(&signature) {
            let local = self.declare(&param.name, declared.ty);
            self.locals[local.0].assigned = declared.mode != ParamMode::Out;
            self.functions[id.0].params.push(local);
        }
        let ret = self.functions[id.0].ret;
        let name = self.functions[id.0].name.clone();
        let body = match &function.body {
            LambdaBody::Expr(e) => {
                let value = self.value(e);
                let value = if ret.is_void() {
                    if !value.is_error() && !super::lambda::is_statement(&value) {
                        self.report(
                            "CS0201",
                            e.span,
                            "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement",
                        );
                    }
                    value
                } else if value.ty.is_void() && !value.is_typeless() && !value.is_error() {
                    self.fail("CS0029", value.span, format!("Cannot implicitly convert type 'void' to '{ret}'"))
                } else {
                    self.convert(value, ret)
                };
                Body::Expr(Box::new(value))
            }
            LambdaBody::Block(block) => {
                let bound = self.function_block(block);
                let returns = self.returns.last().cloned().unwrap_or_default();
                self.check_returns(&bound, &returns, &name, ret, function.name.span);
                Body::Block(Box::new(bound))
            }
        };
        let locals = self.pop_scope();
        self.returns.pop();
        self.functions[id.0].body_locals = locals;
        self.functions[id.0].body = Some(body);
        self.current = outer;
        self.lambda_cache = cache;
        self.breakable = breakable;
        self.switches = switches;
        self.catch_depth = saved_catch;
        self.finally_depth = saved_finally;
    }
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
