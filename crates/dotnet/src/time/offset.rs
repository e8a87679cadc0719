//! `System.DateTimeOffset`.

use super::calendar::{MAX_TICKS, MILLISECOND, MINUTE, SECOND, UNIX_EPOCH};
use super::datetime::{DateTime, Kind};
use super::span::TimeSpan;
use crate::Thrown;
use crate::messages::{argument, out_of_range};

/// A clock time and its distance from UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateTimeOffset {
    /// Ticks of the clock time.
    pub ticks: i64,
    /// Minutes east of UTC.
    pub minutes: i16,
}

fn out_of_years() -> Thrown {
    out_of_range("The UTC time represented when the offset is applied must be between year 0 and 10,000.", "offset")
}

impl DateTimeOffset {
    /// `DateTimeOffset.MaxValue`
    pub const MAX: Self = Self { ticks: MAX_TICKS, minutes: 0 };
    /// `DateTimeOffset.MinValue`
    pub const MIN: Self = Self { ticks: 0, minutes: 0 };

    /// From a clock time and minutes from UTC, checked.
    pub fn from_clock(ticks: i64, minutes: i16) -> Result<Self, Thrown> {
        let utc = ticks - i64::from(minutes) * MINUTE;
        if !(0..=MAX_TICKS).contains(&utc) || !(0..=MAX_TICKS).contains(&ticks) {
            return Err(out_of_years());
        }
        Ok(Self { ticks, minutes })
    }

    /// Reads an offset: whole minutes, at most fourteen hours.
    pub fn check_offset(offset: TimeSpan) -> Result<i16, Thrown> {
        if offset.0 % MINUTE != 0 {
            return Err(argument("Offset must be specified in whole minutes.", "offset"));
        }
        let minutes = offset.0 / MINUTE;
        if !(-840..=840).contains(&minutes) {
            return Err(out_of_range("Offset must be within plus or minus 14 hours.", "offset"));
        }
        Ok(minutes as i16)
    }

    /// `new DateTimeOffset(dateTime, offset)`
    pub fn new(time: DateTime, offset: TimeSpan) -> Result<Self, Thrown> {
        match time.kind() {
            Kind::Utc if offset.0 != 0 => {
                return Err(argument("The UTC Offset for Utc DateTime instances must be 0.", "offset"));
            }
            Kind::Local if offset.0 != 0 => {
                return Err(argument(
                    "The UTC Offset of the local dateTime parameter does not match the offset argument.",
                    "offset",
                ));
            }
            _ => {}
        }
        Self::from_clock(time.ticks(), Self::check_offset(offset)?)
    }

    /// `new DateTimeOffset(dateTime)`, the implicit conversion; the local zone is UTC.
    pub const fn from_date_time(time: DateTime) -> Self {
        Self { ticks: time.ticks(), minutes: 0 }
    }

    /// `FromUnixTimeSeconds`
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, Thrown> {
        if !(-62_135_596_800..=253_402_300_799).contains(&seconds) {
            return Err(out_of_range("Valid values are between -62135596800 and 253402300799, inclusive.", "seconds"));
        }
        Ok(Self { ticks: UNIX_EPOCH + seconds * SECOND, minutes: 0 })
    }

    /// `FromUnixTimeMilliseconds`
    pub fn from_unix_millis(millis: i64) -> Result<Self, Thrown> {
        if !(-62_135_596_800_000..=253_402_300_799_999).contains(&millis) {
            return Err(out_of_range(
                "Valid values are between -62135596800000 and 253402300799999, inclusive.",
                "milliseconds",
            ));
        }
        Ok(Self { ticks: UNIX_EPOCH + millis * MILLISECOND, minutes: 0 })
    }

    /// `UtcTicks`
    pub const fn utc_ticks(self) -> i64 {
        self.ticks - self.minutes as i64 * MINUTE
    }

    /// `Offset`
    pub const fn offset(self) -> TimeSpan {
        TimeSpan(self.minutes as i64 * MINUTE)
    }

    /// `DateTime`: the clock time.
    pub const fn clock(self) -> DateTime {
        DateTime::of(self.ticks, Kind::Unspecified)
    }

    /// `UtcDateTime`
    pub const fn utc(self) -> DateTime {
        DateTime::of(self.utc_ticks(), Kind::Utc)
    }

    /// `LocalDateTime`
    pub const fn local(self) -> DateTime {
        DateTime::of(self.utc_ticks(), Kind::Local)
    }

    /// `ToOffset`
    pub fn to_offset(self, offset: TimeSpan) -> Result<Self, Thrown> {
        let minutes = Self::check_offset(offset)?;
        Self::from_clock(self.utc_ticks() + i64::from(minutes) * MINUTE, minutes)
    }

    /// `ToUniversalTime`
    #[must_use]
    pub const fn to_universal(self) -> Self {
        Self { ticks: self.utc_ticks(), minutes: 0 }
    }

    /// `ToUnixTimeSeconds`
    pub const fn unix_seconds(self) -> i64 {
        self.utc_ticks().div_euclid(SECOND) - UNIX_EPOCH / SECOND
    }

    /// `ToUnixTimeMilliseconds`
    pub const fn unix_millis(self) -> i64 {
        self.utc_ticks().div_euclid(MILLISECOND) - UNIX_EPOCH / MILLISECOND
    }

    /// The same offset with another clock time.
    pub fn with_clock(self, clock: DateTime) -> Result<Self, Thrown> {
        Self::from_clock(clock.ticks(), self.minutes)
    }
}

impl PartialEq for DateTimeOffset {
    fn eq(&self, other: &Self) -> bool {
        self.utc_ticks() == other.utc_ticks()
    }
}
impl Eq for DateTimeOffset {}

impl PartialOrd for DateTimeOffset {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTimeOffset {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.utc_ticks().cmp(&other.utc_ticks())
    }
}

impl std::hash::Hash for DateTimeOffset {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.utc_ticks().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::super::calendar::HOUR;
    use super::*;

    #[test]
    fn equality_looks_at_the_instant() {
        let noon = DateTime::from_date(2024, 2, 29).unwrap().add_ticks(12 * HOUR, "value").unwrap();
        let here = DateTimeOffset::new(noon, TimeSpan(2 * HOUR)).unwrap();
        assert_eq!(here, here.to_universal());
        assert_eq!(here.unix_seconds(), 1_709_200_800);
        assert_eq!(DateTimeOffset::from_unix_millis(here.unix_millis()).unwrap(), here);
    }

    #[test]
    fn offsets_are_checked() {
        let time = DateTime::from_date(2024, 2, 29).unwrap();
        assert!(DateTimeOffset::new(time, TimeSpan(15 * HOUR)).is_err());
        assert!(DateTimeOffset::new(time, TimeSpan(SECOND)).is_err());
        assert!(DateTimeOffset::new(time.to_universal(), TimeSpan(HOUR)).is_err());
        assert!(DateTimeOffset::new(DateTime::MIN, TimeSpan(HOUR)).is_err());
    }
}
