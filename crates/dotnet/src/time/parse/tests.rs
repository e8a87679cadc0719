//! Tests of `parse`.

use proptest::prelude::*;

use super::*;
use crate::time::format::{format, offset_text};

fn now() -> DateTime {
    DateTime::from_date(2030, 5, 6).unwrap()
}

fn iso(text: &str) -> String {
    format(parse(text, DateTimeStyles(0), now()).unwrap(), "o").unwrap()
}

#[test]
fn dates_are_read_in_many_forms() {
    for (text, expected) in [
        ("2024-02-29", "2024-02-29T00:00:00.0000000"),
        ("2024-02-29T10:20:30", "2024-02-29T10:20:30.0000000"),
        ("2024-02-29T10:20:30.1234567Z", "2024-02-29T10:20:30.1234567+00:00"),
        ("2024-02-29T10:20:30+02:00", "2024-02-29T08:20:30.0000000+00:00"),
        ("2024-02-29 10:20", "2024-02-29T10:20:00.0000000"),
        ("2024/02/29", "2024-02-29T00:00:00.0000000"),
        ("02/29/2024", "2024-02-29T00:00:00.0000000"),
        ("2/9/24", "2024-02-09T00:00:00.0000000"),
        ("2.9.2024", "2024-02-09T00:00:00.0000000"),
        ("3 Feb 2024", "2024-02-03T00:00:00.0000000"),
        ("Feb 3, 2024", "2024-02-03T00:00:00.0000000"),
        ("February 3 2024 3:04 PM", "2024-02-03T15:04:00.0000000"),
        ("3-Feb-2024", "2024-02-03T00:00:00.0000000"),
        ("Feb 2024", "2024-02-01T00:00:00.0000000"),
        ("2024-02", "2024-02-01T00:00:00.0000000"),
        ("02/2024", "2024-02-01T00:00:00.0000000"),
        ("5/6", "2030-05-06T00:00:00.0000000"),
        ("Fri, 02 Jan 1970 00:00:00 GMT", "1970-01-02T00:00:00.0000000+00:00"),
        ("Thursday, 29 February 2024", "2024-02-29T00:00:00.0000000"),
        ("10:20", "2030-05-06T10:20:00.0000000"),
        ("10 PM", "2030-05-06T22:00:00.0000000"),
        ("12:30 AM", "2030-05-06T00:30:00.0000000"),
        (" 2024-02-29 ", "2024-02-29T00:00:00.0000000"),
        ("2024-02-29 10:00:00 -08:00", "2024-02-29T18:00:00.0000000+00:00"),
        ("2024-02-29T10:20:30.5-0130", "2024-02-29T11:50:30.5000000+00:00"),
    ] {
        assert_eq!(iso(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "not a date",
        "",
        "2024",
        "20240229",
        "2024-02-30",
        "2024-13-01",
        "13/13/2024",
        "25:00",
        "10:20:30:40",
        "Fri, 29 Feb 2024",
        "2024-02-29T",
        "2024-02-29 UTC",
        "1/2/3/4",
        "13:00 PM",
        "2024-02-29T10:20:30+99:00",
        "-",
        "x",
        "2024-02-29T10:20:30ZZ",
        "Feb",
        "é",
    ] {
        assert_eq!(
            parse(text, DateTimeStyles(0), now()).map_err(|e| e.kind).unwrap_err(),
            crate::ExceptionKind::Format,
            "{text}"
        );
    }
    assert_eq!(
        parse("not a date", DateTimeStyles(0), now()).unwrap_err().message,
        "The string 'not a date' was not recognized as a valid DateTime. There is an unknown word starting at index '0'."
    );
}

#[test]
fn styles_decide_the_kind() {
    let kind = |text: &str, styles| parse(text, DateTimeStyles(styles), now()).unwrap().kind();
    assert_eq!(kind("2024-02-29", 0), Kind::Unspecified);
    assert_eq!(kind("2024-02-29T00:00:00Z", 0), Kind::Local);
    assert_eq!(kind("2024-02-29T00:00:00Z", 16), Kind::Utc);
    assert_eq!(kind("2024-02-29T00:00:00Z", 128), Kind::Utc);
    assert_eq!(kind("2024-02-29T00:00:00+01:00", 128), Kind::Local);
    assert_eq!(kind("2024-02-29", 64 | 16), Kind::Utc);
    assert!(parse("2024-02-29", DateTimeStyles(96), now()).is_err());
}

#[test]
fn an_offset_is_kept_by_date_time_offset() {
    let read = |text: &str| offset_text(parse_offset(text, DateTimeStyles(0), now()).unwrap());
    assert_eq!(read("2024-02-29T10:00:00+05:30"), "02/29/2024 10:00:00 +05:30");
    assert_eq!(read("2024-02-29"), "02/29/2024 00:00:00 +00:00");
}

proptest! {
    #[test]
    fn a_date_survives_its_round_trip_text(ticks in 0i64..=MAX_TICKS) {
        let time = DateTime::of(ticks, Kind::Unspecified);
        for letter in ["o", "s", "G", "r", "F", "u"] {
            let text = format(time, letter).unwrap();
            let back = parse(&text, DateTimeStyles(16), now()).unwrap();
            let whole = if letter == "o" { ticks } else { ticks - ticks % SECOND };
            prop_assert_eq!(back.ticks(), whole, "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[0-9a-zA-Zé:/.,+ -]{0,24}") {
        let _ = parse(&text, DateTimeStyles(0), now());
    }
}
