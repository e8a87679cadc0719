//! `System.TimeZoneInfo` over the IANA database in the program; Windows ids are translated.

use jiff::tz::{self, AmbiguousOffset, TimeZoneDatabase};

use super::calendar::{HOUR, MINUTE, SECOND, UNIX_EPOCH};
use super::datetime::{DateTime, Kind};
use super::offset::DateTimeOffset;
use super::span::TimeSpan;
use super::windows::WINDOWS_ZONES;
use crate::messages::argument;
use crate::{Exception, ExceptionKind, Thrown};

/// Daylight saving time in one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearRule {
    /// The year.
    pub year: i32,
    /// How far the clock goes forward.
    pub delta: TimeSpan,
    /// What the clock shows when it goes forward.
    pub begins: DateTime,
    /// What the clock shows when it goes back.
    pub ends: DateTime,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone {
    id: String,
    rules: tz::TimeZone,
    /// The object `TimeZoneInfo.Local`; it has the rules of UTC.
    local: bool,
    names: Option<(String, String)>,
}

impl TimeZone {
    /// `TimeZoneInfo.Utc`
    pub fn utc() -> Self {
        Self { id: "UTC".into(), rules: tz::TimeZone::UTC, local: false, names: None }
    }

    /// `TimeZoneInfo.Local`
    pub fn local() -> Self {
        Self { local: true, ..Self::utc() }
    }

    /// `TimeZoneInfo.FindSystemTimeZoneById`
    pub fn find(id: &str) -> Result<Self, Thrown> {
        if id.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        let iana = WINDOWS_ZONES
            .binary_search_by(|(windows, _)| {
                windows.bytes().map(|b| b.to_ascii_lowercase()).cmp(id.bytes().map(|b| b.to_ascii_lowercase()))
            })
            .map_or(id, |index| WINDOWS_ZONES[index].1);
        match TimeZoneDatabase::bundled().get(iana) {
            Ok(rules) => {
                let id = if iana == id { rules.iana_name().unwrap_or(id).to_owned() } else { id.to_owned() };
                Ok(Self { id, rules, local: false, names: None })
            }
            Err(_) => Err(Exception::new(
                ExceptionKind::TimeZoneNotFound,
                format!("The time zone ID '{id}' was not found on the local computer."),
            )),
        }
    }

    /// `TimeZoneInfo.CreateCustomTimeZone(id, baseUtcOffset, displayName, standardDisplayName)`
    pub fn custom(id: &str, offset: TimeSpan, display: &str, standard: &str) -> Result<Self, Thrown> {
        if id.is_empty() {
            return Err(argument("The specified ID parameter '' is not supported.", "id"));
        }
        if offset.0 % MINUTE != 0 {
            return Err(argument(
                "The TimeSpan parameter cannot be specified more precisely than whole minutes.",
                "baseUtcOffset",
            ));
        }
        if offset.0.abs() > 14 * HOUR {
            return Err(crate::messages::out_of_range(
                "The TimeSpan parameter must be within plus or minus 14.0 hours.",
                "baseUtcOffset",
            ));
        }
        let seconds = (offset.0 / SECOND) as i32;
        let rules = tz::Offset::from_seconds(seconds).map(tz::TimeZone::fixed).unwrap_or(tz::TimeZone::UTC);
        Ok(Self { id: id.to_owned(), rules, local: false, names: Some((display.to_owned(), standard.to_owned())) })
    }

    /// `Id`
    pub fn id(&self) -> &str {
        &self.id
    }

    fn kind(&self) -> Kind {
        if self.local {
            Kind::Local
        } else if self.id == "UTC" {
            Kind::Utc
        } else {
            Kind::Unspecified
        }
    }

    /// The offset and whether it is daylight saving time, at an instant.
    fn at_instant(&self, utc_ticks: i64) -> (i64, bool) {
        let offset = |seconds: i32| i64::from(seconds) * SECOND;
        match jiff::Timestamp::from_second((utc_ticks - UNIX_EPOCH).div_euclid(SECOND)) {
            Ok(instant) => {
                let info = self.rules.to_offset_info(instant);
                (offset(info.offset().seconds()), info.dst().is_dst())
            }
            Err(_) => (self.base_offset().0, false),
        }
    }

    fn ambiguity(&self, clock_ticks: i64) -> Option<AmbiguousOffset> {
        let seconds = (clock_ticks - UNIX_EPOCH).div_euclid(SECOND);
        let clock = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(tz::TimeZone::UTC).datetime();
        Some(self.rules.to_ambiguous_timestamp(clock).offset())
    }

    /// Offset in ticks at a clock time of this zone: standard time where the clock shows a time twice.
    fn at_clock(&self, clock_ticks: i64) -> i64 {
        let ticks = |offset: tz::Offset| i64::from(offset.seconds()) * SECOND;
        match self.ambiguity(clock_ticks) {
            Some(AmbiguousOffset::Unambiguous { offset }) => ticks(offset),
            Some(AmbiguousOffset::Gap { before, .. }) => ticks(before),
            // The later of two equal clock times is the one in standard time.
            Some(AmbiguousOffset::Fold { after, .. }) => ticks(after),
            None => self.base_offset().0,
        }
    }

    /// The instant in UTC ticks that a `DateTime` means, read in this zone unless its kind says otherwise.
    fn instant(&self, time: DateTime) -> i64 {
        match time.kind() {
            Kind::Unspecified => time.ticks() - self.at_clock(time.ticks()),
            Kind::Utc | Kind::Local => time.ticks(),
        }
    }

    /// `GetUtcOffset(DateTime)`
    pub fn utc_offset(&self, time: DateTime) -> TimeSpan {
        match time.kind() {
            Kind::Unspecified => TimeSpan(self.at_clock(time.ticks())),
            Kind::Utc | Kind::Local => TimeSpan(self.at_instant(time.ticks()).0),
        }
    }

    /// `GetUtcOffset(DateTimeOffset)`
    pub fn utc_offset_at(&self, time: DateTimeOffset) -> TimeSpan {
        TimeSpan(self.at_instant(time.utc_ticks()).0)
    }

    /// `IsDaylightSavingTime(DateTime)`
    pub fn is_daylight(&self, time: DateTime) -> bool {
        self.at_instant(self.instant(time)).1
    }

    /// `IsDaylightSavingTime(DateTimeOffset)`
    pub fn is_daylight_at(&self, time: DateTimeOffset) -> bool {
        self.at_instant(time.utc_ticks()).1
    }

    /// `IsInvalidTime`: the clock jumps over it.
    pub fn is_invalid(&self, time: DateTime) -> bool {
        time.kind() == Kind::Unspecified && matches!(self.ambiguity(time.ticks()), Some(AmbiguousOffset::Gap { .. }))
    }

    /// `IsAmbiguousTime`: the clock shows it twice.
    pub fn is_ambiguous(&self, time: DateTime) -> bool {
        let clock = match time.kind() {
            Kind::Unspecified => time.ticks(),
            Kind::Utc | Kind::Local => time.ticks() + self.at_instant(time.ticks()).0,
        };
        matches!(self.ambiguity(clock), Some(AmbiguousOffset::Fold { .. }))
    }

    /// `GetAmbiguousTimeOffsets`
    pub fn ambiguous_offsets(&self, time: DateTime) -> Result<[TimeSpan; 2], Thrown> {
        match self.ambiguity(time.ticks()) {
            Some(AmbiguousOffset::Fold { before, after }) => {
                let mut both = [before, after].map(|offset| TimeSpan(i64::from(offset.seconds()) * SECOND));
                both.sort();
                Ok(both)
            }
            _ => Err(argument("The supplied DateTime is not in an ambiguous time range.", "dateTime")),
        }
    }

    /// The offset in use today that is not daylight saving time.
    pub fn base_offset(&self) -> TimeSpan {
        const PRESENT: i64 = 1_700_000_000;
        let mut instant = PRESENT;
        for _ in 0..4 {
            let Ok(stamp) = jiff::Timestamp::from_second(instant) else { break };
            let info = self.rules.to_offset_info(stamp);
            if !info.dst().is_dst() {
                return TimeSpan(i64::from(info.offset().seconds()) * SECOND);
            }
            instant += 91 * 86_400;
        }
        TimeSpan(0)
    }

    /// `SupportsDaylightSavingTime`: is there a change of the clock in the database?
    pub fn supports_daylight(&self) -> bool {
        let stamp = jiff::Timestamp::from_second(0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.rules.following(stamp).take(400).any(|change| change.dst().is_dst())
            || self.rules.preceding(stamp).take(200).any(|change| change.dst().is_dst())
    }

    /// `StandardName`
    pub fn standard_name(&self) -> String {
        match &self.names {
            Some((_, standard)) => standard.clone(),
            None if self.id == "UTC" => "Coordinated Universal Time".into(),
            None => WINDOWS_ZONES
                .iter()
                .find(|(_, iana)| *iana == self.id)
                .map_or_else(|| self.id.clone(), |(windows, _)| (*windows).to_owned()),
        }
    }

    /// `DaylightName`
    pub fn daylight_name(&self) -> String {
        let standard = self.standard_name();
        if self.supports_daylight() { standard.replace("Standard", "Daylight") } else { standard }
    }

    /// `DisplayName`, and the zone's text.
    pub fn display_name(&self) -> String {
        match &self.names {
            Some((display, _)) => display.clone(),
            None if self.id == "UTC" => "(UTC) Coordinated Universal Time".into(),
            None => {
                let minutes = self.base_offset().0 / MINUTE;
                let sign = if minutes < 0 { '-' } else { '+' };
                let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
                format!("(UTC{sign}{hours:02}:{rest:02}) {}", self.standard_name())
            }
        }
    }

    /// `HasSameRules`
    pub fn has_same_rules(&self, other: &Self) -> bool {
        self.rules == other.rules
    }

    /// `ConvertTimeFromUtc(dateTime, this)`
    pub fn from_utc(&self, time: DateTime) -> Result<DateTime, Thrown> {
        Self::utc().convert(time, self)
    }

    /// `ConvertTimeToUtc(dateTime, this)`
    pub fn to_utc(&self, time: DateTime) -> Result<DateTime, Thrown> {
        self.convert(time, &Self::utc())
    }

    /// `ConvertTime(dateTime, this, destination)`
    pub fn convert(&self, time: DateTime, destination: &Self) -> Result<DateTime, Thrown> {
        if time.kind() != Kind::Unspecified && time.kind() != self.kind() {
            return Err(argument(
                "The conversion could not be completed because the supplied DateTime did not have the Kind property \
                 set correctly.  For example, when the Kind property is DateTimeKind.Local, the source time zone must \
                 be TimeZoneInfo.Local.",
                "sourceTimeZone",
            ));
        }
        if self.is_invalid(time) {
            return Err(argument(
                "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, \
                 any time in the period that is skipped is invalid.",
                "dateTime",
            ));
        }
        Ok(destination.of_instant(self.instant(time.with_kind(Kind::Unspecified))))
    }

    /// `ConvertTime(dateTime, this)`: the kind of the time says where it comes from.
    pub fn convert_to(&self, time: DateTime) -> Result<DateTime, Thrown> {
        let source = if time.kind() == Kind::Utc { Self::utc() } else { Self::local() };
        source.convert(time, self)
    }

    fn of_instant(&self, utc_ticks: i64) -> DateTime {
        let clock = utc_ticks.clamp(0, DateTime::MAX.ticks()) + self.at_instant(utc_ticks).0;
        DateTime::of(clock.clamp(0, DateTime::MAX.ticks()), self.kind())
    }

    /// `ConvertTime(dateTimeOffset, this)`
    pub fn convert_offset(&self, time: DateTimeOffset) -> DateTimeOffset {
        let offset = self.at_instant(time.utc_ticks()).0;
        DateTimeOffset::from_clock(time.utc_ticks() + offset, (offset / MINUTE) as i16).unwrap_or(time)
    }

    /// The years from 1970 to 2037 in which the clock goes to daylight saving time and back, for `GetAdjustmentRules`.
    pub fn yearly_rules(&self) -> Vec<YearRule> {
        // The clock as it stood just before a change, and by how much the change moves it.
        let mut changes: Vec<(DateTime, i64, bool)> = Vec::new();
        let limit = 2_145_916_800; // 2038-01-01
        for change in self.rules.following(jiff::Timestamp::UNIX_EPOCH).take(200) {
            let second = change.timestamp().as_second();
            if second >= limit {
                break;
            }
            let ticks = UNIX_EPOCH + second * SECOND;
            let (before, _) = self.at_instant(ticks - SECOND);
            let (after, daylight) = self.at_instant(ticks);
            changes.push((DateTime::of(ticks + before, Kind::Unspecified), after - before, daylight));
        }
        let in_year = |year: i32, daylight: bool| {
            changes.iter().find(|(clock, delta, to)| clock.ymd().year == year && *to == daylight && *delta != 0)
        };
        (1970..2038)
            .filter_map(|year| {
                let (begins, delta, _) = in_year(year, true)?;
                let (ends, _, _) = in_year(year, false)?;
                Some(YearRule { year, delta: TimeSpan(*delta), begins: *begins, ends: *ends })
            })
            .collect()
    }

    /// The ids of every zone in the database, for `GetSystemTimeZones`.
    pub fn all() -> Vec<Self> {
        TimeZoneDatabase::bundled().available().filter_map(|name| Self::find(name.as_str()).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::calendar::Date;

    fn at(text: (i32, i32, i32), hour: i32, kind: Kind) -> DateTime {
        DateTime::new(Date { year: text.0, month: text.1, day: text.2 }, (hour, 0, 0), 0, kind).unwrap()
    }

    #[test]
    fn iana_and_windows_ids_name_the_same_rules() {
        for (windows, iana) in [
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Pacific Standard Time", "America/Los_Angeles"),
            ("Tokyo Standard Time", "Asia/Tokyo"),
            ("eastern standard time", "America/New_York"),
        ] {
            let (a, b) = (TimeZone::find(windows).unwrap(), TimeZone::find(iana).unwrap());
            assert!(a.has_same_rules(&b), "{windows}");
            assert_eq!(a.id(), windows);
        }
        let missing = TimeZone::find("Nowhere/None").unwrap_err();
        assert_eq!(missing.message, "The time zone ID 'Nowhere/None' was not found on the local computer.");
    }

    #[test]
    fn the_table_of_windows_ids_is_sorted_and_every_zone_exists() {
        for pair in WINDOWS_ZONES.windows(2) {
            assert!(pair[0].0.to_ascii_lowercase() < pair[1].0.to_ascii_lowercase(), "{pair:?}");
        }
        for (windows, _) in WINDOWS_ZONES {
            assert!(TimeZone::find(windows).is_ok(), "{windows}");
        }
    }

    #[test]
    fn times_are_converted_with_daylight_saving() {
        let berlin = TimeZone::find("Europe/Berlin").unwrap();
        let new_york = TimeZone::find("America/New_York").unwrap();
        let noon = at((2024, 7, 1), 12, Kind::Utc);
        assert_eq!(berlin.from_utc(noon).unwrap(), at((2024, 7, 1), 14, Kind::Unspecified));
        assert_eq!(new_york.to_utc(at((2024, 1, 1), 12, Kind::Unspecified)).unwrap(), at((2024, 1, 1), 17, Kind::Utc));
        assert_eq!(
            berlin.convert(at((2024, 7, 1), 12, Kind::Unspecified), &new_york).unwrap(),
            at((2024, 7, 1), 6, Kind::Unspecified)
        );
        assert!(berlin.is_daylight(at((2024, 7, 1), 0, Kind::Unspecified)));
        assert!(!berlin.is_daylight(at((2024, 1, 1), 0, Kind::Unspecified)));
        assert_eq!(berlin.base_offset(), TimeSpan(HOUR));
        assert_eq!(berlin.utc_offset(at((2024, 7, 1), 0, Kind::Utc)), TimeSpan(2 * HOUR));
        assert!(berlin.supports_daylight() && !TimeZone::utc().supports_daylight());
    }

    #[test]
    fn skipped_and_repeated_clock_times_are_known() {
        let berlin = TimeZone::find("Europe/Berlin").unwrap();
        let skipped = at((2024, 3, 31), 2, Kind::Unspecified);
        assert!(berlin.is_invalid(skipped));
        assert_eq!(berlin.to_utc(skipped).unwrap_err().kind, ExceptionKind::Argument);
        let twice = at((2024, 10, 27), 2, Kind::Unspecified);
        assert!(berlin.is_ambiguous(twice));
        assert_eq!(berlin.utc_offset(twice), TimeSpan(HOUR));
        assert_eq!(berlin.ambiguous_offsets(twice).unwrap(), [TimeSpan(HOUR), TimeSpan(2 * HOUR)]);
    }

    #[test]
    fn a_kind_that_contradicts_the_source_is_refused() {
        let berlin = TimeZone::find("Europe/Berlin").unwrap();
        assert!(berlin.from_utc(at((2024, 7, 1), 12, Kind::Local)).is_err());
        assert!(berlin.to_utc(at((2024, 7, 1), 12, Kind::Utc)).is_err());
        assert_eq!(berlin.convert_to(at((2024, 7, 1), 12, Kind::Local)).unwrap().hour(), 14);
    }

    #[test]
    fn daylight_saving_time_has_a_rule_for_each_year() {
        let rules = TimeZone::find("Europe/Berlin").unwrap().yearly_rules();
        let rule = rules.iter().find(|rule| rule.year == 2024).unwrap();
        assert_eq!(rule.delta, TimeSpan(HOUR));
        assert_eq!(rule.begins, at((2024, 3, 31), 2, Kind::Unspecified));
        assert_eq!(rule.ends, at((2024, 10, 27), 3, Kind::Unspecified));
        assert!(TimeZone::find("Asia/Tokyo").unwrap().yearly_rules().is_empty());
    }

    #[test]
    fn a_custom_zone_has_a_fixed_offset() {
        let zone = TimeZone::custom("Here", TimeSpan(5 * HOUR + 30 * MINUTE), "Here!", "Here standard").unwrap();
        assert_eq!(zone.base_offset(), TimeSpan(5 * HOUR + 30 * MINUTE));
        assert_eq!(zone.display_name(), "Here!");
        assert!(TimeZone::custom("x", TimeSpan(1), "", "").is_err());
    }
}
