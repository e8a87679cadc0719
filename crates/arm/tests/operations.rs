//! Which operations of the management API there are: `docs/operations.md` is made from the tables of types and actions.
//! `APIMITE_WRITE_DOCS=1 cargo test -p apimite-arm --test operations` writes it anew.
#![allow(clippy::panic, clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may")]

use std::collections::BTreeMap;
use std::fmt::Write;

use apimite_arm::kinds;

const SERVICE: &str = "{svc}";
/// Operations whose method and path mean something else here: an export is a read with parameters that are not honoured.
const OTHERS: [&str; 2] = ["ApiExport_Get", "WorkspaceApiExport_Get"];

/// Segments behind the namespace.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = match path.strip_prefix(SERVICE) {
        Some(rest) => format!("service/NAME{rest}"),
        None => path.split_once("Microsoft.ApiManagement/")?.1.to_owned(),
    };
    Some(path.split('/').map(str::to_owned).collect())
}

/// Is an operation one of the tables?
fn is_served(method: &str, path: &str) -> bool {
    let Some(whole) = segments(path) else { return false };
    let on = |count: usize| {
        let types: Vec<&str> = whole[..count].iter().step_by(2).map(String::as_str).collect();
        std::iter::once("Microsoft.ApiManagement").chain(types).collect::<Vec<_>>().join("/")
    };
    let by_action = kinds::actions().filter(|one| one.method == method).any(|one| {
        let parts: Vec<&str> = one.name.split('/').collect();
        let Some(at) = whole.len().checked_sub(parts.len()) else { return false };
        let matches =
            parts.iter().zip(&whole[at..]).all(|(want, have)| *want == "*" || want.eq_ignore_ascii_case(have));
        matches && at % 2 == 0 && on(at).eq_ignore_ascii_case(one.on)
    });
    let is_item = whole.len() % 2 == 0;
    let known = kinds::all().any(|kind| kind.name.eq_ignore_ascii_case(&on(whole.len())));
    let reads = if is_item { matches!(method, "GET" | "HEAD" | "PUT" | "PATCH" | "DELETE") } else { method == "GET" };
    by_action || (known && reads)
}

#[test]
fn the_page_of_operations_says_what_the_tables_say() {
    let rows: Vec<Vec<&str>> = include_str!("operations.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    let (mut there, mut missing) = (BTreeMap::<&str, Vec<&str>>::new(), BTreeMap::<String, Vec<&str>>::new());
    let mut count = 0;
    for row in &rows {
        let [name, method, path] = row.as_slice() else { panic!("{row:?}") };
        if is_served(method, path) && !OTHERS.contains(name) {
            count += 1;
            let methods = there.entry(path).or_default();
            if !methods.contains(method) {
                methods.push(method);
            }
        } else {
            let group = path.strip_prefix("{svc}/").and_then(|rest| rest.split('/').next()).unwrap_or("(others)");
            missing.entry(group.to_owned()).or_default().push(name);
        }
    }
    let mut page = format!(
        "# Operations of the management API\n\nMade from the tables of types and actions by `cargo test -p apimite-arm --test operations`. Of the {} operations that\n`Microsoft.ApiManagement` has in versions 2022-08-01 and 2024-05-01 together, {count} are here; [management.md](management.md) says what they do to\nthe gateway.\n\n`{{svc}}` is `/subscriptions/SUB/resourceGroups/RG/providers/Microsoft.ApiManagement/service/NAME`.\n\n| path | methods |\n|---|---|\n",
        rows.len()
    );
    for (path, methods) in &there {
        writeln!(page, "| `{path}` | {} |", methods.join(" ")).unwrap();
    }
    page.push_str("\n## Not there\n\n");
    for (group, names) in &missing {
        writeln!(page, "- {group}: {}", names.join(", ")).unwrap();
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    if std::env::var("APIMITE_WRITE_DOCS").is_ok() {
        std::fs::write(file, &page).unwrap();
        return;
    }
    let known = std::fs::read_to_string(file).unwrap();
    assert!(
        known == page,
        "docs/operations.md is out of date: APIMITE_WRITE_DOCS=1 cargo test -p apimite-arm --test operations"
    );
}

/// The rule above against operations that are known to be there, and not.
#[test]
fn what_is_there_is_told_from_what_is_not() {
    for (method, path) in [
        ("PUT", "{svc}"),
        ("GET", "{svc}/apis/{apiId}/operations"),
        ("POST", "{svc}/gateways/{gatewayId}/listDebugCredentials"),
        ("GET", "{svc}/locations/{locationName}/networkstatus"),
        ("PATCH", "{svc}/quotas/{key}/periods/{period}"),
        ("POST", "{sub}/providers/Microsoft.ApiManagement/checkNameAvailability"),
    ] {
        assert!(is_served(method, path), "{method} {path}");
    }
    for (method, path) in [
        ("POST", "{svc}/backup"),
        ("GET", "{svc}/workspaces/{workspaceId}/apis"),
        ("POST", "{svc}/apis"),
        ("GET", "/providers/Microsoft.ApiManagement/operations"),
    ] {
        assert!(!is_served(method, path), "{method} {path}");
    }
}
