//! Lambdas, anonymous methods and local functions.

use super::{Feature, Parser, T};
use crate::syntax::ast::{
    ArgModifier, Block, Expr, ExprKind, Ident, Lambda, LambdaBody, LocalFunction, Parameter, StmtKind,
};

impl Parser<'_> {
    /// Does a lambda, or `async delegate`, start here?
    pub(super) fn is_lambda_start(&self) -> bool {
        let mut at = self.at;
        while self.kind_at(at) == T::Static || self.is_async_word(at) {
            at += 1;
        }
        let has_modifier = at > self.at;
        match self.kind_at(at) {
            T::Ident | T::VerbatimIdent if self.kind_at(at + 1) == T::Arrow => true,
            T::LParen if self.is_parenthesized_lambda(at) => true,
            T::Delegate => has_modifier,
            T::Ident | T::VerbatimIdent | T::LParen => self.typed_lambda_params(at).is_some(),
            kind => super::types::predefined(kind).is_some() && self.typed_lambda_params(at).is_some(),
        }
    }

    /// `async` as a modifier: a name, a parenthesis that a lambda starts with, or `static` follows.
    fn is_async_word(&self, at: usize) -> bool {
        self.word_at(at, "async")
            && match self.kind_at(at + 1) {
                T::Ident | T::VerbatimIdent => self.kind_at(at + 2) == T::Arrow,
                T::LParen => self.is_parenthesized_lambda(at + 1),
                T::Delegate | T::Static => true,
                _ => false,
            }
    }

    /// `int (string s) => …`: the index of the parenthesis after a written return type.
    fn typed_lambda_params(&self, at: usize) -> Option<usize> {
        let end = self.scan_type(at, true)?.end;
        let is_lambda = self.kind_at(end) == T::LParen
            && self.partner(end).is_some_and(|close| self.kind_at(close + 1) == T::Arrow)
            && self.kind_at(end.wrapping_sub(1)) != T::Question
            && self.has_typed_params(end);
        is_lambda.then_some(end)
    }

    /// A call before `=>` (a `when` of a switch expression) has no types among its arguments.
    fn has_typed_params(&self, open: usize) -> bool {
        self.is_parenthesized_lambda(open)
            && self.scan_type(open + 1, true).is_some_and(|scanned| self.is_name(self.kind_at(scanned.end)))
    }

    pub(super) fn lambda(&mut self) -> Expr {
        let start = self.start();
        let (is_async, is_static) = self.function_modifiers();
        if self.is(T::Delegate) {
            let kind = self.anonymous_method_with(is_async, is_static);
            return Expr { kind, span: self.span_from(start) };
        }
        let is_plain = self.is(T::LParen) && self.is_parenthesized_lambda(self.at);
        let is_bare = self.is_name(self.kind()) && self.peek_is(1, T::Arrow);
        let returns = (!is_plain && !is_bare).then(|| {
            let span = self.token(0).span;
            self.feature(Feature::LambdaReturnType, span);
            self.parse_type()
        });
        let params = if self.is(T::LParen) {
            self.parameters(false)
        } else {
            let name = self.ident();
            vec![Parameter { modifier: ArgModifier::None, ty: None, name, default: None }]
        };
        if let Some(second) = params.iter().filter(|param| param.name.name == "_").nth(1) {
            let span = second.name.span;
            self.feature(Feature::LambdaDiscards, span);
        }
        self.expect(T::Arrow);
        let body = self.function_body();
        let lambda = Lambda { is_async, is_static, returns, params, body };
        Expr { kind: ExprKind::Lambda(Box::new(lambda)), span: self.span_from(start) }
    }

    fn function_modifiers(&mut self) -> (bool, bool) {
        let (mut is_async, mut is_static) = (false, false);
        loop {
            if self.is(T::Static) {
                let span = self.bump().span;
                self.feature(Feature::StaticAnonymousFunction, span);
                is_static = true;
            } else if self.is_async_word(self.at) {
                self.bump();
                is_async = true;
            } else {
                return (is_async, is_static);
            }
        }
    }

    fn function_body(&mut self) -> LambdaBody {
        let was_in_query = std::mem::take(&mut self.in_query);
        let body = if self.is(T::LBrace) {
            LambdaBody::Block(self.block())
        } else {
            self.in_query = was_in_query;
            LambdaBody::Expr(self.parse_expression())
        };
        self.in_query = was_in_query;
        body
    }

    pub(super) fn anonymous_method(&mut self) -> ExprKind {
        self.anonymous_method_with(false, false)
    }

    fn anonymous_method_with(&mut self, is_async: bool, is_static: bool) -> ExprKind {
        self.bump();
        let params = self.is(T::LParen).then(|| self.parameters(true));
        let was_in_query = std::mem::take(&mut self.in_query);
        let body = self.required_block();
        self.in_query = was_in_query;
        ExprKind::AnonymousMethod { is_async, is_static, params, body }
    }

    /// Parameters with their parentheses. `typed`: each must have a type.
    fn parameters(&mut self, typed: bool) -> Vec<Parameter> {
        let open = self.at;
        self.bump();
        let mut params = Vec::new();
        while !self.is(T::RParen) {
            params.push(self.parameter(typed));
            if !self.eat(T::Comma) {
                break;
            }
        }
        self.close(open, T::RParen);
        params
    }

    fn parameter(&mut self, typed: bool) -> Parameter {
        let modifier = match self.kind() {
            T::Ref => ArgModifier::Ref,
            T::Out => ArgModifier::Out,
            T::In => ArgModifier::In,
            T::Params => ArgModifier::Params,
            T::This => ArgModifier::This,
            _ => ArgModifier::None,
        };
        if modifier != ArgModifier::None {
            self.bump();
        }
        let is_bare = !typed && matches!(self.token(1).kind, T::Comma | T::RParen | T::Eq);
        let ty = (!is_bare).then(|| self.parse_type());
        let name = self.ident();
        let default = self.is(T::Eq).then(|| {
            let span = self.bump().span;
            if !typed {
                self.feature(Feature::LambdaDefaults, span);
            }
            self.parse_expression()
        });
        Parameter { modifier, ty, name, default }
    }

    /// Does a local function start here? `name` is the index of its name.
    pub(super) fn is_local_function(&self, name: usize) -> bool {
        let open = match self.kind_at(name + 1) {
            T::LParen => name + 1,
            T::Lt => {
                let mut at = name + 2;
                while self.is_name(self.kind_at(at)) || self.kind_at(at) == T::Comma {
                    at += 1;
                }
                if self.kind_at(at) != T::Gt || self.kind_at(at + 1) != T::LParen {
                    return false;
                }
                at + 1
            }
            _ => return false,
        };
        self.partner(open).is_some_and(|close| {
            matches!(self.kind_at(close + 1), T::LBrace | T::Arrow | T::Semicolon) || self.word_at(close + 1, "where")
        })
    }

    pub(super) fn local_function(&mut self, is_async: bool, is_static: bool) -> StmtKind {
        let returns = self.parse_type();
        let name = self.ident();
        let mut type_params = Vec::new();
        if self.eat(T::Lt) {
            loop {
                type_params.push(self.ident());
                if !self.eat(T::Comma) {
                    break;
                }
            }
            self.expect(T::Gt);
        }
        let params = self.parameters(true);
        let mut constraints = Vec::new();
        while self.eat_word("where") {
            constraints.push(self.constraint());
        }
        let body = if self.eat(T::Arrow) {
            let value = self.parse_expression();
            self.expect(T::Semicolon);
            LambdaBody::Expr(value)
        } else if self.is(T::LBrace) {
            LambdaBody::Block(self.block())
        } else {
            let span = name.span;
            let message =
                format!("Local function '{}' must declare a body because it is not marked 'static extern'.", name.name);
            self.error("CS8112", message, span);
            self.eat(T::Semicolon);
            LambdaBody::Block(Block { statements: Vec::new(), span })
        };
        StmtKind::LocalFunction(Box::new(LocalFunction {
            is_async,
            is_static,
            returns,
            name,
            type_params,
            params,
            constraints,
            body,
        }))
    }

    fn constraint(&mut self) -> (Ident, Vec<crate::syntax::ast::Type>) {
        let name = self.ident();
        self.expect(T::Colon);
        let mut types = Vec::new();
        loop {
            match self.kind() {
                T::Class | T::Struct => {
                    self.bump();
                }
                T::New => {
                    self.bump();
                    self.expect(T::LParen);
                    self.expect(T::RParen);
                }
                _ => types.push(self.parse_type()),
            }
            if !self.eat(T::Comma) {
                return (name, types);
            }
        }
    }
}
