//! What the instance depends on, as management reports it: tried when it is asked for, with the time of the last change.

use std::collections::HashMap;
use std::time::Duration;

use apimite_arm::effect::Tried;
use apimite_clock::Timestamp;
use apimite_import::Settings;
use apimite_management::network_status::{Reached, check};

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What became of the last attempts, by dependency: was it reached, and since when is that so?
#[derive(Debug, Default)]
pub(crate) struct Dependencies(HashMap<&'static str, (bool, Timestamp)>);

impl Dependencies {
    /// Keeps what became of an attempt; tells since when it is so.
    fn since(&mut self, key: &'static str, reached: bool, now: Timestamp) -> Timestamp {
        let known = self.0.entry(key).or_insert((reached, now));
        if known.0 != reached {
            *known = (reached, now);
        }
        known.1
    }
}

/// Tries every dependency with a stand-in.
pub(super) fn tried(settings: &Settings, known: &parking_lot::Mutex<Dependencies>, now: Timestamp) -> Vec<Tried> {
    let checked = super::running::wait_for(check(&settings.network.dependencies, PATIENCE));
    let mut known = known.lock();
    let tried = checked.into_iter().filter_map(|one| {
        let error = match one.reached {
            Reached::NotConfigured => return None,
            Reached::Yes => None,
            Reached::No(why) => Some(why),
        };
        let key = one.dependency.key;
        let since = known.since(key, error.is_none(), now);
        Some(Tried { key, at: one.place.map(String::from).unwrap_or_default(), error, since })
    });
    tried.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_as_old_as_its_last_change() {
        let mut known = Dependencies::default();
        let at = Timestamp::from_unix_seconds;
        assert_eq!(known.since("sql", true, at(1)), at(1));
        assert_eq!(known.since("sql", true, at(2)), at(1));
        assert_eq!(known.since("sql", false, at(3)), at(3));
        assert_eq!(known.since("mail", false, at(4)), at(4));
        assert_eq!(known.since("sql", false, at(5)), at(3));
    }
}
