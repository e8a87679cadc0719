//! Dates in JSON text: ISO 8601 and `/Date(…)/` in, ISO 8601 out.

use std::fmt::Write as _;

/// 100 ns ticks in a second.
const SECOND: i64 = 10_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Ticks of 1970-01-01.
const UNIX: i64 = 621_355_968_000_000_000;
/// Ticks behind the last of 9999-12-31.
const END: i64 = 3_155_378_976_000_000_000;
const TICKS: u64 = (1 << 62) - 1;
/// `DateTimeKind.Utc` and `DateTimeKind.Local` in the raw form.
const UTC: u64 = 1 << 62;
const LOCAL: u64 = 2 << 62;

/// Days from 0001-01-01 to the given date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month) } else { (year - 1, month + 12) };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + day - 1 - 306
}

/// Year, month, day of a day number.
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 306;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(m <= 2), m, d)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    let mut value = 0;
    for byte in text.get(at..at + count)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

/// What stood behind the clock time.
enum Zone {
    None,
    Utc,
    /// Minutes east of UTC.
    Offset(i64),
}

/// Clock ticks and zone of an ISO text, by Newtonsoft's rules: nothing missing, up to seven digits of a second, nothing behind.
fn read_iso(text: &[u8]) -> Option<(i64, Zone)> {
    let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?);
    let (hour, minute, second) = (digits(text, 11, 2)?, digits(text, 14, 2)?, digits(text, 17, 2)?);
    let marks = [text[4], text[7], text[10], text[13], text[16]];
    let in_range = year >= 1 && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    if marks != *b"--T::" || !in_range || hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute + second > 0)
    {
        return None;
    }
    let mut at = 19;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let start = at;
        while at - start < 7 && text.get(at).is_some_and(u8::is_ascii_digit) {
            fraction = fraction * 10 + i64::from(text[at] - b'0');
            at += 1;
        }
        if at == start || (hour == 24 && fraction != 0) {
            return None;
        }
        for _ in at - start..7 {
            fraction *= 10;
        }
    }
    let zone = match text.get(at) {
        None => Zone::None,
        Some(b'Z' | b'z') => {
            at += 1;
            Zone::Utc
        }
        Some(sign @ (b'+' | b'-')) => {
            let sign = if *sign == b'-' { -1 } else { 1 };
            let hours = digits(text, at + 1, 2)?;
            at += 3;
            if text.get(at) == Some(&b':') {
                at += 1;
            }
            let minutes = digits(text, at, 2);
            if minutes.is_some() {
                at += 2;
            }
            Zone::Offset(sign * (hours * 60 + minutes.unwrap_or(0)))
        }
        Some(_) => return None,
    };
    if at != text.len() {
        return None;
    }
    let ticks = days(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
    (ticks < END).then_some((ticks, zone))
}

/// `/Date(millis±hhmm)/`: UTC ticks, offset in minutes if there is one.
fn read_microsoft(text: &str) -> Option<(i64, Option<i64>)> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = inner.get(1..)?.find('+').or_else(|| inner.get(1..)?.find('-')).map(|at| at + 1);
    let (millis, offset) = match sign {
        Some(at) => {
            let tail = inner.get(at + 1..)?.as_bytes();
            let hours = digits(tail, 0, 2)?;
            let minutes = if tail.len() > 2 { digits(tail, 2, 2)? } else { 0 };
            let minutes = hours * 60 + minutes;
            (&inner[..at], Some(if inner.as_bytes()[at] == b'-' { -minutes } else { minutes }))
        }
        None => (inner, None),
    };
    let body = millis.strip_prefix('-').unwrap_or(millis);
    if body.is_empty() || !body.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let ticks = millis.parse::<i64>().ok()?.checked_mul(10_000)?.checked_add(UNIX)?;
    (0..END).contains(&ticks).then_some((ticks, offset))
}

/// Could this string be a date at all?
fn looks_like_iso(text: &[u8]) -> bool {
    (19..=40).contains(&text.len()) && text[0].is_ascii_digit() && text[10] == b'T'
}

/// A JSON string as `DateTime` in .NET's raw form, if Newtonsoft takes it for one. The time zone of the machine is UTC.
pub fn parse_date(text: &str) -> Option<u64> {
    if text.starts_with('/') {
        let (ticks, offset) = read_microsoft(text)?;
        return Some(ticks as u64 | if offset.is_some() { LOCAL } else { UTC });
    }
    if !looks_like_iso(text.as_bytes()) {
        return None;
    }
    let (ticks, zone) = read_iso(text.as_bytes())?;
    let (ticks, kind) = match zone {
        Zone::None => (ticks, 0),
        Zone::Utc => (ticks, UTC),
        Zone::Offset(minutes) => ((ticks - minutes * 60 * SECOND).clamp(0, END - 1), LOCAL),
    };
    Some(ticks as u64 | kind)
}

/// A JSON string as `DateTimeOffset`: clock ticks and offset in minutes.
pub(crate) fn parse_offset(text: &str) -> Option<(i64, i16)> {
    if text.starts_with('/') {
        let (ticks, offset) = read_microsoft(text)?;
        let offset = offset.unwrap_or(0);
        return Some((ticks + offset * 60 * SECOND, i16::try_from(offset).ok()?));
    }
    if !looks_like_iso(text.as_bytes()) {
        return None;
    }
    let (ticks, zone) = read_iso(text.as_bytes())?;
    let offset = if let Zone::Offset(minutes) = zone { minutes } else { 0 };
    (offset.abs() <= 14 * 60).then_some((ticks, i16::try_from(offset).ok()?))
}

fn write_clock(out: &mut String, ticks: i64) {
    let (year, month, day) = civil(ticks / DAY);
    let seconds = ticks % DAY / SECOND;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let fraction = ticks % SECOND;
    if fraction != 0 {
        let text = format!("{fraction:07}");
        out.push('.');
        out.push_str(text.trim_end_matches('0'));
    }
}

fn write_offset(out: &mut String, minutes: i64) {
    let sign = if minutes < 0 { '-' } else { '+' };
    let _ = write!(out, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
}

/// A raw `DateTime` as Newtonsoft writes it: fraction without trailing zeros, `Z` for UTC, the offset for local time.
pub fn date_text(raw: u64) -> String {
    let mut out = String::with_capacity(28);
    write_clock(&mut out, (raw & TICKS) as i64);
    match raw >> 62 {
        0 => {}
        1 => out.push('Z'),
        _ => write_offset(&mut out, 0),
    }
    out
}

/// A `DateTimeOffset` as Newtonsoft writes it; the offset is always there.
pub fn offset_text(ticks: i64, offset_minutes: i16) -> String {
    let mut out = String::with_capacity(33);
    write_clock(&mut out, ticks);
    write_offset(&mut out, i64::from(offset_minutes));
    out
}

fn general(ticks: i64) -> String {
    let (year, month, day) = civil(ticks / DAY);
    let seconds = ticks % DAY / SECOND;
    format!("{month:02}/{day:02}/{year:04} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `DateTime.ToString()` in the invariant culture.
pub(crate) fn clock_text(raw: u64) -> String {
    general((raw & TICKS) as i64)
}

/// `DateTimeOffset.ToString()` in the invariant culture.
pub(crate) fn offset_clock_text(ticks: i64, offset: i16) -> String {
    let mut out = general(ticks);
    out.push(' ');
    write_offset(&mut out, i64::from(offset));
    out
}

/// `TimeSpan.ToString()`.
pub(crate) fn span_text(ticks: i64) -> String {
    let magnitude = i128::from(ticks).unsigned_abs();
    let mut out = String::new();
    if ticks < 0 {
        out.push('-');
    }
    let (day, second) = (DAY as u128, SECOND as u128);
    if magnitude >= day {
        let _ = write!(out, "{}.", magnitude / day);
    }
    let rest = magnitude % day / second;
    let _ = write!(out, "{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if magnitude % second != 0 {
        let _ = write!(out, ".{:07}", magnitude % second);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iso_text_round_trips_with_its_kind() {
        for text in
            ["2024-02-29T10:00:00", "2024-02-29T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999"]
        {
            assert_eq!(date_text(parse_date(text).unwrap()), text);
        }
    }

    #[test]
    fn an_offset_is_turned_into_local_time_which_is_utc() {
        assert_eq!(date_text(parse_date("2024-02-29T10:00:00+02:00").unwrap()), "2024-02-29T08:00:00+00:00");
    }

    #[test]
    fn a_fraction_of_eight_digits_or_a_bad_day_is_no_date() {
        assert_eq!(parse_date("2024-02-29T10:00:00.12345678"), None);
        assert_eq!(parse_date("2023-02-29T10:00:00"), None);
        assert_eq!(parse_date("2024-02-29"), None);
    }

    #[test]
    fn microsoft_dates_are_utc_or_local() {
        assert_eq!(date_text(parse_date("/Date(1700000000000)/").unwrap()), "2023-11-14T22:13:20Z");
        assert_eq!(date_text(parse_date("/Date(1700000000000+0200)/").unwrap()), "2023-11-14T22:13:20+00:00");
        assert_eq!(offset_text(parse_offset("/Date(0+0130)/").unwrap().0, 90), "1970-01-01T01:30:00+01:30");
    }

    #[test]
    fn spans_show_days_and_fraction_only_when_needed() {
        assert_eq!(span_text(90 * SECOND), "00:01:30");
        assert_eq!(span_text(-(DAY + 1)), "-1.00:00:00.0000001");
    }
}
