//! `new` in all its forms, and initialisers.

use super::types::TypeMode;
use super::{Feature, Parser, T};
use crate::syntax::ast::{AnonymousMember, Expr, ExprKind, InitTarget, InitValue, Initializer, Type, TypeKind};

impl Parser<'_> {
    pub(super) fn creation(&mut self) -> ExprKind {
        let new_span = self.bump().span;
        match self.kind() {
            T::LBrace => self.anonymous_object(),
            T::LBracket if self.is_rank(self.at) => {
                let rank = self.ranks().first().copied().unwrap_or(1);
                let initializer = Box::new(self.required_array_initializer());
                ExprKind::ImplicitArray { rank, initializer }
            }
            T::LParen if !self.is_tuple_array() => {
                self.feature(Feature::TargetTypedNew, new_span);
                let args = Some(self.arguments(T::RParen));
                let initializer = self.is(T::LBrace).then(|| self.initializer());
                ExprKind::New { ty: None, args, initializer }
            }
            _ => self.typed_creation(),
        }
    }

    /// `new (int, int)[3]`: an array of tuples.
    fn is_tuple_array(&self) -> bool {
        self.partner(self.at).is_some_and(|close| self.kind_at(close + 1) == T::LBracket)
            && self.scan_type(self.at, false).is_some()
    }

    fn typed_creation(&mut self) -> ExprKind {
        let ty = self.parse_type_in(TypeMode::AfterNew);
        if self.is(T::LBracket) {
            return self.array_creation(ty);
        }
        let args = self.is(T::LParen).then(|| self.arguments(T::RParen));
        let initializer = self.is(T::LBrace).then(|| self.initializer());
        if args.is_none() && initializer.is_none() && ty.kind != TypeKind::Missing {
            self.error_missing("CS1526", "A new expression requires an argument list or (), [], or {} after type");
        }
        ExprKind::New { ty: Some(ty), args, initializer }
    }

    fn array_creation(&mut self, element: Type) -> ExprKind {
        let start = element.span.start;
        let mut sizes = Vec::new();
        let mut ranks = Vec::new();
        if !self.is_rank(self.at) {
            let open = self.at;
            self.bump();
            loop {
                sizes.push(self.parse_expression());
                if !self.eat(T::Comma) {
                    break;
                }
            }
            self.close(open, T::RBracket);
            ranks.push(sizes.len());
        }
        ranks.extend(self.ranks());
        let mut ty = element;
        for rank in ranks.into_iter().rev() {
            ty = Type { kind: TypeKind::Array { element: Box::new(ty), rank }, span: self.span_from(start) };
        }
        let initializer = self.is(T::LBrace).then(|| Box::new(self.array_initializer()));
        if sizes.is_empty() && initializer.is_none() {
            self.error_missing("CS1586", "Array creation must have array size or array initializer");
        }
        ExprKind::NewArray { ty, sizes, initializer }
    }

    fn required_array_initializer(&mut self) -> Expr {
        if self.is(T::LBrace) {
            return self.array_initializer();
        }
        self.expect(T::LBrace);
        self.missing()
    }

    /// `{ a, { b } }`.
    pub(super) fn array_initializer(&mut self) -> Expr {
        self.nested(|p| {
            let start = p.start();
            let open = p.at;
            p.bump();
            let mut elements = Vec::new();
            while !p.is(T::RBrace) {
                elements.push(if p.is(T::LBrace) { p.array_initializer() } else { p.parse_expression() });
                if !p.eat(T::Comma) {
                    break;
                }
            }
            p.close(open, T::RBrace);
            Expr { kind: ExprKind::ArrayInitializer(elements), span: p.span_from(start) }
        })
    }

    pub(super) fn stackalloc(&mut self) -> ExprKind {
        self.bump();
        if self.is_rank(self.at) {
            self.ranks();
            let initializer = Some(Box::new(self.required_array_initializer()));
            return ExprKind::StackAlloc { ty: None, size: None, initializer };
        }
        let element = self.parse_type_in(TypeMode::AfterNew);
        match self.array_creation(element) {
            ExprKind::NewArray { ty, mut sizes, initializer } => {
                ExprKind::StackAlloc { ty: Some(ty), size: sizes.pop().map(Box::new), initializer }
            }
            other => other,
        }
    }

    /// `{ A = 1 }` or `{ a, b }` after a creation.
    pub(super) fn initializer(&mut self) -> Initializer {
        self.nested(Self::initializer_body)
    }

    fn initializer_body(&mut self) -> Initializer {
        let open = self.at;
        self.bump();
        let is_object = self.is(T::RBrace) || self.is_member_assignment() || self.is_index_assignment();
        let initializer = if is_object { self.object_members() } else { self.collection_elements() };
        self.close(open, T::RBrace);
        initializer
    }

    fn is_member_assignment(&self) -> bool {
        self.is_name(self.kind()) && self.peek_is(1, T::Eq)
    }

    fn is_index_assignment(&self) -> bool {
        self.is(T::LBracket) && self.partner(self.at).is_some_and(|close| self.kind_at(close + 1) == T::Eq)
    }

    fn object_members(&mut self) -> Initializer {
        let mut members = Vec::new();
        while !self.is(T::RBrace) {
            let start = self.start();
            let target = if self.is(T::LBracket) {
                let args = self.arguments(T::RBracket);
                InitTarget::Index(args, self.span_from(start))
            } else {
                if !self.is_member_assignment() {
                    self.error_here("CS0747", "Invalid initializer member declarator");
                    self.parse_expression();
                    if self.eat(T::Comma) {
                        continue;
                    }
                    break;
                }
                InitTarget::Member(self.ident())
            };
            self.expect(T::Eq);
            let value = if self.is(T::LBrace) {
                InitValue::Nested(self.initializer())
            } else {
                InitValue::Expr(self.parse_expression())
            };
            members.push((target, value));
            if !self.eat(T::Comma) {
                break;
            }
        }
        Initializer::Object(members)
    }

    fn collection_elements(&mut self) -> Initializer {
        let mut elements = Vec::new();
        while !self.is(T::RBrace) {
            elements.push(self.collection_element());
            if !self.eat(T::Comma) {
                break;
            }
        }
        Initializer::Collection(elements)
    }

    fn collection_element(&mut self) -> Vec<Expr> {
        if !self.is(T::LBrace) {
            return vec![self.parse_expression()];
        }
        let open = self.at;
        self.bump();
        let mut args = Vec::new();
        if self.is(T::RBrace) {
            self.error_here("CS1920", "Element initializer cannot be empty");
        }
        while !self.is(T::RBrace) {
            args.push(self.parse_expression());
            if !self.eat(T::Comma) {
                break;
            }
        }
        self.close(open, T::RBrace);
        args
    }

    fn anonymous_object(&mut self) -> ExprKind {
        let open = self.at;
        self.bump();
        let mut members = Vec::new();
        while !self.is(T::RBrace) {
            let name = self.is_member_assignment().then(|| {
                let name = self.ident();
                self.bump();
                name
            });
            members.push(AnonymousMember { name, value: self.parse_expression() });
            if !self.eat(T::Comma) {
                break;
            }
        }
        self.close(open, T::RBrace);
        ExprKind::AnonymousObject(members)
    }
}
