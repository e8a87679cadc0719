//! Extractor folders of APIOps, v6 and v7, into a draft of the service.

mod apis;
mod layout;
mod root;

use std::collections::BTreeMap;

use apimite_diag::{Diagnostic, Source, Span, nearest};
use apimite_model::{Backend, Fragment, PolicyText, Workspace};

use self::apis::ApiFolder;
use self::layout::{Entry, Kind, ProductFile, classify};
use crate::definition::{Format, document};
use crate::draft::{Draft, Link, Place, Placed};
use crate::problems::Sheet;
use crate::reader::Reader;
use crate::resources;
use crate::settings::{ImportSettings, Settings};
use crate::tree::Node;
use crate::tree::table::Table;

pub(crate) use apis::only_operation;
pub(crate) use root::{Root, find};

/// How many warnings about unknown files are worth reading.
const MAX_UNKNOWN: usize = 20;

/// Reads the set below `root`, a prefix of paths.
pub(crate) fn read(root: &str, paths: &[Box<str>], reader: &mut Reader<'_>, settings: &Settings) -> Draft {
    let mut draft = Draft::default();
    let mut workspaces: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut own = Vec::new();
    for path in paths {
        let Some(relative) = path.strip_prefix(root) else { continue };
        let inside = relative.split_once('/').filter(|(first, _)| first.eq_ignore_ascii_case("workspaces"));
        match inside.and_then(|(_, rest)| rest.split_once('/')) {
            Some((workspace, rest)) => workspaces.entry(workspace).or_default().push((path, rest)),
            None => own.push((&**path, relative)),
        }
    }
    read_scope(&own, None, &mut draft, reader, &settings.import);
    for (id, files) in workspaces {
        let name = files.iter().find(|(_, relative)| layout::plain(relative) == "workspaceinformation.json");
        let name = name.and_then(|(path, _)| display_name(path, reader));
        draft
            .workspaces
            .insert(id.into(), Workspace { id: id.into(), name: name.unwrap_or_else(|| id.into()), policy: None });
        let files: Vec<_> =
            files.into_iter().filter(|(_, rest)| layout::plain(rest) != "workspaceinformation.json").collect();
        read_scope(&files, Some(id), &mut draft, reader, &settings.import);
    }
    draft
}

fn display_name(path: &str, reader: &mut Reader<'_>) -> Option<Box<str>> {
    reader.json(path, |root, _, _| Some(root.at(&["properties", "displayName"])?.text()?.into()))
}

/// Reads the files of the service, or of one workspace: pairs of whole and relative path.
fn read_scope(
    files: &[(&str, &str)],
    workspace: Option<&str>,
    draft: &mut Draft,
    reader: &mut Reader<'_>,
    manner: &ImportSettings,
) {
    let mut folders: BTreeMap<&str, ApiFolder<'_>> = BTreeMap::new();
    let mut fragments: BTreeMap<&str, FragmentFiles<'_>> = BTreeMap::new();
    let mut products: BTreeMap<&str, Vec<(&str, ProductFile<'_>)>> = BTreeMap::new();
    let mut tags = Vec::new();
    let mut unknown = Vec::new();
    for (path, relative) in files {
        match classify(relative) {
            Entry::GlobalPolicy => {
                let policy = reader.policy(path);
                match workspace {
                    None => draft.policy = policy,
                    Some(id) => {
                        if let Some(workspace) = draft.workspaces.get_mut(id) {
                            workspace.policy = policy;
                        }
                    }
                }
            }
            Entry::Api { folder, file } => {
                folders.entry(folder).or_insert_with(|| ApiFolder::new(folder)).add(file, path)
            }
            Entry::Product { id, file } => products.entry(id).or_default().push((path, file)),
            Entry::Information { kind: Kind::Fragment, id } => {
                fragments.entry(id).or_default().information = Some(path)
            }
            Entry::FragmentPolicy { id } => fragments.entry(id).or_default().policy = Some(path),
            Entry::Information { kind, id } => information(kind, id, path, draft, reader),
            Entry::TagApi { tag, api } => tags.push((tag, api)),
            Entry::Passed => {}
            Entry::Unknown => unknown.push((*path, *relative)),
        }
    }
    let first = draft.apis.len();
    apis::read(folders.into_values().collect(), draft, reader, manner);
    for api in &mut draft.apis[first..] {
        api.value.workspace = workspace.map(Into::into);
        let on = tags.iter().filter(|(_, id)| **id == *api.value.id).map(|(tag, _)| Box::from(*tag));
        api.value.tags.extend(on);
    }
    for (id, files) in products {
        product(id, &files, draft, reader);
    }
    for (id, files) in fragments {
        fragment(id, &files, draft, reader);
    }
    report_unknown(&unknown, reader);
}

/// Reads the `properties` of an information file.
fn properties<T>(
    path: &str,
    reader: &mut Reader<'_>,
    use_it: impl FnOnce(Table<'_, '_>, &mut Sheet<'_>) -> Option<T>,
) -> Option<T> {
    reader.json(path, |root, source, found| {
        let sheet = &mut Sheet::new(source, found);
        let node = root.get("properties").unwrap_or(root);
        use_it(Table::open(sheet, node, "properties")?, sheet)
    })
}

fn information(kind: Kind, id: &str, path: &str, draft: &mut Draft, reader: &mut Reader<'_>) {
    match kind {
        Kind::Backend => {
            let read = properties(path, reader, |table, sheet| resources::backend(id, table, sheet));
            // What could not be read was refused; an empty backend keeps other refusals from following.
            let backend = read.unwrap_or_else(|| Placed {
                value: Backend::single(id, "http://localhost"),
                at: Place::new(&Source::new(reader.files.shown(path), ""), Span::default()),
            });
            draft.backends.insert(id.into(), backend);
        }
        Kind::NamedValue => {
            let value = properties(path, reader, |table, sheet| Some(resources::named_value(id, table, sheet)));
            if let Some(value) = value {
                crate::checks::add_named_value(draft, value, &mut reader.found);
            }
        }
        Kind::VersionSet => {
            if let Some(set) = properties(path, reader, |table, sheet| resources::version_set(id, table, sheet)) {
                draft.version_sets.insert(id.into(), set);
            }
        }
        Kind::Subscription => {
            let read = properties(path, reader, |table, sheet| resources::subscription(id, table, sheet));
            if let Some((subscription, owner)) = read {
                draft.subscriptions.insert(id.into(), subscription);
                draft.owners.extend(owner);
            }
        }
        Kind::Group => {
            if let Some(group) = properties(path, reader, |table, sheet| Some(resources::group(id, table, sheet))) {
                draft.groups.insert(id.into(), group);
            }
        }
        Kind::User => {
            if let Some(user) = properties(path, reader, |table, sheet| Some(resources::user(id, table, sheet))) {
                draft.users.insert(id.into(), user);
            }
        }
        Kind::Schema => {
            if let Some(schema) = properties(path, reader, |table, sheet| resources::schema(id, table, sheet)) {
                draft.schemas.insert(id.into(), schema);
            }
        }
        Kind::Logger => draft.loggers.push(id.into()),
        Kind::Fragment => {}
    }
}

#[derive(Default)]
struct FragmentFiles<'p> {
    information: Option<&'p str>,
    policy: Option<&'p str>,
}

fn fragment(id: &str, files: &FragmentFiles<'_>, draft: &mut Draft, reader: &mut Reader<'_>) {
    let information = files.information.and_then(|path| {
        properties(path, reader, |mut table, sheet| {
            let description: Box<str> = table.text(sheet, "description").unwrap_or_default().into();
            Some((description, table.text(sheet, "value").map(String::from)))
        })
    });
    let (description, inline) = information.unwrap_or_default();
    let policy = match (files.policy, inline, files.information) {
        // What could not be read was refused; an empty fragment keeps other refusals from following.
        (Some(path), ..) => reader.fragment(path).unwrap_or_else(|| PolicyText::new(path, "<fragment />")),
        (None, Some(text), Some(path)) => PolicyText::new(reader.files.shown(path), text),
        (None, _, path) => {
            let name = path.map(|path| reader.files.shown(path)).unwrap_or_default();
            let refusal = Diagnostic::new("fragment::policy", format!("the fragment `{id}` has no `policy.xml`"));
            let help = "write `<fragment>…</fragment>` into `policy.xml` beside this file";
            reader.found.push(refusal.at(&Source::new(name, ""), Span::default()).help(help));
            return;
        }
    };
    let at = Place::new(&policy.source, Span::default());
    draft.fragments.insert(id.into(), Placed { value: Fragment { id: id.into(), description, policy }, at });
}

fn product(id: &str, files: &[(&str, ProductFile<'_>)], draft: &mut Draft, reader: &mut Reader<'_>) {
    let mut product = None;
    let mut policy = None;
    for (path, file) in files {
        match file {
            ProductFile::Information => {
                product = properties(path, reader, |table, sheet| Some(resources::product(id, table, sheet)));
                if product.is_none() {
                    return;
                }
            }
            ProductFile::Policy => policy = reader.policy(path),
            ProductFile::Apis => draft.product_apis.extend(names(id, path, reader)),
            ProductFile::Groups => draft.product_groups.extend(names(id, path, reader)),
            ProductFile::Api { api } => draft.product_apis.push(link_of_file(id, api, path, reader)),
            ProductFile::Group { group } => draft.product_groups.push(link_of_file(id, group, path, reader)),
        }
    }
    let Some(mut product) = product else {
        let name = files.first().map(|(path, _)| reader.files.shown(path)).unwrap_or_default();
        let refusal =
            Diagnostic::new("product::information", format!("the product `{id}` has no `productInformation.json`"));
        let help = "write it, with at least `{\"properties\": {\"displayName\": \"…\", \"state\": \"published\"}}`";
        reader.found.push(refusal.at(&Source::new(name, ""), Span::default()).help(help));
        return;
    };
    product.value.policy = policy;
    draft.products.insert(id.into(), product);
}

fn link_of_file(from: &str, to: &str, path: &str, reader: &Reader<'_>) -> Link {
    let source = Source::new(reader.files.shown(path), "");
    Link { from: from.into(), to: resources::without_revision(to).into(), at: Place::new(&source, Span::default()) }
}

/// The names of an association file: `[{"name": "a"}]` or `["a"]`.
fn names(from: &str, path: &str, reader: &mut Reader<'_>) -> Vec<Link> {
    let Some(source) = reader.source(path) else { return Vec::new() };
    let Some(root) = document(&source, Format::Json, &mut reader.found) else { return Vec::new() };
    let sheet = &mut Sheet::new(&source, &mut reader.found);
    names_of(&root, sheet)
        .into_iter()
        .map(|(name, span)| Link {
            from: from.into(),
            to: resources::without_revision(&name).into(),
            at: Place::new(&source, span),
        })
        .collect()
}

fn names_of(root: &Node<'_>, sheet: &mut Sheet<'_>) -> Vec<(String, Span)> {
    let mut all = Vec::new();
    if !matches!(root.value, crate::tree::Value::List(_)) {
        let message = format!("a list of names is expected, found {}", root.kind());
        sheet.error("import::type", root.span, message, "write `[{\"name\": \"orders\"}]`");
    }
    for item in root.items() {
        match item.get("name").unwrap_or(item).text() {
            Some(name) => all.push((name.to_owned(), item.span)),
            None => {
                sheet.error("import::type", item.span, "this element has no `name`", "write `{\"name\": \"orders\"}`")
            }
        }
    }
    all
}

/// One warning for each unknown file of a folder of the layout; other folders and files are left in peace.
fn report_unknown(unknown: &[(&str, &str)], reader: &mut Reader<'_>) {
    const NAMES: [&str; 10] = [
        "apiInformation.json",
        "policy.xml",
        "specification.yaml",
        "productInformation.json",
        "backendInformation.json",
        "namedValueInformation.json",
        "policyFragmentInformation.json",
        "versionSetInformation.json",
        "subscriptionInformation.json",
        "operationInformation.json",
    ];
    let ours: Vec<_> = unknown
        .iter()
        .filter(|(_, relative)| relative.split_once('/').is_some_and(|(first, _)| layout::is_layout_folder(first)))
        .collect();
    for (path, relative) in ours.iter().take(MAX_UNKNOWN) {
        let name = relative.rsplit('/').next().unwrap_or(relative);
        let help = match nearest(name, NAMES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it, or move it out of the folder".to_owned(),
        };
        let warning =
            Diagnostic::new("import::unknown-file", "this file is not part of the layout and is not read").warning();
        reader.found.push(warning.at(&Source::new(reader.files.shown(path), ""), Span::default()).help(help));
    }
    if ours.len() > MAX_UNKNOWN {
        let message = format!("{} more files are not part of the layout and are not read", ours.len() - MAX_UNKNOWN);
        reader.found.push(Diagnostic::new("import::unknown-file", message).warning());
    }
}
