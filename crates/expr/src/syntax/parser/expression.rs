//! Operators, from assignment down to unary.

use apimite_diag::Span;

use super::types::TypeMode;
use super::{Feature, Parser, T};
use crate::syntax::ast::{AssignOp, BinaryOp, Expr, ExprKind, UnaryOp};

/// Binding strength of operators with two operands; higher binds tighter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    Coalesce,
    OrElse,
    AndAlso,
    Or,
    Xor,
    And,
    Equality,
    Relational,
    Shift,
    Additive,
    Multiplicative,
    Operand,
}

impl Strength {
    fn tighter(self) -> Self {
        match self {
            Self::Coalesce => Self::OrElse,
            Self::OrElse => Self::AndAlso,
            Self::AndAlso => Self::Or,
            Self::Or => Self::Xor,
            Self::Xor => Self::And,
            Self::And => Self::Equality,
            Self::Equality => Self::Relational,
            Self::Relational => Self::Shift,
            Self::Shift => Self::Additive,
            Self::Additive => Self::Multiplicative,
            Self::Multiplicative | Self::Operand => Self::Operand,
        }
    }
}

/// What an infix position holds.
enum Infix {
    Binary(BinaryOp, usize),
    Is,
    As,
}

impl Parser<'_> {
    /// An expression of any kind.
    pub(super) fn parse_expression(&mut self) -> Expr {
        self.nested(Self::expression_body)
    }

    fn expression_body(&mut self) -> Expr {
        if self.is_lambda_start() {
            return self.lambda();
        }
        if self.is_query() {
            return self.query();
        }
        let start = self.start();
        match self.kind() {
            T::Throw => return self.throw_expression(),
            T::Ref => {
                self.bump();
                let target = Box::new(self.parse_expression());
                return Expr { kind: ExprKind::Ref(target), span: self.span_from(start) };
            }
            _ => {}
        }
        let left = self.binary(Strength::Coalesce);
        if self.is(T::Question) {
            let conditional = self.conditional(left, start);
            return conditional;
        }
        let Some((op, length)) = self.assignment_operator() else { return left };
        let op_start = self.at;
        for _ in 0..length {
            self.bump();
        }
        let newer = match op {
            AssignOp::Compound(BinaryOp::Coalesce) => Some(Feature::CoalescingAssignment),
            AssignOp::Compound(BinaryOp::UnsignedShiftRight) => Some(Feature::UnsignedRightShift),
            _ => None,
        };
        if let Some(feature) = newer {
            let span = self.tokens.list.get(op_start).map_or_else(Span::default, |token| token.span);
            self.feature(feature, span);
        }
        let value = Box::new(self.parse_expression());
        Expr { kind: ExprKind::Assign { op, target: Box::new(left), value }, span: self.span_from(start) }
    }

    fn throw_expression(&mut self) -> Expr {
        let start = self.start();
        self.bump();
        let value = self.nested(|p| p.binary(Strength::Coalesce));
        Expr { kind: ExprKind::Throw(Box::new(value)), span: self.span_from(start) }
    }

    fn conditional(&mut self, condition: Expr, start: u32) -> Expr {
        self.bump();
        let then = Box::new(self.parse_expression());
        if self.is(T::HoleFormat) {
            self.error_here(
                "CS8361",
                "A conditional expression cannot be used directly in a string interpolation because the ':' ends the \
                 interpolation. Parenthesize the conditional expression.",
            );
        } else {
            self.expect(T::Colon);
        }
        let otherwise = Box::new(self.parse_expression());
        let kind = ExprKind::Conditional { condition: Box::new(condition), then, otherwise };
        Expr { kind, span: self.span_from(start) }
    }

    /// The assignment operator that stands here, and how many tokens it has.
    fn assignment_operator(&self) -> Option<(AssignOp, usize)> {
        use BinaryOp as B;
        let compound = |op| Some((AssignOp::Compound(op), 1));
        match self.kind() {
            T::Eq => Some((AssignOp::Assign, 1)),
            T::PlusEq => compound(B::Add),
            T::MinusEq => compound(B::Subtract),
            T::StarEq => compound(B::Multiply),
            T::SlashEq => compound(B::Divide),
            T::PercentEq => compound(B::Remainder),
            T::AndEq => compound(B::And),
            T::OrEq => compound(B::Or),
            T::CaretEq => compound(B::Xor),
            T::ShlEq => compound(B::ShiftLeft),
            T::CoalesceEq => compound(B::Coalesce),
            T::Gt if self.adjacent(0) && self.peek_is(1, T::GtEq) => Some((AssignOp::Compound(B::ShiftRight), 2)),
            T::Gt if self.adjacent(0) && self.peek_is(1, T::Gt) && self.adjacent(1) && self.peek_is(2, T::GtEq) => {
                Some((AssignOp::Compound(B::UnsignedShiftRight), 3))
            }
            _ => None,
        }
    }

    /// Operators at least as strong as `least`.
    pub(super) fn binary(&mut self, least: Strength) -> Expr {
        let start = self.start();
        let mut left = self.scope(Self::operand);
        while let Some((infix, strength)) = self.infix().filter(|(_, strength)| *strength >= least) {
            let op_span = self.token(0).span;
            let kind = match infix {
                Infix::Is => {
                    self.bump();
                    let pattern = Box::new(self.nested(Self::is_pattern));
                    ExprKind::Is { value: Box::new(left), pattern }
                }
                Infix::As => {
                    self.bump();
                    let ty = self.parse_type_in(TypeMode::AfterIs);
                    ExprKind::As { value: Box::new(left), ty }
                }
                Infix::Binary(op, length) => {
                    for _ in 0..length {
                        self.bump();
                    }
                    let op_span = Span::new(op_span.start, self.span_from(op_span.start).end);
                    if op == BinaryOp::UnsignedShiftRight {
                        self.feature(Feature::UnsignedRightShift, op_span);
                    }
                    let right = self.right_operand(op, strength);
                    ExprKind::Binary { op, left: Box::new(left), right: Box::new(right), op_span }
                }
            };
            self.grown();
            left = Expr { kind, span: self.span_from(start) };
        }
        left
    }

    fn right_operand(&mut self, op: BinaryOp, strength: Strength) -> Expr {
        if op == BinaryOp::Coalesce {
            if self.is(T::Throw) {
                return self.throw_expression();
            }
            return self.nested(|p| p.binary(Strength::Coalesce));
        }
        // One level for each strength, not for each operator: a chain of one strength is a loop above.
        self.nested(|p| p.binary(strength.tighter()))
    }

    /// A part whose height is counted apart from the chain it hangs on.
    fn scope<N>(&mut self, read: impl FnOnce(&mut Self) -> N) -> N {
        let before = std::mem::take(&mut self.height);
        let node = read(self);
        self.height = before.max(self.height);
        node
    }

    fn infix(&self) -> Option<(Infix, Strength)> {
        use BinaryOp as B;
        use Strength as S;
        let one = |op, strength| Some((Infix::Binary(op, 1), strength));
        match self.kind() {
            T::Coalesce => one(B::Coalesce, S::Coalesce),
            T::OrOr => one(B::OrElse, S::OrElse),
            T::AndAnd => one(B::AndAlso, S::AndAlso),
            T::Or => one(B::Or, S::Or),
            T::Caret => one(B::Xor, S::Xor),
            T::And => one(B::And, S::And),
            T::EqEq => one(B::Equal, S::Equality),
            T::BangEq => one(B::NotEqual, S::Equality),
            T::Lt => one(B::Less, S::Relational),
            T::LtEq => one(B::LessOrEqual, S::Relational),
            T::GtEq => one(B::GreaterOrEqual, S::Relational),
            T::Is => Some((Infix::Is, S::Relational)),
            T::As => Some((Infix::As, S::Relational)),
            T::Gt => match (self.adjacent(0), self.token(1).kind) {
                (true, T::GtEq) => None,
                (true, T::Gt) => match (self.adjacent(1), self.token(2).kind) {
                    (true, T::GtEq) => None,
                    (true, T::Gt) => Some((Infix::Binary(B::UnsignedShiftRight, 3), S::Shift)),
                    _ => Some((Infix::Binary(B::ShiftRight, 2), S::Shift)),
                },
                _ => one(B::Greater, S::Relational),
            },
            T::Shl => one(B::ShiftLeft, S::Shift),
            T::Plus => one(B::Add, S::Additive),
            T::Minus => one(B::Subtract, S::Additive),
            T::Star => one(B::Multiply, S::Multiplicative),
            T::Slash => one(B::Divide, S::Multiplicative),
            T::Percent => one(B::Remainder, S::Multiplicative),
            _ => None,
        }
    }

    /// Unary, with ranges, `switch` and `with` around it.
    fn operand(&mut self) -> Expr {
        let start = self.start();
        let mut left = if self.is(T::DotDot) { self.range(None, start) } else { self.unary() };
        if self.is(T::DotDot) && !matches!(left.kind, ExprKind::Range { .. }) {
            left = self.range(Some(Box::new(left)), start);
        }
        loop {
            if self.is(T::Switch) && self.peek_is(1, T::LBrace) {
                left = self.switch_expression(left, start);
            } else if self.is_word("with") && self.peek_is(1, T::LBrace) {
                let span = self.bump().span;
                self.feature(Feature::With, span);
                let initializer = self.initializer();
                left =
                    Expr { kind: ExprKind::With { value: Box::new(left), initializer }, span: self.span_from(start) };
            } else {
                return left;
            }
            self.grown();
        }
    }

    fn range(&mut self, from: Option<Box<Expr>>, start: u32) -> Expr {
        let span = self.bump().span;
        self.feature(Feature::Range, span);
        let has_end = !self.is(T::LBracket) && self.starts_expression(self.at);
        let end = has_end.then(|| Box::new(self.nested(Self::unary)));
        Expr { kind: ExprKind::Range { start: from, end }, span: self.span_from(start) }
    }

    pub(super) fn unary(&mut self) -> Expr {
        let start = self.start();
        let op = match self.kind() {
            T::Plus => UnaryOp::Plus,
            T::Minus => UnaryOp::Minus,
            T::Bang => UnaryOp::Not,
            T::Tilde => UnaryOp::Complement,
            T::PlusPlus => UnaryOp::PreIncrement,
            T::MinusMinus => UnaryOp::PreDecrement,
            T::Caret => UnaryOp::IndexFromEnd,
            T::And => UnaryOp::AddressOf,
            T::Star => UnaryOp::Dereference,
            T::LParen if self.is_cast() => {
                self.bump();
                let ty = self.parse_type();
                self.expect(T::RParen);
                let value = if self.is(T::Throw) { self.throw_expression() } else { self.nested(Self::unary) };
                return Expr { kind: ExprKind::Cast { ty, value: Box::new(value) }, span: self.span_from(start) };
            }
            T::Ident if self.is_await() => {
                self.bump();
                let value = Box::new(self.nested(Self::unary));
                return Expr { kind: ExprKind::Await(value), span: self.span_from(start) };
            }
            _ => return self.postfix(),
        };
        let span = self.bump().span;
        if op == UnaryOp::IndexFromEnd {
            self.feature(Feature::IndexFromEnd, span);
        }
        let operand = Box::new(self.nested(Self::unary));
        Expr { kind: ExprKind::Unary { op, operand }, span: self.span_from(start) }
    }

    /// `await` with an operand that shows it is no name.
    fn is_await(&self) -> bool {
        self.is_word("await")
            && matches!(
                self.token(1).kind,
                T::Ident | T::VerbatimIdent | T::New | T::This | T::Base | T::Str | T::Int | T::InterpolatedStart
            )
            && !(self.in_query && self.is_query_word(self.at + 1))
    }
}
