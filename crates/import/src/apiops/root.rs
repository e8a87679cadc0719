//! Where inside a folder the configuration set is.

use std::collections::BTreeSet;

use super::layout;

/// What was found.
pub(crate) enum Root {
    /// One set, below this prefix (empty, or ending in `/`).
    At(String),
    /// Several sets side by side.
    Several(Vec<String>),
    /// None.
    Nowhere,
}

/// Finds the set: the shortest prefix before `apis/NAME/apiInformation.json`; without APIs, the folder itself when it
/// has folders of the layout.
pub(crate) fn find(paths: &[Box<str>]) -> Root {
    let mut roots = BTreeSet::new();
    for path in paths {
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        if layout::plain(file) != "apiinformation.json" {
            continue;
        }
        let mut segments = folder.rsplit('/');
        let (_, apis) = (segments.next(), segments.next());
        if apis.is_some_and(|apis| apis.eq_ignore_ascii_case("apis")) {
            let prefix: Vec<&str> = folder.split('/').collect();
            let prefix = prefix[..prefix.len().saturating_sub(2)].join("/");
            // A workspace belongs to the set that holds it.
            let prefix = match prefix.rsplit_once("workspaces/") {
                Some((before, rest)) if !rest.contains('/') => before.trim_end_matches('/').to_owned(),
                _ => prefix,
            };
            roots.insert(if prefix.is_empty() { prefix } else { format!("{prefix}/") });
        }
    }
    if roots.contains("") {
        return Root::At(String::new());
    }
    let outer: Vec<String> = roots
        .iter()
        .filter(|root| !roots.iter().any(|other| other != *root && root.starts_with(other.as_str())))
        .cloned()
        .collect();
    match outer.as_slice() {
        [one] => Root::At(one.clone()),
        [] => {
            let own = paths.iter().any(|path| {
                path.eq_ignore_ascii_case("policy.xml")
                    || path.split_once('/').is_some_and(|(first, _)| layout::is_layout_folder(first))
            });
            if own { Root::At(String::new()) } else { Root::Nowhere }
        }
        _ => Root::Several(outer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> String {
        let paths: Vec<Box<str>> = paths.iter().map(|path| (*path).into()).collect();
        match find(&paths) {
            Root::At(root) => format!("at `{root}`"),
            Root::Several(roots) => roots.join(" "),
            Root::Nowhere => "nowhere".into(),
        }
    }

    #[test]
    fn the_set_is_found_in_the_folder_or_below_it() {
        assert_eq!(found(&["apis/a/apiInformation.json", "x/apis/b/apiInformation.json"]), "at ``");
        assert_eq!(found(&["README.md", "apim/apis/a/apiInformation.json"]), "at `apim/`");
        assert_eq!(found(&["apim/workspaces/w/apis/a/apiInformation.json"]), "at `apim/`");
        assert_eq!(found(&["dev/apis/a/apiInformation.json", "prod/apis/a/api_information.json"]), "dev/ prod/");
        assert_eq!(found(&["products/p/productInformation.json"]), "at ``");
        assert_eq!(found(&["src/main.rs"]), "nowhere");
    }
}
