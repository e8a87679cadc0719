//! Simple values as XML text, and back: `XmlConvert`.

use crate::json::{Primitive, Scalar, date_text, offset_text};
use crate::messages::format_error;
use crate::numeric::{format, parse};
use crate::{Exception, ExceptionKind, Generation, IntegerKind, NumberStyles, Thrown, guid, time};

/// A value as LINQ to XML writes it into content.
pub fn value_text(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => if *value { "true" } else { "false" }.to_owned(),
        Scalar::Double(value) => float_text(*value, || format::double_text(*value, Generation::Modern)),
        Scalar::Single(value) => float_text(f64::from(*value), || format::single_text(*value, Generation::Modern)),
        Scalar::Date(raw) => date_text(*raw),
        Scalar::DateOffset(ticks, offset) => {
            let text = offset_text(*ticks, *offset);
            if *offset == 0 { text.trim_end_matches("+00:00").to_owned() + "Z" } else { text }
        }
        Scalar::TimeSpan(ticks) => duration_text(*ticks),
        _ => value.to_text().to_string(),
    }
}

fn float_text(value: f64, text: impl FnOnce() -> String) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "INF" } else { "-INF" }.to_owned()
    } else {
        text()
    }
}

/// `PT1M30S`
fn duration_text(ticks: i64) -> String {
    let mut out = String::from(if ticks < 0 { "-P" } else { "P" });
    let rest = ticks.unsigned_abs();
    let (days, rest) = (rest / 864_000_000_000, rest % 864_000_000_000);
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    if rest > 0 {
        out.push('T');
        let (hours, minutes, seconds, fraction) =
            (rest / 36_000_000_000, rest / 600_000_000 % 60, rest / 10_000_000 % 60, rest % 10_000_000);
        if hours > 0 {
            out.push_str(&format!("{hours}H"));
        }
        if minutes > 0 {
            out.push_str(&format!("{minutes}M"));
        }
        if seconds > 0 || fraction > 0 {
            out.push_str(&seconds.to_string());
            if fraction > 0 {
                out.push('.');
                out.push_str(format!("{fraction:07}").trim_end_matches('0'));
            }
            out.push('S');
        }
    }
    if out.ends_with('P') {
        out.push_str("T0S");
    }
    out
}

fn bad(text: &str, what: &str) -> Thrown {
    format_error(format!("The string '{text}' is not a valid {what} value."))
}

/// `XmlConvert.ToTimeSpan`.
fn read_duration(text: &str) -> Result<i64, Thrown> {
    let wrong = || bad(text, "TimeSpan");
    let trimmed = text.trim();
    let (negative, rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed),
    };
    let rest = rest.strip_prefix('P').ok_or_else(wrong)?;
    if rest.is_empty() || rest.ends_with('T') {
        return Err(wrong());
    }
    let (mut ticks, mut in_time, mut number) = (0_i128, false, String::new());
    for c in rest.chars() {
        if c == 'T' && !in_time && number.is_empty() {
            in_time = true;
            continue;
        }
        if c.is_ascii_digit() || (c == '.' && in_time && !number.contains('.')) {
            number.push(c);
            continue;
        }
        let unit: i128 = match (c, in_time) {
            ('Y', false) => 365 * 864_000_000_000,
            ('M', false) => 30 * 864_000_000_000,
            ('D', false) => 864_000_000_000,
            ('H', true) => 36_000_000_000,
            ('M', true) => 600_000_000,
            ('S', true) => 10_000_000,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        if whole.is_empty() || whole.len() > 12 || (!fraction.is_empty() && c != 'S') {
            return Err(wrong());
        }
        ticks += whole.parse::<i128>().map_err(|_| wrong())? * unit;
        if !fraction.is_empty() {
            let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
            ticks += digits.parse::<i128>().map_err(|_| wrong())?;
        }
        number.clear();
    }
    if !number.is_empty() {
        return Err(wrong());
    }
    i64::try_from(if negative { -ticks } else { ticks }).map_err(|_| {
        Exception::new(
            ExceptionKind::Overflow,
            format!("Value '{text}' was either too large or too small for TimeSpan."),
        )
    })
}

/// The text of an element or attribute as that type: the explicit casts of `XElement` and `XAttribute`.
///
/// # Errors
/// `FormatException` and `OverflowException` of the conversion.
pub fn read_value(text: &str, to: Primitive) -> Result<Scalar, Thrown> {
    let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
    Ok(match to {
        Primitive::String => Scalar::text(text),
        Primitive::Boolean => match trimmed.to_lowercase().as_str() {
            "1" | "true" => Scalar::Bool(true),
            "0" | "false" => Scalar::Bool(false),
            _ => return Err(bad(&text.to_lowercase(), "Boolean")),
        },
        // White space around it, and a sign only where there are negative numbers.
        Primitive::Integer(kind) => {
            let signed =
                matches!(kind, IntegerKind::SByte | IntegerKind::Int16 | IntegerKind::Int32 | IntegerKind::Int64);
            let styles = if signed { NumberStyles::INTEGER } else { NumberStyles(3) };
            Scalar::integer(parse::parse_integer(text, kind, styles)?, kind)
        }
        Primitive::Double => Scalar::Double(match trimmed {
            "INF" => f64::INFINITY,
            "-INF" => f64::NEG_INFINITY,
            _ => parse::parse_double(trimmed, NumberStyles::FLOAT)?,
        }),
        Primitive::Single => Scalar::Single(match trimmed {
            "INF" => f32::INFINITY,
            "-INF" => f32::NEG_INFINITY,
            _ => parse::parse_single(trimmed, NumberStyles::FLOAT)?,
        }),
        Primitive::Decimal => Scalar::Decimal(parse::parse_decimal(text, NumberStyles(0x27))?),
        Primitive::DateTime => {
            // RoundtripKind
            Scalar::Date(time::parse::parse(text, time::DateTimeStyles(128), time::DateTime::UNIX_EPOCH)?.0)
        }
        Primitive::DateTimeOffset => {
            let time = time::parse::parse_offset(trimmed, time::DateTimeStyles(0), time::DateTime::UNIX_EPOCH)
                .map_err(|_| bad(text, "AllXsd"))?;
            Scalar::DateOffset(time.ticks, time.minutes)
        }
        Primitive::TimeSpan => Scalar::TimeSpan(read_duration(text)?),
        Primitive::Guid => Scalar::Guid(guid::parse(trimmed)?),
        Primitive::Char | Primitive::Uri | Primitive::Bytes => Scalar::text(text),
    })
}
