//! `GetHashCode`.
//!
//! .NET's own is random in each process; ours is the same everywhere, so that runs repeat. No program can tell.

/// `String.GetHashCode()`: FNV-1a over the UTF-8 bytes.
pub fn of_text(text: &str) -> i32 {
    let hash = text.bytes().fold(0x811C_9DC5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as i32
}

/// `Int64.GetHashCode()` and of everything made of 64 bits.
pub const fn of_long(value: i64) -> i32 {
    (value as i32) ^ ((value >> 32) as i32)
}

/// `Double.GetHashCode()`: zeros and NaNs are each one value.
pub fn of_double(value: f64) -> i32 {
    let value = if value == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::from_bits(0x7FF8_0000_0000_0000)
    } else {
        value
    };
    of_long(value.to_bits() as i64)
}
