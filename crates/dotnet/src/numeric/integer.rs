//! The eight integer types: ranges, names and the words of their overflow.

use crate::Thrown;
use crate::messages::overflow;

/// One of .NET's integer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as in .NET")]
pub enum IntegerKind {
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
}

impl IntegerKind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::SByte, Self::Byte, Self::Int16, Self::UInt16, Self::Int32, Self::UInt32, Self::Int64, Self::UInt64];

    /// Width in bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::SByte | Self::Byte => 8,
            Self::Int16 | Self::UInt16 => 16,
            Self::Int32 | Self::UInt32 => 32,
            Self::Int64 | Self::UInt64 => 64,
        }
    }

    /// Has it negative values?
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::SByte | Self::Int16 | Self::Int32 | Self::Int64)
    }

    /// As many ones as it has bits.
    pub const fn mask(self) -> u128 {
        (1 << self.bits()) - 1
    }

    /// `MinValue`.
    pub const fn min(self) -> i128 {
        if self.is_signed() { -(1 << (self.bits() - 1)) } else { 0 }
    }

    /// `MaxValue`.
    pub const fn max(self) -> i128 {
        if self.is_signed() { (1 << (self.bits() - 1)) - 1 } else { (1 << self.bits()) - 1 }
    }

    /// The full name, such as `System.Int32`.
    pub const fn full_name(self) -> &'static str {
        match self {
            Self::SByte => "System.SByte",
            Self::Byte => "System.Byte",
            Self::Int16 => "System.Int16",
            Self::UInt16 => "System.UInt16",
            Self::Int32 => "System.Int32",
            Self::UInt32 => "System.UInt32",
            Self::Int64 => "System.Int64",
            Self::UInt64 => "System.UInt64",
        }
    }

    /// The `OverflowException` of `Parse` and `Convert`.
    pub fn overflow(self) -> Thrown {
        let name = match self {
            Self::SByte => "a signed byte",
            Self::Byte => "an unsigned byte",
            Self::Int16 => "an Int16",
            Self::UInt16 => "a UInt16",
            Self::Int32 => "an Int32",
            Self::UInt32 => "a UInt32",
            Self::Int64 => "an Int64",
            Self::UInt64 => "a UInt64",
        };
        overflow(format!("Value was either too large or too small for {name}."))
    }

    /// `value` if it lies in the range.
    pub fn check(self, value: i128) -> Result<i128, Thrown> {
        if value >= self.min() && value <= self.max() { Ok(value) } else { Err(self.overflow()) }
    }

    /// The low bits of `value` read as this type: what an unchecked cast gives.
    pub const fn wrap(self, value: i128) -> i128 {
        let bits = value as u128 & self.mask();
        if self.is_signed() && bits > self.max() as u128 { bits as i128 - (1 << self.bits()) } else { bits as i128 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchecked_cast_keeps_the_low_bits() {
        assert_eq!(IntegerKind::Byte.wrap(300), 44);
        assert_eq!(IntegerKind::SByte.wrap(200), -56);
        assert_eq!(IntegerKind::Int32.wrap(4_294_967_297), 1);
        assert_eq!(IntegerKind::UInt64.wrap(-1), i128::from(u64::MAX));
        assert_eq!(IntegerKind::Int64.min(), i128::from(i64::MIN));
    }
}
