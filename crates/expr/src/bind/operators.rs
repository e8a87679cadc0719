//! Operators: unary, binary, `?:`, `??`, `as`.

mod choice;
mod overloads;

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, How, K};
use crate::library::ParamMode;
use crate::run::arith::{self, Num, Op};
use crate::syntax::ast::{self, BinaryOp, UnaryOp};
use crate::types::{Type, is_number};
use crate::value::{Str, Value};

fn arith_op(op: BinaryOp) -> Option<Op> {
    Some(match op {
        BinaryOp::Multiply => Op::Mul,
        BinaryOp::Divide => Op::Div,
        BinaryOp::Remainder => Op::Rem,
        BinaryOp::Add => Op::Add,
        BinaryOp::Subtract => Op::Sub,
        BinaryOp::ShiftLeft => Op::Shl,
        BinaryOp::ShiftRight => Op::Shr,
        BinaryOp::Less => Op::Less,
        BinaryOp::Greater => Op::Greater,
        BinaryOp::LessOrEqual => Op::LessEqual,
        BinaryOp::GreaterOrEqual => Op::GreaterEqual,
        BinaryOp::Equal => Op::Equal,
        BinaryOp::NotEqual => Op::NotEqual,
        BinaryOp::And => Op::And,
        BinaryOp::Xor => Op::Xor,
        BinaryOp::Or => Op::Or,
        BinaryOp::UnsignedShiftRight | BinaryOp::AndAlso | BinaryOp::OrElse | BinaryOp::Coalesce => return None,
    })
}

impl<'a> Binder<'a> {
    pub(crate) fn unary(&mut self, op: UnaryOp, operand: &'a ast::Expr, span: Span) -> B<'a> {
        match op {
            UnaryOp::PreIncrement => return self.increment(operand, true, false, span),
            UnaryOp::PreDecrement => return self.increment(operand, false, false, span),
            UnaryOp::PostIncrement => return self.increment(operand, true, true, span),
            UnaryOp::PostDecrement => return self.increment(operand, false, true, span),
            UnaryOp::NullForgiving => return self.value(operand),
            UnaryOp::IndexFromEnd => return self.only_inside("^", span),
            UnaryOp::AddressOf | UnaryOp::Dereference => {
                return self.fail(
                    "CS0214",
                    span,
                    "Pointers and fixed size buffers may only be used in an unsafe context",
                );
            }
            _ => {}
        }
        // -2147483648 and -9223372036854775808 are one literal.
        if op == UnaryOp::Minus
            && let ast::ExprKind::Literal(ast::Literal::Int { value, suffix, .. }) = &operand.kind
        {
            match (value, suffix) {
                (2_147_483_648, ast::IntSuffix::None) => return B::constant(Value::Int(i32::MIN), Type::int(), span),
                (9_223_372_036_854_775_808, ast::IntSuffix::None | ast::IntSuffix::L) => {
                    return B::constant(Value::Long(i64::MIN), Type::long(), span);
                }
                _ => {}
            }
        }
        let e = self.typed(operand);
        if e.is_error() {
            return B::error(span);
        }
        let symbol = op.text();
        let base = e.ty.underlying();
        let lifted = e.ty.nullable_of().is_some();
        if op == UnaryOp::Not {
            if base == Type::bool() {
                if let Some(Value::Bool(b)) = e.constant {
                    return B::constant(Value::Bool(!b), Type::bool(), span);
                }
                let ty = e.ty;
                return B::new(K::Not { value: Box::new(e), lifted }, ty, span);
            }
            if !is_number(base)
                && let Some(call) = self.user_unary("!", &e, span)
            {
                return call;
            }
            if self.implicit(&e, Type::bool()).is_some() {
                let e = self.convert(e, Type::bool());
                return B::new(K::Not { value: Box::new(e), lifted: false }, Type::bool(), span);
            }
            return self.bad_unary(symbol, &e, span);
        }
        if op == UnaryOp::Complement && base.is_enum() {
            if let Some(value) = &e.constant {
                return B::constant(arith::complement(value), e.ty, span);
            }
            let ty = e.ty;
            return B::new(K::Complement { value: Box::new(e) }, ty, span);
        }
        if let Some(call) = self.user_unary(symbol, &e, span) {
            return call;
        }
        // Promotion.
        let mut target = None;
        if is_number(base) || base == Type::char() {
            let candidates = match op {
                UnaryOp::Complement => &[Num::Int, Num::UInt, Num::Long, Num::ULong][..],
                UnaryOp::Minus => &[Num::Int, Num::Long, Num::Float, Num::Double, Num::Decimal][..],
                _ => &[Num::Int, Num::UInt, Num::Long, Num::ULong, Num::Float, Num::Double, Num::Decimal][..],
            };
            target = candidates.iter().map(|n| n.ty()).find(|t| self.standard(base, *t).is_some());
        } else {
            // An operand that converts to a number by an operator.
            for num in [Num::Int, Num::Long, Num::Double, Num::Decimal] {
                if self.implicit(&e, num.ty()).is_some() {
                    target = Some(num.ty());
                    break;
                }
            }
        }
        let Some(target) = target else { return self.bad_unary(symbol, &e, span) };
        if op == UnaryOp::Minus && base == Type::ulong() {
            return self.bad_unary(symbol, &e, span);
        }
        let ty = if lifted { target.nullable() } else { target };
        let e = self.convert(e, ty);
        if let Some(value) = &e.constant {
            let folded = match op {
                UnaryOp::Minus => arith::negate(value, !self.unchecked),
                UnaryOp::Complement => Ok(arith::complement(value)),
                _ => Ok(value.clone()),
            };
            return match folded {
                Ok(value) => B::constant(value, ty, span),
                Err(_) => self.fail("CS0220", span, "The operation overflows at compile time in checked mode"),
            };
        }
        let checked = self.checked;
        let kind = match op {
            UnaryOp::Minus => K::Negate { value: Box::new(e), checked },
            UnaryOp::Complement => K::Complement { value: Box::new(e) },
            _ => K::Convert(Box::new(e), How::Same),
        };
        B::new(kind, ty, span)
    }

    fn bad_unary(&mut self, symbol: &str, e: &B<'a>, span: Span) -> B<'a> {
        let shown = e.ty;
        self.fail("CS0023", span, format!("Operator '{symbol}' cannot be applied to operand of type '{shown}'"))
    }

    pub(crate) fn binary(
        &mut self,
        op: BinaryOp,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        op_span: Span,
        span: Span,
    ) -> B<'a> {
        match op {
            BinaryOp::AndAlso | BinaryOp::OrElse => return self.logical(op, left, right, span),
            BinaryOp::Coalesce => return self.coalesce(left, right, span),
            _ => {}
        }
        // A long chain `a + b + c …` nests to the left: walk it instead of recursing.
        let mut chain = vec![(op, right, span)];
        let mut first = left;
        while let ast::ExprKind::Binary { op, left, right, .. } = &first.kind {
            if arith_op(*op).is_none() {
                break;
            }
            chain.push((*op, right, first.span));
            first = left;
        }
        let mut e = self.value(first);
        while let Some((op, right, span)) = chain.pop() {
            let right = self.value(right);
            e = self.binary_bound(op, e, right, op_span, span);
        }
        e
    }

    pub(crate) fn binary_bound(&mut self, op: BinaryOp, left: B<'a>, right: B<'a>, _at: Span, span: Span) -> B<'a> {
        if left.is_error() || right.is_error() {
            return B::error(span);
        }
        if op == BinaryOp::UnsignedShiftRight {
            return self.shift_unsigned(left, right, span);
        }
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let negate = op == BinaryOp::NotEqual;
        // Tuples are compared by parts.
        if equality
            && (matches!(left.kind, K::UnboundTuple(_)) || left.ty.is_tuple())
            && (matches!(right.kind, K::UnboundTuple(_)) || right.ty.is_tuple())
        {
            return self.tuple_equality(left, right, negate, span);
        }
        // `x == default` takes the type of the other side.
        let open = |e: &B<'a>| matches!(e.kind, K::UnboundDefault);
        let (left, right) = match (equality, open(&left), open(&right)) {
            (true, true, false) if !right.is_typeless() => (self.convert(left, right.ty), right),
            (true, false, true) if !left.is_typeless() => {
                let right = self.convert(right, left.ty);
                (left, right)
            }
            _ => (left, right),
        };
        let null = |e: &B<'a>| e.is_null();
        let left = if null(&left) { left } else { self.binary_operand(left) };
        let right = if null(&right) { right } else { self.binary_operand(right) };
        if left.is_error() || right.is_error() {
            return B::error(span);
        }
        if equality && null(&left) && null(&right) {
            return B::constant(Value::Bool(!negate), Type::bool(), span);
        }
        let additive = op == BinaryOp::Add || op == BinaryOp::Subtract;
        if additive && left.ty.is_delegate() && self.implicit(&right, left.ty).is_some() {
            return self.combine(op == BinaryOp::Add, left, right, span);
        }
        if left.ty.is_void() || right.ty.is_void() {
            return self.bad_binary(op, &left, &right, span);
        }
        // Text.
        if op == BinaryOp::Add && (left.ty == Type::string() || right.ty == Type::string()) {
            // An operator of the other operand's type comes first: `XNamespace + string` is a name.
            return match self.user_binary(op, &left, &right, span) {
                Some(own) => own,
                None => self.concat(left, right, span),
            };
        }
        if op == BinaryOp::Add && null(&left) && null(&right) {
            return self.bad_binary(op, &left, &right, span);
        }
        if let Some(result) = self.user_binary(op, &left, &right, span) {
            return result;
        }
        if let Some(result) = self.built_in(op, &left, &right, span) {
            return result;
        }
        if equality && let Some(result) = self.reference_equality(&left, &right, negate, span) {
            return result;
        }
        self.bad_binary(op, &left, &right, span)
    }

    /// `a + b` and `a - b` of delegates.
    fn combine(&mut self, add: bool, left: B<'a>, right: B<'a>, span: Span) -> B<'a> {
        let ty = left.ty;
        let right = self.convert(right, ty);
        let base = &crate::library::core::names::DELEGATE;
        let Some(member) = self.registry.declared(base, if add { "Combine" } else { "Remove" }).into_iter().next()
        else {
            return B::error(span);
        };
        let args = [left, right].into_iter().map(|value| Arg { value, mode: ParamMode::Value }).collect();
        let call = B::new(K::Call { member, types: Arc::from([]), args, lifted: false }, Type::of(base), span);
        B::new(K::Convert(Box::new(call), How::Same), ty, span)
    }

    fn binary_operand(&mut self, e: B<'a>) -> B<'a> {
        match &e.kind {
            K::UnboundLambda(_) | K::UnboundDefault | K::Methods(_) | K::UnboundTuple(_) => e,
            _ => self.rvalue(e),
        }
    }

    pub(crate) fn bad_binary(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> B<'a> {
        let show = |e: &B<'a>| match &e.kind {
            K::UnboundLambda(_) => "lambda expression".to_owned(),
            K::Methods(_) => "method group".to_owned(),
            K::UnboundDefault => "default".to_owned(),
            _ => e.ty.csharp(),
        };
        let (a, b) = (show(left), show(right));
        let signed = |ty: Type| [Type::int(), Type::long(), Type::short(), Type::sbyte()].contains(&ty.underlying());
        let wide = |ty: Type| ty.underlying() == Type::ulong();
        let arithmetic = !matches!(
            op,
            BinaryOp::And
                | BinaryOp::Or
                | BinaryOp::Xor
                | BinaryOp::ShiftLeft
                | BinaryOp::ShiftRight
                | BinaryOp::AndAlso
                | BinaryOp::OrElse
        );
        if arithmetic && (signed(left.ty) && wide(right.ty) || wide(left.ty) && signed(right.ty)) {
            let operator = op.text();
            return self.fail(
                "CS0034",
                span,
                format!("Operator '{operator}' is ambiguous on operands of type '{a}' and '{b}'"),
            );
        }
        self.fail(
            "CS0019",
            span,
            format!("Operator '{}' cannot be applied to operands of type '{a}' and '{b}'", op.text()),
        )
    }

    fn tuple_equality(&mut self, left: B<'a>, right: B<'a>, negate: bool, span: Span) -> B<'a> {
        let parts = |e: &B<'a>| match &e.kind {
            K::UnboundTuple(parts) => parts.len(),
            _ => super::convert::tuple_parts(e.ty).len(),
        };
        if parts(&left) != parts(&right) {
            let (a, b) = (parts(&left), parts(&right));
            return self.fail(
                "CS8384",
                span,
                format!("Tuple types used as operands of an == or != operator must have matching cardinalities. But this operator has tuple types of cardinality {a} on the left and {b} on the right."),
            );
        }
        let count = parts(&left);
        let mut effects = Vec::new();
        let mut split = |binder: &mut Self, e: B<'a>| -> Vec<B<'a>> {
            match e.kind {
                K::UnboundTuple(parts) => parts.into_iter().map(|(_, p)| p).collect(),
                K::Record(parts) => parts,
                _ => {
                    let temp = binder.temp(e.ty, span);
                    let local = binder.local_value(temp, span);
                    let ty = e.ty;
                    effects.push(B::new(K::Assign { target: Box::new(local.clone()), value: Box::new(e) }, ty, span));
                    (0..count).map(|i| binder.tuple_item(local.clone(), i, span)).collect()
                }
            }
        };
        let (a, b) = (split(self, left), split(self, right));
        let op = if negate { BinaryOp::NotEqual } else { BinaryOp::Equal };
        let mut result: Option<B<'a>> = None;
        for (x, y) in a.into_iter().zip(b) {
            let one = self.binary_bound(op, x, y, span, span);
            result = Some(match result {
                None => one,
                Some(before) => {
                    let kind = if negate {
                        K::OrElse(Box::new(before), Box::new(one))
                    } else {
                        K::AndAlso(Box::new(before), Box::new(one))
                    };
                    B::new(kind, Type::bool(), span)
                }
            });
        }
        let value = result.unwrap_or_else(|| B::constant(Value::Bool(!negate), Type::bool(), span));
        if effects.is_empty() {
            return value;
        }
        B::new(K::Sequence { effects, value: Box::new(value) }, Type::bool(), span)
    }

    /// `a + b` of texts; chains become one node.
    fn concat(&mut self, left: B<'a>, right: B<'a>, span: Span) -> B<'a> {
        for side in [&left, &right] {
            if matches!(side.kind, K::UnboundLambda(_) | K::Methods(_)) {
                let (l, r) = (left.clone(), right.clone());
                return self.bad_binary(BinaryOp::Add, &l, &r, span);
            }
        }
        if let (Some(a), Some(b)) = (constant_text(&left), constant_text(&right)) {
            let mut joined = a.as_str().to_owned();
            joined.push_str(&b);
            return B::constant(Value::Str(Str::literal(&joined)), Type::string(), span);
        }
        let mut parts = match left.kind {
            K::Concat(parts) if left.ty == Type::string() => parts,
            _ => vec![self.convert_text_part(left)],
        };
        match right.kind {
            K::Concat(more) if right.ty == Type::string() => parts.extend(more),
            _ => {
                let part = self.convert_text_part(right);
                parts.push(part);
            }
        }
        B::new(K::Concat(parts), Type::string(), span)
    }

    fn convert_text_part(&mut self, e: B<'a>) -> B<'a> {
        if matches!(e.kind, K::UnboundDefault) || e.is_null() {
            return B { kind: K::Const, ty: Type::string(), span: e.span, constant: Some(Value::Null) };
        }
        e
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Decimal(n) => n.is_zero(),
        other => other.integer() == Some(0),
    }
}

/// A constant of text or null, for folding a concatenation.
fn constant_text(e: &B<'_>) -> Option<Str> {
    match &e.constant {
        Some(Value::Str(s)) => Some(s.clone()),
        Some(Value::Null) => Some(Str::EMPTY),
        _ => None,
    }
}
