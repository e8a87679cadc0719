//! Every element and attribute that is published is in a definition, or stands in `absent.txt` with a sentence.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod published;

use std::collections::{BTreeMap, BTreeSet};

use apimite_policies::ALL;
use apimite_policy::def::{Content, State};
use published::{absent, defined, published};

fn covers(absent: &BTreeMap<&str, &str>, path: &str) -> bool {
    absent.keys().any(|key| path == *key || path.strip_prefix(key).is_some_and(|rest| rest.starts_with(['/', '@'])))
}

#[test]
fn what_is_published_is_defined_or_told_to_be_absent() {
    let (defined, absent) = (defined(), absent());
    let missing: Vec<&str> = published().filter(|path| !defined.contains(*path) && !covers(&absent, path)).collect();
    assert!(missing.is_empty(), "neither in a definition nor in policies/tests/published/absent.txt: {missing:#?}");
}

#[test]
fn what_is_told_to_be_absent_is_published_and_has_a_sentence() {
    let published: BTreeSet<&str> = published().collect();
    for (path, why) in absent() {
        assert!(why.split_whitespace().count() >= 3, "{path}: a sentence is needed, not `{why}`");
        assert!(published.contains(path), "{path} is not in published.txt");
    }
}

#[test]
fn every_difference_is_a_sentence() {
    fn check(owner: &str, name: &str, state: State) {
        let (State::Differs(text) | State::NotApplicable(text)) = state else { return };
        assert!(text.split_whitespace().count() >= 3, "{owner} {name}: `{text}`");
    }
    fn inside(owner: &str, content: &Content) {
        if let Content::Elements { children, .. } | Content::Mixed(children) = content {
            for child in *children {
                for attr in child.attributes {
                    check(owner, attr.name, attr.state);
                }
                inside(owner, &child.content);
            }
        }
    }
    for def in ALL {
        assert!(def.summary.split_whitespace().count() >= 3, "{}", def.name);
        for difference in def.differences {
            assert!(difference.split_whitespace().count() >= 4, "{}: `{difference}`", def.name);
        }
        for attr in def.attributes {
            check(def.name, attr.name, attr.state);
        }
        inside(def.name, &def.content);
    }
}
