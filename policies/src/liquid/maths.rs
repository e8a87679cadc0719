//! Sums: whole numbers stay whole, others are decimals while they fit.

use apimite_dotnet::numeric::decimal;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::value::Val;

/// The four operations and the rest of a division.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

const OVERFLOW: &str = "Arithmetic operation resulted in an overflow.";
const BY_ZERO: &str = "Attempted to divide by zero.";

/// The number in a value; a text is none here.
pub(super) fn decimal_of(value: &Val) -> Option<Decimal> {
    match value {
        Val::Int(number) => Some(Decimal::from(*number)),
        Val::Decimal(number) => Some(*number),
        Val::Double(number) => decimal::from_double(*number).ok(),
        _ => None,
    }
}

/// Reckons.
///
/// # Errors
/// .NET's text of what went wrong.
pub(super) fn reckon(left: &Val, operation: Operation, right: &Val) -> Result<Val, String> {
    match (left, right) {
        (Val::Nil, _) | (_, Val::Nil) => Ok(Val::Nil),
        (Val::Int(a), Val::Int(b)) => {
            let result = match operation {
                Operation::Add => a.checked_add(*b),
                Operation::Subtract => a.checked_sub(*b),
                Operation::Multiply => a.checked_mul(*b),
                Operation::Divide | Operation::Remainder if *b == 0 => return Err(BY_ZERO.to_owned()),
                Operation::Divide => a.checked_div(*b),
                Operation::Remainder => a.checked_rem(*b),
            };
            result.map(Val::Int).ok_or_else(|| OVERFLOW.to_owned())
        }
        _ => {
            let wrong = || "Input string was not in a correct format.".to_owned();
            let (Some(a), Some(b)) = (decimal_of(left), decimal_of(right)) else {
                let double = |value: &Val| match value {
                    Val::Double(number) => Some(*number),
                    other => decimal_of(other).and_then(|number| number.to_f64()),
                };
                let (a, b) = (double(left).ok_or_else(wrong)?, double(right).ok_or_else(wrong)?);
                return Ok(Val::Double(match operation {
                    Operation::Add => a + b,
                    Operation::Subtract => a - b,
                    Operation::Multiply => a * b,
                    Operation::Divide => a / b,
                    Operation::Remainder => a % b,
                }));
            };
            let result = match operation {
                Operation::Add => decimal::add(a, b),
                Operation::Subtract => decimal::subtract(a, b),
                Operation::Multiply => decimal::multiply(a, b),
                Operation::Divide => decimal::divide(a, b),
                Operation::Remainder => decimal::remainder(a, b),
            };
            result.map(Val::Decimal).map_err(|thrown| thrown.message)
        }
    }
}
