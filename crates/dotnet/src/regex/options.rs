//! `RegexOptions`.

use crate::{Exception, ExceptionKind, Thrown};

/// `System.Text.RegularExpressions.RegexOptions`: a set of flags with the values of .NET.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegexOptions(i32);

impl RegexOptions {
    /// No option.
    pub const NONE: Self = Self(0);
    /// Letters match whatever their case, by the invariant culture.
    pub const IGNORE_CASE: Self = Self(1);
    /// `^` and `$` match at lines.
    pub const MULTILINE: Self = Self(2);
    /// Only named groups capture.
    pub const EXPLICIT_CAPTURE: Self = Self(4);
    /// A hint about compilation; changes nothing here.
    pub const COMPILED: Self = Self(8);
    /// The dot matches `\n` too.
    pub const SINGLELINE: Self = Self(16);
    /// White space and `#` comments in the pattern are skipped.
    pub const IGNORE_PATTERN_WHITESPACE: Self = Self(32);
    /// The search runs from the end to the start.
    pub const RIGHT_TO_LEFT: Self = Self(64);
    /// Classes are ASCII, as in ECMAScript.
    pub const ECMA_SCRIPT: Self = Self(256);
    /// Culture is left out of account, as always here.
    pub const CULTURE_INVARIANT: Self = Self(512);
    /// No backtracking (.NET 7); accepted as a hint.
    pub const NON_BACKTRACKING: Self = Self(1024);

    /// Every option with its .NET name.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("None", Self::NONE),
        ("IgnoreCase", Self::IGNORE_CASE),
        ("Multiline", Self::MULTILINE),
        ("ExplicitCapture", Self::EXPLICIT_CAPTURE),
        ("Compiled", Self::COMPILED),
        ("Singleline", Self::SINGLELINE),
        ("IgnorePatternWhitespace", Self::IGNORE_PATTERN_WHITESPACE),
        ("RightToLeft", Self::RIGHT_TO_LEFT),
        ("ECMAScript", Self::ECMA_SCRIPT),
        ("CultureInvariant", Self::CULTURE_INVARIANT),
        ("NonBacktracking", Self::NON_BACKTRACKING),
    ];

    /// The options of a number, unchecked: `Regex` refuses what .NET refuses.
    pub const fn from_bits(bits: i32) -> Self {
        Self(bits)
    }

    /// The number of the options.
    pub const fn bits(self) -> i32 {
        self.0
    }

    /// Are all options of `other` in this set?
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the options of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Checks the combination as the `Regex` constructor does.
    pub(super) fn check(self) -> Result<(), Thrown> {
        let known = Self::NAMES.iter().fold(0, |all, (_, one)| all | one.0);
        let with_ecma = Self::ECMA_SCRIPT.0
            | Self::IGNORE_CASE.0
            | Self::MULTILINE.0
            | Self::COMPILED.0
            | Self::CULTURE_INVARIANT.0;
        if self.0 & !known != 0 || (self.has(Self::ECMA_SCRIPT) && self.0 & !with_ecma != 0) {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'options')",
            ));
        }
        Ok(())
    }
}
