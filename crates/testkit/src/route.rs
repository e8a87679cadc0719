//! Finds the operation of a request: enough of routing for pages, which are about policies.

use std::sync::Arc;

use apimite_model::Operation;

/// Parameters of a matched template.
pub(crate) type Matched = Vec<(Box<str>, Box<str>)>;

/// The first operation with the method whose template fits path and query, and the values of its parameters.
pub(crate) fn find(all: &[Arc<Operation>], method: &str, target: &str) -> Option<(Arc<Operation>, Matched)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    all.iter().find_map(|operation| {
        if *operation.method != *method && &*operation.method != "*" {
            return None;
        }
        let (template, required) = operation.url_template.split_once('?').unwrap_or((&operation.url_template, ""));
        let mut matched = segments(template, path)?;
        for pair in required.split('&').filter(|pair| !pair.is_empty()) {
            let (name, wanted) = pair.split_once('=').unwrap_or((pair, ""));
            let mut given = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let (_, value) = given.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(parameter) => matched.push((parameter.into(), value.into())),
                None if wanted.eq_ignore_ascii_case(value) => {}
                None => return None,
            }
        }
        Some((Arc::clone(operation), matched))
    })
}

fn segments(template: &str, path: &str) -> Option<Matched> {
    let mut matched = Matched::new();
    let mut given = path.trim_start_matches('/').split('/');
    for segment in template.trim_start_matches('/').split('/') {
        if segment == "*" || segment.starts_with("{*") {
            return Some(matched);
        }
        let value = given.next()?;
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(parameter) if !value.is_empty() => matched.push((parameter.into(), value.into())),
            None if segment.eq_ignore_ascii_case(value) => {}
            _ => return None,
        }
    }
    given.next().is_none().then_some(matched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_segments_and_queries() {
        let all = [("GET", "/items/{id}"), ("GET", "/find?q={text}"), ("POST", "/*")];
        let all: Vec<_> = all.map(|(method, template)| Arc::new(Operation::new(template, method, template))).into();
        let found =
            |method, target| find(&all, method, target).map(|(operation, matched)| (operation.id.to_string(), matched));
        assert_eq!(found("GET", "/items/7"), Some(("/items/{id}".into(), vec![("id".into(), "7".into())])));
        assert_eq!(found("GET", "/find?Q=x").unwrap().1, [("text".into(), "x".into())]);
        assert_eq!(found("GET", "/find"), None);
        assert!(found("POST", "/a/b").is_some());
    }
}
