//! `JToken.Path` and the path in reader errors.

use std::fmt::Write as _;

use super::doc::{Data, State};
use super::write::escape;

/// One step of a path.
pub(super) enum Place<'a> {
    Name(&'a str),
    Index(usize),
}

const SPECIAL: &[char] = &[
    '.', ' ', '\'', '/', '"', '[', ']', '(', ')', '\t', '\n', '\r', '\u{c}', '\u{8}', '\\', '\u{85}', '\u{2028}',
    '\u{2029}',
];

impl Place<'_> {
    pub(super) fn write(&self, path: &mut String) {
        match self {
            Self::Index(at) => {
                let _ = write!(path, "[{at}]");
            }
            Self::Name(name) if name.contains(SPECIAL) => {
                path.push_str("['");
                escape(path, name, '\'');
                path.push_str("']");
            }
            Self::Name(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
    }
}

/// The path of a node from its root; empty for a root.
pub(super) fn path_of(state: &State, id: u32) -> String {
    if state.parent(id).is_none() {
        return String::new();
    }
    let mut places = Vec::new();
    let mut previous = None;
    let mut current = Some(id);
    while let Some(node) = current {
        match state.data(node) {
            Data::Property(name, _) => places.push(Place::Name(name)),
            Data::Array(_) | Data::Constructor(_) => {
                if let Some(at) = previous.and_then(|child| state.position(node, child)) {
                    places.push(Place::Index(at));
                }
            }
            Data::Object(_) | Data::Value(_) => {}
        }
        previous = Some(node);
        current = state.parent(node);
    }
    let mut path = String::new();
    for place in places.iter().rev() {
        place.write(&mut path);
    }
    path
}
