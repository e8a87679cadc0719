//! Operators: unary, binary, `?:`, `??`, `as`.

use std::sync::Arc;

use apimite_diag::Span;

use super::Binder;
use super::bound::{Arg, B, How, K};
use super::overload::{Fit, Given};
use crate::library::{MemberKind, ParamMode};
use crate::run::arith::{self, Num, Op};
use crate::syntax::ast::{self, BinaryOp, UnaryOp};
use crate::types::{Type, is_integer, is_number};
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
            UnaryOp::IndexFromEnd => return self.newer(span, "index operator", "8.0"),
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
            BinaryOp::UnsignedShiftRight => return self.newer(op_span, "unsigned right shift", "11.0"),
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
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let negate = op == BinaryOp::NotEqual;
        // Tuples are compared by parts.
        if equality
            && (matches!(left.kind, K::UnboundTuple(_)) || left.ty.is_tuple())
            && (matches!(right.kind, K::UnboundTuple(_)) || right.ty.is_tuple())
        {
            return self.tuple_equality(left, right, negate, span);
        }
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

    fn bad_binary(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> B<'a> {
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

    /// Operators declared by library types.
    fn user_binary(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> Option<B<'a>> {
        let symbol = op.text();
        let mut owners: Vec<Type> = Vec::new();
        for e in [left, right] {
            let ty = e.ty.underlying();
            // Numbers, char, bool and string have their built-in operators.
            if is_number(ty)
                || ty == Type::char()
                || ty == Type::bool()
                || ty == Type::string()
                || ty.is_enum()
                || ty.is_error()
            {
                continue;
            }
            let mut at = ty.def().map(|_| ty);
            while let Some(owner) = at {
                if owner == Type::object() || owners.contains(&owner) {
                    break;
                }
                owners.push(owner);
                at = self.registry.base(owner);
            }
        }
        let given = [Given::plain(left.clone()), Given::plain(right.clone())];
        let mut fits: Vec<(Fit, bool)> = Vec::new();
        let mut deepest: Option<usize> = None;
        for owner in owners {
            let Some(def) = owner.def() else { continue };
            let before = fits.len();
            for member in self.registry.declared(def, symbol) {
                if member.kind != MemberKind::Operator || member.params.len() != 2 {
                    continue;
                }
                if let Ok(fit) = self.fit(&member, owner.args(), &[], &given) {
                    fits.push((fit, false));
                    continue;
                }
                // Lifted: both operands may be null.
                let value_types = member.params.iter().all(|p| p.ty.substitute(owner.args()).is_value_type());
                if value_types && (left.ty.takes_null() || right.ty.takes_null()) {
                    let lifted: Vec<Given<'a>> = given
                        .iter()
                        .map(|g| {
                            if g.value.is_null() {
                                let ty = member.params[0].ty.substitute(owner.args());
                                Given::plain(B::new(K::Default, ty, g.value.span))
                            } else {
                                Given::plain(B { ty: g.value.ty.underlying(), ..g.value.clone() })
                            }
                        })
                        .collect();
                    if let Ok(fit) = self.fit(&member, owner.args(), &[], &lifted) {
                        fits.push((fit, true));
                    }
                }
            }
            if fits.len() > before && deepest.is_none() {
                deepest = Some(before);
            }
        }
        if fits.is_empty() {
            return None;
        }
        let unlifted: Vec<Fit> = fits.iter().filter(|(_, l)| !l).map(|(f, _)| f.clone()).collect();
        let (chosen, lifted) = if unlifted.is_empty() {
            let all: Vec<Fit> = fits.into_iter().map(|(f, _)| f).collect();
            (self.best(all, &given).ok()?, true)
        } else {
            match self.best(unlifted, &given) {
                Ok(fit) => (fit, false),
                Err(fits) => {
                    let first = fits.first()?;
                    let (a, b) = (left.ty, right.ty);
                    let _ = first;
                    return Some(self.fail(
                        "CS0034",
                        span,
                        format!("Operator '{symbol}' is ambiguous on operands of type '{a}' and '{b}'"),
                    ));
                }
            }
        };
        self.use_member(&chosen.member, span);
        let ret = chosen.member.ret.substitute(&chosen.types);
        let args: Vec<Arg<'a>> = if lifted {
            [left, right]
                .into_iter()
                .zip(&chosen.member.params)
                .map(|(e, p)| {
                    let ty = p.ty.substitute(&chosen.types).nullable();
                    Arg { value: self.convert(e.clone(), ty), mode: ParamMode::Value }
                })
                .collect()
        } else {
            self.arguments(&chosen, given.to_vec(), span)
        };
        let ty = if lifted && ret != Type::bool() { ret.nullable() } else { ret };
        Some(B::new(
            K::Call { member: Arc::clone(&chosen.member), types: chosen.types.as_slice().into(), args, lifted },
            ty,
            span,
        ))
    }

    fn user_unary(&mut self, symbol: &str, e: &B<'a>, span: Span) -> Option<B<'a>> {
        let ty = e.ty.underlying();
        if is_number(ty) || ty == Type::char() || ty == Type::bool() {
            return None;
        }
        let mut at = ty.def().map(|_| ty);
        while let Some(owner) = at {
            if owner == Type::object() {
                break;
            }
            if let Some(def) = owner.def() {
                for member in self.registry.declared(def, symbol) {
                    if member.kind == MemberKind::Operator && member.params.len() == 1 {
                        self.use_member(&member, span);
                        let want = member.params[0].ty.substitute(owner.args());
                        let lifted = e.ty.nullable_of().is_some();
                        let value = self.convert(e.clone(), if lifted { want.nullable() } else { want });
                        let ret = member.ret.substitute(owner.args());
                        return Some(B::new(
                            K::Call {
                                member,
                                types: owner.args().into(),
                                args: vec![Arg { value, mode: ParamMode::Value }],
                                lifted,
                            },
                            if lifted { ret.nullable() } else { ret },
                            span,
                        ));
                    }
                }
            }
            at = self.registry.base(owner);
        }
        None
    }

    /// Operators of numbers, enums, `bool` and `string`.
    fn built_in(&mut self, op: BinaryOp, left: &B<'a>, right: &B<'a>, span: Span) -> Option<B<'a>> {
        let symbol = arith_op(op)?;
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let negate = op == BinaryOp::NotEqual;
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let lifted = left.ty.nullable_of().is_some() || right.ty.nullable_of().is_some();
        // string == string, also with null
        if equality
            && (left.ty == Type::string() || right.ty == Type::string())
            && [left, right]
                .iter()
                .all(|e| e.ty == Type::string() || e.is_null() || matches!(e.kind, K::UnboundDefault))
        {
            let a = self.convert(left.clone(), Type::string());
            let b = self.convert(right.clone(), Type::string());
            if let (Some(x), Some(y)) = (&a.constant, &b.constant) {
                let same = x.as_str() == y.as_str();
                return Some(B::constant(Value::Bool(same != negate), Type::bool(), span));
            }
            return Some(B::new(K::StrEq { left: Box::new(a), right: Box::new(b), negate }, Type::bool(), span));
        }
        // x == null for nullable value types
        if equality && (left.is_null() || right.is_null()) {
            let other = if left.is_null() { right } else { left };
            let base = other.ty.underlying();
            let lifts = is_number(base) || base == Type::char() || base == Type::bool() || base.is_enum();
            if other.ty.nullable_of().is_some() {
                return Some(B::new(K::IsNull { value: Box::new(other.clone()), negate }, Type::bool(), span));
            }
            if lifts {
                // Lifted: never null, but evaluated.
                let boxed = B::new(K::Convert(Box::new(other.clone()), How::Same), other.ty.nullable(), span);
                return Some(B::new(K::IsNull { value: Box::new(boxed), negate }, Type::bool(), span));
            }
            return None;
        }
        if matches!(left.kind, K::UnboundDefault) || matches!(right.kind, K::UnboundDefault) {
            let other = if matches!(left.kind, K::UnboundDefault) { right.ty } else { left.ty };
            if other.is_void() {
                return None;
            }
            let a = self.convert(left.clone(), other);
            let b = self.convert(right.clone(), other);
            return self.built_in(op, &a, &b, span);
        }
        if left.is_typeless() && !left.is_null() || right.is_typeless() && !right.is_null() {
            return None;
        }
        // bool
        let null_or = |e: &B<'a>, ty: Type| e.ty.underlying() == ty || e.is_null();
        if (l == Type::bool() || r == Type::bool()) && null_or(left, Type::bool()) && null_or(right, Type::bool()) {
            if !matches!(symbol, Op::And | Op::Or | Op::Xor | Op::Equal | Op::NotEqual) {
                return None;
            }
            if let (Some(Value::Bool(a)), Some(Value::Bool(b))) = (&left.constant, &right.constant) {
                let (a, b) = (*a, *b);
                let value = match symbol {
                    Op::And => a & b,
                    Op::Or => a | b,
                    Op::Equal => a == b,
                    _ => a ^ b,
                };
                return Some(B::constant(Value::Bool(value), Type::bool(), span));
            }
            let lifted = lifted || left.is_null() || right.is_null();
            let ty = if lifted { Type::bool().nullable() } else { Type::bool() };
            let a = self.convert(left.clone(), ty);
            let b = self.convert(right.clone(), ty);
            let result = if equality { Type::bool() } else { ty };
            return Some(B::new(K::BoolOp { op: symbol, left: Box::new(a), right: Box::new(b), lifted }, result, span));
        }
        // enums
        if l.is_enum() || r.is_enum() {
            return self.enum_operator(op, symbol, left, right, lifted, span);
        }
        // shifts
        if matches!(symbol, Op::Shl | Op::Shr) {
            let base = [Num::Int, Num::UInt, Num::Long, Num::ULong]
                .iter()
                .map(|n| n.ty())
                .find(|t| self.operand_fits(left, *t))?;
            if !self.operand_fits(right, Type::int()) {
                return None;
            }
            let ty = if lifted { base.nullable() } else { base };
            let a = self.convert(left.clone(), if lifted { base.nullable() } else { base });
            let count = if lifted { Type::int().nullable() } else { Type::int() };
            let b = self.convert(right.clone(), count);
            return Some(self.arith(symbol, a, b, ty, lifted, span));
        }
        // numbers
        let num = self.promote(left, right, matches!(symbol, Op::And | Op::Or | Op::Xor))?;
        let lifted = lifted || left.is_null() || right.is_null();
        let base = num.ty();
        let operand = if lifted { base.nullable() } else { base };
        let a = self.convert(left.clone(), operand);
        let b = self.convert(right.clone(), operand);
        let ty = if symbol.is_relation() { Type::bool() } else { operand };
        Some(self.arith(symbol, a, b, ty, lifted, span))
    }

    fn operand_fits(&mut self, e: &B<'a>, ty: Type) -> bool {
        if e.is_null() {
            return true;
        }
        let base = B { ty: e.ty.underlying(), ..e.clone() };
        self.implicit(&base, ty).is_some()
    }

    /// Binary numeric promotion: the first type both operands convert to, with C#'s refusals.
    fn promote(&mut self, left: &B<'a>, right: &B<'a>, integral: bool) -> Option<Num> {
        if left.is_null() && right.is_null() {
            return None;
        }
        let kinds = if integral {
            &[Num::Int, Num::UInt, Num::Long, Num::ULong][..]
        } else {
            &[Num::Int, Num::UInt, Num::Long, Num::ULong, Num::Float, Num::Double, Num::Decimal][..]
        };
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let numeric = |t: Type| is_number(t) || t == Type::char();
        if numeric(l) && numeric(r) || left.is_null() || right.is_null() {
            for (a, b) in [(l, r), (r, l)] {
                // decimal with float or double; ulong with a signed operand
                if a == Type::decimal() && (b == Type::float() || b == Type::double()) {
                    return None;
                }
            }
        }
        kinds.iter().copied().find(|n| self.operand_fits(left, n.ty()) && self.operand_fits(right, n.ty())).filter(
            |n| {
                // ulong with a signed variable has no common integer type: C# calls it ambiguous.
                let mixed = |a: Type, b: &B<'a>| {
                    a == Type::ulong()
                        && b.constant.is_none()
                        && (b.ty == Type::int()
                            || b.ty == Type::long()
                            || b.ty == Type::short()
                            || b.ty == Type::sbyte())
                };
                !(matches!(n, Num::Float | Num::Double | Num::Decimal) && (mixed(l, right) || mixed(r, left)))
            },
        )
    }

    fn arith(&mut self, op: Op, a: B<'a>, b: B<'a>, ty: Type, lifted: bool, span: Span) -> B<'a> {
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        if matches!(op, Op::Div | Op::Rem)
            && b.constant.as_ref().is_some_and(is_zero)
            && !(b.ty == Type::double() || b.ty == Type::float())
        {
            return self.fail("CS0020", span, "Division by constant zero");
        }
        if !lifted && let (Some(x), Some(y)) = (&a.constant, &b.constant) {
            return match arith::binary(op, x, y, !self.unchecked) {
                Ok(value) => B::constant(value, ty, span),
                Err(_) if b.ty == Type::decimal() => {
                    self.fail("CS0463", span, "Evaluation of the decimal constant expression failed")
                }
                Err(_) => self.fail("CS0220", span, "The operation overflows at compile time in checked mode"),
            };
        }
        let checked = self.checked;
        B::new(K::Arith { op, left: Box::new(a), right: Box::new(b), checked, lifted }, ty, span)
    }

    fn enum_operator(
        &mut self,
        op: BinaryOp,
        symbol: Op,
        left: &B<'a>,
        right: &B<'a>,
        lifted: bool,
        span: Span,
    ) -> Option<B<'a>> {
        let (l, r) = (left.ty.underlying(), right.ty.underlying());
        let ty = if l.is_enum() { l } else { r };
        let both = l == r;
        let zero =
            |binder: &mut Self, e: &B<'a>| binder.implicit(&B { ty: e.ty.underlying(), ..e.clone() }, ty).is_some();
        let int = |binder: &mut Self, e: B<'a>, lifted: bool| {
            let target = if lifted { Type::int().nullable() } else { Type::int() };
            let e = if e.ty.underlying() == ty || is_integer(e.ty.underlying()) || e.ty.underlying() == Type::char() {
                e
            } else {
                binder.convert(e, ty)
            };
            let span = e.span;
            binder.cast(e, target, span)
        };
        let symbol_result = |binder: &mut Self, a: B<'a>, b: B<'a>, result: Type| {
            let base = if symbol.is_relation() {
                Type::bool()
            } else if lifted {
                Type::int().nullable()
            } else {
                Type::int()
            };
            let value = binder.arith(symbol, a, b, base, lifted, span);
            if value.is_error() || symbol.is_relation() {
                return value;
            }
            let result = if lifted { result.nullable() } else { result };
            binder.cast(value, result, span)
        };
        if symbol.is_relation() || matches!(symbol, Op::And | Op::Or | Op::Xor) {
            if !(both || zero(self, left) && zero(self, right)) {
                return None;
            }
            let (a, b) = (self.enum_operand(left.clone(), ty), self.enum_operand(right.clone(), ty));
            let (a, b) = (int(self, a, lifted), int(self, b, lifted));
            return Some(symbol_result(self, a, b, ty));
        }
        match op {
            BinaryOp::Subtract if both => {
                let (a, b) = (int(self, left.clone(), lifted), int(self, right.clone(), lifted));
                Some(symbol_result(self, a, b, Type::int()))
            }
            BinaryOp::Add | BinaryOp::Subtract => {
                let other = if l.is_enum() { right } else { left };
                if both || !l.is_enum() && op == BinaryOp::Subtract {
                    return None;
                }
                if !self.operand_fits(other, Type::int()) {
                    return None;
                }
                let (a, b) = (int(self, left.clone(), lifted), int(self, right.clone(), lifted));
                Some(symbol_result(self, a, b, ty))
            }
            _ => None,
        }
    }

    fn enum_operand(&mut self, e: B<'a>, ty: Type) -> B<'a> {
        if e.ty.underlying() == ty { e } else { self.convert(e, ty) }
    }

    fn reference_equality(&mut self, left: &B<'a>, right: &B<'a>, negate: bool, span: Span) -> Option<B<'a>> {
        if matches!(left.kind, K::UnboundLambda(_) | K::Methods(_))
            || matches!(right.kind, K::UnboundLambda(_) | K::Methods(_))
        {
            return None;
        }
        let null = |e: &B<'a>| e.is_null() || matches!(e.kind, K::UnboundDefault);
        if null(left) || null(right) {
            let other = if null(left) { right } else { left };
            if !other.ty.is_reference() {
                return None;
            }
            return Some(B::new(K::IsNull { value: Box::new(other.clone()), negate }, Type::bool(), span));
        }
        if !(left.ty.is_reference() && right.ty.is_reference()) {
            return None;
        }
        let related =
            self.standard_explicit(left.ty, right.ty).is_some() || self.standard_explicit(right.ty, left.ty).is_some();
        if !related {
            return None;
        }
        // Delegates and types have operators of their own; delegates compare as references here.
        Some(B::new(
            K::RefEq { left: Box::new(left.clone()), right: Box::new(right.clone()), negate },
            Type::bool(),
            span,
        ))
    }

    fn logical(&mut self, op: BinaryOp, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> B<'a> {
        let mut chain = vec![right];
        let mut first = left;
        while let ast::ExprKind::Binary { op: inner, left, right, .. } = &first.kind {
            if *inner != op {
                break;
            }
            chain.push(right);
            first = left;
        }
        let mut e = self.value(first);
        while let Some(right) = chain.pop() {
            let right = self.value(right);
            if e.is_error() || right.is_error() {
                e = B::error(span);
                continue;
            }
            let fits = [&e, &right].iter().all(|x| x.ty == Type::bool() || self.clone_fits_bool(x));
            if !fits {
                e = self.bad_binary(op, &e, &right, span);
                continue;
            }
            let a = self.convert(e, Type::bool());
            let b = self.convert(right, Type::bool());
            let and = op == BinaryOp::AndAlso;
            if let (Some(Value::Bool(x)), Some(Value::Bool(y))) = (&a.constant, &b.constant) {
                let value = if and { *x && *y } else { *x || *y };
                e = B::constant(Value::Bool(value), Type::bool(), span);
                continue;
            }
            let kind = if and { K::AndAlso(Box::new(a), Box::new(b)) } else { K::OrElse(Box::new(a), Box::new(b)) };
            e = B::new(kind, Type::bool(), span);
        }
        e
    }

    fn clone_fits_bool(&self, e: &B<'a>) -> bool {
        !e.is_typeless() && self.user(e.ty, Type::bool(), false).is_some()
    }

    /// A condition.
    pub(crate) fn condition(&mut self, e: &'a ast::Expr) -> B<'a> {
        let value = self.value(e);
        if value.is_error() {
            return value;
        }
        self.convert(value, Type::bool())
    }

    pub(crate) fn conditional(
        &mut self,
        condition: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        span: Span,
    ) -> B<'a> {
        let condition = self.condition(condition);
        if matches!(then.kind, ast::ExprKind::Ref(_)) {
            return self.newer(span, "conditional ref", "7.2");
        }
        let (a, b) = (self.value(then), self.value(otherwise));
        self.either(condition, a, b, span)
    }

    /// `condition ? a : b` of what is bound already.
    pub(crate) fn either(&mut self, condition: B<'a>, a: B<'a>, b: B<'a>, span: Span) -> B<'a> {
        if condition.is_error() || a.is_error() || b.is_error() {
            return B::error(span);
        }
        let throw = |e: &B<'a>| matches!(e.kind, K::Throw(_));
        let ty = if throw(&a) && throw(&b) {
            None
        } else if throw(&a) {
            Some(b.ty)
        } else if throw(&b) || !a.is_typeless() && !b.is_typeless() && a.ty.same(b.ty) {
            Some(a.ty)
        } else {
            let to_b = !b.is_typeless() && !b.ty.is_void() && self.implicit(&a, b.ty).is_some();
            let to_a = !a.is_typeless() && !a.ty.is_void() && self.implicit(&b, a.ty).is_some();
            match (to_a, to_b) {
                (true, false) => Some(a.ty),
                (false, true) => Some(b.ty),
                // Both ways by constants: the type that the other converts to as a type.
                (true, true) => Some(if self.standard(a.ty, b.ty).is_some() { b.ty } else { a.ty }),
                _ => None,
            }
        };
        let Some(ty) = ty.filter(|t| !t.is_null()) else {
            if a.is_null() && b.is_null() || (a.is_typeless() && b.is_typeless()) {
                let (x, y) = (a.ty, b.ty);
                return self.fail(
                    "CS0173",
                    span,
                    format!("Type of conditional expression cannot be determined because there is no implicit conversion between '{x}' and '{y}'"),
                );
            }
            let (x, y) = (a.ty, b.ty);
            return self.fail(
                "CS0173",
                span,
                format!("Type of conditional expression cannot be determined because there is no implicit conversion between '{x}' and '{y}'"),
            );
        };
        let (a, b) = (self.convert(a, ty), self.convert(b, ty));
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        if let (Some(Value::Bool(c)), Some(x), Some(y)) = (&condition.constant, &a.constant, &b.constant) {
            let value = if *c { x.clone() } else { y.clone() };
            return B { kind: K::Const, ty, span, constant: Some(value) };
        }
        B::new(K::Conditional { condition: Box::new(condition), then: Box::new(a), otherwise: Box::new(b) }, ty, span)
    }

    pub(crate) fn coalesce(&mut self, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> B<'a> {
        let a = self.value(left);
        let b = self.value(right);
        self.coalesce_bound(a, b, span)
    }

    /// `a ?? b` of what is bound already.
    pub(crate) fn coalesce_bound(&mut self, a: B<'a>, b: B<'a>, span: Span) -> B<'a> {
        if a.is_error() || b.is_error() {
            return B::error(span);
        }
        let bad = |binder: &mut Self, a: &B<'a>, b: &B<'a>| binder.bad_binary(BinaryOp::Coalesce, a, b, span);
        if a.is_typeless() && !a.is_null() || a.ty.is_void() {
            return bad(self, &a, &b);
        }
        if a.is_null() {
            if b.is_typeless() {
                return bad(self, &a, &b);
            }
            return b;
        }
        if !a.ty.takes_null() {
            return bad(self, &a, &b);
        }
        if matches!(b.kind, K::Throw(_)) {
            let ty = a.ty.underlying();
            let b = self.convert(b, ty);
            return self.coalesce_node(a, ty, b, span);
        }
        // To the value inside, to the left type, to the right type.
        if let Some(inner) = a.ty.nullable_of()
            && self.implicit(&b, inner).is_some()
        {
            let b = self.convert(b, inner);
            return self.coalesce_node(a, inner, b, span);
        }
        if self.implicit(&b, a.ty).is_some() {
            let ty = a.ty;
            let b = self.convert(b, ty);
            return self.coalesce_node(a, ty, b, span);
        }
        if !b.is_typeless() {
            let inner = B { ty: a.ty.underlying(), constant: None, ..a.clone() };
            if self.implicit(&inner, b.ty).is_some() {
                let ty = b.ty;
                return self.coalesce_node(a, ty, b, span);
            }
        }
        bad(self, &a, &b)
    }

    fn coalesce_node(&mut self, left: B<'a>, ty: Type, right: B<'a>, span: Span) -> B<'a> {
        let from = left.ty.underlying();
        let convert = if from.same(ty) || left.ty.same(ty) {
            None
        } else {
            let temp = self.temp(from, span);
            let held = self.local_value(temp, span);
            Some((temp, Box::new(self.convert(held, ty))))
        };
        B::new(K::Coalesce { left: Box::new(left), convert, right: Box::new(right) }, ty, span)
    }

    pub(crate) fn as_type(&mut self, value: &'a ast::Expr, ty: &'a ast::Type, span: Span) -> B<'a> {
        let e = self.value(value);
        let ty = self.ty(ty);
        if e.is_error() || ty.is_error() {
            return B::error(span);
        }
        if matches!(e.kind, K::UnboundLambda(_) | K::Methods(_)) {
            return self.fail("CS0837", span, "The first operand of an 'is' or 'as' operator may not be a lambda expression, anonymous method, or method group.");
        }
        if !ty.takes_null() {
            return self.fail(
                "CS0077",
                span,
                format!("The as operator must be used with a reference type or nullable type ('{ty}' is a non-nullable value type)"),
            );
        }
        if e.is_null() {
            return B { kind: K::Const, ty, span, constant: Some(Value::Null) };
        }
        if self.standard_explicit(e.ty, ty).is_none()
            || (e.ty.is_value_type() && ty.is_value_type() && !e.ty.underlying().same(ty.underlying()))
        {
            let from = e.ty;
            return self.fail(
                "CS0039",
                span,
                format!("Cannot convert type '{from}' to '{ty}' via a reference conversion, boxing conversion, unboxing conversion, wrapping conversion, or null type conversion"),
            );
        }
        B::new(K::As { value: Box::new(e), ty }, ty, span)
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
