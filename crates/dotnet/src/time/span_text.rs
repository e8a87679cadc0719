//! Texts of `TimeSpan`: formats `c t T g G`, custom patterns, `Parse`, `ParseExact`.
//!
//! Source: .NET "Standard TimeSpan format strings", "Custom TimeSpan format strings", `TimeSpan.Parse`.

use super::calendar::{DAY, HOUR, MINUTE, SECOND};
use super::span::TimeSpan;
use crate::Thrown;
use crate::messages::{bad_format, format_error, overflow};

/// The parts of a span without its sign.
struct Split {
    days: u64,
    hours: u64,
    minutes: u64,
    seconds: u64,
    fraction: u64,
}

fn split(span: TimeSpan) -> Split {
    let ticks = span.0.unsigned_abs();
    Split {
        days: ticks / DAY as u64,
        hours: ticks / HOUR as u64 % 24,
        minutes: ticks / MINUTE as u64 % 60,
        seconds: ticks / SECOND as u64 % 60,
        fraction: ticks % SECOND as u64,
    }
}

/// `TimeSpan.ToString()`
pub fn text(span: TimeSpan) -> String {
    let s = split(span);
    let sign = if span.0 < 0 { "-" } else { "" };
    let days = if s.days > 0 { format!("{}.", s.days) } else { String::new() };
    let fraction = if s.fraction > 0 { format!(".{:07}", s.fraction) } else { String::new() };
    format!("{sign}{days}{:02}:{:02}:{:02}{fraction}", s.hours, s.minutes, s.seconds)
}

/// `TimeSpan.ToString(format)`
pub fn format(span: TimeSpan, format: &str) -> Result<String, Thrown> {
    let mut letters = format.chars();
    let (first, more) = (letters.next(), letters.next());
    let s = split(span);
    let sign = if span.0 < 0 { "-" } else { "" };
    Ok(match (first, more) {
        (None, _) | (Some('c' | 't' | 'T'), None) => text(span),
        (Some('g'), None) => {
            let days = if s.days > 0 { format!("{}:", s.days) } else { String::new() };
            let fraction = format!("{:07}", s.fraction);
            let fraction = fraction.trim_end_matches('0');
            let dot = if fraction.is_empty() { "" } else { "." };
            format!("{sign}{days}{}:{:02}:{:02}{dot}{fraction}", s.hours, s.minutes, s.seconds)
        }
        (Some('G'), None) => {
            format!("{sign}{}:{:02}:{:02}:{:02}.{:07}", s.days, s.hours, s.minutes, s.seconds, s.fraction)
        }
        (Some(_), None) => return Err(bad_format()),
        _ => custom(&s, format)?,
    })
}

fn custom(s: &Split, pattern: &str) -> Result<String, Thrown> {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        let run = pattern[at..].iter().take_while(|c| **c == ch).count();
        let number = |value: u64, most: usize| {
            if run > most { Err(bad_format()) } else { Ok(format!("{value:0>run$}")) }
        };
        match ch {
            'd' => out.push_str(&number(s.days, 8)?),
            'h' => out.push_str(&number(s.hours, 2)?),
            'm' => out.push_str(&number(s.minutes, 2)?),
            's' => out.push_str(&number(s.seconds, 2)?),
            'f' | 'F' => {
                if run > 7 {
                    return Err(bad_format());
                }
                let digits = format!("{:07}", s.fraction);
                let digits = &digits[..run];
                out.push_str(if ch == 'F' { digits.trim_end_matches('0') } else { digits });
            }
            '\'' | '"' => {
                at = quoted(&pattern, at, &mut out)?;
                continue;
            }
            '%' => {
                match pattern.get(at + 1) {
                    None | Some('%') => return Err(bad_format()),
                    Some(letter) => out.push_str(&custom(s, &format!("{letter}"))?),
                }
                at += 2;
                continue;
            }
            '\\' => {
                out.push(*pattern.get(at + 1).ok_or_else(bad_format)?);
                at += 2;
                continue;
            }
            _ => return Err(bad_format()),
        }
        at += run;
    }
    Ok(out)
}

/// Copies a quoted run that starts at `at`; gives the place behind it.
pub(super) fn quoted(pattern: &[char], at: usize, out: &mut String) -> Result<usize, Thrown> {
    let quote = pattern[at];
    let mut at = at + 1;
    loop {
        match pattern.get(at) {
            None => {
                return Err(format_error(format!(
                    "Cannot find a matching quote character for the character '{quote}'."
                )));
            }
            Some('\\') => {
                out.push(*pattern.get(at + 1).ok_or_else(bad_format)?);
                at += 2;
            }
            Some(ch) if *ch == quote => return Ok(at + 1),
            Some(ch) => {
                out.push(*ch);
                at += 1;
            }
        }
    }
}

fn not_a_span(text: &str) -> Thrown {
    format_error(format!("String '{text}' was not recognized as a valid TimeSpan."))
}

fn component_overflow(text: &str) -> Thrown {
    overflow(format!(
        "The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out of \
         range or contains too many digits."
    ))
}

/// `TimeSpan.Parse`
pub fn parse(text: &str) -> Result<TimeSpan, Thrown> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let (negative, body) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, trimmed),
    };
    // Numbers, and what stands between them.
    let mut numbers: Vec<&str> = Vec::new();
    let mut marks = String::new();
    let mut rest = body;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 || numbers.len() == 5 {
            return Err(not_a_span(text));
        }
        numbers.push(&rest[..end]);
        rest = &rest[end..];
        match rest.chars().next() {
            None => break,
            // `1:2:.5`: no seconds.
            Some(':') if rest.starts_with(":.") => {
                marks.push('!');
                rest = &rest[2..];
            }
            Some(mark @ (':' | '.')) => {
                marks.push(mark);
                rest = &rest[1..];
            }
            Some(_) => return Err(not_a_span(text)),
        }
    }
    let shapes: &[&str] = match marks.as_str() {
        "" => &["d"],
        ":" => &["hm"],
        "::" => &["hms", "dhm"],
        ".:" => &["dhm"],
        "::." => &["hmsf"],
        ":!" => &["hmf"],
        ".:!" | "::!" => &["dhmf"],
        ".::" | ":::" => &["dhms"],
        ".::." | ":::." => &["dhmsf"],
        _ => return Err(not_a_span(text)),
    };
    shapes
        .iter()
        .find_map(|shape| assemble(shape, &numbers, negative))
        .map(TimeSpan)
        .ok_or_else(|| component_overflow(text))
}

fn assemble(shape: &str, numbers: &[&str], negative: bool) -> Option<i64> {
    let mut ticks = 0i128;
    for (part, digits) in shape.chars().zip(numbers) {
        let value: i128 = if digits.len() > 18 { return None } else { digits.parse().ok()? };
        if value > 0x0FFF_FFFF {
            return None;
        }
        ticks += match part {
            'd' if value <= 10_675_199 => value * i128::from(DAY),
            'h' if value < 24 => value * i128::from(HOUR),
            'm' if value < 60 => value * i128::from(MINUTE),
            's' if value < 60 => value * i128::from(SECOND),
            'f' => {
                // More than seven digits are rounded, but only behind a zero.
                if !digits.starts_with('0') && value > 9_999_999 {
                    return None;
                }
                let unit = 10i128.pow(digits.len() as u32);
                (value * 20_000_000 + unit) / (unit * 2)
            }
            _ => return None,
        };
    }
    i64::try_from(if negative { -ticks } else { ticks }).ok()
}

/// `TimeSpan.ParseExact(text, format, invariant)`; `negative` is `TimeSpanStyles.AssumeNegative`.
pub fn parse_exact(text: &str, format: &str, negative: bool) -> Result<TimeSpan, Thrown> {
    match format {
        "c" | "t" | "T" => {
            let span = parse(text)?;
            // The constant form has two digits for hours, minutes and seconds, and its day ends with a point.
            let body = text.trim().trim_start_matches('-');
            let clock = body.split_once(':').map_or("", |(head, _)| head);
            let hours = clock.rsplit('.').next().unwrap_or("");
            if body.contains(':') && (hours.len() != 2 || body.matches(':').count() != 2) {
                return Err(not_a_span(text));
            }
            Ok(span)
        }
        "g" => parse(text),
        "G" => {
            let span = parse(text)?;
            if text.matches(':').count() == 3 && text.contains('.') { Ok(span) } else { Err(not_a_span(text)) }
        }
        "" => Err(bad_format()),
        _ if format.chars().count() == 1 => Err(bad_format()),
        _ => exact_custom(text, format, negative),
    }
}

fn exact_custom(text: &str, format: &str, negative: bool) -> Result<TimeSpan, Thrown> {
    let pattern: Vec<char> = format.chars().collect();
    let wrong = || not_a_span(text);
    let mut rest = text;
    let mut ticks = 0i128;
    let mut at = 0;
    while at < pattern.len() {
        let ch = pattern[at];
        let run = pattern[at..].iter().take_while(|c| **c == ch).count();
        let mut literal = String::new();
        match ch {
            'd' | 'h' | 'm' | 's' => {
                let most = if ch == 'd' { 8 } else { 2 };
                if run > most {
                    return Err(bad_format());
                }
                let digits = rest.bytes().take(most.max(run)).take_while(u8::is_ascii_digit).count();
                let digits = if run == most && ch != 'd' { digits.min(2) } else { digits };
                if digits < run {
                    return Err(wrong());
                }
                let value: i128 = rest[..digits].parse().map_err(|_| wrong())?;
                let (unit, limit) = match ch {
                    'd' => (DAY, 10_675_199),
                    'h' => (HOUR, 23),
                    'm' => (MINUTE, 59),
                    _ => (SECOND, 59),
                };
                if value > limit {
                    return Err(component_overflow(text));
                }
                ticks += value * i128::from(unit);
                rest = &rest[digits..];
                at += run;
            }
            'f' | 'F' => {
                if run > 7 {
                    return Err(bad_format());
                }
                let digits = rest.bytes().take(run).take_while(u8::is_ascii_digit).count();
                if ch == 'f' && digits < run {
                    return Err(wrong());
                }
                if digits > 0 {
                    let value: i128 = rest[..digits].parse().map_err(|_| wrong())?;
                    ticks += value * 10i128.pow(7 - digits as u32);
                    rest = &rest[digits..];
                }
                at += run;
            }
            '\'' | '"' => at = quoted(&pattern, at, &mut literal)?,
            '\\' => {
                literal.push(*pattern.get(at + 1).ok_or_else(bad_format)?);
                at += 2;
            }
            '%' => match pattern.get(at + 1) {
                None | Some('%') => return Err(bad_format()),
                Some(_) => at += 1,
            },
            _ => return Err(bad_format()),
        }
        rest = rest.strip_prefix(literal.as_str()).ok_or_else(wrong)?;
    }
    if !rest.is_empty() {
        return Err(wrong());
    }
    i64::try_from(if negative { -ticks } else { ticks }).map(TimeSpan).map_err(|_| component_overflow(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ExceptionKind;

    #[test]
    fn spans_are_written_in_every_format() {
        let span = TimeSpan::new(1, 2, 3, 4, 5).unwrap();
        for (pattern, expected) in [
            ("c", "1.02:03:04.0050000"),
            ("g", "1:2:03:04.005"),
            ("G", "1:02:03:04.0050000"),
            (r"hh\:mm\:ss", "02:03:04"),
            (r"d' days 'h\.FFF", "1 days 2.005"),
            ("%d", "1"),
            ("ddd", "001"),
        ] {
            assert_eq!(format(span, pattern).unwrap(), expected, "{pattern}");
        }
        assert_eq!(text(TimeSpan(-90 * SECOND)), "-00:01:30");
        assert_eq!(text(TimeSpan::MIN), "-10675199.02:48:05.4775808");
        for bad in ["x", "hh:mm", "hhh", "%", "'a", "\\"] {
            assert!(format(span, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_read_as_dotnet_reads_them() {
        for (input, expected) in [
            ("01:02:03", "01:02:03"),
            ("1.02:03:04.5", "1.02:03:04.5000000"),
            ("5", "5.00:00:00"),
            ("25:00:00", "25.00:00:00"),
            (" -6:12 ", "-06:12:00"),
            ("6.12:14", "6.12:14:00"),
            ("1:02:03:04", "1.02:03:04"),
            ("0:0:0.1234567", "00:00:00.1234567"),
        ] {
            assert_eq!(text(parse(input).unwrap()), expected, "{input}");
        }
        for bad in ["x", "", "1.5", "1:", "6:12:", "+1:00", "1 2:00", "1:2:3:4:5:6"] {
            assert_eq!(parse(bad).unwrap_err().kind, ExceptionKind::Format, "{bad}");
        }
        for large in ["10:60", "99999999", "1:60:00", "00:00:60"] {
            assert_eq!(parse(large).unwrap_err().kind, ExceptionKind::Overflow, "{large}");
        }
    }

    #[test]
    fn exact_patterns_must_fit() {
        assert_eq!(text(parse_exact("02-03", r"hh\-mm", false).unwrap()), "02:03:00");
        assert_eq!(text(parse_exact("5.5", r"s\.f", false).unwrap()), "00:00:05.5000000");
        assert_eq!(text(parse_exact("01:02:03", "c", false).unwrap()), "01:02:03");
        assert!(parse_exact("1:02", r"hh\:mm", false).is_err());
        assert!(parse_exact("02:03x", r"hh\:mm", false).is_err());
    }

    proptest! {
        #[test]
        fn a_span_survives_its_text(ticks: i64) {
            prop_assert_eq!(parse(&text(TimeSpan(ticks))).unwrap(), TimeSpan(ticks));
        }

        #[test]
        fn no_text_makes_the_reader_panic(input in ".{0,30}", pattern in "[dhmsfF%:.'\\\\]{0,12}") {
            let _ = parse(&input);
            let _ = format(TimeSpan(1), &pattern);
            let _ = parse_exact(&input, &pattern, false);
        }
    }
}
