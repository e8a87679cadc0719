//! A number taken apart into sign, decimal digits and the place of the point: what every format works on.

use rust_decimal::Decimal;

/// What a run of digits came from; decides about rounding and negative zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of the eight integer types.
    Integer,
    /// `decimal`.
    Decimal,
    /// `double` or `float`.
    Float,
}

/// Sign, digits and place of the point: the value is `0.DIGITS × 10^scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// Is there a minus?
    pub negative: bool,
    /// The digits, `0` to `9` as numbers, without leading zeros; empty for zero.
    pub digits: Vec<u8>,
    /// How many of the digits stand before the point; may be negative or beyond the end.
    pub scale: i32,
    /// The type they came from.
    pub origin: Origin,
}

impl Digits {
    /// The digits of an integer of any width.
    pub fn of_integer(value: i128) -> Self {
        let digits = decimal_digits(value.unsigned_abs());
        Self { negative: value < 0, scale: digits.len() as i32, digits, origin: Origin::Integer }
    }

    /// The digits of a decimal; trailing zeros of its scale are kept.
    pub fn of_decimal(value: Decimal) -> Self {
        let digits = decimal_digits(value.mantissa().unsigned_abs());
        Self {
            negative: value.is_sign_negative(),
            scale: digits.len() as i32 - value.scale() as i32,
            digits,
            origin: Origin::Decimal,
        }
    }

    /// The fewest digits that read back as the same `double`.
    pub fn shortest(value: f64) -> Self {
        Self::from_scientific(&format!("{value:e}"))
    }

    /// The fewest digits that read back as the same `float`.
    pub fn shortest_single(value: f32) -> Self {
        Self::from_scientific(&format!("{value:e}"))
    }

    /// `count` significant digits of the exact binary value.
    pub fn significant(value: f64, count: usize) -> Self {
        let count = count.max(1);
        let exact = Self::from_scientific(&format!("{:.*e}", count - 1, value));
        let leading_exponent = exact.scale - 1;
        let place = count as i32 - 1 - leading_exponent;
        if place >= 0 && is_tie(value, place) {
            return Self::rounded_tie(value, place);
        }
        exact
    }

    /// The digits up to `places` behind the point of the exact binary value.
    pub fn fixed(value: f64, places: usize) -> Self {
        if is_tie(value, places as i32) {
            return Self::rounded_tie(value, places as i32);
        }
        Self::from_plain(&format!("{value:.places$}"), value.is_sign_negative())
    }

    /// `value` lies exactly between two neighbours at `places`: away from zero.
    fn rounded_tie(value: f64, places: i32) -> Self {
        let mut digits = Self::from_plain(
            &format!("{value:.*}", usize::try_from(places + 1).unwrap_or(0)),
            value.is_sign_negative(),
        );
        let keep = digits.scale + places;
        digits.round(keep, true);
        digits
    }

    fn from_plain(text: &str, negative: bool) -> Self {
        let text = text.trim_start_matches('-');
        let whole = text.find('.').unwrap_or(text.len());
        let all: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
        let mut scale = whole as i32;
        let zeros = all.iter().take_while(|d| **d == 0).count();
        scale -= zeros as i32;
        let mut digits = all[zeros..].to_vec();
        trim_zeros(&mut digits);
        if digits.is_empty() {
            scale = 0;
        }
        Self { negative, digits, scale, origin: Origin::Float }
    }

    fn from_scientific(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
        trim_zeros(&mut digits);
        let zero = digits.iter().all(|d| *d == 0);
        if zero {
            digits.clear();
        }
        let scale = if zero { 0 } else { exponent.parse::<i32>().unwrap_or(0) + 1 };
        Self { negative, digits, scale, origin: Origin::Float }
    }

    /// Is the value zero?
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Keeps `keep` digits; `half_up` rounds on the next digit, otherwise the rest is dropped because the digits are
    /// already rounded.
    pub fn round(&mut self, keep: i32, half_up: bool) {
        let keep_at = usize::try_from(keep).unwrap_or(0);
        let up = keep >= 0 && half_up && self.digits.get(keep_at).is_some_and(|d| *d >= 5);
        self.digits.truncate(keep_at);
        if up {
            while self.digits.last() == Some(&9) {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    self.scale += 1;
                    self.digits.push(1);
                }
            }
        } else {
            trim_zeros(&mut self.digits);
        }
        if self.digits.is_empty() {
            if self.origin != Origin::Float {
                self.negative = false;
            }
            self.scale = 0;
        }
    }
}

fn trim_zeros(digits: &mut Vec<u8>) {
    while digits.last() == Some(&0) {
        digits.pop();
    }
}

/// Does `value` have exactly one binary-exact decimal place more than `places`? Then it is a tie there.
fn is_tie(value: f64, places: i32) -> bool {
    if value == 0.0 || !value.is_finite() {
        return false;
    }
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7FF) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) };
    let zeros = mantissa.trailing_zeros() as i32;
    // An odd mantissa times 2^-n has exactly n decimal places, the last of them a 5.
    -(exponent + zeros) == places + 1
}

fn decimal_digits(mut value: u128) -> Vec<u8> {
    let mut digits = Vec::with_capacity(20);
    while value > 0 {
        digits.push((value % 10) as u8);
        value /= 10;
    }
    digits.reverse();
    digits
}
