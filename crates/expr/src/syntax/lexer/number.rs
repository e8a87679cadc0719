//! Numbers.

use super::{Feature, Lexer, T, Value};
use crate::syntax::ast::{IntSuffix, Name, RealSuffix};

impl Lexer<'_> {
    pub(crate) fn number(&mut self, start: usize) {
        if self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'X') {
            return self.based(start, 16);
        }
        if self.byte(0) == b'0' && matches!(self.byte(1), b'b' | b'B') {
            return self.based(start, 2);
        }
        let mut digits = String::new();
        self.digits(&mut digits, 10);
        let mut is_real = false;
        if self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            is_real = true;
            if digits.is_empty() {
                digits.push('0');
            }
            digits.push('.');
            self.at += 1;
            self.digits(&mut digits, 10);
        }
        let after_sign = if matches!(self.byte(1), b'+' | b'-') { 2 } else { 1 };
        if matches!(self.byte(0), b'e' | b'E') && self.byte(after_sign).is_ascii_digit() {
            is_real = true;
            digits.push('e');
            if after_sign == 2 {
                digits.push(char::from(self.byte(1)));
            }
            self.at += after_sign;
            self.digits(&mut digits, 10);
        }
        let suffix = match self.byte(0) {
            b'f' | b'F' => Some(RealSuffix::Float),
            b'd' | b'D' => Some(RealSuffix::Double),
            b'm' | b'M' => Some(RealSuffix::Decimal),
            _ => None,
        };
        if suffix.is_some() {
            self.at += 1;
        }
        if !is_real && suffix.is_none() {
            return self.whole(start, &digits, 10);
        }
        let suffix = suffix.unwrap_or(RealSuffix::Double);
        let out_of_range = match suffix {
            RealSuffix::Double => digits.parse::<f64>().is_ok_and(f64::is_infinite).then_some("double"),
            RealSuffix::Float => digits.parse::<f32>().is_ok_and(f32::is_infinite).then_some("float"),
            RealSuffix::Decimal => None,
        };
        let span = self.span_from(start);
        if let Some(ty) = out_of_range {
            self.error("CS0594", format!("Floating-point constant is outside the range of type '{ty}'"), span);
        }
        self.push_value(T::Real, start, Value::Real(Name::from(digits), suffix));
    }

    fn based(&mut self, start: usize, base: u32) {
        self.at += 2;
        if self.byte(0) == b'_' {
            let span = self.span_from(start);
            self.feature(Feature::LeadingDigitSeparator, span);
        }
        let mut digits = String::new();
        self.digits(&mut digits, base);
        self.whole(start, &digits, base);
    }

    /// Digits of the base; `_` between them is left out.
    fn digits(&mut self, out: &mut String, base: u32) {
        let mut last_was_separator = false;
        loop {
            let byte = self.byte(0);
            if byte == b'_' {
                last_was_separator = true;
            } else if char::from(byte).is_digit(base) {
                last_was_separator = false;
                out.push(char::from(byte));
            } else {
                break;
            }
            self.at += 1;
        }
        if last_was_separator {
            let span = self.span_from(self.at - 1);
            self.error("CS1013", "Invalid number", span);
        }
    }

    fn whole(&mut self, start: usize, digits: &str, base: u32) {
        let suffix = match (self.byte(0), self.byte(1)) {
            (b'u' | b'U', b'l' | b'L') | (b'l' | b'L', b'u' | b'U') => IntSuffix::UL,
            (b'u' | b'U', _) => IntSuffix::U,
            (b'l' | b'L', _) => IntSuffix::L,
            _ => IntSuffix::None,
        };
        self.at += match suffix {
            IntSuffix::None => 0,
            IntSuffix::U | IntSuffix::L => 1,
            IntSuffix::UL => 2,
        };
        let span = self.span_from(start);
        let value = if digits.is_empty() {
            self.error("CS1013", "Invalid number", span);
            0
        } else {
            u64::from_str_radix(digits, base).unwrap_or_else(|_| {
                self.error("CS1021", "Integral constant is too large", span);
                0
            })
        };
        self.push_value(T::Int, start, Value::Int(value, suffix));
    }
}
