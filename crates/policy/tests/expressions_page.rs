//! Keeps `docs/expressions.md` as the library and the documented list say.
//! `APIMITE_WRITE_DOCS=1 cargo test -p apimite-policy --test expressions_page` writes it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use apimite_expr::Type;
use apimite_expr::library::{Member, MemberKind, Registry, Shape, TypeDef};

/// One documented .NET type.
struct Documented {
    name: &'static str,
    /// Every member of it, or the named ones alone.
    all: bool,
    members: Vec<&'static str>,
    excluded: Vec<&'static str>,
}

/// What Azure documents.
#[derive(Default)]
struct List {
    types: BTreeMap<&'static str, Documented>,
    /// Types of the context with their members in C# words.
    context: Vec<(&'static str, Vec<&'static str>)>,
    extensions: Vec<&'static str>,
}

fn list() -> List {
    let mut list = List::default();
    for line in include_str!("allow_list.txt").lines().filter(|line| !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap();
        if kind == "extension" {
            list.extensions.push(rest);
            continue;
        }
        let (name, members) = rest.split_once(':').unwrap();
        if kind == "context" {
            list.context.push((name, members.split(';').map(str::trim).collect()));
            continue;
        }
        let (excluded, members) = members.split_whitespace().partition(|m| m.len() > 2 && m.starts_with('-'));
        let excluded: Vec<&str> = excluded;
        let excluded = excluded.into_iter().map(|m| &m[1..]).collect();
        list.types.insert(name, Documented { name, all: kind == "all", members, excluded });
    }
    list
}

fn library() -> Registry {
    Registry::new(&apimite_policy::context::library())
}

/// Full name with type parameters: `System.Collections.Generic.List<T>`.
fn full(def: &TypeDef) -> String {
    let parameters = def.parameters();
    if parameters.is_empty() {
        def.full_name().to_owned()
    } else {
        format!("{}<{}>", def.full_name(), parameters.join(","))
    }
}

fn find(registry: &Registry, name: &str) -> Option<&'static TypeDef> {
    let arity = name.split_once('<').map_or(0, |(_, list)| list.split(',').count());
    registry.find(name.split('<').next().unwrap(), arity).last().copied()
}

/// Without namespaces: `IEnumerable<string>`.
fn short(ty: Type) -> String {
    let mut out = String::new();
    for c in ty.csharp().chars() {
        if c == '.' {
            let kept = out.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
            out.truncate(kept);
        } else {
            out.push(c);
        }
    }
    out
}

/// A member in C# words, with types alone for parameters.
fn words(member: &Member) -> String {
    let mut out = format!("{} {}", short(member.ret), member.name);
    if !member.type_params.is_empty() {
        let _ = write!(out, "<{}>", member.type_params.join(", "));
    }
    if member.kind == MemberKind::Method {
        let params: Vec<String> = member.params.iter().map(|param| short(param.ty)).collect();
        let _ = write!(out, "({})", params.join(", "));
    }
    out
}

/// A member as a declaration.
fn declaration(member: &Member, can_set: bool) -> String {
    let row = member.row;
    let sig = row.sig.trim();
    match member.kind {
        MemberKind::Constructor => format!("new {}{sig}", member.def.simple_name()),
        MemberKind::Get | MemberKind::IndexGet if can_set => format!("{sig} {{ get; set; }}"),
        MemberKind::Set | MemberKind::IndexSet => format!("{sig} {{ set; }}"),
        _ => sig.to_owned(),
    }
}

/// The members a source may name.
fn visible(registry: &Registry, def: &'static TypeDef) -> Vec<std::sync::Arc<Member>> {
    registry.all_declared(def).into_iter().filter(|member| !member.row.hidden).collect()
}

fn is_setter(kind: MemberKind) -> bool {
    matches!(kind, MemberKind::Set | MemberKind::IndexSet)
}

/// Names of every member, inherited ones too.
fn names(registry: &Registry, def: &'static TypeDef) -> BTreeSet<&'static str> {
    let params: Vec<Type> =
        def.parameters().iter().enumerate().map(|(i, n)| Type::param(u16::try_from(i).unwrap(), n)).collect();
    let own = Type::generic(def, &params);
    let supers = registry.supers(own).iter().filter_map(|ty| ty.def());
    let mut out: BTreeSet<&'static str> = def.values().iter().map(|(name, _)| *name).collect();
    out.extend(registry.all_declared(def).iter().map(|member| member.name));
    for base in supers {
        out.extend(registry.all_declared(base).iter().filter(|m| m.name != ".ctor").map(|member| member.name));
    }
    // The language itself has the operators and conversions of its own types.
    match def.full_name() {
        "System.Nullable" => out.extend([".ctor", "implicit", "explicit"]),
        "System.Decimal" | "System.Double" | "System.Single" => {
            out.extend(["+", "-", "*", "/", "%", "++", "--", "==", "!=", "<", "<=", ">", ">=", "implicit", "explicit"]);
        }
        _ => {}
    }
    out
}

fn missing<'l>(registry: &Registry, def: &'static TypeDef, documented: &'l Documented) -> Vec<&'l str> {
    let have = names(registry, def);
    documented.members.iter().copied().filter(|name| !have.contains(name)).collect()
}

fn is_excluded(documented: &Documented, member: &Member) -> bool {
    documented.excluded.iter().any(|excluded| match excluded.strip_suffix("()") {
        Some(name) => member.name == name && member.params.is_empty(),
        None => member.name == *excluded,
    })
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn codes<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

fn members(out: &mut String, registry: &Registry, def: &'static TypeDef) {
    if !def.values().is_empty() {
        let _ = writeln!(out, "\nValues: {}.", codes(def.values().iter().map(|(name, _)| *name)));
    }
    let all = visible(registry, def);
    let set: Vec<&str> = all.iter().filter(|m| is_setter(m.kind)).map(|m| m.row.sig).collect();
    let rows: Vec<_> = all
        .iter()
        .filter(|m| !is_setter(m.kind) || !all.iter().any(|g| !is_setter(g.kind) && g.row.sig == m.row.sig))
        .collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n| member | state |\n|---|---|\n");
    for member in rows {
        let listed = member.is_listed() || def.is_host();
        let state = if listed { "listed" } else { "lenient only" };
        let since = if member.row.core_only { ", .NET Core only" } else { "" };
        let text = declaration(member, set.contains(&member.row.sig));
        let _ = writeln!(out, "| {} | {state}{since} |", code(&text));
    }
}

fn kind(def: &TypeDef) -> &'static str {
    match def.shape() {
        Shape::Class => "class",
        Shape::Static => "static class",
        Shape::Struct => "struct",
        Shape::Interface => "interface",
        Shape::Enum => "enum",
        Shape::Delegate => "delegate",
    }
}

fn documented_part(out: &mut String, registry: &Registry, list: &List) {
    out.push_str(
        "## Documented .NET types\n\n\
         Missing members are those of .NET Standard 2.0 (of Newtonsoft.Json for its types) that the library has not.\n\n\
         | type | documented | here | missing |\n|---|---|---|---|\n",
    );
    for documented in list.types.values() {
        let scope = if documented.all { "all members" } else { "some members" };
        let scope = match documented.excluded.as_slice() {
            [] => scope.to_owned(),
            excluded => format!("{scope} except {}", codes(excluded.iter().copied())),
        };
        match find(registry, documented.name) {
            None => {
                let _ = writeln!(out, "| {} | {scope} | **missing** | everything |", code(documented.name));
            }
            Some(def) => {
                let count = visible(registry, def).iter().filter(|m| !is_setter(m.kind)).count() + def.values().len();
                let gaps = codes(missing(registry, def, documented));
                let s = if count == 1 { "" } else { "s" };
                let _ = writeln!(out, "| {} | {scope} | {count} member{s} | {gaps} |", code(documented.name));
            }
        }
    }
}

fn context_part(out: &mut String, registry: &Registry, list: &List) {
    out.push_str("\n## Documented members of `context`\n\n| type | member | state |\n|---|---|---|\n");
    for (name, members) in &list.context {
        for member in members {
            let state = if has(registry, name, member) { "present" } else { "**missing**" };
            let _ = writeln!(out, "| `{name}` | {} | {state} |", code(member));
        }
    }
    for member in &list.extensions {
        let state = if has_extension(registry, member) { "present" } else { "**missing**" };
        let _ = writeln!(out, "| (extension) | {} | {state} |", code(member));
    }
}

fn has(registry: &Registry, ty: &str, member: &str) -> bool {
    find(registry, ty).is_some_and(|def| {
        let inherited = registry.supers(Type::of(def)).iter().filter_map(|ty| ty.def());
        std::iter::once(def).chain(inherited).any(|def| visible(registry, def).iter().any(|m| words(m) == member))
    })
}

fn has_extension(registry: &Registry, member: &str) -> bool {
    let head = member.split(['(', '<']).next().unwrap();
    let name = head.rsplit(' ').next().unwrap();
    registry.extensions(name).iter().any(|m| words(m) == member)
}

fn page() -> String {
    let (registry, list) = (library(), list());
    let mut out = String::from(
        "# Policy expressions: types and members\n\n\
         Generated from the rows of the library and the documented list; a test keeps it so.\n\n\
         *listed*: Azure documents it, and it compiles in strict mode. *lenient only*: .NET has it, Azure does not \
         document it; it compiles with `lenient_expressions` alone.\n\n",
    );
    documented_part(&mut out, &registry, &list);
    context_part(&mut out, &registry, &list);
    let mut groups: BTreeMap<&str, Vec<&'static TypeDef>> = BTreeMap::new();
    for def in registry.types() {
        groups.entry(def.namespace()).or_default().push(def);
    }
    for (namespace, mut types) in groups {
        types.sort_by_key(|def| full(def));
        let title = if namespace.is_empty() { "The context" } else { namespace };
        let _ = writeln!(out, "\n## {title}");
        for def in types {
            let state = match (list.types.get(full(def).as_str()), def.is_listed()) {
                _ if def.is_host() => "of the gateway",
                (Some(_), _) => "documented",
                (None, true) => "not documented, ordinary code needs it",
                (None, false) => "lenient only",
            };
            let name = full(def).trim_start_matches(namespace).trim_start_matches('.').replace('+', ".");
            let _ = writeln!(out, "\n### `{name}`\n\n{}, {state}.", kind(def));
            members(&mut out, &registry, def);
        }
    }
    out
}

#[test]
fn the_page_of_expressions_says_what_the_library_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/expressions.md");
    let page = page();
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the test")]
    if std::env::var("APIMITE_WRITE_DOCS").is_ok() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page, "docs/expressions.md is out of date: run with APIMITE_WRITE_DOCS=1");
}

/// Documented types that the library has not, with the reason.
const MISSING_TYPES: &[(&str, &str)] = &[];

#[test]
fn every_documented_type_exists() {
    let registry = library();
    for name in list().types.keys() {
        let excused = MISSING_TYPES.iter().any(|(missing, _)| missing == name);
        let exists = find(&registry, name).is_some();
        assert_ne!(exists, excused, "{name}: exists: {exists}, on the list of missing ones: {excused}");
    }
}

#[test]
fn every_documented_single_member_exists() {
    let registry = library();
    let mut gaps = Vec::new();
    for documented in list().types.values().filter(|documented| !documented.all) {
        if let Some(def) = find(&registry, documented.name) {
            gaps.extend(missing(&registry, def, documented).into_iter().map(|m| format!("{}.{m}", documented.name)));
        }
    }
    assert_eq!(gaps, Vec::<String>::new());
}

#[test]
fn every_documented_member_of_the_context_exists_with_its_type() {
    let (registry, list) = (library(), list());
    let mut gaps = Vec::new();
    for (name, members) in &list.context {
        gaps.extend(members.iter().filter(|m| !has(&registry, name, m)).map(|m| format!("{name}: {m}")));
    }
    gaps.extend(list.extensions.iter().filter(|m| !has_extension(&registry, m)).map(ToString::to_string));
    assert_eq!(gaps, Vec::<String>::new());
}

/// Types that the documentation does not list and that ordinary code, its own examples included, cannot do without.
/// (Exceptions, delegates and tuples besides: see [`is_needed`].)
const NEEDED: &[&str] = &[
    "Newtonsoft.Json.Linq.IJEnumerable<T>",
    "Newtonsoft.Json.Linq.JEnumerable<T>",
    "System.Collections.Generic.Dictionary+KeyCollection<TKey,TValue>",
    "System.Collections.Generic.Dictionary+ValueCollection<TKey,TValue>",
    "System.Collections.Generic.IReadOnlyList<T>",
    "System.Collections.ObjectModel.ReadOnlyCollection<T>",
    "System.DayOfWeek",
    "System.IO.TextReader",
    "System.IO.TextWriter",
    "System.Linq.IGrouping<TKey,TElement>",
    "System.Linq.ILookup<TKey,TElement>",
    "System.Linq.IOrderedEnumerable<T>",
    "System.Net.Sockets.AddressFamily",
    "System.Object",
    "System.Text.RegularExpressions.MatchCollection",
];

fn is_needed(def: &TypeDef) -> bool {
    let tuple = ["System.Tuple", "System.ValueTuple"].contains(&def.full_name());
    let delegate = def.shape() == Shape::Delegate;
    tuple || delegate || def.full_name().ends_with("Exception") || NEEDED.contains(&full(def).as_str())
}

/// Documented members that strict mode refuses, with the reason.
const REFUSED: &[(&str, &str, &str)] = &[(
    "System.Security.Cryptography.X509Certificates.X509Certificate2",
    "void Reset()",
    "a certificate cannot be emptied here, so code that relies on it must not pass",
)];

#[test]
fn strict_mode_accepts_what_is_documented_and_nothing_else() {
    let (registry, list) = (library(), list());
    let mut wrong = Vec::new();
    for def in registry.types().iter().filter(|def| !def.is_host()) {
        let name = full(def);
        let Some(documented) = list.types.get(name.as_str()) else {
            if def.is_listed() && !is_needed(def) {
                wrong.push(format!("{name}: listed, not documented"));
            }
            continue;
        };
        for member in visible(&registry, def) {
            let allowed = !is_excluded(documented, &member)
                && (documented.all || documented.members.contains(&member.name) || is_inherited(&member));
            let refused = REFUSED.iter().any(|(ty, sig, _)| *ty == name && *sig == member.row.sig);
            if member.kind != MemberKind::Operator && (allowed && !refused) != member.is_listed() {
                let state = if allowed { "documented, not listed" } else { "listed, not documented" };
                wrong.push(format!("{name}: `{}` is {state}", member.row.sig));
            }
        }
        if documented.all && !def.is_listed() {
            wrong.push(format!("{name}: documented, not listed"));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Members of `object`, and what conversions and `foreach` need, are not the list's business.
fn is_inherited(member: &Member) -> bool {
    let conversion = matches!(member.kind, MemberKind::Implicit | MemberKind::Explicit);
    conversion || ["ToString", "Equals", "GetHashCode", "GetType", "GetEnumerator"].contains(&member.name)
}
