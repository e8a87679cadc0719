//! Dates and durations as Azure writes them (ISO 8601).

use std::time::Duration;

/// Unix milliseconds of an instant; a date alone is midnight UTC.
pub(crate) fn instant(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// A duration such as `PT1M` or `P1D`; days have 24 hours, months and years have no length.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let span = text.parse::<jiff::Span>().ok()?;
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_dates_and_durations_are_read() {
        assert_eq!(instant("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(instant("1970-01-02"), Some(86_400_000));
        assert_eq!(instant("1970-01-01T01:00:00.5+01:00"), Some(500));
        assert_eq!(instant("soon"), None);
        assert_eq!(duration("PT1M30S"), Some(Duration::from_secs(90)));
        assert_eq!(duration("P1D"), Some(Duration::from_secs(86_400)));
        assert_eq!(duration("P1M"), None);
        assert_eq!(duration("60"), None);
    }
}
