//! The proleptic Gregorian calendar in ticks of 100 ns since 0001-01-01.

use crate::messages::out_of_range;
use crate::{Exception, ExceptionKind, Thrown};

/// Ticks in a millisecond.
pub const MILLISECOND: i64 = 10_000;
/// Ticks in a second.
pub const SECOND: i64 = 10_000_000;
/// Ticks in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Ticks in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Ticks in a day.
pub const DAY: i64 = 24 * HOUR;
/// The last tick of the year 9999.
pub const MAX_TICKS: i64 = 3_155_378_975_999_999_999;
/// Ticks at the Unix epoch.
pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

/// The names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of the days, from Sunday.
pub const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 1 to 9999.
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// 1 to 31.
    pub day: i32,
}

/// Is `year` a leap year?
pub const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// `DateTime.IsLeapYear`.
pub fn is_leap_year(year: i32) -> Result<bool, Thrown> {
    if !(1..=9999).contains(&year) {
        return Err(out_of_range("Year must be between 1 and 9999.", "year"));
    }
    Ok(is_leap(year))
}

/// `DateTime.DaysInMonth`.
pub fn days_in_month(year: i32, month: i32) -> Result<i32, Thrown> {
    if !(1..=12).contains(&month) {
        return Err(out_of_range("Month must be between one and twelve.", "month"));
    }
    is_leap_year(year)?;
    Ok(days_of(year, month))
}

/// Days of a month that exists.
pub const fn days_of(year: i32, month: i32) -> i32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before a date, since 0001-01-01.
const fn days_before(date: Date) -> i64 {
    let year = date.year as i64 - 1;
    let mut days = year * 365 + year / 4 - year / 100 + year / 400;
    let mut month = 1;
    while month < date.month {
        days += days_of(date.year, month) as i64;
        month += 1;
    }
    days + date.day as i64 - 1
}

/// Ticks at midnight of a day; `None` if it does not exist.
pub const fn ticks_of_date(year: i32, month: i32, day: i32) -> Option<i64> {
    if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_of(year, month) {
        return None;
    }
    Some(days_before(Date { year, month, day }) * DAY)
}

/// Ticks of a time of day; `None` if it does not exist.
pub const fn ticks_of_time(hour: i32, minute: i32, second: i32) -> Option<i64> {
    if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
        return None;
    }
    Some(hour as i64 * HOUR + minute as i64 * MINUTE + second as i64 * SECOND)
}

/// The day that `ticks` lie in.
pub fn date_of(ticks: i64) -> Date {
    let mut days = ticks.div_euclid(DAY);
    let cycles = days / 146_097;
    days %= 146_097;
    let centuries = (days / 36_524).min(3);
    days -= centuries * 36_524;
    let fours = days / 1_461;
    days %= 1_461;
    let years = (days / 365).min(3);
    days -= years * 365;
    let year = (cycles * 400 + centuries * 100 + fours * 4 + years + 1) as i32;
    let mut month = 1;
    let mut day = days as i32 + 1;
    while day > days_of(year, month) {
        day -= days_of(year, month);
        month += 1;
    }
    Date { year, month, day }
}

/// `DayOfYear`.
pub fn day_of_year(date: Date) -> i32 {
    (1..date.month).map(|month| days_of(date.year, month)).sum::<i32>() + date.day
}

/// `DayOfWeek`, 0 is Sunday.
pub const fn day_of_week(ticks: i64) -> i32 {
    ((ticks.div_euclid(DAY) + 1) % 7) as i32
}

/// The exception of a day that does not exist.
pub fn no_such_day() -> Thrown {
    Exception::new(
        ExceptionKind::ArgumentOutOfRange,
        "Year, Month, and Day parameters describe an un-representable DateTime.",
    )
}

/// The exception of a time of day that does not exist.
pub fn no_such_time() -> Thrown {
    Exception::new(
        ExceptionKind::ArgumentOutOfRange,
        "Hour, Minute, and Second parameters describe an un-representable DateTime.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_day_goes_to_ticks_and_back(ticks in 0i64..=MAX_TICKS) {
            let date = date_of(ticks);
            prop_assert_eq!(ticks_of_date(date.year, date.month, date.day), Some(ticks - ticks % DAY));
        }
    }

    #[test]
    fn known_days_have_their_weekday() {
        assert_eq!(day_of_week(ticks_of_date(2024, 2, 29).unwrap()), 4);
        assert_eq!(day_of_week(0), 1);
        assert_eq!(day_of_year(Date { year: 2024, month: 2, day: 29 }), 60);
        assert_eq!(ticks_of_date(1970, 1, 1), Some(UNIX_EPOCH));
    }
}
