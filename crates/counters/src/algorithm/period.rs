//! Fixed periods: when the one that holds an instant starts and ends.

use apimite_clock::Timestamp;

use crate::limit::{CalendarUnit, QuotaPeriod};

/// The period of a quota that holds some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeriodBounds {
    /// The first second of it, in seconds since 1970-01-01T00:00:00Z; the smallest number for a quota without end.
    pub start_unix_seconds: i64,
    /// The first second after it; the largest number for a quota without end.
    pub end_unix_seconds: i64,
}

impl PeriodBounds {
    /// The one period of a quota that is never replenished.
    pub const ENDLESS: Self = Self { start_unix_seconds: i64::MIN, end_unix_seconds: i64::MAX };

    /// Nanoseconds from `now` to the end; `None` when there is no end.
    pub(crate) fn left_nanos(self, now: Timestamp) -> Option<i64> {
        (self != Self::ENDLESS).then(|| Timestamp::from_unix_seconds(self.end_unix_seconds).0.saturating_sub(now.0))
    }
}

impl QuotaPeriod {
    /// The period that holds `now`.
    pub fn bounds(self, now: Timestamp) -> PeriodBounds {
        let second = now.unix_seconds();
        match self {
            Self::Never | Self::Every { seconds: 0, .. } => PeriodBounds::ENDLESS,
            Self::Every { seconds, start_unix_seconds } => {
                let since = second.saturating_sub(start_unix_seconds).rem_euclid(i64::from(seconds));
                bounds(second - since, i64::from(seconds))
            }
            Self::Calendar(unit) => calendar(unit, second),
        }
    }
}

fn bounds(start: i64, length: i64) -> PeriodBounds {
    PeriodBounds { start_unix_seconds: start, end_unix_seconds: start.saturating_add(length) }
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn calendar(unit: CalendarUnit, second: i64) -> PeriodBounds {
    let cut = |length: i64| bounds(second - second.rem_euclid(length), length);
    let day = second.div_euclid(DAY);
    let between = |start: i64, end: i64| PeriodBounds { start_unix_seconds: start * DAY, end_unix_seconds: end * DAY };
    match unit {
        CalendarUnit::Hourly => cut(HOUR),
        CalendarUnit::Daily => cut(DAY),
        CalendarUnit::Weekly => {
            // Day 0 was a Thursday; three days on, weeks start on Mondays.
            let start = day - (day + 3).rem_euclid(7);
            between(start, start + 7)
        }
        CalendarUnit::Monthly => {
            let (year, month) = year_and_month(day);
            let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            between(first_of_month(year, month), first_of_month(next.0, next.1))
        }
        CalendarUnit::Yearly => {
            let (year, _) = year_and_month(day);
            between(first_of_month(year, 1), first_of_month(year + 1, 1))
        }
    }
}

/// Days from 1970-01-01 to the first of a month, in the Gregorian calendar.
fn first_of_month(year: i64, month: i64) -> i64 {
    // Years are taken to start in March, so that the leap day is the last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5;
    shifted * 365 + shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400) + day_of_year - 719_468
}

fn year_and_month(day: i64) -> (i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while first_of_month(year + 1, 1) <= day {
        year += 1;
    }
    while first_of_month(year, 1) > day {
        year -= 1;
    }
    let month = (2..=12).rev().find(|month| first_of_month(year, *month) <= day).unwrap_or(1);
    (year, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(period: QuotaPeriod, second: i64) -> (i64, i64) {
        let bounds = period.bounds(Timestamp::from_unix_seconds(second));
        (bounds.start_unix_seconds, bounds.end_unix_seconds)
    }

    #[test]
    fn periods_are_aligned_to_their_start_before_and_after_it() {
        let period = QuotaPeriod::Every { seconds: 300, start_unix_seconds: 1_000 };
        assert_eq!(at(period, 1_000), (1_000, 1_300));
        assert_eq!(at(period, 1_299), (1_000, 1_300));
        assert_eq!(at(period, 999), (700, 1_000));
    }

    #[test]
    fn the_default_start_in_the_year_one_is_no_overflow() {
        let week = QuotaPeriod::Every { seconds: 604_800, start_unix_seconds: QuotaPeriod::YEAR_ONE };
        // The first of January of the year 1 was a Monday.
        assert_eq!(at(week, 1_700_000_000), (1_699_833_600, 1_700_438_400));
    }

    #[test]
    fn calendar_periods_cut_the_utc_time_to_the_unit() {
        // 2024-02-29T13:45:10Z, a Thursday.
        let now = 1_709_214_310;
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Hourly), now), (1_709_211_600, 1_709_215_200));
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Daily), now), (1_709_164_800, 1_709_251_200));
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Weekly), now), (1_708_905_600, 1_709_510_400));
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Monthly), now), (1_706_745_600, 1_709_251_200));
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Yearly), now), (1_704_067_200, 1_735_689_600));
    }

    #[test]
    fn a_year_before_1970_is_found_too() {
        // 1969-12-31T23:59:59Z
        assert_eq!(at(QuotaPeriod::Calendar(CalendarUnit::Monthly), -1), (-31 * DAY, 0));
    }
}
