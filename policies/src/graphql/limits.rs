//! How deep and how wide a query is. Fragments are followed, and counting ends as soon as a limit is passed, so that no query costs more
//! to measure than the limits allow.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};

/// What a query may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Deepest field.
    pub(crate) depth: usize,
    /// Most fields.
    pub(crate) fields: usize,
}

/// Which limit a query passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    Depth,
    Fields,
}

/// Measures a selection.
///
/// # Errors
/// The limit that is passed.
pub(crate) fn check(document: &ExecutableDocument, selection: &SelectionSet, limits: Limits) -> Result<(), Passed> {
    let mut fields = 0;
    walk(document, selection, 1, 0, limits, &mut fields)
}

fn walk(
    document: &ExecutableDocument,
    selection: &SelectionSet,
    depth: usize,
    spreads: usize,
    limits: Limits,
    fields: &mut usize,
) -> Result<(), Passed> {
    for one in &selection.selections {
        match one {
            Selection::Field(field) => {
                *fields += 1;
                if *fields > limits.fields {
                    return Err(Passed::Fields);
                }
                if depth > limits.depth {
                    return Err(Passed::Depth);
                }
                if !field.selection_set.is_empty() {
                    walk(document, &field.selection_set, depth + 1, 0, limits, fields)?;
                }
            }
            Selection::InlineFragment(fragment) => {
                walk(document, &fragment.selection_set, depth, spreads + 1, limits, fields)?;
            }
            // A chain of spreads without a field in between is as long as the document at most.
            Selection::FragmentSpread(spread) if spreads < document.fragments.len() + 128 => {
                if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                    walk(document, &fragment.selection_set, depth, spreads + 1, limits, fields)?;
                }
            }
            Selection::FragmentSpread(_) => return Err(Passed::Depth),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::*;

    fn measured(query: &str, limits: Limits) -> Result<(), Passed> {
        let sdl = "type Query { me: User } type User { name: String friend: User }";
        let schema = Schema::parse_and_validate(sdl, "s").unwrap();
        let document = ExecutableDocument::parse_and_validate(&schema, query, "q").unwrap();
        check(&document, &document.operations.anonymous.as_ref().unwrap().selection_set, limits)
    }

    #[test]
    fn depth_is_that_of_the_deepest_field() {
        let limits = |depth| Limits { depth, fields: 100 };
        let query = "{ me { friend { ...f } } } fragment f on User { friend { name } }";
        assert_eq!(measured(query, limits(4)), Ok(()));
        assert_eq!(measured(query, limits(3)), Err(Passed::Depth));
    }

    #[test]
    fn aliases_and_fragments_that_multiply_are_given_up_early() {
        let mut query = String::from("{ me { ...f0 } }");
        for level in 0..24 {
            query +=
                &format!(" fragment f{level} on User {{ a: friend {{ ...f{0} }} b: friend {{ ...f{0} }} }}", level + 1);
        }
        query += " fragment f24 on User { name }";
        assert_eq!(measured(&query, Limits { depth: 100, fields: 250 }), Err(Passed::Fields));
    }
}
