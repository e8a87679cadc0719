//! Reading dates after a pattern: `ParseExact` and `TryParseExact` under the invariant culture.

use super::calendar::{DAYS, MONTHS, day_of_week, ticks_of_date, ticks_of_time};
use super::datetime::{DateTime, Kind};
use super::format::pattern_of;
use super::offset::DateTimeOffset;
use super::parse::{DateTimeStyles, Offset, Parsed, full_year, not_a_date};
use super::span_text::quoted;
use crate::Thrown;
use crate::messages::format_error;

/// `DateTime.ParseExact`
pub fn parse_exact(text: &str, format: &str, styles: DateTimeStyles, now: DateTime) -> Result<DateTime, Thrown> {
    styles.check()?;
    let parsed = read(text, format, styles, now)?;
    // The texts of `r` and `u` are UTC by definition, but their pattern has no offset.
    Ok(match format {
        "U" => DateTime::of(parsed.ticks, Kind::Utc),
        "u" | "r" | "R" => Parsed { offset: None, ..parsed }.date_time(styles, text)?,
        _ => parsed.date_time(styles, text)?,
    })
}

/// `DateTimeOffset.ParseExact`
pub fn parse_exact_offset(
    text: &str,
    format: &str,
    styles: DateTimeStyles,
    now: DateTime,
) -> Result<DateTimeOffset, Thrown> {
    styles.check_for_offset()?;
    read(text, format, styles, now)?.date_time_offset(styles)
}

#[derive(Default)]
struct Found {
    year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    weekday: Option<i32>,
    hour: Option<i32>,
    minute: i32,
    second: i32,
    fraction: i64,
    afternoon: Option<bool>,
    /// The hour counts to 24.
    clock24: bool,
    offset: Option<Offset>,
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn number(&mut self, least: usize, most: usize) -> Option<i32> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        let value = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        Some(value)
    }

    fn name(&mut self, names: &[&str], short: bool) -> Option<i32> {
        let length = |name: &str| if short { 3 } else { name.len() };
        let index = names.iter().position(|name| {
            self.rest.get(..length(name)).is_some_and(|head| head.eq_ignore_ascii_case(&name[..length(name)]))
        })?;
        self.rest = &self.rest[length(names[index])..];
        Some(index as i32)
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(())
    }

    fn skip_white(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn offset(&mut self, run: usize) -> Option<Offset> {
        let negative = match self.rest.chars().next()? {
            '+' => false,
            '-' => true,
            'Z' | 'z' if run >= 3 => {
                self.rest = &self.rest[1..];
                return Some(Offset::Utc);
            }
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(if run == 2 { 2 } else { 1 }, 2)?;
        let mut minutes = 0;
        if run >= 3 {
            let _ = self.literal(":");
            minutes = self.number(2, 2)?;
        }
        let total = hours * 60 + minutes;
        if minutes > 59 || total > 840 {
            return None;
        }
        Some(Offset::Minutes((if negative { -total } else { total }) as i16))
    }
}

fn bad_pattern() -> Thrown {
    format_error("Input string was not in a correct format.")
}

fn read(text: &str, format: &str, styles: DateTimeStyles, now: DateTime) -> Result<Parsed, Thrown> {
    if format.is_empty() {
        return Err(format_error("Format specifier was invalid."));
    }
    let mut letters = format.chars();
    let pattern = match (letters.next(), letters.next()) {
        (Some(letter), None) => pattern_of(letter).ok_or_else(bad_pattern)?,
        _ => format,
    };
    let wrong = || not_a_date(text);
    let mut input = Reader { rest: text };
    if styles.has(DateTimeStyles::LEADING_WHITE) {
        input.skip_white();
    }
    if styles.has(DateTimeStyles::TRAILING_WHITE) {
        input.rest = input.rest.trim_end();
    }
    let mut found = Found::default();
    let pattern: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while at < pattern.len() {
        if styles.has(DateTimeStyles::INNER_WHITE) {
            input.skip_white();
        }
        at += step(&pattern, at, &mut input, &mut found, text, styles)?;
    }
    if !input.rest.is_empty() {
        return Err(wrong());
    }
    if matches!(format, "r" | "R" | "u") {
        found.offset = Some(Offset::Utc);
    }
    finish(&found, styles, now, text)
}

fn two(run: usize) -> (usize, usize) {
    if run == 1 { (1, 2) } else { (2, 2) }
}

/// Reads one part of the pattern; gives how many of its characters it was.
fn step(
    pattern: &[char],
    at: usize,
    input: &mut Reader<'_>,
    found: &mut Found,
    text: &str,
    styles: DateTimeStyles,
) -> Result<usize, Thrown> {
    let wrong = || not_a_date(text);
    let ch = pattern[at];
    let run = pattern[at..].iter().take_while(|c| **c == ch).count();
    let (least, most) = two(run);
    match ch {
        'y' => {
            let value = match run {
                1 => input.number(1, 2).map(full_year),
                2 => input.number(2, 2).map(full_year),
                _ => input.number(run, run.max(4)),
            };
            set(&mut found.year, value.ok_or_else(wrong)?).ok_or_else(wrong)?;
        }
        'M' => {
            let value = match run {
                1 | 2 => input.number(least, most),
                _ => input.name(&MONTHS, run == 3).map(|index| index + 1),
            };
            set(&mut found.month, value.ok_or_else(wrong)?).ok_or_else(wrong)?;
        }
        'd' => match run {
            1 | 2 => set(&mut found.day, input.number(least, most).ok_or_else(wrong)?).ok_or_else(wrong)?,
            _ => set(&mut found.weekday, input.name(&DAYS, run == 3).ok_or_else(wrong)?).ok_or_else(wrong)?,
        },
        'h' | 'H' => {
            let value = input.number(least, most).ok_or_else(wrong)?;
            if ch == 'h' && value > 12 {
                return Err(wrong());
            }
            found.clock24 |= ch == 'H';
            set(&mut found.hour, value).ok_or_else(wrong)?;
        }
        'm' => {
            found.minute = input.number(least, most).ok_or_else(wrong)?;
        }
        's' => {
            found.second = input.number(least, most).ok_or_else(wrong)?;
        }
        'f' | 'F' => {
            if run > 7 {
                return Err(bad_pattern());
            }
            let count = input.rest.bytes().take(run).take_while(u8::is_ascii_digit).count();
            if ch == 'f' && count < run {
                return Err(wrong());
            }
            if count > 0 {
                let value = i64::from(input.number(count, count).ok_or_else(wrong)?);
                found.fraction = value * 10i64.pow(7 - count as u32);
            }
        }
        't' => {
            let head = input.rest.get(..if run == 1 { 1 } else { 2 }).ok_or_else(wrong)?;
            found.afternoon = Some(match head.to_ascii_uppercase().as_str() {
                "A" | "AM" => false,
                "P" | "PM" => true,
                _ => return Err(wrong()),
            });
            input.rest = &input.rest[head.len()..];
        }
        'z' => found.offset = Some(input.offset(run).ok_or_else(wrong)?),
        'K' => {
            found.offset = match input.rest.chars().next() {
                Some('Z' | 'z' | '+' | '-') => Some(input.offset(3).ok_or_else(wrong)?),
                _ => None,
            };
            return Ok(1);
        }
        'g' => input.literal("A.D.").ok_or_else(wrong)?,
        ':' | '/' => {
            let mark = ch.to_string();
            input.literal(&mark).ok_or_else(wrong)?;
            return Ok(1);
        }
        '\'' | '"' => {
            let mut literal = String::new();
            let end = quoted(pattern, at, &mut literal)?;
            input.literal(&literal).ok_or_else(wrong)?;
            return Ok(end - at);
        }
        '%' => {
            return match pattern.get(at + 1) {
                None | Some('%') => Err(bad_pattern()),
                Some(_) => Ok(1),
            };
        }
        '\\' => {
            let literal = pattern.get(at + 1).ok_or_else(bad_pattern)?.to_string();
            input.literal(&literal).ok_or_else(wrong)?;
            return Ok(2);
        }
        // `.FFF` may be left out altogether.
        '.' if !input.rest.starts_with('.') && pattern.get(at + 1) == Some(&'F') => {
            return Ok(1 + pattern[at + 1..].iter().take_while(|c| **c == 'F').count());
        }
        _ if ch.is_whitespace() && styles.has(DateTimeStyles::INNER_WHITE) => return Ok(1),
        _ => {
            let literal = ch.to_string();
            input.literal(&literal).ok_or_else(wrong)?;
            return Ok(1);
        }
    }
    Ok(run)
}

/// Sets a part once; a second, different value is refused.
fn set(place: &mut Option<i32>, value: i32) -> Option<()> {
    match place {
        Some(old) if *old != value => None,
        _ => {
            *place = Some(value);
            Some(())
        }
    }
}

fn finish(found: &Found, styles: DateTimeStyles, now: DateTime, text: &str) -> Result<Parsed, Thrown> {
    let wrong = || not_a_date(text);
    let mut hour = found.hour.unwrap_or(0);
    if let Some(afternoon) = found.afternoon {
        // An hour of the day must agree with the half of the day.
        if hour > 12 && !found.clock24 || found.clock24 && (hour >= 12) != afternoon {
            return Err(wrong());
        }
        if afternoon && hour < 12 {
            hour += 12;
        } else if !afternoon && hour == 12 {
            hour = 0;
        }
    }
    let clock = ticks_of_time(hour, found.minute, found.second).ok_or_else(wrong)? + found.fraction;
    let today = now.ymd();
    let (year, month, day) = match (found.year, found.month, found.day) {
        (None, None, None) if styles.has(DateTimeStyles::NO_CURRENT_DATE) => (1, 1, 1),
        (None, None, None) => (today.year, today.month, today.day),
        (year, month, day) => (year.unwrap_or(today.year), month.unwrap_or(1), day.unwrap_or(1)),
    };
    let date = ticks_of_date(year, month, day).ok_or_else(wrong)?;
    if found.weekday.is_some_and(|weekday| weekday != day_of_week(date)) {
        return Err(format_error(format!(
            "String '{text}' was not recognized as a valid DateTime because the day of week was incorrect."
        )));
    }
    Ok(Parsed { ticks: date + clock, offset: found.offset })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::calendar::MAX_TICKS;
    use super::super::format::format;
    use super::*;

    fn now() -> DateTime {
        DateTime::from_date(2030, 5, 6).unwrap()
    }

    fn read_as(text: &str, pattern: &str) -> Result<String, Thrown> {
        format(parse_exact(text, pattern, DateTimeStyles(0), now())?, "o")
    }

    #[test]
    fn a_text_must_follow_its_pattern() {
        for (text, pattern, expected) in [
            ("20240229", "yyyyMMdd", "2024-02-29T00:00:00.0000000"),
            ("29.2.24 3:05 PM", "d.M.yy h:mm tt", "2024-02-29T15:05:00.0000000"),
            ("2024-02-29T10:20:30Z", "yyyy-MM-ddTHH:mm:ssK", "2024-02-29T10:20:30.0000000+00:00"),
            ("2024-02-29 10:20 +02:00", "yyyy-MM-dd HH:mm zzz", "2024-02-29T08:20:00.0000000+00:00"),
            ("Thu, 29 Feb 2024 10:00:00 GMT", "r", "2024-02-29T10:00:00.0000000"),
            ("10:20", "HH:mm", "2030-05-06T10:20:00.0000000"),
            ("12.5", "ss.FFF", "2030-05-06T00:00:12.5000000"),
            ("12", "ss.FFF", "2030-05-06T00:00:12.0000000"),
            ("at 5", "'at' %d", "2030-01-05T00:00:00.0000000"),
        ] {
            assert_eq!(read_as(text, pattern).unwrap(), expected, "{text} {pattern}");
        }
        for (text, pattern) in [
            ("2024-2-9", "yyyy-MM-dd"),
            ("20240230", "yyyyMMdd"),
            (" 20240229", "yyyyMMdd"),
            ("20240229x", "yyyyMMdd"),
            ("13", "hh"),
            ("Fri 29 Feb 2024", "ddd dd MMM yyyy"),
            ("x", "q"),
        ] {
            assert!(read_as(text, pattern).is_err(), "{text} {pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_date_written_after_a_pattern_is_read_after_it(ticks in 0i64..=MAX_TICKS) {
            let time = DateTime::of(ticks, Kind::Unspecified);
            for pattern in ["o", "yyyyMMddHHmmssfffffff", "dddd d MMMM yyyy h:m:s.fffffff tt"] {
                let text = format(time, pattern).unwrap();
                prop_assert_eq!(parse_exact(&text, pattern, DateTimeStyles(0), now()).unwrap().ticks(), ticks);
            }
        }

        #[test]
        fn no_pattern_makes_the_reader_panic(text in ".{0,20}", pattern in "[a-zA-Z%:/'\\\\ .]{0,12}") {
            let _ = parse_exact(&text, &pattern, DateTimeStyles(7), now());
        }
    }
}
