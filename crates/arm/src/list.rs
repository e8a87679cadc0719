//! Lists as the service pages and filters them: `$top`, `$skip`, `$filter`.

use serde_json::{Value, json};

use crate::error::{ArmError, Result};
use crate::request::Request;

/// Most items of one page.
const MOST: usize = 1000;

/// A page of a list.
///
/// # Errors
/// `$top`, `$skip` or `$filter` cannot be read.
pub fn page(mut values: Vec<Value>, request: &Request) -> Result<Value> {
    let number = |name: &str, otherwise: usize| match request.parameter(name) {
        None => Ok(otherwise),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ArmError::bad("ValidationError", format!("`{name}={text}` is no whole number."))),
    };
    if let Some(filter) = request.parameter("$filter").filter(|text| !text.trim().is_empty()) {
        let filter = Filter::parse(filter)?;
        values.retain(|value| filter.fits(value));
    }
    let count = values.len();
    let (skip, top) = (number("$skip", 0)?, number("$top", MOST)?.min(MOST));
    let page: Vec<Value> = values.into_iter().skip(skip).take(top).collect();
    let mut answer = json!({ "value": page, "count": count });
    if skip.saturating_add(top) < count && top > 0 {
        let path = request.path.segments.join("/");
        let version = request.parameter("api-version").unwrap_or_default();
        let next = format!("{}/{path}?api-version={version}&$skip={}&$top={top}", request.base, skip + top);
        answer["nextLink"] = next.into();
    }
    Ok(answer)
}

/// `properties/displayName eq 'X'`, `contains(name, 'x')`, `startswith(name,'x')`; joined by `and`.
struct Filter(Vec<Term>);

struct Term {
    path: String,
    test: Test,
    word: String,
}

enum Test {
    Equal,
    Unequal,
    Contains,
    Starts,
    Ends,
}

impl Filter {
    fn parse(text: &str) -> Result<Self> {
        let bad = || {
            ArmError::bad(
                "ValidationError",
                format!(
                    "The filter `{text}` is not understood; write `name eq 'x'`, `ne`, `contains(name,'x')`, `startswith` or `endswith`."
                ),
            )
        };
        let terms = text.split(" and ").map(|term| {
            let term = term.trim();
            if let Some((function, rest)) = term.split_once('(') {
                let (path, word) = rest.strip_suffix(')').and_then(|inner| inner.split_once(',')).ok_or_else(bad)?;
                let test = match function.trim().to_ascii_lowercase().as_str() {
                    "contains" | "substringof" => Test::Contains,
                    "startswith" => Test::Starts,
                    "endswith" => Test::Ends,
                    _ => return Err(bad()),
                };
                return Ok(Term { path: path.trim().to_owned(), test, word: unquoted(word) });
            }
            let mut words = term.splitn(3, ' ');
            let (Some(path), Some(operator), Some(word)) = (words.next(), words.next(), words.next()) else {
                return Err(bad());
            };
            let test = match operator {
                "eq" => Test::Equal,
                "ne" => Test::Unequal,
                _ => return Err(bad()),
            };
            Ok(Term { path: path.to_owned(), test, word: unquoted(word) })
        });
        Ok(Self(terms.collect::<Result<_>>()?))
    }

    fn fits(&self, value: &Value) -> bool {
        self.0.iter().all(|term| {
            let found = find(value, &term.path).unwrap_or_default();
            let found = found.to_lowercase();
            match term.test {
                Test::Equal => found == term.word,
                Test::Unequal => found != term.word,
                Test::Contains => found.contains(&term.word),
                Test::Starts => found.starts_with(&term.word),
                Test::Ends => found.ends_with(&term.word),
            }
        })
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('\'').replace("''", "'").to_lowercase()
}

/// A member by path; names without `properties/` are looked for there as well.
fn find(value: &Value, path: &str) -> Option<String> {
    let direct = path.split('/').try_fold(value, |at, part| at.get(part));
    let found = direct.or_else(|| path.split('/').try_fold(value.get("properties")?, |at, part| at.get(part)))?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &[(&str, &str)]) -> Vec<String> {
        let all = ["alpha", "beta", "gamma"]
            .map(|name| json!({"name": name, "properties": {"displayName": name.to_uppercase()}}));
        let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let page = page(all.to_vec(), &Request { query, ..Request::default() }).unwrap();
        page["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn lists_are_filtered_and_paged() {
        assert_eq!(names(&[("$filter", "properties/displayName eq 'BETA'")]), ["beta"]);
        assert_eq!(names(&[("$filter", "contains(name,'a') and startswith(displayName, 'G')")]), ["gamma"]);
        assert_eq!(names(&[("$skip", "1"), ("$top", "1")]), ["beta"]);
        let query = vec![("$filter".to_owned(), "name like 'x'".to_owned())];
        assert!(page(Vec::new(), &Request { query, ..Request::default() }).is_err());
    }
}
