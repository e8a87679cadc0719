//! Lambdas and anonymous methods: bound once for each list of parameter types.

mod errors;
mod returns;

use super::bound::{B, Body, FnId, Function, K};
use super::{Binder, BoundLambda, Symbol};
use crate::library::ParamMode;
use crate::syntax::ast::{self, ArgModifier, ExprKind as E, LambdaBody};
use crate::types::Type;
use crate::value::Str;

/// The parts of a lambda or anonymous method.
struct Parts<'a> {
    /// `None`: left out, any parameters will do.
    params: Option<&'a [ast::Parameter]>,
    is_static: bool,
    returns: Option<&'a ast::Type>,
    body: LambdaBodyRef<'a>,
}

enum LambdaBodyRef<'a> {
    Expr(&'a ast::Expr),
    Block(&'a ast::Block),
}

fn parts<'a>(e: &'a ast::Expr) -> Option<Parts<'a>> {
    match &e.kind {
        E::Lambda(lambda) => Some(Parts {
            params: Some(&lambda.params),
            is_static: lambda.is_static,
            returns: lambda.returns.as_ref(),
            body: match &lambda.body {
                LambdaBody::Expr(e) => LambdaBodyRef::Expr(e),
                LambdaBody::Block(b) => LambdaBodyRef::Block(b),
            },
        }),
        E::AnonymousMethod { params, body, is_static, .. } => {
            let (params, is_static) = (params.as_deref(), *is_static);
            Some(Parts { params, is_static, returns: None, body: LambdaBodyRef::Block(body) })
        }
        _ => None,
    }
}

impl<'a> Binder<'a> {
    /// Written parameter types, if all are written.
    pub(crate) fn explicit_parameters(&mut self, e: &B<'a>) -> Option<Vec<Type>> {
        let K::UnboundLambda(syntax) = e.kind else { return None };
        let params = parts(syntax)?.params?;
        if params.is_empty() || params.iter().any(|p| p.ty.is_none()) {
            return None;
        }
        Some(
            params
                .iter()
                .map(|p| p.ty.as_ref().and_then(|t| self.type_or(t, false)).unwrap_or_else(Type::error))
                .collect(),
        )
    }

    /// Binds for a known result type: what only gets its type from there (a lambda in a lambda) is converted in its scope.
    fn bind_lambda_to(&mut self, syntax: &'a ast::Expr, inputs: &[Type], ret: Type) -> Option<BoundLambda<'a>> {
        if parts(syntax)?.returns.is_some() && !ret.is_void() && !ret.is_open() {
            return self.bind_lambda(syntax, inputs, Some(ret));
        }
        let bound = self.bind_lambda(syntax, inputs, None)?;
        let open = |e: &B<'a>| {
            e.is_typeless() && !e.is_null() && !matches!(e.kind, K::UnboundDefault | K::OutVar { .. } | K::Discard)
        };
        let waits = match &bound.body {
            Body::Expr(e) => open(e),
            Body::Block(_) => bound.returns.iter().flatten().any(open),
        };
        if waits && !ret.is_void() && !ret.is_open() {
            return self.bind_lambda(syntax, inputs, Some(ret));
        }
        Some(bound)
    }

    fn bind_lambda(&mut self, syntax: &'a ast::Expr, inputs: &[Type], ret: Option<Type>) -> Option<BoundLambda<'a>> {
        let mut key = (std::ptr::from_ref(syntax) as usize, inputs.to_vec());
        if let Some(ret) = ret {
            key.1.push(Type::void());
            key.1.push(ret);
        }
        if let Some(bound) = self.lambda_cache.get(&key) {
            return Some(bound.clone());
        }
        let shape = parts(syntax)?;
        if !self.enter(syntax.span) {
            return None;
        }
        let function = FnId(self.functions.len());
        self.functions.push(Function {
            name: Str::fixed("lambda"),
            parent: Some(self.current),
            params: Vec::new(),
            signature: Vec::new(),
            ret: ret.unwrap_or_else(Type::void),
            ret_known: ret.is_some(),
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
            is_static: shape.is_static,
        });
        let cache = std::mem::take(&mut self.lambda_cache);
        let breakable = std::mem::take(&mut self.breakable);
        let switches = std::mem::take(&mut self.switches);
        let invoked = std::mem::take(&mut self.invoked);
        let saved_catch = std::mem::replace(&mut self.catch_depth, 0);
        let saved_finally = std::mem::replace(&mut self.finally_depth, 0);
        let saved_guarded = std::mem::replace(&mut self.guarded_depth, 0);
        let saved = std::mem::take(&mut self.errors);
        let outer = std::mem::replace(&mut self.current, function);
        self.returns.push(Vec::new());
        self.push_function_scope();
        match shape.params {
            Some(params) => {
                for (param, ty) in params.iter().zip(inputs) {
                    self.lambda_parameter(&param.name, *ty, function);
                }
            }
            None => {
                for ty in inputs {
                    let id = self.temp(*ty, syntax.span);
                    self.functions[function.0].params.push(id);
                }
            }
        }
        let (body, end_reachable) = match shape.body {
            LambdaBodyRef::Expr(e) => {
                let value = self.expr(e);
                let value = self.rvalue(value);
                let value = match ret {
                    Some(ret) => self.convert(value, ret),
                    None => value,
                };
                (Body::Expr(Box::new(value)), false)
            }
            LambdaBodyRef::Block(block) => {
                let stmt = self.function_block(block);
                let reachable = super::flow::end_reachable(&stmt);
                (Body::Block(Box::new(stmt)), reachable)
            }
        };
        let locals = self.pop_scope();
        self.functions[function.0].body_locals = locals;
        let returns = self.returns.pop().unwrap_or_default();
        self.current = outer;
        self.lambda_cache = cache;
        self.breakable = breakable;
        self.switches = switches;
        self.invoked = invoked;
        self.catch_depth = saved_catch;
        self.finally_depth = saved_finally;
        self.guarded_depth = saved_guarded;
        let errors = std::mem::replace(&mut self.errors, saved);
        self.leave();
        let bound = BoundLambda {
            function,
            body,
            returns: returns.into_iter().map(|(value, _)| value).collect(),
            errors,
            end_reachable,
        };
        self.lambda_cache.insert(key, bound.clone());
        Some(bound)
    }

    fn lambda_parameter(&mut self, name: &ast::Ident, ty: Type, function: FnId) {
        let id = if let Some(entries) = name.name.strip_prefix("<>") {
            // A transparent identifier of a query: the range variables are paths into it.
            let id = self.new_local("", ty, name.span);
            let mut symbols = vec![(name.name.clone(), Symbol::Local(id))];
            for entry in entries.split(',').filter(|e| !e.is_empty()) {
                if let Some((variable, path)) = entry.split_once(':') {
                    let path = path.split('.').map(Box::from).collect();
                    symbols.push((variable.into(), Symbol::Range(id, path)));
                }
            }
            if let Some(scope) = self.scopes.last_mut() {
                scope.names.extend(symbols);
            }
            id
        } else if name.name == "_" && self.scopes.last().is_some_and(|s| s.names.contains_key("_")) {
            self.new_local("", ty, name.span)
        } else {
            self.declare(name, ty)
        };
        self.locals[id.0].assigned = true;
        self.functions[function.0].params.push(id);
    }

    /// The inferred result type for these parameter types; `None` for `void` and for bodies with mistakes.
    pub(crate) fn lambda_result(&mut self, e: &B<'a>, inputs: &[Type]) -> Option<Type> {
        let K::UnboundLambda(syntax) = e.kind else { return None };
        let count = parts(syntax)?.params.map(<[ast::Parameter]>::len);
        if count.is_some_and(|n| n != inputs.len()) {
            return None;
        }
        if let Some(written) = parts(syntax)?.returns {
            return self.type_or(written, false);
        }
        let bound = self.bind_lambda(syntax, inputs, None)?;
        match &bound.body {
            Body::Expr(body) => {
                if body.is_error() || body.is_typeless() || body.ty.is_void() {
                    return None;
                }
                Some(body.ty)
            }
            Body::Block(_) => {
                let values: Vec<B<'a>> = bound.returns.iter().flatten().cloned().collect();
                if values.is_empty() {
                    return None;
                }
                self.best_common(&values)
            }
        }
    }

    fn inputs_for(&mut self, syntax: &'a ast::Expr, to: Type) -> Option<(Vec<Type>, Type)> {
        let (params, ret) = self.registry.delegate(to)?;
        let shape = parts(syntax)?;
        if let Some(written) = shape.params {
            if written.len() != params.len() {
                return None;
            }
            for (param, (ty, mode)) in written.iter().zip(&params) {
                let modifier = match mode {
                    ParamMode::Ref => ArgModifier::Ref,
                    ParamMode::Out => ArgModifier::Out,
                    _ => ArgModifier::None,
                };
                if param.modifier != modifier {
                    return None;
                }
                if let Some(written) = &param.ty
                    && !self.type_or(written, false)?.same(*ty)
                {
                    return None;
                }
            }
        }
        if let Some(written) = shape.returns
            && !ret.is_open()
            && !self.type_or(written, false)?.same(ret)
        {
            return None;
        }
        let inputs: Vec<Type> = params.iter().map(|(t, _)| *t).collect();
        if inputs.iter().any(|t| t.is_open() || t.is_error()) {
            return None;
        }
        Some((inputs, ret))
    }

    /// The types of all parameters, if every one is written and passed by value.
    pub(crate) fn all_parameters(&mut self, syntax: &'a ast::Expr) -> Option<Vec<Type>> {
        let params = parts(syntax)?.params?;
        params
            .iter()
            .map(|p| {
                let plain = p.modifier == ArgModifier::None && p.default.is_none();
                p.ty.as_ref().filter(|_| plain).and_then(|ty| self.type_or(ty, false))
            })
            .collect()
    }

    /// The result type that a lambda has of its own; `void` where it gives nothing.
    pub(crate) fn natural_result(&mut self, e: &B<'a>, inputs: &[Type]) -> Option<Type> {
        let K::UnboundLambda(syntax) = e.kind else { return None };
        if let Some(ty) = self.lambda_result(e, inputs) {
            return Some(ty);
        }
        let bound = self.bind_lambda(syntax, inputs, None)?;
        match &bound.body {
            Body::Expr(body) => (body.ty.is_void() && !body.is_typeless() && !body.is_error()).then(Type::void),
            Body::Block(_) => (bound.errors.is_empty() && bound.returns.iter().all(Option::is_none)).then(Type::void),
        }
    }

    pub(crate) fn lambda_converts(&mut self, e: &B<'a>, to: Type) -> bool {
        let K::UnboundLambda(syntax) = e.kind else { return false };
        let Some((inputs, ret)) = self.inputs_for(syntax, to) else { return false };
        let Some(bound) = self.bind_lambda_to(syntax, &inputs, ret) else { return false };
        if !bound.errors.is_empty() {
            return false;
        }
        match &bound.body {
            Body::Expr(body) => {
                if ret.is_void() {
                    return is_statement(body);
                }
                let body = (**body).clone();
                (!body.ty.is_void() || body.is_typeless()) && self.implicit(&body, ret).is_some()
            }
            Body::Block(_) => {
                if ret.is_void() {
                    return bound.returns.iter().all(Option::is_none);
                }
                !bound.end_reachable
                    && bound.returns.iter().all(|value| match value {
                        Some(value) => {
                            let value = value.clone();
                            self.implicit(&value, ret).is_some()
                        }
                        None => false,
                    })
            }
        }
    }

    /// The lambda as a delegate: its final form.
    pub(crate) fn lambda_to(&mut self, e: B<'a>, to: Type) -> B<'a> {
        let span = e.span;
        let K::UnboundLambda(syntax) = e.kind else { return B::error(span) };
        let Some((inputs, ret)) = self.inputs_for(syntax, to) else { return B::error(span) };
        let Some(bound) = self.bind_lambda_to(syntax, &inputs, ret) else { return B::error(span) };
        let body = match bound.body {
            Body::Expr(body) => {
                let body = if ret.is_void() { *body } else { self.convert(*body, ret) };
                Body::Expr(Box::new(body))
            }
            Body::Block(mut block) => {
                if !ret.is_void() {
                    self.convert_returns(&mut block, ret);
                }
                Body::Block(block)
            }
        };
        let function = &mut self.functions[bound.function.0];
        function.body = Some(body);
        function.ret = ret;
        function.delegate = to;
        B::new(K::Lambda(bound.function), to, span)
    }
}

/// May the expression stand as a statement?
pub(crate) fn is_statement(e: &B<'_>) -> bool {
    match &e.kind {
        K::Call { member, .. } => {
            matches!(member.kind, crate::library::MemberKind::Method | crate::library::MemberKind::Constructor)
        }
        K::Invoke { .. } | K::CallLocal { .. } | K::Assign { .. } | K::Sequence { .. } | K::Throw(_) => true,
        K::Access { access, .. } => is_statement(access),
        K::Convert(inner, _) => is_statement(inner),
        _ => e.ty.is_void() && !e.is_typeless(),
    }
}
