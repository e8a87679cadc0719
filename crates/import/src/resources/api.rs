use apimite_diag::nearest;
use apimite_model::{Api, ApiKind, KeyNames, Protocols, VersionScheme, VersionSet};

use super::tail;
use crate::draft::{Place, Placed};
use crate::problems::Sheet;
use crate::tree::table::Table;

/// Reads an API contract. `name` is the resource name, possibly with `;rev=N`.
pub(crate) fn api(name: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Placed<Api> {
    let (id, revision_of_name) = match name.split_once(";rev=") {
        Some((id, revision)) => (id, Some(revision)),
        None => (name, None),
    };
    let path = table.text_at(sheet, "path");
    let span = path.as_ref().map_or(table.span(), |(_, span)| *span);
    let path = path.map(|(path, _)| path).unwrap_or_default();
    let path = path.trim_matches('/');
    if path.contains(['?', '#', '{', '}']) || path.contains("//") {
        let help = "write path segments without `?`, `#`, braces and empty segments";
        sheet.error("api::path", span, format!("`{path}` cannot be the path of an API"), help);
    }
    let mut api = Api::new(id, path, "");
    let revision = table.text_at(sheet, "apiRevision");
    if let (Some(named), Some((written, span))) = (revision_of_name, &revision)
        && named != written
    {
        let help =
            format!("the name counts; make `apiRevision` `{named}`, or rename the resource to `{id};rev={written}`");
        let message = format!("`apiRevision` is `{written}`, but the resource is named `{name}`");
        sheet.warn("api::revision", *span, message, help);
    }
    if let Some(revision) = revision_of_name.map(Into::into).or(revision.map(|(revision, _)| revision.into())) {
        api.revision = revision;
    }
    if let Some(url) = table.text_at(sheet, "serviceUrl") {
        let (url, span) = url;
        if !url.is_empty() && !crate::url::is_base_url(&url) {
            sheet.error("api::service-url", span, format!("`{url}` is no base URL"), crate::url::HELP);
        } else {
            api.service_url = url.into();
        }
    }
    if let Some(name) = table.text(sheet, "displayName") {
        api.name = name.into();
    }
    api.description = table.text(sheet, "description").unwrap_or_default().into();
    api.is_current = table.flag(sheet, "isCurrent").unwrap_or(false) || revision_of_name.is_none();
    api.is_online = table.flag(sheet, "isOnline").unwrap_or(true);
    api.version = table.text(sheet, "apiVersion").unwrap_or_default().into();
    api.version_set = table.text(sheet, "apiVersionSetId").map(|id| tail(&id).into());
    api.subscription_required = table.flag(sheet, "subscriptionRequired").unwrap_or(true);
    let kind = if table.get("type").is_some() { "type" } else { "apiType" };
    api.kind = kind_of(&mut table, kind, sheet);
    api.protocols = protocols(&mut table, sheet, api.kind);
    if let Some(mut names) = table.table(sheet, "subscriptionKeyParameterNames") {
        let usual = KeyNames::default();
        api.key_names = KeyNames {
            header: names.text(sheet, "header").map_or(usual.header, Into::into),
            query: names.text(sheet, "query").map_or(usual.query, Into::into),
        };
    }
    Placed { value: api, at: Place::new(sheet.source, span) }
}

fn kind_of(table: &mut Table<'_, '_>, key: &'static str, sheet: &mut Sheet<'_>) -> ApiKind {
    let Some((text, span)) = table.text_at(sheet, key) else { return ApiKind::Http };
    match text.to_ascii_lowercase().as_str() {
        "http" | "odata" | "mcp" => ApiKind::Http,
        "soap" => ApiKind::Soap,
        "websocket" => ApiKind::WebSocket,
        "graphql" => ApiKind::GraphQl,
        _ => {
            let help = "APIs of this kind are served as plain HTTP";
            sheet.warn("api::type", span, format!("APIs of type `{text}` have no support of their own"), help);
            ApiKind::Http
        }
    }
}

fn protocols(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, kind: ApiKind) -> Protocols {
    let mut protocols = Protocols { http: false, https: false, ws: false, wss: false };
    let Some(list) = table.texts(sheet, "protocols").filter(|list| !list.is_empty()) else {
        // Source: API contract, `protocols`: https alone unless given; WebSocket APIs have wss.
        let socket = kind == ApiKind::WebSocket;
        return Protocols { http: false, https: !socket, ws: false, wss: socket };
    };
    for (text, span) in list {
        match text.to_ascii_lowercase().as_str() {
            "http" => protocols.http = true,
            "https" => protocols.https = true,
            "ws" => protocols.ws = true,
            "wss" => protocols.wss = true,
            other => {
                let near = nearest(other, ["http", "https", "ws", "wss"])
                    .map_or(String::new(), |n| format!("did you mean `{n}`? "));
                sheet.error(
                    "api::protocol",
                    span,
                    format!("`{text}` is no protocol of an API"),
                    format!("{near}possible are `http`, `https`, `ws`, `wss`"),
                );
            }
        }
    }
    protocols
}

/// The type and the field of a resolver contract.
///
/// Source: resolver contract, `path`: type and field, such as `Query/users`.
pub(crate) fn resolver_place(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<(Box<str>, Box<str>)> {
    let (text, span) = table.text_at(sheet, "path").unwrap_or_default();
    match text.split_once('/') {
        Some((kind, field)) if !kind.is_empty() && !field.is_empty() && !field.contains('/') => {
            Some((kind.into(), field.into()))
        }
        _ => {
            let message = format!("`{text}` is no field of a GraphQL schema");
            sheet.error("resolver::path", span, message, "write `\"path\": \"Query/users\"`");
            None
        }
    }
}

/// Reads a version set contract.
pub(crate) fn version_set(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<Placed<VersionSet>> {
    let at = Place::new(sheet.source, table.span());
    let schemes = [("Segment", 0), ("Query", 1), ("Header", 2)];
    let name = table.text(sheet, "displayName").map_or_else(|| id.into(), Into::into);
    let query = table.text(sheet, "versionQueryName");
    let header = table.text(sheet, "versionHeaderName");
    let written = table.get("versioningScheme").is_some();
    let scheme = match table.word(sheet, "versioningScheme", &schemes) {
        None if written => return None,
        None | Some(0) => VersionScheme::Segment,
        Some(1) => match query {
            Some(name) => VersionScheme::Query(name.into()),
            None => {
                let help = "write `\"versionQueryName\": \"api-version\"`";
                let message = format!("the version set `{id}` tells versions apart by query, but names no parameter");
                sheet.error("version-set::name", at.span, message, help);
                return None;
            }
        },
        Some(_) => match header {
            Some(name) => VersionScheme::Header(name.into()),
            None => {
                let help = "write `\"versionHeaderName\": \"Api-Version\"`";
                let message = format!("the version set `{id}` tells versions apart by header, but names no header");
                sheet.error("version-set::name", at.span, message, help);
                return None;
            }
        },
    };
    Some(Placed { value: VersionSet { id: id.into(), name, scheme }, at })
}
