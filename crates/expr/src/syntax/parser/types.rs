//! Types and names.

use apimite_diag::Span;

use super::{Parser, T};
use crate::syntax::ast::{Ident, Predefined, SimpleName, TupleTypeElement, Type, TypeKind};

/// The type a keyword token names.
pub(super) fn predefined(kind: T) -> Option<Predefined> {
    if kind.is_keyword() { Predefined::from_keyword(kind.text()) } else { None }
}

/// How far a type goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeMode {
    /// With `?` and ranks.
    Full,
    /// After `is` and `as`: a `?` belongs to it only when no operand follows.
    AfterIs,
    /// After `new`: ranks are left for the sizes.
    AfterNew,
}

impl Parser<'_> {
    pub(super) fn parse_type(&mut self) -> Type {
        self.parse_type_in(TypeMode::Full)
    }

    pub(super) fn parse_type_in(&mut self, mode: TypeMode) -> Type {
        self.nested(|p| p.type_body(mode))
    }

    fn type_body(&mut self, mode: TypeMode) -> Type {
        let start = self.start();
        if self.eat(T::Ref) {
            let readonly = self.eat(T::Readonly);
            let target = Box::new(self.parse_type_in(mode));
            return Type { kind: TypeKind::Ref { readonly, target }, span: self.span_from(start) };
        }
        let kind = if let Some(found) = predefined(self.kind()) {
            self.bump();
            TypeKind::Predefined(found)
        } else if self.is(T::LParen) {
            self.tuple_type()
        } else if self.is_name(self.kind()) {
            self.named_type()
        } else {
            self.error_missing("CS1031", "Type expected");
            return Type { kind: TypeKind::Missing, span: Span::new(start, start) };
        };
        let mut ty = Type { kind, span: self.span_from(start) };
        let wrap = |p: &Self, kind: TypeKind| Type { kind, span: p.span_from(start) };
        while matches!(ty.kind, TypeKind::Predefined(_) | TypeKind::Pointer(_)) && self.is(T::Star) {
            self.bump();
            ty = wrap(self, TypeKind::Pointer(Box::new(ty)));
        }
        loop {
            if self.is(T::Question) && self.takes_question(mode) {
                self.bump();
                self.grown();
                ty = wrap(self, TypeKind::Nullable(Box::new(ty)));
            } else if self.is(T::LBracket) && mode != TypeMode::AfterNew && self.is_rank(self.at) {
                let ranks = self.ranks();
                for rank in ranks.into_iter().rev() {
                    ty = wrap(self, TypeKind::Array { element: Box::new(ty), rank });
                }
            } else {
                return ty;
            }
        }
    }

    fn takes_question(&self, mode: TypeMode) -> bool {
        match mode {
            TypeMode::Full => true,
            TypeMode::AfterIs => !self.starts_expression(self.at + 1),
            TypeMode::AfterNew => matches!(self.token(1).kind, T::LBracket | T::LParen | T::LBrace),
        }
    }

    /// Is `[`, commas, `]` at `index`?
    pub(super) fn is_rank(&self, index: usize) -> bool {
        let mut at = index + 1;
        while self.kind_at(at) == T::Comma {
            at += 1;
        }
        self.kind_at(index) == T::LBracket && self.kind_at(at) == T::RBracket
    }

    /// All rank specifiers that stand here, left to right.
    pub(super) fn ranks(&mut self) -> Vec<usize> {
        let mut ranks = Vec::new();
        while self.is_rank(self.at) {
            self.bump();
            let mut rank = 1;
            while self.eat(T::Comma) {
                rank += 1;
            }
            self.expect(T::RBracket);
            self.grown();
            ranks.push(rank);
        }
        ranks
    }

    fn tuple_type(&mut self) -> TypeKind {
        let open = self.at;
        self.bump();
        let mut elements = Vec::new();
        loop {
            let ty = self.parse_type();
            let name = if self.is_name(self.kind()) { Some(self.ident()) } else { None };
            elements.push(TupleTypeElement { ty, name });
            if !self.eat(T::Comma) {
                break;
            }
        }
        if elements.len() < 2 {
            self.error_here("CS8124", "Tuple must contain at least two elements.");
        }
        self.close(open, T::RParen);
        TypeKind::Tuple(elements)
    }

    fn named_type(&mut self) -> TypeKind {
        if self.is_word("var") && !matches!(self.token(1).kind, T::Dot | T::Lt | T::ColonColon) {
            self.bump();
            return TypeKind::Var;
        }
        let alias = (self.peek_is(1, T::ColonColon)).then(|| {
            let alias = self.ident();
            self.bump();
            alias
        });
        let mut parts = vec![self.type_name()];
        while self.is(T::Dot) {
            self.bump();
            parts.push(self.type_name());
        }
        TypeKind::Named { alias, parts }
    }

    /// A name in a type: `<` always starts type arguments.
    fn type_name(&mut self) -> SimpleName {
        let ident = self.ident();
        self.with_type_args(ident, true)
    }

    /// A name in an expression: `<` starts type arguments only when what follows says so.
    pub(super) fn simple_name(&mut self) -> SimpleName {
        let ident = self.ident();
        let generic = self.is(T::Lt) && self.starts_type_args(self.at);
        self.with_type_args(ident, generic)
    }

    fn with_type_args(&mut self, ident: Ident, generic: bool) -> SimpleName {
        let start = ident.span.start;
        if !generic || !self.is(T::Lt) {
            let span = ident.span;
            return SimpleName { ident, type_args: None, span };
        }
        self.bump();
        let mut args = Vec::new();
        loop {
            if matches!(self.kind(), T::Comma | T::Gt) {
                let at = self.start();
                args.push(Type { kind: TypeKind::Omitted, span: Span::new(at, at) });
            } else {
                args.push(self.parse_type());
            }
            if !self.eat(T::Comma) {
                break;
            }
        }
        self.expect(T::Gt);
        SimpleName { ident, type_args: Some(args), span: self.span_from(start) }
    }
}
