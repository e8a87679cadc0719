//! Custom numeric patterns: `0 # . , % ‰ E`, sections, literals, under the invariant culture.
//!
//! Source: .NET "Custom numeric format strings".

use super::digits::{Digits, Origin};
use super::format::push_exponent;

/// What a section of a pattern says before any digit is written.
#[derive(Debug, Default)]
struct Section {
    /// How many `0` and `#` there are.
    places: i32,
    /// How many of them stand before the point.
    point: i32,
    /// The first `0`, counted in places.
    first_zero: Option<i32>,
    /// The place behind the last `0`.
    last_zero: i32,
    /// Is there an exponent?
    scientific: bool,
    /// Are groups of three wanted?
    grouped: bool,
    /// Powers of ten to multiply by.
    shift: i32,
}

/// Formats `number` after `pattern`.
pub fn format_custom(mut number: Digits, pattern: &str) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let wanted = if number.is_zero() { 2 } else { usize::from(number.negative) };
    let mut start = find_section(&pattern, wanted);
    let mut shape;
    loop {
        shape = read_section(&pattern[start..]);
        if number.is_zero() {
            if number.origin != Origin::Float {
                number.negative = false;
            }
            number.scale = 0;
            break;
        }
        number.scale = number.scale.saturating_add(shape.shift);
        let keep =
            if shape.scientific { shape.places } else { number.scale.saturating_add(shape.places - shape.point) };
        number.round(keep, true);
        if number.is_zero() {
            let zero = find_section(&pattern, 2);
            if zero != start {
                start = zero;
                continue;
            }
        }
        break;
    }
    let text = write_section(&number, &pattern[start..], &shape);
    let minus = number.negative && start == 0 && (number.scale != 0 || !text.is_empty());
    if minus { format!("-{text}") } else { text }
}

/// Where the section for positive (0), negative (1) or zero (2) begins; the first one when it is missing or empty.
fn find_section(pattern: &[char], wanted: usize) -> usize {
    if wanted == 0 {
        return 0;
    }
    let mut left = wanted;
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        at += 1;
        match ch {
            '\'' | '"' => {
                while at < pattern.len() && pattern[at] != ch {
                    at += 1;
                }
                at += 1;
            }
            '\\' => at += 1,
            ';' => {
                left -= 1;
                if left > 0 {
                    continue;
                }
                return match pattern.get(at) {
                    None | Some(';') => 0,
                    Some(_) => at,
                };
            }
            _ => {}
        }
    }
    0
}

fn exponent_follows(pattern: &[char], at: usize) -> bool {
    match pattern.get(at) {
        Some('0') => true,
        Some('+' | '-') => pattern.get(at + 1) == Some(&'0'),
        _ => false,
    }
}

fn read_section(pattern: &[char]) -> Section {
    let mut shape = Section::default();
    let mut point = None;
    let mut comma_at: Option<i32> = None;
    let mut commas = 0;
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        at += 1;
        match ch {
            ';' => break,
            '#' => shape.places += 1,
            '0' => {
                shape.first_zero.get_or_insert(shape.places);
                shape.places += 1;
                shape.last_zero = shape.places;
            }
            '.' => {
                point.get_or_insert(shape.places);
            }
            ',' if shape.places > 0 && point.is_none() => {
                if comma_at == Some(shape.places) {
                    commas += 1;
                } else {
                    shape.grouped |= comma_at.is_some();
                    comma_at = Some(shape.places);
                    commas = 1;
                }
            }
            '%' => shape.shift += 2,
            '‰' => shape.shift += 3,
            '\'' | '"' => {
                while at < pattern.len() && pattern[at] != ch {
                    at += 1;
                }
                at += 1;
            }
            '\\' => at += 1,
            'E' | 'e' if exponent_follows(pattern, at) => {
                at += 1;
                while pattern.get(at) == Some(&'0') {
                    at += 1;
                }
                shape.scientific = true;
            }
            _ => {}
        }
    }
    shape.point = point.unwrap_or(shape.places);
    if let Some(comma) = comma_at {
        if comma == shape.point {
            shape.shift -= commas * 3;
        } else {
            shape.grouped = true;
        }
    }
    shape
}

/// Writes digits and knows when a group ends.
struct Writer<'a> {
    text: String,
    number: &'a Digits,
    next: usize,
    /// Places left of the point that are still to come; negative behind it.
    position: i32,
    grouped: bool,
}

impl Writer<'_> {
    fn next_digit(&mut self) -> Option<char> {
        let digit = self.number.digits.get(self.next).map(|d| char::from(b'0' + d));
        if digit.is_some() {
            self.next += 1;
        }
        digit
    }

    fn put(&mut self, digit: char) {
        self.text.push(digit);
        if self.grouped && self.position > 1 && (self.position - 1) % 3 == 0 {
            self.text.push(',');
        }
    }
}

fn write_section(number: &Digits, pattern: &[char], shape: &Section) -> String {
    let first_zero = shape.first_zero.map_or(0, |first| (shape.point - first).max(0));
    let last_zero = (shape.point - shape.last_zero).min(0);
    let (position, mut ahead) =
        if shape.scientific { (shape.point, 0) } else { (number.scale.max(shape.point), number.scale - shape.point) };
    let mut out = Writer { text: String::new(), number, next: 0, position, grouped: shape.grouped };
    let mut point_written = false;
    let mut exponent_open = shape.scientific;
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        at += 1;
        if ch == ';' {
            break;
        }
        if ahead > 0 && matches!(ch, '#' | '0' | '.') {
            while ahead > 0 {
                let digit = out.next_digit().unwrap_or('0');
                out.put(digit);
                out.position -= 1;
                ahead -= 1;
            }
        }
        match ch {
            '#' | '0' => {
                let digit = if ahead < 0 {
                    ahead += 1;
                    (out.position <= first_zero).then_some('0')
                } else {
                    out.next_digit().or_else(|| (out.position > last_zero).then_some('0'))
                };
                if let Some(digit) = digit {
                    out.put(digit);
                }
                out.position -= 1;
            }
            '.' => {
                let more = out.next < number.digits.len();
                if out.position == 0 && !point_written && (last_zero < 0 || (shape.point < shape.places && more)) {
                    out.text.push('.');
                    point_written = true;
                }
            }
            '%' | '‰' => out.text.push(ch),
            ',' => {}
            '\'' | '"' => {
                while at < pattern.len() && pattern[at] != ch {
                    out.text.push(pattern[at]);
                    at += 1;
                }
                at += 1;
            }
            '\\' => {
                if let Some(literal) = pattern.get(at) {
                    out.text.push(*literal);
                    at += 1;
                }
            }
            'E' | 'e' if exponent_open => {
                if !exponent_follows(pattern, at) {
                    out.text.push(ch);
                    continue;
                }
                let plus = pattern[at] == '+';
                let mut least = usize::from(pattern[at] == '0');
                at += 1;
                while pattern.get(at) == Some(&'0') {
                    least += 1;
                    at += 1;
                }
                let exponent = if number.is_zero() { 0 } else { number.scale - shape.point };
                push_exponent(&mut out.text, exponent, ch, least.min(10), plus);
                exponent_open = false;
            }
            'E' | 'e' => {
                out.text.push(ch);
                if let Some(sign @ ('+' | '-')) = pattern.get(at) {
                    out.text.push(*sign);
                    at += 1;
                }
                while pattern.get(at) == Some(&'0') {
                    out.text.push('0');
                    at += 1;
                }
            }
            _ => out.text.push(ch),
        }
    }
    out.text
}

#[cfg(test)]
mod tests {
    use crate::numeric::format::{format_double, format_integer};
    use crate::numeric::{Generation, IntegerKind};

    #[test]
    fn patterns_place_digits_groups_signs_and_literals() {
        for (value, pattern, text) in [
            (2.5, "0.00", "2.50"),
            (42.0, "00000", "00042"),
            (0.5, "0.##", "0.5"),
            (123456789.0, "000-00-0000", "123-45-6789"),
            (0.0, "yes;no;zero", "zero"),
            (0.42, "0%", "42%"),
            (5.5, "0", "6"),
            (6.5, "0", "7"),
            (1234.5678, "#,#.00", "1,234.57"),
            (0.5, "#.##", ".5"),
            (0.0, "#", ""),
            (1234567.0, "#,##0", "1,234,567"),
            (1234567.0, "0,", "1235"),
            (1234567.0, "0,,.0", "1.2"),
            (1234567.0, "0.0,,", "1234567.0"),
            (-5.0, "0;(0)", "(5)"),
            (-5.0, "0.0", "-5.0"),
            (-0.4, "0", "-0"),
            (-0.4, "#", ""),
            (0.0123, "0.0‰", "12.3‰"),
            (12345.0, "0.00E+00", "1.23E+04"),
            (0.00012, "0.0e-0", "1.2e-4"),
            (12345.0, "##0.0E0", "123.5E2"),
            (7.0, "'n='0", "n=7"),
            (7.0, "\\#0", "#7"),
            (7.0, "\"a;b\"0;x", "a;b7"),
            (1.0, "abc", "abc"),
            (12.0, "0,000", "0,012"),
            (123456.0, "00,00", "123,456"),
        ] {
            assert_eq!(format_double(value, pattern, Generation::Modern).unwrap(), text, "{value} {pattern}");
        }
        assert_eq!(format_integer(5, IntegerKind::Int32, "000").unwrap(), "005");
        assert_eq!(format_integer(-5, IntegerKind::Int32, "+0;-0;±0").unwrap(), "-5");
    }
}
