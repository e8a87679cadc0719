//! What a file of an extractor folder is, by its path.
//!
//! Folder and file names are compared without case, spaces, dashes and underscores: `named values`, `named_values` and
//! `namedValues` are one name, and so are `apiInformation.json` and `api_information.json`.
//!
//! Source: artifact layouts of the public tools APIOps v6 (`Azure/apiops`) and v7 (`Azure/apiops-cli`).

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry<'p> {
    GlobalPolicy,
    Api {
        folder: &'p str,
        file: ApiFile<'p>,
    },
    Product {
        id: &'p str,
        file: ProductFile<'p>,
    },
    Information {
        kind: Kind,
        id: &'p str,
    },
    FragmentPolicy {
        id: &'p str,
    },
    /// An API that a tag is on.
    TagApi {
        tag: &'p str,
        api: &'p str,
    },
    /// Part of the layout, without meaning for a gateway.
    Passed,
    Unknown,
}

/// Resources that are one information file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Backend,
    NamedValue,
    Fragment,
    VersionSet,
    Subscription,
    Group,
    Logger,
    Schema,
    User,
}

/// Files of an API's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiFile<'p> {
    Information,
    Policy,
    Specification,
    OperationPolicy { operation: &'p str },
    OperationInformation { operation: &'p str },
    Schema { id: &'p str },
    Resolver { id: &'p str },
    ResolverPolicy { id: &'p str },
    Tag { tag: &'p str },
    Tags,
}

/// Files of a product's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProductFile<'p> {
    Information,
    Policy,
    Apis,
    Groups,
    Api { api: &'p str },
    Group { group: &'p str },
}

/// Is a folder name one of the layout's?
pub(super) fn is_layout_folder(name: &str) -> bool {
    let name = plain(name);
    KINDS.iter().any(|(folder, ..)| *folder == name)
        || PASSED.contains(&name.as_str())
        || matches!(name.as_str(), "apis" | "products" | "tags" | "workspaces")
}

/// Folder, information file, kind.
const KINDS: [(&str, &str, Kind); 11] = [
    ("backends", "backendinformation.json", Kind::Backend),
    ("namedvalues", "namedvalueinformation.json", Kind::NamedValue),
    ("policyfragments", "policyfragmentinformation.json", Kind::Fragment),
    ("fragments", "policyfragmentinformation.json", Kind::Fragment),
    ("versionsets", "versionsetinformation.json", Kind::VersionSet),
    ("apiversionsets", "versionsetinformation.json", Kind::VersionSet),
    ("subscriptions", "subscriptioninformation.json", Kind::Subscription),
    ("groups", "groupinformation.json", Kind::Group),
    ("loggers", "loggerinformation.json", Kind::Logger),
    ("schemas", "schemainformation.json", Kind::Schema),
    ("users", "userinformation.json", Kind::User),
];

/// Folders of resources that a gateway does not look at.
const PASSED: [&str; 7] = [
    "diagnostics",
    "gateways",
    "policyrestrictions",
    "documentations",
    "certificates",
    "authorizationservers",
    "caches",
];

/// A name without case, spaces, dashes and underscores.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// What the file at this path is; the path is relative to the root of the set (or of a workspace).
pub(super) fn classify(path: &str) -> Entry<'_> {
    let mut segments: [&str; 7] = [""; 7];
    let mut count = 0;
    for segment in path.split('/') {
        let Some(slot) = segments.get_mut(count) else { return Entry::Unknown };
        *slot = segment;
        count += 1;
    }
    match segments[..count] {
        [file] if file.eq_ignore_ascii_case("policy.xml") => Entry::GlobalPolicy,
        [_] => Entry::Unknown,
        [folder, ref rest @ ..] => match plain(folder).as_str() {
            "apis" => api(rest),
            "products" => product(rest),
            "tags" => tag(rest),
            folder => resource(folder, rest),
        },
        [] => Entry::Unknown,
    }
}

fn is_document(file: &str) -> bool {
    file.to_ascii_lowercase().ends_with(".md") || file.eq_ignore_ascii_case("wiki.html")
}

fn api<'p>(rest: &[&'p str]) -> Entry<'p> {
    let entry = |folder, file| Entry::Api { folder, file };
    match *rest {
        [folder, file] => match plain(file).as_str() {
            "apiinformation.json" => entry(folder, ApiFile::Information),
            "policy.xml" => entry(folder, ApiFile::Policy),
            "tags.json" => entry(folder, ApiFile::Tags),
            plain if is_specification(plain) => entry(folder, ApiFile::Specification),
            _ if is_document(file) => Entry::Passed,
            _ => Entry::Unknown,
        },
        [folder, kind, id, file] => match (plain(kind).as_str(), plain(file).as_str()) {
            ("operations", "policy.xml") => entry(folder, ApiFile::OperationPolicy { operation: id }),
            ("operations", "operationinformation.json" | "apioperationinformation.json") => {
                entry(folder, ApiFile::OperationInformation { operation: id })
            }
            ("schemas", "schemainformation.json" | "apischemainformation.json") => {
                entry(folder, ApiFile::Schema { id })
            }
            ("resolvers", "resolverinformation.json" | "apiresolverinformation.json") => {
                entry(folder, ApiFile::Resolver { id })
            }
            ("resolvers", "policy.xml") => entry(folder, ApiFile::ResolverPolicy { id }),
            ("tags", "taginformation.json" | "apitaginformation.json" | "tagapiinformation.json") => {
                entry(folder, ApiFile::Tag { tag: id })
            }
            ("diagnostics" | "releases" | "tagdescriptions" | "resolvers" | "wikis" | "issues", _) => Entry::Passed,
            _ => Entry::Unknown,
        },
        [_, kind, _, _, ..] if matches!(plain(kind).as_str(), "operations" | "resolvers" | "diagnostics") => {
            Entry::Passed
        }
        _ => Entry::Unknown,
    }
}

fn is_specification(plain: &str) -> bool {
    let Some((stem, _)) = plain.rsplit_once('.') else { return false };
    crate::definition::Format::of(plain).is_some() && (stem.contains("spec") || stem == "openapi" || stem == "swagger")
}

fn product<'p>(rest: &[&'p str]) -> Entry<'p> {
    let entry = |id, file| Entry::Product { id, file };
    match *rest {
        [id, file] => match plain(file).as_str() {
            "productinformation.json" => entry(id, ProductFile::Information),
            "policy.xml" => entry(id, ProductFile::Policy),
            "apis.json" => entry(id, ProductFile::Apis),
            "groups.json" => entry(id, ProductFile::Groups),
            "tags.json" => Entry::Passed,
            _ if is_document(file) => Entry::Passed,
            _ => Entry::Unknown,
        },
        [id, kind, other, file] => match (plain(kind).as_str(), plain(file).as_str()) {
            ("apis", "productapiinformation.json" | "apiinformation.json") => {
                entry(id, ProductFile::Api { api: other })
            }
            ("groups", "productgroupinformation.json" | "groupinformation.json") => {
                entry(id, ProductFile::Group { group: other })
            }
            ("tags" | "wikis", _) => Entry::Passed,
            _ => Entry::Unknown,
        },
        _ => Entry::Unknown,
    }
}

fn tag<'p>(rest: &[&'p str]) -> Entry<'p> {
    match *rest {
        [tag, kind, api, file] if plain(kind) == "apis" && plain(file) == "tagapiinformation.json" => {
            Entry::TagApi { tag, api }
        }
        [_, kind, _, _] if matches!(plain(kind).as_str(), "products" | "operations") => Entry::Passed,
        [_, file] if plain(file) == "taginformation.json" => Entry::Passed,
        _ => Entry::Unknown,
    }
}

fn resource<'p>(folder: &str, rest: &[&'p str]) -> Entry<'p> {
    if PASSED.contains(&folder) {
        return Entry::Passed;
    }
    let Some((_, information, kind)) = KINDS.iter().find(|(name, ..)| *name == folder) else { return Entry::Unknown };
    match *rest {
        [id, file] => {
            let plain = plain(file);
            if plain == *information || (*kind == Kind::VersionSet && plain == "apiversionsetinformation.json") {
                Entry::Information { kind: *kind, id }
            } else if *kind == Kind::Fragment && plain == "policy.xml" {
                Entry::FragmentPolicy { id }
            } else if is_document(file) {
                Entry::Passed
            } else {
                Entry::Unknown
            }
        }
        // A group may list its users; a gateway's APIs do not matter here.
        [_, _, _, _] if *kind == Kind::Group => Entry::Passed,
        _ => Entry::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_naming_style_is_one_name() {
        for path in [
            "named values/x/namedValueInformation.json",
            "namedValues/x/namedValueInformation.json",
            "named_values/x/named_value_information.json",
        ] {
            assert_eq!(classify(path), Entry::Information { kind: Kind::NamedValue, id: "x" }, "{path}");
        }
        for path in [
            "apis/a;rev=2/apiInformation.json",
            "apis/a;rev=2/api_information.json",
            "apis/a;rev=2/apiinformation.json",
        ] {
            assert_eq!(classify(path), Entry::Api { folder: "a;rev=2", file: ApiFile::Information }, "{path}");
        }
        for path in ["apis/a/specification.yaml", "apis/a/openapispec.yaml", "apis/a/specification.wsdl"] {
            assert_eq!(classify(path), Entry::Api { folder: "a", file: ApiFile::Specification }, "{path}");
        }
        let version_set = Entry::Information { kind: Kind::VersionSet, id: "v" };
        assert_eq!(classify("version sets/v/apiVersionSetInformation.json"), version_set);
        assert_eq!(classify("versionSets/v/versionSetInformation.json"), version_set);
    }

    #[test]
    fn what_a_gateway_does_not_need_is_passed_and_the_rest_is_unknown() {
        assert_eq!(classify("apis/a/diagnostics/azuremonitor/diagnosticInformation.json"), Entry::Passed);
        assert_eq!(classify("apis/a/wiki.md"), Entry::Passed);
        assert_eq!(classify("gateways/g/apis.json"), Entry::Passed);
        assert_eq!(classify("apis/a/polcy.xml"), Entry::Unknown);
        assert_eq!(classify("a/b/c/d/e/f/g/h/i"), Entry::Unknown);
    }
}
