//! `System.DateTime`: ticks and kind in one word, as .NET keeps them.

use super::calendar::{
    DAY, Date, HOUR, MAX_TICKS, MILLISECOND, MINUTE, SECOND, UNIX_EPOCH, date_of, day_of_week, day_of_year, days_of,
    no_such_day, no_such_time, ticks_of_date, ticks_of_time,
};
use super::span::TimeSpan;
use crate::Thrown;
use crate::messages::{argument, out_of_range};

/// `System.DateTimeKind`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Not said.
    #[default]
    Unspecified,
    /// UTC.
    Utc,
    /// The local zone, which is UTC too.
    Local,
}

impl Kind {
    /// From the number behind the enumeration's member.
    pub fn from_number(value: i64) -> Result<Self, Thrown> {
        match value {
            0 => Ok(Self::Unspecified),
            1 => Ok(Self::Utc),
            2 => Ok(Self::Local),
            _ => Err(argument("Invalid DateTimeKind value.", "kind")),
        }
    }

    /// The number behind the enumeration's member.
    pub const fn number(self) -> i64 {
        match self {
            Self::Unspecified => 0,
            Self::Utc => 1,
            Self::Local => 2,
        }
    }
}

/// A point in time: ticks of 100 ns since 0001-01-01 in the low 62 bits, [`Kind`] in the high two.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateTime(pub u64);

const TICKS_MASK: u64 = (1 << 62) - 1;

/// The words of a result outside the years 1 to 9999.
const UNREPRESENTABLE: &str = "The added or subtracted value results in an un-representable DateTime.";

impl DateTime {
    /// `DateTime.MinValue`
    pub const MIN: Self = Self(0);
    /// `DateTime.MaxValue`
    pub const MAX: Self = Self(MAX_TICKS as u64);
    /// `DateTime.UnixEpoch`
    pub const UNIX_EPOCH: Self = Self(UNIX_EPOCH as u64 | 1 << 62);

    /// From ticks in range.
    pub(crate) const fn of(ticks: i64, kind: Kind) -> Self {
        Self(ticks as u64 | (kind.number() as u64) << 62)
    }

    /// `new DateTime(ticks, kind)`
    pub fn from_ticks(ticks: i64, kind: Kind) -> Result<Self, Thrown> {
        if !(0..=MAX_TICKS).contains(&ticks) {
            return Err(out_of_range(
                "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.",
                "ticks",
            ));
        }
        Ok(Self::of(ticks, kind))
    }

    /// From nanoseconds since the Unix epoch, as UTC; out of range is clamped.
    pub fn from_unix_nanos(nanos: i64) -> Self {
        Self::of((UNIX_EPOCH + nanos.div_euclid(100)).clamp(0, MAX_TICKS), Kind::Utc)
    }

    /// `new DateTime(year, month, day)`
    pub fn from_date(year: i32, month: i32, day: i32) -> Result<Self, Thrown> {
        ticks_of_date(year, month, day).map(|ticks| Self::of(ticks, Kind::Unspecified)).ok_or_else(no_such_day)
    }

    /// `new DateTime(year, month, day, hour, minute, second, millisecond, kind)`
    pub fn new(date: Date, time: (i32, i32, i32), millisecond: i32, kind: Kind) -> Result<Self, Thrown> {
        let day = ticks_of_date(date.year, date.month, date.day).ok_or_else(no_such_day)?;
        let clock = ticks_of_time(time.0, time.1, time.2).ok_or_else(no_such_time)?;
        if !(0..1000).contains(&millisecond) {
            return Err(out_of_range("Valid values are between 0 and 999, inclusive.", "millisecond"));
        }
        Ok(Self::of(day + clock + i64::from(millisecond) * MILLISECOND, kind))
    }

    /// `Ticks`
    pub const fn ticks(self) -> i64 {
        (self.0 & TICKS_MASK) as i64
    }

    /// `Kind`
    pub const fn kind(self) -> Kind {
        match self.0 >> 62 {
            0 => Kind::Unspecified,
            1 => Kind::Utc,
            _ => Kind::Local,
        }
    }

    /// `DateTime.SpecifyKind`
    #[must_use]
    pub const fn with_kind(self, kind: Kind) -> Self {
        Self::of(self.ticks(), kind)
    }

    /// Year, month and day.
    pub fn ymd(self) -> Date {
        date_of(self.ticks())
    }

    /// `Date`
    #[must_use]
    pub const fn date(self) -> Self {
        Self::of(self.ticks() - self.ticks() % DAY, self.kind())
    }

    /// `TimeOfDay`
    pub const fn time_of_day(self) -> TimeSpan {
        TimeSpan(self.ticks() % DAY)
    }

    /// `Hour`
    pub const fn hour(self) -> i32 {
        (self.ticks() / HOUR % 24) as i32
    }

    /// `Minute`
    pub const fn minute(self) -> i32 {
        (self.ticks() / MINUTE % 60) as i32
    }

    /// `Second`
    pub const fn second(self) -> i32 {
        (self.ticks() / SECOND % 60) as i32
    }

    /// `Millisecond`
    pub const fn millisecond(self) -> i32 {
        (self.ticks() / MILLISECOND % 1000) as i32
    }

    /// `DayOfWeek`, 0 is Sunday.
    pub const fn day_of_week(self) -> i32 {
        day_of_week(self.ticks())
    }

    /// `DayOfYear`
    pub fn day_of_year(self) -> i32 {
        day_of_year(self.ymd())
    }

    /// `AddTicks`, `Add`, `+`; `parameter` names the argument in the exception.
    pub fn add_ticks(self, ticks: i64, parameter: &str) -> Result<Self, Thrown> {
        match self.ticks().checked_add(ticks) {
            Some(sum) if (0..=MAX_TICKS).contains(&sum) => Ok(Self::of(sum, self.kind())),
            _ => Err(out_of_range(UNREPRESENTABLE, parameter)),
        }
    }

    /// `Subtract(TimeSpan)`, `-`
    pub fn subtract_ticks(self, ticks: i64, parameter: &str) -> Result<Self, Thrown> {
        match self.ticks().checked_sub(ticks) {
            Some(rest) if (0..=MAX_TICKS).contains(&rest) => Ok(Self::of(rest, self.kind())),
            _ => Err(out_of_range(UNREPRESENTABLE, parameter)),
        }
    }

    /// `AddDays` … `AddMilliseconds`: rounded to a whole millisecond, as up to .NET 6.
    pub fn add_units(self, value: f64, unit: i64) -> Result<Self, Thrown> {
        let millis = value * (unit / MILLISECOND) as f64 + if value >= 0.0 { 0.5 } else { -0.5 };
        let limit = (MAX_TICKS / MILLISECOND) as f64 + 1.0;
        if !(millis > -limit && millis < limit) {
            return Err(out_of_range("Value to add was out of range.", "value"));
        }
        self.add_ticks(millis as i64 * MILLISECOND, "value")
    }

    /// `AddMonths`
    pub fn add_months(self, months: i32) -> Result<Self, Thrown> {
        if !(-120_000..=120_000).contains(&months) {
            return Err(out_of_range("Months value must be between +/-120000.", "months"));
        }
        let Date { year, month, day } = self.ymd();
        let index = i64::from(year) * 12 + i64::from(month) - 1 + i64::from(months);
        let (year, month) = (index.div_euclid(12) as i32, index.rem_euclid(12) as i32 + 1);
        if !(1..=9999).contains(&year) {
            return Err(out_of_range(UNREPRESENTABLE, "months"));
        }
        let day = day.min(days_of(year, month));
        let ticks = ticks_of_date(year, month, day).ok_or_else(no_such_day)? + self.ticks() % DAY;
        Ok(Self::of(ticks, self.kind()))
    }

    /// `AddYears`
    pub fn add_years(self, years: i32) -> Result<Self, Thrown> {
        if !(-10_000..=10_000).contains(&years) {
            return Err(out_of_range("Years value must be between +/-10000.", "years"));
        }
        self.add_months(years * 12)
    }

    /// `ToUniversalTime`; the local zone is UTC.
    #[must_use]
    pub const fn to_universal(self) -> Self {
        self.with_kind(Kind::Utc)
    }

    /// `ToLocalTime`; the local zone is UTC.
    #[must_use]
    pub const fn to_local(self) -> Self {
        self.with_kind(Kind::Local)
    }

    /// `ToBinary`
    pub const fn to_binary(self) -> i64 {
        self.0 as i64
    }

    /// `DateTime.FromBinary`
    pub fn from_binary(value: i64) -> Result<Self, Thrown> {
        let ticks = value as u64 & TICKS_MASK;
        if ticks > MAX_TICKS as u64 {
            return Err(argument(
                "The binary data must result in a DateTime with ticks between DateTime.MinValue.Ticks and \
                 DateTime.MaxValue.Ticks.",
                "dateData",
            ));
        }
        let kind = Self(value as u64).kind();
        Ok(Self::of(ticks as i64, kind))
    }

    /// Days since 1899-12-30, `ToOADate`.
    ///
    /// # Errors
    /// `OverflowException` for a time before the year 100.
    pub fn to_oa_date(self) -> Result<f64, Thrown> {
        const OA_EPOCH: i64 = 599_264_352_000_000_000;
        if self.ticks() == 0 {
            return Ok(0.0);
        }
        // A time of day alone counts from the epoch.
        let ticks = if self.ticks() < DAY { self.ticks() + OA_EPOCH } else { self.ticks() };
        if ticks < 31_241_376_000_000_000 {
            return Err(crate::messages::overflow("Not a legal OleAut date."));
        }
        let millis = (ticks - OA_EPOCH) / MILLISECOND;
        let millis_per_day = DAY / MILLISECOND;
        let fraction = millis % millis_per_day;
        let millis = if millis < 0 && fraction != 0 { millis - (millis_per_day + fraction) * 2 } else { millis };
        Ok(millis as f64 / millis_per_day as f64)
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.ticks() == other.ticks()
    }
}
impl Eq for DateTime {}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.ticks().cmp(&other.ticks())
    }
}

impl std::hash::Hash for DateTime {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ticks().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: i32, day: i32) -> DateTime {
        DateTime::from_date(year, month, day).unwrap()
    }

    #[test]
    fn adding_months_and_years_stays_in_the_month() {
        assert_eq!(day(2024, 1, 31).add_months(1).unwrap(), day(2024, 2, 29));
        assert_eq!(day(2024, 2, 29).add_years(1).unwrap(), day(2025, 2, 28));
        assert_eq!(day(2024, 1, 31).add_months(-13).unwrap(), day(2022, 12, 31));
        assert!(day(9999, 12, 1).add_months(1).is_err());
        assert!(day(1, 1, 1).add_months(-1).is_err());
    }

    #[test]
    fn adding_units_rounds_to_milliseconds() {
        let start = day(2024, 2, 28);
        assert_eq!(start.add_units(1.5, DAY).unwrap(), start.add_ticks(36 * HOUR, "value").unwrap());
        assert_eq!(start.add_units(0.0004, SECOND).unwrap(), start);
        assert!(start.add_units(f64::NAN, SECOND).is_err());
        assert_eq!(
            DateTime::MAX.add_ticks(1, "value").unwrap_err().message,
            "The added or subtracted value results in an un-representable DateTime. (Parameter 'value')"
        );
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        assert_eq!(
            DateTime::from_date(2023, 2, 29).unwrap_err().message,
            "Year, Month, and Day parameters describe an un-representable DateTime."
        );
        let date = Date { year: 2024, month: 1, day: 1 };
        assert!(DateTime::new(date, (24, 0, 0), 0, Kind::Utc).is_err());
        assert!(DateTime::new(date, (0, 0, 0), 1000, Kind::Utc).is_err());
    }

    #[test]
    fn equality_looks_at_the_clock_and_not_at_the_kind() {
        assert_eq!(day(2024, 1, 1), day(2024, 1, 1).to_universal());
        assert_eq!(DateTime::from_binary(day(2024, 1, 1).to_universal().to_binary()).unwrap().kind(), Kind::Utc);
        assert_eq!(day(1899, 12, 31).to_oa_date().unwrap(), 1.0);
    }
}
