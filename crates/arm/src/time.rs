//! Instants as ARM writes them.

use apimite_clock::Timestamp;

/// `2026-01-02T03:04:05.0000000Z`
pub fn iso(at: Timestamp) -> String {
    let nanos = i128::from(at.0);
    match jiff::Timestamp::from_nanosecond(nanos) {
        Ok(instant) => {
            format!("{}.{:07}Z", instant.strftime("%Y-%m-%dT%H:%M:%S"), nanos.rem_euclid(1_000_000_000) / 100)
        }
        Err(_) => "1970-01-01T00:00:00.0000000Z".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_seven_decimals() {
        assert_eq!(iso(Timestamp(1_790_000_000_123_456_789)), "2026-09-21T14:13:20.1234567Z");
        assert_eq!(iso(Timestamp(0)), "1970-01-01T00:00:00.0000000Z");
    }
}
