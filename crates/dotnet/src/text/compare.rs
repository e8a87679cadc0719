//! Comparison of texts: ordinal, and in the invariant culture.
//!
//! The invariant culture compares as the root collation does, by a compact approximation: characters are decomposed; the
//! first level looks at base letters (white space, punctuation and symbols before digits before letters), the second at
//! accents, the third at case, lower before upper. Expansions (`ß`, `æ`) and contractions are covered for Latin only.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::chars::{category_of, lower_char, upper_char};
use crate::Thrown;
use crate::messages::argument;

/// `System.StringComparison`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The current or invariant culture, which are the same.
    Culture {
        /// Upper and lower case are equal.
        ignore_case: bool,
    },
    /// UTF-16 units.
    Ordinal,
    /// UTF-16 units in upper case.
    OrdinalIgnoreCase,
}

impl Comparison {
    /// From the number behind the enumeration's member.
    pub fn from_number(value: i64) -> Result<Self, Thrown> {
        Ok(match value {
            0 | 2 => Self::Culture { ignore_case: false },
            1 | 3 => Self::Culture { ignore_case: true },
            4 => Self::Ordinal,
            5 => Self::OrdinalIgnoreCase,
            _ => {
                return Err(argument(
                    "The string comparison type passed in is currently not supported.",
                    "comparisonType",
                ));
            }
        })
    }

    /// Does case matter?
    pub const fn ignores_case(self) -> bool {
        matches!(self, Self::OrdinalIgnoreCase | Self::Culture { ignore_case: true })
    }

    /// `String.Compare` as -1, 0 or 1, or the distance for ordinal comparison.
    pub fn compare(self, a: &str, b: &str) -> i32 {
        match self {
            Self::Culture { ignore_case } => order(culture(a, b, ignore_case)),
            Self::Ordinal => ordinal(a, b),
            Self::OrdinalIgnoreCase => order(ordinal_ignore_case(a, b)),
        }
    }

    /// `String.Equals`
    pub fn equal(self, a: &str, b: &str) -> bool {
        match self {
            Self::Ordinal => a == b,
            Self::OrdinalIgnoreCase => ordinal_ignore_case(a, b) == Ordering::Equal,
            Self::Culture { ignore_case } => a == b || culture(a, b, ignore_case) == Ordering::Equal,
        }
    }
}

/// -1, 0 or 1.
pub const fn order(ordering: Ordering) -> i32 {
    match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// `String.CompareOrdinal`: the distance of the first units that differ, or of the lengths.
pub fn ordinal(a: &str, b: &str) -> i32 {
    let (mut x, mut y) = (a.encode_utf16(), b.encode_utf16());
    loop {
        match (x.next(), y.next()) {
            (Some(p), Some(q)) if p == q => {}
            (Some(p), Some(q)) => return i32::from(p) - i32::from(q),
            (None, None) => return 0,
            (Some(_), None) => return i32::try_from(x.count() + 1).unwrap_or(i32::MAX),
            (None, Some(_)) => return -i32::try_from(y.count() + 1).unwrap_or(i32::MAX),
        }
    }
}

/// The order of UTF-16 units, which is not always the order of code points.
pub fn ordinal_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Ordinal comparison of the upper cases.
pub fn ordinal_ignore_case(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.bytes().map(|c| c.to_ascii_uppercase()).cmp(b.bytes().map(|c| c.to_ascii_uppercase()));
    }
    let units = |text: &str| -> Vec<u16> {
        let mut buffer = [0; 2];
        text.chars().flat_map(|c| upper_char(c).encode_utf16(&mut buffer).to_vec()).collect()
    };
    units(a).cmp(&units(b))
}

/// One element of the first two levels.
struct Element {
    primary: u32,
    accent: u32,
    upper: bool,
}

/// The order of ASCII signs in the root collation, before digits and letters.
const SIGNS: &str = "\t\n\u{b}\u{c}\r\u{85} _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

fn elements(text: &str) -> Vec<Element> {
    let mut out: Vec<Element> = Vec::with_capacity(text.len());
    let push = |base: char, out: &mut Vec<Element>| {
        let lower = lower_char(base);
        if let Some(primary) = primary(lower) {
            out.push(Element { primary, accent: 0, upper: lower != base });
        }
    };
    for c in text.nfd() {
        match c {
            'ß' => {
                push('s', &mut out);
                push('s', &mut out);
            }
            'æ' => {
                push('a', &mut out);
                push('e', &mut out);
            }
            'Æ' => {
                push('A', &mut out);
                push('E', &mut out);
            }
            'œ' => {
                push('o', &mut out);
                push('e', &mut out);
            }
            _ if is_combining_mark(c) => {
                if let Some(last) = out.last_mut() {
                    last.accent = last.accent.wrapping_mul(31).wrapping_add(u32::from(c));
                }
            }
            _ => push(c, &mut out),
        }
    }
    out
}

/// The first-level weight; `None` for what collation ignores.
fn primary(c: char) -> Option<u32> {
    const DIGITS: u32 = 0x2_0000;
    const LETTERS: u32 = 0x3_0000;
    if let Some(place) = SIGNS.chars().position(|sign| sign == c) {
        return Some(u32::try_from(place).unwrap_or(0) + 1);
    }
    if let Some(digit) = c.to_digit(10) {
        return Some(DIGITS + digit);
    }
    if c.is_ascii_alphabetic() {
        return Some(LETTERS + u32::from(c));
    }
    match category_of(c) {
        14 | 15 => None,
        0..=9 => Some(LETTERS + u32::from(c)),
        _ => Some(0x100 + u32::from(c)),
    }
}

/// Comparison in the invariant culture.
pub fn culture(a: &str, b: &str, ignore_case: bool) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (x, y) = (elements(a), elements(b));
    let level = |key: fn(&Element) -> u32| x.iter().map(key).cmp(y.iter().map(key));
    level(|e| e.primary)
        .then_with(|| level(|e| e.accent))
        .then_with(|| if ignore_case { Ordering::Equal } else { level(|e| u32::from(e.upper)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn less(a: &str, b: &str) -> bool {
        culture(a, b, false) == Ordering::Less && culture(b, a, false) == Ordering::Greater
    }

    #[test]
    fn the_invariant_culture_sorts_letters_before_case() {
        assert!(less("a", "A") && less("A", "b") && less("a", "B") && less("apple", "Banana"));
        assert!(less("résumé", "resumes") && less("resume", "résumé") && !less("Z", "é") && less("é", "f"));
        assert!(less("_", "1") && less("1", "a") && less("a b", "ab") && less("", "a"));
        assert_eq!(culture("ABC", "abc", true), Ordering::Equal);
        assert_eq!(culture("é", "e\u{301}", false), Ordering::Equal);
        assert!(less("item1", "item10") && less("aa", "Ab"));
    }

    #[test]
    fn ordinal_comparison_gives_distances() {
        assert_eq!(ordinal("a", "B"), 31);
        assert_eq!(ordinal("abc", "a"), 2);
        assert_eq!(ordinal("a", "abc"), -2);
        assert_eq!(Comparison::OrdinalIgnoreCase.compare("abc", "ABC"), 0);
        assert_eq!(ordinal_ignore_case("_", "a"), Ordering::Greater);
        assert!(Comparison::from_number(9).is_err());
    }
}
