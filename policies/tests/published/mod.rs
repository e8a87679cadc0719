//! What Azure publishes, what the definitions have, and what is told to be absent.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet};

use apimite_policies::ALL;
use apimite_policy::def::Content;

const PUBLISHED: &str = include_str!("published.txt");
const ABSENT: &str = include_str!("absent.txt");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `element`, `element/child`, `element@attribute` of documentation and schemas.
pub fn published() -> impl Iterator<Item = &'static str> {
    lines(PUBLISHED)
}

/// What is not there, with its sentence; an element stands for everything in it.
pub fn absent() -> BTreeMap<&'static str, &'static str> {
    lines(ABSENT).map(|line| line.split_once(" | ").unwrap_or((line, ""))).collect()
}

/// The same names from the definitions.
pub fn defined() -> BTreeSet<String> {
    fn inside(path: &str, content: &Content, all: &mut BTreeSet<String>) {
        match content {
            Content::Elements { children, .. } | Content::Mixed(children) => {
                for child in *children {
                    let path = format!("{path}/{}", child.name);
                    all.extend(child.attributes.iter().map(|attr| format!("{path}@{}", attr.name)));
                    inside(&path, &child.content, all);
                    all.insert(path);
                }
            }
            Content::SomePolicies(names) => {
                all.extend(names.iter().map(|name| format!("{path}/{name}")));
            }
            Content::Empty | Content::Text(..) | Content::Policies | Content::Raw | Content::Policy => {}
        }
    }
    let mut all = BTreeSet::new();
    for def in ALL {
        all.insert(def.name.to_owned());
        all.extend(def.attributes.iter().map(|attr| format!("{}@{}", def.name, attr.name)));
        inside(def.name, &def.content, &mut all);
    }
    all
}
