//! One line per request on the terminal: method, path, source, status, what answered, time.

use std::io::Write;
use std::sync::Arc;

use apimite_gateway::access::{Answered, End};
use apimite_gateway::{Observer, Record};

struct Lines;

/// The access log; none when it is not wanted.
pub(super) fn log(quiet: bool) -> Option<Arc<dyn Observer>> {
    if quiet { None } else { Some(Arc::new(Lines)) }
}

impl Observer for Lines {
    fn finished(&self, record: &Record<'_>) {
        let answered = match &record.answered {
            Answered::Backend => "backend".to_owned(),
            Answered::Policy => "policy".to_owned(),
            Answered::Fault { source, reason } => format!("{source}:{reason}"),
            Answered::Gateway => "gateway".to_owned(),
        };
        let end = if record.end == End::Aborted { " aborted" } else { "" };
        let target: String = record.target.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        // A closed terminal must not end the gateway.
        let _ = writeln!(
            std::io::stdout(),
            "{} {} {} {} {} {answered} {:.1} ms{end}",
            record.method,
            masked(&target),
            record.source,
            record.caller,
            record.status.as_u16(),
            record.elapsed.as_secs_f64() * 1000.0,
        );
    }
}

/// The target without the value of a `subscription-key` parameter.
fn masked(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if name.eq_ignore_ascii_case("subscription-key") => format!("{name}=***"),
            _ => part.to_owned(),
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_the_query_are_not_logged() {
        assert_eq!(masked("/a?x=1&Subscription-Key=secret"), "/a?x=1&Subscription-Key=***");
    }
}
