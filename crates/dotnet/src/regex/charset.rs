//! Sets of UTF-16 code units, as .NET character classes compute them.

use std::sync::{Arc, LazyLock};

/// A set of UTF-16 code units: sorted, disjoint, non-adjacent inclusive ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CharSet {
    ranges: Vec<(u16, u16)>,
    ascii: [u64; 2],
}

impl CharSet {
    pub(super) fn new(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if u32::from(low) <= u32::from(last.1) + 1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        let mut ascii = [0u64; 2];
        for &(low, high) in &merged {
            for unit in low..=high.min(127) {
                if unit > 127 {
                    break;
                }
                ascii[usize::from(unit >> 6)] |= 1 << (unit & 63);
            }
        }
        Self { ranges: merged, ascii }
    }

    pub(super) fn empty() -> Self {
        Self::new(Vec::new())
    }

    pub(super) fn all() -> Self {
        Self::new(vec![(0, u16::MAX)])
    }

    pub(super) fn one(unit: u16) -> Self {
        Self::new(vec![(unit, unit)])
    }

    pub(super) fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        if unit < 128 {
            return self.ascii[usize::from(unit >> 6)] & (1 << (unit & 63)) != 0;
        }
        self.ranges
            .binary_search_by(|&(low, high)| {
                if high < unit {
                    std::cmp::Ordering::Less
                } else if low > unit {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
    }

    pub(super) fn negate(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0u32;
        for &(low, high) in &self.ranges {
            if u32::from(low) > next {
                ranges.push((next as u16, low - 1));
            }
            next = u32::from(high) + 1;
        }
        if next <= 0xFFFF {
            ranges.push((next as u16, 0xFFFF));
        }
        Self::new(ranges)
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::new(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        self.negate().union(other).negate()
    }

    /// Adds the lower-case form of every member.
    pub(super) fn with_lowercase(&self) -> Self {
        let mut ranges = self.ranges.clone();
        for &(upper, lower) in CASE_PAIRS.iter() {
            if self.contains(upper) {
                ranges.push((lower, lower));
            }
        }
        Self::new(ranges)
    }

    /// Every unit whose lower-case form is a member: what a set means under `IgnoreCase`.
    pub(super) fn preimage_of_lowercase(&self) -> Self {
        let mut add = Vec::new();
        let mut remove = Vec::new();
        for &(upper, lower) in CASE_PAIRS.iter() {
            let unit = (upper, upper);
            if self.contains(lower) { &mut add } else { &mut remove }.push(unit);
        }
        self.subtract(&Self::new(remove)).union(&Self::new(add))
    }
}

/// Units whose simple invariant lower-case form differs from themselves, with that form.
static CASE_PAIRS: LazyLock<Vec<(u16, u16)>> = LazyLock::new(|| {
    (0..=u16::MAX)
        .filter_map(|unit| {
            let lower = lower_uncached(unit);
            (lower != unit).then_some((unit, lower))
        })
        .collect()
});

fn lower_uncached(unit: u16) -> u16 {
    let Some(character) = char::from_u32(u32::from(unit)) else { return unit };
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// The simple invariant lower-case form of one unit.
pub(super) fn lower(unit: u16) -> u16 {
    if unit < 128 {
        return if (65..=90).contains(&unit) { unit + 32 } else { unit };
    }
    lower_uncached(unit)
}

/// One unit under `IgnoreCase`: every unit with the same lower-case form.
pub(super) fn folded(unit: u16) -> CharSet {
    let lower = lower(unit);
    let mut ranges = vec![(lower, lower)];
    ranges.extend(CASE_PAIRS.iter().filter(|(_, to)| *to == lower).map(|&(upper, _)| (upper, upper)));
    // A unit that is the lower-case form of others can itself have another one.
    ranges.retain(|&(unit, _)| self::lower(unit) == lower);
    CharSet::new(ranges)
}

/// The set of a Unicode general category such as `Lu` or `L`, as .NET names them; `None` for other names.
pub(super) fn category(name: &str) -> Option<CharSet> {
    const NAMES: &[&str] = &[
        "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
        "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
    ];
    let known = NAMES.iter().find(|known| **known == name)?;
    let surrogates = (0xD800, 0xDFFF);
    if *known == "Cs" {
        return Some(CharSet::new(vec![surrogates]));
    }
    let hir = regex_syntax::parse(&format!(r"\p{{{known}}}")).ok()?;
    let mut ranges = Vec::new();
    if let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() {
        for range in class.ranges() {
            let Ok(low) = u16::try_from(u32::from(range.start())) else { continue };
            let high = u16::try_from(u32::from(range.end())).unwrap_or(u16::MAX);
            // A range that spans the surrogate gap does not contain the surrogates.
            if low < 0xD800 && high > 0xDFFF {
                ranges.push((low, 0xD7FF));
                ranges.push((0xE000, high));
            } else {
                ranges.push((low, high));
            }
        }
    }
    if *known == "C" {
        ranges.push(surrogates);
    }
    Some(CharSet::new(ranges))
}

fn categories(names: &[&str]) -> CharSet {
    names.iter().filter_map(|name| category(name)).fold(CharSet::empty(), |all, one| all.union(&one))
}

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident = $make:expr;)*) => {
        $($(#[$doc])* pub(super) fn $name() -> Arc<CharSet> {
            static SET: LazyLock<Arc<CharSet>> = LazyLock::new(|| Arc::new($make));
            SET.clone()
        })*
    };
}

shared! {
    /// `\w`.
    word = categories(&["L", "Mn", "Nd", "Pc"]);
    /// What `\b` takes for a word character: `\w`, zero-width joiner and non-joiner.
    boundary_word = word().union(&CharSet::new(vec![(0x200C, 0x200D)]));
    /// `\d`.
    digit = categories(&["Nd"]);
    /// `\s`.
    space = CharSet::new(
        (0..=u16::MAX)
            .filter(|unit| char::from_u32(u32::from(*unit)).is_some_and(char::is_whitespace))
            .map(|unit| (unit, unit))
            .collect(),
    );
    /// `\w` under `ECMAScript`.
    ecma_word = CharSet::new(vec![(48, 57), (65, 90), (95, 95), (97, 122), (0x130, 0x130)]);
    /// `\d` under `ECMAScript`.
    ecma_digit = CharSet::new(vec![(48, 57)]);
    /// `\s` under `ECMAScript`.
    ecma_space = CharSet::new(vec![(9, 13), (32, 32)]);
    /// Everything but `\n`: the dot.
    not_newline = CharSet::one(10).negate();
    /// Everything: the dot under `Singleline`.
    any = CharSet::all();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negating_twice_is_the_same_set() {
        for set in [word(), digit(), space(), any(), not_newline()] {
            assert_eq!(set.negate().negate(), *set);
        }
        assert_eq!(CharSet::empty().negate(), CharSet::all());
    }

    #[test]
    fn subtraction_takes_members_away() {
        let consonants = CharSet::new(vec![(97, 122)])
            .subtract(&CharSet::new(b"aeiou".iter().map(|b| (u16::from(*b), u16::from(*b))).collect()));
        assert!(!consonants.contains(u16::from(b'a')) && consonants.contains(u16::from(b'b')));
    }

    #[test]
    fn ignoring_case_goes_through_the_lower_case_form() {
        let set = CharSet::one(u16::from(b'k')).preimage_of_lowercase();
        assert!(set.contains(u16::from(b'K')) && set.contains(0x212A));
        let dotless = CharSet::one(u16::from(b'i')).preimage_of_lowercase();
        assert!(!dotless.contains(0x130));
    }

    #[test]
    fn categories_have_their_surrogates() {
        assert!(category("Cs").unwrap().contains(0xD800));
        assert!(category("C").unwrap().contains(0xDFFF));
        assert!(!category("L").unwrap().contains(0xD800));
        assert!(category("Letter").is_none());
    }
}
