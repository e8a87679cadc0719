//! `[connections.PROVIDER.ID]`: what `get-authorization-context` finds.

use apimite_model::{Connection, ConnectionUser};
use indexmap::IndexMap;

use super::read::{Surroundings, UNKNOWN, given, named};
use crate::problems::Sheet;
use crate::tree::Node;
use crate::tree::table::Table;

/// Every connection by provider and id.
pub(super) fn read(
    node: &Node<'_>,
    sheet: &mut Sheet<'_>,
    around: &Surroundings<'_>,
) -> IndexMap<(Box<str>, Box<str>), Connection> {
    let mut all = IndexMap::new();
    if Table::open(sheet, node, "connections").is_none() {
        return all;
    }
    for provider in node.members() {
        let section = format!("connections.{}", provider.key);
        let found = named(&provider.node, &section, sheet, |_, table, sheet| Some(connection(table, sheet, around)));
        all.extend(found.into_iter().map(|(id, value)| (((&*provider.key).into(), id), value)));
    }
    all
}

fn connection(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>, around: &Surroundings<'_>) -> Connection {
    let token = table.get("access_token").and_then(|node| given(node, "access_token", around, sheet));
    let mut claims = Vec::new();
    if let Some(node) = table.get("claims")
        && Table::open(sheet, node, "claims").is_some()
    {
        for member in node.members() {
            match member.node.scalar() {
                Some(text) => claims.push(((&*member.key).into(), text.into())),
                None => {
                    let message = format!("the claim `{}` has to be text, found {}", member.key, member.node.kind());
                    sheet.error("import::type", member.node.span, message, "write it in quotes");
                }
            }
        }
    }
    let allowed = table.texts(sheet, "allow").unwrap_or_default();
    let connection = Connection {
        access_token: token.map(|given| given.value),
        claims,
        allowed: allowed
            .into_iter()
            .map(|(text, _)| match &*text {
                "managed" => ConnectionUser::Managed,
                object => ConnectionUser::Object(object.into()),
            })
            .collect(),
        error: table.text(sheet, "error").map(Into::into),
    };
    table.close(sheet, UNKNOWN);
    connection
}

#[cfg(test)]
mod tests {
    use apimite_model::ConnectionUser;

    use crate::{Memory, import};

    #[test]
    fn a_connection_has_a_token_claims_and_access_policies() {
        let text = "[connections.github-01.auth-01]\naccess_token = { env = \"TOKEN\" }\nclaims = { login = \"octocat\" }\n\
                    allow = [\"managed\", \"00000000-0000-0000-0000-000000000001\"]\ntoken = \"x\"\n";
        let files = Memory::new()
            .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a", "type": "websocket"}}"#)
            .with("apimite.toml", text);
        let imported = import(&files, &|name| (name == "TOKEN").then(|| "secret".to_owned()));
        let connection = &imported.service.connections[&("github-01".into(), "auth-01".into())];
        assert_eq!(connection.access_token.as_ref().unwrap().reveal(), "secret");
        assert_eq!(connection.claims, [("login".into(), "octocat".into())]);
        assert_eq!(connection.allowed[0], ConnectionUser::Managed);
        assert_eq!(imported.diagnostics.0.len(), 1, "{:?}", imported.diagnostics);
        assert!(imported.diagnostics.0[0].message.contains("`token`"), "{:?}", imported.diagnostics);
    }
}
