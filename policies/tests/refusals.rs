//! What `apimite check` refuses as Azure does: place, scope, tier, attributes, order, number, size. Each rule is tried on every
//! definition it holds for, so that a new policy is tested by being listed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::sync::Arc;

use apimite_model::{Api, Decisions, Fragment, Operation, PolicyText, Product, Scope, Service, Tier};
use apimite_policies::{ALL, registry};
use apimite_policy::compile::compile_service;
use apimite_policy::def::{Expressions, Gateways, Kind, Occurs, PolicyDef, Section, Sections};
use apimite_policy::languages::Languages;

/// A document with these policies in a section.
fn document(section: &str, policies: &str) -> String {
    format!("<policies><{section}>{policies}</{section}></policies>")
}

/// A service in a tier with a document at a scope.
fn service(tier: Tier, scope: Scope, text: String) -> Service {
    let policy = Some(PolicyText::new("policy.xml", text));
    let mut service = Service::new("contoso");
    service.tier = tier;
    let mut api = Api::new("api", "api", "http://backend.example");
    let mut operation = Operation::new("get", "GET", "/*");
    let mut product = Product::new("starter");
    product.apis.push("api".into());
    match scope {
        Scope::Global => service.policy = policy,
        Scope::Product => product.policy = policy,
        Scope::Api | Scope::Workspace => api.policy = policy,
        Scope::Operation => operation.policy = policy,
    }
    api.operations.push(Arc::new(operation));
    service.apis.push(Arc::new(api));
    service.products.insert("starter".into(), Arc::new(product));
    service
}

/// All refusals, rendered; empty when the service is accepted.
fn refusals(service: Service) -> String {
    let languages = Languages::new(&Decisions::default());
    match compile_service(Arc::new(service), registry(), &languages) {
        Ok(_) => String::new(),
        Err(diagnostics) => diagnostics.0.iter().map(|one| one.render()).collect::<Vec<_>>().join("\n"),
    }
}

fn refused(tier: Tier, scope: Scope, section: &str, policies: &str) -> String {
    refusals(service(tier, scope, document(section, policies)))
}

fn check(tier: Tier, scope: Scope, section: &str, policies: &str, wanted: &str) {
    let found = refused(tier, scope, section, policies);
    assert!(found.contains(wanted), "{policies} in {section}: expected `{wanted}`, got\n{found}");
}

/// Definitions of policies that stand in sections and are checked by their definition alone.
fn ordinary() -> impl Iterator<Item = &'static PolicyDef> {
    ALL.iter().copied().filter(|def| !["base", "include-fragment"].contains(&def.name))
}

/// A section where the policy may stand, if there is one.
fn home(def: &PolicyDef) -> Option<&'static str> {
    def.sections.iter().next().map(Section::name)
}

/// A scope where it may stand.
fn scope(def: &PolicyDef) -> Scope {
    [Scope::Api, Scope::Product, Scope::Global].into_iter().find(|scope| def.scopes.contains(*scope)).unwrap()
}

#[test]
fn every_policy_is_refused_in_sections_that_are_not_its_own() {
    let mut tried = 0;
    for def in ordinary() {
        for section in Section::ALL.into_iter().filter(|section| !def.sections.contains(*section)) {
            let wanted = format!("Policy is not allowed in the '{}' section", section.name());
            check(Tier::Developer, scope(def), section.name(), &format!("<{} />", def.name), &wanted);
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn every_policy_is_refused_at_scopes_that_are_not_its_own() {
    let mut tried = 0;
    for def in ordinary() {
        let Some(section) = home(def) else { continue };
        for scope in [Scope::Global, Scope::Product, Scope::Api, Scope::Operation] {
            if !def.scopes.contains(scope) {
                let wanted = format!("Policy is not allowed in {} scope", scope.name());
                check(Tier::Developer, scope, section, &format!("<{} />", def.name), &wanted);
                tried += 1;
            }
        }
    }
    assert!(tried > 3, "{tried}");
}

#[test]
fn every_policy_is_refused_in_tiers_that_lack_it() {
    let mut tried = 0;
    for def in ordinary() {
        let Some(section) = home(def) else { continue };
        for tier in [Tier::Developer, Tier::Consumption, Tier::StandardV2] {
            if !def.gateways.contains(Gateways::of_tier(tier)) {
                let wanted = format!("Policy is not available in the {tier:?} tier");
                check(tier, scope(def), section, &format!("<{} />", def.name), &wanted);
                tried += 1;
            }
        }
    }
    assert!(tried > 2, "{tried}");
    let text = "<rate-limit-by-key calls=\"1\" renewal-period=\"1\" counter-key=\"k\" />";
    assert_eq!(refused(Tier::Developer, Scope::Api, "inbound", text), "");
    check(Tier::Consumption, Scope::Api, "inbound", text, "Policy is not available in the Consumption tier");
}

#[test]
fn every_policy_refuses_attributes_it_does_not_know() {
    for def in ordinary() {
        let Some(section) = home(def) else { continue };
        let text = format!("<{} zzz-unheard-of=\"1\" />", def.name);
        check(Tier::Developer, scope(def), section, &text, "The 'zzz-unheard-of' attribute is not declared");
    }
}

#[test]
fn every_required_attribute_is_missed() {
    let mut tried = 0;
    for def in ordinary() {
        let Some(section) = home(def) else { continue };
        for attr in def.attributes.iter().filter(|attr| attr.required) {
            let wanted = format!("Required attribute '{}' is not found", attr.name);
            check(Tier::Developer, scope(def), section, &format!("<{} />", def.name), &wanted);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn literals_of_a_wrong_kind_and_expressions_out_of_place_are_refused() {
    let mut tried = 0;
    for def in ordinary() {
        let Some(section) = home(def) else { continue };
        for attr in def.attributes {
            if attr.kind != Kind::Text {
                let text = format!("<{} {}=\"no such value\" />", def.name, attr.name);
                let wanted = format!("`{}` cannot be `no such value`", attr.name);
                check(Tier::Developer, scope(def), section, &text, &wanted);
                tried += 1;
            }
            if attr.expressions == Expressions::Refused {
                let text = format!("<{} {}=\"@(1)\" />", def.name, attr.name);
                let wanted = format!("Policy expressions are not allowed in `{}`", attr.name);
                check(Tier::Developer, scope(def), section, &text, &wanted);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn what_may_stand_once_is_refused_twice() {
    let mut tried = 0;
    for def in ordinary().filter(|def| def.occurs == Occurs::OncePerSection) {
        let Some(section) = home(def) else { continue };
        let text = format!("<{0} /><{0} />", def.name);
        check(Tier::Developer, scope(def), section, &text, &format!("'{}' may stand once in a section", def.name));
        tried += 1;
    }
    assert!(tried > 5, "{tried}");
    let twice = "<rate-limit calls=\"1\" renewal-period=\"1\" /><rate-limit calls=\"1\" renewal-period=\"1\" />";
    check(Tier::Developer, Scope::Api, "inbound", twice, "'rate-limit' may stand once in a policy document");
}

#[test]
fn what_may_stand_once_stands_once_wherever_it_is() {
    let check = |text: &str, wanted: &str| check(Tier::Developer, Scope::Api, "inbound", text, wanted);
    let accepted = |text: &str| assert_eq!(refused(Tier::Developer, Scope::Api, "inbound", text), "", "{text}");
    let limit = "<rate-limit calls=\"1\" renewal-period=\"1\" />";
    let login = "<authentication-basic username=\"a\" password=\"b\" />";
    let when = |inside: &str| format!("<when condition=\"@(true)\">{inside}</when>");
    let (document, section) = ("'rate-limit' may stand once in a policy document", "may stand once in a section");
    check(&format!("<block>{limit}</block>{limit}"), document);
    check(&format!("{limit}<limit-concurrency key=\"k\" max-count=\"1\">{limit}</limit-concurrency>"), document);
    check(&format!("{limit}<choose>{}</choose>", when(limit)), document);
    check(&format!("<choose>{}</choose>{limit}", when(limit)), document);
    check(&format!("<choose>{}</choose>", when(&format!("{limit}<block>{limit}</block>"))), document);
    check(&format!("<choose>{}</choose>{login}", when(&format!("<block>{login}</block>"))), section);
    check(&format!("{login}\n<block>{login}</block>"), "remove it, or the one on line 1");
    accepted(&format!("<choose>{}{}<otherwise>{limit}</otherwise></choose>", when(limit), when(login)));
    accepted(&format!("<choose>{0}</choose><choose>{0}</choose>", when(limit)));
    // Each section counts on its own, unless it is once in the document.
    let redirect = "<redirect-content-urls />";
    let both = format!("<policies><inbound>{redirect}</inbound><outbound>{redirect}</outbound></policies>");
    assert_eq!(refusals(service(Tier::Developer, Scope::Api, both)), "");
}

#[test]
fn a_fragment_counts_where_it_is_included() {
    let login = "<authentication-basic username=\"a\" password=\"b\" />";
    let text = document("inbound", &format!("{login}<include-fragment fragment-id=\"f\" />"));
    let mut service = service(Tier::Developer, Scope::Api, text);
    let policy = PolicyText::new("fragment.xml", format!("<fragment>{login}</fragment>"));
    service.fragments.insert("f".into(), Fragment { id: "f".into(), description: "".into(), policy });
    assert!(refusals(service).contains("'authentication-basic' may stand once in a section"));
}

#[test]
fn sections_hold_inside_wrappers_too() {
    let wrappers = [
        ("<choose><when condition=\"@(true)\">", "</when></choose>"),
        ("<choose><when condition=\"@(true)\" /><otherwise>", "</otherwise></choose>"),
        ("<retry condition=\"@(false)\" count=\"1\" interval=\"0\">", "</retry>"),
        ("<limit-concurrency key=\"k\" max-count=\"1\">", "</limit-concurrency>"),
        ("<block>", "</block>"),
        ("<wait for=\"all\"><choose><when condition=\"@(true)\">", "</when></choose></wait>"),
    ];
    let mut tried = 0;
    for def in ordinary().filter(|def| def.sections != Sections::NONE) {
        for section in Section::ALL.into_iter().filter(|section| !def.sections.contains(*section)) {
            for (open, close) in wrappers {
                let text = format!("{open}<{} />{close}", def.name);
                let wanted = format!("Policy is not allowed in the '{}' section", section.name());
                check(Tier::Developer, scope(def), section.name(), &text, &wanted);
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
    // What is a part of another policy is not bound to the section: `set-method` stands in inbound and on-error.
    let call = "<send-request response-variable-name=\"r\"><set-url>http://a</set-url><set-method>GET</set-method></send-request>";
    assert_eq!(refused(Tier::Developer, Scope::Api, "outbound", call), "");
}

#[test]
fn parts_stand_in_their_order_and_once() {
    let check = |text: &str, wanted: &str| check(Tier::Developer, Scope::Api, "inbound", text, wanted);
    let status = "<set-status code=\"200\" reason=\"OK\" />";
    let header = "<set-header name=\"a\"><value>b</value></set-header>";
    check(&format!("<return-response>{header}{status}</return-response>"), "'set-status' stands after 'set-header'");
    check("<return-response><set-body>a</set-body><set-body>b</set-body></return-response>", "'set-body' 1 time(s)");
    let (url, method) = ("<set-url>http://a</set-url>", "<set-method>GET</set-method>");
    let call = |inside: String| format!("<send-request response-variable-name=\"r\">{inside}</send-request>");
    check(&call(format!("{method}{url}")), "'set-url' stands after 'set-method'");
    check(&call(format!("{url}{url}{method}")), "'set-url' 1 time(s)");
    let right = call(format!("{url}{method}{header}{header}<set-body>a</set-body>"));
    assert_eq!(refused(Tier::Developer, Scope::Api, "inbound", &right), "");
}

#[test]
fn children_are_refused_when_unknown_out_of_order_or_too_many() {
    let check = |text: &str, wanted: &str| check(Tier::Developer, Scope::Api, "inbound", text, wanted);
    check("<ip-filter action=\"allow\"><host>x</host></ip-filter>", "'host'");
    check(
        "<validate-content unspecified-content-type-action=\"ignore\" max-size=\"1\" size-exceeded-action=\"ignore\">\
         <content validate-as=\"json\" action=\"ignore\" /><content-type-map /></validate-content>",
        "'content-type-map' stands after 'content'",
    );
    check("<set-status code=\"200\">text</set-status>", "Text is not allowed in 'set-status'");
    check("<unheard-of />", "The policy element 'unheard-of' is not known");
    check("<set-headre name=\"a\" />", "did you mean `set-header`?");
}

#[test]
fn documents_that_are_too_large_are_refused_by_tier() {
    let padding = |bytes: usize| format!("<!-- {} -->", "x".repeat(bytes));
    let text = |bytes| document("inbound", &padding(bytes));
    assert_eq!(refusals(service(Tier::Developer, Scope::Api, text(200 * 1024))), "");
    assert!(!refusals(service(Tier::Developer, Scope::Api, text(257 * 1024))).is_empty());
    assert_eq!(refusals(service(Tier::Consumption, Scope::Api, text(15 * 1024))), "");
    assert!(!refusals(service(Tier::Consumption, Scope::Api, text(17 * 1024))).is_empty());
}

#[test]
fn the_frame_of_a_document_is_checked() {
    let text = |text: &str| refusals(service(Tier::Developer, Scope::Api, text.to_owned()));
    assert!(text("<policy />").contains("a policy document begins with `<policies>`"));
    assert!(text("<policies><outgoing /></policies>").contains("'outgoing' is no section"));
    assert!(text("<policies><inbound /><inbound /></policies>").contains("'inbound' stands twice"));
    assert!(text("<policies><inbound><base /><base /></inbound></policies>").contains("may stand once in a section"));
    let global = service(Tier::Developer, Scope::Global, document("inbound", "<base />"));
    assert!(refusals(global).contains("Element is not allowed in global context"));
}

#[test]
fn fragments_hold_policies_and_nothing_else() {
    let with = |text: &str| {
        let include = document("inbound", "<include-fragment fragment-id=\"f\" />");
        let mut service = service(Tier::Developer, Scope::Api, include);
        let policy = PolicyText::new("fragment.xml", text);
        service.fragments.insert("f".into(), Fragment { id: "f".into(), description: "".into(), policy });
        refusals(service)
    };
    assert_eq!(with("<fragment><set-status code=\"200\" /></fragment>"), "");
    assert!(with("<fragment><base /></fragment>").contains("not allowed inside a policy fragment"));
    assert!(
        with("<fragment><include-fragment fragment-id=\"f\" /></fragment>").contains("not allowed inside a policy")
    );
    assert!(with("<policies />").contains("a policy fragment begins with `<fragment>`"));
    for def in ordinary().filter(|def| !def.in_fragment && def.sections.contains(Section::Inbound)) {
        let text = format!("<fragment><{} /></fragment>", def.name);
        assert!(with(&text).contains("Policy is not allowed inside a policy fragment"), "{}", def.name);
    }
}

#[test]
fn resolvers_have_policies_of_their_own() {
    for def in ordinary().filter(|def| def.resolver) {
        assert_eq!(def.sections, Sections::NONE, "{}", def.name);
    }
}
