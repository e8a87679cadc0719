//! Keeps `docs/policies.md` as the definitions say. `APIMITE_WRITE_DOCS=1 cargo test -p apimite-policies --test table` writes it.

mod published;

use std::fmt::Write;
use std::path::Path;

use apimite_policies::ALL;
use apimite_policy::def::{Attr, Child, Content, Expressions, Gateways, Kind, Occurs, PolicyDef, Scopes, State};

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Bool => "true, false".into(),
        Kind::Int(min, i64::MAX) => format!("whole number, {min} or more"),
        Kind::Int(min, max) => format!("whole number, {min} to {max}"),
        Kind::Number => "number".into(),
        Kind::OneOf(words) => words.join(", "),
        Kind::Seconds => "seconds".into(),
    }
}

fn state(state: State) -> String {
    match state {
        State::Done => "implemented".into(),
        State::Differs(how) => format!("known difference: {how}"),
        State::NotApplicable(why) => format!("not applicable: {why}"),
    }
}

fn attributes(out: &mut String, owner: &str, list: &[Attr]) {
    for attr in list {
        let needed = if attr.required { "required" } else { attr.default.unwrap_or("") };
        let code = if attr.expressions == Expressions::Allowed { "yes" } else { "no" };
        let _ = writeln!(
            out,
            "| `{owner}` | `{}` | {} | {needed} | {code} | {} |",
            attr.name,
            kind(attr.kind),
            state(attr.state)
        );
    }
}

fn children(out: &mut String, owner: &str, content: &Content) {
    let (Content::Elements { children: list, .. } | Content::Mixed(list)) = content else { return };
    for Child { name, min, max, attributes: own, content, .. } in *list {
        let path = format!("{owner}/{name}");
        let many = if *max == u32::MAX { "any number".to_owned() } else { format!("at most {max}") };
        let needed = if *min > 0 { "required" } else { "" };
        let code = if matches!(content, Content::Text(_, Expressions::Allowed)) { "yes" } else { "no" };
        let _ = writeln!(out, "| `{path}` | (element) | {many} | {needed} | {code} | implemented |");
        attributes(out, &path, own);
        children(out, &path, content);
    }
}

fn places(def: &PolicyDef) -> String {
    let sections: Vec<&str> = def.sections.iter().map(|section| section.name()).collect();
    let scopes = if def.scopes == Scopes::ALL { "all scopes" } else { "some scopes" };
    let tiers = if def.gateways == Gateways::ALL { "all gateways" } else { "some gateways" };
    let often = match def.occurs {
        Occurs::Any => "",
        Occurs::OncePerSection => ", once in a section",
        Occurs::OncePerDocument => ", once in a document",
    };
    let sections = if sections.is_empty() { "inside other policies".to_owned() } else { sections.join(", ") };
    format!("{sections}; {scopes}; {tiers}{often}")
}

fn table() -> String {
    let mut out = String::from(
        "# Policies\n\nGenerated from the definitions in `policies/src`; a test keeps it so. What is not in this list is refused by name.\n\n",
    );
    let _ = writeln!(out, "{} policies.\n\n| policy | what it does | where | raises |\n|---|---|---|---|", ALL.len());
    for def in ALL {
        let _ = writeln!(
            out,
            "| [`{0}`](#{0}) | {1} | {2} | {3} |",
            def.name,
            def.summary,
            places(def),
            def.raises.join(", ")
        );
    }
    for def in ALL {
        let _ = writeln!(out, "\n## {}\n\n{}", def.name, def.summary);
        for difference in def.differences {
            let _ = writeln!(out, "\nKnown difference: {difference}.");
        }
        if !def.attributes.is_empty() || matches!(def.content, Content::Elements { .. } | Content::Mixed(_)) {
            out.push_str(
                "\n| element | attribute | values | default | expression | state |\n|---|---|---|---|---|---|\n",
            );
            attributes(&mut out, def.name, def.attributes);
            children(&mut out, def.name, &def.content);
        }
    }
    let defined = published::defined();
    let absent: Vec<_> = published::absent().into_iter().filter(|(path, _)| !defined.contains(*path)).collect();
    if !absent.is_empty() {
        out.push_str("\n# Published by Azure and not here\n\n| element or attribute | why |\n|---|---|\n");
        for (path, why) in absent {
            let _ = writeln!(out, "| `{path}` | {why} |");
        }
    }
    out
}

#[test]
fn the_page_of_policies_says_what_the_definitions_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policies.md");
    let table = table();
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the test")]
    if std::env::var("APIMITE_WRITE_DOCS").is_ok() {
        std::fs::write(&file, &table).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == table, "docs/policies.md is out of date: run with APIMITE_WRITE_DOCS=1");
}

#[test]
fn every_policy_has_a_literate_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    for def in ALL {
        // The three policies of the value cache share a page.
        let page = match def.name {
            "cache-store-value" | "cache-remove-value" => "cache-lookup-value",
            name => name,
        };
        assert!(folder.join(format!("{page}.md")).exists(), "policies/spec/{page}.md is missing");
    }
}
