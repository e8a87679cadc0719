//! `String.Split`.

use super::index::unit_char;
use crate::Thrown;
use crate::messages::{argument, out_of_range};

/// `System.StringSplitOptions`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitOptions {
    /// Empty pieces are left out.
    pub remove_empty: bool,
    /// White space around pieces is taken away.
    pub trim: bool,
}

impl SplitOptions {
    /// From the number behind the enumeration's member.
    pub fn from_number(value: i64) -> Result<Self, Thrown> {
        if !(0..=3).contains(&value) {
            return Err(argument(&format!("Illegal enum value: {value}."), "options"));
        }
        Ok(Self { remove_empty: value & 1 != 0, trim: value & 2 != 0 })
    }
}

/// What the pieces stand between.
#[derive(Clone, Copy, Debug)]
pub enum Separators<'a> {
    /// Any white space.
    White,
    /// Any of these units.
    Units(&'a [u16]),
    /// Any of these texts; the first that fits is taken.
    Texts(&'a [&'a str]),
}

impl Separators<'_> {
    /// Start and end in bytes of every separator, from the left.
    fn places(self, text: &str) -> Vec<(usize, usize)> {
        match self {
            Self::White => text.match_indices(char::is_whitespace).map(|(at, found)| (at, at + found.len())).collect(),
            Self::Units(units) => {
                let wanted: Vec<char> = units.iter().map(|unit| unit_char(*unit)).collect();
                text.match_indices(wanted.as_slice()).map(|(at, found)| (at, at + found.len())).collect()
            }
            Self::Texts(texts) => {
                let mut places = Vec::new();
                let mut at = 0;
                while let Some(c) = text[at..].chars().next() {
                    match texts.iter().find(|wanted| !wanted.is_empty() && text[at..].starts_with(**wanted)) {
                        Some(found) => {
                            places.push((at, at + found.len()));
                            at += found.len();
                        }
                        None => at += c.len_utf8(),
                    }
                }
                places
            }
        }
    }
}

/// `Split(separators, count, options)`
pub fn split<'a>(
    text: &'a str,
    separators: Separators<'_>,
    count: i32,
    options: SplitOptions,
) -> Result<Vec<&'a str>, Thrown> {
    if count < 0 {
        return Err(out_of_range("Count cannot be less than zero.", "count"));
    }
    let most = usize::try_from(count).unwrap_or(0);
    let piece = |from: usize, to: usize| if options.trim { text[from..to].trim() } else { &text[from..to] };
    if most == 0 || (options.remove_empty && piece(0, text.len()).is_empty()) {
        return Ok(Vec::new());
    }
    if most == 1 {
        return Ok(vec![piece(0, text.len())]);
    }
    let places = separators.places(text);
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut next = places.iter().peekable();
    while let Some((start, end)) = next.next() {
        let found = piece(from, *start);
        if !(options.remove_empty && found.is_empty()) {
            pieces.push(found);
        }
        from = *end;
        if pieces.len() == most - 1 {
            // Empty pieces in front of the rest are left out as well.
            while options.remove_empty
                && let Some((start, end)) = next.next_if(|(start, _)| piece(from, *start).is_empty())
            {
                let _ = start;
                from = *end;
            }
            break;
        }
    }
    let rest = piece(from, text.len());
    if !(options.remove_empty && rest.is_empty()) {
        pieces.push(rest);
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: SplitOptions = SplitOptions { remove_empty: false, trim: false };
    const DROP: SplitOptions = SplitOptions { remove_empty: true, trim: false };

    fn by(text: &str, units: &str, count: i32, options: SplitOptions) -> Vec<String> {
        let units: Vec<u16> = units.encode_utf16().collect();
        split(text, Separators::Units(&units), count, options).unwrap().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn pieces_are_counted_and_empty_ones_kept_or_left_out() {
        assert_eq!(by("a,b,,c", ",", i32::MAX, KEEP), ["a", "b", "", "c"]);
        assert_eq!(by("a,b,,c", ",", i32::MAX, DROP), ["a", "b", "c"]);
        assert_eq!(by("a,b,c,d", ",", 2, KEEP), ["a", "b,c,d"]);
        assert_eq!(by("a,,b,,,c", ",", 3, DROP), ["a", "b", "c"]);
        assert_eq!(by(",,a,,b,,c,", ",", 2, DROP), ["a", "b,,c,"]);
        assert_eq!(by("", ",", i32::MAX, KEEP), [""]);
        assert!(by("", ",", i32::MAX, DROP).is_empty());
        assert!(by("a,b", ",", 0, KEEP).is_empty());
        assert_eq!(by("a,b", ",", 1, DROP), ["a,b"]);
        assert_eq!(by(" a , , b ", ",", i32::MAX, SplitOptions { remove_empty: true, trim: true }), ["a", "b"]);
    }

    #[test]
    fn texts_and_white_space_separate_too() {
        let texts = |text, list: &[&str]| split(text, Separators::Texts(list), i32::MAX, KEEP).unwrap().join("|");
        assert_eq!(texts("a--b-c", &["--", "-"]), "a|b|c");
        assert_eq!(texts("abc", &[""]), "abc");
        assert_eq!(split(" a\tb ", Separators::White, i32::MAX, DROP).unwrap(), ["a", "b"]);
        assert!(split("a", Separators::White, -1, KEEP).is_err());
    }
}
