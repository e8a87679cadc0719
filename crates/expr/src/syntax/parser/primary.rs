//! Operands: literals, names, brackets, calls and other postfix forms.

use super::{Feature, Parser, T, Value};
use crate::syntax::ast::{
    ArgModifier, Argument, CollectionElement, Designation, DesignationKind, Expr, ExprKind, InterpolatedPart,
    InterpolatedString, Literal, TupleElement, Type, TypeKind, UnaryOp,
};

impl Parser<'_> {
    /// A primary expression with what hangs on it.
    pub(super) fn postfix(&mut self) -> Expr {
        let start = self.start();
        let first = self.primary();
        self.postfix_chain(first, start, true)
    }

    /// `.a`, `(…)`, `[…]`, `?.a` and, outside a conditional access, `++`, `--`, `!`.
    fn postfix_chain(&mut self, mut left: Expr, start: u32, with_increments: bool) -> Expr {
        loop {
            let kind = match self.kind() {
                T::Dot => {
                    self.bump();
                    let name = self.simple_name();
                    ExprKind::Member { target: Box::new(left), name }
                }
                T::ThinArrow => {
                    self.error_here("CS0193", "The * or -> operator must be applied to a pointer");
                    self.bump();
                    let name = self.simple_name();
                    ExprKind::Member { target: Box::new(left), name }
                }
                T::LParen => {
                    let args = self.arguments(T::RParen);
                    ExprKind::Call { target: Box::new(left), args }
                }
                T::LBracket => {
                    let args = self.arguments(T::RBracket);
                    ExprKind::Index { target: Box::new(left), args }
                }
                T::Question if matches!(self.token(1).kind, T::Dot | T::LBracket) && !self.is_conditional_list() => {
                    self.bump();
                    let access = Box::new(self.nested(Self::conditional_access));
                    ExprKind::ConditionalAccess { target: Box::new(left), access }
                }
                T::PlusPlus if with_increments => {
                    self.bump();
                    ExprKind::Unary { op: UnaryOp::PostIncrement, operand: Box::new(left) }
                }
                T::MinusMinus if with_increments => {
                    self.bump();
                    ExprKind::Unary { op: UnaryOp::PostDecrement, operand: Box::new(left) }
                }
                T::Bang => {
                    let span = self.bump().span;
                    self.feature(Feature::NullForgiving, span);
                    ExprKind::Unary { op: UnaryOp::NullForgiving, operand: Box::new(left) }
                }
                _ => return left,
            };
            self.grown();
            left = Expr { kind, span: self.span_from(start) };
        }
    }

    /// `a ? [x] : y` with a collection, told from `a?[x]` by the colon behind the bracket.
    fn is_conditional_list(&self) -> bool {
        self.peek_is(1, T::LBracket)
            && !self.adjacent(0)
            && self.partner(self.at + 1).is_some_and(|close| self.kind_at(close + 1) == T::Colon)
    }

    fn conditional_access(&mut self) -> Expr {
        let start = self.start();
        let first = if self.is(T::LBracket) {
            ExprKind::IndexBinding(self.arguments(T::RBracket))
        } else {
            self.bump();
            ExprKind::MemberBinding(self.simple_name())
        };
        let first = Expr { kind: first, span: self.span_from(start) };
        self.postfix_chain(first, start, false)
    }

    /// Arguments with their brackets; the opening one stands here.
    pub(super) fn arguments(&mut self, closer: T) -> Vec<Argument> {
        let open = self.at;
        self.bump();
        let mut args: Vec<Argument> = Vec::new();
        if !self.is(closer) {
            loop {
                let before = self.at;
                if self.is(T::Comma) || self.is(closer) {
                    // a gap: `f(a,,b)`, `f(a,)`
                    self.error_here("CS0839", "Argument missing");
                    args.push(Argument { name: None, modifier: ArgModifier::None, value: self.missing() });
                } else {
                    let argument = self.argument();
                    let is_late_name = args.last().is_some_and(|last| last.name.is_some()) && argument.name.is_none();
                    if is_late_name {
                        let span = argument.value.span;
                        self.feature(Feature::NonTrailingNamedArguments, span);
                    }
                    args.push(argument);
                }
                if self.eat(T::Comma) {
                    continue;
                }
                if self.is(closer) || !self.resume_list(before, closer) {
                    break;
                }
            }
        } else if closer == T::RBracket {
            self.error_here("CS0443", "Syntax error; value expected");
        }
        self.close(open, closer);
        args
    }

    /// After an element that neither a comma nor the closer follows: is there another one, with its comma missing?
    fn resume_list(&mut self, before: usize, closer: T) -> bool {
        if self.at == before || !self.starts_expression(self.at) || self.token(0).on_new_line {
            return false;
        }
        self.error_missing(
            if closer == T::RParen { "CS1026" } else { "CS1003" },
            if closer == T::RParen {
                ") expected".to_owned()
            } else {
                format!("Syntax error, '{}' expected", closer.text())
            },
        );
        false
    }

    fn argument(&mut self) -> Argument {
        let is_named = self.is_name(self.kind()) && self.peek_is(1, T::Colon);
        let name = is_named.then(|| {
            let name = self.ident();
            self.bump();
            name
        });
        let modifier = match self.kind() {
            T::Ref => ArgModifier::Ref,
            T::Out => ArgModifier::Out,
            T::In => ArgModifier::In,
            _ => ArgModifier::None,
        };
        if modifier != ArgModifier::None {
            self.bump();
        }
        let value = match modifier {
            ArgModifier::Out => match self.declaration_expression() {
                Some(declaration) => declaration,
                None => self.parse_expression(),
            },
            _ => self.parse_expression(),
        };
        Argument { name, modifier, value }
    }

    /// `T name` or `var name` as an expression, when that is what stands here.
    fn declaration_expression(&mut self) -> Option<Expr> {
        let scanned = self.scan_type(self.at, true)?;
        if !self.is_name(self.kind_at(scanned.end)) {
            return None;
        }
        let start = self.start();
        let ty = self.parse_type();
        let designation = self.designation();
        Some(Expr { kind: ExprKind::Declaration { ty, designation }, span: self.span_from(start) })
    }

    /// `var (a, b)` as the target of a deconstruction.
    pub(super) fn var_tuple(&mut self) -> Expr {
        let start = self.start();
        let ty = Type { kind: TypeKind::Var, span: self.bump().span };
        let designation = self.designation();
        Expr { kind: ExprKind::Declaration { ty, designation }, span: self.span_from(start) }
    }

    /// A name, `_`, or names in parentheses.
    pub(super) fn designation(&mut self) -> Designation {
        self.nested(|p| {
            let start = p.start();
            let kind = if p.is(T::LParen) {
                let open = p.at;
                p.bump();
                let mut parts = Vec::new();
                while !p.is(T::RParen) {
                    parts.push(p.designation());
                    if !p.eat(T::Comma) {
                        break;
                    }
                }
                p.close(open, T::RParen);
                DesignationKind::Tuple(parts)
            } else if p.is_word("_") {
                p.bump();
                DesignationKind::Discard
            } else {
                DesignationKind::Single(p.ident())
            };
            Designation { kind, span: p.span_from(start) }
        })
    }

    fn primary(&mut self) -> Expr {
        let start = self.start();
        let token = self.token(0);
        if let Some(literal) = self.literal() {
            return Expr { kind: ExprKind::Literal(literal), span: token.span };
        }
        let kind = match token.kind {
            T::InterpolatedStart => self.interpolated(),
            T::LParen => self.parenthesized(),
            T::LBracket => self.collection(),
            T::New => self.creation(),
            T::Stackalloc => self.stackalloc(),
            T::Delegate => self.anonymous_method(),
            T::This => {
                self.bump();
                ExprKind::This
            }
            T::Base => {
                self.bump();
                ExprKind::Base
            }
            T::Typeof => {
                let ty = self.type_operand();
                ExprKind::TypeOf(ty)
            }
            T::Sizeof => {
                let ty = self.type_operand();
                ExprKind::SizeOf(ty)
            }
            T::Default if self.peek_is(1, T::LParen) => {
                let ty = self.type_operand();
                ExprKind::Default(Some(ty))
            }
            T::Default => {
                let span = self.bump().span;
                self.feature(Feature::DefaultLiteral, span);
                ExprKind::Default(None)
            }
            T::Checked | T::Unchecked => {
                self.bump();
                let open = self.at;
                self.expect(T::LParen);
                let value = Box::new(self.parse_expression());
                self.close(open, T::RParen);
                ExprKind::Checked { is_checked: token.kind == T::Checked, value }
            }
            T::Ident | T::VerbatimIdent if self.peek_is(1, T::ColonColon) => {
                let alias = self.ident();
                self.bump();
                let name = self.simple_name();
                ExprKind::AliasQualified { alias, name }
            }
            T::Ident if self.is_word("nameof") && self.peek_is(1, T::LParen) => {
                self.bump();
                let open = self.at;
                self.bump();
                let value = Box::new(self.parse_expression());
                self.close(open, T::RParen);
                ExprKind::NameOf(value)
            }
            T::Ident | T::VerbatimIdent => ExprKind::Name(self.simple_name()),
            kind => match super::types::predefined(kind) {
                Some(found) => {
                    self.bump();
                    if !self.is(T::Dot) {
                        self.error("CS1525", format!("Invalid expression term '{}'", kind.text()), token.span);
                    }
                    ExprKind::Predefined(found)
                }
                None => return self.no_operand(),
            },
        };
        Expr { kind, span: self.span_from(start) }
    }

    /// Nothing that starts an operand stands here.
    fn no_operand(&mut self) -> Expr {
        let token = self.token(0);
        let missing = self.missing();
        match token.kind {
            T::Bad => {
                // The lexer has reported it; what stands behind it may be read.
                self.bump();
                if self.starts_expression(self.at) && !self.gave_up {
                    return self.nested(Self::postfix);
                }
            }
            T::Eof => self.error_missing("CS1733", "Expected expression"),
            T::HoleClose | T::HoleFormat if self.kind_at(self.at.wrapping_sub(1)) == T::HoleOpen => {
                self.error_here("CS1733", "Expected expression");
            }
            _ => {
                let text = self.text(token);
                self.error_here("CS1525", format!("Invalid expression term '{text}'"));
                // An operator without its left side: what is right of it may be read.
                let is_operator = matches!(
                    token.kind,
                    T::Slash
                        | T::Percent
                        | T::Lt
                        | T::Gt
                        | T::LtEq
                        | T::GtEq
                        | T::EqEq
                        | T::BangEq
                        | T::AndAnd
                        | T::OrOr
                );
                if is_operator && self.starts_expression(self.at + 1) {
                    self.bump();
                    return self.nested(Self::unary);
                }
            }
        }
        missing
    }

    /// A literal, if one stands here.
    pub(super) fn literal(&mut self) -> Option<Literal> {
        let token = self.token(0);
        let literal = match token.kind {
            T::True => Literal::Bool(true),
            T::False => Literal::Bool(false),
            T::Null => Literal::Null,
            T::Int | T::Real | T::Char | T::Str | T::Utf8Str => match self.value(token)? {
                Value::Int(value, suffix) => {
                    Literal::Int { value: *value, suffix: *suffix, text: self.text(token).into() }
                }
                Value::Real(digits, suffix) => {
                    Literal::Real { digits: digits.clone(), suffix: *suffix, text: self.text(token).into() }
                }
                Value::Char(unit) => Literal::Char(*unit),
                Value::Text(text, form) if token.kind == T::Str => Literal::String { value: text.clone(), form: *form },
                Value::Text(text, _) => Literal::Utf8String(text.clone()),
                Value::Ident(_) => return None,
            },
            _ => return None,
        };
        self.bump();
        Some(literal)
    }

    fn type_operand(&mut self) -> Type {
        self.bump();
        let open = self.at;
        self.expect(T::LParen);
        let ty = self.parse_type();
        self.close(open, T::RParen);
        ty
    }

    fn interpolated(&mut self) -> ExprKind {
        let form = self.text_value(self.token(0)).1;
        self.bump();
        let mut parts = Vec::new();
        loop {
            let token = self.token(0);
            match token.kind {
                T::InterpolatedText => {
                    self.bump();
                    let text = self.text_value(token).0;
                    if !text.is_empty() {
                        parts.push(InterpolatedPart::Text(text));
                    }
                }
                T::HoleOpen => parts.push(self.hole()),
                _ => break,
            }
        }
        if !self.eat(T::InterpolatedEnd) && !self.gave_up {
            self.error_here("CS1003", "Syntax error, '\"' expected");
        }
        ExprKind::Interpolated(InterpolatedString { parts, form })
    }

    fn hole(&mut self) -> InterpolatedPart {
        let open = self.at;
        let start = self.start();
        self.bump();
        let was_in_query = std::mem::take(&mut self.in_query);
        let value = self.parse_expression();
        let alignment = self.eat(T::Comma).then(|| self.parse_expression());
        let format_token = self.token(0);
        let format = self.eat(T::HoleFormat).then(|| {
            let text = self.text_value(format_token).0;
            if text.is_empty() {
                self.error("CS8089", "Empty format specifier.", format_token.span);
            }
            text
        });
        self.in_query = was_in_query;
        if !self.is(T::HoleClose) {
            self.error_missing("CS1003", "Syntax error, '}' expected");
            if let Some(close) = self.partner(open).filter(|&close| close >= self.at) {
                self.at = close;
            }
        }
        self.eat(T::HoleClose);
        InterpolatedPart::Hole { value, alignment, format, span: self.span_from(start) }
    }

    /// `(x)`, `(a, b)`, and a tuple of declarations before `=`.
    fn parenthesized(&mut self) -> ExprKind {
        let open = self.at;
        self.bump();
        let was_in_query = std::mem::take(&mut self.in_query);
        let is_target = self.partner(open).is_some_and(|close| matches!(self.kind_at(close + 1), T::Eq | T::In));
        let kind = self.tuple_or_paren(open, is_target);
        self.in_query = was_in_query;
        kind
    }

    fn tuple_or_paren(&mut self, open: usize, is_target: bool) -> ExprKind {
        let mut elements: Vec<TupleElement> = Vec::new();
        loop {
            let is_named = self.is_name(self.kind()) && self.peek_is(1, T::Colon);
            let name = is_named.then(|| {
                let name = self.ident();
                self.bump();
                name
            });
            let value = match is_target.then(|| self.target_element()).flatten() {
                Some(declaration) => declaration,
                None => self.parse_expression(),
            };
            elements.push(TupleElement { name, value });
            if !self.eat(T::Comma) {
                break;
            }
        }
        self.close(open, T::RParen);
        let is_single = elements.len() == 1 && elements.iter().all(|element| element.name.is_none());
        match elements.pop() {
            Some(only) if is_single => ExprKind::Paren(Box::new(only.value)),
            Some(last) => {
                elements.push(last);
                if elements.len() < 2 {
                    self.error_missing("CS8124", "Tuple must contain at least two elements.");
                }
                ExprKind::Tuple(elements)
            }
            None => ExprKind::Missing,
        }
    }

    /// `T x`, `var x`, `var (a, b)` in the target of a deconstruction.
    fn target_element(&mut self) -> Option<Expr> {
        if self.is_word("var") && self.peek_is(1, T::LParen) {
            return Some(self.var_tuple());
        }
        let open = self.at;
        if self.is(T::LParen)
            && self.partner(open).is_some_and(|close| matches!(self.kind_at(close + 1), T::Comma | T::RParen))
        {
            return Some(self.nested(|p| {
                let start = p.start();
                p.bump();
                let kind = p.tuple_or_paren(open, true);
                Expr { kind, span: p.span_from(start) }
            }));
        }
        self.declaration_expression()
    }

    /// `[a, ..b]`.
    fn collection(&mut self) -> ExprKind {
        let open = self.at;
        let span = self.bump().span;
        self.feature(Feature::CollectionExpression, span);
        let mut elements = Vec::new();
        while !self.is(T::RBracket) {
            let before = self.at;
            let is_spread = self.eat(T::DotDot);
            elements.push(CollectionElement { is_spread, value: self.parse_expression() });
            if !self.eat(T::Comma) || self.at == before {
                break;
            }
        }
        self.close(open, T::RBracket);
        ExprKind::Collection(elements)
    }
}
