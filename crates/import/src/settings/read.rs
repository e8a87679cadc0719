use apimite_diag::{Diagnostic, Source, Span};
use apimite_model::Secret;
use indexmap::IndexMap;

use super::sections::{self, address};
use super::{Given, Listen, Settings, connections, decisions, network, outside};
use crate::files::Files;
use crate::problems::Sheet;
use crate::tree::table::Table;
use crate::tree::{self, Node};

/// What `apimite.toml` may refer to outside itself.
pub(crate) struct Surroundings<'e> {
    /// Looks up environment variables.
    pub(crate) environment: &'e dyn Fn(&str) -> Option<String>,
    /// Files beside it.
    pub(crate) files: &'e dyn Files,
}

/// The refusal code of unknown keys.
pub(super) const UNKNOWN: &str = "settings::unknown-key";

/// Reads `apimite.toml`. Everything that cannot be read is refused in `found`, and the rest still counts.
pub(crate) fn read(source: &Source, around: &Surroundings<'_>, found: &mut Vec<Diagnostic>) -> Settings {
    let mut mistakes = Vec::new();
    let root = tree::toml::read(source.text(), &mut mistakes);
    let sheet = &mut Sheet::new(source, found);
    sheet.malformed("settings::toml", mistakes);
    let mut settings = Settings { source: Some(source.clone()), ..Settings::default() };
    let Some(mut table) = Table::open(sheet, &root, super::FILE_NAME) else { return settings };
    settings.folder = table.text(sheet, "folder").map(Into::into);
    if let Some(t) = table.table(sheet, "service") {
        settings.service = sections::service(t, sheet);
    }
    if let Some(t) = table.table(sheet, "listen") {
        settings.listen = listen(t, sheet);
    }
    if let Some(t) = table.table(sheet, "tls") {
        settings.tls = sections::tls(t, sheet);
    }
    if let Some(t) = table.table(sheet, "network") {
        settings.network = network::network(t, sheet);
    }
    if let Some(t) = table.table(sheet, "dns") {
        settings.dns = network::dns(t, sheet);
    }
    if let Some(node) = table.get("private_endpoints") {
        settings.private_endpoints =
            named(node, "private_endpoints", sheet, |name, t, sheet| Some(sections::private_endpoint(name, t, sheet)))
                .into_values()
                .collect();
    }
    if let Some(node) = table.get("named_values")
        && Table::open(sheet, node, "named_values").is_some()
    {
        for member in node.members() {
            if let Some(given) = given(&member.node, &member.key, around, sheet) {
                settings.named_values.insert((&*member.key).into(), given);
            }
        }
    }
    if let Some(node) = table.get("subscriptions") {
        settings.subscriptions =
            named(node, "subscriptions", sheet, |_, t, sheet| Some(sections::subscription(t, sheet, around)));
    }
    if let Some(node) = table.get("users") {
        settings.users = named(node, "users", sheet, |_, t, sheet| Some(sections::user(t, sheet)));
    }
    if let Some(node) = table.get("backends") {
        settings.backends = named(node, "backends", sheet, |_, t, sheet| Some(sections::backend(t, sheet)));
    }
    if let Some(node) = table.get("apis") {
        settings.apis = named(node, "apis", sheet, |_, t, sheet| Some(sections::api(t, sheet)));
    }
    if let Some(node) = table.get("products") {
        settings.products = named(node, "products", sheet, |_, t, sheet| Some(sections::product(t, sheet)));
    }
    if let Some(node) = table.get("certificates") {
        settings.certificates =
            named(node, "certificates", sheet, |name, t, sheet| sections::certificate(name, t, sheet));
    }
    if let Some(node) = table.get("connections") {
        settings.connections = connections::read(node, sheet, around);
    }
    if let Some(t) = table.table(sheet, "counters") {
        settings.counters = sections::counters(t, sheet, around);
    }
    if let Some(t) = table.table(sheet, "cache") {
        settings.cache = sections::cache(t, sheet, around);
    }
    if let Some(node) = table.get("stand_ins") {
        settings.stand_ins = outside::stand_ins(node, sheet);
    }
    if let Some(t) = table.table(sheet, "sinks") {
        settings.sinks = outside::sinks(t, sheet);
    }
    if let Some(t) = table.table(sheet, "dapr") {
        settings.dapr = outside::dapr(t, sheet);
    }
    if let Some(t) = table.table(sheet, "decisions") {
        settings.decisions = decisions::read(t, sheet);
    }
    if let Some(t) = table.table(sheet, "limits") {
        settings.limits = sections::limits(t, sheet);
    }
    if let Some(t) = table.table(sheet, "import") {
        settings.import = sections::import(t, sheet);
    }
    table.close(sheet, UNKNOWN);
    settings
}

/// A table of tables: `[section.NAME]`.
pub(super) fn named<'n, 'a, T>(
    node: &'n Node<'a>,
    section: &str,
    sheet: &mut Sheet<'_>,
    mut read: impl FnMut(&'n str, Table<'n, 'a>, &mut Sheet<'_>) -> Option<T>,
) -> IndexMap<Box<str>, T> {
    let mut all = IndexMap::new();
    if !node.is_map() {
        let message = format!("`{section}` has to hold one table for each name, found {}", node.kind());
        sheet.error("import::type", node.span, message, format!("write `[{section}.NAME]` and its keys below"));
        return all;
    }
    for member in node.members() {
        if let Some(table) = Table::open(sheet, &member.node, format!("{section}.{}", member.key))
            && let Some(value) = read(&member.key, table, sheet)
        {
            all.insert((&*member.key).into(), value);
        }
    }
    all
}

fn listen(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Listen {
    let listen = Listen {
        http: address(&mut table, sheet, "http"),
        https: address(&mut table, sheet, "https"),
        management: address(&mut table, sheet, "management"),
        control_plane: address(&mut table, sheet, "control_plane"),
        probe: address(&mut table, sheet, "probe"),
        dns: address(&mut table, sheet, "dns"),
        echo: address(&mut table, sheet, "echo"),
    };
    table.close(sheet, UNKNOWN);
    listen
}

/// A value that is text, or taken from the environment (`{ env = "NAME" }`) or a file (`{ file = "PATH" }`).
pub(super) fn given(node: &Node<'_>, name: &str, around: &Surroundings<'_>, sheet: &mut Sheet<'_>) -> Option<Given> {
    if let Some(text) = node.scalar() {
        return Some(Given { value: Secret::new(text.into_owned()), span: node.span });
    }
    if !node.is_map() {
        let message = format!("`{name}` has to be text, found {}", node.kind());
        sheet.error("import::type", node.span, message, "write text, `{ env = \"NAME\" }` or `{ file = \"PATH\" }`");
        return None;
    }
    let mut table = Table::open(sheet, node, name)?;
    let variable = table.text_at(sheet, "env");
    let file = table.text_at(sheet, "file");
    table.close(sheet, UNKNOWN);
    let value = match (variable, file) {
        (Some((variable, span)), _) => (around.environment)(&variable).or_else(|| {
            let message = format!("the environment variable `{variable}` is not set");
            sheet.error("settings::environment", span, message, format!("set it, or write the value of `{name}` here"));
            None
        }),
        (None, Some((file, span))) => read_value(&file, span, around, sheet),
        (None, None) => {
            sheet.error(
                "settings::value",
                node.span,
                format!("`{name}` has no value"),
                "write text, `{ env = \"NAME\" }` or `{ file = \"PATH\" }`",
            );
            None
        }
    };
    value.map(|value| Given { value: Secret::new(value), span: node.span })
}

fn read_value(file: &str, span: Span, around: &Surroundings<'_>, sheet: &mut Sheet<'_>) -> Option<String> {
    match around.files.read(file) {
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(_) => {
                sheet.error("import::encoding", span, format!("the file `{file}` is not UTF-8"), "save it as UTF-8");
                None
            }
        },
        Err(error) => {
            let why = crate::reader::reason(&error);
            sheet.error(
                "import::file",
                span,
                format!("the file `{file}` cannot be read: {why}"),
                "paths are relative to `apimite.toml`",
            );
            None
        }
    }
}
