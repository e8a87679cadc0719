//! `System.TimeSpan`.

use super::calendar::{DAY, HOUR, MILLISECOND, MINUTE, SECOND};
use crate::messages::{argument, overflow};
use crate::numeric::Generation;
use crate::{Exception, ExceptionKind, Thrown};

/// A span of time in ticks of 100 ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan(pub i64);

/// The words of every overflow.
pub const TOO_LONG: &str = "TimeSpan overflowed because the duration is too long.";

fn too_long() -> Thrown {
    overflow(TOO_LONG)
}

impl TimeSpan {
    /// `TimeSpan.MaxValue`
    pub const MAX: Self = Self(i64::MAX);
    /// `TimeSpan.MinValue`
    pub const MIN: Self = Self(i64::MIN);

    /// `new TimeSpan(days, hours, minutes, seconds, milliseconds)`.
    pub fn new(days: i32, hours: i32, minutes: i32, seconds: i32, milliseconds: i32) -> Result<Self, Thrown> {
        let ticks = i128::from(days) * i128::from(DAY)
            + i128::from(hours) * i128::from(HOUR)
            + i128::from(minutes) * i128::from(MINUTE)
            + i128::from(seconds) * i128::from(SECOND)
            + i128::from(milliseconds) * i128::from(MILLISECOND);
        let limit = i128::from(i64::MAX / MILLISECOND) * i128::from(MILLISECOND);
        if ticks.abs() > limit {
            return Err(Exception::new(ExceptionKind::ArgumentOutOfRange, TOO_LONG));
        }
        Ok(Self(ticks as i64))
    }

    /// `FromDays` … `FromMilliseconds`: `value` times `unit` ticks.
    pub fn from_units(value: f64, unit: i64, generation: Generation) -> Result<Self, Thrown> {
        if value.is_nan() {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "TimeSpan does not accept floating point Not-a-Number values.",
            ));
        }
        if generation == Generation::Framework {
            let millis = value * (unit as f64 / MILLISECOND as f64) + if value >= 0.0 { 0.5 } else { -0.5 };
            let limit = (i64::MAX / MILLISECOND) as f64;
            if millis > limit || millis < -limit {
                return Err(too_long());
            }
            return Ok(Self(millis as i64 * MILLISECOND));
        }
        let ticks = value * unit as f64;
        if !(i64::MIN as f64..=i64::MAX as f64).contains(&ticks) {
            return Err(too_long());
        }
        Ok(Self(ticks as i64))
    }

    /// `Days`
    pub const fn days(self) -> i32 {
        (self.0 / DAY) as i32
    }

    /// `Hours`
    pub const fn hours(self) -> i32 {
        (self.0 / HOUR % 24) as i32
    }

    /// `Minutes`
    pub const fn minutes(self) -> i32 {
        (self.0 / MINUTE % 60) as i32
    }

    /// `Seconds`
    pub const fn seconds(self) -> i32 {
        (self.0 / SECOND % 60) as i32
    }

    /// `Milliseconds`
    pub const fn milliseconds(self) -> i32 {
        (self.0 / MILLISECOND % 1000) as i32
    }

    /// `TotalDays` and its siblings: in units of `unit` ticks.
    pub fn total(self, unit: i64) -> f64 {
        let value = self.0 as f64 / unit as f64;
        if unit == MILLISECOND {
            return value.clamp((i64::MIN / MILLISECOND) as f64, (i64::MAX / MILLISECOND) as f64);
        }
        value
    }

    /// `Add`, `+`
    pub fn plus(self, other: Self) -> Result<Self, Thrown> {
        self.0.checked_add(other.0).map(Self).ok_or_else(too_long)
    }

    /// `Subtract`, `-`
    pub fn minus(self, other: Self) -> Result<Self, Thrown> {
        self.0.checked_sub(other.0).map(Self).ok_or_else(too_long)
    }

    /// `Negate`, unary `-`
    pub fn negate(self) -> Result<Self, Thrown> {
        self.0
            .checked_neg()
            .map(Self)
            .ok_or_else(|| overflow("Negating the minimum value of a twos complement number is invalid."))
    }

    /// `Duration`
    pub fn duration(self) -> Result<Self, Thrown> {
        self.0.checked_abs().map(Self).ok_or_else(|| {
            overflow(
                "The duration cannot be returned for TimeSpan.MinValue because the absolute value of \
                 TimeSpan.MinValue exceeds the value of TimeSpan.MaxValue.",
            )
        })
    }

    /// `Multiply`, `*`
    pub fn times(self, factor: f64) -> Result<Self, Thrown> {
        if factor.is_nan() {
            return Err(argument("TimeSpan does not accept floating point Not-a-Number values.", "factor"));
        }
        Self::from_units((self.0 as f64 * factor).round_ties_even(), 1, Generation::Modern)
    }

    /// `Divide(double)`, `/`
    pub fn divide(self, divisor: f64) -> Result<Self, Thrown> {
        if divisor.is_nan() {
            return Err(argument("TimeSpan does not accept floating point Not-a-Number values.", "divisor"));
        }
        let ticks = (self.0 as f64 / divisor).round_ties_even();
        if ticks.is_nan() { Err(too_long()) } else { Self::from_units(ticks, 1, Generation::Modern) }
    }

    /// `Divide(TimeSpan)`, `/`
    pub fn ratio(self, other: Self) -> f64 {
        self.0 as f64 / other.0 as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_sign_of_the_span() {
        let span = TimeSpan::new(-1, -2, -3, -4, -5).unwrap();
        assert_eq!(
            (span.days(), span.hours(), span.minutes(), span.seconds(), span.milliseconds()),
            (-1, -2, -3, -4, -5)
        );
        assert_eq!(TimeSpan::new(0, 1, 30, 0, 0).unwrap().total(HOUR), 1.5);
    }

    #[test]
    fn a_fraction_of_a_millisecond_is_kept_by_modern_dotnet_only() {
        assert_eq!(TimeSpan::from_units(1500.7, MILLISECOND, Generation::Modern).unwrap().total(MILLISECOND), 1500.7);
        assert_eq!(
            TimeSpan::from_units(1500.7, MILLISECOND, Generation::Framework).unwrap().total(MILLISECOND),
            1501.0
        );
    }

    #[test]
    fn overflow_throws() {
        assert_eq!(TimeSpan::MAX.plus(TimeSpan(1)).unwrap_err().message, TOO_LONG);
        assert!(TimeSpan::MIN.negate().is_err() && TimeSpan::MIN.duration().is_err());
        assert!(TimeSpan::from_units(1e300, DAY, Generation::Modern).is_err());
        assert!(TimeSpan(1).divide(0.0).is_err());
    }
}
