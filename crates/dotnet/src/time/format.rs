//! Writing dates: standard formats and custom patterns under the invariant culture.
//!
//! Source: .NET "Standard date and time format strings", "Custom date and time format strings".

use super::calendar::{DAYS, MINUTE, MONTHS, SECOND};
use super::datetime::{DateTime, Kind};
use super::offset::DateTimeOffset;
use super::span_text::quoted;
use crate::Thrown;
use crate::messages::bad_format;

/// The pattern behind a standard format letter.
pub(super) fn pattern_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        's' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

/// How `K` and `z` are written.
#[derive(Clone, Copy)]
enum Zone {
    /// A `DateTime` of this kind.
    Kind(Kind),
    /// A `DateTimeOffset` with this many minutes.
    Minutes(i16),
}

impl Zone {
    fn minutes(self) -> i16 {
        match self {
            // The local zone is UTC.
            Self::Kind(_) => 0,
            Self::Minutes(minutes) => minutes,
        }
    }
}

fn single(format: &str) -> Option<char> {
    let mut chars = format.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// `DateTime.ToString()`
pub fn text(time: DateTime) -> String {
    let date = time.ymd();
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02}",
        date.month,
        date.day,
        date.year,
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// `DateTime.ToString(format)`
pub fn format(time: DateTime, format: &str) -> Result<String, Thrown> {
    if format.is_empty() {
        return Ok(text(time));
    }
    let zone = Zone::Kind(time.kind());
    match single(format) {
        Some(letter) => custom(time, zone, pattern_of(letter).ok_or_else(bad_format)?),
        None => custom(time, zone, format),
    }
}

/// `DateTimeOffset.ToString()`
pub fn offset_text(time: DateTimeOffset) -> String {
    format!("{} {}", text(time.clock()), zone_text(time.minutes, 3))
}

/// `DateTimeOffset.ToString(format)`
pub fn format_offset(time: DateTimeOffset, format: &str) -> Result<String, Thrown> {
    if format.is_empty() {
        return Ok(offset_text(time));
    }
    let zone = Zone::Minutes(time.minutes);
    match single(format) {
        Some('U') => Err(bad_format()),
        Some(letter @ ('r' | 'R' | 'u')) => {
            custom(time.utc(), Zone::Minutes(0), pattern_of(letter).ok_or_else(bad_format)?)
        }
        Some(letter) => custom(time.clock(), zone, pattern_of(letter).ok_or_else(bad_format)?),
        None => custom(time.clock(), zone, format),
    }
}

fn zone_text(minutes: i16, run: usize) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    match run {
        1 => format!("{sign}{hours}"),
        2 => format!("{sign}{hours:02}"),
        _ => format!("{sign}{hours:02}:{rest:02}"),
    }
}

fn custom(time: DateTime, zone: Zone, pattern: &str) -> Result<String, Thrown> {
    let pattern: Vec<char> = pattern.chars().collect();
    let date = time.ymd();
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        let mut run = pattern[at..].iter().take_while(|c| **c == ch).count();
        let two = |value: i32| if run >= 2 { format!("{value:02}") } else { value.to_string() };
        match ch {
            'g' => out.push_str("A.D."),
            'h' => {
                let hour = time.hour() % 12;
                out.push_str(&two(if hour == 0 { 12 } else { hour }));
            }
            'H' => out.push_str(&two(time.hour())),
            'm' => out.push_str(&two(time.minute())),
            's' => out.push_str(&two(time.second())),
            'f' | 'F' => {
                if run > 7 {
                    return Err(bad_format());
                }
                let digits = format!("{:07}", time.ticks() % SECOND);
                let digits = &digits[..run];
                if ch == 'f' {
                    out.push_str(digits);
                } else {
                    let digits = digits.trim_end_matches('0');
                    if digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(digits);
                }
            }
            't' => out.push_str(match (time.hour() < 12, run) {
                (true, 1) => "A",
                (false, 1) => "P",
                (true, _) => "AM",
                (false, _) => "PM",
            }),
            'd' if run <= 2 => out.push_str(&two(date.day)),
            'd' => {
                let name = DAYS[time.day_of_week() as usize % 7];
                out.push_str(if run == 3 { &name[..3] } else { name });
            }
            'M' if run <= 2 => out.push_str(&two(date.month)),
            'M' => {
                let name = MONTHS[(date.month - 1) as usize % 12];
                out.push_str(if run == 3 { &name[..3] } else { name });
            }
            'y' if run <= 2 => out.push_str(&two(date.year % 100)),
            'y' => out.push_str(&format!("{:0>run$}", date.year)),
            'z' => out.push_str(&zone_text(zone.minutes(), run)),
            'K' => {
                run = 1;
                match zone {
                    Zone::Kind(Kind::Unspecified) => {}
                    Zone::Kind(Kind::Utc) => out.push('Z'),
                    Zone::Kind(Kind::Local) => out.push_str("+00:00"),
                    Zone::Minutes(minutes) => out.push_str(&zone_text(minutes, 3)),
                }
            }
            '\'' | '"' => {
                at = quoted(&pattern, at, &mut out)?;
                continue;
            }
            '%' => {
                match pattern.get(at + 1) {
                    None | Some('%') => return Err(bad_format()),
                    Some(letter) => out.push_str(&custom(time, zone, &letter.to_string())?),
                }
                at += 2;
                continue;
            }
            '\\' => {
                out.push(*pattern.get(at + 1).ok_or_else(bad_format)?);
                at += 2;
                continue;
            }
            _ => {
                run = 1;
                out.push(ch);
            }
        }
        at += run;
    }
    Ok(out)
}

/// Minutes from UTC of an offset written by `zzz`, for callers that print their own.
pub fn offset_minutes(offset: super::TimeSpan) -> i64 {
    offset.0 / MINUTE
}

#[cfg(test)]
mod tests {
    use super::super::calendar::Date;
    use super::*;
    use crate::time::TimeSpan;

    fn at(kind: Kind) -> DateTime {
        DateTime::new(Date { year: 2024, month: 2, day: 9 }, (15, 4, 5), 60, kind).unwrap()
    }

    #[test]
    fn standard_formats_follow_the_invariant_culture() {
        for (letter, expected) in [
            ("d", "02/09/2024"),
            ("D", "Friday, 09 February 2024"),
            ("f", "Friday, 09 February 2024 15:04"),
            ("F", "Friday, 09 February 2024 15:04:05"),
            ("g", "02/09/2024 15:04"),
            ("G", "02/09/2024 15:04:05"),
            ("M", "February 09"),
            ("o", "2024-02-09T15:04:05.0600000Z"),
            ("r", "Fri, 09 Feb 2024 15:04:05 GMT"),
            ("s", "2024-02-09T15:04:05"),
            ("t", "15:04"),
            ("T", "15:04:05"),
            ("u", "2024-02-09 15:04:05Z"),
            ("U", "Friday, 09 February 2024 15:04:05"),
            ("Y", "2024 February"),
            ("", "02/09/2024 15:04:05"),
        ] {
            assert_eq!(format(at(Kind::Utc), letter).unwrap(), expected, "{letter}");
        }
        assert!(format(at(Kind::Utc), "q").is_err());
    }

    #[test]
    fn custom_patterns_write_each_part() {
        for (pattern, expected) in [
            ("yyyy-MM-dd'T'HH:mm:ss.fffffffK", "2024-02-09T15:04:05.0600000"),
            ("h:m:s tt", "3:4:5 PM"),
            ("dddd d MMMM yy", "Friday 9 February 24"),
            ("ddd MMM", "Fri Feb"),
            ("ss.FFF", "05.06"),
            ("%d", "9"),
            ("yyyyy", "02024"),
            ("zzz", "+00:00"),
            ("HH\\h", "15h"),
            ("\"at\" t", "at P"),
            ("KK", ""),
        ] {
            assert_eq!(format(at(Kind::Unspecified), pattern).unwrap(), expected, "{pattern}");
        }
        for bad in ["%", "%%", "'a", "dd\\", "ffffffff"] {
            assert!(format(at(Kind::Utc), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_offset_is_shown() {
        let time = DateTimeOffset::new(at(Kind::Unspecified), TimeSpan(-8 * 60 * MINUTE)).unwrap();
        assert_eq!(offset_text(time), "02/09/2024 15:04:05 -08:00");
        assert_eq!(format_offset(time, "o").unwrap(), "2024-02-09T15:04:05.0600000-08:00");
        assert_eq!(format_offset(time, "u").unwrap(), "2024-02-09 23:04:05Z");
        assert_eq!(format_offset(time, "%z").unwrap(), "-8");
        assert!(format_offset(time, "U").is_err());
    }
}
