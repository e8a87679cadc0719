//! Local functions.

use super::super::bound::{Body, FnId, Function, K, Signature};
use super::super::{Binder, Symbol};
use crate::library::ParamMode;
use crate::syntax::ast::{self, ArgModifier, LambdaBody};
use crate::types::Type;
use crate::value::{Str, Value};
use apimite_diag::Span;

impl<'a> Binder<'a> {
    pub(super) fn declare_function(&mut self, function: &'a ast::LocalFunction, span: Span) -> Option<FnId> {
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

    pub(super) fn declare_instance(
        &mut self,
        function: &'a ast::LocalFunction,
        parent: FnId,
        type_args: Vec<Type>,
    ) -> FnId {
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
            iterator: None,
            by_ref: matches!(function.returns.kind, ast::TypeKind::Ref { .. }),
            is_static: function.is_static,
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
        self.declare_iterator(id, function);
        id
    }

    pub(super) fn function_body(&mut self, id: FnId, function: &'a ast::LocalFunction) {
        // A generic one is bound for each list of type arguments it is called with.
        if self.functions[id.0].type_params.len() != self.functions[id.0].type_args.len() {
            return;
        }
        let cache = std::mem::take(&mut self.lambda_cache);
        let breakable = std::mem::take(&mut self.breakable);
        let switches = std::mem::take(&mut self.switches);
        let saved_catch = std::mem::replace(&mut self.catch_depth, 0);
        let saved_finally = std::mem::replace(&mut self.finally_depth, 0);
        let saved_guarded = std::mem::replace(&mut self.guarded_depth, 0);
        let outer = std::mem::replace(&mut self.current, id);
        self.returns.push(Vec::new());
        self.push_function_scope();
        let signature = self.functions[id.0].signature.clone();
        for (param, declared) in function.params.iter().zip(&signature) {
            let local = self.declare(&param.name, declared.ty);
            self.locals[local.0].assigned = declared.mode != ParamMode::Out;
            if param.modifier == ArgModifier::In {
                self.locals[local.0].readonly = Some("in");
            }
            if declared.mode == ParamMode::Ref && self.functions[id.0].by_ref {
                // It may be returned by reference: the argument is the reference itself.
                let reference = self.temp(Type::object(), param.name.span);
                let place = self.dereference(reference, declared.ty, false, param.name.span);
                self.locals[local.0].alias = Some(Box::new(place));
                self.functions[id.0].params.push(reference);
                continue;
            }
            self.functions[id.0].params.push(local);
        }
        let ret = self.functions[id.0].ret;
        let name = self.functions[id.0].name.clone();
        let body = match &function.body {
            LambdaBody::Expr(e) => {
                let by_ref = self.functions[id.0].by_ref;
                let value = if by_ref || matches!(e.kind, ast::ExprKind::Ref(_)) {
                    self.returned_reference(e, ret)
                } else {
                    self.value(e)
                };
                let value = if by_ref {
                    value
                } else if ret.is_void() {
                    if !value.is_error() && !crate::bind::lambda::is_statement(&value) {
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
                if self.functions[id.0].iterator.is_some() {
                    self.no_returns(&returns);
                } else {
                    self.check_returns(&bound, &returns, &name, ret, function.name.span);
                }
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
        self.guarded_depth = saved_guarded;
    }
}
