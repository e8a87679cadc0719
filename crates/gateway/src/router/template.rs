//! URL templates of operations: `/orders/{id}/lines?expand={what}`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// One segment of the path of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Fixed text.
    Literal(Box<str>),
    /// `{name}`
    Parameter(Box<str>),
    /// Text and parameters mixed, such as `users('{id}')`.
    Mixed(Vec<Piece>),
    /// `*` or `{*name}`: the rest of the path.
    Rest(Box<str>),
}

/// A part of a mixed segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Box<str>),
    Parameter(Box<str>),
}

/// One `name=value` of the query of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryPart {
    pub(crate) name: Box<str>,
    pub(crate) value: QueryValue,
}

/// What a templated query parameter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryValue {
    /// `{name}`: any value, bound to this name.
    Parameter(Box<str>),
    /// This value.
    Literal(Box<str>),
}

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) query: Vec<QueryPart>,
}

impl Template {
    /// Reads a template; any text is one.
    pub(crate) fn parse(text: &str) -> Self {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments = if path.is_empty() { Vec::new() } else { path.split('/').map(segment).collect() };
        let query = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                let value = match value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
                    Some(name) => QueryValue::Parameter(name.into()),
                    None => QueryValue::Literal(value.into()),
                };
                QueryPart { name: name.into(), value }
            })
            .collect();
        Self { segments, query }
    }
}

fn segment(text: &str) -> Segment {
    if text == "*" {
        return Segment::Rest("*".into());
    }
    if let Some(name) = text.strip_prefix("{*").and_then(|rest| rest.strip_suffix('}')) {
        return Segment::Rest(name.into());
    }
    if !text.contains('{') {
        return Segment::Literal(text.into());
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest.get(open..).and_then(|tail| tail.find('}')) else { break };
        let (before, tail) = rest.split_at(open);
        let (parameter, after) = tail.split_at(length + 1);
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        pieces.push(Piece::Parameter(parameter.trim_matches(['{', '}']).into()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    match pieces.as_slice() {
        [Piece::Parameter(name)] => Segment::Parameter(name.clone()),
        [Piece::Text(text)] => Segment::Literal(text.clone()),
        _ => Segment::Mixed(pieces),
    }
}

/// The text behind percent-encoding.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('%') { percent_decode_str(text).decode_utf8_lossy() } else { Cow::Borrowed(text) }
}

/// Matches a mixed segment; pushes name and value of each parameter, or leaves `found` as it was.
///
/// A parameter takes as little as it can, and at least one character.
pub(crate) fn match_mixed(
    pieces: &[Piece],
    text: &str,
    ignore_case: bool,
    found: &mut Vec<(Box<str>, Box<str>)>,
) -> bool {
    let start = found.len();
    let matched = mixed(pieces, text, ignore_case, found);
    if !matched {
        found.truncate(start);
    }
    matched
}

fn mixed(pieces: &[Piece], text: &str, ignore_case: bool, found: &mut Vec<(Box<str>, Box<str>)>) -> bool {
    let mut rest = text;
    let mut index = 0;
    while let Some(piece) = pieces.get(index) {
        index += 1;
        match piece {
            Piece::Text(literal) => match strip(rest, literal, ignore_case) {
                Some(after) => rest = after,
                None => return false,
            },
            Piece::Parameter(name) => {
                let end = match pieces.get(index) {
                    None => rest.len(),
                    Some(Piece::Text(literal)) => {
                        let last = pieces.len() == index + 1;
                        match find(rest, literal, ignore_case, last) {
                            Some(at) => at,
                            None => return false,
                        }
                    }
                    // Two parameters side by side: the first takes one character.
                    Some(Piece::Parameter(_)) => rest.chars().next().map_or(0, char::len_utf8),
                };
                if end == 0 {
                    return false;
                }
                let (value, after) = rest.split_at(end);
                found.push((name.clone(), value.into()));
                rest = after;
            }
        }
    }
    rest.is_empty()
}

fn strip<'a>(text: &'a str, literal: &str, ignore_case: bool) -> Option<&'a str> {
    let head = text.get(..literal.len())?;
    let same = if ignore_case { head.eq_ignore_ascii_case(literal) } else { head == literal };
    same.then(|| text.get(literal.len()..).unwrap_or(""))
}

/// Where `literal` stands in `text`, not at its very beginning; at its end when it is the last piece.
fn find(text: &str, literal: &str, ignore_case: bool, last: bool) -> Option<usize> {
    if last {
        let at = text.len().checked_sub(literal.len())?;
        return (text.is_char_boundary(at) && strip(text.get(at..)?, literal, ignore_case).is_some()).then_some(at);
    }
    text.char_indices()
        .skip(1)
        .map(|(at, _)| at)
        .find(|&at| text.get(at..).is_some_and(|tail| strip(tail, literal, ignore_case).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_segments_and_query_parts() {
        let template = Template::parse("/a/{b}/c('{d}')/*?x={y}&z=1");
        assert_eq!(template.segments.len(), 4);
        assert_eq!(template.segments[1], Segment::Parameter("b".into()));
        assert_eq!(template.segments[3], Segment::Rest("*".into()));
        assert_eq!(template.query[0].value, QueryValue::Parameter("y".into()));
        assert_eq!(template.query[1].value, QueryValue::Literal("1".into()));
        assert!(Template::parse("/").segments.is_empty());
    }

    #[test]
    fn a_mixed_segment_binds_its_parameters() {
        let Segment::Mixed(pieces) = segment("users('{id}').{format}") else { panic!() };
        let mut found = Vec::new();
        assert!(match_mixed(&pieces, "Users('a.b').json", true, &mut found));
        assert_eq!(found, [("id".into(), "a.b".into()), ("format".into(), "json".into())]);
        assert!(!match_mixed(&pieces, "users('').json", true, &mut found));
        assert_eq!(found.len(), 2);
    }
}
