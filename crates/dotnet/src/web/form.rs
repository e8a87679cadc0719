//! `application/x-www-form-urlencoded` bodies and query strings.

use super::percent::{http_url_decode, url_decode, url_encode};

/// The pairs of a form body, values of one name together, names in the order of their first mention.
pub fn parse(text: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (url_decode(name), url_decode(value));
        let place = *places.entry(name.clone()).or_insert_with(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        if let Some((_, values)) = all.get_mut(place) {
            values.push(value);
        }
    }
    all
}

/// The pairs as a form body.
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&url_encode(name));
        out.push('=');
        out.push_str(&url_encode(value));
    }
    out
}

/// `HttpUtility.ParseQueryString`: pairs in order; a part without `=` has no name.
pub fn parse_query(query: &str) -> Vec<(Option<String>, String)> {
    let query = query.strip_prefix('?').unwrap_or(query);
    if query.is_empty() {
        return Vec::new();
    }
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (Some(http_url_decode(name)), http_url_decode(value)),
            None => (None, http_url_decode(pair)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_name_stand_together() {
        let form = parse("grant_type=password&scope=a+b&user=bob%40x&scope=c&empty=&alone");
        let names: Vec<_> = form.iter().map(|(name, values)| (name.as_str(), values.join("|"))).collect();
        assert_eq!(
            names,
            [
                ("grant_type", "password".to_owned()),
                ("scope", "a b|c".to_owned()),
                ("user", "bob@x".to_owned()),
                ("empty", String::new()),
                ("alone", String::new()),
            ]
        );
    }

    #[test]
    fn a_form_is_written_as_it_is_read() {
        assert_eq!(encode([("username", "bob@example.com"), ("scope", "a b")]), "username=bob%40example.com&scope=a+b");
        assert_eq!(parse_query("?a=1&b"), [(Some("a".to_owned()), "1".to_owned()), (None, "b".to_owned())]);
    }
}
