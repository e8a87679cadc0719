//! Literals and interpolated strings.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, K, Part};
use crate::syntax::ast::{self, IntSuffix, InterpolatedPart, Literal, RealSuffix};
use crate::types::Type;
use crate::value::{Str, Value};

impl<'a> Binder<'a> {
    pub(crate) fn literal(&mut self, literal: &Literal, span: Span) -> B<'a> {
        match literal {
            Literal::Null => B { kind: K::Const, ty: Type::null(), span, constant: Some(Value::Null) },
            Literal::Bool(b) => B::constant(Value::Bool(*b), Type::bool(), span),
            Literal::Char(c) => B::constant(Value::Char(*c), Type::char(), span),
            Literal::String { value, .. } => B::constant(Value::Str(Str::literal(value)), Type::string(), span),
            // A span of bytes in C#; here the array that `ToArray` would make of it.
            Literal::Utf8String(text) => {
                let items: Vec<B<'a>> = text.bytes().map(|b| B::constant(Value::Byte(b), Type::byte(), span)).collect();
                let ty = Type::array_of_rank(Type::byte(), 1);
                B::new(K::ArrayOf { element: Type::byte(), lengths: vec![items.len()], items }, ty, span)
            }
            Literal::Int { value, suffix, .. } => {
                let value = *value;
                let (v, ty) = match suffix {
                    IntSuffix::None | IntSuffix::U | IntSuffix::L | IntSuffix::UL => {
                        let unsigned = matches!(suffix, IntSuffix::U | IntSuffix::UL);
                        let long = matches!(suffix, IntSuffix::L | IntSuffix::UL);
                        if !unsigned
                            && !long
                            && let Ok(n) = i32::try_from(value)
                        {
                            (Value::Int(n), Type::int())
                        } else if !long && let Ok(n) = u32::try_from(value) {
                            (Value::UInt(n), Type::uint())
                        } else if !unsigned && let Ok(n) = i64::try_from(value) {
                            (Value::Long(n), Type::long())
                        } else {
                            (Value::ULong(value), Type::ulong())
                        }
                    }
                };
                B::constant(v, ty, span)
            }
            Literal::Real { digits, suffix, .. } => match suffix {
                RealSuffix::Double => match digits.parse::<f64>() {
                    Ok(n) if n.is_finite() => B::constant(Value::Double(n), Type::double(), span),
                    _ => self.fail("CS0594", span, "Floating-point constant is outside the range of type 'double'"),
                },
                RealSuffix::Float => match digits.parse::<f32>() {
                    Ok(n) if n.is_finite() => B::constant(Value::Float(n), Type::float(), span),
                    _ => self.fail("CS0594", span, "Floating-point constant is outside the range of type 'float'"),
                },
                RealSuffix::Decimal => match crate::library::text::decimal::literal(digits) {
                    Some(n) => B::constant(Value::Decimal(n), Type::decimal(), span),
                    None => self.fail("CS0594", span, "Floating-point constant is outside the range of type 'decimal'"),
                },
            },
        }
    }

    pub(crate) fn interpolated(&mut self, string: &'a ast::InterpolatedString, span: Span) -> B<'a> {
        let mut parts = Vec::new();
        for part in &string.parts {
            match part {
                InterpolatedPart::Text(text) => parts.push(Part::Text(Str::literal(text))),
                InterpolatedPart::Hole { value, alignment, format, .. } => {
                    let bound = self.value(value);
                    let bound = self.convert(bound, Type::object());
                    let mut width = 0;
                    if let Some(alignment) = alignment {
                        let aligned = self.value(alignment);
                        let aligned = self.convert(aligned, Type::int());
                        match &aligned.constant {
                            Some(Value::Int(n)) => width = *n,
                            _ if aligned.is_error() => {}
                            _ => self.report("CS0150", aligned.span, "A constant value is expected"),
                        }
                    }
                    parts.push(Part::Hole { value: bound, width, format: format.as_ref().map(|f| Str::literal(f)) });
                }
            }
        }
        if parts.is_empty() {
            return B::constant(Value::Str(Str::EMPTY), Type::string(), span);
        }
        if let [Part::Text(text)] = parts.as_slice() {
            // C# 7.3: not a constant expression, but its value is known.
            let mut b = B::constant(Value::Str(text.clone()), Type::string(), span);
            b.kind = K::Const;
            return b;
        }
        B::new(K::Interpolated(parts), Type::string(), span)
    }
}
