//! Reading dates in free form: `DateTime.Parse`, `DateTimeOffset.Parse` under the invariant culture.
//!
//! Source: .NET `DateTime.Parse`; the order of an all-numeric date is month, day, year unless it starts with the year.

use super::calendar::{DAYS, MAX_TICKS, MINUTE, MONTHS, SECOND, day_of_week, ticks_of_date, ticks_of_time};
use super::datetime::{DateTime, Kind};
use super::offset::DateTimeOffset;
use crate::Thrown;
use crate::messages::{argument, format_error};

/// `System.Globalization.DateTimeStyles`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateTimeStyles(pub i32);

impl DateTimeStyles {
    /// White space in front.
    pub const LEADING_WHITE: Self = Self(1);
    /// White space behind.
    pub const TRAILING_WHITE: Self = Self(2);
    /// White space within.
    pub const INNER_WHITE: Self = Self(4);
    /// A time without a date is a time of the first day.
    pub const NO_CURRENT_DATE: Self = Self(8);
    /// The result is UTC.
    pub const ADJUST_TO_UNIVERSAL: Self = Self(16);
    /// A text without an offset is local.
    pub const ASSUME_LOCAL: Self = Self(32);
    /// A text without an offset is UTC.
    pub const ASSUME_UNIVERSAL: Self = Self(64);
    /// The kind of the text is kept.
    pub const ROUNDTRIP_KIND: Self = Self(128);

    /// Is the flag set?
    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    /// As [`check`](Self::check), for `DateTimeOffset`, which has its own rules.
    pub fn check_for_offset(self) -> Result<(), Thrown> {
        if self.has(Self::NO_CURRENT_DATE) {
            return Err(argument(
                "The DateTimeStyles value 'NoCurrentDateDefault' is not allowed when parsing DateTimeOffset.",
                "styles",
            ));
        }
        Self(self.0 & !Self::ROUNDTRIP_KIND.0).check()
    }

    /// Refuses combinations that contradict themselves.
    pub fn check(self) -> Result<(), Thrown> {
        if self.0 & !0xFF != 0 {
            return Err(argument("An undefined DateTimeStyles value is being used.", "styles"));
        }
        if self.has(Self::ASSUME_LOCAL) && self.has(Self::ASSUME_UNIVERSAL) {
            return Err(argument(
                "The DateTimeStyles values AssumeLocal and AssumeUniversal cannot be used together.",
                "styles",
            ));
        }
        if self.has(Self::ROUNDTRIP_KIND)
            && self.0 & (Self::ASSUME_LOCAL.0 | Self::ASSUME_UNIVERSAL.0 | Self::ADJUST_TO_UNIVERSAL.0) != 0
        {
            return Err(argument(
                "The DateTimeStyles value RoundtripKind cannot be used with the values AssumeLocal, AssumeUniversal \
                 or AdjustToUniversal.",
                "styles",
            ));
        }
        Ok(())
    }
}

/// What stood at the end of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offset {
    /// `Z` or `GMT`.
    Utc,
    /// `+02:00`, in minutes.
    Minutes(i16),
}

/// A clock time as read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parsed {
    pub(super) ticks: i64,
    pub(super) offset: Option<Offset>,
}

impl Parsed {
    /// What `DateTime` makes of it.
    pub(super) fn date_time(self, styles: DateTimeStyles, text: &str) -> Result<DateTime, Thrown> {
        let range = || {
            format_error(format!(
                "The DateTime represented by the string '{text}' is not supported in calendar \
             'System.Globalization.GregorianCalendar'."
            ))
        };
        let utc = |minutes: i16| {
            let ticks = self.ticks - i64::from(minutes) * MINUTE;
            if (0..=MAX_TICKS).contains(&ticks) { Ok(ticks) } else { Err(range()) }
        };
        Ok(match self.offset {
            Some(offset) => {
                let minutes = if let Offset::Minutes(minutes) = offset { minutes } else { 0 };
                let universal = styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL)
                    || (styles.has(DateTimeStyles::ROUNDTRIP_KIND) && offset == Offset::Utc);
                DateTime::of(utc(minutes)?, if universal { Kind::Utc } else { Kind::Local })
            }
            None if styles.has(DateTimeStyles::ASSUME_UNIVERSAL) => {
                let universal = styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL);
                DateTime::of(self.ticks, if universal { Kind::Utc } else { Kind::Local })
            }
            None if styles.has(DateTimeStyles::ASSUME_LOCAL) => {
                let universal = styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL);
                DateTime::of(self.ticks, if universal { Kind::Utc } else { Kind::Local })
            }
            None => DateTime::of(self.ticks, Kind::Unspecified),
        })
    }

    /// What `DateTimeOffset` makes of it.
    pub(super) fn date_time_offset(self, styles: DateTimeStyles) -> Result<DateTimeOffset, Thrown> {
        let minutes = if let Some(Offset::Minutes(minutes)) = self.offset { minutes } else { 0 };
        let value = DateTimeOffset::from_clock(self.ticks, minutes)
            .map_err(|_| format_error("The UTC representation of the date falls outside the year range 1-9999."))?;
        Ok(if styles.has(DateTimeStyles::ADJUST_TO_UNIVERSAL) { value.to_universal() } else { value })
    }
}

/// `DateTime.Parse`; `now` supplies a date or year that the text leaves out.
pub fn parse(text: &str, styles: DateTimeStyles, now: DateTime) -> Result<DateTime, Thrown> {
    styles.check()?;
    read(text, styles, now)?.date_time(styles, text)
}

/// `DateTimeOffset.Parse`
pub fn parse_offset(text: &str, styles: DateTimeStyles, now: DateTime) -> Result<DateTimeOffset, Thrown> {
    styles.check_for_offset()?;
    read(text, styles, now)?.date_time_offset(styles)
}

pub(super) fn not_a_date(text: &str) -> Thrown {
    format_error(format!("String '{text}' was not recognized as a valid DateTime."))
}

fn unknown_word(text: &str, at: usize) -> Thrown {
    let index = text[..at].encode_utf16().count();
    format_error(format!(
        "The string '{text}' was not recognized as a valid DateTime. There is an unknown word starting at index \
         '{index}'."
    ))
}

/// A number of the date, with how many digits it had.
#[derive(Clone, Copy)]
struct Number {
    value: i32,
    digits: usize,
}

#[derive(Default)]
struct Scan {
    numbers: Vec<Number>,
    /// Place of the month's name among the numbers.
    month: Option<(i32, usize)>,
    weekday: Option<i32>,
    clock: Option<(i32, i32, i32, i64)>,
    afternoon: Option<bool>,
    offset: Option<Offset>,
    /// A number that `AM` or `PM` made an hour.
    bare_hour: bool,
}

/// The earliest prefix of a name; .NET knows full names and three-letter names.
fn name_index(word: &str, names: &[&str]) -> Option<i32> {
    names
        .iter()
        .position(|name| word.eq_ignore_ascii_case(name) || (word.len() == 3 && word.eq_ignore_ascii_case(&name[..3])))
        .map(|index| index as i32)
}

fn read(text: &str, styles: DateTimeStyles, now: DateTime) -> Result<Parsed, Thrown> {
    let wrong = || not_a_date(text);
    let scan = scan(text)?;
    let mut clock = 0;
    let has_clock = scan.clock.is_some();
    if let Some((mut hour, minute, second, fraction)) = scan.clock {
        match scan.afternoon {
            Some(_) if hour > 12 || (hour == 0 && scan.bare_hour) => return Err(wrong()),
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        clock = ticks_of_time(hour, minute, second).ok_or_else(wrong)? + fraction;
    } else if scan.afternoon.is_some() {
        return Err(wrong());
    }
    let day = match date_of(&scan, now) {
        Some((year, month, day)) => ticks_of_date(year, month, day).ok_or_else(wrong)?,
        None if scan.numbers.is_empty() && scan.month.is_none() && has_clock => {
            if styles.has(DateTimeStyles::NO_CURRENT_DATE) { 0 } else { now.date().ticks() }
        }
        None => return Err(wrong()),
    };
    if scan.weekday.is_some_and(|weekday| weekday != day_of_week(day)) {
        return Err(format_error(format!(
            "String '{text}' was not recognized as a valid DateTime because the day of week was incorrect."
        )));
    }
    let ticks = day + clock;
    if ticks > MAX_TICKS {
        return Err(wrong());
    }
    Ok(Parsed { ticks, offset: scan.offset })
}

/// A year of two digits: 30 to 99 are the last century's.
pub(super) fn full_year(year: i32) -> i32 {
    match year {
        0..=29 => 2000 + year,
        30..=99 => 1900 + year,
        _ => year,
    }
}

fn year_of(number: Number) -> i32 {
    if number.digits <= 2 { full_year(number.value) } else { number.value }
}

fn date_of(scan: &Scan, now: DateTime) -> Option<(i32, i32, i32)> {
    let numbers = &scan.numbers;
    let this_year = now.ymd().year;
    if let Some((month, place)) = scan.month {
        return match (numbers.as_slice(), place) {
            // `Feb 2024`, `2024 Feb`: a month; `Feb 24`, `24 Feb`: a day of this year.
            ([one], _) if one.digits > 2 => Some((one.value, month, 1)),
            ([one], _) => Some((this_year, month, one.value)),
            // `2024 Feb 3`, `Feb 2024 3`
            ([first, second], 1) if first.digits > 2 => Some((first.value, month, second.value)),
            ([first, second], _) if first.digits > 2 && second.digits <= 2 => Some((first.value, month, second.value)),
            ([day, year], _) if day.digits <= 2 => Some((year_of(*year), month, day.value)),
            _ => None,
        };
    }
    match numbers.as_slice() {
        [year, month, day] if year.digits > 2 && month.digits <= 2 && day.digits <= 2 => {
            Some((year.value, month.value, day.value))
        }
        [month, day, year] if month.digits <= 2 && day.digits <= 2 => Some((year_of(*year), month.value, day.value)),
        [year, month] if year.digits > 2 && month.digits <= 2 => Some((year.value, month.value, 1)),
        [month, year] if month.digits <= 2 && year.digits > 2 => Some((year.value, month.value, 1)),
        [month, day] => Some((this_year, month.value, day.value)),
        _ => None,
    }
}

fn scan(text: &str) -> Result<Scan, Thrown> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let wrong = || not_a_date(text);
    let mut found = Scan::default();
    let mut at = 0;
    let trimmed = text.trim_end_matches(|c: char| c.is_whitespace() || c == '\0').len();
    if trimmed == 0 {
        return Err(wrong());
    }
    // Whether the last thing read was a number that a separator may follow.
    let mut after_number = false;
    while at < trimmed {
        let ch = byte(at);
        match ch {
            b'0'..=b'9' => {
                let start = at;
                while byte(at).is_ascii_digit() {
                    at += 1;
                }
                let digits = at - start;
                if byte(at) == b':' {
                    if found.clock.is_some() || digits > 2 {
                        return Err(wrong());
                    }
                    at = read_clock(text, start, &mut found)?;
                    after_number = false;
                    continue;
                }
                if digits > 8 || found.numbers.len() == 3 {
                    return Err(wrong());
                }
                let value = text[start..at].parse().map_err(|_| wrong())?;
                // `10 PM`
                let mut ahead = at;
                while byte(ahead) == b' ' {
                    ahead += 1;
                }
                let half = text[ahead..].get(..2).unwrap_or("");
                let alone = !text[ahead..].chars().nth(2).is_some_and(char::is_alphabetic);
                if found.clock.is_none()
                    && digits <= 2
                    && alone
                    && (half.eq_ignore_ascii_case("AM") || half.eq_ignore_ascii_case("PM"))
                {
                    found.clock = Some((value, 0, 0, 0));
                    found.bare_hour = true;
                    after_number = false;
                    continue;
                }
                found.numbers.push(Number { value, digits });
                after_number = true;
            }
            b'-' | b'/' | b'.' if after_number && found.clock.is_none() => {
                after_number = false;
                at += 1;
                if at >= trimmed {
                    return Err(wrong());
                }
            }
            b'+' | b'-' if found.clock.is_some() && found.offset.is_none() => {
                at = read_offset(text, at, trimmed, &mut found)?;
                after_number = false;
            }
            b'-' | b'/' if found.month.is_some() => at += 1,
            b',' => at += 1,
            b'T' | b't' if after_number && byte(at + 1).is_ascii_digit() => {
                after_number = false;
                at += 1;
            }
            _ if ch.is_ascii_alphabetic() => {
                let start = at;
                while byte(at).is_ascii_alphabetic() {
                    at += 1;
                }
                read_word(text, start, at, &mut found)?;
                after_number = false;
                // `3-Feb-2024`, `Feb. 3`
                if byte(at) == b'.' {
                    at += 1;
                }
            }
            _ => match text[at..].chars().next() {
                Some(white) if white.is_whitespace() => at += white.len_utf8(),
                Some(other) if other.is_alphabetic() => return Err(unknown_word(text, at)),
                _ => return Err(wrong()),
            },
        }
    }
    Ok(found)
}

fn read_word(text: &str, start: usize, end: usize, found: &mut Scan) -> Result<(), Thrown> {
    let word = &text[start..end];
    let wrong = || not_a_date(text);
    if let Some(month) = name_index(word, &MONTHS) {
        if found.month.is_some() {
            return Err(wrong());
        }
        found.month = Some((month + 1, found.numbers.len()));
    } else if let Some(day) = name_index(word, &DAYS) {
        if found.weekday.is_some() {
            return Err(wrong());
        }
        found.weekday = Some(day);
    } else if (word.eq_ignore_ascii_case("AM") || word.eq_ignore_ascii_case("PM")) && found.clock.is_some() {
        if found.afternoon.is_some() {
            return Err(wrong());
        }
        found.afternoon = Some(word.eq_ignore_ascii_case("PM"));
    } else if (word.eq_ignore_ascii_case("Z") || word.eq_ignore_ascii_case("GMT"))
        && (found.clock.is_some() || found.numbers.len() > 1)
    {
        if found.offset.is_some() {
            return Err(wrong());
        }
        found.offset = Some(Offset::Utc);
    } else if word.eq_ignore_ascii_case("T")
        && !found.numbers.is_empty()
        && found.clock.is_none()
        && text[end..].trim_start().starts_with(|c: char| c.is_ascii_digit())
    {
        // The `T` of ISO 8601 with white space around.
    } else {
        return Err(unknown_word(text, start));
    }
    Ok(())
}

/// Reads `HH:mm[:ss[.fraction]]` from `start`; gives the place behind it.
fn read_clock(text: &str, start: usize, found: &mut Scan) -> Result<usize, Thrown> {
    let bytes = text.as_bytes();
    let wrong = || not_a_date(text);
    let mut at = start;
    let mut parts = [0i32; 3];
    let mut count = 0;
    loop {
        let from = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == from || at - from > 2 || count == 3 {
            return Err(wrong());
        }
        parts[count] = text[from..at].parse().map_err(|_| wrong())?;
        count += 1;
        if bytes.get(at) == Some(&b':') && count < 3 {
            at += 1;
        } else {
            break;
        }
    }
    let mut fraction = 0;
    if count == 3 && matches!(bytes.get(at), Some(b'.' | b',')) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        let from = at + 1;
        at = from;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let part: f64 = format!("0.{}", &text[from..at]).parse().map_err(|_| wrong())?;
        fraction = (part * SECOND as f64).round() as i64;
    }
    found.clock = Some((parts[0], parts[1], parts[2], fraction));
    Ok(at)
}

/// Reads `+2`, `+02`, `+0200`, `+02:00`; gives the place behind it.
fn read_offset(text: &str, start: usize, end: usize, found: &mut Scan) -> Result<usize, Thrown> {
    let wrong = || not_a_date(text);
    let digits = |from: usize| text[from..end].bytes().take_while(u8::is_ascii_digit).count();
    let mut at = start + 1;
    let run = digits(at);
    let number = |from: usize, count: usize| text[from..from + count].parse::<i16>().map_err(|_| wrong());
    let (hours, minutes) = match run {
        1 | 2 => {
            let hours = number(at, run)?;
            at += run;
            if text[at..end].starts_with(':') {
                let run = digits(at + 1);
                if !(1..=2).contains(&run) {
                    return Err(wrong());
                }
                let minutes = number(at + 1, run)?;
                at += 1 + run;
                (hours, minutes)
            } else {
                (hours, 0)
            }
        }
        3 | 4 => {
            let value = number(at, run)?;
            at += run;
            (value / 100, value % 100)
        }
        _ => return Err(wrong()),
    };
    if minutes > 59 || hours * 60 + minutes > 840 {
        return Err(wrong());
    }
    let total = hours * 60 + minutes;
    found.offset = Some(Offset::Minutes(if text.as_bytes()[start] == b'-' { -total } else { total }));
    Ok(at)
}

#[cfg(test)]
mod tests;
