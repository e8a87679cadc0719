//! `System.Char`: classes of UTF-16 units by Unicode general category.

use unicode_properties::{GeneralCategory as G, UnicodeGeneralCategory};

use super::index::unit_char;

/// The number of `System.Globalization.UnicodeCategory`.
pub fn category(unit: u16) -> i32 {
    if (0xD800..0xE000).contains(&unit) {
        return 16;
    }
    category_of(unit_char(unit))
}

/// The number of `UnicodeCategory` of a whole character.
pub fn category_of(c: char) -> i32 {
    match c.general_category() {
        G::UppercaseLetter => 0,
        G::LowercaseLetter => 1,
        G::TitlecaseLetter => 2,
        G::ModifierLetter => 3,
        G::OtherLetter => 4,
        G::NonspacingMark => 5,
        G::SpacingMark => 6,
        G::EnclosingMark => 7,
        G::DecimalNumber => 8,
        G::LetterNumber => 9,
        G::OtherNumber => 10,
        G::SpaceSeparator => 11,
        G::LineSeparator => 12,
        G::ParagraphSeparator => 13,
        G::Control => 14,
        G::Format => 15,
        G::Surrogate => 16,
        G::PrivateUse => 17,
        G::ConnectorPunctuation => 18,
        G::DashPunctuation => 19,
        G::OpenPunctuation => 20,
        G::ClosePunctuation => 21,
        G::InitialPunctuation => 22,
        G::FinalPunctuation => 23,
        G::OtherPunctuation => 24,
        G::MathSymbol => 25,
        G::CurrencySymbol => 26,
        G::ModifierSymbol => 27,
        G::OtherSymbol => 28,
        G::Unassigned => 29,
    }
}

/// The names of `UnicodeCategory`, by number.
pub const CATEGORIES: [&str; 30] = [
    "UppercaseLetter",
    "LowercaseLetter",
    "TitlecaseLetter",
    "ModifierLetter",
    "OtherLetter",
    "NonSpacingMark",
    "SpacingCombiningMark",
    "EnclosingMark",
    "DecimalDigitNumber",
    "LetterNumber",
    "OtherNumber",
    "SpaceSeparator",
    "LineSeparator",
    "ParagraphSeparator",
    "Control",
    "Format",
    "Surrogate",
    "PrivateUse",
    "ConnectorPunctuation",
    "DashPunctuation",
    "OpenPunctuation",
    "ClosePunctuation",
    "InitialQuotePunctuation",
    "FinalQuotePunctuation",
    "OtherPunctuation",
    "MathSymbol",
    "CurrencySymbol",
    "ModifierSymbol",
    "OtherSymbol",
    "OtherNotAssigned",
];

/// `Char.IsLetter`
pub fn is_letter(unit: u16) -> bool {
    matches!(category(unit), 0..=4)
}

/// `Char.IsDigit`: decimal digits of every script.
pub fn is_digit(unit: u16) -> bool {
    category(unit) == 8
}

/// `Char.IsNumber`
pub fn is_number(unit: u16) -> bool {
    matches!(category(unit), 8..=10)
}

/// `Char.IsLetterOrDigit`
pub fn is_letter_or_digit(unit: u16) -> bool {
    is_letter(unit) || is_digit(unit)
}

/// `Char.IsUpper`
pub fn is_upper(unit: u16) -> bool {
    category(unit) == 0
}

/// `Char.IsLower`
pub fn is_lower(unit: u16) -> bool {
    category(unit) == 1
}

/// `Char.IsPunctuation`
pub fn is_punctuation(unit: u16) -> bool {
    matches!(category(unit), 18..=24)
}

/// `Char.IsSymbol`
pub fn is_symbol(unit: u16) -> bool {
    matches!(category(unit), 25..=28)
}

/// `Char.IsSeparator`
pub fn is_separator(unit: u16) -> bool {
    matches!(category(unit), 11..=13)
}

/// `Char.IsControl`
pub fn is_control(unit: u16) -> bool {
    category(unit) == 14
}

/// `Char.IsWhiteSpace`
pub fn is_white_space(unit: u16) -> bool {
    unit_char(unit).is_whitespace()
}

/// `Char.IsHighSurrogate`
pub const fn is_high_surrogate(unit: u16) -> bool {
    unit >= 0xD800 && unit < 0xDC00
}

/// `Char.IsLowSurrogate`
pub const fn is_low_surrogate(unit: u16) -> bool {
    unit >= 0xDC00 && unit < 0xE000
}

/// `Char.IsSurrogate`
pub const fn is_surrogate(unit: u16) -> bool {
    unit >= 0xD800 && unit < 0xE000
}

/// `Char.GetNumericValue`, -1 where there is none.
pub fn numeric_value(unit: u16) -> f64 {
    let c = unit_char(unit);
    if let Some(digit) = c.to_digit(10) {
        return f64::from(digit);
    }
    let plain = match c {
        '¼' => 0.25,
        '½' => 0.5,
        '¾' => 0.75,
        '⅓' => 1.0 / 3.0,
        '⅔' => 2.0 / 3.0,
        '⅕' => 0.2,
        '⅖' => 0.4,
        '⅗' => 0.6,
        '⅘' => 0.8,
        '⅙' => 1.0 / 6.0,
        '⅚' => 5.0 / 6.0,
        '⅛' => 0.125,
        '⅜' => 0.375,
        '⅝' => 0.625,
        '⅞' => 0.875,
        '¹' => 1.0,
        '²' => 2.0,
        '³' => 3.0,
        '⁰' | '₀' => 0.0,
        '⁴'..='⁹' => f64::from(unit - 0x2070),
        '₁'..='₉' => f64::from(unit - 0x2080),
        '\u{2160}'..='\u{216B}' => f64::from(unit - 0x215F),
        '\u{2170}'..='\u{217B}' => f64::from(unit - 0x216F),
        '\u{2460}'..='\u{2473}' => f64::from(unit - 0x245F),
        _ => -1.0,
    };
    if plain >= 0.0 || !is_digit(unit) {
        return plain;
    }
    // Digits of a script stand in a run of ten that begins where the category begins.
    let mut zero = unit;
    while zero > 0 && unit - zero < 9 && is_digit(zero - 1) && (zero & 0xF != 0) && (zero & 0xF != 6) {
        zero -= 1;
    }
    f64::from(unit - zero)
}

/// `Char.ToUpperInvariant`
pub fn upper(unit: u16) -> u16 {
    one_unit(upper_char(unit_char(unit)), unit)
}

/// `Char.ToLowerInvariant`
pub fn lower(unit: u16) -> u16 {
    one_unit(lower_char(unit_char(unit)), unit)
}

fn one_unit(c: char, unit: u16) -> u16 {
    if is_surrogate(unit) { unit } else { u16::try_from(u32::from(c)).unwrap_or(unit) }
}

/// The upper case of one character where it is one character too; the dotless i stays.
pub fn upper_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    if c == 'ı' {
        return c;
    }
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The lower case of one character where it is one character too; the dotted I stays.
pub fn lower_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// `String.ToUpperInvariant`
pub fn upper_text(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(upper_char).collect() }
}

/// `String.ToLowerInvariant`
pub fn lower_text(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(lower_char).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(c: char) -> u16 {
        u16::try_from(u32::from(c)).unwrap()
    }

    #[test]
    fn classes_follow_unicode() {
        assert!(is_letter(unit('é')) && is_lower(unit('é')) && !is_upper(unit('a')));
        assert!(is_digit(unit('٣')) && !is_digit(unit('½')) && is_number(unit('½')));
        assert!(is_punctuation(unit('!')) && is_symbol(unit('+')) && !is_symbol(unit('_')));
        assert!(is_white_space(unit('\u{a0}')) && is_control(unit('\n')) && is_separator(unit(' ')));
        assert!(is_surrogate(0xD83D) && category(0xD83D) == 16);
        assert_eq!((numeric_value(unit('7')), numeric_value(unit('½')), numeric_value(unit('x'))), (7.0, 0.5, -1.0));
        assert_eq!(numeric_value(unit('٣')), 3.0);
    }

    #[test]
    fn case_never_changes_the_length() {
        assert_eq!(upper_text("straße"), "STRAßE");
        assert_eq!(upper(unit('é')), unit('É'));
        assert_eq!(lower_text("ÀÉİ"), "àéİ");
        assert_eq!(upper(unit('ı')), unit('ı'));
    }
}
