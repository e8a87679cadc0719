//! Numbers: text to and from, `decimal`, `Math`.

pub mod custom;
pub mod decimal;
pub mod digits;
pub mod format;
pub mod integer;
pub mod math;
pub mod parse;
pub mod random;
pub mod wide;

pub use decimal::Decimal;
pub use integer::IntegerKind;
pub use parse::NumberStyles;

/// Which .NET the text of numbers and times follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Generation {
    /// .NET Core 3.0 and later: shortest text that reads back as the same value.
    #[default]
    Modern,
    /// .NET Framework 4.x: fifteen digits.
    Framework,
}
