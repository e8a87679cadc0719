//! `[stand_ins]`, `[sinks]`, `[dapr]`: what is outside of the gateway, and what stands in for it.

use apimite_diag::Span;
use apimite_model::Secret;
use indexmap::IndexMap;

use super::Sinks;
use super::read::UNKNOWN;
use crate::problems::Sheet;
use crate::tree::Node;
use crate::tree::table::Table;

/// `"login.microsoftonline.com" = "entra.rhai"`.
pub(super) fn stand_ins(node: &Node<'_>, sheet: &mut Sheet<'_>) -> IndexMap<Box<str>, (Box<str>, Span)> {
    let mut all = IndexMap::new();
    if Table::open(sheet, node, "stand_ins").is_none() {
        return all;
    }
    for member in node.members() {
        let name = member.key.to_ascii_lowercase();
        let is_host = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'));
        if !is_host {
            let message = format!("`{}` is no host name", member.key);
            sheet.error(
                "settings::stand-in",
                member.node.span,
                message,
                "write it like `\"api.example.com\" = \"x.rhai\"`",
            );
        } else if let Some(path) = member.node.scalar() {
            all.insert(name.into(), (path.into(), member.node.span));
        } else {
            let message = format!("`{}` has to be the path of a script, found {}", member.key, member.node.kind());
            sheet.error("import::type", member.node.span, message, "write `\"x.rhai\"`");
        }
    }
    all
}

/// Has a connection string of Service Bus or Event Hubs what is needed?
fn names_a_way_in(text: &str) -> bool {
    let has = |name: &str| {
        let mut pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        pairs.any(|(key, value)| key.trim().eq_ignore_ascii_case(name) && !value.trim().is_empty())
    };
    let endpoint = text.split(';').next().and_then(|first| first.split_once("://"));
    let named = endpoint.is_some_and(|(_, rest)| !rest.trim_matches('/').trim().is_empty());
    named && (has("Authentication") || (has("SharedAccessKeyName") && has("SharedAccessKey")))
}

/// `file`, and a table `post` of URLs and connection strings.
pub(super) fn sinks(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Sinks {
    let mut sinks = Sinks { file: table.text(sheet, "file").map(Into::into), post: IndexMap::new() };
    if let Some(node) = table.get("post")
        && Table::open(sheet, node, "sinks.post").is_some()
    {
        for member in node.members() {
            let url = member.node.scalar().unwrap_or_default();
            let is_bus = url.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("endpoint="));
            if is_bus && !names_a_way_in(&url) {
                let message = "the connection string has no endpoint, or neither a key nor an identity";
                let help = "write `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…` or `Endpoint=sb://…;Authentication=Managed Identity`";
                sheet.error("settings::connection_string", member.node.span, message, help);
            } else if is_bus || crate::url::is_base_url(&url) {
                sinks.post.insert((&*member.key).into(), Secret::new(&*url));
            } else {
                let message = format!("the address of `{}` is no URL", member.key);
                sheet.error("settings::url", member.node.span, message, crate::url::HELP);
            }
        }
    }
    table.close(sheet, UNKNOWN);
    sinks
}

/// `url`
pub(super) fn dapr(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<Box<str>> {
    let url = super::sections::url(&mut table, sheet, "url");
    table.close(sheet, UNKNOWN);
    url
}
