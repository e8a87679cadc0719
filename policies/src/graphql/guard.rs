//! What `validate-graphql-request` asks of a query: size, depth, and which fields may be asked for.
//!
//! Source: validate-graphql-request policy reference.

use apimite_policy::fault::Fault;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name};
use serde_json::Value;

use super::limits::{self, Limits, Passed};
use super::{Query, Sdl, document, message};

/// Most fields of a query.
///
/// Source: validate-graphql-request policy reference: up to 250 query fields.
const FIELDS: usize = 250;

/// What a rule is about, the most specific first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RulePath {
    /// `/Type/field`; also `/field` of an operation's root.
    Field(Option<String>, String),
    /// `/Type/*`
    Type(String),
    /// `/__*`
    Introspection,
    /// `/*`
    All,
}

impl RulePath {
    /// Reads a path.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let path = text.trim().strip_prefix('/')?;
        Some(match path.split_once('/') {
            Some((kind, "*")) => Self::Type(kind.to_owned()),
            Some((kind, field)) if !field.contains('/') && !field.is_empty() => {
                Self::Field(Some(kind.to_owned()), field.to_owned())
            }
            Some(_) => return None,
            None if path == "__*" => Self::Introspection,
            None if path == "*" => Self::All,
            None if path.is_empty() => return None,
            None => Self::Field(None, path.to_owned()),
        })
    }

    /// How specifically it is about a field: 0 is not at all.
    fn weight(&self, kind: &str, field: &str, is_root: bool) -> u8 {
        match self {
            Self::Field(Some(own), name) if own == kind && name == field => 5,
            Self::Field(None, name) if is_root && name == field => 4,
            Self::Type(own) if own == kind => 3,
            Self::Introspection if field.starts_with("__") && field != "__typename" => 2,
            Self::All => 1,
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Allow,
    Reject,
    Remove,
    Ignore,
}

impl Action {
    const fn severity(self) -> u8 {
        match self {
            Self::Ignore | Self::Allow => 0,
            Self::Remove => 1,
            Self::Reject => 2,
        }
    }
}

/// What is asked of a query, with the values that expressions had for its exchange.
#[derive(Debug)]
pub(crate) struct Guard {
    /// In bytes.
    pub(crate) max_size: Option<u64>,
    pub(crate) max_depth: usize,
    /// An action that could not be evaluated is a fault when its rule counts.
    pub(crate) rules: Vec<(RulePath, Result<Action, Fault>)>,
}

/// What becomes of a query.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It may be run as it is.
    Passes,
    /// It is refused as a whole, with these errors.
    Refused(Vec<Value>),
    /// Fields were taken out: what is left, and an error for each.
    Removed { text: String, errors: Vec<Value> },
}

impl Guard {
    /// The error of a request of so many bytes.
    pub(crate) fn too_large(&self, size: u64) -> Option<Value> {
        let most = self.max_size.filter(|most| size > *most)?;
        Some(message(format!("The request is {size} bytes long and exceeds the limit of {most} bytes.")))
    }

    /// The action for a field: that of the most specific rule that does not step back.
    fn action(&self, kind: &str, field: &str, is_root: bool) -> Result<Action, Fault> {
        let rules = self.rules.iter().map(|(path, action)| (path.weight(kind, field, is_root), action));
        let mut fitting: Vec<_> = rules.filter(|(weight, _)| *weight > 0).collect();
        fitting.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        for (_, action) in fitting {
            match action.clone()? {
                Action::Ignore => {}
                action => return Ok(action),
            }
        }
        Ok(Action::Allow)
    }

    /// Checks a query that came in so many bytes.
    ///
    /// # Errors
    /// The fault of an expression of a rule that counts.
    pub(crate) fn check(&self, size: u64, query: &Query, sdl: &Sdl) -> Result<Verdict, Fault> {
        if let Some(error) = self.too_large(size) {
            return Ok(Verdict::Refused(vec![error]));
        }
        let parsed = match document(sdl, &query.text) {
            Ok(parsed) => parsed,
            Err(errors) => return Ok(Verdict::Refused(errors)),
        };
        let depth = self.max_depth;
        for operation in parsed.operations.iter() {
            let text = match limits::check(&parsed, &operation.selection_set, Limits { depth, fields: FIELDS }) {
                Ok(()) => continue,
                Err(Passed::Depth) => format!("The query exceeds the maximum depth of {depth}."),
                Err(Passed::Fields) => format!("The query has more than {FIELDS} fields."),
            };
            return Ok(Verdict::Refused(vec![message(text)]));
        }
        if self.rules.is_empty() {
            return Ok(Verdict::Passes);
        }
        let mut parsed = parsed.into_inner();
        let roots: Vec<Name> = parsed.operations.iter().map(|operation| operation.selection_set.ty.clone()).collect();
        let mut filter = Filter { guard: self, sdl, roots: &roots, removed: Vec::new(), rejected: None };
        filter.all(&mut parsed)?;
        let (removed, rejected) = (filter.removed, filter.rejected);
        if let Some((kind, field)) = rejected {
            return Ok(Verdict::Refused(vec![message(format!("Access to the field '{kind}.{field}' is denied."))]));
        }
        if removed.is_empty() {
            return Ok(Verdict::Passes);
        }
        let told = |(kind, field)| message(format!("The field '{kind}.{field}' was removed from the query."));
        let errors: Vec<Value> = removed.into_iter().map(told).collect();
        if parsed.operations.iter().any(|operation| operation.selection_set.selections.is_empty()) {
            return Ok(Verdict::Refused(errors));
        }
        Ok(Verdict::Removed { text: parsed.to_string(), errors })
    }
}

/// Applies the rules to every field of a document.
struct Filter<'p> {
    guard: &'p Guard,
    sdl: &'p Sdl,
    roots: &'p [Name],
    removed: Vec<(String, String)>,
    rejected: Option<(String, String)>,
}

impl Filter<'_> {
    /// The action for a field. One of an interface may be answered by any type that implements it: the strictest action counts.
    fn action(&self, kind: &Name, field: &str, is_root: bool) -> Result<Action, Fault> {
        let mut worst = self.guard.action(kind, field, is_root)?;
        if let Some(implementers) = self.sdl.implementers.get(kind) {
            for one in &implementers.objects {
                let action = self.guard.action(one, field, false)?;
                if action.severity() > worst.severity() {
                    worst = action;
                }
            }
        }
        Ok(worst)
    }

    fn all(&mut self, document: &mut ExecutableDocument) -> Result<(), Fault> {
        let mut operations: Vec<_> = document.operations.anonymous.iter_mut().collect();
        operations.extend(document.operations.named.values_mut());
        for operation in operations {
            self.set(&mut operation.make_mut().selection_set)?;
        }
        for fragment in document.fragments.values_mut() {
            self.set(&mut fragment.make_mut().selection_set)?;
        }
        // Fragments that lost everything are not spread any more.
        loop {
            let empty: Vec<Name> = document
                .fragments
                .iter()
                .filter(|(_, fragment)| fragment.selection_set.selections.is_empty())
                .map(|(name, _)| name.clone())
                .collect();
            if empty.is_empty() {
                return Ok(());
            }
            document.fragments.retain(|name, _| !empty.contains(name));
            let mut operations: Vec<_> = document.operations.anonymous.iter_mut().collect();
            operations.extend(document.operations.named.values_mut());
            for operation in operations {
                drop_spreads(&mut operation.make_mut().selection_set, &empty);
            }
            for fragment in document.fragments.values_mut() {
                drop_spreads(&mut fragment.make_mut().selection_set, &empty);
            }
        }
    }

    fn set(&mut self, set: &mut SelectionSet) -> Result<(), Fault> {
        let kind = set.ty.clone();
        let is_root = self.roots.contains(&set.ty);
        let mut kept = Vec::with_capacity(set.selections.len());
        for mut selection in std::mem::take(&mut set.selections) {
            match &mut selection {
                Selection::Field(field) => {
                    match self.action(&kind, &field.name, is_root)? {
                        Action::Reject => {
                            self.rejected.get_or_insert((kind.to_string(), field.name.to_string()));
                            continue;
                        }
                        Action::Remove => {
                            self.removed.push((kind.to_string(), field.name.to_string()));
                            continue;
                        }
                        Action::Allow | Action::Ignore => {}
                    }
                    let had = !field.selection_set.selections.is_empty();
                    self.set(&mut field.make_mut().selection_set)?;
                    if had && field.selection_set.selections.is_empty() {
                        continue;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.set(&mut fragment.make_mut().selection_set)?;
                    if fragment.selection_set.selections.is_empty() {
                        continue;
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
            kept.push(selection);
        }
        set.selections = kept;
        Ok(())
    }
}

fn drop_spreads(set: &mut SelectionSet, names: &[Name]) {
    set.selections.retain_mut(|selection| match selection {
        Selection::FragmentSpread(spread) => !names.contains(&spread.fragment_name),
        Selection::Field(field) => {
            let had = !field.selection_set.selections.is_empty();
            drop_spreads(&mut field.make_mut().selection_set, names);
            !had || !field.selection_set.selections.is_empty()
        }
        Selection::InlineFragment(fragment) => {
            drop_spreads(&mut fragment.make_mut().selection_set, names);
            !fragment.selection_set.selections.is_empty()
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_path_counts() {
        let weight = |path: &str, kind, field, root| RulePath::read(path).unwrap().weight(kind, field, root);
        assert!(weight("/User/name", "User", "name", false) > weight("/User/*", "User", "name", false));
        assert!(weight("/users", "Query", "users", true) > weight("/Query/*", "Query", "users", true));
        assert_eq!(weight("/users", "Group", "users", false), 0);
        assert!(weight("/__*", "Query", "__schema", true) > 0);
        assert_eq!(weight("/__*", "User", "__typename", false), 0);
        assert_eq!(RulePath::read("User/name"), None);
        assert_eq!(RulePath::read("/a/b/c"), None);
    }

    #[test]
    fn a_field_of_an_interface_is_a_field_of_what_implements_it() {
        let text = "interface Named { name: String } type User implements Named { name: String secret: String } \
            type Query { any: Named one: User }";
        let schema = apollo_compiler::Schema::parse_and_validate(text, "s").unwrap();
        let implementers = schema.implementers_map();
        let sdl = Sdl { schema, implementers };
        let guard = |action| Guard {
            max_size: None,
            max_depth: 5,
            rules: vec![(RulePath::read("/User/name").unwrap(), Ok(action))],
        };
        let asked = |text: &str, action| {
            let query = Query { text: text.to_owned(), ..Query::default() };
            guard(action).check(0, &query, &sdl).unwrap()
        };
        for query in ["{ any { name } }", "{ one { name } }", "{ any { ... on User { name } } }"] {
            assert!(matches!(asked(query, Action::Reject), Verdict::Refused(_)), "{query}");
        }
        assert!(matches!(asked("{ any { name __typename } }", Action::Remove), Verdict::Removed { .. }));
        assert!(matches!(asked("{ one { secret } }", Action::Reject), Verdict::Passes));
    }
}
