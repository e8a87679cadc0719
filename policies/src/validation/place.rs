//! Line and position of a value in a JSON text.

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

/// Where the value at a path stands, from 1: objects and arrays at their first character, everything else at its last, as a
/// Newtonsoft reader tells it. The text has to be valid JSON; when the path leads nowhere, the end of the way counts.
pub(crate) fn of(text: &str, path: &[Step], fold_names: bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut at = space(bytes, 0);
    for step in path {
        let inner = match step {
            Step::Name(name) => member(text, at, name, fold_names),
            Step::Index(index) => item(bytes, at, *index),
        };
        match inner {
            Some(inner) => at = inner,
            None => break,
        }
    }
    let end = match bytes.get(at) {
        Some(b'{' | b'[') => at,
        _ => value(bytes, at).saturating_sub(1),
    };
    let before = text.get(..end).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

fn space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Behind the string that begins here.
fn string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Behind the value that begins here.
fn value(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' if depth == 0 => return at,
            _ if depth == 0 => {
                while bytes.get(at).is_some_and(|b| !matches!(b, b',' | b'}' | b']') && !b.is_ascii_whitespace()) {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The value of the last member with this name of the object that begins here.
fn member(text: &str, at: usize, name: &str, fold_names: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut at = space(bytes, at + 1);
    let mut found = None;
    while bytes.get(at) == Some(&b'"') {
        let end = string(bytes, at);
        let key: Option<String> = text.get(at..end).and_then(|raw| serde_json::from_str(raw).ok());
        at = space(bytes, end);
        if bytes.get(at) != Some(&b':') {
            return found;
        }
        at = space(bytes, at + 1);
        let same = |key: &String| if fold_names { key.to_lowercase() == name.to_lowercase() } else { key == name };
        if key.as_ref().is_some_and(same) {
            found = Some(at);
        }
        at = space(bytes, value(bytes, at));
        if bytes.get(at) != Some(&b',') {
            return found;
        }
        at = space(bytes, at + 1);
    }
    found
}

/// The item with this index of the array that begins here.
fn item(bytes: &[u8], at: usize, index: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    let mut at = space(bytes, at + 1);
    for _ in 0..index {
        at = space(bytes, value(bytes, at));
        if bytes.get(at) != Some(&b',') {
            return None;
        }
        at = space(bytes, at + 1);
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_line_and_position() {
        let text = "{\n  \"a\": [1, {\"b\\\"\": \"x\"}],\n  \"c\": true\n}";
        let name = |name: &str| Step::Name(name.into());
        assert_eq!(of(text, &[], false), (1, 1));
        assert_eq!(of(text, &[name("a"), Step::Index(0)], false), (2, 9));
        assert_eq!(of(text, &[name("a"), Step::Index(1)], false), (2, 12));
        assert_eq!(of(text, &[name("a"), Step::Index(1), name("b\"")], false), (2, 22));
        assert_eq!(of(text, &[name("C")], true), (3, 11));
        assert_eq!(of(text, &[name("none")], false), (1, 1));
    }
}
