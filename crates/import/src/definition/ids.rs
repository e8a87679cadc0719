//! Resource names of operations, as an import into API Management makes them.
//!
//! Source: "API import restrictions and known issues", normalization rules for `operationId`.

use std::collections::HashSet;

use super::Ids;

/// A resource name has at most 80 characters, four of which are kept for a suffix.
const MAX_CHARACTERS: usize = 76;

/// Lower case, every run of other characters one dash, no dash at the ends, at most 76 characters.
pub(crate) fn normalised(text: &str) -> String {
    let mut id = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            id.extend(c.to_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    let id: String = id.trim_end_matches('-').chars().take(MAX_CHARACTERS).collect();
    id.trim_end_matches('-').to_owned()
}

/// Gives every operation its id, no two the same.
pub(super) struct Namer {
    ids: Ids,
    taken: HashSet<String>,
}

impl Namer {
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids, taken: HashSet::new() }
    }

    /// The id of an operation, from its `operationId` or else from method and template.
    pub(super) fn name(&mut self, operation_id: Option<&str>, method: &str, template: &str) -> String {
        let wanted = match operation_id.filter(|id| !id.is_empty()) {
            Some(id) if self.ids == Ids::AsWritten => id.to_owned(),
            Some(id) => normalised(id),
            None => normalised(&format!("{method}-{template}")),
        };
        let wanted = if wanted.is_empty() { normalised(&format!("{method}-{template}")) } else { wanted };
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let mut number = 1_u32;
        loop {
            let next = format!("{wanted}-{number}");
            if self.taken.insert(next.clone()) {
                return next;
            }
            number = number.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_documented_example() {
        assert_eq!(normalised("GET-/foo/{bar}?buzz={quix}"), "get-foo-bar-buzz-quix");
        assert_eq!(normalised("listOrders"), "listorders");
        assert_eq!(normalised(&"x".repeat(100)).len(), 76);
    }

    #[test]
    fn equal_ids_get_a_number() {
        let mut namer = Namer::new(Ids::Normalised);
        assert_eq!(namer.name(Some("Get"), "GET", "/"), "get");
        assert_eq!(namer.name(Some("get"), "GET", "/x"), "get-1");
        assert_eq!(namer.name(None, "GET", "/foo/{id}"), "get-foo-id");
        assert_eq!(Namer::new(Ids::AsWritten).name(Some("Create_It"), "GET", "/"), "Create_It");
    }
}
