//! The operations of one API as a tree of path segments: literal before mixed before parameter before rest.

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::template::{Piece, QueryPart, QueryValue, Segment, Template, decoded, match_mixed};

/// Name and value of each matched template parameter.
pub(crate) type Parameters = Vec<(Box<str>, Box<str>)>;

/// What a request asks an API for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Path behind the API's own, with or without a leading slash.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

/// The operations of an API.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    root: Node,
    ignore_case: bool,
    get_serves_head: bool,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node, ahash::RandomState>,
    mixed: Vec<(Vec<Piece>, Node)>,
    parameter: Option<Box<Node>>,
    ends: Vec<End>,
    rests: Vec<End>,
}

/// An operation that ends at a node.
#[derive(Debug)]
struct End {
    method: Box<str>,
    query: Vec<QueryPart>,
    /// Names of the plain path parameters on the way, in order; mixed ones bring their own.
    names: Vec<Box<str>>,
    /// Name of the rest, for operations that end in one.
    rest: Option<Box<str>>,
    operation: usize,
}

impl Tree {
    pub(crate) fn new(ignore_case: bool, get_serves_head: bool) -> Self {
        Self { root: Node::default(), ignore_case, get_serves_head }
    }

    /// Adds an operation by its index.
    pub(crate) fn insert(&mut self, method: &str, template: &str, operation: usize) {
        let template = Template::parse(template);
        let mut names = Vec::new();
        let mut rest = None;
        let mut node = &mut self.root;
        for segment in template.segments {
            node = match segment {
                Segment::Literal(text) => {
                    let text = decoded(&text);
                    let key = if self.ignore_case { text.to_ascii_lowercase() } else { text.into_owned() };
                    node.literals.entry(key.into()).or_default()
                }
                Segment::Parameter(name) => {
                    names.push(name);
                    node.parameter.get_or_insert_default()
                }
                Segment::Mixed(pieces) => {
                    let at = node.mixed.iter().position(|(known, _)| *known == pieces).unwrap_or_else(|| {
                        node.mixed.push((pieces, Node::default()));
                        node.mixed.len() - 1
                    });
                    match node.mixed.get_mut(at) {
                        Some((_, next)) => next,
                        None => return,
                    }
                }
                Segment::Rest(name) => {
                    rest = Some(name);
                    break;
                }
            };
        }
        let ends = if rest.is_some() { &mut node.rests } else { &mut node.ends };
        let end = End { method: method.into(), query: template.query, names, rest, operation };
        // The most demanding query first, otherwise in the order of definition.
        let at = ends.iter().position(|other| other.query.len() < end.query.len()).unwrap_or(ends.len());
        ends.insert(at, end);
    }

    /// Finds the operation a request means.
    pub(crate) fn find(&self, asked: Asked<'_>) -> Option<(usize, Parameters)> {
        let path = asked.path.strip_prefix('/').unwrap_or(asked.path);
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        let segments: SmallVec<[&str; 16]> =
            if trimmed.is_empty() { SmallVec::new() } else { trimmed.split('/').collect() };
        let mut search =
            Search { tree: self, asked, path, segments: &segments, values: SmallVec::new(), mixed: Vec::new() };
        search.node(&self.root, 0)
    }
}

struct Search<'a> {
    tree: &'a Tree,
    asked: Asked<'a>,
    path: &'a str,
    segments: &'a [&'a str],
    /// Values of plain parameters on the way.
    values: SmallVec<[&'a str; 8]>,
    mixed: Parameters,
}

impl<'a> Search<'a> {
    fn node(&mut self, node: &'a Node, depth: usize) -> Option<(usize, Parameters)> {
        let Some(&segment) = self.segments.get(depth) else {
            return self.end(&node.ends, "").or_else(|| self.end(&node.rests, ""));
        };
        if !node.literals.is_empty()
            && let Some(next) = self.literal(node, segment)
            && let Some(found) = self.node(next, depth + 1)
        {
            return Some(found);
        }
        for (pieces, next) in &node.mixed {
            let mark = self.mixed.len();
            if match_mixed(pieces, &decoded(segment), self.tree.ignore_case, &mut self.mixed) {
                if let Some(found) = self.node(next, depth + 1) {
                    return Some(found);
                }
                self.mixed.truncate(mark);
            }
        }
        if let Some(next) = &node.parameter
            && !segment.is_empty()
        {
            self.values.push(segment);
            if let Some(found) = self.node(next, depth + 1) {
                return Some(found);
            }
            self.values.pop();
        }
        if node.rests.is_empty() {
            return None;
        }
        let start = segment.as_ptr() as usize - self.path.as_ptr() as usize;
        self.end(&node.rests, self.path.get(start..).unwrap_or(""))
    }

    fn literal(&self, node: &'a Node, segment: &str) -> Option<&'a Node> {
        let plain =
            !(segment.contains('%') || self.tree.ignore_case && segment.bytes().any(|b| b.is_ascii_uppercase()));
        if plain {
            return node.literals.get(segment);
        }
        let text = decoded(segment);
        if self.tree.ignore_case {
            node.literals.get(text.to_ascii_lowercase().as_str())
        } else {
            node.literals.get(text.as_ref())
        }
    }

    fn end(&self, ends: &'a [End], rest: &str) -> Option<(usize, Parameters)> {
        let method = self.asked.method;
        let found = ends.iter().find(|end| {
            let serves = &*end.method == method
                || &*end.method == "*"
                || (self.tree.get_serves_head && method == "HEAD" && &*end.method == "GET");
            serves && end.query.iter().all(|part| self.query_holds(part))
        })?;
        let mut parameters = Vec::with_capacity(found.names.len() + found.query.len() + self.mixed.len());
        for (name, value) in found.names.iter().zip(&self.values) {
            parameters.push((name.clone(), decoded(value).into()));
        }
        parameters.extend(self.mixed.iter().cloned());
        if let Some(name) = &found.rest {
            parameters.push((name.clone(), decoded(rest).into()));
        }
        for part in &found.query {
            if let QueryValue::Parameter(name) = &part.value
                && let Some(value) = query_value(self.asked.query, &part.name)
            {
                parameters.push((name.clone(), decoded_query(value).into()));
            }
        }
        Some((found.operation, parameters))
    }

    /// Source: answer of Azure support: listed parameters are required, in any order, compared without regard to case.
    fn query_holds(&self, part: &QueryPart) -> bool {
        match (query_value(self.asked.query, &part.name), &part.value) {
            (Some(_), QueryValue::Parameter(_)) => true,
            (Some(value), QueryValue::Literal(literal)) => decoded_query(value).eq_ignore_ascii_case(literal),
            (None, _) => false,
        }
    }
}

/// The raw value of the first query parameter with this name, in any case.
pub(crate) fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let same = key.eq_ignore_ascii_case(name) || (key.contains('%') && decoded(key).eq_ignore_ascii_case(name));
        (same && !pair.is_empty()).then_some(value)
    })
}

/// A query value with `+` and percent-encoding undone.
pub(crate) fn decoded_query(value: &str) -> String {
    if value.contains('+') { decoded(&value.replace('+', " ")).into_owned() } else { decoded(value).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(operations: &[&str]) -> Tree {
        let mut tree = Tree::new(true, false);
        for (index, text) in operations.iter().enumerate() {
            let (method, template) = text.split_once(' ').unwrap();
            tree.insert(method, template, index);
        }
        tree
    }

    fn find(tree: &Tree, method: &str, target: &str) -> Option<(usize, String)> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (operation, parameters) = tree.find(Asked { method, path, query })?;
        Some((operation, parameters.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",")))
    }

    #[test]
    fn a_literal_beats_a_parameter_and_a_parameter_beats_the_rest() {
        let tree = tree(&["GET /*", "GET /a/{x}", "GET /a/b", "GET /a/{x}/c"]);
        assert_eq!(find(&tree, "GET", "/a/b"), Some((2, String::new())));
        assert_eq!(find(&tree, "GET", "/A/B"), Some((2, String::new())));
        assert_eq!(find(&tree, "GET", "/a/q"), Some((1, "x=q".into())));
        assert_eq!(find(&tree, "GET", "/a/b/c"), Some((3, "x=b".into())));
        assert_eq!(find(&tree, "GET", "/a/b/d"), Some((0, "*=a/b/d".into())));
        assert_eq!(find(&tree, "GET", "/"), Some((0, "*=".into())));
    }

    #[test]
    fn the_method_takes_part_in_the_match() {
        let tree = tree(&["GET /a/b", "POST /a/{x}", "* /any"]);
        assert_eq!(find(&tree, "POST", "/a/b"), Some((1, "x=b".into())));
        assert_eq!(find(&tree, "DELETE", "/a/b"), None);
        assert_eq!(find(&tree, "PURGE", "/any"), Some((2, String::new())));
        assert_eq!(find(&tree, "HEAD", "/a/b"), None);
    }

    #[test]
    fn templated_query_parameters_tell_operations_apart() {
        let tree = tree(&["GET /add", "GET /add?a={x}&b={y}", "GET /add?kind=Long"]);
        assert_eq!(find(&tree, "GET", "/add?b=4%20+9&A=5"), Some((1, "x=5,y=4  9".into())));
        assert_eq!(find(&tree, "GET", "/add?kind=long"), Some((2, String::new())));
        assert_eq!(find(&tree, "GET", "/add?other=1"), Some((0, String::new())));
    }

    #[test]
    fn encoded_paths_match_and_their_parameters_are_decoded() {
        let tree = tree(&["GET /a b/{x}", "GET /f('{id}')"]);
        assert_eq!(find(&tree, "GET", "/a%20B/c%2Fd"), Some((0, "x=c/d".into())));
        assert_eq!(find(&tree, "GET", "/f('7')"), Some((1, "id=7".into())));
    }
}
