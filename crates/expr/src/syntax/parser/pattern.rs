//! Patterns.

use super::expression::Strength;
use super::types::TypeMode;
use super::{Feature, Parser, T};
use crate::syntax::ast::{
    Expr, ExprKind, Pattern, PatternKind, PropertyPattern, RelationalOp, SwitchArm, Type, TypeKind,
};

/// Where a pattern stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After `is`: a name alone is a type.
    Is,
    /// In `case`, in a switch expression, or inside another pattern: a name alone is a constant.
    Case,
}

impl Parser<'_> {
    /// What stands after `is`.
    pub(super) fn is_pattern(&mut self) -> Pattern {
        self.or_pattern(Place::Is)
    }

    /// What stands after `case`, or in an arm.
    pub(super) fn case_pattern(&mut self) -> Pattern {
        self.nested(|p| p.or_pattern(Place::Case))
    }

    fn or_pattern(&mut self, place: Place) -> Pattern {
        let start = self.start();
        let mut left = self.and_pattern(place);
        while self.is_word("or") {
            let span = self.bump().span;
            self.feature(Feature::PatternCombinators, span);
            let right = self.nested(|p| p.and_pattern(place));
            self.grown();
            left = Pattern { kind: PatternKind::Or(Box::new(left), Box::new(right)), span: self.span_from(start) };
        }
        left
    }

    fn and_pattern(&mut self, place: Place) -> Pattern {
        let start = self.start();
        let mut left = self.not_pattern(place);
        while self.is_word("and") {
            let span = self.bump().span;
            self.feature(Feature::PatternCombinators, span);
            let right = self.nested(|p| p.not_pattern(place));
            self.grown();
            left = Pattern { kind: PatternKind::And(Box::new(left), Box::new(right)), span: self.span_from(start) };
        }
        left
    }

    fn not_pattern(&mut self, place: Place) -> Pattern {
        let start = self.start();
        let is_not = self.is_word("not")
            && (self.starts_expression(self.at + 1)
                || matches!(self.token(1).kind, T::LBrace | T::Lt | T::Gt | T::LtEq | T::GtEq));
        if !is_not {
            return self.primary_pattern(place);
        }
        let span = self.bump().span;
        self.feature(Feature::PatternCombinators, span);
        let inner = self.nested(|p| p.not_pattern(place));
        Pattern { kind: PatternKind::Not(Box::new(inner)), span: self.span_from(start) }
    }

    fn primary_pattern(&mut self, place: Place) -> Pattern {
        let start = self.start();
        let kind = match self.kind() {
            T::Lt | T::LtEq | T::Gt | T::GtEq => self.relational_pattern(),
            T::LBrace => self.recursive_pattern(None),
            T::LParen if !self.is_cast() && !self.is_tuple_type_here() => self.parenthesized_pattern(),
            T::LBracket => self.list_pattern(),
            T::DotDot => {
                self.bump();
                let has_inner = !matches!(self.kind(), T::Comma | T::RBracket);
                let inner = has_inner.then(|| Box::new(self.case_pattern()));
                PatternKind::Slice(inner)
            }
            T::Ident if self.is_word("_") && !self.goes_on_as_expression(self.at + 1) => {
                let span = self.bump().span;
                self.feature(Feature::RecursivePatterns, span);
                PatternKind::Discard
            }
            T::Ident if self.is_word("var") && (self.is_name(self.token(1).kind) || self.peek_is(1, T::LParen)) => {
                self.bump();
                PatternKind::Var(self.designation())
            }
            _ => self.type_or_constant(place),
        };
        Pattern { kind, span: self.span_from(start) }
    }

    fn is_tuple_type_here(&self) -> bool {
        self.scan_type(self.at, false).is_some_and(|scanned| {
            let next = scanned.end;
            self.is_designator(next)
        })
    }

    fn relational_pattern(&mut self) -> PatternKind {
        let token = self.bump();
        self.feature(Feature::PatternCombinators, token.span);
        let op = match token.kind {
            T::Lt => RelationalOp::Less,
            T::LtEq => RelationalOp::LessOrEqual,
            T::Gt => RelationalOp::Greater,
            _ => RelationalOp::GreaterOrEqual,
        };
        PatternKind::Relational { op, value: self.binary(Strength::Shift) }
    }

    /// `(p)` or `(p, q) { … } name`.
    fn parenthesized_pattern(&mut self) -> PatternKind {
        let open = self.at;
        let is_single = self
            .partner(open)
            .is_some_and(|close| !matches!(self.kind_at(close + 1), T::LBrace) && !self.is_designator(close + 1));
        let span = self.token(0).span;
        let mut subs = self.positional_patterns();
        let is_single = is_single && subs.len() == 1 && subs.first().is_some_and(|sub| sub.path.is_empty());
        if let Some(only) = is_single.then(|| subs.pop()).flatten() {
            self.feature(Feature::PatternCombinators, span);
            return PatternKind::Paren(Box::new(only.pattern));
        }
        self.feature(Feature::RecursivePatterns, span);
        self.rest_of_recursive(None, Some(subs))
    }

    fn positional_patterns(&mut self) -> Vec<PropertyPattern> {
        self.sub_patterns(T::RParen)
    }

    fn sub_patterns(&mut self, closer: T) -> Vec<PropertyPattern> {
        let open = self.at;
        self.bump();
        let mut subs = Vec::new();
        while !self.is(closer) {
            let before = self.at;
            subs.push(self.sub_pattern());
            if !self.eat(T::Comma) || self.at == before {
                break;
            }
        }
        self.close(open, closer);
        subs
    }

    fn sub_pattern(&mut self) -> PropertyPattern {
        let mut end = self.at;
        while self.is_name(self.kind_at(end)) && self.kind_at(end + 1) == T::Dot {
            end += 2;
        }
        let mut path = Vec::new();
        if self.is_name(self.kind_at(end)) && self.kind_at(end + 1) == T::Colon {
            path.push(self.ident());
            while self.is(T::Dot) {
                let span = self.bump().span;
                self.feature(Feature::ExtendedPropertyPatterns, span);
                path.push(self.ident());
            }
            self.expect(T::Colon);
        }
        PropertyPattern { path, pattern: self.case_pattern() }
    }

    /// `{ … } name` or `(…) { … } name`, after the type if there is one.
    fn recursive_pattern(&mut self, ty: Option<Type>) -> PatternKind {
        let span = self.token(0).span;
        self.feature(Feature::RecursivePatterns, span);
        let positional = self.is(T::LParen).then(|| self.positional_patterns());
        self.rest_of_recursive(ty, positional)
    }

    fn rest_of_recursive(&mut self, ty: Option<Type>, positional: Option<Vec<PropertyPattern>>) -> PatternKind {
        let properties = self.is(T::LBrace).then(|| self.sub_patterns(T::RBrace));
        let designation = self.is_designator(self.at).then(|| self.designation());
        PatternKind::Recursive { ty, positional, properties, designation }
    }

    fn list_pattern(&mut self) -> PatternKind {
        let open = self.at;
        let span = self.bump().span;
        self.feature(Feature::ListPatterns, span);
        let mut patterns = Vec::new();
        while !self.is(T::RBracket) {
            let before = self.at;
            patterns.push(self.case_pattern());
            if !self.eat(T::Comma) || self.at == before {
                break;
            }
        }
        self.close(open, T::RBracket);
        let designation = self.is_designator(self.at).then(|| self.designation());
        PatternKind::List { patterns, designation }
    }

    /// A name that a pattern declares, and not a word that goes on after it.
    fn is_designator(&self, index: usize) -> bool {
        const WORDS: [&str; 4] = ["and", "or", "when", "with"];
        match self.kind_at(index) {
            T::VerbatimIdent => true,
            T::Ident if self.in_query && self.is_query_word(index) => false,
            T::Ident => {
                // `x is T and` could declare `and`, when nothing that a pattern starts with follows.
                !WORDS.iter().any(|word| self.word_at(index, word))
                    || matches!(self.kind_at(index + 1), T::RParen | T::AndAnd | T::OrOr | T::Semicolon | T::Eof)
            }
            _ => false,
        }
    }

    /// Does the operand that ended before `index` go on as a constant expression?
    fn goes_on_as_expression(&self, index: usize) -> bool {
        match self.kind_at(index) {
            T::Plus | T::Minus | T::Star | T::Slash | T::Percent | T::Shl | T::LParen | T::LBracket | T::Dot => true,
            T::Gt => {
                self.kind_at(index + 1) == T::Gt
                    && self.tokens.list.get(index).map(|t| t.span.end)
                        == self.tokens.list.get(index + 1).map(|t| t.span.start)
            }
            _ => false,
        }
    }

    fn type_or_constant(&mut self, place: Place) -> PatternKind {
        let Some(scanned) = self.scan_type(self.at, false) else {
            return PatternKind::Constant(self.binary(Strength::Shift));
        };
        let next = scanned.end;
        let is_pattern = self.is_designator(next) || self.kind_at(next) == T::LBrace;
        let is_positional = self.kind_at(next) == T::LParen;
        if is_pattern || is_positional {
            let ty = self.parse_type_in(TypeMode::AfterIs);
            if self.is(T::LBrace) || self.is(T::LParen) {
                return self.recursive_pattern(Some(ty));
            }
            return PatternKind::Declaration { ty, designation: self.designation() };
        }
        let is_predefined_member = super::types::predefined(self.kind()).is_some() && self.kind_at(next) == T::Dot;
        let is_certain = scanned.is_certain || self.kind_at(next.wrapping_sub(1)) == T::Gt;
        if !is_predefined_member && (is_certain || (place == Place::Is && !self.goes_on_as_expression(next))) {
            let ty = self.parse_type_in(TypeMode::AfterIs);
            return PatternKind::Type(ty);
        }
        PatternKind::Constant(self.binary(Strength::Shift))
    }

    /// `{ p => a, … }` behind a value.
    pub(super) fn switch_expression(&mut self, value: Expr, start: u32) -> Expr {
        let span = self.bump().span;
        self.feature(Feature::SwitchExpression, span);
        let open = self.at;
        self.bump();
        let mut arms = Vec::new();
        while !self.is(T::RBrace) {
            let before = self.at;
            let arm_start = self.start();
            let pattern = self.case_pattern();
            let guard = self.eat_word("when").then(|| self.nested(|p| p.binary(Strength::Coalesce)));
            self.expect(T::Arrow);
            let value = self.parse_expression();
            arms.push(SwitchArm { pattern, guard, value, span: self.span_from(arm_start) });
            if !self.eat(T::Comma) || self.at == before {
                break;
            }
        }
        self.close(open, T::RBrace);
        Expr { kind: ExprKind::Switch { value: Box::new(value), arms }, span: self.span_from(start) }
    }

    /// Is this type missing? Then a mistake has been reported already.
    pub(super) fn is_missing_type(ty: &Type) -> bool {
        ty.kind == TypeKind::Missing
    }

    /// May this expression stand alone as a statement?
    pub(super) fn may_stand_alone(expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Assign { .. } | ExprKind::Call { .. } | ExprKind::Await(_) | ExprKind::Missing => true,
            ExprKind::New { .. } => true,
            ExprKind::Unary { op, operand } => {
                use crate::syntax::ast::UnaryOp as U;
                matches!(op, U::PreIncrement | U::PreDecrement | U::PostIncrement | U::PostDecrement)
                    || (*op == U::NullForgiving && Self::may_stand_alone(operand))
            }
            ExprKind::ConditionalAccess { access, .. } => Self::may_stand_alone(access),
            _ => false,
        }
    }
}
