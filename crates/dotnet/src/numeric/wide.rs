//! A 256-bit unsigned integer: just enough for exact `decimal` arithmetic.

/// `high × 2^128 + low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    /// The upper half.
    pub high: u128,
    /// The lower half.
    pub low: u128,
}

impl Wide {
    /// From 128 bits.
    pub const fn new(low: u128) -> Self {
        Self { high: 0, low }
    }

    /// The exact product of two 128-bit numbers.
    pub fn product(a: u128, b: u128) -> Self {
        const LOW: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
        let low = a0 * b0;
        let middle = a1 * b0 + (low >> 64);
        let (middle, carry) = middle.overflowing_add(a0 * b1);
        let high = a1 * b1 + (middle >> 64) + if carry { 1 << 64 } else { 0 };
        Self { high, low: (middle << 64) | (low & LOW) }
    }

    /// The sum; the operands here never overflow 256 bits.
    pub fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self { high: self.high.wrapping_add(other.high).wrapping_add(u128::from(carry)), low }
    }

    /// The difference; `other` is not larger.
    pub fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow)), low }
    }

    /// Quotient and remainder by a divisor that is not zero.
    pub fn divide(self, divisor: u128) -> (Self, u128) {
        if self.high == 0 {
            return (Self::new(self.low / divisor), self.low % divisor);
        }
        let mut quotient = Self::new(0);
        let mut rest = 0u128;
        for bit in (0..256).rev() {
            let next = if bit >= 128 { self.high >> (bit - 128) } else { self.low >> bit } & 1;
            let carry = rest >> 127 == 1;
            rest = (rest << 1) | next;
            if carry || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                if bit >= 128 {
                    quotient.high |= 1 << (bit - 128);
                } else {
                    quotient.low |= 1 << bit;
                }
            }
        }
        (quotient, rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_product_divided_by_one_factor_is_the_other(a in any::<u128>(), b in 1u128.., c in any::<u128>()) {
            let rest = c % b;
            let (quotient, remainder) = Wide::product(a, b).plus(Wide::new(rest)).divide(b);
            prop_assert_eq!((quotient, remainder), (Wide::new(a), rest));
        }
    }
}
